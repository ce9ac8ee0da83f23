"""The dtypes (mixed precision or float32) and threads of a training: by the network, the batch, the kind of processor.

Nothing is measured, and neither the cores that are free nor `--jobs` count: a training of so many iterations or epochs
is made of the same sums on every machine of a kind, whatever else it does. One that the clock ends is never made twice
alike, and takes the cores that there are. The choice is kept with the training's state, which goes on with it.

This module knows products of matrices and what a processor has; it does not know schedules or files.
"""

from __future__ import annotations

from typing import Final, Literal

import torch
from pydantic import BaseModel, ConfigDict
from torch import nn

from pipeline.learning.hardware import has_bfloat16_unit, has_matrix_unit
from pipeline.learning.models.network import NetworkSettings
from pipeline.learning.recipes.recipe import Recipe

Dtype = Literal["float32", "bfloat16"]

_THREADS: Final = (4, 2, 1)
_FLOP_A_THREAD: Final = 12e6
"""A quarter of a millisecond of an ordinary core: threads that meet more often, and may have to wait for a core each
time, cost more than they gain."""
_FLOP_A_FREE_THREAD: Final = 4e6
"""The same for threads that have a core each."""
_MOST_FREE_THREADS: Final = 8


class Arithmetic(BaseModel):
    """How a training computes.

    Attributes
    ----------
    matrix_dtype
        Of the products of the network (mixed precision where it is bfloat16).
    muon_dtype
        Of the products of Muon's orthogonalisation.
    threads
        Of the processor, for each process.
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
        """The same without its reason, which is for people."""
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
    devices: int = 1,
    free_cores: int | None = None,
) -> Arithmetic:
    """Choose how to compute on this kind of machine.

    Parameters
    ----------
    precision
        What the person asks for.
    devices
        How many processes share each batch.
    free_cores
        Where the clock ends a training, which makes no two of them alike: the cores of each process.
    """
    if device.type == "cuda":
        return _on_gpu(recipe, device, precision)
    threads = training_threads(network, recipe.batch // devices, free_cores)
    dtype, reason = _on_processor(network, recipe, precision)
    # without tiles of matrices bfloat16 makes Muon's products hardly any quicker
    in_muon = dtype == "bfloat16" and recipe.matrix_learning_rate and has_matrix_unit()
    return Arithmetic(
        matrix_dtype=dtype, muon_dtype="bfloat16" if in_muon else "float32", threads=threads, reason=reason
    )


def _on_gpu(recipe: Recipe, device: torch.device, precision: str) -> Arithmetic:
    """On CUDA what the hardware has decides: bfloat16 from compute capability 8.0 on, never where it is emulated."""
    if precision == "float32":
        return Arithmetic(reason="as precision asks for")
    if precision == "bfloat16" or (recipe.mixed_precision and has_bfloat16_unit(device)):
        why = "as precision asks for" if precision == "bfloat16" else "this GPU has units for it"
        return Arithmetic(matrix_dtype="bfloat16", muon_dtype="bfloat16", tf32=True, reason=why)
    return Arithmetic(tf32=True, reason="TF32 where this GPU has it")


def _on_processor(network: NetworkSettings, recipe: Recipe, precision: str) -> tuple[Dtype, str]:
    """The dtype of the network's products, and why."""
    if precision == "float32":
        return "float32", "as precision asks for"
    if precision == "bfloat16":
        return "bfloat16", "as precision asks for"
    if not recipe.mixed_precision:
        return "float32", f"as the recipe {recipe.name} has it"
    if not has_bfloat16_unit(torch.device("cpu")):
        return "float32", "this processor has no unit for bfloat16"
    if not _lstm_runs(network):
        return "float32", "this processor has no bfloat16 LSTM"
    return "bfloat16", "this processor has units for bfloat16"


def _lstm_runs(network: NetworkSettings) -> bool:
    """Whether the library has a bfloat16 LSTM for this processor: it may have the products and not the layer."""
    layer = nn.LSTM(16, 16, 1, batch_first=True)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            layer(torch.zeros(2, 2, 16))[0].float().sum().backward()
    except RuntimeError:
        return False
    return network.layers > 0


def training_threads(network: NetworkSettings, batch: int, free_cores: int | None = None) -> int:
    """How many threads share the products of a training, by their size alone.

    Sums of parts differ in their last bits with the number of parts. So a training of a set length has never more or
    fewer because of the cores that are free: more threads than cores take turns, which costs large products little.

    Parameters
    ----------
    batch
        Streams that one process reads side by side.
    free_cores
        See `choose_arithmetic`.
    """
    flop = 2.0 * batch * network.neurons * 4 * network.neurons  # of a batch of states with the matrix of four gates
    if free_cores is not None:
        return max(1, min(free_cores, _MOST_FREE_THREADS, int(flop / _FLOP_A_FREE_THREAD)))
    return next(threads for threads in _THREADS if threads == 1 or flop >= threads * _FLOP_A_THREAD)
