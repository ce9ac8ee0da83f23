"""Copies of built-in templates, and the schemas that editors check them with."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pipeline.errors import InputError, OutputError
from pipeline.outputs.schemas import schema_of
from pipeline.outputs.template_copies import FOLDERS, SCHEMA_KINDS, builtin_templates, copy_pack, copy_template, packs
from pipeline.picture.cards.drawing import load_card_template
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.theme.theme import check_theme, load_theme
from pipeline.production.keys import as_text, tables_of
from pipeline.runtime.resources import builtin_templates_folder


def test_a_copy_is_the_template_and_brings_its_schema(tmp_path: Path) -> None:
    assert copy_template("title", tmp_path) == tmp_path / "cards" / "title.toml"
    assert copy_template("layouts/portrait", tmp_path).is_file()
    assert load_card_template("title", tmp_path) == load_card_template("title")
    assert load_layout("portrait", tmp_path) == load_layout("portrait")
    assert json.loads((tmp_path / "schemas" / "card.json").read_text())["properties"]["extends"]
    with pytest.raises(OutputError, match="already"):
        copy_template("title", tmp_path)
    copy_template("title", tmp_path, replace=True)


def test_unknown_names_are_errors_with_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'portrait'"):
        copy_template("portait", Path())
    with pytest.raises(InputError, match="Did you mean 'layout'"):
        schema_of("layuot")


@pytest.mark.parametrize("kind", SCHEMA_KINDS)
def test_the_schemas_beside_the_templates_are_todays(kind: str) -> None:
    file = builtin_templates_folder() / "schemas" / f"{kind}.json"
    assert json.loads(file.read_text()) == schema_of(kind), f"build-video schema --for {kind} > {file}"


def test_every_built_in_file_names_its_schema_and_says_only_what_it_knows() -> None:
    for name in builtin_templates():
        kind, _, stem = name.partition("/")
        if schema := FOLDERS[kind]:
            text = (builtin_templates_folder() / kind / f"{stem}.toml").read_text()
            assert text.startswith(f"#:schema ../schemas/{schema}.json\n"), name


@pytest.mark.parametrize("kind", SCHEMA_KINDS)
def test_editors_find_no_mistake_in_a_built_in_file(kind: str) -> None:
    checker = Draft202012Validator(schema_of(kind))
    files = [*builtin_templates_folder().glob("*/*.toml"), *builtin_templates_folder().glob("packs/*/*/*.toml")]
    checked = 0
    for file in files:
        head, text = file.read_text().split("\n", 1)
        if head == f"#:schema ../schemas/{kind}.json":
            assert [error.message for error in checker.iter_errors(tomllib.loads(text))] == [], file
            checked += 1
    assert checked


@pytest.mark.parametrize("kind", ["theme", "layout", "card", "styles"])
def test_editors_say_of_every_key_what_it_is(kind: str) -> None:
    whole = schema_of(kind)
    silent = {
        f"{name}.{key}"
        for name, part in (("", whole), *whole["$defs"].items())
        for key, field in part["properties"].items()
        if "description" not in field and key != "kind"
    }
    assert not silent


@pytest.mark.parametrize(
    ("kind", "text", "right"),
    [
        ("card", 'extends = "title"\n[[element]]\narea = "title"\nenter = "lettres"', True),  # one of its own
        ("card", 'extends = "title"\n[[element]]\narea = "title"\nenter = { preset = "wipe", secnds = 1 }', False),
        ("card", 'extends = "title"\n[[element]]\nkind = "shape"\narea = "title"\ncolor = "text"', False),
        ("language", '[network]\nlstm = { one = "{size}", few = "{size}", other = "{size}" }', True),
        ("language", '[network]\nlstm = { one = "{size}" }', False),
        ("language", '[scene]\nepoch = { one = "a", other = "b" }', False),
        ("theme", 'extends = "midnight"\npath = "x"', False),
    ],
)
def test_editors_tell_right_from_wrong(kind: str, text: str, *, right: bool) -> None:
    assert Draft202012Validator(schema_of(kind)).is_valid(tomllib.loads(text)) is right


def test_the_keys_of_templates_are_listed_as_those_of_productions() -> None:
    listed = as_text(tables_of(schema_of("layout")), "a layout file")
    assert re.search(r'\[\[panel\]\] kind = "spectrogram" .*\n(    .*\n)*    highest_hz = 8000.0 .*Hz, number', listed)
    assert re.search(r"\[\[panel\]\] Of any kind.*\n    left = .* Of the frame's width. \(number, 0 to 1\)", listed)
    assert "[panel.enter] How it enters at a scene's beginning" in listed
    assert "[style.NAME]" in as_text(tables_of(schema_of("card")))
    assert re.search(r"\[scene\]\n(    .*\n)*    epoch = .*English: epoch", as_text(tables_of(schema_of("language"))))


@pytest.mark.parametrize("pack", packs())
def test_every_pack_can_be_copied_and_read_by_everybody(pack: str, tmp_path: Path) -> None:
    copied = copy_pack(pack, tmp_path)
    assert list(check_theme(load_theme(pack, tmp_path))) == []
    for path in copied:
        if path.parent.name == "cards":
            load_card_template(path.stem, tmp_path)
        if path.parent.name == "layouts":
            load_layout(path.stem, tmp_path)
    with pytest.raises(OutputError, match="already"):
        copy_pack(pack, tmp_path)


def test_a_pack_may_be_a_few_lines() -> None:
    files = (builtin_templates_folder() / "packs" / "terminal").glob("*/*.toml")
    assert sum(len(file.read_text().splitlines()) for file in files) < 40
