"""Who carries out the pieces of a build: one interface, whatever lies beneath.

A stage describes pieces of work with what each needs, and receives progress, results and losses; it does not know
whether they were done by processes of this machine or by workers elsewhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pipeline.runtime.gpus import GPU_VARIABLE, visible_gpus
from pipeline.runtime.workers import run_parallel

PIECES_A_GPU: Final = 3
"""So many small networks share a GPU: one never fills it."""

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Needs:
    """What a piece of work takes while it is done.

    Parameters
    ----------
    cores
        Threads that it keeps busy, where there are so many.
    memory_bytes
        Memory beyond what any process takes; 0 where that is little.
    gpus
        On how many GPUs it works.
    """

    cores: int = 1
    memory_bytes: int = 0
    gpus: int = 0


@dataclass(frozen=True)
class Work(Generic[Item]):
    """One piece of work.

    Parameters
    ----------
    item
        What the function is applied to; must be picklable.
    key
        Names the piece, the same in every command that would do it: what runs already is not begun a second time.
    label
        What it is called in messages.
    needs
        What it takes.
    folder
        Where it writes, if nobody else may write there at the same time: what lies there is what it goes on from.
    state_file
        The file in that folder that counts on all others there: whoever copies the folder copies it last.
    place
        Where it publishes its files, if it does so by itself: opened by whoever receives them from a worker that does
        not see this machine's folders, and closed when all of them are there.
    unread
        A pattern of names of files, in the folders that its item names, that it never reads.
    amount
        How much there is to do, in any unit that all pieces of a call share; 0 where nobody knows. One that takes far
        longer for it than the others may be begun on another worker too.
    """

    item: Item
    key: str = ""
    label: str = ""
    needs: Needs = Needs()
    folder: Path | None = None
    state_file: str = ""
    place: Callable[[], AbstractContextManager[Path]] | None = None
    unread: str = ""
    amount: float = 0.0


@dataclass(frozen=True)
class Batch(Generic[Item, Outcome]):
    """Pieces to be done, and who hears of them; see `Executor.run`."""

    function: Callable[[Item], Outcome]
    works: Sequence[Work[Item]]
    jobs: int
    on_done: Callable[[int, Outcome], None]
    on_message: Callable[[Any], None] | None
    on_loss: Callable[[str], None]


def ignore_outcome(_index: int, _outcome: object) -> None:
    """Do nothing with a piece's outcome."""


def ignore_loss(_text: str) -> None:
    """Do nothing about a loss."""


class Executor(ABC):
    """Does pieces of work, several at once."""

    @property
    @abstractmethod
    def works_here(self) -> bool:
        """Whether this process is as good a place as any for a piece that is alone."""

    @property
    @abstractmethod
    def gpus(self) -> int | None:
        """How many GPUs there are for pieces; None where that is for this process to find out."""

    @abstractmethod
    def at_once(self, needs: Needs, jobs: int) -> int:
        """How many pieces with such needs can be done at the same time, at least 1.

        Parameters
        ----------
        jobs
            How many cores may be busy in all.
        """

    @abstractmethod
    def running(self) -> set[str]:
        """Name the pieces, by their keys, that are being made for earlier commands that were killed."""

    @abstractmethod
    def do(self, batch: Batch[Item, Outcome]) -> list[Outcome]:
        """Do what `run` was asked for."""

    def run(
        self,
        function: Callable[[Item], Outcome],
        works: Sequence[Work[Item]],
        *,
        jobs: int,
        on_done: Callable[[int, Outcome], None] = ignore_outcome,
        on_message: Callable[[Any], None] | None = None,
        on_loss: Callable[[str], None] = ignore_loss,
    ) -> list[Outcome]:
        """Apply a function to every piece's item.

        Parameters
        ----------
        function
            A module's own function: it travels by name.
        works
            The pieces, in the order in which they are begun.
        jobs
            How many at the same time, at most.
        on_done
            Called in this process, with the piece's index and outcome, as each one is finished.
        on_message
            Called in this process with what `send_to_parent` sends, all messages about a piece before its `on_done`.
        on_loss
            Called with a line where a process or a worker was lost, and its piece begins again or goes on elsewhere.

        Returns
        -------
        list
            The outcomes, in the pieces' order.

        Raises
        ------
        WorkerError
            Where a piece can't be finished because processes or workers died. An interruption stops all pieces first.
        """
        return self.do(Batch(function, works, jobs, on_done, on_message, on_loss))


@dataclass(frozen=True)
class ProcessExecutor(Executor):
    """Works in processes of this machine."""

    @property
    def works_here(self) -> bool:
        """A lone piece needs no process of its own."""
        return True

    @property
    def gpus(self) -> int | None:
        """Those of this machine, as torch finds them."""
        return None

    def at_once(self, needs: Needs, jobs: int) -> int:
        """As many as there are cores for; on GPUs, a few on each."""
        if needs.gpus:
            return (PIECES_A_GPU if needs.gpus == 1 else 1) * max(1, len(visible_gpus()) // needs.gpus)
        return max(1, jobs // needs.cores)

    def running(self) -> set[str]:
        """None: processes end with the command that started them."""
        return set()

    def do(self, batch: Batch[Item, Outcome]) -> list[Outcome]:
        """In up to `jobs` processes (in this one, where one is enough), on GPUs one after the other in turn.

        Nobody hears of losses: a process that dies ends the build.
        """
        each = max((work.needs.gpus for work in batch.works), default=0)
        gpus = _grouped(visible_gpus(), each) if each else []
        return run_parallel(
            batch.function,
            [work.item for work in batch.works],
            jobs=batch.jobs,
            on_done=batch.on_done,
            on_message=batch.on_message,
            environments=[{GPU_VARIABLE: gpu} for gpu in gpus] if len(gpus) > 1 else (),
        )


def _grouped(gpus: Sequence[str], size: int) -> list[str]:
    """Names of so many GPUs each, as CUDA_VISIBLE_DEVICES has them; those left over are left out."""
    return [",".join(gpus[first : first + size]) for first in range(0, len(gpus) - size + 1, size)]
