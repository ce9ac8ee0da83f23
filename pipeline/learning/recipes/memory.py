"""How much memory a training needs at least, and has taken; and what the errors of too little look like."""

from __future__ import annotations

import sys
from typing import Final

import torch

from pipeline.errors import TrainingError
from pipeline.learning.hardware import device_memory_bytes
from pipeline.learning.models.network import BYTE_VALUES, NetworkSettings
from pipeline.learning.recipes.recipe import Recipe, TrainingSettings, resolve

_COPIES: Final = 6
"""Weights, gradients, two moments, averages, and what is written to disk."""
_FLOAT_BYTES: Final = 4
_TORCH_BYTES: Final = 300 << 20
_LIKELY: Final = 2
"""Of the least: room that torch's allocator keeps, and what is sent between processes."""
_ALLOCATOR_WORDS: Final = ("can't allocate memory", "not enough memory")
"""Of torch's allocator for the processor, which has no class of its own for it."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means too little memory, and not of an illegal access or another fault with memory in it."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return type(error) is RuntimeError and any(words in str(error).lower() for words in _ALLOCATOR_WORDS)


def out_of_memory(recipe: Recipe) -> TrainingError:
    """The error of a training that has met its machine's limit."""
    return TrainingError(
        "There is not enough memory for this training.",
        where=f"batch {recipe.batch}, sequence {recipe.sequence}",
        hint="Make batch, sequence or the network smaller.",
    )


def peak_memory_bytes(device: torch.device) -> int:
    """The most memory held so far, on a GPU by torch, else by this process; 0 on Windows."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415 - absent on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def least_memory_bytes(network: NetworkSettings, recipe: Recipe) -> int:
    """A lower bound of what a training holds at once: its copies of the weights, and one window's activations."""
    per_byte = 3 * BYTE_VALUES + network.embedding + network.activations_per_byte
    return _FLOAT_BYTES * (_COPIES * network.parameters + recipe.batch * recipe.sequence * per_byte)


def likely_memory_bytes(network: NetworkSettings, settings: TrainingSettings) -> int:
    """What each process of a training takes, torch included: measured, small ones stay just beneath 300 MiB."""
    own = least_memory_bytes(network, resolve(settings, network.group))
    return _TORCH_BYTES + _LIKELY * own // settings.devices


def check_memory(network: NetworkSettings, recipe: Recipe, device: torch.device) -> None:
    """Refuse a training that can't fit, before it takes any memory.

    Raises
    ------
    TrainingError
        Where the device has less memory than the training needs at the very least.
    """
    there, needed = device_memory_bytes(device), least_memory_bytes(network, recipe)
    if needed > there:
        raise TrainingError(
            f"This training needs at least {needed / 2**30:.1f} GiB of memory, and there are {there / 2**30:.1f} GiB.",
            where=f"network ({network.parameters:,} parameters), batch {recipe.batch}, sequence {recipe.sequence}",
            hint="Use fewer neurons, or a smaller batch or sequence.",
        )
