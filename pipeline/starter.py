"""A folder to begin a film in: a commented production file and a place for recordings.

This module copies what ships with the program; it knows nothing of what the settings mean.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.files import atomic_write_text, disk_errors
from pipeline.production import FILE_NAME
from pipeline.resources import assets_folder, builtin_templates_folder

_RECORDINGS_NOTE = """Put your recordings here: WAV, FLAC, MP3, M4A, OGG or a video with sound.
The production file names them, one or several a section. A minute of speech is enough to hear a voice appear;
ten minutes are better. Speak as you like: slowly and evenly is easiest to learn.
"""


def start_production(folder: Path, *, demo: bool = False) -> Path:
    """Make a folder for a film and return its production file.

    Parameters
    ----------
    folder
        New, or without a production file.
    demo
        Copy the demo film, voice and all, to change it.

    Raises
    ------
    OutputError
        Where there is a production file already: nothing is overwritten.
    """
    target = folder / FILE_NAME
    if target.exists():
        raise OutputError(
            "There is a production file already.",
            where=str(target),
            expected="a folder without one",
            hint="Choose another folder, or edit the file that is there.",
        )
    if folder.exists() and not folder.is_dir():
        raise OutputError("This is a file, not a folder.", where=str(folder), expected="a folder, new or not")
    productions = builtin_templates_folder() / "productions"
    with disk_errors(folder):
        recordings = folder / "recordings"
        recordings.mkdir(parents=True, exist_ok=True)
        if demo:
            for recording in sorted((assets_folder() / "demo").glob("*.flac")):
                shutil.copyfile(recording, recordings / recording.name)
            text = (productions / "demo.toml").read_text(encoding="utf-8").replace("../../assets/demo/", "recordings/")
        else:
            atomic_write_text(recordings / "README.txt", _RECORDINGS_NOTE)
            text = (productions / "starter.toml").read_text(encoding="utf-8")
        atomic_write_text(target, text)
    return target
