"""Two solvers side by side: A B A B, so that what else the machine does falls on both."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, sleep

PAIRS = 9
LONGEST_REPEAT = 64
REST_SECONDS = 0.1  # between sides: threads of a BLAS keep their processors busy for a while after a call


@dataclass(frozen=True)
class Ratio:
    """Seconds of one call of each, and of B over A the median and the extremes over the pairs."""

    median: float
    low: float
    high: float
    seconds_a: float
    seconds_b: float


def seconds(call: Callable[[], object], repeats: int = 1) -> float:
    """Mean wall time of one call."""
    began = perf_counter()
    for _ in range(repeats):
        call()
    return (perf_counter() - began) / repeats


def rested(call: Callable[[], object], repeats: int) -> float:
    """The same, when the threads of what ran before have gone to sleep."""
    sleep(REST_SECONDS)
    return seconds(call, repeats)


def compare(a: Callable[[], object], b: Callable[[], object], pairs: int = PAIRS) -> Ratio:
    """Time of B over time of A.  Within a pair both sides run for about as long, the quicker one several times."""
    first_a, first_b = seconds(a), seconds(b)
    repeats_a, repeats_b = (
        max(1, min(LONGEST_REPEAT, round(max(first_a, first_b) / own))) for own in (first_a, first_b)
    )
    gc.collect()
    times = [(rested(a, repeats_a), rested(b, repeats_b)) for _ in range(pairs)]
    ratios = [time_b / time_a for time_a, time_b in times]
    times_a, times_b = zip(*times, strict=True)
    return Ratio(
        statistics.median(ratios), min(ratios), max(ratios), statistics.median(times_a), statistics.median(times_b)
    )
