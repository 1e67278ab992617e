"""What differentiators of sampled data have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from .._estimator import Estimator
from ._options import whole
from ._samples import Array, Times, slabs


class Differentiator(Estimator, ABC):
    """Derivatives of samples along an axis; a subclass has a parameter ``d`` or differentiates once.

    A subclass gives ``_derivative`` and, if it smooths, ``_smoothed``; both see contiguous finite samples
    ``(n_slabs, n_times, n_columns)`` and return a new array of that shape.  Where one fit serves both, it gives
    ``_both``.
    """

    d: int = 1
    _highest: int | None = None  # derivative that the method has

    @abstractmethod
    def _derivative(self, x: Array, times: Times, d: int) -> Array:
        """The derivative of order ``d``, with parameters checked."""

    def _smoothed(self, x: Array, times: Times) -> Array:
        return x.copy()

    def _both(self, x: Array, times: Times, d: int) -> tuple[Array, Array]:
        return self._smoothed(x, times), self._derivative(x, times, d)

    def differentiate(self, x: Any, t: Any, order: int | None = None, axis: int = 0) -> Array:
        """Derivative of samples with respect to time, or to any other coordinate.

        Parameters
        ----------
        x : array_like, shape (n_times,), (n_times, n_columns) or any with times along ``axis``
            Samples, finite.  Columns never influence one another.
        t : float or array_like, shape (n_times,)
            The step between samples, or their times, strictly increasing.
        order : int, optional
            Which derivative; the parameter ``d`` if not given.
        axis : int
            The axis of ``x`` along which the times run.

        Returns
        -------
        ndarray of the shape of ``x``, float64
            In units of ``x`` over units of ``t`` to the power ``order``.

        Raises
        ------
        ValueError, TypeError
            One line that names the argument, what it was, what was expected and what to try.
        """
        d = self._order(order)
        samples, shape = slabs(x, axis)
        times = Times.of(t, samples.shape[1])
        return (self._derivative(samples, times, d) if _columns(samples) else np.empty(0)).reshape(shape)

    def smooth(self, x: Any, t: Any, axis: int = 0) -> Array:
        """The samples as the method sees them without their noise; a copy of them where it does not smooth.

        A regression on derivatives that were smoothed gains from states that were smoothed alike.  Arguments and
        errors are those of `differentiate`.
        """
        samples, shape = slabs(x, axis)
        times = Times.of(t, samples.shape[1])
        return (self._smoothed(samples, times) if _columns(samples) else np.empty(0)).reshape(shape)

    def smooth_and_differentiate(self, x: Any, t: Any, order: int | None = None, axis: int = 0) -> tuple[Array, Array]:
        """Both `smooth` and `differentiate`, in the time of one where a method finds both at once."""
        d = self._order(order)
        samples, shape = slabs(x, axis)
        times = Times.of(t, samples.shape[1])
        if not _columns(samples):
            return np.empty(shape), np.empty(shape)
        smoothed, derivative = self._both(samples, times, d)
        return smoothed.reshape(shape), derivative.reshape(shape)

    def _order(self, order: int | None) -> int:
        return whole("d" if order is None else "order", self.d if order is None else order, 1, self._highest)

    def __call__(self, x: Any, t: Any = 1.0) -> Array:
        """The derivative along the first axis."""
        return self.differentiate(x, t)


def _columns(samples: Array) -> int:
    return samples.shape[0] * samples.shape[2]
