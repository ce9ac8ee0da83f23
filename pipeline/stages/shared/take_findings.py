"""What is measured on a section's takes: its measures, the facts for captions, and which take shows which.

This module joins what was measured with the words of a template and the time there is to read them. It does not know
how captions are placed beside those that a person wished for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from pipeline.audio.measures.findings import MeasuredTake, findings_of
from pipeline.audio.measures.record import Finding, VoiceMeasures
from pipeline.audio.measures.voice import LOWEST_RATE_HZ, measure
from pipeline.film.planning.storyboard_settings import SHORTEST_CAPTION_S
from pipeline.film.timeline.captions import CaptionWish, place_beside, reading_s
from pipeline.film.timeline.clock import Clock
from pipeline.film.timeline.timeline import Caption, SceneClip, SoundClip
from pipeline.learning.sampling.take import Take
from pipeline.runs.stored import RunSamples, RunSound
from pipeline.stages.shared.sections.sounds import Heard, HeardRecording, HeardTake, mono_samples_of

_MEASURED_S: Final = 60.0
_ALL: Final = 0.95
_LONGEST_SHOWN_S: Final = 4.0
_MOST_KNOWN: Final = 1000


def recording_voice(corpus: HeardRecording) -> VoiceMeasures | None:
    """Measure the first minute of what a network learned from; None of a run that has no recording."""
    return _measured(corpus, _MEASURED_S) if corpus.record.duration_s > 0 else None


def heard_voice(take: HeardTake, seconds: float) -> VoiceMeasures | None:
    """What was measured on a take, anew where only its beginning is heard; None where it never was."""
    record = take.record
    if record.facts.voice is None or seconds >= _ALL * record.duration_s:
        return record.facts.voice
    return _measured(take, seconds)


_known: dict[tuple[str, float], VoiceMeasures | None] = {}
"""What was measured, by the content of what is heard: a film is laid out again and again while it is looked at."""


def _measured(heard: Heard, seconds: float) -> VoiceMeasures | None:
    key = heard.content_hash, seconds
    if key not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = _measured_anew(heard, seconds)
    return _known[key]


def _measured_anew(heard: Heard, seconds: float) -> VoiceMeasures | None:
    rate_hz = heard.record.sample_rate_hz
    if rate_hz < LOWEST_RATE_HZ:
        return None
    samples = mono_samples_of(heard, 0, round(min(seconds, _MEASURED_S) * rate_hz))
    whole = samples[: len(samples)]
    return measure(np.clip(whole, -1.0, 1.0) if isinstance(heard.record, RunSamples) else whole, rate_hz)


def with_findings(
    scene: SceneClip,
    placed: Sequence[Caption],
    takes: Mapping[int, Take | RunSound],
    clock: Clock,
    words: Callable[[SoundClip, Finding], str],
) -> tuple[SceneClip, tuple[Caption, ...]]:
    """Tell what was found, within what takes say of themselves, where there is time to read it.

    Parameters
    ----------
    placed
        The scene's captions without findings, in order.
    takes
        By iteration.
    words
        Renders a finding's template for a take; nothing where it is not to be shown.
    """
    recording = scene.recording_voice
    if recording is None:
        return scene, tuple(placed)
    captions = tuple(placed)
    sounds = [sound for sound in scene.sounds if sound.kind == "take"]

    def captions_for(number: int, finding: Finding) -> tuple[Caption, ...] | None:
        sound = sounds[number]
        text = words(sound, finding)
        wish = _wish(sound, finding, text, take=takes[sound.iteration or 0], clock=clock, section=scene.section)
        return place_beside(captions, wish, sound, clock.frames_within(SHORTEST_CAPTION_S)) if text else None

    kept = [_measured_take(sound, takes[sound.iteration or 0], clock) for sound in sounds]
    findings = findings_of(recording, kept, lambda number, finding: captions_for(number, finding) is not None)
    for number, finding in enumerate(findings):
        captions = (captions_for(number, finding) if finding else None) or captions
    in_order = iter(findings)
    heard = tuple(
        sound.model_copy(update={"finding": next(in_order)}) if sound.kind == "take" else sound
        for sound in scene.sounds
    )
    return scene.model_copy(update={"sounds": heard}), captions


def _measured_take(sound: SoundClip, take: Take | RunSound, clock: Clock) -> MeasuredTake:
    """What is known of a take as far as it is heard."""
    facts, rate_hz = take.facts, take.sample_rate_hz
    heard_s = float(sound.frames / clock.frame_rate)
    copied_s = 0.0
    if facts.copied_at_sample is not None:
        copied_s = min(facts.copied_samples / rate_hz, max(0.0, heard_s - facts.copied_at_sample / rate_hz))
    return MeasuredTake(
        sound.voice,
        is_trained=take.iteration > 0,
        copied_s=round(copied_s, 3),
        copied_from_s=round(facts.copied_from_sample / rate_hz, 3),
    )


def _wish(
    sound: SoundClip, finding: Finding, text: str, *, take: Take | RunSound, clock: Clock, section: int
) -> CaptionWish:
    """A copy is captioned while it is heard; everything else towards the end of the take, when it was heard."""
    least = clock.frames_within(reading_s(text))
    wanted = max(least, min(sound.frames // 2, clock.frames_within(_LONGEST_SHOWN_S)))
    at = sound.end_frame - wanted
    if finding.kind == "copied":
        wanted = max(least, clock.frames_within(finding.value))
        at = sound.start_frame + clock.frames_within((take.facts.copied_at_sample or 0) / take.sample_rate_hz)
    return CaptionWish(text, at, wanted, sound.end_frame, least, section=section)
