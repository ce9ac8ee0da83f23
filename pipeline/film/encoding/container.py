"""The container: segments joined and sound added, without encoding any picture again.

This module owns the MP4: time stamps, the sound's priming, tags and chapters. It does not know what is seen or heard.

The sound's first packet, which only primes a decoder, is left out, and pictures begin at time 0 with negative offsets
instead of an edit list: sound and picture are in step for players that honour edit lists and for those that don't.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import ffmpeg

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.errors import FfmpegError
from pipeline.ffmpeg.process import file_argument, run
from pipeline.film.encoding.encoder import BITEXACT, timescale_for
from pipeline.store.files import atomic_write_bytes, atomic_write_text

AAC_PACKET_SAMPLES: Final = 1024
_ADTS_HEADER_BYTES: Final = 7
_ADTS_SYNC: Final = 0xFFF0
_MICROSECONDS: Final = 1_000_000
_MOVIE_TIMESCALE_HZ: Final = FILM_RATE_HZ
"""Named, because ffmpeg would take a common multiple of all AAC rates, in which chapters overflow after 38 s."""
# ISO 639-1 to 639-2/T, which MP4 wants; others are tagged as undetermined.
_LANGUAGE_PAIRS: Final = (
    "ar:ara bg:bul ca:cat cs:ces da:dan de:deu el:ell en:eng es:spa et:est fa:fas fi:fin fr:fra ga:gle he:heb hi:hin "
    "hr:hrv hu:hun id:ind is:isl it:ita ja:jpn ko:kor la:lat lt:lit lv:lav nb:nob nl:nld nn:nno no:nor pl:pol pt:por "
    "ro:ron ru:rus sk:slk sl:slv sr:srp sv:swe th:tha tr:tur uk:ukr vi:vie zh:zho"
)
_LANGUAGES: Final = dict(pair.split(":") for pair in _LANGUAGE_PAIRS.split())


def concat_list(parts: Sequence[tuple[Path, int]], frame_rate: Fraction) -> str:
    """Write ffmpeg's list of files to join; `parts` are files with their lengths in frames.

    Every length is the difference of two rounded boundaries, so that rounding to microseconds doesn't add up.
    """
    lines = ["ffconcat version 1.0"]
    frame = 0
    for path, frames in parts:
        start, end = (round(boundary / frame_rate * _MICROSECONDS) for boundary in (frame, frame + frames))
        quoted = file_argument(path).replace("'", r"'\''")
        lines += [f"file '{quoted}'", f"duration {(end - start) // _MICROSECONDS}.{(end - start) % _MICROSECONDS:06d}"]
        frame += frames
    return "\n".join(lines) + "\n"


def adts_packets(data: bytes) -> Iterator[bytes]:
    """Cut an ADTS stream (ISO/IEC 13818-7) into its packets, headers included.

    Raises
    ------
    FfmpegError
        Where it is no whole ADTS stream.
    """
    at = 0
    while at < len(data):
        header = data[at : at + _ADTS_HEADER_BYTES]
        size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5 if len(header) == _ADTS_HEADER_BYTES else 0
        whole = size > _ADTS_HEADER_BYTES and at + size <= len(data)
        if not whole or int.from_bytes(header[:2], "big") & _ADTS_SYNC != _ADTS_SYNC:
            raise FfmpegError("The encoded sound is broken.", where="encoding the soundtrack")
        yield data[at : at + size]
        at += size


def encode_sound(wav: Path, out: Path, *, total_samples: int, kbit_per_s: int, hurried: bool = False) -> None:
    """Encode a soundtrack as AAC-LC in ADTS packets, the priming packet left out.

    Parameters
    ----------
    wav
        The soundtrack.
    out
        The file to write.
    total_samples
        The film's length in samples; the sound ends within half a packet (11 ms at 48 kHz) of it.
    kbit_per_s
        The bit rate.
    hurried
        Whether to search less for the best use of the bits.
    """
    sound = ffmpeg.input(file_argument(wav))["a:0"]
    coder = {"aac_coder": "fast"} if hurried else {}
    codec = {"c:a": "aac", **coder, "b:a": f"{kbit_per_s}k", **BITEXACT, "format": "adts"}
    arguments = ffmpeg.get_args(ffmpeg.output(sound, "pipe:1", **codec))
    encoded = run(arguments, timeout_s=3600, purpose="encoding the soundtrack").stdout
    _, *packets = adts_packets(encoded)
    wanted = max(1, round(Fraction(total_samples, AAC_PACKET_SAMPLES)))
    if len(packets) < wanted:
        raise FfmpegError("The encoded sound is too short.", where="encoding the soundtrack")
    atomic_write_bytes(out, b"".join(packets[:wanted]))


def three_letters(language: str) -> str:
    """A language (BCP 47) as MP4 has it: `en`, `pt-BR` become `eng`, `por`; what is unknown `und`."""
    tag = language.partition("-")[0].lower()
    return tag if len(tag) == 3 else _LANGUAGES.get(tag, "und")  # noqa: PLR2004 - ISO 639-2


def join(
    parts: Sequence[tuple[Path, int]],
    *,
    sound: Path | None,
    metadata: str,
    frame_rate: Fraction,
    language: str,
    out: Path,
    workspace: Path,
    subtitles: Sequence[tuple[Path, str]] = (),
) -> None:
    """Join segments, add sound, subtitles, tags and chapters, and write the MP4 with its index first.

    Parameters
    ----------
    parts
        The segments' files and their lengths in frames, in order.
    sound
        ADTS packets as `encode_sound` writes them; None for a silent film.
    metadata
        Tags and chapters in ffmpeg's metadata syntax.
    frame_rate
        Frames a second.
    language
        Of the sound, as production files have it: `en`, `pt-BR`.
    out
        The file to write.
    workspace
        A folder for small helper files, which are removed.
    subtitles
        WebVTT files and their languages, as production files have them: a track each (3GPP Timed Text).
    """
    list_file, metadata_file = workspace / "segments.ffconcat", workspace / "metadata.txt"
    atomic_write_bytes(list_file, os.fsencode(concat_list(parts, frame_rate)))  # names need not be UTF-8
    atomic_write_text(metadata_file, metadata)
    # written out: ffmpeg-python knows no input that gives tags and chapters, and nothing to hear or see
    inputs = ["-f", "concat", "-safe", "0", "-i", file_argument(list_file), "-f", "ffmetadata"]
    inputs += ["-i", file_argument(metadata_file)]
    maps = ["-map", "0:v:0"]
    if sound is not None:
        inputs += ["-f", "aac", "-i", file_argument(sound)]
        maps += ["-map", "2:a:0", "-bsf:a", "aac_adtstoasc", "-metadata:s:a:0", f"language={three_letters(language)}"]
    for number, (path, spoken) in enumerate(subtitles):
        inputs += ["-f", "webvtt", "-i", file_argument(path)]
        maps += ["-map", f"{2 + (sound is not None) + number}:s:0"]
        maps += [f"-metadata:s:s:{number}", f"language={three_letters(spoken)}"]
    mapping = ["-map_metadata", "1", "-map_chapters", "1", "-c:v", "copy", "-c:a", "copy", "-c:s", "mov_text"]
    mapping += [part for name, value in BITEXACT.items() for part in (f"-{name}", value)]
    boxes = ["-video_track_timescale", str(timescale_for(frame_rate)), "-use_editlist", "0"]
    boxes += ["-movie_timescale", str(_MOVIE_TIMESCALE_HZ)]
    boxes += ["-movflags", "+faststart+negative_cts_offsets", "-f", "mp4", "-y", file_argument(out)]
    try:
        run([*inputs, *maps, *mapping, *boxes], timeout_s=3600, purpose="joining the film")
    finally:
        list_file.unlink(missing_ok=True)
        metadata_file.unlink(missing_ok=True)
