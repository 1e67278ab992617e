"""sin, cos and tan: subtract a multiple of pi in three parts (Cody and Waite), then an odd polynomial.

For |x| beyond `LARGEST` three parts no longer hold enough digits of pi: those lanes, and no other, are reduced
one by one in integers, and then go through the same polynomials.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, pi

from fastsci_kernels.numbers.elementary import payne_hanek
from fastsci_kernels.numbers.elementary.emitter import Emitter, Integers, Mask, Reals
from fastsci_kernels.numbers.elementary.rare_lanes import replace_rare_lanes

# sin(r) = r + r z S(z), z = r^2. Minimax on |r| <= pi / 2 (and a little more), relative to sin(r).
SINE = {
    # degree 7, error 2^-61.5
    64: (
        -0.16666666666666666,
        0.008333333333333207,
        -0.0001984126984121248,
        2.755731921157004e-06,
        -2.505210690454522e-08,
        1.6058941011978694e-10,
        -7.643019701455924e-13,
        2.7214236534860486e-15,
    ),
    # degree 3, error 2^-27.2
    32: (-0.16666659712791443, 0.008333069272339344, -0.00019809768127743155, 2.6060538402816746e-06),
}

# The same on |r| <= pi / 4.
SINE_OF_EIGHTH = {
    # degree 5, error 2^-57.8
    64: (
        -0.1666666666666663,
        0.008333333333321745,
        -0.00019841269829238656,
        2.7557313486831693e-06,
        -2.5050725132862255e-08,
        1.5894843849871763e-10,
    ),
    # degree 2, error 2^-27.8
    32: (-0.16666653752326965, 0.008332106284797192, -0.00019507884280756116),
}

# cos(r) = 1 + z C(z) on |r| <= pi / 4, relative to cos(r).
COSINE_OF_EIGHTH = {
    # degree 6, error 2^-63.8
    64: (
        -0.5,
        0.04166666666666659,
        -0.0013888888888872186,
        2.480158728829539e-05,
        -2.755731401512284e-07,
        2.087567808496783e-09,
        -1.135733673530458e-11,
    ),
    # degree 3, error 2^-32.9
    32: (-0.5, 0.04166664555668831, -0.0013887304812669754, 2.4431425117654726e-05),
}

# pi and pi / 2, each as a sum of three numbers of the format.
PI = {
    64: (3.141592653589793, 1.2246467991473532e-16, -2.9947698097183397e-33),
    32: (3.1415927410125732, -8.742277657347586e-08, -3.4302490200117637e-15),
}
HALF_PI = {
    64: (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33),
    32: (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15),
}

# Up to here what three parts of pi leave out, times the multiple, is below half the last bit of the smallest
# remainder there is (about 2^-62 for doubles, 2^-33 for singles).
LARGEST = {64: 2.0**30, 32: 2.0**17}


def is_beyond(emitter: Emitter, x: Reals) -> Mask:
    """Lanes beyond the three parts, infinities among them: one comparison, where it is made at every call."""
    return abs(x) > LARGEST[emitter.bits]


def is_huge(emitter: Emitter, x: Reals) -> Mask:
    """Finite lanes beyond the three parts; infinities and NaNs turn into NaN by themselves."""
    magnitude = abs(x)
    return (magnitude > LARGEST[emitter.bits]) & (magnitude < inf)


def subtract_multiple(emitter: Emitter, x: Reals, n: Reals, parts: tuple[float, float, float]) -> Reals:
    """x - n (the sum of the parts). The first step is exact, the others keep what cancels."""
    for part in parts:
        x = emitter.fma(-n, part, x)
    return x


def sine_of_remainder(emitter: Emitter, r: Reals) -> Reals:
    """sin(r) for |r| <= pi / 2."""
    first, *others = SINE[emitter.bits]
    z = r * r
    # Where r is near pi / 2 the rounding of z would weigh more than all the others together.
    z_remainder = emitter.fma(r, r, -z)
    series = emitter.multiply_add(z, emitter.polynomial(z, others), first)
    sin_r = emitter.multiply_add(r, emitter.multiply_add(z, series, z_remainder * first), r)
    # A rounding above 1, once in a great while, would make sqrt(1 - sin^2) a NaN.
    return emitter.at_least(emitter.at_most(sin_r, 1.0), -1.0)


def sine_from_rest(emitter: Emitter, x: Reals, r: Reals, n: Integers) -> Reals:
    """sin(x), where |x| = n pi + r."""
    form = emitter.format
    sign = (n << (form.bits - 1)) ^ (x.bits & form.sign_mask)
    return emitter.flip_sign(sine_of_remainder(emitter, r), sign)


def cosine_from_rest(emitter: Emitter, x: Reals, r: Reals, n: Integers) -> Reals:
    """cos(x), where |x| + pi / 2 = n pi + r."""
    return emitter.flip_sign(sine_of_remainder(emitter, r), n << (emitter.bits - 1))


def tangent_from_rest(emitter: Emitter, x: Reals, r: Reals, n: Integers) -> Reals:
    """tan(x), where |x| = n pi / 2 + r: tan(r) or -1 / tan(r), with the sign of x."""
    form = emitter.format
    z = r * r
    sin_r = emitter.multiply_add(r * z, emitter.polynomial(z, SINE_OF_EIGHTH[emitter.bits]), r)
    cos_r = emitter.multiply_add(z, emitter.polynomial(z, COSINE_OF_EIGHTH[emitter.bits]), 1.0)
    sign = n << (form.bits - 1)
    even = sign.equals(0)
    quotient = emitter.select(even, sin_r, cos_r) / emitter.select(even, cos_r, sin_r)
    return emitter.flip_sign(quotient, sign ^ (x.bits & form.sign_mask))


FromRest = Callable[[Emitter, Reals, Reals, Integers], Reals]


def with_huge_lanes(
    emitter: Emitter, name: str, from_rest: FromRest, x: Reals, result: Reals, *, quarters: int, halvings: int
) -> Reals:
    """`result`, but `from_rest` of `payne_hanek.reduce` in the huge lanes."""

    def formula(emitter: Emitter, x: Reals) -> Reals:
        only = is_huge(emitter, x)
        r, n = payne_hanek.reduce(emitter, x, quarters=quarters, halvings=halvings, only=only)
        return from_rest(emitter, x, r, n)

    return replace_rare_lanes(emitter, name, is_beyond, is_huge, formula, x, result)


def sine(emitter: Emitter, x: Reals) -> Reals:
    """sin(x) = (-1)^n sin(|x| - n pi) sign(x)."""
    magnet = emitter.format.integer_magnet
    magnitude = abs(x)
    attracted = emitter.multiply_add(magnitude, 1.0 / pi, magnet)
    r = subtract_multiple(emitter, magnitude, attracted - magnet, PI[emitter.bits])
    result = sine_from_rest(emitter, x, r, attracted.bits)
    return with_huge_lanes(emitter, "sin", sine_from_rest, x, result, quarters=0, halvings=1)


def cosine(emitter: Emitter, x: Reals) -> Reals:
    """cos(x) = (-1)^(n + 1) sin(|x| - (2 n + 1) pi / 2)."""
    magnitude = abs(x)
    # The magnet is odd, so that the last bit says whether n + 1 is odd.
    magnet = emitter.format.integer_magnet + 1.0
    attracted = emitter.multiply_add(magnitude, 1.0 / pi, -0.5) + magnet
    odd_multiple = emitter.multiply_add(2.0, attracted - magnet, 1.0)
    r = subtract_multiple(emitter, magnitude, odd_multiple, HALF_PI[emitter.bits])
    result = cosine_from_rest(emitter, x, r, attracted.bits)
    return with_huge_lanes(emitter, "cos", cosine_from_rest, x, result, quarters=1, halvings=1)


def tangent(emitter: Emitter, x: Reals) -> Reals:
    """tan(x) = tan(r) or -1 / tan(r), r = |x| - n pi / 2, as n is even or odd; times sign(x)."""
    magnet = emitter.format.integer_magnet
    magnitude = abs(x)
    attracted = emitter.multiply_add(magnitude, 2.0 / pi, magnet)
    r = subtract_multiple(emitter, magnitude, attracted - magnet, HALF_PI[emitter.bits])
    result = tangent_from_rest(emitter, x, r, attracted.bits)
    return with_huge_lanes(emitter, "tan", tangent_from_rest, x, result, quarters=0, halvings=2)
