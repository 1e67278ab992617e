"""Total variation: the least of its functional, by its dual and by another optimiser; jumps kept."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from fastsci.sparse.differentiation import FiniteDifference, SavitzkyGolay, TotalVariation
from fastsci.sparse.differentiation._noise import noise
from fastsci.sparse.differentiation._samples import Times

RNG = np.random.default_rng(24)


def times(count: int, even: bool) -> np.ndarray:
    return np.linspace(-1, 1, count) if even else np.cumsum(RNG.uniform(0.2, 1.8, count)) * 2 / count - 1


def jumps_of_slope(t: np.ndarray) -> np.ndarray:
    """The matrix ``(n - 2, n)`` from samples to the jumps of the slopes between them."""
    slopes = np.diff(np.eye(len(t)), axis=0) / np.diff(t)[:, None]
    return np.diff(slopes, axis=0)


def functional(x: np.ndarray, curve: np.ndarray, t: np.ndarray, alpha: float) -> float:
    mean = (t[-1] - t[0]) / (len(t) - 1)
    return float(0.5 * mean * np.sum((curve - x) ** 2) + alpha * np.sum(np.abs(jumps_of_slope(t) @ curve)))


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("alpha", [1e-6, 1e-4, 1e-2, 1.0])
def test_as_a_dense_optimiser(alpha: float, even: bool) -> None:
    """The dual is a least-squares problem with bounds, which SciPy solves by active sets."""
    t = times(60, even)
    x = np.abs(t) + 0.05 * RNG.normal(size=60)
    mean = (t[-1] - t[0]) / 59
    jumps = jumps_of_slope(t)
    dual = lsq_linear(jumps.T, x, bounds=(-alpha / mean, alpha / mean), method="bvls", tol=1e-14, max_iter=1000)
    expected = x - jumps.T @ dual.x
    found = TotalVariation(alpha).smooth(x, t)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert functional(x, found, t, alpha) <= functional(x, expected, t, alpha) * (1 + 1e-9)


@pytest.mark.parametrize("count", [30, 2000, 30_000])
@pytest.mark.parametrize("alpha", [1e-6, 1e-4, 1e-2])
def test_conditions_of_the_least(alpha: float, count: int) -> None:
    """Residuals are the second differences of a function within +-alpha, which is at its bounds where slopes jump."""
    t = np.linspace(-1, 1, count)
    x = np.sin(5 * t) + np.abs(t) + 0.05 * RNG.normal(size=count)
    curve = TotalVariation(alpha).smooth(x, t)
    step = t[1] - t[0]
    left = x - curve
    # Both sums end at zero: residuals have neither mean nor trend.
    assert abs(left.sum()) < 1e-7 * np.abs(left).sum()
    assert abs((left * t).sum()) < 1e-7 * np.abs(left).sum()
    dual = np.cumsum(np.cumsum(left))[:-2] * step**2
    assert np.abs(dual).max() <= alpha * (1 + 1e-3)
    jumps = np.diff(np.diff(curve)) / step
    large = np.abs(jumps) > 0.05 * np.abs(jumps).max()
    assert large.any()
    np.testing.assert_allclose(dual[large], alpha * np.sign(jumps[large]), rtol=2e-2)


def test_no_neighbour_is_better() -> None:
    t = times(40, False)
    x = np.abs(t) + 0.1 * RNG.normal(size=40)
    least = TotalVariation(1e-3).smooth(x, t)
    value = functional(x, least, t, 1e-3)
    for size in (1e-1, 1e-3, 1e-5):
        for _ in range(50):
            other = least + size * RNG.normal(size=40).cumsum()
            assert functional(x, other, t, 1e-3) >= value * (1 - 1e-10)


def test_a_jump_is_sharp_and_flat_on_both_sides() -> None:
    t = np.linspace(-1, 1, 401)
    x = np.abs(t)[:, None] + 0.01 * RNG.normal(size=(401, 20))
    truth = np.sign(t)[:, None]
    found = {
        "tv": TotalVariation(3e-4)(x, t),
        "differences": FiniteDifference()(x, t),
        "filter": SavitzkyGolay(51, 3)(x, t),
    }
    near, far = (np.abs(t) > 0.015) & (np.abs(t) < 0.1), np.abs(t) > 0.2
    near_error, far_error = (
        {name: np.sqrt(np.mean((slope - truth)[where] ** 2)) for name, slope in found.items()} for where in (near, far)
    )
    assert near_error["tv"] * 3 < near_error["filter"]
    assert near_error["tv"] * 15 < near_error["differences"]
    assert far_error["tv"] * 8 < far_error["filter"]
    assert far_error["tv"] * 200 < far_error["differences"]


def test_slopes_of_exact_lines() -> None:
    t = times(100, False)
    for alpha in (None, 1e-3, 1e3):
        np.testing.assert_allclose(TotalVariation(alpha)(2 * t + 1, t), np.full(100, 2.0), rtol=1e-8)
    assert (TotalVariation(1e-3)(np.full(100, 7.0), t) == 0.0).all()


def test_no_penalty_leaves_the_samples() -> None:
    t = times(30, True)
    x = RNG.normal(size=30)
    np.testing.assert_allclose(TotalVariation(0.0).smooth(x, t), x, rtol=0, atol=1e-15)
    inner = (x[2:] - x[:-2]) / (t[2:] - t[:-2])
    np.testing.assert_allclose(TotalVariation(0.0)(x, t)[1:-1], inner, rtol=1e-10, atol=1e-12)


def test_a_large_penalty_leaves_the_straight_line() -> None:
    t = times(200, False)
    x = np.sin(9 * t) + t
    np.testing.assert_allclose(TotalVariation(1e6).smooth(x, t), np.polyval(np.polyfit(t, x, 1), t), atol=1e-5)


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("level", [0.003, 0.03, 0.3])
def test_noise_is_judged_and_left_in_the_residuals(level: float, even: bool) -> None:
    t = np.linspace(0, 20, 4000) if even else np.cumsum(RNG.uniform(0.2, 1.8, 4000)) * 20 / 4000
    x = np.sin(t)[:, None] + level * RNG.normal(size=(4000, 10))
    judged = noise(x[None], Times.of(t, 4000))[0]
    assert judged.mean() == pytest.approx(level, rel=0.06)  # one of them has a standard error of 4 %
    left = x - TotalVariation().smooth(x, t)
    np.testing.assert_allclose(np.sqrt(np.mean(left**2, axis=0)), judged, rtol=0.01)


def test_units() -> None:
    """The penalty is in units of x times time squared."""
    t = times(80, False)
    x = np.abs(t) + 0.05 * RNG.normal(size=80)
    slope = TotalVariation(1e-3)(x, t)
    np.testing.assert_allclose(TotalVariation(1e-3 * 100)(x, 10 * t), slope / 10, rtol=0, atol=1e-6)
    np.testing.assert_allclose(TotalVariation(1e-3 * 7)(7 * x + 3, t), 7 * slope, rtol=0, atol=1e-5)


def test_bad_options() -> None:
    with pytest.raises(ValueError, match="alpha: is -1, expected a finite number at least 0"):
        TotalVariation(-1.0)(np.zeros(9), 1.0)
    with pytest.raises(ValueError, match=r"^order: is 2, expected 1 to 1"):
        TotalVariation().differentiate(np.zeros(9), 1.0, order=2)
    with pytest.raises(ValueError, match="expected at least 7 for alpha=None"):
        TotalVariation()(np.zeros(6), 1.0)
