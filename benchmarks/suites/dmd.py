"""asv: dynamic mode decompositions of fields with many points, with the errors of their eigenvalues."""

from __future__ import annotations

import numpy as np

from fastsci.lowrank.control_dmd import DMDc
from fastsci.lowrank.dmd import DMD
from fastsci.lowrank.randomized_dmd import RandomizedDMD
from fastsci.lowrank.selection import sparse_amplitudes
from fastsci.lowrank.streaming_dmd import StreamingDMD

TURN = 0.2  # radians a step, of the slowest wave
WAVES = 5


def field(n_space: int, n_times: int) -> tuple[np.ndarray, np.ndarray]:
    """Travelling waves with noise, and the eigenvalues behind them."""
    x, t = np.linspace(0, 1, n_space)[:, None], np.arange(n_times)
    clean = 1 + sum(np.exp(-0.4 * k) * np.cos(2 * np.pi * 3 * k * x - TURN * k * t) for k in range(1, WAVES + 1))
    noise = 1e-3 * np.random.default_rng(0).standard_normal(clean.shape)
    return clean + noise, np.exp(1j * TURN * np.arange(-WAVES, WAVES + 1))


def error(eigs: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(eigs[:, None] - expected).min(axis=0).max())


class Field:
    params = ([(20_000, 150), (2_000, 1_000), (100, 20_000)], ["DMD", "all directions", "RandomizedDMD"])
    param_names = ("space_times", "kind")

    def setup(self, shape: tuple[int, int], kind: str) -> None:
        self.X, self.eigs = field(*shape)
        rank = 2 * WAVES + 1
        self.model = {"DMD": DMD(rank), "all directions": DMD(), "RandomizedDMD": RandomizedDMD(rank, rng=0)}[kind]
        self.model.fit(self.X)

    def time_fit(self, shape: tuple[int, int], kind: str) -> None:
        self.model.fit(self.X)

    def track_eigenvalue_error(self, shape: tuple[int, int], kind: str) -> float:
        return error(self.model.fit(self.X).eigs, self.eigs)


class Stream:
    params = ([1, 10, 100],)
    param_names = ("block",)

    def setup(self, block: int) -> None:
        X, self.eigs = field(20_000, 200)
        self.blocks = np.array_split(X, 200 // block, axis=1)

    def fit(self) -> StreamingDMD:
        model = StreamingDMD(2 * WAVES + 1)
        for block in self.blocks:
            model.partial_fit(block)
        return model

    def time_stream(self, block: int) -> None:
        self.fit()

    def track_eigenvalue_error(self, block: int) -> float:
        return error(self.fit().eigs, self.eigs)


class Small:
    def setup(self) -> None:
        self.X, _ = field(5_000, 150)
        self.u = np.random.default_rng(0).standard_normal((2, 149))
        self.model = DMD(40).fit(self.X)

    def time_control(self) -> None:
        DMDc(11, input_rank=13).fit(self.X, self.u)

    def time_sparse_path(self) -> None:
        sparse_amplitudes(self.model)

    def time_reconstruct(self) -> None:
        self.model.reconstruct()
