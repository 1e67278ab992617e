"""Paths of the lasso on a design of compressed sparse columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.regress import coordinate_conjugate, coordinate_sparse

from ._lasso_design import Design, Sparse
from ._lasso_path import Path, Penalty

SWEEPS = 3  # between two looks at all features
STEPS, ENOUGH = 20, 1e-2  # of conjugate gradients at most, and the share of the squared gradient that may be left
SECONDS_A_NUMBER = 2e-9


class Iterate:
    """Coefficients with their residual ``r0 + Q s``, and the products of all columns with it."""

    def __init__(self, design: Design) -> None:
        assert isinstance(design.columns, Sparse)
        self.columns, self.design = design.columns, design
        self.parts = (self.columns.data, self.columns.rows, self.columns.starts)
        self.basis = np.ascontiguousarray(design.basis.T)
        count = self.columns.shape[1]
        self.coef, self.products, self.way = np.zeros(count), np.empty(count), np.empty(count)
        self.rest, self.shift = design.target.copy(), np.zeros(design.basis.shape[1])
        self.look()

    def look(self) -> None:
        """Products of all columns with the residual."""
        count = len(self.coef)

        def work(first: int, last: int) -> None:
            coordinate_sparse.products(
                *self.parts, self.design.removed, self.shift, self.rest, first, last, self.products
            )

        over(count, work, SECONDS_A_NUMBER * (5.0 + len(self.columns.data) / count))
        self.products[self.design.squares == 0.0] = 0.0

    def sweep(self, chosen: Any, penalty: Penalty, k: int) -> int:
        """Minimise along each of the chosen coordinates in turn."""
        return coordinate_sparse.sweep(
            *self.parts, chosen, len(chosen), self.design.squares, self.design.weight, penalty.levels[k],
            penalty.ridges[k], penalty.positive, self.design.removed, self.shift, self.coef, self.rest,
        )  # fmt: skip

    def solve_support(self, penalty: Penalty, k: int) -> int:
        """Conjugate gradients on what is not zero: steps made."""
        support = np.flatnonzero(self.coef)
        if not support.size:
            return 0
        problem = (self.design.weight, penalty.levels[k], penalty.ridges[k], self.design.removed, self.basis)
        steps = coordinate_conjugate.solve_signs(
            *self.parts, support, self.design.squares, *problem, self.shift, self.coef, self.rest, STEPS, ENOUGH,
            self.way,
        )  # fmt: skip
        coordinate_conjugate.take(
            *self.parts, support, *problem, self.design.target, self.way, self.shift, self.coef, self.rest
        )
        return steps

    def gap(self, penalty: Penalty, k: int) -> float:
        """Primal less the better of two dual objectives, from a residual made anew."""
        support = np.flatnonzero(self.coef)
        coordinate_sparse.residual_of(
            *self.parts,
            support,
            len(support),
            self.design.removed,
            self.design.target,
            self.coef,
            self.shift,
            self.rest,
        )
        self.look()
        residual = self.rest + self.shift @ self.basis
        level, ridge, weight = penalty.levels[k], penalty.ridges[k], self.design.weight
        fit, length = residual @ residual, ridge * float(weight @ self.coef**2)
        explained = float(self.design.target @ residual)
        primal = 0.5 * (fit + length) + level * float(weight @ np.abs(self.coef))
        products = self.products if penalty.positive else np.abs(self.products)
        pulled = self.products - ridge * weight * self.coef
        pulled = pulled if penalty.positive else np.abs(pulled)
        excess = float(np.max(pulled / weight, initial=0.0))
        scale = explained / (fit + length) if fit + length > 0.0 else 0.0
        scale = min(scale, level / excess) if excess > 0.0 else scale
        dual = scale * (explained - 0.5 * scale * (fit + length))
        if ridge > 0.0:
            beyond = np.maximum(products - level * weight, 0.0)
            dual = max(dual, explained - 0.5 * fit - 0.5 * float(np.sum(beyond**2 / weight)) / ridge)
        return float(primal - dual)

    def lively(self, penalty: Penalty, k: int, threshold: float) -> Any:
        """Features that are not zero or may soon not be."""
        products = self.products if penalty.positive else np.abs(self.products)
        return np.flatnonzero(
            ((self.coef != 0.0) | (products >= threshold * self.design.weight)) & (self.design.squares > 0.0)
        )


def sparse_path(design: Design, penalty: Penalty) -> Path:
    """The path by sweeps over the features that may matter and conjugate gradients on those that do."""
    iterate = Iterate(design)
    path = Path.empty(penalty, len(iterate.coef))
    level = float(np.max(np.abs(iterate.products) / design.weight, initial=0.0))
    for k, new_level in enumerate(penalty.levels):
        threshold = 2.0 * new_level - max(level, new_level)
        level = new_level
        while path.sweeps[k] < penalty.most:
            chosen = iterate.lively(penalty, k, threshold)
            moved = sum(iterate.sweep(chosen, penalty, k) for _ in range(SWEEPS))
            path.sweeps[k] += SWEEPS
            path.gaps[k] = iterate.gap(penalty, k)
            if path.gaps[k] <= penalty.target or not (moved or len(chosen) < len(iterate.lively(penalty, k, level))):
                break
            threshold = level
            iterate.solve_support(penalty, k)
            iterate.look()
        path.coefs[k] = iterate.coef
    return path
