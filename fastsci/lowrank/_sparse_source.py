"""Sparse matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._matrix import working_dtype
from ._operator_source import transpose
from ._source import Array, Source


class Sparse(Source):
    """A SciPy matrix of compressed sparse rows; real ones by compiled products on all threads, complex by SciPy's."""

    def __init__(self, rows: Any) -> None:
        self.matrix = rows
        self.shape, self.dtype = (int(rows.shape[0]), int(rows.shape[1])), rows.dtype
        self._compiled = rows.dtype.kind == "f"

    def product(self, right: Array) -> Array:
        if not self._compiled:
            return np.ascontiguousarray(self.matrix @ right)
        from fastsci_kernels.lowrank import sparse

        return sparse.product(self.matrix.data, self.matrix.indices, self.matrix.indptr, right)

    def adjoint_product(self, left: Array) -> Array:
        if not self._compiled:
            return np.ascontiguousarray(self.matrix.conj().T @ left)
        from fastsci_kernels.lowrank import sparse

        return sparse.adjoint_product(self.matrix.data, self.matrix.indices, self.matrix.indptr, left, self.shape[1])

    def gram_product(self, right: Array) -> tuple[Array, Array]:
        if not self._compiled:
            return super().gram_product(right)
        from fastsci_kernels.lowrank import sparse

        return sparse.gram_product(self.matrix.data, self.matrix.indices, self.matrix.indptr, right)

    def refuse_non_finite(self, name: str) -> None:
        good = np.isfinite(self.matrix.data)
        if not good.all():
            place = int(np.argmin(good))
            row = int(np.searchsorted(self.matrix.indptr, place, side="right")) - 1
            raise ValueError(
                f"{name}: row {row} holds {self.matrix.data[place]} in column {int(self.matrix.indices[place])},"
                " expected finite numbers; drop such entries"
            )
        super().refuse_non_finite(name)


def sparse_source(matrix: Any, name: str) -> Source:
    """A SciPy sparse matrix or array of any format; columns compressed are the rows of the transpose."""
    if matrix.ndim != 2:
        raise ValueError(f"{name}: has shape {matrix.shape}, expected a matrix (m, n); reshape it")
    dtype = working_dtype(matrix.dtype, name)
    if matrix.format == "csc":
        return transpose(Sparse(matrix.T.tocsr().astype(dtype, copy=False)))
    return Sparse(matrix.tocsr().astype(dtype, copy=False))
