"""The noise of samples, judged by the samples alone."""

from __future__ import annotations

import numpy as np

from fastsci_kernels.regress import stencils

from ._options import enough
from ._samples import Array, Times

NOISE_ORDER = 6  # differences of this order leave next to nothing of well-sampled states
DEVIATIONS_PER_MEDIAN = 1.4826022185056018  # of the size of normal numbers: 1 / Phi^-1(3/4)


def noise(x: Array, times: Times) -> Array:
    """Standard deviation of the noise of every column, ``(n_slabs, n_columns)``, if it is normal and independent."""
    size = NOISE_ORDER + 1
    enough(times.count, size, "alpha=None, which judges the noise")
    count = times.count - size + 1
    nodes = np.arange(times.count, dtype=np.float64) if times.step is not None else times.values / times.mean_step
    starts = np.arange(count)
    weights = stencils.difference_table(nodes, starts, nodes[NOISE_ORDER // 2 :][:count], size, NOISE_ORDER)
    weights /= np.sqrt(np.sum(weights**2, axis=1, keepdims=True))
    left = np.empty((x.shape[0], count, x.shape[2]))
    stencils.apply_table(x, starts, starts, weights, left)
    return DEVIATIONS_PER_MEDIAN * np.median(np.abs(left), axis=1)
