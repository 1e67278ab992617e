"""Paths of the lasso on a design of compressed sparse columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.regress import coordinate_conjugate, coordinate_sparse

from ._lasso_ahead import Ahead
from ._lasso_design import Design, Sparse
from ._lasso_path import Path, Penalty
from ._problem import Array

SWEEPS = 3  # between two solves on the support
STEPS, ENOUGH = 20, 1e-2  # of conjugate gradients at most, and the share of the squared gradient that may be left
INSIDE = 0.7  # share of the tolerance to which the chosen features are solved; the rest is for those outside
SECONDS_A_NUMBER = 1e-9


@dataclass(frozen=True)
class Columns:
    """Some columns of a sparse design, side by side, and what belongs to each."""

    data: Array
    rows: Any
    starts: Any
    squares: Array
    weight: Array
    removed: Array

    @classmethod
    def of(cls, design: Design) -> Columns:
        """All columns, with indices of unsigned type as `coordinate_sparse` wants them."""
        columns = design.columns
        assert isinstance(columns, Sparse)
        rows, starts = (index.view(f"u{index.itemsize}") for index in (columns.rows, columns.starts))
        return cls(columns.data, rows, starts, design.squares, design.weight, design.removed)

    @property
    def parts(self) -> tuple[Array, Any, Any]:
        return self.data, self.rows, self.starts

    def pick(self, chosen: Any) -> Columns:
        """The chosen columns alone."""
        starts = np.zeros(len(chosen) + 1, self.starts.dtype)
        np.cumsum(self.starts[chosen + 1] - self.starts[chosen], out=starts[1:])
        data, rows = np.empty(int(starts[-1])), np.empty(int(starts[-1]), self.rows.dtype)
        coordinate_sparse.pack(*self.parts, chosen, data, rows, starts)
        return Columns(data, rows, starts, self.squares[chosen], self.weight[chosen], self.removed[chosen])


class Iterate:
    """Coefficients of some columns, with their residual ``r0 + Q s`` and the products of these columns with it."""

    def __init__(self, columns: Columns, design: Design, coef: Array) -> None:
        self.columns, self.design, self.coef = columns, design, coef
        self.target, self.basis = design.target, np.ascontiguousarray(design.basis.T)
        self.rest, self.shift = np.empty(len(design.target)), np.empty(design.basis.shape[1])
        self.products = np.empty(len(coef))
        self.refresh()

    def refresh(self) -> None:
        """The residual from the coefficients alone, free of what rounding has left along the way."""
        own = self.columns
        coordinate_sparse.residual_of(*own.parts, own.removed, self.target, self.coef, self.shift, self.rest)

    def look(self) -> None:
        """Products of the columns with the residual."""
        own, count = self.columns, len(self.coef)

        def work(first: int, last: int) -> None:
            coordinate_sparse.products(
                *own.parts, own.squares, own.removed, self.shift, self.rest, first, last, self.products
            )

        over(count, work, SECONDS_A_NUMBER * (5.0 + len(own.data) / max(count, 1)))

    def objective(self, penalty: Penalty, k: int) -> float:
        return coordinate_sparse.objective(
            self.rest, self.basis, self.shift, self.target, self.columns.weight, penalty.levels[k], penalty.ridges[k],
            self.coef,
        )  # fmt: skip

    def gap(self, penalty: Penalty, k: int) -> float:
        """The gap of these columns, as if there were no others, by products that are up to date."""
        return coordinate_sparse.duality_gap(
            self.rest, self.basis, self.shift, self.target, self.columns.weight, penalty.levels[k], penalty.ridges[k],
            penalty.positive, self.coef, self.products,
        )  # fmt: skip

    def sweep(self, penalty: Penalty, k: int) -> int:
        """Minimise along each coordinate in turn."""
        own = self.columns
        return coordinate_sparse.sweep(
            *own.parts, own.squares, own.weight, penalty.levels[k], penalty.ridges[k], penalty.positive, own.removed,
            self.shift, self.coef, self.rest,
        )  # fmt: skip

    def solve_support(self, penalty: Penalty, k: int) -> None:
        """Conjugate gradients on what is not zero."""
        support = np.flatnonzero(self.coef)
        if not support.size:
            return
        own, coef = self.columns.pick(support), self.coef[support]
        left, ahead, way, pulled = np.zeros((4, len(support)))
        turn, image = np.empty_like(self.shift), np.empty_like(self.rest)
        level, ridge = penalty.levels[k], penalty.ridges[k]
        square = coordinate_conjugate.begin(
            *own.parts, own.squares, own.weight, level, ridge, own.removed, self.shift, coef, self.rest, left, ahead
        )
        enough = ENOUGH * square
        for _ in range(STEPS):
            if not square > enough:
                break
            square = coordinate_conjugate.step(
                *own.parts, own.squares, own.weight, ridge, own.removed, left, ahead, square, way, pulled, turn, image
            )
        coordinate_conjugate.take(
            *own.parts, own.weight, level, ridge, own.removed, self.basis, self.target, way, self.shift, coef, self.rest
        )
        self.coef[support] = coef

    def solve(self, penalty: Penalty, k: int, most: int) -> tuple[int, bool]:
        """Sweeps and solves until the gap of these columns is small: sweeps made, and whether any was of use."""
        done, useful = 0, False
        while True:
            moved = sum(self.sweep(penalty, k) for _ in range(SWEEPS))
            useful = useful or moved > 0
            done += SWEEPS
            self.refresh()
            self.look()
            if self.gap(penalty, k) <= INSIDE * penalty.target or not moved or done >= most:
                return done, useful
            self.solve_support(penalty, k)


def sparse_path(design: Design, penalty: Penalty) -> Path:
    """The path by sweeps over the features that may matter and conjugate gradients on those that do."""
    whole = Iterate(Columns.of(design), design, np.zeros(len(design.squares)))
    whole.look()
    path = Path.empty(penalty, len(whole.coef))
    ahead = Ahead(whole.coef, whole.products, design.weight)
    for k, level in enumerate(penalty.levels):
        guess, promising = ahead.guess(level, penalty.positive)
        chosen = np.flatnonzero((promising | (whole.coef != 0.0)) & (design.squares > 0.0))
        own = _better(whole, chosen, guess, penalty, k)
        while True:
            done, useful = own.solve(penalty, k, penalty.most - path.sweeps[k])
            path.sweeps[k] += done
            whole.coef[:] = 0.0
            whole.coef[chosen] = own.coef
            whole.rest, whole.shift = own.rest, own.shift
            whole.look()
            path.gaps[k] = whole.gap(penalty, k)
            if path.gaps[k] <= penalty.target or path.sweeps[k] >= penalty.most:
                break
            pulled = whole.products if penalty.positive else np.abs(whole.products)
            beyond = ((whole.coef != 0.0) | (pulled > level * design.weight)) & (design.squares > 0.0)
            if not useful and beyond[chosen].sum() == beyond.sum():
                break
            chosen = np.flatnonzero(beyond)
            own = Iterate(whole.columns.pick(chosen), design, whole.coef[chosen])
        path.coefs[k] = whole.coef
        ahead.note(level, whole.coef, whole.products)
    return path


def _better(whole: Iterate, chosen: Any, guess: Array, penalty: Penalty, k: int) -> Iterate:
    """The better of the last coefficients and the guessed ones, on the chosen columns."""
    last = Iterate(whole.columns.pick(chosen), whole.design, whole.coef[chosen])
    guessed = Iterate(last.columns, whole.design, guess[chosen])
    return guessed if guessed.objective(penalty, k) < last.objective(penalty, k) else last
