"""Derivatives of polynomials that are fitted to a moving window."""

from __future__ import annotations

from typing import Self

from fastsci_kernels.regress import stencils

from ._base import Differentiator
from ._options import enough, whole
from ._samples import Array, Times
from ._stencil import Indices, Window, apply, apply_periodic


class SavitzkyGolay(Differentiator):
    """Derivative of the polynomial that fits a window of samples best, in the sense of least squares.

    The window is centred on its sample; samples near an end use the polynomial of the first or the last window.  For
    even times these are the filters of Savitzky and Golay; uneven ones give each sample weights of its own.  Along an
    axis of space, with ``order`` up to 4 and more, it differentiates noisy fields.

    Parameters
    ----------
    window_length : int
        Samples of a window, odd.
    polyorder : int
        Degree of the polynomial: less than ``window_length``, at least the order of the derivative.
    d : int
        Which derivative.
    periodic : bool
        Whether the samples go on with the first one after the last.
    period : float, optional
        Length of the period; that of even times is known.

    References
    ----------
    Savitzky and Golay, Analytical Chemistry 36, 1627 (1964); for the ends and the derivatives, Gorry, Analytical
    Chemistry 62, 570 (1990).

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.sparse.differentiation import SavitzkyGolay
    >>> t = np.linspace(0, 1, 201)
    >>> noisy = t**2 + np.random.default_rng(0).normal(scale=1e-3, size=201)
    >>> error = SavitzkyGolay(window_length=31)(noisy, t) - 2 * t
    >>> bool(np.abs(error[15:-15]).max() < 0.05)
    True
    """

    def __init__(
        self,
        window_length: int = 11,
        polyorder: int = 3,
        d: int = 1,
        *,
        periodic: bool = False,
        period: float | None = None,
    ) -> None:
        self.window_length = window_length
        self.polyorder = polyorder
        self.d = d
        self.periodic = periodic
        self.period = period

    def _derivative(self, x: Array, times: Times, d: int) -> Array:
        return fit_windows(x, times, self.window_length, self.polyorder, d, periodic=self.periodic, period=self.period)

    def _smoothed(self, x: Array, times: Times) -> Array:
        return self._derivative(x, times, 0)

    def _finer(self, count: int) -> Self | None:
        degree = self.polyorder + 2
        if degree >= self.window_length:
            return None
        return self._with(polyorder=degree)


def fit_windows(
    x: Array,
    times: Times,
    window_length: int,
    polyorder: int,
    d: int,
    *,
    periodic: bool = False,
    period: float | None = None,
) -> Array:
    """Derivatives of order ``d``, 0 for the polynomials themselves, of ``x (n_slabs, n_times, n_columns)``."""
    size = whole("window_length", window_length, 1)
    if size % 2 == 0:
        raise ValueError(f"window_length: is {size}, expected an odd number of samples; take {size + 1}")
    degree = whole("polyorder", polyorder, 0)
    if not d <= degree < size:
        raise ValueError(
            f"polyorder: is {degree}, expected at least {d}, the order of the derivative, and less than"
            f" window_length={size}; choose one in that range"
        )
    what = f"window_length={size}"
    enough(times.count, size, what)

    def weights(nodes: Array, starts: Indices, at: Array, count: int) -> Array:
        return stencils.polynomial_table(nodes, starts, at, count, degree, d)

    window = Window(size, size // 2, size)
    if periodic:
        return apply_periodic(x, times, window, weights, d, what, period)
    return apply(x, times, window, weights, d, what, one_sided=True)
