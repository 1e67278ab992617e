"""Permutation entropy and statistical complexity: the naive loop, ordpy, and what is true of order and noise."""

import itertools
import math

import hypothesis.extra.numpy as hnp
import numpy as np
import ordpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsci.chaos.ordinal import (
    ordinal_distribution,
    ordinal_patterns,
    permutation_entropy,
    statistical_complexity,
)
from tests.chaos.orbits import logistic
from tests.naive import measures_of_series as naive

NOISE = np.random.default_rng(3).normal(size=100_000)
TIED = np.round(NOISE[:2003], 1)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
@pytest.mark.parametrize("delay", [1, 3])
@pytest.mark.parametrize("x", [NOISE[:1030], TIED[:500]], ids=["noise", "ties"])
def test_as_the_naive_loop(x, order, delay):
    expected = naive.ordinal_distribution(x, order, delay)
    found = ordinal_distribution(x, order=order, delay=delay)
    assert found == pytest.approx(expected, abs=1e-15)
    entropy = permutation_entropy(x, order=order, delay=delay, normalize=False)
    assert entropy == pytest.approx(naive.shannon(expected), abs=1e-12)
    complexity = statistical_complexity(x, order=order, delay=delay)
    assert complexity == pytest.approx(naive.statistical_complexity(expected), abs=1e-12)


@pytest.mark.parametrize("order", range(2, 8))
@pytest.mark.parametrize("x", [NOISE[:20_000], TIED, logistic(4.0, 5000)], ids=["noise", "ties", "logistic"])
def test_as_ordpy(x, order):
    entropy, complexity = ordpy.complexity_entropy(x, dx=order, taux=2)
    assert permutation_entropy(x, order=order, delay=2) == pytest.approx(entropy, abs=1e-12)
    assert statistical_complexity(x, order=order, delay=2) == pytest.approx(complexity, abs=1e-12)


def test_frequencies_in_the_order_of_ordpy():
    patterns, frequencies = ordpy.ordinal_distribution(TIED, dx=3)
    assert (ordinal_patterns(3) == patterns).all()
    assert ordinal_distribution(TIED, order=3) == pytest.approx(frequencies, abs=1e-15)


def test_the_example_of_bandt_and_pompe():
    x = [4, 7, 9, 10, 6, 11, 3]
    bits = permutation_entropy(x, order=2, normalize=False) / math.log(2.0)
    assert bits == pytest.approx(-(4 / 6) * math.log2(4 / 6) - (2 / 6) * math.log2(2 / 6), abs=1e-15)
    assert permutation_entropy(x, order=3, normalize=False) / math.log(2.0) == pytest.approx(1.522, abs=5e-4)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_white_noise_has_all_patterns(order):
    assert 0.999 < permutation_entropy(NOISE, order=order) <= 1.0
    assert 0.0 <= statistical_complexity(NOISE, order=order) < 0.001


def test_the_fully_chaotic_logistic_map_never_falls_twice():
    # x < f(x) < f(f(x)) where x < 1/4, which the arcsine density gives the chance 2 asin(1/2) / pi.
    frequencies = dict(
        zip(itertools.permutations(range(3)), ordinal_distribution(logistic(4.0, 400_000), order=3), strict=True)
    )
    assert frequencies[2, 1, 0] == 0.0
    assert frequencies[0, 1, 2] == pytest.approx(1 / 3, abs=3e-3)


@pytest.mark.parametrize("order", range(2, 9))
def test_a_series_that_rises_or_stays_has_one_pattern(order):
    for x in (np.arange(50.0), np.ones(50)):
        assert permutation_entropy(x, order=order) == 0.0
        assert statistical_complexity(x, order=order) == 0.0
        assert ordinal_distribution(x, order=order)[0] == 1.0


def test_a_fall_has_the_last_pattern():
    assert ordinal_distribution(-np.arange(30.0), order=4)[-1] == 1.0


@settings(max_examples=60)
@given(hnp.arrays(np.int64, st.integers(20, 60), elements=st.integers(-50, 50)), st.integers(2, 5), st.integers(1, 3))
def test_monotone_maps_change_nothing(x, order, delay):
    for image in (np.exp(x / 10.0), x**3, 2 * x - 7):
        assert (
            ordinal_distribution(x, order=order, delay=delay) == ordinal_distribution(image, order=order, delay=delay)
        ).all()


@settings(max_examples=60)
@given(hnp.arrays(np.int64, st.integers(8, 60), elements=st.integers(-5, 5)), st.integers(2, 4))
def test_frequencies_add_up_and_measures_keep_their_bounds(x, order):
    assert ordinal_distribution(x, order=order).sum() == pytest.approx(1.0, abs=1e-14)
    assert 0.0 <= permutation_entropy(x, order=order) <= 1.0 + 1e-15
    assert 0.0 <= statistical_complexity(x, order=order) < 0.6
    assert ordinal_distribution(x, order=order) == pytest.approx(naive.ordinal_distribution(x, order, 1), abs=1e-15)


def test_the_list_of_patterns_is_the_callers_own():
    ordinal_patterns(3)[:] = 0
    assert ordinal_patterns(3).tolist() == [list(pattern) for pattern in itertools.permutations(range(3))]
