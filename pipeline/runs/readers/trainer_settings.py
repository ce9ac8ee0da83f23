"""What a run says of its network and its training: a trainer's state, and files of settings beside a log.

Owns the usual names of such files and reading single values out of them, as text. What can't be read is no error:
settings are extra. It knows no logs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_FILES: Final = (
    "config.json", "hparams.json", "args.json", "params.json", "hparams.yaml", "config.yaml", "args.yaml",
    "hparams.yml", "config.yml",
)  # fmt: skip
_LARGEST_BYTES: Final = 1 << 20
_MOST: Final = 60
_DEEPEST: Final = 3
_LONGEST_NAME, _LONGEST_VALUE = 80, 120
_LINE: Final = re.compile(r"([A-Za-z_][\w.-]{0,79}):[ \t]++([^#\s{\[&!|>][^\n]{0,200})")
_STATE: Final = ("num_train_epochs", "max_steps", "best_metric", "best_global_step", "total_flos", "train_batch_size")


def settings_beside(path: Path) -> dict[str, str]:
    """The settings of a log's run: a trainer's own, or those of a file beside it; empty where none are."""
    if path.name == "trainer_state.json":
        state = _json(path)
        return {name: _shown(state[name]) for name in _STATE if isinstance(state.get(name), str | int | float)}
    return next(filter(None, (read_settings(path.parent / name) for name in _FILES)), {})


def is_settings_file(name: str) -> bool:
    """Whether a file of this name holds settings."""
    return name in _FILES


def read_settings(path: Path) -> dict[str, str]:
    """Read the single values of a file of settings; names within one another are joined by points."""
    if path.suffix == ".json":
        found: dict[str, str] = {}
        _gather(_json(path), "", found, 1)
        return found
    found = {}
    for line in _text(path).split("\n"):
        if len(found) < _MOST and (match := _LINE.match(line)):
            found[match[1]] = _shown(match[2].strip().strip("'\""))
    return found


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(_LARGEST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _json(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(_text(path) or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _gather(values: Mapping[str, Any], before: str, found: dict[str, str], depth: int) -> None:
    for name, value in values.items():
        if isinstance(value, Mapping) and depth < _DEEPEST:
            _gather(value, f"{before}{name}.", found, depth + 1)
        elif isinstance(value, str | int | float) and len(found) < _MOST and len(before + name) <= _LONGEST_NAME:
            found[before + name] = _shown(value)


def _shown(value: object) -> str:
    return "".join(letter for letter in str(value)[:_LONGEST_VALUE] if letter.isprintable())
