"""What batch systems list, as Slurm 22.05 and Grid Engine 8.1.9 wrote it, and what jobs have printed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.runtime.cluster.jobs.queues import JobState, last_words, states

SQUEUE = "17|PENDING|Resources\n18|PENDING|None\n16|RUNNING|None\n21|COMPLETING|None\n"
QSTAT = """\
job-ID  prior   name       user         state submit/start at     queue                          slots ja-task-ID
-----------------------------------------------------------------------------------------------------------------
      6 0.50000 dask-worke root         r     11/27/2026 21:44:52 main.q@localhost                   1
      2 0.50000 try        root         qw    11/27/2026 21:42:53                                    1
      3 0.00000 held       root         hqw   11/27/2026 21:42:55                                    1
"""


@pytest.mark.parametrize(
    ("kind", "program", "listed", "expected"),
    [
        (
            "slurm",
            "squeue",
            SQUEUE,
            {"17": JobState(True, "Resources"), "18": JobState(True), "16": JobState(False), "21": JobState(False)},
        ),
        (
            "sge",
            "qstat",
            QSTAT,
            {"6": JobState(False), "2": JobState(True, "no place is free for them"), "3": JobState(True, "held")},
        ),
        ("slurm", "squeue", "", {}),
        ("sge", "qstat", "", {}),
        ("slurm", "squeue", "slurm_load_jobs error\n", None),
        ("sge", "qstat", "a\nb\nerror\n", None),
        ("pbs", "qstat", QSTAT, None),
    ],
)
def test_a_queue_is_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    kind: str,
    program: str,
    listed: str,
    expected: dict[str, JobState] | None,
) -> None:
    (tmp_path / "listed").write_text(listed)
    (tmp_path / program).write_text(f"#!/bin/sh\ncat {tmp_path}/listed\n")
    (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert states(kind) == expected


def test_nothing_is_known_where_the_program_is_missing_or_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert states("slurm") is None
    (tmp_path / "squeue").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "squeue").chmod(0o755)
    assert states("slurm") is None


def test_the_last_line_that_a_job_has_printed_is_found(tmp_path: Path) -> None:
    (tmp_path / "dask-worker-16.err").write_text("another's\n")
    (tmp_path / "dask-worker-6.out").write_text("out\n")
    (tmp_path / "dask-worker-6.err").write_text("first\nlast \n\n")
    (tmp_path / "dask-worker.o60").write_text("another's\n")
    (tmp_path / "dask-worker.o7").write_text("of Grid Engine")
    assert last_words(tmp_path, "6") == f"last ({tmp_path}/dask-worker-6.err)"
    assert last_words(tmp_path, "7") == f"of Grid Engine ({tmp_path}/dask-worker.o7)"
    assert last_words(tmp_path, "0") == ""
    assert last_words(tmp_path / "none", "6") == ""
