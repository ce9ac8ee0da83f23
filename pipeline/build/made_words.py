"""What a build will make of a stage, in words: "section 2", "about 12 takes of 36 candidates", "9 segments".

It counts what a survey has found, and finds nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.build.stage_order import StageSurvey
from pipeline.production.schema import Production
from pipeline.runtime.wording.plurals import counted

_MADE: Final = {"storyboard": "timeline", "cards": "card", "render": "segment", "compose": "file"}
_MOST_NAMES: Final = 4


def made_words(one: StageSurvey, production: Production) -> str:
    """Say what a stage would make; nothing where all is there.

    Parameters
    ----------
    one
        What was found of it; where it waits for others, what it will have to make is said if that was counted.
    production
        The film's, which says how many candidates each take is chosen from.
    """
    names = one.to_make
    if one.state == "waits" and one.foreseen is None:
        return "as far as needed"
    if not names:
        return ""
    if one.stage in {"prepare", "train"}:
        return _named([name.rpartition("/")[2].replace("section-", "section ") for name in names])
    said = _said(names, production) if one.stage == "sample" else counted(len(names), _MADE[one.stage])
    return f"about {said}" if one.foreseen is not None and one.foreseen.is_about else said


def _said(names: Sequence[str], production: Production) -> str:
    """Takes, the candidates that they are chosen from, and songs."""
    takes, candidates, songs = 0, 0, set[str]()
    for name in names:
        place, _, piece = name.partition("/")
        if place.startswith("song-"):
            songs.add(place)
        elif piece.startswith("candidates-"):
            candidates += production.sections[int(place.removeprefix("section-")) - 1].sampling.candidates
        else:
            takes += 1
    words = counted(takes, "take") + (f" of {counted(candidates, 'candidate')}" if candidates else "") if takes else ""
    return " and ".join(part for part in (words, counted(len(songs), "song") if songs else "") if part)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
