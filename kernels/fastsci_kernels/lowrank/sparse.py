"""Products of large sparse matrices on all threads, the same bits whatever their number."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from itertools import product as pairs
from typing import Any

import numpy as np

from ..loops import batch, pool
from . import sparse_products

Array = np.ndarray[Any, np.dtype[Any]]

PIECES = 8  # ranges of rows whose sums are kept apart, at most
FILLED = 32  # numbers a column of the matrix, for each of them: their sums take little beside it
LANES, TILE = 8, 32  # columns side by side, and those that stay in registers
PER_SECOND = 3e9  # multiply-adds of one thread


def product(data: Array, columns: Array, starts: Array, right: Array) -> Array:
    """``A right``, (m, l)."""
    padded = _padded(right)
    out = np.zeros((len(starts) - 1, padded.shape[1]), data.dtype)
    work = len(data) * padded.shape[1] / max(len(out), 1) / PER_SECOND

    def rows(first: int, last: int) -> None:
        sparse_products.product(data, columns, starts, padded, out, first, last, 0, padded.shape[1])

    batch.over(len(out), rows, work)
    return _cut(out, right.shape[1])


def adjoint_product(data: Array, columns: Array, starts: Array, left: Array, n_columns: int) -> Array:
    """``A' left``, (n, l)."""
    padded = _padded(left)

    def some(part: Array, first: int, last: int, begin: int, end: int) -> None:
        sparse_products.adjoint_product(data, columns, starts, padded, part, first, last, begin, end)

    return _cut(_added(data, starts, n_columns, padded.shape[1], 1, some), left.shape[1])


def gram_product(data: Array, columns: Array, starts: Array, right: Array) -> tuple[Array, Array]:
    """``A right`` and ``A' A right``, the matrix being read once."""
    padded = _padded(right)
    out = np.zeros((len(starts) - 1, padded.shape[1]), data.dtype)

    def some(part: Array, first: int, last: int, begin: int, end: int) -> None:
        sparse_products.gram_product(data, columns, starts, padded, out, part, first, last, begin, end)

    adjoint = _added(data, starts, len(right), padded.shape[1], 2, some)
    return _cut(out, right.shape[1]), _cut(adjoint, right.shape[1])


def _padded(columns: Array) -> Array:
    """Filled up to whole lanes."""
    missing = -columns.shape[1] % LANES
    if not missing:
        return np.ascontiguousarray(columns)
    padded = np.zeros((len(columns), columns.shape[1] + missing), columns.dtype)
    padded[:, : columns.shape[1]] = columns
    return padded


def _cut(out: Array, width: int) -> Array:
    return np.ascontiguousarray(out[:, :width])


def _added(
    data: Array, starts: Array, size: int, width: int, times: int, some: Callable[[Array, int, int, int, int], None]
) -> Array:
    """The sum of what ranges of rows make of zeros, in their order; columns are shared out as threads need them."""
    number = max(1, min(PIECES, len(data) // max(FILLED * size, 1)))
    # Rows of about as many numbers, and nothing that depends on threads.
    edges = np.searchsorted(starts, np.linspace(0, len(data), number + 1), side="left")
    edges[0], edges[-1] = 0, len(starts) - 1
    tile = TILE if number * (width // TILE) >= pool.thread_count() else LANES
    jobs = list(pairs(enumerate(pairwise(edges.tolist())), range(0, width, tile)))
    parts = np.zeros((number, size, width), data.dtype)

    def work(begin: int, end: int) -> None:
        for (piece, (first, last)), column in jobs[begin:end]:
            some(parts[piece], first, last, column, min(column + tile, width))

    batch.over(len(jobs), work, times * len(data) * width / PER_SECOND / max(len(jobs), 1))
    return parts[0] if number == 1 else parts.sum(axis=0)
