"""What the server answers about a film: takes, sounds, curves, frames, changes, settings, files; what it refuses."""

from __future__ import annotations

import io
import tomllib

import numpy as np
import pytest
from PIL import Image

from tests.studio.conftest import Opened


def section(film: Opened, number: int) -> dict[str, object]:
    found: dict[str, object] = tomllib.loads(film.file.read_text(encoding="utf-8"))["section"][number]
    return found


def picture(film: Opened, n: int, by: int = 1) -> np.ndarray:
    answer = film.client.get(f"/api/frame?n={n}&by={by}")
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content))).astype(int)


def test_the_page_and_its_files_come_and_nothing_else_does(same: Opened) -> None:
    assert "<!doctype html>" in same.client.get("/").text
    for name, kind in (("main.js", "text/javascript"), ("base.css", "text/css"), ("views/film.js", "text/javascript")):
        assert same.client.get(f"/page/{name}").headers["content-type"].startswith(kind)
    for name in ("../app.py", "%2e%2e/app.py", "..%2fapp.py", "/etc/passwd", "%2fetc%2fpasswd", "views", "nothing.js"):
        answer = same.client.get(f"/page/{name}")
        assert answer.status_code == 404, name


def test_takes_are_listed_and_heard_by_names_that_are_no_paths(same: Opened) -> None:
    sections = same.client.get("/api/takes").json()["sections"]
    assert [len(one["takes"]) for one in sections] == [3, 3]
    name = sections[0]["takes"][1]["candidates"][0]["sound"]
    sound = same.client.get(f"/api/sound/{name}")
    assert sound.content[:4] == b"RIFF"
    part = same.client.get(f"/api/sound/{name}", headers={"range": "bytes=10-19"})
    assert (part.status_code, len(part.content)) == (206, 10)
    outline = same.client.get(f"/api/sound/{name}/outline?columns=50").json()
    assert len(outline["low"]) == len(outline["high"]) == 50
    assert outline["seconds"] == pytest.approx(sections[0]["takes"][1]["candidates"][0]["seconds"], abs=0.01)
    spectrum = same.client.get(f"/api/sound/{name}/spectrum?width=80&height=40&theme=paper")
    assert Image.open(io.BytesIO(spectrum.content)).size == (80, 40)
    assert same.client.get(f"/api/sound/{sections[0]['recording']}").content[:4] == b"RIFF"
    for wrong in ("..%2f..%2ftiny.toml", "take-9-9", "%2fetc%2fpasswd"):
        assert same.client.get(f"/api/sound/{wrong}").status_code in {400, 404}
    assert same.client.get(f"/api/sound/{name}/spectrum?width=99999&height=40").status_code == 400


def test_curves_come_in_the_columns_that_are_asked_for(same: Opened) -> None:
    found = same.client.get("/api/curves?section=0&columns=12").json()
    assert len(found["training"]["at"]) <= 12
    assert [point[0] for point in found["validation"]] == [0, 8, 16, 24]
    assert (found["first"], found["last"], found["unit"]) == (0, 24, "bits per byte")
    for wrong in (
        "section=7&columns=12",
        "section=0&columns=0",
        "section=0&columns=1e9",
        "section=-1&columns=1",
        "section=0&columns=nan",
    ):
        assert same.client.get(f"/api/curves?{wrong}").status_code == 400


def test_choosing_and_favouring_write_into_the_file(film: Opened) -> None:
    film.post("/api/choose", section=1, iteration=20, number=1)
    assert section(film, 1)["sampling"] == {"temperature": 0.9, "choose": {"20": 1}}
    film.post("/api/choose", section=1, iteration=20, number=None)
    assert section(film, 1)["sampling"] == {"temperature": 0.9}
    for on, expected in ((True, [8]), (True, [8]), (False, None)):
        film.post("/api/favourite", section=0, iteration=8, on=on)
        assert section(film, 0).get("favourites") == expected
    assert film.post("/api/favourite", section=9, iteration=8, on=True).status_code == 400
    assert film.client.post("/api/undo", json={}).json()["undo"]["redo"] is not None


def test_a_frame_is_the_films_own_and_smaller_on_request(same: Opened) -> None:
    whole, half = picture(same, 120), picture(same, 120, by=2)
    assert whole.shape == (180, 320, 3)
    assert half.shape == (90, 160, 3)
    means = whole.reshape(90, 2, 160, 2, 3).mean(axis=(1, 3))
    assert np.abs(means - half).mean() < 4
    for wrong in ("n=-1&by=1", "n=99999&by=1", "n=1&by=0", "n=1&by=99", "n=x&by=1"):
        assert same.client.get(f"/api/frame?{wrong}").status_code == 400
    assert same.client.get("/api/mix").headers["content-type"] == "audio/flac"


def test_takes_are_stretched_captioned_taken_out_and_in_and_all_others_stay(film: Opened) -> None:
    before = film.client.get("/api/story").json()
    takes = [one for one in before["clips"][2]["sounds"] if one["kind"] == "take"]
    assert [one["iteration"] for one in takes] == [0, 8, 24]
    film.post("/api/story", kind="seconds", section=0, iteration=24, seconds=1.2)
    assert section(film, 0)["take"] == [{"iteration": 0}, {"iteration": 8}, {"iteration": 24, "seconds": 1.2}]
    film.post("/api/story", kind="caption", section=0, iteration=8, text='It "speaks"')
    film.post("/api/story", kind="add", section=0, iteration=16)
    film.post("/api/story", kind="best", section=0, iteration=24)
    assert section(film, 0)["take"] == [
        {"iteration": 0},
        {"iteration": 8, "caption": 'It "speaks"'},
        {"iteration": 16},
        {"iteration": "best", "seconds": 1.2},
    ]
    film.post("/api/story", kind="remove", section=0, iteration=0)
    after = film.client.get("/api/story").json()
    sounds = [one for one in after["clips"][2]["sounds"] if one["kind"] == "take"]
    assert [one["iteration"] for one in sounds] == [8, 16, 24]
    assert sounds[2]["end"] - sounds[2]["start"] == 36
    assert any(one["text"] == 'It "speaks"' for one in after["captions"])
    assert not after["sections"][1]["by_hand"]
    shown = picture(film, sounds[0]["start"] + 8)
    film.client.post("/api/undo", json={})
    film.client.post("/api/undo", json={})
    assert np.abs(shown - picture(film, sounds[0]["start"] + 8)).max() > 40


def test_the_law_of_the_film_holds_for_the_strip_too(same: Opened) -> None:
    before = same.file.read_bytes()
    for change in (
        {"kind": "remove", "section": 0, "iteration": 5},
        {"kind": "add", "section": 0, "iteration": 24},
        {"kind": "seconds", "section": 0, "iteration": 24, "seconds": -1},
        {"kind": "seconds", "section": 0, "iteration": 24, "seconds": "long"},
        {"kind": "caption", "section": 0, "iteration": 24, "text": "{{ nothing_like_it }}"},
        {"kind": "caption", "section": 0, "iteration": 24, "text": 7},
        {"kind": "explode", "section": 0, "iteration": 24},
        {"kind": "best", "section": 8, "iteration": 24},
    ):
        answer = same.post("/api/story", **change)
        assert answer.status_code == 400, change
        assert answer.json()["error"]["what"]
    assert same.file.read_bytes() == before


def test_a_longer_take_makes_room_for_itself(film: Opened) -> None:
    film.post("/api/story", kind="seconds", section=0, iteration=24, seconds=9)
    own = section(film, 0)
    assert own["take"][2] == {"iteration": 24, "seconds": 9}  # type: ignore[index]
    assert own["storyboard"]["seconds"] >= 9 + 2 * 0.8  # type: ignore[index]


def test_a_change_of_what_has_changed_meanwhile_is_refused_and_shown(film: Opened) -> None:
    seen = film.revision
    film.file.write_text(film.file.read_text(encoding="utf-8").replace('"Tiny"', '"Mine"'), encoding="utf-8")
    answer = film.client.post("/api/edit", json={"seen": seen, "edits": [{"path": ["title"], "value": "x"}]})
    assert answer.status_code == 409
    assert film.client.get("/api/state").json()["title"] == "Mine"


def test_settings_say_what_a_change_costs_before_it_is_made(same: Opened) -> None:
    form = same.client.get("/api/settings").json()
    assert {"midnight", "paper", "phosphor"} <= set(form["names"]["themes"])
    assert form["schema"]["properties"]["title"]["description"]
    assert same.client.post("/api/cost", json={}).json()["works"] == []
    longer = {"path": ["section", 1, "training", "iterations"], "value": 40}
    cut = {"path": ["cut", 0], "insert": {"name": "short", "seconds": 8}}
    cost = same.client.post("/api/cost", json={"edits": [longer, cut]}).json()
    works = {one["stage"]: one["words"] for one in cost["works"] if not one["cut"]}
    assert works["train"] == "section 2"
    assert (works["sample"], works["render"]) == ("3 takes", "about 4 segments")
    assert {one["stage"] for one in cost["works"] if one["cut"]} == {"storyboard", "cards", "render", "compose"}
    assert 0 < cost["seconds"] == pytest.approx(sum(one["seconds"] for one in cost["works"]), abs=0.5)
    assert same.client.post("/api/cost", json={}).json()["works"] == []
    wrong = same.client.post(
        "/api/cost", json={"edits": [{"path": ["section", 1, "training", "iterations"], "value": -4}]}
    )
    assert wrong.status_code == 400
    assert "training.iterations" in wrong.json()["error"]["where"]


@pytest.mark.parametrize(
    "edits",
    [
        *([], {}, ["x"], [{"path": []}], [{"path": [0, "a"], "value": 1}], [{"path": ["a"] * 9, "value": 1}]),
        *([{"path": "title"}], [{"path": ["section", 0], "to": "x"}], [{"path": ["section", True], "value": 1}]),
    ],
)
def test_what_is_no_edit_is_refused(same: Opened, edits: object) -> None:
    before = same.file.read_bytes()
    assert same.post("/api/edit", edits=edits).status_code == 400
    assert same.file.read_bytes() == before


def test_bodies_are_bounded_and_must_be_json(same: Opened) -> None:
    for body, status in ((b"{" * 100_000, 400), (b"[1]", 400), (b"", 400), (b"\xff", 400), (b" " * (1 << 21), 413)):
        assert same.client.post("/api/edit", content=body).status_code == status


def test_the_finished_film_is_delivered_with_all_that_goes_with_it(same: Opened) -> None:
    (made,) = same.client.get("/api/film").json()["films"]
    assert (made["video"], made["thumbnail"], made["subtitles"]) == ("tiny.mp4", "thumbnail.png", "tiny.vtt")
    assert [one["title"] for one in made["chapters"]] == ["Tiny", "One", "Two", "Comparison", "Credits"]
    part = same.client.get("/api/file?name=tiny.mp4", headers={"range": "bytes=0-99"})
    assert (part.status_code, part.headers["content-type"]) == (206, "video/mp4")
    saved = same.client.get("/api/file?name=timeline.json")
    assert "attachment" in saved.headers["content-disposition"]
    for wrong in ("../tiny.toml", "/etc/passwd", "work/lock.json", "..%2f..%2ftiny.toml", "", "tiny.mp4/", "work"):
        assert same.client.get(f"/api/file?name={wrong}").status_code == 400, wrong
    (same.file.parent / "out" / "tiny" / "link.txt").symlink_to("/etc/passwd")
    assert same.client.get("/api/file?name=link.txt").status_code == 400
    assert same.client.get("/api/file?cut=..&name=tiny.toml").status_code == 400


def test_a_checkpoint_that_the_film_leaves_out_is_heard_and_nothing_of_it_stays(same: Opened) -> None:
    store = same.studio.place()[1].store.root
    before = sorted((store / "sample").iterdir())
    heard = same.client.post("/api/hear", json={"section": 0, "iteration": 16}).json()
    assert (heard["iteration"], len(heard["candidates"])) == (16, 1)
    sound = same.client.get(f"/api/sound/{heard['candidates'][0]['sound']}")
    assert sound.content[:4] == b"RIFF"
    assert heard["candidates"][0]["seconds"] == pytest.approx(1.1, abs=0.01)  # as its neighbours have
    assert sorted((store / "sample").iterdir()) == before
    for wrong in ({"section": 0, "iteration": 17}, {"section": 2, "iteration": 16}, {"section": 0}):
        assert same.client.post("/api/hear", json=wrong).status_code == 400
