"""The measures of ``fastsci measure``: each a number of one series, or a reason why it has none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..chaos.correlation import correlation_dimension
from ..chaos.divergence import divergence_curve
from ..chaos.embedding import delay_embedding, first_minimum, mutual_information
from ..chaos.entropy import sample_entropy
from ..chaos.ordinal import permutation_entropy, statistical_complexity
from ..chaos.recurrence import RecurrenceQuantification, recurrence_quantification
from ..chaos.zero_one import zero_one_test
from .errors import one_line

DIMENSION = 3
ORDER = 5  # of the ordinal patterns
RADIUS = 0.2  # of recurrences, in units of the attractor's size
LONGEST_DELAY = 1000
HORIZON = 20  # delays that neighbours are followed
RISE = (0.2, 0.8)  # the part of a divergence curve's rise that is taken for straight
LEAST_RISE = 1.0  # of the logarithm of the distance, below which the whole curve is


@dataclass(frozen=True)
class Series:
    """One series and how it is embedded.

    Attributes
    ----------
    x : (n_times,) array
        Finite.
    dt : float
        Time between two values.
    dimension, delay : int
        Of the embedding; ``delay`` in samples.
    most : int
        Values that a costly measure takes, the last ones.
    """

    x: np.ndarray
    dt: float
    dimension: int
    delay: int
    most: int

    @property
    def late(self) -> np.ndarray:
        """The values that a costly measure takes."""
        return self.x[-self.most :]

    @property
    def thinned(self) -> np.ndarray:
        """Values a delay apart, without their mean."""
        values = self.x[:: self.delay][-self.most :]
        return values - values.mean()

    @property
    def theiler(self) -> int:
        """Samples within which points are neighbours in time."""
        return self.dimension * self.delay

    @cached_property
    def points(self) -> np.ndarray:
        """Delay vectors, (n_points, dimension)."""
        return delay_embedding(self.late, self.dimension, self.delay)

    @property
    def radius(self) -> float:
        """Distance of recurrent points."""
        return RADIUS * math.sqrt(np.var(self.points, axis=0).sum())

    @cached_property
    def recurrences(self) -> RecurrenceQuantification:
        """Counts of the recurrence plot, which two of the measures share."""
        return recurrence_quantification(self.points, radius=self.radius, theiler=self.theiler)


@dataclass(frozen=True)
class Measured:
    """A number, or NaN and why."""

    value: float
    why: str = ""


def _exponent(series: Series) -> float:
    """Slope of the straight part of Rosenstein's curve, between where it leaves its start and nears its plateau."""
    steps = max(min(HORIZON * series.delay, len(series.late) // 5), 1)
    curve = divergence_curve(series.late, order=series.dimension, delay=series.delay, horizon=steps)
    if not np.isfinite(curve).all():
        return math.nan
    first, last = 0, steps
    rise = curve.max() - curve[0]
    if rise > LEAST_RISE:
        first, last = (int(np.argmax(curve >= curve[0] + share * rise)) for share in RISE)
        first = max(min(first, last - 2), 0)
    times = series.dt * np.arange(first, last + 1)
    return float(np.polyfit(times, curve[first : last + 1], 1)[0])


MEASURES: Mapping[str, Callable[[Series], float]] = {
    "zero_one": lambda series: zero_one_test(series.thinned),
    "permutation": lambda series: permutation_entropy(series.x, order=ORDER, delay=series.delay),
    "complexity": lambda series: statistical_complexity(series.x, order=ORDER, delay=series.delay),
    "sample": lambda series: sample_entropy(series.late),
    "exponent": _exponent,
    "dimension": lambda series: correlation_dimension(series.points, theiler=series.theiler),
    "recurrence": lambda series: series.recurrences.rate,
    "determinism": lambda series: series.recurrences.determinism,
}
CHEAP = ("permutation", "complexity")  # of the whole series, however long


def measure_one(name: str, series: Series) -> Measured:
    """One measure of one series; a refusal is a reason and not an error.

    Examples
    --------
    >>> measure_one("zero_one", Series(np.arange(50.0) % 7, 1.0, 3, 1, 20_000)).why
    'has 50 times, expected at least 100 for these options; give a longer one'
    """
    if len(series.x) and not np.ptp(series.x):
        return Measured(math.nan, "the series is constant")
    try:
        value = float(MEASURES[name](series))
    except ValueError as error:
        return Measured(math.nan, _reason(name, series, one_line(error)))
    return Measured(value, "not defined for this series: too few close points" if math.isnan(value) else "")


def _reason(name: str, series: Series, message: str) -> str:
    """What a measure says, without the name that its argument has there."""
    text = message.removeprefix("x: ").removeprefix("trajectory: ")
    return f"{text} (every {series.delay}th value is taken)" if name == "zero_one" and series.delay > 1 else text


def choose_delay(x: np.ndarray) -> int:
    """Samples between the coordinates of a delay vector, from the series.

    Where the autocorrelation first falls below 1/e, or sooner, where the mutual information has its first minimum.  A
    minimum in less than half that time is a ripple, such as the histogram of a clean periodic series has.

    Examples
    --------
    The cosine of a period of 200.7 samples falls below 1/e after 38.1.

    >>> choose_delay(np.sin(2 * np.pi * np.arange(4000) / 200.7))
    39
    """
    longest = min(len(x) // 10, LONGEST_DELAY)
    if longest < 2 or not np.ptp(x):
        return 1
    centred = x - x.mean()
    power = np.abs(np.fft.rfft(centred, 2 * len(x))) ** 2
    correlation = np.fft.irfft(power)[: longest + 1]
    below = np.flatnonzero(correlation < correlation[0] / math.e)
    minimum = int(first_minimum(mutual_information(x, longest)))
    if not below.size:
        return max(minimum, 1)
    crossing = int(below[0])
    return minimum if crossing <= 2 * minimum <= 2 * crossing else crossing
