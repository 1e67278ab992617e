"""Many problems at many thresholds: compiled where systems are regular, by orthogonal factors where they are not."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.regress import thresholding as kernels

from .._validate import whole
from ._problem import Array, Mask, NormalEquations
from ._stepwise import thresholded_by_factors

FLOPS_A_SECOND = 5e9
SECONDS_A_SOLVE = 1e-6
LOST = 1e-11  # relative rounding of coefficients beyond which a stored design is factorised itself


class Thresholded(NamedTuple):
    """Outcome of thresholding ``B`` problems of ``m`` targets and ``p`` features."""

    coef: Array  # (B, m, p)
    support: Mask  # (B, m, p)
    uncertain: Mask  # (B, m, p): a decision on this term was within rounding of its threshold
    n_iter: np.ndarray  # (B, m)
    converged: Mask  # (B, m)

    def at(self, place: Any) -> Thresholded:
        """Some of the problems."""
        return Thresholded(
            self.coef[place],
            self.support[place],
            self.uncertain[place],
            self.n_iter[place],
            self.converged[place],
        )


def solve_along(
    problem: NormalEquations, thresholds: Array, *, alpha: float, max_iter: int, unbias: bool, normalize_columns: bool
) -> Thresholded:
    """The same problem at thresholds ``(B, m, p)``; the first solution is theirs in common."""
    settings = float(alpha), int(max_iter), unbias, normalize_columns
    if problem.root is not None:
        return _by_factors(problem, thresholds, *settings)
    grams, crosses, squares = problem.gram[None], problem.cross[None], problem.squares[None]
    found = solve_each(grams, crosses, squares, thresholds, *settings)
    return found.at(np.s_[0])


def solve_each(
    grams: Array,
    crosses: Array,
    squares: Array,
    thresholds: Array,
    alpha: float,
    max_iter: int,
    unbias: bool,
    normalised: bool,
) -> Thresholded:
    """Problems ``B`` at thresholds ``(T, m, p)``; what is found has shapes (B, T, ...)."""
    n_problems, n_features, n_targets = crosses.shape
    shape = (n_problems, len(thresholds), n_targets)
    solutions, spreads = np.empty((n_problems, n_targets, n_features)), np.empty((n_problems, n_features))
    singular = np.empty(n_problems, np.bool_)
    arrays = tuple(np.ascontiguousarray(part, np.float64) for part in (grams, crosses, squares, thresholds))
    seconds = SECONDS_A_SOLVE + n_features**3 / 3.0 / FLOPS_A_SECOND
    flags = bool(unbias), bool(normalised)
    over(
        n_problems,
        lambda first, last: kernels.ridge(*arrays, alpha, flags[1], solutions, spreads, singular, first, last),
        2.0 * seconds,
    )
    coef = np.empty((*shape, n_features))
    support, uncertain = np.empty(coef.shape, np.bool_), np.empty(coef.shape, np.bool_)
    rounds, states = np.empty(shape, np.int64), np.empty(shape, np.int64)
    results = solutions, spreads, singular, coef, support, uncertain, rounds, states
    over(
        int(np.prod(shape)),
        lambda first, last: kernels.thresholded(*arrays, alpha, max_iter, *flags, *results, first, last),
        seconds,
    )
    if (states == kernels.SINGULAR).any():
        _by_pseudoinverse(arrays, states, (coef, support, uncertain, rounds), alpha, max_iter, *flags)
    return Thresholded(coef, support, uncertain, rounds, states != kernels.UNFINISHED)


def _by_pseudoinverse(
    arrays: tuple[Array, ...],
    states: np.ndarray,
    results: tuple[np.ndarray, ...],
    alpha: float,
    max_iter: int,
    unbias: bool,
    normalised: bool,
) -> None:
    """Solve again, in place, what met a singular system."""
    grams, crosses, squares, thresholds = arrays
    for problem, which, target in np.argwhere(states == kernels.SINGULAR):
        whole_problem = NormalEquations(grams[problem], crosses[problem], squares[problem], 1.0)
        one = thresholded_by_factors(
            whole_problem, int(target), thresholds[which, target], alpha, max_iter, unbias, normalised
        )
        for array, part in zip(results, one[:4], strict=True):
            array[problem, which, target] = part
        states[problem, which, target] = kernels.CONVERGED if one.converged else kernels.UNFINISHED


def _by_factors(
    problem: NormalEquations, thresholds: Array, alpha: float, max_iter: int, unbias: bool, normalised: bool
) -> Thresholded:
    found = [
        [
            thresholded_by_factors(problem, target, row, alpha, max_iter, unbias, normalised)
            for target, row in enumerate(limits)
        ]
        for limits in thresholds
    ]
    return Thresholded(
        np.array([[one.coef for one in targets] for targets in found]),
        np.array([[one.support for one in targets] for targets in found]),
        np.array([[one.uncertain for one in targets] for targets in found]),
        np.array([[one.n_iter for one in targets] for targets in found]),
        np.array([[one.converged for one in targets] for targets in found]),
    )


def limits_of(threshold: Any, n_targets: int, n_features: int) -> Array:
    """Thresholds of every target and feature, (m, p)."""
    try:
        limits = np.asarray(threshold, np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"threshold: is {threshold!r}, expected a number or an array of numbers") from None
    if limits.shape not in ((), (n_features,), (n_targets, n_features)):
        raise ValueError(
            f"threshold: has shape {limits.shape}, expected a number, ({n_features},) for the features or"
            f" ({n_targets}, {n_features}) for targets and features; give one for every coefficient"
        )
    if not (limits >= 0).all():
        raise ValueError(f"threshold: is {threshold!r}, expected no negative number; take 0 to keep every term")
    return np.ascontiguousarray(np.broadcast_to(limits, (n_targets, n_features)))


def check(alpha: Any, max_iter: Any) -> None:
    if not (isinstance(alpha, int | float | np.number) and 0 <= alpha < np.inf):
        raise ValueError(f"alpha: is {alpha!r}, expected a finite number of at least 0; take 0 for no ridge penalty")
    whole("max_iter", max_iter)


def lost_digits(problem: NormalEquations, supports: Mask) -> bool:
    """Whether the Gram matrix of some support ``(m, p)`` is too nearly singular for exact coefficients."""
    columns = np.diag(problem.gram) > 0
    for support in np.unique(supports & columns, axis=0):
        if support.any() and np.finfo(float).eps * problem.select(support).condition() ** 2 > LOST:
            return True
    return False
