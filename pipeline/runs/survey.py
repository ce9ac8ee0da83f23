"""Looking through a run's folder: which logs, losses, sounds and settings there are, and which are not.

Owns what is looked for and how far. It writes nothing, follows no links, and reads only so much of each log that the
answer comes soon.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pipeline.errors import BuildVideoError, InputError
from pipeline.runs.names import best_loss
from pipeline.runs.readers.event_files import MARK
from pipeline.runs.readers.registry import Wish, reader_for
from pipeline.runs.readers.trainer_settings import is_settings_file, read_settings
from pipeline.runs.record import Log
from pipeline.runs.sounds import Candidate, candidates, choose, sounds_in
from pipeline.runtime.wording.named_files import absent_hint
from pipeline.store.files import disk_errors

_LOG_SUFFIXES: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".log", ".txt")
_LOG_NAMES: Final = ("trainer_state.json", "history.json", "log_history.json", "train_log.json", "log.json")
_CHECKPOINT: Final = "checkpoint"
_MOST_ENTRIES: Final = 100_000
_MOST_FOLDERS: Final = 2_000
_DEEPEST: Final = 6
_MOST_LOGS: Final = 40
_MOST_BYTES: Final = 1 << 28
"""Of each log, in a survey."""
_LARGEST_WHOLE_BYTES: Final = 1 << 30
"""Tables are read whole: larger ones are named, and not looked into."""


@dataclass(frozen=True)
class FoundLog:
    """One log: where it lies in the folder, its format, and what was read of it."""

    name: str
    form: str
    log: Log
    training: str
    validation: str

    @property
    def last_iteration(self) -> float:
        """The last iteration of its losses; 0 where there are none."""
        return max((float(one.iterations.max()) for one in self.log.series if one.iterations.size), default=0.0)


@dataclass
class Survey:
    """What lies in a run's folder; names are paths from there, with slashes."""

    folder: Path
    logs: list[FoundLog] = field(default_factory=list)
    """Those with a loss first, the one with most of it before others."""
    sounds: int = 0
    takes: Candidate | None = None
    others: list[Candidate] = field(default_factory=list)
    """Numbers in the names of sounds that may be iterations too, where one can't be told."""
    tag: str = ""
    """Of sounds in event files, where no files are."""
    settings: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def best(self) -> FoundLog | None:
        """The log whose losses are drawn."""
        return next((log for log in self.logs if log.training or log.validation), None)


def survey_run(folder: Path) -> Survey:
    """Look through a run's folder.

    Raises
    ------
    InputError
        There is no such folder, or neither losses nor sounds are in it.
    """
    if not folder.is_dir():
        what = "This is a file, not a folder." if folder.exists() else "There is no such folder."
        raise InputError(what, where=str(folder), expected="the folder of a training run", hint=absent_hint(folder))
    found = Survey(folder)
    for path in _logs_in(folder, found):
        _look_into(path, found)
    found.logs.sort(key=lambda log: (not log.training, not log.validation, -log.last_iteration))
    _find_takes(found)
    if not found.settings and found.best:
        found.settings = found.best.log.settings
    if found.best is None and not found.takes and not found.others and not found.tag:
        raise InputError(
            "Neither losses nor sounds by iteration were found in this folder.",
            where=str(folder),
            expected="a log (event files, CSV, JSON, text), or sounds such as step_1000.wav",
            hint="; ".join(found.notes[:5]),
        )
    return found


def _logs_in(folder: Path, found: Survey) -> Iterator[Path]:
    """Files that may be logs; of event files the highest folder that holds all of them, of checkpoints their folder."""
    events: list[Path] = []
    checkpoints: set[Path] = set()
    logs: list[Path] = []
    for path in _files_in(folder, found):
        name = path.name.casefold()
        if MARK in name:
            events.append(path)
        elif name.startswith(_CHECKPOINT) and name.endswith(".json"):
            checkpoints.add(path.parent)
        elif is_settings_file(name):
            found.settings = found.settings or read_settings(path)
        elif name in _LOG_NAMES or name.removesuffix(".gz").endswith(_LOG_SUFFIXES):
            logs.append(path)
    if events:
        yield Path(os.path.commonpath([path.parent for path in events]))
    yield from sorted(checkpoints)
    if len(logs) > _MOST_LOGS:
        found.notes.append(f"{len(logs):,} files may be logs: only {_MOST_LOGS} were looked into")
    yield from sorted(logs, key=lambda path: (len(path.parts), path))[:_MOST_LOGS]


def _files_in(folder: Path, found: Survey) -> Iterator[Path]:
    waiting, folders, entries = [(folder, 0)], 0, 0
    while waiting:
        place, depth = waiting.pop()
        folders += 1
        with disk_errors(place), os.scandir(place) as listed:
            for entry in listed:
                entries += 1
                if entries > _MOST_ENTRIES or folders > _MOST_FOLDERS:
                    found.notes.append(f"the folder is too large: only {entries - 1:,} files of it were looked at")
                    return
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if depth < _DEEPEST:
                        waiting.append((Path(entry.path), depth + 1))
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)


def _look_into(path: Path, found: Survey) -> None:
    """Read a log as far as a survey needs; what can't be read is noted, and no error."""
    name = path.relative_to(found.folder).as_posix()
    try:
        if path.is_file() and path.stat().st_size > _LARGEST_WHOLE_BYTES:
            found.notes.append(f"{name} is larger than 1 GiB, and was not looked into: name it as log")
            return
        reader = reader_for(path)
        log = reader.read(path, Wish(most_bytes=_MOST_BYTES))
    except (BuildVideoError, OSError) as error:
        what = error.what if isinstance(error, BuildVideoError) else str(error.strerror)
        hint = f" {error.hint}" if isinstance(error, InputError) and error.hint.startswith("pip") else ""
        found.notes.append(f"{name} is no log that can be read: {what}{hint}")
        return
    there = list(dict.fromkeys(one.name for one in log.series if one.values.size))
    own = FoundLog(name, reader.name, log, best_loss(there, "training"), best_loss(there, "validation"))
    if there or log.sounds:
        found.logs.append(own)
    elif log.names:
        found.notes.append(f"{name} holds no loss")


def _find_takes(found: Survey) -> None:
    names = sounds_in(found.folder)
    found.sounds = len(names)
    several = candidates(names)
    found.takes = choose(several)
    if found.takes is None:
        found.others = several
    if names:
        return
    tags = [(len(takes), tag) for log in found.logs for tag, takes in log.log.sounds.items()]
    found.tag = max(tags, default=(0, ""))[1]
