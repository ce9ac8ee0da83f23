"""What all tests share: golden pictures, and the flag that draws them again."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray
from PIL import Image

from pipeline.runtime import workers
from pipeline.runtime.openmp import wait_briefly

# How quick inputs are made tells of the machine, not of the code.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same each time", settings.get_profile("explore"), derandomize=True)
settings.load_profile("same each time")

GOLDEN_FOLDER = Path(__file__).parent / "picture" / "golden"
MEAN_TOLERANCE = 1.0  # levels of 255, over the whole picture
WORST_TOLERANCE = 40.0  # levels that one pixel in a thousand may be off: another font renderer, another processor
MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - Linux's own
ROOM_BYTES = 8 << 30  # twenty times what is there at once

workers.preload(  # what helper processes import, once for all tests of a process
    "pipeline.build.follow",
    "pipeline.learning.sampling.sampler",
    "pipeline.learning.training.loop",
    "pipeline.stages.render",
)
os.environ["BUILD_VIDEO_CACHE"] = ""  # what tests measure is nothing to remember on this machine
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):  # or each of the hundreds of processes compiles every module again
    sys.dont_write_bytecode = False
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in a shell's background: what tests start would ignore it too
    signal.signal(signal.SIGINT, signal.default_int_handler)
wait_briefly()
os.environ["OMP_NUM_THREADS"] = "1"  # tests run side by side: threads of torch would wait for one another, spinning

Golden = Callable[[str, NDArray[np.uint8]], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="draw the golden pictures again instead of comparing")
    parser.addoption("--explore", action="store_true", help="try properties with other examples than the last time")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--explore"):
        settings.load_profile("explore")
    if config.option.basetemp is None and not hasattr(config, "workerinput"):
        _keep_folders_in_memory()


def _keep_folders_in_memory() -> None:
    """Let folders of tests lie in memory where there is plenty: results are flushed to the disk again and again."""
    try:
        room = min(shutil.disk_usage(MEMORY_DISK).free, psutil.virtual_memory().available)
    except OSError:
        return
    if room >= ROOM_BYTES and os.access(MEMORY_DISK, os.W_OK):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_DISK))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let a process of `-n` that is done take over half of the tests that wait for another, to the very end."""
    from xdist.scheduler import WorkStealingScheduling  # noqa: PLC0415 - only there where it is used

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


def pytest_collection_finish() -> None:
    gc.freeze()  # what is there for good: each full collection would look through all modules and tests again


@pytest.fixture
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Golden:
    """Compare an sRGB picture (h, w, 3) with tests/picture/golden/<name>.png, or write it with --update-golden."""

    def compare(name: str, picture: NDArray[np.uint8]) -> None:
        path = GOLDEN_FOLDER / f"{name}.png"
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path, optimize=True)
            return
        assert path.is_file(), f"There is no golden picture {path.name}; draw it with --update-golden and look at it."
        with Image.open(path) as image:
            expected = np.asarray(image.convert("RGB"))
        assert picture.shape == expected.shape
        away = np.abs(picture.astype(np.float64) - expected)
        worst = float(np.quantile(away, 0.999))
        if away.mean() > MEAN_TOLERANCE or worst > WORST_TOLERANCE:
            shown = np.concatenate([expected, picture, np.clip(4 * away, 0, 255).astype(np.uint8)], axis=0)
            Image.fromarray(shown).save(tmp_path / f"{name}-difference.png")
            pytest.fail(
                f"{name} differs (mean {away.mean():.2f}, worst {worst:.0f}): see {tmp_path}/{name}-difference.png"
            )

    return compare
