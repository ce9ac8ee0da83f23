"""What series are called in legends: the names of columns, distinguished by their logs.

This module owns those words. It reads no logs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from pipeline.store.endpoints import STANDARD, input_name

_NATS: Final = re.compile(r"(?<![a-z])nats?(?![a-z])", re.IGNORECASE)
_PACKED: Final = ".gz"


def shown_name(name: str, *, in_bits: bool) -> str:
    """A column's name as it is shown: without what can't be, and with the unit that its values have now."""
    name = "".join(character for character in name if character.isprintable())
    return _NATS.sub("bits", name) if in_bits else name


def labelled(labels: Sequence[tuple[str, int, bool]], logs: Sequence[str]) -> list[str]:
    """Put the log's name before labels that several series share.

    Parameters
    ----------
    labels
        Of each series: its label, its log's number counted from 1, and whether a person gave the label.
    logs
        The logs' paths.
    """
    counts = Counter(label for label, _, _ in labels)
    names = log_names(logs)
    full_labels = [
        f"{names[log - 1]}: {label}" if counts[label] > 1 and len(logs) > 1 and not own else label
        for label, log, own in labels
    ]
    counts_of_full = Counter(full_labels)
    seen: Counter[str] = Counter()
    result = []
    for label in full_labels:
        seen[label] += 1
        result.append(f"{label} ({seen[label]})" if counts_of_full[label] > 1 and len(logs) > 1 else label)
    return result


def log_names(logs: Sequence[str]) -> list[str]:
    """Names that tell logs apart: those of the files, else as many of their folders as it takes."""
    paths = [PurePath(path) for path in logs]
    parts = [(*path.parts[:-1], _stem(path)) if str(path) != STANDARD else (input_name(STANDARD),) for path in paths]
    if len({part[-1] for part in parts}) == 1 and len(set(logs)) > 1 and all(len(part) > 1 for part in parts):
        parts = [part[:-1] for part in parts]  # all have the same name: the folders tell
    longest = max(map(len, parts))
    for count in range(1, longest + 1):
        names = ["/".join(part[-count:]) for part in parts]
        if len(set(names)) == len(set(logs)):
            return names
    return ["/".join(part[-1:]) for part in parts]


def _stem(path: PurePath) -> str:
    name = path.name.removesuffix(_PACKED)
    return name.rpartition(".")[0] or name
