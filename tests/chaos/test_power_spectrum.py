"""D_H: against transforms written out, the published code, and what oscillations say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsci.chaos.power_spectrum import power_spectrum_distance
from tests.chaos.attractors import lorenz, waves


def naive(truth, generated, smoothing, convention):
    """Fourier sums, padding, convolution and the distance, each by its definition."""
    distances = []
    for x, y in zip(truth.T, generated.T, strict=True):
        shares = []
        for series in (x, y):
            n = len(series)
            waves_of = np.exp(-2j * np.pi * np.outer(np.arange(n // 2 + 1), np.arange(n)) / n)
            power = np.abs(waves_of @ (series - series.mean())) ** 2
            if smoothing:
                radius = int(4.0 * smoothing + 0.5)
                weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / smoothing) ** 2)
                mode = "reflect" if convention == "gtf" else "symmetric"  # NumPy's names
                power = np.convolve(np.pad(power, radius, mode=mode), weights / weights.sum(), mode="valid")
            shares.append(power / power.sum())
        p, q = shares
        distances.append(math.sqrt(0.5 * ((np.sqrt(p) - np.sqrt(q)) ** 2).sum()))
    return distances


@pytest.mark.parametrize("convention", ["gtf", "dynamix"])
@pytest.mark.parametrize("smoothing", [0.0, 1.0, 3.5, 20.0])
@pytest.mark.parametrize("n_times", [200, 333])
def test_against_the_definition(convention, smoothing, n_times):
    rng = np.random.default_rng(n_times)
    truth, generated = rng.normal(size=(2, n_times, 2))
    expected = naive(truth, generated, smoothing, convention)
    each = power_spectrum_distance(truth, generated, smoothing=smoothing, convention=convention, average=False)
    np.testing.assert_allclose(each, expected, rtol=1e-9)
    mean = power_spectrum_distance(truth, generated, smoothing=smoothing, convention=convention)
    assert mean == pytest.approx(np.mean(expected), rel=1e-9)


# `temporal_misalignment` of DynaMix-python (src/dynamix/metrics/metrics.py, commit 60ce3f8), NumPy in float64.
@pytest.mark.parametrize(
    ("shift", "speed", "smoothing", "published"),
    [
        (0.4, 1.0, 20, 0.008274717694892282),
        (0.4, 1.0, 5, 0.011108082090937986),
        (0.0, 1.1, 20, 0.26513936072733024),
        (0.0, 1.1, 5, 0.6712319545152813),
        (0.3, 0.5, 20, 0.7348068505352766),
        (0.3, 0.5, 5, 0.952504280560655),
    ],
)
def test_it_is_that_of_the_published_code(shift, speed, smoothing, published):
    found = power_spectrum_distance(waves(4000), waves(4000, shift, speed), smoothing=smoothing, convention="dynamix")
    assert found == pytest.approx(published, abs=1e-10)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["gtf", "dynamix"]), st.sampled_from([0.0, 2.0, 20.0]))
@settings(max_examples=50)
def test_it_is_a_distance_of_shapes(seed, convention, smoothing):
    options = {"convention": convention, "smoothing": smoothing}
    x, y, z = np.random.default_rng(seed).normal(size=(3, 256, 1)).cumsum(axis=1)
    there = power_spectrum_distance(x, y, **options)
    assert 0.0 <= there <= 1.0
    assert power_spectrum_distance(y, x, **options) == pytest.approx(there, abs=1e-12)
    assert power_spectrum_distance(x, x, **options) == 0.0
    assert power_spectrum_distance(-3.0 * x[::-1] + 2.0, y, **options) == pytest.approx(there, abs=1e-9)
    past = power_spectrum_distance(x, z, **options) + power_spectrum_distance(z, y, **options)
    assert there <= past + 1e-12


def test_tones_apart_are_as_far_as_can_be():
    phase = 2.0 * np.pi * np.arange(4096)[:, None] / 32.0
    assert power_spectrum_distance(np.sin(phase), np.cos(phase), smoothing=0.0) < 1e-9
    assert power_spectrum_distance(np.sin(phase), np.sin(2.0 * phase), smoothing=0.0) == pytest.approx(1.0, abs=1e-9)
    both = np.sin(phase) + np.sin(2.0 * phase)
    # Shares (1, 0) and (1/2, 1/2).
    half = math.sqrt(1.0 - math.sqrt(0.5))
    assert power_spectrum_distance(np.sin(phase), both, smoothing=0.0) == pytest.approx(half, abs=1e-9)


def test_the_same_attractor_is_nearer_than_another():
    truth, *same = lorenz(8000, 4)
    near = power_spectrum_distance(truth, same)
    far = power_spectrum_distance(truth, lorenz(8000, 3, rho=60.0))
    assert near.max() < 0.7 * far.min()


def test_company_does_not_change_a_bit():
    truth, members = waves(1001), np.array([waves(1001, 0.1 * i, 1.0 + 0.01 * i) for i in range(9)])
    alone = [power_spectrum_distance(truth, member) for member in members]
    np.testing.assert_array_equal(power_spectrum_distance(truth, members), alone)
    np.testing.assert_array_equal(power_spectrum_distance(truth, members[3:5]), alone[3:5])
    each = power_spectrum_distance(truth, members, average=False)
    assert each.shape == (9, 3)
    np.testing.assert_array_equal(each.mean(axis=1), alone)


def test_what_is_not_finite_or_constant_is_nan_for_itself_alone():
    truth, members = waves(100), np.array([waves(100, 0.1 * i) for i in range(4)])
    expected = power_spectrum_distance(truth, members)
    members[1, 3, 0], members[2, :, 1] = np.inf, 0.1
    found = power_spectrum_distance(truth, members)
    np.testing.assert_array_equal(found, [expected[0], np.nan, np.nan, expected[3]])
    each = power_spectrum_distance(truth, members, average=False)
    np.testing.assert_array_equal(np.isnan(each), [[False] * 3, [True] * 3, [False, True, False], [False] * 3])
    assert np.isnan(power_spectrum_distance(np.full((100, 3), np.nan), members)).all()


def test_any_array_of_numbers():
    truth, generated = np.round(10 * waves(300)), np.round(10 * waves(300, 0.4))
    expected = power_spectrum_distance(truth, generated)
    for kind in (np.float32, np.int16):
        assert power_spectrum_distance(truth.astype(kind), generated.astype(kind)) == expected
    frozen = np.asfortranarray(truth)
    frozen.flags.writeable = False
    assert power_spectrum_distance(frozen, np.repeat(generated, 2, axis=0)[::2]) == expected


@pytest.mark.parametrize(
    ("changes", "error", "names"),
    [
        ({"truth": np.zeros(9)}, ValueError, "truth"),
        ({"truth": np.zeros((1, 3))}, ValueError, "truth"),
        ({"generated": np.zeros((19, 3))}, ValueError, "generated"),
        ({"generated": np.zeros((20, 2))}, ValueError, "generated"),
        ({"generated": np.full((20, 3), "a")}, TypeError, "generated"),
        ({"smoothing": -1.0}, ValueError, "smoothing"),
        ({"smoothing": np.nan}, ValueError, "smoothing"),
        ({"convention": "dendplrnn"}, ValueError, "convention"),
    ],
)
def test_mistakes_are_named(changes, error, names):
    arguments = {"truth": waves(20), "generated": waves(20), **changes}
    with pytest.raises(error, match=names):
        power_spectrum_distance(arguments.pop("truth"), arguments.pop("generated"), **arguments)
