"""What is known of maps exactly: conjugacies, bifurcation points, areas, exponents."""

import itertools
import math

import mpmath
import numpy as np
import pytest

import fastsci
from fastsci import systems


def distinct(values, digits=6):
    return len(np.unique(np.round(values, digits)))


def test_the_logistic_map_at_four_is_the_tent_map():
    """x = sin^2(pi y / 2) turns the tent map of slope 2 into the logistic map at r = 4; errors double each time."""
    n, y0 = 40, 0.3137
    orbit = fastsci.iterate_map(systems.logistic, n, [math.sin(math.pi * y0 / 2) ** 2], save_every=1).y[0, 0]
    with mpmath.workdps(60):
        # The start in double precision, taken back to y exactly.
        y = 2 * mpmath.asin(mpmath.sqrt(mpmath.mpf(float(orbit[0])))) / mpmath.pi
        for k in range(n + 1):
            exact = mpmath.sin(mpmath.pi * y / 2) ** 2
            assert abs(orbit[k] - float(exact)) < 2.0**k * 1e-15
            y = 2 * min(y, 1 - y)


@pytest.mark.parametrize(
    ("below", "above", "point"),
    [(1, 2, 3.0), (2, 4, 1.0 + math.sqrt(6.0))],
)
def test_period_doubling_of_the_logistic_map(below, above, point):
    r = np.array([point - 0.01, point + 0.01])
    late = fastsci.iterate_map(systems.logistic, 40_000, params={"r": r}, save_last=64).y[:, 0]
    assert [distinct(row) for row in late] == [below, above]


def test_the_window_of_period_three():
    """It opens at 1 + sqrt(8)."""
    r = 1.0 + math.sqrt(8.0) + np.array([-1e-3, 1e-3])
    late = fastsci.iterate_map(systems.logistic, 20_000, params={"r": r}, save_last=300).y[:, 0]
    assert distinct(late[0]) > 50
    assert distinct(late[1]) == 3


def test_the_cycle_of_period_two_is_the_root_of_its_equation():
    r = np.linspace(3.1, 3.4, 7)
    late = np.sort(fastsci.iterate_map(systems.logistic, 5000, params={"r": r}, save_last=2).y[:, 0])
    root = np.sqrt((r - 3) * (r + 1))
    np.testing.assert_allclose(late, np.stack([r + 1 - root, r + 1 + root], axis=1) / (2 * r)[:, None], rtol=1e-12)


def test_henon_contracts_every_area_by_b():
    """A small triangle's area is that of its determinant: b in each iteration, here to the fifth power."""
    side, n = 1e-6, 5
    corners = np.array([0.1, 0.1]) + side * np.array([[0, 0], [1, 0], [0, 1]])
    end = fastsci.iterate_map(systems.henon, n, corners).y_final
    area = abs(np.linalg.det(end[1:] - end[0])) / 2
    assert area == pytest.approx(0.3**n * side**2 / 2, rel=1e-4)


def test_the_standard_map_without_kicks_turns_evenly():
    result = fastsci.iterate_map(systems.standard, 1000, [0.25, 0.5], params={"K": 0.0}, save_every=100)
    assert result.y[0, 1].tolist() == [0.5] * 11
    assert result.y[0, 0].tolist() == [0.25 + 0.5 * n for n in result.t]


def test_feigenbaum_delta_from_superstable_parameters():
    """Superstable r of period 2^k, where 1/2 is on the cycle, approach each other by 4.669 (Feigenbaum, 1978)."""
    found = [2.0, 1.0 + math.sqrt(5.0)]
    for k in range(2, 7):
        width = (found[-1] - found[-2]) / 4.669
        low, high = found[-1] + 0.9 * width, found[-1] + 1.1 * width

        def returned(r, period=2**k):
            return fastsci.iterate_map(systems.logistic, period, [0.5], params={"r": r}).y_final[:, 0] - 0.5

        for _ in range(12):
            r = np.linspace(low, high, 65)
            crossing = int(np.flatnonzero(np.diff(np.sign(returned(r))))[0])
            low, high = r[crossing], r[crossing + 1]
        found.append(0.5 * (low + high))
    gaps = np.diff(found)
    ratios = [a / b for a, b in itertools.pairwise(gaps)]
    assert ratios[-1] == pytest.approx(4.669201609, abs=2e-3)
