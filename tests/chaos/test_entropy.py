"""Sample entropy and approximate entropy: the naive count, nolds and antropy, and what is true of noise and order."""

import math

import antropy
import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsci.chaos.entropy import approximate_entropy, sample_entropy
from tests.chaos.nolds_peer import nolds
from tests.chaos.orbits import logistic
from tests.naive import measures_of_series as naive

NOISE = np.random.default_rng(5).normal(size=20_000)
COSINE = np.cos(np.linspace(0, 30, 100))


def naive_sample_entropy(x, order, radius, closed=False):
    pairs, longer = naive.matching_pairs(x, order, radius, closed)
    return math.log(pairs / longer) if longer else (math.inf if pairs else math.nan)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("radius", [0.3, 1.0, 20.0])
@pytest.mark.parametrize("x", [NOISE[:301], logistic(3.9, 300), np.round(NOISE[:250], 1)], ids=["noise", "map", "ties"])
def test_as_the_naive_count(x, order, radius):
    # Ties at a distance of the radius itself are decided by rounding, the same here and there.
    expected = naive_sample_entropy(x, order, radius)
    assert sample_entropy(x, order=order, radius=radius) == pytest.approx(expected, abs=1e-12)
    expected = naive_sample_entropy(x, order, radius, closed=True)
    assert sample_entropy(x, order=order, radius=radius, closed=True) == pytest.approx(expected, abs=1e-12)
    expected = naive.approximate_entropy(x, order, radius)
    assert approximate_entropy(x, order=order, radius=radius) == pytest.approx(expected, abs=1e-12)


def test_pieces_of_long_series_miss_no_pair():
    x = NOISE[:2600]  # more than two pieces, and longer than a block
    assert sample_entropy(x, radius=0.5) == naive_sample_entropy(x, 2, 0.5)
    assert sample_entropy(x, radius=9.0) == naive_sample_entropy(x, 2, 9.0)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_as_nolds(order):
    for x in (NOISE[:600], COSINE, logistic(3.7, 500)):
        radius = 0.2 * np.std(x, ddof=1)
        assert sample_entropy(x, order=order, radius=radius) == pytest.approx(
            nolds.sampen(x, emb_dim=order, tolerance=radius), abs=1e-12
        )


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("count", [1000, 6000], ids=["its loop", "its tree"])
def test_as_antropy(order, count):
    x = NOISE[:count]
    assert sample_entropy(x, order=order) == pytest.approx(antropy.sample_entropy(x, order=order), abs=1e-12)
    assert approximate_entropy(x, order=order) == pytest.approx(antropy.app_entropy(x, order=order), abs=1e-11)


def test_the_cosine_on_which_packages_disagreed():
    # nolds, with the absolute tolerance 0.2; counting the last template too would give 0.26809.
    assert sample_entropy(COSINE, radius=0.2) == pytest.approx(0.2767230586620615, abs=1e-13)


def test_the_three_values_in_turn():
    # Of the 50 templates of length 2, 17 begin with 85, 17 with 80 and 16 with 89; of the 49 of length 3, 17, 16, 16.
    x = np.tile([85, 80, 89], 17)
    two = (34 * math.log(17 / 50) + 16 * math.log(16 / 50)) / 50
    three = (17 * math.log(17 / 49) + 32 * math.log(16 / 49)) / 49
    assert approximate_entropy(x, radius=3.0) == pytest.approx(two - three, abs=1e-14)
    assert abs(two - three) == pytest.approx(1.0996541105e-05, abs=1e-14)  # the figure that circulates
    assert sample_entropy(x, radius=3.0) == 0.0


def test_independent_values_match_with_the_chance_of_one():
    # For independent normal values the chance that two differ by less than r is erf(r / (2 sd)).
    expected = -math.log(math.erf(0.2 / 2.0))
    assert sample_entropy(NOISE) == pytest.approx(expected, abs=0.03)
    assert sample_entropy(NOISE, order=1) == pytest.approx(expected, abs=0.01)


def test_chaos_is_less_regular_than_a_period_and_more_than_noise():
    period, chaos = (sample_entropy(logistic(r, 2000)) for r in (3.5, 3.9))
    assert period == 0.0
    assert 0.1 < chaos < sample_entropy(NOISE[:2000])


def test_a_constant_series():
    x = np.full(30, 2.5)
    assert math.isnan(sample_entropy(x))
    assert sample_entropy(x, closed=True) == 0.0
    assert sample_entropy(x, radius=0.1) == 0.0
    assert approximate_entropy(x) == 0.0
    assert math.isnan(approximate_entropy(x, closed=False))


def test_nothing_that_matches_at_one_value_more():
    assert sample_entropy([0.0, 0.1, 0.0, 5.0, 0.0, 0.1, 9.0], radius=0.5) == math.inf
    assert math.isnan(sample_entropy(np.arange(30.0), radius=0.5))


def test_a_radius_for_each_series():
    x = np.stack((NOISE[:400], NOISE[400:800]))
    both = sample_entropy(x, radius=[0.3, 0.7])
    assert both.tolist() == [sample_entropy(x[0], radius=0.3), sample_entropy(x[1], radius=0.7)]


def test_slabs_of_a_large_batch_are_put_together(monkeypatch):
    from fastsci.chaos import entropy

    x = NOISE.reshape(50, 400)
    whole = sample_entropy(x), approximate_entropy(x)
    monkeypatch.setattr(entropy, "_SLAB", 1300)
    assert (sample_entropy(x) == whole[0]).all()
    assert (approximate_entropy(x) == whole[1]).all()


@settings(max_examples=60)
@given(
    hnp.arrays(np.int64, st.integers(5, 40), elements=st.integers(-8, 8)),
    st.integers(1, 3),
    st.integers(0, 6),
    st.booleans(),
)
def test_whole_numbers_are_counted_exactly(x, order, radius, closed):
    expected = naive_sample_entropy(x, order, radius, closed)
    found = sample_entropy(x, order=order, radius=radius, closed=closed)
    assert found == pytest.approx(expected, abs=1e-13, nan_ok=True)
    # A shift and a power of two are exact, and change no match.
    assert sample_entropy(64 - 4 * x, order=order, radius=4 * radius, closed=closed) == pytest.approx(
        found, abs=0.0, nan_ok=True
    )
