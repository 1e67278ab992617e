"""Rows that pass by, kept as a few rows with the same squares.

``A^H A = B^H B + D^H D``: of all rows A that have passed, B holds at most ``width``, and the squares of D, which was
dropped, are summed.  The rows of B change by rotations among themselves alone, so that nothing is lost by rounding but
what is below the rounding of the largest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._algebra import threads_for
from ._source import Array

LOSSLESS = 256  # features of which a triangle is kept: it costs no more than the few rows
SPARE = 10  # rows kept beyond those asked for: what is dropped too early is small beside the last of these
LEAST_WAITING = 64  # rows gathered before they are folded in, so that rows that come singly cost no more
TO_TRIANGLE = 8, 2**19  # times the width are gathered for a triangle, and numbers at most: fewer of them to make


class Stream:
    """What is left of rows that have passed, their mean, and how many they were.

    The rows are folded in by fixed numbers, so that neither the sizes of the blocks in which they come nor looking at
    the result changes a bit of it.

    Parameters
    ----------
    n_features : int
    wanted : int or None
        How many directions are asked for; None for all.
    forgetting : float
        The weight of a row's square shrinks by this factor with each row that follows.
    centred : bool
        Whether the rows are counted from their mean.
    dtype : dtype
        float32 or float64.
    """

    def __init__(self, n_features: int, wanted: int | None, forgetting: float, centred: bool, dtype: Any) -> None:
        self.n_features, self.forgetting, self.centred = n_features, forgetting, centred
        width = n_features if wanted is None else wanted + max(SPARE, wanted // 4)
        self.lossless = wanted is None or n_features <= max(LOSSLESS, 4 * width)
        self.width = n_features if self.lossless else width
        self.seen = 0  # rows, with those that wait
        self.folds = 0
        self.weight = 0.0  # sum of the weights of the rows that are folded in
        self.mean = np.zeros(n_features)
        self.dropped = 0.0  # the squared Frobenius norm of D
        self.rows = np.zeros((0, n_features), dtype)
        times, most = TO_TRIANGLE
        gathered = min(times * self.width, most // n_features) if self.lossless else 0
        self._capacity = max(2 * self.width, gathered, LEAST_WAITING)
        self._waiting = np.empty((0, n_features), dtype)
        self._count = 0
        self._settled: Stream | None = None
        self._found: tuple[Array, Array] | None = None

    def add(self, block: Array) -> None:
        """Take in rows (n_rows, n_features), in the order in which they come."""
        self._settled = self._found = None
        first = 0
        while first < len(block):
            taken = min(len(block) - first, self._capacity - self._count)
            fresh = block[first : first + taken]
            if taken == self._capacity:
                self._fold(fresh.astype(self.rows.dtype, copy=False))
            else:
                self._wait(fresh)
            first += taken
            self.seen += taken

    def _wait(self, fresh: Array) -> None:
        needed = self._count + len(fresh)
        if needed > len(self._waiting):
            longer = np.empty((min(self._capacity, 2 * needed), self.n_features), self.rows.dtype)
            longer[: self._count] = self._waiting[: self._count]
            self._waiting = longer
        self._waiting[self._count : needed] = fresh
        self._count = needed
        if needed == self._capacity:
            self._count = 0
            self._fold(self._waiting)

    def settled(self) -> Stream:
        """The stream with nothing waiting; this one stays as it is."""
        if not self._count:
            return self
        if self._settled is None:
            done = object.__new__(Stream)
            done.__dict__.update(self.__dict__)
            done._count, done._found = 0, None
            done._fold(self._waiting[: self._count])
            self._settled = done
        return self._settled

    def merge(self, other: Stream) -> None:
        """Take in the rows of another stream, as though they came after these."""
        settled, other = self.settled(), other.settled()
        self.__dict__.update(settled.__dict__)
        self._settled = self._found = None
        self._join(other.rows, other.weight, other.mean, other.dropped, other.seen)
        self.folds += other.folds
        self.seen += other.seen

    def _fold(self, block: Array) -> None:
        """Make one of the rows that are kept and these."""
        count = len(block)
        weights = self.forgetting ** np.arange(count - 1, -1, -1.0)
        weight, mean, fresh = float(weights.sum()), self.mean, block
        if self.centred:
            mean = weights @ block / weight
            fresh = (block - mean).astype(block.dtype, copy=False)
        if self.forgetting != 1.0:
            fresh = fresh * np.sqrt(weights)[:, None].astype(block.dtype)
        self._join(fresh, weight, mean, 0.0, count)

    def _join(self, fresh: Array, weight: float, mean: Array, dropped: float, count: int) -> None:
        dtype = np.result_type(self.rows, fresh)
        fading = self.forgetting**count
        before = fading * self.weight
        total = before + weight
        parts = [self.rows * dtype.type(np.sqrt(fading)) if fading != 1.0 else self.rows, fresh]
        if self.centred and before > 0 and weight > 0:
            apart = np.sqrt(before * (weight / total)) * (self.mean - mean)
            parts.append(apart[None].astype(dtype))
        if self.centred and total > 0:
            self.mean = self.mean + (weight / total) * (mean - self.mean)
        stacked, lost = np.concatenate(parts), 0.0
        if len(stacked) > self.width:
            with threads_for(stacked.size):
                stacked, lost = self._shortened(stacked)
        self.rows, self.weight, self.dropped = stacked, total, fading * self.dropped + dropped + lost
        self.folds += 1

    def _shortened(self, rows: Array) -> tuple[Array, float]:
        if not self.lossless:
            return shortened(rows, self.width)
        triangle: Any = np.linalg.qr(rows, mode="r")
        return triangle, 0.0

    def directions(self) -> tuple[Array, Array]:
        """Singular values and right singular vectors, as rows whose largest entries are positive."""
        settled = self.settled()
        if settled._found is None:
            _, values, right = np.linalg.svd(settled.rows, full_matrices=False)
            largest = np.take_along_axis(right, np.abs(right).argmax(axis=1, keepdims=True), axis=1)
            settled._found = values, right * np.where(largest < 0, -1, 1).astype(right.dtype)
        return settled._found

    def rounding(self) -> float:
        """How far rounding may have moved the rows kept, in the Frobenius norm."""
        settled = self.settled()
        epsilon = float(np.finfo(settled.rows.dtype).eps)
        return settled.folds * np.sqrt(self._capacity) * epsilon * float(np.linalg.norm(settled.rows))


def shortened(rows: Array, width: int) -> tuple[Array, float]:
    """The ``width`` rows whose squares ``R^H R`` are nearest to those of ``rows``, and the sum of squares they lack.

    The Gram matrix of the rows gives the rotation.  Where it has lost small directions in the rounding of large ones,
    the rows that these leave are rotated again among themselves.
    """
    epsilon = float(np.finfo(rows.dtype).eps)
    kept: list[Array] = []
    floor = 0.0
    while True:
        squares, rotation = np.linalg.eigh(rows @ rows.T)
        squares, rotation = squares[::-1], rotation[:, ::-1]
        largest = float(squares[0])
        floor = max(floor, epsilon**2 * largest)
        clear = int(np.count_nonzero(squares > np.sqrt(epsilon) * largest))
        if clear >= width:
            rounding = len(rows) * epsilon * largest
            lost = float(squares[width:].sum(dtype=np.float64)) + rounding
            if lost < 1e4 * rounding:
                lost = _squares(rotation[:, width:].T @ rows)
            return np.concatenate([*kept, rotation[:, :width].T @ rows]), lost
        rotated = rotation.T @ rows
        kept.append(rotated[:clear])
        rows, width = rotated[clear:], width - clear
        left = _squares(rows)
        if left <= floor or not clear:
            return np.concatenate([*kept, rows[:width]]), _squares(rows[width:])


def _squares(rows: Array) -> float:
    flat = rows.astype(np.float64, copy=False).ravel()
    return float(flat @ flat)
