"""Leading eigenvectors of kernel matrices whose rank is not small, by block Krylov spaces; n^2 numbers are stored."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from .._algebra import one_thread
from ._kernel_cholesky import Cholesky
from ._kernel_factor import EPSILON, Factor
from ._kernel_functions import Array, Kernel
from ._kernel_operator import FiniteRank, Span
from ._kernel_pairs import Pairs

EXTRA = 15  # columns of a block beyond those that are asked for
MOST_BLOCKS = 20  # of a space before it is begun anew from its best vectors
MOST_SPACES = 15
FIRST_LOOK = 5  # blocks after which it may have converged
STEADY = 1e-9  # change of the eigenvalues between blocks, over the largest, at which residuals are looked at
LEAST_PIVOT = 1e-5  # of columns of unit length: below, their products have lost too many digits
ACCURACY = 1e-9  # of residuals, over the largest eigenvalue


class ConvergenceWarning(UserWarning):
    """Eigenvectors are less accurate than they should be."""


class Space:
    """A Krylov space: orthonormal vectors, the metric times them, and their images, with the products of all."""

    def __init__(self, size: int, most: int, metric: bool) -> None:
        self.used, self.most = 0, most
        # In the order of columns, so that a space that grows stays in one piece.
        self._vectors, self._images = (np.empty((size, most), order="F") for _ in range(2))
        self._weighed = np.empty((size, most), order="F") if metric else self._vectors
        self._image, self._weight = np.empty((most, most)), np.eye(most)
        self._metric = metric

    def apart(self, block: Array) -> Array:
        """Orthonormal columns that span what a block adds to the space."""
        vectors = self._vectors[:, : self.used]
        for _ in range(2):
            block = orthonormal(block - vectors @ (vectors.T @ block))
        return block

    def add(self, block: Array, weighed: Array, image: Array) -> None:
        """Take in orthonormal columns."""
        first, last = self.used, self.used + block.shape[1]
        self._vectors[:, first:last], self._images[:, first:last] = block, image
        self.used = last
        _extend(self._image, self._weighed, weighed, image, first, last)
        if self._metric:
            _extend(self._weight, self._vectors, None, weighed, first, last)

    def ritz(self, count: int) -> tuple[Array, Array]:
        """Leading eigenpairs within the space, directions of no weight left out."""
        from scipy.linalg import eigh

        used = self.used
        basis = _root(self._weight[:used, :used]) if self._metric else np.eye(used)
        image = self._image[:used, :used]
        small = basis.T @ (0.5 * (image + image.T)) @ basis if self._metric else image
        first = max(0, len(small) - count)
        values, vectors = eigh(small, subset_by_index=(first, len(small) - 1), check_finite=False)
        positive = values > used * EPSILON * values[-1]
        return values[positive][::-1], (basis @ vectors[:, positive])[:, ::-1]

    def combined(self, inner: Array) -> Array:
        """Combinations of the vectors."""
        return self._vectors[:, : self.used] @ inner

    def residual(self, values: Array, inner: Array) -> float:
        """Of the worst of some eigenpairs."""
        vectors = self.combined(inner)
        rest = self._images[:, : self.used] @ inner - vectors * values
        return float(np.max(np.linalg.norm(rest, axis=0) / np.linalg.norm(vectors, axis=0)))


def _extend(small: Array, left: Array, added: Array | None, right: Array, first: int, last: int) -> None:
    """Products of the columns of ``left``, to which some are added, with new ones, and those by symmetry."""
    if added is not None:
        left[:, first:last] = added
    small[:last, first:last] = left[:, :last].T @ right
    small[first:last, :first] = small[:first, first:last].T


def _root(weight: Array) -> Array:
    """``B`` with ``B' W B = 1``, of directions that have a weight."""
    scale, turn = np.linalg.eigh(0.5 * (weight + weight.T))
    kept = scale > len(scale) * EPSILON * scale[-1]
    return turn[:, kept] / np.sqrt(scale[kept])


def orthonormal(block: Array) -> Array:
    """Orthonormal columns of the same span, by Cholesky's factor of their products where that exists.

    It is made of products of matrices alone; done twice, it is as good as reflections (Yamamoto et al. 2015).
    """
    lengths = np.linalg.norm(block, axis=0)
    scaled = block / np.where(lengths > 0, lengths, 1.0)
    try:
        factor = np.linalg.cholesky(scaled.T @ scaled)
    except np.linalg.LinAlgError:
        return np.linalg.qr(block)[0]
    if float(np.min(np.diag(factor))) < LEAST_PIVOT:
        return np.linalg.qr(block)[0]
    return scaled @ np.linalg.inv(factor).T


def leading(
    metric: Callable[[Array], Array] | None, operator: Callable[[Array], Array], start: Array, rank: int
) -> tuple[Array, Array]:
    """Leading eigenpairs of ``A q = value M q``, with ``A q = M operator(M q)``.

    Parameters
    ----------
    metric, operator : callable
        Of blocks ``(n, b)``: ``M`` of a block, and ``operator`` of that; ``M`` and ``A`` are symmetric, ``M`` is
        positive semidefinite, and 1 where None.
    start : ndarray, (n, b)
    rank : int

    Returns
    -------
    values : ndarray, (r,)
        From large to small; ``r`` is below ``rank`` where others are zero.
    vectors : ndarray, (n, r)
        With ``q' M q = 1``.
    """
    size, width = start.shape
    block, error = start, np.inf
    found, vectors = np.zeros(0), start[:, :0]
    for _ in range(MOST_SPACES):
        space = Space(size, width * min(MOST_BLOCKS, size // width), metric is not None)
        steady, inner = False, np.zeros((0, 0))
        for number in range(1, space.most // width + 1):
            fresh = space.apart(block)
            weighed = fresh if metric is None else metric(fresh)
            block = operator(weighed)
            space.add(fresh, weighed, block)
            last = number == space.most // width
            if number < FIRST_LOOK and not last:
                continue
            values, inner = space.ritz(width)
            earlier, found = found, values[:rank]
            steady = len(found) == len(earlier) and float(np.max(np.abs(found - earlier))) <= STEADY * values[0]
            if steady or last:
                error = space.residual(found, inner[:, :rank]) / values[0]
                if error <= ACCURACY:
                    return found, space.combined(inner[:, :rank])
        block, vectors = space.combined(inner), space.combined(inner[:, :rank])
    warnings.warn(
        f"rank: the {rank} leading eigenvectors of the kernel matrices were found to {error:.1e} of the largest"
        f" eigenvalue, expected {ACCURACY:.0e}; ask for another rank, or for a longer length_scale",
        ConvergenceWarning,
        stacklevel=6,
    )
    return found, vectors


def dense_regression(
    kernel: Kernel, pairs: Pairs, factor: Factor, rank: int, alpha: float, reduced: bool
) -> FiniteRank:
    """The operator from whole kernel matrices, of which ``factor`` is a first idea.

    Our own threads make all that is large.
    """
    count = pairs.count
    with one_thread(scipy=True):
        start = _start(factor.rows[:, pairs.origin], rank)
        weights, image = (_reduced_rank if reduced else _principal)(kernel, pairs, start, rank, alpha)
        right, left = Span(kernel, pairs.origins, weights), Span(kernel, pairs.targets, image / count)
        norms = left.weights.T @ left.at(pairs.targets)
        return FiniteRank(
            right=right,
            left=left,
            step=left.weights.T @ right.at(pairs.targets),
            right_squares=image.T @ image / count,
            left_norms=norms,
            state=image.T @ pairs.targets / count,
            observed=None if pairs.observed is None else image.T @ pairs.observed / count,
            norm=float(np.mean(kernel.diagonal(pairs.targets))),
            singular_values=np.sqrt(np.linalg.eigvalsh(norms)[::-1].clip(0.0)),
        )


def _start(rows: Array, rank: int) -> Array:
    """The leading columns of a factor ``rows' rows``, and random ones where these are too few."""
    count = rows.shape[1]
    turn = np.linalg.eigh(rows @ rows.T)[1][:, ::-1]
    start = rows.T @ turn[:, : rank + EXTRA]
    more = min(rank + EXTRA, count) - start.shape[1]
    if more <= 0:
        return start
    return np.concatenate([start, np.random.default_rng(0).standard_normal((count, more))], axis=1)


def _principal(kernel: Kernel, pairs: Pairs, start: Array, rank: int, alpha: float) -> tuple[Array, Array]:
    """Weights ``u`` of the kernel at the states before a step, and ``K u``, of principal components."""
    from fastsci_kernels.lowrank.tall import product

    count, matrix = pairs.count, kernel.matrix(pairs.origins, pairs.origins)
    values, vectors = leading(None, lambda block: product(matrix, block) / count, start, rank)
    return vectors / np.sqrt(values * count * (values + alpha)), vectors * np.sqrt(values * count / (values + alpha))


def _reduced_rank(kernel: Kernel, pairs: Pairs, start: Array, rank: int, alpha: float) -> tuple[Array, Array]:
    """The same of the operator of reduced rank."""
    from fastsci_kernels.lowrank.tall import product

    count = pairs.count
    penalty = count * alpha
    of_targets = kernel.matrix(pairs.targets, pairs.targets)
    shifted = kernel.matrix(pairs.origins, pairs.origins)
    shifted[np.diag_indices(count)] += penalty
    factor = Cholesky(shifted)

    def predicted(weighed: Array) -> Array:
        """``K (K + n alpha)^-1`` of a block, over n."""
        return (weighed - penalty * factor.solve(weighed)) / count

    values, vectors = leading(lambda block: product(of_targets, block), predicted, start, rank)
    vectors = vectors * count * np.sqrt(values)
    return factor.solve(product(of_targets, vectors)) / (count * values), vectors
