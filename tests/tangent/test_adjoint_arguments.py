"""What a caller of the adjoint may give, what comes back, and what mistakes are called."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fastsci import flow
from fastsci.adjoint import flow_vjp
from fastsci_kernels.compile import CompilationError

LORENZ = [10.0, 28.0, 8.0 / 3.0]


def lorenz(t, u, p):
    x, y, z = u
    sigma, rho, beta = p
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


def members(n, dim, seed=3):
    return np.random.default_rng(seed).normal(size=(n, dim))


def same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_shapes_of_what_is_asked_for():
    y0 = members(4, 3)
    run = {"params": LORENZ, "dt": 0.01}
    y, w0 = flow_vjp(lorenz, (0.0, 0.1), y0[0], y0[0], **run)
    assert y.shape == w0.shape == (3,)
    y, p_bar = flow_vjp(lorenz, (0.0, 0.1), y0, y0[0], wrt="params", **run)
    assert y.shape == p_bar.shape == (4, 3)
    y, w0, p_bar = flow_vjp(lorenz, (0.0, 0.1), y0[:0], y0[:0], wrt="both", **run)
    assert y.shape == w0.shape == p_bar.shape == (0, 3)
    same(
        flow_vjp(lorenz, (0.0, 0.1), y0[0], y0, params={"sigma": 10.0, "rho": 28.0, "beta": 2.0}, dt=0.01),
        flow_vjp(lorenz, (0.0, 0.1), np.tile(y0[0], (4, 1)), y0, params=[10.0, 28.0, 2.0], dt=0.01),
    )


def test_unit_vectors_give_the_jacobian():
    _, rows = flow_vjp(lorenz, (0.0, 0.1), [1.0, 2.0, 20.0], np.eye(3), params=LORENZ, dt=0.01)
    _, columns = flow.flow_jvp(lorenz, (0.0, 0.1), [1.0, 2.0, 20.0], params=LORENZ, dt=0.01)
    np.testing.assert_allclose(rows, columns, rtol=1e-12)


def test_arrays_of_any_kind():
    y0, w = members(4, 3), members(4, 3, 4)
    expected = flow_vjp(lorenz, (0.0, 0.1), y0, w, params=LORENZ, dt=0.01)
    strided = np.zeros((8, 6))
    strided[::2, ::2] = y0
    frozen = w.copy()
    frozen.flags.writeable = False
    same(flow_vjp(lorenz, (0.0, 0.1), strided[::2, ::2], frozen, params=LORENZ, dt=0.01), expected)
    same(flow_vjp(lorenz, (0.0, 0.1), y0.tolist(), np.asfortranarray(w), params=LORENZ, dt=0.01), expected)
    np.testing.assert_array_equal(strided[::2, ::2], y0)


def test_single_precision_keeps_single_precision():
    y0, w = members(5, 3).astype(np.float32), members(5, 3, 4).astype(np.float32)
    single = flow_vjp(lorenz, (0.0, 0.5), y0, w, params=LORENZ, dt=0.01, wrt="both")
    double = flow_vjp(lorenz, (0.0, 0.5), y0.astype(float), w, params=LORENZ, dt=0.01, wrt="both")
    for one, other in zip(single, double, strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-4 * np.abs(other).max())


@pytest.mark.parametrize(
    ("changed", "argument"),
    [
        ({"w": np.ones(2)}, "w: has shape"),
        ({"w": np.ones((3, 3))}, "w: is for 3 members"),
        ({"wrt": "rho"}, "wrt: is 'rho'"),
        ({"dt": None}, "dt: is missing"),
        ({"dt": -1.0}, "dt: is"),
        ({"dt": np.full(2, 0.1)}, r"dt: has shape \(2,\)"),
        ({"t_span": [[0.0, 1.0], [0.0, 2.0]]}, r"t_span: has shape \(2, 2\)"),
        ({"method": "RODAS5P"}, "method: is 'RODAS5P'"),
        ({"memory_limit": 0}, "memory_limit: is 0"),
        ({"device": "tpu"}, "device: is 'tpu'"),
    ],
)
def test_mistakes_are_named(changed, argument):
    given = {"t_span": (0.0, 0.1), "y0": members(2, 3), "w": members(2, 3), "params": LORENZ, "dt": 0.01, **changed}
    with pytest.raises(ValueError, match=f"^{argument}"):
        flow_vjp(lorenz, **given)


def test_a_system_without_parameters_has_no_cotangent_of_them():
    def swing(t, u, p):
        return u[1], -u[0]

    _, w0, p_bar = flow_vjp(swing, (0.0, 0.1), [1.0, 0.0], [1.0, 0.0], dt=0.01, wrt="both")
    assert p_bar.shape == (0,)
    np.testing.assert_allclose(w0, [math.cos(0.1), math.sin(0.1)], rtol=1e-9)
    with pytest.raises(ValueError, match=r"^wrt: is 'params', but the system has no parameters"):
        flow_vjp(swing, (0.0, 0.1), [1.0, 0.0], [1.0, 0.0], dt=0.01, wrt="params")


def test_a_function_without_derivative_is_named():
    def gamma(t, u, p):
        return (math.gamma(u[0]),)

    with pytest.raises(CompilationError, match=r"gamma cannot be differentiated: .*test_adjoint_arguments.py, line"):
        flow_vjp(gamma, (0.0, 0.1), [1.0], [1.0], dt=0.01)
