"""What differentiators know of their own error: it is what they err by, and noise is not taken for it."""

import numpy as np
import pytest
from scipy.linalg import toeplitz

from fastsci.sparse.differentiation import (
    FiniteDifference,
    SavitzkyGolay,
    SmoothedFiniteDifference,
    Spectral,
    Spline,
    TotalVariation,
)

EVEN = np.linspace(0.0, 6.0, 601)
UNEVEN = EVEN + 0.3 * 0.01 * np.sin(37.0 * np.arange(601))
WITH_ORDERS = [
    FiniteDifference(),
    FiniteDifference(order=3),
    FiniteDifference(order=4),
    FiniteDifference(order=2, drop_endpoints=True),
    SavitzkyGolay(),
    SavitzkyGolay(window_length=21, polyorder=4),
    SmoothedFiniteDifference(),
]


def waves(times):
    """Samples and their derivatives."""
    phases = np.outer(times, [1.0, 3.0]) + np.array([0.3, 0.0])
    return np.sin(phases), [1.0, 3.0] * np.cos(phases)


def size(errors):
    return np.sqrt(np.nanmean(errors**2, axis=0))


@pytest.mark.parametrize("times", [EVEN, UNEVEN], ids=["even", "uneven"])
@pytest.mark.parametrize("method", WITH_ORDERS, ids=repr)
def test_the_estimate_is_the_error(method, times):
    samples, slopes = waves(times)
    found = method.error(samples, times)
    inside = np.isfinite(found).all(axis=1)
    assert inside[20:-20].all()
    np.testing.assert_allclose(size(found), size((method(samples, times) - slopes)[inside]), rtol=0.1)


def test_on_a_period_there_are_no_ends():
    times = np.linspace(0.0, 2.0 * np.pi, 200, endpoint=False)
    method = FiniteDifference(periodic=True)
    found = method.error(np.sin(times), times)
    np.testing.assert_allclose(found, method(np.sin(times), times) - np.cos(times), rtol=1e-3, atol=1e-8)


def test_second_derivatives():
    samples = waves(EVEN)[0]
    method = FiniteDifference(d=2)
    found = method.error(samples, EVEN)
    actual = method(samples, EVEN) + [1.0, 9.0] * samples
    inside = np.isfinite(found).all(axis=1)
    np.testing.assert_allclose(size(found), size(actual[inside]), rtol=0.05)


@pytest.mark.parametrize("axis", [0, 1])
def test_any_axis(axis):
    samples = waves(EVEN)[0]
    expected = FiniteDifference().error(samples, EVEN)
    found = FiniteDifference().error(np.moveaxis(samples, 0, axis), EVEN, axis=axis)
    np.testing.assert_allclose(found, np.moveaxis(expected, 0, axis), rtol=1e-9)


@pytest.mark.parametrize("method", WITH_ORDERS, ids=repr)
def test_noise_is_no_systematic_error(method):
    """On a line, where all of these are exact, whatever they err by is noise: twice the estimate stays below it."""
    rng = np.random.default_rng(3)
    times = 0.01 * np.arange(5000)
    noisy = times[:, None] + 1e-3 * rng.normal(size=(5000, 4))
    assert np.all(size(method.error(noisy, times)) < 0.5 * size(method(noisy, times) - 1.0))


def test_a_systematic_error_is_seen_through_noise():
    times = 0.05 * np.arange(4000)
    samples, slopes = waves(times)
    noisy = samples + 1e-4 * np.random.default_rng(4).normal(size=samples.shape)
    method = FiniteDifference()
    np.testing.assert_allclose(size(method.error(noisy, times)), size(method(samples, times) - slopes), rtol=0.2)


@pytest.mark.parametrize("method", [*WITH_ORDERS, FiniteDifference(periodic=True)], ids=repr)
def test_inflation_bounds_the_covariance_of_noise(method):
    """Its largest eigenvalue is what no combination of derivatives can exceed."""
    impulse = np.zeros(601)
    impulse[300] = 1.0
    response = np.nan_to_num(method(impulse, 1.0))
    covariance = toeplitz(np.correlate(response, response, "full")[600:])
    share = np.linalg.eigvalsh(covariance)[-1] / covariance[0, 0]
    assert 0.95 * method.inflation(601) < share < 1.001 * method.inflation(601)


def test_differences_of_neighbours_but_one_count_half():
    assert FiniteDifference().inflation(50) == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize("method", [Spectral(), Spline(), TotalVariation()], ids=repr)
def test_others_know_of_none(method):
    assert method.error(waves(EVEN)[0], EVEN) is None


def test_too_few_samples_or_too_short_a_window_tell_nothing():
    assert FiniteDifference().error(np.arange(4.0), 1.0) is None
    assert SavitzkyGolay(window_length=5).error(np.arange(9.0), 1.0) is None
    assert SmoothedFiniteDifference(window_length=5).error(np.arange(9.0), 1.0) is None


@pytest.mark.parametrize(("t", "message"), [(-1.0, "t: is a step of -1"), ([0.0, 1.0], "t: has shape")])
def test_arguments_are_checked(t, message):
    with pytest.raises(ValueError, match=message):
        FiniteDifference().error(np.arange(9.0), t)
