"""From a film to its cuts: a cut is a production of its own, with the takes that were made for the film and no others.

This module joins what a cut is to show with what there is, and with where it is built. It makes nothing: the stages
after `sample` make a cut as they make the film.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.errors import InputError
from pipeline.film.planning.cut_settings import CutSettings
from pipeline.film.planning.cuts import AvailableSection, AvailableTake, CutSection, once_each, plan_cut
from pipeline.film.planning.plan import choose_takes
from pipeline.film.planning.settings import VideoSettings
from pipeline.film.planning.storyboard_settings import StoryboardSettings, TakeLine
from pipeline.film.timeline.clock import Clock
from pipeline.production.schema import Production
from pipeline.production.section import Section
from pipeline.runtime.progress.reporter import Named, Reporter
from pipeline.song.settings import SongSettings
from pipeline.sound.signal.silence import window_levels
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.sections.checkpoints import section_checkpoints
from pipeline.stages.shared.sections.comparing import comparable_kinds
from pipeline.stages.shared.sections.sounds import HeardTake, mono_samples_of
from pipeline.stages.shared.workplace import Workplace

_BEGINNING_S: Final = 3.0
_SILENT_BELOW: Final = 0.01
"""Of full scale: -40 dB."""


def find_cut(production: Production, name: str) -> CutSettings:
    """Return a production's cut by its name.

    Raises
    ------
    InputError
        Where it has no such cut.
    """
    for cut in production.cuts:
        if cut.name == name:
            return cut
    known = ", ".join(cut.name for cut in production.cuts)
    raise InputError(
        f"There is no cut '{name}'.",
        where="--cut",
        expected=known or "a production with a [[cut]]",
        hint="" if known else 'Add a [[cut]] with a name to the production file: name = "short".',
    )


def place_for(workplace: Workplace, cut: CutSettings) -> Workplace:
    """Where a cut is built: with the film's results, into a folder of its own beside the film."""
    return replace(workplace, output=workplace.output / cut.name, report=Named(workplace.report, cut.name))


def cut_film(
    production: Production, cut: CutSettings, results: Results, report: Reporter
) -> tuple[Production, Results]:
    """Turn a film whose takes are made into a cut.

    Parameters
    ----------
    production
        The film's.
    results
        Corpora, runs and takes of the film.
    report
        Gets a warning where there is too little to show.

    Returns
    -------
    tuple[Production, Results]
        The cut as a production, and what the stages after `sample` need for it.

    Raises
    ------
    ProductionError
        Where the cut does not fit its time.
    """
    dressed = production.dressed(cut)
    clock = Clock(dressed.video.frame_rate, FILM_RATE_HZ)
    kinds = comparable_kinds(results.corpora, results.runs)
    available = [_available(production, cut, results, number, clock, kind=kind) for number, kind in enumerate(kinds)]
    if not production.has_own_length:
        cut = once_each(cut, available)
    wanted = clock.frames_within(cut.seconds)
    sung = tuple(results.songs[number] for number in cut.songs_of(len(results.songs)))
    song_frames = sum(max(1, clock.frames_within(song.record.seconds)) for song in sung)
    shown = plan_cut(cut, available, wanted, clock.frame_rate)
    beside = song_frames + _card_frames(dressed, cut, shown, clock)
    shown = plan_cut(cut, available, max(1, wanted - beside), clock.frame_rate)
    if cut.sections == "best" and not cut.take and (caveat := _unlike(kinds, shown[0].number)):
        report.note(caveat)
    lasts = song_frames + _card_frames(dressed, cut, shown, clock) + sum(section.frames for section in shown)
    fills_its_time = not cut.take or any(line.seconds is None for line in cut.take)
    if lasts < wanted and fills_its_time:
        report.warn(
            f"it lasts {float(lasts / clock.frame_rate):.1f} s of the {cut.seconds:g} s wanted: "
            "there is no more to show in the film's takes"
        )
    numbers = [section.number for section in shown]
    sections = tuple(_retold(production, cut, section, clock.frame_rate) for section in shown)
    songs = tuple(_moved(song, len(production.sections), numbers) for song in dressed.songs)
    retold = dressed.model_copy(update={"sections": sections, "songs": songs})
    return retold, replace(_results_of(results, shown), songs=sung)


def _results_of(results: Results, shown: Sequence[CutSection]) -> Results:
    """What a cut shows of what was made for the film's sections."""
    return Results(
        corpora=tuple(results.corpora[section.number] for section in shown),
        runs=tuple(results.runs[section.number] for section in shown),
        takes=tuple(
            tuple(take for take in results.takes[section.number] if take.record.iteration in _iterations(section))
            for section in shown
        ),
    )


def _moved(song: SongSettings, sections: int, shown: Sequence[int]) -> SongSettings:
    """A song after the cut's section that its own became, or after the last one that came before it in the film."""
    _, section = song.place(sections)
    if section is None:
        return song
    return song.model_copy(update={"after": f"section {max(1, sum(number < section for number in shown))}"})


def _iterations(section: CutSection) -> set[int]:
    return {take.iteration for take in section.takes}


def _unlike(kinds: Sequence[int], chosen: int) -> str:
    """Say which sections the best one was not compared with, and how to choose another; empty where there are none."""
    others = [str(number) for number, kind in enumerate(kinds, start=1) if kind != kinds[-1]]
    if not others:
        return ""
    named = f"section {others[0]} was" if len(others) == 1 else f"sections {', '.join(others)} were"
    return (
        f'sections = "best" shows section {chosen + 1}: {named} tried on other sound than the last section, where a '
        f"lower loss does not mean better; sections = [{others[0]}] shows another"
    )


def _available(
    production: Production, cut: CutSettings, results: Results, number: int, clock: Clock, *, kind: int
) -> AvailableSection:
    """What was made for one section of the film."""
    corpus, story = results.corpora[number].record, production.sections[number].storyboard
    points = [one.point for one in section_checkpoints(production, number, results.runs[number])]
    losses = {point.iteration: point.loss for point in points}
    captions = {
        take.iteration: take.caption for take in choose_takes(points, story, is_shortened=not production.has_own_length)
    }
    heard_s = max(cut.recording_seconds, story.recording_seconds) if cut.recording_seconds else 0.0
    left_s = max(0.0, corpus.duration_s - story.recording_start_s)
    return AvailableSection(
        number=number,
        recording_frames=clock.frames_within(min(heard_s, left_s)),
        takes=tuple(
            AvailableTake(
                iteration=take.record.iteration,
                loss=losses[take.record.iteration],
                frames=max(1, clock.frames_within(take.record.duration_s)),
                caption=captions.get(take.record.iteration),
                audible=_audible(take),
            )
            for take in results.takes[number]
        ),
        kind=kind,
    )


def _audible(take: HeardTake) -> float:
    """How much of a take's beginning, which a cut shows, is more than silence: 0 to 1."""
    rate_hz = take.record.sample_rate_hz
    begins = mono_samples_of(take, 0, round(_BEGINNING_S * rate_hz))
    levels = window_levels(begins[: len(begins)], rate_hz)
    return float(np.mean(levels > _SILENT_BELOW)) if len(levels) else 0.0


def _card_frames(dressed: Production, cut: CutSettings, shown: Sequence[CutSection], clock: Clock) -> int:
    """How long the cards of a cut last together."""
    video: VideoSettings = dressed.video
    seconds = [video.title_seconds, video.credits_seconds, video.comparison_seconds if len(shown) > 1 else 0.0]
    if cut.cards == "all":
        stories = [dressed.sections[section.number].storyboard for section in shown]
        seconds += [length for story in stories for length in (story.card_seconds, story.recap_length_s)]
    return sum(clock.frames_within(length) for length in seconds)


def _retold(production: Production, cut: CutSettings, shown: CutSection, rate: Fraction) -> Section:
    """The film's section with the takes of a cut, each of so many frames."""
    section = production.sections[shown.number]
    lines = tuple(
        TakeLine(iteration=take.iteration, seconds=float(take.frames / rate), caption=take.caption)
        for take in shown.takes
    )
    story = {
        **section.storyboard.model_dump(),
        "takes": len(lines),
        "take": lines,
        "seconds": None,
        "recording_seconds": float(shown.recording_frames / rate),
        "card_seconds": section.storyboard.card_seconds if cut.cards == "all" else 0.0,
        "recap": section.storyboard.recap and cut.cards == "all",
    }
    return section.model_copy(update={"storyboard": StoryboardSettings.model_validate(story)})
