"""The Kaplan-Yorke dimension: how many directions of an attractor the Lyapunov exponents fill."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._arrays import real_array


def kaplan_yorke(exponents: ArrayLike, *, complete: bool = True) -> Any:
    """The Kaplan-Yorke (Lyapunov) dimension of a spectrum of Lyapunov exponents.

    With the exponents in descending order and ``j`` the largest number of them whose sum is not negative, it is
    ``j + (l_1 + ... + l_j) / |l_(j + 1)|``.  It lies between 0 and the number of exponents.

    Parameters
    ----------
    exponents : (k,) or (..., k) array
        Lyapunov exponents along the last axis, in any order and unit of rate; ``-inf`` is that of a direction that
        collapses at once.
    complete : bool
        True where all exponents of the system are given, whose sum, not negative, then means that volumes do not
        shrink and that the dimension is ``k``.  False where they are the ``k`` largest of more: a sum that is not
        negative then leaves the dimension open, and it is NaN.

    Returns
    -------
    float or (...) ndarray
        0 where all exponents are negative; NaN where one is NaN or ``inf``.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Kaplan, Yorke, Chaotic behavior of multidimensional difference equations, Lecture Notes in Mathematics 730, 204
    (1979); Frederickson, Kaplan, Yorke, Yorke, The Liapunov dimension of strange attractors, J. Differential
    Equations 49, 185 (1983).

    Examples
    --------
    >>> from fastsci.chaos import kaplan_yorke
    >>> kaplan_yorke([0.9056, 0.0, -14.5723])
    2.0621
    """
    rates = real_array(exponents, "exponents").astype(np.float64)
    if rates.ndim == 0 or rates.shape[-1] == 0:
        raise ValueError(
            f"exponents: has shape {rates.shape}, expected (..., k) with at least one exponent; give the spectrum"
        )
    count = rates.shape[-1]
    known = np.all(rates < np.inf, axis=-1)  # neither inf nor NaN
    descending = -np.sort(np.where(known[..., None], -rates, 0.0), axis=-1)
    sums = np.cumsum(descending, axis=-1)
    # In descending order the sums rise and then fall: once negative, they stay so.
    whole = np.sum(sums >= 0.0, axis=-1)
    last = np.take_along_axis(sums, np.maximum(whole - 1, 0)[..., None], axis=-1)[..., 0]
    following = np.take_along_axis(descending, np.minimum(whole, count - 1)[..., None], axis=-1)[..., 0]
    between = (whole > 0) & (whole < count)
    part = np.divide(last, -following, out=np.zeros(whole.shape), where=between)
    dimension = np.where(whole == count, float(count) if complete else np.nan, np.minimum(whole + part, whole + 1.0))
    dimension = np.where(known, dimension, np.nan)
    return float(dimension) if rates.ndim == 1 else dimension
