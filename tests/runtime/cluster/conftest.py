"""One cluster of this process for all tests: its scheduler and workers are threads, its pieces processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.runtime.cluster import handing_over
from pipeline.runtime.cluster.admission import Admission
from pipeline.runtime.cluster.choice import read_choice
from pipeline.runtime.cluster.executor import DaskExecutor
from pipeline.runtime.cluster.opening import _travelling_whole, open_cluster


@pytest.fixture(autouse=True)
def nothing_preloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers in processes of their own would import for each test what whole films need: seconds of torch."""
    monkeypatch.setattr(handing_over, "preloaded", tuple)


@pytest.fixture(scope="package")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="package")  # its threads draw random numbers: none may run beside property tests
def cluster(shared_folder: Path) -> Iterator[DaskExecutor]:
    with open_cluster(read_choice("local"), shared_folder, jobs=2, note=lambda _text: None) as executor:
        yield executor


@pytest.fixture(scope="package")
def away(cluster: DaskExecutor) -> Iterator[DaskExecutor]:
    """The same workers, as if they did not see the folder."""
    executor = DaskExecutor(cluster.address, {}, replace(cluster.passport, travels=True))
    with _travelling_whole():
        executor.client.register_plugin(Admission(executor.passport))
    yield executor
    executor.close()
