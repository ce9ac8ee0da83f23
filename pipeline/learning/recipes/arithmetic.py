"""The dtypes (mixed precision or float32) and threads of a training: chosen for this machine, by measuring.

The choice is made once, in well under a second, and kept with the training's state: a resumed training ends in the same
bytes. Where two ways are nearly as quick, what the processor has decides and not the measurement, so that the same
production trained twice on one machine is trained with the same sums.

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
    times = _speedup_of_bfloat16(network, recipe.batch)
    quick = _is_quicker(times, at_a_tie=has_bfloat16_unit(device))
    reason = f"bfloat16 products are {times:.2g} times as fast here"
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


def _speedup_of_bfloat16(network: NetworkSettings, batch: int) -> float:
    """Measure the product at the heart of the LSTM: a batch of states times the recurrent matrix."""
    neurons = min(network.neurons, _LARGEST_SIDE)
    states, matrix = torch.randn(min(batch, _LARGEST_SIDE), neurons), torch.randn(neurons, 4 * neurons)
    short = states.bfloat16(), matrix.bfloat16()
    with _threads(1):
        return speedup(lambda: states @ matrix, lambda: short[0] @ short[1])


def _muon_dtype(network: NetworkSettings) -> Dtype:
    """Measure the orthogonalisation of the LSTM's matrix; at a tie bfloat16 wins only with AMX."""
    neurons = min(network.neurons, _LARGEST_SIDE // 2)
    matrices = torch.randn(1, 4 * neurons, neurons)
    with _threads(1):
        times = speedup(lambda: orthogonalise(matrices, torch.float32), lambda: orthogonalise(matrices, torch.bfloat16))
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
    if most <= 1:
        return 1
    neurons = min(network.neurons, _LARGEST_SIDE)
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


def speedup(old: Callable[[], Tensor], new: Callable[[], Tensor]) -> float:
    """How many times as fast the new way is, by the quickest of several runs of both in turn.

    The quickest, because whatever else the machine does can only make a run slower; in turn, because what it does
    changes. The first runs count only where they take too long to be made again.
    """
    began = time.perf_counter()
    best = [_seconds(old), _seconds(new)]
    if time.perf_counter() - began < _ENOUGH_S:
        best = [float("inf")] * 2
        for _ in range(_TRIES):
            best = [min(best[0], _seconds(old)), min(best[1], _seconds(new))]
            if time.perf_counter() - began > _ENOUGH_S:
                break
    return best[0] / max(best[1], 1e-9)


def _seconds(work: Callable[[], Tensor]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
