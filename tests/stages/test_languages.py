"""Films in other languages: every word that is drawn or written comes from a word list, and has room."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import GlyphError, TemplateError
from pipeline.outputs.looking import Look
from pipeline.outputs.preview import write_sheet
from pipeline.picture.cards.drawing import load_card_template
from pipeline.picture.cards.filling import fill
from pipeline.picture.cards.layout import place_elements
from pipeline.picture.cards.template import TITLE_SAFE
from pipeline.picture.language import english, load_language
from pipeline.picture.language.loading import shipped_languages
from pipeline.picture.language.word_list import forms
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.panels.scene import Scene
from pipeline.picture.text.templating import PlainFacts, render_text
from pipeline.picture.text.typesetting import TextStyle, Typesetter, typesetter_for
from pipeline.picture.theme.theme import load_theme
from pipeline.production.schema import Production
from pipeline.stages import cards, storyboard
from pipeline.stages.shared.card_inputs import CardInputs, card_facts
from pipeline.stages.shared.delivery import graph_pictures
from pipeline.stages.shared.drawers import open_film
from pipeline.stages.shared.facts.film_language import language_of
from pipeline.stages.shared.facts.vocabulary import film_facts, section_facts
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.sidecars import write_sidecars
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store
from tests.picture.cards.made_cards import text_edges
from tests.picture.panels.made_networks import inside_data
from tests.picture.panels.made_scenes import layout_of
from tests.picture.panels.song.test_song_panels import data as song_data
from tests.stages import made_up
from tests.stages.test_runs import RATE_HZ
from tests.stages.test_runs import Film as RunFilm

CARDS = ("title", "section", "recap", "comparison", "credits", "thumbnail")
LETTERS = str.maketrans("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "абвгдежзийклмнопрстуфхцчшы" * 2)
FACTS = re.compile("build-video|Python|PyTorch|NumPy|Linux|x86_64|torch-rnn")
"""Names that no list has, as cards write them."""
CLOCK = layout_of(
    {"kind": "oscilloscope", "top": 0.1, "width": 0.4, "height": 0.2},
    {"kind": "counters", "left": 0.1, "top": 0.4, "width": 0.8, "height": 0.1},
    {"kind": "speed", "left": 0.1, "top": 0.6, "width": 0.8, "height": 0.1},
    {"kind": "expectation", "top": 0.7, "height": 0.1},
)
TYPE = typesetter_for(load_theme("midnight"))


def film(folder: Path, language: str, width: int = 640, height: int = 360, **changes: object) -> Production:
    sections = {f"storyboard_{number}": {"recap": True, "recap_seconds": 1} for number in (1, 2)}
    video = {"width": width, "height": height, **changes}
    production = made_up.production(title="2026", language=language, video=video, **sections)
    named = [one.model_copy(update={"title": f"№ {number}"}) for number, one in enumerate(production.sections, start=1)]
    production = production.model_copy(update={"sections": tuple(named)})
    production._folder = folder
    return production


def results_of(production: Production, folder: Path) -> tuple[Results, Workplace]:
    store, results = made_up.results(folder / "work")
    workplace = Workplace(store=store, output=folder / "out")
    return storyboard.run(production, results, workplace), workplace


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """A folder with a language whose every word is in Cyrillic letters, which no fact has."""
    lines = []
    for name, word in english().words.items():
        text = forms(word)["other"]
        text = "".join(
            part if part.startswith("{") else part.translate(LETTERS) for part in re.split(r"(\{\w+\})", text)
        )
        lines.append(f'{name} = "{text}"')
    (tmp_path / "templates/languages").mkdir(parents=True)
    (tmp_path / "templates/languages/vi.toml").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every text that is drawn."""
    texts: set[str] = set()
    render = Typesetter.render

    def recorded(self: Typesetter, text: str, style: TextStyle) -> object:
        texts.add(text)
        return render(self, text, style)

    monkeypatch.setattr(Typesetter, "render", recorded)
    return texts


def strangers(texts: Iterator[str] | set[str]) -> list[str]:
    return sorted(text for text in texts if re.search("[A-Za-z]{2}", FACTS.sub("", text)))


def test_every_word_that_is_drawn_or_written_comes_from_a_word_list(strange: Path, drawn: set[str]) -> None:
    production = film(strange, "vi", 960, 540)
    results, workplace = results_of(production, strange)
    results = cards.run(production, results, workplace)
    for layout in ("landscape", "four-graphs"):
        shown = production.model_copy(update={"video": production.video.model_copy(update={"layout": layout})})
        with open_film(shown, results) as draw:
            for scene in results.timeline.record.scenes():
                for frame in (scene.start_frame + 10, scene.end_frame - 10):
                    draw(frame)
    assert "iteration".translate(LETTERS) in drawn
    assert strangers(drawn) == []
    timeline = results.timeline.record
    slow = timeline.model_copy(update={"frame_rate": Fraction(1)})  # as long as a film that has chapters for platforms
    write_sidecars(production, results, slow, strange / "film.mp4", lambda _: None)
    described = (strange / "description.txt").read_text(encoding="utf-8")
    chapters = (strange / "chapters.txt").read_text(encoding="utf-8").splitlines()
    assert len(chapters) > 3
    assert all(line in described for line in chapters)
    for name in ("film.srt", "film.vtt", "description.txt", "chapters.txt"):
        lines = (strange / name).read_text(encoding="utf-8").splitlines()
        assert strangers({line for line in lines if line != "WEBVTT"}) == []
    assert strangers({*(chapter.title for chapter in timeline.chapters), *(c.text for c in timeline.captions)}) == []
    named = re.findall(r'"name": "(.*?)"', (strange / "timeline.otio").read_text(encoding="utf-8"))
    shown_names = {name for name in named if name not in {"tracks", "Video", "Audio", "film.mp4"}}
    assert strangers({re.sub("title|section|recap|comparison|credits", "", name) for name in shown_names}) == []


@pytest.mark.parametrize("layout", ["inside", "inside-square", "four-graphs-square", "song", "song-portrait", "clock"])
def test_every_word_of_every_kind_of_panel_comes_from_a_word_list(strange: Path, drawn: set[str], layout: str) -> None:
    data = song_data(layout) if layout.startswith("song") else inside_data(480, 480 if "square" in layout else 270)
    sounds = tuple(replace(sound, label="", short_label="") for sound in data.sounds)
    song = replace(data.song, lines=tuple(replace(line, text="1 2", translation="3") for line in data.song.lines))
    other = tuple(replace(one, label="№ 2") for one in data.others)
    data = replace(data, section_title="№ 1", captions=(), sounds=sounds, song=song, others=other)
    chosen = CLOCK if layout == "clock" else load_layout(layout)
    shown = Scene(data, load_theme("midnight"), chosen, load_language("vi", strange / "templates"))
    for frame in (data.start_frame + 45, data.end_frame - 20):
        shown.draw(frame, np.zeros((data.height * 3 // 2, data.width), np.uint8))
    assert len(drawn) > 1
    assert strangers(drawn) == []


def test_every_word_of_a_run_and_of_loss_graphs_beside_a_film_comes_from_a_word_list(
    strange: Path, drawn: set[str]
) -> None:
    made = RunFilm(strange)
    made.log("100,3,0.1,3.5", "300,1,0.1,1.5")
    for step in (100, 300):
        tone = np.sin(2 * np.pi * 300 * np.arange(3 * RATE_HZ) / RATE_HZ)  # long enough for a caption
        soundfile.write(strange / f"step_{step}.wav", 0.4 * tone, RATE_HZ)
    production = made.production(takes=2)
    section = production.sections[0].model_copy(update={"title": "№ 1"})
    video = production.video.model_copy(update={"graphs": True, "width": 960, "height": 540})
    production = production.model_copy(
        update={"title": "2026", "language": "vi", "sections": (section,), "video": video}
    )
    place = Workplace(store=Store(strange / "work"), output=strange / "out", jobs=1)
    results = cards.run(production, made.story(production), place)
    graph_pictures.run(production, results, place)
    with open_film(production, results) as draw:
        for clip in results.timeline.record.clips:
            draw(clip.start_frame + (clip.end_frame - clip.start_frame) // 2)
    write_sidecars(production, results, results.timeline.record, strange / "film.mp4", lambda _: None)
    written = [(strange / name).read_text(encoding="utf-8").splitlines() for name in ("film.srt", "description.txt")]
    assert "iterations".translate(LETTERS) in drawn
    assert len(results.timeline.record.captions) == 2
    assert "2,5" in drawn
    assert not {text for text in drawn if re.fullmatch(r"\d+\.\d+", text)}, "numbers are written as in the language"
    assert strangers({*drawn, *itertools.chain(*written)} - {"step_100.wav, step_300.wav"}) == []


def test_previews_and_sheets_are_stamped_and_labelled_in_the_films_language(strange: Path, drawn: set[str]) -> None:
    production = film(strange, "vi", 160, 90)
    results, workplace = results_of(production, strange)
    results = cards.run(production, results, workplace)
    shown = Look(production, results, workplace, (True, False), (frozenset(), frozenset({5})))
    timeline = results.timeline.record
    marks = {shown.mark(clip.start_frame) for clip in timeline.clips}
    assert len(marks) == 4
    assert strangers(marks) == []
    drawn.clear()
    write_sheet(shown, strange / "sheet.png")
    names = {clip.name for clip in timeline.cards()}
    assert strangers({text for text in drawn if text not in names}) == []


def test_a_list_is_written_by_the_word_list_or_as_cldr_has_it(tmp_path: Path) -> None:
    three = ["1", "2", "3"]
    written = {tag: load_language(tag).listed(three) for tag in ("en", "de", "ja", "nl")}
    assert written == {"en": "1, 2 and 3", "de": "1, 2 und 3", "ja": "1、2、3", "nl": "1, 2 and 3"}
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages/nl.toml").write_text('scene.iteration = "iteratie"\n')
    dutch = load_language("nl", tmp_path)
    assert [dutch.listed(three[:count]) for count in range(4)] == ["", "1", "1 en 2", "1, 2 en 3"]
    facts = PlainFacts({"names": three}, dutch)
    assert render_text("{{ names|listed }}", facts) == "1, 2 en 3"


def test_dates_are_written_as_the_language_has_them() -> None:
    shown = {
        tag: render_text("{{ '2026-11-26'|date }}", PlainFacts({}, load_language(tag)))
        for tag in ("en", "de", "fr", "ja", "ar", "ru")
    }
    assert shown == {
        "en": "November 26, 2026",
        "de": "26. November 2026",
        "fr": "26 novembre 2026",
        "ja": "2026年11月26日",
        "ar": "26 نوفمبر 2026",
        "ru": "26 ноября 2026\u202f\u0433.",
    }
    for wrong in ("{{ 'soon'|date }}", "{{ '2026-11-26'|date('long ago') }}"):
        with pytest.raises(TemplateError, match="such as 2026-11-26"):
            render_text(wrong, {})


SIZES = ((1920, 1080), (640, 360), (608, 1080), (1080, 1080))


@pytest.mark.parametrize(("language", "size"), [(one, SIZES[n % 4]) for n, one in enumerate(shipped_languages())])
def test_words_of_every_language_have_room_on_every_card(tmp_path: Path, language: str, size: tuple[int, int]) -> None:
    production = film(tmp_path, language, *size)
    try:
        cards.check_language(production, lambda text: TYPE.measure(text, TextStyle(20.0)))
    except Exception as error:
        if isinstance(error.__cause__, GlyphError):
            pytest.skip("its fonts are not installed")
        raise
    results, _ = results_of(production, tmp_path)
    spoken = language_of(production)
    words = film_facts(production, results, spoken)
    for name in CARDS:
        template = load_card_template(name)
        section = 0 if name in {"section", "recap"} else None
        said = words if section is None else section_facts(words, 0)
        facts = card_facts(CardInputs(production, results, section, spoken), said, template.reads)
        placed = place_elements(template, fill(template, facts, name), facts, (load_theme("midnight"), TYPE), size)
        boxes = [text_edges(one.on_page(0), TYPE) for one in placed]
        for left, top, right, bottom in itertools.chain.from_iterable(boxes):
            assert left >= TITLE_SAFE * size[0] - 1
            assert right <= (1 - TITLE_SAFE) * size[0] + 1
            assert top >= TITLE_SAFE * size[1] - 1
            assert bottom <= (1 - TITLE_SAFE) * size[1] + 1
        for one, other in itertools.combinations(boxes, 2):
            for first, second in itertools.product(one, other):
                across = min(first[2], second[2]) - max(first[0], second[0])
                down = min(first[3], second[3]) - max(first[1], second[1])
                assert across <= 0 or down <= 0, (name, first, second)
