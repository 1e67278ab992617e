"""A matrix in memory, as it is handed in, checked and named in what is said of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arrays import to_numpy
from ._source import Array


def working_dtype(dtype: Any, name: str) -> np.dtype[Any]:
    """The precision in which numbers of ``dtype`` are multiplied: float32, float64, complex64 or complex128."""
    kind = np.dtype(dtype)
    if kind.kind not in "fciub":
        raise TypeError(f"{name}: holds {kind}, expected numbers; convert it with .astype(float)")
    if kind.kind == "c":
        return np.dtype(np.complex64 if kind.itemsize <= 8 else np.complex128)
    return np.dtype(np.float32 if kind.kind == "f" and kind.itemsize <= 4 else np.float64)


def plain_array(value: Any, name: str) -> Array:
    """What is handed in as a NumPy array, of whatever it holds; masked numbers are no data and are refused."""
    if hasattr(value, "tocsr"):
        raise TypeError(f"{name}: is sparse, expected an array in memory; give {name}.toarray()")
    if np.ma.is_masked(value):
        raise ValueError(f"{name}: has masked numbers, expected all of them; fill such entries or leave them out")
    try:
        return np.asarray(to_numpy(value, name))
    except ValueError as error:
        raise ValueError(f"{name}: holds rows of different lengths, expected as many numbers in each") from error


def finite_matrix(value: Any, name: str = "A") -> Array:
    """A matrix (m, n) of finite numbers in one of the four precisions, not copied where it need not be."""
    array = plain_array(value, name)
    if array.ndim != 2:
        raise ValueError(f"{name}: has shape {array.shape}, expected a matrix (m, n); reshape it")
    array = array.astype(working_dtype(array.dtype, name), copy=False)
    refuse_non_finite(array, name)
    return array


def refuse_non_finite(array: Array, name: str, first: int = 0) -> None:
    """Name the first number of a matrix that is not finite; ``first`` is the number of its first row in the whole."""
    # A sum is finite only where its numbers are, but for overflow: then each is looked at.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum()):
            return
    fault = first_fault(array)
    if fault is not None:
        row, column = fault
        raise not_finite(name, array[row, column], first + row, column)


def first_fault(array: Array) -> tuple[int, int] | None:
    """The row and the column of the first number of a matrix that is not finite."""
    bad = ~np.isfinite(array)
    if not bad.any():
        return None
    row, column = np.unravel_index(int(np.argmax(bad)), array.shape)
    return int(row), int(column)


def not_finite(name: str, value: Any, row: int, column: int) -> ValueError:
    """What is said of a number that is none."""
    return ValueError(
        f"{name}: holds {value} in row {row}, column {column}, expected finite numbers; fill such entries or leave"
        " their rows out"
    )
