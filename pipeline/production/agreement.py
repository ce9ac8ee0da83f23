"""What the parts of a production must agree on: found while it is read, before anything is made.

Every part checks itself; this module compares them. It reads no files, and says what is wrong as a ValueError.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from pipeline.film.planning.cut_settings import CutSettings
from pipeline.film.planning.own_cards import OwnCardSettings, Place
from pipeline.film.planning.settings import InsertSettings, VideoSettings
from pipeline.film.planning.storyboard_settings import SHORTEST_CAPTION_S, StoryboardSettings, TakeLine
from pipeline.learning.recipes.recipe import TrainingSettings
from pipeline.learning.sampling.settings import SamplingSettings
from pipeline.runtime.wording.plurals import counted
from pipeline.song.settings import SongSettings


def check_agreement(
    takes: Sequence[tuple[Sequence[TakeLine], TrainingSettings, SamplingSettings]],
    inserts: Sequence[InsertSettings],
    cuts: Sequence[CutSettings],
    video: VideoSettings,
    cards_s: Sequence[float],
) -> None:
    """Check everything; `takes` holds what each section says of its own, `cards_s` how long its cards are shown.

    Raises
    ------
    ValueError
        With what is wrong and the way out.
    """
    for number, (lines, training, sampling) in enumerate(takes, start=1):
        check_takes(number, lines, training, sampling)
    check_cuts(cuts, cards_s, video)
    check_inserts(inserts, video, len(takes))


def check_takes(
    section: int, lines: Sequence[TakeLine], training: TrainingSettings, sampling: SamplingSettings
) -> None:
    """Check takes chosen by hand against each other and against how long their section, counted from 1, trains.

    Raises
    ------
    ValueError
        Where a line or a choice can't come true.
    """
    known = [line for line in lines if line.iteration != "best"]
    best = [line for line in lines if line.iteration == "best"]
    ends = [pair for pair in pairwise(lines) if pair[0].iteration == "last" or pair[1].iteration == "first"]
    for earlier, later in [*pairwise(known), *pairwise(best), *ends]:
        if (earlier, later) in ends or _place(later) <= _place(earlier):
            raise ValueError(
                f"section {section}: the take at iteration {later.iteration} stands after the one at iteration "
                f"{earlier.iteration}: put takes in training order, each of another iteration"
            )
    for line in lines:
        check_caption_time(line.caption, line.seconds, f"section {section}: the take at iteration {line.iteration}")
    end = training.iterations
    wanted = [line.iteration for line in lines if isinstance(line.iteration, int)]
    for iteration, what in [(at, "a take is asked for") for at in wanted] + [
        (at, "sampling.choose names a take") for at in sampling.choose
    ]:
        if end is not None and iteration > end:
            raise ValueError(
                f"section {section}: {what} at iteration {iteration}, but training ends at iteration {end}"
            )


def _place(line: TakeLine) -> float:
    """Where a line stands in training, as far as that is known before it."""
    if isinstance(line.iteration, int):
        return line.iteration
    return {"first": 0.0, "best": 0.0, "last": math.inf}[line.iteration]


def check_caption_time(caption: str | None, seconds: float | None, whose: str) -> None:
    """Check that a take's own caption can be read while it is shown.

    Raises
    ------
    ValueError
        Where its take is too short.
    """
    if caption and seconds is not None and seconds < SHORTEST_CAPTION_S:
        raise ValueError(
            f"{whose} lasts {seconds:g} s, too short for its caption to be read: give it at least "
            f"{SHORTEST_CAPTION_S:g} s, or leave its caption out"
        )


def check_own_cards(
    cards: Sequence[OwnCardSettings],
    video: VideoSettings,
    stories: Sequence[StoryboardSettings],
    others: Mapping[str, int],
) -> None:
    """Check that cards of the user's own come after something that the film has.

    Parameters
    ----------
    stories
        Each section's.
    others
        How many inserts and songs there are: `insert`, `song`.

    Raises
    ------
    ValueError
        With the card and what there is.
    """
    for number, card in enumerate(cards, start=1):
        where, place = f"card {number} ({card.template}) comes after", card.place
        numbered = {**others, "card": number - 1}
        if place.part in numbered:
            there = numbered[place.part]
            if place.number is not None and place.number > there:
                kind = "card before it" if place.part == "card" else place.part
                raise ValueError(f"{where} {place.part} {place.number}, and there is {_so_many(there, kind)}")
        else:
            section = None if card.section is None else card.section + 1
            _check_place(where, place.part, section, video, len(stories))
            if section is not None:
                _check_part(where, place, section, stories[section - 1])


def _so_many(there: int, kind: str) -> str:
    return f"no {kind}" if there == 0 else f"but 1 {kind}" if there == 1 else f"{kind} 1 to {there}"


def _check_part(where: str, place: Place, section: int, story: StoryboardSettings) -> None:
    """Check that a section has what a card comes after."""
    takes = len(story.take) or story.takes
    if place.take is not None and place.take > takes:
        raise ValueError(
            f"{where} take {place.take} of section {section}, which has {counted(takes, 'take')}: write after = "
            f'"section {section} take {takes}", or one before'
        )
    if place.part == "recording" and story.recording_seconds == 0:
        raise ValueError(
            f"{where} the recording of section {section}, and with recording_seconds = 0 none is heard: write after = "
            f'"section {section} card", or a take'
        )
    if place.part == "section card" and story.card_seconds == 0:
        raise ValueError(f"{where} the card of section {section}, and with card_seconds = 0 there is none")


def check_songs(
    songs: Sequence[SongSettings], cuts: Sequence[CutSettings], video: VideoSettings, sections: int
) -> None:
    """Check that songs come after what the film has and are sung by sections of it, and that cuts name such songs.

    Raises
    ------
    ValueError
        With the song and what there is.
    """
    for number, song in enumerate(songs, start=1):
        where = f"song {number} ({song.title[:60]})"
        place, section = song.place(sections)
        _check_place(f"{where} comes after", place, section, video, sections)
        for voice in song.voices:
            if voice.learned is not None:
                _check_section(f"{where} is sung by", voice.learned[1], sections)
    for cut in cuts:
        if isinstance(cut.songs, tuple) and max(cut.songs) > len(songs):
            raise ValueError(f"the cut '{cut.name}' names song {max(cut.songs)}, and there are {len(songs)}")


def check_inserts(inserts: Sequence[InsertSettings], video: VideoSettings, sections: int) -> None:
    """Check that inserts come after something that the film has.

    Raises
    ------
    ValueError
        With the insert and what there is.
    """
    for number, insert in enumerate(inserts, start=1):
        place = insert.after if "after" in insert.model_fields_set else ""
        last = f'after = "section" with section = {sections}, or after = "end"'
        where = f"insert {number} ({insert.file[:60]}) comes after"
        _check_place(where, place, insert.section, video, sections, last=last)


def _check_place(
    where: str, place: str, section: int | None, video: VideoSettings, sections: int, *, last: str = ""
) -> None:
    """Check that there is what something comes after; `last` is how one writes that it comes after the last section."""
    if section is not None:
        _check_section(where, section, sections)
    if place == "comparison" and (sections == 1 or video.comparison_seconds == 0):
        why = "only one section" if sections == 1 else "comparison_seconds = 0"
        last = last or f'after = "section {sections}"'
        raise ValueError(f"{where} the comparison, and with {why} there is none: write {last}")
    if place == "title" and video.title_seconds == 0:
        raise ValueError(f'{where} the title, and with title_seconds = 0 there is none: write after = "start"')


def _check_section(where: str, section: int, sections: int) -> None:
    if section > sections:
        known = f"choose from 1 to {sections}" if sections > 1 else "there is but one"
        raise ValueError(f"{where} a section that is not there: there is no section {section}, {known}")


def check_cuts(cuts: Sequence[CutSettings], cards_s: Sequence[float], film: VideoSettings) -> None:
    """Check that cuts show sections that the film has, in a time that is enough for them.

    Raises
    ------
    ValueError
        With the cut and the way out.
    """
    for cut in cuts:
        numbers = [line.section for line in cut.take]
        numbers += cut.sections if isinstance(cut.sections, tuple) else ()
        if max(numbers, default=1) > len(cards_s):
            raise ValueError(f"the cut '{cut.name}' names section {max(numbers)}, and there are {len(cards_s)}")
        if cut.seconds < (needed_s := cut.shortest_s(cards_s, film)):
            shows = "cards" if cut.cards == "all" else "title"
            fewer = ', fewer cards, such as cards = "none",' if cut.cards == "all" else ","
            raise ValueError(
                f"the cut '{cut.name}' needs {needed_s:g} s for its sections and its {shows}, and has "
                f'{cut.seconds:g} s: set more seconds{fewer} or fewer sections, such as sections = "best"'
            )
        for line in cut.take:
            check_caption_time(line.caption, line.seconds, f"in the cut '{cut.name}', iteration {line.iteration}")
