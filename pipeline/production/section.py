"""A section of the production file: a network of our own from recording to takes, or a run of another program.

Owns what a section holds, and which of its parts go together. It opens no file.
"""

from __future__ import annotations

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, field_validator, model_validator

from pipeline.film.planning.storyboard_settings import StoryboardSettings, TakeLine
from pipeline.learning.models.network import LstmSettings, NetworkSettings
from pipeline.learning.recipes.recipe import TrainingSettings
from pipeline.learning.sampling.settings import SamplingSettings
from pipeline.learning.training.auto_network import AUTO, Auto
from pipeline.production.recordings import MOST_RECORDINGS
from pipeline.runs.settings import RunSettings
from pipeline.sound.settings import CorpusSettings, RecordingName

_LONG_MINUTES: Final = 60.0
"""From here on there is time to learn the higher rate."""
_OF_OUR_OWN: Final = ("recordings", "corpus", "network", "training", "sampling")
"""What a section has that is trained here, and a run of another program has not."""


class ProductionTable(BaseModel):
    """A table of the production file."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Section(ProductionTable):
    """One network's part of the film."""

    title: str = Field(min_length=1, max_length=200, description="Its title.", examples=["First try"])
    layout: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Where its panels stand, where that is not as in [video]; inside shows what the network expects.",
        examples=["inside"],
    )
    recordings: tuple[RecordingName, ...] = Field(
        default=(),
        max_length=MOST_RECORDINGS,
        description="Files that ffmpeg reads, and folders of them; by default all that lie in recordings/.",
        examples=[["recordings/voice.m4a"]],
    )
    corpus: CorpusSettings = CorpusSettings()
    network: NetworkSettings | Auto = Field(
        LstmSettings(),
        description="A table, or 'auto': chosen for the length of the recording, the minutes and this machine.",
    )
    training: TrainingSettings = TrainingSettings()
    sampling: SamplingSettings = SamplingSettings()
    storyboard: StoryboardSettings = StoryboardSettings()
    favourites: tuple[NonNegativeInt, ...] = Field(
        default=(),
        max_length=1000,
        description="Iterations whose takes you like, as the studio marks them; they change nothing in the film.",
        examples=[[600, 1200]],
    )
    run: RunSettings | None = Field(
        None,
        description="A run that another program has trained, instead of recordings, corpus, network, training and "
        "sampling.",
    )

    @model_validator(mode="before")
    @classmethod
    def _a_run_or_a_network(cls, data: object) -> object:
        """Refuse a section that is both: what it is trained from, and what another program has made of it."""
        if not isinstance(data, dict) or data.get("run") is None:
            return data
        mixed = [name for name in _OF_OUR_OWN if name in data]
        if mixed:
            way_out = "write recordings in [section.run]" if mixed[0] == "recordings" else f"remove '{mixed[0]}'"
            raise ValueError(
                f"a section with a run of another program has no '{mixed[0]}' of its own: {way_out}, or the run"
            )
        return data

    @model_validator(mode="after")
    def _takes_fit(self) -> Self:
        """Of a run of another program nobody knows beforehand how many takes there are."""
        if self.run is None:
            self.storyboard.check_count()
        return self

    @property
    def planned_takes(self) -> tuple[tuple[TakeLine, ...], TrainingSettings, SamplingSettings]:
        """What it says of its takes beforehand: those chosen by hand, how long it trains, and how it samples."""
        return self.storyboard.take, self.training, self.sampling

    @model_validator(mode="before")
    @classmethod
    def _rate_for_a_chosen_network(cls, data: object) -> object:
        """Where the network is chosen, so is its corpus, unless that is set: as much as it can learn in its time."""
        if not isinstance(data, dict) or data.get("network") != AUTO:
            return data
        corpus, training = data.get("corpus", {}), data.get("training", {})
        if not isinstance(corpus, dict) or not isinstance(training, dict):
            return data
        minutes = training.get("minutes", 0.0)
        long = isinstance(minutes, int | float) and minutes > _LONG_MINUTES
        usual = {"sample_rate_hz": 11025 if long else 8000, "encoding": "mu-law", "trim_silence": True}
        return {**data, "corpus": {**usual, **corpus}}

    @field_validator("network", mode="before")
    @classmethod
    def _lstm_by_default(cls, value: object) -> object:
        return {"kind": "lstm", **value} if isinstance(value, dict) else value

    @model_validator(mode="before")
    @classmethod
    def _lines_belong_to_the_storyboard(cls, data: object) -> object:
        """Let [[section.take]] stand for [[section.storyboard.take]], and so for captions."""
        if not isinstance(data, dict) or not isinstance(data.get("storyboard", {}), dict):
            return data
        section = dict(data)
        lines = {name: section.pop(name) for name in ("take", "caption") if name in section}
        if not lines:
            return data
        storyboard = dict(section.get("storyboard", {}))
        for name in lines.keys() & storyboard.keys():
            raise ValueError(f"{name}s stand both in [[section.{name}]] and in storyboard.{name}: keep one of them")
        return {**section, "storyboard": {**storyboard, **lines}}
