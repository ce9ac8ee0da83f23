"""Captions: when conditions fire, and who stands where when several want the same moment.

What a person wrote for a take comes first there, then what conditions fired, in the order of the production file; what
every take says of itself fills the rest. Nothing is shown for less than it takes to read it: captions that meet wait
for each other, and what finds no room in its scene is returned. This module is pure: frames in, frames out. It does not
know words' meaning, networks or files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pipeline.audio.measures.findings import pitch_off
from pipeline.audio.measures.record import VoiceMeasures
from pipeline.film.planning.plan import CheckpointPoint
from pipeline.film.planning.storyboard_settings import SHORTEST_CAPTION_S, CaptionRule
from pipeline.film.timeline.timeline import Caption, SoundClip
from pipeline.runtime.wording.units import BITS_PER_BYTE, NATS_PER_BIT, LossUnit

LONGEST_READING_S: Final = 3.0
"""However long its text is, a caption gives way to one that waits after so long."""
LETTERS_PER_S: Final = 20.0
"""How fast adults read subtitles comfortably (Netflix, Timed Text Style Guide: English, adult programmes)."""


@dataclass(frozen=True)
class CaptionWish:
    """A caption that wants its time.

    Parameters
    ----------
    text
        Its words.
    at_frame
        When it is due.
    frames
        How long it is wanted.
    until_frame
        When it is no longer true: it is shown no longer than that, unless nobody could have read it by then.
    least_frames
        For how long it is shown at least.
    is_for_take
        A person wrote it for the take that is heard: it comes before what conditions fire, and has no place elsewhere.
    section
        Counted from 0.
    """

    text: str
    at_frame: int
    frames: int
    until_frame: int
    least_frames: int
    is_for_take: bool = False
    section: int | None = None


def reading_s(text: str) -> float:
    """How long it takes to read a caption, in seconds."""
    return min(max(len(text) / LETTERS_PER_S, SHORTEST_CAPTION_S), LONGEST_READING_S)


def first_take(
    rule: CaptionRule,
    takes: Sequence[SoundClip],
    recording: VoiceMeasures | None = None,
    unit: LossUnit = BITS_PER_BYTE,
) -> SoundClip | None:
    """Return the first take of which all conditions hold; None where there is none.

    A run without sounds has silences in place of takes.

    Parameters
    ----------
    unit
        How the section's losses are shown.
    recording
        What was measured on the recording; without it, no pitch is near its own.
    """
    heard = (take for take in takes if take.iteration is not None)
    return next((take for take in heard if _holds(rule, take, recording, unit)), None)


def _holds(rule: CaptionRule, take: SoundClip, recording: VoiceMeasures | None, unit: LossUnit) -> bool:
    loss = math.inf if take.judged_by is None else take.judged_by
    is_good = _is_good(rule, loss, unit)
    return is_good and (take.iteration or 0) >= (rule.iteration or 0) and _sounds(rule, take.voice, recording)


def _is_good(rule: CaptionRule, loss: float, unit: LossUnit) -> bool:
    """Whether a loss, as it is stored, meets the conditions on it; losses that are no bits are below no bits."""
    in_bits = unit.factor == BITS_PER_BYTE.factor
    below_bits = rule.below_bits is None or (in_bits and loss < rule.below_bits * NATS_PER_BIT)
    return below_bits and (
        rule.below_loss is None or loss < (rule.below_loss * NATS_PER_BIT if in_bits else rule.below_loss)
    )


def _sounds(rule: CaptionRule, voice: VoiceMeasures | None, recording: VoiceMeasures | None) -> bool:
    """Whether a take's measures meet the conditions on them; what was never measured meets none."""
    is_voiced = rule.voiced_above is None or (voice is not None and voice.voiced_share > rule.voiced_above)
    if rule.pitch_within is None:
        return is_voiced
    off = None if voice is None or recording is None else pitch_off(voice, recording)
    return is_voiced and off is not None and off <= rule.pitch_within


def first_reached(
    rule: CaptionRule,
    checkpoints: Sequence[CheckpointPoint],
    unit: LossUnit = BITS_PER_BYTE,
    meets: Callable[[CheckpointPoint], bool] = lambda _: True,
) -> tuple[CheckpointPoint, int] | None:
    """Return where in training all conditions hold first, whether or not anything is heard of it.

    Parameters
    ----------
    meets
        Whether a checkpoint meets the rule's conditions beside those on its loss and iteration.

    Returns
    -------
    tuple[CheckpointPoint, int] | None
        The last checkpoint up to there, whose loss counts until the next one, and the iteration.
    """
    wanted = rule.iteration or 0
    for point, following in pairwise([*checkpoints, None]):
        if point is None or (following is not None and following.iteration <= wanted):
            continue
        if _is_good(rule, point.loss, unit) and meets(point) and (following is not None or wanted <= point.iteration):
            return point, max(wanted, point.iteration)
    return None


def first_frame_at(iteration: int, frames: range, position: Callable[[range], Sequence[float]]) -> int | None:
    """Return the first frame at which the playhead has reached an iteration; None where it never does."""
    places = position(frames)
    return next((frame for frame, place in zip(frames, places, strict=True) if place >= iteration - 1e-9), None)


def place_captions(
    usual: Iterable[Caption], wishes: Sequence[CaptionWish], end_frame: int, shortest_frames: int
) -> tuple[tuple[Caption, ...], tuple[CaptionWish, ...]]:
    """Place the captions of one scene, none over another.

    Parameters
    ----------
    usual
        The takes' own captions, shown where there is no other, in order.
    wishes
        What comes before that.
    end_frame
        Where the scene ends.
    shortest_frames
        Pieces of usual captions that are shorter are left out.

    Returns
    -------
    tuple[tuple[Caption, ...], tuple[CaptionWish, ...]]
        The captions in order, and the wishes that found no room.
    """
    queue = sorted((w for w in wishes if w.text.strip()), key=lambda wish: (wish.at_frame, not wish.is_for_take))
    front, lost = _in_turn(queue, end_frame)
    dropped: list[CaptionWish] = []
    for own in [wish for wish in lost if wish.is_for_take]:
        way = next(
            (w for w in _in_the_way(queue, own) if not _is_lost(own, [q for q in queue if q is not w], end_frame)), None
        )
        if way is not None:
            queue = [wish for wish in queue if wish is not way]
            dropped.append(way)
    if dropped:
        front, lost = _in_turn(queue, end_frame)
    pieces = [piece for caption in usual if caption.text.strip() for piece in _around(caption, front)]
    long_enough = [piece for piece in pieces if piece.out_frame - piece.in_frame >= shortest_frames]
    placed = sorted([*front, *long_enough], key=lambda caption: caption.in_frame)
    return tuple(_joined(placed)), (*dropped, *lost)


def _in_turn(queue: Sequence[CaptionWish], end_frame: int) -> tuple[list[Caption], list[CaptionWish]]:
    """Give every caption its time, one after the other."""
    front: list[Caption] = []
    lost: list[CaptionWish] = []
    free = 0
    for number, wish in enumerate(queue):
        start = max(wish.at_frame, free)
        is_over = wish.is_for_take and start >= wish.until_frame
        if is_over or start + wish.least_frames > end_frame:
            lost.append(wish)
            continue
        later = queue[number + 1 :]
        waiting = [other for other in later if other.at_frame <= start]
        due = next((other.at_frame for other in later if other.at_frame > start), end_frame)
        free = min(start + _share(wish, start, waiting), max(start + wish.least_frames, due), end_frame)
        front.append(Caption(text=wish.text, in_frame=start, out_frame=free, section=wish.section))
    return front, lost


def _share(wish: CaptionWish, start: int, waiting: Sequence[CaptionWish]) -> int:
    """How long a caption is shown that begins at a frame while others wait for the same take."""
    room = max(0, wish.until_frame - start)
    share, others = min(wish.frames, room), sum(other.frames for other in waiting)
    if waiting and wish.is_for_take:
        share = min(share, max(room // (1 + len(waiting)), room - others))
    elif waiting and wish.frames + others > room:
        share = min(share, room * wish.frames // (wish.frames + others))
    return max(wish.least_frames, share)


_FARTHEST: Final = 3
"""So many captions before one are looked at for the one in its way."""


def _in_the_way(queue: Sequence[CaptionWish], own: CaptionWish) -> list[CaptionWish]:
    before = [wish for wish in queue[: next(n for n, w in enumerate(queue) if w is own)] if not wish.is_for_take]
    return before[: -_FARTHEST - 1 : -1]


def _is_lost(own: CaptionWish, queue: Sequence[CaptionWish], end_frame: int) -> bool:
    return any(wish is own for wish in _in_turn(queue, end_frame)[1])


def _around(caption: Caption, front: Sequence[Caption]) -> Iterable[Caption]:
    at = caption.in_frame
    for other in front:
        if other.in_frame < caption.out_frame and other.out_frame > at:
            if other.in_frame > at:
                yield caption.model_copy(update={"in_frame": at, "out_frame": other.in_frame})
            at = other.out_frame
    if at < caption.out_frame:
        yield caption.model_copy(update={"in_frame": at})


def place_beside(
    placed: Sequence[Caption], wish: CaptionWish, take: SoundClip, shortest_frames: int
) -> tuple[Caption, ...] | None:
    """Place one more caption within what a take says of itself.

    What the take says of itself stays before and after it.

    Parameters
    ----------
    placed
        The scene's captions, in order.
    shortest_frames
        Pieces of what the take says of itself that would be shorter are left out.

    Returns
    -------
    tuple[Caption, ...] | None
        All of them, in order; None where there is no room for it to be read.
    """
    rooms = [
        (min(caption.out_frame, take.end_frame) - max(caption.in_frame, take.start_frame), number)
        for number, caption in enumerate(placed)
        if (caption.text, caption.section) == (take.caption, wish.section)
    ]
    frames, number = max(rooms, default=(0, 0))
    if frames < wish.least_frames or not wish.text.strip():
        return None
    room = placed[number]
    first, last = max(room.in_frame, take.start_frame), min(room.out_frame, take.end_frame)
    begin = min(max(wish.at_frame, first), last - wish.least_frames)
    end = min(begin + wish.frames, last)
    begin = first if begin - first < shortest_frames else begin
    end = last if last - end < shortest_frames else end
    before, after = (room.in_frame, begin), (end, room.out_frame)
    kept = [room.model_copy(update={"in_frame": a, "out_frame": b}) for a, b in (before, after) if a < b]
    beside = Caption(text=wish.text, in_frame=begin, out_frame=end, section=wish.section)
    among = sorted([*kept, beside], key=lambda caption: caption.in_frame)
    return (*placed[:number], *among, *placed[number + 1 :])


def _joined(captions: Iterable[Caption]) -> Iterable[Caption]:
    """Join pieces of one caption that touch, so that it doesn't fade out and in again."""
    last: Caption | None = None
    for caption in captions:
        if last is not None and (last.text, last.section, last.out_frame) == (
            caption.text,
            caption.section,
            caption.in_frame,
        ):
            last = last.model_copy(update={"out_frame": caption.out_frame})
            continue
        if last is not None:
            yield last
        last = caption
    if last is not None:
        yield last
