"""What a plain install lacks for singing. It imports none of it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from pipeline.errors import ProductionError
from pipeline.runtime.wording.installing import extra_command

PACKAGES: Final = {"mido": "mido", "pyworld": "pyworld-prebuilt"}
"""Modules, and the packages that bring them."""


def missing_extra(module: str, where: str = "") -> ProductionError:
    """The error for a module that is not installed."""
    return ProductionError(
        f"A song needs the package {PACKAGES[module]}, which is not installed.",
        where=where,
        expected="the extra 'sing'",
        hint=f"Install it with  {extra_command('sing')}",
    )


def require_singing(where: str) -> None:
    """Raise an error that names the command where a package is missing."""
    for module in PACKAGES:
        if find_spec(module) is None:
            raise missing_extra(module, where)
