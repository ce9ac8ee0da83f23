"""The facts that `build-video facts` lists."""

import re

from pipeline.outputs.fact_list import moment_facts, own_filters
from pipeline.picture.panels.template_text import now_facts
from pipeline.picture.text.templating import render_text
from tests.picture.panels.made_scenes import scene_data


def test_the_facts_of_the_moment_are_listed_with_their_meaning() -> None:
    data = scene_data(160, 90)
    listed = {one["name"]: one["meaning"] for one in moment_facts()}
    assert set(listed) == {f"now.{name}" for name in now_facts(data, data.start_frame)}
    assert all(listed.values())


def test_the_filters_are_listed_as_they_work() -> None:
    listed = {one["name"]: one["meaning"] for one in own_filters()}
    assert "12345 -> 12,345" in listed["thousands"]
    assert all("\n" not in meaning and meaning for meaning in listed.values())
    shown = re.compile(r"(\w+): .*?([\d.]+) -> ([\d.,]+)")
    for found in filter(None, map(shown.match, map(": ".join, listed.items()))):
        name, given, made = found.groups()
        assert render_text(f"{{{{ {given} | {name} }}}}", {}).startswith(made.rstrip(".,"))
