"""Progress of several helper processes, told as the progress of one piece of work.

Each process reports as if it were alone; its words travel to the parent, which mixes them: one bar, whose length is the
time that all of them need together.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.progress import Reporter
from pipeline.workers import send_to_parent

_PAUSE_S: Final = 0.25
_FULL: Final = 1000.0
_NO_RATE_BEFORE_S: Final = 3.0


@dataclass(frozen=True)
class Word:
    """One call of a reporter, on its way to the parent."""

    sender: int
    kind: Literal["begin", "advance", "note", "warn"]
    text: str = ""
    amount: float = 0.0


class RelayReporter:
    """A reporter inside a helper process.

    Parameters
    ----------
    sender
        The number of the piece of work, from 0.
    """

    def __init__(self, sender: int) -> None:
        self._sender = sender
        self._told = 0.0

    def begin(self, stage: str, label: str, total: float, unit: str) -> None:
        """Pass on."""
        send_to_parent(Word(self._sender, "begin", f"{stage} {label} {unit}", total))

    def advance(self, done: float, detail: str = "") -> None:
        """Pass on, a few times a second at most."""
        if time.monotonic() - self._told >= _PAUSE_S:
            self._told = time.monotonic()
            send_to_parent(Word(self._sender, "advance", detail, done))

    def note(self, text: str) -> None:
        """Pass on."""
        send_to_parent(Word(self._sender, "note", text))

    def warn(self, text: str) -> None:
        """Pass on."""
        send_to_parent(Word(self._sender, "warn", text))


@dataclass
class _Share:
    total: float = 0.0
    began_s: float = 0.0
    at_start: float = 0.0
    done: float = 0.0
    seconds: float = 0.0
    """What this share will have taken altogether, as far as can be told; 0 where it can't."""


class ProgressMixer:
    """Mixes the progress of several helper processes into one.

    Parameters
    ----------
    report
        Who is told the mixture.
    stage, label
        What the mixture is called.
    labels
        What each share is called.
    """

    def __init__(self, report: Reporter, stage: str, label: str, labels: tuple[str, ...]) -> None:
        self._report = report
        self._labels = labels
        self._shares = [_Share() for _ in labels]
        report.begin(stage, label, _FULL, "per mille")

    def hear(self, word: Word) -> None:
        """Take in what a helper process says."""
        share = self._shares[word.sender]
        if word.kind == "note":
            self._report.note(word.text)
        elif word.kind == "warn":
            self._report.warn(word.text)
        elif word.kind == "begin":
            share.total, share.began_s, share.at_start = word.amount, time.monotonic(), -1.0
        else:
            self._advance(share, word)

    def finish(self, sender: int) -> None:
        """Count a share as done."""
        share = self._shares[sender]
        share.done = share.total = max(share.total, 1.0)
        self._report.advance(_FULL * self._fraction(), f"{self._labels[sender]} done")

    def _advance(self, share: _Share, word: Word) -> None:
        if share.at_start < 0:  # a resumed piece begins somewhere in the middle
            share.at_start = word.amount
        share.done = word.amount
        elapsed = time.monotonic() - share.began_s
        newly = share.done - share.at_start
        if newly > 0 and elapsed >= _NO_RATE_BEFORE_S:
            share.seconds = elapsed * share.total / newly
        self._report.advance(_FULL * self._fraction(), f"{self._labels[word.sender]}: {word.text}")

    def _fraction(self) -> float:
        known = [share.seconds for share in self._shares if share.seconds]
        usual = sum(known) / len(known) if known else 1.0
        weights = [share.seconds or usual for share in self._shares]
        parts = [share.done / share.total if share.total else 0.0 for share in self._shares]
        return sum(weight * part for weight, part in zip(weights, parts, strict=True)) / sum(weights)
