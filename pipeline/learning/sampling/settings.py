"""The settings of sampling: how a checkpoint is made to speak.

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
    """One corner of a temperature curve, straight lines between them.

    Parameters
    ----------
    at_share
        Where in the take: 0 is its beginning, 1 its end.
    temperature
        The temperature there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_share: float = Field(ge=0.0, le=1.0, allow_inf_nan=False)
    temperature: Temperature


class SamplingSettings(BaseModel):
    """How the checkpoints of a section speak.

    Parameters
    ----------
    temperature
        Constant, or corners of a curve over the take.
    seed
        The same for all checkpoints of a section, so that what changes is the learning.
    seconds
        The length of every take; without it a take lasts as long as the storyboard shows it.
    prime_s
        So many seconds of the recording are heard by the network before it speaks; they are not kept in the take.
    prime_from_s
        Where in the corpus the priming begins.
    top_k
        Only the k likeliest bytes may be drawn.
    min_p
        Only bytes at least this share as likely as the likeliest may be drawn.
    candidates
        So many takes are made of each checkpoint, with seeds of their own, and one is chosen.
    candidate_temperatures
        Constant temperatures that the candidates use in turn, instead of `temperature`.
    choose
        Iteration to candidate (the first is 1), where the choice is made by hand.
    trim_silence
        Dead air, silence that lasts longer than any pause of the recording, is cut out of the takes.
    precision
        How weights are held while sampling; `auto` takes what was measured to be fast at no audible cost.
    device
        `auto` uses a GPU where there is one and the network is too large to speak in real time on a core.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Temperature | tuple[TemperaturePoint, ...] = 1.0
    seed: int = Field(default=1, ge=0, le=2**63 - 1)
    seconds: float | None = Field(default=None, gt=0.0, le=36_000.0, allow_inf_nan=False)
    prime_s: float = Field(default=0.0, ge=0.0, le=60.0, allow_inf_nan=False)
    prime_from_s: float = Field(default=0.0, ge=0.0, le=200_000.0, allow_inf_nan=False)
    top_k: int | None = Field(default=None, ge=1, le=256)
    min_p: float = Field(default=0.0, ge=0.0, lt=1.0, allow_inf_nan=False)
    candidates: int = Field(default=1, ge=1, le=64)
    candidate_temperatures: tuple[Temperature, ...] = Field(default=(), max_length=64)
    choose: dict[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    trim_silence: bool = True
    precision: Precision = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"

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
        """Check that a recording of so many seconds holds what is heard before a take.

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
        of less than 0.001 bits/byte. `tests/benchmarks/sampling.py` measures both.
        """
        return "int8" if self.precision == "auto" else self.precision

    def curve(self, candidate: int = 0) -> tuple[tuple[float, float], ...]:
        """Corners `(share of the take, temperature)` of one candidate, counted from 0."""
        if self.candidate_temperatures:
            return ((0.0, self.candidate_temperatures[candidate % len(self.candidate_temperatures)]),)
        if isinstance(self.temperature, tuple):
            return tuple((point.at_share, point.temperature) for point in self.temperature)
        return ((0.0, self.temperature),)
