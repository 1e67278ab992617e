"""asv: exponentials fitted to snapshots by variable projection, once and in bags, with what they should find."""

from __future__ import annotations

import numpy as np

from fastsci.lowrank.bagging_dmd import BaggedOptDMD
from fastsci.lowrank.optimised_dmd import OptDMD

SPAN = 10.0


def oscillations(
    n_space: int, n_times: int, rank: int, noise: float, even: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Snapshots of damped oscillations with noise, their times, and the rates behind them."""
    rng = np.random.default_rng(0)
    upper = rng.uniform(0.5, 12.0, rank // 2) * 1j - rng.uniform(0.0, 0.1, rank // 2)
    t = np.linspace(0.0, SPAN, n_times) if even else np.sort(rng.uniform(0.0, SPAN, n_times))
    modes = rng.normal(size=(n_space, rank // 2)) + 1j * rng.normal(size=(n_space, rank // 2))
    clean = 2.0 * (modes @ np.exp(np.outer(upper, t))).real
    return clean + noise * rng.normal(size=clean.shape), t, np.concatenate((upper, upper.conj()))


def farthest(found: np.ndarray, wanted: np.ndarray) -> float:
    """The largest distance from a rate wanted to the nearest found."""
    return float(np.abs(found[:, None] - wanted).min(axis=0).max())


class Fit:
    params = ([(200, 200, 6), (1000, 1000, 10), (20, 10_000, 10), (50, 300, 12)], [True, False])
    param_names = ("variables_snapshots_rank", "even")

    def setup(self, shape: tuple[int, int, int], even: bool) -> None:
        self.X, self.t, self.rates = oscillations(*shape, noise=0.1, even=even)
        OptDMD(shape[2]).fit(self.X, self.t)

    def time_fit(self, shape: tuple[int, int, int], even: bool) -> None:
        OptDMD(shape[2]).fit(self.X, self.t)

    def track_error(self, shape: tuple[int, int, int], even: bool) -> float:
        return farthest(OptDMD(shape[2]).fit(self.X, self.t).rates, self.rates)

    track_error.unit = "1/time"


class Bags:
    params = ([(200, 200, 6), (1000, 1000, 10)],)
    param_names = ("variables_snapshots_rank",)

    def setup(self, shape: tuple[int, int, int]) -> None:
        self.X, self.t, self.rates = oscillations(*shape, noise=0.1)
        self.fit(shape[2])

    def fit(self, rank: int) -> BaggedOptDMD:
        return BaggedOptDMD(rank, n_bags=100, rng=0).fit(self.X, self.t)

    def time_bags(self, shape: tuple[int, int, int]) -> None:
        self.fit(shape[2])

    def time_band_of_a_forecast(self, shape: tuple[int, int, int]) -> None:
        self.fit(shape[2]).forecast_band(50)

    def track_error(self, shape: tuple[int, int, int]) -> float:
        return farthest(self.fit(shape[2]).rates, self.rates)

    track_error.unit = "1/time"
