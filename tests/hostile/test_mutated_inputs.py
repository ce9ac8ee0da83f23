"""More than 500 spoiled inputs: each ends in success or in one clear error, soon, and writes nowhere else.

The seed is that of `HOSTILE_SEED`, else 1; `python -m tests.hostile.mutate` makes as many more as there is time for.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile import seeds
from tests.hostile.kinds import KINDS, timeline_tree, warm_up
from tests.hostile.mutate import name_of, run_case
from tests.hostile.spoiling import VALUES, Gentle, as_toml
from tests.hostile.watching import MOST_MEMORY_BYTES, most_memory_bytes, watch

SEED = int(os.environ.get("HOSTILE_SEED", "1"))
QUICK, SLOW = 520, 80


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    warm_up()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_spoiled_is_taken(kind: str, tmp_path: Path) -> None:
    endings = []
    for number in range(8):
        folder = tmp_path / str(number)
        folder.mkdir()
        read = KINDS[kind].make(folder, Gentle(number))
        (folder / "out").mkdir(exist_ok=True)
        endings.append(watch(read, folder / "out"))
    assert [ending for ending in endings if ending.how == "crash"] == []
    assert any(ending.how == "success" for ending in endings), endings[0].said


@pytest.mark.parametrize(("count", "slow_share"), [(QUICK, 0.0), (SLOW, 1.0)], ids=["files", "through-ffmpeg"])
def test_spoiled_inputs_end_in_success_or_in_one_clear_error(tmp_path: Path, count: int, slow_share: float) -> None:
    print(f"seed {SEED}")
    endings: Counter[str] = Counter()
    for number in range(count):
        name, folder = name_of(SEED, number, slow_share), tmp_path / str(number)
        ending = run_case(name, SEED, number, folder)
        endings[ending.how] += 1
        again = f"python -m tests.hostile.mutate --kind '{name}' --seed {SEED} --number {number}"
        assert ending.how != "crash", f"{again}\n{ending.said}"
        shutil.rmtree(folder)
    print(endings)
    assert endings["success"] > count // 20
    assert endings["error"] > count // 20
    assert most_memory_bytes() < MOST_MEMORY_BYTES


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([value for value in VALUES if not isinstance(value, float | list | dict)]),
)
VALUE = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
TREES: dict[str, list[dict[str, Any]]] = {
    "production": seeds.production_trees(),
    "theme": seeds.template_trees("themes"),
    "layout": seeds.template_trees("layouts"),
    "card": seeds.template_trees("cards"),
    "timeline": [timeline_tree()],
}


@st.composite
def hostile_trees(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Settings of a kind in which hypothesis has exchanged one to three values, wherever they stand."""
    tree = json.loads(json.dumps(draw(st.sampled_from(TREES[kind])), default=str))
    for _ in range(draw(st.integers(1, 3))):
        holder: Any = tree
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(holder[key], dict | list) and holder[key] and draw(st.booleans()):
                holder = holder[key]
                continue
            holder[key] = draw(VALUE)
            break
    return dict(tree)


@pytest.mark.parametrize("kind", TREES)
def test_settings_that_hypothesis_makes_up_end_so_too(
    kind: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    doors = {
        "production": lambda: monkeypatch.setattr(seeds, "production_texts", lambda: [made[0]]),
        "timeline": lambda: monkeypatch.setattr("tests.hostile.kinds.timeline_tree", lambda: made[1]),
    }
    made: list[Any] = [b"", {}]
    doors.get(kind, lambda: monkeypatch.setattr(seeds, "template_texts", lambda _kind: [made[0]]))()
    monkeypatch.setattr("tests.hostile.kinds._toml", lambda _texts, _trees, _rng: made[0])

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(tree=hostile_trees(kind))
    def each(tree: dict[str, Any]) -> None:
        made[:] = [as_toml(tree).encode("utf-8", "surrogatepass"), tree]
        folder = tmp_path_factory.mktemp(kind)
        read = KINDS[kind].make(folder, Gentle(3))
        (folder / "out").mkdir(exist_ok=True)
        ending = watch(read, folder / "out")
        shutil.rmtree(folder)
        assert ending.how != "crash", ending.said

    each()
