"""Lorenz-63 to t = 10 with steps of every member's own: error against work, for every adaptive method and the peers.

Lorenz-63 multiplies an error by about 10,000 over this time, so that the errors at the end, medians over the members,
lie well above the tolerances.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.util import find_spec

import numpy as np

import fastsci
from benchmarks.compare import diffrax_peer, heyoka_peer, picture, scipy_peer
from benchmarks.compare.curves import Curve, Solver, compare_at, scan
from benchmarks.compare.row import Row
from benchmarks.suites.problems import Problem, problem, strided

MEMBERS, STEPS = 16_384, 2000  # steps of 0.005, which say how far t goes
STRIDE = 64  # the reference knows every 64th member, 256 in all
DIFFRAX_STRIDE, SCIPY_STRIDE = 8, 2048
PAIRS = 7


def _decades(first: int, last: int, step: int = 1) -> tuple[float, ...]:
    return tuple(float(f"1e-{digits}") for digits in range(first, last + 1, step))


OURS = {
    "BogackiShampine3": _decades(6, 8),
    "Tsit5": _decades(6, 10),
    "DormandPrince5": _decades(6, 10),
    "Verner6": _decades(6, 11),
    "Verner7": _decades(5, 11, 2),
    "DOP853": _decades(6, 13),
    "Verner9": _decades(5, 13, 2),
    "Taylor": _decades(5, 13),
}
TARGETS = {"heyoka": {1e-6: 2.5, 1e-9: 1.3, 1e-10: 1.2}, "diffrax": {1e-3: 40.0, 1e-6: 40.0}}


SAME_ARRAYS = {1e-3: (1e-6, 1e-8)}


def prepare_fastsci(given: Problem, method: str, tolerance: float) -> Callable[[], np.ndarray]:
    """The public call, already compiled."""

    def solve(some: Problem = given) -> np.ndarray:
        return fastsci.solve_ensemble(
            some.fun, (0.0, some.t_end), some.y0, params=some.params, method=method, rtol=tolerance, atol=tolerance
        ).y_final

    solve(given.first(2))
    return solve


def _diffrax(given: Problem, method: str) -> Callable[[float], Callable[[], np.ndarray]]:
    compiled = cache(lambda: diffrax_peer.prepare_adaptive(given, method))
    return lambda tolerance: partial(compiled(), tolerance)


def _scipy(given: Problem, method: str, tolerance: float) -> Callable[[], np.ndarray]:
    return scipy_peer.prepare_adaptive(given, method, rtol=tolerance, atol=tolerance)


def solvers(whole: Problem) -> list[Solver]:
    """Ours, and the peers that are installed."""
    found = [
        Solver(method, tolerances, partial(prepare_fastsci, whole, method), ours=True)
        for method, tolerances in OURS.items()
    ]
    found.append(Solver("heyoka", _decades(5, 14), partial(heyoka_peer.prepare, whole)))
    if find_spec("diffrax"):
        some = strided(whole, DIFFRAX_STRIDE)
        for method, tolerances in (("Tsit5", _decades(6, 10, 2)), ("Dopri8", _decades(6, 12, 2))):
            found.append(Solver(f"diffrax {method}", tolerances, _diffrax(some, method), DIFFRAX_STRIDE))
    few = strided(whole, SCIPY_STRIDE)
    for method, tolerances in (("RK45", _decades(6, 8)), ("DOP853", _decades(6, 12, 3))):
        found.append(Solver(f"SciPy {method}", tolerances, partial(_scipy, few, method), SCIPY_STRIDE))
    return found


@cache
def curves() -> tuple[Curve, ...]:
    """Every solver's errors and times; none where heyoka is missing, for it computes the reference."""
    if find_spec("heyoka") is None:
        return ()
    whole = problem("lorenz63", MEMBERS, STEPS)
    reference = heyoka_peer.quadruple(strided(whole, STRIDE))
    return tuple(scan(solvers(whole), reference, STRIDE))


def draw(path: str | os.PathLike[str]) -> bool:
    """The picture of all that was run; whether there was anything to draw."""
    taken = curves()
    if taken:
        few = [
            f"{name} from {MEMBERS // stride:,}"
            for name, stride in (("diffrax", DIFFRAX_STRIDE), ("SciPy", SCIPY_STRIDE))
        ]
        picture.draw(
            taken, path, f"Lorenz-63, {MEMBERS:,} members to t = 10 in float64, on {heyoka_peer.threads()} threads",
            f"fastsci solid, one line a method; others dashed, {' and '.join(few)} members, extrapolated",
        )  # fmt: skip
    return bool(taken)


def best(found: list[Curve], error: float) -> Curve:
    """The quickest at an error."""
    return min(found, key=lambda curve: curve.seconds_at(error))


def rows() -> Iterator[Row]:
    """Our best method against a peer's best, at every error that has a target, and against SciPy's."""
    taken = curves()
    ours = [curve for curve in taken if curve.solver.ours]
    for peer, targets in {**TARGETS, "SciPy": {1e-6: None}}.items():
        theirs = [curve for curve in taken if curve.solver.name.startswith(peer)]
        for error, at_least in targets.items():
            figure = f"Lorenz-63 f64, {MEMBERS:,} members to t = 10 at a median error of {error:g}, against {peer}"
            if theirs:
                yield _row(figure, best(ours, error), best(theirs, error), error, at_least)
            else:
                missing = "heyoka" if not taken else peer
                yield Row(figure, at_least=at_least, note=f"not run: {missing} is not installed")


def same_arrays() -> Iterator[Row]:
    """Our best against diffrax's Tsit5 on all members in one call, where `curves` gives it the batch it likes best."""
    for error, tolerances in SAME_ARRAYS.items():
        figure = f"the same at {error:g}, diffrax on all {MEMBERS:,} members in one call"
        at_least = TARGETS["diffrax"][error]
        taken = [curve for curve in curves() if curve.solver.ours]
        if not taken or find_spec("diffrax") is None:
            yield Row(figure, at_least=at_least, note="not run: heyoka or diffrax is not installed")
            continue
        whole = problem("lorenz63", MEMBERS, STEPS)
        solver = Solver("diffrax Tsit5", tolerances, _diffrax(whole, "Tsit5"))
        theirs = next(scan([solver], heyoka_peer.quadruple(strided(whole, STRIDE)), STRIDE))
        yield _row(figure, best(taken, error), theirs, error, at_least, pairs=3)


def _row(figure: str, ours: Curve, theirs: Curve, error: float, at_least: float | None, pairs: int = 0) -> Row:
    ratio = compare_at(error, ours, theirs, pairs or (PAIRS if theirs.solver.stride == 1 else 3))
    own, peer = ours.solver.name, theirs.solver.name
    fewer = (
        f"; the peer on {MEMBERS // theirs.solver.stride:,} members, extrapolated" if theirs.solver.stride > 1 else ""
    )
    return Row(
        figure, ratio.median, ratio.low, ratio.high, at_least=at_least,
        errors={"total": error}, peer_errors={"total": error},
        note=f"{own}, {ratio.seconds_a:.3g} s, against {peer}, {ratio.seconds_b:.3g} s, each between two tolerances"
        f" around the error{fewer}",
    )  # fmt: skip
