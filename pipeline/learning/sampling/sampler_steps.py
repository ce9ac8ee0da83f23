"""The compiled loops of sampling: a network makes a time step, a byte is drawn, the next step begins.

This module owns the order of the arithmetic. Several streams of one network advance together; each gets the same bytes
as it would alone. Nothing is allocated for a sample. Random numbers come from outside, one for each sample.
"""

from __future__ import annotations

import numpy as np

from pipeline.learning.kernels.cache import compiled, part
from pipeline.learning.kernels.kernels import add_up, exponentials, largest, step_cells
from pipeline.learning.kernels.products import product
from pipeline.learning.sampling.quantisation import Floats
from pipeline.learning.sampling.sampler_models import Integers, Model
from pipeline.learning.sampling.sampler_state import Bytes, Draws, State
from pipeline.learning.sampling.traces import TraceSums


@part
def copy(values: Floats, target: Floats) -> None:
    """Fill `target` with the first values; an assignment of a whole array takes 5 s to compile, for its error text."""
    for index in range(target.shape[0]):
        target[index] = values[index]


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
        copy(state.condition[stream, begin:], state.fast[stream])
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
def sum_all(chances: Floats) -> float:
    """Add up all chances."""
    total = 0.0
    for block in range(0, chances.shape[0], 16):
        total += sum_block(chances, block)
    return total


@part
def draw(chances: Floats, total: float, uniform: float) -> int:
    """Draw a byte: the first whose share of the total, with all shares before it, exceeds the random number."""
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


@part
def add_scaled(values: Floats, factor: np.float32, sums: Floats) -> None:
    """Add values times a factor to sums, in place."""
    for index in range(sums.shape[0]):
        sums[index] += values[index] * factor


@part
def add_cells(model: Model, state: State, sums: TraceSums, window: int) -> None:
    """Add the cells of all streams to the sums of a window."""
    for stream in range(state.cells.shape[0]):
        for layer in range(model.layers):
            cells = state.cells[stream, layer * model.neurons :]
            add_scaled(cells, np.float32(1.0), sums.cells[window, stream, layer])
    sums.steps[window] += 1


@compiled
def advance(  # noqa: C901, PLR0917 - compiled code is called by position
    model: Model, state: State, draws: Draws, codes: Bytes, recorded: Floats, sums: TraceSums
) -> None:
    """Feed a block of bytes to all streams, or draw it.

    Parameters
    ----------
    codes
        uint8, shape = (streams, samples): receives the bytes.
    recorded
        float32, shape = (samples, streams, 256): receives the logits; no samples where nobody asks.
    sums
        Receives what is added up over the block's windows, the first of which begins with it.
    """
    streams, samples = codes.shape
    for sample in range(samples):
        steps = state.phase[0] == 0
        if model.group == 1:
            predict_lstm(model, state)
        else:
            predict_tiered(model, state)
        if recorded.shape[0] > 0:
            for stream in range(streams):
                copy(state.logits[stream], recorded[sample, stream])
        if steps and sums.cells.shape[0] > 0:
            add_cells(model, state, sums, sample // sums.cells_samples)
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
                total = sum_all(state.chances)
                byte = draw(state.chances, total, draws.uniforms[stream, sample])
                if sums.distribution.shape[0] > 0:
                    window = sample // sums.distribution_samples
                    add_scaled(state.chances, np.float32(1.0 / total), sums.distribution[window, stream])
            codes[stream, sample] = byte
            history = state.history[stream]
            for place in range(history.shape[0] - 1):
                history[place] = history[place + 1]
            history[-1] = byte
        if sums.samples.shape[0] > 0:
            sums.samples[sample // sums.distribution_samples] += 1


@compiled
def read_all(values: Floats, times: int) -> float:
    """Read float32 values from end to end, again and again: the speed that memory allows. Returns nothing of use."""
    total = 0.0
    for _ in range(times):
        total += add_up(values)
    return total
