"""The 0-1 test: its definition written out, and the verdicts on regular and chaotic series."""

import math

import numpy as np
import pytest

from fastsci.chaos.zero_one import zero_one_test
from tests.chaos.orbits import logistic, lorenz
from tests.naive import measures_of_series as naive

NOISE = np.random.default_rng(7).normal(size=2000)
PERIODIC = (3.2, 3.5, 3.55, 3.83)
CHAOTIC = (3.7, 3.9, 3.97, 4.0)


@pytest.mark.parametrize("n_cut", [None, 2, 9, 16, 50])
@pytest.mark.parametrize("damping", [0.0, 2.5])
@pytest.mark.parametrize(
    "x", [logistic(3.97, 307), logistic(3.55, 400), NOISE[:333] + 3.0], ids=["chaos", "8", "noise"]
)
def test_as_the_definition(x, n_cut, damping):
    frequencies = np.linspace(0.7, 2.4, 7)
    expected = naive.zero_one(x, frequencies, n_cut or len(x) // 10, damping)
    found = zero_one_test(x, frequencies=frequencies, n_cut=n_cut, damping=damping)
    assert found == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("r", PERIODIC)
def test_a_period_is_regular(r):
    assert abs(zero_one_test(logistic(r, 1000))) < 0.1


@pytest.mark.parametrize("r", CHAOTIC)
def test_chaos_is_told(r):
    assert zero_one_test(logistic(r, 1000)) > 0.9


def test_two_incommensurate_periods_are_regular():
    time = np.arange(5000)
    assert abs(zero_one_test(np.cos(time) + np.cos(math.sqrt(3.0) * time))) < 0.1


def test_a_flow_sampled_finely_looks_regular_and_thinned_chaotic():
    x = lorenz(20_000, 0.02)[:, 0]
    assert zero_one_test(x[:2000]) < 0.5
    assert zero_one_test(x[::25]) > 0.9


def test_damping_lowers_the_verdict_on_weak_noise():
    x = logistic(3.55, 1000) + 0.05 * NOISE[:1000]
    assert zero_one_test(x, damping=2.5) < zero_one_test(x) - 0.1


def test_frequencies_follow_from_the_seed():
    x = logistic(3.97, 500)
    drawn = np.random.default_rng(4).uniform(math.pi / 5, 4 * math.pi / 5, 11)
    assert zero_one_test(x, n_frequencies=11, seed=4) == zero_one_test(x, frequencies=drawn)
    assert zero_one_test(x, seed=1) == zero_one_test(x, seed=1)
    assert zero_one_test(x, seed=1) != zero_one_test(x, seed=2)


@pytest.mark.parametrize("power", [-900, -300, 5, 900])
def test_units_do_not_matter(power):
    x = logistic(3.97, 400)
    assert zero_one_test(np.ldexp(x, power)) == zero_one_test(x)
    assert zero_one_test(-x) == zero_one_test(x)


def test_a_constant_series_has_no_displacement():
    assert math.isnan(zero_one_test(np.full(200, 0.7)))
    assert math.isnan(zero_one_test(np.zeros(200)))
    both = zero_one_test(np.stack((np.zeros(400), logistic(3.97, 400))))
    assert math.isnan(both[0])
    assert both[1] == zero_one_test(logistic(3.97, 400))
