"""asv: double descent, paths, random features, spectra and deep linear networks, with what they should find."""

from __future__ import annotations

import numpy as np

from fastsci.linear import (
    MarchenkoPastur,
    RandomFourierFeatures,
    double_descent,
    gaussian_spectrum,
    min_norm_path,
    ridge_path,
    train_deep_linear,
)

SIX = [0.2, 0.5, 0.8, 1.25, 2.0, 4.0]


class DoubleDescent:
    params = ([0.0, 20.0],)
    param_names = ("alpha",)

    def setup(self, alpha: float) -> None:
        double_descent(20, 0.5, 2, alpha=alpha, rng=0)

    def time_curve(self, alpha: float) -> None:
        double_descent(200, np.geomspace(0.1, 8.0, 40), 200, alpha=alpha, rng=0)

    def track_error(self, alpha: float) -> float:
        curve = double_descent(200, SIX, 5000, alpha=alpha, rng=0)
        known = curve.asymptotic if alpha else curve.exact
        return 100.0 * float(np.max(np.abs(curve.mean / known - 1.0)))

    track_error.unit = "% of the closed form"


class StoredFeatures:
    def setup(self) -> None:
        double_descent(20, 0.5, 2, features=self.signs, rng=0)

    @staticmethod
    def signs(rng: np.random.Generator, n: int, p: int) -> np.ndarray:
        return rng.choice([-1.0, 1.0], (n, p))

    def time_curve(self) -> None:
        double_descent(100, SIX, 20, features=self.signs, rng=0)


class Paths:
    params = ([(200, 800), (2000, 300)],)
    param_names = ("shape",)

    def setup(self, shape: tuple[int, int]) -> None:
        rng = np.random.default_rng(0)
        self.X, self.y = rng.standard_normal(shape), rng.standard_normal(shape[0])
        self.sizes = np.linspace(1, shape[1], 100).astype(int)
        min_norm_path(self.X[:20], self.y[:20], [10, 30])

    def time_min_norm(self, shape: tuple[int, int]) -> None:
        min_norm_path(self.X, self.y, self.sizes)

    def time_ridge(self, shape: tuple[int, int]) -> None:
        ridge_path(self.X, self.y, np.geomspace(1e-2, 1e4, 100))

    def track_error(self, shape: tuple[int, int]) -> float:
        coef = min_norm_path(self.X, self.y, [shape[1]]).coefs[0]
        plain = np.linalg.lstsq(self.X, self.y, rcond=None)[0]
        return float(np.linalg.norm(coef - plain) / np.linalg.norm(plain))

    track_error.unit = "of the coefficients' norm"


class FourierFeatures:
    def setup(self) -> None:
        self.X = np.random.default_rng(0).standard_normal((10_000, 20))
        self.features = RandomFourierFeatures(2000, gamma=0.025, rng=0).fit(self.X)
        self.features.transform(self.X[:10])

    def time_transform(self) -> None:
        self.features.transform(self.X)

    def track_error(self) -> float:
        few = self.X[:500]
        Z = self.features.transform(few)
        return float(np.sqrt(np.mean((Z @ Z.T - np.exp(-0.025 * ((few[:, None] - few) ** 2).sum(axis=2))) ** 2)))

    track_error.unit = "of a kernel of 1"


class Spectrum:
    def setup(self) -> None:
        gaussian_spectrum(10, 5, rng=0)

    def time_spectrum(self) -> None:
        gaussian_spectrum(2000, 1000, 10, rng=0)

    def track_distance(self) -> float:
        return MarchenkoPastur(0.5).ks_distance(gaussian_spectrum(2000, 1000, 10, rng=0))

    track_distance.unit = "of 1"


class DeepNetworks:
    params = ([2, 4],)
    param_names = ("depth",)

    def setup(self, depth: int) -> None:
        self.correlation = np.random.default_rng(0).standard_normal((10, 12))
        train_deep_linear(self.correlation, [0.1], rng=0)

    def time_training(self, depth: int) -> None:
        train_deep_linear(self.correlation, np.linspace(0.0, 10.0, 11), depth=depth, n_draws=20, rng=0)

    def track_error(self, depth: int) -> float:
        run = train_deep_linear(self.correlation, np.linspace(0.0, 10.0, 11), depth=depth, rng=0)
        return float(np.max(np.abs(run.strengths[0] / run.closed_form.T - 1.0)))

    track_error.unit = "of the closed form"
