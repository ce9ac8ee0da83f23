"""Which GPUs this process may use, and how one of them alone is chosen, without the libraries that compute on them.

CUDA counts the GPUs that a process sees from 0, and reads CUDA_VISIBLE_DEVICES when it is first used.

Source: https://docs.nvidia.com/cuda/cuda-c-programming-guide/#env-vars
"""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from typing import Final

from pipeline.errors import InputError

GPU_VARIABLE: Final = "CUDA_VISIBLE_DEVICES"
_NUMBERED: Final = re.compile(r"cuda:([0-9]{1,3})")
_ASKING_S: Final = 20


def visible_gpus() -> tuple[str, ...]:
    """Name the GPUs that CUDA may use in this process, each as CUDA_VISIBLE_DEVICES would name it alone."""
    chosen = os.environ.get(GPU_VARIABLE)
    if chosen is None:
        return _installed_gpus()
    names = [name.strip() for name in chosen.split(",") if name.strip()]
    refused = next((at for at, name in enumerate(names) if name == "-1"), len(names))  # what follows is hidden
    return tuple(names[:refused])


@cache
def _installed_gpus() -> tuple[str, ...]:
    """The numbers of all NVIDIA GPUs, as the driver's own program lists them."""
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=_ASKING_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in listed.splitlines() if line.strip().isdecimal())


def is_numbered(device: str) -> bool:
    """Whether a device is one GPU by its number, such as `cuda:1`."""
    return _NUMBERED.fullmatch(device) is not None


def use_one_gpu(device: str) -> str:
    """Let this process, and those that it starts, see one GPU alone, where the device has a number.

    Parameters
    ----------
    device
        `auto`, `cpu`, `cuda`, or with a number from 0 on: `cuda:1`.

    Returns
    -------
    str
        The device without its number.

    Raises
    ------
    InputError
        Where there is no such GPU.
    """
    numbered = _NUMBERED.fullmatch(device)
    if numbered is None:
        return device
    gpus, number = visible_gpus(), int(numbered[1])
    if number >= len(gpus):
        there = f"cuda:0 to cuda:{len(gpus) - 1}" if len(gpus) > 1 else "cuda:0" if gpus else "auto or cpu"
        raise InputError(
            f"There is no GPU number {number} here.",
            where="--device",
            expected=f"{there}: {len(gpus)} are visible",
            hint="nvidia-smi -L lists them, from 0 on.",
        )
    os.environ[GPU_VARIABLE] = gpus[number]
    return "cuda"
