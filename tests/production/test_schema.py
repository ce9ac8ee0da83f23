"""Production files: what is right is read, what is wrong is told in one clear error."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ProductionError
from pipeline.picture.text.templating import check_text
from pipeline.production.keys import with_comments
from pipeline.production.schema import load_production, parse_production
from pipeline.runtime.resources import builtin_templates_folder
from pipeline.runtime.wording.named_files import safe_file_name
from pipeline.stages.shared.checks import own_captions
from pipeline.stages.shared.facts.vocabulary import CAPTION_FACTS

SECTION = '[[section]]\ntitle = "First"\nrecordings = ["voice.wav"]\n'


def load(folder: Path, text: str, name: str = "film.toml") -> object:
    (folder / name).write_text(text, encoding="utf-8")
    return load_production(folder / name)


def test_the_shipped_productions_are_valid() -> None:
    productions = builtin_templates_folder() / "productions"
    assert len(load_production(productions / "demo.toml", allow_outside=True).sections) == 3
    assert load_production(productions / "starter.toml").sections[0].title == "First try"


def test_a_folder_stands_for_its_production_file(tmp_path: Path) -> None:
    (tmp_path / "my film").mkdir()
    (tmp_path / "my film" / "production.toml").write_text('title = "x"\n' + SECTION)
    assert load_production(tmp_path / "my film").name == "my-film"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('title = "x"\n' + SECTION + "network = { neurns = 3 }", ("neurns", "'neurons'?")),
        ('title = "x"\n' + SECTION + "network = { neurons = 0 }", ("neurons", "can't be 0")),
        ('title = "x"\n' + SECTION + 'network = { kind = "gru" }', ("tiered-lstm",)),
        ('title = "x"\n' + SECTION + 'training = { epochs = "many" }', ("epochs", "'many'")),
        ('title = "x"\n[video]\nframe_rate = -1\n' + SECTION, ("frame_rate", "-1")),
        ('title = "x"\n[video]\nwidth = 1921\n' + SECTION, ("1921", "1920")),
        ('title = "x"\n' + SECTION + "training = { iterations = 10, checkpoint_every = 100 }", ("beyond the end",)),
        ('title = "x"\n' + SECTION + "[[section.take]]\niteration = 0\nseconds = 9\n[section.storyboard]\nseconds = 5",
         ("longer than",)),
        ('title = "x"\n' + SECTION.replace("voice.wav", "../../secret.wav"), ("outside", "--allow-outside")),
        ('title = "x"\n' + SECTION.replace("voice.wav", "/etc/passwd"), ("outside",)),
        ('titel = "x"\n' + SECTION, ("titel", "'title'?")),
        (SECTION, ("'title' is missing",)),
        ('title = "x"', ("section", "missing")),
        ("title = ", ("not valid TOML",)),
        ('title = "x"\n' + SECTION + '[[cut]]\nname = "a"\n[[cut]]\nname = "A"', ("two cuts", "'a'")),
        ('title = "x"\n' + SECTION + '[[cut]]\nname = "nul"', ("can't be the name of a folder",)),
        ('title = "x"\n' + SECTION + '[[cut]]\nname = "a"\nsections = [1, 2]', ("section 2", "there are 1")),
        ('title = "x"\n' + SECTION + '[[cut]]\nname = "a"\nsongs = [1]', ("song 1", "there are 0")),
        ('title = "x"\n' + 3 * SECTION + '[[cut]]\nname = "a"\nseconds = 5', ("needs 6.8 s", "best")),
        ('title = "x"\n' + SECTION + '[[cut]]\nname = "a"\nlenght = 3', ("lenght", "no setting")),
        ('title = "x"\n' + SECTION + '[[song]]\ntitle = "a"\nmelody = "b.mid"', ("is missing", "[[song.voice]]")),
        ("a = " + "[" * 5000, ("TOML",)),
        ('title = "\\u0000"\nsection = 3', ("section",)),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_what_was_expected(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(ProductionError) as caught:
        load(tmp_path, text)
    for word in words:
        assert word in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_a_missing_production_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ProductionError, match="build-video init"):
        load_production(tmp_path / "nothing.toml")


def test_draft_is_a_ninth_of_the_pixels_at_thirty_frames() -> None:
    production = load_production(builtin_templates_folder() / "productions" / "starter.toml")
    draft = production.draft()
    assert (draft.video.width, draft.video.height, draft.video.frame_rate) == (640, 360, 30)
    assert draft.name == production.name
    assert draft.sections == production.sections


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
keys = st.sampled_from(["title", "video", "sound", "section", "insert", "templates", "language", "cut", "x"])


@given(st.dictionaries(keys, trees, max_size=6))
def test_whatever_a_production_says_it_is_read_or_refused_in_words(data: dict[str, object]) -> None:
    try:
        parse_production(data, where="film.toml")
    except ProductionError as error:
        assert error.what  # noqa: PT017 - either outcome is right, a third is not


@given(st.text(max_size=200))
def test_names_become_names_that_every_file_system_takes(text: str) -> None:
    name = safe_file_name(text)
    assert name
    assert not name.startswith((".", "-"))
    assert not set(name) & set('/\\:*?"<>| \n\0')
    assert len(name) <= 90


@pytest.mark.parametrize(("name", "cuts"), [("starter", ["short"]), ("demo", ["short", "teaser"])])
def test_the_cuts_of_the_shipped_productions_are_valid_once_they_are_no_comments(name: str, cuts: list[str]) -> None:
    text = with_comments((builtin_templates_folder() / "productions" / f"{name}.toml").read_text(encoding="utf-8"))
    above, found, below = text.partition("# [[cut]]")
    uncommented = re.sub(r"(?m)^# (?=\[\[|\w+ += )", "", found + below)
    production = parse_production(tomllib.loads(above + uncommented), where=name)
    assert [cut.name for cut in production.cuts] == cuts
    assert production.cuts[0].seconds == 45


def test_the_production_in_the_readme_is_valid() -> None:
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    shown = readme.split("```toml\n")[1].split("```")[0]
    production = parse_production(tomllib.loads(shown), where="README.md")
    assert production.sections[0].storyboard.take[0].iteration == "best"
    for text, where in own_captions(production):
        check_text(text, CAPTION_FACTS, where)
    assert production.cuts[0].name == "short"


LIBRARIES_WORDS = re.compile(
    r"(?i)tuple|dictionar|instance|valid |validat|input should|unable to parse|pydantic|string|float|\\bint\\b|literal|"
    r"datetime|None|True|False|pattern|extra_forbidden"
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('recordings = "x.wav"', "a list"),
        ("recordings = [1]", 'a recording is "FILE"'),
        ('title = ""', "at least 1 character"),
        ("title = 3", "text, in quotes"),
        ('corpus = { sample_rate_hz = "x" }', "a whole number"),
        ("corpus = { sample_rate_hz = -1 }", "a number, at least 4000"),
        ('corpus = { encoding = "mu-low" }', 'perhaps "mu-law"'),
        ("corpus = 3", "a table"),
        ("network = { layers = 3.5 }", "a whole number"),
        ("training = { epochs = inf }", "a number, at most 1000000"),
        ("sampling = { temperature = -1 }", "a number, at least 0.01, or a list"),
        ("storyboard = { seconds = 1979-05-27 }", "a number"),
        ("storyboard = { takes = true, seconds = [true] }", "a number"),
        ('[[section.take]]\niteration = "bset"', '"first", "last" or "best"; perhaps "best"'),
        ('[[section.take]]\niteration = "frist"', '"first", "last" or "best"; perhaps "first"'),
        ("[section.take]\niteration = 1", "[[...]]"),
        ("take = [1]", "a table"),
    ],
)
def test_a_wrong_value_is_told_without_words_of_the_libraries_beneath(line: str, expected: str) -> None:
    usual = {"title": 'title = "One"', "recordings": 'recordings = ["one.wav"]'}
    usual.pop(line.partition(" ")[0], None)
    text = "\n".join(['title = "T"', "[[section]]", *usual.values(), line])
    with pytest.raises(ProductionError) as refused:
        parse_production(tomllib.loads(text), where="film.toml")
    assert expected in refused.value.expected
    assert "more after" not in refused.value.where, "one mistake is counted once"
    assert not LIBRARIES_WORDS.search(str(refused.value).replace("[true]", ""))


def test_a_backslash_that_became_a_tab_is_told(tmp_path: Path) -> None:
    text = 'title = "T"\n[[section]]\ntitle = "One"\nrecordings = ["recordings\\tone.wav"]\n'
    (tmp_path / "film.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProductionError) as refused:
        load_production(tmp_path / "film.toml")
    assert "forward slashes" in refused.value.hint


@pytest.mark.parametrize("seconds", [0.1, 60.0])
@pytest.mark.parametrize("form", ["wav", "flac", "mp3"])
def test_a_recording_in_place_of_a_production_file_is_told_as_such(tmp_path: Path, form: str, seconds: float) -> None:
    rate_hz = 44100
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, int(seconds * rate_hz))
    soundfile.write(tmp_path / f"en.{form}", noise, rate_hz)
    with pytest.raises(ProductionError, match="This is a recording") as refused:
        load_production(tmp_path / f"en.{form}")
    assert "build-video init" in refused.value.hint
    assert f"en.{form}" in refused.value.hint


def test_a_cuts_old_word_for_highlights_is_read_with_a_note() -> None:
    section = {"title": "One", "recordings": ["voice.wav"]}
    values = {"title": "A film", "section": [section], "cut": [{"name": "short", "pick": "telling"}]}
    production = parse_production(values, where="here")
    assert production.cuts[0].pick == "highlights"
    (note,) = production.draft().notes
    assert note == 'cut 1, pick: "telling" is called "highlights" now; the old word still works'


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"theme": "paper"}, "'theme' in [video] or [[cut]]?"),
        ({"iterations": 5}, "'iterations' in [section.training]?"),
        ({"neurons": 5}, "'neurons' in [section.network]?"),
        ({"titel": "A film"}, "'title'?"),
        ({"video": {"heigth": 4, "title": "A film"}}, "'height'?"),
        ({"cut": [{"name": "short", "takes": []}]}, "'take', or 'takes' in [section.storyboard] or [section.run]?"),
    ],
)
def test_a_setting_that_belongs_elsewhere_is_shown_its_place(values: dict[str, object], expected: str) -> None:
    with pytest.raises(ProductionError) as refused:
        parse_production(
            {"title": "A film", "section": [{"title": "One", "recordings": ["voice.wav"]}], **values}, where="here"
        )
    assert refused.value.expected == expected


def test_a_setting_that_was_renamed_is_read_with_a_note() -> None:
    section = {"title": "One", "recordings": ["voice.wav"], "training": {"rescues": 2}}
    production = parse_production({"title": "A film", "section": [section]}, where="here")
    assert production.sections[0].training.max_rollbacks == 2
    (note,) = production.draft().notes
    assert "section 1, training.rescues" in note
    assert "max_rollbacks" in note
    both = {**section, "training": {"rescues": 2, "max_rollbacks": 3}}
    with pytest.raises(ProductionError, match="There is no setting 'rescues'"):
        parse_production({"title": "A film", "section": [both]}, where="here")
    new = {**section, "training": {"max_rollbacks": 2}}
    assert not parse_production({"title": "A film", "section": [new]}, where="here").notes


def test_a_templates_folder_is_found_once_it_has_come_and_refused_where_it_leads_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "film").mkdir()
    (tmp_path / "film" / "film.toml").write_text('title = "x"\n' + SECTION, encoding="utf-8")
    production = load_production(tmp_path / "film" / "film.toml")
    templates = tmp_path / "film" / "templates"
    assert production.templates_folder is None
    templates.mkdir()
    assert production.templates_folder == templates.resolve()
    templates.rmdir()
    assert production.templates_folder is None
    templates.symlink_to(tmp_path)
    with pytest.raises(ProductionError, match="outside"):
        _ = production.templates_folder
