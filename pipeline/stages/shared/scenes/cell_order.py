"""In which order an LSTM's cells are shown: those that move together lie together.

Cells are joined into a tree by how alike they move (average linkage of 1 - correlation), and the tree's leaves are
turned so that neighbours are as alike as possible (Bar-Joseph et al., "Fast optimal leaf ordering for hierarchical
clustering", Bioinformatics 17, 2001). Pure arithmetic; it knows no files.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_MOST_WINDOWS: Final = 1000
"""Evenly spaced ones stand for all of a long take."""
_MOST_LEAVES: Final = 128
"""The turning of leaves takes time with their cube: of more cells, clusters are turned."""


def some_windows(rows: NDArray[np.int8]) -> NDArray[np.float32]:
    """Evenly spaced rows, at most a thousand, as float32."""
    every = max(1, -(-len(rows) // _MOST_WINDOWS))
    return np.asarray(rows[::every], dtype=np.float32)


def cell_order(rows: NDArray[np.int8]) -> NDArray[np.int64]:
    """Order cells by what they do in a take, shape = (windows, cells).

    Returns
    -------
    NDArray[np.int64]
        A permutation of the cells; the same rows give the same one.
    """
    from scipy.cluster.hierarchy import (  # noqa: PLC0415 - takes long to load, and few films show cells
        fcluster,
        leaves_list,
        linkage,
        optimal_leaf_ordering,
    )

    moves = some_windows(rows)
    count = moves.shape[1]
    if len(moves) < 2 or count < 3:  # noqa: PLR2004 - nothing to compare, or to order
        return np.arange(count)
    distances = _distances(moves)
    tree = linkage(distances, "average")
    if count <= _MOST_LEAVES:
        return leaves_list(optimal_leaf_ordering(tree, distances)).astype(np.int64)
    clusters = fcluster(tree, _MOST_LEAVES, "maxclust")
    names = np.unique(clusters)
    if len(names) < 3:  # noqa: PLR2004
        return leaves_list(tree).astype(np.int64)
    means = np.stack([_standardised(moves)[:, clusters == name].mean(axis=1) for name in names], axis=1)
    apart = _distances(means)
    turned = leaves_list(optimal_leaf_ordering(linkage(apart, "average"), apart))
    leaves = leaves_list(tree)
    return np.concatenate([leaves[clusters[leaves] == names[place]] for place in turned]).astype(np.int64)


def _standardised(moves: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each cell around 0 with a spread of 1; cells that stand still stay at 0."""
    middle = moves - moves.mean(axis=0)
    spread = middle.std(axis=0)
    return np.asarray(middle / np.where(spread > 0, spread, 1), dtype=np.float32)


def _distances(moves: NDArray[np.float32]) -> NDArray[np.float64]:
    """1 - correlation of all pairs, as scipy's condensed vector."""
    from scipy.spatial.distance import squareform  # noqa: PLC0415 - as above

    unit = _standardised(moves).astype(np.float64)
    apart = np.clip(1 - unit.T @ unit / len(unit), 0, 2)
    apart = np.round((apart + apart.T) / 2, 6)  # so that the last bits of a library's product decide nothing
    np.fill_diagonal(apart, 0)
    return np.asarray(squareform(apart, checks=False))
