"""The tree of errors: every failure that a person is meant to read.

    BuildVideoError              anything below; exit code 1
    |-- InputError               what the user gave is wrong; exit code 2
    |   |-- RecordingError       a recording is missing, unreadable, too short or silent
    |   |-- ProductionError      the production file or one of its values
    |   |-- TemplateError        a card, caption, theme or layout template
    |   |-- GlyphError           a character that no font at hand can draw
    |   |-- OutputError          the output folder or file can't be written, or is in use
    |   |-- LogError             a CSV log given to the grapher
    |   |-- TextError            text given to the byte-text converter
    |   `-- FootageError         the user's own pictures, music or video
    `-- StageError               a stage could not finish; exit code 1
        |-- TrainingError        diverged, out of memory, no finite loss
        |-- FfmpegError          ffmpeg is missing or failed
        |-- StoreError           a stored result can't be read or written
        |   `-- DiskFullError    no room left
        `-- WorkerError          a helper process died

This module owns the words' shape (what, where, what was expected, what to do next), not the words.
"""

from __future__ import annotations

from typing import ClassVar


class BuildVideoError(Exception):
    """A failure shown to the user in four parts.

    Parameters
    ----------
    what
        One sentence: what is wrong.
    where
        File and field, as the user knows them.
    expected
        What would have been right.
    hint
        The next thing to do.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", expected: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.expected = expected
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes whole: the keyword arguments too."""
        return _rebuild, (type(self), self.what, self.where, self.expected, self.hint)

    def __str__(self) -> str:
        """Tell all the parts, one a line."""
        parts = [self.what]
        if self.where:
            parts.append(f"where: {self.where}")
        if self.expected:
            parts.append(f"expected: {self.expected}")
        if self.hint:
            parts.append(f"next: {self.hint}")
        return "\n  ".join(parts)


def _rebuild(kind: type[BuildVideoError], what: str, where: str, expected: str, hint: str) -> BuildVideoError:
    return kind(what, where=where, expected=expected, hint=hint)


class InputError(BuildVideoError):
    """What the user gave is wrong."""

    exit_code: ClassVar[int] = 2


class RecordingError(InputError):
    """A recording is missing, unreadable, too short or silent."""


class ProductionError(InputError):
    """The production file, or one of its values, is wrong."""


class TemplateError(InputError):
    """A card, caption, theme or layout template is wrong."""


class GlyphError(InputError):
    """A character that no font at hand can draw."""


class OutputError(InputError):
    """The output folder or file can't be written, or another build holds it."""


class LogError(InputError):
    """A CSV log given to the grapher is wrong."""


class TextError(InputError):
    """Text given to the byte-text converter is wrong."""


class FootageError(InputError):
    """The user's own picture, music or video is wrong."""


class StageError(BuildVideoError):
    """A stage could not finish."""


class TrainingError(StageError):
    """Training diverged, ran out of memory, or lost its checkpoints."""


class FfmpegError(StageError):
    """The ffmpeg binary is missing, or failed."""


class StoreError(StageError):
    """A stored result can't be read or written."""


class DiskFullError(StoreError):
    """No room is left where results are kept."""


class WorkerError(StageError):
    """A helper process died before its work was done."""
