"""Derivatives of smoothing splines."""

from __future__ import annotations

import numpy as np

from fastsci_kernels.regress.smoothing_spline import smoothing_splines

from ._base import Differentiator
from ._options import enough, real
from ._samples import Array, Times

BY_CROSS_VALIDATION = -1.0


class Spline(Differentiator):
    """Derivative of the natural cubic spline that balances residuals against its curvature.

    Each column's spline minimises the sum of squared residuals plus a penalty times the integral of the squared
    second derivative.

    Parameters
    ----------
    s : "gcv", float or None
        What sets the penalty, for every column by itself.  ``"gcv"``: generalised cross validation, which needs no
        knowledge of the noise but takes its values to be independent.  A number: the sum of squared residuals, so
        ``n_times`` times the variance of the noise where that is known.  None or 0: the spline goes through the
        samples.
    d : int
        Which derivative, 1 to 3.  The third is constant between samples; at one it is that of the interval behind it.

    Notes
    -----
    A natural spline ends with a second derivative of zero, which costs accuracy near the ends.  Cross validation looks
    at penalties of ``1e-6`` to ``1e14`` mean steps cubed, that is at features of a fraction of a step to some thousand
    steps.  The time it takes grows with the number of samples.

    References
    ----------
    Reinsch, Numer. Math. 10, 177 (1967); Craven and Wahba, Numer. Math. 31, 377 (1979); Hutchinson and de Hoog,
    Numer. Math. 47, 99 (1985).

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.sparse.differentiation import Spline
    >>> t = np.linspace(0, 10, 400)
    >>> noisy = np.sin(t) + np.random.default_rng(0).normal(scale=0.02, size=400)
    >>> bool(np.std(Spline()(noisy, t) - np.cos(t)) < 0.05)
    True
    """

    _highest = 3

    def __init__(self, s: float | str | None = "gcv", d: int = 1) -> None:
        self.s = s
        self.d = d

    def _fitted(self, x: Array, times: Times) -> tuple[Array, Array]:
        """Values and second derivatives by squared mean steps."""
        enough(times.count, 5, "a smoothing spline")
        if self.s is None:
            squares = 0.0
        elif isinstance(self.s, str):
            if self.s != "gcv":
                raise ValueError(f"s: is {self.s!r}, expected 'gcv', a sum of squared residuals, or None")
            squares = BY_CROSS_VALIDATION
        else:
            squares = real("s", self.s, 0.0)
        values, curvatures, _ = smoothing_splines(x, times.relative_steps, squares)
        return values, curvatures

    def _derivative(self, x: Array, times: Times, d: int) -> Array:
        return self._both(x, times, d)[1]

    def _smoothed(self, x: Array, times: Times) -> Array:
        return self._fitted(x, times)[0]

    def _both(self, x: Array, times: Times, d: int) -> tuple[Array, Array]:
        values, curvatures = self._fitted(x, times)
        return values, _derivative_of(values, curvatures, times.relative_steps[:, None], d) / times.mean_step**d


def _derivative_of(values: Array, curvatures: Array, steps: Array, d: int) -> Array:
    """The derivative at the samples of a spline by its values and second derivatives there."""
    if d == 2:
        return curvatures
    if d == 3:
        bends = (curvatures[:, 1:] - curvatures[:, :-1]) / steps
        return np.concatenate((bends, bends[:, -1:]), axis=1)
    slopes = (values[:, 1:] - values[:, :-1]) / steps
    out = np.empty_like(values)
    out[:, :-1] = slopes - steps / 6.0 * (2.0 * curvatures[:, :-1] + curvatures[:, 1:])
    out[:, -1] = slopes[:, -1] + steps[-1] / 6.0 * (curvatures[:, -2] + 2.0 * curvatures[:, -1])
    return out
