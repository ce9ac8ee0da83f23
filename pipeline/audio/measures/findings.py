"""What is worth telling of a section's takes: facts that are clear and new, at most one a take.

Pure rules: measures in, kinds and numbers out. The words are a template's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.audio.measures.record import Finding, FindingKind, VoiceMeasures

_LEAST_S: Final = 0.3
"""A shorter stretch with a pitch may be chance."""
_LEAST_SHARE: Final = 0.1
_PITCH_OFF: Final = 0.15
_PITCH_FOUND: Final = 0.05
_LEAST_PAUSES: Final = 2
_LEAST_PAUSE_SHARE: Final = 0.04
_WITHIN: Final = 2.0
_MOST_SILENCE: Final = 0.6
_LEAST_VOWEL_S: Final = 0.2
_COPIED_S: Final = 0.75
_COPIED_AGAIN: Final = 2.0


@dataclass(frozen=True)
class MeasuredTake:
    """What is known of a take.

    Parameters
    ----------
    measures
        None where it was never measured: it has no finding then.
    is_trained
        Whether its checkpoint has learned anything: one that has not has no finding.
    copied_s, copied_from_s
        Its longest stretch that stands in the recording too, and where that begins, in seconds.
    """

    measures: VoiceMeasures | None
    is_trained: bool = True
    copied_s: float = 0.0
    copied_from_s: float = 0.0


def _always(_take: int, _finding: Finding) -> bool:
    return True


def findings_of(
    recording: VoiceMeasures,
    takes: Sequence[MeasuredTake],
    has_room: Callable[[int, Finding], bool] = _always,
) -> list[Finding | None]:
    """Find the fact to caption of each take of a section, in the order in which they are heard.

    Where several are new at once, the rarest is taken: what is copied, then pitch, pauses, vowels. What was not taken
    and is still true belongs to the next take.

    Parameters
    ----------
    has_room
        Whether there is time for a caption with a take, counted from 0.
    """
    earlier: list[Finding] = []
    seen: set[FindingKind] = set()
    found: list[Finding | None] = []
    for number, take in enumerate(takes):
        new = [
            fact.model_copy(update={"is_first": fact.kind not in seen}) for fact in _new_facts(recording, take, earlier)
        ]
        seen |= {fact.kind for fact in new}
        fact = next((fact for fact in new if has_room(number, fact)), None)
        found.append(fact)
        earlier += [fact] if fact else []
    return found


def has_pitch(measures: VoiceMeasures, recording: VoiceMeasures) -> bool:
    """Whether a pitch is clearly there, where the recording has one."""
    return (
        recording.pitch_hz is not None
        and measures.pitch_hz is not None
        and min(measures.voiced_share, recording.voiced_share) >= _LEAST_SHARE
        and measures.voiced_s >= _LEAST_S
    )


def pitch_off(measures: VoiceMeasures, recording: VoiceMeasures) -> float | None:
    """How far the median pitch is from the recording's, as a share of it; None where one of them has none."""
    if measures.pitch_hz is None or recording.pitch_hz is None:
        return None
    return abs(measures.pitch_hz / recording.pitch_hz - 1.0)


def has_pauses(measures: VoiceMeasures, recording: VoiceMeasures) -> bool:
    """Whether a sound pauses like the recording: at most twice or half as much, and as long."""
    return (
        min(measures.pauses, recording.pauses) >= _LEAST_PAUSES
        and recording.pause_share >= _LEAST_PAUSE_SHARE
        and measures.silence_share <= max(_MOST_SILENCE, recording.silence_share)
        and _is_within(measures.pause_share, recording.pause_share)
        and _is_within(measures.pause_s, recording.pause_s)
    )


def has_vowels(measures: VoiceMeasures, recording: VoiceMeasures) -> bool:
    """Whether some of it is clearly like a vowel, where the recording has vowels."""
    return (
        measures.formant_1_hz is not None
        and recording.formant_1_hz is not None
        and min(measures.vowel_share, recording.vowel_share) >= _LEAST_SHARE
        and measures.vowel_s >= _LEAST_VOWEL_S
    )


def _new_facts(recording: VoiceMeasures, take: MeasuredTake, earlier: Sequence[Finding]) -> Iterator[Finding]:
    if take.measures is None or not take.is_trained:
        return
    copied = max((fact.value for fact in earlier if fact.kind == "copied"), default=0.0)
    if take.copied_s >= max(_COPIED_S, _COPIED_AGAIN * copied):
        yield Finding(kind="copied", value=take.copied_s, recording_value=take.copied_from_s)
    gone = {fact.kind for fact in earlier}
    for kind, rule in _RULES.items():
        fact = rule(take.measures, recording, earlier) if kind not in gone else None
        if fact is not None:
            yield fact


def _pitch(own: VoiceMeasures, recording: VoiceMeasures, _earlier: Sequence[Finding]) -> Finding | None:
    if not has_pitch(own, recording) or own.pitch_hz is None or recording.pitch_hz is None:
        return None
    return Finding(kind="pitch", value=own.pitch_hz, recording_value=recording.pitch_hz)


def _same_pitch(own: VoiceMeasures, recording: VoiceMeasures, earlier: Sequence[Finding]) -> Finding | None:
    first = next((fact for fact in earlier if fact.kind == "pitch"), None)
    if first is None or abs(first.value / first.recording_value - 1.0) < _PITCH_OFF:
        return None
    off, fact = pitch_off(own, recording), _pitch(own, recording, earlier)
    return None if off is None or off > _PITCH_FOUND or fact is None else fact.model_copy(update={"kind": "same_pitch"})


def _pauses(own: VoiceMeasures, recording: VoiceMeasures, _earlier: Sequence[Finding]) -> Finding | None:
    if not has_pauses(own, recording):
        return None
    return Finding(kind="pauses", value=own.pause_s, recording_value=recording.pause_s)


def _vowel(own: VoiceMeasures, recording: VoiceMeasures, _earlier: Sequence[Finding]) -> Finding | None:
    if not has_vowels(own, recording) or own.formant_1_hz is None or recording.formant_1_hz is None:
        return None
    return Finding(kind="vowel", value=own.formant_1_hz, recording_value=recording.formant_1_hz)


def _is_within(value: float, wanted: float) -> bool:
    return wanted / _WITHIN <= value <= wanted * _WITHIN


_RULES: Final[dict[FindingKind, Callable[[VoiceMeasures, VoiceMeasures, Sequence[Finding]], Finding | None]]] = {
    "pitch": _pitch,
    "same_pitch": _same_pitch,
    "pauses": _pauses,
    "vowel": _vowel,
}
