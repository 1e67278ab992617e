"""Regressions that are told what is known: precision added, known terms subtracted, absent ones left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ._problem import Array, Mask, NormalEquations
from .prior import Knowledge, Prior


def solve_informed(
    optimizer: Any, problem: NormalEquations, prior: Any, targets: Sequence[str], terms: Sequence[str]
) -> Array:
    """Coefficients (m, p) by a solver that is told what is known.

    Targets of which the same is known are solved together, since they share a Gram matrix; others one after another.

    Parameters
    ----------
    optimizer : SparseRegressor
    problem : NormalEquations
    prior : Prior or sequence of Prior
    targets, terms : sequence of str
        Names of the m targets (states) and of the p terms.
    """
    return solve_many_informed(optimizer, [problem], prior, targets, terms, together=optimizer._solve)[0]


def solve_many_informed(
    optimizer: Any,
    problems: Sequence[NormalEquations],
    prior: Any,
    targets: Sequence[str],
    terms: Sequence[str],
    *,
    together: Callable[[NormalEquations], Array] | None = None,
) -> Array:
    """Coefficients (n_problems, m, p) of problems of one shape, such as bootstraps, with the same prior."""
    knowledge = Knowledge.nothing(targets, terms)
    for one in [prior] if isinstance(prior, Prior) else prior:
        if not isinstance(one, Prior):
            raise TypeError(f"prior: holds {one!r}, expected a GaussianPrior, KnownTerms or AllowedTerms")
        one.inform(knowledge)
    found = np.zeros((len(problems), len(targets), len(terms)))
    for rows, free in _groups(knowledge):
        found[:, rows] = np.where(np.isnan(knowledge.known[rows]), 0.0, knowledge.known[rows])
        if not free.any():
            continue
        parts = [_part(problem, knowledge, rows, free) for problem in problems]
        some = np.stack([together(part) for part in parts]) if together is not None else optimizer._solve_many(parts)
        found[:, np.array(rows)[:, None], np.flatnonzero(free)] = some
    return found


def _groups(knowledge: Knowledge) -> list[tuple[list[int], Mask]]:
    """Targets whose problems share a Gram matrix, and the terms that they are free to choose."""
    free = knowledge.allowed & np.isnan(knowledge.known)
    groups: dict[tuple[Any, ...], list[int]] = {}
    for row, (some, std, noise) in enumerate(zip(free, knowledge.std, knowledge.noise, strict=True)):
        key: tuple[Any, ...] = (some.tobytes(),)
        if np.isfinite(std[some]).any():
            # Without a given noise the samples decide on the precision, of each target alone.
            key += std[some].tobytes(), float(noise), row if np.isnan(noise) else -1
        groups.setdefault(key, []).append(row)
    return [(rows, free[rows[0]]) for rows in groups.values()]


def _part(problem: NormalEquations, knowledge: Knowledge, rows: list[int], free: Mask) -> NormalEquations:
    """The problem of some targets and terms, less what is known, with the precision of the priors."""
    values = np.where(np.isnan(knowledge.known[rows]), 0.0, knowledge.known[rows])
    rotated = problem.rotated
    some = replace(
        problem,
        cross=problem.cross[:, rows],
        squares=problem.squares[rows],
        rotated=None if rotated is None else rotated[:, rows],
        errors=None if problem.errors is None else problem.errors[rows],
    )
    if values.any():
        some = replace(
            some,
            cross=some.gradient(values),
            squares=some.residual_squares(values),
            rotated=some.rotated if some.root is None or some.rotated is None else some.rotated - some.root @ values.T,
        )
    some = some.select(free)
    std, mean = knowledge.std[rows[0]][free], knowledge.mean[rows][:, free]
    if not np.isfinite(std).any():
        return some
    noise = knowledge.noise[rows[0]]
    return _weighed(some, mean, (_noise(some) if np.isnan(noise) else noise) / std)


def _weighed(problem: NormalEquations, mean: Array, weight: Array) -> NormalEquations:
    """With a further row for each coefficient, ``weight c = weight mean``: ``weight (p,)``, ``mean (m, p)``."""
    pull = weight[:, None] * mean.T
    told = replace(
        problem,
        gram=problem.gram + np.diag(weight**2),
        cross=problem.cross + weight[:, None] * pull,
        squares=problem.squares + np.sum(pull**2, axis=0),
    )
    if problem.root is None or problem.rotated is None:
        return told
    n_features = problem.n_features
    rows = np.block([[problem.root, problem.rotated], [np.diag(weight), pull]])
    triangle = np.asarray(np.linalg.qr(rows, mode="r"), np.float64)[:n_features]
    return replace(told, root=triangle[:, :n_features], rotated=triangle[:, n_features:])


def _noise(problem: NormalEquations) -> float:
    """Standard deviation of one target about the least-squares fit of all terms."""
    room = problem.n_samples - problem.n_features
    if room <= 0:
        raise ValueError(
            f"noise: is None, but {problem.n_samples:g} samples of {problem.n_features} terms leave nothing to estimate"
            " it from, expected a positive number"
        )
    everything = np.ones((problem.n_targets, problem.n_features), bool)
    return float(np.sqrt(problem.residual_squares(problem.solve_all(everything))[0] / room))
