"""Axes: how a quantity maps to pixels along one side of a graph.

This module owns the three scales and their formulas. It does not know what is drawn, or which way up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Scale = Literal["linear", "log", "log1p"]


@dataclass(frozen=True)
class Axis:
    """A range of a quantity laid along `length_px` pixels, `first` at pixel edge 0 and `last` at the far edge.

    Parameters
    ----------
    first, last
        The values at the two ends, `first < last`; above 0 on a `log` scale, above -1 on a `log1p` scale.
    length_px
        How many pixels lie between them.
    scale
        `linear`; `log`, whose coordinate is log10(value - origin); or `log1p`, whose coordinate is log10(1 + value) and
        so has room for iteration 0.
    origin
        What a `log` scale counts from: the nearer it is to `first`, the more room the low values get.
    """

    first: float
    last: float
    length_px: int
    scale: Scale = "linear"
    origin: float = 0.0

    def __post_init__(self) -> None:
        if self.length_px < 1:
            raise ValueError(f"an axis needs at least one pixel, not {self.length_px}")
        if not (math.isfinite(self.first) and math.isfinite(self.last) and self.first < self.last):
            raise ValueError(f"an axis needs two finite ends in rising order, not {self.first} and {self.last}")
        floor = {"linear": -math.inf, "log": self.origin, "log1p": -1.0}[self.scale]
        if self.first <= floor:
            raise ValueError(f"a {self.scale} axis can't begin at {self.first}")

    @cached_property
    def first_coordinate(self) -> float:
        """The axis's own coordinate at pixel edge 0."""
        return float(self.coordinate(self.first))

    @cached_property
    def pixels_per_coordinate(self) -> float:
        """How many pixels one unit of the axis's own coordinate takes."""
        return self.length_px / (float(self.coordinate(self.last)) - self.first_coordinate)

    def coordinate(self, values: ArrayLike) -> NDArray[np.float64]:
        """Turn values into the axis's own coordinate; what a scale can't hold becomes -inf or NaN."""
        array = np.asarray(values, dtype=np.float64)
        if self.scale == "linear":
            return array
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log10(array - self.origin) if self.scale == "log" else np.log1p(array) / math.log(10)

    def value(self, coordinates: ArrayLike) -> NDArray[np.float64]:
        """Turn the axis's own coordinates back into values."""
        array = np.asarray(coordinates, dtype=np.float64)
        if self.scale == "linear":
            return array
        return np.power(10.0, array) + self.origin if self.scale == "log" else np.expm1(array * math.log(10))

    def position_px(self, values: ArrayLike) -> NDArray[np.float64]:
        """Where values lie, in pixels from the axis's beginning: pixel column c reaches from c to c + 1."""
        return (self.coordinate(values) - self.first_coordinate) * self.pixels_per_coordinate

    def value_at_px(self, positions_px: ArrayLike) -> NDArray[np.float64]:
        """Which values lie at the given pixel positions."""
        positions = np.asarray(positions_px, dtype=np.float64)
        return self.value(positions / self.pixels_per_coordinate + self.first_coordinate)
