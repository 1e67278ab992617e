"""Samples as they are handed in, checked and named in what is said of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arrays import to_numpy


def samples(value: Any, name: str, width: int | None = None) -> np.ndarray:
    """Rows of numbers (n, width); one-dimensional data is one column.  Not copied: memory maps stay on the disk."""
    array = to_numpy(value, name)
    array = array if isinstance(array, np.ndarray) else np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: holds {array.dtype}, expected real numbers; convert it to float64")
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or (width is not None and array.shape[1] != width):
        wanted = "n_columns" if width is None else width
        raise ValueError(f"{name}: has shape {np.shape(value)}, expected (n_samples, {wanted}); reshape it")
    if array.shape[1] == 0:
        raise ValueError(f"{name}: has shape {np.shape(value)}, expected at least one column")
    return array


def refuse_non_finite(array: np.ndarray, name: str) -> None:
    """Name the first row that holds something other than finite numbers."""
    for first in range(0, len(array), 2**20):
        good = np.isfinite(array[first : first + 2**20]).all(axis=1)
        if not good.all():
            row = first + int(np.argmin(good))
            raise ValueError(
                f"{name}: row {row} is {np.asarray(array[row]).tolist()}, expected finite numbers; clean the data or"
                " leave such rows out with drop_nan=True"
            )
