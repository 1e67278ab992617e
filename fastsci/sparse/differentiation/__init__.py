"""Differentiation of sampled data: exact for polynomials, or smooth where the samples are noisy.

A differentiator is an object with two methods: ``differentiate(x, t, order=None, axis=0)`` gives a derivative of the
shape of ``x``, ``smooth(x, t, axis=0)`` the samples as the method sees them; ``smooth_and_differentiate`` both at
once.  ``t`` is a step or the times.
"""

from ._base import Differentiator
from ._catalogue import from_name
from .finite_difference import FiniteDifference
from .savitzky_golay import SavitzkyGolay
from .smoothed_finite_difference import SmoothedFiniteDifference
from .spectral import Spectral
from .spline import Spline
from .total_variation import TotalVariation

__all__ = [
    "Differentiator",
    "FiniteDifference",
    "SavitzkyGolay",
    "SmoothedFiniteDifference",
    "Spectral",
    "Spline",
    "TotalVariation",
    "from_name",
]
