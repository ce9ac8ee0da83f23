"""Nothing is trained of a production that could not become a film."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from pipeline.build.films import build_all
from pipeline.build.stage_order import OWN, STAGES, build, check_all, load_stage
from pipeline.errors import BuildVideoError, FootageError, InputError, ProductionError
from pipeline.film.planning.plan import CheckpointPoint, choose_takes
from pipeline.production.schema import Production, parse_production
from pipeline.runtime.resources import find_template
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store
from tests.end_to_end.productions import voice_like


def production(folder: Path, section: dict[str, Any] | None = None, **values: Any) -> Production:
    """A film of seven seconds of voice, whose training is never begun."""
    if not (folder / "voice.wav").exists():
        soundfile.write(folder / "voice.wav", voice_like(7, 8000), 8000)
    one = {"title": "One", "recordings": ["voice.wav"], "corpus": {"sample_rate_hz": 8000}, **(section or {})}
    results = parse_production({"title": "Film", "section": [one], **values}, where="film.toml")
    results._folder = folder
    return results


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"storyboard": {"recording_start_s": 50}}, "begins at 50 s"),
        ({"sampling": {"prime_s": 5, "prime_from_s": 4}}, "priming ends at 9 s"),
        ({"training": {"batch": 512, "sequence": 512}}, "too short"),
        ({"training": {"sequence": 50}, "network": {"kind": "tiered-lstm", "group": 4}}, "groups of 4"),
        ({"training": {"epochs": 1, "batch": 8, "sequence": 32}, "take": [{"iteration": 5000}]}, "training ends at"),
        (
            {
                "training": {"epochs": 1, "batch": 8, "sequence": 32},
                "sampling": {"candidates": 2, "choose": {"5000": 2}},
            },
            "choose names a take at iteration 5000",
        ),
        ({"training": {"epochs": 1, "batch": 8, "sequence": 32, "checkpoint_every": 5000}}, "first checkpoint"),
    ],
)
def test_what_recordings_are_too_short_for_is_told_once_they_are_prepared(
    section: dict[str, Any], told: str, tmp_path: Path
) -> None:
    store = Store(tmp_path / "out" / "work")
    with pytest.raises(ProductionError, match=told) as raised:
        build(production(tmp_path, section), Workplace(store, tmp_path / "out"))
    assert "One" in str(raised.value) or "training" in str(raised.value)
    assert not (store.root / "train").exists()


def template(folder: Path, name: str, text: str) -> None:
    path = folder / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


CUT = {"name": "short", "seconds": 20}
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "prepare": ({"section": {"recordings": ["gone.wav"]}}, "no such file"),
    "train": (
        {"section": {"training": {"sequence": 50}, "network": {"kind": "tiered-lstm", "group": 4}}},
        "groups of 4",
    ),
    "sample": (
        {
            "section": {
                "training": {"iterations": 90, "checkpoints": 4},
                "sampling": {"candidates": 2, "choose": {"89": 1}},
            }
        },
        "no checkpoint",
    ),
    "storyboard": ({"templates": {"captions/take.txt": "{{ iteraton }}"}}, "iteraton"),
    "cards": ({"templates": {"cards/credits.toml": "element = 3"}}, "credits"),
    "render": ({"templates": {"layouts/landscape.toml": "panel = 3"}}, "layout"),
    "compose": ({"templates": {"captions/description.txt": "{{ titel }}"}}, "titel"),
    "compose, words on cards": ({"templates": {"captions/cards.txt": "{{ cord }}"}}, "cord"),
    "compose, music": ({"sound": {"music": "gone.wav"}}, "no such file"),
    "a cut's caption": ({"cut": [{**CUT, "take": [{"iteration": 0, "caption": "{{ epok }}"}]}]}, "epok"),
    "a cut's layout": ({"cut": [{**CUT, "layout": "mine"}]}, "mine"),
    "a cut's theme": ({"cut": [{**CUT, "theme": "mine"}]}, "mine"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("until", ["train", "compose"])
def test_every_stages_faults_are_found_before_anything_is_made(fault: str, until: str, tmp_path: Path) -> None:
    values, told = FAULTS[fault]
    for name, text in values.get("templates", {}).items():
        template(tmp_path, name, text)
    film = production(tmp_path, **{name: value for name, value in values.items() if name != "templates"})
    workplace = Workplace(Store(tmp_path / "out" / "work"), tmp_path / "out")
    with pytest.raises(InputError, match=told):
        build_all(film, workplace, until)
    assert not workplace.store.root.exists()


def test_every_stage_is_asked_once_for_the_film_and_for_each_cut_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []
    for name in STAGES:
        stage = load_stage(name)

        def noted(film: Production, name: str = name, check: Any = stage.check) -> None:
            asked.append((film.cut, name))
            check(film)

        monkeypatch.setattr(stage, "check", noted)
    film = production(tmp_path, {"storyboard": {"recording_start_s": 50}}, cut=[CUT, {**CUT, "name": "teaser"}])
    with pytest.raises(ProductionError, match="begins at 50 s"):  # found once recordings are prepared
        build_all(film, Workplace(Store(tmp_path / "out" / "work"), tmp_path / "out"))
    assert asked == [("", name) for name in STAGES] + [(cut, name) for cut in ("short", "teaser") for name in OWN]


def test_checks_touch_nothing_and_take_a_moment(tmp_path: Path) -> None:
    film = production(tmp_path, cut=[CUT])
    before = sorted(tmp_path.rglob("*"))
    check_all(film, film.cuts)
    began = time.process_time()
    check_all(film, film.cuts)
    assert time.process_time() - began < 2
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("insert", "told"),
    [
        ({"file": "card.png", "seconds": 0.001}, "less than one frame"),
        ({"file": "gone.png"}, "no such file"),
    ],
)
def test_footage_that_can_not_be_shown_is_told_before_training(
    insert: dict[str, Any], told: str, tmp_path: Path
) -> None:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "card.png")
    with pytest.raises(FootageError, match=told):
        check_all(production(tmp_path, insert=[insert]))


def test_a_layout_of_ones_own_says_which_frames_it_is_made_for(tmp_path: Path) -> None:
    own = tmp_path / "templates" / "layouts"
    own.mkdir(parents=True)
    (own / "mine.toml").write_text(find_template("layouts/portrait.toml", None).read_text())
    with pytest.raises(BuildVideoError, match="'mine' is made for portrait frames"):
        check_all(production(tmp_path, video={"layout": "mine"}))
    check_all(production(tmp_path, video={"layout": "mine", "width": 1080, "height": 1920}))


def test_a_draft_leaves_out_what_its_short_training_never_reaches(tmp_path: Path) -> None:
    lines = [{"iteration": 0}, {"iteration": 100}, {"iteration": 110}, {"iteration": 5000}, {"iteration": "last"}]
    film = production(tmp_path, {"take": lines})
    points = [CheckpointPoint(iteration, 1.0) for iteration in (0, 100, 300)]
    with pytest.raises(ProductionError, match="training ended at iteration 300"):
        choose_takes(points, film.sections[0].storyboard)
    for short in (film.draft(), film.for_minutes(1, 1), film.with_other_length(film.sections)):
        planned = choose_takes(points, short.sections[0].storyboard, is_shortened=not short.has_own_length)
        assert [take.iteration for take in planned] == [0, 100, 300]
