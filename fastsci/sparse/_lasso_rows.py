"""Paths of the lasso whose features enter for several targets together."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastsci_kernels.regress import coordinate_rows

from ._lasso_path import AHEAD, BUDGET, INSIDE, ROUNDS, Path, Penalty
from ._problem import Array


def row_path(columns: Array, target: Array, weight: Array, squares: Array, penalty: Penalty) -> Path:
    """The path on ``columns (p, n)`` and ``target (n, m)``: coefficients ``(n_alphas, p, m)``."""
    total = float(np.sum(target**2))
    count, tasks = len(penalty.levels), target.shape[1]
    path = Path(np.zeros((count, len(columns), tasks)), np.zeros(count), np.zeros(count, np.int64))
    features, gram, cross = np.empty(0, np.intp), np.empty((0, 0)), np.empty((0, tasks))
    coef = np.empty((0, tasks))
    lengths = np.linalg.norm(columns @ target, axis=1)
    kept = squares > 0.0
    level = float(np.max(lengths[kept] / weight[kept], initial=0.0))
    for k, new_level in enumerate(penalty.levels):
        threshold = new_level - AHEAD * max(level - new_level, 0.0)
        level = new_level
        for _ in range(ROUNDS):
            outside = kept.copy()
            outside[features] = False
            entering = np.flatnonzero(outside & (lengths > threshold * weight))
            if entering.size:
                rows = columns[entering]
                side = columns[features] @ rows.T
                gram = np.block([[gram, side], [side.T, rows @ rows.T]])
                cross = np.concatenate((cross, rows @ target))
                coef = np.concatenate((coef, np.zeros((len(entering), tasks))))
                features = np.concatenate((features, entering))
                outside[entering] = False
            path.sweeps[k] += _solve(gram, cross, total, weight[features], penalty, k, coef, path.sweeps[k])
            lengths = np.linalg.norm(columns @ (target - columns[features].T @ coef), axis=1)
            excess = np.maximum(lengths - level * weight, 0.0) * outside
            beyond = float(np.sum(excess[outside] ** 2 / weight[outside]))
            most = np.max(lengths[outside & (excess > 0.0)] / (level * weight[outside & (excess > 0.0)]), initial=0.0)
            gradient = np.empty_like(coef)
            coordinate_rows.refresh(gram, cross, coef, gradient)
            path.gaps[k] = coordinate_rows.duality_gap(
                cross, total, weight[features], level, penalty.ridges[k], coef, gradient, float(most), beyond
            )
            threshold = level
            if path.gaps[k] <= penalty.target or path.sweeps[k] >= penalty.most:
                break
        path.coefs[k, features] = coef
    return path


def _solve(
    gram: Array, cross: Array, total: float, weight: Array, penalty: Penalty, k: int, coef: Array, made: Any
) -> int:
    gradient = np.empty_like(coef)
    coordinate_rows.refresh(gram, cross, coef, gradient)
    done, most = 0, int(penalty.most - made)
    while done < most:
        more, spent, gap = coordinate_rows.descend(
            gram, cross, total, weight, penalty.levels[k], penalty.ridges[k], INSIDE * penalty.target, most - done,
            BUDGET, coef, gradient,
        )  # fmt: skip
        done += more
        if gap <= INSIDE * penalty.target or spent < BUDGET:
            break
    return done


def gram_row_path(gram: Array, cross: Array, total: float, weight: Array, penalty: Penalty) -> tuple[Array, float]:
    """Coefficients ``(p, m)`` of the first penalty from the products alone, and the gap."""
    coef, gradient = np.zeros(cross.shape), np.empty(cross.shape)
    products = np.ascontiguousarray(cross)
    matrix = np.ascontiguousarray(gram)
    _solve(matrix, products, total, weight, penalty, 0, coef, 0)
    coordinate_rows.refresh(matrix, products, coef, gradient)
    level, ridge = penalty.levels[0], penalty.ridges[0]
    gap = coordinate_rows.duality_gap(products, total, weight, level, ridge, coef, gradient, 0.0, 0.0)
    return coef, float(gap)
