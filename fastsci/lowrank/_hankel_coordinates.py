"""Eigen-time-delay coordinates: delayed snapshots on the leading singular vectors of their matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._validate import whole
from ._hankel import DelayMatrix
from ._hankel_space import space_of
from ._rank import choose_rank
from ._source import Array

# Singular vectors of a Gram matrix are off by a rounding over the square of their relative size: 2e-8 at the worst.
RESOLVED = 1e-4
MANY, RESTARTS = 500, 100  # rows of a Gram matrix from which on a few eigenvectors are sought alone, and how long


@dataclass(frozen=True)
class DelayCoordinates:
    """``H ~ left diag(singular_values) v``, H of the delayed snapshots ``basis^H X`` of each trajectory.

    Attributes
    ----------
    left : ndarray, shape (delays * n_within, r)
        Orthonormal columns, the largest number of each positive.
    singular_values : ndarray, shape (r,)
    v : list of ndarray, shape (r, n_times - delays + 1)
        Of each trajectory.
    basis : ndarray, shape (n_space, n_within), or None
        Orthonormal columns; None where n_within is n_space.
    """

    left: Array
    singular_values: Array
    v: list[Array]
    basis: Array | None

    def lifted(self, within: Array) -> Array:
        """States ``(n_within, n)`` as ``(n_space, n)``."""
        return within if self.basis is None else self.basis @ within

    def of(self, window: Array) -> Array:
        """Coordinates (r,) of one window ``(n_space, delays)``."""
        within = window if self.basis is None else self.basis.conj().T @ window
        return (within.T.ravel() @ self.left.conj()) / self.singular_values


def delay_coordinates(
    parts: list[Array],
    delays: int,
    rank: Any,
    *,
    least: int = 2,
    without_last: bool = False,
    roundings: float | None = None,
) -> DelayCoordinates:
    """Coordinates of trajectories.

    Parameters
    ----------
    parts : list of (n_space, n_times) arrays
        Float32, float64, complex64 or complex128; computed in double precision.
    delays : int
        Snapshots in a column.
    rank : int, float or None
        As in `choose_rank`; None leaves out what the rounding of the precision given hides.
    least : int
        Columns that each trajectory has to have.
    without_last : bool
        Singular vectors of all columns but the last of each trajectory, those that have a successor.
    roundings : float, optional
        How many, of the largest singular value, hide a small one: as many as the longer side is long, unless given.
    """
    check_delays(parts, delays, least)
    precision = np.finfo(np.result_type(*parts))
    parts, scale = in_double(parts)
    ends = np.cumsum([part.shape[1] for part in parts])
    longest = max(delays * len(parts[0]), int(ends[-1]) - (delays - 1) * len(parts))
    rounding = (roundings or longest) * float(precision.eps)
    basis = None
    if len(parts[0]) > ends[-1]:  # all that is ever met lies in the space of the snapshots
        basis, within = space_of(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1))
        parts = np.split(within, ends[:-1], axis=1)
    matrix = DelayMatrix(parts, delays)
    fitted = DelayMatrix([part[:, :-1] for part in parts], delays) if without_last else matrix
    left, values = _leading(fitted, rank, rounding)
    left = left * _phases(left)
    v = np.ascontiguousarray((matrix.adjoint_product(left) / values).T).conj()
    return DelayCoordinates(left, values * scale, np.split(v, np.cumsum(matrix.counts)[:-1], axis=1), basis)


def check_delays(parts: list[Array], delays: Any, least: int) -> None:
    """Refuse delays that leave a trajectory fewer than ``least`` columns."""
    count = whole("delays", delays)
    for place, part in enumerate(parts):
        if part.shape[1] < count + least - 1:
            name = "X" if len(parts) == 1 else f"X[{place}]"
            raise ValueError(
                f"delays: is {count}, but {name} holds {part.shape[1]} snapshots; expected at most"
                f" {max(part.shape[1] - least + 1, 0)}: take fewer delays or more snapshots"
            )


def in_double(parts: list[Array]) -> tuple[list[Array], float]:
    """In double precision, and by a power of two that keeps squares from overflow and underflow."""
    largest = max(float(np.abs(part).max()) for part in parts)
    exponent = int(np.frexp(largest)[1])
    scale = 1.0 if abs(exponent) < 256 else float(2.0 ** min(exponent, 1023))
    wider = np.result_type(np.float64, *parts)
    return [part.astype(wider, copy=False) if scale == 1.0 else part / scale for part in parts], scale


def _leading(matrix: DelayMatrix, rank: Any, rounding: float) -> tuple[Array, Array]:
    """Leading left singular vectors and values: from a Gram matrix, and a second one where the first hides some."""
    wide = matrix.shape[0] <= matrix.shape[1]
    gram = matrix.row_gram() if wide else matrix.column_gram()
    wanted = len(gram) if rank is None else min(int(rank), len(gram)) if isinstance(rank, (int, np.integer)) else 1

    def resolved(found: Array) -> bool:
        kept = choose_rank(rank, found, matrix.shape, rounding)
        return bool(kept >= max(wanted, 1) and found[kept - 1] > RESOLVED * found[0])

    some = _by_lanczos(gram, wanted) if isinstance(rank, (int, np.integer)) else None
    if some is not None and resolved(some[0]):
        values, vectors = some
    else:
        values, vectors = _descending(*np.linalg.eigh(gram, UPLO="U"))
        if not resolved(values):
            values, vectors = _resolved(matrix, values, vectors, wide)
    kept = choose_rank(rank, values, matrix.shape, rounding)
    values, vectors = values[:kept], vectors[:, :kept]
    if not wide:
        vectors = np.linalg.qr(matrix.product(vectors / values))[0]
    return vectors, values


def _by_lanczos(gram: Array, wanted: int) -> tuple[Array, Array] | None:
    """The leading of very many singular values and vectors, or None where there are not many or they do not settle."""
    if len(gram) < MANY or not 0 < wanted < len(gram) // 10:
        return None
    from scipy.sparse.linalg import ArpackError, eigsh

    whole = np.triu(gram) + np.triu(gram, 1).conj().T
    start = np.random.default_rng(0).normal(size=len(gram)).astype(gram.dtype)
    try:
        return _descending(*eigsh(whole, wanted, v0=start, maxiter=RESTARTS))
    except ArpackError:
        return None


def _descending(squares: Array, vectors: Array) -> tuple[Array, Array]:
    order = np.argsort(-squares, kind="stable")
    return np.sqrt(np.maximum(squares[order], 0.0)), vectors[:, order]


def _resolved(matrix: DelayMatrix, values: Array, vectors: Array, wide: bool) -> tuple[Array, Array]:
    """Singular values and vectors down to rounding, of what a first Gram matrix gives down to the root of it.

    The matrix is rotated by what is known and scaled, those directions that rounding hid by a common scale; the Gram
    matrix of that resolves them.
    """
    if values[0] == 0.0:
        return values, vectors
    scale = np.maximum(values, np.sqrt(np.finfo(np.float64).eps) * values[0])
    turned = vectors / scale
    squares, rotation = np.linalg.eigh(matrix.adjoint_product_gram(turned) if wide else matrix.product_gram(turned))
    triangle = (np.sqrt(np.maximum(squares, 0.0))[:, None] * rotation.conj().T) @ (scale[:, None] * vectors.conj().T)
    _, found, adjoint = np.linalg.svd(triangle)
    return found, adjoint.conj().T


def _phases(vectors: Array) -> Array:
    """Factors that make the largest number of each column positive."""
    largest = np.take_along_axis(vectors, np.argmax(np.abs(vectors), axis=0)[None], axis=0)
    return largest.conj() / np.abs(largest)
