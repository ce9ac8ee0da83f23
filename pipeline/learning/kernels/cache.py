"""Compiling to machine code, once a machine.

This module owns where compiled kernels are kept: beside the sources where that folder can be written, else in the
user's cache folder, else nowhere (they are then compiled anew by each process). The folder's name is a hash of all the
kernels' sources, because numba itself only notices changes of the file in which a function stands, not of the files
from which it takes other functions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numba.core.config

from pipeline.runtime.cache_folders import first_writable, personal_cache

Parameters = ParamSpec("Parameters")
Outcome = TypeVar("Outcome")

config: Any = numba.core.config
njit: Any = numba.njit

_HERE = Path(__file__).resolve().parent
_SOURCES = (
    *("cache.py", "emitter.py", "products.py", "kernels.py"),
    *("../sampling/sampler_models.py", "../sampling/sampler_state.py", "../sampling/sampler_steps.py"),
)


def compiled(function: Callable[Parameters, Outcome]) -> Callable[Parameters, Outcome]:
    """Compile a function at its first call, and keep the machine code for later processes.

    Sums run in the order in which they are written (no fast-math), so that results do not depend on the width of
    a machine's vector registers.
    """
    folder = cache_folder()
    if folder is None:
        return cast("Callable[Parameters, Outcome]", njit(function))
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        return cast("Callable[Parameters, Outcome]", njit(cache=True)(function))
    except RuntimeError:  # numba found that it can't write there after all
        return cast("Callable[Parameters, Outcome]", njit(function))
    finally:
        config.CACHE_DIR = before


def part(function: Callable[Parameters, Outcome]) -> Callable[Parameters, Outcome]:
    """Compile a function that only other compiled functions call: without a wrapper for Python, in half the time."""
    return cast("Callable[Parameters, Outcome]", njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)(function))


@cache
def cache_folder() -> Path | None:
    """Where machine code is kept; None where no folder can be written."""
    name = f"build-video-kernels-{_digest()}"
    return first_writable(parent / name for parent in _candidates())


def _candidates() -> list[Path]:
    """Where numba keeps machine code, beside the sources, in the user's cache folder."""
    chosen = [Path(config.CACHE_DIR)] if config.CACHE_DIR else []
    personal = personal_cache()
    return [*chosen, _HERE / "__pycache__", *([personal] if personal else [])]


def _digest() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for name in _SOURCES:
        digest.update((_HERE / name).read_bytes())
    return digest.hexdigest()[:16]
