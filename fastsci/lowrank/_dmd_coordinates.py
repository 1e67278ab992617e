"""Snapshots as few numbers each: coordinates in an orthonormal basis of all of them, which itself is never formed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._dmd_products import Array, double, gram, product
from ._rank import choose_rank

# Products of snapshots square the ratios of singular values: down to here the operator is still good to 2e-10.
LEAST_BY_GRAM = 1e-3
LEAST_BY_GRAM_SINGLE = 1e-7  # of snapshots in single precision, which are multiplied in double
ROUNDINGS = 8.0  # and the root of the smaller side: what is not told from rounding
SMALLEST, LARGEST = 1e-200, 1e200  # squared norms that leave products their precision


def rounding(shape: tuple[int, int], dtype: np.dtype[Any]) -> float:
    """What of a matrix of snapshots is not told from its rounding, in units of the largest singular value."""
    return ROUNDINGS * float(np.sqrt(min(shape)) * np.finfo(dtype).eps)


def check_size(columns: Array, name: str = "X") -> None:
    """Numbers whose squares neither overflow nor vanish; those in single precision are squared in double."""
    if np.finfo(columns.dtype).bits == 32:
        return
    flat = (columns.T if columns.flags.f_contiguous else columns).ravel()
    with np.errstate(over="ignore", under="ignore"):
        squares = float(np.vdot(flat, flat).real)
    if not SMALLEST < squares < LARGEST and columns.any():
        largest = float(np.abs(columns).max())
        raise ValueError(
            f"{name}: its largest number is {largest:.3g}, expected sizes whose squares neither overflow nor vanish,"
            f" say from 1e-90 to 1e90; divide {name} by {largest:.3g}"
        )


def coordinates(columns: Array, rank: Any) -> tuple[Array, str]:
    """Numbers ``x (p, n_columns)`` in double precision with ``columns = Q x`` for some Q with orthonormal columns.

    Parameters
    ----------
    columns : ndarray, shape (n_space, n_columns)
    rank : int, float or None
        How many directions matter in the end, as in `choose_rank`.

    Returns
    -------
    x : ndarray, shape (p, n_columns)
        ``p`` is at most the smaller side.
    route : str
        ``"direct"``: the columns themselves, where they are short. ``"gram"``: from their products, one pass over the
        columns. ``"gram twice"``: products of the columns, rotated and scaled by what the first products say, where
        these alone would hide some of the singular values that matter. As good as a QR decomposition, and made of
        matrix products alone.
    """
    if len(columns) <= columns.shape[1]:
        return columns.astype(double(columns.dtype), copy=False), "direct"
    products = gram(columns)
    values, vectors = np.linalg.eigh(products)
    values, vectors = values[::-1], vectors[:, ::-1]
    singular = np.sqrt(np.maximum(values, 0.0))
    kept = choose_rank(rank, singular, columns.shape, rounding(columns.shape, columns.dtype))
    if not kept:
        return np.zeros((1, columns.shape[1]), products.dtype), "gram"
    single = np.finfo(columns.dtype).bits == 32
    if singular[kept - 1] >= (LEAST_BY_GRAM_SINGLE if single else LEAST_BY_GRAM) * singular[0]:
        known = singular > float(np.sqrt(len(values) * np.finfo(values.dtype).eps)) * singular[0]
        return singular[known, None] * vectors[:, known].conj().T, "gram"
    # Directions that the first products hide keep a common scale, by which the second ones resolve them.
    scale = np.maximum(singular, float(np.sqrt(np.finfo(values.dtype).eps)) * singular[0])
    values, rotation = np.linalg.eigh(gram(columns, vectors / scale))
    # The symmetric root keeps weak directions apart from strong ones, whose rounding would cover them.
    root = (rotation * np.sqrt(np.maximum(values, 0.0))) @ rotation.conj().T
    return root @ (scale[:, None] * vectors.conj().T), "gram twice"


def singular_values(x: Array, rank: Any) -> tuple[Array, Array, Array]:
    """``U (p, k)``, ``s (k,)``, ``V^H (k, q)`` of coordinates; of long ones from the products of their rows."""
    if x.shape[1] <= 2 * len(x):
        return np.linalg.svd(x, full_matrices=False)
    small, _ = coordinates(x.conj().T, rank)
    _, s, adjoint = np.linalg.svd(small, full_matrices=False)
    seen = s > rounding(x.shape, x.dtype) * np.max(s, initial=0.0)
    right = x.conj().T @ (adjoint[seen].conj().T / s[seen])
    # Rounding of strong directions in weak ones is divided by the weak singular values: it is taken out.
    right = right @ inverse_root(right.conj().T @ right, 0.5)
    left, s, turn = np.linalg.svd(x @ right, full_matrices=False)
    return left, s, turn @ right.conj().T


def inverse_root(products: Array, least: float) -> Array:
    """The symmetric inverse root of eigenvalues above ``least``, zero on the others; it keeps weak directions weak."""
    values, vectors = np.linalg.eigh(products)
    seen = values > least
    return (vectors[:, seen] / np.sqrt(values[seen])) @ vectors[:, seen].conj().T


def combine(columns: Array, weights: Array, eigs: Array) -> Array:
    """``columns @ weights`` in the precision of the columns.

    Weights of real columns that belong to two conjugate eigenvalues are conjugate and adjacent: each pair costs as much
    as two real columns.
    """
    single = np.finfo(columns.dtype).bits == 32
    complex_type = np.dtype(np.complex64 if single else np.complex128)
    if columns.dtype.kind == "c":
        return product(columns, weights.astype(complex_type))
    first = np.flatnonzero(np.imag(eigs) > 0)
    parts = np.real(weights).astype(columns.dtype)
    parts[:, first + 1] = np.imag(weights[:, first])
    real = product(columns, parts)
    found = np.empty(real.shape, complex_type)
    numbers = found.view(columns.dtype).reshape(*real.shape, 2)
    numbers[..., 0] = real
    numbers[..., 1] = 0.0
    numbers[:, first, 1] = real[:, first + 1]
    numbers[:, first + 1, 0] = real[:, first]
    numbers[:, first + 1, 1] = -real[:, first + 1]
    return found
