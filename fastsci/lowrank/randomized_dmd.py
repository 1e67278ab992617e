"""Dynamic mode decomposition of what a few random combinations of the snapshots span."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .._algebra import one_thread
from ._dmd_coordinates import LEAST_BY_GRAM, combine, inverse_root, rounding
from ._dmd_model import FIT_TO, SnapshotModel, check_choice, check_debias, check_flag, side_by_side
from ._dmd_products import Array, adjoint_product, gram, gram_product, product
from ._snapshots import step, trajectories
from .randomized import check_rng


class RandomizedDMD(SnapshotModel):
    """Dynamic mode decomposition in the span of a few random combinations of the snapshots.

    Erichson et al.: a basis ``Q`` of what ``rank + n_oversamples`` random combinations of the snapshots span, after
    power iterations, and DMD of ``Q^H X``. The snapshots are read ``n_iter + 1`` times, each time for two thin
    products at once; where there are so few snapshots that all their products take less, these are formed in one pass
    and the same iterations go on with them. No decomposition is larger than ``rank + n_oversamples`` by ``n_times``.

    Where there are only some hundreds of snapshots, `DMD` is as fast.

    Parameters
    ----------
    rank : int
        Number of modes.
    n_oversamples : int, default=10
        Combinations beyond the rank.
    n_iter : int, default=2
        Power iterations: more where singular values fall slowly.
    exact, debias, fit_to
        As for `DMD`.
    rng : int, SeedSequence, numpy.random.Generator or None, default=None
        The same ``rng`` gives the same model.

    Attributes
    ----------
    eigs : ndarray, shape (r,)
    modes : ndarray, shape (n_space, r)
    amplitudes : ndarray, shape (r,)
    trajectory_amplitudes : ndarray, shape (n_trajectories, r)
    singular_values : ndarray, shape (rank + n_oversamples,)
        Of the compressed snapshots that have a successor, at most.
    n_passes : int
        How often the snapshots were read, before the modes were formed.
    route : {"sketch", "sketch twice"}
        Twice where the basis had to be made orthonormal to rounding, for singular values below a thousandth of the
        largest.
    dt : float
    n_snapshots : int

    References
    ----------
    .. [1] N. B. Erichson, L. Mathelin, J. N. Kutz, S. L. Brunton, Randomized dynamic mode decomposition, SIAM J. Appl.
       Dyn. Syst. 18 (2019) 1867-1891.

    Examples
    --------
    >>> import numpy as np
    >>> x, t = np.linspace(0, 1, 2000)[:, None], 0.1 * np.arange(300)
    >>> X = np.sin(2 * np.pi * (3 * x - 0.5 * t)) + 0.01 * np.random.default_rng(0).normal(size=(2000, 300))
    >>> model = RandomizedDMD(2, rng=0).fit(X, dt=0.1)
    >>> np.round(np.sort(model.frequencies), 3)
    array([-0.5,  0.5])
    """

    def __init__(
        self,
        rank: Any,
        *,
        n_oversamples: int = 10,
        n_iter: int = 2,
        exact: bool = True,
        debias: str | None = None,
        fit_to: str = "all",
        rng: Any = None,
    ) -> None:
        self.rank = rank
        self.n_oversamples = n_oversamples
        self.n_iter = n_iter
        self.exact = exact
        self.debias = debias
        self.fit_to = fit_to
        self.rng = rng

    def fit(self, X: Any, dt: float = 1.0) -> Self:
        """Fit snapshots ``X (n_space, n_times)``, or a list of trajectories, ``dt`` apart.

        Raises
        ------
        ValueError
            As for `DMD`, and if ``rank``, ``n_oversamples`` or ``n_iter`` is negative.
        TypeError
            If these are no integers.
        """
        parts = trajectories(X)
        rank = _count("rank", self.rank, 1)
        width = rank + _count("n_oversamples", self.n_oversamples, 0)
        n_iter = _count("n_iter", self.n_iter, 0)
        check_choice("fit_to", self.fit_to, FIT_TO)
        check_debias(self.debias, rank, len(parts[0]), sum(part.shape[1] - 1 for part in parts))
        exact = check_flag("exact", self.exact)
        check_rng(self.rng)
        self.dt = step(dt)
        columns = side_by_side(parts)
        lengths = [part.shape[1] for part in parts]
        with one_thread():
            sketch, back, x = self._compress(columns, rank, min(width, *columns.shape), n_iter)
            weights = self._fit_coordinates(
                x, lengths, rank, columns, exact=exact, debias=self.debias, fit_to=self.fit_to
            )
            self.modes = combine(sketch, back @ (x @ weights), self.eigs)
        return self

    def _compress(self, columns: Array, rank: int, width: int, n_iter: int) -> tuple[Array, Array, Array]:
        """Some columns ``Y``, ``back`` with an orthonormal ``Q = Y back``, and ``Q^H columns``."""
        right = np.random.default_rng(self.rng).standard_normal((columns.shape[1], width))
        # For few snapshots the products of all of them take less than those of their combinations, pass after pass.
        products = gram(columns) if columns.shape[1] <= (4 * n_iter + 2) * width else None
        for _ in range(n_iter):
            right = np.linalg.qr(gram_product(columns, right) if products is None else products @ right)[0]
        if products is None:
            sketch = np.empty((len(columns), width), columns.dtype)
            twice = gram_product(columns, right, sketch)
        else:
            sketch, twice = None, products @ right
        self.n_passes = n_iter + 1 if products is None else 1
        self.route = "sketch"
        values, vectors = np.linalg.eigh(right.conj().T @ twice)
        known = values > width * np.finfo(np.float64).eps * max(float(values[-1]), np.finfo(np.float64).tiny)
        back = vectors[:, known] / np.sqrt(values[known])
        x = back.conj().T @ twice.conj().T
        singular = np.linalg.svd(x, compute_uv=False)[:rank]
        hides = singular.size < min(rank, width) or singular[-1] < LEAST_BY_GRAM * singular[0]
        if hides and values[-1] > 0 and np.finfo(columns.dtype).bits == 64:
            sketch = product(columns, right) if sketch is None else sketch
            back = _orthonormal(sketch)
            self.n_passes += 1 if products is None else 2
            self.route = "sketch twice"
            return sketch, back, adjoint_product(columns, product(sketch, back)).conj().T
        return (columns, right @ back, x) if sketch is None else (sketch, back, x)


def _orthonormal(sketch: Array) -> Array:
    """``back (l, l)`` with which ``sketch @ back`` is an isometry of all that rounding does not hide, and else zero."""
    values, vectors = np.linalg.eigh(gram(sketch))
    # As in `coordinates`: what the first products hide keeps a common scale, by which the second ones resolve it.
    common = float(np.sqrt(np.finfo(values.dtype).eps))
    sizes = np.sqrt(np.maximum(values / values[-1], common**2))
    back = vectors / (sizes * np.sqrt(values[-1]))
    back = back @ inverse_root(gram(sketch, back), (rounding(sketch.shape, sketch.dtype) / common) ** 2)
    return back @ inverse_root(gram(sketch, back), 0.5)


def _count(name: str, value: Any, least: int) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: is {value!r}, expected an integer of at least {least}")
    if value < least:
        raise ValueError(f"{name}: is {value}, expected an integer of at least {least}")
    return int(value)
