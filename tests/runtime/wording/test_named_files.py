"""Files are found however their names are stored, and named nearly where they are not there."""

from __future__ import annotations

import shutil
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from pipeline.build.stage_order import check_all
from pipeline.errors import BuildVideoError
from pipeline.picture.theme.theme import load_theme
from pipeline.production.schema import Production, load_production
from pipeline.runtime.resources import builtin_templates_folder, find_template
from pipeline.runtime.wording.named_files import absent_hint, near_names, stored_path, swallowed_escape
from pipeline.runtime.wording.toml_text import TomlMistake, parse_toml
from pipeline.stages import prepare
from pipeline.stages.shared.results import Results
from tests.sound.sounds import convert, speechlike, write

RATE = 8000
SECTION = '[[section]]\ntitle = "a"\nrecordings = ["{}"]\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A production's folder with every kind of file, all named with an accent that is stored decomposed."""
    root = tmp_path_factory.mktemp("named")
    inner = root / normalize("NFD", "Töne")
    inner.mkdir()
    write(inner / normalize("NFD", "für.wav"), speechlike(6.0, RATE), RATE)
    write(inner / "voice.wav", speechlike(6.0, RATE), RATE)
    Image.new("RGB", (64, 64), "red").save(inner / normalize("NFD", "für.png"))
    film = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=1", "-map", "1:v", "-pix_fmt", "yuv420p"]
    convert(inner / "voice.wav", inner / normalize("NFD", "für.mp4"), *film)
    own = root / normalize("NFD", "Vörlagen")
    for kind, name in (("themes", "midnight"), ("layouts", "landscape")):
        (own / kind).mkdir(parents=True)
        source = builtin_templates_folder() / kind / f"{name}.toml"
        shutil.copy(source, own / kind / normalize("NFD", "schön.toml"))
    return root


KINDS = {
    "a recording": SECTION.format("{}.wav"),
    "a recording with its track": '[[section]]\ntitle = "a"\nrecordings = [{{ file = "{}.wav", track = 1 }}]\n',
    "music": '[sound]\nunder_cards = "music"\nmusic = "{}.wav"\n' + SECTION.format("Töne/voice.wav"),
    "an insert": SECTION.format("Töne/voice.wav") + '[[insert]]\nfile = "{}.mp4"\n',
    "a still": SECTION.format("Töne/voice.wav") + '[[insert]]\nfile = "{}.png"\n',
    "a picture": '[video]\npicture = "{}.png"\n' + SECTION.format("Töne/voice.wav"),
}


def looked_at(folder: Path, text: str, name: str = "film.toml") -> Production:
    (folder / name).write_text('title = "x"\n' + text, encoding="utf-8")
    production = load_production(folder / name)
    prepare.pieces(production, Results())
    check_all(production)
    return production


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_name_is_the_same_composed_and_decomposed(folder: Path, kind: str, form: str) -> None:
    looked_at(folder, KINDS[kind].format(normalize(form, "Töne/für")))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_so_are_those_of_templates_and_of_the_production_itself(folder: Path, form: str) -> None:
    named = '[video]\ntheme = "schön"\nlayout = "schön"\n' + SECTION.format("Töne/für.wav")
    stored = normalize("NFD", "fílm.toml")
    (folder / stored).write_text(normalize(form, 'title = "x"\ntemplates = "Vörlagen"\n' + named), encoding="utf-8")
    production = load_production(folder / normalize(form, "fílm.toml"))
    check_all(production)
    assert production.name == normalize("NFC", "fílm")


@pytest.mark.parametrize("kind", KINDS)
def test_a_misspelt_file_of_any_kind_gets_its_near_name(folder: Path, kind: str) -> None:
    for name, words in (("Töne/fur", "'für."), ("Tone/für", f"There is no folder 'Tone' in {folder}. Did you mean")):
        with pytest.raises(BuildVideoError) as caught:
            looked_at(folder, KINDS[kind].format(name))
        assert words in normalize("NFC", caught.value.hint)
        assert "Did you mean" in caught.value.hint
        assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[video]\ntheme = "midnigt"\n', "Did you mean 'midnight'?"),
        ('[video]\nlayout = "landscpe"\n', "Did you mean 'landscape'?"),
        ('templates = "Vorlagen"\n', "Did you mean"),
        ('templates = "Töne/voice.wav"\n', "This is a file"),
    ],
)
def test_a_misspelt_template_or_folder_of_templates_gets_it_too(folder: Path, text: str, words: str) -> None:
    with pytest.raises(BuildVideoError) as caught:
        looked_at(folder, text + SECTION.format("Töne/voice.wav"))
    assert words in caught.value.hint


def test_a_misspelt_production_and_a_misspelt_font_get_it_too(folder: Path, tmp_path: Path) -> None:
    (folder / "mine.toml").write_text('title = "x"\n' + SECTION.format("Töne/voice.wav"))
    with pytest.raises(BuildVideoError, match=r"Did you mean 'mine.toml'\?"):
        load_production(folder / "mien.toml")
    (tmp_path / "themes").mkdir()
    (tmp_path / "hand.ttf").write_bytes(b"x")
    text = (builtin_templates_folder() / "themes" / "midnight.toml").read_text(encoding="utf-8")
    for name, words in (("hnd.ttf", "Did you mean 'hand.ttf'?"), ("fonts\\new.ttf", "backslash")):
        named = f'[fonts]\nfiles = ["{name}"]\n'
        (tmp_path / "themes" / "own.toml").write_text(text + named, encoding="utf-8")
        with pytest.raises(BuildVideoError) as caught:
            load_theme("own", tmp_path)
        assert words in caught.value.hint


def test_where_no_name_is_near_those_that_are_there_are_told(tmp_path: Path) -> None:
    assert absent_hint(tmp_path / "voice.wav") == "Correct the name, or put the file there."
    for name in ("a.wav", "b.wav", ".hidden"):
        (tmp_path / name).touch()
    assert absent_hint(tmp_path / "voice.wav").endswith("In its folder: a.wav, b.wav.")
    assert near_names("voice.wav", ["voice.m4a", "voices.txt", "notes.txt"]) == ["voice.m4a", "voices.txt"]
    assert near_names("VOICE.WAV", ["voice.wav"]) == ["voice.wav"]


WINDOWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "an escape that there isn't": (r'"Töne\voice.wav"', ("line 4", '"Töne/voice.wav"', r"'Töne\voice.wav'")),
    "a whole path": (r'"C:\Users\me\v.wav"', ("line 4", '"C:/Users/me/v.wav"', r"'C:\Users\me\v.wav'")),
    "at the end": (r'"Töne\"', ("line 4", "backslash", "'Töne\\'")),
    "a tab": (r'"Töne\tone.wav"', ("holds a tab", '"Töne/tone.wav"', r"'Töne\tone.wav'", "backslash")),
    "a line break": (r'"Töne\new.wav"', ("holds a line break", r"'Töne\new.wav'")),
    "a bell": (r'"Töne\bell.wav"', ("control character", r"'Töne\bell.wav'")),
    "a form feed": (r'{ file = "Töne\fur.wav", track = 2 }', ("control character", r"'Töne\fur.wav'")),
    "another machine's": (r"'C:\Users\me\v.wav'", ("Windows machine",)),
    "another machine's, slashed": (r'"C:/Users/me/v.wav"', ("Windows machine",)),
}


@pytest.mark.parametrize("case", WINDOWS)
def test_a_windows_path_is_told_with_how_to_write_it(folder: Path, case: str) -> None:
    name, words = WINDOWS[case]
    with pytest.raises(BuildVideoError) as caught:
        looked_at(folder, f'[[section]]\ntitle = "a"\nrecordings = [{name}]\n')
    for word in words:
        assert word in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("setting", ['[sound]\nunder_cards = "music"\nmusic', "[video]\npicture", "[[insert]]\nfile"])
def test_so_is_one_of_any_other_setting(folder: Path, setting: str) -> None:
    for name, word in ((r"Töne\new.wav", "line break"), (r"Töne\voice.wav", "a backslash in double quotes")):
        with pytest.raises(BuildVideoError, match=word) as caught:
            looked_at(folder, SECTION.format("Töne/voice.wav") + f'{setting} = "{name}"\n')
        assert "backslash" in str(caught.value)


@pytest.mark.parametrize("name", ["'Töne\\für.wav'", '"Töne\\\\für.wav"'])
def test_a_backslash_that_reaches_us_separates_folders(folder: Path, name: str) -> None:
    looked_at(folder, f'[[section]]\ntitle = "a"\nrecordings = [{name}]\n')


def test_other_faults_of_toml_don_t_speak_of_backslashes() -> None:
    for text in (
        'title = "say \\"hi\\"" x',
        'title = "a\\nb" x',
        'title = "a\\nb"\ntitle = 1',
        "title = ",
        'a = "x\\ty"\nb = [1',
    ):
        with pytest.raises(TomlMistake) as caught:
            parse_toml(text)
        assert "backslash" not in caught.value.what + caught.value.hint


@given(st.text(max_size=80))
@example("\0\\0")
@example("\0/a")
@example("a" * 5000)
def test_any_name_is_looked_for_without_a_fault(name: str) -> None:
    here = Path(__file__).parent
    stored_path(here, name)
    absent_hint(here / name)
    swallowed_escape(name)


def test_a_name_that_is_stored_twice_is_the_one_that_was_written(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        (tmp_path / normalize(form, "für.txt")).write_text(form)
    for form in ("NFC", "NFD"):
        assert stored_path(tmp_path, normalize(form, "für.txt")).read_text() == form


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    inner = tmp_path / "own"
    (inner / "themes").mkdir(parents=True)
    (tmp_path / "secret.toml").touch()
    (inner / "film.toml").write_text('title = "x"\n' + SECTION.format("a.wav"))
    production = load_production(inner / "film.toml")
    for name in ("../secret.toml", "..\\secret.toml"):
        with pytest.raises(BuildVideoError, match="outside"):
            production.resolve(name, "x")
    for name in ("themes/../../secret.toml", "themes\\..\\..\\secret.toml"):
        with pytest.raises(BuildVideoError, match="no template"):
            find_template(name, inner)
