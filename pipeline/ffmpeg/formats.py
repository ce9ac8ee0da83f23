"""What a media file is, judged by its first bytes and never by its name.

Owns the list of formats that may reach ffmpeg, each with the one demuxer it may be opened with, and the options that
hold ffmpeg to that: no other format, no other protocol, no picture or piece of memory beyond measure. So a playlist
cannot make it open other files or addresses. It also tells a fault of the file from a fault of ffmpeg. It does not know
what the file is for.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ffmpeg

from pipeline.errors import BuildVideoError, FfmpegError, FootageError, InputError, RecordingError
from pipeline.ffmpeg.process import Process, file_argument
from pipeline.runtime.wording.named_files import absent_hint
from pipeline.store.files import plain_reason

_HEAD_BYTES: Final = 1 << 16
_LARGEST_BYTES: Final = 1 << 37  # 128 GiB: a day of uncompressed surround sound, or a long film
_TEXT_SHARE: Final = 0.95
MOST_PIXELS: Final = 1 << 26
"""More than any picture of a film needs (8192 x 8192); less than would fill the memory."""
_LARGEST_ALLOCATION_BYTES: Final = 1 << 29
_PLAYLIST_STARTS: Final = (b"#extm3u", b"ffconcat", b"[playlist]", b"v=0", b"<?xml", b"<mpd", b"<smil", b"<asx")
_KNOWN: Final = "WAV, FLAC, MP3, M4A, AAC, OGG, Opus, AIFF, CAF, MP4, MOV, MKV, WebM, AVI, ..."
_CONVERT: Final = "Export the file as WAV or FLAC in the program that made it."
_KNOWN_FOOTAGE: Final = f"{_KNOWN} or GIF, PNG, JPEG, WebP"
_CONVERT_FOOTAGE: Final = "Export it as MP4 (a picture: as PNG, a sound: as WAV) in the program that made it."
_MEND: Final = "It may be damaged or cut off: export it again in the program that made it; --debug has ffmpeg's words."
EXPORT_PICTURE: Final = "Export it as PNG or JPEG in the program that made it."
_PICTURE_BRANDS: Final = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
"""Of files that begin as MP4 does, and are photographs (ISO/IEC 23008-12)."""
PICTURES: Final = frozenset({"GIF", "PNG", "WebP"})
"""Names of the formats that hold pictures and never sound."""


@dataclass(frozen=True)
class MediaFormat:
    """A format that may reach ffmpeg: its name for people, and ffmpeg's demuxer for it."""

    name: str
    demuxer: str


def _at(offset: int, *marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: any(head[offset : offset + len(mark)] == mark for mark in marks)


def _riff(kind: bytes, *marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] in marks and head[8:12] == kind


def _is_transport_stream(head: bytes) -> bool:
    packet = 188
    return len(head) > 4 * packet and all(head[i * packet] == 0x47 for i in range(5))  # noqa: PLR2004 - sync byte


_UNREAD_PICTURES: Final[tuple[tuple[Callable[[bytes], bool], str], ...]] = (
    (lambda head: head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS, "a HEIC or AVIF picture"),
    (_at(0, b"II*\x00", b"MM\x00*"), "a TIFF picture, or a camera's raw one"),
    (lambda head: head[:2] == b"BM" and head[6:10] == bytes(4), "a BMP picture"),
    (_at(0, b"8BPS"), "a Photoshop file"),
    (_at(0, b"\xff\x0a", b"\x00\x00\x00\x0cJXL "), "a JPEG XL picture"),
    (_at(0, b"\x00\x00\x00\x0cjP  "), "a JPEG 2000 picture"),
    (_at(0, b"%PDF"), "a PDF document"),
    (lambda head: b"<svg" in head[:4096].lower() and head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<", "an SVG drawing"),
)
_MOV_ATOMS: Final = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_SIGNATURES: Final[tuple[tuple[Callable[[bytes], bool], MediaFormat], ...]] = (
    (_riff(b"WAVE", b"RIFF", b"RIFX", b"RF64", b"BW64"), MediaFormat("WAV", "wav")),
    (_riff(b"AVI ", b"RIFF"), MediaFormat("AVI", "avi")),
    (_riff(b"AIFF", b"FORM"), MediaFormat("AIFF", "aiff")),
    (_riff(b"AIFC", b"FORM"), MediaFormat("AIFF", "aiff")),
    (_at(0, b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb"), MediaFormat("Wave64", "w64")),
    (_at(0, b"fLaC"), MediaFormat("FLAC", "flac")),
    (_at(0, b"OggS"), MediaFormat("OGG", "ogg")),
    (_at(4, *_MOV_ATOMS), MediaFormat("MP4 or MOV", "mov")),
    (_at(0, b"\x1aE\xdf\xa3"), MediaFormat("Matroska or WebM", "matroska")),
    (_at(0, b"GIF87a", b"GIF89a"), MediaFormat("GIF", "gif")),
    (_at(0, b"\x89PNG\r\n\x1a\n"), MediaFormat("PNG", "apng")),
    (_riff(b"WEBP", b"RIFF"), MediaFormat("WebP", "webp_anim")),
    (_at(0, b"caff"), MediaFormat("CAF", "caf")),
    (_at(0, b".snd"), MediaFormat("AU", "au")),
    (_at(0, b"#!AMR"), MediaFormat("AMR", "amr")),
    (_at(0, b"wvpk"), MediaFormat("WavPack", "wv")),
    (_at(0, b"MAC "), MediaFormat("Monkey's Audio", "ape")),
    (_at(0, b"TTA1"), MediaFormat("TTA", "tta")),
    (_at(0, b"FLV\x01"), MediaFormat("FLV", "flv")),
    (_at(0, b"\x00\x00\x01\xba"), MediaFormat("MPEG", "mpeg")),
    (_at(0, b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa\x00b\xcel"), MediaFormat("WMA or WMV", "asf")),
    (_at(0, b"\x0bw"), MediaFormat("AC-3", "ac3")),
    (_is_transport_stream, MediaFormat("MPEG transport stream", "mpegts")),
)


def recognise(path: Path, error: type[InputError] = RecordingError) -> MediaFormat:
    """Tell a file's format by its first bytes.

    Parameters
    ----------
    error
        What is raised where the file can't be used: a `RecordingError`, or a `FootageError`.

    Raises
    ------
    InputError
        Where the file is missing, unreadable, empty, no plain file, a playlist, text, or of no known format.
    """
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise error("This is no plain file.", where=str(path), expected="a sound or video file")
            if status.st_size == 0:
                raise error("The file is empty.", where=str(path), hint="Record or export it again.")
            if status.st_size > _LARGEST_BYTES:
                raise error("The file is far too large.", where=str(path), expected="at most 128 GiB")
            head = file.read(_HEAD_BYTES)
            if head[:3] == b"ID3":
                file.seek(_id3_end(head))
                head = file.read(_HEAD_BYTES)
    except FileNotFoundError:
        raise error("There is no such file.", where=str(path), hint=absent_hint(path)) from None
    except IsADirectoryError:
        raise error("This is a folder.", where=str(path), expected="a sound or video file") from None
    except (OSError, ValueError) as problem:  # a name with a zero byte is a ValueError
        raise error(
            f"The file can't be read: {plain_reason(problem)}.",
            where=str(path),
            hint="Check the file and its permissions.",
        ) from problem
    if name := unread_picture(head):
        wanted, hint = ("", EXPORT_PICTURE) if error is FootageError else (_KNOWN, "")
        raise error(f"This is {name}.", where=str(path), expected=wanted, hint=hint)
    found = next((form for fits, form in _SIGNATURES if fits(head)), None) or _mpeg_audio(head)
    if found is None:
        raise _unknown(path, head, error)
    return found


def unread_picture(head: bytes) -> str:
    """Name a picture or document of a format that is not read, by a file's first bytes; empty where it is none."""
    return next((name for fits, name in _UNREAD_PICTURES if fits(head)), "")


def open_media(path: Path, form: MediaFormat, **options: object) -> Any:
    """Open a file as this format only, from the disk only.

    Parameters
    ----------
    options
        ffmpeg's own for this input: `ss`, `copyts`; None where an option takes no value.

    Returns
    -------
    ffmpeg.nodes.FilterableStream
        Its streams, from which ffmpeg-python builds a command line; `stream["a:0"]` is its first sound.
    """
    return ffmpeg.input(
        file_argument(path),
        format=form.demuxer,
        max_alloc=_LARGEST_ALLOCATION_BYTES,
        max_pixels=MOST_PIXELS,
        protocol_whitelist="file,pipe",
        format_whitelist=form.demuxer,
        **options,
    )


def run_on_file(args: Sequence[str], *, timeout_s: float, purpose: str, file_error: InputError) -> str:
    """Run ffmpeg on a file that someone gave, to its end.

    Parameters
    ----------
    args
        With an input of `open_media` among them; what it writes to standard output is dropped.
    timeout_s
        It is killed after so many seconds.
    file_error
        What is raised where it is the file's fault.

    Returns
    -------
    str
        What it wrote to standard error.
    """
    process = Process(args, reads=True, timeout_s=timeout_s, stall_s=timeout_s, purpose=purpose)
    try:
        with process:
            pass  # leaving it waits for its end
    except FfmpegError as failure:
        raise error_to_raise(failure, process, file_error) from failure
    return process.stderr


def error_to_raise(failure: FfmpegError, process: Process, file_error: InputError) -> BuildVideoError:
    """Choose the error of a failure: only a status of its own choice, or its slowness, is about the file."""
    if process.timed_out:
        return type(file_error)(
            "Reading the file takes far too long.", where=file_error.where, expected="a file that can be decoded"
        )
    if process.returncode is None or process.returncode <= 0:
        return failure
    hint = file_error.hint or _MEND
    return type(file_error)(file_error.what, where=file_error.where, expected=file_error.expected, hint=hint)


def _open_without_waiting(name: str, flags: int) -> int:
    """Open a file; a named pipe without a writer must not make us wait for one."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _id3_end(head: bytes) -> int:
    """Where the sound begins after an ID3v2 tag (its size is held in 4 x 7 bits)."""
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _unknown(path: Path, head: bytes, error: type[InputError]) -> InputError:
    known, convert = (_KNOWN_FOOTAGE, _CONVERT_FOOTAGE) if error is FootageError else (_KNOWN, _CONVERT)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"\xff\xd8\xff"):
        return error("This is a JPEG picture, no sound and no video.", where=str(path), expected=known)
    if start.startswith(_PLAYLIST_STARTS):
        return error(
            "This is a playlist or a description of media, not the media itself.",
            where=str(path),
            expected=known,
            hint="Name the sound file that it points to.",
        )
    if _looks_like_text(head):
        return error("This is a text file, whatever its name says.", where=str(path), expected=known)
    return error("This is no sound or video file of a known format.", where=str(path), expected=known, hint=convert)


def _looks_like_text(head: bytes) -> bool:
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return True
    text = head.decode("utf-8", "replace")
    return sum(char.isprintable() or char.isspace() for char in text) > _TEXT_SHARE * len(text)


# MPEG audio frame headers, ISO/IEC 11172-3 and 13818-3. Bit rates in kbit/s; index 0 (free) and 15 are not taken.
_BIT_RATES: Final = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _mpeg_audio(head: bytes) -> MediaFormat | None:
    """Find two frames of MPEG audio (MP1 to MP3) or of ADTS AAC that follow one another; junk may stand before them."""
    at = head.find(b"\xff")
    while 0 <= at < len(head) - 7:
        for length_of, form in ((_adts_length, MediaFormat("AAC", "aac")), (_mpeg_length, MediaFormat("MP3", "mp3"))):
            length = length_of(head[at : at + 7])
            if length and length_of(head[at + length : at + length + 7]):
                return form
        at = head.find(b"\xff", at + 1)
    return None


def _mpeg_length(header: bytes) -> int:
    """Length in bytes of the frame that begins so, 0 where none does."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:  # noqa: PLR2004 - the standard's numbers
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    rate_index, frequency = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer == 4 or rate_index in {0, 15} or frequency == 3:  # noqa: PLR2004
        return 0
    bits = _BIT_RATES[1 if version == 3 else 2, layer][rate_index - 1] * 1000  # noqa: PLR2004
    rate_hz, padding = _RATES_HZ[version][frequency], header[2] >> 1 & 1
    if layer == 1:
        return (12 * bits // rate_hz + padding) * 4
    samples = 576 if layer == 3 and version != 3 else 1152  # noqa: PLR2004
    return samples // 8 * bits // rate_hz + padding


def _adts_length(header: bytes) -> int:
    """Length in bytes of the ADTS frame that begins so, 0 where none does (ISO/IEC 13818-7)."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:  # noqa: PLR2004 - the standard's numbers
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length > 7 and header[2] >> 2 & 15 < 13 else 0  # noqa: PLR2004
