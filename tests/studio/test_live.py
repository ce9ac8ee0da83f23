"""What goes on, as pages are told: the truth of `status`, and builds of another terminal, which can be stopped."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.build.films import survey_all
from pipeline.production.editing.edits import SetValue
from pipeline.studio import trainings
from pipeline.studio.answers.listen import shown_last
from tests.end_to_end.productions import ROOT
from tests.studio.conftest import TOKEN, Built, Opened
from tests.studio.served import Served

LONG = [SetValue(("section", 0, "training", "iterations"), 2_000_000)]


class Told:
    """The last state that was pushed, on a connection of its own."""

    def __init__(self, served: Served) -> None:
        base = f"http://127.0.0.1:{served.port}"
        headers = {"authorization": f"Bearer {TOKEN}", "origin": base}
        self.client = httpx.Client(base_url=base, headers=headers, timeout=60)
        self.state: dict[str, Any] = {}
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with suppress(httpx.HTTPError), self.client.stream("GET", "/api/live") as answer:  # until the server ends
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    with self._changed:
                        self.state = json.loads(line.removeprefix("data: "))
                        self._changed.notify_all()

    def until(self, holds: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: self.state and holds(self.state), 120), (what, self.state)
            return self.state


def stages(state: dict[str, Any]) -> dict[str, str]:
    return {one["stage"]: one["state"] for one in state["stages"]}


def is_trained_long(state: dict[str, Any]) -> bool:
    """Whether a build runs that trains the first section as `LONG` asks."""
    first = state["sections"][0]
    return bool(state["build"]["running"] and first["total"] == 2_000_000 and first["iteration"] > 1)


@pytest.fixture
def film(built: Built, tmp_path: Path) -> Iterator[Served]:
    shutil.copytree(built.folder, tmp_path / "film")
    served = Served(tmp_path / "film" / "tiny.toml", tmp_path / "film" / "out" / "tiny")
    served.start()
    yield served
    served.stop()


@contextmanager
def another_terminal(*arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from pipeline.cli.start import main; main()"
    command = [sys.executable, "-c", program, str(ROOT), *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def another_studio(film: Served) -> Iterator[Told]:
    served = Served(film.file, film.output)
    served.start()
    try:
        yield Told(served)
    finally:
        served.stop()


def test_a_build_of_another_terminal_is_followed_and_stopped_and_stages_are_those_of_status(film: Served) -> None:
    told, desk = Told(film), film.studio.desk
    made = told.until(lambda state: state["stages"], "it is surveyed")
    assert set(stages(made).values()) == {"fresh"}
    desk.edit(LONG, "a long training", seen=made["revision"])
    told.until(lambda state: stages(state)["train"] == "stale" and stages(state)["compose"] == "waits", "it is stale")
    with another_terminal("build", film.file, "-o", film.output, "--jobs", "1") as process:
        state = told.until(is_trained_long, "it trains")
        assert state["build"]["progress"]["view"]["stage"] == "train"
        assert str(process.pid) in state["build"]["by"]
        curves = told.client.get("/api/curves?section=0&columns=50").json()
        assert curves["training"]["mean"]
        told.until(lambda state: state["sections"][0]["checkpoints"] > 1, "checkpoints are seen")
        assert told.client.get("/api/takes").json()["sections"][0]["takes"][0]["iteration"] == 0
        refused = told.client.post("/api/build", json={})
        assert "runs already" in refused.json()["error"]["what"]
        with another_studio(film) as other:
            assert other.until(is_trained_long, "another studio sees it too")["revision"] == state["revision"]
            assert "runs already" in other.client.post("/api/build", json={}).json()["error"]["what"]
            late = {"seen": made["revision"], "edits": [{"path": ["title"], "value": "x"}]}
            assert other.client.post("/api/edit", json=late).status_code == 409
            assert other.client.post("/api/stop", json={}).status_code == 200
            assert process.wait(60) == 130
    told.until(lambda state: stages(state)["train"] == "begun", "what it has begun is seen")
    state = told.until(lambda state: not state["build"]["running"], "its end is seen")
    assert state["build"]["ended"] == "interrupted"
    assert "No build" in told.client.post("/api/stop", json={}).json()["error"]["what"]
    desk.undo()
    told.until(lambda state: set(stages(state).values()) == {"fresh"}, "all is made as it was")
    shutil.rmtree(next(path for path in (film.output / "work" / "cards").iterdir() if path.name != "names"))
    state = told.until(lambda state: stages(state)["cards"] == "missing", "what another program removed is noticed")
    production = desk.shown()
    surveyed = survey_all(production, desk.workplace(production))
    assert stages(state) == {one.stage: one.state for one in surveyed}


@pytest.mark.parametrize(
    ("ago_s", "took_s", "is_new"), [(4, 0, True), (6, 0, False), (6, 0.05, True), (26, 0.05, False), (61, 9, False)]
)
def test_what_takes_long_to_look_at_is_looked_at_less_often(
    same: Opened, ago_s: float, took_s: float, *, is_new: bool
) -> None:
    production, workplace = same.studio.place()
    root = workplace.store.root
    found = trainings._Found(production, root, "", time.monotonic() - ago_s, took_s)
    assert found.is_new(production, workplace) is is_new
    assert not found.is_new(production.draft(), workplace)


@pytest.mark.parametrize(("at", "last"), [(0, 1), (100, 125), (900, 1000), (1000, 1000)])
def test_a_graph_reaches_a_little_beyond_where_its_training_is(at: int, last: int) -> None:
    assert shown_last(trainings.TrainingView(None, at, 1000)) == last
