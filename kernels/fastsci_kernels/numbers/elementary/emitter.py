"""Write LLVM instructions on vectors the way one writes a formula.

An :class:`Emitter` holds the function under construction and the floating-point format of its lanes; what it
hands out (:class:`Reals`, :class:`Integers`, :class:`Mask`) carries Python's operators, each of which appends
one instruction. Python numbers met on the way become constants in every lane.

No instruction carries a fast-math flag. Where a product may or may not be fused with the addition after it, a
formula says `multiply_add`; where it is only right with a single rounding, it says `fma`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from llvmlite import ir


@dataclass(frozen=True)
class Format:
    """An IEEE-754 binary interchange format."""

    bits: int
    mantissa_bits: int
    bias: int
    smallest_normal: float

    @property
    def one_bits(self) -> int:
        """The encoding of 1.0."""
        return self.bias << self.mantissa_bits

    @property
    def sign_mask(self) -> int:
        return 1 << (self.bits - 1)

    @property
    def mantissa_mask(self) -> int:
        return (1 << self.mantissa_bits) - 1

    @property
    def integer_magnet(self) -> float:
        """A large number: adding it to a small one rounds that to an integer, left in the lowest bits."""
        return 1.5 * 2.0**self.mantissa_bits

    def encode(self, number: float) -> int:
        """The bits of `number`, rounded to this format."""
        if self.bits == 64:
            return int.from_bytes(struct.pack("<d", number), "little")
        return int.from_bytes(struct.pack("<f", number), "little")


FORMATS = {
    64: Format(bits=64, mantissa_bits=52, bias=1023, smallest_normal=2.0**-1022),
    32: Format(bits=32, mantissa_bits=23, bias=127, smallest_normal=2.0**-126),
}


class Value:
    """A vector in the function under construction."""

    __slots__ = ("emitter", "ir_value")

    def __init__(self, emitter: Emitter, ir_value: ir.Value) -> None:
        self.emitter = emitter
        self.ir_value = ir_value


class Reals(Value):
    """A vector of floating-point numbers."""

    __slots__ = ()

    def _binary(self, instruction: str, left: Reals | float, right: Reals | float) -> Reals:
        emit = getattr(self.emitter.builder, instruction)
        return Reals(self.emitter, emit(self.emitter.reals(left).ir_value, self.emitter.reals(right).ir_value))

    def _compare(self, operator: str, other: Reals | float) -> Mask:
        # Ordered comparisons: false as soon as one side is a NaN, as in C.
        other = self.emitter.reals(other)
        return Mask(self.emitter, self.emitter.builder.fcmp_ordered(operator, self.ir_value, other.ir_value))

    def __add__(self, other: Reals | float) -> Reals:
        return self._binary("fadd", self, other)

    def __radd__(self, other: float) -> Reals:
        return self._binary("fadd", other, self)

    def __sub__(self, other: Reals | float) -> Reals:
        return self._binary("fsub", self, other)

    def __rsub__(self, other: float) -> Reals:
        return self._binary("fsub", other, self)

    def __mul__(self, other: Reals | float) -> Reals:
        return self._binary("fmul", self, other)

    def __rmul__(self, other: float) -> Reals:
        return self._binary("fmul", other, self)

    def __truediv__(self, other: Reals | float) -> Reals:
        return self._binary("fdiv", self, other)

    def __rtruediv__(self, other: float) -> Reals:
        return self._binary("fdiv", other, self)

    def __neg__(self) -> Reals:
        return Reals(self.emitter, self.emitter.builder.fneg(self.ir_value))

    def __abs__(self) -> Reals:
        return self.emitter.intrinsic("fabs", self)

    def __lt__(self, other: Reals | float) -> Mask:
        return self._compare("<", other)

    def __le__(self, other: Reals | float) -> Mask:
        return self._compare("<=", other)

    def __gt__(self, other: Reals | float) -> Mask:
        return self._compare(">", other)

    def __ge__(self, other: Reals | float) -> Mask:
        return self._compare(">=", other)

    def equals(self, other: Reals | float) -> Mask:
        """Lanes equal to `other`; a NaN equals nothing."""
        return self._compare("==", other)

    @property
    def bits(self) -> Integers:
        """The encodings of the numbers."""
        return Integers(self.emitter, self.emitter.builder.bitcast(self.ir_value, self.emitter.integer_type))


class Integers(Value):
    """A vector of integers as wide as the floating-point numbers; arithmetic wraps around."""

    __slots__ = ()

    def _binary(self, instruction: str, left: Integers | int, right: Integers | int) -> Integers:
        emit = getattr(self.emitter.builder, instruction)
        return Integers(self.emitter, emit(self.emitter.integers(left).ir_value, self.emitter.integers(right).ir_value))

    def __add__(self, other: Integers | int) -> Integers:
        return self._binary("add", self, other)

    def __sub__(self, other: Integers | int) -> Integers:
        return self._binary("sub", self, other)

    def __rsub__(self, other: int) -> Integers:
        return self._binary("sub", other, self)

    def __and__(self, other: Integers | int) -> Integers:
        return self._binary("and_", self, other)

    def __or__(self, other: Integers | int) -> Integers:
        return self._binary("or_", self, other)

    def __xor__(self, other: Integers | int) -> Integers:
        return self._binary("xor", self, other)

    def __lshift__(self, count: int) -> Integers:
        return self._binary("shl", self, count)

    def __rshift__(self, count: int) -> Integers:
        """Shift to the right; zeros come in."""
        return self._binary("lshr", self, count)

    def equals(self, other: Integers | int) -> Mask:
        other = self.emitter.integers(other)
        return Mask(self.emitter, self.emitter.builder.icmp_signed("==", self.ir_value, other.ir_value))

    @property
    def as_reals(self) -> Reals:
        """The numbers these integers encode."""
        return Reals(self.emitter, self.emitter.builder.bitcast(self.ir_value, self.emitter.real_type))


class Mask(Value):
    """A truth value for each lane."""

    __slots__ = ()

    def __and__(self, other: Mask) -> Mask:
        return Mask(self.emitter, self.emitter.builder.and_(self.ir_value, other.ir_value))

    def __or__(self, other: Mask) -> Mask:
        return Mask(self.emitter, self.emitter.builder.or_(self.ir_value, other.ir_value))

    def __xor__(self, other: Mask) -> Mask:
        return Mask(self.emitter, self.emitter.builder.xor(self.ir_value, other.ir_value))

    def __invert__(self) -> Mask:
        every = ir.Constant(self.ir_value.type, [1] * self.emitter.width)
        return Mask(self.emitter, self.emitter.builder.xor(self.ir_value, every))


class Emitter:
    """The function under construction, on vectors of `width` floating-point numbers of `bits` bits."""

    def __init__(self, builder: ir.IRBuilder, bits: int, width: int) -> None:
        self.builder = builder
        self.bits = bits
        self.width = width
        self.format = FORMATS[bits]
        self.scalar_integer_type = ir.IntType(bits)
        self.real_type = self.vector_type(bits, width)
        self.scalar_real_type = self.real_type.element
        self.integer_type = ir.VectorType(self.scalar_integer_type, width)

    @staticmethod
    def vector_type(bits: int, width: int) -> ir.VectorType:
        """The type of `width` floating-point numbers of `bits` bits."""
        return ir.VectorType(ir.DoubleType() if bits == 64 else ir.FloatType(), width)

    def reals(self, number: Reals | float) -> Reals:
        """`number` in every lane; a vector stays as it is."""
        if isinstance(number, Reals):
            return number
        return Reals(self, ir.Constant(self.real_type, [float(number)] * self.width))

    def integers(self, number: Integers | int) -> Integers:
        """`number` in every lane; a vector stays as it is."""
        if isinstance(number, Integers):
            return number
        return Integers(self, ir.Constant(self.integer_type, [int(number)] * self.width))

    def intrinsic(self, name: str, *arguments: Reals | float) -> Reals:
        """Call LLVM's own `name`, an operation on reals that gives a real."""
        values = [self.reals(argument).ir_value for argument in arguments]
        symbol = f"llvm.{name}.v{self.width}f{self.bits}"
        function = self.builder.module.globals.get(symbol)
        if function is None:
            kind = ir.FunctionType(self.real_type, [self.real_type] * len(values))
            function = ir.Function(self.builder.module, kind, name=symbol)
        return Reals(self, self.builder.call(function, values))

    def fma(self, factor: Reals | float, other_factor: Reals | float, term: Reals | float) -> Reals:
        """factor * other_factor + term with one rounding, on any machine."""
        return self.intrinsic("fma", factor, other_factor, term)

    def multiply_add(self, factor: Reals | float, other_factor: Reals | float, term: Reals | float) -> Reals:
        """factor * other_factor + term, with one rounding where the machine does that in one instruction."""
        return self.intrinsic("fmuladd", factor, other_factor, term)

    def select(self, mask: Mask, chosen: Reals | float, otherwise: Reals | float) -> Reals:
        """`chosen` in the lanes where `mask` holds, `otherwise` in the others."""
        chosen, otherwise = self.reals(chosen), self.reals(otherwise)
        return Reals(self, self.builder.select(mask.ir_value, chosen.ir_value, otherwise.ir_value))

    def at_most(self, x: Reals, bound: float) -> Reals:
        """The smaller of `x` and `bound`; a NaN stays a NaN."""
        return self.select(x > bound, bound, x)

    def at_least(self, x: Reals, bound: float) -> Reals:
        """The greater of `x` and `bound`; a NaN stays a NaN."""
        return self.select(x < bound, bound, x)

    def copy_sign(self, magnitude: Reals, sign: Reals) -> Reals:
        """`magnitude` with the sign of `sign`."""
        return self.intrinsic("copysign", magnitude, sign)

    def flip_sign(self, x: Reals, sign: Integers) -> Reals:
        """`x` with its sign changed where `sign` has its highest bit set; all its other bits must be zero."""
        return (x.bits ^ sign).as_reals

    def polynomial(self, x: Reals, coefficients: Sequence[float]) -> Reals:
        """The polynomial with `coefficients`, constant term first: even and odd terms, each by Horner's rule.

        Two chains of dependent multiplications of half the length, for one multiplication more. (Estrin's
        scheme has shorter chains still, but the powers it needs are multiplications too, and those limit.)
        """
        square = x * x
        even = self._horner(square, coefficients[0::2])
        return self.multiply_add(x, self._horner(square, coefficients[1::2]), even)

    def _horner(self, x: Reals, coefficients: Sequence[float]) -> Reals:
        *others, highest = coefficients
        total = self.reals(highest)
        for coefficient in reversed(others):
            total = self.multiply_add(total, x, coefficient)
        return total
