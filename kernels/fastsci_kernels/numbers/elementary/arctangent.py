"""atan and atan2: a quotient within [0, 1], an eighth of a turn off where it is steep, an odd polynomial."""

from __future__ import annotations

from math import inf, sqrt

from fastsci_kernels.numbers.elementary.emitter import Emitter, Mask, Reals

# atan(t) = t + t z A(z), z = t^2. Minimax on |t| <= tan(pi / 8), relative to atan(t).
ARCTANGENT = {
    # degree 10, error 2^-59.5
    64: (
        -0.333333333333332,
        0.1999999999995377,
        -0.1428571428021246,
        0.111111107841659,
        -0.09090897775789654,
        0.07692060498592145,
        -0.06663106853284609,
        0.05847906655654159,
        -0.050393692519917536,
        0.038065861110523215,
        -0.017908271278016186,
    ),
    # degree 4, error 2^-30.5
    32: (
        -0.33333316445350647,
        0.1999852955341339,
        -0.14244422316551208,
        0.10599356889724731,
        -0.06090354546904564,
    ),
}

# pi / 4 and what its nearest number leaves.
QUARTER_PI = {
    64: (0.7853981633974483, 3.061616997868383e-17),
    32: (0.7853981852531433, -2.1855694143368964e-08),
}

# Sums of two lengths up to here cannot overflow.
SAFE_SUM = {64: 2.0**1022, 32: 2.0**126}


def angle(emitter: Emitter, shorter: Reals, longer: Reals, from_other_axis: Mask, backwards: Mask | None) -> Reals:
    """The angle, from 0 to pi, of a direction whose two components have lengths 0 <= shorter <= longer.

    `from_other_axis` tells that the longer one is the vertical one; `backwards`, that it points to the left.
    """
    steep = shorter > (sqrt(2.0) - 1.0) * longer
    opposite = emitter.select(steep, shorter - longer, shorter)
    adjacent = emitter.select(steep, shorter + longer, longer)
    t = opposite / adjacent
    z = t * t
    small_angle = emitter.multiply_add(t * z, emitter.polynomial(z, ARCTANGENT[emitter.bits]), t)
    eighths = emitter.select(steep, 1.0, 0.0)
    eighths = emitter.select(from_other_axis, 2.0 - eighths, eighths)
    negated = from_other_axis
    if backwards is not None:
        eighths = emitter.select(backwards, 4.0 - eighths, eighths)
        negated = from_other_axis ^ backwards
    small_angle = emitter.select(negated, -small_angle, small_angle)
    quarter_pi, remainder = QUARTER_PI[emitter.bits]
    return emitter.multiply_add(eighths, quarter_pi, emitter.multiply_add(eighths, remainder, small_angle))


def arctangent(emitter: Emitter, x: Reals) -> Reals:
    """atan(x)."""
    magnitude = abs(x)
    large = magnitude > 1.0
    shorter = emitter.select(large, 1.0, magnitude)
    longer = emitter.select(large, magnitude, 1.0)
    return emitter.copy_sign(angle(emitter, shorter, longer, large, None), x)


def arctangent_of_quotient(emitter: Emitter, y: Reals, x: Reals) -> Reals:
    """atan2(y, x), the angle of the point (x, y)."""
    height, reach = abs(y), abs(x)
    # Any two equal lengths, infinite ones included, make the same angle as 1 and 1; only 0 and 0 make none.
    both_infinite = height.equals(inf) & reach.equals(inf)
    height = emitter.select(both_infinite, 1.0, height)
    reach = emitter.select(both_infinite, 1.0, reach)
    both_zero = height.equals(0.0) & reach.equals(0.0)
    reach = emitter.select(both_zero, 1.0, reach)
    upright = height > reach
    shorter = emitter.select(upright, reach, height)
    longer = emitter.select(upright, height, reach)
    factor = emitter.select(longer > SAFE_SUM[emitter.bits], 0.25, 1.0)
    backwards = ~(x.bits & emitter.format.sign_mask).equals(0)
    return emitter.copy_sign(angle(emitter, shorter * factor, longer * factor, upright, backwards), y)
