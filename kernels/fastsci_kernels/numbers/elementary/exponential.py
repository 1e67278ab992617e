"""exp and expm1: x = n ln 2 + r with |r| <= ln(2) / 2, then exp(x) = 2^n exp(r)."""

from __future__ import annotations

from math import e, log2

from fastsci_kernels.numbers.elementary.emitter import Emitter, Integers, Reals

# exp(r) = 1 + r + r^2 Q(r). Minimax on |r| <= ln(2) / 2: the error is relative to exp(r).
EXPONENTIAL = {
    # degree 9, error 2^-56.4
    64: (
        0.5000000000000011,
        0.16666666666666413,
        0.04166666666653016,
        0.008333333333494465,
        0.0013888888943628945,
        0.0001984126950656571,
        2.4801493100070983e-05,
        2.7557586388432955e-06,
        2.763024799015471e-07,
        2.5000056708159454e-08,
    ),
    # degree 4, error 2^-28.0
    32: (
        0.4999999403953552,
        0.1666652113199234,
        0.04166838899254799,
        0.0083687175065279,
        0.0013814602280035615,
    ),
}

# The same Q, but the error is relative to expm1(r), which vanishes with r.
EXPONENTIAL_MINUS_ONE = {
    # degree 10, error 2^-59.9
    64: (
        0.5,
        0.16666666666666677,
        0.04166666666666651,
        0.008333333333321691,
        0.0013888888888962383,
        0.00019841269885966236,
        2.480158717251588e-05,
        2.7557244373810235e-06,
        2.7557402660061107e-07,
        2.5108979033673004e-08,
        2.087532539497715e-09,
    ),
    # degree 5, error 2^-28.8
    32: (
        0.5,
        0.1666666567325592,
        0.041666362434625626,
        0.008333389647305012,
        0.0013940627686679363,
        0.00019845901988446712,
    ),
}

# ln 2 as the nearest number of the format and the remainder.
LOGARITHM_OF_TWO = {
    64: (0.6931471805599453, 2.3190468138462996e-17),
    32: (0.6931471824645996, -1.9046542121259336e-09),
}

# Beyond these exp overflows, or underflows to zero whatever the rounding.
EXPONENTIAL_RANGE = {64: (-746.0, 710.0), 32: (-104.5, 89.0)}

# expm1 is -1 to the last bit below the first; it overflows at the second, whose n the scaling still holds.
EXPONENTIAL_MINUS_ONE_RANGE = {64: (-40.0, 709.9), 32: (-20.0, 88.8)}


def reduce(emitter: Emitter, x: Reals) -> tuple[Integers, Reals]:
    """n and r of x = n ln 2 + r; |x| must be far below the largest integers of the format."""
    magnet = emitter.format.integer_magnet
    ln2, ln2_remainder = LOGARITHM_OF_TWO[emitter.bits]
    attracted = emitter.multiply_add(x, log2(e), magnet)
    n = attracted - magnet
    # The first step is exact, as x and n ln 2 cancel to a multiple of the last bit of ln 2.
    r = emitter.fma(-n, ln2, x)
    r = emitter.fma(-n, ln2_remainder, r)
    return attracted.bits - emitter.format.encode(magnet), r


def power_of_two(emitter: Emitter, n: Integers) -> Reals:
    """2^n, for n within the normal exponents."""
    return ((n + emitter.format.bias) << emitter.format.mantissa_bits).as_reals


def scale(emitter: Emitter, x: Reals, n: Integers) -> Reals:
    """x 2^n, rounded once where that is subnormal, for n down to twice the smallest normal exponent."""
    # Two products, which keep a NaN, whose n is arbitrary; adding to the exponent's bits might not.
    biased_twice = n + 2 * emitter.format.bias
    half = biased_twice >> 1
    shift = emitter.format.mantissa_bits
    return x * (half << shift).as_reals * ((biased_twice - half) << shift).as_reals


def reduced_exponential(emitter: Emitter, r: Reals) -> Reals:
    """exp(r) for |r| <= ln(2) / 2."""
    q = emitter.polynomial(r, EXPONENTIAL[emitter.bits])
    return 1.0 + emitter.multiply_add(r * r, q, r)


def reduced_exponential_minus_one(emitter: Emitter, r: Reals) -> Reals:
    """exp(r) - 1 for |r| <= ln(2) / 2."""
    q = emitter.polynomial(r, EXPONENTIAL_MINUS_ONE[emitter.bits])
    return emitter.multiply_add(r * r, q, r)


def exponential(emitter: Emitter, x: Reals) -> Reals:
    """exp(x)."""
    lowest, highest = EXPONENTIAL_RANGE[emitter.bits]
    n, r = reduce(emitter, emitter.at_least(emitter.at_most(x, highest), lowest))
    return scale(emitter, reduced_exponential(emitter, r), n)


def exponential_minus_one(emitter: Emitter, x: Reals) -> Reals:
    """exp(x) - 1 = 2^n expm1(r) + (2^n - 1)."""
    lowest, highest = EXPONENTIAL_MINUS_ONE_RANGE[emitter.bits]
    n, r = reduce(emitter, emitter.at_least(emitter.at_most(x, highest), lowest))
    # Half of everything, since 2^n itself overflows a little before the result does.
    half_power = power_of_two(emitter, n - 1)
    half_result = emitter.multiply_add(half_power, reduced_exponential_minus_one(emitter, r), half_power - 0.5)
    # The identity for tiny x keeps the sign of zero, and subnormal numbers, which have no exact half.
    return emitter.select(abs(x) < 2.0**-60, x, 2.0 * half_result)
