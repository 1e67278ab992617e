"""Fourier derivatives: exact for what a grid can hold."""

from __future__ import annotations

import numpy as np
import pytest

from fastsci.sparse.differentiation import Spectral

RNG = np.random.default_rng(22)


def polynomial(grid: np.ndarray, numbers: np.ndarray, d: int) -> np.ndarray:
    """The d-th derivative of a sum of waves of a period of 3, with amplitudes by their numbers."""
    wave = 2 * np.pi / 3 * numbers
    turned = wave * grid[:, None] + numbers + d * np.pi / 2
    return np.sum(wave**d * np.cos(turned) / (1 + numbers), axis=1)


@pytest.mark.parametrize("count", [32, 33])
@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_trigonometric_polynomials_are_exact(count: int, d: int) -> None:
    grid = np.arange(count) * (3 / count)
    numbers = np.arange((count - 1) // 2 + 1)
    expected = polynomial(grid, numbers, d)
    found = Spectral(d=d)(polynomial(grid, numbers, 0), grid)
    np.testing.assert_allclose(found, expected, atol=1e-14 * count * np.abs(expected).max())


def test_the_highest_cosine() -> None:
    saw = np.tile([1.0, -1.0], 8)  # cos(8 grid) at 16 points of a period of 2 pi
    step = 2 * np.pi / 16
    np.testing.assert_array_equal(Spectral(d=1)(saw, step), np.zeros(16))
    np.testing.assert_array_equal(Spectral(d=3)(saw, step), np.zeros(16))
    np.testing.assert_allclose(Spectral(d=2)(saw, step), -64 * saw, rtol=1e-14)
    np.testing.assert_allclose(Spectral(d=4)(saw, step), 8**4 * saw, rtol=1e-14)


def test_cutoff_keeps_low_waves() -> None:
    grid = np.arange(60) * (2 * np.pi / 60)
    low, high = np.sin(20 * grid), np.sin(21 * grid)
    sharp = Spectral(cutoff=2 / 3)
    np.testing.assert_allclose(sharp.smooth(low + high, grid), low, atol=1e-13)
    np.testing.assert_allclose(sharp(low + high, grid), 20 * np.cos(20 * grid), atol=1e-12)
    soft = Spectral(cutoff=2 / 3, filter_order=36)
    np.testing.assert_allclose(soft.smooth(low, grid), np.exp(-36.0) * low, atol=1e-14)
    np.testing.assert_allclose(soft.smooth(np.sin(5 * grid), grid), np.sin(5 * grid), atol=1e-13)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_fields_along_any_axis(axis: int) -> None:
    field = RNG.normal(size=(12, 13, 10))
    expected = np.moveaxis(Spectral(d=2)(np.moveaxis(field, axis, 0), 0.1), 0, axis)
    np.testing.assert_array_equal(Spectral().differentiate(field, 0.1, order=2, axis=axis), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cutoff": 0.0}, "cutoff: is 0, expected a finite number above 0 and at most 1"),
        ({"cutoff": 1.5}, "cutoff: is 1.5"),
        ({"filter_order": 3}, "filter_order: is 3, expected an even number; take 4"),
    ],
    ids=str,
)
def test_bad_options(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Spectral(**options)(np.zeros(8), 0.1)


def test_uneven_times() -> None:
    with pytest.raises(ValueError, match=r"t: is uneven, expected an even step"):
        Spectral()(np.zeros(4), [0.0, 1.0, 2.0, 4.0])
