"""Chaos as a linear system in delay coordinates, forced by the least of them."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._estimator import Estimator
from .._samples import samples
from .._validate import whole
from ._hankel_coordinates import delay_coordinates
from ._hankel_response import response
from ._snapshots import snapshots, step

Real = NDArray[np.floating[Any]]


class HAVOK(Estimator):
    """Hankel alternative view of Koopman: ``dv/dt = A v + B u``, u the last of the eigen-time-delay coordinates.

    A measurement of a chaotic system is written in the right singular vectors v of its delay matrix.  A linear system
    holds for all but the last of those kept; the last, small and intermittent, forces it.  The delay matrix is never
    stored (see `HankelDMD`), derivatives are central differences of fourth order, and A and B come from least squares.

    For the variable x of Lorenz-63, 100 delays of 0.001 and rank 15, the authors find A close to skew-symmetric and
    tridiagonal, a forcing of long tails, and bursts of it ahead of the switches from lobe to lobe.

    Parameters
    ----------
    delays : int
        Snapshots in a column.
    rank : int, float or None
        Coordinates kept, those that force included; a fraction below 1 is of the squared norm; None keeps all that
        rounding does not hide.
    n_forcing : int
        Coordinates, the last ones, that force the others.

    Attributes
    ----------
    A : ndarray, shape (r - n_forcing, r - n_forcing)
    B : ndarray, shape (r - n_forcing, n_forcing)
        Both per unit of time.
    coordinates : ndarray, shape (r, n_times - delays + 1)
        Rows are orthonormal.
    forcing : ndarray, shape (n_forcing, n_times - delays + 1)
        The last of them.
    times : ndarray, shape (n_times - delays + 1,)
        Of the last snapshot in each column, the first snapshot being at 0: coordinates at a time hold nothing later.
    singular_values : ndarray, shape (r,)
    delay_modes : ndarray, shape (delays, n_space, r)
        Left singular vectors; ``delay_modes[i]`` belongs to snapshots i steps after the first of a column.
    eigs : ndarray, shape (r - n_forcing,)
        Eigenvalues of A, continuous in time.
    kurtosis : ndarray, shape (n_forcing,)
        Fourth central moment of the forcing over its squared variance; 3 for a normal one, NaN for a constant one.
    explained : ndarray, shape (r - n_forcing,)
        Of each coordinate's derivative, the part of the squares that the linear system gives; 1 where it is exact.
    dt : float

    Raises
    ------
    ValueError, TypeError
        By ``fit``: one line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Brunton, Brunton, Proctor, Kaiser and Kutz, Nature Communications 8, 19 (2017); Hirsh, Ichinaga, Brunton, Kutz and
    Brunton, Proc. R. Soc. A 477, 20210097 (2021), why A is skew-symmetric and tridiagonal.

    Examples
    --------
    Two tones take four coordinates; nothing is left over to force them.

    >>> import numpy as np
    >>> from fastsci.lowrank.forced_delay import HAVOK
    >>> t = 0.01 * np.arange(2000)
    >>> model = HAVOK(delays=100, rank=4).fit(np.cos(t) + np.cos(3 * t), dt=0.01)
    >>> model.coordinates.shape, model.A.shape, model.B.shape
    ((4, 1901), (3, 3), (3, 1))
    >>> bool(model.explained.min() > 0.999999)
    True
    """

    coordinates: Real
    forcing: Real
    times: Real
    singular_values: Real
    delay_modes: Real
    eigs: NDArray[np.complexfloating[Any, Any]]
    kurtosis: Real
    explained: Real
    dt: float
    _operator: Real  # (r - n_forcing, r): A and B, side by side

    def __init__(self, delays: int, rank: int | float | None, n_forcing: int = 1) -> None:
        self.delays = delays
        self.rank = rank
        self.n_forcing = n_forcing

    def fit(self, X: ArrayLike, dt: float = 1.0) -> Self:
        """Fit snapshots ``dt`` apart.

        Parameters
        ----------
        X : (n_space, n_times) or (n_times,) array
            Real measurements of one trajectory.
        dt : float
            Time between snapshots.
        """
        given, interval, inputs = snapshots(X), step(dt), whole("n_forcing", self.n_forcing)
        if given.dtype.kind == "c":
            raise TypeError("X: is complex, expected real measurements; give real and imaginary part as two variables")
        # The last coordinates are small and wanted all the same: as small as a triangle of so many rows resolves.
        roundings = 10 * whole("delays", self.delays) * len(given)
        found = delay_coordinates([given], self.delays, self.rank, least=6, roundings=roundings)
        v, rank = found.v[0], len(found.singular_values)
        if rank <= inputs:
            raise ValueError(
                f"rank: {self.rank!r} keeps {rank} of the coordinates, expected more than n_forcing = {inputs}; take"
                " more, or more delays"
            )
        if v.shape[1] - 4 < rank:
            raise ValueError(
                f"X: {v.shape[1]} columns of {self.delays} delays give {v.shape[1] - 4} derivatives, expected at least"
                f" {rank}, the rank; give more snapshots or a lower rank"
            )
        inner, slopes = v[:, 2:-2], _derivatives(v, interval)[: rank - inputs]
        # Rows of all columns are orthonormal, and so nearly are these, but where all that happens is at the ends.
        both = np.linalg.lstsq(inner @ inner.T, inner @ slopes.T, rcond=None)[0].T
        self._operator = both
        self.eigs = np.linalg.eigvals(self.A).astype(np.complex128)
        total = np.sum(slopes**2, axis=1)
        missed = np.sum((slopes - both @ inner) ** 2, axis=1)
        self.explained = 1.0 - np.divide(missed, total, out=np.zeros_like(total), where=total > 0)
        self.coordinates, self.forcing, self.singular_values = v, v[rank - inputs :], found.singular_values
        self.times = interval * np.arange(self.delays - 1, given.shape[1])
        self.kurtosis = _kurtosis(self.forcing)
        within = found.left.reshape(self.delays, -1, rank)
        self.delay_modes = within if found.basis is None else np.einsum("sb,dbr->dsr", found.basis, within)
        self.dt = interval
        return self

    @property
    def A(self) -> Real:
        """How the coordinates drive themselves, (r - n_forcing, r - n_forcing)."""
        self._check_fitted()
        return self._operator[:, : len(self._operator)]

    @property
    def B(self) -> Real:
        """How the forcing drives the coordinates, (r - n_forcing, n_forcing)."""
        self._check_fitted()
        return self._operator[:, len(self._operator) :]

    def simulate(self, forcing: ArrayLike, start: ArrayLike | None = None) -> Real:
        """Coordinates of the linear system under a forcing, ``(r - n_forcing, m)``.

        Parameters
        ----------
        forcing : (n_forcing, m) array, or (m,) for one
            At m instants ``dt`` apart; straight between them.
        start : (r - n_forcing,) array, optional
            Coordinates at the first instant; those of the first column fitted unless given.
        """
        self._check_fitted()
        inputs = self._inputs(forcing)
        size = len(self.A)
        begin = self.coordinates[:size, 0] if start is None else np.asarray(samples(start, "start"), np.float64).ravel()
        if begin.shape != (size,):
            raise ValueError(f"start: has shape {begin.shape}, expected ({size},), a coordinate of the linear system")
        return response(self.A, self.B, inputs, begin, self.dt)

    def measured(self, coordinates: ArrayLike) -> Real:
        """Snapshots ``(n_space, m + delays - 1)`` of coordinates ``(r or r - n_forcing, m)``, the delays averaged."""
        self._check_fitted()
        given = np.asarray(coordinates, np.float64)
        if given.ndim != 2 or len(given) not in (len(self.A), len(self.coordinates)):
            raise ValueError(
                f"coordinates: has shape {given.shape}, expected ({len(self.coordinates)} or {len(self.A)}, m)"
            )
        columns = given.shape[1]
        scaled = given * self.singular_values[: len(given), None]
        found = np.zeros((self.delay_modes.shape[1], columns + self.delays - 1))
        for late, modes in enumerate(self.delay_modes[:, :, : len(given)]):
            found[:, late : late + columns] += modes @ scaled
        ahead = np.minimum(np.arange(1, found.shape[1] + 1), columns)
        return found / np.minimum(ahead, np.minimum(ahead[::-1], self.delays))

    def reconstruct(self) -> Real:
        """The measurements as the linear system under its own forcing gives them, (n_space, n_times)."""
        self._check_fitted()
        return self.measured(np.concatenate((self.simulate(self.forcing), self.forcing)))

    def threshold(self, fraction: Any = 0.05) -> float:
        """What the size of the forcing exceeds during a ``fraction`` of the time."""
        self._check_fitted()
        if not (isinstance(fraction, (int, float)) and 0 < fraction < 1):
            raise ValueError(f"fraction: is {fraction!r}, expected a part of the time, between 0 and 1")
        return float(np.quantile(self._size(), 1.0 - fraction))

    def active(self, threshold: float | None = None) -> NDArray[np.bool_]:
        """Whether the size of the forcing is above ``threshold``, at each of ``times``; `threshold()` unless given."""
        return self._size() > (self.threshold() if threshold is None else threshold)

    def bursts(self, threshold: float | None = None, *, gap: Any = None) -> NDArray[np.intp]:
        """First column and the one after the last of each burst of forcing, (n_bursts, 2).

        Parameters
        ----------
        threshold : float, optional
            As in `active`.
        gap : int, optional
            Bursts that few columns or fewer apart are one; ``delays`` unless given.
        """
        apart = self.delays if gap is None else gap
        if isinstance(apart, bool) or not isinstance(apart, (int, np.integer)) or apart < 0:
            raise ValueError(f"gap: is {gap!r}, expected a number of columns, an integer of at least 0")
        edges = np.flatnonzero(np.diff(self.active(threshold).astype(np.int8), prepend=0, append=0))
        begins, ends = edges[::2], edges[1::2]
        parted = begins[1:] - ends[:-1] > apart
        return np.stack(
            (np.append(begins[:1], begins[1:][parted]), np.append(ends[:-1][parted], ends[-1:])),
            axis=1,
        )

    def _size(self) -> Real:
        self._check_fitted()
        return np.linalg.norm(self.forcing, axis=0)

    def _inputs(self, forcing: ArrayLike) -> Real:
        given = np.asarray(samples(np.atleast_2d(np.asarray(forcing)), "forcing"), np.float64)
        if len(given) != len(self.forcing):
            raise ValueError(f"forcing: has shape {np.shape(forcing)}, expected ({len(self.forcing)}, m)")
        return given

    def _check_fitted(self) -> None:
        if not hasattr(self, "_operator"):
            raise ValueError("HAVOK: is not fitted yet; call fit(X, dt) first")


def _derivatives(v: Real, dt: float) -> Real:
    """Central differences of fourth order of ``v (r, m)``, at all but two instants at either end."""
    return (v[:, :-4] - 8.0 * v[:, 1:-3] + 8.0 * v[:, 3:-1] - v[:, 4:]) / (12.0 * dt)


def _kurtosis(values: Real) -> Real:
    centred = values - values.mean(axis=1, keepdims=True)
    variance = np.mean(centred**2, axis=1)
    fourth = np.mean(centred**4, axis=1)
    return np.divide(fourth, variance**2, out=np.full(len(values), np.nan), where=variance > 0)
