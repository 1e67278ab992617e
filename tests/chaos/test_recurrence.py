"""Recurrence quantification: the stored plot, and what is true of periods, lines and noise."""

import math

import numpy as np
import pytest

from fastsci.chaos.correlation import correlation_sum
from fastsci.chaos.recurrence import determinism, recurrence_quantification, recurrence_rate
from tests.chaos.orbits import logistic, lorenz
from tests.naive import measures_of_series as naive

NOISE = np.random.default_rng(13).normal(size=(1100, 2))


@pytest.mark.parametrize("norm", ["euclidean", "chebyshev"])
@pytest.mark.parametrize("theiler", [0, 7])
@pytest.mark.parametrize("shortest", [1, 2, 4])
@pytest.mark.parametrize("points", [NOISE[:700], lorenz(600, 0.1) / 8.0], ids=["noise", "lorenz"])
def test_as_the_stored_plot(points, shortest, theiler, norm):
    lengths = np.array(naive.line_lengths(points, 0.8, theiler, norm))
    lines = lengths[lengths >= shortest]
    found = recurrence_quantification(points, radius=0.8, shortest=shortest, theiler=theiler, norm=norm)
    free = len(points) - theiler
    assert found.rate == pytest.approx(lengths.sum() / (free * (free - 1) / 2), abs=1e-15)
    assert found.determinism == pytest.approx(lines.sum() / lengths.sum(), abs=1e-15)
    assert found.mean_line == pytest.approx(lines.mean(), abs=1e-12)
    assert found.longest_line == lines.max()


def test_one_pass_and_single_measures_agree():
    found = recurrence_quantification(NOISE, radius=0.5, theiler=3)
    assert found.rate == recurrence_rate(NOISE, radius=0.5, theiler=3)
    assert found.rate == correlation_sum(NOISE, 0.5, theiler=3)
    assert found.determinism == determinism(NOISE, radius=0.5, theiler=3)


def test_a_line_longer_than_a_block_is_one_line():
    angle = 2 * math.pi * np.arange(2000)[:, np.newaxis] / 50
    found = recurrence_quantification(np.hstack((np.cos(angle), np.sin(angle))), radius=0.01)
    assert found.longest_line == 1950
    assert found.determinism == 1.0
    assert found.mean_line == np.mean(np.arange(50, 2000, 50))


def test_a_constant_trajectory_always_comes_back():
    found = recurrence_quantification(np.ones((40, 2)), radius=0.1)
    # The corner of the plot is a diagonal of one point, which is no line.
    assert (found.rate, found.determinism, found.longest_line) == (1.0, 779 / 780, 39)


def test_a_trajectory_that_never_comes_back():
    found = recurrence_quantification(np.arange(40.0)[:, np.newaxis], radius=0.5)
    assert found.rate == 0.0
    assert math.isnan(found.determinism)
    assert math.isnan(found.mean_line)
    assert found.longest_line == 0


def test_independent_points_lie_on_lines_by_chance_alone():
    # A recurrent point stands alone with the chance (1 - rate)^2, where neighbours on a diagonal are independent.
    found = recurrence_quantification(NOISE[:, :1], radius=0.2)
    assert found.determinism == pytest.approx(1.0 - (1.0 - found.rate) ** 2, abs=0.02)


def test_chaos_is_more_determined_than_its_shuffled_values():
    x = logistic(3.9, 1000)[:, np.newaxis]
    shuffled = np.random.default_rng(1).permutation(x)
    assert recurrence_rate(shuffled, radius=0.02) == recurrence_rate(x, radius=0.02)
    assert determinism(x, radius=0.02) > determinism(shuffled, radius=0.02) + 0.3


def test_a_shift_and_a_power_of_two_change_nothing():
    whole = np.round(20.0 * NOISE[:300])
    found = recurrence_quantification(whole, radius=4.0)
    assert found == recurrence_quantification(8.0 * whole + 3.0, radius=32.0)


def test_time_may_run_backwards():
    found = recurrence_quantification(NOISE, radius=0.5, theiler=2)
    assert found == recurrence_quantification(NOISE[::-1], radius=0.5, theiler=2)
