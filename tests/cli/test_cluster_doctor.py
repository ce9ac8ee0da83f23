"""What `doctor --cluster` says of a worker."""

from __future__ import annotations

from typing import Any

from pipeline.cli.cluster_doctor import _MEASURED, _of_worker

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
