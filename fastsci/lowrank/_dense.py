"""Matrices in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._matrix import first_fault, not_finite, plain_array, working_dtype
from ._source import Adjoint, Array, Source


class Dense(Source):
    """A row-major array of float32 or float64, by compiled products; of complex numbers, by those of NumPy.

    ``transposed`` says that the caller knows its rows as columns.
    """

    def __init__(self, array: Array, transposed: bool = False) -> None:
        self.array, self.transposed = array, transposed
        self.shape, self.dtype = (array.shape[0], array.shape[1]), array.dtype

    def product(self, right: Array) -> Array:
        from fastsci_kernels.lowrank import tall

        return tall.product(self.array, right)

    def adjoint_product(self, left: Array) -> Array:
        from fastsci_kernels.lowrank import tall

        return tall.adjoint_product(self.array, left)

    def gram_product(self, right: Array) -> tuple[Array, Array]:
        from fastsci_kernels.lowrank import tall

        return tall.gram_product(self.array, right)

    def last_products(self, right: Array, some: Array) -> tuple[Array, Array, Array]:
        from fastsci_kernels.lowrank import tall

        count = some.shape[1]
        found, twice = tall.gram_product(self.array, np.hstack((some, right)), wanted=count)
        return found[:, count:], found[:, :count], twice

    def adjoint_gram_product(self, left: Array) -> tuple[Array, Array]:
        from fastsci_kernels.lowrank import tall

        return tall.adjoint_gram_product(self.array, left)

    def gram(self) -> Array | None:
        from fastsci_kernels.lowrank import tall

        return tall.gram(self.array)

    def adjoint_gram(self) -> Array | None:
        from fastsci_kernels.lowrank import tall

        return tall.adjoint_gram(self.array)

    def refuse_non_finite(self, name: str) -> None:
        fault = first_fault(self.array)
        if fault is None:
            super().refuse_non_finite(name)
        else:
            raise not_finite(name, self.array[fault], *(fault[::-1] if self.transposed else fault))


def dense(value: Any, name: str = "A") -> tuple[Source, bool]:
    """A matrix in memory as a source, and whether the source is its transpose.

    Real numbers are not copied where rows or columns lie together, complex ones never.
    """
    array = plain_array(value, name)
    if array.ndim != 2:
        raise ValueError(f"{name}: has shape {array.shape}, expected a matrix (m, n); reshape it")
    kind = working_dtype(array.dtype, name)
    array = array.astype(kind, copy=False)
    if kind.kind == "c":
        return Dense(array), False
    if array.flags.f_contiguous and not array.flags.c_contiguous:
        return Dense(array.T, transposed=True), True
    return Dense(np.ascontiguousarray(array)), False


def tall(source: Source) -> tuple[Source, bool]:
    """The source, or its adjoint where that has fewer columns than rows; and whether it is the adjoint."""
    return (Adjoint(source), True) if source.shape[0] < source.shape[1] else (source, False)
