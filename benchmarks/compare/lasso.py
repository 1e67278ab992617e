"""Paths of the lasso against scikit-learn, celer and skglm, on the same arrays and to the same measured gap."""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse

from benchmarks.compare.row import Row
from fastsci.sparse.coordinate import lasso_path

TOLERANCE = 1e-6  # of the gap, over |y|^2 / n
ALPHAS = 100
ROUNDS = 3
DESIGNS = {
    "dense 20,000 x 1,000": (20_000, 1_000, 0.0, 1.0),
    "dense 500 x 20,000": (500, 20_000, 0.0, 1.0),
    "dense 1,000 x 5,000, correlation 0.95 of neighbours": (1_000, 5_000, 0.95, 1.0),
    "sparse 20,000 x 50,000 at 0.1 %": (20_000, 50_000, 0.0, 0.001),
}


def design(samples: int, features: int, correlation: float, density: float) -> tuple[Any, np.ndarray]:
    """Normal columns, of which 100 matter; the signal is three times as long as the noise."""
    rng = np.random.default_rng(0)
    if density < 1.0:
        X: Any = scipy.sparse.random(
            samples, features, density=density, format="csc", rng=rng, data_rvs=rng.standard_normal
        )
        X.sort_indices()
    else:
        X = np.asfortranarray(rng.standard_normal((samples, features)))
        for j in range(1, features if correlation else 0):
            X[:, j] = correlation * X[:, j - 1] + np.sqrt(1.0 - correlation**2) * X[:, j]
    coef = np.zeros(features)
    coef[rng.choice(features, 100, replace=False)] = rng.standard_normal(100)
    signal, noise = X @ coef, rng.standard_normal(samples)
    return X, signal + noise * np.linalg.norm(signal) / np.linalg.norm(noise) / 3.0


def greatest_gap(X: Any, y: np.ndarray, alphas: np.ndarray, coefs: np.ndarray) -> float:
    """The largest gap of a path over ``|y|^2 / n``, from the coefficients alone, the same for every package."""
    residuals = y[:, None] - X @ coefs
    scale = np.minimum(1.0, len(y) * alphas / np.abs(X.T @ residuals).max(axis=0))
    primal = 0.5 * np.sum(residuals**2, axis=0) + len(y) * alphas * np.abs(coefs).sum(axis=0)
    dual = 0.5 * (y @ y - np.sum((y[:, None] - scale * residuals) ** 2, axis=0))
    return float(np.max(primal - dual) / (y @ y))


def _scikit_learn(X: Any, y: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    from sklearn.linear_model import lasso_path as peer

    return peer(X, y, alphas=alphas, tol=TOLERANCE, max_iter=100_000)[1]


def _celer(X: Any, y: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    from celer import celer_path

    return celer_path(X, y, "lasso", alphas=alphas, tol=TOLERANCE, max_iter=100)[1]


def _skglm(X: Any, y: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Its tolerance is of the subgradient; at this one its gap is still above the others'."""
    from skglm.datafits import Quadratic
    from skglm.penalties import L1
    from skglm.solvers import AndersonCD
    from skglm.utils.jit_compilation import compiled_clone

    solver = AndersonCD(tol=1e-4 * alphas[0], fit_intercept=False, warm_start=True, max_iter=200)
    return solver.path(X, y, compiled_clone(Quadratic()), compiled_clone(L1(alphas[0])), alphas=alphas)[1]


PEERS: dict[str, tuple[str, Callable[..., np.ndarray]]] = {
    "scikit-learn": ("sklearn", _scikit_learn),
    "celer": ("celer", _celer),
    "skglm": ("skglm", _skglm),
}


def _timed(call: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    began = perf_counter()
    found = call()
    return perf_counter() - began, found


def _row(name: str, peer: str, X: Any, y: np.ndarray, alphas: np.ndarray, rounds: int) -> Row:
    figure = f"lasso path of {ALPHAS} penalties, {name}, against {peer}"
    module, solve = PEERS[peer]
    if find_spec(module) is None:
        return Row(figure, at_least=1.0, note=f"not run: {module} is not installed")
    pairs = []
    with warnings.catch_warnings():
        # Peers that stop above their tolerance say so; the gap beside their time says how far.
        warnings.simplefilter("ignore")
        for _ in range(rounds):
            own, ours = _timed(lambda: lasso_path(X, y, alphas=alphas, tol=TOLERANCE).coefs)
            other, theirs = _timed(lambda: solve(X, y, alphas))
            pairs.append((own, other))
    ratios = sorted(other / own for own, other in pairs)
    own, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Row(
        figure, statistics.median(ratios), ratios[0], ratios[-1], at_least=1.0, steps_per_second=ALPHAS / own,
        peer_steps_per_second=ALPHAS / other, errors={"total": greatest_gap(X, y, alphas, ours)},
        peer_errors={"total": greatest_gap(X, y, alphas, theirs)},
        note=f"penalties a second ({own:.3g} s and {other:.3g} s); the error is the largest duality gap over |y|^2 / n,"
        " measured alike from the coefficients of both",
    )  # fmt: skip


def rows(rounds: int = ROUNDS, designs: dict[str, tuple[int, int, float, float]] | None = None) -> Iterator[Row]:
    """Each design against each peer."""
    for name, sizes in (DESIGNS if designs is None else designs).items():
        X, y = design(*sizes)
        alphas = np.abs(X.T @ y).max() / len(y) * np.geomspace(1.0, 1e-3, ALPHAS)
        lasso_path(X, y, alphas=alphas[:3])
        for peer in PEERS:
            yield _row(name, peer, X, y, alphas, rounds)


if __name__ == "__main__":
    for row in rows():
        print(row.figure, f"{row.value} ({row.low} to {row.high})", row.errors, row.peer_errors, row.note, flush=True)
