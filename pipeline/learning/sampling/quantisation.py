"""Weights in fewer bits: every row of a matrix is whole numbers times a scale of its own.

This module knows which of a network's matrices the compiled sampler holds so. It needs neither the compiler nor torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipeline.learning.models.network import LstmSettings, NetworkSettings, TieredSettings
from pipeline.learning.sampling.settings import WeightDtype

Floats = npt.NDArray[np.float32]

DTYPES: Final[dict[str, Any]] = {"float32": np.float32, "int16": np.int16, "int8": np.int8}
_LARGEST: Final = {"int16": 32767.0, "int8": 127.0}


def quantise(matrix: Floats, weight_dtype: WeightDtype) -> tuple[npt.NDArray[Any], Floats]:
    """Hold a matrix in fewer bits.

    Parameters
    ----------
    matrix
        float32, shape = (rows, columns).

    Returns
    -------
    tuple
        The numbers, shape = (rows, columns), and float32 scales, shape = (rows,).
    """
    if weight_dtype == "float32":
        return matrix, np.ones(matrix.shape[0], np.float32)
    largest = np.abs(matrix).max(axis=1, initial=0.0).astype(np.float64)
    scales = np.where(largest > 0.0, largest / _LARGEST[weight_dtype], 1.0)
    return np.rint(matrix / scales[:, None]).astype(DTYPES[weight_dtype]), scales.astype(np.float32)


def rounded_weights(
    network: NetworkSettings, weights: Mapping[str, Floats], weight_dtype: WeightDtype
) -> dict[str, Floats]:
    """Round the weights as the compiled sampler holds them, for a sampler that computes in float32.

    Parameters
    ----------
    weights
        Tensors by the names of `network.py`, float32.

    Returns
    -------
    dict[str, Floats]
        The same names and shapes. What the compiled sampler keeps as tables in float32 is left as it is.
    """
    rounded = dict(weights)
    first_is_table = isinstance(network, LstmSettings)
    for layer in range(network.layers):
        names = [f"lstm.weight_ih_l{layer}", f"lstm.weight_hh_l{layer}"][first_is_table and layer == 0 :]
        together = _rounded(np.hstack([weights[name] for name in names]), weight_dtype)
        ends = np.cumsum([weights[name].shape[1] for name in names])[:-1]
        rounded |= dict(zip(names, np.hsplit(together, ends), strict=True))
    others = ["output.weight"]
    if isinstance(network, TieredSettings):
        others += ["condition.weight", *(f"fast.{layer}.weight" for layer in range(network.fast_layers))]
    return rounded | {name: _rounded(weights[name], weight_dtype) for name in others}


def _rounded(matrix: Floats, weight_dtype: WeightDtype) -> Floats:
    numbers, scales = quantise(matrix, weight_dtype)
    return np.asarray(numbers * scales[:, None], np.float32)
