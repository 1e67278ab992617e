"""Sparse relations among the columns of a library: vectors ``v`` with few entries and ``theta v`` near zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._problem import Array, NormalEquations

SOFTENED = 1e-11  # of a column's length: of columns that depend on one another the combination of least length is taken


def relations_by_elimination(root: Array) -> Array:
    """Relations (n, p) of columns of unit length, one for every left-hand side, number of terms and order of removal.

    Every column in turn is fitted by the others, of which the least important one goes, and so on to the last: the one
    without which the residual grows least, and on a second path the one with the smallest coefficient.

    Parameters
    ----------
    root : ndarray, shape (p, p)
        Triangular factor of the columns.
    """
    n = len(root)
    found: list[Array] = []
    for by_residual in (True, False):
        support = np.array([[k for k in range(n) if k != left] for left in range(n)], np.intp).reshape(n, n - 1)
        for size in range(n - 1, 0, -1):
            coef, inverse = _fit(root, support)
            relation = np.zeros((n, n))
            np.put_along_axis(relation, support, coef, axis=1)
            relation[np.arange(n), np.arange(n)] = -1.0
            found.append(relation)
            importance = coef**2
            if by_residual:
                importance = importance / np.sum(inverse**2, axis=2)
            removed = importance.argmin(axis=1)
            support = support[np.arange(size) != removed[:, None]].reshape(n, size - 1)
    return np.concatenate(found) if found else np.zeros((0, n))


def _fit(root: Array, support: np.ndarray) -> tuple[Array, Array]:
    """Coefficients (n, size) of every column by those of its support, and inverses of the triangular factors."""
    n, size = support.shape
    columns = np.zeros((n, n + size, size))
    columns[:, :n] = root[:, support].transpose(1, 0, 2)
    columns[:, n + np.arange(size), np.arange(size)] = SOFTENED
    basis, triangle = np.linalg.qr(columns)
    inverse = np.linalg.inv(triangle)
    right = np.einsum("nks,kn->ns", basis[:, :n], root)
    return np.einsum("nst,nt->ns", inverse, right), inverse


def relations_by_optimizer(root: Array, optimizer: Any) -> Array:
    """Relations (p, p) of columns of unit length: every column in turn as a sparse combination of the others."""
    n = len(root)
    gram = root.T @ root
    problems: list[NormalEquations] = []
    others = [np.flatnonzero(np.arange(n) != left) for left in range(n)]
    for left, rest in enumerate(others):
        right = root[:, [left]]
        cross = gram[np.ix_(rest, np.array([left]))]
        problems.append(NormalEquations(gram[np.ix_(rest, rest)], cross, gram[[left], left], 1.0, root[:, rest], right))
    relations = -np.eye(n)
    for left, (rest, coef) in enumerate(zip(others, optimizer._solve_many(problems), strict=True)):
        relations[left, rest] = coef[0]
    return relations
