"""Products of large matrices on all threads, the same bits whatever their number; of complex ones by NumPy's BLAS."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from ..loops import batch
from . import products

Array = np.ndarray[Any, np.dtype[Any]]

PIECES = 32  # ranges whose sums are kept apart, at most
LEAST_WORK = 2**21  # multiply-adds of one of them, at least
PER_SECOND = 2e10  # multiply-adds of one thread
PACKED = 64  # columns at a time of a matrix that is read across its rows


def product(matrix: Array, right: Array, used: int | None = None) -> Array:
    """``matrix[:, :used] right``, (m, l), of row-major arrays of one kind."""
    used = matrix.shape[1] if used is None else used
    if matrix.dtype.kind == "c":
        return matrix[:, :used] @ right
    right = np.ascontiguousarray(right)
    out = np.zeros((len(matrix), right.shape[1]), matrix.dtype)

    def rows(first: int, last: int) -> None:
        products.product(matrix, used, right, out, first, last)

    _each(len(matrix), used * right.shape[1], rows)
    return out


def adjoint_product(matrix: Array, left: Array, used: int | None = None) -> Array:
    """``matrix[:, :used]' left``, (used, l)."""
    wanted = matrix.shape[1] if used is None else used
    if matrix.dtype.kind == "c":
        return matrix[:, :wanted].conj().T @ left
    left = np.ascontiguousarray(left)

    def rows(part: Array, first: int, last: int) -> None:
        products.adjoint_product(matrix, wanted, left, part, first, last)

    return _added(len(matrix), wanted * left.shape[1], (wanted, left.shape[1]), matrix.dtype, rows)


def gram_product(matrix: Array, right: Array, wanted: int | None = None) -> tuple[Array, Array]:
    """``matrix right`` and ``matrix' matrix right``, of which ``wanted`` columns, the matrix being read once."""
    count = right.shape[1] if wanted is None else wanted
    if matrix.dtype.kind == "c":
        image = matrix @ right
        return image, matrix.conj().T @ image[:, :count]
    right = np.ascontiguousarray(right)
    out = np.zeros((len(matrix), right.shape[1]), matrix.dtype)

    def rows(part: Array, first: int, last: int) -> None:
        products.gram_product(matrix, right, out, part, first, last)

    work = len(right) * (right.shape[1] + count)
    return out, _added(len(matrix), work, (len(right), count), matrix.dtype, rows)


def adjoint_gram_product(matrix: Array, left: Array) -> tuple[Array, Array]:
    """``matrix' left`` and ``matrix matrix' left``, the matrix being read once."""
    if matrix.dtype.kind == "c":
        image = matrix.conj().T @ left
        return image, matrix @ image
    left = np.ascontiguousarray(left)
    out = np.zeros((matrix.shape[1], left.shape[1]), matrix.dtype)

    def columns(part: Array, first: int, last: int) -> None:
        products.adjoint_gram_product(matrix, left, out, part, first, last)

    return out, _added(matrix.shape[1], 2 * left.size, left.shape, matrix.dtype, columns)


def gram(matrix: Array, used: int | None = None) -> Array:
    """``matrix[:, :used]' matrix[:, :used]``, (used, used)."""
    size = matrix.shape[1] if used is None else used
    if matrix.dtype.kind == "c":
        return matrix[:, :size].conj().T @ matrix[:, :size]

    def rows(part: Array, first: int, last: int) -> None:
        products.gram(matrix, size, part, first, last)

    return _mirrored(_added(len(matrix), size * size // 2, (size, size), matrix.dtype, rows))


def adjoint_gram(matrix: Array) -> Array:
    """``matrix matrix'``, (m, m)."""
    if matrix.dtype.kind == "c":
        return matrix @ matrix.conj().T
    size = len(matrix)

    def columns(part: Array, first: int, last: int) -> None:
        packed = np.empty((PACKED, size), matrix.dtype)
        products.adjoint_gram(matrix, packed, part, first, last)

    return _mirrored(_added(matrix.shape[1], size * size // 2, (size, size), matrix.dtype, columns))


def _mirrored(triangle: Array) -> Array:
    upper = np.triu(triangle)
    return upper + np.triu(triangle, 1).T


def _pieces(count: int, work: int) -> list[tuple[int, int]]:
    """Ranges of ``count`` rows of so much work each; they depend on nothing else."""
    number = max(1, min(PIECES, count, count * work // LEAST_WORK))
    return list(pairwise(np.linspace(0, count, number + 1).astype(int).tolist()))


def _each(count: int, work: int, rows: Callable[[int, int], None]) -> None:
    batch.over(count, rows, work / PER_SECOND)


def _added(count: int, work: int, shape: tuple[int, ...], dtype: Any, rows: Callable[[Array, int, int], None]) -> Array:
    """The sum of what ranges of rows make of zeros, in their order."""
    pieces = _pieces(count, work)
    parts = np.zeros((len(pieces), *shape), dtype)

    def some(first: int, last: int) -> None:
        for place in range(first, last):
            rows(parts[place], *pieces[place])

    batch.over(len(pieces), some, count * work / PER_SECOND / len(pieces))
    return parts[0] if len(pieces) == 1 else parts.sum(axis=0)
