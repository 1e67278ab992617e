"""Samples as they are handed in, checked and named in what is said of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arrays import to_numpy


def samples(value: Any, name: str, width: int | None = None) -> np.ndarray:
    """Rows of numbers (n, width); one-dimensional data is one column.  Not copied: memory maps stay on the disk.

    Where a mask hides numbers they count as missing.
    """
    array = to_numpy(value, name)
    if not isinstance(array, np.ndarray):
        try:
            array = np.asarray(array)
        except ValueError as error:
            raise ValueError(f"{name}: holds rows of different lengths, expected as many numbers in each") from error
    if isinstance(array, np.ma.MaskedArray) and array.dtype.kind in "fiub":
        array = np.where(np.ma.getmaskarray(array), np.nan, array.data) if np.ma.is_masked(array) else array.data
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
