"""Facts in the names of files: those of the frame that is written, never a way to another folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import TemplateError
from pipeline.outputs.looking import whole_look
from pipeline.outputs.named import named_file
from pipeline.stages import storyboard
from pipeline.stages.shared.workplace import Workplace
from tests.stages import made_up


def test_names_of_files_may_have_facts(tmp_path: Path) -> None:
    production = made_up.production(title="../../A/film: of / mine", storyboard_1={"card_seconds": 1})
    store, results = made_up.results(tmp_path / "work")
    workplace = Workplace(store=store, output=tmp_path / "out")
    results = storyboard.run(production, results, workplace)
    shown = whole_look(production, results, workplace)
    scene = results.timeline.record.scenes()[1]
    frame = scene.sounds[-1].start_frame

    def named(text: str, at: int = frame) -> str:
        return str(named_file(shown, Path(text), at, "--to"))

    assert named("plain/name.gif") == "plain/name.gif"
    assert named("there/{{ section.number }} {{ section.title }}-{{ take.iteration }}.gif") == (
        f"there/2-Section-2-{scene.sounds[-1].iteration}.gif"
    )
    assert named("{{ take.iteration }}.gif", scene.sounds[1].start_frame) == f"{scene.sounds[1].iteration}.gif"
    assert named("{{ film.title }}.mp4", 0) == "A-film-of-mine.mp4"
    assert named("{{ '../../x' }}.png") == "x.png"
    with pytest.raises(TemplateError, match="not there: 'section'"):
        named("{{ section.title }}.gif", 0)
    with pytest.raises(TemplateError) as caught:
        named("{{ take.itertion }}.gif")
    assert "perhaps 'iteration'" in caught.value.expected
