"""Regressions on features of any law, stored and solved one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.loops.batch import over

from ._checks import Array, design

# Risks, mean squared residuals and squared norms, each (n_alphas, n_ratios * n_draws).
Regressions = tuple[Array, Array, Array]
EPSILON = float(np.finfo(np.float64).eps)
LARGEST_RATIO = 300.0  # of a factor's pivots, at which products of the data still leave eight digits or so
SECONDS = 1e-9  # of a multiplication and addition


@dataclass(frozen=True)
class Features:
    """A problem whose features a function draws."""

    draw: Callable[[np.random.Generator, int, int], Any]
    n: int
    signal: float
    noise: float
    alphas: Array
    n_test: int | None

    def regress(self, p: int, rng: np.random.Generator) -> Array:
        """Risk, mean squared residual and squared norm (3, n_alphas) of one draw."""
        X = self.features(rng, self.n, p)
        direction = rng.standard_normal(p)
        truth = direction * (self.signal / np.linalg.norm(direction))
        y = X @ truth + self.noise * rng.standard_normal(self.n)
        fresh = None if self.n_test is None else self.features(rng, self.n_test, p)
        found = np.empty((3, len(self.alphas)))
        for number, alpha in enumerate(self.alphas):
            coef = penalised(X, y, float(alpha))
            error = coef - truth
            found[0, number] = error @ error if fresh is None else np.mean((fresh @ error) ** 2)
            found[1, number] = np.mean((y - X @ coef) ** 2)
            found[2, number] = coef @ coef
        return found

    def features(self, rng: np.random.Generator, n: int, p: int) -> Array:
        X = design(self.draw(rng, n, p), "features(generator, n_rows, n_columns)")
        if X.shape != (n, p):
            raise ValueError(f"features: gave an array of shape {X.shape}, expected {(n, p)}; reshape it")
        return X


def sampled(problem: Features, sizes: NDArray[np.int64], n_draws: int, key: tuple[int, int]) -> Regressions:
    """Every draw on its own stream, on all threads."""
    found = np.empty((3, len(problem.alphas), len(sizes) * n_draws))
    smaller = np.minimum(problem.n, sizes)
    seconds = SECONDS * len(problem.alphas) * float(np.mean(2.0 * problem.n * sizes * smaller))

    def work(first: int, last: int) -> None:
        for item in range(first, last):
            p = int(sizes[item // n_draws])
            stream = np.random.SeedSequence(key, spawn_key=(problem.n, p, item % n_draws))
            found[:, :, item] = problem.regress(p, np.random.default_rng(stream))

    over(len(sizes) * n_draws, work, seconds)
    return found[0], found[1], found[2]


def penalised(X: Array, y: Array, alpha: float) -> Array:
    """Ridge coefficients, least-squares ones of least norm for ``alpha = 0``."""
    from scipy.linalg.lapack import dpotrf, dpotrs

    tall = len(X) >= X.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        products = X.T @ X if tall else X @ X.T
    products.flat[:: len(products) + 1] += alpha
    factor, failed = dpotrf(products)
    diagonal = np.diag(factor)
    if failed or not diagonal.max() <= LARGEST_RATIO * diagonal.min():
        return _by_rows(X, y, alpha)
    solution = dpotrs(factor, X.T @ y if tall else y)[0]
    return np.asarray(solution if tall else X.T @ solution, np.float64)


def _by_rows(X: Array, y: Array, alpha: float) -> Array:
    """The same without products of the data, which square their condition."""
    n, p = X.shape
    size = min(n, p)
    tall, right = (X, y) if n >= p else (X.T, np.zeros(p))
    if alpha:
        tall = np.vstack([tall, np.sqrt(alpha) * np.eye(size)])
        right = np.concatenate([right, np.zeros(size)])
    factor: Array = np.asarray(np.linalg.qr(np.column_stack([tall, right]), mode="r"))
    triangle = factor[:size, :size]
    diagonal = np.abs(np.diag(triangle))
    if diagonal.min() <= size * EPSILON * diagonal.max():
        return np.asarray(np.linalg.lstsq(X, y, rcond=None)[0], np.float64)
    if n >= p:
        return np.asarray(np.linalg.solve(triangle, factor[:size, size]), np.float64)
    return np.asarray(X.T @ np.linalg.solve(triangle, np.linalg.solve(triangle.T, y)), np.float64)
