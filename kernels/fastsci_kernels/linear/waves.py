"""Cosines and sines of a matrix of angles, eight frequencies at a time."""

import math

import numpy as np

from fastsci_kernels.numbers import functions  # noqa: F401 (binds cosines and sines of lanes)
from fastsci_kernels.numbers.memory import load, number, store
from fastsci_kernels.static import static

LANES = 8


@static
def waves(angles, scale, out, first, last):
    """Rows ``first`` to ``last``: for every eight angles their cosines and then their sines, times ``scale``.

    Parameters
    ----------
    angles : (n_rows, n_angles) array
        A multiple of eight of them.
    out : (n_rows, n_features) array
        Written; up to 15 waves of the last eight angles may be left out.
    """
    width = out.shape[1]
    rest = np.empty((1, 2 * LANES))
    for row in range(first, last):
        for group in range(angles.shape[1] // LANES):
            angle = load(angles, row, group * LANES, LANES)
            factor = number(scale, 64, LANES)
            cosine, sine = factor * math.cos(angle), factor * math.sin(angle)
            begin = 2 * group * LANES
            if begin + 2 * LANES <= width:
                store(out, row, begin, cosine)
                store(out, row, begin + LANES, sine)
            else:
                store(rest, 0, 0, cosine)
                store(rest, 0, LANES, sine)
                for column in range(begin, width):
                    out[row, column] = rest[0, column - begin]
