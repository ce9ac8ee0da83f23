"""Matrix times vectors, in one run through the matrix, as LLVM IR.

A packed matrix holds its rows (outputs) in tiles of `TILE`. A tile of float32 holds, for each column (input) in turn,
`TILE` numbers. A tile of whole numbers holds, for each pair of columns, `TILE` pairs: the inputs are rounded too, so
that a product is a sum of whole numbers, which machines compute several times faster. The inputs' rounding is far finer
than the weights': 20 bits with int16, 15 bits with int8.

Sums of float32 run in one fixed order with fused multiply-adds; sums of whole numbers are exact. So neither the
width of a machine's registers nor the number of vectors multiplied together changes a bit of the result.

This module knows numbers, not networks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types

from pipeline.learning.kernels.emitter import (
    F32,
    I8,
    I16,
    I32,
    I64,
    INTEGERS,
    LANES,
    VECTOR,
    Emitter,
    Value,
    arrays_of,
    cgutils,
    has_wide_registers,
    intrinsic,
    size_of,
)

_WIDE: Final = has_wide_registers()
TILE: Final = 64 if _WIDE else 32
"""A tile's sums stay in registers: AVX2 has a quarter of the room of AVX-512. No bit of a result depends on it."""
COLUMNS: Final = 16
"""Packed matrices have a multiple of so many columns."""

_VECTORS: Final = TILE // LANES
_AHEAD_BYTES: Final = 2048
"""How far ahead of the product memory is prefetched."""
_LINE_BYTES: Final = 64
_PAIRS_A_TURN: Final = 2
_LOW_BITS: Final = 10
"""Inputs too long for one whole number of 16 bits are two: this many low bits, and the rest."""


@dataclass(frozen=True)
class _Kind:
    """How one kind of weights is multiplied.

    Parameters
    ----------
    groups
        So many vectors share one run through a tile, the largest group first.
    parts
        Whole numbers that stand for one input.
    largest_input
        What the largest input is rounded to.
    pairs
        So many pairs of columns can be summed before 32 bits overflow:
        2 * largest weight * largest part * pairs < 2**31. No pairs are summed where this is 0.
    """

    element: Any
    item_bytes: int
    groups: tuple[int, ...]
    parts: int = 1
    largest_input: float = 0.0
    pairs: int = 0


_KINDS: Final = {
    types.float32: _Kind(F32, 4, (4, 1) if _WIDE else (2, 1)),
    types.int16: _Kind(I16, 2, (2, 1) if _WIDE else (1,), parts=2, largest_input=2.0**19, pairs=64),
    types.int8: _Kind(I8, 1, (4, 1) if _WIDE else (2, 1), largest_input=2.0**14, pairs=512),
}


@dataclass(frozen=True)
class _Operands:
    """The arguments of one product, taken apart."""

    weights: Any
    scales: Any
    inputs: Any
    start: Any
    start_rows: Any
    rounded: Any
    input_scales: Any
    outputs: Any
    tiles: Value
    columns: Value
    inputs_from: Value


@intrinsic
def product(  # noqa: PLR0917 - compiled code has no keywords
    _context: Any,
    matrix: Any,
    scales: Any,
    shape: Any,
    inputs: Any,
    inputs_from: Any,
    start: Any,
    start_rows: Any,
    rounded: Any,
    input_scales: Any,
    outputs: Any,
) -> tuple[Any, Callable[..., Value]]:
    """outputs[s, r] = start[start_rows[s], r] + scales[r] * sum over c of matrix[r, c] * inputs[s, inputs_from + c].

    Parameters
    ----------
    matrix
        Packed, one-dimensional; float32, int16 or int8.
    scales
        float32, shape = (tiles * TILE,).
    shape
        (tiles, columns), at least 1 and `COLUMNS`.
    inputs, start, outputs
        float32, shapes = (streams, any), (any, at least tiles * TILE), (streams, at least tiles * TILE).
    inputs_from
        The first input column that is read.
    start_rows
        int64, shape = (streams,): which row of `start` each stream begins with.
    rounded, input_scales
        Room: int16 and float32, shapes = (streams, at least 2 * columns), (streams,).
    """
    signature = types.void(
        matrix, scales, shape, inputs, inputs_from, start, start_rows, rounded, input_scales, outputs
    )
    kind = _KINDS[matrix.dtype]

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Value:
        builder.function.attributes.add("noinline")  # it is large: one copy, not one for each caller
        numbers = [*(builder.extract_value(args[2], index) for index in range(2)), args[4]]
        o = _Operands(*arrays_of(context, builder, sig, args), *numbers)
        streams = size_of(builder, o.inputs, 0)
        if kind.pairs:
            with cgutils.for_range(builder, streams) as loop:
                _round_inputs(builder, kind, o, loop.index)
        with cgutils.for_range(builder, o.tiles) as loop:
            done: Value = I64(0)
            for count in kind.groups:
                groups = builder.sdiv(builder.sub(streams, done), I64(count))
                with cgutils.for_range(builder, groups) as group:
                    first = builder.add(done, builder.mul(group.index, I64(count)))
                    _one_group(builder, kind, o, [builder.add(first, I64(index)) for index in range(count)], loop.index)
                done = builder.add(done, builder.mul(groups, I64(count)))
        return context.get_dummy_value()

    return signature, generate


def _one_group(builder: Any, kind: _Kind, o: _Operands, lines: list[Value], tile: Value) -> None:
    """One tile times the vectors of some streams, scaled and added to where they start."""
    e = Emitter(builder)
    at = builder.mul(tile, I64(TILE))
    matrix = builder.gep(o.weights.data, [builder.mul(at, o.columns)])
    sums = (_sum_pairs if kind.pairs else _sum_columns)(e, kind, o, matrix, lines)
    for line, vectors in zip(lines, sums, strict=True):
        row = builder.mul(builder.load(builder.gep(o.start_rows.data, [line])), size_of(builder, o.start, 1))
        times = e.broadcast(builder.load(builder.gep(o.input_scales.data, [line]))) if kind.pairs else e.constant(1.0)
        for index, total in enumerate(vectors):
            here = builder.add(at, I64(index * LANES))
            first = e.load(o.start.data, builder.add(row, here))
            result = e.fma(total, builder.fmul(e.load(o.scales.data, here), times), first)
            e.store(result, o.outputs.data, builder.add(builder.mul(line, size_of(builder, o.outputs, 1)), here))


def _prefetch_ahead(e: Emitter, kind: _Kind, here: Value, numbers: int) -> None:
    for line in range(0, numbers * kind.item_bytes, _LINE_BYTES):
        e.prefetch(e.b.gep(here, [I64((_AHEAD_BYTES + line) // kind.item_bytes)]))


def _sum_columns(e: Emitter, kind: _Kind, o: _Operands, matrix: Value, lines: list[Value]) -> list[list[Value]]:
    """Sums of float32, by stream and vector."""
    b = e.b
    width = size_of(b, o.inputs, 1)
    inputs = [b.gep(o.inputs.data, [b.add(b.mul(line, width), o.inputs_from)]) for line in lines]
    before = b.block
    head, after = b.append_basic_block("column"), b.append_basic_block("columns_done")
    b.branch(head)
    b.position_at_end(head)
    column = b.phi(I64)
    column.add_incoming(I64(0), before)
    sums = [[b.phi(VECTOR) for _ in range(_VECTORS)] for _ in inputs]
    here = b.gep(matrix, [b.mul(column, I64(TILE))])
    _prefetch_ahead(e, kind, here, TILE)
    weights = [e.load(here, I64(vector * LANES)) for vector in range(_VECTORS)]
    following = b.add(column, I64(1))
    for stream, source in enumerate(inputs):
        value = e.broadcast(b.load(b.gep(source, [column])))
        for vector in range(_VECTORS):
            total = sums[stream][vector]
            total.add_incoming(e.constant(0.0), before)
            sums[stream][vector] = e.fma(value, weights[vector], total)
            total.add_incoming(sums[stream][vector], head)
    column.add_incoming(following, head)
    b.cbranch(b.icmp_signed("<", following, o.columns), head, after)
    b.position_at_end(after)
    return sums


def _sum_pairs(e: Emitter, kind: _Kind, o: _Operands, matrix: Value, lines: list[Value]) -> list[list[Value]]:
    """Sums of whole numbers, as float32, by stream and vector; the inputs were rounded before."""
    b = e.b
    pairs = b.sdiv(o.columns, I64(2))
    width = size_of(b, o.rounded, 1)
    inputs = [
        [b.gep(o.rounded.data, [b.add(b.mul(line, width), b.mul(o.columns, I64(part)))]) for part in range(kind.parts)]
        for line in lines
    ]
    totals = [[cgutils.alloca_once(b, VECTOR) for _ in range(_VECTORS)] for _ in lines]
    for vectors in totals:
        for total in vectors:
            b.store(e.constant(0.0), total)
    turns = b.sdiv(b.add(pairs, I64(kind.pairs - 1)), I64(kind.pairs))
    with cgutils.for_range(b, turns) as turn:
        first = b.mul(turn.index, I64(kind.pairs))
        end = b.add(first, I64(kind.pairs))
        end = b.select(b.icmp_signed("<", end, pairs), end, pairs)
        sums = _sum_some_pairs(e, kind, matrix, (first, end), inputs)
        for own, vectors in zip(sums, totals, strict=True):
            for vector, total in enumerate(vectors):
                so_far = b.load(total)
                for part in own[:-1]:
                    so_far = e.fma(e.to_float(part[vector]), e.constant(2.0**_LOW_BITS), so_far)
                b.store(b.fadd(so_far, e.to_float(own[-1][vector])), total)
    return [[b.load(total) for total in vectors] for vectors in totals]


def _sum_some_pairs(
    e: Emitter, kind: _Kind, matrix: Value, span: tuple[Value, Value], inputs: list[list[Value]]
) -> list[list[list[Value]]]:
    """Sums of so few whole numbers that none overflows, by stream, part and vector."""
    b = e.b
    before = b.block
    head, after = b.append_basic_block("pair"), b.append_basic_block("pairs_done")
    b.branch(head)
    b.position_at_end(head)
    pair = b.phi(I64)
    pair.add_incoming(span[0], before)
    begun = [[[b.phi(INTEGERS) for _ in range(_VECTORS)] for _ in parts] for parts in inputs]
    sums = [[list(vectors) for vectors in parts] for parts in begun]
    here = b.gep(matrix, [b.mul(pair, I64(2 * TILE))])
    _prefetch_ahead(e, kind, here, _PAIRS_A_TURN * 2 * TILE)
    for turn in range(_PAIRS_A_TURN):
        values = [[_pair_at(e, part, b.add(pair, I64(turn))) for part in parts] for parts in inputs]
        for vector in range(_VECTORS):
            weights = _load_pairs(e, kind, b.gep(here, [I64(2 * (turn * TILE + vector * LANES))]))
            for stream, parts in enumerate(values):
                for part, value in enumerate(parts):
                    sums[stream][part][vector] = b.add(sums[stream][part][vector], e.pair_sums(weights, value))
    for parts, own in zip(begun, sums, strict=True):
        for vectors, results in zip(parts, own, strict=True):
            for phi, result in zip(vectors, results, strict=True):
                phi.add_incoming(e.integers(0), before)
                phi.add_incoming(result, head)
    following = b.add(pair, I64(_PAIRS_A_TURN))
    pair.add_incoming(following, head)
    b.cbranch(b.icmp_signed("<", following, span[1]), head, after)
    b.position_at_end(after)
    return sums


def _load_pairs(e: Emitter, kind: _Kind, pointer: Value) -> Value:
    """Sixteen rows' weights for a pair of columns, as 32 whole numbers of 16 bits."""
    stored = ir.VectorType(kind.element, 2 * LANES)
    loaded = e.b.load(e.b.bitcast(pointer, stored.as_pointer()), align=kind.item_bytes)
    return loaded if kind.element == I16 else e.b.sext(loaded, ir.VectorType(I16, 2 * LANES))


def _pair_at(e: Emitter, inputs: Value, pair: Value) -> Value:
    """The inputs of a pair of columns, sixteen times."""
    both = e.b.load(e.b.gep(e.b.bitcast(inputs, I32.as_pointer()), [pair]), align=2)
    nothing = ir.Constant(INTEGERS, ir.Undefined)
    first = e.b.insert_element(nothing, both, I32(0))
    return e.b.bitcast(e.b.shuffle_vector(first, nothing, e.integers(0)), ir.VectorType(I16, 2 * LANES))


def _round_inputs(builder: Any, kind: _Kind, o: _Operands, stream: Value) -> None:
    """Round a stream's inputs to whole numbers, the largest to `largest_input`, and keep the scale that undoes it."""
    e, b = Emitter(builder), builder
    begin = b.add(b.mul(stream, size_of(b, o.inputs, 1)), o.inputs_from)
    target = b.mul(stream, size_of(b, o.rounded, 1))
    vectors = b.sdiv(o.columns, I64(LANES))
    most = cgutils.alloca_once_value(b, e.constant(1e-30))
    with cgutils.for_range(b, vectors) as loop:
        x = e.load(o.inputs.data, b.add(begin, b.mul(loop.index, I64(LANES))))
        b.store(e.larger(b.fneg(x), e.larger(x, b.load(most))), most)
    largest = e.largest_lane(b.load(most))
    limit = ir.Constant(F32, kind.largest_input)
    b.store(b.fdiv(largest, limit), b.gep(o.input_scales.data, [stream]))
    times = e.broadcast(b.fdiv(limit, largest))
    magic = e.constant(12582912.0)  # 1.5 * 2**23: adding it rounds to a whole number in the low bits
    low = e.integers((1 << _LOW_BITS) // 2)
    with cgutils.for_range(b, vectors) as loop:
        place = b.mul(loop.index, I64(LANES))
        x = b.fmul(e.load(o.inputs.data, b.add(begin, place)), times)
        x = e.larger(e.smaller(x, e.constant(kind.largest_input)), e.constant(-kind.largest_input))
        whole = b.sub(b.bitcast(b.fadd(x, magic), INTEGERS), b.bitcast(magic, INTEGERS))
        parts = [whole]
        if kind.parts > 1:
            high = b.ashr(b.add(whole, low), e.integers(_LOW_BITS))
            parts = [high, b.sub(whole, b.shl(high, e.integers(_LOW_BITS)))]
        for part, value in enumerate(parts):
            here = b.add(b.add(target, place), b.mul(o.columns, I64(part)))
            narrow = b.trunc(value, ir.VectorType(I16, LANES))
            b.store(narrow, e.vector_at(o.rounded.data, here, I16), align=2)
