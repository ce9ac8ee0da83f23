"""The libraries of the extra [cluster], imported when they are needed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from pipeline.errors import InputError
from pipeline.runtime.wording.installing import extra_command


def load(name: str) -> Any:
    """Import a module of the extra [cluster].

    Raises
    ------
    InputError
        Where it is not installed.
    """
    try:
        with _own_ctrl_c():
            return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name.partition(".")[0]):
            raise
        raise InputError(
            f"A cluster needs the package '{name.partition('.')[0].replace('_', '-')}', which is not installed.",
            where="--cluster",
            expected="build-video with its extra 'cluster'",
            hint=extra_command("cluster"),
        ) from error


@contextmanager
def _own_ctrl_c() -> Iterator[None]:
    """Keep what Ctrl-C does: dask-jobqueue lets it end the program as if all were done, from its import on."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)
