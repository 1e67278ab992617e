"""Robertson's reactions to t = 1e5 against SciPy's LSODA, one member after the other.

Every member has rate constants of its own, drawn log-uniformly within a factor of two of the usual ones.  Ours is the
quickest of methods and tolerances whose error, both the largest and the median, is no larger than that of LSODA.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

import fastsci
from benchmarks.compare import scipy_peer
from benchmarks.compare.row import Row
from benchmarks.compare.timing import compare, seconds
from benchmarks.suites.problems import Problem, jac_robertson, problem

MEMBERS, THEIRS = 100_000, 20
RTOL, ATOL = 1e-6, 1e-10  # of LSODA; the absolute one is a ten-thousandth for us too
METHODS, TOLERANCES = ("Rodas4", "Rodas5P"), (1e-4, 3e-5, 1e-5, 3e-6, 1e-6)
REFERENCE = {"rtol": 1e-9, "atol": 1e-14}
PAIRS = 5


def relative_errors(y: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Of every member the largest relative error of a component: they differ by orders of magnitude."""
    return np.max(np.abs(y - reference) / np.abs(reference), axis=1)


def no_larger(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether the largest and the median of our errors are within theirs."""
    return bool(ours.max() <= theirs.max() and np.median(ours) <= np.median(theirs))


def prepare_fastsci(system: fastsci.System, given: Problem, method: str, rtol: float) -> Callable[[], np.ndarray]:
    """The public call, already compiled."""

    def solve(some: Problem = given) -> np.ndarray:
        return fastsci.solve_ensemble(
            system, (0.0, some.t_end), some.y0, params=some.params, method=method, rtol=rtol, atol=rtol * ATOL / RTOL
        ).y_final

    solve(given.first(2))
    return solve


def quickest(
    system: fastsci.System, whole: Problem, theirs: np.ndarray, reference: np.ndarray, methods: tuple[str, ...]
):
    """The call, its method and tolerance, and its errors on the members that the reference knows."""
    found = []
    few = whole.first(len(reference))
    for method, rtol in product(methods, TOLERANCES):
        errors = relative_errors(prepare_fastsci(system, few, method, rtol)(), reference)
        if no_larger(errors, theirs):
            solve = prepare_fastsci(system, whole, method, rtol)
            found.append((seconds(solve), solve, method, rtol, errors))
    if not found:
        raise ValueError(f"no method reaches LSODA's error of {theirs.max():.1e} at rtol {min(TOLERANCES):g}")
    return min(found, key=lambda one: one[0])[1:]


def rows(n_members: int = MEMBERS, n_theirs: int = THEIRS, methods: tuple[str, ...] = METHODS) -> Iterator[Row]:
    """With a Jacobian written by hand on both sides, and with none given."""
    whole = problem("robertson", n_members, 1)
    few = whole.first(n_theirs)
    reference = scipy_peer.prepare_adaptive(few, "Radau", jac=jac_robertson, **REFERENCE)()
    for kind, jac, at_least in (("a Jacobian by hand", jac_robertson, 1000.0), ("no Jacobian given", None, 500.0)):
        solve_peer = scipy_peer.prepare_adaptive(few, "LSODA", jac=jac, rtol=RTOL, atol=ATOL)
        theirs = relative_errors(solve_peer(), reference)
        solve, method, rtol, errors = quickest(fastsci.system(whole.fun, jac=jac), whole, theirs, reference, methods)
        ratio = compare(solve, solve_peer, pairs=PAIRS)
        scale = n_members / n_theirs
        yield Row(
            f"Robertson to t = 1e5, {n_members:,} members, {kind}, against SciPy's LSODA at rtol {RTOL:g}",
            ratio.median * scale, ratio.low * scale, ratio.high * scale, at_least=at_least,
            errors={"total": float(errors.max()), "median": float(np.median(errors))},
            peer_errors={"total": float(theirs.max()), "median": float(np.median(theirs))},
            note=f"{method} at rtol {rtol:g}, {ratio.seconds_a:.3g} s; LSODA {1e3 * ratio.seconds_b / n_theirs:.3g} ms"
            f" a member, extrapolated from {n_theirs}; errors are relative, of the worst component, the largest of"
            f" {n_theirs} members, and their medians {np.median(errors):.1e} and {np.median(theirs):.1e}",
        )  # fmt: skip
