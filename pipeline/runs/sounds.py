"""Sounds of a run in a folder: which number in their names is the iteration; and taking one out of where it lies.

Owns that guess. Files are meant as sounds by the ends of their names; what they are is found by whoever decodes them.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from pipeline.errors import ProductionError
from pipeline.runs.record import RunTake
from pipeline.runs.settings import ITERATION
from pipeline.runs.text_takes import write_text_sound
from pipeline.store.files import disk_errors

SOUND_SUFFIXES: Final = frozenset(
    f".{suffix}"
    for suffix in [
        "aac",
        "aif",
        "aiff",
        "au",
        "caf",
        "flac",
        "m4a",
        "mka",
        "mp2",
        "mp3",
        "oga",
        "ogg",
        "opus",
        "w64",
        "wav",
        "wma",
        "wv",
    ]
)
MOST_SOUNDS: Final = 20_000
_MOST_FOLDERS: Final = 5_000
_DEEPEST: Final = 6
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?![0-9])|[0-9]+")
_ENDS: Final = r")[ =_-]*$"
_COUNTS: Final = re.compile(
    r"(?i)(?:^|[^a-z])(?:global[_-]?)?(?:steps?|iters?|iterations?|it|updates?" + _ENDS,
)
"""What stands before the number of an iteration."""
_BESIDE: Final = re.compile(
    r"(?i)(?:^|[^a-z])(?:epoch|ep|seed|speaker|spk|sent|sentence|utt|sample|idx|index|rank|id|v|temp|temperature|text"
    + _ENDS
)
"""What stands before other numbers."""
_SHOWN: Final = 4


@dataclass(frozen=True)
class Candidate:
    """A number in the names of sounds that may be the iteration: a pattern that finds them, and the numbers."""

    pattern: str
    numbers: tuple[int, ...]
    counts: bool
    """Whether the names say so: step, iteration."""

    @property
    def words(self) -> str:
        """The candidate for a message."""
        shown = ", ".join(map(str, self.numbers[:_SHOWN]))
        return f"{self.pattern} ({shown}{', ...' if len(self.numbers) > _SHOWN else ''})"


def sounds_in(folder: Path, suffixes: Collection[str] = SOUND_SUFFIXES) -> list[str]:
    """The sounds in a folder and those within it, as paths from there with slashes, sorted; links aren't followed."""
    found: list[str] = []
    waiting, looked = [(folder, 0)], 0
    while waiting and len(found) < MOST_SOUNDS and looked < _MOST_FOLDERS:
        place, depth = waiting.pop()
        looked += 1
        with disk_errors(place), os.scandir(place) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if depth < _DEEPEST:
                        waiting.append((Path(entry.path), depth + 1))
                elif Path(entry.name).suffix.lower() in suffixes and entry.is_file(follow_symlinks=False):
                    found.append(Path(entry.path).relative_to(folder).as_posix())
                    if len(found) >= MOST_SOUNDS:
                        break
    return sorted(found)


def candidates(names: Sequence[str]) -> list[Candidate]:
    """The numbers that vary among sounds whose names are alike but for numbers; of several families, the largest.

    Parameters
    ----------
    names
        Paths from one folder, with slashes.

    Returns
    -------
    The candidates, those first that their names call steps; numbers that are called epochs or sentences only where no
    others vary.
    """
    families: dict[tuple[str, ...], list[list[str]]] = {}
    for name in names:
        stem = str(PurePosixPath(name).with_suffix(""))
        suffix = name[len(stem) :]
        families.setdefault((*_NUMBER.split(stem), suffix), []).append(_NUMBER.findall(stem))
    if not families:
        return []
    texts, rows = max(families.items(), key=lambda one: len({tuple(row) for row in one[1]}))
    columns = list(zip(*rows, strict=True))
    varying = [at for at, column in enumerate(columns) if len(set(column)) > 1]
    apart: dict[tuple[int, ...], int] = {}
    # The same number twice, as in 1000/sample_1000.wav, is one candidate; 07 and 7 are the same number.
    for at in (at for at in varying if len(set(map(int, columns[at]))) > 1):
        numbers = tuple(map(int, columns[at]))
        if numbers not in apart or not _counted(texts[apart[numbers]]):
            apart[numbers] = at
    found = [_candidate(texts, columns, at, varying) for at in apart.values()]
    if any(one.counts for one in found):
        return sorted(found, key=lambda one: not one.counts)
    plain = [one for one, at in zip(found, apart.values(), strict=True) if not _BESIDE.search(texts[at])]
    return plain or found


def _counted(text: str) -> bool:
    return _COUNTS.search(text) is not None


def _candidate(texts: Sequence[str], columns: Sequence[Sequence[str]], at: int, varying: Iterable[int]) -> Candidate:
    """A candidate's pattern: its number's place, * for others that vary, and what is the same in all."""
    parts = [texts[0]]
    for place, column in enumerate(columns):
        parts += [ITERATION if place == at else "*" if place in varying else column[0], texts[place + 1]]
    pattern = "".join(parts) + texts[-1]
    return Candidate(pattern, tuple(sorted({int(number) for number in columns[at]})), _counted(texts[at]))


def choose(found: Sequence[Candidate]) -> Candidate | None:
    """The one candidate that is meant; None where several may be."""
    counted = [one for one in found if one.counts]
    return counted[0] if len(counted) == 1 else found[0] if len(found) == 1 else None


def pattern_of_folder(folder: Path, field: str, suffixes: Collection[str] = SOUND_SUFFIXES) -> str:
    """The pattern of the sounds in a folder, from there on.

    Raises
    ------
    ProductionError
        There are none, or several numbers vary; shows all of them.
    """
    names = sounds_in(folder, suffixes)
    found = candidates(names)
    chosen = choose(found)
    if chosen:
        return chosen.pattern
    if not found:
        what = "In the names of these sounds no number varies." if names else "There are no sounds in this folder."
        shown = ", ".join(names[:_SHOWN])
        raise ProductionError(
            what,
            where=f"{field}: {folder}",
            expected="sounds with their iteration in their names, such as step_1000.wav",
            hint=f"In it: {shown}. Name each: takes = [{{ iteration = 0, file = ... }}]" if names else "",
        )
    raise ProductionError(
        "Several numbers vary in the names of these sounds.",
        where=f"{field}: {folder}",
        expected="one number that is the iteration",
        hint=f"Write the pattern that is meant: {' or '.join(one.words for one in found)}.",
    )


def write_sound(take: RunTake, path: Path) -> None:
    """Write the sound of a take as a file of its own; what it is, its first bytes tell.

    Raises
    ------
    BuildVideoError
        It can't be read, or is not all there.
    """
    if take.text is not None:
        write_text_sound(take.path, take.text, path)
        return
    with disk_errors(take.path), take.path.open("rb") as source, path.open("wb") as target:
        if take.span is None:
            shutil.copyfileobj(source, target)
            return
        begin, length = take.span
        source.seek(begin)
        data = source.read(length)
        if len(data) < length:
            raise ProductionError(
                "The log has become shorter since it was read.", where=str(take.path), hint="Build again."
            )
        target.write(data)
