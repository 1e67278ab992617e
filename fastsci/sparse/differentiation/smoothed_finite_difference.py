"""Finite differences of smoothed samples."""

from __future__ import annotations

from typing import Self

from ._samples import Array, Times
from .finite_difference import FiniteDifference
from .savitzky_golay import fit_windows


class SmoothedFiniteDifference(FiniteDifference):
    """Finite differences of samples that were smoothed by polynomials over a moving window.

    Parameters
    ----------
    order, d, is_uniform, drop_endpoints, periodic, period
        As in `FiniteDifference`.
    window_length, polyorder : int
        As in `SavitzkyGolay`, which smooths.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.sparse.differentiation import FiniteDifference, SmoothedFiniteDifference
    >>> t = np.linspace(0, 1, 201)
    >>> noisy = t**2 + np.random.default_rng(0).normal(scale=1e-3, size=201)
    >>> rough, smooth = FiniteDifference()(noisy, t) - 2 * t, SmoothedFiniteDifference()(noisy, t) - 2 * t
    >>> bool(np.std(smooth) < 0.5 * np.std(rough))
    True
    """

    def __init__(
        self,
        order: int = 2,
        d: int = 1,
        *,
        window_length: int = 11,
        polyorder: int = 3,
        is_uniform: bool | None = None,
        drop_endpoints: bool = False,
        periodic: bool = False,
        period: float | None = None,
    ) -> None:
        super().__init__(
            order, d, is_uniform=is_uniform, drop_endpoints=drop_endpoints, periodic=periodic, period=period
        )
        self.window_length = window_length
        self.polyorder = polyorder

    def _derivative(self, x: Array, times: Times, d: int) -> Array:
        return self._both(x, times, d)[1]

    def _both(self, x: Array, times: Times, d: int) -> tuple[Array, Array]:
        smoothed = self._smoothed(x, times)
        return smoothed, super()._derivative(smoothed, times, d)

    def _finer(self, count: int) -> Self | None:
        finer = super()._finer(count)
        degree = self.polyorder + 2
        return None if finer is None or degree >= self.window_length else finer.set_params(polyorder=degree)

    def _smoothed(self, x: Array, times: Times) -> Array:
        even = times.evened(self.is_uniform)
        return fit_windows(x, even, self.window_length, self.polyorder, 0, periodic=self.periodic, period=self.period)
