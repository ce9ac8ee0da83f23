from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import OutputError, ProductionError
from pipeline.outputs.import_run import place_for_import, write_import
from pipeline.runs.survey import Survey, survey_run

PRODUCTION = (
    '# mine\ntitle = "Film"   # kept\n\n[[section]]\ntitle = "Own"\n\n[section.training]\nminutes = 2   # and this\n'
)


@pytest.fixture
def survey(tmp_path: Path) -> Survey:
    (tmp_path / "my-run").mkdir()
    (tmp_path / "my-run" / "metrics.csv").write_text("step,loss\n1,2\n2,1\n")
    return survey_run(tmp_path / "my-run")


def test_the_production_lies_beside_the_run_and_the_run_is_only_read(tmp_path: Path, survey: Survey) -> None:
    before = sorted(path.name for path in survey.folder.rglob("*"))
    target = write_import(survey, place_for_import(survey.folder), add=False)
    assert target == tmp_path / "my-run.toml"
    told = tomllib.loads(target.read_text(encoding="utf-8"))
    assert told["title"] == "my run"
    assert told["section"][0]["run"]["log"] == "my-run/metrics.csv"
    named = target.read_text(encoding="utf-8").splitlines()[0].removeprefix("#:schema ")
    assert json.loads((target.parent / named).read_text(encoding="utf-8"))["properties"]["section"]
    assert sorted(path.name for path in survey.folder.rglob("*")) == before
    with pytest.raises(OutputError, match="already"):
        write_import(survey, target, add=False)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_section_is_added_and_every_byte_before_it_stays(
    tmp_path: Path, survey: Survey, ending: str, mark: bytes
) -> None:
    target = tmp_path / "production.toml"
    before = mark + PRODUCTION.replace("\n", ending).encode()
    target.write_bytes(before)
    write_import(survey, target, add=True)
    after = target.read_bytes()
    assert after.startswith(before)
    assert after.count(b"\r\n") in {0, after.count(b"\n")}
    told = tomllib.loads(after.removeprefix(mark).decode())
    assert [section["title"] for section in told["section"]] == ["Own", "my run"]
    assert told["section"][0]["training"]["minutes"] == 2


COMMENTS = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(COMMENTS, COMMENTS, st.sampled_from(["", "\n", "   \n\n", "# end"]), st.integers(1, 2))
def test_any_layout_of_a_production_stays_as_it_is(
    survey: Survey, before: str, behind: str, end: str, count: int
) -> None:
    sections = f"[[section]]   #{behind}\n" * count
    raw = f"#{before}\n  title='x'\n\n[video]\n\twidth   =  64\n{sections}{end}".encode()
    target = survey.folder.parent / "production.toml"
    target.write_bytes(raw)
    write_import(survey, target, add=True)
    after = target.read_bytes()
    assert after.startswith(raw)
    assert len(tomllib.loads(after.decode())["section"]) == 1 + count


@pytest.mark.parametrize("text", ['title = "x"\nsection = [{title = "y"}]\n', "title = [\n", 'section = "x"\n'])
def test_a_file_that_takes_no_section_stays_and_the_words_are_told(tmp_path: Path, survey: Survey, text: str) -> None:
    target = tmp_path / "production.toml"
    target.write_text(text)
    with pytest.raises(ProductionError, match="No section can be added") as caught:
        write_import(survey, target, add=True)
    assert target.read_text() == text
    assert "[section.run]" in caught.value.hint


def test_nothing_is_written_into_the_run_nor_where_it_could_not_be_read(tmp_path: Path, survey: Survey) -> None:
    with pytest.raises(OutputError, match="only read"):
        write_import(survey, survey.folder / "film.toml", add=False)
    with pytest.raises(OutputError, match="outside"):
        write_import(survey, tmp_path / "elsewhere" / "film.toml", add=False)
    with pytest.raises(ProductionError, match="no production file to add to"):
        write_import(survey, tmp_path / "none.toml", add=True)
