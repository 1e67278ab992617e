"""An upper bound of what a low-rank approximation leaves out, from products with a few random columns.

Let F be what A does beyond the space, and W a block of g normal columns, drawn apart from the space.  Of every
singular value sigma of F, with its vectors u and v, ``u^H F (F^H F)^j W = sigma^(2j+1) w`` where ``w = v^H W`` is a row
of g normal numbers.  Since u is of unit length, the row that those products with ``j = 0, 1`` make is no longer than 1
in the measure of ``K^H K``, ``K = [F W, F F^H F W]``.  The squared length of w is one of chi^2, below ``q`` once in a
million draws; where it is not, every sigma for which the least value of that measure times q exceeds 1 is ruled out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._source import Array

COLUMNS = 8
# Quantiles of chi^2 at one in a million, for as many degrees of freedom as numbers are drawn: real and complex columns.
LEAST_SQUARE = {8: 0.14198478271724216, 16: 1.4506933224542471}
STEP = 1.02  # between two values that are looked at
RULED_OUT = 60  # values from the largest down, at most


def largest_value(first: Array, second: Array, complex_numbers: bool) -> float:
    """A number that no singular value of F exceeds, but once in a million draws.

    Parameters
    ----------
    first, second : ndarray, shape (m, g)
        ``F W`` and ``F F^H F W``.
    complex_numbers : bool
        W is complex: each of its numbers has two normal parts, of variance 1 each.
    """
    from fastsci_kernels.lowrank import tall

    count = first.shape[1]
    least = LEAST_SQUARE[2 * count if complex_numbers else count]
    lengths = float(np.linalg.norm(first)), float(np.linalg.norm(second))
    if lengths[0] == 0 or lengths[1] == 0:
        return 0.0
    unit = lengths[1] / lengths[0]  # of squared singular values
    columns = np.ascontiguousarray(np.hstack((first / lengths[0], second / lengths[1])))
    measure = np.asarray(tall.gram(columns), np.complex128 if complex_numbers else np.float64)
    values, vectors = np.linalg.eigh(measure)
    rounding = len(columns) * float(np.finfo(first.dtype).eps) * values[-1]
    inverse = (vectors / np.maximum(values, rounding)) @ vectors.conj().T / lengths[0] ** 2
    parts = inverse[:count, :count], inverse[count:, :count], inverse[count:, count:]
    # The second columns alone rule out whatever is larger than this.
    top = (float(np.linalg.norm(second, 2)) ** 2 / least) ** (1.0 / 3.0)
    square = top * STEP
    for _ in range(RULED_OUT):
        below = square / STEP
        if not _ruled_out(below, unit, parts, least):
            break
        square = below
    return float(np.sqrt(square))


def _ruled_out(square: float, unit: float, parts: tuple[NDArray[Any], ...], least: float) -> bool:
    ratio = square / unit
    measure = parts[0] + ratio * (parts[1] + parts[1].conj().T) + ratio**2 * parts[2]
    return bool(least * square * np.linalg.eigvalsh(measure)[0] > 1.0)
