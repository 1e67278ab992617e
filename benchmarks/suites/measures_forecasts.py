"""asv: delay embedding, neighbours, forecasts, synchrony and scores, each with what it should find; short runs."""

from __future__ import annotations

import numpy as np

import fastsci
from fastsci.chaos.embedding import false_nearest_neighbours, first_minimum, mutual_information
from fastsci.chaos.forecast import simplex_forecast, smap_forecast
from fastsci.chaos.neighbours import nearest_neighbours
from fastsci.chaos.prediction_time import valid_prediction_time
from fastsci.chaos.scores import crps, crps_gaussian
from fastsci.chaos.synchrony import cross_correlation_synchrony, kuramoto_order

DT = 0.02


def lorenz_x(n_times: int) -> np.ndarray:
    """The first variable of Lorenz's system on its attractor."""
    times = 20.0 + DT * np.arange(n_times)
    run = fastsci.solve_ensemble(fastsci.systems.lorenz63, (0.0, times[-1]), dt=0.01, t_eval=times)
    return run.y[0, 0]


class Embedding:
    def setup(self) -> None:
        self.x = lorenz_x(5000)
        self.time_mutual_information()
        self.time_false_nearest_neighbours()

    def time_mutual_information(self) -> None:
        mutual_information(self.x, 100)

    def time_false_nearest_neighbours(self) -> None:
        false_nearest_neighbours(self.x, 5, delay=8)

    def track_delay(self) -> float:
        """First minimum of the mutual information; published: about a sixth of a time unit."""
        return DT * first_minimum(mutual_information(self.x, 40))

    track_delay.unit = "time"


class NearestNeighbours:
    params = ([(300, 3), (3000, 3), (3000, 20)],)
    param_names = ("points and axes",)

    def setup(self, shape: tuple[int, int]) -> None:
        self.points = np.random.default_rng(0).normal(size=shape)
        self.time_search(shape)

    def time_search(self, shape: tuple[int, int]) -> None:
        nearest_neighbours(self.points, 4)


class Forecasts:
    thetas = np.linspace(0.0, 8.0, 9)

    def setup(self) -> None:
        self.x = lorenz_x(1000)
        self.time_simplex()
        self.time_smap()

    def time_simplex(self) -> None:
        simplex_forecast(self.x, dimension=3)

    def time_smap(self) -> None:
        smap_forecast(self.x, dimension=3, theta=self.thetas)

    def track_unexplained(self) -> float:
        """One less the correlation of simplex forecasts, one sample ahead."""
        return 1.0 - simplex_forecast(self.x, dimension=3).rho

    track_unexplained.unit = "1 - rho"


class Synchrony:
    def setup(self) -> None:
        rng = np.random.default_rng(1)
        self.phases, self.x = rng.uniform(0.0, 6.0, (1000, 500)), rng.normal(size=(20, 1000, 50))
        self.time_order()
        self.time_correlation()

    def time_order(self) -> None:
        kuramoto_order(self.phases)

    def time_correlation(self) -> None:
        cross_correlation_synchrony(self.x)


class Scores:
    def setup(self) -> None:
        rng = np.random.default_rng(2)
        self.y, self.members = rng.normal(size=20_000), rng.normal(size=(20_000, 50))
        self.truth = rng.normal(size=(500, 200, 3))
        self.forecast = self.truth * (1.0 + np.linspace(0.0, 2.0, 200)[:, np.newaxis])
        self.time_crps()
        self.time_valid_prediction_time()

    def time_crps(self) -> None:
        crps(self.y, self.members)

    def time_valid_prediction_time(self) -> None:
        valid_prediction_time(self.truth, self.forecast, dt=0.1)

    def track_crps_error(self) -> float:
        """Mean fair score of normal members less that of their distribution."""
        return abs(float(np.mean(crps(self.y, self.members) - crps_gaussian(self.y, 0.0, 1.0))))

    track_crps_error.unit = "absolute"
