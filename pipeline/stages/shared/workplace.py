"""Where a stage works: the store, the output folder, the reporter and how many processes it may use."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pipeline.runtime.executor import Executor, ProcessExecutor
from pipeline.runtime.progress.reporter import SILENT, Reporter
from pipeline.store.store import Store


@dataclass(frozen=True)
class Workplace:
    """What every stage is handed besides the production.

    Parameters
    ----------
    store
        Where results are kept.
    output
        The folder of the finished film, `out/<production>`.
    report
        Who listens to the progress.
    jobs
        How many processes or threads may work at once, at least 1.
    force
        Names of stages that must make their results again even where they are fresh.
    device
        `auto`, `cpu` or `cuda`: where networks are trained.
    executor
        Who does the pieces of a stage.
    """

    store: Store
    output: Path
    report: Reporter = SILENT
    jobs: int = 1
    force: frozenset[str] = field(default_factory=frozenset)
    device: str = "auto"
    executor: Executor = field(default_factory=ProcessExecutor)
