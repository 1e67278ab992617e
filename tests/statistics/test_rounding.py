"""Running sums lose nothing, in float32 and over many saves."""

import numpy as np
import pytest

import fastsci

STEPS = 1_000_000


@pytest.fixture(scope="module")
def jump():
    """100 for half a million iterations, then 101: each of these moves the mean by less than float32 can tell."""

    def step(t, u, p):
        return (fastsci.where(t < p[0], 100.0, 101.0),)

    start = np.full((3, 1), 7.0, np.float32)
    system = fastsci.system(step, kind="map")
    return fastsci.iterate_map(system, STEPS, start, params=[STEPS // 2], reduce=["mean", "var"]).reduced


def test_a_million_float32_saves_have_their_mean_to_rounding(jump):
    assert jump["mean"].dtype == np.float32
    np.testing.assert_array_equal(jump["mean"], np.float32(100.5))


def test_and_their_variance(jump):
    np.testing.assert_allclose(jump["var"], 0.25, rtol=4e-7)


@pytest.mark.parametrize(("dtype", "offset", "tolerance"), [("float64", 1e9, 1e-7), ("float32", 1e4, 1e-3)])
def test_a_small_spread_about_a_large_mean(dtype, offset, tolerance):
    """The textbook formula, mean of squares less square of mean, has no digit left here."""

    def alternate(t, u, p):
        return (2.0 * p[0] - u[0],)

    result = fastsci.iterate_map(
        fastsci.system(alternate, kind="map"),
        10_000,
        [[offset + 1.0]],
        params=[offset],
        dtype=dtype,
        reduce=["mean", "var"],
    )
    np.testing.assert_allclose(result.reduced["mean"], offset, rtol=1e-15)
    np.testing.assert_allclose(result.reduced["var"], 1.0, rtol=tolerance)
