"""The libraries of the extra [cluster], imported when they are needed."""

from __future__ import annotations

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
