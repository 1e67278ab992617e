"""Cholesky's factor of a large matrix on our own threads.

Those of BLAS wait for one another by spinning, and took thrice as long as one of them where another program was
running on a processor.
"""

from __future__ import annotations

import numpy as np

from .._algebra import one_thread
from ._kernel_functions import Array
from ._kernel_passes import shared

STEP = 256  # columns that are eliminated at once
TILE = 256  # rows that a thread takes at once


class Cholesky:
    """``L L'`` of a positive definite matrix ``(n, n)`` in rows, in whose place ``L`` is written."""

    def __init__(self, matrix: Array) -> None:
        self._factor, self._corners = matrix, list[Array]()
        self._cuts = [slice(first, min(first + STEP, len(matrix))) for first in range(0, len(matrix), STEP)]
        with one_thread():
            for some in self._cuts:
                self._eliminate(some)

    def _eliminate(self, some: slice) -> None:
        matrix, first, last = self._factor, some.start, some.stop
        own = matrix[some, :first]
        corner = matrix[some, some]
        corner[:] = np.linalg.cholesky(corner - own @ own.T)
        self._corners.append(np.linalg.inv(corner))
        turned = self._corners[-1].T

        def rows(top: int, bottom: int) -> None:
            below = matrix[last + top : last + bottom]
            np.matmul(below[:, some] - below[:, :first] @ own.T, turned, out=below[:, some])

        shared(len(matrix) - last, TILE, rows, STEP * last)

    def solve(self, right: Array) -> Array:
        """The matrix's inverse times a block ``(n, b)``."""
        from fastsci_kernels.lowrank.tall import product

        found = np.array(right, order="C")
        with one_thread():
            for some, corner in zip(self._cuts, self._corners, strict=True):
                found[some] = corner @ (found[some] - product(self._factor[some], found, some.start))
            for some, corner in zip(reversed(self._cuts), reversed(self._corners), strict=True):
                found[some] = corner.T @ found[some]
                self._subtract(some, found)
        return found

    def _subtract(self, some: slice, found: Array) -> None:
        """What is known of a solution from the equations above."""
        row, known = self._factor[some], found[some]

        def above(top: int, bottom: int) -> None:
            found[top:bottom] -= row[:, top:bottom].T @ known

        shared(some.start, TILE, above, STEP * found.shape[1])
