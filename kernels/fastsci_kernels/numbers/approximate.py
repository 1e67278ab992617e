"""Powers to some ten or some five digits, in two dozen instructions or one: what the choice of a step size needs.

A float is ``2**e * m`` with ``1 <= m < 2``, so ``x**a = 2**(a (e + log2 m))``: both functions of a fraction are
polynomials (least-squares fits at Chebyshev points), both integers go through the exponent's bits.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from .arithmetic import call_intrinsic
from .lanes import Lanes

MANTISSA = {32: 23, 64: 52}
BIAS = {32: 127, 64: 1023}


def _fit(function, degree: int) -> list[float]:
    """Coefficients, lowest first, of a polynomial near ``function`` on the unit interval."""
    points = 0.5 - 0.5 * np.cos((np.arange(64) + 0.5) * np.pi / 64)
    return [float(value) for value in np.polynomial.Polynomial.fit(points, function(points), degree).convert().coef]


# Coefficients of log2(1 + x) and of 2**x.  A controller that shares another's rule shares its steps only while the
# factors agree; where the step is a rule of thumb anyway, five digits are enough.
FINE = _fit(lambda x: np.log2(1 + x), 11), _fit(np.exp2, 7)
ROUGH = _fit(lambda x: np.log2(1 + x), 6), _fit(np.exp2, 4)


class _Words:
    """Emits on the bits of a number, one or many wide."""

    def __init__(self, builder: ir.IRBuilder, number: ir.Type, bits: int) -> None:
        self.builder, self.number, self.bits = builder, number, bits
        width = number.count if isinstance(number, ir.VectorType) else 0
        word = ir.IntType(bits)
        self.word = ir.VectorType(word, width) if width else word
        self.width = width

    def real(self, value: float) -> ir.Constant:
        return ir.Constant(self.number, [value] * self.width if self.width else value)

    def integer(self, value: int) -> ir.Constant:
        return ir.Constant(self.word, [value] * self.width if self.width else value)

    def polynomial(self, coefficients: list[float], x: ir.Value) -> ir.Value:
        """By Estrin's scheme: neighbours first, then their neighbours, so that little waits for what is before it."""
        terms: list[ir.Value] = [self.real(coefficient) for coefficient in coefficients]
        while len(terms) > 1:
            pairs = [
                call_intrinsic(self.builder, "llvm.fmuladd", high, x, low) for low, high in zip(terms[::2], terms[1::2])
            ]
            terms = pairs + terms[2 * len(pairs) :]
            x = self.builder.fmul(x, x)
        return terms[0]


def _emit(
    builder: ir.IRBuilder, bits: int, fits: tuple[list[float], list[float]], x: ir.Value, exponent: ir.Value
) -> ir.Value:
    words = _Words(builder, x.type, bits)
    shift, bias = words.integer(MANTISSA[bits]), BIAS[bits]
    magic = float(2 ** MANTISSA[bits])  # adding it puts a small integer into the lowest bits
    magic_bits = int(np.array(magic, f"f{bits // 8}").view(f"u{bits // 8}"))
    image = builder.bitcast(x, words.word)
    biased = builder.bitcast(builder.or_(builder.lshr(image, shift), words.integer(magic_bits)), words.number)
    whole = builder.fsub(biased, words.real(magic + bias))
    one = int(np.array(1.0, f"f{bits // 8}").view(f"u{bits // 8}"))
    fraction_bits = builder.and_(image, words.integer(2 ** MANTISSA[bits] - 1))
    mantissa = builder.bitcast(builder.or_(fraction_bits, words.integer(one)), words.number)
    fraction = builder.fsub(mantissa, words.real(1.0))
    logarithm = builder.fadd(whole, words.polynomial(fits[0], fraction))
    target = builder.fmul(exponent, logarithm)
    floor = call_intrinsic(builder, "llvm.floor", target)
    rest = words.polynomial(fits[1], builder.fsub(target, floor))
    scale = builder.bitcast(builder.fadd(floor, words.real(magic + bias)), words.word)
    return builder.fmul(rest, builder.bitcast(builder.shl(scale, shift), words.number))


def _power(fits: tuple[list[float], list[float]], x):
    if not isinstance(x, (Lanes, types.Float)):
        return None
    bits = x.bits if isinstance(x, Lanes) else x.bitwidth

    def codegen(context, builder, sig, args):
        return _emit(builder, bits, fits, *args)

    return x(x, x), codegen


@intrinsic
def approximate_power(typingctx, x, exponent):
    """``x**exponent`` of a positive normal number, to a relative error of some 1e-10 (in float32, of 1e-6)."""
    return _power(FINE, x)


@intrinsic
def rough_power(typingctx, x, exponent):
    """``x**exponent`` of a positive normal number, to a relative error of some 1e-5."""
    return _power(ROUGH, x)
