"""A run of another program becomes a film in two commands, and its sounds land on their frames."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import soundfile

from pipeline.cli.app import run

RATE_HZ, FILM_HZ = 22_050, 48_000
VIDEO = "width = 160\nheight = 90\nframe_rate = 15\ntitle_seconds = 1\ncredits_seconds = 1\ngraphs = false\n"


def _heard(film: Path) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    with av.open(str(film)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=FILM_HZ)
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def _begins(sound: np.ndarray[tuple[int], np.dtype[np.float32]], pitch_hz: float) -> int:
    """Where a pitch begins: the sample around which its level passes half of the highest."""
    wave = np.exp(-2j * np.pi * pitch_hz * np.arange(480) / FILM_HZ)
    levels = np.array([abs(np.dot(sound[at : at + 480], wave)) for at in range(0, sound.size - 480, 48)])
    return int(np.argmax(levels > levels.max() / 2)) * 48 + 240


def test_sounds_of_a_run_land_on_their_frames(tmp_path: Path) -> None:
    folder = tmp_path / "voice"
    folder.mkdir()
    (folder / "metrics.csv").write_text("step,train_loss,val_loss\n100,3,3.5\n200,2,\n300,1,1.5\n")
    for step in (100, 300):
        tone = 0.4 * np.sin(2 * np.pi * 3 * step * np.arange(RATE_HZ // 2) / RATE_HZ)
        soundfile.write(folder / f"step_{step}.wav", tone, RATE_HZ)
    assert run(["import", str(folder)]) == 0
    production = tmp_path / "voice.toml"
    small = production.read_text(encoding="utf-8").replace("width = 1920\nheight = 1080\nframe_rate = 60\n", VIDEO)
    small = small.replace("[section.run]", "storyboard = { takes = 2, seconds = 2, card_seconds = 1 }\n[section.run]")
    production.write_text(small, encoding="utf-8")
    assert run([str(production), "-o", str(tmp_path / "out"), "--jobs", "1"]) == 0
    film = next((tmp_path / "out").rglob("*.mp4"))
    timeline = json.loads((film.parent / "timeline.json").read_text(encoding="utf-8"))
    sounds = [sound for clip in timeline["clips"] if clip["kind"] == "scene" for sound in clip["sounds"]]
    heard = _heard(film)
    assert [sound["iteration"] for sound in sounds] == [100, 300]
    for sound in sounds:
        off_by = _begins(heard, 3.0 * sound["iteration"]) / FILM_HZ - sound["start_frame"] / 15
        assert abs(off_by) < 1 / 15
