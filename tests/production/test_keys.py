"""Every key is told, with its default and one line of what it is, and the starter names all of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from pipeline.production.keys import as_text, json_schema, key_tables, with_comments
from pipeline.production.schema import Production, load_production, parse_production
from pipeline.production.starter import start_production
from pipeline.runs.settings import RunSettings
from pipeline.runtime.resources import builtin_templates_folder

KEYS = [(table.heading, key) for table in key_tables() for key in table.keys]
STARTER = with_comments((builtin_templates_folder() / "productions" / "starter.toml").read_text(encoding="utf-8"))
COMMENT = re.compile(r"(?m)^# ([a-z_.0-9]+) += .*$")


def fields(annotation: Any) -> Iterator[str]:
    """The names of all settings, by the models themselves."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield field.alias or name
            yield from fields(field.annotation)
    for inner in get_args(annotation):
        yield from fields(inner)


def names_in(text: str) -> set[str]:
    found = re.findall(r"(?m)^ *(?:# )?(?:\[+([\w.]+)\]|([\w.]+) += )", text)
    return {part for heading, name in found for part in (heading or name).split(".")}


def test_every_setting_is_a_key_of_the_list_and_of_the_starter(tmp_path: Path) -> None:
    begun = start_production(tmp_path / "film").read_text(encoding="utf-8")
    wanted = set(fields(Production))
    assert len(wanted) > 90
    inline = {"track", "at_share", "pattern"}  # within a list's items: { file = "voice.wav", track = 2 }
    of_runs = {"run", *fields(RunSettings)}  # build-video import writes these
    for text, left_out in ((begun, of_runs), (as_text(key_tables()), set())):
        assert wanted - names_in(text) - left_out <= inline
        assert "#: " not in text
    assert "{ file, track }" in as_text(key_tables())


@pytest.mark.parametrize(("heading", "key"), KEYS, ids=[f"{heading}{key.name}" for heading, key in KEYS])
def test_every_key_says_what_it_is(heading: str, key: Any) -> None:
    assert re.fullmatch(r"\S.{8,200}\.", key.words), (heading, key.name)
    assert key.kind
    assert key.example, f"{heading}{key.name} has neither a default nor an example"
    assert not (key.is_required and key.default)


def test_units_follow_from_names() -> None:
    units = {key.name: key.unit for _, key in KEYS}
    assert units["corpus.sample_rate_hz"] == "Hz"
    assert units["loudness_lufs"] == "LUFS"
    assert units["corpus.peak_dbfs"] == "dBFS"
    assert units["storyboard.recording_start_s"] == "s"
    assert units["training.minutes"] == "min"
    assert units["frame_rate"] == "frames/s"
    assert units["storyboard.takes"] == ""


SINGLE = [
    match for match in COMMENT.finditer(STARTER.split("# [[section.take]]")[0]) if not match[1].startswith("network")
]


@pytest.mark.parametrize("match", SINGLE, ids=[match[1] for match in SINGLE])
def test_each_commented_line_of_the_starter_can_be_uncommented(match: re.Match[str]) -> None:
    changed = STARTER[: match.start()] + match[0].removeprefix("# ") + STARTER[match.end() :]
    production = parse_production(tomllib.loads(changed), where="starter")
    key = next(key for _, key in KEYS if key.name == match[1] and f" = {key.example} " in f"{match[0]} ")
    if key.default == key.example and not key.name.startswith("corpus."):  # which follows network = "auto"
        assert production == parse_production(tomllib.loads(STARTER), where="starter")


@pytest.mark.parametrize("kind", ["lstm", "tiered-lstm"])
def test_the_keys_of_either_network_can_take_the_place_of_auto(kind: str) -> None:
    own = [f'network.kind = "{kind}"']
    for line in STARTER.split(f'# network.kind = "{kind}"')[1].splitlines()[1:]:
        if not line.startswith("# network.") or line.startswith("# network.kind"):
            break
        own.append(line.removeprefix("# "))
    changed = STARTER.replace('network = "auto"', "\n".join(own), 1)
    section = parse_production(tomllib.loads(changed), where="starter").sections[0]
    assert section.network == type(section.network)()


@pytest.mark.parametrize("heading", ["section.take", "section.caption", "insert"])
def test_blocks_of_the_starter_can_be_uncommented(heading: str) -> None:
    above, found, below = STARTER.partition(f"# [[{heading}]]")
    block, gap, rest = below.partition("\n\n")
    block = "\n".join(line for line in block.splitlines() if "# section =" not in line)  # goes with after = "section"
    uncommented = re.sub(r"(?m)^# ", "", found + block)
    parse_production(tomllib.loads(above + uncommented + gap + rest), where="starter")


def test_the_starter_and_its_template_are_the_same_film(tmp_path: Path) -> None:
    template = builtin_templates_folder() / "productions" / "starter.toml"
    begun = load_production(start_production(tmp_path / "film"))
    assert begun.model_dump() == load_production(template).model_dump()


def test_the_schema_takes_lines_of_takes_and_captions_in_a_section() -> None:
    section = json_schema()["$defs"]["Section"]["properties"]
    assert {"take", "caption", "storyboard"} <= section.keys()
