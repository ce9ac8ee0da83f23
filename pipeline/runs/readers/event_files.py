"""Event files, as TensorBoard's writers make them: scalars and sounds by tag.

Owns folders of runs, files of a run that was restarted, and what old and new summaries look like. Protocol buffers are
read by TensorBoard's own definitions, which need no TensorFlow.
"""

from __future__ import annotations

import os
import struct
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipeline.errors import InputError, LogError
from pipeline.runs.readers.framing import records
from pipeline.runs.readers.registry import Wish, register
from pipeline.runs.record import Log, RunTake, Series
from pipeline.runtime.wording.plurals import counted
from pipeline.store.files import disk_errors

MARK: Final = "tfevents"
"""Is in the name of every event file."""
_MOST_FILES: Final = 2_000
_MOST_FOLDERS: Final = 2_000
_DEEPEST: Final = 6
_MOST_TAGS: Final = 10_000
_MOST_NUMBERS: Final = 50_000_000
_MOST_SOUNDS: Final = 100_000
_LONGEST_TAG: Final = 300
_MOST_NOTES: Final = 20
_FLOATS: Final = {1: "float_val", 2: "double_val", 3: "int_val", 9: "int64_val"}
"""By TensorFlow's number of the kind."""
_FORMS: Final = {1: "<f", 2: "<d", 3: "<i", 9: "<q"}
_STRING: Final = 7


@dataclass
class _Points:
    """One tag's points, in the order of writing."""

    steps: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))
    times: array[float] = field(default_factory=lambda: array("d"))


@dataclass
class _Found:
    """What the event files of a log hold, while they are read."""

    wish: Wish
    points: dict[str, _Points] = field(default_factory=dict)
    names: dict[str, bool] = field(default_factory=dict)
    """All names, and whether they are kept."""
    sounds: dict[str, list[RunTake]] = field(default_factory=dict)
    numbers: int = 0
    heard: int = 0
    notes: list[str] = field(default_factory=list)

    def add_number(self, run: str, tag: str, point: tuple[float, float, float]) -> None:
        """Keep a scalar, where it is wanted."""
        name = f"{run}:{tag}" if run else tag
        wanted = self.names.get(name)
        if wanted is None:
            if len(self.names) >= _MOST_TAGS:
                raise LogError(f"There are more than {_MOST_TAGS:,} tags.", expected="a run's event files")
            wanted = self.names[name] = self.wish.keeps(name) or self.wish.keeps(tag)
        if not wanted:
            return
        if self.numbers >= _MOST_NUMBERS:
            raise LogError(
                f"The event files hold more than {_MOST_NUMBERS:,} numbers.", hint="Name fewer tags, or one run."
            )
        self.numbers += 1
        points = self.points.setdefault(name, _Points())
        points.steps.append(point[0])
        points.values.append(point[1])
        points.times.append(point[2])

    def add_sound(self, run: str, tag: str, take: RunTake) -> None:
        """Keep where a sound lies."""
        name = f"{run}:{tag}" if run else tag
        if self.heard < _MOST_SOUNDS and (name in self.sounds or len(self.sounds) < _MOST_TAGS):
            self.heard += 1
            self.sounds.setdefault(name, []).append(take)


def is_event_log(path: Path, _head: bytes) -> bool:
    """Whether a file, or one somewhere in a folder, is an event file."""
    return next(_event_files(path), None) is not None if path.is_dir() else MARK in path.name


def files_of_log(path: Path) -> list[Path]:
    """The event files that a log consists of."""
    return sorted(_event_files(path)) if path.is_dir() else [path]


@register("TensorBoard event files", is_event_log, order=10, files=files_of_log)
def read_event_files(path: Path, wish: Wish) -> Log:
    """Read an event file, or all in a folder: each folder with some is a run, and its files follow one another.

    Where there are several runs their names stand before the tags: `validation:epoch_loss`.

    Raises
    ------
    LogError
        There are none, they hold too much, or what reads them is not installed.
    """
    parse, crc32c = _libraries()
    runs: dict[str, list[Path]] = {}
    for file in files_of_log(path):
        folder = os.path.relpath(file.parent, path) if path.is_dir() else ""
        runs.setdefault("" if folder == "." else folder.replace(os.sep, "/"), []).append(file)
    found = _Found(wish)
    for run, own in runs.items():
        for file in sorted(own, key=lambda one: (_began(one, parse, crc32c), one.name)):
            _read_file(file, "" if len(runs) == 1 else run, (parse, crc32c), found)
    if len(found.notes) > _MOST_NOTES:
        found.notes[_MOST_NOTES:] = [f"and {len(found.notes) - _MOST_NOTES:,} more such notes"]
    return Log(
        series=[
            Series(
                name,
                np.frombuffer(points.steps),
                np.frombuffer(points.values),
                seconds=np.frombuffer(points.times),
            )
            for name, points in found.points.items()
        ],
        names=list(found.names),
        sounds=found.sounds,
        notes=found.notes,
    )


def _libraries() -> tuple[Callable[[bytes], Any], Callable[[bytes], int]]:
    try:
        from google_crc32c import value as crc32c  # noqa: PLC0415 - an extra
        from tensorboard.compat.proto.event_pb2 import Event  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise InputError(
            "Event files need a reader that is not installed.",
            where="TensorBoard event files",
            expected="the extra [runs]",
            hint='pip install -e ".[runs]" brings it; or export the curves as CSV.',
        ) from error
    return Event.FromString, crc32c


def _event_files(folder: Path) -> Iterator[Path]:
    """Find event files in a folder and those within it, without following links, as far as is sensible."""
    waiting, looked, count = [(folder, 0)], 0, 0
    while waiting:
        place, depth = waiting.pop()
        looked += 1
        with disk_errors(place), os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if depth < _DEEPEST and looked + len(waiting) < _MOST_FOLDERS:
                        waiting.append((Path(entry.path), depth + 1))
                elif MARK in entry.name and entry.is_file(follow_symlinks=False):
                    count += 1
                    if count > _MOST_FILES:
                        raise LogError(
                            f"There are more than {_MOST_FILES:,} event files in this folder.",
                            where=str(folder),
                            expected="the folder of one run",
                        )
                    yield Path(entry.path)


def _began(path: Path, parse: Callable[[bytes], Any], crc32c: Callable[[bytes], int]) -> float:
    """When a file's first event was written; files of a run follow one another so."""
    first = next(records(path, crc32c, []), None)
    event = None if first is None else _parsed(first[1], parse)
    return float("inf") if event is None else float(event.wall_time)


def _parsed(data: bytes, parse: Callable[[bytes], Any]) -> Any:
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - comes with the extra

    try:
        return parse(data)
    except (DecodeError, RecursionError, ValueError):
        return None


def _read_file(
    path: Path, run: str, readers: tuple[Callable[[bytes], Any], Callable[[bytes], int]], found: _Found
) -> None:
    parse, crc32c = readers
    kinds: dict[str, str] = {}  # newer writers name a tag's plugin only once
    unreadable = 0
    for at, data in records(path, crc32c, found.notes, found.wish.most_bytes):
        event = _parsed(data, parse)
        if event is None:
            unreadable += 1
            continue
        for value in event.summary.value:
            if len(value.tag) > _LONGEST_TAG:
                continue
            _add_value(value, event, kinds, (path, run, at, data), found)
    if unreadable:
        found.notes.append(f"{path.name}: left out are {counted(unreadable, 'record')} that can't be read as events")


def _add_value(
    value: Any, event: Any, kinds: dict[str, str], place: tuple[Path, str, int, bytes], found: _Found
) -> None:
    form = value.WhichOneof("value")
    if form == "simple_value":
        found.add_number(place[1], value.tag, (event.step, value.simple_value, event.wall_time))
    elif form == "audio":
        _add_sound(value.audio.encoded_audio_string, value.tag, event.step, place, found)
    elif form == "tensor":
        kind = value.metadata.plugin_data.plugin_name or kinds.get(value.tag, "")
        if len(kinds) < _MOST_TAGS:
            kinds[value.tag] = kind
        if kind == "scalars" and (number := _scalar(value.tensor)) is not None:
            found.add_number(place[1], value.tag, (event.step, number, event.wall_time))
        elif kind == "audio" and value.tensor.dtype == _STRING and value.tensor.string_val:
            _add_sound(value.tensor.string_val[0], value.tag, event.step, place, found)


def _add_sound(sound: bytes, tag: str, step: int, place: tuple[Path, str, int, bytes], found: _Found) -> None:
    path, run, at, data = place
    begin = data.find(sound) if sound else -1
    if begin >= 0 and step >= 0:
        found.add_sound(run, tag, RunTake(step, path, (at + begin, len(sound))))


def _scalar(tensor: Any) -> float | None:
    """The one number of a tensor; None where it holds another count, or something else."""
    values: Sequence[float] = getattr(tensor, _FLOATS.get(tensor.dtype, ""), ())
    if len(values) == 1:
        return float(values[0])
    form, content = _FORMS.get(tensor.dtype), tensor.tensor_content
    if form is None or len(content) != struct.calcsize(form):
        return None
    numbers: tuple[float, ...] = struct.unpack(form, content)
    return float(numbers[0])
