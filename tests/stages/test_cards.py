from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import FootageError, GlyphError, InputError, ProductionError, StageError, TemplateError
from pipeline.ffmpeg.process import run
from pipeline.outputs.looking import Look, timeline_of
from pipeline.outputs.preview import frame_of_card
from pipeline.picture.drawing.planes import ink, rgb_from_planes
from pipeline.picture.theme.theme import load_theme
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import Silence
from pipeline.stages import cards, render, storyboard
from pipeline.stages.shared.render_inputs import card_of, render_inputs
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.scene_inputs import comparable_before
from pipeline.stages.shared.scenes import grounds
from pipeline.stages.shared.scenes.grounds import film_ground
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store
from tests.stages import made_up


class Counter(Silence):
    def __init__(self) -> None:
        self.done: list[tuple[float, str]] = []
        self.warned: list[str] = []

    def warn(self, text: str) -> None:
        self.warned.append(text)

    def advance(self, done: float, detail: str = "") -> None:
        self.done.append((done, detail))


def ready(root: Path, production: Production, **options: Any) -> tuple[Store, Results, Workplace]:
    store, results = made_up.results(root, **options)
    workplace = Workplace(store=store, output=root / "out", report=Counter())
    return store, storyboard.run(production, results, workplace), workplace


def keys(production: Production, results: Results) -> dict[str, str]:
    return {piece.name: piece.key for piece in cards.pieces(production, results)}


def with_templates(production: Production, folder: Path, **files: str) -> Production:
    for name, text in files.items():
        path = folder / "templates" / "cards" / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    production._folder = folder
    return production


def test_every_card_of_the_film_is_drawn_in_its_size_and_then_the_thumbnail(tmp_path: Path) -> None:
    production = made_up.production()
    _, results, workplace = ready(tmp_path, production)
    drawn = cards.run(production, results, workplace).cards
    names = [card.record.name for card in drawn]
    assert names == ["title", "section-1", "section-2", "comparison", "credits", "thumbnail"]
    for card in drawn:
        size = (1280, 720) if card.record.name == "thumbnail" else (160, 90)
        with Image.open(card.path(card.record.picture_file)) as image:
            assert image.size == (card.record.width, card.record.height) == size
            assert np.ptp(np.asarray(image)) > 100
        assert all(card.path(layer.layer_file).is_file() for page in card.record.pages for layer in page.layers)
    assert isinstance(workplace.report, Counter)
    assert workplace.report.done[-1] == (6.0, "thumbnail")


def test_a_recap_is_drawn_from_its_own_section_alone(tmp_path: Path) -> None:
    production = made_up.production(storyboard_1={"recap": True}, storyboard_2={"recap": True, "takes": 3})
    _, results, workplace = ready(tmp_path, production)
    drawn = {card.record.name: card.record for card in cards.run(production, results, workplace).cards}
    assert drawn["recap-1"].template == "cards/recap.toml"
    assert drawn["recap-2"].text[0] == "Section 2"
    named = {piece.name: piece.ingredients["drawn"] for piece in cards.pieces(production, results)}
    one, two = named["card-recap-1"], named["card-recap-2"]
    assert one["heard"] == (0, 5, 20, 80)
    assert len(two["heard"]) == 3
    assert one["curve"][0] == results.runs[0].content_hash != two["curve"][0]
    assert one.keys() == {"curve", "heard"}
    other = replace(results, runs=(results.runs[0], results.runs[0]))
    changed = {
        piece.name for piece in cards.pieces(production, other) if piece.ingredients["drawn"] != named[piece.name]
    }
    assert "card-recap-2" in changed
    assert "card-recap-1" not in changed


def test_cards_tell_the_facts_of_the_runs(tmp_path: Path) -> None:
    production = made_up.production()
    _, results, workplace = ready(tmp_path, production)
    told = {card.record.name: " ".join(card.record.text) for card in cards.run(production, results, workplace).cards}
    section = told["section-2"].replace("\u00a0", " ")
    for words in ("NETWORK 2 OF 2", "Section 2", "LSTM, 2 \u00d7 16 neurons", "12,345", "8 kHz", "80 iterations"):
        assert words in section
    assert "8.94 \u2192 2.60 bits per byte" in section
    assert "Python 3" in told["credits"]
    assert "A made-up film" in told["title"]


def test_what_is_fresh_is_not_drawn_again_unless_forced(tmp_path: Path) -> None:
    production = made_up.production()
    _, results, workplace = ready(tmp_path, production)
    first = cards.run(production, results, workplace).cards
    stamps = [card.path("record.json").stat().st_mtime_ns for card in first]
    again = cards.run(production, results, workplace).cards
    assert [card.path("record.json").stat().st_mtime_ns for card in again] == stamps
    forced = cards.run(production, results, replace(workplace, force=frozenset({"cards"}))).cards
    assert all(card.path("record.json").stat().st_mtime_ns > stamp for card, stamp in zip(forced, stamps, strict=True))
    assert [card.content_hash for card in forced] == [card.content_hash for card in first]


def test_a_card_depends_only_on_what_it_shows(tmp_path: Path) -> None:
    production = made_up.production()
    _, results, _ = ready(tmp_path, production)
    before = keys(production, results)
    warmer = production.model_copy(
        update={
            "sections": (
                production.sections[0],
                production.sections[1].model_copy(
                    update={"sampling": production.sections[1].sampling.model_copy(update={"temperature": 0.7})}
                ),
            )
        }
    )
    after = keys(warmer, results)
    assert {name for name in before if before[name] != after[name]} == {"card-section-2", "card-credits"}
    renamed = keys(production.model_copy(update={"title": "Another"}), results)
    assert {name for name in before if before[name] != renamed[name]} == {"card-title", "card-thumbnail"}
    repainted = keys(
        production.model_copy(update={"video": production.video.model_copy(update={"theme": "paper"})}), results
    )
    assert all(before[name] != repainted[name] for name in before)


def test_the_films_picture_stands_on_its_cards_and_a_changed_one_redraws_those_alone(tmp_path: Path) -> None:
    bare, dressed = made_up.production(), made_up.production(video={"picture": "logo.png"})
    dressed._folder = tmp_path
    _, results, workplace = ready(tmp_path / "work", bare)
    before, orange = keys(bare, results), Image.new("RGB", (60, 20), (255, 140, 0))
    for size in ((60, 20), (20, 20)):
        orange.resize(size).save(tmp_path / "logo.png")
        now = keys(dressed, results)
        changed = {name for name in now if now[name] != before[name]}
        assert {name.removeprefix("card-") for name in changed} == {"title", "thumbnail"}
        before = now
    cards.check(dressed)
    for card in cards.run(dressed, results, workplace).cards:
        with Image.open(card.path(card.record.picture_file)) as image:
            seen = bool((np.abs(np.asarray(image).astype(int) - (255, 140, 0)).max(axis=2) < 8).any())
        assert seen == (card.record.name in {"title", "thumbnail"}), card.record.name


def test_a_picture_that_is_none_is_found_before_anything_is_made(tmp_path: Path) -> None:
    production = made_up.production(video={"picture": "logo.png"})
    production._folder = tmp_path
    with pytest.raises(FootageError, match="no such file"):
        cards.check(production)
    (tmp_path / "logo.png").write_bytes(b"GIF89a, say")
    with pytest.raises(FootageError, match="can't be read"):
        cards.check(production)
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    with pytest.raises(FootageError, match="can't be read"):
        cards.check(production)
    with pytest.raises(ProductionError, match="outside"):
        cards.check(made_up.production(video={"picture": "../logo.png"}))


def test_ones_own_template_is_used_and_restales_its_card_alone(tmp_path: Path) -> None:
    production = made_up.production()
    _, results, workplace = ready(tmp_path / "work", production)
    before = keys(production, results)
    own = with_templates(
        made_up.production(),
        tmp_path,
        title='style.a = { size = 0.2 }\ngrid.landscape = { areas = ["one"], rows = [1] }\n'
        'element = [{ area = "one", text = "Hello {{ film.sections }}", style = "a" }]',
    )
    after = keys(own, results)
    assert {name for name in before if before[name] != after[name]} == {"card-title"}
    assert cards.run(own, results, workplace).cards[0].record.text == ("Hello 2",)


@pytest.mark.parametrize(
    ("text", "told"),
    [("{{ titel }}", "perhaps 'film.title'"), ("{{ title", "syntax error"), ("{{ section.title }}", "'section'")],
)
def test_a_wrong_template_is_found_before_anything_is_made(tmp_path: Path, text: str, told: str) -> None:
    own = with_templates(
        made_up.production(),
        tmp_path,
        title='style.a = { size = 0.2 }\ngrid.landscape = { areas = ["one"], rows = [1] }\n'
        f'element = [{{ area = "one", text = "{text}", style = "a" }}]',
    )
    with pytest.raises(TemplateError) as caught:
        cards.check(own)
    assert told in str(caught.value)


def test_a_title_that_no_font_can_draw_is_found_before_anything_is_made() -> None:
    production = made_up.production(subtitle="\U00010330")
    with pytest.raises(GlyphError, match=r"U\+10330"):
        cards.check(production)


def test_cards_that_look_the_same_are_found_by_their_own_names(tmp_path: Path) -> None:
    thanks = '[style.s]\nsize = 0.1\n[grid.square]\nrows = [1]\nareas = ["a"]\n[[element]]\narea = "a"\nstyle = "s"\n'
    thanks += 'text = "Thanks"'
    short = {"title_seconds": 0, "credits_seconds": 0, "comparison_seconds": 0}
    own = [{"template": "thanks", "after": after} for after in ("section 1", "section 1", "end")]
    production = with_templates(made_up.production(video=short, card=own), tmp_path, thanks=thanks)
    _, results, workplace = ready(tmp_path, production)
    results = cards.run(production, results, workplace)
    inputs = render_inputs(production, results)
    shown = [card_of(inputs, clip) for clip in timeline_of(results).cards() if clip.name.startswith("own")]
    assert [card.record.name for card in shown] == ["own-1", "own-2", "own-3"]
    assert len({card.folder for card in shown}) == 2, "the last has no section"
    film = Look(production, results, workplace, (True, True), (frozenset(), frozenset()))
    clips = {clip.name: clip for clip in timeline_of(results).cards()}
    middles = {name: (clip.start_frame + clip.end_frame) // 2 for name, clip in clips.items()}
    named = [("own-2", "own-2"), ("thanks", "own-1"), ("section", "section-1"), ("section-2", "section-2")]
    for name, clip in named:
        assert frame_of_card(film, name) == middles[clip]
    with pytest.raises(InputError) as caught:
        frame_of_card(film, "thank")
    assert "Did you mean 'thanks'?" in caught.value.hint


def with_clip(folder: Path, ground: str = "", pictures: int = 8) -> Production:
    """A production whose theme has a clip of 160x90 at 15 pictures/s as its ground, each brighter than the last."""
    themes = folder / "templates" / "themes"
    themes.mkdir(parents=True)
    raw = np.full((pictures, 135, 160), 128, np.uint8)
    raw[:, :90] = 40 + 20 * np.arange(pictures, dtype=np.uint8)[:, None, None]
    told = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "160x90", "-r", "15", "-i", "pipe:0"]
    clip = folder / "templates" / "waves.mkv"
    run(
        [*told, "-c:v", "ffv1", "-color_range", "tv", "-colorspace", "bt709", str(clip)],
        stdin=raw.tobytes(),
        timeout_s=60,
    )
    (themes / "own.toml").write_text(f'extends = "midnight"\n[ground]\nfile = "waves.mkv"\n{ground}')
    return with_templates(made_up.production(video={"theme": "own"}), folder)


def test_a_clip_as_the_ground_is_decoded_once_to_the_films_size_and_rate(tmp_path: Path) -> None:
    production = with_clip(tmp_path, "darken = 0.5\npictures_per_s = 30\n")
    _, results, workplace = ready(tmp_path, production)
    cards.check(production)
    drawn = cards.run(production, results, workplace)
    assert drawn.ground is not None
    ground = film_ground(production, drawn.ground)
    assert ground is not None
    assert drawn.ground.record.count == 16, "8 pictures at 15 a second are 16 at 30"
    opened, under = ground.opened(), ink(load_theme("midnight").colours.background)
    for frame in (0, 1, 9, 15, 16, 1600):
        at = opened.at(frame)
        assert abs(int(at.luma[45, 80]) - ((40 + 20 * (frame % 16 // 2)) + under.luma) / 2) <= 1.5
        assert abs(int(at.cb[20, 40]) - (128 + under.cb) / 2) <= 1.5
    names = [piece.name for piece in cards.pieces(production, results)]
    assert names[0] == "ground"
    again = cards.run(production, results, workplace)
    assert again.ground == drawn.ground
    title = np.asarray(Image.open(drawn.cards[0].path("card.png")))
    assert abs(int(title[0, 0].mean()) - int(rgb_from_planes(opened.at(0))[0, 0].mean())) <= 2
    phases = {piece.ingredients.get("ground") for piece in render.pieces(production, drawn)}
    began = {clip.start_frame % 16 for clip in timeline_of(drawn).clips}
    assert phases == {f"{frame} of 16 by 1" for frame in began}, "where in the loop they begin, and how it moves on"


@pytest.mark.parametrize(
    ("ground", "told"),
    [("seconds = 2\n", "lasts 0.53 s"), ("start_s = 5\n", "lasts 0.53 s"), ("strict", "contrast of")],
)
def test_a_clip_that_is_shorter_than_asked_or_too_bright_for_a_strict_theme_is_refused(
    tmp_path: Path, ground: str, told: str
) -> None:
    production = with_clip(tmp_path, "" if ground == "strict" else ground)
    if ground == "strict":
        theme = tmp_path / "templates" / "themes" / "own.toml"
        theme.write_text(
            "strict = true\n" + theme.read_text().replace("[ground]", "[ground]\ndarken = 0.05\nstart_s = 0.4")
        )
    with pytest.raises((FootageError, TemplateError), match=told):
        cards.check(production)


def test_what_is_no_clip_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    production = with_clip(tmp_path)
    (tmp_path / "templates" / "waves.mkv").write_bytes(bytes(64))
    with pytest.raises(FootageError, match="waves"):
        cards.check(production)


def test_a_long_clip_is_cut_to_what_may_be_kept_and_one_too_bright_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grounds, "MOST_BYTES", 5 * 160 * 90 * 3 // 2)
    production = with_clip(tmp_path, "start_s = 0.2\ndarken = 0.1\npictures_per_s = 30\n")
    report = Counter()
    made = grounds.make_ground(production, "cards", Workplace(Store(tmp_path / "work"), tmp_path, report))
    assert made is not None
    assert made.record.count == 5
    assert "of its clip are looped" in report.warned[0]
    assert "parts of the ground" in grounds.check_ground(production)[0]


@pytest.mark.parametrize(
    "lines",
    [{"take": [{"iteration": 0, "caption": "\U00010330"}]}, {"caption": [{"text": "\U00010330", "below_bits": 3}]}],
)
def test_so_is_a_caption_that_no_font_can_draw(lines: dict[str, Any]) -> None:
    with pytest.raises(GlyphError, match=r"U\+10330"):
        cards.check(made_up.production(storyboard_2=lines))


def test_ones_own_caption_template_is_tried_with_the_fonts_at_hand(tmp_path: Path) -> None:
    production = with_templates(made_up.production(), tmp_path)
    (tmp_path / "templates" / "captions").mkdir(parents=True)
    (tmp_path / "templates" / "captions" / "take.txt").write_text("\U00010330 {{ iteration }}", encoding="utf-8")
    with pytest.raises(GlyphError, match=r"U\+10330"):
        cards.check(production)


def test_the_built_in_cards_pass_the_check() -> None:
    cards.check(made_up.production())


def test_without_a_timeline_there_are_no_cards() -> None:
    with pytest.raises(StageError, match="timeline"):
        cards.pieces(made_up.production(), Results())


def test_the_thumbnail_is_small_enough_to_upload(tmp_path: Path) -> None:
    production = made_up.production()
    _, results, workplace = ready(tmp_path, production)
    thumbnail = cards.run(production, results, workplace).cards[-1]
    assert thumbnail.path(thumbnail.record.picture_file).stat().st_size < 2_000_000


def many_sections(root: Path, count: int) -> tuple[Production, Results]:
    """A film whose sections are all alike but for their titles."""
    one = made_up.production()
    sections = [one.sections[0].model_copy(update={"title": f"Try {number}"}) for number in range(1, count + 1)]
    production = one.model_copy(update={"sections": tuple(sections)})
    _, results = made_up.results(root)
    results = Results(
        corpora=results.corpora[:1] * count, runs=results.runs[:1] * count, takes=results.takes[:1] * count
    )
    _, _, workplace = ready(root, one)
    return production, storyboard.run(production, results, workplace)


def test_looking_whether_cards_are_fresh_takes_no_longer_for_each_section_however_many_there_are(
    tmp_path: Path,
) -> None:
    took = {}
    for count in (12, 48):
        production, results = many_sections(tmp_path / str(count), count)
        pieces = cards.pieces(production, results)
        assert len(pieces) == count + 4
        assert len({piece.key for piece in pieces}) == count + 4
        rounds = []
        for _ in range(3):
            begun = time.process_time()
            cards.pieces(production, results)
            rounds.append(time.process_time() - begun)
        took[count] = min(rounds)
    assert took[48] < 8 * took[12], "four times as many take about four times as long"
    assert took[48] < 1.5


HD = {"width": 1920, "height": 1080}


def warnings_of(root: Path, production: Production) -> list[str]:
    store, results = made_up.results(root)
    report = Counter()
    results = storyboard.run(production, results, Workplace(store=store, output=root / "out"))
    cards._warn_of_small_words(
        production, results, cards._Sources.of(production, results), Workplace(store=store, output=root, report=report)
    )
    return report.warned


def captioned(text: str) -> dict[str, Any]:
    return {"video": HD, "storyboard_1": {"caption": [{"text": text, "iteration": 5, "seconds": 2}]}}


@pytest.mark.parametrize(("letters", "warned"), [(60, 0), (120, 0), (500, 1)])
def test_a_caption_too_long_to_be_read_is_told_with_its_size(letters: int, warned: int, tmp_path: Path) -> None:
    text = ("All that it heard is a voice and its pauses. " * 20)[:letters].strip()
    told = warnings_of(tmp_path, made_up.production(**captioned(text)))
    assert len(told) == warned
    if warned:
        assert "'All that it heard" in told[0]
        assert "of 500 letters" in told[0] or f"of {len(text)} letters" in told[0]
        assert "px of 1080" in told[0]
        assert "shorten it" in told[0]


def test_a_card_whose_words_shrink_beyond_reading_is_told(tmp_path: Path) -> None:
    areas = [f"row-{number}" for number in range(24)]
    elements = (f'[[element]]\narea = "{area}"\ntext = "{{{{ title }}}}"\nstyle = "one"\n' for area in areas)
    grid = f"[style.one]\nsize = 0.05\n[grid.landscape]\nrows = {['auto'] * len(areas)}\nareas = {areas}\n"
    production = with_templates(
        made_up.production(title="A very long title of many words. " * 5, video=HD),
        tmp_path,
        title=grid + "".join(elements),
    )
    _, results, workplace = ready(tmp_path, production)
    cards.run(production, results, workplace)
    assert isinstance(workplace.report, Counter)
    told = [text for text in workplace.report.warned if text.startswith("the card")]
    assert any("the card 'title': 'A very long title" in text for text in told)
    assert not any("'section" in text or "credits" in text for text in told)


def test_only_losses_on_the_same_held_out_bytes_are_compared(tmp_path: Path) -> None:
    production = made_up.production()
    _, results, workplace = ready(tmp_path, production)
    told = {card.record.name: " ".join(card.record.text) for card in cards.run(production, results, workplace).cards}
    assert "only where they heard the same" in told["comparison"]
    assert "bits per byte, section 1: \u00b5-law, 8 kHz" in told["comparison"].replace("\u00a0", " ")
    alike = replace(results, corpora=(results.corpora[0], results.corpora[0]))
    told = {card.record.name: " ".join(card.record.text) for card in cards.run(production, alike, workplace).cards}
    assert "Lower is better." in told["comparison"]


def test_scenes_overlay_the_losses_of_networks_that_heard_the_same(tmp_path: Path) -> None:
    production = made_up.production()
    _, results, workplace = ready(tmp_path, production)
    for corpora, overlaid in ((results.corpora, ()), ((results.corpora[1], results.corpora[1]), (0,))):
        whole = cards.run(production, replace(results, corpora=corpora), workplace)
        inputs = render_inputs(production, whole)
        assert comparable_before(inputs, inputs.timeline.scenes()[1]) == overlaid
