"""The state of a build in a file: what others read while it runs, and how it ended."""

from pathlib import Path

from pipeline.errors import StageError
from pipeline.runtime.progress.reporter import SILENT, WorkStart, WorkTime
from pipeline.runtime.progress.state_file import StateFile, read_state


def test_others_read_where_a_build_stands_and_how_it_ended(tmp_path: Path) -> None:
    path, now = tmp_path / "progress.json", [0.0]
    state = StateFile(path, SILENT, clock=lambda: now[0])
    state.expect([WorkTime("train", 20.0, "set"), WorkTime("render", 5.0)])
    state.begin(WorkStart("train", "networks", 100.0, "iterations", expected_s=20.0))
    for second in range(1, 11):
        now[0] = float(second)
        state.advance(5.0 * second, "loss 3.1")
    state.warn("quiet")
    now[0] = 11.0
    state.advance(55.0, "loss 3.0")
    read = read_state(path)
    assert read is not None
    assert (read["view"]["stage"], read["view"]["done"], read["detail"]) == ("train", 55.0, "loss 3.0")
    assert read["lines"] == [{"kind": "warning", "text": "quiet"}]
    assert [one["stage"] for one in read["works"]] == ["train", "render"]
    assert 5 < read["view"]["left_s"] < 15
    state.close(StageError("No room.", hint="Make some."))
    ended = read_state(path)
    assert ended is not None
    assert (ended["ended"], ended["error"]["what"]) == ("error", "No room.")


def test_a_file_that_can_not_be_written_or_read_is_no_matter(tmp_path: Path) -> None:
    StateFile(tmp_path / "none" / "progress.json", SILENT).close(None)
    assert read_state(tmp_path / "none") is None
    (tmp_path / "odd").write_text("[1")
    assert read_state(tmp_path / "odd") is None


def test_not_every_step_is_written(tmp_path: Path) -> None:
    path, now = tmp_path / "progress.json", [0.0]
    state = StateFile(path, SILENT, clock=lambda: now[0])
    state.begin(WorkStart("train", "networks", 1000.0, "iterations"))
    for step in range(1, 100):
        now[0] += 0.001
        state.advance(float(step))
    read = read_state(path)
    assert read is not None
    assert read["view"]["done"] == 0.0
