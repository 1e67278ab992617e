"""Derivatives of bounded total variation, which keep their jumps."""

from __future__ import annotations

import numpy as np

from fastsci_kernels.regress.trend_filter import trends

from ._base import Differentiator
from ._noise import noise
from ._options import enough, real
from ._samples import Array, Times

BY_NOISE = -1.0


class TotalVariation(Differentiator):
    """Derivative u that varies least in all while its integral stays near the samples.

    The curve x through times of mean step h, linear between them with slopes u, minimises
    ``h / 2 * sum((x - samples)**2) + alpha * sum(abs(diff(u)))``, a discrete form of
    ``1/2 ∫ (x - samples)² dt + alpha ∫ |u'| dt``.  The least is found, not that of a smoothed functional: u is
    constant between jumps.  The derivative at a sample lies between the slopes on both sides of it, linear in time
    from the middle of one to that of the other.

    Parameters
    ----------
    alpha : float, optional
        Weight of the variation, in units of ``x`` times time squared.  By default each column has its own: that
        which leaves residuals of the size of the noise (Morozov's discrepancy principle), where the noise is judged
        by the median of the sixth differences.

    References
    ----------
    Chartrand, Numerical differentiation of noisy, nonsmooth data, ISRN Appl. Math. 2011, 164564; Kim, Koh, Boyd and
    Gorinevsky, l1 trend filtering, SIAM Review 51, 339 (2009).

    Examples
    --------
    The slope of a noisy ``|t|`` jumps from -1 to 1 within a few samples.

    >>> import numpy as np
    >>> from fastsci.sparse.differentiation import TotalVariation
    >>> t = np.linspace(-1, 1, 401)
    >>> noisy = np.abs(t) + np.random.default_rng(0).normal(scale=0.01, size=401)
    >>> slope = TotalVariation(alpha=5e-4)(noisy, t)
    >>> bool(np.abs(slope - np.sign(t))[np.abs(t) > 0.02].max() < 0.01)
    True
    """

    _highest = 1

    def __init__(self, alpha: float | None = None) -> None:
        self.alpha = alpha

    def _derivative(self, x: Array, times: Times, d: int) -> Array:
        return self._both(x, times, d)[1]

    def _both(self, x: Array, times: Times, d: int) -> tuple[Array, Array]:
        curves = self._smoothed(x, times)
        steps = times.relative_steps[:, None] * times.mean_step
        slopes = (curves[:, 1:] - curves[:, :-1]) / steps
        before, behind = steps[:-1], steps[1:]
        inner = (behind * slopes[:, :-1] + before * slopes[:, 1:]) / (before + behind)
        return curves, np.concatenate((slopes[:, :1], inner, slopes[:, -1:]), axis=1)

    def _smoothed(self, x: Array, times: Times) -> Array:
        enough(times.count, 3, "a slope that varies")
        squares = np.zeros((x.shape[0], x.shape[2]))
        if self.alpha is None:
            strength = BY_NOISE
            squares += times.count * noise(x, times) ** 2
        else:
            strength = real("alpha", self.alpha, 0.0) / times.mean_step**2
        return trends(x, times.relative_steps, strength, squares)[0]
