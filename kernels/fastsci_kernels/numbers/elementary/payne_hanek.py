"""Angles of any size, less a multiple of pi: the product with 1 / (2 pi) in integers, after Payne and Hanek.

x = m 2^e makes m 2^e / (2 pi) turns. Those bits of 1 / (2 pi) that give whole turns are passed over, and those
too small to matter never looked at: 192 of them, wherever e says, make a fraction of a turn to 128 bits. No
double comes nearer to a multiple of pi / 2 than 2^-60.9 (6381956970095103 * 2^797 does), so that at least 64 of
the 128 are left for the result, which is the true remainder rounded to a double (to 0.51 units in the last
place).

M. H. Payne and R. N. Hanek, "Radian reduction for trigonometric functions", ACM SIGNUM Newsletter 18 (1983)
19-24; J.-M. Muller, "Elementary Functions", 3rd edition (2016), on range reduction and its worst cases.
"""

from __future__ import annotations

from itertools import pairwise

from llvmlite import ir

from fastsci_kernels.numbers.elementary.emitter import FORMATS, Emitter, Integers, Mask, Reals
from fastsci_kernels.numbers.elementary.rare_lanes import (
    INDEX,
    for_each_lane,
    from_memory,
    in_memory,
    to_double,
    to_format,
)

# floor(2^1216 / (2 pi)): as many bits as the largest double, the whole window of 192 and the last word ask for.
INVERSE_OF_TURN = int(
    "28be60db9391054a7f09d5f47d4d377036d8a5664f10e4107f9458eaf7aef158"
    "6dc91b8e909374b801924bba827464873f877ac72c4a69cfba208d7d4baed121"
    "3a671c09ad17df904e64758e60d4ce7d272117e2ef7e4a0ec7fe25fff7816603"
    "fbcbc462d6829b47db4d9fb3c9f2c26dd3d18fd9a797fa8b5d49eeb1faf97c5e"
    "cf41ce7de294a4ba9afed7ec47e357421580cc11bf1edaea",
    16,
)
# A word of zeros before it, for angles that begin with less than a turn.
WORDS = [INVERSE_OF_TURN >> shift & (2**64 - 1) for shift in range(1216, -1, -64)]

# floor(2^62 pi)
PI = 0xC90FDAA22168C234

DOUBLE = FORMATS[64]
WORD = ir.IntType(64)
LONG = ir.IntType(128)


def word(value: int) -> ir.Constant:
    return ir.Constant(WORD, value)


def long(value: int) -> ir.Constant:
    return ir.Constant(LONG, value)


def intrinsic(builder: ir.IRBuilder, symbol: str, *arguments: ir.Value) -> ir.Value:
    """Call LLVM's own `symbol`, an operation that gives what its first argument is."""
    function = builder.module.globals.get(symbol)
    if function is None:
        kinds = [argument.type for argument in arguments]
        function = ir.Function(builder.module, ir.FunctionType(kinds[0], kinds), name=symbol)
    return builder.call(function, arguments)


def table(module: ir.Module) -> ir.GlobalVariable:
    """`WORDS`, highest first."""
    symbol = "fastsci_inverse_of_turn"
    existing = module.globals.get(symbol)
    if existing is not None:
        return existing
    kind = ir.ArrayType(WORD, len(WORDS))
    variable = ir.GlobalVariable(module, kind, name=symbol)
    variable.initializer = ir.Constant(kind, WORDS)
    variable.global_constant = True
    # Each module's own: data, unlike code, must lie near the instructions that name it.
    variable.linkage = "private"
    return variable


def fraction_of_turn(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """|x| / (2 pi) less whole turns, times 2^128, for a double x from 2^-11 up."""
    encoding = builder.bitcast(x, WORD)
    exponent = builder.and_(builder.lshr(encoding, word(DOUBLE.mantissa_bits)), word(2 * DOUBLE.bias + 1))
    mantissa = builder.or_(builder.and_(encoding, word(DOUBLE.mantissa_mask)), word(1 << DOUBLE.mantissa_bits))
    # Where the turns end and their fraction begins, counted from the highest of the zeros.
    position = builder.sub(exponent, word(DOUBLE.bias + DOUBLE.mantissa_bits - 64))
    first = builder.lshr(position, word(6))
    shift = builder.and_(position, word(63))
    words = []
    for offset in range(4):
        index = builder.add(first, word(offset))
        words.append(builder.load(builder.gep(table(builder.module), [INDEX(0), index], inbounds=True)))
    factors = [intrinsic(builder, "llvm.fshl.i64", left, right, shift) for left, right in pairwise(words)]

    long_mantissa = builder.zext(mantissa, LONG)
    high, middle, low = (builder.mul(long_mantissa, builder.zext(factor, LONG)) for factor in factors)
    return builder.add(builder.add(builder.shl(high, long(64)), middle), builder.lshr(low, long(64)))


def remainder(builder: ir.IRBuilder, x: ir.Value, *, quarters: int, halvings: int) -> tuple[ir.Value, ir.Value]:
    """r and n of |x| + quarters pi / 2 = n p + r, where p = 2 pi / 2^halvings and |r| <= p / 2.

    x is a double, r the double next to the true remainder, n an integer of 64 bits of which the lowest
    `halvings` count.
    """
    turns = builder.add(fraction_of_turn(builder, x), long(quarters << 126))
    half_a_part = 1 << (127 - halvings)
    n = builder.lshr(builder.add(turns, long(half_a_part)), long(128 - halvings))

    # The rest is a signed fraction of p.
    rest = builder.shl(turns, long(halvings))
    negative = builder.icmp_signed("<", rest, long(0))
    magnitude = builder.select(negative, builder.neg(rest), rest)
    zeros = intrinsic(builder, "llvm.ctlz.i128", magnitude, ir.Constant(ir.IntType(1), 1))
    leading = builder.lshr(builder.shl(magnitude, zeros), long(64))
    # Two bits to spare, so that the conversion is a signed one, which every machine has.
    product = builder.trunc(builder.lshr(builder.mul(leading, long(PI)), long(65)), WORD)
    digits = builder.sitofp(product, ir.DoubleType())
    # r = magnitude p 2^-128 = leading 2^(64 - zeros) pi 2^(-127 - halvings), and product = leading pi 2^-3.
    exponent = builder.sub(word(DOUBLE.bias - 60 - halvings), builder.trunc(zeros, WORD))
    scale = builder.bitcast(builder.shl(exponent, word(DOUBLE.mantissa_bits)), ir.DoubleType())
    r = builder.fmul(digits, scale)
    return builder.select(negative, builder.fneg(r), r), builder.trunc(n, WORD)


def reduce(emitter: Emitter, x: Reals, *, quarters: int, halvings: int, only: Mask) -> tuple[Reals, Integers]:
    """`remainder` of the lanes of `only`; the others are finite or not and mean nothing."""
    builder = emitter.builder
    # One place for x and r: where there is nothing to do, r is x.
    angles = in_memory(emitter, x.ir_value, emitter.scalar_real_type)
    multiples = in_memory(emitter, x.bits.ir_value, emitter.scalar_integer_type)

    def reduce_lane(index: ir.Value) -> None:
        place = builder.gep(angles, [index])
        angle = to_double(builder, builder.load(place))
        r, n = remainder(builder, angle, quarters=quarters, halvings=halvings)
        builder.store(to_format(emitter, r), place)
        n = n if emitter.bits == 64 else builder.trunc(n, emitter.scalar_integer_type)
        builder.store(n, builder.gep(multiples, [index]))

    for_each_lane(emitter, reduce_lane, only=only)
    return (
        Reals(emitter, from_memory(emitter, angles, emitter.real_type)),
        Integers(emitter, from_memory(emitter, multiples, emitter.integer_type)),
    )
