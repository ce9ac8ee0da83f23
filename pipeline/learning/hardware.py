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
from pipeline.runtime.machine import memory_bytes, processor_kind

_AMPERE: Final = (8, 0)
"""The first compute capability with bfloat16."""
_CUBLAS_VARIABLE: Final = "CUBLAS_WORKSPACE_CONFIG"


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


def has_bfloat16_unit(device: torch.device) -> bool:
    """Whether this device has instructions that multiply bfloat16; emulated ones don't count."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= _AMPERE
    return has_matrix_unit() or _processor_has("_is_avx512_bf16_supported")


def has_matrix_unit() -> bool:
    """Whether the processor multiplies whole tiles of matrices (AMX)."""
    return _processor_has("_is_amx_tile_supported")


def _processor_has(name: str) -> bool:
    """Ask torch; where its kernels are held to less than AVX-512, nothing beyond is counted on."""
    ask = getattr(torch.cpu, name, None)
    return ask is not None and bool(ask()) and torch.backends.cpu.get_cpu_capability() != "AVX2"


def device_memory_bytes(device: torch.device) -> int:
    """How much memory a training on this device may take: the GPU's, or what this process may have."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return memory_bytes()


@contextmanager
def training_environment(device: torch.device, threads: int, *, tf32: bool = False) -> Iterator[None]:
    """Set torch's global switches for a training, and put them back afterwards, the random state too.

    On CUDA cuBLAS is asked to give the same sums every time; it reads that when it is first used.
    """
    before = torch.get_num_threads(), torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    workspace = os.environ.get(_CUBLAS_VARIABLE)
    on_gpu = device.type == "cuda"
    if on_gpu:
        os.environ.setdefault(_CUBLAS_VARIABLE, ":4096:8")
    with torch.random.fork_rng(devices=[device] if on_gpu else []):
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision("high" if on_gpu and tf32 else "highest")
        torch.backends.cudnn.allow_tf32 = on_gpu and tf32
        try:
            yield
        finally:
            torch.set_num_threads(before[0])
            torch.set_float32_matmul_precision(before[1])
            torch.backends.cudnn.allow_tf32 = before[2]
            if on_gpu and workspace is None:
                os.environ.pop(_CUBLAS_VARIABLE, None)


def device_kind(device: str) -> str:
    """Name the kind of processor or GPU behind `cpu` or `cuda`: computing on another kind may give other bytes.

    So may torch's builds for GPUs, which a cluster's workers may have while the command has none.
    """
    if device == "cuda":
        return torch.cuda.get_device_name(0)
    return processor_kind() + (f", torch for CUDA {torch.version.cuda}" if torch.version.cuda else "")


def describe_gpu() -> str:
    """Name the GPU that networks would be trained on, with its memory; nothing where there is none."""
    if not torch.cuda.is_available():
        return ""
    properties = torch.cuda.get_device_properties(0)
    return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
