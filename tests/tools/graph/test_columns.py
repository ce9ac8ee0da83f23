import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import LogError
from pipeline.picture.plotting.time_ticks import TimeFormat
from pipeline.tools.graph.command import run_graph
from pipeline.tools.graph.data.series import GraphData, load_graph_data
from pipeline.tools.graph.layout import lay_out
from pipeline.tools.graph.options import GraphOptions
from pipeline.tools.graph.theme import load_graph_theme

STATE = {
    "log_history": [
        {"epoch": 0.5, "grad_norm": 1.0, "loss": 3.0, "step": 10},
        {"epoch": 0.5, "eval_loss": 3.5, "eval_runtime": 2.0, "step": 10},
        {"epoch": 1.0, "step": 20, "train_loss": 2.5, "train_runtime": 60.0},
    ]
}


def data_of(tmp_path: Path, text: str, **options: object) -> GraphData:
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    return load_graph_data(GraphOptions((str(path),), **options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "x", "series"),
    [
        ("Wall time,Step,Value\n1700000000.5,0,3\n1700000007.5,10,2\n", "Step", ["Value"]),
        ("epoch,step,train_loss,val_loss\n0,1,3,\n0,2,2,2.5\n", "step", ["train_loss", "val_loss"]),
        ("epoch,accuracy,loss,val_loss\n0,0.1,3,3.5\n1,0.2,2,2.5\n", "epoch", ["loss", "val_loss"]),
        ("loss,acc,trainer/global_step\n3,0.1,10\n2,0.2,20\n", "trainer/global_step", ["loss"]),
        ("_runtime,_timestamp,_step,loss\n1,1700000000,0,3\n2,1700000001,1,2\n", "_step", ["loss"]),
        ('"Step","a - loss","a - loss__MIN","a - loss__MAX"\n1,2,1,3\n2,1,1,2\n', "Step", ["a - loss"]),
        ("time/total_timesteps,rollout/ep_rew_mean\n100,1\n200,2\n", "time/total_timesteps", ["rollout/ep_rew_mean"]),
        ("loss,val_loss\n3,4\n2,3\n", "line", ["loss", "val_loss"]),
        ("name,batch,loss\na,1,3\nb,2,2\n", "batch", ["loss"]),
        ("update_norm,rate\n1,2\n2,3\n", "update_norm", ["rate"]),
        (json.dumps(STATE), "step", ["loss", "eval_loss"]),
        (json.dumps(STATE, indent=2), "step", ["loss", "eval_loss"]),
    ],
)
def test_what_the_usual_tools_write_is_drawn_as_one_would(tmp_path: Path, text: str, x: str, series: list[str]) -> None:
    data = data_of(tmp_path, text)
    assert (data.x_name, [one.label for one in data.series]) == (x, series)


def test_what_is_left_out_or_chosen_in_doubt_is_noted(tmp_path: Path) -> None:
    assert any("'train_loss' is the mean at the end" in note for note in data_of(tmp_path, json.dumps(STATE)).notes)
    words = data_of(tmp_path, "step,loss,val_loss\n1,2,low\n2,1,high\n")
    assert words.notes == ("'val_loss' holds no numbers ('low'), and is not drawn",)
    assert "x is the number of the line" in data_of(tmp_path, "loss,val_loss\n3,4\n").notes[0]
    assert data_of(tmp_path, "name,batch,loss\na,1,3\n").notes == ("x is 'batch': 'name' holds words ('a')",)


def test_a_column_that_can_not_be_read_is_named_with_its_first_value(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="'date' can't be x: it holds neither numbers nor times, but '1 Jan'") as caught:
        data_of(tmp_path, "date,loss\n1 Jan,3\n2 Jan,2\n")
    assert "ISO 8601" in caught.value.hint
    with pytest.raises(LogError, match="holds numbers") as caught:
        data_of(tmp_path, "step,loss\n1,2.5s\n2,1.5s\n")
    assert "'loss' holds words, such as '2.5s'" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "clock", "first", "last"),
    [
        (
            "time,loss\n2026-01-01T00:00:00Z,3\n2026-01-01T00:10:00Z,2\n",
            TimeFormat(offset_s=0),
            1_767_225_600,
            1_767_226_200,
        ),
        ("t,loss\n2026-01-01 00:00,3\n2026-01-02,2\n", TimeFormat(), 1_767_225_600, 1_767_312_000),
        ("timestamp,loss\n1767225600,3\n1767226200,2\n", TimeFormat(offset_s=0), 1_767_225_600, 1_767_226_200),
        ("ts,loss\n1767225600000,3\n1767226200000,2\n", TimeFormat(offset_s=0), 1_767_225_600, 1_767_226_200),
        ("1767225600,3\n1767226200,2\n", TimeFormat(offset_s=0), 1_767_225_600, 1_767_226_200),
        ("elapsed,loss\n0:30,3\n1:00:00,2\n", TimeFormat(is_span=True), 30, 3600),
        ("time,loss\n0,3\n600,2\n", None, 0, 600),
        ("id,loss\n1767225600,3\n1767226200,2\n", None, 1_767_225_600, 1_767_226_200),
    ],
)
def test_times_are_an_axis(tmp_path: Path, text: str, clock: TimeFormat | None, first: float, last: float) -> None:
    data = data_of(tmp_path, text)
    assert data.x_clock == clock
    assert (data.x_span.first, data.x_span.last) == (first, last)


def test_times_are_labelled_as_such(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,took\n" + "".join(f"2026-01-01T00:{n:02}:00+02:00,0:{n:02}\n" for n in range(21)))
    options = GraphOptions((str(path),), width=1200, height=400)
    said = {words.text for words in lay_out(load_graph_data(options), options, load_graph_theme("midnight")).labels}
    assert {"00:00", "00:10", "0:10", "time (1 Jan 2026, UTC+2)", "took (m:ss)"} <= said


def test_logs_over_different_kinds_of_x_are_told(tmp_path: Path) -> None:
    for name, x in (("a.csv", "2026-01-01"), ("b.csv", "5"), ("c.csv", "0:05")):
        (tmp_path / name).write_text(f"t,loss\n{x},2\n")
    for pair, told in (("ab", "x is times in .*, and numbers"), ("bc", "numbers in .*, and lengths of time")):
        with pytest.raises(LogError, match=told):
            load_graph_data(GraphOptions(tuple(str(tmp_path / f"{name}.csv") for name in pair)))


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_history_is_drawn(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps(STATE, indent=2))
    summary = run_graph(GraphOptions((str(path),), width=400, height=240), str(tmp_path / f"graph.{ending}"))
    assert (summary.rows, summary.series) == (3, 2)


def test_gaps_are_found_where_the_log_has_them(tmp_path: Path) -> None:
    rows = "".join(f"{n},{'nan' if n in {5, 6} else n}\n" for n in range(20))
    (one,) = data_of(tmp_path, "step,loss\n" + rows).series
    assert one.gaps is not None
    np.testing.assert_array_equal(one.gaps, [5, 6])
