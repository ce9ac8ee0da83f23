"""Looking through a run's folder: which logs, losses, sounds and settings there are, and which are not.

Owns what is looked for and how far. It writes nothing, follows no links, and reads only so much of each log that the
answer comes soon.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from pipeline.errors import BuildVideoError, InputError
from pipeline.runs.names import losses_of, may_be_loss, run_of, shown_names
from pipeline.runs.readers.event_files import MARK
from pipeline.runs.readers.registry import Wish, reader_for
from pipeline.runs.readers.trainer_settings import is_settings_file, read_settings
from pipeline.runs.record import Log
from pipeline.runs.sounds import Candidate, candidates, choose, sounds_in
from pipeline.runs.text_takes import TEXT_SUFFIX, is_sampled_text
from pipeline.runtime.wording.named_files import absent_hint
from pipeline.runtime.wording.plurals import counted
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
_MUCH_MORE: Final = 1.5
_BY_EPOCH: Final = re.compile(r"(?i)(?:^|[^a-z])ep(?:ochs?)?[ =_-]*\{iteration\}")
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
    """Numbers in the names of sounds that may be iterations too, where it is not certain which one is."""
    texts: bool = False
    """Whether the takes are text of build-video's own table."""
    tag: str = ""
    """Of sounds in event files, where no files are."""
    iteration: str = ""
    """The log's column of epochs, where the sounds are numbered by these."""
    settings: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def best(self) -> FoundLog | None:
        """The log whose losses are drawn."""
        return next((log for log in self.logs if log.training or log.validation), None)

    @property
    def second(self) -> FoundLog | None:
        """The log that the validation's loss is in, where the best one has none: one of as many iterations."""
        best = self.best
        if best is None or best.validation:
            return None
        return next((log for log in self.logs if log.validation and _go_together(best, log)), None)


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
    texts: list[Path] = []
    for path in _logs_in(folder, found, texts):
        _look_into(path, found)
    found.logs.sort(key=lambda log: (not log.training, not log.validation, -log.last_iteration))
    _find_takes(found, texts)
    _count_alike(found)
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


def _go_together(best: FoundLog, other: FoundLog) -> bool:
    """Whether two logs are of one run, and no curve of one could be taken for the other's."""
    apart = best.training not in other.log.names and other.validation not in best.log.names
    longest = max(best.last_iteration, other.last_iteration)
    return apart and min(best.last_iteration, other.last_iteration) >= longest / 2


def _logs_in(folder: Path, found: Survey, texts: list[Path]) -> Iterator[Path]:
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
        elif name.endswith(TEXT_SUFFIX) and is_sampled_text(path):
            texts.append(path)
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
    there: dict[str, float] = {}
    for one in log.series:
        if one.values.size:
            there[one.name] = max(there.get(one.name, 0.0), float(one.iterations.max()))
    own = FoundLog(name, reader.name, log, *losses_of(there))
    runs = list(dict.fromkeys(run_of(one) for one in there if run_of(one) and may_be_loss(one)))
    if own.training and run_of(own.training) and len(runs) > 1:
        found.notes.append(f"{name} holds several runs: {shown_names(runs)}")
    if there or log.sounds:
        found.logs.append(own)
    elif log.names:
        found.notes.append(f"{name} holds no loss")


def _find_takes(found: Survey, texts: list[Path]) -> None:
    names = sounds_in(found.folder)
    if not names and texts:
        names = sorted(path.relative_to(found.folder).as_posix() for path in texts)
        found.texts = True
    found.sounds = len(names)
    several = candidates(names)
    found.takes = choose(several)
    if found.takes is None:
        found.others = several
    found_there = found.takes
    if found_there and (left := len(names) - sum(1 for name in names if _fits(name, found_there.pattern))):
        found.notes.append(f"{counted(left, 'sound')} of other names or endings are not among the takes")
    if names:
        return
    tags = [(len(takes), tag) for log in found.logs for tag, takes in log.log.sounds.items()]
    found.tag = max(tags, default=(0, ""))[1]


def _fits(name: str, pattern: str) -> bool:
    """Whether a sound is one of a candidate's; the pattern is our own, with few stars."""
    parts = re.split(r"(\{iteration\}|\*)", pattern)
    return (
        re.fullmatch("".join("[0-9]+" if at % 2 else re.escape(part) for at, part in enumerate(parts)), name)
        is not None
    )


def _count_alike(found: Survey) -> None:
    """See whether sounds and losses are counted alike; sounds by epoch beside a log of iterations are common."""
    best = found.best
    if best is None or found.takes is None or not best.last_iteration:
        return
    last = found.takes.numbers[-1]
    if last > best.last_iteration * _MUCH_MORE:
        what = f"the sounds are numbered up to {last:,}, but the log ends at iteration {best.last_iteration:,.0f}"
        found.notes.append(f"{what}: perhaps its iterations are counted otherwise")
    epochs = [one.epochs for one in best.log.series if one.name == best.training and one.epochs is not None]
    if not best.log.epochs_name or not epochs or not _BY_EPOCH.search(found.takes.pattern):
        return
    known = epochs[0][np.isfinite(epochs[0])]
    if known.size and bool((known == np.rint(known)).all()) and last <= float(known.max()) + 1 < best.last_iteration:
        found.iteration = best.log.epochs_name
        found.notes.append(f"the sounds are numbered by epochs: the log's '{found.iteration}' stands for iterations")
