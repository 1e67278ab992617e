"""The matrix of delayed snapshots, known by its products and its Gram matrices; it is never stored."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._source import Array, Source


class DelayMatrix(Source):
    """Columns ``(x_k, x_{k+1}, ..., x_{k+delays-1})`` of one trajectory after another.

    Row ``i n_space + s`` is variable s, i snapshots late.  What is stored is each trajectory, once.

    Parameters
    ----------
    parts : list of (n_space, n_times) arrays
        Trajectories of one dtype.
    delays : int
        Snapshots in a column, at most the length of the shortest trajectory.
    """

    def __init__(self, parts: list[Array], delays: int) -> None:
        self.delays = delays
        self.n_space = len(parts[0])
        self.counts = [part.shape[1] - delays + 1 for part in parts]
        self.shape = (delays * self.n_space, sum(self.counts))
        self.dtype = parts[0].dtype
        self.instants = [np.ascontiguousarray(part.T) for part in parts]

    def product(self, right: Array) -> Array:
        """``H right``, (rows, l)."""
        found = np.zeros((self.shape[0], right.shape[1]), np.result_type(self.dtype, right))
        for place, columns in self._interleaved():
            found += columns.T @ right[place]
        return found

    def adjoint_product(self, left: Array) -> Array:
        """``H^H left``, (columns, l)."""
        found = np.empty((self.shape[1], left.shape[1]), np.result_type(self.dtype, left))
        turned = left.conj()
        for place, columns in self._interleaved():
            found[place] = columns @ turned
        return found.conj() if found.dtype.kind == "c" else found

    def row_gram(self) -> Array:
        """``H H^H``, (rows, rows): lagged products of the snapshots and their sliding sums; upper triangle alone.

        Along a diagonal of blocks one product comes in at the end of the trajectory and one goes out at its beginning,
        so that all of it takes little more than its first row of blocks.
        """
        delays, n_space = self.delays, self.n_space
        gram = np.zeros((delays, n_space, delays, n_space), self.dtype)
        for instants, count in zip(self.instants, self.counts, strict=True):
            known, turned = np.zeros_like(gram), instants.conj()
            for lag in range(delays):
                known[0, :, lag] = instants[:count].T @ turned[lag : lag + count]
            for row in range(1, delays):
                later, earlier = slice(row, delays), slice(row - 1, delays - 1)
                known[row, :, later] = (
                    known[row - 1, :, earlier]
                    + instants[row + count - 1, :, None, None] * turned[None, row + count - 1 : delays + count - 1]
                    - instants[row - 1, :, None, None] * turned[None, earlier]
                )
            gram += known
        return gram.reshape(self.shape[0], self.shape[0])

    def column_gram(self) -> Array:
        """``H^H H``, (columns, columns): sums of ``delays`` neighbours along the diagonals of the snapshots' products.

        Windows that would reach from one trajectory into the next are left out at the end.
        """
        whole = np.concatenate(self.instants)
        gram = whole.conj() @ whole.T
        windows = len(whole) - self.delays + 1
        sums = np.empty((windows, windows), gram.dtype)
        sums[0] = sum(gram[late, late : late + windows] for late in range(self.delays))
        for row in range(1, windows):
            last = row + self.delays - 1
            sums[row, row:] = sums[row - 1, row - 1 : -1] + gram[last, last:] - gram[row - 1, row - 1 : windows - 1]
        if len(self.instants) == 1:
            return sums
        ends = np.cumsum([len(instants) for instants in self.instants])
        kept = np.concatenate(
            [
                end - len(part) + np.arange(count)
                for end, part, count in zip(ends, self.instants, self.counts, strict=True)
            ]
        )
        return sums[np.ix_(kept, kept)]

    def adjoint_product_gram(self, left: Array) -> Array:
        """``Y^H Y`` of ``Y = H^H left``, (l, l), for which Y is not stored."""
        gram = np.zeros((left.shape[1], left.shape[1]), np.result_type(self.dtype, left))
        turned = left.conj()
        for _, columns in self._interleaved():
            found = columns @ turned
            gram += found.T @ found.conj()
        return gram

    def product_gram(self, right: Array) -> Array:
        """``Y^H Y`` of ``Y = H right``, (l, l), for which Y is not stored."""
        gram = np.zeros((right.shape[1], right.shape[1]), np.result_type(self.dtype, right))
        for late in range(self.delays):
            found = np.zeros((self.n_space, right.shape[1]), gram.dtype)
            begin = 0
            for instants, count in zip(self.instants, self.counts, strict=True):
                found += instants[late : late + count].T @ right[begin : begin + count]
                begin += count
            gram += found.conj().T @ found
        return gram

    def _interleaved(self) -> Any:
        """Columns of H as rows: those ``delays`` apart do not overlap and are a view of the snapshots."""
        begin = 0
        for instants, count in zip(self.instants, self.counts, strict=True):
            for first in range(min(self.delays, count)):
                some = 1 + (count - 1 - first) // self.delays
                view = instants[first : first + some * self.delays].reshape(some, self.shape[0])
                yield slice(begin + first, begin + count, self.delays), view
            begin += count
