"""Rosenstein's method: all neighbours by brute force, nolds, and exponents that are known."""

import math

import numpy as np
import pytest

from fastsci.chaos.divergence import divergence_curve, largest_exponent
from tests.chaos.nolds_peer import nolds
from tests.chaos.orbits import henon, logistic, lorenz
from tests.naive import measures_of_series as naive

OPTIONS = [(1, 1, 0, 5), (3, 2, 4, 7), (10, 1, 20, 3), (2, 5, 1, 1)]


@pytest.mark.parametrize(("order", "delay", "theiler", "horizon"), OPTIONS)
@pytest.mark.parametrize("x", [logistic(3.9, 300), lorenz(600, 0.1)[:280, 0]], ids=["logistic", "lorenz"])
def test_as_brute_force(x, order, delay, theiler, horizon):
    found = divergence_curve(x, order=order, delay=delay, theiler=theiler, horizon=horizon)
    assert found == pytest.approx(naive.divergence_curve(x, order, delay, theiler, horizon), abs=1e-12)


def test_of_equally_near_neighbours_the_first_is_followed():
    x = np.round(10 * logistic(3.9, 200))
    found = divergence_curve(x, order=2, theiler=1, horizon=4)
    assert found == pytest.approx(naive.divergence_curve(x, 2, 1, 1, 4), abs=1e-12)


@pytest.mark.parametrize("order", [2, 5])
def test_as_nolds(order):
    x = logistic(3.9, 1000)
    expected = nolds.lyap_r(x, emb_dim=order, lag=1, min_tsep=12, trajectory_len=6, fit="poly", tau=0.5)
    found = largest_exponent(x, order=order, theiler=12, horizon=5, dt=0.5)
    assert found == pytest.approx(expected, abs=1e-10)


def test_the_mean_period_is_the_default():
    time = np.arange(2000)
    x = np.cos(2 * math.pi * time / 40) + 1e-3 * np.random.default_rng(2).normal(size=2000)
    automatic = divergence_curve(x, order=2)
    assert any((automatic == divergence_curve(x, order=2, theiler=period)).all() for period in (39, 40, 41))
    assert (divergence_curve(x + 1000.0, order=2) - automatic)[1:] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_logistic(order):
    exponent = largest_exponent(logistic(4.0, 5000), order=order, horizon=6)
    assert exponent == pytest.approx(math.log(2.0), rel=0.02)


def test_henon():
    # 0.4192 per iteration: Sprott, Chaos and Time-Series Analysis (Oxford, 2003), appendix A.
    assert largest_exponent(henon(5000)[:, 0], order=2, horizon=10, fit=(1, 8)) == pytest.approx(0.4192, rel=0.1)


def test_lorenz():
    # 0.9056 per unit of time: Sprott (2003), appendix A.
    x = lorenz(20_000, 0.02)[:10_000, 0]
    exponent = largest_exponent(x, order=3, delay=5, theiler=50, horizon=150, fit=(25, 150), dt=0.02)
    assert exponent == pytest.approx(0.9056, rel=0.05)


def test_a_quasiperiodic_series_does_not_part():
    x = np.cos(np.arange(3000)) + np.cos(math.sqrt(2.0) * np.arange(3000))
    assert abs(largest_exponent(x, order=5, horizon=20)) < 0.01


def test_time_is_in_units_of_dt():
    x = logistic(3.9, 600)
    assert largest_exponent(x, dt=0.25) == pytest.approx(4.0 * largest_exponent(x), rel=1e-14)
    curve = divergence_curve(x)
    assert largest_exponent(x, fit=(1, 2)) == pytest.approx(curve[2] - curve[1], rel=1e-12)


def test_a_constant_series_has_no_pairs_apart():
    assert np.isnan(divergence_curve(np.ones(100))).all()
    assert math.isnan(largest_exponent(np.ones(100)))


def test_an_exact_period_has_no_pairs_apart():
    assert math.isnan(largest_exponent(np.tile([0.0, 1.0, 3.0], 50), theiler=1))


def test_the_shortest_series_has_a_neighbour():
    x = np.array([0.0, 1.0, 0.5, 0.2])
    assert np.isfinite(divergence_curve(x, order=1, theiler=0, horizon=2)).all()
