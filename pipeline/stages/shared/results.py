"""What flows between stages: everything made so far, as typed records with the folders where their files lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from pipeline.film.timeline.timeline import Film, Segment, Timeline
from pipeline.learning.corpus import Corpus
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.cards.card import CardPicture
from pipeline.picture.drawing.clip_pictures import ClipPictures
from pipeline.stages.shared.sections.losses import Trained
from pipeline.stages.shared.sections.sounds import HeardRecording, HeardTake
from pipeline.stages.shared.songs.record import SongRecord
from pipeline.store.store import Result


@dataclass(frozen=True)
class Results:
    """What the stages have made so far; each stage returns it with its own field filled.

    Parameters
    ----------
    corpora, runs
        One a section: what a network learns and its training, or the recording and the losses of another program's run.
    takes
        One tuple a section, in training order.
    songs
        In the order of the production; none where they were not sung yet.
    timeline
        The storyboard.
    cards
        In the order of the film.
    ground
        The pictures of the theme's clip, where it has one.
    segments
        Silent video, in the order of the film.
    film
        The finished video and what goes with it.
    """

    corpora: tuple[HeardRecording, ...] = ()
    runs: tuple[Trained, ...] = ()
    takes: tuple[tuple[HeardTake, ...], ...] = ()
    songs: tuple[Result[SongRecord], ...] = ()
    timeline: Result[Timeline] | None = None
    cards: tuple[Result[CardPicture], ...] = ()
    ground: Result[ClipPictures] | None = None
    segments: tuple[Result[Segment], ...] = ()
    film: Result[Film] | None = None

    def corpus(self, section: int) -> Result[Corpus]:
        """What the network of a section of our own learns; sections are counted from 0."""
        return cast("Result[Corpus]", self.corpora[section])

    def training(self, section: int) -> Result[TrainingRun]:
        """The training of a section of our own."""
        return cast("Result[TrainingRun]", self.runs[section])
