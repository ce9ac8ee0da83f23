"""A phrase's pitch from moment to moment: notes joined by portamento, with attack, vibrato and release.

Steps from note to note go through a damped system of second order with a slight overshoot, as sung pitch does; half of
the way is made at the note's beginning. Source: T. Saitou, M. Unoki, M. Akagi, "Development of an F0 control model
based on F0 dynamic characteristics for singing-voice synthesis", Speech Communication 46, 2005.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.song.notes.tune import Note
from pipeline.song.singing.style import SingingStyle

Doubles = npt.NDArray[np.float64]

LEGATO_S: Final = 0.08
"""Notes no further apart are joined."""
_DAMPING: Final = 0.75
_RISE: Final = 2.29
"""From a tenth to nine tenths of a step, in units of the system's time, at this damping."""
_HALF: Final = 1.437
"""Half of the step, likewise."""
_MOST_OF_NOTE: Final = 0.35
"""Of the shorter of two notes, for the way between them."""
_ATTACK_S: Final = 0.05
_RELEASE_S: Final = 0.07
_VIBRATO_AFTER_S: Final = 0.28
_VIBRATO_GROWS_S: Final = 0.3
_VIBRATO_FIRST: Final = 0.6
"""Of its depth, once it is there; it widens on."""
_VIBRATO_ENDS_S: Final = 0.06
_SHORTEST_VIBRATO_S: Final = 0.5
_JITTER_CENTS: Final = 2.5
_JITTER_HZ: Final = 9.0
_BEND_SMOOTH_S: Final = 0.012


def pitch_curve(notes: Sequence[Note], times_s: Doubles, style: SingingStyle) -> Doubles:
    """The pitch at some times, as MIDI numbers with fractions, shape = (times,).

    Parameters
    ----------
    notes
        One at a time, in order; at least one.
    times_s
        Ascending, from the tune's beginning.
    """
    curve = np.full(len(times_s), float(notes[0].key))
    for stretch in _joined(notes):
        begin = stretch[0].start_s - _ATTACK_S
        part = times_s >= begin
        curve[part] = _stretch(stretch, times_s[part], style)
    for note in notes:
        _add_vibrato(curve, note, times_s, style)
        _add_bend(curve, note, times_s)
    return curve + style.transpose + _jitter(times_s, style)


def _joined(notes: Sequence[Note]) -> list[list[Note]]:
    stretches: list[list[Note]] = []
    for note in notes:
        if stretches and note.start_s - stretches[-1][-1].end_s <= LEGATO_S:
            stretches[-1].append(note)
        else:
            stretches.append([note])
    return stretches


def _stretch(notes: Sequence[Note], times_s: Doubles, style: SingingStyle) -> Doubles:
    """Notes without a rest between them."""
    first, last = notes[0], notes[-1]
    curve = np.full(len(times_s), float(first.key))
    if first.glide:
        curve += _glide(first, times_s, 0.0)
    else:
        far = np.clip((times_s - first.start_s) / _ATTACK_S, -1.0, 1.0)
        curve -= style.attack_cents / 100 * np.square((1 - far) / 2)
    for before, note in pairwise(notes):
        step = note.key - before.key
        if note.glide:
            curve += step + _glide(note, times_s, step)
        else:
            rise = min(style.portamento_s, _MOST_OF_NOTE * min(before.seconds, note.seconds))
            curve += step * _response((times_s - note.start_s) / max(rise, 1e-3))
    ending = np.clip((times_s - (last.end_s - _RELEASE_S)) / _RELEASE_S, 0.0, 1.5)
    return curve - style.release_cents / 100 * np.square(ending)


def _response(time: Doubles) -> Doubles:
    """The way from 0 to 1, half of it made at 0; `time` in units of the rise from a tenth to nine tenths."""
    since = np.maximum(0.0, _RISE * time + _HALF)
    swing = np.sqrt(1 - _DAMPING**2)
    return np.asarray(
        1 - np.exp(-_DAMPING * since) * (np.cos(swing * since) + _DAMPING / swing * np.sin(swing * since))
    )


def _glide(note: Note, times_s: Doubles, step: float) -> Doubles:
    """A note's own way to its pitch, from the one before it: relative to its key, in semitones."""
    at = np.array([point[0] for point in note.glide]) + note.start_s
    cents = np.array([point[1] for point in note.glide]) / 100
    if step:
        cents[0] = -step
    place = np.interp(times_s, at, np.arange(len(at)))
    left = np.minimum(place.astype(int), max(0, len(at) - 2))
    share = 0.5 - 0.5 * np.cos(np.pi * (place - left))  # each way begins and ends level
    right = np.minimum(left + 1, len(at) - 1)
    way = cents[left] + (cents[right] - cents[left]) * share
    return np.asarray(np.where(times_s < at[0], -step if step else cents[0], way))


def _add_vibrato(curve: Doubles, note: Note, times_s: Doubles, style: SingingStyle) -> None:
    own = note.vibrato
    depth, period_s = (own.depth_cents, own.period_s) if own else (style.vibrato_cents, 1 / style.vibrato_hz)
    begin = note.end_s - own.share * note.seconds if own else note.start_s + _VIBRATO_AFTER_S
    if not depth or (own is None and note.seconds < _SHORTEST_VIBRATO_S):
        return
    since = times_s - begin
    grown = np.clip(since / min(_VIBRATO_GROWS_S, max(0.05, (note.end_s - begin) / 2)), 0.0, 1.0)
    left = np.clip((note.end_s - times_s) / _VIBRATO_ENDS_S, 0.0, 1.0)
    widens = 1.0 if own else np.clip(_VIBRATO_FIRST + (1 - _VIBRATO_FIRST) * since / _widening_s(note, begin), 0.0, 1.0)
    deep = depth / 100 * widens * _soft(grown) * _soft(left)
    curve += deep * np.sin(2 * np.pi * since / period_s)


def _widening_s(note: Note, begin_s: float) -> float:
    """How long a vibrato goes on widening: through half of what has it."""
    return max(0.05, (note.end_s - begin_s) / 2)


def _add_bend(curve: Doubles, note: Note, times_s: Doubles) -> None:
    if not note.bend:
        return
    inside = (times_s >= note.start_s) & (times_s < note.end_s)
    at = np.array([point[0] for point in note.bend]) + note.start_s
    cents = np.array([point[1] for point in note.bend])
    steps = np.diff(cents, prepend=0.0)
    for time, step in zip(at, steps, strict=True):
        curve[inside] += step / 100 * _soft(np.clip((times_s[inside] - time) / _BEND_SMOOTH_S + 0.5, 0.0, 1.0))


def _soft(share: Doubles) -> Doubles:
    return np.asarray(share * share * (3 - 2 * share))


def _jitter(times_s: Doubles, style: SingingStyle) -> Doubles:
    """What no voice can hold still: slow noise, the same for the same seed and the same times."""
    rng = np.random.default_rng([style.seed, round(float(times_s[0]) * 1000) + (1 << 20)])
    count = int((times_s[-1] - times_s[0]) * _JITTER_HZ) + 3
    knots = rng.standard_normal(count) * _JITTER_CENTS / 100
    return np.asarray(np.interp((times_s - times_s[0]) * _JITTER_HZ, np.arange(count), knots))
