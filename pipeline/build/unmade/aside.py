"""A store that reads what another has and never changes it: what is made for a look goes aside, and is dropped.

It takes no lock, so that one can look while another process builds.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.store.store import Piece, Store


class AsideStore(Store):
    """The results of a store, and beside them what is made for the moment.

    Parameters
    ----------
    base
        Root of the store that is only read.
    aside
        A folder for what is not there yet.
    """

    def __init__(self, base: Path, aside: Path) -> None:
        super().__init__(aside)
        self._base = base

    def folder(self, piece: Piece) -> Path:
        """Where the piece lies in the store that is read, where it is whole there; else its place aside."""
        there = self._base / piece.stage / piece.key
        manifest = self._manifest(there)
        if manifest is not None and manifest.is_of(piece) and not self._damage(there, manifest):
            return there
        return super().folder(piece)
