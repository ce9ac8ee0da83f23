"""What the film's files are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ProductionError, TemplateError
from pipeline.film.delivery.delivery_spec import SPEC_FILE, DeliverySpec
from pipeline.film.delivery.found import film_file, films_in
from pipeline.production.schema import Production, load_production
from pipeline.stages import storyboard
from pipeline.stages.shared.delivery.film_name import check_film_names, film_name
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from tests.stages import made_up


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Results:
    root = tmp_path_factory.mktemp("planned")
    store, results = made_up.results(root)
    return storyboard.run(made_up.production(), results, Workplace(store=store, output=root / "out"))


def named(results: Results, template: str | None, **changes: Any) -> str:
    return film_name(made_up.production(file_name=template, **changes), results)


def test_facts_become_a_files_name(planned: Results) -> None:
    assert named(planned, None) == "film"
    seconds = round(float(planned.timeline.record.duration_s))
    assert (
        named(planned, "{{ film.title | slug }}-{{ film.duration_s | round | int }}s") == f"a-made-up-film-{seconds}s"
    )
    assert named(planned, "{{ film.name }}_{{ film.width }}x{{ film.height }}.v2") == "film_160x90.v2"


def test_a_cut_has_a_name_of_its_own(planned: Results) -> None:
    production = made_up.production(
        file_name="whole", cut=[{"name": "short", "file_name": "{{ film.title }} short"}, {"name": "plain"}]
    )
    assert [film_name(production.dressed(cut), planned) for cut in production.cuts] == [
        "A-made-up-film-short",
        "film-plain",
    ]


@settings(max_examples=25)
@given(st.text(min_size=1, max_size=60).filter(str.strip))
def test_whatever_the_title_is_the_name_stays_in_its_folder(planned: Results, title: str) -> None:
    name = named(planned, "{{ film.title }}", title=title)
    assert Path(name).name == name
    assert not set(name) & set('/\\:*?"<>|\n\0')
    assert not name.startswith((".", "-"))


@pytest.mark.parametrize(
    ("template", "said", "kind"),
    [
        ("{{ film.titel }}", "title", TemplateError),
        ("{{ film.title", "syntax", TemplateError),
        ("films/{{ film.title }}", "'/'", ProductionError),
        ("a:b", "':'", ProductionError),
        ("{{ film.title }}.mp4", "is added", ProductionError),
        ("{{ film.__class__ }}", "__class__", TemplateError),
        ("{% for i in range(100000000) %}x{% endfor %}", "too large", TemplateError),
    ],
)
def test_a_wrong_name_is_refused_before_anything_is_made(template: str, said: str, kind: type[Exception]) -> None:
    for production in (
        made_up.production(file_name=template),
        made_up.production(cut=[{"name": "a", "file_name": template}]),
    ):
        with pytest.raises(kind) as raised:
            check_film_names(production)
        assert said in str(raised.value) + getattr(raised.value, "expected", "") + getattr(raised.value, "hint", "")


def test_the_error_has_the_file_and_the_line(tmp_path: Path) -> None:
    file = tmp_path / "production.toml"
    cut = '[[cut]]\nname = "short"\nfile_name = "a/b"\n'
    file.write_text(f'title = "T"\n[[section]]\ntitle = "S"\n{cut}')
    production: Production = load_production(file)
    with pytest.raises(ProductionError) as raised, production.placing_errors():
        check_film_names(production)
    assert f"{file}, line 6" in raised.value.where


def test_an_earlier_film_of_another_name_is_not_taken_for_the_film(tmp_path: Path) -> None:
    for name in ("a-59s.mp4", "b-61s.mp4"):
        (tmp_path / name).touch()
    assert film_file(tmp_path) is None
    (tmp_path / "timeline.json").touch()
    assert film_file(tmp_path) == tmp_path / "a-59s.mp4"
    (tmp_path / SPEC_FILE).write_text(DeliverySpec(video_file="b-61s.mp4").model_dump_json())
    assert films_in(tmp_path) == [tmp_path / "b-61s.mp4"]
