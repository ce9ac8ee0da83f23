"""The settings of sampling: how takes are generated from a checkpoint.

This module owns what a person may choose and its bounds. It knows neither networks nor files, and imports no torch, so
that a production file is read quickly.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.errors import ProductionError

Temperature = Annotated[float, Field(ge=0.01, le=10.0, allow_inf_nan=False)]
"""What the logits are divided by: below 1 timid, above 1 wild."""

WeightDtype = Literal["float32", "int16", "int8"]
"""How weights are held while sampling. `int16` and `int8` carry one scale for each row of a matrix."""

Precision = Literal["auto", "float32", "int16", "int8"]


class TemperaturePoint(BaseModel):
    """One corner of a temperature curve, straight lines between them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_share: float = Field(
        ge=0.0, le=1.0, allow_inf_nan=False, description="Where in the take: 0 is its beginning, 1 its end."
    )
    temperature: Temperature = Field(description="The temperature there.")


class SamplingSettings(BaseModel):
    """How takes are generated from the checkpoints of a section."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Temperature | tuple[TemperaturePoint, ...] = Field(
        default=1.0, description="Below 1 timid, above 1 wild; a number, or corners of a curve over the take."
    )
    seed: int = Field(
        default=1,
        ge=0,
        le=2**63 - 1,
        description="The same for all checkpoints of a section, so that what changes is the learning.",
    )
    seconds: float | None = Field(
        default=None,
        gt=0.0,
        le=36_000.0,
        allow_inf_nan=False,
        description="Length of every take; by default as long as the storyboard shows it.",
        examples=[27.0],
    )
    prime_s: float = Field(
        default=0.0,
        ge=0.0,
        le=60.0,
        allow_inf_nan=False,
        description="How much of the recording primes the network before it generates; that is not kept in the take.",
    )
    prime_from_s: float = Field(
        default=0.0,
        ge=0.0,
        le=200_000.0,
        allow_inf_nan=False,
        description="Where in the corpus the priming begins.",
    )
    top_k: int | None = Field(
        default=None, ge=1, le=256, description="Only the k likeliest bytes may be drawn.", examples=[64]
    )
    min_p: float = Field(
        default=0.0,
        ge=0.0,
        lt=1.0,
        allow_inf_nan=False,
        description="Only bytes at least this share as likely as the likeliest may be drawn.",
    )
    candidates: int = Field(
        default=1, ge=1, le=64, description="How many takes are made of each checkpoint, of which one is chosen."
    )
    candidate_temperatures: tuple[Temperature, ...] = Field(
        default=(), max_length=64, description="Temperatures that the candidates use in turn, instead of temperature."
    )
    choose_by: Literal["sound", "voice"] = Field(
        default="sound",
        description="Which candidate is taken: the closest to the recording in 'sound' (loudness, pauses, spectrum) or "
        "in 'voice' (pitch and vowels too; what is copied from the recording counts against it).",
    )
    choose: dict[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict,
        description="Candidates chosen by hand: iteration to candidate, the first being 1.",
    )
    trim_silence: bool = Field(
        default=True, description="Cut silence out of takes that is longer than any pause of the recording."
    )
    precision: Precision = Field(
        default="auto", description="Number format of the weights; auto takes a quick one at no audible cost."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto",
        description="auto: a GPU where there is one and the network is too large for a core to sample in real time.",
    )

    @model_validator(mode="after")
    def _curve_runs_forward(self) -> Self:
        if isinstance(self.temperature, tuple):
            shares = [point.at_share for point in self.temperature]
            if not shares or any(later <= earlier for earlier, later in itertools.pairwise(shares)):
                raise ValueError("a temperature curve needs at least one point, and each at_share above the one before")
        wrong = {iteration: number for iteration, number in self.choose.items() if number > self.candidates}
        if wrong:
            raise ValueError(f"choose names candidate {max(wrong.values())}, but candidates = {self.candidates}")
        return self

    def check_priming(self, duration_s: float, where: str) -> None:
        """Check that a recording of so many seconds holds the primer.

        Raises
        ------
        ProductionError
            Where it ends before.
        """
        if self.prime_s > 0 and self.prime_from_s + self.prime_s > duration_s:
            raise ProductionError(
                f"The priming ends at {self.prime_from_s + self.prime_s:g} s, but the recording lasts only "
                f"{duration_s:.1f} s.",
                where=where,
                expected=f"prime_from_s + prime_s of at most {duration_s:.1f}",
            )

    @property
    def weight_dtype(self) -> WeightDtype:
        """How the weights are held.

        Left open, it is int8: the quickest for every network on processors with AVX-512 and with AVX2 alone, at a cost
        of at most 0.005 bits/byte in the demo's networks. `tests/benchmarks/sampling.py` measures both.
        """
        return "int8" if self.precision == "auto" else self.precision

    def curve(self, candidate: int = 0) -> tuple[tuple[float, float], ...]:
        """Corners `(share of the take, temperature)` of one candidate, counted from 0."""
        if self.candidate_temperatures:
            return ((0.0, self.candidate_temperatures[candidate % len(self.candidate_temperatures)]),)
        if isinstance(self.temperature, tuple):
            return tuple((point.at_share, point.temperature) for point in self.temperature)
        return ((0.0, self.temperature),)
