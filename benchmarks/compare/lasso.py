"""Paths of the lasso against scikit-learn, celer and skglm, on the same arrays and to the same measured gap.

Each package runs in a process of its own, which makes the arrays, solves a small problem of the same kind (what is
compiled at the first call is not timed) and then the path, for at most `LIMIT` seconds: a peer that is stopped has a
ratio that is a lower bound.  Gaps are measured alike from the coefficients of each, with the best dual point known (the
residual's own, or that of a path to a thousandth of the tolerance): packages differ in the dual points that they find,
and the residual of a solution that is good enough may give a poor one.  Tolerances of scikit-learn and celer are of the
gap, as ours; that of skglm is not, and is tightened until the gap is at most the asked one.
"""

from __future__ import annotations

import multiprocessing
import statistics
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse

from benchmarks.compare.row import Row

TOLERANCE = 1e-6  # of the gap, over |y|^2 / n
ALPHAS, LEAST = 100, 1e-3  # penalties, and the last over the first
ROUNDS = 3
LIMIT = 60.0  # seconds for one path
LONG = 20.0  # seconds from which on one timing of a path is enough
TIGHTER = 1.0 / 3.0  # each tolerance that is tried over the last
READY = 300.0  # seconds for arrays and compilation
DESIGNS = {
    "dense 20,000 x 1,000": (20_000, 1_000, 0.0, 1.0),
    "dense 500 x 20,000": (500, 20_000, 0.0, 1.0),
    "dense 1,000 x 5,000, correlation 0.95 of neighbours": (1_000, 5_000, 0.95, 1.0),
    "sparse 20,000 x 50,000 at 0.1 %": (20_000, 50_000, 0.0, 0.001),
}


def design(samples: int, features: int, correlation: float, density: float) -> tuple[Any, np.ndarray]:
    """Normal columns, of which 100 matter, or half of them; the signal is three times as long as the noise."""
    rng = np.random.default_rng(0)
    if density < 1.0:
        columns: Any = scipy.sparse.random(
            samples, features, density=density, format="csc", rng=rng, data_rvs=rng.standard_normal
        )
        columns.sort_indices()
    else:
        columns = np.asfortranarray(rng.standard_normal((samples, features)))
        for j in range(1, features if correlation else 0):
            columns[:, j] = correlation * columns[:, j - 1] + np.sqrt(1.0 - correlation**2) * columns[:, j]
    coef = np.zeros(features)
    count = min(100, features // 2)
    coef[rng.choice(features, count, replace=False)] = rng.standard_normal(count)
    signal, noise = columns @ coef, rng.standard_normal(samples)
    return columns, signal + noise * np.linalg.norm(signal) / np.linalg.norm(noise) / 3.0


def objectives(X: Any, y: np.ndarray, alphas: np.ndarray, coefs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Primal objectives along a path, and the dual ones of the scaled residuals, over ``|y|^2 / n``."""
    residuals = y[:, None] - X @ coefs
    scale = np.minimum(1.0, len(y) * alphas / np.abs(X.T @ residuals).max(axis=0))
    primal = 0.5 * np.sum(residuals**2, axis=0) + len(y) * alphas * np.abs(coefs).sum(axis=0)
    dual = 0.5 * (y @ y - np.sum((y[:, None] - scale * residuals) ** 2, axis=0))
    return primal / (y @ y), dual / (y @ y)


def greatest_gap(X: Any, y: np.ndarray, alphas: np.ndarray, coefs: np.ndarray) -> float:
    """The largest gap of a path over ``|y|^2 / n``, from the coefficients alone, the same for every package."""
    primal, dual = objectives(X, y, alphas, coefs)
    return float(np.max(primal - dual))


def penalties(X: Any, y: np.ndarray) -> np.ndarray:
    """The path: from the least penalty that leaves no coefficient."""
    return np.abs(X.T @ y).max() / len(y) * np.geomspace(1.0, LEAST, ALPHAS)


def _fastsci(X: Any, y: np.ndarray, alphas: np.ndarray, tolerance: float) -> np.ndarray:
    from fastsci.sparse.coordinate import lasso_path

    return lasso_path(X, y, alphas=alphas, tol=tolerance).coefs


def _scikit_learn(X: Any, y: np.ndarray, alphas: np.ndarray, tolerance: float) -> np.ndarray:
    from sklearn.linear_model import lasso_path as peer

    return peer(X, y, alphas=alphas, tol=tolerance, max_iter=100_000, copy_X=False)[1]


def _celer(X: Any, y: np.ndarray, alphas: np.ndarray, tolerance: float) -> np.ndarray:
    from celer import celer_path

    return celer_path(X, y, "lasso", alphas=alphas, tol=tolerance, max_iter=100, prune=1)[1]


def _skglm(X: Any, y: np.ndarray, alphas: np.ndarray, tolerance: float) -> np.ndarray:
    """Its own tolerance is of the subgradient; here it is given over the least penalty."""
    from skglm.datafits import Quadratic
    from skglm.penalties import L1
    from skglm.solvers import AndersonCD
    from skglm.utils.jit_compilation import compiled_clone

    solver = AndersonCD(tol=tolerance * alphas[-1], fit_intercept=False, warm_start=True, max_iter=200)
    return solver.path(X, y, compiled_clone(Quadratic()), compiled_clone(L1(alphas[0])), alphas=alphas)[1]


@dataclass(frozen=True)
class Package:
    """A solver, the loosest of its own tolerances that is worth a try, and how many are tried."""

    module: str
    solve: Callable[..., np.ndarray]
    loosest: float = TOLERANCE
    attempts: int = 1


OURS = Package("fastsci", _fastsci)
PEERS = {
    "scikit-learn": Package("sklearn", _scikit_learn),
    "celer": Package("celer", _celer),
    "skglm": Package("skglm", _skglm, 0.3, 4),
}


@dataclass(frozen=True)
class Outcome:
    """Seconds of each timing, none where the path was stopped, with the gap and the tolerance asked for."""

    seconds: list[float]
    gap: float
    tolerance: float


def _serve(connection: Any, package: Package, sizes: tuple[int, int, float, float]) -> None:
    """In a process of its own: a time and a gap for each tolerance that is sent."""
    samples, features, correlation, density = sizes
    with warnings.catch_warnings():
        # Peers that stop above their tolerance say so; the gap beside their time says how far.
        warnings.simplefilter("ignore")
        small = design(samples // 10, features // 10, correlation, min(1.0, 10.0 * density))
        package.solve(*small, penalties(*small)[:50], package.loosest)
        X, y = design(*sizes)
        alphas = penalties(X, y)
        connection.send(None)
        bounds = connection.recv()
        while (tolerance := connection.recv()) is not None:
            began = perf_counter()
            coefs = package.solve(X, y, alphas, tolerance)
            seconds = perf_counter() - began
            primal, dual = objectives(X, y, alphas, coefs)
            connection.send((seconds, float(np.max(primal - np.maximum(dual, bounds)))))


def lower_bounds(sizes: tuple[int, int, float, float]) -> np.ndarray:
    """Dual objectives along the path, as near to the solution as they are cheaply had; any is a bound."""
    X, y = design(*sizes)
    alphas = penalties(X, y)
    return objectives(X, y, alphas, _fastsci(X, y, alphas, 1e-3 * TOLERANCE))[1]


def outcome(
    package: Package, sizes: tuple[int, int, float, float], bounds: np.ndarray, rounds: int, limit: float
) -> Outcome:
    """Time a package, at the loosest of its tolerances at which the gap is at most the one asked for."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, package, sizes), daemon=True)
    process.start()
    there.close()
    try:
        if not here.poll(READY):
            raise TimeoutError(f"{package.module}: not ready after {READY:g} s")
        here.recv()
        here.send(bounds)
        seconds: list[float] = []
        tolerance, gap, attempts = package.loosest, np.inf, 1
        while len(seconds) < rounds and (not seconds or seconds[0] < LONG):
            here.send(tolerance)
            if not here.poll(limit):
                return Outcome([], gap, tolerance)
            took, gap = here.recv()
            if gap <= TOLERANCE or attempts == package.attempts:
                seconds.append(took)
            else:
                tolerance, attempts = tolerance * TIGHTER, attempts + 1
        here.send(None)
        return Outcome(seconds, gap, tolerance)
    finally:
        process.kill()
        process.join()


def _row(name: str, peer: str, own: Outcome, other: Outcome | None, limit: float) -> Row:
    figure = f"lasso path of {ALPHAS} penalties, {name}, against {peer}"
    if other is None:
        return Row(figure, at_least=1.0, note=f"not run: {PEERS[peer].module} is not installed")
    ours = statistics.median(own.seconds)
    asked = "" if PEERS[peer].attempts == 1 else f" at a tolerance of {other.tolerance:.2g} of the least penalty"
    if not other.seconds:
        return Row(
            figure, limit / ours, limit / max(own.seconds), limit / min(own.seconds), at_least=1.0,
            steps_per_second=ALPHAS / ours, errors={"total": own.gap},
            note=f"{peer}{asked} was stopped after {limit:g} s, where ours took {ours:.3g} s", bound=True,
        )  # fmt: skip
    theirs = statistics.median(other.seconds)
    missed = "" if other.gap <= TOLERANCE else f"; its gap is above the asked {TOLERANCE:g} all the same"
    return Row(
        figure, theirs / ours, min(other.seconds) / max(own.seconds), max(other.seconds) / min(own.seconds),
        at_least=1.0, steps_per_second=ALPHAS / ours, peer_steps_per_second=ALPHAS / theirs,
        errors={"total": own.gap}, peer_errors={"total": other.gap},
        note=f"penalties a second ({ours:.3g} s, and {theirs:.3g} s{asked}); the error is the largest duality gap over"
        f" |y|^2 / n, measured alike from the coefficients of both{missed}",
    )  # fmt: skip


def rows(
    rounds: int = ROUNDS, designs: dict[str, tuple[int, int, float, float]] | None = None, limit: float = LIMIT
) -> Iterator[Row]:
    """Each design against each peer."""
    for name, sizes in (DESIGNS if designs is None else designs).items():
        bounds = lower_bounds(sizes)
        own = outcome(OURS, sizes, bounds, rounds, READY)
        for peer, package in PEERS.items():
            other = outcome(package, sizes, bounds, rounds, limit) if find_spec(package.module) else None
            yield _row(name, peer, own, other, limit)


if __name__ == "__main__":
    for row in rows():
        print(row.figure, f"{row.value} ({row.low} to {row.high})", row.errors, row.peer_errors, row.note, flush=True)
