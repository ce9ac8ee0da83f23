"""What is built from the page is what the command line builds; how a build that fails at once is shown."""

from pathlib import Path

import pytest

from pipeline.errors import InputError, OutputError, StageError
from pipeline.runtime.progress.reporter import SILENT
from pipeline.runtime.progress.state_file import FILE, StateFile
from pipeline.store.lock import build_lock
from pipeline.studio.builds import Builds, Order
from pipeline.studio.desk import Desk
from tests.end_to_end.productions import make_tiny


@pytest.mark.parametrize(
    ("order", "arguments"),
    [
        (Order(), "build"),
        (Order(draft=True), "build --draft"),
        (Order("sample", from_here=True), "sample --from-here"),
        (Order("render", draft=True, cut="short"), "render --draft --cut short"),
        (Order(export="gif", draft=True), "export gif --draft"),
    ],
)
def test_orders_are_command_lines(order: Order, arguments: str) -> None:
    assert order.arguments() == arguments.split()


@pytest.mark.parametrize("order", [Order("explode"), Order("--help"), Order(export="--help"), Order(export="x")])
def test_other_orders_are_refused(order: Order) -> None:
    with pytest.raises(InputError):
        order.arguments()


def test_builds_go_to_the_cluster_that_the_studio_was_given_and_exports_stay_here(tmp_path: Path) -> None:
    desk = Desk(make_tiny(tmp_path), tmp_path / "out")
    builds = Builds(desk, output=None, allow_outside=False, cluster="tcp://cellar:8786")
    assert builds.command(Order(draft=True))[-2:] == ["--cluster", "tcp://cellar:8786"]
    assert "--cluster" not in builds.command(Order(export="gif"))
    assert "--cluster" not in Builds(desk, output=None, allow_outside=False).command(Order())


def test_one_build_at_a_time_and_a_cut_that_is_there(tmp_path: Path) -> None:
    output = tmp_path / "out"
    builds = Builds(Desk(make_tiny(tmp_path), output), output=output, allow_outside=False)
    with pytest.raises(InputError, match="no cut"):
        builds.start(Order(cut="--help"))
    with build_lock(output / "work"):
        assert builds.state(output / "work")["running"]
        with pytest.raises(OutputError, match="runs already"):
            builds.start(Order())
    assert not builds.state(output / "work")["running"]
    with pytest.raises(OutputError, match="No build"):
        builds.stop()


def test_how_the_last_build_ended_is_read_from_its_file(tmp_path: Path) -> None:
    output = tmp_path / "out"
    (output / "work").mkdir(parents=True)
    builds = Builds(Desk(make_tiny(tmp_path), output), output=output, allow_outside=False)
    assert builds.state(output / "work")["error"] is None
    StateFile(output / "work" / FILE, SILENT).close(StageError("No room.", hint="Make some."))
    found = builds.state(output / "work")
    assert (found["ended"], found["error"]["what"], found["error"]["hint"]) == ("error", "No room.", "Make some.")
    StateFile(output / "work" / FILE, SILENT)  # which was killed
    assert builds.state(output / "work")["ended"] == "interrupted"
