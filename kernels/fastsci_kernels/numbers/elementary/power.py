"""pow: x^y = exp(y log |x|), with the logarithm carried as a sum of two numbers, and the sign C asks for."""

from __future__ import annotations

from math import e, inf, log2, nan

from fastsci_kernels.numbers.elementary import exponential, logarithm
from fastsci_kernels.numbers.elementary.emitter import Emitter, Mask, Reals

# artanh(s) = s (1 + z / 3 + z^2 P(z)), z = s^2. Minimax on |s| <= (sqrt(2) - 1) / (sqrt(2) + 1), relative to
# the whole: degree 6, error 2^-66.3.
ARTANH_TAIL = (
    0.20000000000001128,
    0.1428571428504978,
    0.11111111259965015,
    0.09090892183112137,
    0.07693378690981682,
    0.06628408197016429,
    0.06598171285539152,
)
THIRD, THIRD_REMAINDER = 1.0 / 3.0, 1.850371707708594e-17

# For single precision, worked out in doubles. 2 artanh(s) = 2 s + s z L(z): degree 3, error 2^-37.6.
ARTANH_FOR_SINGLE = (0.6666666564502638, 0.40000335295985173, 0.2853730140615201, 0.23582294902119583)
# exp(r) = 1 + r + r^2 Q(r) for |r| <= ln(2) / 2: degree 4, error 2^-28.3.
EXPONENTIAL_FOR_SINGLE = (
    0.5000000095160321,
    0.16666518842130496,
    0.041666205893186654,
    0.008368889173169452,
    0.001395048530232795,
)
LOGARITHM_OF_TWO = 0.6931471805599453


def power(emitter: Emitter, x: Reals, y: Reals) -> Reals:
    """x to the power y."""
    magnitude = power_of_magnitude_single(emitter, x, y) if emitter.bits == 32 else power_of_magnitude(emitter, x, y)
    # Both hold even where the other argument is a NaN.
    magnitude = emitter.select(y.equals(0.0) | abs(x).equals(1.0), 1.0, magnitude)
    return with_sign(emitter, x, y, magnitude)


def with_sign(emitter: Emitter, x: Reals, y: Reals, magnitude: Reals) -> Reals:
    """`magnitude` negated for negative x and odd y, or a NaN for negative finite x and y not an integer."""
    half = 0.5 * y
    integer = emitter.intrinsic("trunc", y).equals(y)
    odd = integer & ~emitter.intrinsic("trunc", half).equals(half)
    sign = x.bits & emitter.format.sign_mask
    signed = emitter.select(odd, emitter.flip_sign(magnitude, sign), magnitude)
    return emitter.select((x < 0.0) & (x > -inf) & ~integer, nan, signed)


def within(x: Reals) -> Mask:
    """Where x is positive and finite."""
    return (x > 0.0) & (x < inf)


def limit_of_logarithm(emitter: Emitter, x: Reals) -> Reals:
    """log(x) where x is 0, inf or NaN."""
    return emitter.select(x.equals(0.0), -inf, x)


def logarithm_in_two_parts(emitter: Emitter, x: Reals) -> tuple[Reals, Reals]:
    """log(x) for x >= 0 as the sum of two doubles, to about 2^-64."""
    k, m = logarithm.split(emitter, x)

    # s = (m - 1) / (m + 1): a first quotient, then what it leaves of the numerator.
    f = m - 1.0
    denominator = m + 1.0
    denominator_remainder = m - (denominator - 1.0)
    reciprocal = 1.0 / denominator
    s = f * reciprocal
    s_remainder = (emitter.fma(-s, denominator, f) - s * denominator_remainder) * reciprocal

    # z / 3 in two parts, then the rest of the series, which is small enough for one.
    z = s * s
    z_remainder = emitter.fma(s, s, -z) + 2.0 * s * s_remainder
    third = z * THIRD
    third_remainder = emitter.fma(z, THIRD, -third) + (z * THIRD_REMAINDER + z_remainder * THIRD)
    tail = z * z * emitter.polynomial(z, ARTANH_TAIL)
    series = third + tail
    series_remainder = ((third - series) + tail) + third_remainder

    # log(m) = 2 s + 2 s (series).
    double_s, double_remainder = 2.0 * s, 2.0 * s_remainder
    product = double_s * series
    product_remainder = emitter.fma(double_s, series, -product) + (
        double_s * series_remainder + double_remainder * series
    )
    log_m = double_s + product
    log_m_remainder = ((double_s - log_m) + product) + (product_remainder + double_remainder)

    ln2, ln2_remainder = logarithm.LOGARITHM_OF_TWO[emitter.bits]
    whole = k * ln2
    total = whole + log_m
    remainder = ((whole - total) + log_m) + emitter.multiply_add(k, ln2_remainder, log_m_remainder)
    return total, remainder


def power_of_magnitude(emitter: Emitter, x: Reals, y: Reals) -> Reals:
    """|x|^y in double precision, save where |x| = 1 or y = 0."""
    x = abs(x)
    log_x, log_remainder = logarithm_in_two_parts(emitter, x)
    regular = within(x)
    log_x = emitter.select(regular, log_x, limit_of_logarithm(emitter, x))
    exponent = y * log_x
    lowest, highest = exponential.EXPONENTIAL_RANGE[emitter.bits]
    # Out of range the remainder is meaningless (it may be inf - inf) and without effect.
    in_range = (exponent > lowest) & (exponent < highest)
    remainder = emitter.fma(y, log_x, -exponent) + y * log_remainder
    remainder = emitter.select(in_range, remainder, 0.0)
    n, r = exponential.reduce(emitter, emitter.at_least(emitter.at_most(exponent, highest), lowest))
    return exponential.scale(emitter, exponential.reduced_exponential(emitter, r + remainder), n)


def power_of_magnitude_single(emitter: Emitter, x: Reals, y: Reals) -> Reals:
    """|x|^y in single precision, by way of doubles, whose range and digits leave nothing to take care of."""
    wide = Emitter(emitter.builder, 64, emitter.width)
    x, y = widened(wide, abs(x)), widened(wide, y)
    k, m = logarithm.split_normal(wide, x)
    f = m - 1.0
    s = f / (m + 1.0)
    z = s * s
    log_m = s * wide.multiply_add(z, wide.polynomial(z, ARTANH_FOR_SINGLE), 2.0)
    log_x = wide.multiply_add(k, LOGARITHM_OF_TWO, log_m)
    log_x = wide.select(within(x), log_x, limit_of_logarithm(wide, x))

    # Far beyond the range of singles, and far within that of doubles.
    exponent = wide.at_least(wide.at_most(y * log_x, 200.0), -200.0)
    magnet = wide.format.integer_magnet
    attracted = wide.multiply_add(exponent, log2(e), magnet)
    r = wide.multiply_add(attracted - magnet, -LOGARITHM_OF_TWO, exponent)
    q = wide.polynomial(r, EXPONENTIAL_FOR_SINGLE)
    n = attracted.bits - wide.format.encode(magnet)
    result = (1.0 + wide.multiply_add(r * r, q, r)) * exponential.power_of_two(wide, n)
    return Reals(emitter, emitter.builder.fptrunc(result.ir_value, emitter.real_type))


def widened(wide: Emitter, x: Reals) -> Reals:
    """x as doubles."""
    return Reals(wide, wide.builder.fpext(x.ir_value, wide.real_type))
