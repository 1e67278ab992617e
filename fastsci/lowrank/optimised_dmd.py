"""Optimised dynamic mode decomposition: modes by least squares over all snapshots, at any times."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._estimator import Estimator
from ._snapshots import snapshots
from ._varpro import STATUS
from ._varpro_clock import Clock
from ._varpro_fit import Found
from ._varpro_model import ExponentialModel
from ._varpro_settings import Settings, row_weights
from ._varpro_trim import without_outliers

LARGEST = 1e152  # number that may be squared and summed, as may its inverse


class OptDMD(ExponentialModel, Estimator):
    """Sums of exponentials ``x(t) = sum_j b_j phi_j exp(omega_j t)``, fitted by least squares over all snapshots.

    Where DMD fits the step from each snapshot to the next, and so takes noise for decay, this fits the trajectory: its
    eigenvalues have no bias of first order, and times need not be even.  Snapshots are projected on their leading
    directions; modes are solved for, and the rates are found by Levenberg-Marquardt steps on what is left (variable
    projection), each of which is exact in its Jacobian and takes as long as a few products of the small basis.

    Parameters
    ----------
    rank : int, float or None
        Exponentials; a fraction below 1 of the squared norm, or None for all directions that rounding does not hide (of
        snapshots without noise), keeps as many as there are directions.  Snapshots with fewer directions than that (one
        variable, standing waves) are begun with the rates of delayed ones, and have fewer exponentials where those have
        too.
    eig_constraints : {"stable", "imag", "conjugate pairs"}, a set of them, or callable, optional
        Growth rates of at most 0, of exactly 0, rates in conjugate pairs (always so where snapshots are real), or a
        function that is given rates (r,) and returns as many that are allowed.
    max_iter : int
        Steps at most.
    tol : float
        The fit ends where its next step is predicted to shorten the residual by less than this part of it.
    start : (r,) complex array, optional
        Rates to begin with, which then set the rank.  Otherwise those of linear fits to the snapshots, the best two of
        several, after which the strongest frequency of what is left takes the place of a rate where that is better.
    trim : float
        Share of the snapshots, below 0.5, that is left out of the fit as the worst explained (least trimmed squares).

    Attributes
    ----------
    rates : ndarray, shape (r,)
        Continuous eigenvalues omega, 1 over the unit of time; modes come in the order of their share of the snapshots,
        of a conjugate pair the upper one first.
    modes : ndarray, shape (n_space, r)
        Columns of unit length.
    amplitudes : ndarray, shape (r,)
        Of the modes at the first time; their phases are in the modes.
    times : ndarray, shape (n_snapshots,)
    dt : float
        The mean step between times.
    eigs : ndarray, shape (r,)
        ``exp(rates dt)``.
    error : float
        Norm of the residual of the projected snapshots over their norm, weighted as they were.
    converged : bool
    status : {"converged", "out of iterations", "stalled", "failed"}
    n_iter : int
        Steps taken.
    kept : ndarray of bool, shape (n_snapshots,)
        Snapshots that were not trimmed.
    basis : ndarray, shape (n_space, q)
        The directions that were projected on.
    n_snapshots, frequencies, growth_rates
        As in every kind of DMD.

    Raises
    ------
    ValueError, TypeError
        By ``fit``: one line that names the argument, what it was, what was expected and what to try.

    Warns
    -----
    RuntimeWarning
        Where the fit has not converged: it is the best that was found.

    References
    ----------
    Askham and Kutz, SIAM J. Applied Dynamical Systems 17, 380 (2018); Golub and Pereyra, SIAM J. Numerical Analysis 10,
    413 (1973).

    Examples
    --------
    A damped oscillation at uneven times.

    >>> import numpy as np
    >>> from fastsci.lowrank.optimised_dmd import OptDMD
    >>> t = np.sort(np.random.default_rng(0).uniform(0.0, 10.0, 80))
    >>> X = np.array([[1.0, 2.0], [0.5, -1.0]]) @ (np.exp(-0.1 * t) * np.array([np.cos(3 * t), np.sin(3 * t)]))
    >>> model = OptDMD(rank=2).fit(X, t)
    >>> model.rates.round(8)
    array([-0.1+3.j, -0.1-3.j])
    >>> bool(np.allclose(model.at(t), X))
    True
    """

    error: float
    converged: bool
    status: str
    n_iter: int
    kept: NDArray[np.bool_]
    basis: NDArray[Any]

    def __init__(
        self,
        rank: int | float | None = None,
        *,
        eig_constraints: str | Callable[[Any], Any] | set[str] | tuple[str, ...] | list[str] | None = None,
        max_iter: int = 100,
        tol: float = 1e-12,
        start: ArrayLike | None = None,
        trim: float = 0.0,
    ) -> None:
        self.rank = rank
        self.eig_constraints = eig_constraints
        self.max_iter = max_iter
        self.tol = tol
        self.start = start
        self.trim = trim

    def fit(self, X: ArrayLike, t: ArrayLike = 1.0, weights: ArrayLike | None = None) -> Self:
        """Fit snapshots.

        Parameters
        ----------
        X : (n_space, n_times) or (n_times,) array
            Real or complex; one snapshot more than there are exponentials at least.
        t : float or (n_times,) array
            The step between snapshots, or their times, which increase.
        weights : (n_times,) array, optional
            Of the squared residuals: 1 over the variance of the noise of each snapshot.  0 leaves one out.
        """
        self.search(X, t, weights)
        return self

    def search(self, X: ArrayLike, t: ArrayLike, weights: ArrayLike | None) -> tuple[Found, NDArray[Any]]:
        """Fit; what was found, and the snapshots as they were read, are what bags are drawn from."""
        settings = Settings.of(self)
        data = snapshots(X)
        _check_size(data)
        clock = Clock.of(t, data.shape[1])
        self.kept, found = without_outliers(data, clock, row_weights(weights, data.shape[1]), settings)
        self._keep(found, found.rates[found.order], found.coefficients[found.order], data)
        self.error, self.n_iter = found.error, int(found.result.iterations[0])
        self.status = STATUS[found.result.status[0]]
        self.converged = self.status == "converged"
        if not self.converged:
            warnings.warn(
                f"{type(self).__name__}: {self.status} after {self.n_iter} steps (error {self.error:.3g}); take a lower"
                " rank, give other rates to start from, or raise max_iter",
                RuntimeWarning,
                stacklevel=3,
            )
        return found, data


def _check_size(data: NDArray[Any]) -> None:
    largest = float(np.abs(data).max())
    if largest > 0 and not 1.0 / LARGEST <= largest <= LARGEST:
        raise ValueError(
            f"X: its largest number is {largest:.3g}, expected sizes whose squares neither overflow nor vanish; divide"
            f" X by {largest:.3g}"
        )
