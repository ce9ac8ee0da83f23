"""The loss log: a CSV with a line for every iteration, that a kill at any byte can't spoil.

    iteration,epoch,elapsed_s,learning_rate,training_loss_nats,validation_loss_nats

Losses are nats per byte. Iteration 0 has no training loss, iterations without a checkpoint no validation loss. Lines
are written whole; a last line without its line break was cut off by a kill and is never read as data. This module does
not import torch.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.errors import StoreError
from pipeline.store.files import disk_errors

HEADER: Final = "iteration,epoch,elapsed_s,learning_rate,training_loss_nats,validation_loss_nats"
_COLUMNS: Final = 6
_KNOWN_COLUMNS: Final = 4  # the losses may be missing
_LARGEST_BYTES: Final = 1 << 29

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LogLine:
    """One iteration."""

    iteration: int
    epoch: float
    elapsed_s: float
    learning_rate: float
    training_loss_nats: float | None = None
    validation_loss_nats: float | None = None

    def text(self) -> str:
        """Write it as CSV, without the line break."""
        training, validation = map(_number, (self.training_loss_nats, self.validation_loss_nats))
        return (
            f"{self.iteration},{self.epoch:.6f},{self.elapsed_s:.3f},{self.learning_rate:.6g},{training},{validation}"
        )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


class LossLog:
    """A log that grows.

    Parameters
    ----------
    path
        The file; made with its header where it is missing.
    keep_bytes
        How much of it is known to be good; what lies beyond is removed. 0 begins anew.
    """

    def __init__(self, path: Path, keep_bytes: int = 0) -> None:
        self.path = path
        self._waiting: list[str] = []
        header = f"{HEADER}\n".encode()
        self._digest = sha256(b"" if keep_bytes else header)
        with disk_errors(path):
            size = path.stat().st_size if path.exists() else 0
            if keep_bytes and size < keep_bytes:
                raise StoreError("The loss log is shorter than the training it belongs to.", where=str(path))
            if keep_bytes:
                with path.open("rb") as file:
                    self._digest.update(file.read(keep_bytes))
            with path.open("ab") as file:
                file.truncate(keep_bytes)
                if not keep_bytes:
                    file.write(header)
        self.bytes = keep_bytes or len(header)

    @property
    def sha256(self) -> str:
        """The hash of all that was written."""
        return self._digest.hexdigest()

    def add(self, line: LogLine) -> None:
        """Keep a line for the next `flush`."""
        self._waiting.append(line.text() + "\n")

    def flush(self, *, durably: bool = False) -> None:
        """Write what waits; `durably`: and return only when it has reached the disk."""
        data = "".join(self._waiting).encode()
        self._waiting.clear()
        with disk_errors(self.path), self.path.open("ab") as file:
            file.write(data)
            if durably:
                file.flush()
                os.fsync(file.fileno())
        self.bytes += len(data)
        self._digest.update(data)


def read_columns(path: Path) -> Numbers:
    """Read a log, finished or not, as numbers.

    Returns
    -------
    Numbers
        shape = (lines, 6): the header's columns; NaN where a loss is not there.

    Raises
    ------
    StoreError
        Where it is missing, or a whole line of it is not what this program writes.
    """
    text = _whole_lines(path).partition("\n")[2]
    if not text:
        return np.zeros((0, _COLUMNS))
    filled = text.replace(",,", ",nan,").replace(",\n", ",nan\n")
    try:
        numbers = np.loadtxt(io.StringIO(filled), delimiter=",", comments=None, ndmin=2)
    except ValueError as error:
        raise StoreError(
            "A line of the loss log can't be read.", where=str(path), expected=f"numbers, or nothing: {HEADER}"
        ) from error
    if numbers.shape[1] != _COLUMNS or not np.isfinite(numbers[:, :_KNOWN_COLUMNS]).all():
        raise StoreError("A line of the loss log can't be read.", where=str(path), expected=HEADER)
    return numbers


def _whole_lines(path: Path) -> str:
    """The text up to its last line break."""
    with disk_errors(path), path.open("rb") as file:
        data = file.read(_LARGEST_BYTES + 1)
    text = data[: data.rfind(b"\n") + 1].decode("utf-8", errors="replace")
    if text.partition("\n")[0] != HEADER or len(data) > _LARGEST_BYTES:
        raise StoreError("This is no loss log.", where=str(path), expected=f"a first line {HEADER}")
    return text
