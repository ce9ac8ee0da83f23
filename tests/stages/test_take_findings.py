from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.audio.measures.record import VoiceMeasures
from pipeline.errors import ProductionError
from pipeline.film.timeline.timeline import Caption, SoundClip, Timeline
from pipeline.learning.sampling.take import TakeFacts
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import Silence
from pipeline.stages import storyboard
from pipeline.stages.shared.take_findings import heard_voice, recording_voice
from pipeline.stages.shared.workplace import Workplace
from tests.stages import made_up

STORY = {"takes": 4, "seconds": 20, "emphasis": 1.0}


def voice(pitch_hz: float | None) -> VoiceMeasures:
    return VoiceMeasures(
        seconds=5.0, level_db=-20.0, silence_share=0.0, voiced_share=0.9 if pitch_hz else 0.0, pitch_hz=pitch_hz
    )


def tell(
    root: Path, facts: dict[int, TakeFacts], story: dict[str, object] | None = None, folder: Path | None = None
) -> Timeline:
    """A film of made-up takes, of which those of section 1 were measured as is said."""
    store, results = made_up.results(root, take_seconds=5.1)
    takes = tuple(
        made_up.take(store, 0, i, seconds=5.1, facts=facts.get(i, TakeFacts(voice=voice(None))))
        for i in made_up.ITERATIONS
    )
    production = made_up.production(storyboard_1={**STORY, **(story or {})})
    if folder is not None:
        production._folder = folder
    results = replace(results, takes=(takes, results.takes[1]))
    place = Workplace(store=store, output=root / "out", report=Silence())
    timeline = storyboard.run(production, results, place).timeline
    assert timeline is not None
    return timeline.record


def sounds(timeline: Timeline) -> dict[int, SoundClip]:
    return {sound.iteration: sound for sound in timeline.scenes()[0].sounds if sound.iteration is not None}


def said(timeline: Timeline, iteration: int) -> list[Caption]:
    take = sounds(timeline)[iteration]
    return [c for c in timeline.captions if take.start_frame <= c.in_frame < take.end_frame]


def plain(captions: list[Caption]) -> list[str]:
    return [caption.text.replace("\u00a0", " ") for caption in captions]


def test_the_first_pitch_is_told_at_the_end_of_its_take_with_that_of_the_recording(tmp_path: Path) -> None:
    timeline = tell(tmp_path, {20: TakeFacts(voice=voice(118.2)), 80: TakeFacts(voice=voice(119.0))})
    captions = said(timeline, 20)
    assert plain(captions)[1] == "First sound with a pitch: 118 Hz (the recording: 220 Hz)"
    assert captions[1].out_frame == sounds(timeline)[20].end_frame
    assert captions[1].out_frame - captions[1].in_frame >= 2.8 * 30  # 57 letters, 20 a second
    assert len(said(timeline, 5)) == len(said(timeline, 80)) == 1


def test_the_timeline_keeps_what_was_measured_and_found(tmp_path: Path) -> None:
    timeline = tell(tmp_path, {20: TakeFacts(voice=voice(118.2))})
    assert Timeline.model_validate_json(timeline.model_dump_json()) == timeline
    scene = timeline.scenes()[0]
    assert scene.recording_voice is not None
    assert scene.recording_voice.pitch_hz == pytest.approx(220, abs=0.2)
    assert sounds(timeline)[20].voice == voice(118.2)
    assert [take.finding and take.finding.kind for take in sounds(timeline).values()] == [None, None, "pitch", None]


def test_a_copy_is_told_while_it_is_heard(tmp_path: Path) -> None:
    rate = made_up.RATE_HZ
    facts = TakeFacts(
        voice=voice(None), copied_samples=rate, copied_from_sample=3 * rate, copied_at_sample=round(0.9 * rate)
    )
    timeline = tell(tmp_path, {80: facts})
    captions = said(timeline, 80)
    assert plain(captions)[1] == "This is copied from 0:03 of the recording, for 1.0 s"
    assert captions[1].in_frame - sounds(timeline)[80].start_frame == pytest.approx(27, abs=1)
    assert captions[0].text == captions[2].text  # what the take says of itself comes back


def test_what_is_copied_but_not_heard_is_not_told(tmp_path: Path) -> None:
    rate = made_up.RATE_HZ
    facts = TakeFacts(voice=voice(None), copied_samples=rate, copied_at_sample=round(4.6 * rate))
    timeline = tell(tmp_path, {80: facts})
    assert len(said(timeline, 80)) == 1


def test_records_of_takes_that_were_never_measured_tell_nothing(tmp_path: Path) -> None:
    timeline = tell(tmp_path, {i: TakeFacts(copied_samples=40_000) for i in made_up.ITERATIONS})
    assert timeline.scenes()[0].recording_voice is None
    assert all(len(said(timeline, i)) == 1 for i in sounds(timeline))


def test_what_a_person_wrote_for_a_take_stays_and_the_fact_waits(tmp_path: Path) -> None:
    pitched = TakeFacts(voice=voice(118.0))
    takes = [{"iteration": 0}, {"iteration": 20, "caption": "Mine"}, {"iteration": 80}]
    timeline = tell(tmp_path, {20: pitched, 80: pitched}, {"take": takes})
    assert plain(said(timeline, 20)) == ["Mine"]
    assert plain(said(timeline, 80))[1] == "It has a pitch: 118 Hz (the recording: 220 Hz)"


def test_an_empty_template_of_ones_own_tells_nothing(tmp_path: Path) -> None:
    own = tmp_path / "templates" / "captions"
    own.mkdir(parents=True)
    (own / "finding.txt").write_text("")
    timeline = tell(tmp_path, {20: TakeFacts(voice=voice(118.0))}, folder=tmp_path)
    assert len(said(timeline, 20)) == 1
    assert sounds(timeline)[20].finding is None


def test_ones_own_captions_and_conditions_name_the_measures(tmp_path: Path) -> None:
    rule = {"text": "{{ pitch_hz|decimals(1) }} of {{ recording_pitch_hz|decimals(0) }}", "pitch_within": 0.1}
    facts = {5: TakeFacts(voice=voice(118.0)), 80: TakeFacts(voice=voice(210.04))}
    assert "210.0 of 220" in plain(said(tell(tmp_path, facts, {"caption": [rule]}), 80))


def test_conditions_on_what_is_heard_are_none_on_the_playhead() -> None:
    for rule in ({"pitch_within": 0.1, "on": "playhead"}, {"voiced_above": 0.1, "on": "playhead"}, {}):
        with pytest.raises(ProductionError, match=r"playhead|needs a condition"):
            _with_rule({"text": "x", **rule})


def _with_rule(rule: dict[str, object]) -> Production:
    return made_up.production(storyboard_1={"caption": [rule]})


def test_only_the_beginning_of_a_take_is_measured_where_only_that_is_heard(tmp_path: Path) -> None:
    store, results = made_up.results(tmp_path)
    whole = VoiceMeasures(seconds=3.0, level_db=-1.0, silence_share=0.0)
    take = made_up.take(store, 0, 80, facts=TakeFacts(voice=whole))
    assert heard_voice(take, 3.1) == whole
    begun = heard_voice(take, 1.0)
    assert begun is not None
    assert (begun.seconds, begun.pitch_hz) == (1.0, pytest.approx(220, abs=0.5))
    assert heard_voice(results.takes[0][0], 1.0) is None
    assert recording_voice(results.corpora[0]).voiced_share > 0.9


def test_the_first_noise_of_a_section_is_warned_of_once(tmp_path: Path) -> None:
    loud = TakeFacts(voice=voice(None), noise=True)
    timeline = tell(tmp_path, {0: loud, 5: loud})
    assert plain(said(timeline, 0)) == ["Before any training: plain noise, played softer than the voice"]
    assert plain(said(timeline, 5))[0].startswith("After 5 iterations: 7.36")
    later = tell(tmp_path / "later", {5: loud})
    assert plain(said(later, 0)) == ["Before any training: it has heard nothing yet"]
    assert plain(said(later, 5)) == ["After 5 iterations: plain noise, played softer than the voice"]
