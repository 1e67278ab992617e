"""Paths of the lasso: in the Gram matrix of all features, or in that of a growing set of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.regress import coordinate_columns, coordinate_gram, coordinate_path

from ._problem import Array

BUDGET = 1e8  # multiplications between two looks for Ctrl-C
INSIDE = 0.3  # share of the tolerance that is left to the features outside the working set
AHEAD = 0.5  # of the way down to the next penalty, by which the gradient of features that may enter is overrated
READ_ALL = 0.3  # share of the columns from which on all are read, and known from then on
SECONDS_A_PRODUCT, SECONDS_A_MULTIPLICATION = 1.2e-10, 6e-11
FACTOR = 40  # features for each penalty up to which the Gram matrix of all costs less than working sets
ROUNDS = 100


@dataclass(frozen=True)
class Penalty:
    """Levels ``n alpha l1_ratio`` and ridges ``n alpha (1 - l1_ratio)`` along the path, and what bounds the work."""

    levels: Array
    ridges: Array
    positive: bool
    target: float  # of the gap, on the scale of 1/2 |y - Xw|^2
    most: int  # sweeps a penalty


@dataclass
class Path:
    """Coefficients ``(n_alphas, p)``, gaps on the scale of ``1/2 |y - Xw|^2`` and sweeps, one a penalty."""

    coefs: Array
    gaps: Array
    sweeps: Any

    @classmethod
    def empty(cls, penalty: Penalty, n_features: int) -> Path:
        count = len(penalty.levels)
        return cls(np.zeros((count, n_features)), np.zeros(count), np.zeros(count, np.int64))


def solves_on_gram(n_samples: int, n_features: int, n_alphas: int) -> bool:
    """Whether the Gram matrix of all features is worth its making."""
    return n_features <= n_samples and n_features <= FACTOR * (n_alphas + 10)


def gram_path(gram: Array, cross: Array, squares: float, weight: Array, penalty: Penalty) -> Path:
    """The whole path in compiled code, on ``gram (p, p)``, ``cross (p,)`` and ``squares = |y|^2``."""
    path = Path.empty(penalty, len(cross))
    coef, gradient = np.zeros(len(cross)), cross.copy()
    room = coordinate_path.make_room(len(cross))
    done = 0
    while done < len(penalty.levels):
        done = coordinate_path.follow(
            gram, cross, squares, weight, penalty.levels, penalty.ridges, penalty.positive, penalty.target,
            penalty.most, BUDGET, done, coef, gradient, room, path.coefs, path.gaps, path.sweeps,
        )  # fmt: skip
    return path


class WorkingSet:
    """Features that have had a say so far: their columns, their Gram matrix, their coefficients."""

    def __init__(self, columns: Array, target: Array, weight: Array) -> None:
        self.columns, self.target, self.all_weights = columns, target, weight
        self.size = 0
        self.features = np.empty(0, np.intp)
        self.inside = np.zeros(len(columns), np.bool_)
        self._reserve(64)

    def _reserve(self, capacity: int) -> None:
        gram, rows = np.zeros((capacity, capacity)), np.empty((capacity, self.columns.shape[1]))
        vectors = np.zeros((4, capacity))
        if self.size:
            gram[: self.size, : self.size] = self.gram[: self.size, : self.size]
            rows[: self.size] = self.rows[: self.size]
            vectors[:, : self.size] = self.vectors[:, : self.size]
        self.gram, self.rows, self.vectors = gram, rows, vectors
        self.room = coordinate_path.make_room(capacity)

    @property
    def cross(self) -> Array:
        return self.vectors[0, : self.size]

    @property
    def coef(self) -> Array:
        return self.vectors[1, : self.size]

    @property
    def gradient(self) -> Array:
        return self.vectors[2, : self.size]

    @property
    def weight(self) -> Array:
        return self.vectors[3, : self.size]

    def admit(self, features: Any) -> None:
        """Add features, with their products with all that are there."""
        if not len(features):
            return
        begin, self.size = self.size, self.size + len(features)
        if self.size > len(self.gram):
            begin, self.size = self.size, begin
            self._reserve(max(2 * len(self.gram), begin))
            begin, self.size = self.size, begin
        new = slice(begin, self.size)
        self.rows[new] = self.columns[features]
        self._multiply(begin)
        self.gram[:begin, new] = self.gram[new, :begin].T
        self.features = np.concatenate((self.features, features))
        self.inside[features] = True
        coordinate_columns.products(self.rows, self.target[None], begin, self.size, self.vectors[0])
        self.weight[new] = self.all_weights[features]

    def _multiply(self, begin: int) -> None:
        """Products of the features from ``begin`` on with all that are there.

        A matrix product of NumPy's would do, were its threads not to wait for cores that others use, for fifty times
        as long as the product takes.
        """
        new = slice(begin, self.size)
        rows, others, out = self.rows, self.rows[new], self.gram[new]

        def work(first: int, last: int) -> None:
            coordinate_columns.products_with(rows, others, first, last, out)

        over(self.size, work, SECONDS_A_MULTIPLICATION * others.size)

    def solve(self, squares: float, penalty: Penalty, k: int, target: float, most: int) -> int:
        """Lower the objective until the gap within the set is below ``target``; sweeps made."""
        coordinate_gram.refresh(self.gram, self.cross, self.coef, self.gradient)
        done = 0
        while done < most:
            more, spent, gap = coordinate_path.descend(
                self.gram, self.cross, squares, self.weight, penalty.levels[k], penalty.ridges[k], penalty.positive,
                target, most - done, BUDGET, self.coef, self.gradient, self.room,
            )  # fmt: skip
            done += more
            if gap <= target or spent < BUDGET:
                break
        return done

    def residual(self) -> Array:
        residual = np.empty(len(self.target))
        coordinate_columns.residual_of(self.rows, self.coef, self.target, residual)
        return residual

    def gap(self, squares: float, penalty: Penalty, k: int, outside: float, beyond: float) -> float:
        """The gap from coefficients alone, with what is known of the features outside."""
        coordinate_gram.refresh(self.gram, self.cross, self.coef, self.gradient)
        return coordinate_path.gap_of(
            self.cross, squares, self.weight, penalty.levels[k], penalty.ridges[k], penalty.positive, self.coef,
            self.gradient, outside, beyond,
        )  # fmt: skip


class Products:
    """Products of all columns with a residual, as far as they matter: see `coordinate_columns`."""

    def __init__(self, columns: Array, lengths: Array, positive: bool) -> None:
        self.columns, self.lengths, self.positive = columns, lengths, positive
        self.reference: Array | None = None
        self.known = np.empty(len(columns))
        self.chosen = np.empty(len(columns), np.intp)

    def beyond(self, residual: Array, limits: Array) -> tuple[Any, Array]:
        """Columns whose product may exceed its limit, and their products; no other column exceeds it."""
        count = len(self.columns)
        if self.reference is not None:
            own = float(self.reference @ self.reference)
            along = float(residual @ self.reference) / own if own > 0.0 else 0.0
            off = residual - along * self.reference
            rounding = 4e-16 * len(residual) * float(np.linalg.norm(residual) + abs(along) * np.sqrt(own))
            count = coordinate_columns.doubtful(
                self.known, along, self.lengths, float(np.linalg.norm(off)) + rounding, limits, self.positive,
                self.chosen,
            )  # fmt: skip
        row, seconds = residual[None], SECONDS_A_PRODUCT * len(residual)
        if count > READ_ALL * len(self.columns):
            over(
                len(self.columns),
                lambda first, last: coordinate_columns.products(self.columns, row, first, last, self.known),
                seconds,
            )
            self.reference = residual
            return np.arange(len(self.columns)), self.known
        chosen, out = self.chosen[:count].copy(), np.empty(count)
        over(
            count,
            lambda first, last: coordinate_columns.products_of(self.columns, chosen, row, first, last, out),
            seconds,
        )
        return chosen, out


def working_path(columns: Array, target: Array, weight: Array, lengths: Array, penalty: Penalty) -> Path:
    """The path on ``columns (p, n)`` by a set of features that grows as the penalty falls."""
    squares = float(target @ target)
    path = Path.empty(penalty, len(columns))
    chosen = WorkingSet(columns, target, weight)
    products = Products(columns, lengths, penalty.positive)
    seen, values = products.beyond(target, penalty.levels[0] * weight)
    level = float(np.max(np.abs(values) / weight[seen], initial=0.0))
    for k, new_level in enumerate(penalty.levels):
        threshold = new_level - AHEAD * max(level - new_level, 0.0)
        level = new_level
        for _ in range(ROUNDS):
            beyond = values if penalty.positive else np.abs(values)
            entering = seen[(beyond > threshold * weight[seen]) & ~chosen.inside[seen]]
            chosen.admit(entering)
            path.sweeps[k] += chosen.solve(squares, penalty, k, INSIDE * penalty.target, penalty.most - path.sweeps[k])
            seen, values = products.beyond(chosen.residual(), level * weight)
            path.gaps[k] = _gap(chosen, squares, penalty, k, seen, values)
            threshold = level
            if path.gaps[k] <= penalty.target or path.sweeps[k] >= penalty.most:
                break
        path.coefs[k, chosen.features] = chosen.coef
    return path


def _gap(chosen: WorkingSet, squares: float, penalty: Penalty, k: int, seen: Any, values: Array) -> float:
    """The gap of the whole problem: features that were not read are known to be within their limits."""
    apart = ~chosen.inside[seen]
    weight, found = chosen.all_weights[seen[apart]], values[apart]
    found = np.maximum(found, 0.0) if penalty.positive else np.abs(found)
    level = penalty.levels[k]
    excess = found - level * weight
    over_limit = excess > 0.0
    outside = float(np.max(found[over_limit] / (level * weight[over_limit]), initial=0.0)) if level > 0.0 else np.inf
    beyond = float(np.sum(excess[over_limit] ** 2 / weight[over_limit]))
    return chosen.gap(squares, penalty, k, outside if over_limit.any() else 0.0, beyond)
