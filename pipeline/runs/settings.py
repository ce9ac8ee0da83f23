"""What a production file may say about a run that another program has trained: `[section.run]`.

Owns the names, bounds and defaults. It opens no file.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipeline.audio.formats import Encoding

ITERATION: Final = "{iteration}"
"""Stands in patterns for the number of the iteration."""
MOST_LOGS: Final = 100
MOST_TAKES: Final = 10_000
_MOST_CURVES: Final = 16
_MOST_FACTS: Final = 24
_WINDOWS_DRIVE: Final = re.compile(r"[A-Za-z]:")

_Name = Annotated[str, Field(min_length=1, max_length=1000)]
_Label = Annotated[str, Field(min_length=1, max_length=300)]


class _RunTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LogFile(_RunTable):
    """One log of a run."""

    file: _Name = Field(description="A file, or a folder of event files.", examples=["train.log"])
    pattern: str = Field(
        "",
        max_length=1000,
        description="Of a text log: how its lines look, such as 'it {iteration} * g={loss_g}'; * is anything.",
    )

    @model_validator(mode="after")
    def _pattern_names_numbers(self) -> Self:
        names = re.findall(r"\{([^{}]*)\}", self.pattern)
        if self.pattern and (not names or any(not re.fullmatch(r"[A-Za-z_][\w/. -]{0,99}", name) for name in names)):
            raise ValueError(f"a pattern has names in braces where numbers stand: 'step {ITERATION}: loss {{loss}}'")
        if len(names) != len(set(names)):
            raise ValueError("a pattern names each number once")
        return self


class TextSettings(_RunTable):
    """How takes that are text become sound: one character a byte, one byte a sample."""

    sample_rate_hz: int = Field(
        ge=1000, le=768_000, description="Of the sound that the network was trained on.", examples=[11025]
    )
    encoding: Encoding = Field("linear-u8", description="How 8 bits hold a sample: 'linear-u8' or 'mu-law'.")
    table: str = Field(
        "", max_length=1000, description="256 lines, one character a byte; without: the table of build-video to-text."
    )


class TakeFile(_RunTable):
    """One sound and the iteration that it was made at."""

    iteration: int = Field(ge=0, le=1 << 53)
    file: _Name


def _log_or_logs(value: object) -> object:
    """Let a file's name stand for a log, and one log for a list of them."""
    several = value if isinstance(value, list | tuple) else [value]
    return tuple({"file": one} if isinstance(one, str) else one for one in several)


def _one_or_several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


_SEVERAL: Final = BeforeValidator(_one_or_several, json_schema_input_type=str | tuple[str, ...])


def check_pattern(pattern: str) -> None:
    """Refuse a pattern of takes that is none, or leads out of its folder.

    Raises
    ------
    ValueError
        What is wrong, in words for the person who wrote it.
    """
    parts = pattern.replace("\\", "/").split("/")
    if pattern.startswith(("/", "\\", "~")) or _WINDOWS_DRIVE.match(pattern) or ".." in parts:
        raise ValueError("a pattern of takes stays within the production's folder: no .., no / at its beginning")
    others = [name for name in re.findall(r"\{([^{}]*)\}", pattern) if name != "iteration"]
    if others:
        raise ValueError(f"the only name in a pattern of takes is {ITERATION}; * stands for anything else")
    if sum(ITERATION in part for part in parts) > 1 or any(part.count(ITERATION) > 1 for part in parts):
        raise ValueError(f"a pattern of takes has {ITERATION} once")


class RunSettings(_RunTable):
    """A run that another program has trained, in place of a corpus, a network, a training and sampling.

    Files are named relative to the production file.
    """

    log: Annotated[
        tuple[LogFile, ...],
        BeforeValidator(_log_or_logs, json_schema_input_type=str | LogFile | tuple[str | LogFile, ...]),
    ] = Field(
        (),
        max_length=MOST_LOGS,
        description="Where the losses are: a file, a folder of event files, { file, pattern }, or a list of them.",
        examples=["logs/metrics.csv"],
    )
    takes: Annotated[str, Field(max_length=1000)] | Annotated[tuple[TakeFile, ...], Field(max_length=MOST_TAKES)] = (
        Field(
            (),
            description=f"The sounds: a pattern with {ITERATION}, a folder, a tag in event files, or a list of "
            "{ iteration, file }.",
            examples=[f"samples/step_{ITERATION}.wav"],
        )
    )
    text: TextSettings | None = Field(
        None, description="Where the takes are text: their sample rate, encoding and table of characters."
    )
    iteration: str = Field(
        "", max_length=300, description="The column that counts, where its name is unusual.", examples=["step"]
    )
    training_loss: Annotated[tuple[_Label, ...], _SEVERAL] = Field(
        (),
        max_length=_MOST_CURVES,
        description="Columns or tags; without: the one whose name says so best.",
        examples=["loss/g/total"],
    )
    validation_loss: Annotated[tuple[_Label, ...], _SEVERAL] = Field(
        (),
        max_length=_MOST_CURVES,
        description="Columns or tags; without: the one whose name says so best.",
        examples=["val/loss"],
    )
    loss_unit: str | None = Field(
        None,
        max_length=40,
        description="'nats' is shown as bits, anything else as it is; without: as the log says.",
        examples=["nats"],
    )
    facts: dict[_Label, str | int | float | bool] = Field(
        default_factory=dict, max_length=_MOST_FACTS, description="Lines on the card, in this order."
    )
    recordings: Annotated[tuple[_Name, ...], _SEVERAL] = Field(
        (), max_length=1000, description="Heard before the takes.", examples=[["mine.wav"]]
    )

    @model_validator(mode="after")
    def _something_is_read(self) -> Self:
        if not self.log and not self.takes:
            raise ValueError("a run has a log, takes, or both")
        if isinstance(self.takes, str):
            if not self.takes.strip():
                raise ValueError(f"takes are a pattern with {ITERATION}, a folder, a tag, or a list")
            if ITERATION in self.takes:
                check_pattern(self.takes)
        else:
            often = Counter(take.iteration for take in self.takes).most_common(1)
            if often and often[0][1] > 1:
                raise ValueError(f"two takes have the iteration {often[0][0]}: keep one of them")
        if self.text and not self.takes:
            raise ValueError("text says how takes become sound: name the takes too")
        for names in (self.training_loss, self.validation_loss):
            twice = next((name for name in names if names.count(name) > 1), "")
            if twice:
                raise ValueError(f"the loss '{twice}' is named twice: keep one of them")
        shared = set(self.training_loss) & set(self.validation_loss)
        if shared:
            raise ValueError(f"'{min(shared)}' can't be the training's and the validation's loss alike")
        return self
