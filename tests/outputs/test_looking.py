"""Looking at a film before it is made: what is shown, that it is marked, and that nothing is trained for it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.learning.sampling.take import Take
from pipeline.learning.training.run import PLAN_FILE, STATE_FILE
from pipeline.learning.training.so_far import so_far
from pipeline.outputs.looking import look, timeline_of
from pipeline.picture.drawing.stamp import stamped
from pipeline.picture.theme.theme import load_theme
from pipeline.production.schema import load_production
from pipeline.stages import prepare, train
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store
from tests.end_to_end.productions import make_tiny, say_here
from tests.learning.training.trainings import Listener
from tests.store.test_lock import hold

MARK_ROWS = 9  # of 180: the band that says what is made up
SECOND = '[[section]]\ntitle = "Two"'


def picture(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def is_marked(path: Path) -> bool:
    band = picture(path)[:MARK_ROWS]
    return bool(band.mean() > 200 and band.min() < 120)


def trained(folder: Path) -> list[str]:
    """Trainings that were published, by their stage's folders."""
    return [path.parent.name for path in folder.glob("out/**/work/train/*/manifest.json")]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    production = make_tiny(tmp_path)
    text = production.read_text(encoding="utf-8").replace("iterations = 24,", "iterations = 40,")
    production.write_text(text, encoding="utf-8")
    return production


def interrupt(tiny: Path) -> Path:
    """Begin to train the first section alone and stop after its checkpoint at 16; return the training's folder."""
    text = tiny.read_text(encoding="utf-8")
    tiny.write_text(text[: text.index(SECOND)], encoding="utf-8")
    production, output = load_production(tiny), tiny.parent / "out" / "tiny"
    place = Workplace(store=Store(output / "work"), output=output)
    results = prepare.run(production, Results(), place)
    with pytest.raises(KeyboardInterrupt):
        train.run(production, results, replace(place, report=Listener(stop_at=18)))
    tiny.write_text(text, encoding="utf-8")
    return place.store.partial_path(train.pieces(production, results)[0])


def test_the_mark_says_in_words_what_is_made_up_networks_from_within_too(tiny: Path) -> None:
    output, production = tiny.parent / "out" / "tiny", load_production(tiny)
    production = production.model_copy(update={"video": production.video.model_copy(update={"layout": "inside"})})
    with look(production, Workplace(Store(output / "work"), output), beside=False) as seen:
        takes = [take for section in seen.results.takes for take in section]
        assert takes
        assert all(isinstance(take.record, Take) and take.record.traces for take in takes)
        scene, card = timeline_of(seen.results).scenes()[0], timeline_of(seen.results).cards()[1]
        assert seen.mark(scene.start_frame) == "Made-up curves and sound: not trained yet"
        assert seen.mark(card.start_frame) == "Made-up curves and numbers: not trained yet"
        assert not seen.mark(0)


def test_before_any_training_what_is_made_up_is_shown_and_marked(tiny: Path) -> None:
    folder = tiny.parent
    told = say_here("still", tiny, "--at", "3.5", "-o", "scene.png", cwd=folder)
    assert "section-1: not trained yet" in told.stderr
    assert "made up" in told.stderr
    assert is_marked(folder / "scene.png")
    say_here("still", tiny, "--card", "section-2", "-o", "card.png", cwd=folder)
    assert is_marked(folder / "card.png")
    say_here("still", tiny, "--card", "title", "-o", "title.png", cwd=folder)
    assert not is_marked(folder / "title.png")
    say_here("storyboard", tiny, "--sheet", "sheet.png", cwd=folder)
    assert (folder / "sheet.png").is_file()
    files = say_here("export", "sound", tiny, cwd=folder).stdout.split()
    assert [Path(file).name for file in files] == ["tiny-soundtrack-made-up.wav"]
    assert "made-up" in say_here("export", "gif", tiny, "--width", "160", cwd=folder).stdout
    assert not trained(folder)
    assert not (folder / "out" / "tiny" / "work" / "storyboard").exists()  # a stand-in never counts as made


def test_of_an_interrupted_training_its_checkpoints_are_shown(tiny: Path) -> None:
    interrupt(tiny)
    folder = tiny.parent
    told = say_here("still", tiny, "--at", "3.5", "-o", "one.png", cwd=folder)
    assert "section-1: iteration 1" in told.stderr
    assert "of 40" in told.stderr
    assert "saved at 16" in told.stderr
    assert "interrupted" in told.stderr
    assert not is_marked(folder / "one.png")
    say_here("still", tiny, "--card", "section-2", "-o", "two.png", cwd=folder)
    assert is_marked(folder / "two.png")
    files = [Path(file).name for file in say_here("export", "sound", tiny, cwd=folder).stdout.split()]
    assert files[0] == "tiny-soundtrack-made-up.wav"
    assert files[1:] == [f"tiny-section-1-iteration-{number:06d}.wav" for number in (0, 8, 16)]
    assert not trained(folder)


def test_lines_that_the_training_has_not_come_to_are_no_error(tiny: Path) -> None:
    interrupt(tiny)
    text = tiny.read_text(encoding="utf-8")
    lines = "[[section.take]]\niteration = 8\n[[section.take]]\niteration = 40\n[[section.caption]]\ntext = 'x'\n"
    lines += "iteration = 39\n"
    tiny.write_text(text.replace(SECOND, lines + SECOND), encoding="utf-8")
    say_here("still", tiny, "--at", "3.5", "-o", "one.png", cwd=tiny.parent)
    assert not is_marked(tiny.parent / "one.png")


def test_settings_changed_since_show_what_was_trained_with_the_others(tiny: Path) -> None:
    interrupt(tiny)
    text = tiny.read_text(encoding="utf-8")
    tiny.write_text(text.replace("iterations = 40", "iterations = 4000"), encoding="utf-8")
    told = say_here("still", tiny, "--at", "3.5", "-o", "one.png", cwd=tiny.parent)
    assert "training.iterations: 40 -> 4000" in told.stderr
    assert not is_marked(tiny.parent / "one.png")


def test_one_looks_while_another_process_builds(tiny: Path) -> None:
    interrupt(tiny)
    folder = tiny.parent
    work = folder / "out" / "tiny" / "work"
    before = {path: path.read_bytes() for path in work.rglob("*") if path.is_file() and "train" in path.parts}
    other = hold(work)
    try:
        told = say_here("still", tiny, "--at", "3.5", "-o", "one.png", cwd=folder)
        survey = say_here("status", tiny, cwd=folder).stdout
    finally:
        other.kill()
        other.communicate()
    assert f"process {other.pid}" in told.stderr
    assert not is_marked(folder / "one.png")
    assert f"process {other.pid}" in survey.splitlines()[0]
    assert {path: path.read_bytes() for path in before} == before


def test_status_knows_trainings_in_flight(tiny: Path) -> None:
    partial = interrupt(tiny)
    say_here("prepare", tiny, cwd=tiny.parent)
    told = say_here("status", tiny, cwd=tiny.parent).stdout
    line = next(one for one in told.splitlines() if one.startswith("train"))
    assert re.search(
        r"begun +1 of 2 begun, 1 of 2 missing: iteration 1\d of 40 \(4\d %\), saved at 16, \d+ s ago", line
    )
    other = hold(tiny.parent / "out" / "tiny" / "work")
    try:
        found = json.loads(say_here("status", tiny, "--json", cwd=tiny.parent).stdout)
    finally:
        other.kill()
        other.communicate()
    piece = next(stage for stage in found if stage["stage"] == "train")["pieces"][0]
    assert piece["state"] == "begun"
    assert piece["training"]["running"]
    assert str(other.pid) in piece["training"]["by"]
    assert piece["training"]["saved_iteration"] == 16
    assert piece["training"]["iterations"] == 40
    (partial / STATE_FILE).write_bytes(b"\xff" * 100)
    assert "nothing saved yet" in say_here("status", tiny, cwd=tiny.parent).stdout
    (partial / PLAN_FILE).write_text("[", encoding="utf-8")
    assert "begun" in say_here("status", tiny, cwd=tiny.parent).stdout


@pytest.mark.parametrize("state", [b"", b"{}", b"\x08\0\0\0\0\0\0\0{}      ", b"\xff" * 64])
def test_a_damaged_state_is_as_if_it_were_not_there(tmp_path: Path, state: bytes) -> None:
    assert so_far(tmp_path) is None
    (tmp_path / STATE_FILE).write_bytes(state)
    assert so_far(tmp_path) is None
    (tmp_path / "loss.csv").write_bytes(b"iteration\nnonsense\n")
    assert so_far(tmp_path) is None


def test_build_makes_what_is_missing_first(tiny: Path) -> None:
    folder = tiny.parent
    say_here("still", tiny, "--build", "--at", "3.5", "-o", "one.png", cwd=folder)
    assert len(trained(folder)) == 2
    assert not is_marked(folder / "one.png")
    told = say_here("still", tiny, "--at", "3.5", "-o", "again.png", cwd=folder)
    assert "made up" not in told.stderr
    assert np.array_equal(picture(folder / "one.png"), picture(folder / "again.png"))
    short = '[[cut]]\nname = "short"\nseconds = 6\n'
    tiny.write_text(tiny.read_text(encoding="utf-8") + short, encoding="utf-8")
    say_here("still", tiny, "--cut", "short", "--at", "2", "-o", "cut.png", cwd=folder)
    assert not is_marked(folder / "cut.png")


def test_what_can_be_refused_is_refused_before_anything_is_made(tiny: Path) -> None:
    folder = tiny.parent
    both = say_here("still", tiny, "--at", "1", "--card", "title", cwd=folder, check=False)
    assert both.returncode == 2
    assert say_here("still", tiny, "-o", "still.txt", cwd=folder, check=False).returncode == 2
    assert say_here("still", tiny, "--at", "soon", cwd=folder, check=False).returncode == 2
    assert not (folder / "out").exists()
    unknown = say_here("still", tiny, "--card", "nothing", cwd=folder, check=False)
    assert unknown.returncode == 2
    assert "section-1, section-2, comparison" in unknown.stderr


@pytest.mark.parametrize("shape", [(90, 160, 3), (1080, 60, 3), (6, 6, 3)])
def test_a_stamp_fits_into_any_picture(shape: tuple[int, int, int]) -> None:
    plain = np.full(shape, 40, np.uint8)
    marked = stamped(plain, "Made-up curves and sound: not trained yet", load_theme("midnight"))
    assert marked.shape == shape
    assert not np.array_equal(marked, plain)
    rows = max(8, round(0.05 * shape[0]))
    assert np.array_equal(marked[rows:], plain[rows:])
