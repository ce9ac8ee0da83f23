"""What flows between stages: everything made so far, as typed records with the folders where their files lie."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.film.timeline.timeline import Film, Segment, Timeline
from pipeline.learning.corpus import Corpus
from pipeline.learning.sampling.take import Take
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.cards.card import CardPicture
from pipeline.store.store import Result


@dataclass(frozen=True)
class Results:
    """What the stages have made so far; each stage returns it with its own field filled.

    Parameters
    ----------
    corpora, runs
        One a section.
    takes
        One tuple a section, in training order.
    timeline
        The storyboard.
    cards
        In the order of the film.
    segments
        Silent video, in the order of the film.
    film
        The finished video and what goes with it.
    """

    corpora: tuple[Result[Corpus], ...] = ()
    runs: tuple[Result[TrainingRun], ...] = ()
    takes: tuple[tuple[Result[Take], ...], ...] = ()
    timeline: Result[Timeline] | None = None
    cards: tuple[Result[CardPicture], ...] = ()
    segments: tuple[Result[Segment], ...] = ()
    film: Result[Film] | None = None
