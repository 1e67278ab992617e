"""log and log1p: x = 2^k (1 + f), 1 + f within [sqrt(1/2), sqrt(2)]; then log(x) = k ln 2 + log(1 + f)."""

from __future__ import annotations

from math import inf, nan, sqrt

from fastsci_kernels.numbers.elementary.emitter import Emitter, Reals

# 2 artanh(s) = 2 s + s z L(z), z = s^2. Minimax on |s| <= (sqrt(2) - 1) / (sqrt(2) + 1), relative to it all.
ARTANH = {
    # degree 6, error 2^-59.5
    64: (
        0.6666666666666734,
        0.3999999999941652,
        0.2857142874207323,
        0.22222198599038215,
        0.18183563223425087,
        0.1531407400856401,
        0.14795753435081782,
    ),
    # degree 2, error 2^-30.2
    32: (0.6666677594184875, 0.39977580308914185, 0.29870927333831787),
}

# ln 2 with so many low zeros that its product with any exponent is exact, and the remainder.
LOGARITHM_OF_TWO = {
    64: (0.6931471805598903, 5.497923018708371e-14),
    32: (0.693145751953125, 1.428606765330187e-06),
}

# Exponent of two that lifts every subnormal number into the normal ones.
LIFT = {64: 54, 32: 25}


def split_normal(emitter: Emitter, x: Reals, lift: Reals | float = 0.0) -> tuple[Reals, Reals]:
    """k and m of x = 2^(k + lift) m, sqrt(1/2) <= m < sqrt(2), for x positive and normal."""
    form = emitter.format
    root_bits = form.encode(sqrt(0.5))
    shifted = x.bits + (form.one_bits - root_bits)
    m = ((shifted & form.mantissa_mask) + root_bits).as_reals
    # The exponent's bits become the end of a large number's: any machine converts like that in two steps.
    large = 2.0**form.mantissa_bits
    biased = ((shifted >> form.mantissa_bits) | form.encode(large)).as_reals
    return biased - (lift + (large + form.bias)), m


def split(emitter: Emitter, x: Reals) -> tuple[Reals, Reals]:
    """k and m of x = 2^k m, sqrt(1/2) <= m < sqrt(2), for x positive and finite."""
    lift = LIFT[emitter.bits]
    subnormal = x < emitter.format.smallest_normal
    return split_normal(
        emitter, emitter.select(subnormal, x * 2.0**lift, x), emitter.select(subnormal, float(lift), 0.0)
    )


def assemble(emitter: Emitter, k: Reals, f: Reals) -> Reals:
    """k ln 2 + log(1 + f), from 2 artanh(f / (2 + f)) = f - f^2 / 2 + s (f^2 / 2 + z L(z))."""
    ln2, ln2_remainder = LOGARITHM_OF_TWO[emitter.bits]
    s = f / (2.0 + f)
    z = s * s
    half_square = 0.5 * f * f
    tail = emitter.multiply_add(z, emitter.polynomial(z, ARTANH[emitter.bits]), half_square)
    small = emitter.multiply_add(s, tail, k * ln2_remainder)
    # f is exact and comes last but one, so that nothing is lost where x is near 1.
    return emitter.multiply_add(k, ln2, f - (half_square - small))


def with_limits(emitter: Emitter, x: Reals, result: Reals) -> Reals:
    """`result` where x is positive and finite; else -inf at zero, inf at inf, and NaN."""
    result = emitter.select(x < inf, result, x)
    return emitter.select(x > 0.0, result, emitter.select(x.equals(0.0), -inf, nan))


def logarithm(emitter: Emitter, x: Reals) -> Reals:
    """The natural logarithm of x."""
    k, m = split(emitter, x)
    return with_limits(emitter, x, assemble(emitter, k, m - 1.0))


def logarithm_of_one_plus(emitter: Emitter, x: Reals) -> Reals:
    """log(1 + x)."""
    u = 1.0 + x
    k, m = split_normal(emitter, u)
    # 2^-k (1 + x) - 1 with a single rounding: the digits that 1 + x has lost are all there.
    power = (m.bits - u.bits + emitter.format.one_bits).as_reals
    f = emitter.fma(power, x, power - 1.0)
    # 2^-k leaves the normal numbers for the largest x, where the 1 has long been lost without harm.
    f = emitter.select(x > 2.0**100, m - 1.0, f)
    result = with_limits(emitter, u, assemble(emitter, k, f))
    return emitter.select(abs(x) < 2.0**-60, x, result)
