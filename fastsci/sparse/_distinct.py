"""A path of thresholds, along which every support that is met is solved once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.loops.batch import over
from fastsci_kernels.regress.supports import on_supports

from ._problem import Array, Mask, NormalEquations
from ._thresholded import FLOPS_A_SECOND, SECONDS_A_SOLVE

Indices = NDArray[np.int64]


class Path(NamedTuple):
    """Models of ``m`` targets and ``p`` features at ``B`` thresholds."""

    coef: Array  # (B, m, p)
    support: Mask  # (B, m, p)


def solve_distinct(
    problem: NormalEquations, thresholds: Array, alpha: float, max_iter: int, unbias: bool, normalised: bool
) -> Path | None:
    """Thresholded least squares at thresholds (B, m).

    They are those of every threshold by itself, bit for bit: neighbouring thresholds leave the same terms, and what
    they have in common is found once.  None where the system of all terms is singular.
    """
    n_targets, n_features = problem.n_targets, problem.n_features
    scales = np.where(np.diag(problem.gram) > 0, 1.0 / problem.norms(), 0.0)
    units = np.ones(n_features) if normalised else scales
    every = np.tile(scales > 0, (n_targets, 1))
    full, singular = _solutions(problem, np.arange(n_targets), every, alpha, False, normalised)
    if singular.any():
        return None
    limits = thresholds.reshape(-1, 1)
    targets = np.tile(np.arange(n_targets), len(thresholds))
    found, support = full[targets], every[targets]
    settled: Mask = np.logical_not(support.any(axis=1))
    left = np.flatnonzero(~settled)
    for count in range(1, max_iter + 1):
        kept = support[left] & (np.abs(found[left] * units) >= limits[left])
        settled[left] = (kept == support[left]).all(axis=1)
        support[left] = kept
        found[left] *= kept
        left = left[~settled[left] & kept.any(axis=1)]
        if count == max_iter or not left.size:
            break
        found[left] = _shared(problem, targets[left], support[left], alpha, True, normalised)
    if unbias:
        # A ridge of nothing is least squares already.
        last = np.flatnonzero(support.any(axis=1) & ~(settled & (alpha == 0.0)))
        found[last] = _shared(problem, targets[last], support[last], 0.0, alpha == 0.0, normalised)
    shape = (*thresholds.shape, n_features)
    return Path((found * scales).reshape(shape), support.reshape(shape))


def residual_squares_along(problem: NormalEquations, path: Array) -> Array:
    """Sums of squared residuals ``(B, m)`` of coefficients ``(B, m, p)``."""
    if problem.root is not None:
        return np.array([problem.residual_squares(coef) for coef in path])
    products = (path.reshape(-1, problem.n_features) @ problem.gram).reshape(path.shape)
    explained = np.sum(path * (problem.cross.T + (problem.cross.T - products)), axis=2)
    return np.maximum(problem.squares - explained, np.finfo(float).eps * problem.squares)


def _shared(
    problem: NormalEquations, targets: Indices, supports: Mask, alpha: float, inherited: bool, normalised: bool
) -> Array:
    """Solutions for columns of unit length, each of those that are the same found once."""
    keys = np.hstack((targets.astype(np.uint32)[:, None].view(np.uint8), np.packbits(supports, axis=1)))
    rows = np.ascontiguousarray(keys).view(np.dtype((np.void, keys.shape[1]))).ravel()
    _, places, which = np.unique(rows, return_index=True, return_inverse=True)
    # The largest come first, so that no thread is left alone with one of them.
    order = np.argsort(-supports[places].sum(axis=1), kind="stable")
    places = places[order]
    found, singular = _solutions(problem, targets[places], supports[places], alpha, inherited, normalised)
    for item in np.flatnonzero(singular):
        place = places[item]
        found[item] = problem.solve(supports[place], int(targets[place]), alpha) * problem.norms()
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return found[back[which]]


def _solutions(
    problem: NormalEquations, targets: Indices, supports: Mask, alpha: float, inherited: bool, normalised: bool
) -> tuple[Array, Mask]:
    sizes = supports.sum(axis=1)
    solutions, singular = np.empty(supports.shape), np.empty(len(supports), np.bool_)
    gram, cross = np.ascontiguousarray(problem.gram), np.ascontiguousarray(problem.cross)
    targets, supports = np.ascontiguousarray(targets, np.int64), np.ascontiguousarray(supports)
    over(
        len(supports),
        lambda first, last: on_supports(
            gram, cross, targets, supports, alpha, inherited, normalised, solutions, singular, first, last
        ),
        SECONDS_A_SOLVE + float(np.mean(sizes**3.0)) / 3.0 / FLOPS_A_SECOND if len(sizes) else 0.0,
    )
    return solutions, singular
