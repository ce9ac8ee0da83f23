"""What there is to say about a take: how much of it is silence or clipped, whether it is noise, what it has copied.

A network that has learned its corpus by heart repeats it byte for byte. So the longest run of bytes that stands in the
corpus too is measured: exactly, for every run of at least 63 bytes that is not silence.

This module is pure: arrays in, numbers and words out. It needs no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from pydantic import BaseModel, ConfigDict

from pipeline.learning.sampling.candidates import AudioFeatures, Floats, is_noise

if TYPE_CHECKING:
    from pipeline.learning.sampling.take import Take

Bytes = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.uint64]

BLOCK: Final = 32
"""Bytes. The corpus is known by its blocks of this length: any run of 2 * BLOCK - 1 bytes holds a whole one."""
_QUIET_RANGE: Final = 0.03
"""A block whose samples lie within this share of full scale is silence, which is no copy of anything."""
_WINDOW_S: Final = 0.05
_PAUSE_BELOW_DB: Final = 30.0
_FLOOR_DB: Final = -60.0
_AT_ONCE: Final = 1 << 16
_SAME_KEY_AT_MOST: Final = 16
_STEP: Final = 4096

_MUCH_SILENCE: Final = 0.5
_MUCH_CLIPPED: Final = 0.005
_LONG_COPY_S: Final = 0.1


class TakeFacts(BaseModel):
    """What was measured on a take.

    Parameters
    ----------
    silence_share
        Share of its time more than 30 dB below the recording's level.
    clipped_share
        Share of its samples at either end of the scale.
    noise
        Whether its spectrum is as flat as noise, where the recording's is not.
    copied_samples
        Length of the longest run of bytes that stands in the training data too; 0 where none has 63 bytes or more.
    copied_from_sample
        Where in the corpus that run begins.
    cut_s
        How much dead air was cut out of it, before the rest was measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    silence_share: float = 0.0
    clipped_share: float = 0.0
    noise: bool = False
    copied_samples: int = 0
    copied_from_sample: int = 0
    cut_s: float = 0.0


def examine(
    said: Bytes,
    corpus: Bytes,
    code_values: Floats,
    sample_rate_hz: int,
    *,
    own: AudioFeatures,
    recording: AudioFeatures,
) -> TakeFacts:
    """Measure a take.

    Parameters
    ----------
    said, corpus
        Bytes, shape = (samples,); may be mapped from files of any length.
    code_values
        What each byte sounds like, float32, shape = (256,), full scale = 1.
    own, recording
        What take and recording are like on the whole.
    """
    copied, start = longest_copy(said, corpus, code_values)
    return TakeFacts(
        silence_share=round(_silence_share(said, code_values, sample_rate_hz, recording.level_db), 4),
        clipped_share=round(_clipped_share(said, code_values), 6),
        noise=is_noise(own, recording),
        copied_samples=copied,
        copied_from_sample=start,
    )


def longest_copy(said: Bytes, corpus: Bytes, code_values: Floats) -> tuple[int, int]:
    """Find the longest run of bytes that take and corpus share, silence apart.

    Returns
    -------
    tuple[int, int]
        Its length, 0 where none has 2 * BLOCK - 1 bytes, and where it begins in the corpus.
    """
    keys, starts = _known_blocks(corpus, code_values)
    longest, place, covered = 0, 0, 0
    for at, key in _shared_windows(said, keys):
        if at < covered:
            continue
        first = int(np.searchsorted(keys, key))
        last = min(int(np.searchsorted(keys, key, side="right")), first + _SAME_KEY_AT_MOST)
        for start in starts[first:last].tolist():
            before, after = _extent(said, corpus, at, start)
            covered = max(covered, at + after - BLOCK + 1)
            if before + after > longest and before + after >= 2 * BLOCK - 1:
                longest, place = before + after, start - before
    return longest, place


def doubts_about(takes: Sequence[Take]) -> list[str]:
    """Put into words what is wrong with a section's takes; what the untrained network says is noise by nature."""
    trained = [take for take in takes if take.iteration > 0]
    late = trained[2 * len(trained) // 3 :]
    doubts = []
    for fault, wrong in (
        (f"at least {_MUCH_SILENCE:.0%} silence", [t for t in trained if t.facts.silence_share >= _MUCH_SILENCE]),
        (f"clipped (more than {_MUCH_CLIPPED:.1%})", [t for t in late if t.facts.clipped_share > _MUCH_CLIPPED]),
        ("noise", [t for t in late if t.facts.noise]),
    ):
        if wrong:
            named = ", ".join(f"{take.iteration:,}" for take in wrong[:6]) + (", ..." if len(wrong) > 6 else "")  # noqa: PLR2004
            doubts.append(
                f"{len(wrong)} of {len(takes)} takes are {fault}: iteration {named}; "
                "another temperature, more candidates or a prime_s may help"
            )
    copied = max(trained, key=lambda take: take.facts.copied_samples, default=None)
    if copied is not None and copied.facts.copied_samples > _LONG_COPY_S * copied.sample_rate_hz:
        facts, rate_hz = copied.facts, copied.sample_rate_hz
        doubts.append(
            f"the take of iteration {copied.iteration:,} repeats {facts.copied_samples:,} bytes "
            f"({facts.copied_samples / rate_hz:.2f} s) of the training data word for word, from "
            f"{facts.copied_from_sample / rate_hz:.1f} s on: the network has learned it by heart; "
            "use more speech, fewer neurons, some dropout, or an earlier checkpoint"
        )
    return doubts


def dead_air_cut(takes: Sequence[Take]) -> str:
    """Say which takes of a section had dead air that was cut; nothing where none had."""
    cut = [take for take in takes if take.facts.cut_s > 0]
    if not cut:
        return ""
    named = ", ".join(f"{take.iteration:,} ({take.facts.cut_s:.1f} s)" for take in cut[:6]) + ", ..." * (len(cut) > 6)  # noqa: PLR2004
    return (
        f"dead air, longer than any pause of the recording, was cut from {len(cut)} of {len(takes)} takes: iteration "
        f"{named}; what is left of them is shown; sampling.trim_silence = false keeps it"
    )


def silence_limit(recording_db: float) -> float:
    """The power below which a window is silence: 30 dB below the recording's level, -60 dB at least."""
    return float(10.0 ** (max(recording_db - _PAUSE_BELOW_DB, _FLOOR_DB) / 10.0))


def _silence_share(said: Bytes, code_values: Floats, sample_rate_hz: int, recording_db: float) -> float:
    size = max(1, round(_WINDOW_S * sample_rate_hz))
    windows = len(said) // size
    limit = silence_limit(recording_db)
    quiet = 0
    for first in range(0, windows, _STEP):
        part = code_values[said[first * size : min(first + _STEP, windows) * size]].reshape(-1, size)
        quiet += int(np.count_nonzero(part.var(axis=1) < limit))
    return quiet / max(1, windows)


def _clipped_share(said: Bytes, code_values: Floats) -> float:
    counts = np.zeros(len(code_values), np.int64)
    for first in range(0, len(said), _AT_ONCE):
        counts += np.bincount(said[first : first + _AT_ONCE], minlength=len(code_values))
    ends = counts[int(np.argmin(code_values))] + counts[int(np.argmax(code_values))]
    return float(ends / max(1, len(said)))


_FACTORS: Final = np.cumprod(np.full(BLOCK, 0x9E3779B97F4A7C15, np.uint64), dtype=np.uint64)


def _keys(windows: Bytes) -> Keys:
    return np.asarray((windows.astype(np.uint64) + np.uint64(1)) @ _FACTORS, np.uint64)


def _known_blocks(corpus: Bytes, code_values: Floats) -> tuple[Keys, npt.NDArray[np.int64]]:
    """Hash the corpus's blocks that are not silence, in ascending order, and say where each begins."""
    whole = len(corpus) // BLOCK
    keys, starts = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for first in range(0, whole, _AT_ONCE):
        blocks = np.asarray(corpus[first * BLOCK : min(first + _AT_ONCE, whole) * BLOCK]).reshape(-1, BLOCK)
        heard = np.ptp(code_values[blocks], axis=1) > _QUIET_RANGE
        keys.append(_keys(blocks[heard]))
        starts.append((first + np.flatnonzero(heard)) * BLOCK)
    together, places = np.concatenate(keys), np.concatenate(starts)
    order = np.argsort(together, kind="stable")
    return together[order], places[order]


def _shared_windows(said: Bytes, keys: Keys) -> Iterator[tuple[int, np.uint64]]:
    """Yield where the take has a window whose hash the corpus has too, in the take's order."""
    if not len(keys):
        return
    for first in range(0, max(0, len(said) - BLOCK + 1), _AT_ONCE):
        windows = sliding_window_view(np.asarray(said[first : first + _AT_ONCE + BLOCK - 1]), BLOCK)
        found = _keys(windows)
        place = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
        for at in np.flatnonzero(keys[place] == found).tolist():
            yield first + at, found[at]


def _extent(said: Bytes, corpus: Bytes, at: int, start: int) -> tuple[int, int]:
    """Count equal bytes before and from a place in the take and one in the corpus."""
    after = _equal(lambda done: (said[at + done :][:_STEP], corpus[start + done :][:_STEP]))
    before = _equal(
        lambda done: (
            said[max(0, at - done - _STEP) : at - done][::-1],
            corpus[max(0, start - done - _STEP) : start - done][::-1],
        )
    )
    return before, after


def _equal(pair: Callable[[int], tuple[Bytes, Bytes]]) -> int:
    done = 0
    while True:
        one, other = pair(done)
        length = min(len(one), len(other))
        differing = np.flatnonzero(one[:length] != other[:length])
        if len(differing):
            return done + int(differing[0])
        done += length
        if length < _STEP:
            return done
