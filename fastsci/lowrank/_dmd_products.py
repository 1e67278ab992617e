"""Products of snapshots in either order of memory, in double precision, without a copy of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK_NUMBERS = 1 << 20  # that are converted, or rotated, at once


def double(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The kind of numbers that products are summed in."""
    return np.dtype(np.complex128 if dtype.kind == "c" else np.float64)


def gram(columns: Array, right: Array | None = None) -> Array:
    """``Y^H Y`` of the columns, or of ``Y = columns @ right``."""
    from fastsci_kernels.lowrank import tall

    if right is None and columns.dtype == np.float64:
        if columns.flags.c_contiguous:
            return tall.gram(columns)
        if columns.flags.f_contiguous:
            return tall.adjoint_gram(columns.T)
    size = columns.shape[1] if right is None else right.shape[1]
    found = np.zeros((size, size), double(columns.dtype))
    for _, block in _blocks(columns):
        found += tall.gram(block if right is None else tall.product(block, right.astype(block.dtype, copy=False)))
    return found


def gram_product(columns: Array, right: Array, keep: Array | None = None) -> Array:
    """``columns^H columns right``, reading the columns once; ``keep`` takes ``columns right``."""
    from fastsci_kernels.lowrank import tall

    if columns.dtype == np.float64 and (columns.flags.c_contiguous or columns.flags.f_contiguous):
        if columns.flags.c_contiguous:
            image, found = tall.gram_product(columns, right)
        else:
            image, found = tall.adjoint_gram_product(columns.T, right)
        if keep is not None:
            keep[...] = image
        return found
    found = np.zeros(right.shape, double(columns.dtype))
    for place, block in _blocks(columns):
        image, part = tall.gram_product(block, right)
        found += part
        if keep is not None:
            keep[place] = image
    return found


def product(columns: Array, right: Array) -> Array:
    """``columns right`` in the precision of the columns."""
    from fastsci_kernels.lowrank import tall

    right = right.astype(columns.dtype, copy=False)
    return tall.product(columns, right) if columns.flags.c_contiguous else columns @ right


def adjoint_product(columns: Array, left: Array) -> Array:
    """``columns^H left``."""
    from fastsci_kernels.lowrank import tall

    if columns.dtype == np.float64 and columns.flags.c_contiguous:
        return tall.adjoint_product(columns, left)
    if columns.dtype == np.float64 and columns.flags.f_contiguous:
        return tall.product(columns.T, left)
    found = np.zeros((columns.shape[1], left.shape[1]), double(columns.dtype))
    for place, block in _blocks(columns):
        found += tall.adjoint_product(block, left[place].astype(block.dtype, copy=False))
    return found


def _blocks(columns: Array) -> Iterator[tuple[slice, Array]]:
    """Rows of the columns, some at a time, row-major and in double precision."""
    rows = max(1, BLOCK_NUMBERS // max(1, columns.shape[1]))
    kind = double(columns.dtype)
    for first in range(0, len(columns), rows):
        place = slice(first, first + rows)
        yield place, np.ascontiguousarray(columns[place], kind)
