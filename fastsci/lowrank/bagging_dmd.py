"""Bagging of the optimised dynamic mode decomposition: rates and modes with deviations, forecasts with bands."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Integral, Real
from statistics import NormalDist
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastsci_kernels.lowrank.varpro import CONVERGED

from .._estimator import Estimator
from .._validate import whole
from ._snapshots import Array
from ._varpro import STATUS, Complex
from ._varpro_bags import Bags, drawn, fitted_bags
from ._varpro_model import ExponentialModel
from ._varpro_settings import Settings
from .optimised_dmd import OptDMD

Deviations = NDArray[np.float64]
CHUNK = 2**22  # numbers at a time where deviations of states are found


class BaggedOptDMD(ExponentialModel, Estimator):
    """Optimised DMD of many random subsets of the snapshots, their means, and how far they are from one another.

    Each bag is a subset of the times, drawn without replacement and fitted from the rates of the fit to all snapshots;
    bags run on all threads, and each is what it would be alone.  Their rates are matched with those of the full fit.
    Subsets of one set of snapshots differ less, or more, than sets of snapshots would: standard deviations are scaled
    by ``sqrt(bag / (n - bag))`` to those of the full fit (the delete-d jackknife), which at half the snapshots is 1.

    Parameters
    ----------
    rank : int, float or None
        As in `OptDMD`.
    n_bags : int
        At least 2.
    bag_size : int or float
        Snapshots of a bag, or the share of them; one more than there are exponentials at least, and not all.
    rng : int, SeedSequence or Generator, optional
        Where the subsets come from; the same gives the same bits on any number of threads.
    eig_constraints, max_iter, tol, start, trim
        As in `OptDMD`.

    Attributes
    ----------
    rates, modes, amplitudes, eigs
        Of the means over the bags that converged, of rates and of amplitudes times modes.
    rates_std, eigs_std, amplitudes_std : ndarray, shape (r,)
        Standard deviations; of complex numbers that of the distance from the mean.
    growth_rates_std, frequencies_std : ndarray, shape (r,)
    modes_std : ndarray, shape (n_space, r)
        Of the modes of unit length, whose phases are those at the first time.
    full : OptDMD
        The fit to all snapshots.
    bag_rates, bag_amplitudes : ndarray, shape (n_bags, r)
        Of every bag, converged or not; NaN where it failed.
    bag_coordinates : ndarray, shape (n_bags, q, r)
        Unit modes of every bag in ``basis (n_space, q)``; `bag_modes` gives those of one.
    bag_places : ndarray of int, shape (n_bags, size)
        The snapshots of each bag.
    bag_errors : ndarray, shape (n_bags,)
        As ``error`` of `OptDMD`, of each bag.
    bag_n_iter : ndarray of int, shape (n_bags,)
    bag_status : ndarray of str, shape (n_bags,)
        "converged", "out of iterations", "stalled" or "failed".
    times, dt, basis, n_snapshots, frequencies, growth_rates
        As in `OptDMD`.

    Raises
    ------
    ValueError, TypeError
        By ``fit``: one line that names the argument, what it was, what was expected and what to try.

    Warns
    -----
    RuntimeWarning
        Where the full fit, or more than half of the bags, have not converged.

    References
    ----------
    Sashidhar and Kutz, Phil. Trans. R. Soc. A 380, 20210199 (2022); Shao and Wu, Annals of Statistics 17, 1176 (1989).

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.lowrank.bagging_dmd import BaggedOptDMD
    >>> rng = np.random.default_rng(0)
    >>> t = np.linspace(0.0, 10.0, 200)
    >>> X = rng.normal(size=(5, 2)) @ np.array([np.cos(3 * t), np.sin(3 * t)]) + 0.1 * rng.normal(size=(5, 200))
    >>> model = BaggedOptDMD(2, n_bags=50, rng=1).fit(X, t)
    >>> bool(abs(model.rates[0] - 3j) < 4 * model.rates_std[0] < 0.02)
    True
    >>> low, high = model.forecast_band(20)
    >>> bool(np.all(low < model.forecast(20)) and np.all(model.forecast(20) < high))
    True
    """

    def __init__(
        self,
        rank: int | float | None = None,
        *,
        n_bags: int = 100,
        bag_size: int | float = 0.5,
        rng: Any = None,
        eig_constraints: str | Callable[[Any], Any] | set[str] | tuple[str, ...] | list[str] | None = None,
        max_iter: int = 100,
        tol: float = 1e-12,
        start: ArrayLike | None = None,
        trim: float = 0.0,
    ) -> None:
        self.rank = rank
        self.n_bags = n_bags
        self.bag_size = bag_size
        self.rng = rng
        self.eig_constraints = eig_constraints
        self.max_iter = max_iter
        self.tol = tol
        self.start = start
        self.trim = trim

    def fit(self, X: ArrayLike, t: ArrayLike = 1.0, weights: ArrayLike | None = None) -> Self:
        """Fit all snapshots, and then the bags.

        Parameters
        ----------
        X : (n_space, n_times) or (n_times,) array
        t : float or (n_times,) array
            The step between snapshots, or their times.
        weights : (n_times,) array, optional
            Of the squared residuals; bags are drawn from snapshots of other weights than 0.
        """
        n_bags = whole("n_bags", self.n_bags)
        if n_bags < 2:
            raise ValueError(f"n_bags: is {n_bags}, expected at least 2; take OptDMD for a fit without bags")
        settings = Settings.of(self)
        options = {name: getattr(self, name) for name in ("eig_constraints", "max_iter", "tol", "start", "trim")}
        self.full = OptDMD(self.rank, **options)
        found, data = self.full.search(X, t, weights)
        size = self._size(len(found.places), len(found.rates))
        bags = fitted_bags(found, drawn(found.places, n_bags, size, self.rng), settings)
        self._keep_bags(bags)
        self._scale = float(np.sqrt(size / (len(found.places) - size)))
        used = bags.converged
        if np.count_nonzero(used) < 2:
            self._keep(found, found.rates[found.order], found.coefficients[found.order], data)
        else:
            self._keep(found, bags.rates[used].mean(axis=0), bags.coefficients[used].mean(axis=0), data)
        if 2 * np.count_nonzero(used) < n_bags:
            warnings.warn(
                f"{type(self).__name__}: {np.count_nonzero(used)} of {n_bags} bags converged; take a lower rank, larger"
                " bags or more iterations",
                RuntimeWarning,
                stacklevel=2,
            )
        return self

    def bag_modes(self, bag: int) -> Complex:
        """Modes of one bag, (n_space, r), of unit length."""
        self._check_fitted()
        return self.basis @ self.bag_coordinates[bag]

    def std_at(self, times: ArrayLike) -> Deviations:
        """Standard deviations of the states at ``times (n,)``, (n_space, n); noise of a snapshot is not in them."""
        self._check_fitted()
        return self._deviations(self._since(times))

    def forecast_std(self, n: int) -> Deviations:
        """Standard deviations of the states that ``forecast(n)`` gives, (n_space, n)."""
        return self._deviations(self.dt * (self._fitted_snapshots() + np.arange(whole("n", n), dtype=np.float64)))

    def forecast_band(self, n: int, level: float = 0.95) -> tuple[Deviations, Deviations]:
        """Lower and upper ends, each (n_space, n), between which the states lie with a probability of ``level``.

        They are those of normal deviations about ``forecast(n)``, without the noise of a snapshot.
        """
        if isinstance(level, bool) or not isinstance(level, Real) or not 0.0 < float(level) < 1.0:
            raise ValueError(f"level: is {level!r}, expected a probability between 0 and 1")
        if self._fitted_snapshots() and not self._real:
            raise TypeError("forecast_band: the snapshots are complex, whose states have no order; take forecast_std")
        reach = NormalDist().inv_cdf(0.5 + 0.5 * float(level)) * self.forecast_std(n)
        middle = self.forecast(n)
        return middle - reach, middle + reach

    def _size(self, count: int, rank: int) -> int:
        """Snapshots of a bag."""
        value = self.bag_size
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(f"bag_size: is {value!r}, expected a number of snapshots, or a share of them below 1")
        size = int(value) if isinstance(value, Integral) else round(float(value) * count)
        if not rank < size < count:
            raise ValueError(
                f"bag_size: is {value!r}, {size} of {count} snapshots, expected {rank + 1} to {count - 1} for {rank}"
                " exponentials; take another size or a lower rank"
            )
        return size

    def _keep_bags(self, bags: Bags) -> None:
        """Set what the bags found, and their deviations."""
        sizes = np.linalg.norm(bags.coefficients, axis=2)
        units = bags.coefficients / np.where(sizes > 0.0, sizes, 1.0)[..., None]
        self.bag_rates, self.bag_amplitudes, self.bag_coordinates = bags.rates, sizes, units.transpose(0, 2, 1)
        self.bag_places, self.bag_errors = bags.places, bags.errors
        self.bag_status, self.bag_n_iter = np.array(STATUS)[bags.status], bags.iterations
        self._coefficients = bags.coefficients

    @property
    def rates_std(self) -> Deviations:
        """Standard deviations of the distances of ``rates`` from their means, (r,)."""
        return self._spread(self._of_bags(self.bag_rates))

    @property
    def eigs_std(self) -> Deviations:
        """The same of ``eigs``, (r,)."""
        return self._spread(np.exp(self._of_bags(self.bag_rates) * self.dt))

    @property
    def growth_rates_std(self) -> Deviations:
        """Of ``growth_rates``, (r,)."""
        return self._spread(np.real(self._of_bags(self.bag_rates)))

    @property
    def frequencies_std(self) -> Deviations:
        """Of ``frequencies``, in turns per unit of time, (r,)."""
        return self._spread(np.imag(self._of_bags(self.bag_rates))) / (2.0 * np.pi)

    @property
    def amplitudes_std(self) -> Deviations:
        """Of the amplitudes at the first time, (r,)."""
        return self._spread(self._of_bags(self.bag_amplitudes))

    @property
    def modes_std(self) -> Deviations:
        """Of the modes of unit length, (n_space, r)."""
        return self._lifted(self._of_bags(self.bag_coordinates).transpose(2, 0, 1)).T

    def _of_bags(self, values: Array) -> Array:
        """What is known of the bags that converged."""
        return values[self.bag_status == STATUS[CONVERGED]]

    def _spread(self, values: Array) -> Deviations:
        """Standard deviations over bags (n_bags, ...), scaled to those of the full fit; NaN of fewer than two."""
        if len(values) < 2:
            return np.full(values.shape[1:], np.nan)
        return self._scale * np.std(values, axis=0, ddof=1)

    def _lifted(self, coordinates: Array) -> Deviations:
        """Standard deviations (n, n_space) of n vectors that are known in the basis, (n, n_bags, q)."""
        count = coordinates.shape[1]
        if count < 2:
            return np.full((len(coordinates), len(self.basis)), np.nan)
        triangle = np.linalg.qr(coordinates - coordinates.mean(axis=1, keepdims=True), mode="r")
        return self._scale / np.sqrt(count - 1) * np.linalg.norm(triangle @ self.basis.T, axis=1)

    def _deviations(self, since: Deviations) -> Deviations:
        """Standard deviations of the states (n_space, n) at times ``since (n,)`` the first."""
        found = np.empty((len(self.basis), len(since)))
        rates, coefficients = self._of_bags(self.bag_rates), self._of_bags(self._coefficients)
        size = max(1, CHUNK // max(1, coefficients.size, len(self.basis) * coefficients.shape[2]))
        for first in range(0, len(since), size):
            dynamics = np.exp(rates * since[first : first + size, None, None]).transpose(1, 0, 2)
            found[:, first : first + size] = self._lifted((dynamics @ coefficients).transpose(1, 0, 2)).T
        return found
