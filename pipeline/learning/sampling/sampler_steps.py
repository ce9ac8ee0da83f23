"""The compiled loops of sampling: a network makes a time step, a byte is drawn, the next step begins.

This module owns the order of the arithmetic. Several streams of one network advance together; each gets the same bytes
as it would alone. Nothing is allocated for a sample. Random numbers come from outside, one for each sample.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.learning.kernels.cache import compiled, part
from pipeline.learning.kernels.kernels import add_up, exponentials, largest, step_cells
from pipeline.learning.kernels.products import COLUMNS, product
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


@part
def multiply(  # noqa: PLR0917 - compiled code is called by position
    model: Model,
    room: State,
    matrix: int,
    inputs: tuple[Floats, int],
    start: tuple[Floats, Integers],
    outputs: Floats,
) -> None:
    """Multiply with one of the model's matrices, for all streams.

    Parameters
    ----------
    inputs
        (vectors, the first column that is read).
    start
        (rows to which the product is added, which row for each stream).
    """
    at, scales_at, tiles, columns = model.places[matrix]
    weights, scales, (vectors, begin), (first, rows) = model.weights[at:], model.scales[scales_at:], inputs, start
    product(weights, scales, (tiles, columns), vectors, begin, first, rows, room.rounded, room.input_scales, outputs)


@part
def step_layers(model: Model, state: State) -> None:
    """One time step of all LSTM layers."""
    neurons, streams = model.neurons, state.inputs.shape[0]
    for layer in range(model.layers):
        if layer == 0 and model.byte_table.shape[0] > 0:
            for stream in range(streams):
                state.rows[stream] = state.history[stream, -1]
            multiply(model, state, 0, (state.inputs, 0), (model.byte_table, state.rows), state.gates)
        else:
            state.rows[:] = layer
            begin = 0 if layer == 0 else model.lead + (layer - 1) * neurons
            multiply(model, state, layer, (state.inputs, begin), (model.gate_biases, state.rows), state.gates)
        for stream in range(streams):
            cells = state.cells[stream, layer * neurons :]
            hidden = state.inputs[stream, model.lead + layer * neurons :]
            step_cells(state.gates[stream], cells, hidden, (0, neurons))


@part
def predict_lstm(model: Model, state: State) -> None:
    """Logits of the next byte, from the last byte and the state, which is updated."""
    step_layers(model, state)
    state.rows[:] = 0
    last = model.lead + (model.layers - 1) * model.neurons
    multiply(model, state, model.layers, (state.inputs, last), (model.output_bias, state.rows), state.logits)


@part
def step_slow_tier(model: Model, state: State) -> None:
    """One time step of the slow tier: read the last group, and condition the next."""
    width = model.embedding.shape[1]
    oldest = state.history.shape[1] - model.group
    for stream in range(state.inputs.shape[0]):
        for place in range(model.group):
            row = model.embedding[state.history[stream, oldest + place]]
            for column in range(width):
                state.inputs[stream, place * width + column] = row[column]
    step_layers(model, state)
    state.rows[:] = 0
    last = model.lead + (model.layers - 1) * model.neurons
    multiply(model, state, model.layers + 1, (state.inputs, last), (model.condition_bias, state.rows), state.condition)


@part
def look_up_recent(model: Model, state: State) -> None:
    """Add what the last bytes mean to the fast network, from the table."""
    oldest = state.history.shape[1] - model.recent
    for stream in range(state.inputs.shape[0]):
        fast = state.fast[stream]
        for place in range(model.recent):
            row = model.recent_table[place * 256 + state.history[stream, oldest + place]]
            for column in range(model.width):
                fast[column] += row[column]


@part
def multiply_recent(model: Model, state: State) -> None:
    """Add what the last bytes mean to the fast network, as a product."""
    width, oldest = model.embedding.shape[1], state.history.shape[1] - model.recent
    for stream in range(state.inputs.shape[0]):
        state.rows[stream] = stream
        for place in range(model.recent):
            row = model.embedding[state.history[stream, oldest + place]]
            for column in range(width):
                state.recent[stream, place * width + column] = row[column]
    multiply(model, state, model.layers + 2, (state.recent, 0), (state.fast, state.rows), state.fast)


@part
def first_fast_layer(model: Model, state: State) -> None:
    """The fast network's first layer: the slow tier's output, and the last bytes."""
    begin = state.phase[0] * model.width
    for stream in range(state.inputs.shape[0]):
        state.fast[stream, :] = state.condition[stream, begin : begin + model.width]
    if model.recent_table.shape[0] > 0:
        look_up_recent(model, state)
    else:
        multiply_recent(model, state)
    for stream in range(state.inputs.shape[0]):
        fast = state.fast[stream]
        for column in range(model.width):
            fast[column] = max(fast[column], np.float32(0.0))


@part
def predict_tiered(model: Model, state: State) -> None:
    """Logits of the next byte; the slow tier steps where a group begins."""
    if state.phase[0] == 0:
        step_slow_tier(model, state)
    first_fast_layer(model, state)
    for layer in range(model.fast_biases.shape[0]):
        state.rows[:] = layer
        multiply(
            model, state, model.layers + 3 + layer, (state.fast, 0), (model.fast_biases, state.rows), state.fast_sums
        )
        for stream in range(state.inputs.shape[0]):
            fast, more = state.fast[stream], state.fast_sums[stream]
            for column in range(model.width):
                fast[column] += max(more[column], np.float32(0.0))
    state.rows[:] = 0
    multiply(model, state, model.layers, (state.fast, 0), (model.output_bias, state.rows), state.logits)
    state.phase[0] = (state.phase[0] + 1) % model.group


@part
def kth_largest(values: Floats, k: int) -> float:
    """Return the k-th largest of the values, counted from 1, by halving the range of ranks."""
    low, high = values[0], values[0]
    for value in values:
        low, high = min(low, value), max(high, value)
    best = low
    for candidate in values:
        if candidate > best:
            above = 0
            for value in values:
                above += value >= candidate
            if above >= k:
                best = candidate
    return float(best)


@part
def cut(logits: Floats, chances: Floats, top_k: int, min_p: float) -> None:
    """Take away the chances of all but the k likeliest bytes, and of those far less likely than the likeliest."""
    if top_k < logits.shape[0]:
        least = kth_largest(logits, top_k)
        for byte in range(logits.shape[0]):
            if logits[byte] < least:
                chances[byte] = 0.0
    if min_p > 0.0:
        for byte in range(logits.shape[0]):
            if chances[byte] < min_p:
                chances[byte] = 0.0


@part
def draw(chances: Floats, uniform: float) -> int:
    """Draw a byte: the first whose share of the whole, with all shares before it, exceeds the random number."""
    total = 0.0
    for block in range(0, chances.shape[0], 16):
        total += sum_block(chances, block)
    wanted, sum_before, block = uniform * total, 0.0, 0
    while block < chances.shape[0] - 16 and sum_before + sum_block(chances, block) <= wanted:
        sum_before += sum_block(chances, block)
        block += 16
    last = block
    for byte in range(block, block + 16):
        if chances[byte] > 0.0:
            last = byte
        sum_before += chances[byte]
        if sum_before > wanted:
            return byte
    return last


@part
def sum_block(chances: Floats, block: int) -> float:
    """Add up sixteen chances."""
    total = 0.0
    for byte in range(block, block + 16):
        total += chances[byte]
    return total


@compiled
def advance(model: Model, state: State, draws: Draws, codes: Bytes, recorded: Floats) -> None:
    """Feed a block of bytes to all streams, or draw it.

    Parameters
    ----------
    codes
        uint8, shape = (streams, samples): receives the bytes.
    recorded
        float32, shape = (samples, streams, 256): receives the logits; no samples where nobody asks.
    """
    streams, samples = codes.shape
    for sample in range(samples):
        if model.group == 1:
            predict_lstm(model, state)
        else:
            predict_tiered(model, state)
        if recorded.shape[0] > 0:
            recorded[sample] = state.logits
        for stream in range(streams):
            if draws.given.shape[1] > 0:
                byte = int(draws.given[stream, sample])
            else:
                logits, inverse_temperature = (
                    state.logits[stream],
                    np.float32(draws.inverse_temperature[stream, sample]),
                )
                exponentials(logits, (largest(logits), inverse_temperature), state.chances)
                cut(logits, state.chances, draws.top_k, draws.min_p)
                byte = draw(state.chances, draws.uniforms[stream, sample])
            codes[stream, sample] = byte
            history = state.history[stream]
            for place in range(history.shape[0] - 1):
                history[place] = history[place + 1]
            history[-1] = byte


@compiled
def read_all(values: Floats, times: int) -> float:
    """Read float32 values from end to end, again and again: the speed that memory allows. Returns nothing of use."""
    total = 0.0
    for _ in range(times):
        total += add_up(values)
    return total


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
