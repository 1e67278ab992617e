"""sinh, cosh and tanh from 2^n and p = exp(r) - 1, where |x| or 2 |x| is n ln 2 + r."""

from __future__ import annotations

from fastsci_kernels.numbers.elementary import exponential
from fastsci_kernels.numbers.elementary.emitter import Emitter, Reals

# A little beyond the argument at which sinh and cosh overflow: there n is 2 above the largest exponent.
HIGHEST = {64: 710.6, 32: 89.6}

# From here on exp(-x) is below half the last bit of exp(x), and of tanh(x / 2) = 1.
NEGLIGIBLE = {64: 40.0, 32: 20.0}


def hyperbolic_sine(emitter: Emitter, x: Reals) -> Reals:
    """sinh(x) = (2^n (1 + p) - 2^-n / (1 + p)) / 2, rearranged so that n = 0 cancels exactly."""
    magnitude = emitter.at_most(abs(x), HIGHEST[emitter.bits])
    n, r = exponential.reduce(emitter, magnitude)
    p = exponential.reduced_exponential_minus_one(emitter, r)
    # Half the result, as 2^n may overflow before it does.
    growing = exponential.power_of_two(emitter, n - 2)
    decaying = emitter.select(magnitude < NEGLIGIBLE[emitter.bits], exponential.power_of_two(emitter, -2 - n), 0.0)
    half_result = (growing - decaying) + emitter.multiply_add(growing, p, decaying * (p / (1.0 + p)))
    # The identity for tiny x, as subnormal numbers have no exact half.
    return emitter.copy_sign(emitter.select(magnitude < 2.0**-60, magnitude, 2.0 * half_result), x)


def hyperbolic_cosine(emitter: Emitter, x: Reals) -> Reals:
    """cosh(x) = (exp(x) + exp(-x)) / 2."""
    magnitude = emitter.at_most(abs(x), HIGHEST[emitter.bits])
    n, r = exponential.reduce(emitter, magnitude)
    quarter = exponential.reduced_exponential(emitter, r) * exponential.power_of_two(emitter, n - 2)
    return 2.0 * (quarter + 0.0625 / quarter)


def hyperbolic_tangent(emitter: Emitter, x: Reals) -> Reals:
    """tanh(x) = (exp(2 x) - 1) / (exp(2 x) + 1) = (p + (1 - 2^-n)) / (p + (1 + 2^-n))."""
    double = emitter.at_most(2.0 * abs(x), NEGLIGIBLE[emitter.bits])
    n, r = exponential.reduce(emitter, double)
    p = exponential.reduced_exponential_minus_one(emitter, r)
    inverse_power = exponential.power_of_two(emitter, 0 - n)
    below, above = 1.0 - inverse_power, 1.0 + inverse_power
    numerator, denominator = p + below, p + above
    # The quotient, then what it leaves of both sums as they were before rounding.
    reciprocal = 1.0 / denominator
    quotient = numerator * reciprocal
    left = emitter.fma(-quotient, denominator, numerator) + ((below - numerator) + p)
    left = emitter.multiply_add(-quotient, (above - denominator) + p, left)
    return emitter.copy_sign(emitter.multiply_add(left, reciprocal, quotient), x)
