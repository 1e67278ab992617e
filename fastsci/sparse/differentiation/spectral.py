"""Derivatives of periodic samples through their Fourier series."""

from __future__ import annotations

import numpy as np

from ._base import Differentiator
from ._options import enough, real, whole
from ._samples import Array, Times


class Spectral(Differentiator):
    """Derivative of the trigonometric polynomial through periodic, evenly spaced samples.

    The sample after the last is the first again: of a period L, give the points 0, L/n, ..., L - L/n.  Samples that
    do not join up smoothly there oscillate over their whole length (Gibbs); use differences for those.

    Parameters
    ----------
    d : int
        Which derivative.
    cutoff : float
        Share of the wavenumbers that is kept, lowest first; above 0, at most 1.  2/3 is the rule against aliasing of
        products of two fields.
    filter_order : int, optional
        Even power p of an exponential filter ``exp(-36 (k / k_cutoff)**p)`` in the place of a sharp cut; Hou and Li
        take 36.

    Notes
    -----
    Of an even number of samples, the highest cosine has a derivative that no odd order sees at the samples: it is 0.

    References
    ----------
    Trefethen, Spectral Methods in MATLAB (SIAM, 2000), chapter 3; Hou and Li, J. Comput. Phys. 226, 379 (2007).

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.sparse.differentiation import Spectral
    >>> x = np.arange(8) * (2 * np.pi / 8)
    >>> bool(np.allclose(Spectral(d=3)(np.sin(2 * x), x), -8 * np.cos(2 * x)))
    True
    """

    def __init__(self, d: int = 1, *, cutoff: float = 1.0, filter_order: int | None = None) -> None:
        self.d = d
        self.cutoff = cutoff
        self.filter_order = filter_order

    def _derivative(self, x: Array, times: Times, d: int) -> Array:
        return self._multiplied(x, times, d)

    def _smoothed(self, x: Array, times: Times) -> Array:
        return self._multiplied(x, times, 0)

    def _multiplied(self, x: Array, times: Times, d: int) -> Array:
        count = x.shape[1]
        enough(count, 2, "a period")
        if times.step is None:
            raise ValueError(
                "t: is uneven, expected an even step for a Fourier series; interpolate, or use FiniteDifference with"
                " periodic=True"
            )
        number = np.arange(count // 2 + 1)
        factor = (2j * np.pi / (count * times.step) * number) ** d * self._filter(2.0 * number / count)
        if count % 2 == 0 and d % 2 == 1:
            factor[-1] = 0.0
        return np.fft.irfft(np.fft.rfft(x, axis=1) * factor[:, None], count, axis=1)

    def _filter(self, share: Array) -> Array:
        """What is kept of waves at this share of the highest wavenumber."""
        cutoff = real("cutoff", self.cutoff, 0.0, 1.0, open_below=True)
        if self.filter_order is None:
            return (share <= cutoff).astype(np.float64)
        power = whole("filter_order", self.filter_order, 1)
        if power % 2:
            raise ValueError(f"filter_order: is {power}, expected an even number; take {power + 1}")
        return np.exp(-36.0 * (share / cutoff) ** power)
