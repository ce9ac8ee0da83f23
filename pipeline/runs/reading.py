"""A run as it is set: its logs read, its curves chosen, its takes found.

Owns how logs are put together, and which curves and takes count. It knows no format of logs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from pipeline.errors import LogError, ProductionError
from pipeline.runs.names import best_loss, find_name, shown_names
from pipeline.runs.readers.registry import Wish, reader_for
from pipeline.runs.readers.text_logs import PATTERN_HINT, read_text_log
from pipeline.runs.record import (
    LARGEST_ITERATION,
    Curve,
    Floats,
    Kind,
    Log,
    Run,
    RunTake,
    Series,
    TextForm,
    Track,
    elapsed,
    later_rows_count,
)
from pipeline.runs.settings import ITERATION, LogFile, RunSettings
from pipeline.runs.sounds import SOUND_SUFFIXES, pattern_of_folder
from pipeline.runs.take_patterns import takes_of_pattern
from pipeline.runs.text_takes import TEXT_SUFFIX
from pipeline.runtime.wording.plurals import counted

Resolve = Callable[[str, str], Path]
"""Turns a file's name in the production, and the field that names it, into a path; refuses what lies outside."""

_MOST_NOTES: Final = 50
_NEARLY: Final = 1e-6


def read_run(settings: RunSettings, resolve: Resolve, *, most_bytes: int | None = None) -> Run:
    """Read what the settings name.

    Parameters
    ----------
    resolve
        Finds files.
    most_bytes
        How much of each growing log is read; None: all.

    Raises
    ------
    InputError
        A file is not there or can't be read, a curve or a tag does not exist: says what there is.
    """
    notes: list[str] = []
    logs = [_read_log(log, settings, resolve, most_bytes) for log in settings.log]
    for log in logs:
        notes += log.notes
    series = [one for log in logs for one in log.series]
    names = list(dict.fromkeys(name for log in logs for name in log.names))
    curves = _curves(settings, series, names, notes)
    main = next((kind for _, kind in curves), None)
    takes = _takes(settings, logs, resolve, notes)
    if not curves and not takes:
        raise ProductionError(
            "The logs hold no loss.",
            where="run, log",
            expected="a column or tag whose name contains a word for loss, or training_loss = its name",
            hint=f"There are: {shown_names(names)}."
            if names
            else f"Of a text log say how its lines look: {PATTERN_HINT}",
        )
    facts: dict[str, str] = {}
    for log in logs:
        facts.update(log.settings)
    return Run(
        curves=tuple(curve for curve, _ in curves),
        epochs=None if main is None else _epochs(main),
        elapsed_s=None if main is None else _elapsed(main),
        takes=tuple(takes),
        settings=facts,
        notes=tuple(dict.fromkeys(notes[:_MOST_NOTES])),
    )


def find_files(settings: RunSettings, resolve: Resolve) -> tuple[list[Path], list[RunTake]]:
    """The files of the logs and the table of texts, and the sounds that are files: what a run depends on, unread.

    Sounds within event files change with their log.
    """
    named = [(log, resolve(log.file, "run, log")) for log in settings.log]
    logs = [file for log, path in named for file in ([path] if log.pattern else reader_for(path).files(path))]
    takes = _file_takes(settings, resolve, [])
    return logs + [table for take in takes[:1] if take.text and (table := take.text.table)], takes


def _read_log(log: LogFile, settings: RunSettings, resolve: Resolve, most_bytes: int | None) -> Log:
    path = resolve(log.file, "run, log")
    named: dict[Kind, tuple[str, ...]] = {"training": settings.training_loss, "validation": settings.validation_loss}
    wish = Wish(
        iteration=settings.iteration,
        curves=frozenset(name for names in named.values() for name in names),
        open_kinds=frozenset(kind for kind, names in named.items() if not names),
        pattern=log.pattern,
        most_bytes=most_bytes,
    )
    return read_text_log(path, wish) if log.pattern else reader_for(path).read(path, wish)


def _curves(
    settings: RunSettings, series: Sequence[Series], names: Sequence[str], notes: list[str]
) -> list[tuple[Curve, Series]]:
    """The curves that are named, else the best of each kind; with each the rows that it is made of."""
    there = list(dict.fromkeys(one.name for one in series if one.values.size))
    found: list[tuple[Curve, Series]] = []
    wanted: tuple[tuple[Kind, tuple[str, ...]], ...] = (
        ("training", settings.training_loss),
        ("validation", settings.validation_loss),
    )
    for kind, named in wanted:
        field = f"run, {kind}_loss"
        free = [name for name in there if name not in settings.training_loss + settings.validation_loss]
        own = [find_name(name, names, field) for name in named] if named else [best_loss(free, kind)]
        for name in filter(None, own):
            rows = _joined([one for one in series if one.name == name])
            if rows is None:
                raise ProductionError(f"'{name}' holds no numbers.", where=field, expected="a curve of numbers")
            found.append((_curve(rows, kind, settings.loss_unit, notes), rows))
    return [(curve, rows) for curve, rows in found if curve.iterations.size]


def _joined(parts: Sequence[Series]) -> Series | None:
    """One curve out of its parts in several logs, in their order."""
    parts = [part for part in parts if part.values.size]
    if not parts:
        return None
    first = parts[0]
    columns = {
        name: np.concatenate([_or_unknown(getattr(part, name), part.values.size) for part in parts])
        for name in ("iterations", "values", "epochs", "seconds")
        if any(getattr(part, name) is not None for part in parts)
    }
    return Series(first.name, unit=first.unit, **columns)


def _or_unknown(column: Floats | None, size: int) -> Floats:
    return np.full(size, np.nan) if column is None else column


def _curve(rows: Series, kind: Kind, unit: str | None, notes: list[str]) -> Curve:
    kept = _kept(rows)
    gone = int(np.count_nonzero(_usable(rows.iterations))) - int(np.count_nonzero(kept))
    iterations = rows.iterations[kept]
    whole = np.rint(iterations)
    if iterations.size and float(np.abs(iterations - whole).max()) > _NEARLY * max(1.0, float(np.abs(whole).max())):
        raise LogError(
            f"The iterations of '{rows.name}' are no whole numbers, such as {iterations[iterations != whole][0]:g}.",
            where="run, log",
            expected="a column that counts updates",
            hint='Name it: iteration = "step".',
        )
    if gone:
        notes.append(f"'{rows.name}' goes back: later rows replace {counted(gone, 'row')}")
    values = np.where(np.isfinite(rows.values[kept]), rows.values[kept], np.nan)
    if unit is None:
        unit = rows.unit or ("nats" if "nats" in rows.name.casefold() else "")
    return Curve(rows.name, kind, whole.astype(np.int64), values, unit)


def _usable(iterations: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.isfinite(iterations) & (iterations >= 0) & (iterations <= LARGEST_ITERATION)


def _kept(rows: Series) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The rows that count: with an iteration, and none later that goes back before it."""
    kept = _usable(rows.iterations)
    kept[kept] = later_rows_count(rows.iterations[kept])
    return kept


def _epochs(rows: Series) -> Track | None:
    if rows.epochs is None:
        return None
    kept = _kept(rows)
    kept[kept] = np.isfinite(rows.epochs[kept])
    return Track(np.rint(rows.iterations[kept]).astype(np.int64), rows.epochs[kept]) if kept.any() else None


def _elapsed(rows: Series) -> Track | None:
    if rows.seconds is None or not np.isfinite(rows.seconds).any():
        return None
    kept = _kept(rows)
    return Track(np.rint(rows.iterations[kept]).astype(np.int64), elapsed(rows.seconds, kept))


def _takes(settings: RunSettings, logs: Sequence[Log], resolve: Resolve, notes: list[str]) -> list[RunTake]:
    if not isinstance(settings.takes, str) or _is_path(settings.takes, resolve):
        return _file_takes(settings, resolve, notes)
    sounds: dict[str, list[RunTake]] = {}
    for log in logs:
        for name, own in log.sounds.items():
            sounds.setdefault(name, []).extend(own)
    if any(mark in settings.takes for mark in "*{"):
        raise ProductionError(
            f"'{settings.takes}' says nowhere which number is the iteration.",
            where="run, takes",
            expected=f"{ITERATION} where the number stands, such as samples/step_{ITERATION}.wav",
        )
    if not sounds:
        raise ProductionError(
            f"'{settings.takes}' is neither a folder nor a tag of sounds.",
            where="run, takes",
            expected=f"a pattern with {ITERATION}, a folder of sounds, or a tag in event files",
            hint="The logs hold no sounds.",
        )
    found = sounds[find_name(settings.takes, list(sounds), "run, takes")]
    kept = later_rows_count(np.array([take.iteration for take in found], dtype=np.float64))
    return [take for take, counts in zip(found, kept, strict=True) if counts]


def _is_path(takes: str, resolve: Resolve) -> bool:
    """Whether takes are named by files: a pattern, or a folder that is there."""
    if not takes or ITERATION in takes:
        return True
    try:
        return resolve(takes, "run, takes").is_dir()
    except ProductionError:
        return False  # a tag may have any name


def _file_takes(settings: RunSettings, resolve: Resolve, notes: list[str]) -> list[RunTake]:
    """The takes that are files of their own; none where they are a tag's.

    Raises
    ------
    ProductionError
        There are none, or they are text and nothing says how that becomes sound.
    """
    found = _files_of_takes(settings, resolve, notes)
    text = settings.text
    if text is None:
        texts = [take.path.name for take in found if take.path.suffix.casefold() == TEXT_SUFFIX]
        if texts:
            raise ProductionError(
                f"The take '{texts[0]}' is text.",
                where="run, takes",
                expected="a sample rate, so that it becomes sound",
                hint='Add: text = { sample_rate_hz = 11025, encoding = "linear-u8" }',
            )
        return found
    table = resolve(text.table, "run, text, table") if text.table else None
    form = TextForm(text.sample_rate_hz, text.encoding, table)
    return [replace(take, text=form) for take in found]


def _files_of_takes(settings: RunSettings, resolve: Resolve, notes: list[str]) -> list[RunTake]:
    takes, field = settings.takes, "run, takes"
    if not isinstance(takes, str):
        found = [RunTake(take.iteration, resolve(take.file, field)) for take in takes]
        missing = next((take for take in found if not take.path.is_file()), None)
        if missing is not None:
            raise ProductionError("There is no such sound.", where=f"{field}: {missing.path}", expected="a sound file")
        return sorted(found, key=lambda take: take.iteration)
    if ITERATION in takes:
        return takes_of_pattern(resolve(".", field), takes, field, notes)
    if _is_path(takes, resolve):
        folder = resolve(takes, field)
        suffixes = {TEXT_SUFFIX} if settings.text else SOUND_SUFFIXES
        return takes_of_pattern(folder, pattern_of_folder(folder, field, suffixes), field, notes)
    return []
