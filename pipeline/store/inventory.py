"""What lies in a store, counted and weighed: for a person who needs room, or who has interrupted a build.

This module looks and never touches. Nothing that lies behind a link is looked at, and nothing but what a store made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from pipeline.store.store import PARTIAL, RESULT_NAME, Store


@dataclass(frozen=True)
class StoredResult:
    """What lies in the store, for a person who needs room.

    `in_use` tells whether it is the latest result of its piece, or work that can still be resumed.
    """

    stage: str
    name: str
    folder: Path
    size_bytes: int
    changed_s: float
    in_use: bool


def inventory(store: Store) -> list[StoredResult]:
    """List all results and all resumable work."""
    found: list[StoredResult] = []
    for stage in store.stage_folders():
        latest = {key: name for name, key in _latest_keys(stage).items()}
        for folder in sorted(stage.iterdir()):
            ours = RESULT_NAME.fullmatch(folder.name)
            if ours is None or folder.is_symlink() or not folder.is_dir():
                continue
            resumable = ours[2] is not None
            states = [path.lstat() for path in folder.rglob("*")]
            size = sum(state.st_size for state in states if S_ISREG(state.st_mode))
            changed = max((state.st_mtime for state in states), default=folder.stat().st_mtime)
            name = latest.get(ours[1], "unfinished" if resumable else "replaced")
            found.append(StoredResult(stage.name, name, folder, size, changed, resumable or ours[1] in latest))
    return found


def kept_words(store: Store) -> str:
    """Say in a few words what lies here: how many finished results each stage has, and what can go on."""
    counts: dict[str, list[int]] = {}
    for result in inventory(store):
        is_begun = result.folder.name.endswith(PARTIAL)
        if result.in_use and (result.size_bytes or not is_begun):
            counts.setdefault(result.stage, [0, 0])[is_begun] += 1
    return ", ".join(
        f"{stage} " + " and ".join(filter(None, [f"{finished}" * (finished > 0), f"{begun} begun" * (begun > 0)]))
        for stage, (finished, begun) in counts.items()
    )


def _latest_keys(stage: Path) -> dict[str, str]:
    keys: dict[str, str] = {}
    for path in (stage / "names").glob("*.json"):
        try:
            keys[path.stem.replace("~", "/")] = str(json.loads(path.read_text(encoding="utf-8"))["key"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return keys
