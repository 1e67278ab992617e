"""asv: delay DMD, forced linear systems in delay coordinates, and DMD in windows, with what they should find."""

from __future__ import annotations

import numpy as np

from fastsci.lowrank.forced_delay import HAVOK
from fastsci.lowrank.hankel_dmd import HankelDMD
from fastsci.lowrank.piecewise_dmd import PiecewiseDMD

OMEGAS = np.array([1.0, 2.3, 3.1, 4.7, 6.2, 8.9])
DT = 0.05
RANK = 2 * len(OMEGAS)


def tones(n_space: int, n_times: int, noise: float) -> np.ndarray:
    """Variables that each hold six tones, in amplitudes and phases of their own, with noise."""
    rng = np.random.default_rng(n_space)
    phases = DT * np.arange(n_times) * OMEGAS[:, None]
    waves = np.concatenate((np.cos(phases), np.sin(phases)))
    return rng.normal(size=(n_space, RANK)) @ waves + noise * rng.normal(size=(n_space, n_times))


def lorenz63_x(n_times: int, dt: float = 1e-3) -> np.ndarray:
    """The variable x of Lorenz-63 on its attractor."""
    import fastsci

    times = dt * np.arange(n_times)
    run = fastsci.solve_ensemble(
        fastsci.systems.lorenz63, (0.0, times[-1]), [-8.0, 8.0, 27.0], dt=dt, t_eval=times, method="RK4"
    )
    return np.ascontiguousarray(run.y[0, 0])


def spirals(n: int, n_times: int) -> np.ndarray:
    """Two fields of one arm of a spiral whose turning quickens, (2 n^2, n_times)."""
    line = np.linspace(-10.0, 10.0, n)
    x, y = np.meshgrid(line, line)
    radius, angle = np.hypot(x, y).ravel()[:, None], np.arctan2(y, x).ravel()[:, None]
    t = DT * np.arange(n_times)
    phase = angle - radius + t + 0.02 * t**2
    size = np.tanh(radius) * (1.0 + 0.3 * np.sin(0.4 * t + radius))
    return np.concatenate((size * np.cos(phase), size * np.sin(phase)))


class Hankel:
    params = ([(1, 5000, 100), (1, 20_000, 200), (10, 5000, 50), (2000, 300, 10)],)
    param_names = ("variables_snapshots_delays",)

    def setup(self, shape: tuple[int, int, int]) -> None:
        n_space, n_times, self.delays = shape
        self.X = tones(n_space, n_times, 1e-4)
        self.clean = tones(n_space, n_times, 0.0)

    def time_fit(self, shape: tuple[int, int, int]) -> None:
        HankelDMD(self.delays, RANK).fit(self.X, DT)

    def peakmem_fit(self, shape: tuple[int, int, int]) -> None:
        HankelDMD(self.delays, RANK).fit(self.X, DT)

    def track_rate_error(self, shape: tuple[int, int, int]) -> float:
        rates = HankelDMD(self.delays, RANK).fit(self.clean, DT).rates
        return float(np.abs(rates[:, None] - 1j * OMEGAS).min(axis=0).max())


class Forced:
    params = ([20_000, 200_000],)
    param_names = ("snapshots",)

    def setup(self, n_times: int) -> None:
        self.x = lorenz63_x(n_times)
        self.model = HAVOK(100, 15).fit(self.x, 1e-3)

    def time_fit(self, n_times: int) -> None:
        HAVOK(100, 15).fit(self.x, 1e-3)

    def time_reconstruct(self, n_times: int) -> None:
        self.model.reconstruct()

    def track_far_from_skew(self, n_times: int) -> float:
        A = self.model.A
        return float(np.linalg.norm(A + A.T) / np.linalg.norm(A))


class Windows:
    params = ([1, 16],)
    param_names = ("windows",)

    def setup(self, windows: int) -> None:
        self.X = spirals(64, 400)

    def time_fit(self, windows: int) -> None:
        PiecewiseDMD(windows, rank=10).fit(self.X, DT)

    def track_error(self, windows: int) -> float:
        return PiecewiseDMD(windows, rank=10).fit(self.X, DT).error
