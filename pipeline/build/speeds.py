"""How fast earlier builds on this machine were, kept for the estimates of later ones.

A small JSON file in the user's cache folder. Only the times that people see depend on it: where it can't be read or
written, or holds nonsense, estimates begin with guesses again.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from pipeline.errors import BuildVideoError
from pipeline.runtime.cache_folders import personal_cache
from pipeline.store.files import atomic_write_text

FOLDER_VARIABLE: Final = "BUILD_VIDEO_CACHE"
"""The environment's word on where to keep them; empty: nowhere."""
_FILE: Final = "speeds.json"
_LARGEST_BYTES: Final = 100_000
_MOST: Final = 200
_LONGEST_NAME: Final = 100
BELIEVED: Final = 4.0
"""How far what was measured on other work may be from the guess."""


def cache_folder() -> Path | None:
    """Where this program may keep what it learns about the machine; None where nowhere."""
    own = os.environ.get(FOLDER_VARIABLE)
    if own is not None:
        return Path(own) if own else None
    base = personal_cache()
    return None if base is None else base / "build-video"


class Speeds:
    """Speeds by name, in units a second.

    Parameters
    ----------
    folder
        Where they are kept; None: nowhere.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known = _read(folder / _FILE) if folder is not None else {}

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def of(self, name: str, otherwise: float, *, within: float = math.inf) -> float:
        """The speed of that name, or a guess where none is known.

        Parameters
        ----------
        otherwise
            The guess, in the same units a second.
        within
            A remembered speed is believed up to this factor from the guess: small works say little about large ones.
        """
        known = self._known.get(name)
        return otherwise if known is None else min(max(known, otherwise / within), otherwise * within)

    def learn(self, measured: Mapping[str, float]) -> None:
        """Take in what was measured: a higher speed at once, a lower one by half, for the machine may have been busy.

        Other work can only make a build slower, never quicker.
        """
        for name, speed in measured.items():
            if not 0 < speed < math.inf:
                continue
            known = self._known.pop(name, speed)
            self._known[name] = max(speed, math.sqrt(known * speed))
        for name in list(self._known)[:-_MOST]:  # the oldest
            del self._known[name]
        if self._folder is not None and measured:
            with suppress(OSError, BuildVideoError):
                self._folder.mkdir(parents=True, exist_ok=True)
                atomic_write_text(self._folder / _FILE, json.dumps(self._known, indent=1) + "\n")


def _read(path: Path) -> dict[str, float]:
    try:
        if not path.is_file():
            return {}
        with path.open("rb") as file:
            raw = file.read(_LARGEST_BYTES + 1)
        found = json.loads(raw) if len(raw) <= _LARGEST_BYTES else {}
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    good = {
        name: float(speed)
        for name, speed in found.items()
        if len(name) <= _LONGEST_NAME and isinstance(speed, int | float) and _MIN <= speed <= _MAX
    }
    return dict(list(good.items())[-_MOST:])


_MIN, _MAX = 1e-9, 1e18
