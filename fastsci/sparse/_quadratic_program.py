"""Least squares of several targets under linear equations and inequalities among all their coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

from ._problem import Array, Mask, NormalEquations

DEPENDENT = 1e-10  # a row's part beyond the rows before it that counts as rounding
SATISFIED = 1e-9  # relative miss of a constraint that counts as rounding
FLAT = 1e-2  # length given to directions that no sample sees, where constraints may move; refinement takes it out again
ROUNDING = 16 * float(np.finfo(float).eps)
REFINEMENTS = 6
MOST_ROUNDS = 2  # for each inequality, in which rounding of the first guess at the active ones is put right


@dataclass(frozen=True)
class Constraints:
    """``equal c = equal_value`` and ``below c <= bound`` for the coefficients ``c`` of all targets, target by target.

    Attributes
    ----------
    equal, equal_value : ndarray, shapes (q, m p) and (q,)
    below, bound : ndarray, shapes (r, m p) and (r,)
    """

    equal: Array
    equal_value: Array
    below: Array
    bound: Array

    @property
    def touched(self) -> Mask:
        """Coefficients that any constraint names, (m p,)."""
        return (self.equal != 0).any(axis=0) | (self.below != 0).any(axis=0)

    def feasible(self, support: Mask) -> bool:
        """Whether coefficients on a support (m, p) can satisfy them all."""
        free = support.ravel() & self.touched
        # Rows of unit length: the tolerances of the solvers are absolute.
        equal, value = _unit_rows(self.equal[:, free], self.equal_value)
        below, bound = _unit_rows(self.below[:, free], self.bound)
        if not free.any():
            return bool(np.all(np.abs(value) <= SATISFIED) and np.all(bound >= -SATISFIED))
        if not len(below):
            found = linalg.lstsq(equal, value)[0] if len(equal) else np.zeros(equal.shape[1])
            return bool(np.all(np.abs(equal @ found - value) <= SATISFIED * (1 + np.abs(value))))
        found = optimize.linprog(
            np.zeros(equal.shape[1]), A_ub=below, b_ub=bound, A_eq=equal, b_eq=value, bounds=(None, None)
        )
        return bool(found.status == 0)


@dataclass(frozen=True)
class Minimum:
    """Coefficients (m, p) and the multipliers of the equations (q,) and inequalities (r,), which are not negative.

    On the support ``theta' (target - theta c) - alpha c = equal' equal_multipliers + below' below_multipliers``.
    """

    coef: Array
    equal_multipliers: Array
    below_multipliers: Array


@dataclass(frozen=True)
class _Block:
    """The squares of one target on its support, in columns of unit length; ``whitener' whitener`` inverts them."""

    columns: NDArray[np.intp]  # places among the m p coefficients
    scale: Array
    whitener: Array
    seen: Array | None  # with dependent columns: projection on the directions that samples see
    rows: Array | None  # with a factorised problem: what is squared
    matrix: Array
    right: Array

    def rows_of(self, rows: Array) -> Array:
        """The part of constraints that concerns this target, in units of its columns."""
        return rows[:, self.columns] * self.scale

    def gradient(self, coef: Array) -> Array:
        if self.rows is not None:
            found = self.rows.T @ (self.right - self.rows @ coef)
        else:
            found = self.right - self.matrix @ coef
        return found if self.seen is None else self.seen @ found


def minimise(problem: NormalEquations, support: Mask, constraints: Constraints, alpha: float = 0.0) -> Minimum:
    """The coefficients on a support (m, p) that satisfy feasible constraints and have the least squares.

    Equations by the range-space method; inequalities by the least-distance program of Lawson & Hanson (1974, chapter
    23), whose active constraints are then taken as equations.
    """
    chosen = support & ((np.diag(problem.gram) > 0) | constraints.touched.reshape(support.shape))
    blocks = [_block(problem, row, target, alpha) for target, row in enumerate(chosen)]
    active = np.zeros(len(constraints.below), bool)
    if len(active):
        active = _active(blocks, constraints)
    rounds = 0
    while True:
        rounds += 1
        rows = np.vstack((constraints.equal, constraints.below[active]))
        values = np.concatenate((constraints.equal_value, constraints.bound[active]))
        flat, multipliers = _solve_equal(blocks, rows, values)
        below = np.zeros(len(active))
        below[active] = multipliers[len(constraints.equal) :]
        miss = constraints.below @ flat - constraints.bound
        miss[active] = 0.0
        over = miss > SATISFIED * (np.abs(constraints.below) @ np.abs(flat) + np.abs(constraints.bound))
        if rounds > MOST_ROUNDS * len(active):
            break
        if over.any():
            active[np.argmax(np.where(over, miss, 0.0))] = True
        elif (below < 0).any():
            active[np.argmin(below)] = False
        else:
            break
    return Minimum(flat.reshape(support.shape), multipliers[: len(constraints.equal)], below)


def _block(problem: NormalEquations, row: Mask, target: int, alpha: float) -> _Block:
    chosen = np.flatnonzero(row)
    scale = 1.0 / problem.norms()[chosen]
    columns = target * problem.n_features + chosen
    ridge = alpha * scale**2
    matrix = problem.gram[chosen][:, chosen] * np.outer(scale, scale) + np.diag(ridge)
    if problem.root is not None and problem.rotated is not None:
        rows = np.vstack((problem.root[:, chosen] * scale, np.diag(np.sqrt(ridge))))
        right = np.concatenate((problem.rotated[:, target], np.zeros(chosen.size)))
        _, lengths, axes = np.linalg.svd(rows, full_matrices=False)
        return _Block(columns, scale, *_whitener(lengths, axes, ROUNDING), rows, matrix, right)
    squares, axes = np.linalg.eigh(matrix)
    whitener, seen = _whitener(np.sqrt(np.maximum(squares, 0.0)), axes.T, np.sqrt(ROUNDING))
    return _Block(columns, scale, whitener, seen, None, matrix, problem.cross[chosen, target] * scale)


def _whitener(lengths: Array, axes: Array, rounding: float) -> tuple[Array, Array | None]:
    """What makes the squares a sphere, and the projection on directions longer than rounding, where some are not."""
    long = lengths > rounding * np.sqrt(len(lengths)) * lengths.max(initial=0.0)
    whitener = axes / np.where(long, lengths, FLAT)[:, None]
    return whitener, None if long.all() else axes[long].T @ axes[long]


def _solve_equal(blocks: Sequence[_Block], rows: Array, values: Array) -> tuple[Array, Array]:
    """Minimum (m p,) under equations, and a multiplier for each; of equations that follow from others, zero.

    One round solves the system, the next ones take in what rounding and softening have left of it.
    """
    scaled = [block.rows_of(rows) for block in blocks]
    basis, triangle, pivots = _independent(_whitened(blocks, rows))
    cuts = np.cumsum([block.columns.size for block in blocks])[:-1]
    found = [np.zeros(block.columns.size) for block in blocks]
    multipliers = np.zeros(len(rows))
    for _ in range(REFINEMENTS):
        ahead: list[Array] = []
        miss = values.copy()
        for block, own, part in zip(blocks, scaled, found, strict=True):
            ahead.append(block.whitener @ (block.gradient(part) - own.T @ multipliers))
            miss -= own @ part
        force = np.concatenate(ahead)
        along = linalg.solve_triangular(triangle, miss[pivots], trans="T")
        inside = basis.T @ force
        multipliers[pivots] += linalg.solve_triangular(triangle, inside - along)
        steps = np.split(force + basis @ (along - inside), cuts)
        for block, part, step in zip(blocks, found, steps, strict=True):
            part += block.whitener.T @ step
    flat = np.zeros(rows.shape[1])
    for block, part in zip(blocks, found, strict=True):
        flat[block.columns] = part * block.scale
    return flat, multipliers


def _whitened(blocks: Sequence[_Block], rows: Array) -> Array:
    """Normals of constraints, where the squares to be minimised are a sphere; (columns, constraints)."""
    return np.vstack([block.whitener @ block.rows_of(rows).T for block in blocks])


def _independent(columns: Array) -> tuple[Array, Array, NDArray[np.intp]]:
    """Orthonormal basis of columns, the triangle of those that are independent, and which these are."""
    lengths = np.linalg.norm(columns, axis=0)
    unit = columns / np.where(lengths > 0, lengths, 1.0)
    if not unit.size:
        return np.zeros((len(columns), 0)), np.zeros((0, 0)), np.zeros(0, np.intp)
    basis, triangle, order = linalg.qr(unit, mode="economic", pivoting=True, check_finite=False)
    rank = int(np.count_nonzero(np.abs(np.diag(triangle)) > DEPENDENT))
    pivots = order[:rank]
    return basis[:, :rank], triangle[:rank, :rank] * lengths[pivots], pivots


def _active(blocks: Sequence[_Block], constraints: Constraints) -> Mask:
    """Inequalities that hold with equality at the minimum, (r,)."""
    flat, _ = _solve_equal(blocks, constraints.equal, constraints.equal_value)
    room = constraints.bound - constraints.below @ flat
    active = np.zeros(len(room), bool)
    if (room >= 0).all():
        return active

    basis, _, _ = _independent(_whitened(blocks, constraints.equal))
    normals = _whitened(blocks, constraints.below)
    normals -= basis @ (basis.T @ normals)
    lengths = np.linalg.norm(normals, axis=0)
    movable = np.flatnonzero(lengths > DEPENDENT * lengths.max(initial=0.0))
    normals, room = normals[:, movable] / lengths[movable], room[movable] / lengths[movable]
    # The least step w with normals' w <= room; its length is a unit of the largest violation.
    table = -np.vstack((normals, room / np.abs(room).max()))
    weights, _ = optimize.nnls(table, np.r_[np.zeros(len(normals)), 1.0])
    active[movable] = weights > 0
    return active


def _unit_rows(rows: Array, values: Array) -> tuple[Array, Array]:
    lengths = np.linalg.norm(rows, axis=1)
    scale = np.where(lengths > 0, lengths, 1.0)
    return rows / scale[:, None], values / scale
