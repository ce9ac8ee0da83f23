"""What the compiled loops of sampling work on: a network's state, and what decides a block's bytes.

This module owns the shapes. It does not know the order of the arithmetic.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.learning.kernels.products import COLUMNS
from pipeline.learning.sampling.quantisation import Floats
from pipeline.learning.sampling.sampler_models import Integers, Model

Bytes = npt.NDArray[np.uint8]


class State(NamedTuple):
    """A network's state, for each of its streams, and room to work in.

    Parameters
    ----------
    inputs
        float32, shape = (streams, lead + layers * neurons): the embedded group, then each layer's output.
    cells
        float32, shape = (streams, layers * neurons).
    history
        uint8, shape = (streams, places): the last bytes, the latest last.
    condition
        float32, shape = (streams, group * width): the slow tier's output, which conditions the fast one.
    phase
        int64, shape = (1,): which byte of the group comes next.
    gates, fast, fast_sums, recent, logits, chances, rows, rounded, input_scales
        Room to work in.
    """

    inputs: Floats
    cells: Floats
    history: Bytes
    condition: Floats
    phase: Integers
    gates: Floats
    fast: Floats
    fast_sums: Floats
    recent: Floats
    logits: Floats
    chances: Floats
    rows: Integers
    rounded: npt.NDArray[np.int16]
    input_scales: Floats


class Draws(NamedTuple):
    """What decides the bytes of one block, each float64 or uint8 of the shape (streams, samples).

    Parameters
    ----------
    uniforms
        Random numbers from 0 up to 1; no samples where all bytes are given.
    inverse_temperature
        One over the temperature; as long as `uniforms`.
    given
        Bytes that are fed instead of drawn; no samples where all are drawn.
    top_k
        Only so many of the likeliest bytes are drawn (more where several are equally likely); 256 cuts nothing.
    min_p
        Only bytes at least this share as likely as the likeliest are drawn; 0 cuts nothing.
    """

    uniforms: npt.NDArray[np.float64]
    inverse_temperature: npt.NDArray[np.float64]
    given: Bytes
    top_k: int
    min_p: float


def new_state(model: Model, streams: int, silence: int) -> State:
    """The state before the beginning: hidden states and cells zero, a history of silence."""
    outputs = model.lead + model.layers * model.neurons

    def room(width: int, dtype: Any = np.float32) -> npt.NDArray[Any]:
        return np.zeros((streams, width), dtype)

    return State(
        inputs=room(outputs),
        cells=room(model.layers * model.neurons),
        history=np.full((streams, max(model.group, model.recent)), silence, np.uint8),
        condition=room(model.condition_bias.size),
        phase=np.zeros(1, np.int64),
        gates=room(4 * model.neurons),
        fast=room(model.width),
        fast_sums=room(model.width),
        recent=room(-(-model.recent * model.embedding.shape[1] // COLUMNS) * COLUMNS),
        logits=room(256),
        chances=np.zeros(256, np.float32),
        rows=np.zeros(streams, np.int64),
        rounded=room(2 * int(model.places[:, 3].max()), np.int16),
        input_scales=np.zeros(streams, np.float32),
    )
