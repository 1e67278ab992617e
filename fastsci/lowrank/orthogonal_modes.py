"""Proper orthogonal decomposition: the modes that hold most of what varies, in the product that the mesh asks for."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, Self

import numpy as np

from .._estimator import Estimator
from ._dmd_model import check_flag
from ._matrix import finite_matrix
from ._operator_source import LessProduct, RowsScaled
from ._other_sources import as_source
from ._rank import choose_rank
from ._search import SAFE
from ._source import Array, Source
from ._total import total_squares
from ._weighted import Plain, Product, product_of
from .randomized import randomized_svd

FIRST = 16  # modes that are computed at first, where a part of the variance is asked for
FEW = 8  # times the components asked for: with a shorter side than that all of them are computed


class POD(Estimator):
    """Proper orthogonal decomposition of snapshots (principal components, empirical orthogonal functions).

    ``X = mean + modes @ coefficients``, the modes orthonormal in the product ``u^H W v`` that ``weights`` give, so that
    energies are integrals over the domain and not sums over mesh points.  Snapshots that are sparse or on a disk are
    centred by what is known of their mean and never copied.

    Parameters
    ----------
    n_components : int, float or None
        Modes kept; a fraction below 1 is of the variance; None keeps all that rounding does not hide, and is not for
        snapshots that are sparse or on a disk.  For a fraction of these more and more modes are computed until they are
        enough, which takes some times as long as a number of them.  Operators ask for a number.
    weights : array_like, shape (n_space,) or (n_space, n_space), optional
        Quadrature weights or cell volumes, all positive, or a mass matrix, dense or SciPy sparse, Hermitian and
        positive definite.
    subtract_mean : bool
        Whether the mean snapshot is taken off first.

    Attributes
    ----------
    modes : ndarray, shape (n_space, r)
        Orthonormal in the weights; in each the entry of largest magnitude is positive.
    singular_values : ndarray, shape (r,)
        Of the (weighted, centred) snapshots; ``singular_values**2 / n_times`` is the mean energy of a mode.
    coefficients : ndarray, shape (r, n_times)
        Amplitude of each mode in each snapshot.
    mean : ndarray, shape (n_space,)
        Zeros where not subtracted.
    energy_fractions : ndarray, shape (r,)
        Of the sum of the squares of all singular values; NaN where that is not known, as for an operator.

    Raises
    ------
    ValueError
        From ``fit``: on weights that are not positive, on NaN, whose place is named, on a number of modes that is none.

    Notes
    -----
    With a sparse mass matrix the modes come from the weighted Gram matrix of the snapshots, made orthonormal once more:
    what is below 1e-6 of the largest singular value is dropped.  In all other cases singular values are accurate to
    rounding of the largest.

    References
    ----------
    .. [1] G. Berkooz, P. Holmes and J. L. Lumley, "The proper orthogonal decomposition in the analysis of turbulent
       flows", Annual Review of Fluid Mechanics 25 (1993), 539-575.
    .. [2] J. Antognini and J. Sohl-Dickstein, "PCA of high dimensional random walks with comparison to neural network
       training", NeurIPS 2018: a random walk in many dimensions has fractions ``6 / (pi k)**2``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.lowrank.orthogonal_modes import POD
    >>> x, t = np.linspace(0, 1, 200), np.linspace(0, 10, 50)
    >>> snapshots = np.outer(np.sin(np.pi * x), np.cos(t)) + 0.1 * np.outer(np.sin(2 * np.pi * x), np.sin(3 * t)) + 1.0
    >>> pod = POD(weights=np.full(200, 1 / 199)).fit(snapshots)
    >>> pod.modes.shape, bool(pod.energy_fractions[0] > 0.98)
    ((200, 2), True)
    >>> bool(np.allclose(pod.reconstruct(), snapshots))
    True
    """

    modes: Array
    singular_values: Array
    coefficients: Array
    mean: Array
    energy_fractions: Array
    _product: Product

    def __init__(
        self, n_components: int | float | None = None, *, weights: Any = None, subtract_mean: bool = True
    ) -> None:
        self.n_components = n_components
        self.weights = weights
        self.subtract_mean = subtract_mean

    def fit(self, X: Any) -> Self:
        """Find the modes of snapshots ``X (n_space, n_times)``: columns are instants.

        X is an array, a SciPy sparse matrix, a memory map, an array of Zarr or Dask, or an operator.
        """
        count: Any = self.n_components
        whole = isinstance(count, Integral) and int(count) >= 1
        part = isinstance(count, Real) and not isinstance(count, Integral) and 0 < float(count) < 1
        if isinstance(count, bool) or not (count is None or whole or part):
            raise ValueError(
                f"n_components: is {count!r}, expected a positive number of modes, a fraction of the variance below 1,"
                " or None for all"
            )
        check_flag("subtract_mean", self.subtract_mean)
        source = as_source(X, "X")
        if source is not None:
            return self._fit_source(source)
        snapshots = finite_matrix(X, "X")
        _refuse_empty(snapshots.shape)
        unit = _unit(snapshots)
        if unit == 1.0:
            return self._fit_array(snapshots)
        self._fit_array(snapshots / snapshots.dtype.type(unit))
        for name in ("mean", "singular_values", "coefficients"):
            setattr(self, name, getattr(self, name) * snapshots.dtype.type(unit))
        return self

    def project(self, X: Any) -> Array:
        """Coefficients (r, n_times) of other snapshots ``X (n_space, n_times)``."""
        self._check_fitted()
        snapshots = finite_matrix(X, "X")
        if len(snapshots) != len(self.mean):
            raise ValueError(f"X: has {len(snapshots)} rows, expected {len(self.mean)} as the snapshots fitted")
        return self._product.applied(self.modes).conj().T @ (snapshots - self.mean[:, None])

    def reconstruct(self, rank: int | None = None) -> Array:
        """The snapshots (n_space, n_times) from the first ``rank`` modes, all of them unless given."""
        self._check_fitted()
        count = len(self.singular_values) if rank is None else rank
        if isinstance(count, bool) or not isinstance(count, Integral) or not 0 <= count <= len(self.singular_values):
            raise ValueError(f"rank: is {rank!r}, expected an integer from 0 to {len(self.singular_values)}")
        return self.modes[:, :count] @ self.coefficients[:count] + self.mean[:, None]

    def _fit_array(self, snapshots: Array) -> Self:
        product = product_of(self.weights, len(snapshots))
        mean = snapshots.mean(axis=1) if self.subtract_mean else np.zeros(len(snapshots), snapshots.dtype)
        fresh = snapshots - mean[:, None] if self.subtract_mean else snapshots
        count: Any = self.n_components
        shortest = min(fresh.shape)
        # Where it is sure that few are wanted of many; the certificate would be of a norm that is not used here.
        few = isinstance(count, Integral) and FEW * int(count) < shortest
        if few and product.rooted:
            rooted = product.root(fresh)
            left, values, right = randomized_svd(rooted, int(count), rng=0, certify=False)
            total = float(np.linalg.norm(rooted)) ** 2
        else:
            left, values, right = product.decomposed(fresh)
            total = float(values.astype(np.float64) @ values)
        rank = choose_rank(self.n_components, values, fresh.shape, _hidden(values, fresh.shape, product.length(mean)))
        modes = product.unrooted(left[:, :rank]) if product.rooted else left[:, :rank]
        return self._keep(product, mean, modes, values[:rank], right[:rank], total)

    def _fit_source(self, source: Source) -> Self:
        _refuse_empty(source.shape)
        rows, columns = source.shape
        count: Any = self.n_components
        shortest = min(rows, columns)
        if count is None or (isinstance(count, Integral) and int(count) > shortest):
            raise ValueError(
                f"n_components: is {count!r}, expected an integer from 1 to {shortest}, or a fraction of the variance,"
                " for snapshots that are not an array in memory"
            )
        product = product_of(self.weights, rows)
        if not isinstance(product, Plain):
            raise ValueError(
                "weights: is a matrix, expected one weight a row for snapshots that are not an array in memory; lump it"
                " (sum its rows), or give the snapshots as an array"
            )
        mean = np.zeros(rows, source.dtype)
        if self.subtract_mean:
            mean = source.product(np.full((columns, 1), 1.0 / columns, source.dtype))[:, 0]
            if not np.isfinite(mean).all():
                source.refuse_non_finite("X")
        with np.errstate(over="ignore", invalid="ignore"):
            total = total_squares(source, mean, product.weights)
        if total is not None and not np.isfinite(total):
            raise ValueError("X: the sum of its squares overflows, expected smaller numbers; divide X by the largest")
        if total is None and not isinstance(count, Integral):
            raise ValueError(
                f"n_components: is {count!r}, expected an integer from 1 to {shortest} for an operator, whose variance"
                " is not known"
            )
        if self.subtract_mean:
            source = LessProduct(source, mean, np.ones(columns, source.dtype))
        if product.weights is not None:
            source = RowsScaled(source, np.sqrt(product.weights))
        if isinstance(count, Integral):
            left, values, right = randomized_svd(source, int(count), rng=0, certify=False)
        else:
            left, values, right = _holding(source, float(count) * (total or 0.0))
        rank = choose_rank(
            len(values) or None, values, (rows, columns), _hidden(values, (rows, columns), product.length(mean))
        )
        return self._keep(product, mean, product.unrooted(left[:, :rank]), values[:rank], right[:rank], total)

    def _keep(
        self, product: Product, mean: Array, modes: Array, values: Array, right: Array, total: float | None
    ) -> Self:
        largest = np.take_along_axis(modes, np.abs(modes).argmax(axis=0)[None], axis=0)
        sizes = np.abs(largest)
        phases = np.where(sizes > 0, largest / np.where(sizes > 0, sizes, 1), 1)
        self.modes, self.singular_values = modes / phases, values
        self.coefficients = phases.T * values[:, None] * right
        self.mean, self._product = mean, product
        with np.errstate(divide="ignore", invalid="ignore"):
            self.energy_fractions = values.astype(np.float64) ** 2 / (np.nan if total is None else total)
        return self

    def _check_fitted(self) -> None:
        if not hasattr(self, "modes"):
            raise ValueError("POD: is not fitted yet; call fit(X) first")


def _unit(snapshots: Array) -> float:
    """A power of two that snapshots are divided by, where their squares would leave the range of their kind."""
    largest, safe = float(np.abs(snapshots).max()), SAFE[np.finfo(snapshots.dtype).dtype.itemsize]
    return 1.0 if largest == 0 or 1.0 / safe < largest < safe else 2.0 ** (int(np.frexp(largest)[1]) - 1)


def _hidden(values: Array, shape: tuple[int, int], mean_length: float) -> float:
    """What rounding hides, in units of the largest singular value: more of it where a large mean was taken off."""
    rounding = max(shape) * float(np.finfo(values.dtype).eps)
    largest = float(values[0]) if values.size else 0.0
    return min(rounding * max(1.0, mean_length * np.sqrt(shape[1]) / largest), 1.0) if largest > 0 else 1.0


def _holding(source: Source, wanted: float) -> tuple[Array, Array, Array]:
    """As few leading singular values as hold the squares that are wanted, and their vectors."""
    shortest, count = min(source.shape), FIRST
    while True:
        count = min(count, shortest)
        left, values, right = randomized_svd(source, count, rng=0, certify=False)
        held = np.cumsum(values.astype(np.float64) ** 2)
        if held[-1] >= wanted or count == shortest:
            rank = min(int(np.count_nonzero(held < wanted)) + 1, count) if held[-1] > 0 else 0
            return left[:, :rank], values[:rank], right[:rank]
        count *= 2


def _refuse_empty(shape: tuple[int, ...]) -> None:
    if 0 in shape:
        raise ValueError(f"X: has shape {tuple(shape)}, expected at least one row and one snapshot")
