"""The singular value decomposition of a whole matrix, at the cost of products where it is tall or wide."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._matrix import finite_matrix
from ._source import Array

TALL = 4  # times as many rows as columns: then products cost less than Householder's reflections of all rows
METHODS = ("products", "gram", "householder")


def economy_svd(A: ArrayLike, *, method: str | None = None, values_only: bool = False) -> tuple[Any, Array, Any]:
    """Return the economy singular value decomposition ``U, s, Vt`` of a matrix in memory.

    Parameters
    ----------
    A : array_like, shape (m, n)
        float32, float64, complex64 or complex128; integers count as float64.
    method : {"products", "gram", "householder"}, optional
        How; by the shape unless given.

        - ``"householder"``: LAPACK's bidiagonalisation and divide and conquer (``gesdd``); the choice for a matrix
          that is about square.
        - ``"products"``: the Gram matrix of the short side, its eigenvectors, a second Gram matrix of what they make
          of A, and the decomposition of a small matrix: as accurate as LAPACK and nearly all of it matrix products.
          The choice where one side is at least four times the other; where the singular values span more than six
          decades (three in single precision), which a Gram matrix does not resolve, Householder's takes over.
        - ``"gram"``: the covariance route, which reads A once for the values and right vectors, and once for U.  The
          k-th singular value then carries an error of about ``eps s[0]**2 / s[k]`` rather than ``eps s[0]``: those
          below ``sqrt(eps) s[0]`` (1.5e-8 of the largest in float64) are noise, and so are their vectors.  For data
          whose noise is far above.
    values_only : bool
        U and Vt are None then, and are not formed.

    Returns
    -------
    U : ndarray, shape (m, k), with k = min(m, n)
    s : ndarray, shape (k,)
        From large to small, at least 0.
    Vt : ndarray, shape (k, n)

    Raises
    ------
    ValueError
        On NaN or infinities, whose place is named; on what is no matrix; on an unknown method.

    References
    ----------
    .. [1] Y. Yamamoto, Y. Nakatsukasa, Y. Yanagisawa and T. Fukaya, "Roundoff error analysis of the CholeskyQR2
       algorithm", Electronic Transactions on Numerical Analysis 44 (2015), 306-326.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.lowrank.economy import economy_svd
    >>> A = np.arange(12.0).reshape(6, 2)
    >>> U, s, Vt = economy_svd(A)
    >>> np.allclose(U * s @ Vt, A)
    True
    """
    if method is not None and method not in METHODS:
        raise ValueError(f"method: is {method!r}, expected one of {', '.join(METHODS)}, or None for one by the shape")
    matrix = finite_matrix(A, "A")
    if matrix.shape[0] < matrix.shape[1]:
        right, values, left = _tall(matrix.conj().T, method, values_only)
        return (None, values, None) if values_only else (left.conj().T, values, right.conj().T)
    return _tall(matrix, method, values_only)


def _tall(matrix: Array, method: str | None, values_only: bool) -> tuple[Any, Array, Any]:
    if method != "householder" and 0 not in matrix.shape:
        if method == "gram":
            found = _gram(matrix, values_only)
        elif method == "products" or matrix.shape[0] >= TALL * matrix.shape[1]:
            found = _products(matrix, values_only)
        else:
            found = None
        if found is not None:
            return found
    if values_only:
        return None, np.linalg.svd(matrix, compute_uv=False), None
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    return left, values, right


def _squared(matrix: Array) -> tuple[Array, Array] | None:
    """Eigenvalues, from large to small, and eigenvectors of the Gram matrix; None where squares leave the range."""
    with np.errstate(over="ignore", invalid="ignore"):
        gram = matrix.conj().T @ matrix
    largest = float(np.abs(np.diagonal(gram)).max())
    if not np.isfinite(gram).all() or not largest > float(np.finfo(gram.dtype).tiny) / float(np.finfo(gram.dtype).eps):
        return None
    squares, vectors = np.linalg.eigh(gram)
    return squares[::-1], vectors[:, ::-1]


def _gram(matrix: Array, values_only: bool) -> tuple[Any, Array, Any] | None:
    found = _squared(matrix)
    if found is None:
        return None
    values = np.sqrt(np.maximum(found[0], 0.0))
    if values_only:
        return None, values, None
    left = matrix @ found[1]
    lengths = np.linalg.norm(left, axis=0)
    return left / np.where(lengths > 0, lengths, 1), values, found[1].conj().T


def _products(matrix: Array, values_only: bool) -> tuple[Any, Array, Any] | None:
    """None where the singular values span more than a Gram matrix resolves."""
    found = _squared(matrix)
    epsilon = float(np.finfo(matrix.dtype).eps)
    if found is None or found[0][-1] <= 1e4 * epsilon * found[0][0]:
        return None
    values, vectors = np.sqrt(found[0]), found[1]
    nearly = matrix @ (vectors / values)
    triangle = np.linalg.cholesky(nearly.conj().T @ nearly).conj().T
    small = (triangle * values) @ vectors.conj().T
    if values_only:
        return None, np.linalg.svd(small, compute_uv=False), None
    inner, values, right = np.linalg.svd(small)
    return nearly @ np.linalg.solve(triangle, inner), values, right
