"""The sum of all squares of a matrix less its mean, where it is cheaply had."""

from __future__ import annotations

import numpy as np

from ._blocks_source import RowBlocks, Stacked
from ._dense import Dense
from ._source import Array, Source
from ._sparse_source import Sparse


def total_squares(source: Source, mean: Array, weights: Array | None) -> float | None:
    """``sum_ij weights_i |A_ij - mean_i|^2``, or None of what is known by its products alone."""
    if isinstance(source, Stacked):
        cuts = source.edges[1:-1]
        parts = [None] * len(source.parts) if weights is None else np.split(weights, cuts)
        sums = [total_squares(*each) for each in zip(source.parts, np.split(mean, cuts), parts, strict=True)]
        return None if None in sums else float(sum(value for value in sums if value is not None))
    weights = np.ones(len(mean)) if weights is None else weights
    if isinstance(source, RowBlocks):
        return sum(_squares(block, mean[first:last], weights[first:last]) for first, last, block in source.blocks())
    if isinstance(source, Dense):
        return _squares(source.array, mean, weights)
    if isinstance(source, Sparse):
        rows = np.repeat(np.arange(source.shape[0]), np.diff(source.matrix.indptr))
        stored = np.bincount(rows, np.abs(source.matrix.data - mean[rows]) ** 2, minlength=source.shape[0])
        absent = source.shape[1] - np.diff(source.matrix.indptr)
        return float(weights @ (stored + absent * np.abs(mean) ** 2))
    return None


def _squares(block: Array, mean: Array, weights: Array) -> float:
    fresh = np.abs(block - mean[:, None])
    return float(weights @ np.einsum("ij,ij->i", fresh, fresh, dtype=np.float64))
