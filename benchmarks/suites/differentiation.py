"""asv: derivatives of samples, whole public calls, with their errors on a noisy trajectory; short runs."""

from __future__ import annotations

import numpy as np

import fastsci
from fastsci.sparse.differentiation import Differentiator, FiniteDifference, SavitzkyGolay, Spectral, from_name

STEP = 0.01
RNG = np.random.default_rng(1)
NAMES = ["finite_difference", "savitzky_golay", "smoothed_finite_difference", "spline", "total_variation"]


def lorenz(count: int) -> tuple[np.ndarray, np.ndarray]:
    """States and their derivatives, ``(count, 3)``, after a transient."""
    system = fastsci.systems.lorenz63
    times = 10.0 + STEP * np.arange(count)
    states = fastsci.solve_ensemble(system, (0.0, times[-1]), [1.0, 1.0, 1.0], dt=STEP, t_eval=times).y[0]
    x, y, z = states
    sigma, rho, beta = (system.params[name] for name in ("sigma", "rho", "beta"))
    return states.T.copy(), np.stack((sigma * (y - x), x * (rho - z) - y, x * y - beta * z), axis=1)


class LongTrajectory:
    """100,000 states of three components by stencils."""

    params = (["even", "uneven"], [2, 4, 6])
    param_names = ("times", "order")

    def setup(self, times: str, order: int) -> None:
        self.x = RNG.normal(size=(100_000, 3)).cumsum(axis=0)
        self.t = STEP if times == "even" else np.cumsum(RNG.uniform(0.5, 1.5, 100_000)) * STEP
        self.time_finite_difference(times, order)
        self.time_savitzky_golay(times, order)

    def time_finite_difference(self, times: str, order: int) -> None:
        FiniteDifference(order=order)(self.x, self.t)

    def time_savitzky_golay(self, times: str, order: int) -> None:
        SavitzkyGolay(window_length=2 * order + 1, polyorder=order)(self.x, self.t)


class NoisyTrajectory:
    """5,000 states of Lorenz-63 with 1 % of noise by methods with their own choice of smoothing."""

    params = (NAMES,)
    param_names = ("method",)
    timeout = 120

    def setup(self, method: str) -> None:
        self.method: Differentiator = from_name(method)
        clean, self.truth = lorenz(5000)
        self.clean, self.noisy = clean, clean + 0.01 * clean.std(axis=0) * RNG.normal(size=clean.shape)
        self.method(self.noisy[:100], STEP)

    def time_differentiate(self, method: str) -> None:
        self.method(self.noisy, STEP)

    def track_error(self, method: str) -> float:
        return float(np.linalg.norm(self.method(self.noisy, STEP) - self.truth) / np.linalg.norm(self.truth))

    track_error.unit = "relative"

    def track_error_of_states(self, method: str) -> float:
        left = self.method.smooth(self.noisy, STEP) - self.clean
        return float(np.linalg.norm(left) / np.linalg.norm(self.clean - self.clean.mean(axis=0)))

    track_error_of_states.unit = "relative"


class Field:
    """The second derivative of a periodic field along each of its axes."""

    params = ([0, 1, 2], ["finite_difference", "savitzky_golay", "spectral"])
    param_names = ("axis", "method")

    def setup(self, axis: int, method: str) -> None:
        self.field = RNG.normal(size=(256, 256, 100))
        self.method = Spectral() if method == "spectral" else from_name(method, periodic=True)
        self.time_second_derivative(axis, method)

    def time_second_derivative(self, axis: int, method: str) -> None:
        self.method.differentiate(self.field, 0.1, order=2, axis=axis)
