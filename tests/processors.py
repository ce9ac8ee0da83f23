"""Lets a program compute as if the processor had AVX2 alone: no AVX-512, no AMX, no bfloat16, as most computers.

    python -m tests.processors COMMAND ...      runs any command so

The mathematics libraries' own switches do it: oneDNN, MKL, torch's kernels, NumPy's, and numba's compiler. They are
read when those libraries are loaded, so they must be set before. On a machine that has AVX2 alone they change nothing.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import numpy as np

HASWELL = "+avx2,+fma,+f16c,+bmi,+bmi2,+lzcnt,+popcnt,+movbe,+avx,+sse4.2,+sse4.1,+ssse3,+sse3,+cx16,+fsgsbase,+xsave"
_WIDE = ("AVX512", "X86_V4")
_MARK = "BUILD_VIDEO_TESTS_AS"


def avx2_alone() -> dict[str, str]:
    """The environment variables that hide everything beyond AVX2."""
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        return {}
    internals = np._core._multiarray_umath  # NumPy tells of its dispatch nowhere else
    features: dict[str, bool] = internals.__cpu_features__
    wide = [name for name in internals.__cpu_dispatch__ if features[name] and name.startswith(_WIDE)]
    return {
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": HASWELL,
        **({"NPY_DISABLE_CPU_FEATURES": " ".join(wide)} if wide else {}),
    }


def add_option(parser: ArgumentParser) -> None:
    """Offer `--as avx2` in a benchmark."""
    parser.add_argument("--as", dest="processor", choices=("this", "avx2"), default="this", help="whose arithmetic")


def begin_again_as(processor: str) -> None:
    """Start this very command again with the environment of another processor, unless that has been done."""
    if processor == "avx2" and os.environ.get(_MARK) != "avx2":
        own = {**os.environ, **avx2_alone(), _MARK: "avx2"}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], own)  # noqa: S606 - no shell is wanted


def processor_words() -> str:
    """Name the processor and what it has, for the head of a table."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        told = dict(line.split(":", 1) for line in lines if ":" in line)
        facts = {name.strip(): value.strip() for name, value in told.items()}
    except OSError:
        facts = {}
    flags = set(facts.get("flags", "").split())
    names = {"AMX": "amx_tile", "AVX-512": "avx512f", "bfloat16": "avx512_bf16", "AVX2": "avx2"}
    has = [name for name, flag in names.items() if flag in flags]
    kind = "as if it had AVX2 alone" if os.environ.get(_MARK) == "avx2" else ", ".join(has) or platform.machine()
    return f"{facts.get('model name', platform.processor() or platform.machine())} ({kind}), {os.cpu_count()} cores"


if __name__ == "__main__":
    sys.exit(subprocess.run(sys.argv[1:], env={**os.environ, **avx2_alone(), _MARK: "avx2"}, check=False).returncode)
