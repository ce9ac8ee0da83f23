"""The dtypes (mixed precision or float32) and threads of a training: chosen for this machine, by measuring.

The choice is made once, in well under a second, and kept with the training's state: a resumed training ends in the same
bytes. Where two ways are nearly as quick, or the products so small that a clock tells little, what the processor has
decides and not the measurement, so that the same production trained twice on one machine is trained with the same sums.

This module knows products of matrices and what a processor has; it does not know schedules or files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, Literal

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from pipeline.learning.hardware import has_bfloat16_unit, has_matrix_unit
from pipeline.learning.models.network import NetworkSettings
from pipeline.learning.recipes.muon import orthogonalise
from pipeline.learning.recipes.recipe import Recipe

Dtype = Literal["float32", "bfloat16"]

_CLEARLY: Final = 1.5
"""Two ways whose times differ by less than this factor are nearly a tie."""
_WORTH_THREADS: Final = 1.1
_TRIES: Final = 12
_ENOUGH_S: Final = 0.15
"""One comparison stops trying after this long."""
_LEAST_FLOP: Final = 1e6
"""Smaller products are not measured: they take microseconds, and other work on the machine would decide."""
_LARGEST_SIDE: Final = 1024
"""Products of larger matrices are not measured: these are as quick, and take less time."""


class Arithmetic(BaseModel):
    """How a training computes.

    Attributes
    ----------
    matrix_dtype
        Of the products of the network (mixed precision where it is bfloat16).
    muon_dtype
        Of the products of Muon's orthogonalisation.
    threads
        Of the processor.
    tf32
        Whether a GPU may round the inputs of float32 products to TF32.
    reason
        Why, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    matrix_dtype: Dtype = "float32"
    muon_dtype: Dtype = "float32"
    threads: int = 1
    tf32: bool = False
    reason: str = ""

    @property
    def mixed(self) -> bool:
        """Whether autocast is on."""
        return self.matrix_dtype == "bfloat16"

    def without_reason(self) -> Arithmetic:
        """The same without its reason, which holds measured numbers: states are the same bytes each time."""
        return self.model_copy(update={"reason": ""})

    def words(self) -> str:
        """One line for people."""
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        muon = "" if self.muon_dtype == self.matrix_dtype else f", {self.muon_dtype} in Muon"
        return f"computes in {self.matrix_dtype}{muon} with {threads}: {self.reason}"


def choose_arithmetic(
    network: NetworkSettings,
    recipe: Recipe,
    device: torch.device,
    *,
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    threads: int = 1,
) -> Arithmetic:
    """Choose how to compute on this machine.

    Parameters
    ----------
    precision
        What the person asks for.
    threads
        How many threads there may be.
    """
    if device.type == "cuda":
        return _on_gpu(recipe, device, precision)
    own = _useful_threads(network, recipe.batch, threads)
    if precision == "bfloat16":
        muon = _muon_dtype(network) if recipe.matrix_learning_rate else "float32"
        return Arithmetic(matrix_dtype="bfloat16", muon_dtype=muon, threads=own, reason="as precision asks for")
    if precision == "float32" or not recipe.mixed_precision:
        why = "as precision asks for" if precision == "float32" else f"as the recipe {recipe.name} has it"
        return Arithmetic(threads=own, reason=why)
    quick, reason = _bfloat16_is_quicker(network, recipe.batch, has_unit=has_bfloat16_unit(device))
    if not quick:
        return Arithmetic(threads=own, reason=reason)
    if not _lstm_runs(network):
        return Arithmetic(threads=own, reason="this processor has no bfloat16 LSTM")
    muon = _muon_dtype(network) if recipe.matrix_learning_rate else "float32"
    return Arithmetic(matrix_dtype="bfloat16", muon_dtype=muon, threads=own, reason=reason)


def _on_gpu(recipe: Recipe, device: torch.device, precision: str) -> Arithmetic:
    """On CUDA what the hardware has decides: bfloat16 from compute capability 8.0 on, never where it is emulated."""
    if precision == "float32":
        return Arithmetic(reason="as precision asks for")
    if precision == "bfloat16" or (recipe.mixed_precision and has_bfloat16_unit(device)):
        why = "as precision asks for" if precision == "bfloat16" else "this GPU has units for it"
        return Arithmetic(matrix_dtype="bfloat16", muon_dtype="bfloat16", tf32=True, reason=why)
    return Arithmetic(tf32=True, reason="TF32 where this GPU has it")


def _is_quicker(times: float, *, at_a_tie: bool) -> bool:
    return times >= _CLEARLY or (at_a_tie and times > 1 / _CLEARLY)


def _bfloat16_is_quicker(network: NetworkSettings, batch: int, *, has_unit: bool) -> tuple[bool, str]:
    """Measure the product at the heart of the LSTM, a batch of states times the recurrent matrix; and say why."""
    neurons, batch = min(network.neurons, _LARGEST_SIDE), min(batch, _LARGEST_SIDE)
    if _flop(batch, neurons) < _LEAST_FLOP:
        return has_unit, f"this processor has {'units' if has_unit else 'no unit'} for bfloat16"
    states, matrix = torch.randn(batch, neurons), torch.randn(neurons, 4 * neurons)
    short = states.bfloat16(), matrix.bfloat16()
    with _threads(1):
        times = speedup(lambda: states @ matrix, lambda: short[0] @ short[1], clock=time.thread_time)
    return _is_quicker(times, at_a_tie=has_unit), f"bfloat16 products are {times:.2g} times as fast here"


def _flop(batch: int, neurons: int) -> float:
    """Of one product of a batch of states with the recurrent matrix of four gates."""
    return 2.0 * batch * neurons * 4 * neurons


def _muon_dtype(network: NetworkSettings) -> Dtype:
    """Measure the orthogonalisation of the LSTM's matrix; at a tie bfloat16 wins only with AMX."""
    neurons = min(network.neurons, _LARGEST_SIDE // 2)
    if _flop(neurons, neurons) < _LEAST_FLOP:
        return "bfloat16" if has_matrix_unit() else "float32"
    matrices = torch.randn(1, 4 * neurons, neurons)
    with _threads(1):
        times = speedup(
            lambda: orthogonalise(matrices, torch.float32),
            lambda: orthogonalise(matrices, torch.bfloat16),
            clock=time.thread_time,
        )
    return "bfloat16" if _is_quicker(times, at_a_tie=has_matrix_unit()) else "float32"


def _lstm_runs(network: NetworkSettings) -> bool:
    """Whether the library has a bfloat16 LSTM for this processor: it may have the products and not the layer."""
    layer = nn.LSTM(16, 16, 1, batch_first=True)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            layer(torch.zeros(2, 2, 16))[0].float().sum().backward()
    except RuntimeError:
        return False
    return network.layers > 0


def _useful_threads(network: NetworkSettings, batch: int, most: int) -> int:
    """As many threads, by doubling, as make the LSTM's product quicker by a tenth each time."""
    neurons = min(network.neurons, _LARGEST_SIDE)
    if most <= 1 or _flop(batch * 8, neurons) < _LEAST_FLOP:
        return 1
    states, matrix = torch.randn(batch * 8, neurons), torch.randn(neurons, 4 * neurons)

    def product(threads: int) -> Tensor:
        torch.set_num_threads(threads)
        return states @ matrix

    chosen = 1
    with _threads(1):
        for more in sorted({min(most, 2**power) for power in range(1, 8)}):
            if speedup(partial(product, chosen), partial(product, more)) < _WORTH_THREADS:
                break
            chosen = more
    return chosen


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def speedup(
    old: Callable[[], Tensor], new: Callable[[], Tensor], clock: Callable[[], float] = time.perf_counter
) -> float:
    """How many times as fast the new way is, by the quickest of several runs of both in turn.

    The clock may be the thread's own, which stands still while other work has the core.

    The quickest, because whatever else the machine does can only make a run slower; in turn, because what it does
    changes. The first runs count only where they take too long to be made again.
    """
    began = time.perf_counter()
    best = [_seconds(old, clock), _seconds(new, clock)]
    if time.perf_counter() - began < _ENOUGH_S:
        best = [float("inf")] * 2
        for _ in range(_TRIES):
            best = [min(best[0], _seconds(old, clock)), min(best[1], _seconds(new, clock))]
            if time.perf_counter() - began > _ENOUGH_S:
                break
    return best[0] / max(best[1], 1e-9)


def _seconds(work: Callable[[], Tensor], clock: Callable[[], float]) -> float:
    began = clock()
    work()
    return clock() - began
