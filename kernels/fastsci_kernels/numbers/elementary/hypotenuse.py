"""The hypotenuse, out of the reach of overflow."""

from __future__ import annotations

from math import inf

from fastsci_kernels.numbers.elementary.emitter import Emitter, Reals

# Beyond the threshold squares overflow, below its inverse they lose digits; the factor brings both back.
THRESHOLD = {64: 2.0**500, 32: 2.0**60}
FACTOR = {64: 2.0**600, 32: 2.0**80}


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
