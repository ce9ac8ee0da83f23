"""What this machine offers to training: device, threads, bfloat16, memory.

This module does not know networks or recipes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

from pipeline.errors import ProductionError

MOST_THREADS: Final = 8
"""Networks of this size gain nothing from more."""


def choose_device(wanted: str) -> torch.device:
    """Choose where to train: `auto` takes a GPU where torch can use one.

    Raises
    ------
    ProductionError
        Where CUDA is asked for and not there.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ProductionError(
            "There is no GPU that torch can use.",
            where="training.device",
            expected="an NVIDIA GPU, its driver, and a build of torch for CUDA",
            hint="Set device = 'auto' or 'cpu'.",
        )
    if wanted == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda")


def bfloat16_is_quick(device: torch.device) -> bool:
    """Tell whether this device multiplies bfloat16 matrices faster than float32 ones."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    asks = [getattr(torch.cpu, name, None) for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported")]
    return any(bool(ask()) for ask in asks if ask is not None)


def useful_threads(jobs: int) -> int:
    """How many threads training should use: no more than jobs, than cores at hand, or than are of use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(jobs, cores, MOST_THREADS))


def memory_bytes(device: torch.device) -> int:
    """How much memory the device has; 0 where it can't be told."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0


@contextmanager
def training_environment(device: torch.device, threads: int) -> Iterator[None]:
    """Set torch's global switches for a training, and put them back afterwards, the random state too.

    On CUDA float32 matrices are multiplied as TF32, and cuBLAS is asked to give the same sums every time.
    """
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision("high" if device.type == "cuda" else "highest")
        try:
            yield
        finally:
            torch.set_num_threads(before[0])
            torch.set_float32_matmul_precision(before[1])


def describe_gpu() -> str:
    """Name the GPU that networks would be trained on, with its memory; nothing where there is none."""
    if not torch.cuda.is_available():
        return ""
    properties = torch.cuda.get_device_properties(0)
    return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
