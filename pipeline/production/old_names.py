"""Settings and values that have been renamed: a production file may still use the old name, with a note of the new one.

The settings themselves accept the old name. This module only knows where it may stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_OLD_NAMES: Final = {("training", "rescues"): "max_rollbacks"}
"""In a section: the table and the old name, and the new name."""

_OLD_CUT_VALUES: Final = {("pick", "telling"): "highlights"}
"""In a cut: the setting and its old value, and the new value."""


def old_name_notes(data: Mapping[str, Any]) -> Iterator[str]:
    """Say which old names a valid production file uses, and what they are called now."""
    for number, section in enumerate(data.get("section", ()), start=1):
        for (table, old), new in _OLD_NAMES.items():
            if old in section.get(table, {}):
                yield f"section {number}, {table}.{old}: this setting is called {new} now; the old name still works"
    for number, cut in enumerate(data.get("cut", ()), start=1):
        for (name, old), new in _OLD_CUT_VALUES.items():
            if cut.get(name) == old:
                yield f'cut {number}, {name}: "{old}" is called "{new}" now; the old word still works'
