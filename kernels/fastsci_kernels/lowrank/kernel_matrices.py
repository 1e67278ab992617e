"""Kernel matrices: distances, and the function of them, in one pass over blocks of points on lanes and threads.

Distances are sums of squared differences, never ``|x|^2 + |y|^2 - 2 x y``: points that nearly coincide, as those of a
trajectory do, keep all their digits.  The matrix of a set of points with itself is computed whole, and is symmetric to
the bit: writing one of its halves across the other takes as long as computing both.
"""

from __future__ import annotations

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.numbers import functions  # noqa: F401  (np.exp and np.sqrt of lanes)
from fastsci_kernels.numbers.memory import lane, load, number, store
from fastsci_kernels.static import static

GAUSSIAN, MATERN_12, MATERN_32, MATERN_52, POLYNOMIAL, SQUARED_DISTANCE = range(6)
KINDS = {
    "gaussian": GAUSSIAN,
    "matern12": MATERN_12,
    "matern32": MATERN_32,
    "matern52": MATERN_52,
    "polynomial": POLYNOMIAL,
}
WIDTH = 8
PANEL = 256  # columns that stay in a cache while rows meet them
PAIR_SECONDS, AXIS_SECONDS = 1.2e-9, 1.5e-10


def matrix(
    x: np.ndarray,
    y: np.ndarray,
    kind: int,
    scale: float,
    shift: float,
    degree: int,
    out: np.ndarray,
    *,
    alone: bool = False,
) -> np.ndarray:
    """``out[i, j] = k(x_i, y_j)``.

    Parameters
    ----------
    x : ndarray, (n, dim)
    y : ndarray, (m, dim)
    kind : int
        One of the constants of this file.
    scale : float
        Length in whose units distances are taken; of a polynomial, its square divides the inner product.
    shift : float
        Added to the inner product of a polynomial.
    degree : int
        Power of a polynomial, at least 1.
    out : ndarray, (n, m)
        Written; rows are contiguous.
    alone : bool
        Whether the calling thread does it alone, as one of the pool must, which may not wait for others.
    """
    columns = _columns(y)
    rate = _rate(kind, scale)

    def work(first: int, last: int) -> None:
        rectangle(x, columns, kind, rate, shift, degree, out, first, last)

    if alone:
        work(0, len(x))
    else:
        over(len(x), work, len(y) * (PAIR_SECONDS + AXIS_SECONDS * x.shape[1]))
    return out


def _columns(points: np.ndarray) -> np.ndarray:
    """Points side by side, filled up to whole registers."""
    columns = np.zeros((points.shape[1], -(-len(points) // WIDTH) * WIDTH))
    columns[:, : len(points)] = points.T
    return columns


def _rate(kind: int, scale: float) -> float:
    """What squared distances or inner products are multiplied by before the function is taken."""
    if kind == SQUARED_DISTANCE:
        return 1.0
    return {GAUSSIAN: 0.5, MATERN_12: 1.0, MATERN_32: 3.0, MATERN_52: 5.0, POLYNOMIAL: 1.0}[kind] / scale**2


@static
def applied(total, kind, rate, shift, degree):
    """The function of what was summed, of eight numbers at once."""
    scaled = total * rate
    if kind == GAUSSIAN:
        return np.exp(-scaled)
    if kind == SQUARED_DISTANCE:
        return total
    if kind == POLYNOMIAL:
        base = scaled + shift
        power = base
        for _ in range(degree - 1):
            power = power * base
        return power
    distance = np.sqrt(scaled)
    if kind == MATERN_12:
        return np.exp(-distance)
    if kind == MATERN_32:
        return (1.0 + distance) * np.exp(-distance)
    return (1.0 + distance + scaled * (1.0 / 3.0)) * np.exp(-distance)


@static
def part(points, i, columns, kind, rate, shift, degree, out, first, last):
    """Row ``i`` from column ``first`` to ``last``; ``columns`` go on beyond it to the end of a register."""
    whole = last - (last - first) % 32
    for column in range(first, whole, 32):
        # Four sums at once: each would wait for itself alone.
        a = b = c = d = number(0.0, 64, 8)
        if kind == POLYNOMIAL:
            for axis in range(points.shape[1]):
                value = number(points[i, axis], 64, 8)
                a = a + load(columns, axis, column, 8) * value
                b = b + load(columns, axis, column + 8, 8) * value
                c = c + load(columns, axis, column + 16, 8) * value
                d = d + load(columns, axis, column + 24, 8) * value
        else:
            for axis in range(points.shape[1]):
                value = number(points[i, axis], 64, 8)
                p, q = load(columns, axis, column, 8) - value, load(columns, axis, column + 8, 8) - value
                r, s = load(columns, axis, column + 16, 8) - value, load(columns, axis, column + 24, 8) - value
                a, b, c, d = a + p * p, b + q * q, c + r * r, d + s * s
        store(out, i, column, applied(a, kind, rate, shift, degree))
        store(out, i, column + 8, applied(b, kind, rate, shift, degree))
        store(out, i, column + 16, applied(c, kind, rate, shift, degree))
        store(out, i, column + 24, applied(d, kind, rate, shift, degree))
    for column in range(whole, last, 8):
        total = number(0.0, 64, 8)
        for axis in range(points.shape[1]):
            if kind == POLYNOMIAL:
                total = total + load(columns, axis, column, 8) * points[i, axis]
            else:
                offset = load(columns, axis, column, 8) - points[i, axis]
                total = total + offset * offset
        found = applied(total, kind, rate, shift, degree)
        if column + 8 <= last:
            store(out, i, column, found)
        else:
            for place in range(last - column):
                out[i, column + place] = lane(found, place)


@static
def rectangle(points, columns, kind, rate, shift, degree, out, first, last):
    """Rows ``first`` to ``last``."""
    for left in range(0, out.shape[1], PANEL):
        right = min(left + PANEL, out.shape[1])
        for i in range(first, last):
            part(points, i, columns, kind, rate, shift, degree, out, left, right)
