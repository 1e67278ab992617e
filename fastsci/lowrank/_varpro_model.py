"""Modes whose rates are known themselves, not the steps that they make: they are had at any time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._modes import Complex, ModalModel
from ._snapshots import Array
from ._varpro_fit import Found
from ._varpro_start import SINGLE


class ExponentialModel(ModalModel):
    """A sum of modes in time, ``x(t) = sum_j modes[:, j] exp(rates[j] (t - times[0])) amplitudes[j]``.

    ``dt`` is the mean step between ``times`` and ``eigs`` are ``exp(rates dt)``; frequencies beyond half a turn a mean
    step, which uneven times may tell apart, are in ``rates`` alone.
    """

    times: NDArray[np.float64]
    basis: NDArray[Any]
    _rates: Complex

    @property
    def rates(self) -> Complex:
        """Continuous eigenvalues (r,): growth rates and, imaginary, angular frequencies."""
        self._check_fitted()
        return self._rates

    def dynamics(self, steps: Any) -> Complex:
        """Amplitudes of the modes after ``steps (n,)`` mean steps from the first snapshot, (r, n)."""
        self._check_fitted()
        return self._dynamics(np.asarray(steps) * self.dt)

    def reconstruct(self) -> NDArray[Any]:
        """The snapshots as the modes give them at ``times``, (n_space, n_snapshots)."""
        self._check_fitted()
        return self.at(self.times)

    def at(self, times: ArrayLike) -> NDArray[Any]:
        """States at ``times (n,)``, in the units and from the origin of those fitted, (n_space, n)."""
        self._check_fitted()
        states = self.modes @ self._dynamics(self._since(times)).astype(self.modes.dtype)
        return states.real if self._real else states

    def _keep(self, found: Found, rates: Complex, coefficients: Complex, data: Array) -> None:
        """Set rates (r,) and coefficients (r, q) of a fit to ``data``."""
        clock = found.problem.clock
        sizes = np.linalg.norm(coefficients, axis=1)
        directions = coefficients / np.where(sizes > 0.0, sizes, 1.0)[:, None]
        precision = np.complex64 if data.dtype.name in SINGLE else np.complex128
        self.basis = found.basis
        self.modes = (found.basis @ directions.T).astype(precision)
        self.amplitudes = sizes.astype(np.complex128)
        self.times, self.dt, self.n_snapshots = clock.times, clock.dt, len(clock.times)
        self._rates = rates
        self.eigs = np.exp(rates * clock.dt)
        self._real = data.dtype.kind != "c"

    def _states(self, steps: Any) -> NDArray[Any]:
        states = self.modes @ self.dynamics(steps).astype(self.modes.dtype)
        return states.real if self._real else states

    def _dynamics(self, since: NDArray[np.float64]) -> Complex:
        return self.amplitudes[:, None] * np.exp(self._rates[:, None] * since)

    def _since(self, times: ArrayLike) -> NDArray[np.float64]:
        found = np.asarray(times)
        if found.ndim > 1 or found.dtype.kind not in "fiu" or not np.isfinite(found).all():
            raise ValueError(f"times: is {times!r}, expected finite times (n,), as those that were fitted")
        return np.atleast_1d(found).astype(np.float64) - self.times[0]
