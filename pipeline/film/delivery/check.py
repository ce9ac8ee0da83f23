"""The check at the end: the finished file is decoded and compared with the timeline that it was made from.

This module owns what a film of ours must be. It asks ffmpeg, and reads the MP4's own boxes; it changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import BinaryIO, Final

import ffmpeg

from pipeline.errors import FfmpegError, FootageError, StageError
from pipeline.ffmpeg.formats import MediaFormat, open_media, recognise
from pipeline.ffmpeg.process import Completed, run
from pipeline.film.delivery.chapters import one_line
from pipeline.film.delivery.delivery_spec import SPEC_FILE, DeliverySpec, read_spec
from pipeline.film.encoding.container import AAC_PACKET_SAMPLES
from pipeline.film.encoding.encoder import level_for, timescale_for
from pipeline.film.timeline.timeline import Timeline
from pipeline.store.files import plain_reason

LONGEST_GROUP_S: Final = 2
LOUDNESS_TOLERANCE_LU: Final = 0.5
PEAK_SLACK_DB: Final = 1.0
"""Peaks so near to their limit allow no more loudness: what an encoder makes of them is known only afterwards."""
_LARGEST_INDEX_BYTES: Final = 1 << 28
_LARGEST_TIMELINE_BYTES: Final = 1 << 26
_MOST_BOXES: Final = 10_000
_BOX_HEADER_BYTES: Final = 8
_HIGH_PROFILE: Final = 100


@dataclass(frozen=True)
class CheckResult:
    """One property of the delivery spec, and whether the file has it."""

    promise: str
    expected: str
    found: str
    holds: bool


@dataclass(frozen=True)
class Packet:
    """A packet of the file: its times in ticks, and whether it can be decoded on its own."""

    stream: int
    dts: int
    pts: int
    duration: int
    key: bool


@dataclass(frozen=True)
class Inspection:
    """What a file is.

    Parameters
    ----------
    words
        ffmpeg's description of it.
    packets
        All packets of the first video and the first sound stream.
    decoded_frames
        How many pictures came out of the decoder.
    loudness_lufs, true_peak_dbtp
        Of the decoded sound (ITU-R BS.1770); None where there is no sound.
    index_first
        Whether the index stands before the media.
    profile, level
        The H.264 profile and level that the index names; None where there are none.
    """

    words: str
    packets: tuple[Packet, ...]
    decoded_frames: int
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    index_first: bool
    profile: int | None
    level: int | None


def inspect(path: Path) -> Inspection:
    """Read and decode a file, whole.

    Raises
    ------
    FootageError
        Where it is not there or no MP4.
    FfmpegError
        Where it can't be decoded.
    """
    index, index_first = _index_of(path)
    form = recognise(path, FootageError)
    source = open_media(path, form)
    packets = ffmpeg.output(source["v:0"], source["a:0?"], "-", c="copy", format="framecrc", loglevel="info")
    copied = run(ffmpeg.get_args(packets), timeout_s=600, purpose=f"reading {path.name}")
    decoded = _decode(path, form, sound=bool(_stream_line(copied.stderr, "Audio")))
    frames = re.findall(rb"^frame=\s*(\d+)", decoded.stdout, re.MULTILINE)
    at = index.find(b"avcC") + len(b"avcC")
    has_avc = at >= len(b"avcC") and at + 4 <= len(index)
    return Inspection(
        words=copied.stderr.partition("\nOutput #0")[0],
        packets=tuple(_packets(copied.stdout.decode("utf-8", "replace"))),
        decoded_frames=int(frames[-1]) if frames else 0,
        loudness_lufs=_number_after(decoded.stderr, r"Integrated loudness:\s+I:\s+(-?[\d.]+) LUFS"),
        true_peak_dbtp=_number_after(decoded.stderr, r"True peak:\s+Peak:\s+(-?[\d.]+) dBFS"),
        index_first=index_first,
        profile=index[at + 1] if has_avc else None,
        level=index[at + 3] if has_avc else None,
    )


def _decode(path: Path, form: MediaFormat, *, sound: bool) -> Completed:
    source = open_media(path, form, err_detect="explode")
    heard = [source["a:0"].filter("ebur128", peak="true", framelog="quiet")] if sound else []
    strict = {"loglevel": "info", "xerror": None, "progress": "pipe:1"}
    watched = ffmpeg.output(source["v:0"], *heard, "-", format="null", **strict)
    return run(ffmpeg.get_args(watched), timeout_s=7200, purpose=f"decoding {path.name}")


def _number_after(text: str, pattern: str) -> float | None:
    found = re.search(pattern, text)
    return float(found.group(1)) if found else None


def _stream_line(words: str, kind: str) -> str:
    """The line with which ffmpeg describes the first stream of a kind; empty where there is none."""
    found = re.search(rf"^  Stream #0:\S*: ({kind}: .*)$", words.partition("\nOutput #0")[0], re.MULTILINE)
    return found.group(1).strip() if found else ""


def _packets(framecrc: str) -> Iterator[Packet]:
    for line in framecrc.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        stream, dts, pts, duration, *rest = (part.strip() for part in line.split(","))
        key = not any(part.startswith("F=0x0") for part in rest)
        yield Packet(int(stream), int(dts), int(pts), int(duration), key)


def _boxes(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Walk over a file's outermost boxes (ISO/IEC 14496-12): type, start and size of the content."""
    at = 0
    while at + _BOX_HEADER_BYTES <= end:
        file.seek(at)
        header = file.read(16)
        size, kind = int.from_bytes(header[:4], "big"), header[4:8]
        skip = _BOX_HEADER_BYTES
        if size == 1:
            size, skip = int.from_bytes(header[8:16], "big"), 16
        elif size == 0:
            size = end - at
        if size < skip:
            return
        yield kind, at + skip, size - skip
        at += size


def _index_of(path: Path) -> tuple[bytes, bool]:
    try:
        with path.open("rb") as file:
            boxes = list(islice(_boxes(file, path.stat().st_size), _MOST_BOXES))
            order = [kind for kind, _, _ in boxes]
            for kind, start, size in boxes:
                if kind == b"moov" and size <= _LARGEST_INDEX_BYTES:
                    file.seek(start)
                    return file.read(size), b"mdat" in order and order.index(b"moov") < order.index(b"mdat")
    except OSError as error:
        raise FootageError(f"The film can't be read: {plain_reason(error)}.", where=str(path)) from error
    raise FootageError("This is no MP4 with an index.", where=str(path), expected="a film made by build-video")


def compare(timeline: Timeline, found: Inspection, spec: DeliverySpec) -> tuple[CheckResult, ...]:
    """Compare a file with its delivery spec."""
    video = [packet for packet in found.packets if packet.stream == 0]
    sound = [packet for packet in found.packets if packet.stream == 1]
    return (
        *_picture_findings(timeline, found, video, spec),
        *_sound_findings(timeline, found, sound, spec),
        *_label_findings(timeline, found),
        *_subtitle_findings(found, spec),
    )


def _result(promise: str, expected: object, found: object, *, holds: bool | None = None) -> CheckResult:
    return CheckResult(promise, str(expected), str(found), expected == found if holds is None else holds)


def _picture_findings(
    timeline: Timeline, found: Inspection, packets: Sequence[Packet], spec: DeliverySpec
) -> Iterator[CheckResult]:
    total = timeline.total_frames
    tick = timescale_for(timeline.frame_rate) / timeline.frame_rate
    exact = [int(frame * tick) for frame in range(min(total, len(packets)))]
    times = sorted(packet.pts for packet in packets)
    wrong = next((i for i, (is_, should) in enumerate(zip(times, exact, strict=False)) if is_ != should), None)
    yield _result("frames in the file", total, len(packets))
    yield _result("frames that can be decoded", total, found.decoded_frames)
    regular = "yes" if wrong is None else f"not frame {wrong}"
    yield _result("every frame at its time, from 0", "yes", regular)
    keys = sorted(packet.pts for packet in packets if packet.key)
    gap = max((b - a for a, b in pairwise([*keys, int((total - 1) * tick) + int(tick)])), default=0)
    longest = int(LONGEST_GROUP_S * timescale_for(timeline.frame_rate) + tick)
    often = keys[:1] == [0] and gap <= longest
    yield _result("key frames, from 0 on", f"every {LONGEST_GROUP_S} s", f"every {gap} ticks", holds=often)
    line = _stream_line(found.words, "Video")
    profile = "h264 (High)" if spec.codec == "h264" and not spec.lossless else spec.codec
    for claim, words in (
        ("codec", f"Video: {profile}"),
        ("colours", "yuv420p(tv, bt709"),
        ("size", f", {timeline.width}x{timeline.height}"),
    ):
        yield _result(claim, words.removeprefix(", "), line, holds=words in line)
    if spec.codec == "h264" and not spec.lossless:
        level = level_for(timeline.width, timeline.height, timeline.frame_rate)
        shown = f"{(found.level or 0) // 10}.{(found.level or 0) % 10}"
        yield _result("profile", _HIGH_PROFILE, found.profile)
        yield _result("level", level, shown)
    yield _result("index first", "yes", "yes" if found.index_first else "no")


def _sound_findings(
    timeline: Timeline, found: Inspection, packets: Sequence[Packet], spec: DeliverySpec
) -> Iterator[CheckResult]:
    line = _stream_line(found.words, "Audio")
    words = f"aac (LC), {timeline.sample_rate_hz} Hz"
    holds = "aac (LC)" in line and f"{timeline.sample_rate_hz} Hz" in line
    yield _result("sound", words, line, holds=holds)
    length = Fraction(len(packets) * AAC_PACKET_SAMPLES, timeline.sample_rate_hz)
    within = max(1 / timeline.frame_rate, Fraction(AAC_PACKET_SAMPLES, timeline.sample_rate_hz))
    lengths = f"{float(timeline.duration_s):.3f} s", f"{float(length):.3f} s"
    yield _result("sound as long as picture", *lengths, holds=abs(length - timeline.duration_s) <= within)
    yield _result("sound from 0", 0, packets[0].pts if packets else "no sound")
    if spec.loudness_lufs is not None and found.loudness_lufs is not None:
        near = abs(found.loudness_lufs - spec.loudness_lufs) <= LOUDNESS_TOLERANCE_LU
        yield _result("loudness, LUFS", spec.loudness_lufs, found.loudness_lufs, holds=near)
    if spec.target_lufs is not None and found.loudness_lufs is not None and found.true_peak_dbtp is not None:
        yield _loudness_wanted(spec, found)
    if spec.true_peak_dbtp is not None and found.true_peak_dbtp is not None:
        below = found.true_peak_dbtp <= spec.true_peak_dbtp + 0.05  # ffmpeg prints tenths
        yield _result("true peak, dBTP", f"at most {spec.true_peak_dbtp}", found.true_peak_dbtp, holds=below)


def _loudness_wanted(spec: DeliverySpec, found: Inspection) -> CheckResult:
    """Whether the film has the loudness that was asked for, or its peaks allow no more."""
    away = (found.loudness_lufs or 0.0) - (spec.target_lufs or 0.0)
    limit, is_softer = spec.true_peak_dbtp or 0.0, away < -LOUDNESS_TOLERANCE_LU
    at_limit = (found.true_peak_dbtp or 0.0) >= limit - PEAK_SLACK_DB and spec.is_held_down is not False
    wanted = f"{spec.target_lufs:g} LUFS, or less where peaks allow no more"
    reached = f"{spec.target_lufs:g} LUFS asked for, {found.loudness_lufs:g} reached"
    if is_softer and at_limit:
        lowered = f"lowered by {spec.limiter_db:g} dB at most" if spec.limiter_db else "not lowered"
        reached += f": its peaks ({found.true_peak_dbtp:g} dBTP) are at their limit of {limit:g}, and {lowered}"
    fits = at_limit if is_softer else away <= LOUDNESS_TOLERANCE_LU
    return _result("loudness wanted", wanted, reached, holds=fits)


def _label_findings(timeline: Timeline, found: Inspection) -> Iterator[CheckResult]:
    starts = [float(start) for start in re.findall(r"Chapter #0:\d+: start ([\d.]+)", found.words)]
    exact = [float(timeline.clock.seconds_at(chapter.frame)) for chapter in timeline.chapters]
    near = len(starts) == len(exact) and all(abs(a - b) < 0.002 for a, b in zip(starts, exact, strict=True))  # noqa: PLR2004 - the track counts milliseconds
    yield _result("chapters", [f"{s:.3f}" for s in exact], [f"{s:.3f}" for s in starts], holds=near)
    title = re.search(r"^    title\s*: (.*)$", found.words, re.MULTILINE)
    yield _result("title", one_line(timeline.title), title.group(1).strip() if title else "")


def _subtitle_findings(found: Inspection, spec: DeliverySpec) -> Iterator[CheckResult]:
    tracks = re.findall(r"^  Stream #0:\d+\S*?(?:\((\w+)\))?: Subtitle: mov_text", found.words, re.MULTILINE)
    if tracks or spec.subtitles:
        yield _result("subtitle tracks", list(spec.subtitles), [track or "und" for track in tracks])


def check_film(path: Path, timeline: Timeline, spec: DeliverySpec) -> tuple[Inspection, tuple[CheckResult, ...]]:
    """Inspect a film and compare it with its timeline.

    Raises
    ------
    StageError
        Where it is not as specified; names every difference.
    """
    try:
        found = inspect(path)
    except FfmpegError as error:
        raise StageError(f"The film can't be decoded. {error.what}", where=str(path), hint=_AGAIN) from error
    findings = compare(timeline, found, spec)
    broken = [finding for finding in findings if not finding.holds]
    if broken:
        differences = "; ".join(
            f"{finding.promise}: {finding.found} instead of {finding.expected}" for finding in broken[:4]
        )
        raise StageError(
            f"The film is not as specified: {differences}.",
            where=str(path),
            expected="a file like its timeline",
            hint=_AGAIN,
        )
    return found, findings


def check_file(path: Path) -> tuple[CheckResult, ...]:
    """Check a film of ours against the `timeline.json` and the `promise.json` beside it.

    Where there is none, the codec is taken as it is found, and the loudness is not checked.

    Raises
    ------
    FootageError
        Where the film or its timeline is missing, or no film of ours.
    FfmpegError
        Where ffmpeg is missing or was killed.
    """
    beside = path.with_name("timeline.json")
    try:
        with beside.open("rb") as file:  # what is longer is cut off, and so no timeline
            timeline = Timeline.model_validate_json(file.read(_LARGEST_TIMELINE_BYTES))
    except (OSError, ValueError) as error:
        raise FootageError(
            "There is no timeline beside this film to check it against.",
            where=str(beside),
            expected="the timeline.json that was written with the film",
        ) from error
    try:
        found = inspect(path)
    except FfmpegError as error:
        if not error.what.startswith("ffmpeg failed"):
            raise
        raise FootageError(
            "The film can't be decoded: it is damaged, or cut off.",
            where=str(path),
            expected="a film made by build-video",
            hint="Build it again; --debug has ffmpeg's words.",
        ) from error
    return compare(timeline, found, _spec_of(path, found))


def _spec_of(path: Path, found: Inspection) -> DeliverySpec:
    try:
        return read_spec(path.with_name(SPEC_FILE))
    except FileNotFoundError:
        line = _stream_line(found.words, "Video")
        codec = next((name for name in ("hevc", "av1") if f"Video: {name}" in line), "h264")
        return DeliverySpec(codec=codec, lossless="High 4:4:4 Predictive" in line)


_AGAIN = "Build again with --force; if it happens again, please report it with the build log."
