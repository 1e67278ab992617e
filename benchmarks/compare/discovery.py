"""Equations from samples, against PySINDy on the same arrays, and against the machine."""

from __future__ import annotations

import statistics
import sys
import tempfile
import warnings
from collections.abc import Iterator
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np

import fastsci
from benchmarks.compare.row import Row
from benchmarks.compare.timing import PAIRS, compare, seconds
from benchmarks.suites import processes
from fastsci.sparse import STLSQ, EnsembleSINDy, PolynomialLibrary, SINDy
from fastsci_kernels import ceilings
from fastsci_kernels.regress import features

SAMPLES, MANY = 100_000, 64_000
STREAMED = 100_000_000
BAGS = 50
BEST_OF = 20  # passes over the samples, which together take about as long as the measured ceiling


@cache
def lorenz_samples(n: int = SAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """States and exact derivatives on the attractor."""
    return _samples(fastsci.systems.lorenz63, [1.0, 2.0, 20.0], n, 1e-3)


@cache
def six_state_samples(n: int = MANY) -> tuple[np.ndarray, np.ndarray]:
    """Lorenz-96 of six sites, scaled to about one as one would for degree 5."""
    system = fastsci.systems.get("lorenz96", n=6)
    states, slopes = _samples(system, system.default_y0, n, 1e-2)
    return states / 4.0, slopes / 4.0


def _samples(system, start, n: int, dt: float) -> tuple[np.ndarray, np.ndarray]:
    times = np.linspace(0.0, n * dt, n)
    run = fastsci.solve_ensemble(system, (0.0, times[-1]), start, method="DOP853", rtol=1e-9, atol=1e-9, t_eval=times)
    states = np.ascontiguousarray(run.y[0].T)
    return states, np.array([system.rhs(0.0, state) for state in states])


def peer(degree: int, threshold: float):
    """PySINDy's model of the same library and optimizer."""
    import pysindy

    optimizer = pysindy.STLSQ(threshold=threshold, alpha=0.05)
    return pysindy.SINDy(optimizer=optimizer, feature_library=pysindy.PolynomialLibrary(degree=degree))


def _fit(figure: str, samples, degree: int, threshold: float, at_least: float, pairs: int) -> Row:
    states, slopes = samples
    ours = SINDy(PolynomialLibrary(degree=degree), STLSQ(threshold=threshold, alpha=0.05))
    theirs = peer(degree, threshold)

    def fit() -> np.ndarray:
        return ours.fit(states, x_dot=slopes).coef_

    def fit_peer() -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of axes that PySINDy names after they were named
            return theirs.fit(states, t=1e-3, x_dot=slopes).coefficients()

    found, peer_found = fit(), fit_peer()
    ratio = compare(fit, fit_peer, pairs)
    same = np.array_equal(found != 0, peer_found != 0)
    return Row(
        figure, ratio.median, ratio.low, ratio.high, at_least=at_least,
        steps_per_second=len(states) / ratio.seconds_a, peer_steps_per_second=len(states) / ratio.seconds_b,
        errors={"total": float(np.abs(found - peer_found).max())},
        note=f"samples a second; {ratio.seconds_a * 1e3:.3g} ms a fit; the error is the largest difference of the two;"
        f" {'same' if same else 'ANOTHER'} support, condition {ours.condition_:.1e}, route {ours.route_}",
    )  # fmt: skip


def _bags() -> Iterator[Row]:
    """Ensembles; one bag of PySINDy's is a whole fit of resampled rows, and is taken as often as there are bags."""
    states, slopes = six_state_samples()
    figure = f"{BAGS} bootstraps, six states, degree 5, {MANY:,} samples, against PySINDy's ensemble"
    if find_spec("pysindy") is None:
        yield _missing(figure, 500.0)
    else:
        import pysindy

        ours = EnsembleSINDy(BAGS, library=PolynomialLibrary(degree=5), optimizer=STLSQ(threshold=0.1), rng=0)
        own = [seconds(lambda: ours.fit(states, x_dot=slopes)) for _ in range(4)][1:]
        bag = pysindy.EnsembleOptimizer(pysindy.STLSQ(threshold=0.1), bagging=True, n_models=1)
        theirs = pysindy.SINDy(optimizer=bag, feature_library=pysindy.PolynomialLibrary(degree=5))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = seconds(lambda: theirs.fit(states, t=1e-3, x_dot=slopes))
        ratios = sorted(BAGS * one / each for each in own)
        yield Row(
            figure, statistics.median(ratios), ratios[0], ratios[-1], at_least=500.0,
            note=f"{statistics.median(own):.3g} s; PySINDy's one bag takes {one:.3g} s and is counted {BAGS} times",
        )  # fmt: skip
    states, slopes = lorenz_samples()
    many = EnsembleSINDy(1000, library=PolynomialLibrary(degree=3), optimizer=STLSQ(), rng=0)
    times = [seconds(lambda: many.fit(states, x_dot=slopes)) for _ in range(5)]
    yield Row(
        "1,000 bootstraps, Lorenz-63, degree 3, 100,000 samples", statistics.median(times[1:]), min(times[1:]),
        max(times[1:]), unit="s", at_most=1.0,
    )  # fmt: skip


def _limit() -> Iterator[Row]:
    """Sums over the rate of a loop of multiply-adds, one for each distinct product and sample."""
    for samples, degree, name in ((lorenz_samples(), 3, "Lorenz-63"), (lorenz_samples(), 5, "Lorenz-63"),
                                  (six_state_samples(), 5, "six states")):  # fmt: skip
        states, slopes = samples
        plan = PolynomialLibrary(degree=degree).plan(states.shape[1], states.shape[1])
        edges = features.pieces(plan, len(states))
        features.sums(plan, states, slopes, edges)
        shares = []
        for _ in range(PAIRS):
            rate = ceilings.multiply_adds(64, seconds=0.03) / 2
            taken = min(seconds(partial(features.sums, plan, states, slopes, edges)) for _ in range(BEST_OF))
            shares.append(taken * rate / (plan.distinct * len(states)))
        yield Row(
            f"moments of {name}, degree {degree}: time over its arithmetic limit", statistics.median(shares),
            min(shares), max(shares), unit="", at_most=3.0,
            note=f"{plan.distinct:,} distinct products a sample; the best of {BEST_OF} passes",
        )  # fmt: skip


def _use() -> Iterator[Row]:
    """A fitted model at one state, and simulated."""
    states, slopes = lorenz_samples()
    model = SINDy(PolynomialLibrary(degree=2)).fit(states, x_dot=slopes)
    model.predict(states[0])
    times = []
    for _ in range(2000):
        began = perf_counter()
        model.predict(states[0])
        times.append((perf_counter() - began) * 1e6)
    yield Row(
        "predict of a fitted model, one state", statistics.median(times), min(times),
        float(np.quantile(times, 0.95)), unit="us", at_most=20.0, note="the range ends at the 95th percentile",
    )  # fmt: skip
    figure = "simulate 1,000 initial conditions for one time unit, against PySINDy one by one"
    if find_spec("pysindy") is None:
        yield _missing(figure, 100.0)
        return
    theirs = peer(2, 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(states, t=1e-3, x_dot=slopes)
    starts, t_eval = states[:: len(states) // 1000][:1000], np.linspace(0.0, 1.0, 101)

    def simulate() -> np.ndarray:
        return model.simulate(starts, t_eval)

    few = 3
    found = simulate()
    began = perf_counter()
    expected = np.stack([theirs.simulate(start, t_eval) for start in starts[:few]])
    one = (perf_counter() - began) / few
    own = [seconds(simulate) for _ in range(5)]
    ratios = sorted(1000 * one / each for each in own)
    yield Row(
        figure, statistics.median(ratios), ratios[0], ratios[-1], at_least=100.0,
        errors={"total": float(np.abs(found[:few] - expected).max())},
        note=f"{statistics.median(own) * 1e3:.3g} ms; PySINDy takes {one:.2g} s each, from {few}; the error is the"
        " largest difference",
    )  # fmt: skip


STREAM = """\
import json, re, sys
import numpy as np
from time import perf_counter
from fastsci.sparse import Moments, PolynomialLibrary

def private():
    with open("/proc/self/status") as file:
        return int(re.search(r"RssAnon:\\s+(\\d+)", file.read())[1]) * 1024

x = np.load(sys.argv[1], mmap_mode="r")
Moments(PolynomialLibrary(degree=3)).add(x[:1000], x[:1000])
before = private()
began = perf_counter()
Moments(PolynomialLibrary(degree=3)).add(x, x)
print(json.dumps([private() - before, perf_counter() - began]))
"""


def _streamed() -> Row:
    figure = f"memory for {STREAMED:,} samples of a memory map, beyond the page cache"
    if sys.platform != "linux":
        return Row(figure, unit="MB", at_most=300.0, note="not run: needs Linux's account of private memory")
    import json
    import os
    import subprocess

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.npy")
        mapped = np.lib.format.open_memmap(path, "w+", np.float64, (STREAMED, 3))
        tile = lorenz_samples()[0] / 20.0
        for first in range(0, STREAMED, len(tile)):
            mapped[first : first + len(tile)] = tile
        mapped.flush()
        del mapped
        where = os.pathsep.join([str(processes.ROOT), str(processes.ROOT / "kernels")])
        answer = subprocess.run(
            [sys.executable, "-c", STREAM, str(path)], env={**os.environ, "PYTHONPATH": where}, check=True,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    private, taken = json.loads(answer.stdout)
    return Row(figure, private / 1e6, unit="MB", at_most=300.0, note=f"degree 3; {taken:.3g} s")


FIRST_FIT = """\
import time
began = time.perf_counter()
import numpy as np
import fastsci
x = np.random.default_rng(0).uniform(-1.0, 1.0, (10_000, 3))
model = fastsci.SINDy(fastsci.PolynomialLibrary(degree=3)).fit(x, x_dot=x)
print(time.perf_counter() - began)
assert model.coef_.shape == (3, 20)
"""


def _first_fit() -> Row:
    with tempfile.TemporaryDirectory() as folder:
        cold = processes.run(FIRST_FIT, folder)
        times = [processes.run(FIRST_FIT, folder) for _ in range(5)]
    return Row(
        "first fit in a new process", statistics.median(times), min(times), max(times), unit="s", at_most=1.0,
        note=f"with every import; {cold:.2g} s on a machine that has never compiled it",
    )  # fmt: skip


def _missing(figure: str, at_least: float) -> Row:
    return Row(figure, at_least=at_least, note="not run: pysindy is not installed")


def rows() -> Iterator[Row]:
    """Every figure of equation discovery."""
    for degree, at_least in ((2, 60.0), (3, 60.0), (5, 100.0)):
        figure = f"SINDy fit, Lorenz-63, {SAMPLES:,} samples, degree {degree}, against PySINDy"
        if find_spec("pysindy") is None:
            yield _missing(figure, at_least)
        else:
            yield _fit(figure, lorenz_samples(), degree, 0.1, at_least, PAIRS)
    figure = f"SINDy fit, six states, degree 5 (462 terms), {MANY:,} samples, against PySINDy"
    if find_spec("pysindy") is None:
        yield _missing(figure, 200.0)
    else:
        yield _fit(figure, six_state_samples(), 5, 0.1, 200.0, 3)
    yield from _bags()
    yield from _limit()
    yield from _use()
    yield _first_fit()
    yield _streamed()
