"""The small loops of sampling, as LLVM IR: LSTM cells, exponentials, the largest of many.

Operations run in one fixed order without fast-math, so that the width of a machine's registers changes no bit
of the result. This module knows numbers, not networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import types

from pipeline.learning.kernels.cache import compiled
from pipeline.learning.kernels.emitter import I32, I64, LANES, Emitter, Value, arrays_of, cgutils, intrinsic, size_of

GATES: Final = 4
BLOCK: Final = GATES * LANES
"""Gates lie in blocks: 16 neurons' i, then f, g and o."""


@intrinsic
def step_cells(_context: Any, gates: Any, cells: Any, hidden: Any, place: Any) -> tuple[Any, Callable[..., Value]]:
    """One time step of an LSTM layer's cells: c = sigmoid(f) c + sigmoid(i) tanh(g); h = sigmoid(o) tanh(c).

    Parameters
    ----------
    gates
        float32, shape = (at least 4 * neurons,), 16 neurons' i, f, g, o after another.
    cells, hidden
        float32, one-dimensional, changed in place.
    place
        (where the layer begins in `cells` and `hidden`, its neurons: a multiple of 16).
    """
    signature = types.void(gates, cells, hidden, place)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Value:
        z, c, h = (array.data for array in arrays_of(context, builder, sig, args))
        begin, neurons = (builder.extract_value(args[3], index) for index in range(2))
        e = Emitter(builder)
        one, limit = e.constant(1.0), 40.0
        with cgutils.for_range(builder, builder.sdiv(neurons, I64(LANES))) as loop:
            here = builder.add(begin, builder.mul(loop.index, I64(LANES)))
            at = [builder.add(builder.mul(loop.index, I64(BLOCK)), I64(gate * LANES)) for gate in range(GATES)]
            i, f, g, o = (e.load(z, index) for index in at)
            ei, ef, eo = (e.exp(builder.fneg(gate), limit) for gate in (i, f, o))
            eg = e.exp(builder.fmul(g, e.constant(-2.0)), limit)
            # sigmoid(i) * tanh(g) as one fraction: divisions are slow
            bottom = builder.fmul(builder.fadd(one, ei), builder.fadd(one, eg))
            new = builder.fdiv(builder.fsub(one, eg), bottom)
            cell = e.fma(e.load(c, here), builder.fdiv(one, builder.fadd(one, ef)), new)
            ec = e.exp(builder.fmul(cell, e.constant(-2.0)), limit)
            bottom = builder.fmul(builder.fadd(one, eo), builder.fadd(one, ec))
            e.store(cell, c, here)
            e.store(builder.fdiv(builder.fsub(one, ec), bottom), h, here)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def exponentials(_context: Any, values: Any, scaling: Any, results: Any) -> tuple[Any, Callable[..., Value]]:
    """For `scaling` = (shift, factor), both float32: results = exp((values - shift) * factor), at least exp(-80).

    Both arrays are one-dimensional and a multiple of 16 long.
    """
    signature = types.void(values, scaling, results)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Value:
        source, target = arrays_of(context, builder, sig, args)
        length = size_of(builder, source, 0)
        e = Emitter(builder)
        less, times = (e.broadcast(builder.extract_value(args[1], index)) for index in range(2))
        with cgutils.for_range(builder, builder.sdiv(length, I64(LANES))) as loop:
            here = builder.mul(loop.index, I64(LANES))
            scaled = builder.fmul(builder.fsub(e.load(source.data, here), less), times)
            e.store(e.exp(scaled, 80.0), target.data, here)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def largest(_context: Any, values: Any) -> tuple[Any, Callable[..., Value]]:
    """Return the largest of one-dimensional float32 values, a multiple of 16 of them; NaN counts as nothing."""
    signature = types.float32(values)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Value:
        (array,) = arrays_of(context, builder, sig, args)
        length = size_of(builder, array, 0)
        e = Emitter(builder)
        best = cgutils.alloca_once_value(builder, e.constant(-3.4e38))
        with cgutils.for_range(builder, builder.sdiv(length, I64(LANES))) as loop:
            here = builder.mul(loop.index, I64(LANES))
            builder.store(e.larger(e.load(array.data, here), builder.load(best)), best)
        return e.largest_lane(builder.load(best))

    return signature, generate


@intrinsic
def add_up(_context: Any, values: Any) -> tuple[Any, Callable[..., Value]]:
    """Add one-dimensional float32 values, a multiple of 256 of them, as fast as memory gives them."""
    signature = types.float32(values)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Value:
        (array,) = arrays_of(context, builder, sig, args)
        length = size_of(builder, array, 0)
        e = Emitter(builder)
        sums = [cgutils.alloca_once_value(builder, e.constant(0.0)) for _ in range(LANES)]
        with cgutils.for_range(builder, builder.sdiv(length, I64(LANES * LANES))) as loop:
            for index, total in enumerate(sums):
                here = builder.add(builder.mul(loop.index, I64(LANES * LANES)), I64(index * LANES))
                builder.store(builder.fadd(builder.load(total), e.load(array.data, here)), total)
        whole = builder.load(sums[0])
        for total in sums[1:]:
            whole = builder.fadd(whole, builder.load(total))
        return builder.extract_element(whole, I32(0))

    return signature, generate


@compiled
def fold(vectors: npt.NDArray[np.float32], matrix: npt.NDArray[np.float32], results: npt.NDArray[np.float32]) -> None:
    """results[v, r] = sum over c of vectors[v, c] * matrix[c, r], in float64 and in this order, then rounded.

    A library's product would be quicker, and differ in the last bit from machine to machine.
    """
    sums = np.zeros(matrix.shape[1], np.float64)
    for vector in range(vectors.shape[0]):
        sums[:] = 0.0
        for column in range(matrix.shape[0]):
            factor, line = np.float64(vectors[vector, column]), matrix[column]
            for row in range(matrix.shape[1]):
                sums[row] += factor * np.float64(line[row])
        for row in range(matrix.shape[1]):
            results[vector, row] = np.float32(sums[row])
