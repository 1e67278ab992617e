"""The law that eigenvalues of sample covariances follow when there are as many features as samples, or nearly."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from ._checks import Array, number, reals, whole

BISECTIONS = 60
SERIES_BELOW = 0.1  # roots of ratios for which a closed form would lose digits to a difference
SERIES_TERMS = 20


@dataclass(frozen=True)
class MarchenkoPastur:
    r"""Limit of the spectrum of ``X'X / n``, for ``p = ratio n`` independent features of one variance.

    The eigenvalues have the density

    .. math:: \frac{\sqrt{(r_+ - t)(t - r_-)}}{2 \pi v \gamma t}, \qquad r_\pm = v (1 \pm \sqrt{\gamma})^2

    between its edges, and, above a ratio ``gamma`` of 1, a part ``1 - 1/gamma`` of them is 0.

    Parameters
    ----------
    ratio : float
        Features a sample, ``gamma = p / n``, above 0.
    variance : float, default 1.0
        ``v``, of the features, in the square of their unit.

    Raises
    ------
    ValueError, TypeError
        What is no positive finite number.

    References
    ----------
    Marchenko and Pastur, Distribution of eigenvalues for some sets of random matrices, Math. USSR Sbornik 1 (1967) 457;
    Bai and Silverstein, Spectral Analysis of Large Dimensional Random Matrices, 2nd edition (2010), chapter 3.

    Examples
    --------
    >>> from fastsci.linear import MarchenkoPastur
    >>> law = MarchenkoPastur(0.25)
    >>> law.support, law.mass_at_zero
    ((0.25, 2.25), 0.0)
    >>> law.cdf(law.quantile([0.1, 0.5, 0.9])).round(12).tolist()
    [0.1, 0.5, 0.9]
    >>> MarchenkoPastur(4.0).mass_at_zero
    0.75
    """

    ratio: float
    variance: float = 1.0

    def __post_init__(self) -> None:
        number("ratio", self.ratio, positive=True)
        number("variance", self.variance, positive=True)

    @property
    def support(self) -> tuple[float, float]:
        """Edges of the density; 0, where there is a mass, not counted."""
        root = float(np.sqrt(self.ratio))
        return self.variance * (1.0 - root) ** 2, self.variance * (1.0 + root) ** 2

    @property
    def mass_at_zero(self) -> float:
        """The part of the eigenvalues that are 0."""
        return max(0.0, 1.0 - 1.0 / self.ratio)

    def density(self, t: Any) -> Array:
        """Density at ``t``, without the mass at 0; of a ratio of 1 it is infinite there.

        Parameters
        ----------
        t : float or array_like

        Returns
        -------
        ndarray, shape of ``t``
        """
        at = reals("t", t)
        low, high = self.support
        inside = np.maximum((high - at) * (at - low), 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.sqrt(inside) / (2.0 * np.pi * self.variance * self.ratio * at)
        return np.where(at == 0.0, np.inf if low == 0.0 else 0.0, value)

    def cdf(self, t: Any) -> Array:
        """The part of the eigenvalues of at most ``t``.

        Parameters
        ----------
        t : float or array_like

        Returns
        -------
        ndarray, shape of ``t``
        """
        at = reals("t", t)
        low, high = self.support
        # t = v (1 + gamma - 2 sqrt(gamma) cos(angle)): both edges are where the sine is zero.
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(at < high, np.clip((at - low) / (high - low), 0.0, 1.0), 1.0)
        below = self._below(2.0 * np.arcsin(np.sqrt(part)))
        return np.where(at < 0.0, 0.0, np.minimum(1.0, self.mass_at_zero + below))

    def quantile(self, q: Any) -> Array:
        """The smallest number that a part ``q`` of the eigenvalues does not exceed.

        Parameters
        ----------
        q : float or array_like
            From 0 to 1.

        Returns
        -------
        ndarray, shape of ``q``

        Raises
        ------
        ValueError
            Parts outside 0 to 1.
        """
        part = reals("q", q, 0.0)
        if (part > 1.0).any():
            raise ValueError(f"q: holds {part.max()!r}, expected numbers from 0 to 1; divide by their total")
        wanted = part - self.mass_at_zero
        least, most = np.zeros_like(part), np.full_like(part, np.pi)
        for _ in range(BISECTIONS):
            middle = 0.5 * (least + most)
            under = self._below(middle) < wanted
            least, most = np.where(under, middle, least), np.where(under, most, middle)
        low, high = self.support
        value = low + (high - low) * np.sin(0.25 * (least + most)) ** 2
        at_edge = np.where(part == 0.0, 0.0 if self.mass_at_zero else low, np.where(part == 1.0, high, value))
        return np.where((wanted <= 0.0) & (self.mass_at_zero > 0.0), 0.0, at_edge)

    def moment(self, order: int) -> float:
        """Mean of the ``order``-th power of the eigenvalues, from Narayana's numbers.

        Parameters
        ----------
        order : int
            At least 0.
        """
        k = whole("order", order, 0)
        if k == 0:
            return 1.0
        return self.variance**k * sum(self.ratio**r * comb(k, r) * comb(k - 1, r) / (r + 1) for r in range(k))

    def stieltjes(self, z: Any) -> Any:
        """Mean of ``1 / (eigenvalue - z)``.

        Parameters
        ----------
        z : complex or array_like
            Off the support and 0; real numbers below 0 are what ridge penalties ask for.

        Returns
        -------
        ndarray of complex, shape of ``z``

        Raises
        ------
        ValueError
            Numbers on the support, or at 0, where it has no value.
        """
        at = np.asarray(z, np.complex128)
        low, high = self.support
        on = (at.imag == 0) & (((at.real >= low) & (at.real <= high)) | ((at == 0) & (self.mass_at_zero > 0)))
        if on.any() or not np.isfinite(at).all():
            raise ValueError(f"z: holds {at[on | ~np.isfinite(at)].flat[0]}, expected numbers off [{low:g}, {high:g}]")
        edge = self.variance * (1.0 - self.ratio) - at
        # The branch that falls off as -1/z, continuous off the support.
        root = np.sqrt(at - low) * np.sqrt(at - high)
        plus, minus = edge + root, edge - root
        # m solves gamma v z m^2 - edge m + 1 = 0; of the two forms the one that takes no difference.
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(np.abs(minus) > np.abs(plus), 2.0 / minus, plus / (2.0 * self.ratio * self.variance * at))

    def ks_distance(self, eigenvalues: Any) -> float:
        """Largest difference between the law and the part of ``eigenvalues`` up to each of them (Kolmogorov, Smirnov).

        Parameters
        ----------
        eigenvalues : array_like
            Of one or many sample covariances, zeros included; any shape.

        Returns
        -------
        float
        """
        ordered = np.sort(reals("eigenvalues", eigenvalues), axis=None)
        if ordered.size == 0:
            raise ValueError("eigenvalues: is empty, expected at least one; give those of a sample covariance")
        # Zeros come out of an eigenvalue solver as rounding of the largest, above or below.
        rounding = ordered.size * np.finfo(np.float64).eps * max(abs(ordered[-1]), abs(ordered[0]))
        ordered = np.where(np.abs(ordered) <= rounding, 0.0, ordered)
        distinct, counts = np.unique(ordered, return_counts=True)
        up_to = np.cumsum(counts) / ordered.size
        before = up_to - counts / ordered.size
        law = self.cdf(distinct)
        # At the mass the law jumps too: what lies below it is compared below it.
        under = np.where(distinct == 0.0, 0.0, law)
        return float(max(np.max(np.abs(up_to - law)), np.max(np.abs(under - before))))

    def _below(self, angle: Array) -> Array:
        """The continuous part of the law, below an angle from 0 to pi."""
        root = float(np.sqrt(min(self.ratio, 1.0 / self.ratio)))
        if root < SERIES_BELOW:
            total = angle - 0.5 * np.sin(2.0 * angle)
            for k in range(1, SERIES_TERMS):
                total = total + root**k * (np.sin(k * angle) / k - np.sin((k + 2) * angle) / (k + 2))
        else:
            first = root * np.sin(angle)
            series = np.arctan2(first, 1.0 - root * np.cos(angle))
            total = angle + series - (series - first) / root**2
        return total / (np.pi * max(1.0, self.ratio))
