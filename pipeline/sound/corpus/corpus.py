"""From recordings to the bytes that a network learns.

Owns the order of things: decode, mix to mono, resample, take out the DC offset, bring the peak up, shorten
silences, quantise, join, and find the place where training ends and validation begins. Everything passes in blocks: a
corpus may be longer than the memory. It does not know stages, results or networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio.formats import wav_container
from pipeline.audio.quantise import dequantise, quantise
from pipeline.errors import RecordingError
from pipeline.sound.corpus.clipping import ClipCounter
from pipeline.sound.corpus.quality import Quality, quality_of
from pipeline.sound.inputs.sound_file import new_sound_file
from pipeline.sound.inputs.sources import SoundSource, choose_source
from pipeline.sound.settings import SHORTEST_S, CorpusSettings
from pipeline.sound.signal.mixing import SILENT_PEAK, finite, odd_sample_warnings
from pipeline.sound.signal.resample import Resampler
from pipeline.sound.signal.silence import (
    WINDOW_S,
    quietest_near,
    shortened,
    window_lengths,
    window_levels,
    window_samples,
)

Floats = npt.NDArray[np.float32]

_BLOCK_WINDOWS: Final = 1 << 12
_BLOCK_BYTES: Final = 1 << 22
_SPLIT_REACH_S: Final = 0.5


@dataclass(frozen=True)
class Recording:
    """One recording as it came, and its samples at the corpus's rate in a scratch file.

    `left_offset` is the DC offset that is still in the scratch file. `levels` are those of the windows (see
    silence.py) without it. `notes` and `warnings` are what a person should know of how it was read.
    """

    path: Path
    scratch: Path
    duration_s: float
    sample_rate_hz: int
    clipped_samples: int
    dc_offset: float
    left_offset: float
    samples: int
    peak: float = 0.0
    levels: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    keep: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    quality: Quality | None = None
    is_damaged: bool = False
    tracks: int = 1
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class CorpusSound:
    """What became of the recordings: facts about how they came, and the lengths of the result, in samples."""

    recordings: tuple[Recording, ...]
    total_samples: int
    train_samples: int
    silence_share: float
    dc_offset: float
    clipped_samples: int


def make_corpus(
    paths: Sequence[Path],
    bytes_path: Path,
    listen_path: Path,
    settings: CorpusSettings,
    *,
    tracks: Sequence[int | None] = (),
    on_recording: Callable[[int, float], None] = lambda _index, _seconds: None,
) -> CorpusSound:
    """Write the corpus: its bytes (`.npy`, uint8) and a WAV file of what the network will hear.

    Parameters
    ----------
    tracks
        Which sound track of each recording is meant, counted from 1; None, or none at all, where it is to be found.
    on_recording
        Called with which recording is being read, counted from 0, and how many seconds of it were read.

    Raises
    ------
    RecordingError
        Where a recording can't be used, or all of them together are too short or too long.
    """
    left_s = settings.longest_s
    surveyed: list[Recording] = []
    for index, (path, track) in enumerate(zip(paths, tracks or [None] * len(paths), strict=True)):
        source = choose_source(path, listen_s=left_s, track=track)
        scratch = bytes_path.with_name(f"scratch-{index}.f32")
        recording = _read(source, scratch, settings, left_s, partial(on_recording, index))
        left_s -= recording.duration_s
        surveyed.append(_measured(recording, settings))
    _check_length(surveyed, settings, paths)
    total = _write_bytes(surveyed, bytes_path, settings)
    for recording in surveyed:
        recording.scratch.unlink()
    _write_listening_copy(bytes_path, listen_path, settings)
    windows = sum(len(recording.levels) for recording in surveyed)
    silent = sum(int(_silent(recording, settings).sum()) for recording in surveyed)
    samples = sum(recording.samples for recording in surveyed)
    return CorpusSound(
        recordings=tuple(surveyed),
        total_samples=total,
        train_samples=_split(surveyed, total, settings),
        silence_share=silent / windows,
        dc_offset=sum(recording.dc_offset * recording.samples for recording in surveyed) / samples,
        clipped_samples=sum(recording.clipped_samples for recording in surveyed),
    )


def _read(
    source: SoundSource, scratch: Path, settings: CorpusSettings, longest_s: float, tell: Callable[[float], None]
) -> Recording:
    """Decode a recording into its scratch file, mono, at the corpus's rate."""
    complaints: list[str] = []
    total, odd_frames, sums, guess = 0, 0, 0.0, 0.0
    clips = ClipCounter(source.track)
    with source.opened(longest_s, complaints=complaints) as stream, scratch.open("wb") as file:
        resampler = Resampler(stream.sample_rate_hz, settings.sample_rate_hz)
        mixdown = source.mixdown_of(stream.channels)
        for raw in stream.blocks():
            block, odd = finite(raw)
            odd_frames += odd
            clips.add(block)
            mono = mixdown.mono(block)
            # Most of the DC offset goes before resampling, whose filter would ring at its sudden beginning.
            guess = guess if total else float(mono.mean())
            sums += float(mono.sum(dtype=np.float64))
            total += len(mono)
            file.write(resampler.add(mono - np.float32(guess)).tobytes())
            tell(stream.duration_s)
        file.write(resampler.finish().tobytes())
        samples = file.tell() // 4
    if not total or not samples:
        raise RecordingError("The recording is empty.", where=str(source.path), hint="Record or export it again.")
    return Recording(
        path=source.path,
        scratch=scratch,
        duration_s=total / stream.sample_rate_hz,
        sample_rate_hz=stream.sample_rate_hz,
        clipped_samples=clips.frames,
        dc_offset=sums / total,
        left_offset=sums / total - guess,
        samples=samples,
        is_damaged=bool(complaints),
        tracks=source.tracks,
        notes=source.notes,
        warnings=odd_sample_warnings(odd_frames),
    )


def _measured(recording: Recording, settings: CorpusSettings) -> Recording:
    """Add the peak, the levels and what is kept."""
    peak = max(float(np.abs(block).max()) for block in _blocks(recording, settings))
    if peak < SILENT_PEAK:
        raise RecordingError(
            "The recording is silent.",
            where=str(recording.path),
            expected=f"a peak above -60 dB of full scale, not {20 * np.log10(max(peak, 1e-9)):.0f}",
            hint="Check that the right microphone was chosen and not muted, then record again."
            if recording.tracks == 1
            else f"The file has {recording.tracks} sound tracks: choose another, or leave track out, and the first one "
            "with sound is taken.",
        )
    rate_hz = settings.sample_rate_hz
    levels = np.concatenate([window_levels(block, rate_hz) for block in _blocks(recording, settings)])
    samples = np.memmap(recording.scratch, np.float32, "r")
    quality = quality_of(samples, recording.left_offset, peak, levels, rate_hz)
    measured = replace(recording, peak=peak, levels=levels, quality=quality, keep=np.ones(len(levels), bool))
    if not settings.trim_silence:
        return measured
    longest = max(1, round(settings.longest_silence_s / WINDOW_S))
    return replace(measured, keep=shortened(_silent(measured, settings), longest))


def _silent(recording: Recording, settings: CorpusSettings) -> npt.NDArray[np.bool_]:
    quiet: npt.NDArray[np.bool_] = recording.levels < recording.peak * 10 ** (settings.silence_below_dbfs / 20)
    return quiet


def _blocks(recording: Recording, settings: CorpusSettings) -> Iterator[Floats]:
    """The samples from the scratch file in blocks of whole windows, without DC offset."""
    samples = np.memmap(recording.scratch, np.float32, "r")
    size = _BLOCK_WINDOWS * window_samples(settings.sample_rate_hz)
    for start in range(0, len(samples), size):
        yield np.asarray(samples[start : start + size]) - np.float32(recording.left_offset)


def _kept_blocks(recording: Recording, settings: CorpusSettings) -> Iterator[Floats]:
    """What is left of the samples, brought to their level."""
    gain = _gain(recording, settings)
    size = window_samples(settings.sample_rate_hz)
    for index, block in enumerate(_blocks(recording, settings)):
        keep = recording.keep[index * _BLOCK_WINDOWS : (index + 1) * _BLOCK_WINDOWS]
        yield block[np.repeat(keep, size)[: len(block)]] * gain


def _gain(recording: Recording, settings: CorpusSettings) -> np.float32:
    return np.float32(10 ** (settings.peak_dbfs / 20) / recording.peak if settings.normalise else 1.0)


def _check_length(surveyed: Sequence[Recording], settings: CorpusSettings, paths: Sequence[Path]) -> None:
    """Refuse what is too short to learn from, before and after silences were shortened."""
    where = ", ".join(str(path) for path in paths)
    whole_s = sum(recording.duration_s for recording in surveyed)
    if whole_s < SHORTEST_S:
        raise RecordingError(
            f"{whole_s:.2f} s of recordings are too short to learn from.",
            where=where,
            expected=f"at least {SHORTEST_S:g} s; minutes are better",
            hint="Record more, or name several recordings: they are joined.",
        )
    window_s = window_samples(settings.sample_rate_hz) / settings.sample_rate_hz
    kept_s = sum(int(recording.keep.sum()) for recording in surveyed) * window_s
    if kept_s < SHORTEST_S:
        raise RecordingError(
            f"Without their long silences, {kept_s:.2f} s are left of the recordings.",
            where=where,
            expected=f"at least {SHORTEST_S:g} s of sound",
            hint="Set trim_silence = false, or lower silence_below_dbfs "
            f"(it is {settings.silence_below_dbfs:g}): soft speech may have counted as silence.",
        )


def _write_bytes(surveyed: Sequence[Recording], path: Path, settings: CorpusSettings) -> int:
    """Write the codes of all recordings, joined; return how many."""
    raw = path.with_name("scratch.u8")
    total = 0
    with raw.open("wb") as file:
        for recording in surveyed:
            for block in _kept_blocks(recording, settings):
                total += file.write(quantise(block, settings.encoding).tobytes())
    codes = np.memmap(raw, np.uint8, "r")
    with path.open("wb") as file:  # NumPy's own writing of arrays tells of a full disk without saying so
        header = {"descr": "|u1", "fortran_order": False, "shape": codes.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(codes), _BLOCK_BYTES):
            file.write(codes[start : start + _BLOCK_BYTES].data)
    raw.unlink()
    return total


def _write_listening_copy(bytes_path: Path, listen_path: Path, settings: CorpusSettings) -> None:
    codes = np.load(bytes_path, mmap_mode="r", allow_pickle=False)
    size = _BLOCK_WINDOWS * window_samples(settings.sample_rate_hz)
    with new_sound_file(listen_path, settings.sample_rate_hz, 1, "PCM_16", wav_container(2 * len(codes))) as file:
        for start in range(0, len(codes), size):
            file.write(dequantise(codes[start : start + size], settings.encoding))


def _split(surveyed: Sequence[Recording], total: int, settings: CorpusSettings) -> int:
    """Where training ends: near the share that was asked for, in the quietest moment, so that no word is cut."""
    levels = np.concatenate([recording.levels[recording.keep] * _gain(recording, settings) for recording in surveyed])
    lengths = np.concatenate(
        [window_lengths(recording.samples, settings.sample_rate_hz)[recording.keep] for recording in surveyed]
    )
    reach = min(round(_SPLIT_REACH_S / WINDOW_S), round(settings.validation_share * len(levels) / 4))
    train = quietest_near(levels, lengths, round(total * (1 - settings.validation_share)), reach)
    return min(max(train, 1), total - 1)
