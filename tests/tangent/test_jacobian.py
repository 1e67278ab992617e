"""jacobian: all derivatives of a function at once, at many points."""

from __future__ import annotations

import numpy as np
import pytest

import fastsci
from fastsci.tangent import jacobian, jvp
from tests.ensemble.models import same_bits
from tests.tangent import complex_step
from tests.tangent.points import (
    CATALOGUE,
    OWN,
    assert_close,
    branching,
    elementary,
    params_of,
    points_of,
    random_points,
    ring,
)

TOLERANCE = 1e-12
LARGEST = 40  # components; the complex step takes a call of the plain function for each


def small(name):
    return fastsci.systems.get(name).dim <= LARGEST


@pytest.mark.parametrize("name", [*filter(small, CATALOGUE)])
def test_catalogue_as_by_the_complex_step(name):
    system = fastsci.systems.get(name)
    y, params = points_of(system), params_of(system)
    expected = np.array([complex_step.jacobian(system, 0.3, state, params) for state in y])
    found = jacobian(system, y, t=0.3)
    assert found.shape == (3, system.dim, system.dim)
    assert_close(found, expected, TOLERANCE)


@pytest.mark.parametrize("system", OWN, ids=lambda system: system.name)
def test_parameters_of_branches_loops_and_choices(system):
    y, params = random_points(19), params_of(system)
    expected = np.array([complex_step.jacobian(system, 0.3, state, params, "params") for state in y])
    assert_close(jacobian(system, y, t=0.3, wrt="params"), expected, TOLERANCE)


@pytest.mark.parametrize("system", [elementary, branching], ids=lambda system: system.name)
def test_columns_are_derivatives_along_unit_vectors_bit_for_bit(system):
    y = random_points(11)
    columns = jvp(system, y, np.broadcast_to(np.eye(2), (11, 2, 2)))[1]
    assert same_bits(jacobian(system, y), np.ascontiguousarray(columns))


def test_a_long_linear_function_is_its_own_jacobian():
    matrix = np.random.default_rng(5).normal(size=(21, 21))

    @fastsci.system(constants={"A": matrix})
    def linear(t, u, p, du):
        for i in range(len(u)):
            s = 0.0
            for j in range(len(u)):
                s += A[i, j] * u[j]  # noqa: F821 (a constant)
            du[i] = s

    y = random_points(10, 21)
    np.testing.assert_array_equal(jacobian(linear, y), np.broadcast_to(matrix, (10, 21, 21)))


def test_shapes():
    y = random_points(4)
    assert jacobian(elementary, y[0]).shape == (2, 2)
    assert jacobian(elementary, y[0], wrt="params").shape == (2, 2)
    assert jacobian(ring, random_points(1, 6)[0], wrt="params").shape == (6, 1)
    assert jacobian(elementary, y[:0]).shape == (0, 2, 2)
    assert jacobian(elementary, y, wrt="params").shape == (4, 2, 2)
    assert jacobian(fastsci.systems.lorenz63).shape == (3, 3)
    assert jacobian(fastsci.systems.lorenz63, dtype="float32").dtype == np.float32


@pytest.mark.parametrize("n", [1, 7, 8, 9])
def test_a_point_has_the_same_bits_in_any_company(n):
    y = random_points(40)
    assert same_bits(jacobian(elementary, y)[:n], jacobian(elementary, y[:n]))


def test_the_systems_own_jacobian_is_asked():
    @fastsci.system(jac=lambda t, u, p: ((0.0, 7.0), (p[0], u[0])), params={"a": 2.0})
    def something(t, u, p):
        x, y = u
        (a,) = p
        return x * y, a * x

    y = random_points(9)
    expected = np.zeros((9, 2, 2))
    expected[:, 0, 1], expected[:, 1, 0], expected[:, 1, 1] = 7.0, 2.0, y[:, 0]
    np.testing.assert_array_equal(jacobian(something, y), expected)


@pytest.mark.parametrize("dim", [2, 18])
def test_the_systems_own_derivative_along_unit_vectors(dim):
    """It is ten times the true one, so that it shows."""

    def own(t, u, p, v, out):
        for i in range(len(u)):
            out[i] = 20.0 * u[i] * v[i]

    @fastsci.system(jvp=own)
    def squares(t, u, p, du):
        for i in range(len(u)):
            du[i] = u[i] * u[i]

    y = random_points(9, dim)
    np.testing.assert_allclose(jacobian(squares, y), 20.0 * y[:, :, np.newaxis] * np.eye(dim), rtol=1e-15)


def test_a_bad_point_is_bad_alone():
    y = random_points(12)
    good = jacobian(elementary, y)
    y[5] = np.nan
    spoilt = jacobian(elementary, y)
    assert same_bits(np.delete(good, 5, 0), np.delete(spoilt, 5, 0))
    assert np.isnan(spoilt[5]).any()
