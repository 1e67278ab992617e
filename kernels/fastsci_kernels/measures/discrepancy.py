"""Sums of a kernel over all pairs of two sets of points, or of one: blocks of points on lanes, no matrix."""

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.numbers import functions  # noqa: F401 (binds the exponential of lanes)
from fastsci_kernels.numbers.memory import load, number, store
from fastsci_kernels.static import static

BITS, WIDTH = 64, 8
PAIR_SECONDS = 2e-9


def sum_across(x: np.ndarray, y: np.ndarray, rates: np.ndarray, absolute: bool) -> float:
    """Sum of ``k(x_i, y_j)`` over all pairs.

    Parameters
    ----------
    x : ndarray, (n, dim)
    y : ndarray, (m, dim)
    rates : ndarray, (n_kernels,)
        ``k`` is the mean over them of ``exp(-rate d)``.
    absolute : bool
        ``d`` is the sum of absolute differences, else of squared ones.
    """
    columns, out = _columns(x)

    def work(first: int, last: int) -> None:
        across(columns, y, rates, absolute, out, first, last)

    over(columns.shape[1] // WIDTH, work, WIDTH * len(y) * len(rates) * PAIR_SECONDS)
    return float(out[0, : len(x)].sum()) / len(rates)


def sum_within(x: np.ndarray, rates: np.ndarray, absolute: bool) -> float:
    """Sum of ``k(x_i, x_j)`` over all ``i != j``, each pair computed once but for those of one block."""
    columns, out = _columns(x)

    def work(first: int, last: int) -> None:
        within(columns, x, rates, absolute, out, first, last)

    over(columns.shape[1] // WIDTH, work, 0.5 * WIDTH * len(x) * len(rates) * PAIR_SECONDS)
    later, beside = out[:, : len(x)].sum(axis=1)
    return float(2.0 * later + beside) / len(rates) - len(x)


def _columns(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points side by side, filled up to whole blocks, and room for two sums each."""
    width = -(-len(x) // WIDTH) * WIDTH
    columns = np.zeros((x.shape[1], width))
    columns[:, : len(x)] = x.T
    return columns, np.zeros((2, width))


@static
def kernel(columns, column, points, j, rates, absolute):
    """Sum over the rates of the kernel between ``WIDTH`` columns and the point ``j``."""
    distance = number(0.0, BITS, WIDTH)
    for axis in range(points.shape[1]):
        offset = load(columns, axis, column, WIDTH) - number(points[j, axis], BITS, WIDTH)
        distance = distance + (abs(offset) if absolute else offset * offset)
    total = number(0.0, BITS, WIDTH)
    for place in range(rates.size):
        total = total + math.exp(-rates[place] * distance)
    return total


@static
def across(columns, points, rates, absolute, out, first, last):
    """Row 0 of ``out``: for each column of the blocks, the sum over all points."""
    for block in range(first, last):
        column = block * WIDTH
        total = number(0.0, BITS, WIDTH)
        for j in range(points.shape[0]):
            total = total + kernel(columns, column, points, j, rates, absolute)
        store(out, 0, column, total)


@static
def within(columns, points, rates, absolute, out, first, last):
    """Row 0 of ``out``: sums over the points of later blocks; row 1: over those of the own block, itself among them."""
    for block in range(first, last):
        column = block * WIDTH
        following = min(column + WIDTH, points.shape[0])
        beside = number(0.0, BITS, WIDTH)
        for j in range(column, following):
            beside = beside + kernel(columns, column, points, j, rates, absolute)
        later = number(0.0, BITS, WIDTH)
        for j in range(following, points.shape[0]):
            later = later + kernel(columns, column, points, j, rates, absolute)
        store(out, 0, column, later)
        store(out, 1, column, beside)
