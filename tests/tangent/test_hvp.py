"""hvp: second derivatives, as Duals of Duals."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastsci
from fastsci.tangent import hvp, jvp, vjp
from tests.ensemble.models import same_bits
from tests.tangent.points import OWN, assert_close, directions_of, elementary, random_points, ring


@fastsci.system(params={"a": 2.0, "b": 0.5})
def polynomial(t, u, p):
    x, y = u
    a, b = p
    return a * x**3 + x * y * y, b * a * a * y - x * y


def second_of_polynomial(y, v, w):
    x, y = y.T
    first = (
        12.0 * x * v[:, 0] * w[:, 0] + 2.0 * y * (v[:, 0] * w[:, 1] + v[:, 1] * w[:, 0]) + 2.0 * x * v[:, 1] * w[:, 1]
    )
    return np.stack([first, -(v[:, 0] * w[:, 1] + v[:, 1] * w[:, 0])], axis=1)


@pytest.fixture
def sample():
    return random_points(11), directions_of((11, 2)), directions_of((11, 2), 5)


def test_a_polynomial(sample):
    y, v, w = sample
    f, jv, second = hvp(polynomial, y, v, w)
    assert_close(second, second_of_polynomial(y, v, w))
    assert all(same_bits(one, other) for one, other in zip((f, jv), jvp(polynomial, y, v), strict=True))
    assert_close(hvp(polynomial, y, v)[2], second_of_polynomial(y, v, v))


def test_the_hessian_of_a_combination(sample):
    """H v by its components: the second derivative along v and each unit vector, weighed."""
    y, v, c = sample
    f, jv, product = hvp(polynomial, y, v, cotangent=c)
    units = [np.tile(unit, (11, 1)) for unit in np.eye(2)]
    expected = np.stack([(c * second_of_polynomial(y, v, unit)).sum(1) for unit in units], axis=1)
    assert_close(product, expected)
    assert all(same_bits(one, other) for one, other in zip((f, jv), jvp(polynomial, y, v), strict=True))


def test_second_derivatives_by_parameters(sample):
    y, v, w = sample
    _, jv, second = hvp(polynomial, y, v, w, wrt="params")
    a, b = 2.0, 0.5
    assert_close(jv, np.stack([v[:, 0] * y[:, 0] ** 3, (2 * a * b * v[:, 0] + a * a * v[:, 1]) * y[:, 1]], axis=1))
    mixed = v[:, 0] * w[:, 1] + v[:, 1] * w[:, 0]
    assert_close(second, np.stack([0 * mixed, (2 * b * v[:, 0] * w[:, 0] + 2 * a * mixed) * y[:, 1]], axis=1))


@pytest.mark.parametrize("system", [*OWN, ring], ids=lambda system: system.name)
def test_as_a_difference_of_first_derivatives(system):
    """A central difference of four points (Abramowitz and Stegun, 25.3.6) of first derivatives."""
    y = random_points(9, 18 if system is ring else 2)
    v, w, c = (directions_of(y.shape, seed) for seed in (4, 5, 6))
    h = 1e-3

    def slope(of):
        return (8.0 * (of(y + h * v) - of(y - h * v)) - (of(y + 2 * h * v) - of(y - 2 * h * v))) / (12.0 * h)

    expected = slope(lambda at: jvp(system, at, w, t=0.3)[1])
    assert_close(hvp(system, y, v, w, t=0.3)[2], expected, 1e-8)
    expected = slope(lambda at: vjp(system, at, c, t=0.3)[1])
    assert_close(hvp(system, y, v, cotangent=c, t=0.3)[2], expected, 1e-8)


def test_directions_may_be_exchanged(sample):
    y, v, w = sample
    assert_close(hvp(elementary, y, v, w)[2], hvp(elementary, y, w, v)[2])


def test_the_exponential_is_its_own_second_derivative():
    def growth(t, u, p):
        return (math.exp(u[0]), np.sin(u[0]))

    y = np.linspace(-2.0, 2.0, 9)[:, np.newaxis] * [1.0, 0.0]
    _, _, second = hvp(growth, y, np.tile([1.0, 0.0], (9, 1)))
    np.testing.assert_allclose(second, np.stack([np.exp(y[:, 0]), -np.sin(y[:, 0])], axis=1), rtol=1e-15, atol=1e-16)


def test_company_shapes_and_precision(sample):
    y, v, w = sample
    whole = hvp(elementary, y, v, w)
    for n in (0, 1, 8):
        assert all(
            same_bits(one[:n], other) for one, other in zip(whole, hvp(elementary, y[:n], v[:n], w[:n]), strict=True)
        )
    assert [part.shape for part in hvp(elementary, y[0], v[0], w[0])] == [(2,)] * 3
    assert [part.shape for part in hvp(ring, np.ones(6), [1.0], cotangent=np.ones(6), wrt="params")] == [
        (6,),
        (6,),
        (1,),
    ]
    assert {part.dtype.name for part in hvp(elementary, y.astype("f4"), v, w)} == {"float32"}


def test_mistakes_are_named():
    y = np.ones((3, 2))
    with pytest.raises(ValueError, match=r"^cotangent: is given together with w"):
        hvp(elementary, y, y, y, cotangent=y)
    with pytest.raises(ValueError, match=r"^v: has shape \(3, 2, 4\), expected one direction a point"):
        hvp(elementary, y, np.ones((3, 2, 4)))
    with pytest.raises(ValueError, match=r"^w: has shape \(3, 3\)"):
        hvp(elementary, y, y, np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"^cotangent: has shape"):
        hvp(elementary, y, y, cotangent=np.ones((3, 3)))
