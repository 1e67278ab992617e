"""Inner products of a mesh: by a weight a point, or by a mass matrix."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ._matrix import finite_matrix
from ._source import Array
from .economy import economy_svd

DROPPED = 1e-12  # squares below, of the largest, are lost in a Gram matrix


class Product(ABC):
    """The product ``u^H W v`` of columns."""

    rooted: bool  # whether there is a root R^H R = W at hand

    @abstractmethod
    def applied(self, columns: Array) -> Array:
        """``W columns``."""

    @abstractmethod
    def decomposed(self, columns: Array) -> tuple[Array, Array, Array]:
        """``left, values, right``; left is orthonormal in the product, or with a root what that makes of such."""

    def root(self, columns: Array) -> Array:
        """``R columns``."""
        raise NotImplementedError

    def unrooted(self, columns: Array) -> Array:
        """``R^-1 columns``."""
        raise NotImplementedError

    def length(self, column: Array) -> float:
        return float(np.sqrt(max(np.vdot(column, self.applied(column[:, None])).real, 0.0)))


class Plain(Product):
    """A weight a row, or 1."""

    rooted = True

    def __init__(self, weights: Array | None) -> None:
        self.weights = weights

    def applied(self, columns: Array) -> Array:
        return columns if self.weights is None else (self.weights[:, None] * columns).astype(columns.dtype, copy=False)

    def root(self, columns: Array) -> Array:
        if self.weights is None:
            return columns
        return columns * np.sqrt(self.weights).astype(np.real(columns).dtype)[:, None]

    def unrooted(self, columns: Array) -> Array:
        if self.weights is None:
            return columns
        return columns / np.sqrt(self.weights).astype(np.real(columns).dtype)[:, None]

    def decomposed(self, columns: Array) -> tuple[Array, Array, Array]:
        return economy_svd(self.root(columns))


class Mass(Product):
    """A dense matrix, by its Cholesky factor."""

    rooted = True

    def __init__(self, matrix: Array) -> None:
        self.matrix = matrix
        try:
            self.factor = np.linalg.cholesky(matrix).conj().T
        except np.linalg.LinAlgError as error:
            least = float(np.linalg.eigvalsh(matrix)[0])
            raise ValueError(
                f"weights: has the eigenvalue {least:.3g}, expected a positive definite matrix; is it a stiffness"
                " matrix, or are there rows without elements?"
            ) from error

    def applied(self, columns: Array) -> Array:
        return self.matrix @ columns

    def root(self, columns: Array) -> Array:
        return self.factor @ columns

    def unrooted(self, columns: Array) -> Array:
        from scipy.linalg import solve_triangular

        return solve_triangular(self.factor, columns)

    def decomposed(self, columns: Array) -> tuple[Array, Array, Array]:
        return economy_svd(self.root(columns))


class SparseMass(Product):
    """A sparse matrix, by its products alone."""

    rooted = False

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix

    def applied(self, columns: Array) -> Array:
        return np.asarray(self.matrix @ columns)

    def decomposed(self, columns: Array) -> tuple[Array, Array, Array]:
        kind = columns.dtype
        columns = columns.astype(np.result_type(kind, np.float64), copy=False)  # a Gram matrix takes half of the digits
        squares, vectors = np.linalg.eigh(self._gram(columns))
        squares, vectors = squares[::-1], vectors[:, ::-1]
        if squares[-1] < -1e-8 * max(abs(float(squares[0])), 1e-300):
            raise ValueError(
                f"weights: gives a snapshot the squared length {float(squares[-1]):.3g}, expected a positive definite"
                " matrix; is it a stiffness matrix?"
            )
        kept = squares > DROPPED * squares[0]
        values, vectors = np.sqrt(squares[kept]), vectors[:, kept]
        nearly = columns @ (vectors / values)
        triangle = np.linalg.cholesky(self._gram(nearly)).conj().T
        inner, values, right = np.linalg.svd((triangle * values) @ vectors.conj().T, full_matrices=False)
        left = nearly @ np.linalg.solve(triangle, inner)
        return (
            left.astype(kind, copy=False),
            values.astype(np.finfo(kind).dtype, copy=False),
            right.astype(kind, copy=False),
        )

    def _gram(self, columns: Array) -> Array:
        found = columns.conj().T @ self.applied(columns)
        return 0.5 * (found + found.conj().T)


def product_of(weights: Any, n_space: int) -> Product:
    """The product that ``weights`` stand for, or an error that names them."""
    if weights is None:
        return Plain(None)
    shape = np.shape(weights)
    if shape not in ((n_space,), (n_space, n_space)):
        raise ValueError(f"weights: has shape {shape}, expected ({n_space},) or ({n_space}, {n_space}), as X has rows")
    if hasattr(weights, "tocsr"):
        matrix = weights.tocsr()
        if not np.isfinite(matrix.data).all() or abs(matrix - matrix.conj().T).max() > 1e-10 * abs(matrix).max():
            raise ValueError("weights: is no Hermitian matrix of finite numbers; a mass matrix equals its transpose")
        return SparseMass(matrix)
    if len(shape) == 1:
        values = finite_matrix(np.asarray(weights)[None], "weights")[0]
        if values.dtype.kind == "c" or not np.all(values > 0):
            place = int(np.argmin(values.real > 0))
            raise ValueError(
                f"weights: is {values[place]} at row {place}, expected positive numbers; leave out rows that do not"
                " count"
            )
        return Plain(values)
    matrix = finite_matrix(weights, "weights")
    if np.abs(matrix - matrix.conj().T).max() > 1e-10 * np.abs(matrix).max():
        raise ValueError("weights: is no Hermitian matrix; a mass matrix equals its transpose")
    return Mass(matrix)
