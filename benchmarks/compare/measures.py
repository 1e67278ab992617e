"""Measures of series against the packages that people use, on the same series."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from importlib.util import find_spec
from time import perf_counter

import numpy as np

from benchmarks.compare.row import Row
from benchmarks.compare.timing import compare
from fastsci import chaos

POINTS = 100_000
SERIES, SHORT = 10_000, 1_000


def _noise(points: int = POINTS) -> np.ndarray:
    return np.random.default_rng(0).normal(size=points)


def _missing(figure: str, at_least: float, needs: str) -> Row:
    return Row(figure, at_least=at_least, note=f"not run: {needs} is not installed")


def _permutation_entropy() -> Iterator[Row]:
    x = _noise()
    for order in (3, 5):
        figure = f"permutation entropy, order {order}, {POINTS:,} points, against ordpy"
        if find_spec("ordpy") is None:
            yield _missing(figure, 100.0, "ordpy")
            continue
        import ordpy

        def ours(order: int = order) -> float:
            return chaos.permutation_entropy(x, order=order)

        def theirs(order: int = order) -> float:
            return ordpy.permutation_entropy(x, dx=order)

        ratio = compare(ours, theirs, pairs=5)
        yield Row(
            figure, ratio.median, ratio.low, ratio.high, at_least=100.0, steps_per_second=POINTS / ratio.seconds_a,
            peer_steps_per_second=POINTS / ratio.seconds_b, errors={"total": abs(ours() - theirs())},
            note="points a second; the error is the difference of the two",
        )  # fmt: skip


def _sample_entropy() -> Iterator[Row]:
    figure = f"sample entropy, {POINTS:,} points, against antropy"
    if find_spec("antropy") is None:
        yield _missing(figure, 10.0, "antropy")
        return
    import antropy

    x = _noise()
    chaos.sample_entropy(x[:1000])
    antropy.sample_entropy(x[:1000])
    pairs = []
    for _ in range(2):
        began = perf_counter()
        for _ in range(5):
            ours = chaos.sample_entropy(x)
        middle = perf_counter()
        theirs = antropy.sample_entropy(x)
        pairs.append(((middle - began) / 5.0, perf_counter() - middle))
    ratios = sorted(b / a for a, b in pairs)
    own, peer = sorted(pairs)[0]
    yield Row(
        figure, statistics.median(ratios), ratios[0], ratios[-1], at_least=10.0, steps_per_second=POINTS / own,
        peer_steps_per_second=POINTS / peer, errors={"total": abs(ours - theirs)},
        note="points a second; the error is the difference of the two",
    )  # fmt: skip


def _zero_one() -> Iterator[Row]:
    """Logistic maps over the whole range of their parameter, where the exponent says which are chaotic."""
    import fastsci

    r = np.linspace(3.5, 4.0, SERIES)
    x = fastsci.iterate_map(fastsci.systems.logistic, 5000, params={"r": r}, save_last=SHORT).y[:, 0]
    series = np.ascontiguousarray(x)
    chaos.zero_one_test(series[:2])
    seconds = []
    for _ in range(3):
        began = perf_counter()
        found = chaos.zero_one_test(series)
        seconds.append(perf_counter() - began)
    exponent = fastsci.lyapunov_spectrum(
        fastsci.systems.logistic, params={"r": r}, t_transient=5000, t_total=50_000
    ).exponents[:, 0]
    clear = np.abs(exponent) > 0.02
    agree = float(((found > 0.5) == (exponent > 0.0))[clear].mean())
    yield Row(
        f"0-1 test of {SERIES:,} series of {SHORT:,} points, one call", statistics.median(seconds), min(seconds),
        max(seconds), unit="s", steps_per_second=SERIES * SHORT / statistics.median(seconds),
        note=f"points a second; agrees with the sign of the Lyapunov exponent for {100 * agree:.4g} % of the logistic"
        f" maps, where that is clear of zero by 0.02",
    )  # fmt: skip


def rows() -> Iterator[Row]:
    """Entropies against their peers, and many series in one call."""
    yield from _permutation_entropy()
    yield from _sample_entropy()
    yield from _zero_one()


if __name__ == "__main__":
    for row in rows():
        print(row.figure, f"{row.value:.3g} ({row.low:.3g} to {row.high:.3g})", row.errors, row.note)
