"""One search for the best subset: prepared sums, good first guesses, and the search in pieces that can be stopped."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Event

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from fastsci_kernels.regress.branch import advance, exchange
from fastsci_kernels.regress.completion import complete
from fastsci_kernels.regress.elimination import eliminate
from fastsci_kernels.regress.selection import select
from fastsci_kernels.regress.triangle import invert

from ._problem import Array, NormalEquations

PIECE_SECONDS = 0.02
LANES = 8  # the kernels look at whole blocks of columns
FIRST_BUDGET = 100
DEPENDENT = 1e-12
SATURATED = 1e-8  # of a square or a coefficient that counts as zero


@dataclass(frozen=True)
class Found:
    """What a search knows at its end."""

    support: NDArray[np.intp]
    objective: float
    lower_bound: float
    certified: bool
    nodes: int


class BranchSearch:
    """The sums of one target with columns of unit length, and the searches over subsets of them.

    ``alpha`` is the ridge on the coefficients as they are.  Objectives are ``|y - X c|^2 + alpha |c|^2``.
    """

    def __init__(self, problem: NormalEquations, target: int, alpha: float) -> None:
        scale = 1.0 / problem.norms()
        n_features = problem.n_features
        # Rounding of the Gram matrix, as a ridge: bounds stay finite for columns that depend on one another.
        ridge = np.maximum(alpha * scale**2, 4.0 * n_features * np.finfo(float).eps)
        self.square = float(problem.squares[target])
        self.tolerance = 8.0 * n_features * np.finfo(float).eps * self.square
        self.gram = np.ascontiguousarray(problem.gram * np.outer(scale, scale) + np.diag(ridge))
        self.cross = np.ascontiguousarray(problem.cross[:, target] * scale)
        self._scale, self._ridge = scale, ridge
        inverse, coef = self.gram.copy(), self.cross.copy()
        invert(inverse, coef, n_features)
        self._table = np.column_stack((0.5 * (inverse + inverse.T), coef))
        self.least = max(self.square - float(coef @ (2.0 * self.cross - self.gram @ coef)), 0.0)
        self.rank = int(np.linalg.matrix_rank(self.gram - np.diag(ridge), hermitian=True))
        self._starts = self._greedy_orders()

    def _greedy_orders(self) -> list[NDArray[np.int64]]:
        gram, cross = self.gram[None], self.cross[None, None]
        n_features = len(self.gram)
        ratios = np.empty((1, 1, n_features))
        orders = [np.empty((1, 1, n_features), np.int64) for _ in range(3)]
        select(gram, cross, np.full((1, 1), self.square), DEPENDENT, 0.0, orders[0], ratios, 0, 1)
        none = np.zeros((1, n_features))
        for order, by_value in ((orders[1], False), (orders[2], True)):
            eliminate(gram, cross, none, self._scale[None], by_value, order, 0, 1)
        return [order[0, 0] for order in orders]

    def is_saturated(self) -> bool:
        """Whether the rank is that of too few samples, and not that of some columns that depend on one another.

        Too few samples are met exactly by all columns together, and each column beyond the rank then takes all others.
        """
        n_features = len(self.gram)
        if self.rank == n_features or self.least > SATURATED * self.square:
            return False
        gram = self.gram - np.diag(self._ridge)
        order = linalg.qr(gram, mode="r", pivoting=True, check_finite=False)[1]
        basis, rest = order[: self.rank], order[self.rank :]
        parts = np.abs(np.linalg.lstsq(gram[:, basis], gram[:, rest], rcond=DEPENDENT)[0])
        return bool((parts.min(axis=0) > SATURATED * parts.max(axis=0)).any())

    def empty(self) -> Found:
        """The model without a column."""
        return Found(np.zeros(0, np.intp), self.square, self.square, True, 0)

    def guess(self, size: int) -> Found:
        """The best of three greedy models, of sums alone."""
        best, support = self._blank(size)
        unused = np.zeros(0, np.int64)
        for order in self._starts:
            columns = order[:size][order[:size] >= 0]
            complete(
                self.gram, self.cross, self.square, columns, columns.size, unused, 0, 0, best, support, size,
                self._work(size),
            )  # fmt: skip
        return Found(_columns(support), float(best[0]), self.least, False, 0)

    def search(self, size: int, *, ceiling: float, time_limit: float | None, stop: Event) -> Found:
        """The best model of at most ``size`` columns; of ``inf`` where none is below ``ceiling``, which is proven.

        The exchange of pairs comes only after a first piece of the search: with a low ceiling that is often all.
        """
        best, support = self._blank(size)
        guess = self.guess(size)
        if guess.objective < ceiling:
            support[: guess.support.size] = guess.support
        best[0] = min(guess.objective, ceiling)
        stack, work = _Stack.of(self._table, self.least, len(self.gram) - size + 2), self._work(size)
        end = np.inf if time_limit is None else time.perf_counter() + time_limit
        budget, exchanged = FIRST_BUDGET, False
        while True:
            began, before = time.perf_counter(), stack.nodes
            advance(
                self.gram, self.cross, self.square, stack.tables, stack.names, stack.forced, stack.counts,
                stack.bounds, stack.state, best, support, self.tolerance, budget, work,
            )  # fmt: skip
            now = time.perf_counter()
            if stack.done or now >= end or stop.is_set():
                break
            budget = max(1, int((stack.nodes - before) * PIECE_SECONDS / max(now - began, 1e-6)))
            if not exchanged:
                self._exchange(size, best, support)
                exchanged = True
        columns = _columns(support)
        objective = float(best[0]) if columns.size or ceiling > guess.objective else np.inf
        lower = float(best[0]) - self.tolerance if stack.done else min(float(best[0]), float(stack.bounds[0]))
        return Found(columns, objective, max(lower, 0.0), stack.done, stack.nodes)

    def _exchange(self, size: int, best: Array, support: NDArray[np.int64]) -> None:
        for order in self._starts:
            exchange(self.gram, self.cross, self.square, order[:size].copy(), best, support, self._work(size))

    def _blank(self, size: int) -> tuple[Array, NDArray[np.int64]]:
        return np.full(1, self.square), np.full(size, -1, np.int64)

    def _work(self, size: int) -> Array:
        n_features = len(self.gram)
        return np.zeros((2 * size + n_features + 8, -(-n_features // LANES) * LANES))


@dataclass(frozen=True)
class _Stack:
    """The levels of a search, as the kernel keeps them."""

    tables: Array
    names: NDArray[np.int64]
    forced: NDArray[np.bool_]
    counts: NDArray[np.int64]
    bounds: Array
    state: NDArray[np.int64]

    @classmethod
    def of(cls, table: Array, bound: float, levels: int) -> _Stack:
        n_features = len(table)
        stack = cls(
            np.empty((levels, *table.shape)),
            np.empty((levels, n_features), np.int64),
            np.zeros((levels, n_features), np.bool_),
            np.zeros((levels, 2), np.int64),
            np.empty(levels),
            np.zeros(2, np.int64),
        )
        stack.tables[0], stack.names[0] = table, np.arange(n_features)
        stack.counts[0, 0], stack.bounds[0] = n_features, bound
        return stack

    @property
    def nodes(self) -> int:
        return int(self.state[1])

    @property
    def done(self) -> bool:
        return bool(self.state[0] < 0)


def _columns(support: NDArray[np.int64]) -> NDArray[np.intp]:
    return support[support >= 0].astype(np.intp)
