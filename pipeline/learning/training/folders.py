"""Folders of trainings: emptied before a new beginning, tidied at the end. It does not import torch."""

from __future__ import annotations

from pathlib import Path

from pipeline.learning.training.run import INGREDIENTS_FILE, PLAN_FILE
from pipeline.store.files import disk_errors


def clear_folder(folder: Path) -> None:
    """Remove all that a training has left."""
    with disk_errors(folder):
        for path in folder.iterdir():
            path.unlink()


def remove_states(folder: Path) -> None:
    """Remove what only an unfinished training needs."""
    with disk_errors(folder):
        for path in (*folder.glob("*-state.safetensors"), *folder.glob(PLAN_FILE), *folder.glob(INGREDIENTS_FILE)):
            path.unlink()
        for path in folder.glob(".*"):  # what a kill has left of files half-written
            path.unlink()
