"""Correlation sum and dimension: all pairs, nolds, and dimensions that are known."""

import math

import numpy as np
import pytest

from fastsci.chaos.correlation import correlation_dimension, correlation_sum
from tests.chaos.nolds_peer import nolds
from tests.chaos.orbits import henon, logistic, lorenz
from tests.naive import measures_of_series as naive

random = np.random.default_rng(11)
POINTS = random.normal(size=(700, 3))
UNIFORM = random.uniform(size=(10_000, 3))


@pytest.mark.parametrize("norm", ["euclidean", "chebyshev"])
@pytest.mark.parametrize("theiler", [0, 1, 50])
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_as_all_pairs(norm, theiler, dim):
    radii = [0.3, 2.0, 0.01, 1.0, 30.0]
    found = correlation_sum(POINTS[:, :dim], radii, theiler=theiler, norm=norm)
    assert found == pytest.approx(naive.correlation_sum(POINTS[:, :dim], radii, theiler, norm), abs=1e-15)


def test_one_radius_gives_a_number_and_all_pairs_are_closer_than_a_large_one():
    assert correlation_sum(POINTS, 100.0) == 1.0
    assert correlation_sum(POINTS, []).shape == (0,)
    assert correlation_sum(POINTS, 1.0) == correlation_sum(POINTS, [1.0])[0]


def test_order_and_rotation_of_points_change_nothing():
    radii = np.geomspace(0.05, 3.0, 9)
    turned = (POINTS @ np.linalg.qr(random.normal(size=(3, 3)))[0])[random.permutation(len(POINTS))]
    assert (correlation_sum(turned, radii) == correlation_sum(POINTS, radii)).all()


def test_a_close_pair_in_time_is_no_recurrence():
    steps = np.arange(100.0)[:, np.newaxis]
    assert correlation_sum(steps, 2.5, theiler=2) == 0.0
    assert correlation_sum(steps, 3.5, theiler=2) == pytest.approx(97 / (98 * 97 / 2), rel=1e-15)


def test_the_share_in_a_disc_of_the_unit_square():
    # The distribution of the distance of two points of the unit square: pi r^2 - 8 r^3 / 3 + r^4 / 2.
    radii = np.array([0.05, 0.1, 0.3])
    exact = math.pi * radii**2 - 8 * radii**3 / 3 + radii**4 / 2
    assert correlation_sum(UNIFORM[:, :2], radii) == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_cubes_have_their_dimension(dim):
    region = (0.01, 0.1) if dim < 3 else (0.05, 0.15)
    assert correlation_dimension(UNIFORM[:, :dim], region=region) == pytest.approx(dim, abs=0.06)


def test_a_line_in_space_has_dimension_one():
    assert correlation_dimension(np.outer(UNIFORM[:, 0], [1.0, 2.0, 3.0])) == pytest.approx(1.0, abs=0.03)


def test_henon():
    # 1.21 +- 0.01 of Grassberger and Procaccia (1983).
    assert correlation_dimension(henon(10_000), region=(0.005, 0.2)) == pytest.approx(1.21, abs=0.02)
    assert correlation_dimension(henon(10_000)) == pytest.approx(1.21, abs=0.05)


def test_henon_from_one_coordinate():
    delayed = naive.embed(henon(10_000)[:, 0], 2)
    assert correlation_dimension(delayed) == pytest.approx(1.21, abs=0.05)


def test_lorenz():
    # 2.05 +- 0.01 of Grassberger and Procaccia (1983).
    assert correlation_dimension(lorenz(20_000, 0.1), theiler=10) == pytest.approx(2.05, abs=0.05)


def test_as_nolds():
    x = logistic(3.9, 1200)
    radii = nolds.logarithmic_r(0.1 * x.std(), 0.5 * x.std(), 1.03)
    _, (_, logarithms, _) = nolds.corr_dim(x, 2, rvals=radii, fit="poly", debug_data=True)
    points = naive.embed(x, 2)
    shares = correlation_sum(points, radii)
    # nolds counts every point as a neighbour of itself, but not among the pairs.
    assert shares + 1 / (len(points) - 1) == pytest.approx(np.exp(logarithms), rel=1e-12)
    slope = np.polyfit(np.log(radii), np.log(shares), 1)[0]
    assert correlation_dimension(points, radii=radii) == pytest.approx(slope, abs=1e-12)


def test_points_that_coincide_have_no_dimension():
    assert math.isnan(correlation_dimension(np.ones((50, 2))))
    assert math.isnan(correlation_dimension(POINTS, radii=[1e-9, 2e-9]))


def test_any_unit_will_do():
    assert correlation_dimension(1024.0 * POINTS) == pytest.approx(correlation_dimension(POINTS), abs=1e-12)
