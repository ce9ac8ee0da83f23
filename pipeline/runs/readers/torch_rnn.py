"""`checkpoint_N.json`, as torch-rnn writes them: the options and the whole history of losses.

Owns that of several the last whole one counts. The fields are those of torch-rnn's `train.lua`: `opt`,
`train_loss_history` (one value an iteration), `val_loss_history` and `val_loss_history_it`; losses are nats per
character.
"""

from __future__ import annotations

import os
import re
from array import array
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipeline.errors import LogError
from pipeline.runs.readers.registry import Wish, register
from pipeline.runs.record import Floats, Log, Series
from pipeline.runtime.wording.plurals import counted
from pipeline.store.files import disk_errors
from pipeline.tables.json_values import JsonText
from pipeline.tables.source import open_lines

_NAME: Final = re.compile(r"(?s)(.*?)(\d{1,15})\.json")
_TRAINING, _VALIDATION, _STEPS = "train_loss_history", "val_loss_history", "val_loss_history_it"
_HISTORIES: Final = frozenset({_TRAINING, _VALIDATION, _STEPS, "forward_backward_times", "memory_usage"})
_MOST_NUMBERS: Final = 20_000_000
_MOST_ENTRIES: Final = 20_000
_TRIES: Final = 3
_MOST_SETTINGS: Final = 100
_LONGEST: Final = 200


def _is_checkpoint(path: Path, head: bytes) -> bool:
    if path.is_dir():
        return bool(_checkpoints(path))
    return (head.lstrip()[:1] == b"{" and (b'"train_loss_history"' in head or b'"val_loss_history' in head)) or (
        head.lstrip()[:1] == b"{" and path.name.startswith("checkpoint_") and _NAME.fullmatch(path.name) is not None
    )


def _checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a folder, the last iteration first."""
    with disk_errors(folder), os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, _MOST_ENTRIES)]
    found = [(int(match[2]), name) for name in names if (match := _NAME.fullmatch(name)) is not None]
    wanted = [(number, name) for number, name in found if "checkpoint" in name]
    return [folder / name for _, name in sorted(wanted, reverse=True)]


def _files(path: Path) -> list[Path]:
    return _checkpoints(path)[:_TRIES] if path.is_dir() else [path]


@register("torch-rnn's checkpoint_N.json", _is_checkpoint, order=20, files=_files)
def read_checkpoint(path: Path, _wish: Wish) -> Log:
    """Read a checkpoint's history; of a folder, that of the last checkpoint, or of one before where it is unfinished.

    Raises
    ------
    LogError
        No whole checkpoint is there.
    """
    files = _files(path)
    notes: list[str] = []
    for file in files[:-1]:
        try:
            log = _read(file)
        except LogError as error:
            notes.append(f"{file.name} can't be read yet ({error.what.rstrip('.')}): the one before it is")
        else:
            log.notes[:0] = notes
            return log
    log = _read(files[-1])
    log.notes[:0] = notes
    return log


def _read(path: Path) -> Log:
    numbers: dict[str, array[float]] = {}
    settings: dict[str, str] = {}
    try:
        with open_lines(str(path)) as lines:
            text = JsonText(lines.blocks)
            for name, value in text.pairs(lambda name: name in _HISTORIES):
                if name in _HISTORIES and value is None:
                    numbers[name] = _numbers(text)
                elif name == "opt" and isinstance(value, dict):
                    settings = _settings(value)
    except LogError as error:
        raise LogError(error.what, where=str(path), expected=error.expected, hint=error.hint) from error
    training, validation = (np.frombuffer(numbers.get(name, array("d"))) for name in (_TRAINING, _VALIDATION))
    steps = np.frombuffer(numbers.get(_STEPS, array("d")))
    if not training.size and not validation.size:
        raise LogError(
            "The checkpoint has no history of losses.",
            where=str(path),
            expected=f"{_TRAINING}, and {_VALIDATION} with {_STEPS}",
        )
    return _as_log(training, validation, steps, settings)


def _as_log(training: Floats, validation: Floats, steps: Floats, settings: dict[str, str]) -> Log:
    both = min(validation.size, steps.size)
    found = [
        Series(_TRAINING, np.arange(1.0, training.size + 1), training, unit="nats"),
        Series(_VALIDATION, steps[:both], validation[:both], unit="nats"),
    ]
    notes = []
    if validation.size != steps.size:
        values, places = counted(validation.size, "value"), counted(steps.size, "iteration")
        notes.append(f"{_VALIDATION} has {values} for {places}, of which {both:,} are read")
    used = [series for series in found if series.values.size]
    return Log(used, [series.name for series in used], settings=settings, notes=notes)


def _numbers(text: JsonText) -> array[float]:
    found = array("d")
    for value in text.items():
        if len(found) >= _MOST_NUMBERS:
            raise LogError(f"The checkpoint holds more than {_MOST_NUMBERS:,} numbers.")
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        try:
            found.append(float(value) if is_number else np.nan)
        except OverflowError:
            found.append(np.inf)
    return found


def _settings(options: dict[str, Any]) -> dict[str, str]:
    """The options that are single values."""
    kept = {name: value for name, value in options.items() if isinstance(value, str | int | float)}
    return {name[:_LONGEST]: str(value)[:_LONGEST] for name, value in islice(kept.items(), _MOST_SETTINGS)}
