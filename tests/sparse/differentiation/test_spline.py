"""Smoothing splines, against SciPy's and against the dense matrices of their definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline, make_smoothing_spline

from fastsci.sparse.differentiation import Spline
from fastsci_kernels.regress.smoothing_spline import smoothing_splines

RNG = np.random.default_rng(23)


def samples(count: int, even: bool) -> tuple[np.ndarray, np.ndarray]:
    t = np.linspace(0, 7, count) if even else np.cumsum(RNG.uniform(0.2, 1.8, count)) * 7 / count
    return t, np.sin(t) + 0.05 * RNG.normal(size=count)


def fit(t: np.ndarray, x: np.ndarray, squares: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Values, second derivatives and penalty in the units of ``t``."""
    mean = (t[-1] - t[0]) / (len(t) - 1)
    values, curvatures, penalties = smoothing_splines(x[None, :, None].copy(), np.diff(t) / mean, squares)
    return values[0, :, 0], curvatures[0, :, 0] / mean**2, float(penalties[0, 0]) * mean**3


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("share", [0.1, 1.0, 10.0])
def test_values_and_derivatives_are_scipys(even: bool, share: float) -> None:
    t, x = samples(80, even)
    s = share * 80 * 0.05**2
    penalty = fit(t, x, s)[2]
    theirs = make_smoothing_spline(t, x, lam=penalty)
    ours = Spline(s=s)
    np.testing.assert_allclose(ours.smooth(x, t), theirs(t), atol=1e-9)
    for d in (1, 2):
        expected = theirs.derivative(d)(t)
        np.testing.assert_allclose(
            ours.differentiate(x, t, order=d), expected, rtol=0, atol=1e-7 * np.abs(expected).max()
        )
    expected = theirs.derivative(3)(0.5 * (t[1:] + t[:-1]))
    found = ours.differentiate(x, t, order=3)
    np.testing.assert_allclose(found[:-1], expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    assert found[-1] == found[-2]


@pytest.mark.parametrize("share", [0.01, 0.5, 1.0])
def test_residuals_are_as_large_as_asked(share: float) -> None:
    t, x = samples(300, False)
    s = share * 300 * 0.05**2
    assert np.sum((Spline(s=s).smooth(x, t) - x) ** 2) == pytest.approx(s, rel=1e-6)


@pytest.mark.parametrize("s", [None, 0])
def test_no_smoothing_interpolates(s: float | None) -> None:
    t, x = samples(50, False)
    natural = CubicSpline(t, x, bc_type="natural")
    np.testing.assert_array_equal(Spline(s=s).smooth(x, t), x)
    np.testing.assert_allclose(Spline(s=s)(x, t), natural(t, 1), rtol=1e-10, atol=1e-10)


def dense_score(t: np.ndarray, x: np.ndarray, penalty: float) -> float:
    """Generalised cross validation by the influence matrix, whose columns are the fits of unit vectors."""
    count = len(t)
    steps = np.diff(t)
    q, r = np.zeros((count, count - 2)), np.zeros((count - 2, count - 2))
    for i in range(count - 2):
        q[i : i + 3, i] = 1 / steps[i], -1 / steps[i] - 1 / steps[i + 1], 1 / steps[i + 1]
        r[i, i] = (steps[i] + steps[i + 1]) / 3
        if i:
            r[i, i - 1] = r[i - 1, i] = steps[i] / 6
    influence = np.linalg.inv(np.eye(count) + penalty * q @ np.linalg.solve(r, q.T))
    left = x - influence @ x
    return float(count * left @ left / np.trace(np.eye(count) - influence) ** 2)


@pytest.mark.parametrize("even", [True, False])
def test_cross_validation_finds_its_least(even: bool) -> None:
    t, x = samples(60, even)
    penalty = fit(t, x, -1.0)[2]
    least = dense_score(t, x, penalty)
    others = [dense_score(t, x, penalty * 10.0**shift) for shift in np.linspace(-5, 5, 41) if abs(shift) > 1e-9]
    assert least < min(others) * (1 + 1e-4)  # at small penalties the score may be flat


def test_cross_validation_as_scipy() -> None:
    t, x = samples(200, False)
    expected = make_smoothing_spline(t, x).derivative()(t)
    np.testing.assert_allclose(Spline()(x, t), expected, atol=2e-3)


def test_a_straight_line_stays_one() -> None:
    t = np.cumsum(RNG.uniform(0.2, 1.8, 40))
    for s in ("gcv", None, 1.0):
        np.testing.assert_allclose(Spline(s=s)(3 * t - 5, t), np.full(40, 3.0), rtol=1e-9)
    found = Spline(s=1e9)(np.sin(t), t)
    slope = np.polyfit(t, np.sin(t), 1)[0]
    np.testing.assert_allclose(found, np.full(40, slope), rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"s": "aic"}, ValueError, "s: is 'aic', expected 'gcv', a sum of squared residuals, or None"),
        ({"s": -1.0}, ValueError, "s: is -1, expected a finite number at least 0"),
        ({"s": []}, TypeError, r"s: is \[\], expected a number"),
        ({"d": 4}, ValueError, "d: is 4, expected 1 to 3"),
    ],
    ids=str,
)
def test_bad_options(options: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Spline(**options)(np.zeros(9), 1.0)


def test_too_few_samples() -> None:
    with pytest.raises(ValueError, match="x: has 4 samples along the axis, expected at least 5 for a smoothing spline"):
        Spline()(np.zeros(4), 1.0)
