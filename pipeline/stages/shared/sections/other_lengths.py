"""Trainings that differ in their length alone: the longer goes on from the shorter, or holds it whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.learning.recipes.recipe import TrainingSettings
from pipeline.learning.training.run import INGREDIENTS_FILE
from pipeline.store.store import Piece, Store, canonical_json


def trainings_of_other_lengths(piece: Piece, training: TrainingSettings, folder: Path, store: Store) -> Iterator[Path]:
    """Folders of trainings, finished or in flight, that are like this one in all but their length.

    Parameters
    ----------
    folder
        Of this training itself.
    """
    from pipeline.learning.training.continuation import LENGTH_SETTINGS  # noqa: PLC0415 - brings torch along

    def alike(ingredients: Mapping[str, Any]) -> object:
        own = {name: value for name, value in ingredients["training"].items() if name not in LENGTH_SETTINGS}
        return ingredients["network"], ingredients["corpus"], own

    if training.schedule == "cosine":
        return
    wanted = alike(json.loads(canonical_json(piece.ingredients)))
    for other, ingredients in store.all_results(piece.stage, INGREDIENTS_FILE):
        with suppress(KeyError, AttributeError):
            if other != folder and alike(ingredients) == wanted:
                yield other
