"""Linear models with as many features as samples, against plain NumPy loops and scikit-learn, on the same problems.

The loop of a double descent stores its features, as anyone would write it; a draw of ours is of the same law.  Its time
for all draws follows from one draw at every ratio.  Errors are of the mean risks from the exact formula at six ratios,
with as many draws of each; of paths, from a singular value decomposition of each problem by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.compare.row import Row
from benchmarks.compare.timing import PAIRS, compare
from fastsci.linear import (
    RandomFourierFeatures,
    double_descent,
    finite_risk,
    min_norm_path,
    ridge_path,
)

SAMPLES, DRAWS = 200, 200
RATIOS = np.geomspace(0.1, 8.0, 40)
SIX = np.array([0.2, 0.5, 0.8, 1.25, 2.0, 4.0])
NOISE, SIGNAL = 0.5, 1.0
LONG_PAIRS = 3  # where one side takes seconds


def _lstsq(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(X, y, rcond=None)[0]


def _pinv(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.linalg.pinv(X) @ y


def _solve(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Products of the data: the quickest of the three, which squares the condition."""
    if len(X) >= X.shape[1]:
        return np.linalg.solve(X.T @ X, X.T @ y)
    return X.T @ np.linalg.solve(X @ X.T, y)


LOOPS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "lstsq": _lstsq,
    "pinv": _pinv,
    "solve of the normal equations": _solve,
}


def loop(solver: Callable[[np.ndarray, np.ndarray], np.ndarray], ratios: np.ndarray, draws: int) -> np.ndarray:
    """Mean risks by stored problems, (n_ratios,)."""
    rng = np.random.default_rng(0)
    risks = np.zeros((len(ratios), draws))
    for place, ratio in enumerate(ratios):
        p = round(ratio * SAMPLES)
        for draw in range(draws):
            X, direction = rng.standard_normal((SAMPLES, p)), rng.standard_normal(p)
            truth = SIGNAL * direction / np.linalg.norm(direction)
            y = X @ truth + NOISE * rng.standard_normal(SAMPLES)
            risks[place, draw] = np.sum((solver(X, y) - truth) ** 2)
    return risks.mean(axis=1)


def ours(ratios: np.ndarray, draws: int) -> np.ndarray:
    return double_descent(SAMPLES, ratios, draws, noise_std=NOISE, signal_norm=SIGNAL, rng=0).mean


def _error(means: np.ndarray) -> float:
    exact = finite_risk(SAMPLES, np.rint(SIX * SAMPLES), noise_std=NOISE, signal_norm=SIGNAL)
    return float(np.max(np.abs(means / exact - 1.0)))


def _descents(pairs: int, draws: int) -> Iterator[Row]:
    error = _error(ours(SIX, draws))
    yield Row(
        f"double descent, {draws} draws at six ratios: largest error of a mean risk from the exact formula",
        100.0 * error, unit="%", at_most=3.0,
    )  # fmt: skip
    for name, solver in LOOPS.items():
        ratio = compare(lambda: ours(RATIOS, DRAWS), lambda s=solver: loop(s, RATIOS, 1), pairs)
        theirs = _error(loop(solver, SIX, min(draws, DRAWS)))
        yield Row(
            f"double descent, {len(RATIOS)} ratios x {DRAWS} draws, n={SAMPLES}, against a NumPy loop of {name}",
            DRAWS * ratio.median, DRAWS * ratio.low, DRAWS * ratio.high, at_least=10.0,
            errors={"total": error}, peer_errors={"total": theirs},
            note=f"{ratio.seconds_a:.3g} s, and {DRAWS * ratio.seconds_b:.3g} s, from one draw at each ratio; draws of"
            " ours are of the bidiagonal form, at O(n + p) each",
        )  # fmt: skip


def _stored(pairs: int) -> Row:
    """The same problems, stored by both: features that a function draws."""

    def normal(rng: np.random.Generator, n: int, p: int) -> np.ndarray:
        return rng.standard_normal((n, p))

    def stored() -> np.ndarray:
        return double_descent(SAMPLES, RATIOS, 2, features=normal, noise_std=NOISE, signal_norm=SIGNAL, rng=0).mean

    ratio = compare(stored, lambda: loop(_lstsq, RATIOS, 2), pairs)
    return Row(
        f"double descent of stored features, {len(RATIOS)} ratios x 2 draws, n={SAMPLES}, against a loop of lstsq",
        ratio.median, ratio.low, ratio.high, at_least=1.0,
        note=f"{ratio.seconds_a:.3g} s, and {ratio.seconds_b:.3g} s; features that a function draws and both store",
    )  # fmt: skip


def _path(pairs: int, n: int, p: int, count: int) -> Row:
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    sizes = np.unique(np.linspace(1, p, count).astype(int))

    def each() -> list[np.ndarray]:
        return [_lstsq(X[:, :size], y) for size in sizes]

    ratio = compare(lambda: min_norm_path(X, y, sizes), each, pairs)
    found, plain = min_norm_path(X, y, sizes).coefs, each()
    error = max(
        float(np.linalg.norm(coef[:size] - alone) / np.linalg.norm(alone))
        for coef, size, alone in zip(found, sizes, plain, strict=True)
    )
    return Row(
        f"minimum-norm path, {len(sizes)} sizes of {n} x {p}, against lstsq of each",
        ratio.median, ratio.low, ratio.high, at_least=1.0, errors={"total": error},
        note=f"{ratio.seconds_a:.3g} s, and {ratio.seconds_b:.3g} s; the error is the largest relative difference",
    )  # fmt: skip


def _ridge(pairs: int, n: int, p: int, count: int) -> Row:
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    alphas = np.geomspace(1e-2, 1e4, count)

    def each() -> list[Any]:
        return [Ridge(alpha, fit_intercept=False).fit(X, y).coef_ for alpha in alphas]

    ratio = compare(lambda: ridge_path(X, y, alphas), each, pairs)
    difference = np.abs(ridge_path(X, y, alphas).coefs - np.stack(each())).max()
    return Row(
        f"ridge path, {count} penalties of {n} x {p}, against scikit-learn's Ridge of each",
        ratio.median, ratio.low, ratio.high, at_least=1.0, errors={"total": float(difference)},
        note=f"{ratio.seconds_a:.3g} s, and {ratio.seconds_b:.3g} s; the error is of coefficients",
    )  # fmt: skip


def _features(pairs: int, n: int, inputs: int, count: int) -> Row:
    from sklearn.kernel_approximation import RBFSampler

    X = np.random.default_rng(3).standard_normal((n, inputs))
    gamma = 0.5 / inputs
    maps = RandomFourierFeatures(count, gamma=gamma, rng=0).fit(X), RBFSampler(gamma=gamma, n_components=count).fit(X)
    ratio = compare(lambda: maps[0].transform(X), lambda: maps[1].transform(X), pairs)
    few = X[:500]
    kernel = np.exp(-gamma * ((few[:, None] - few) ** 2).sum(axis=2))
    errors = [float(np.sqrt(np.mean((Z @ Z.T - kernel) ** 2))) for Z in (one.transform(few) for one in maps)]
    return Row(
        f"{count} random Fourier features of {n} x {inputs}, against scikit-learn's RBFSampler",
        ratio.median, ratio.low, ratio.high, at_least=1.0,
        errors={"total": errors[0]}, peer_errors={"total": errors[1]},
        note=f"{ratio.seconds_a:.3g} s, and {ratio.seconds_b:.3g} s; the errors are root mean squares of the kernel's",
    )  # fmt: skip


def rows(pairs: int = PAIRS, draws: int = 5000) -> Iterator[Row]:
    yield from _descents(min(pairs, LONG_PAIRS), draws)
    yield _stored(min(pairs, LONG_PAIRS))
    yield _path(min(pairs, LONG_PAIRS), 200, 800, 100)
    yield _ridge(pairs, 2000, 300, 100)
    yield _ridge(pairs, 300, 2000, 100)
    yield _features(pairs, 10_000, 20, 2000)


if __name__ == "__main__":
    for row in rows():
        print(row.figure, f"{row.value} ({row.low} to {row.high})", row.errors, row.peer_errors, row.note, flush=True)
