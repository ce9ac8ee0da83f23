"""What the studio works on: one production file, as it is on disk now, and the changes made to it here.

Owns reading it again when it changes, writing edits, and undoing them. The file is the only memory: an undo is another
edit of it, possible only while the file is as the edit has left it. It does not know what the page asks.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.build.stage_order import STAGES, load_stage
from pipeline.errors import BuildVideoError, InputError, ProductionError
from pipeline.outputs.owner import open_workplace
from pipeline.production.editing.edits import Edit
from pipeline.production.editing.file import ChangedElsewhereError, FileText, edited_text, read_file, replace_text
from pipeline.production.production_file import parse_production_toml
from pipeline.production.schema import FILE_NAME, Production, production_of
from pipeline.stages.shared.workplace import Workplace

_MOST_UNDONE: Final = 200


@dataclass(frozen=True)
class Change:
    """One change of the file, in words, and what it said before and after."""

    words: str
    before: str
    after: FileText


@dataclass(frozen=True)
class Loaded:
    """The file as it was read, and the production that it describes, or why it describes none."""

    text: FileText
    production: Production | None
    fault: BuildVideoError | None


class Desk:
    """A production file under work.

    Parameters
    ----------
    file
        The production file, which need not be there yet.
    output
        The folder of the film; by default `out/<production>` in the working folder, as on the command line.
    allow_outside
        Whether the production may name files outside its folder.
    """

    def __init__(self, file: Path, output: Path | None = None, *, allow_outside: bool = False) -> None:
        self.file = file.absolute()
        self._output, self._allow_outside = output, allow_outside
        self._lock = threading.RLock()
        self._stamp: tuple[int, int, int] | None = None
        self._loaded: Loaded | None = None
        self._draft: tuple[Production, Production] | None = None
        self._done: list[Change] = []
        self._undone: list[Change] = []
        self.is_draft = False
        """Whether the film is shown and built small and quick."""

    @property
    def is_there(self) -> bool:
        """Whether there is a production file."""
        return self.file.is_file()

    @property
    def folder(self) -> Path:
        """Where the production file lies, or will."""
        return self.file.parent

    def loaded(self) -> Loaded:
        """The file as it is now; read again only where it has changed.

        Raises
        ------
        ProductionError
            Where it is gone, or can't be read at all.
        """
        with self._lock:
            try:
                about = self.file.stat()
            except OSError as error:
                raise ProductionError(
                    "There is no production file here yet.",
                    where=str(self.file),
                    expected=f"a {FILE_NAME}",
                    hint="Begin a film on the first page.",
                ) from error
            stamp = (about.st_mtime_ns, about.st_size, about.st_ino)
            if self._loaded is None or stamp != self._stamp:
                text = read_file(self.file)
                if self._loaded is None or text.revision != self._loaded.text.revision:
                    self._loaded = self._read(text)
                self._stamp = stamp
            return self._loaded

    def _read(self, text: FileText) -> Loaded:
        try:
            return Loaded(text, self.parsed(text.text), None)
        except BuildVideoError as error:
            return Loaded(text, None, error)

    def parsed(self, text: str) -> Production:
        """The production that a text would describe in the file's place; errors as for `load_production`."""
        values = parse_production_toml(text.encode("utf-8"), self.file)
        return production_of(values, self.file, allow_outside=self._allow_outside)

    def production(self) -> Production:
        """The production as it is now.

        Raises
        ------
        BuildVideoError
            Why there is none.
        """
        found = self.loaded()
        if found.production is None:
            raise found.fault or ProductionError("There is no production.", where=str(self.file))
        return found.production

    def shown(self) -> Production:
        """The same, or its draft where that is shown; the same object as long as nothing changes.

        Errors are those of `production`.
        """
        production = self.production()
        if not self.is_draft:
            return production
        with self._lock:
            if self._draft is None or self._draft[0] is not production:
                self._draft = production, production.draft()
            return self._draft[1]

    def values(self) -> dict[str, Any]:
        """What the file says, as plain values; errors as for `production`."""
        return parse_production_toml(self.loaded().text.text.encode("utf-8"), self.file)

    def workplace(self, production: Production, *, jobs: int | None = 1) -> Workplace:
        """Where it is built; errors as for `open_workplace`."""
        return open_workplace(production, self._output, jobs=jobs, force=frozenset(), device="auto")

    def check(self, production: Production, before: Production | None) -> None:
        """Look for faults that a build would find at once, and that were not there before.

        Raises
        ------
        InputError
            The first.
        """
        fault = fault_of(production)
        if fault is not None and (before is None or str(fault_of(before)) != str(fault)):
            raise fault

    def tried(self, edits: Sequence[Edit]) -> Production:
        """The production as some edits would leave it; nothing is written. Errors as for `edit`."""
        found = self.loaded()
        return self.parsed(edited_text(self.file, found.text, edits)) if edits else self.production()

    def edit(self, edits: Sequence[Edit], words: str, *, seen: str) -> FileText:
        """Write edits into the file.

        Parameters
        ----------
        words
            What they do, for whoever undoes them.
        seen
            The revision of the file that the page shows.

        Raises
        ------
        ChangedElsewhereError
            Where the file has another revision: the change is not made.
        ProductionError
            Where the production would be wrong, or can't be edited.
        """
        with self._lock:
            found = self.loaded()
            if found.text.revision != seen:
                raise ChangedElsewhereError.of(self.file)
            text = edited_text(self.file, found.text, edits)
            self.check(self.parsed(text), found.production)
            after = replace_text(self.file, text, seen=seen)
            if after.revision != seen:
                self._done = [*self._done[-_MOST_UNDONE:], Change(words, found.text.text, after)]
                self._undone = []
            return after

    def undo(self) -> str:
        """Take the last change back; returns its words.

        Raises
        ------
        InputError
            Where there is none, or the file was changed since.
        """
        with self._lock:
            return self._take_back(self._done, self._undone, "undo")

    def redo(self) -> str:
        """Make the change again that was undone last; returns its words. Errors as for `undo`."""
        with self._lock:
            return self._take_back(self._undone, self._done, "redo")

    def _take_back(self, changes: list[Change], others: list[Change], what: str) -> str:
        """Write what the last of some changes found, and note that among the others."""
        if not changes:
            raise InputError(f"There is nothing to {what}.")
        if self.loaded().text.revision != changes[-1].after.revision:
            changes.clear()
            others.clear()
            raise ChangedElsewhereError(
                f"The production file was changed by another program: there is nothing to {what} any more.",
                where=str(self.file),
            )
        change = changes[-1]
        after = replace_text(self.file, change.before, seen=change.after.revision)
        changes.pop()
        others.append(Change(change.words, change.after.text, after))
        return change.words

    def next_words(self) -> dict[str, str | None]:
        """What an undo and a redo would do; None where there is nothing, or the file was changed since."""
        with self._lock:
            revision = self.loaded().text.revision
            ends = {"undo": self._done, "redo": self._undone}
            return {
                name: changes[-1].words if changes and changes[-1].after.revision == revision else None
                for name, changes in ends.items()
            }


def fault_of(production: Production) -> InputError | None:
    """The first fault that a build would find at once; None where there is none."""
    try:
        for name in STAGES:
            load_stage(name).check(production)
    except InputError as error:
        return error
    return None
