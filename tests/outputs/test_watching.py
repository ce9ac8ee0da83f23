"""A still that is drawn again after each change: what it draws, what it keeps, and that it stands in nobody's way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.workplace import looked_at_often
from pipeline.outputs.watching import watch_still
from pipeline.picture.cards.drawing import DrawnCard
from pipeline.production.schema import load_production
from pipeline.stages import cards
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.lock import holder
from pipeline.store.store import Store
from tests.end_to_end.productions import make_tiny


def test_a_card_is_drawn_again_after_each_change_and_no_other_and_nothing_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, still = make_tiny(tmp_path), tmp_path / "still.png"
    output = tmp_path / "out" / "tiny"
    place, drawn = Workplace(Store(output / "work"), output), list[str]()
    draw = cards.draw_card

    def noted(*given: Any, **named: Any) -> DrawnCard:
        drawn.append(named["where"])
        return draw(*given, **named)

    monkeypatch.setattr(cards, "draw_card", noted)
    with looked_at_often(place, None, as_json=False) as open_look:
        pictures = watch_still(lambda: load_production(file), open_look, still, card="title")
        assert next(pictures).error is None
        before = still.read_bytes()
        assert not holder(output / "work"), "the film can be built meanwhile"
        drawn.clear()
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('title = "', 'title = "Another ', 1), encoding="utf-8")
        assert next(pictures).error is None
        assert [Path(name).stem for name in drawn] == ["title"]
        after = still.read_bytes()
        assert after != before
        file.write_text(text.replace("[[section]]", "[[section]]\nnone = 1", 1), encoding="utf-8")
        error = next(pictures).error
        assert error is not None
        assert "none" in str(error)
        assert still.read_bytes() == after
        file.write_text(text, encoding="utf-8")
        assert next(pictures).error is None
        assert still.read_bytes() == before
        assert [Path(name).stem for name in drawn] == ["title"], "what was drawn before is kept aside"
    assert not output.exists() or not [*output.glob("work/*")], "nothing is written into the film's folder"
