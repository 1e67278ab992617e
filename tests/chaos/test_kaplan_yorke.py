"""The Kaplan-Yorke dimension: by hand, of systems in the literature, and between its bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsci.chaos import kaplan_yorke

RATES = st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=7)


def naive(exponents):
    """The definition, one exponent after another."""
    rates = sorted(exponents, reverse=True)
    total = 0.0
    for count, rate in enumerate(rates):
        if total + rate < 0.0:
            return count + total / abs(rate)
        total += rate
    return float(len(rates))


@pytest.mark.parametrize(
    ("exponents", "dimension"),
    [
        # Sprott, Chaos and Time-Series Analysis (2003), appendix A: Henon, Lorenz, Rossler.
        ((0.41922, -1.62319), 1.25827),
        ((0.9056, 0.0, -14.5723), 2.06215),
        ((0.0714, 0.0, -5.3943), 2.0132),
    ],
)
def test_dimensions_of_the_literature(exponents, dimension):
    assert kaplan_yorke(exponents) == pytest.approx(dimension, abs=1e-4)


@given(RATES)
@settings(max_examples=100)
def test_it_is_the_definition(exponents):
    assert kaplan_yorke(exponents) == pytest.approx(naive(exponents), abs=1e-9)


@given(RATES, st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_neither_order_nor_company_matter_and_the_bounds_hold(exponents, random):
    shuffled = random.sample(exponents, len(exponents))
    alone = kaplan_yorke(exponents)
    assert kaplan_yorke(shuffled) == alone
    assert 0.0 <= alone <= len(exponents)
    batch = np.array([[0.5] * len(exponents), exponents, [-1.0] * len(exponents)])
    np.testing.assert_array_equal(kaplan_yorke(batch), [len(exponents), alone, 0.0])


@given(RATES, st.sampled_from([0.25, 0.5, 2.0, 8.0]))
def test_the_unit_of_time_does_not_matter(exponents, unit):
    assert kaplan_yorke([unit * rate for rate in exponents]) == kaplan_yorke(exponents)


@given(RATES)
def test_a_spectrum_cut_short_says_the_same_or_nothing(exponents):
    rates = sorted(exponents, reverse=True)
    whole = kaplan_yorke(rates)
    for count in range(1, len(rates) + 1):
        open_ended = np.cumsum(rates[:count])[-1] >= 0.0
        expected = np.nan if open_ended else whole
        np.testing.assert_allclose(kaplan_yorke(rates[:count], complete=False), expected, rtol=0, atol=1e-12)


def test_special_spectra():
    assert kaplan_yorke([-1.0, -2.0]) == 0.0
    assert kaplan_yorke([0.0, 0.0]) == 2.0
    assert kaplan_yorke([0.0, -1.0]) == 1.0
    assert kaplan_yorke([1.0, -1.0]) == 2.0
    assert kaplan_yorke([1.0, -np.inf]) == 1.0
    assert kaplan_yorke([1.0, 2.0]) == 2.0
    assert np.isnan(kaplan_yorke([1.0, 2.0], complete=False))


def test_one_that_is_not_finite_leaves_the_others():
    spectra = np.array([[0.9, 0.0, -14.5], [np.nan, 0.0, -1.0], [np.inf, 0.0, -1.0]])
    np.testing.assert_array_equal(kaplan_yorke(spectra), [kaplan_yorke(spectra[0]), np.nan, np.nan])


def test_any_array_of_numbers():
    spectra = np.array([[2, 0, -4], [1, 0, -2]])
    expected = np.array([2.5, 2.5])
    np.testing.assert_array_equal(kaplan_yorke(spectra), expected)
    np.testing.assert_array_equal(kaplan_yorke(spectra.astype(np.float32)), expected)
    frozen = np.asfortranarray(spectra.astype(float))
    frozen.flags.writeable = False
    np.testing.assert_array_equal(kaplan_yorke(frozen), expected)
    assert kaplan_yorke(spectra.reshape(1, 2, 3)).shape == (1, 2)
    assert kaplan_yorke(np.zeros((0, 3))).shape == (0,)


def test_what_is_no_spectrum_is_refused():
    for wrong in (1.0, [], np.zeros((2, 0))):
        with pytest.raises(ValueError, match="exponents"):
            kaplan_yorke(wrong)
    for wrong in (["a"], [1j, 2.0]):
        with pytest.raises(TypeError, match="exponents"):
            kaplan_yorke(wrong)
