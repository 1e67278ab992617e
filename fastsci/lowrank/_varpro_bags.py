"""Fits of exponentials to many random subsets of the snapshots: drawn, fitted, and their rates matched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.lowrank import varpro

from ._varpro import Complex
from ._varpro_fit import Found
from ._varpro_settings import Settings


@dataclass(frozen=True)
class Bags:
    """Fits of the subsets, each with its exponentials in the order of those of the full fit.

    Attributes
    ----------
    places : ndarray, (n_bags, size)
        Of the snapshots of each subset.
    rates : ndarray, (n_bags, r)
    coefficients : ndarray, (n_bags, r, q)
        At the first snapshot, in the directions projected on.
    errors : ndarray, (n_bags,)
        Norms of the residuals over those of the subset's snapshots.
    status : ndarray of int, (n_bags,)
    iterations : ndarray of int, (n_bags,)
    """

    places: NDArray[np.intp]
    rates: Complex
    coefficients: Complex
    errors: NDArray[np.float64]
    status: NDArray[np.int64]
    iterations: NDArray[np.int64]

    @property
    def converged(self) -> NDArray[np.bool_]:
        return self.status == varpro.CONVERGED


def drawn(places: NDArray[np.intp], n_bags: int, size: int, rng: Any) -> NDArray[np.intp]:
    """Random subsets of places without replacement, in order of time: (n_bags, size)."""
    try:
        generator = np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise ValueError(
            f"rng: is {rng!r}, expected None, a whole number of at least 0, a SeedSequence or a Generator"
        ) from None
    shuffled = generator.permuted(np.broadcast_to(places, (n_bags, len(places))), axis=1)
    return np.sort(shuffled[:, :size], axis=1)


def fitted_bags(full: Found, places: NDArray[np.intp], settings: Settings) -> Bags:
    """Fit subsets of the snapshots, all from the rates of the full fit."""
    problem, order = full.problem, full.order
    starts = np.repeat(full.rates[None], len(places), axis=0)
    result = problem.fit(starts, places, settings.allowed, max_iter=settings.max_iter, tol=settings.tol)
    rates, coefficients = problem.rates(result.rates), problem.coefficients(result)
    same = matched(full.rates, rates, problem.n_pairs if problem.conjugates else 0)[:, order]
    # Where exponentials depend on one another at the times of a bag there are none.
    rates[result.status == varpro.FAILED] = np.nan
    squares = np.sum((problem.weights * problem.data) ** 2, axis=(0, 1))[places].sum(axis=1)
    return Bags(
        places,
        np.take_along_axis(rates, same, axis=1),
        np.take_along_axis(coefficients, same[..., None], axis=1),
        np.sqrt(result.squares / np.where(squares > 0.0, squares, 1.0)),
        result.status,
        result.iterations,
    )


def matched(known: Complex, rates: Complex, n_pairs: int) -> NDArray[np.intp]:
    """For each of the ``known (r,)`` rates the place of its like in each row of ``rates (n_bags, r)``.

    The first ``2 n_pairs`` are conjugate pairs, which are matched as pairs, and the others among themselves.
    """
    found = np.empty(rates.shape, np.intp)
    last = 2 * n_pairs
    for begin, end, stride in ((0, last, 2), (last, len(known), 1)):
        ours, theirs = known[begin:end:stride], rates[:, begin:end:stride]
        if not len(ours):
            continue
        places = _nearest(np.abs(ours[:, None] - theirs[:, None, :]))
        for beside in range(stride):
            found[:, begin + beside : end : stride] = begin + stride * places + beside
    return found


def _nearest(distances: NDArray[np.float64]) -> NDArray[np.intp]:
    """The cheapest one-to-one choice of columns for the rows of each matrix (n_bags, n, n)."""
    # Where the nearest of each row are all different nothing is cheaper.
    choice = np.argmin(np.nan_to_num(distances, nan=np.inf), axis=2)
    clashes = (np.diff(np.sort(choice, axis=1), axis=1) == 0).any(axis=1)
    for bag in np.flatnonzero(clashes):
        if np.isfinite(distances[bag]).all():
            from scipy.optimize import linear_sum_assignment

            choice[bag] = linear_sum_assignment(distances[bag])[1]
        else:
            choice[bag] = np.arange(choice.shape[1])
    return choice
