"""The sound tracks of a file: how many there are, how their samples are held and where their channels stand.

Owns how ffmpeg's own words about a file are read. It decodes nothing, and does not know which track is wanted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import ffmpeg

from pipeline.errors import FfmpegError, InputError, RecordingError
from pipeline.ffmpeg.formats import MediaFormat, error_to_raise, open_media, recognise
from pipeline.ffmpeg.process import Process

_LOOK_S: Final = 60.0
_STREAM: Final = re.compile(r"  Stream #0:\d+\S*: (\w+): (.*)")
_SAMPLES: Final = re.compile(r"(u8|s16|s32|s64|flt|dbl)p?(?: \((\d+) bit\))?")
_DEPTHS: Final = {"u8": 8, "s16": 16, "s32": 32, "s64": 64}
_TITLE: Final = re.compile(r"    {2,}title\s*: (.+)")
_COMPANDED: Final = {"pcm_mulaw": 32124 / 32768, "pcm_alaw": 32256 / 32768}
"""The largest value that ITU-T G.711 can hold."""
_COUNTED: Final = re.compile(r"(\d+) channels(?: \(([A-Z0-9+@]+)\))?")
_POINTED: Final = re.compile(r"\d+(\.\d+)+")
_BASS: Final = re.compile(r"(\d+)\.[12]\b")
_BASS_OF_COUNT: Final = {6: 3, 8: 3}  # without more words: 5.1 and 7.1 hold their low-frequency effects fourth
_ANOTHER: Final = "Name a file with sound in it."


@dataclass(frozen=True)
class AudioTrack:
    """One sound track of a file.

    Parameters
    ----------
    number
        Counted from 1, among the file's sound tracks.
    limit
        The largest value that its samples can have, full scale = 1; None where they can have any: floating point, and
        what lossy codecs give.
    is_exact
        Whether the samples are those that were stored, not a lossy codec's.
    channels
        How many it has; None where it is not known before it is decoded.
    bass_channel
        Which channel holds low-frequency effects, counted from 0; None where none does, or it is not known.
    title
        What the file calls it; may be empty.
    """

    number: int
    limit: float | None = None
    is_exact: bool = True
    channels: int | None = None
    bass_channel: int | None = None
    title: str = ""


def tracks_of(path: Path, error: type[InputError] = RecordingError) -> tuple[AudioTrack, ...]:
    """Look which sound tracks a file has, in their order.

    Raises
    ------
    InputError
        Where the file is missing, no media, a playlist, damaged at its beginning, or has no sound.
    FfmpegError
        Where ffmpeg itself is missing or was killed.
    """
    form = recognise(path, error)
    looked = ffmpeg.output(open_media(path, form)["a"], "-", c="copy", t="0.01", format="null", loglevel="info")
    args = ffmpeg.get_args(looked)
    process = Process(args, reads=True, timeout_s=_LOOK_S, stall_s=_LOOK_S, purpose=f"looking at {path.name}")
    try:
        with process:
            pass  # leaving it waits for its end
    except FfmpegError as failure:
        raise error_to_raise(failure, process, sound_fault(process.stderr, path, form, error)) from failure
    return tracks_in(process.stderr) or (AudioTrack(1),)


def sound_fault(words: str, path: Path, form: MediaFormat, error: type[InputError]) -> InputError:
    """Say what is wrong with a file that ffmpeg has given up with these words."""
    if "matches no streams" in words:
        return error("The file holds no sound.", where=str(path), expected="at least one audio stream", hint=_ANOTHER)
    return error(
        f"The file looks like {form.name}, but its sound can't be read.",
        where=str(path),
        expected="a file that plays elsewhere",
    )


def tracks_in(words: str) -> tuple[AudioTrack, ...]:
    """Read the sound tracks from ffmpeg's description of a file; none where it was cut off at its beginning."""
    described = words.partition("Stream mapping:")[0].partition("\nOutput #0")[0]
    if not re.search(r"^Input #0", described, re.MULTILINE):
        return ()
    tracks: list[AudioTrack] = []
    of_sound = False
    for line in described.splitlines():
        if found := _STREAM.match(line):
            if of_sound := found[1] == "Audio":
                tracks.append(_track(len(tracks) + 1, found[2]))
        elif of_sound and (title := _TITLE.match(line)) and not tracks[-1].title:
            tracks[-1] = _titled(tracks[-1], title[1])
    return tuple(tracks)


def _titled(track: AudioTrack, title: str) -> AudioTrack:
    printable = "".join(char for char in title.strip() if char.isprintable())[:60]
    return replace(track, title=printable)


def _track(number: int, words: str) -> AudioTrack:
    """Read `pcm_s24le ([1][0][0][0] / 0x0001), 48000 Hz, 5.1(side), s32 (24 bit), 6912 kb/s`."""
    codec, *facts = (part.strip() for part in re.split(r",(?![^(]*\))", words))
    name = codec.partition(" ")[0]
    held = next((found for fact in facts if (found := _SAMPLES.match(fact))), None)
    rate = next((index for index, fact in enumerate(facts) if fact.endswith(" Hz")), 0)
    layout = facts[rate + 1] if rate + 1 < len(facts) else ""
    return AudioTrack(number, _limit(name, held), _is_exact(name, held), _channels(layout), _bass_channel(layout))


def _limit(codec: str, held: re.Match[str] | None) -> float | None:
    if codec in _COMPANDED:
        return _COMPANDED[codec]
    if held is None or held[1] not in _DEPTHS:
        return None
    bits = int(held[2]) if held[2] else _DEPTHS[held[1]]
    return 1 - 2.0 ** (1 - min(bits, 24))  # samples come as 32-bit floats, which hold 24 bits exactly


def _is_exact(codec: str, held: re.Match[str] | None) -> bool:
    return codec.startswith(("pcm_", "wavpack")) or (held is not None and held[1] in _DEPTHS)


def _channels(layout: str) -> int | None:
    if counted := _COUNTED.match(layout):
        return int(counted[1])
    if pointed := _POINTED.match(layout):
        return sum(int(part) for part in pointed[0].split("."))
    return {"mono": 1, "stereo": 2, "quad": 4}.get(layout)


def _bass_channel(layout: str) -> int | None:
    """Where the low-frequency effects stand: ffmpeg orders FL, FR, FC, LFE, and leaves out what is not there."""
    if counted := _COUNTED.match(layout):
        if counted[2]:
            names = [name.partition("@")[0] for name in counted[2].split("+")]
            return names.index("LFE") if "LFE" in names else None
        return _BASS_OF_COUNT.get(int(counted[1]))
    bass = _BASS.match(layout)
    if bass is None:
        return None
    return min(int(bass[1]), 3)
