"""Roots, rounding, signs: what the machine does in an instruction or two, and hypot."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from fastsci_kernels.numbers.elementary.emitter import Emitter, Reals

# Beyond the threshold squares overflow, below its inverse they lose digits; the factor brings both back.
THRESHOLD = {64: 2.0**500, 32: 2.0**60}
FACTOR = {64: 2.0**600, 32: 2.0**80}


def instruction(name: str) -> Callable[..., Reals]:
    """The formula that is LLVM's intrinsic `name` itself."""

    def formula(emitter: Emitter, *arguments: Reals) -> Reals:
        return emitter.intrinsic(name, *arguments)

    return formula


def sign(emitter: Emitter, x: Reals) -> Reals:
    """-1, 0 or 1 as x is negative, zero or positive; NaN for a NaN, as in NumPy."""
    return emitter.select(x > 0.0, 1.0, emitter.select(x < 0.0, -1.0, abs(x)))


def hypotenuse(emitter: Emitter, x: Reals, y: Reals) -> Reals:
    """sqrt(x^2 + y^2), out of the reach of overflow; an infinity outweighs a NaN."""
    x, y = abs(x), abs(y)
    first_longer = x > y
    longer = emitter.select(first_longer, x, y)
    threshold, factor = THRESHOLD[emitter.bits], FACTOR[emitter.bits]
    large, small = longer > threshold, longer < 1.0 / threshold
    scale = emitter.select(large, 1.0 / factor, emitter.select(small, factor, 1.0))
    inverse = emitter.select(large, factor, emitter.select(small, 1.0 / factor, 1.0))
    x, y = x * scale, y * scale
    root = emitter.intrinsic("sqrt", emitter.multiply_add(x, x, y * y))
    return emitter.select(x.equals(inf) | y.equals(inf), inf, root * inverse)
