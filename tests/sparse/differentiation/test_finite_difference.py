"""Finite differences: exact where they must be, of the order they claim, with Fornberg's weights."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import factorial

import numpy as np
import pysindy
import pytest

from fastsci.sparse.differentiation import FiniteDifference
from fastsci_kernels.regress import stencils
from tests.sparse.differentiation.rational import solved

RNG = np.random.default_rng(20)
ORDERS = [1, 2, 3, 4, 5, 6, 8]
DERIVATIVES = [1, 2, 3, 4]


def uneven(count: int, rng: np.random.Generator = RNG) -> np.ndarray:
    """Times whose steps differ by up to a factor of three."""
    return np.cumsum(rng.uniform(0.5, 1.5, count)) / count


def exact_weights(nodes: list[Fraction], at: Fraction, d: int) -> list[Fraction]:
    """Solve the moment conditions ``sum_k w_k (node_k - at)**p = d! [p = d]``."""
    powers = range(len(nodes))
    rows = [[(node - at) ** power for node in nodes] for power in powers]
    return solved(rows, [Fraction(factorial(d) if power == d else 0) for power in powers])


@pytest.mark.parametrize("d", DERIVATIVES)
@pytest.mark.parametrize("size", [5, 6, 9])
def test_weights_are_those_of_rational_arithmetic(size: int, d: int) -> None:
    times = np.round(uneven(130) * 2**12) / 2**12  # so that they are short fractions
    starts = np.arange(len(times) - size + 1)
    at = times[starts + 1]
    weights = stencils.difference_table(times, starts, at, size, d)
    for row in (0, 17, 63, 64, len(starts) - 1):
        nodes = [Fraction(float(time)) for time in times[row : row + size]]
        exact = np.array([float(weight) for weight in exact_weights(nodes, Fraction(float(at[row])), d)])
        np.testing.assert_allclose(weights[row], exact, rtol=1e-11, atol=1e-12 * np.abs(exact).max())


@pytest.mark.parametrize(
    ("order", "d", "weights"),
    [
        (2, 1, [-1 / 2, 0, 1 / 2]),
        (4, 1, [1 / 12, -2 / 3, 0, 2 / 3, -1 / 12]),
        (2, 2, [1, -2, 1]),
        (4, 2, [-1 / 12, 4 / 3, -5 / 2, 4 / 3, -1 / 12]),
        (2, 3, [-1 / 2, 1, 0, -1, 1 / 2]),
        (2, 4, [1, -4, 6, -4, 1]),
        (6, 1, [-1 / 60, 3 / 20, -3 / 4, 0, 3 / 4, -3 / 20, 1 / 60]),
    ],
)
def test_centred_weights_are_those_of_the_tables(order: int, d: int, weights: list[float]) -> None:
    # Fornberg, Math. Comp. 51, 699 (1988), table 1.
    impulse = np.zeros(31)
    impulse[15] = 1.0
    reach = len(weights) // 2
    response = FiniteDifference(order=order, d=d)(impulse, 1.0)[15 - reach : 16 + reach]
    np.testing.assert_allclose(response[::-1], weights, atol=1e-14)


@pytest.mark.parametrize("is_uniform", [True, False])
@pytest.mark.parametrize("d", DERIVATIVES)
@pytest.mark.parametrize("order", ORDERS)
def test_polynomials_are_exact_up_to_the_ends(order: int, d: int, is_uniform: bool) -> None:
    count = order + d + 8
    t = np.linspace(-1, 1, count) if is_uniform else 2 * uneven(count) - 1
    for degree in range(order + d):
        polynomial = np.polynomial.Polynomial(RNG.normal(size=degree + 1))
        derivative = FiniteDifference(order=order, d=d)(polynomial(t), t)
        rounding = 1e-15 * (4 * count) ** d
        np.testing.assert_allclose(derivative, polynomial.deriv(d)(t), atol=rounding * 50, rtol=1e-12)


def observed_order(error: Callable[[float], float], order: int, d: int, smallest: float = 1e-10) -> float:
    """From steps at which rounding, about ``1e-16 / step**d``, is far below ``step**order = smallest / step**d``."""
    step = 2.0 * smallest ** (1.0 / (order + d))
    return float(np.log2(error(step) / error(0.5 * step)))


@pytest.mark.parametrize("d", DERIVATIVES)
@pytest.mark.parametrize("order", ORDERS)
def test_observed_order_inside(order: int, d: int) -> None:
    def error(step: float) -> float:
        t = np.arange(40) * step
        return float(np.sqrt(np.mean((FiniteDifference(order=order, d=d)(np.exp(t), t) / np.exp(t) - 1)[12:-12] ** 2)))

    expected = order + (order % 2 == 1 and d % 2 == 0)  # a centred stencil of an even derivative has an even order
    assert observed_order(error, expected, d) == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("row", [0, -1])
@pytest.mark.parametrize(("order", "d"), [(p, d) for p in ORDERS for d in DERIVATIVES if p + d <= 7])
def test_observed_order_at_the_ends(order: int, d: int, row: int) -> None:
    def error(step: float) -> float:
        # A wave whose derivative in the leading term of the error is at its peak, so that the one after it is zero.
        t = (np.arange(40) - (0 if row == 0 else 39)) * step
        wave = t - (order + d) * np.pi / 2
        return abs((FiniteDifference(order=order, d=d)(np.cos(wave), step) - np.cos(wave + d * np.pi / 2))[row])

    assert observed_order(error, order, d, smallest=1e-12) == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("order", [2, 4, 6])
def test_order_holds_for_uneven_times(order: int, d: int) -> None:
    shares = uneven(60) * 60

    def error(step: float) -> float:
        t = shares * step
        return float(np.sqrt(np.mean((FiniteDifference(order=order, d=d)(np.exp(t), t) / np.exp(t) - 1)[12:-12] ** 2)))

    expected = order + (d % 2 == 0)  # of the sample more that centres the stencil
    assert observed_order(error, expected, d) == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("d", DERIVATIVES)
@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_moments_of_the_weights(order: int, d: int) -> None:
    """Weights of a d-th derivative sum to zero, and so do their moments but the d-th."""
    count, size = 24, order + d
    t = np.arange(count, dtype=float)
    responses = FiniteDifference(order=order, d=d)(np.eye(count), 1.0)  # (row, sample): the weights of each row
    for power in range(size):
        moments = np.sum(responses * (t[None, :] - t[:, None]) ** power, axis=1)
        scale = np.abs(responses).max() * size ** (power + 1)
        np.testing.assert_allclose(moments, factorial(d) if power == d else 0.0, atol=1e-14 * scale)


def test_even_times_are_recognised_and_agree_with_their_step() -> None:
    x = RNG.normal(size=(50, 2))
    step = 0.1
    for t in (np.arange(50) * step, np.linspace(3.0, 3.0 + 49 * step, 50)):
        np.testing.assert_allclose(FiniteDifference(4)(x, t), FiniteDifference(4)(x, step), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(
            FiniteDifference(4, is_uniform=False)(x, t), FiniteDifference(4)(x, step), rtol=1e-9, atol=1e-10
        )


def test_times_of_single_precision_are_even_too() -> None:
    t = np.linspace(0, 10, 1001, dtype=np.float32)
    x = np.sin(np.linspace(0, 10, 1001))
    error = FiniteDifference(6)(x, t) - np.cos(np.linspace(0, 10, 1001))
    assert np.abs(error[5:-5]).max() < 1e-7  # weights of the rounded times would err by 1e-5


def test_is_uniform_takes_the_mean_step() -> None:
    t = uneven(40)
    step = (t[-1] - t[0]) / 39
    x = RNG.normal(size=40)
    np.testing.assert_array_equal(FiniteDifference(is_uniform=True)(x, t), FiniteDifference()(x, step))


@pytest.mark.parametrize("d", DERIVATIVES)
@pytest.mark.parametrize("order", [2, 3, 4])
def test_periodic_samples_have_no_ends(order: int, d: int) -> None:
    x = RNG.normal(size=(30, 2))
    method = FiniteDifference(order=order, d=d, periodic=True)
    np.testing.assert_array_equal(np.roll(method(x, 0.3), 7, axis=0), method(np.roll(x, 7, axis=0), 0.3))
    inside = slice(order + d, -order - d)
    np.testing.assert_array_equal(method(x, 0.3)[inside], FiniteDifference(order=order, d=d)(x, 0.3)[inside])


def test_periodic_uneven_times() -> None:
    t = 2 * np.pi * np.sort(RNG.choice(400, 200, replace=False)) / 400
    found = FiniteDifference(order=6, periodic=True, period=2 * np.pi)(np.sin(t), t)
    np.testing.assert_allclose(found, np.cos(t), atol=2e-6)
    with pytest.raises(ValueError, match=r"period: is None.*uneven"):
        FiniteDifference(periodic=True)(np.sin(t), t)
    with pytest.raises(ValueError, match=r"period: is 6.0, expected more than"):
        FiniteDifference(periodic=True, period=6.0)(np.sin(t), t)


@pytest.mark.parametrize("t", [0.1, uneven(20)], ids=["even", "uneven"])
def test_dropped_ends_are_nan(t: float | np.ndarray) -> None:
    x = RNG.normal(size=(20, 3))
    dropped, kept = FiniteDifference(4, drop_endpoints=True)(x, t), FiniteDifference(4)(x, t)
    assert np.isnan(dropped[:2]).all()
    assert np.isnan(dropped[-2:]).all()
    np.testing.assert_array_equal(dropped[2:-2], kept[2:-2])


def test_reversing_time_changes_the_sign_of_odd_derivatives() -> None:
    t = uneven(40)
    x = RNG.normal(size=40)
    for d in DERIVATIVES:
        forward = FiniteDifference(4, d)(x, t)
        backward = FiniteDifference(4, d)(x[::-1], -t[::-1])[::-1]
        np.testing.assert_allclose(backward, (-1) ** d * forward, rtol=1e-8, atol=1e-9 * np.abs(forward).max())


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("order", DERIVATIVES)
def test_fields_along_any_axis(order: int, axis: int) -> None:
    field = RNG.normal(size=(14, 12, 13))
    along = np.moveaxis(field, axis, 0)
    expected = np.moveaxis(FiniteDifference(4, d=order)(along, 0.2), 0, axis)
    np.testing.assert_array_equal(FiniteDifference(4).differentiate(field, 0.2, order=order, axis=axis), expected)


def test_as_the_peer_does() -> None:
    """PySINDy's differences of the orders that both have, on even and uneven times."""
    x = RNG.normal(size=(60, 3))
    t = uneven(60)
    for order in (2, 4, 6):
        for times, ours in ((0.1, FiniteDifference(order)), (t, FiniteDifference(order))):
            theirs = np.asarray(pysindy.FiniteDifference(order=order)._differentiate(x, times))
            np.testing.assert_allclose(ours(x, times), theirs, rtol=1e-6, atol=1e-6 * np.abs(theirs).max())


def test_many_numbers_are_the_same_as_few() -> None:
    """Results of samples that are spread over threads and blocks."""
    x = RNG.normal(size=(30_000, 5))
    for t in (0.01, uneven(30_000)):
        for d in (1, 2):
            whole = FiniteDifference(4, d)(x, t)
            first = FiniteDifference(4, d)(x[:500], t if isinstance(t, float) else t[:500])
            np.testing.assert_array_equal(whole[:490], first[:490])


@pytest.mark.parametrize(
    ("options", "name"), [({"order": 0}, "order"), ({"d": 0}, "d"), ({"order": -2}, "order")], ids=str
)
def test_bad_options(options: dict, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}: is .*expected at least 1"):
        FiniteDifference(**options)(np.zeros(10), 1.0)


def test_too_few_samples() -> None:
    with pytest.raises(ValueError, match=r"x: has 5 samples along the axis, expected at least 6 for order=4 and d=2"):
        FiniteDifference(4, 2)(np.zeros(5), 1.0)
    with pytest.raises(ValueError, match=r"expected at least 7 for order=4 and d=2"):
        FiniteDifference(4, 2)(np.zeros(5), uneven(5))
