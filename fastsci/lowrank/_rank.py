"""How many directions of a decomposition are kept."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray


def choose_rank(rank: Any, singular_values: NDArray[Any], shape: tuple[int, int], rounding: float | None = None) -> int:
    """The number of singular values to keep.

    Parameters
    ----------
    rank : int, float or None
        A number of directions (as many as there are, where fewer), a fraction below 1 of the squared Frobenius norm
        that is to be kept, or None for every direction that rounding does not hide.
    singular_values : ndarray, shape (k,)
        From large to small.
    shape : (int, int)
        Of the matrix.
    rounding : float, optional
        What is hidden, in units of the largest singular value: max(shape) roundings unless given.
    """
    values = np.asarray(singular_values)
    if rounding is None:
        rounding = max(shape) * float(np.finfo(values.dtype).eps)
    visible = int(np.count_nonzero(values > rounding * values[0])) if values.size and values[0] > 0 else 0
    if rank is None:
        return visible
    if isinstance(rank, bool) or not isinstance(rank, Real):
        raise TypeError(f"rank: is {rank!r}, expected a positive integer, a fraction below 1, or None for all")
    if isinstance(rank, Integral):
        if rank < 1:
            raise ValueError(f"rank: is {rank}, expected a positive integer, a fraction below 1, or None for all")
        return min(int(rank), visible)
    if not 0 < float(rank) < 1:
        raise ValueError(f"rank: is {rank}, expected a fraction of the squared norm, between 0 and 1, or an integer")
    return min(rank_of_energy(values, 1.0 - float(rank)), visible)


def rank_of_energy(singular_values: NDArray[Any], dropped: float) -> int:
    """The smallest rank that drops at most the fraction ``dropped`` of the sum of squares."""
    tail = np.cumsum(np.asarray(singular_values, np.float64)[::-1] ** 2)[::-1]
    if not tail.size or tail[0] == 0:
        return 0
    return int(np.count_nonzero(tail > dropped * tail[0]))
