"""What a person sets about one section of the film: which takes are heard for how long, and what is said of them.

This module owns the settings and their bounds. It does not know what takes are made of.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.errors import ProductionError
from pipeline.film.planning.settings import FilmSettings
from pipeline.store.later_fields import WithLaterFields

SHORTEST_CAPTION_S = 0.75
"""A caption is shown at least so long, or not at all: nobody could read it. The shortest take by default is longer."""


class TakeLine(FilmSettings):
    """One take, chosen by hand."""

    iteration: int | Literal["first", "last", "best"] = Field(
        description="The checkpoint: nearest to this iteration, the first, the last, or that of lowest loss.",
        examples=["best"],
    )
    seconds: float | None = Field(
        default=None,
        gt=0.0,
        le=3600.0,
        description="How long the take is shown; by default a share of the time that is left.",
        examples=[12.0],
    )
    caption: str | None = Field(
        default=None,
        max_length=500,
        description="Its caption, a Jinja2 template; by default templates/captions/take.txt.",
        examples=["After {{ epoch | decimals(1) }} epochs"],
    )

    @model_validator(mode="after")
    def _iteration_is_possible(self) -> Self:
        if isinstance(self.iteration, int) and self.iteration < 0:
            raise ValueError(f"iteration {self.iteration} is impossible: the first is 0")
        return self


class CaptionRule(WithLaterFields, FilmSettings):
    """A caption fired by conditions: shown with the first take of the section of which all of them hold."""

    later = frozenset({"below_loss", "when"})

    text: str = Field(
        min_length=1, max_length=500, description="The caption, a Jinja2 template.", examples=["Below three bits!"]
    )
    below_bits: float | None = Field(
        default=None,
        gt=0.0,
        description="Fires once the validation loss is below so many bits per byte.",
        examples=[3.0],
    )
    below_loss: float | None = Field(
        default=None,
        description="Fires once the validation loss, as it is shown, is below this: in the unit of the section's run.",
        examples=[0.5],
    )
    iteration: int | None = Field(default=None, ge=0, description="Fires from this iteration on.", examples=[1000])
    voiced_above: float | None = Field(
        default=None, ge=0.0, lt=1.0, description="Fires once a larger share of the take has a pitch.", examples=[0.3]
    )
    pitch_within: float | None = Field(
        default=None, gt=0.0, le=10.0, description="Fires once the pitch is so near the recording's.", examples=[0.1]
    )
    when: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="Fires once this is so: a Jinja2 expression of facts (build-video facts).",
        examples=["take.voice.voiced_share > 0.3 and take.epoch > 2"],
    )
    on: Literal["take", "playhead"] = Field(
        default="take",
        description="What must meet the conditions: the take that is heard, or the point that the graphs have reached.",
    )
    seconds: float = Field(default=4.0, gt=0.0, le=600.0, description="How long the caption is shown.")

    @model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        heard = self.voiced_above is not None or self.pitch_within is not None
        plain = (self.below_bits, self.below_loss, self.iteration, self.when)
        if all(one is None for one in plain) and not heard:
            raise ValueError(
                "a caption needs a condition: below_bits, below_loss, iteration, voiced_above, pitch_within or when"
            )
        if heard and self.on == "playhead":
            raise ValueError('voiced_above and pitch_within are conditions on what is heard: leave on = "playhead" out')
        return self


class StoryboardSettings(FilmSettings):
    """What is seen and heard of one section: which checkpoints, how long, and what comes before them."""

    takes: int = Field(default=8, ge=1, le=2000, description="How many checkpoints are heard.")
    seconds: float | None = Field(
        default=None,
        gt=0.0,
        le=36000.0,
        description="How long all takes last together; by default 4 s each.",
        examples=[60.0],
    )
    emphasis: float = Field(
        default=3.0, ge=1.0, le=100.0, description="How many times as long as the first take the last one is shown."
    )
    emphasis_by: Literal["order", "loss"] = Field(
        default="order", description="Whether takes grow longer one by one, or as the loss falls."
    )
    spread: Literal["log", "even", "loss"] = Field(
        default="log",
        description="How the checkpoints are picked: log (many early ones), even, or loss (one each time it falls "
        "by as much).",
    )
    shortest_take_seconds: float = Field(default=0.8, gt=0.0, le=60.0, description="No take is shorter than this.")
    recording_seconds: float = Field(
        default=4.0, ge=0.0, le=600.0, description="How much of the recording is heard before the takes."
    )
    recording_start_s: float = Field(
        default=0.0, ge=0.0, le=200_000.0, description="Where in the recording that excerpt begins."
    )
    card_seconds: float = Field(
        default=5.0, ge=0.0, le=120.0, description="How long the section's card is shown; 0: there is none."
    )
    recap: bool = Field(
        default=False,
        description="Whether a card with the section's four loss graphs, whole, follows its last take.",
    )
    recap_seconds: float = Field(default=6.0, gt=0.0, le=120.0, description="How long that card is shown.")
    caption_style: str | None = Field(
        default=None,
        max_length=60,
        exclude_if=lambda value: value is None,
        description="How its captions look: one of the theme's caption_styles; by default as the theme's captions.",
        examples=["loud"],
    )
    take: tuple[TakeLine, ...] = Field(default=(), max_length=2000, description="Takes chosen by hand, in order.")
    caption: tuple[CaptionRule, ...] = Field(default=(), max_length=200, description="Captions fired by conditions.")

    @model_validator(mode="after")
    def _takes_fit(self) -> Self:
        fixed = sum(line.seconds for line in self.take if line.seconds is not None)
        if self.take and self.seconds is not None and fixed > self.seconds + 1e-6:
            raise ValueError(
                f"the takes last {fixed:g} s together, longer than the {self.seconds:g} s of the section: "
                "shorten them, or set more seconds"
            )
        return self

    def check_count(self) -> None:
        """Check that as many takes as are wanted fit into the section's seconds.

        Raises
        ------
        ValueError
            They don't: says what to change.
        """
        if self.seconds is not None and self.takes * self.shortest_take_seconds > self.seconds and not self.take:
            raise ValueError(
                f"{self.takes} takes of at least {self.shortest_take_seconds:g} s don't fit into {self.seconds:g} s: "
                "set fewer takes, or more seconds"
            )

    def check_excerpt(self, duration_s: float, where: str) -> None:
        """Check that the recording's excerpt begins before a recording of so many seconds ends.

        Raises
        ------
        ProductionError
            Where it doesn't.
        """
        if self.recording_seconds > 0 and self.recording_start_s >= duration_s:
            raise ProductionError(
                f"The recording's excerpt begins at {self.recording_start_s:g} s, but there are only "
                f"{duration_s:.1f} s of it.",
                where=where,
                expected=f"recording_start_s below {duration_s:.1f}",
            )

    @property
    def takes_seconds(self) -> float:
        """How long all takes last together, where nothing fixed says otherwise."""
        return self.seconds if self.seconds is not None else 4.0 * (len(self.take) or self.takes)

    @property
    def recap_length_s(self) -> float:
        """How long the recap is shown; 0 where there is none."""
        return self.recap_seconds if self.recap else 0.0
