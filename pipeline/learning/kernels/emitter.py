"""The few operations, on vectors of 16 numbers, of which the loops of sampling are made, as LLVM IR.

Vectors are stated outright instead of hoping that a compiler finds them; LLVM turns them into whatever the machine has.
This module knows no loops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import llvmlite.binding  # type: ignore[import-untyped]
import numba.core.cgutils
import numba.core.config
import numba.extending
from llvmlite import ir
from numba import types

cgutils: Any = numba.core.cgutils

Value = Any
"""A value in LLVM IR, untyped as llvmlite is."""

LANES: Final = 16

I8: Final[Any] = ir.IntType(8)
I16: Final[Any] = ir.IntType(16)
I32: Final[Any] = ir.IntType(32)
I64: Final[Any] = ir.IntType(64)
F32: Final[Any] = ir.FloatType()
VECTOR: Final[Any] = ir.VectorType(F32, LANES)
INTEGERS: Final[Any] = ir.VectorType(I32, LANES)


def has_wide_registers() -> bool:
    """Whether the processor for which numba compiles has registers of 512 bits, 32 of them (AVX-512)."""
    chosen: str | None = getattr(numba.core.config, "CPU_FEATURES", None)
    if chosen is not None:
        return "+avx512f" in chosen
    return bool(llvmlite.binding.get_host_cpu_features().get("avx512f", False))


def intrinsic(function: Callable[..., tuple[Any, Callable[..., Value]]]) -> Any:
    """Make a numba intrinsic of a function that writes LLVM IR."""
    return numba.extending.intrinsic(function)


def arrays_of(context: Any, builder: Any, signature: Any, arguments: Any) -> list[Any]:
    """All arguments that are arrays, with their `data` and `shape`."""
    pairs = zip(signature.args, arguments, strict=True)
    return [context.make_array(kind)(context, builder, value) for kind, value in pairs if isinstance(kind, types.Array)]


def size_of(builder: Any, array: Any, axis: int) -> Value:
    """Return the length of an array along an axis."""
    return cgutils.unpack_tuple(builder, array.shape)[axis]


class Emitter:
    """Writes the few operations that the loops below are made of."""

    def __init__(self, builder: Any) -> None:
        self.b = builder

    def constant(self, number: float) -> Value:
        """Sixteen times the same number."""
        return ir.Constant(VECTOR, [number] * LANES)

    def integers(self, number: int) -> Value:
        """Sixteen times the same whole number."""
        return ir.Constant(INTEGERS, [number] * LANES)

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        """Return x y + z, rounded once."""
        kind = ir.FunctionType(VECTOR, [VECTOR, VECTOR, VECTOR])
        return self.b.call(cgutils.get_or_insert_function(self.b.module, kind, "llvm.fma.v16f32"), [x, y, z])

    def prefetch(self, pointer: Value) -> None:
        """Prefetch memory that will be read soon."""
        kind = ir.FunctionType(ir.VoidType(), [I8.as_pointer(), I32, I32, I32])
        function = cgutils.get_or_insert_function(self.b.module, kind, "llvm.prefetch.p0")
        self.b.call(function, [self.b.bitcast(pointer, I8.as_pointer()), I32(0), I32(3), I32(1)])

    def vector_at(self, base: Value, index: Value, element: Any = F32) -> Value:
        """Where sixteen elements lie."""
        return self.b.bitcast(self.b.gep(base, [index]), ir.VectorType(element, LANES).as_pointer())

    def load(self, base: Value, index: Value) -> Value:
        """Sixteen float32."""
        return self.b.load(self.vector_at(base, index), align=4)

    def store(self, value: Value, base: Value, index: Value) -> None:
        """Keep sixteen float32."""
        self.b.store(value, self.vector_at(base, index), align=4)

    def broadcast(self, scalar: Value) -> Value:
        """Sixteen times the same value."""
        nothing = ir.Constant(VECTOR, ir.Undefined)
        first = self.b.insert_element(nothing, scalar, I32(0))
        return self.b.shuffle_vector(first, nothing, self.integers(0))

    def smaller(self, x: Value, y: Value) -> Value:
        """Return the smaller of x and y; y where x is no number."""
        return self.b.select(self.b.fcmp_ordered("<", x, y), x, y)

    def larger(self, x: Value, y: Value) -> Value:
        """Return the larger of x and y; y where x is no number."""
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
        power = self.b.shl(self.b.bitcast(shifted, INTEGERS), self.integers(23))
        return self.b.bitcast(self.b.add(self.b.bitcast(series, INTEGERS), power), VECTOR)

    def to_float(self, integers: Value) -> Value:
        """Sixteen whole numbers as float32."""
        return self.b.sitofp(integers, VECTOR)

    def pair_sums(self, x: Value, y: Value) -> Value:
        """x[2 i] * y[2 i] + x[2 i + 1] * y[2 i + 1] for 32 whole numbers of 16 bits each, as 16 of 32 bits.

        LLVM emits one instruction for this where the machine has it (pmaddwd, or vpdpwssd with the sum that follows).
        """
        wide = ir.VectorType(I32, 2 * LANES)
        products = self.b.mul(self.b.sext(x, wide), self.b.sext(y, wide))
        nothing = ir.Constant(wide, ir.Undefined)
        even, odd = (
            self.b.shuffle_vector(products, nothing, ir.Constant(INTEGERS, list(range(first, 2 * LANES, 2))))
            for first in range(2)
        )
        return self.b.add(even, odd)

    def largest_lane(self, vector: Value) -> Value:
        """Return the largest of a vector's sixteen numbers."""
        top = self.b.extract_element(vector, I32(0))
        for lane in range(1, LANES):
            top = self.larger(self.b.extract_element(vector, I32(lane)), top)
        return top
