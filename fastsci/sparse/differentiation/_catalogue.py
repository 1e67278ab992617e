"""Differentiators by name."""

from __future__ import annotations

import difflib
from typing import Any

from ._base import Differentiator
from .finite_difference import FiniteDifference
from .savitzky_golay import SavitzkyGolay
from .smoothed_finite_difference import SmoothedFiniteDifference
from .spectral import Spectral
from .spline import Spline
from .total_variation import TotalVariation

NAMES: dict[str, type[Differentiator]] = {
    "finite_difference": FiniteDifference,
    "savitzky_golay": SavitzkyGolay,
    "smoothed_finite_difference": SmoothedFiniteDifference,
    "spectral": Spectral,
    "spline": Spline,
    "total_variation": TotalVariation,
}


def from_name(name: str, **parameters: Any) -> Differentiator:
    """A differentiator by its name, as the command line gives it.

    Parameters
    ----------
    name : str
        "finite_difference", "savitzky_golay", "smoothed_finite_difference", "spectral", "spline" or
        "total_variation".
    **parameters
        Its parameters; the others keep their defaults.

    Returns
    -------
    Differentiator

    Raises
    ------
    ValueError
        Where there is none of that name, or none of its parameters is called so.

    Examples
    --------
    >>> from fastsci.sparse.differentiation import from_name
    >>> from_name("savitzky_golay", window_length=21)
    SavitzkyGolay(window_length=21)
    """
    if name not in NAMES:
        close = difflib.get_close_matches(str(name), NAMES, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"differentiation: is {name!r}, expected one of {', '.join(map(repr, NAMES))}{hint}")
    return NAMES[name]().set_params(**parameters)
