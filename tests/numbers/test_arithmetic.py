"""Lanes obey IEEE 754 as NumPy does, lane by lane, whatever the width and precision."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fastsci_kernels.numbers.arithmetic import where
from tests.numbers.lane_driver import on_lanes

SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.1,
    -2.5,
    3.0,
    1e-310,
    -1e300,
    1e300,
    math.inf,
    -math.inf,
    math.nan,
    7.25,
    0.5,
    1e16,
]

PRECISIONS = pytest.mark.parametrize("dtype", [np.float64, np.float32])
WIDTHS = pytest.mark.parametrize("width", [1, 2, 16])


def pairs(dtype) -> np.ndarray:
    with np.errstate(over="ignore"):
        values = np.array(SPECIAL).astype(dtype)
    return np.array(np.meshgrid(values, values)).reshape(2, -1)


def assert_same(ours, expected) -> None:
    """Equal values, NaN where NaN, and the same sign of zero."""
    np.testing.assert_array_equal(ours, expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(ours[numbers]), np.signbit(expected[numbers]))


def binary(x, y):
    return x + y, x - y, x * y, x / y, x % y, np.minimum(x, y), np.maximum(x, y), math.copysign(x, y)


@WIDTHS
@PRECISIONS
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_binary_operations_are_those_of_numpy(dtype, width):
    x, y = pairs(dtype)
    ours = on_lanes(binary, np.array([x, y]), 8, width)
    expected = (
        x + y,
        x - y,
        x * y,
        x / y,
        np.remainder(x, y),
        np.minimum(x, y),
        np.maximum(x, y),
        np.copysign(x, y),
    )
    for mine, theirs in zip(ours[:5], expected[:5], strict=True):
        assert_same(mine, theirs)
    for mine, theirs in zip(ours[5:], expected[5:], strict=True):
        np.testing.assert_array_equal(mine, theirs)


def rounding(x, y):
    return x // y, np.floor(x), np.ceil(x), np.trunc(x), np.rint(x), abs(x), -x, np.sign(x), math.sqrt(x)


@WIDTHS
@PRECISIONS
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_rounding_and_signs_are_those_of_numpy(dtype, width):
    x, y = pairs(dtype)
    ours = on_lanes(rounding, np.array([x, y]), 9, width)
    expected = (
        np.floor_divide(x, y),
        np.floor(x),
        np.ceil(x),
        np.trunc(x),
        np.rint(x),
        np.abs(x),
        -x,
        np.sign(x),
        np.sqrt(x),
    )
    np.testing.assert_array_equal(ours[0], expected[0])
    # A lone float64 is Numba's own number, and Numba's sign(-0.0) is -0.0.
    numbas_sign = width == 1 and dtype is np.float64
    for mine, theirs in zip(ours[1:], expected[1:], strict=True):
        assert_same(mine + 0.0 if numbas_sign and theirs is expected[7] else mine, theirs)


def comparisons(x, y):
    return (
        where(x < y, 1.0, 0.0),
        where(x <= y, 1.0, 0.0),
        where(x > y, 1.0, 0.0),
        where(x >= y, 1.0, 0.0),
        where(x == y, 1.0, 0.0),
        where(x != y, 1.0, 0.0),
        where((x < y) & ~(y > 1.0) | (x > 2.0), x, y),
        where((x < 0.0) ^ (y < 0.0), x, 2.0),
    )


@pytest.mark.parametrize("width", [2, 16])
@PRECISIONS
def test_comparisons_select_lane_by_lane(dtype, width):
    x, y = pairs(dtype)
    ours = on_lanes(comparisons, np.array([x, y]), 8, width)
    expected = (
        x < y,
        x <= y,
        x > y,
        x >= y,
        x == y,
        x != y,
        np.where((x < y) & ~(y > 1.0) | (x > 2.0), x, y),
        np.where((x < 0.0) ^ (y < 0.0), x, dtype(2.0)),
    )
    for mine, theirs in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def weak(x):
    total = 0.0
    count = 0
    for k in range(3):
        total += x * k
        count += 2
    return 0.1 * x, (1 + x) / 2, 2 - x, count * x, total, x**2, x**-3, x**0, True * x, x * np.float64(0.1)


@WIDTHS
@PRECISIONS
def test_plain_numbers_beside_lanes_take_their_precision(dtype, width):
    x = np.linspace(0.5, 2.0, 32).astype(dtype)
    ours = on_lanes(weak, x[np.newaxis], 10, width)
    tenth = dtype(0.1)
    expected = (
        tenth * x,
        (1 + x) / 2,
        2 - x,
        6 * x,
        x + 2 * x,
        x * x,
        1 / (x * x * x),
        np.ones_like(x),
        x,
        tenth * x,
    )
    for mine, theirs in zip(ours, expected, strict=True):
        assert theirs.dtype == dtype
        np.testing.assert_allclose(mine, theirs, rtol=2 * np.finfo(dtype).eps, atol=0)


def elementary(x):
    return (
        math.sin(x),
        np.cos(x),
        math.exp(x),
        np.log(x),
        math.tanh(x),
        np.hypot(x, 1.0),
        math.atan2(x, 2.0),
        x**0.5,
        np.arcsin(x / 4),
        math.log10(x),
        math.erf(x),
        np.power(x, 1.5),
        np.degrees(x),
        where(np.isfinite(x), 1.0, 0.0),
    )


@WIDTHS
@PRECISIONS
def test_names_of_math_and_numpy_reach_the_elementary_functions(dtype, width):
    x = np.linspace(0.5, 2.0, 32).astype(dtype)
    exact = x.astype(np.float64)
    expected = (
        np.sin(exact),
        np.cos(exact),
        np.exp(exact),
        np.log(exact),
        np.tanh(exact),
        np.hypot(exact, 1.0),
        np.arctan2(exact, 2.0),
        np.sqrt(exact),
        np.arcsin(exact / 4),
        np.log10(exact),
        np.array([math.erf(value) for value in exact]),
        exact**1.5,
        np.degrees(exact),
        np.ones(32),
    )
    ours = on_lanes(elementary, x[np.newaxis], 14, width)
    for mine, theirs in zip(ours, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=4 * np.finfo(dtype).eps, atol=2 * np.finfo(dtype).tiny)
