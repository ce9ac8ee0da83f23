"""What screens show: a line for each piece of work, a bar a section and one for the whole, events for programs."""

import io
import json
from collections.abc import Iterator

import pytest
from rich.console import Console

from pipeline.cli.console import BarScreen, JsonScreen, PlainScreen, Screen, length_text
from pipeline.runtime.progress.reporter import Named, WorkStart, WorkTime
from pipeline.runtime.progress.side_by_side import Task
from pipeline.runtime.relay import ProgressMixer, Word

PLAN = (WorkTime("train", 200.0, "remembered"), WorkTime("render", 60.0, "remembered"))


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def train_two(screen: Screen, clock: Clock, *, sections: int = 2) -> Iterator[None]:
    """Train some networks, the second half as fast as the first; stop after every fifth of a second."""
    screen.expect(PLAN)
    names = [f"section-{number + 1}" for number in range(sections)]
    mixer = ProgressMixer(
        screen, [Task(name, 1.0) for name in names], sections, begin=("train", f"{sections} networks"), clock=clock
    )
    for index in range(sections):
        mixer.receive(Word(index, "begin", work=WorkStart("", "", 500.0, "")))
    for step in range(1, 501):
        clock.now += 0.2
        mixer.receive(Word(0, "advance", "3.10 bits/byte", float(step)))
        for index in range(1, sections):
            mixer.receive(Word(index, "advance", "4.20 bits/byte", step / 2))
        yield


def test_plain_lines_tell_every_section_and_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    screen = PlainScreen(clock)
    for _ in train_two(screen, clock):
        pass
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "train: 2 networks"
    assert len(lines) in {10, 11}  # one every ten seconds
    assert lines[5].startswith("train: ")
    assert "; section-1 50 %, 0:50 left, 3.10 bits/byte; section-2 25 %, 2:30 left, 4.20 bits/byte; " in lines[5]
    assert lines[5].endswith("; the whole 19 %, 3:30 left")


def test_plain_lines_of_a_single_work_tell_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    screen = PlainScreen(clock)
    screen.begin(WorkStart("render", "segments", 1000, "frames"))
    for step in range(1, 31):
        clock.now += 1
        screen.advance(10 * step, "segment 3")
    screen.begin(WorkStart("sample", "takes while training", 0, "takes"))
    clock.now += 20
    screen.advance(4, "made")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "render: segments (1,000 frames)"
    assert lines[1] == "render: 10 %, 1:30 left (segment 3)"
    assert lines[-1] == "sample: 4 takes (made)"


def test_events_tell_every_section_and_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    screen = JsonScreen(clock)
    for _ in train_two(screen, clock):
        pass
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[0] == {
        "event": "expect",
        "works": [
            {"stage": "train", "seconds": 200.0, "basis": "remembered"},
            {"stage": "render", "seconds": 60.0, "basis": "remembered"},
        ],
    }
    assert (events[1]["event"], events[1]["stage"], events[1]["label"]) == ("begin", "train", "2 networks")
    half = next(event for event in events[2:] if event["parts"][0]["share"] >= 0.5)
    first, second = half["parts"]
    assert (first["name"], second["name"]) == ("section-1", "section-2")
    assert first["left_s"] == pytest.approx(50, abs=3)
    assert second["left_s"] == half["left_s"] == pytest.approx(150, abs=5)
    assert half["whole"]["left_s"] == pytest.approx(210, abs=8)
    assert half["done"] <= half["total"] == 1.0
    shares = [event["whole"]["share"] for event in events if "whole" in event]
    assert shares == sorted(shares)


def drawn(screen: BarScreen, console: Console) -> list[str]:
    with console.capture() as capture:
        console.print(screen._progress.get_renderable())
    return capture.get().splitlines()


def bars(height: int = 40) -> tuple[BarScreen, Clock, Console]:
    clock = Clock()
    console = Console(file=io.StringIO(), width=120, height=height, force_terminal=True, color_system=None)
    return BarScreen(clock, console), clock, console


def test_bars_are_one_a_section_and_one_for_the_whole() -> None:
    screen, clock, console = bars()
    for number, _ in enumerate(train_two(screen, clock)):
        if number == 250:
            rows = drawn(screen, console)
            assert [row.split()[:2] for row in rows[:2]] == [["train", "section-1"], ["train", "section-2"]]
            assert "0:50 left 3.10 bits/byte" in rows[0]
            assert "2:30 left 4.20 bits/byte" in rows[1]
            assert rows[2].startswith("whole ")
            assert "3:30 left" in rows[2]
            clock.now += 10  # nothing is told, and the time goes on
            assert "0:40 left" in drawn(screen, console)[0]
            clock.now -= 10
    screen.begin(WorkStart("render", "segments", 100, "frames"))
    rows = drawn(screen, console)
    assert rows[0].startswith("render     segments")
    assert rows[1].startswith("whole ")
    assert len(rows) == 2
    assert "train      2 networks 1:40" in console.file.getvalue()  # type: ignore[attr-defined]


def test_the_whole_stays_in_sight_on_a_low_terminal() -> None:
    screen, clock, console = bars(height=12)
    for _ in train_two(screen, clock, sections=30):
        pass
    rows = drawn(screen, console)
    assert len(rows) <= 7
    assert rows[-1].startswith("whole ")


def break_off(screen: BarScreen, clock: Clock) -> None:
    with screen:
        for number, _ in enumerate(train_two(screen, clock)):
            if number == 100:
                raise KeyboardInterrupt


def test_a_broken_off_build_leaves_its_bars_and_the_cursor() -> None:
    screen, clock, console = bars()
    with pytest.raises(KeyboardInterrupt):
        break_off(screen, clock)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "section-2" in shown[shown.rindex("section-1") :]
    assert shown.endswith("\x1b[?25h")


def test_a_length_that_is_corrected_begins_no_new_work(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    screen = PlainScreen(clock)
    screen.begin(WorkStart("train", "section-1", 1000, "iterations"))
    for step in range(1, 101):
        clock.now += 1
        screen.advance(step)
        if step == 50:
            screen.begin(WorkStart("train", "section-1", 500, "iterations", done=50))
    lines = capsys.readouterr().err.splitlines()
    assert sum("iterations" in line for line in lines) == 1
    assert lines[-1] == "train: 20 %, 6:40 left"


def test_names_of_cuts_stand_before_what_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    named = Named(PlainScreen(clock), "short")
    named.begin(WorkStart("render", "segments", 10, "frames", done=1, expected_s=100.0))
    clock.now += 20
    named.advance(2, "segment 1")
    assert capsys.readouterr().err.splitlines() == [
        "render: short: segments (10 frames)",
        "render: 20 %, 1:20 left (segment 1)",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00"), (7, "0:07"), (59.6, "1:00"), (750, "12:30"), (11100, "3:05:00"), (-3, "0:00")]
)
def test_times_are_told_as_clocks_do(seconds: float, text: str) -> None:
    assert length_text(seconds) == text
