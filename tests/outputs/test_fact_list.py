"""The facts that `build-video facts` lists."""

from pipeline.outputs.fact_list import moment_facts
from pipeline.picture.panels.template_text import now_facts
from tests.picture.panels.made_scenes import scene_data


def test_the_facts_of_the_moment_are_listed_with_their_meaning() -> None:
    data = scene_data(160, 90)
    listed = {one["name"]: one["meaning"] for one in moment_facts()}
    assert set(listed) == {f"now.{name}" for name in now_facts(data, data.start_frame)}
    assert all(listed.values())
