"""What differentiators of sampled data have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np

from ..._estimator import Estimator
from ._noise import NOISE_ORDER, noise
from ._options import whole
from ._samples import Array, Times, slabs

FREQUENCIES = 2048  # at which the spectrum of noise is looked at
DOUBT = 8.0  # by sqrt(n): two standard deviations of how much of a difference of noise alone its estimate explains


class Differentiator(Estimator, ABC):
    """Derivatives of samples along an axis; a subclass has a parameter ``d`` or differentiates once.

    A subclass gives ``_derivative`` and, if it smooths, ``_smoothed``; both see contiguous finite samples
    ``(n_slabs, n_times, n_columns)`` and return a new array of that shape.  Where one fit serves both, it gives
    ``_both``; where a higher order tells the error of its own, ``_finer``.
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

    def _finer(self, count: int) -> Self | None:
        """The same method with an order of accuracy that is higher by two, if ``count`` samples are enough for it."""
        return None

    def _with(self, **parameters: Any) -> Self:
        return type(self)(**{**self.get_params(deep=False), **parameters})

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

    def error(self, x: Any, t: Any, order: int | None = None, axis: int = 0) -> Array | None:
        """What `differentiate` errs by systematically, estimated by the same method with an order higher by two.

        What noise of the samples makes of the difference is taken off, all along each column, where the noise is
        judged by the median of sixth differences: with noise alone nothing is left.  Arguments and errors are those of
        `differentiate`.

        Returns
        -------
        ndarray of the shape of ``x``, or None
            NaN near the ends, where stencils are not centred.  None of a method without orders, or of too few samples
            for the higher one.
        """
        d = self._order(order)
        samples, shape = slabs(x, axis)
        times = Times.of(t, samples.shape[1])
        finer = self._finer(times.count)
        if finer is None or not _columns(samples):
            return None
        found = self._derivative(samples, times, d) - finer._derivative(samples, times, d)
        response = self._response(finer, times, d)
        reach = 0 if getattr(self, "periodic", False) else response.size // 2
        found[:, :reach] = np.nan
        found[:, times.count - reach :] = np.nan
        if times.count > NOISE_ORDER:
            known = max(times.count - 2 * reach, 1)
            of_noise = (1.0 + DOUBT / np.sqrt(known)) * np.sum(response**2) * noise(samples, times) ** 2
            squares = np.nansum(found**2, axis=1) / known
            found *= np.sqrt(np.maximum(1.0 - of_noise / np.where(squares > 0, squares, 1.0), 0.0))[:, None]
        return found.reshape(shape)

    def inflation(self, count: int, order: int | None = None) -> float:
        """How many derivatives of ``count`` even samples count as one, since their noise is correlated.

        It is the largest spectral density that independent noise of the samples leaves, over the mean.  The variance of
        no linear regression's coefficients is larger than with independent errors by more than that.

        References
        ----------
        Grenander and Rosenblatt, Statistical Analysis of Stationary Time Series (Wiley, 1957), chapter 7.
        """
        response = _trimmed(self._impulse(Times(count, 1.0), self._order(order)))
        density = np.abs(np.fft.rfft(response, max(FREQUENCIES, 2 * response.size))) ** 2
        return max(float(density.max() / density.mean()), 1.0)

    def _response(self, finer: Self, times: Times, d: int) -> Array:
        """What a finer method differs by at the samples around a single one, of 1 among zeros."""
        steps = Times(times.count, times.mean_step)
        return _trimmed(self._impulse(steps, d) - finer._impulse(steps, d))

    def _impulse(self, times: Times, d: int) -> Array:
        impulse = np.zeros((1, times.count, 1))
        impulse[0, times.count // 2] = 1.0
        return np.nan_to_num(self._derivative(impulse, times, d).ravel())

    def _order(self, order: int | None) -> int:
        return whole("d" if order is None else "order", self.d if order is None else order, 1, self._highest)

    def __call__(self, x: Any, t: Any = 1.0) -> Array:
        """The derivative along the first axis."""
        return self.differentiate(x, t)


def _trimmed(response: Array) -> Array:
    reached = np.flatnonzero(response)
    return response[reached[0] : reached[-1] + 1]


def _columns(samples: Array) -> int:
    return samples.shape[0] * samples.shape[2]
