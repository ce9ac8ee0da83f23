"""The list of takes and candidates, and choosing one by hand: in the file, with its comments, and in the film."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest
import soundfile

from pipeline.errors import InputError, ProductionError
from pipeline.outputs.take_list import ListedTake, find_candidate, letter_of, number_of, take_in_words
from pipeline.production.editing.file import choose_candidate
from pipeline.production.schema import load_production
from pipeline.production.starter import start_production
from tests.end_to_end.productions import Said, make_tiny, say_here

COMMENTED = """# my film, öäü
title = "Tiny"   # a title

[[section]]  # one
title = "One"
{sampling}
training = {{ minutes = 1 }}  # short
# the end
[[section]]
title = "Two"
"""


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny production whose takes are made, three candidates each in its second section."""
    folder = tmp_path_factory.mktemp("takes")
    production = make_tiny(folder)
    text = production.read_text(encoding="utf-8")
    text = text.replace("sampling = { temperature = 0.9 }", "sampling = { temperature = 0.9, candidates = 3 } # mine")
    production.write_text(text, encoding="utf-8")
    say_here("sample", production, cwd=folder)
    return folder


@pytest.fixture
def own(sampled: Path, tmp_path: Path) -> Path:
    shutil.copytree(sampled, tmp_path / "own")
    return tmp_path / "own"


def refused(ran: Said, *words: str) -> None:
    assert ran.returncode == 2, ran.stdout + ran.stderr
    for word in words:
        assert word in ran.stderr


def test_takes_are_listed_with_facts_and_names_that_people_read(sampled: Path) -> None:
    lines = say_here("takes", "tiny.toml", cwd=sampled).stdout.splitlines()
    folder = sampled / "out" / "tiny" / "takes"
    assert str(Path("out", "tiny", "takes")) in lines[0]
    (line,) = [line for line in lines if "section-2/take-000020-b.wav" in line]
    assert "%" in line
    marked = [line for line in lines if line.startswith("*")]
    assert len(marked) == 6  # a take of each checkpoint is in the film
    values = json.loads(say_here("takes", "tiny.toml", "--json", cwd=sampled).stdout)
    assert len(values) == 3 + 9
    for one in values:
        assert soundfile.info(sampled / one["file"]).duration == pytest.approx(one["seconds"], abs=1e-3)
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.wav")} == {
        Path(one["file"]).relative_to("out/tiny/takes").as_posix() for one in values
    }


def test_a_choice_is_written_and_heard_in_the_film(own: Path) -> None:
    before = (own / "tiny.toml").read_text(encoding="utf-8")
    say_here("takes", "choose", "20", "c", "tiny.toml", "--section", "2", cwd=own)
    after = (own / "tiny.toml").read_text(encoding="utf-8")
    assert after == before.replace("candidates = 3 }", "candidates = 3, choose = {20 = 3}}")
    say_here("takes", "choose", "section-2/take-000020-b.wav", "tiny.toml", cwd=own)
    assert tomllib.loads((own / "tiny.toml").read_text())["section"][1]["sampling"]["choose"] == {"20": 2}
    values = json.loads(say_here("takes", "tiny.toml", "--json", cwd=own).stdout)
    assert [one["candidate"] for one in values if one["chosen"] == "hand"] == ["b"]
    say_here("sample", "tiny.toml", cwd=own)
    records = [json.loads(path.read_text()) for path in own.glob("out/tiny/work/sample/*/record.json")]
    assert [one["chosen"] for one in records if one.get("chosen_by") == "hand"] == [2]


def test_choices_of_what_is_not_there_are_refused_with_what_is(own: Path) -> None:
    before = (own / "tiny.toml").read_bytes()
    for words, told in (
        (("600", "b"), ("iteration 600", "20")),
        (("20", "d"), ("candidate 4", "a, b, c")),
        (("24", "b"), ("candidates = 3",)),
        (("0", "b"), ("--section", "1, 2")),
        (("20",), ("takes choose 600 b",)),
        (("twenty", "b"), ("takes choose 600 b",)),
        (("20", "?"), ("not a candidate",)),
    ):
        refused(say_here("takes", "choose", *words, *["tiny.toml"] * (len(words) > 1), cwd=own, check=False), *told)
    assert (own / "tiny.toml").read_bytes() == before


def test_a_choice_in_the_file_for_an_iteration_without_a_take_is_an_error(own: Path) -> None:
    text = (own / "tiny.toml").read_text(encoding="utf-8")
    wrong = text.replace("candidates = 3 }", "candidates = 3, choose = { 19 = 2 } }")
    (own / "tiny.toml").write_text(wrong, encoding="utf-8")
    refused(say_here("sample", "tiny.toml", cwd=own, check=False), "iteration 19", "sampling.choose", "20")
    shutil.rmtree(own / "out")
    refused(say_here("tiny.toml", cwd=own, check=False), "iteration 19", "sampling.choose")
    assert not list(own.rglob("train"))  # it was known before any training
    assert say_here("takes", "tiny.toml", cwd=own).stdout  # which the error names as the help


def test_before_any_training_there_are_no_takes(tmp_path: Path) -> None:
    make_tiny(tmp_path)
    assert "no takes yet" in say_here("takes", "tiny.toml", cwd=tmp_path).stdout
    refused(say_here("takes", "choose", "600", "b", cwd=tmp_path, check=False), "demo", "init")


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        ("", "sampling = {choose = {600 = 2}}"),
        ("sampling = { candidates = 3 } # c", "sampling = { candidates = 3, choose = {600 = 2}} # c"),
        ("sampling.candidates = 3", "sampling.choose = {600 = 2}"),
        ("sampling = { candidates = 3, choose = { 600 = 1, 8 = 3 } }", "choose = { 600 = 2, 8 = 3 } }"),
        ("[section.sampling]\ncandidates = 3 # c\n[section.sampling.choose]\n8 = 1 # why", "\n600 = 2\n"),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_comments_and_layout_stay(tmp_path: Path, sampling: str, expected: str, ending: str) -> None:
    path = tmp_path / "production.toml"
    text = COMMENTED.format(sampling=sampling)
    if "[" in sampling:  # the line after it would belong to another table
        text = text.replace("training = { minutes = 1 }  # short\n", "")
    path.write_bytes(text.replace("\n", ending).encode())
    choose_candidate(path, 0, 600, 2)
    edited = path.read_bytes().decode()
    assert expected.replace("\n", ending) in edited
    lines = edited.split(ending)
    for line in text.split("\n"):
        assert line in lines or line in sampling, line
    assert "Two" not in edited.split("choose")[0].split("[[section]]  # one")[1]


def test_a_file_that_can_not_be_edited_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "production.toml"
    path.write_text('title = "x"\nsection = "none"\n', encoding="utf-8")
    with pytest.raises(ProductionError, match="can't be edited") as caught:
        choose_candidate(path, 0, 600, 2)
    assert "600 = 2" in caught.value.hint
    assert path.read_text(encoding="utf-8") == 'title = "x"\nsection = "none"\n'


@pytest.mark.parametrize("number", [1, 2, 26, 27, 52, 64])
def test_letters_are_numbers(number: int) -> None:
    assert number_of(letter_of(number)) == number
    assert number_of(str(number)) == number


def test_names_are_read_back() -> None:
    take = ListedTake(2, 600, "b", "")
    assert take.name == "section-2/take-000600-b.wav"
    assert take_in_words(take.name) == (2, 600, 2)
    assert take_in_words(f"out/film/takes/{take.name}") == (2, 600, 2)
    assert take_in_words("600") is None
    with pytest.raises(InputError, match="not made yet"):
        find_candidate([take], None, 600, 2)


def test_a_choice_is_written_into_the_starter_as_it_is_begun(tmp_path: Path) -> None:
    path = start_production(tmp_path / "film")
    choose_candidate(path, 0, 600, 2)
    assert load_production(path).sections[0].sampling.choose == {600: 2}
