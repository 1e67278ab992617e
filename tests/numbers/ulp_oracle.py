"""True values to a hundred digits' worth of bits, and the distance of a result from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mpmath
import numpy as np

PRECISION = 140

MANTISSA_BITS = {64: 52, 32: 23}
LOWEST_EXPONENT = {64: -1022, 32: -126}
OVERFLOW_EXPONENT = {64: 1024, 32: 128}


def power(x: mpmath.mpf, y: mpmath.mpf) -> mpmath.mpf:
    """x^y, real for negative x and integer y."""
    if x >= 0:
        return mpmath.power(x, y)
    magnitude = mpmath.power(-x, y)
    return -magnitude if int(y) % 2 else magnitude


FUNCTIONS: dict[str, Callable[..., mpmath.mpf]] = {
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "atan": mpmath.atan,
    "atan2": mpmath.atan2,
    "pow": power,
    "hypot": mpmath.hypot,
}


def ulp_errors(name: str, bits: int, result: np.ndarray, arguments: Sequence[np.ndarray]) -> np.ndarray:
    """How far each result is from the true value, in units in the last place of the true value.

    An infinity stands for the first power of two beyond the format, and true values beyond it count as that.
    """
    errors = np.empty(len(result))
    with mpmath.workprec(PRECISION):
        beyond = mpmath.ldexp(1, OVERFLOW_EXPONENT[bits])
        for index, values in enumerate(zip(*arguments, strict=True)):
            true = FUNCTIONS[name](*(mpmath.mpf(float(value)) for value in values))
            true = max(-beyond, min(beyond, true))
            got = max(-beyond, min(beyond, mpmath.mpf(float(result[index]))))
            _, exponent = mpmath.frexp(true)
            lowest_bit = max(int(exponent) - 1, LOWEST_EXPONENT[bits]) - MANTISSA_BITS[bits]
            errors[index] = float(mpmath.ldexp(abs(got - true), -lowest_bit))
    return errors
