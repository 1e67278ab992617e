"""Arguments at which an elementary function may go wrong."""

from __future__ import annotations

from math import ldexp

import mpmath
import numpy as np

DTYPES = {64: np.float64, 32: np.float32}
EXPONENTS = {64: (-1074, 1023), 32: (-149, 127)}

# Intervals in which the functions do their work, and the arguments around which something changes: a
# reduction, an overflow, an underflow.
INTERVALS: dict[str, list[tuple[float, float]]] = {
    "sin": [(-10, 10), (-1e5, 1e5)],
    "cos": [(-10, 10), (-1e5, 1e5)],
    "tan": [(-10, 10), (-1e5, 1e5)],
    "exp": [(-1, 1), (-110, 90), (-746, 710)],
    "expm1": [(-1, 1), (-40, 90), (-60, 710)],
    "log": [(0.6, 1.5), (0, 1000)],
    "log1p": [(-1, 1), (-1, 1000)],
    "sinh": [(-1, 1), (-89, 89), (-711, 711)],
    "cosh": [(-1, 1), (-89, 89), (-711, 711)],
    "tanh": [(-0.6, 0.6), (-21, 21)],
    "atan": [(-3, 3), (-100, 100)],
}
TURNING_POINTS: dict[str, list[float]] = {
    "exp": [
        0,
        709.782712893384,
        -708.3964185322641,
        -745.1332191019412,
        88.72283905,
        -87.33654475,
        -103.9720771,
    ],
    "expm1": [0, 709.782712893384, 88.72283905, -37.42994775, -17.32867951, 0.34657359, -0.34657359],
    "log": [1, 0.5**0.5, 2**0.5],
    "log1p": [0, -1, 0.5**0.5 - 1, 2**0.5 - 1, 1],
    "sinh": [0, 710.4758600739439, 89.4159862, 40, 20, 0.34657359],
    "cosh": [0, 710.4758600739439, 89.4159862, 0.34657359],
    "tanh": [0, 0.17328680, 0.51986039, 20, 10, 18.7149738751, 9.01091334],
    "atan": [0, 2**0.5 - 1, 1, 2**0.5 + 1],
}
# Beyond, sin, cos and tan take the lanes one by one.
LARGEST_REDUCED = {64: 2.0**30, 32: 2.0**17}
OVERFLOW = {64: 709.78, 32: 88.72}
MANTISSA_BITS = {64: 52, 32: 23}


def every_exponent(bits: int, random: np.random.Generator) -> np.ndarray:
    """A number of each binary exponent the format has, subnormal ones included, signs at random."""
    lowest, highest = EXPONENTS[bits]
    exponents = np.arange(lowest, highest + 1)
    numbers = np.ldexp(random.uniform(1, 2, len(exponents)), exponents) * random.choice([-1, 1], len(exponents))
    with np.errstate(over="ignore"):
        numbers = numbers.astype(DTYPES[bits])
    return numbers[np.isfinite(numbers)]


def around(points: np.ndarray, bits: int, steps: int = 3) -> np.ndarray:
    """The points rounded to the format, and their next neighbours on both sides."""
    with np.errstate(over="ignore"):
        middle = np.asarray(points, np.float64).astype(DTYPES[bits])
    middle = middle[np.isfinite(middle)]
    rings = [middle]
    below = above = middle
    for _ in range(steps):
        below = np.nextafter(below, DTYPES[bits](-np.inf))
        above = np.nextafter(above, DTYPES[bits](np.inf))
        rings += [below, above]
    numbers = np.concatenate(rings)
    return numbers[np.isfinite(numbers)]


def closest_to_quarter_turns(bits: int) -> np.ndarray:
    """Of each binary exponent from 0 up, the number that comes closest to a multiple of pi / 2.

    With a = 2^e 2 / pi and q', q the last two denominators below 2^p of the continued fraction of a, that m of
    p bits for which m a is closest to an integer is the first multiple of q or the last q' + t q in its range.
    """
    lowest, beyond = 1 << MANTISSA_BITS[bits], 2 << MANTISSA_BITS[bits]
    one = 1 << 1400
    with mpmath.workprec(1500):
        fraction_of_one = int(2 / mpmath.pi * one) >> MANTISSA_BITS[bits]
    numbers = []
    for exponent in range(EXPONENTS[bits][1] + 1):
        a = (fraction_of_one << exponent) % one
        before, denominator, larger, smaller = 0, 1, one, a
        while (following := larger // smaller * denominator + before) < beyond:
            before, denominator, larger, smaller = denominator, following, smaller, larger % smaller
        candidates = [
            -(-lowest // denominator) * denominator,
            before + (beyond - 1 - before) // denominator * denominator,
        ]
        _, closest = min((min(m * a % one, -m * a % one), m) for m in candidates if m >= lowest)
        numbers.append(ldexp(closest, exponent - MANTISSA_BITS[bits]))
    return np.array(numbers, DTYPES[bits])


def quarter_turns(bits: int, random: np.random.Generator) -> np.ndarray:
    """Numbers next to multiples of pi / 2, the smallest and some that three parts of pi are enough for."""
    largest_multiple = int(LARGEST_REDUCED[bits] / (np.pi / 2))
    multiples = set(range(1, 200)) | {int(n) for n in random.integers(1, largest_multiple, 300)}
    with mpmath.workprec(400):
        exact = [n * mpmath.pi / 2 for n in sorted(multiples)]
    return around(np.array([float(x) for x in exact]), bits, steps=1)


def single_argument(name: str, bits: int) -> np.ndarray:
    """Where to try a function of one argument."""
    random = np.random.default_rng(20260101)
    parts = [every_exponent(bits, random)]
    parts += [random.uniform(low, high, 700).astype(DTYPES[bits]) for low, high in INTERVALS[name]]
    if name in ("sin", "cos", "tan"):
        limit = LARGEST_REDUCED[bits]
        parts += [
            quarter_turns(bits, random),
            around(closest_to_quarter_turns(bits), bits, steps=1),
            around(np.array([limit, -limit, 1e22, 1e300, 1e38, 2.0**1000, 2.0**100]), bits),
            np.array([np.finfo(DTYPES[bits]).max, np.finfo(DTYPES[bits]).min]),
            *(every_exponent(bits, random) for _ in range(3)),
            random.uniform(-limit, limit, 700).astype(DTYPES[bits]),
        ]
    else:
        parts.append(around(np.array(TURNING_POINTS[name]), bits, steps=20))
    x = np.concatenate(parts)
    if name == "log":
        x = x[x > 0]
    if name == "log1p":
        x = x[x > -1]
    return x


def two_arguments(name: str, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Where to try a function of two arguments."""
    random = np.random.default_rng(20260102)
    dtype = DTYPES[bits]
    first, second = every_exponent(bits, random), random.permutation(every_exponent(bits, random))
    xs, ys = [first], [second]
    if name == "pow":
        highest = OVERFLOW[bits]
        base = random.uniform(0.5, 2, 1000)
        near_one = 1 + random.choice([-1, 1], 1000) * 2.0 ** random.uniform(-MANTISSA_BITS[bits] + 3, -1, 1000)
        anywhere = np.abs(every_exponent(bits, random)).astype(np.float64)
        bases = np.concatenate([base, near_one, anywhere]).astype(dtype).astype(np.float64)
        # Results from underflow to overflow.
        ys.append((random.uniform(-1.06, 1.01, len(bases)) * highest / np.log(bases)).astype(dtype))
        xs.append(bases.astype(dtype))
        xs.append(random.uniform(-10, 10, 600).astype(dtype))
        ys.append(random.integers(-30, 30, 600).astype(dtype))
        xs.append(random.uniform(0, 10, 600).astype(dtype))
        ys.append(random.choice([0.5, 1.5, 2.0, 1 / 3, -0.5, -1.0], 600).astype(dtype))
        x, y = np.concatenate(xs), np.concatenate(ys)
        real = (x > 0) | (np.trunc(y) == y)
        return x[real], y[real]
    # Lengths of the same order, over the whole range.
    ratio = 2.0 ** random.uniform(-3, 3, len(first))
    with np.errstate(over="ignore", under="ignore"):
        similar = (first.astype(np.float64) * ratio).astype(dtype)
    held = np.isfinite(similar) & (similar != 0)
    xs += [first[held], random.uniform(-1, 1, 1500).astype(dtype)]
    ys += [similar[held], random.uniform(-1, 1, 1500).astype(dtype)]
    return np.concatenate(xs), np.concatenate(ys)
