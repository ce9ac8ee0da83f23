"""Canonical JSON text, of which parts that many values have in common are written once.

The keys of a film's segments are made of what their scene shows as a whole, a thousand takes of it: each would write
the same down again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from hashlib import sha256
from typing import Any, Final


class SharedList(list[Any]):
    """A list that is part of many values; not changed once it was written."""

    @cached_property
    def text(self) -> bytes:
        """Its canonical JSON text."""
        return _whole(self)


class SharedTable(dict[str, Any]):
    """A table that is part of many values; not changed once it was written."""

    @cached_property
    def text(self) -> bytes:
        """Its canonical JSON text."""
        return _whole(self)


def shared(value: Any) -> Any:
    """The same value, remembering its text where it is a list or a table."""
    return SharedTable(value) if isinstance(value, dict) else SharedList(value) if isinstance(value, list) else value


def canonical_text(value: Any) -> str:
    """JSON text that is the same for the same value: sorted keys, no spaces, no NaN."""
    return b"".join(_parts(value)).decode()


def canonical_hash(value: Any) -> str:
    """SHA-256 of that text, of which no copy is made."""
    whole = sha256()
    for part in _parts(value):
        whole.update(part)
    return whole.hexdigest()


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, SharedList | SharedTable):
        yield value.text
    elif not _holds_shared(value):
        yield _whole(value)
    else:
        before = b"{"
        for name in sorted(value):
            yield before + _whole(name) + b":"
            yield from _parts(value[name])
            before = b","
        yield b"}"


def _holds_shared(value: Any) -> bool:
    """Whether a table, or one within it, holds something shared, and has nothing but texts for names."""
    if not isinstance(value, dict) or not all(type(name) is str for name in value):
        return False
    return any(isinstance(one, SharedList | SharedTable) or _holds_shared(one) for one in value.values())


_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _whole(value: Any) -> bytes:
    return _ENCODER.encode(value).encode()
