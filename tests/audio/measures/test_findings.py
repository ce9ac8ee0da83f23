from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio.measures.findings import MeasuredTake, findings_of, pitch_off
from pipeline.audio.measures.record import Finding, VoiceMeasures


def measures(
    *, pitch_hz: float | None = None, voiced: float = 0.0, pauses: float = 0.0, vowels: float = 0.0
) -> VoiceMeasures:
    """Four seconds: with a pitch, pauses of 0.2 s, vowels, or without."""
    return VoiceMeasures(
        seconds=4.0,
        level_db=-20.0,
        silence_share=pauses,
        pauses=round(pauses * 20),
        pause_share=pauses,
        pause_s=0.2 if pauses else 0.0,
        voiced_share=voiced or (0.5 if pitch_hz else 0.0),
        pitch_hz=pitch_hz,
        vowel_share=vowels,
        formant_1_hz=500.0 if vowels else None,
    )


RECORDING = measures(pitch_hz=120.0, voiced=0.8, pauses=0.2, vowels=0.6)
NOISE = measures()


def told(*takes: MeasuredTake | VoiceMeasures, recording: VoiceMeasures = RECORDING) -> list[str | None]:
    kept = [take if isinstance(take, MeasuredTake) else MeasuredTake(take) for take in takes]
    return [fact and fact.kind for fact in findings_of(recording, kept)]


def test_the_first_pitch_is_told_once_with_both_numbers() -> None:
    found = findings_of(RECORDING, [MeasuredTake(one) for one in (NOISE, measures(pitch_hz=118.0), RECORDING)])
    assert found[:2] == [None, Finding(kind="pitch", value=118.0, recording_value=120.0)]
    assert [fact.kind for fact in found[2:] if fact] == ["pauses"]


def test_a_moment_of_pitch_is_no_fact() -> None:
    assert told(measures(pitch_hz=118.0, voiced=0.05)) == [None]


def test_nothing_is_told_of_what_has_learned_nothing_or_was_never_measured() -> None:
    assert told(MeasuredTake(RECORDING, is_trained=False), MeasuredTake(None)) == [None, None]


def test_a_pitch_that_finds_the_recordings_own_is_told() -> None:
    assert told(measures(pitch_hz=200.0), measures(pitch_hz=160.0), measures(pitch_hz=121.0)) == [
        "pitch",
        None,
        "same_pitch",
    ]
    assert told(measures(pitch_hz=118.0), measures(pitch_hz=120.0)) == ["pitch", None]  # it was there at once


@pytest.mark.parametrize(("pauses", "is_fact"), [(0.0, False), (0.05, False), (0.15, True), (0.2, True), (0.5, False)])
def test_pauses_are_found_where_they_are_like_the_recordings(pauses: float, is_fact: bool) -> None:  # noqa: FBT001
    assert told(measures(pauses=pauses)) == ["pauses" if is_fact else None]


def test_what_is_new_at_once_is_told_one_after_the_other() -> None:
    found = findings_of(RECORDING, [MeasuredTake(RECORDING)] * 4)
    assert [fact and (fact.kind, fact.is_first) for fact in found] == [
        ("pitch", True),
        ("pauses", False),
        ("vowel", False),
        None,
    ]


def test_what_is_copied_comes_first_and_again_only_when_it_is_twice_as_long() -> None:
    takes = [MeasuredTake(RECORDING, copied_s=seconds, copied_from_s=31.0) for seconds in (0.5, 1.0, 1.9, 2.0, 3.0)]
    assert told(*takes) == ["pitch", "copied", "pauses", "copied", "vowel"]
    assert findings_of(RECORDING, takes)[1] == Finding(kind="copied", value=1.0, recording_value=31.0)


def test_a_recording_without_pitch_pauses_and_vowels_has_nothing_to_find() -> None:
    assert told(RECORDING, RECORDING, recording=NOISE) == [None, None]


def test_pitches_are_compared_where_there_are_two() -> None:
    assert pitch_off(measures(pitch_hz=132.0), RECORDING) == pytest.approx(0.1)
    assert pitch_off(NOISE, RECORDING) is None


some = st.builds(
    measures,
    pitch_hz=st.none() | st.floats(60.0, 600.0),
    pauses=st.floats(0.0, 1.0),
    vowels=st.floats(0.0, 1.0),
)


@given(some, st.lists(st.builds(MeasuredTake, some, st.booleans(), st.floats(0.0, 9.0), st.floats(0.0, 60.0))))
def test_no_kind_but_copies_is_told_twice_and_what_is_told_doesnt_depend_on_what_comes(
    recording: VoiceMeasures, takes: list[MeasuredTake]
) -> None:
    found = findings_of(recording, takes)
    kinds = [fact.kind for fact in found if fact and fact.kind != "copied"]
    assert len(found) == len(takes)
    assert len(kinds) == len(set(kinds))
    half = len(takes) // 2
    assert findings_of(recording, takes[:half]) == found[:half]
