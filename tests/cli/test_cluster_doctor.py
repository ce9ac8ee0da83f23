"""What `doctor --cluster` says of a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import cluster_doctor
from pipeline.cli.cluster_doctor import _MEASURED, _of_worker
from tests.runtime.cluster.jobs.stand_in import stand_in
from tests.runtime.cluster.work import double

ABOUT: dict[str, Any] = {
    "refusal": "",
    "host": "cellar",
    "processor": "EPYC",
    "cores": 8,
    "memory_bytes": 32 * 2**30,
    "gpus": ["H100"],
    "versions": dict.fromkeys(_MEASURED, "1.2"),
}


def test_a_worker_that_fits_is_described_with_its_speeds() -> None:
    found = _of_worker("tcp://cellar:1", ABOUT, (14e9, 111.4))
    assert (found.name, found.state, found.mend) == ("tcp://cellar:1", "ok", "")
    for words in ("cellar, EPYC, 8 cores", "32.0 GiB", "H100", "torch 1.2", "14 GFLOP/s", "111 frames/s"):
        assert words in found.found


def test_a_worker_without_gpu_or_limit_says_so_and_one_that_failed_why() -> None:
    found = _of_worker("tcp://cellar:1", {**ABOUT, "gpus": [], "memory_bytes": 0}, RuntimeError("no ffmpeg"))
    assert found.state == "ok"
    for words in ("no GPU", "memory without a limit", "not measured: no ffmpeg"):
        assert words in found.found


def test_a_worker_that_is_refused_is_missing_and_says_why() -> None:
    found = _of_worker("tcp://cellar:1", {**ABOUT, "refusal": "it has torch 1 instead of 2"}, None)
    assert (found.state, found.found) == ("missing", "it has torch 1 instead of 2")
    assert found.mend


def test_fewer_jobs_than_were_asked_for_are_said_with_what_they_wait_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_doctor, "_WAIT_S", 0.5)
    monkeypatch.setattr(cluster_doctor, "measure_speeds", double)  # what is measured is no matter here
    own = tmp_path / "slurm"
    own.mkdir()
    with stand_in(own, monkeypatch, places=1) as slurm:
        slurm.say("busy", "QOSMaxJobsPerUserLimit")
        slurm.has(jobs=2)
        cluster, worker, folder = cluster_doctor.examine_cluster(str(slurm.settings), tmp_path / "out", None)
    assert (cluster.state, worker.state, folder.state) == ("ok", "ok", "ok")
    words = "1 worker, 1 fits; 2 were asked for: the batch system says: job 1 waits (QOSMaxJobsPerUserLimit)"
    assert cluster.found == words
