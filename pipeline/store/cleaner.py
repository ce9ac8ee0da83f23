"""Making room: which stored results may go, and removing them.

Only the folders that the store has made are ever touched: recordings, films, what lies beside them, and whatever a link
in the store leads to, stay.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.store.files import remove_tree
from pipeline.store.inventory import StoredResult, inventory
from pipeline.store.store import Store

_DAY_S = 86400.0


@dataclass(frozen=True)
class CleaningRules:
    """What may go.

    Parameters
    ----------
    everything
        Results in use too; otherwise only those that newer ones have replaced.
    older_than_days
        Only what was last changed so long ago.
    keep_checkpoints
        Never what training made, finished or not.
    """

    everything: bool = False
    older_than_days: float = 0.0
    keep_checkpoints: bool = False


def choose_results(store: Store, rules: CleaningRules) -> list[StoredResult]:
    """List what the rules let go, largest first."""
    youngest = time.time() - rules.older_than_days * _DAY_S if rules.older_than_days else math.inf
    chosen = [
        result
        for result in inventory(store)
        if (rules.everything or not result.in_use)
        and result.changed_s <= youngest
        and not (rules.keep_checkpoints and result.stage == "train")
    ]
    return sorted(chosen, key=lambda result: -result.size_bytes)


def remove_results(results: Sequence[StoredResult]) -> int:
    """Remove results and return the bytes freed."""
    for result in results:
        remove_tree(Path(result.folder))
    return sum(result.size_bytes for result in results)
