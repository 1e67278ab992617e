"""Which way a lasso is solved, and what is said of its penalties, options and gaps."""

from __future__ import annotations

import math
import operator
import sys
import warnings
from typing import Any, NamedTuple

import numpy as np

from ._lasso_design import Design, Sparse
from ._lasso_path import Path, Penalty, gram_path, solves_on_gram, working_path
from ._lasso_rows import row_path
from ._lasso_sparse import sparse_path
from ._problem import Array

SMALL, EXACT = 64, 1e-13  # features up to which a tolerance beyond the one asked for costs next to nothing
STEP = 0.75  # of one penalty to the next, on the way to a single one


class LassoConvergenceWarning(UserWarning):
    """Some duality gap is above the tolerance after ``max_iter`` sweeps."""


class Fit(NamedTuple):
    """One penalty: coefficients (m, p), intercepts (m,), gaps (m,) in units of the objective, sweeps (m,)."""

    coef: Array
    intercept: Array
    gaps: Array
    sweeps: Any


def check(alpha: Any, l1_ratio: Any, tol: Any, max_iter: Any, positive: bool, multitask: bool) -> None:
    """Raise for an option that cannot be."""
    for name, value, low, high in (("alpha", alpha, 0.0, math.inf), ("l1_ratio", l1_ratio, 0.0, 1.0)):
        if not isinstance(value, int | float | np.number) or not low <= value <= high or value == math.inf:
            raise ValueError(f"{name}: is {value!r}, expected a number from {low:g} to {high:g}; correct it")
    if not isinstance(tol, int | float | np.number) or not 0.0 <= tol < math.inf:
        raise ValueError(f"tol: is {tol!r}, expected a number of at least 0, such as 1e-6; correct it")
    try:
        sweeps = operator.index(max_iter)
    except TypeError:
        sweeps = 0
    if sweeps < 1:
        raise ValueError(f"max_iter: is {max_iter!r}, expected an integer of at least 1, such as 10000; correct it")
    if multitask and positive:
        raise ValueError("positive: is True with multitask, expected False; a length has no sign: fit each target")


def penalties(alphas: Any) -> Array:
    """Penalties from the greatest to the least."""
    found = np.sort(np.asarray(alphas, np.float64).ravel())[::-1].copy()
    if not found.size or not (found > 0.0).all() or not np.isfinite(found).all():
        raise ValueError(f"alphas: are {alphas!r}, expected at least one, each finite and above 0; correct them")
    return found


def greatest(design: Design, l1_ratio: float, positive: bool, multitask: bool) -> float:
    """The least penalty that leaves no coefficient, by ``max |X_j'y| / (n l1_ratio omega_j)``."""
    target = design.target.reshape(len(design.target), -1)
    columns = design.columns
    products = columns.transposed_times(target) if isinstance(columns, Sparse) else columns @ target
    products = products[design.squares > 0.0]
    if multitask:
        products = np.linalg.norm(products, axis=1, keepdims=True)
    products = np.maximum(products, 0.0) if positive else np.abs(products)
    most = float(np.max(products / design.weight[design.squares > 0.0, None], initial=0.0))
    return most / (design.total * max(l1_ratio, 1e-3))


def grid(design: Design, l1_ratio: float, positive: bool, multitask: bool, eps: float, n_alphas: int) -> Array:
    """Penalties evenly spaced by their logarithm, from the least that leaves no coefficient."""
    if not 0.0 < eps <= 1.0 or n_alphas < 1:
        raise ValueError(f"eps, n_alphas: are {eps!r} and {n_alphas!r}, expected 0 < eps <= 1 and n_alphas >= 1")
    most = max(greatest(design, l1_ratio, positive, multitask), float(np.finfo(float).tiny) / eps)
    return most * np.geomspace(1.0, eps, n_alphas)


def tolerance(design: Design, tol: float) -> float:
    """The greatest gap, on the scale of ``1/2 |y - Xw|^2``."""
    return max(tol, 4.0 * np.finfo(float).eps) * float(np.sum(design.target**2))


def solve(
    design: Design, alphas: Array, l1_ratio: float, positive: bool, multitask: bool, tol: float, max_iter: int
) -> Path:
    """The path of one target, or of all of them together."""
    levels, ridges = design.total * alphas * l1_ratio, design.total * alphas * (1.0 - l1_ratio)
    penalty = Penalty(levels, ridges, positive, tolerance(design, tol), max_iter)
    columns, target = design.columns, design.target
    if multitask:
        target = target.reshape(len(target), -1)
        if isinstance(columns, Sparse):
            raise ValueError("X: is sparse, expected a dense design for multitask; convert it with .toarray()")
        return row_path(columns, target, design.weight, design.squares, penalty)
    if isinstance(columns, Sparse):
        return sparse_path(design, penalty)
    if solves_on_gram(len(target), len(columns), len(alphas)):
        kept = design.squares > 0.0
        rows = columns if kept.all() else columns[kept]
        cross = rows @ target
        path = gram_path(rows @ rows.T, cross, float(target @ target), design.weight[kept], penalty)
        if not kept.all():
            full = np.zeros((len(alphas), len(columns)))
            full[:, kept] = path.coefs
            path.coefs = full
        return path
    weight = np.where(design.squares > 0.0, design.weight, np.inf)
    return working_path(columns, target, weight, np.sqrt(design.squares), penalty)


def fit(
    design: Design, alpha: float, l1_ratio: float, positive: bool, multitask: bool, tol: float, max_iter: int
) -> Fit:
    """One penalty for each target, from greater ones on the way."""
    n_targets = 1 if design.target.ndim == 1 or multitask else design.target.shape[1]
    coefs, intercepts, gaps, sweeps = [], [], [], []
    for task in range(n_targets):
        one = design if multitask else design.of_target(task)
        if alpha == 0.0:
            coef, gap, made = _least_squares(one, positive), np.zeros(1), 1
        else:
            coef, gap, made = _one_penalty(one, alpha, l1_ratio, positive, multitask, tol, max_iter)
        full, intercept = one.restore(coef)
        coefs.append(full)
        intercepts.append(intercept)
        gaps.append(max(float(gap[-1]), 0.0) / design.total)
        sweeps.append(int(made))
    return Fit(np.concatenate(coefs), np.concatenate(intercepts), np.array(gaps), np.array(sweeps))


def _one_penalty(
    design: Design, alpha: float, l1_ratio: float, positive: bool, multitask: bool, tol: float, max_iter: int
) -> tuple[Array, Array, int]:
    most = greatest(design, l1_ratio, positive, multitask)
    steps = min(20, int(math.log(most / alpha) / math.log(1.0 / STEP))) if most > alpha else 0
    on_gram = not isinstance(design.columns, Sparse) and solves_on_gram(len(design.target), len(design.columns), 1)
    alphas = np.array([alpha]) if on_gram or not steps else np.geomspace(most * STEP, alpha, steps + 1)
    within = min(tol, EXACT) if len(design.squares) <= SMALL else tol
    path = solve(design, alphas, l1_ratio, positive, multitask, within, max_iter)
    warn(path.gaps[-1:], tolerance(design, tol), alphas[-1:])
    return (path.coefs[-1].T if multitask else path.coefs[-1:]), path.gaps[-1:], path.sweeps[-1]


def _least_squares(design: Design, positive: bool) -> Array:
    if positive or isinstance(design.columns, Sparse):
        given = "positive=True" if positive else "a sparse design"
        instead = "scipy.optimize.nnls" if positive else "scipy.sparse.linalg.lsqr"
        raise ValueError(f"alpha: is 0 with {given}, expected above 0; use {instead} for least squares")
    kept = design.squares > 0.0
    coef = np.zeros((1 if design.target.ndim == 1 else design.target.shape[1], len(design.columns)))
    found = np.linalg.lstsq(design.columns[kept].T, design.target.reshape(len(design.target), -1), rcond=None)[0]
    coef[:, kept] = found.T
    return coef


def warn(gaps: Array, target: float, alphas: Array) -> None:
    """Say so where a gap is above the tolerance."""
    late = np.flatnonzero(gaps > target)
    if not late.size:
        return
    known = sys.modules.get("sklearn.exceptions")
    category = LassoConvergenceWarning if known is None else known.ConvergenceWarning
    warnings.warn(
        f"the duality gap is above the tolerance for {late.size} of {len(gaps)} penalties, first at alpha="
        f"{alphas[late[0]]:.3g}; raise max_iter, tol or alpha",
        category,
        stacklevel=3,
    )
