"""What every kind of dynamic mode decomposition arrives at: modes that grow, decay and turn, each at its own rate."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complexfloating[Any, Any]]


class ModalModel:
    """A sum of modes, ``x_k = sum_j modes[:, j] eigs[j]**k amplitudes[j]``, as its fit leaves it.

    Attributes
    ----------
    eigs : ndarray, shape (r,)
        Eigenvalues of the step from one snapshot to the next; complex.
    modes : ndarray, shape (n_space, r)
        Columns of unit length.
    amplitudes : ndarray, shape (r,)
        Of the first snapshot fitted (of the first trajectory).
    dt : float
        Time between snapshots.
    n_snapshots : int
        Of the first trajectory.
    """

    eigs: Complex
    modes: Complex
    amplitudes: Complex
    dt: float
    n_snapshots: int
    _real: bool  # the snapshots were real: so is what is given back

    @property
    def rates(self) -> Complex:
        """Continuous eigenvalues ``log(eigs) / dt`` (r,): growth rates and, imaginary, angular frequencies."""
        self._check_fitted()
        with np.errstate(divide="ignore"):  # an eigenvalue of 0 is gone after a step: its rate is -inf
            return np.asarray(np.log(self.eigs) / self.dt, self.eigs.dtype)

    @property
    def frequencies(self) -> NDArray[np.floating[Any]]:
        """Turns per unit of time, (r,)."""
        return self.rates.imag / (2.0 * np.pi)

    @property
    def growth_rates(self) -> NDArray[np.floating[Any]]:
        """Real parts of ``rates``, (r,): 1 over the time in which a mode grows by e."""
        return self.rates.real

    def dynamics(self, steps: Any) -> Complex:
        """Amplitudes of the modes after ``steps (n,)`` steps from the first snapshot, (r, n)."""
        self._check_fitted()
        return self.amplitudes[:, None] * self.eigs[:, None] ** np.asarray(steps)

    def reconstruct(self) -> NDArray[Any]:
        """The snapshots as the modes give them, (n_space, n_snapshots)."""
        return self._states(np.arange(self._fitted_snapshots()))

    def forecast(self, n: Any) -> NDArray[Any]:
        """The ``n`` snapshots after the last one fitted, (n_space, n)."""
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 0:
            raise ValueError(f"n: is {n!r}, expected a number of snapshots, an integer of at least 0")
        return self._states(self._fitted_snapshots() + np.arange(n))

    def _states(self, steps: Any) -> NDArray[Any]:
        states = self.modes @ self.dynamics(steps)
        return states.real if self._real else states

    def _fitted_snapshots(self) -> int:
        self._check_fitted()
        return self.n_snapshots

    def _check_fitted(self) -> None:
        if not hasattr(self, "eigs"):
            raise ValueError(f"{type(self).__name__}: is not fitted yet; call fit(X, dt) first")


def fitted_model(model: Any) -> Any:
    """A model that was fitted, or an error that names ``model``."""
    if not isinstance(model, ModalModel):
        raise TypeError(f"model: is of type {type(model).__name__}, expected a fitted DMD or another modal model")
    known: Any = model
    known._check_fitted()
    return known
