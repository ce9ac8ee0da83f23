"""The three inner loops of sampling, written in LLVM's own language: products, LSTM cells, exponentials.

Vectors of 16 float32 are stated outright instead of hoping that a compiler finds them; LLVM turns them into whatever
the machine has. Every sum is made in one fixed order with fused multiply-adds, so that the width of a machine's
registers, and the number of streams that advance together, change no bit of the result.

A packed matrix holds its rows (outputs) in tiles of `TILE`; a tile holds, for each column (input) in turn, `TILE`
numbers. A product is then one run through memory, as long as the matrix, in order.

This module knows numbers, not networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numba.core.cgutils
import numba.extending
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types

cgutils: Any = numba.core.cgutils

LANES: Final = 16
TILE: Final = 64
GATES: Final = 4
"""Tiles hold 16 rows of each of the four gates, so that one LSTM cell of 16 neurons reads 64 numbers in a row."""

_VECTORS: Final = TILE // LANES
_GROUPS: Final = (4, 1)
"""So many streams share one run through a tile, the largest group first."""
_AHEAD_BYTES: Final = 2048
"""How far ahead of the product memory is asked for."""

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_F32 = ir.FloatType()
_VECTOR = ir.VectorType(_F32, LANES)
_INT_VECTOR = ir.VectorType(_I32, LANES)

Value = Any
"""A value of LLVM's, untyped as the library is."""


def _intrinsic(function: Callable[..., tuple[Any, Callable[..., Value]]]) -> Any:
    """Make a function of compiled code of one that writes LLVM's language."""
    return numba.extending.intrinsic(function)


class _Emitter:
    """Writes the few operations that the loops below are made of."""

    def __init__(self, builder: Any) -> None:
        self.b = builder

    def constant(self, number: float) -> Value:
        return ir.Constant(_VECTOR, [number] * LANES)

    def integers(self, number: int) -> Value:
        return ir.Constant(_INT_VECTOR, [number] * LANES)

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        kind = ir.FunctionType(_VECTOR, [_VECTOR, _VECTOR, _VECTOR])
        return self.b.call(cgutils.get_or_insert_function(self.b.module, kind, "llvm.fma.v16f32"), [x, y, z])

    def prefetch(self, pointer: Value) -> None:
        kind = ir.FunctionType(ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32])
        function = cgutils.get_or_insert_function(self.b.module, kind, "llvm.prefetch.p0")
        self.b.call(function, [self.b.bitcast(pointer, _I8.as_pointer()), _I32(0), _I32(3), _I32(1)])

    def vector_at(self, base: Value, index: Value, element: Any = _F32) -> Value:
        return self.b.bitcast(self.b.gep(base, [index]), ir.VectorType(element, LANES).as_pointer())

    def load(self, base: Value, index: Value) -> Value:
        return self.b.load(self.vector_at(base, index), align=4)

    def store(self, value: Value, base: Value, index: Value) -> None:
        self.b.store(value, self.vector_at(base, index), align=4)

    def broadcast(self, scalar: Value) -> Value:
        nothing = ir.Constant(_VECTOR, ir.Undefined)
        first = self.b.insert_element(nothing, scalar, _I32(0))
        return self.b.shuffle_vector(first, nothing, self.integers(0))

    def smaller(self, x: Value, y: Value) -> Value:
        return self.b.select(self.b.fcmp_ordered("<", x, y), x, y)

    def larger(self, x: Value, y: Value) -> Value:
        return self.b.select(self.b.fcmp_ordered(">", x, y), x, y)

    def exp(self, x: Value, limit: float) -> Value:
        """exp(x) to 2 units in the last place, for x held within -limit..limit (at most 87). After Cephes' expf."""
        x = self.larger(self.smaller(x, self.constant(limit)), self.constant(-limit))
        magic = self.constant(12582912.0)  # 1.5 * 2**23: adding it rounds to a whole number in the low bits
        shifted = self.fma(x, self.constant(1.4426950408889634), magic)
        whole = self.b.fsub(shifted, magic)
        rest = self.fma(whole, self.constant(-0.693359375), x)
        rest = self.fma(whole, self.constant(2.12194440e-4), rest)
        series = self.constant(1.9875691500e-4)
        for factor in (1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1):
            series = self.fma(series, rest, self.constant(factor))
        series = self.b.fadd(self.fma(series, self.b.fmul(rest, rest), rest), self.constant(1.0))
        power = self.b.shl(self.b.bitcast(shifted, _INT_VECTOR), self.integers(23))
        return self.b.bitcast(self.b.add(self.b.bitcast(series, _INT_VECTOR), power), _VECTOR)

    def weights(self, base: Value, index: Value, element: Any) -> Value:
        """Sixteen weights as float32, whatever they are held as."""
        raw = self.b.load(self.vector_at(base, index, element), align=_bytes_of(element))
        if element == _F32:
            return raw
        return self.b.sitofp(self.b.sext(raw, _INT_VECTOR), _VECTOR)


def _bytes_of(element: Any) -> int:
    return 4 if element == _F32 else int(element.width) // 8


def _pointer(context: Any, builder: Any, kind: Any, argument: Value) -> Value:
    return context.make_array(kind)(context, builder, argument).data


def _emit_columns(e: _Emitter, matrix: Value, element: Any, columns: Value, inputs: list[Value]) -> list[list[Value]]:
    """One tile times one vector for each stream; returns the sums, by stream and vector."""
    b = e.b
    before = b.block
    head, after = b.append_basic_block("column"), b.append_basic_block("columns_done")
    b.branch(head)
    b.position_at_end(head)
    column = b.phi(_I64)
    column.add_incoming(_I64(0), before)
    sums = [[b.phi(_VECTOR) for _ in range(_VECTORS)] for _ in inputs]
    here = b.gep(matrix, [b.mul(column, _I64(TILE))])
    for line in range(0, TILE * _bytes_of(element), 64):
        e.prefetch(b.gep(here, [_I64((_AHEAD_BYTES + line) // _bytes_of(element))]))
    weights = [e.weights(here, _I64(vector * LANES), element) for vector in range(_VECTORS)]
    following = b.add(column, _I64(1))
    for stream, source in enumerate(inputs):
        value = e.broadcast(b.load(b.gep(source, [column])))
        for vector in range(_VECTORS):
            total = sums[stream][vector]
            total.add_incoming(e.constant(0.0), before)
            sums[stream][vector] = e.fma(value, weights[vector], total)
            total.add_incoming(sums[stream][vector], head)
    column.add_incoming(following, head)
    b.cbranch(b.icmp_signed("<", following, columns), head, after)
    b.position_at_end(after)
    return sums


@_intrinsic
def product(  # noqa: PLR0917 - compiled code has no keywords
    _context: Any,
    matrix: Any,
    scales: Any,
    shape: Any,
    inputs: Any,
    inputs_from: Any,
    start: Any,
    start_rows: Any,
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
        (tiles, columns), at least 1 each.
    inputs, start, outputs
        float32, shapes = (streams, any), (any, at least tiles * TILE), (streams, at least tiles * TILE).
    inputs_from
        The first input column that is read.
    start_rows
        int64, shape = (streams,): which row of `start` each stream begins with.
    """
    signature = types.void(matrix, scales, shape, inputs, inputs_from, start, start_rows, outputs)
    element = {types.float32: _F32, types.int16: ir.IntType(16), types.int8: _I8}[matrix.dtype]

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Value:
        arrays = [context.make_array(kind)(context, builder, value) for kind, value in _arrays(sig, args)]
        weights, scale, source, begin, rows, target = arrays
        tiles, columns = (builder.extract_value(args[2], index) for index in range(2))
        width = [cgutils.unpack_tuple(builder, array.shape)[-1] for array in (source, begin, target)]
        streams = cgutils.unpack_tuple(builder, source.shape)[0]
        e = _Emitter(builder)

        def one_group(first_stream: Value, count: int, tile: Value) -> None:
            at = builder.mul(tile, _I64(TILE))
            matrix_at = builder.gep(weights.data, [builder.mul(at, columns)])
            lines = [builder.add(first_stream, _I64(index)) for index in range(count)]
            from_ = [builder.add(builder.mul(line, width[0]), args[4]) for line in lines]
            sums = _emit_columns(e, matrix_at, element, columns, [builder.gep(source.data, [x]) for x in from_])
            for line, vectors in zip(lines, sums, strict=True):
                row = builder.mul(builder.load(builder.gep(rows.data, [line])), width[1])
                for index, total in enumerate(vectors):
                    here = builder.add(at, _I64(index * LANES))
                    first = e.load(begin.data, builder.add(row, here))
                    result = e.fma(total, e.load(scale.data, here), first)
                    e.store(result, target.data, builder.add(builder.mul(line, width[2]), here))

        with cgutils.for_range(builder, tiles) as loop:
            done: Value = _I64(0)
            for count in _GROUPS:
                groups = builder.sdiv(builder.sub(streams, done), _I64(count))
                with cgutils.for_range(builder, groups) as group:
                    one_group(builder.add(done, builder.mul(group.index, _I64(count))), count, loop.index)
                done = builder.add(done, builder.mul(groups, _I64(count)))
        return context.get_dummy_value()

    return signature, generate


def _arrays(signature: Any, arguments: Any) -> list[tuple[Any, Value]]:
    pairs = zip(signature.args, arguments, strict=True)
    return [(kind, value) for kind, value in pairs if isinstance(kind, types.Array)]


@_intrinsic
def move_cells(_context: Any, gates: Any, cells: Any, hidden: Any, place: Any) -> tuple[Any, Callable[..., Value]]:
    """One LSTM layer's cells move: c = sigmoid(f) c + sigmoid(i) tanh(g); h = sigmoid(o) tanh(c).

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
        z, c, h = (context.make_array(kind)(context, builder, value).data for kind, value in _arrays(sig, args))
        begin, neurons = (builder.extract_value(args[3], index) for index in range(2))
        e = _Emitter(builder)
        one, limit = e.constant(1.0), 40.0
        with cgutils.for_range(builder, builder.sdiv(neurons, _I64(LANES))) as loop:
            here = builder.add(begin, builder.mul(loop.index, _I64(LANES)))
            at = [builder.add(builder.mul(loop.index, _I64(TILE)), _I64(gate * LANES)) for gate in range(GATES)]
            i, f, g, o = (e.load(z, index) for index in at)
            ei, ef, eo = (e.exp(builder.fneg(gate), limit) for gate in (i, f, o))
            eg = e.exp(builder.fmul(g, e.constant(-2.0)), limit)
            # sigmoid(i) * tanh(g) as one fraction: divisions are dear
            bottom = builder.fmul(builder.fadd(one, ei), builder.fadd(one, eg))
            new = builder.fdiv(builder.fsub(one, eg), bottom)
            cell = e.fma(e.load(c, here), builder.fdiv(one, builder.fadd(one, ef)), new)
            ec = e.exp(builder.fmul(cell, e.constant(-2.0)), limit)
            bottom = builder.fmul(builder.fadd(one, eo), builder.fadd(one, ec))
            e.store(cell, c, here)
            e.store(builder.fdiv(builder.fsub(one, ec), bottom), h, here)
        return context.get_dummy_value()

    return signature, generate


@_intrinsic
def exponentials(_context: Any, values: Any, scaling: Any, results: Any) -> tuple[Any, Callable[..., Value]]:
    """For `scaling` = (shift, factor), both float32: results = exp((values - shift) * factor), at least exp(-80).

    Both arrays are one-dimensional and a multiple of 16 long.
    """
    signature = types.void(values, scaling, results)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Value:
        source, target = (context.make_array(kind)(context, builder, value) for kind, value in _arrays(sig, args))
        length = cgutils.unpack_tuple(builder, source.shape)[0]
        e = _Emitter(builder)
        less, times = (e.broadcast(builder.extract_value(args[1], index)) for index in range(2))
        with cgutils.for_range(builder, builder.sdiv(length, _I64(LANES))) as loop:
            here = builder.mul(loop.index, _I64(LANES))
            scaled = builder.fmul(builder.fsub(e.load(source.data, here), less), times)
            e.store(e.exp(scaled, 80.0), target.data, here)
        return context.get_dummy_value()

    return signature, generate


@_intrinsic
def largest(_context: Any, values: Any) -> tuple[Any, Callable[..., Value]]:
    """Return the largest of one-dimensional float32 values, a multiple of 16 of them; NaN counts as nothing."""
    signature = types.float32(values)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Value:
        array = context.make_array(sig.args[0])(context, builder, args[0])
        length = cgutils.unpack_tuple(builder, array.shape)[0]
        e = _Emitter(builder)
        best = cgutils.alloca_once_value(builder, e.constant(-3.4e38))
        with cgutils.for_range(builder, builder.sdiv(length, _I64(LANES))) as loop:
            here = builder.mul(loop.index, _I64(LANES))
            builder.store(e.larger(e.load(array.data, here), builder.load(best)), best)
        lanes = builder.load(best)
        top = builder.extract_element(lanes, _I32(0))
        for lane in range(1, LANES):
            top = e.larger(builder.extract_element(lanes, _I32(lane)), top)
        return top

    return signature, generate


@_intrinsic
def add_up(_context: Any, values: Any) -> tuple[Any, Callable[..., Value]]:
    """Add one-dimensional float32 values, a multiple of 256 of them, as fast as memory gives them."""
    signature = types.float32(values)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Value:
        array = context.make_array(sig.args[0])(context, builder, args[0])
        length = cgutils.unpack_tuple(builder, array.shape)[0]
        e = _Emitter(builder)
        sums = [cgutils.alloca_once_value(builder, e.constant(0.0)) for _ in range(LANES)]
        with cgutils.for_range(builder, builder.sdiv(length, _I64(LANES * LANES))) as loop:
            for index, total in enumerate(sums):
                here = builder.add(builder.mul(loop.index, _I64(LANES * LANES)), _I64(index * LANES))
                builder.store(builder.fadd(builder.load(total), e.load(array.data, here)), total)
        whole = builder.load(sums[0])
        for total in sums[1:]:
            whole = builder.fadd(whole, builder.load(total))
        return builder.extract_element(whole, _I32(0))

    return signature, generate
