"""vjp: cotangents times the Jacobian, at many points."""

from __future__ import annotations

import numpy as np
import pytest

import fastsci
from fastsci.tangent import jacobian, jvp, vjp
from tests.ensemble.models import same_bits
from tests.tangent.points import OWN, assert_close, branching, directions_of, elementary, points_of, random_points, ring

SYSTEMS = (*OWN, ring, fastsci.systems.lorenz63, fastsci.systems.get("pollution"), fastsci.systems.get("nbody"))


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_cotangents_and_directions_agree(system):
    """The dot test: w (J v) = (w J) v."""
    y = points_of(system, 9) if system.default_y0 is not None else random_points(9, 10 if system is ring else 2)
    v, w = directions_of(y.shape), directions_of(y.shape, 5)
    f, jv = jvp(system, y, v)
    same, wj = vjp(system, y, w)
    assert same_bits(f, same)
    size = np.einsum("ni,nij,nj->n", abs(w), abs(jacobian(system, y)), abs(v))
    assert (abs((w * jv).sum(1) - (wj * v).sum(1)) <= 1e-13 * size).all()


@pytest.mark.parametrize("system", [*OWN, ring], ids=lambda system: system.name)
@pytest.mark.parametrize("wrt", ["state", "params"])
def test_several_cotangents_are_products_with_the_jacobian(system, wrt):
    y = random_points(11, 19 if system is ring else 2)
    w = directions_of((*y.shape, 3))
    _, wj = vjp(system, y, w, t=0.3, wrt=wrt)
    assert_close(wj, np.einsum("nic,nij->njc", w, jacobian(system, y, t=0.3, wrt=wrt)))


def test_shapes_and_company():
    y, w = random_points(20), directions_of((20, 2))
    whole = vjp(elementary, y, w)
    for n in (0, 1, 8, 9):
        part = vjp(elementary, y[:n], w[:n])
        assert all(same_bits(one[:n], other) for one, other in zip(whole, part, strict=True))
    f, wj = vjp(elementary, y[0], w[0], wrt="params")
    assert (f.shape, wj.shape) == ((2,), (2,))
    assert vjp(ring, random_points(1, 6)[0], np.ones((6, 4)), wrt="params")[1].shape == (1, 4)


def test_the_systems_own_jacobian_is_asked():
    @fastsci.system(jac=lambda t, u, p: ((0.0, 7.0), (2.0, u[0])))
    def something(t, u, p):
        x, y = u
        return x * y, x

    y, w = random_points(9), directions_of((9, 2))
    expected = np.stack([2.0 * w[:, 1], 7.0 * w[:, 0] + y[:, 0] * w[:, 1]], axis=1)
    assert_close(vjp(something, y, w)[1], expected)


def test_a_point_whose_function_raises_is_a_row_of_nan():
    y, w = random_points(9), directions_of((9, 2))
    good = vjp(branching, y, w)
    y[2, 0] = -1e3
    for one, other in zip(good, vjp(branching, y, w), strict=True):
        assert np.isnan(other[2]).all()
        assert same_bits(np.delete(one, 2, 0), np.delete(other, 2, 0))


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"^w: has shape \(4, 3\), expected"):
        vjp(elementary, np.ones((4, 2)), np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"^w: is for 3 members"):
        vjp(elementary, np.ones((4, 2)), np.ones((3, 2)), wrt="params")
