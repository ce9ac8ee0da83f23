"""Which ingredients of a result differ from those of another, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_SHA256_LENGTH: Final = 64


def _flatten(value: object, prefix: str = "") -> dict[str, object]:
    if isinstance(value, Mapping):
        return {k: v for key, inner in value.items() for k, v in _flatten(inner, f"{prefix}{key}.").items()}
    if isinstance(value, list | tuple):
        return {k: v for i, inner in enumerate(value) for k, v in _flatten(inner, f"{prefix}{i + 1}.").items()}
    return {prefix.rstrip("."): value}


def explain_difference(old: Mapping[str, object], new: Mapping[str, object]) -> str:
    """Say in words which ingredients differ, three at most; hashes are named, not shown."""
    before, after = _flatten(old), _flatten(new)
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    words = []
    for name in changed[:3]:
        was, now = before.get(name), after.get(name)
        if any(isinstance(value, str) and len(value) == _SHA256_LENGTH for value in (was, now)):
            words.append(f"{name} changed")
        else:
            words.append(f"{name}: {was} -> {now}")
    if len(changed) > len(words):
        words.append(f"and {len(changed) - len(words)} more")
    return ", ".join(words) or "the program's way of making it changed"
