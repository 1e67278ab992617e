"""asv: measures of scalar series, whole public calls, with what each should find; short runs."""

from __future__ import annotations

import math

import numpy as np

import fastsci
from fastsci.chaos import correlation, divergence, entropy, ordinal, recurrence, zero_one

NOISE = np.random.default_rng(1).normal(size=100_000)


def logistic(r: np.ndarray, count: int) -> np.ndarray:
    """Orbits of the logistic map after a transient, ``(n_series, count)``."""
    orbits = fastsci.iterate_map(fastsci.systems.logistic, count + 1000, [0.3], params={"r": r}, save_last=count)
    return np.ascontiguousarray(orbits.y[:, 0])


class ZeroOne:
    """Half of the series have a period, half are chaotic."""

    def setup(self) -> None:
        self.x = logistic(np.repeat([3.5, 3.97], 500), 1000)
        zero_one.zero_one_test(self.x[:2])

    def time_test(self) -> None:
        zero_one.zero_one_test(self.x)

    def track_error(self) -> float:
        """The farthest that a verdict is from 0 or 1."""
        return float(np.abs(zero_one.zero_one_test(self.x) - np.repeat([0.0, 1.0], 500)).max())

    track_error.unit = "absolute"


class PermutationEntropy:
    params = ([3, 5, 7],)
    param_names = ("order",)

    def setup(self, order: int) -> None:
        ordinal.permutation_entropy(NOISE, order=order)

    def time_one(self, order: int) -> None:
        ordinal.permutation_entropy(NOISE, order=order)

    def time_complexity_of_many(self, order: int) -> None:
        ordinal.statistical_complexity(NOISE.reshape(100, 1000), order=order)

    def track_error(self, order: int) -> float:
        """What white noise lacks to 1."""
        return 1.0 - ordinal.permutation_entropy(NOISE, order=order)

    track_error.unit = "absolute"


class SampleEntropy:
    def setup(self) -> None:
        entropy.sample_entropy(NOISE[:1000])
        entropy.approximate_entropy(NOISE[:1000])

    def time_one(self) -> None:
        entropy.sample_entropy(NOISE)

    def time_many(self) -> None:
        entropy.sample_entropy(NOISE.reshape(100, 1000))

    def time_approximate(self) -> None:
        entropy.approximate_entropy(NOISE[:20_000])

    def track_error(self) -> float:
        """The difference from the value for independent normal numbers."""
        return entropy.sample_entropy(NOISE) + math.log(math.erf(0.1))

    track_error.unit = "nats"


class Attractors:
    """Henon's: the dimension and the exponent from its points."""

    def setup(self) -> None:
        orbit = fastsci.iterate_map(fastsci.systems.henon, 11_000, [0.1, 0.1], save_last=10_000)
        self.points = orbit.y[0].T
        self.time_dimension()
        self.time_exponent()
        self.time_recurrence()

    def time_dimension(self) -> None:
        correlation.correlation_dimension(self.points)

    def time_exponent(self) -> None:
        divergence.largest_exponent(self.points[:, 0], order=2)

    def time_recurrence(self) -> None:
        recurrence.recurrence_quantification(self.points[:3000], radius=0.1)

    def track_dimension_error(self) -> float:
        return abs(correlation.correlation_dimension(self.points, region=(0.005, 0.2)) - 1.21)

    def track_exponent_error(self) -> float:
        return abs(divergence.largest_exponent(self.points[:, 0], order=2, fit=(1, 8)) / 0.4192 - 1.0)

    track_dimension_error.unit = "absolute"
    track_exponent_error.unit = "relative"
