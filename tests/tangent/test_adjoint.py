"""Cotangents pulled back through steps and iterations: the transpose of the tangents, and torch's gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastsci
from fastsci import flow
from fastsci.adjoint import flow_vjp
from fastsci_kernels.methods import adjoint
from fastsci_kernels.methods.adjoint import block_steps
from fastsci_kernels.methods.pull import ByReverse, ByTangents, pull_of

LORENZ = [10.0, 28.0, 8.0 / 3.0]


def lorenz(t, u, p):
    x, y, z = u
    sigma, rho, beta = p
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


def driven(t, u, p):
    """Depends on the time, has choices, powers and functions, and a third component that nothing reads."""
    angle, speed, _ = u
    strength, drive, damping = p
    push = drive * math.cos(1.3 * t) - fastsci.where(speed > 0, damping * speed, damping * speed**3)
    return speed, push - strength * np.sin(angle) + abs(angle) ** 1.5 * 0.1, push * speed / (1.0 + t * t)


def twisted(t, u, p):
    """Bare arithmetic, quick to compile."""
    x, y = u
    return y + t * x * y, 0.3 * t - x * x


def bouncing(t, u, p):
    """Branches on its state, so that it runs on scalars."""
    x, v, w = u
    a, b, c = p
    force = -a * x
    if x < 0.0:
        force = -b * x - c * x * x
    return v, force * w, 0.1 * x * v


def ring(t, u, p, du):
    n = len(u)
    for i in range(n):
        du[i] = (u[(i + 1) % n] - u[i - 2]) * u[i - 1] - u[i] + p[0] + 0.1 * p[1] * u[i] * math.sin(t)


def branching_ring(t, u, p, du):
    n = len(u)
    for i in range(n):
        du[i] = p[0] * (u[i - 1] - u[i])
        if u[i] > 1.0:
            du[i] -= p[1] * u[i] * u[i - 2]


def dense(t, u, p, du):
    """Too many sines to write out."""
    n = len(u)
    for i in range(n):
        pull = 0.0
        for j in range(n):
            pull += math.sin(u[j] - u[i])
        du[i] = 0.1 * i + p[0] / n * pull * (1.0 + p[1])


def pull(fun, style, dim, n_params):
    return pull_of(fun, style=style, dim=dim, n_params=n_params, by_params=True, by_user=False)


henon = fastsci.system(lambda t, u, p: (1.0 - p[0] * u[0] * u[0] + u[1], p[1] * u[0]), kind="map")


@fastsci.system(kind="map")
def coupled(t, u, p, image):
    n = len(u)
    for i in range(n):
        image[i] = (1.0 - p[0]) * p[1] * u[i] * (1.0 - u[i]) + p[0] * u[i - 1]


def members(n, dim, seed=3, scale=1.0):
    return scale * np.random.default_rng(seed).normal(size=(n, dim))


def dots(system, t_span, y0, params, **run):
    """Both sides of <w, J v> = <J^T w, v>, for the state and the parameters: ``(2, n_members)`` each, and the scale."""
    n, dim = y0.shape
    w, v, q = members(n, dim, 4), members(n, dim, 5), members(n, len(params), 6)
    _, w0, p_bar = flow_vjp(system, t_span, y0, w, params=params, wrt="both", **run)
    forward, backward, scale = [], [], []
    for along, back, wrt in ((v, w0, "state"), (q, p_bar, "params")):
        _, carried = flow.flow_jvp(system, t_span, y0, along, params=params, wrt=wrt, **run)
        forward.append((w * carried).sum(axis=1))
        backward.append((along * back).sum(axis=1))
        scale.append(np.maximum(np.abs(w * carried).sum(axis=1), np.abs(along * back).sum(axis=1)))
    return np.array(forward), np.array(backward), np.array(scale)


def transposed(*arguments, tolerance=1e-13, **run):
    forward, backward, scale = dots(*arguments, **run)
    assert np.isfinite(scale).all()
    assert (scale > 0.0).all()
    np.testing.assert_array_less(np.abs(forward - backward), tolerance * scale)


@pytest.mark.parametrize("method", ["Euler", "RK4", "DOP853", "Verner9"])
def test_methods_of_few_and_many_stages_are_transposed(method):
    y0, w, v = members(3, 2), members(3, 2, 4), members(3, 2, 5)
    _, w0 = flow_vjp(twisted, (0.2, 0.55), y0, w, method=method, dt=0.1)
    _, carried = flow.flow_jvp(twisted, (0.2, 0.55), y0, v, method=method, dt=0.1)
    scale = np.abs(w * carried).sum(axis=1)
    np.testing.assert_array_less(np.abs((w * carried).sum(axis=1) - (w0 * v).sum(axis=1)), 1e-13 * scale)


@pytest.mark.parametrize(
    ("system", "params", "method"),
    [
        (lorenz, LORENZ, "Tsit5"),
        (bouncing, [1.0, 2.0, 0.3], "RK4"),
        (ring, [8.0, 0.5], "Heun"),
        (branching_ring, [1.0, 0.2], "RK4"),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_flows_are_transposed(system, params, method):
    dim = 12 if "ring" in system.__name__ else 3
    transposed(system, (0.0, 0.25), members(5, dim) + 1.0, params, method=method, dt=0.01)


def test_a_long_state_is_transposed():
    transposed(ring, (0.0, 1.0), members(4, 40), [8.0, 0.5], dt=0.01)


def test_a_function_too_long_to_write_out_is_transposed():
    assert pull(dense, "inplace", 20, 2) == ByTangents()
    transposed(dense, (0.0, 0.2), members(3, 20), [0.7, 0.3], dt=0.02)


def test_tuples_longer_than_registers_are_transposed():
    def written(t, u, p):
        a, b, c, d, e, f, g, h, i, j, k, m, n, o, q, r, s, v = u
        x, y = p
        return (b * x, c, d, e, f, g, h, i, j, k, m, n, o, q, r, s, v * y, -a * y * b)

    assert isinstance(pull(written, "tuple", 18, 2), ByReverse)
    transposed(written, (0.0, 0.5), members(3, 18), [1.0, 0.5], dt=0.05)


@pytest.mark.parametrize("t_span", [(0.0, 1.0), (0.0, 0.105), (1.0, 0.3), (2.0, 2.0)])
def test_every_span_is_transposed(t_span):
    """Whole steps, a shorter last one, backwards, and none at all."""
    y0 = members(3, 3, scale=0.4)
    if t_span[0] != t_span[1]:
        transposed(driven, t_span, y0, [1.0, 0.5, 0.2], dt=0.01)
    given = {"params": [1.0, 0.5, 0.2], "dt": 0.01}
    y, w0, p_bar = flow_vjp(driven, t_span, y0, members(3, 3, 4), wrt="both", **given)
    expected = fastsci.solve_ensemble(driven, t_span, y0, **given)
    np.testing.assert_array_equal(y, expected.y_final)
    if t_span[0] == t_span[1]:
        np.testing.assert_array_equal(w0, members(3, 3, 4))
        np.testing.assert_array_equal(p_bar, np.zeros((3, 3)))


@pytest.mark.parametrize(("system", "params"), [(henon, [1.2, 0.3]), (coupled, [0.2, 3.6])], ids=["henon", "coupled"])
def test_maps_are_transposed(system, params):
    y0 = np.random.default_rng(1).uniform(0.1, 0.6, (4, 2 if system is henon else 9))
    transposed(system, (0, 12), y0, params)
    y, _ = flow_vjp(system, (0, 12), y0, y0, params=params)
    np.testing.assert_array_equal(y, fastsci.iterate_map(system, 12, y0, params=params).y_final)


def test_the_logistic_map_s_derivative_is_a_product():
    """d x_n / d x_0 = prod r (1 - 2 x_k)."""
    logistic = fastsci.system(lambda t, u, p: (p[0] * u[0] * (1.0 - u[0]),), kind="map")
    x, product = 0.3, 1.0
    for _ in range(20):
        product *= 3.7 * (1.0 - 2.0 * x)
        x = 3.7 * x * (1.0 - x)
    _, w0 = flow_vjp(logistic, (0, 20), [0.3], [1.0], params=[3.7])
    assert w0[0] == pytest.approx(product, rel=1e-11)


def test_by_the_user_s_own_derivative():
    """A function that has no derivative here is pulled back by the one that its user gives."""

    def bent(t, u, p):
        x, v = u
        return v, -p[0] * math.gamma(3.0 + x)

    def along(t, u, p, w):
        x, _ = u
        return w[1], -p[0] * math.gamma(3.0 + x) * (math.log(2.0 + x) + 0.5) * w[0]

    system = fastsci.system(bent, jvp=along)
    y0, w, v = members(3, 2, scale=0.1), members(3, 2, 4), members(3, 2, 5)
    _, w0 = flow_vjp(system, (0.0, 0.1), y0, w, params=[0.2], dt=0.01)
    _, carried = flow.flow_jvp(system, (0.0, 0.1), y0, v, params=[0.2], dt=0.01)
    np.testing.assert_allclose((w * carried).sum(1), (w0 * v).sum(1), rtol=1e-12)


def test_the_user_s_own_derivative_of_a_long_state():
    def decay(t, u, p, du):
        for i in range(len(u)):
            du[i] = -p[0] * u[i] * u[i - 1]

    def along(t, u, p, v, dv):
        for i in range(len(u)):
            dv[i] = -p[0] * (v[i] * u[i - 1] + u[i] * v[i - 1])

    y0, w = members(3, 20), members(3, 20, 4)
    own = flow_vjp(fastsci.system(decay, jvp=along), (0.0, 0.5), y0, w, params=[0.2], dt=0.05)
    swept = flow_vjp(decay, (0.0, 0.5), y0, w, params=[0.2], dt=0.05)
    np.testing.assert_allclose(own[1], swept[1], rtol=1e-13)


# --- against torch ---------------------------------------------------------------------------------------------------


def test_gradients_are_those_of_torch(torch):
    """A loop of the classical method on float64 tensors, differentiated by torch.autograd."""
    y0, w = members(6, 3) + 1.0, members(6, 3, 4)
    u = torch.tensor(y0, requires_grad=True)
    p = torch.tensor(np.tile(LORENZ, (6, 1)), requires_grad=True)

    def slope(u):
        return torch.stack(lorenz(0.0, u.unbind(1), p.unbind(1)), dim=1)

    y, h = u, 0.01
    for _ in range(120):
        k1 = slope(y)
        k2 = slope(y + h / 2 * k1)
        k3 = slope(y + h / 2 * k2)
        k4 = slope(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    y.backward(torch.tensor(w))
    final, w0, p_bar = flow_vjp(lorenz, (0.0, 1.2), y0, w, params=LORENZ, dt=0.01, wrt="both")
    for ours, theirs in ((final, y.detach()), (w0, u.grad), (p_bar, p.grad)):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-10)


def test_torch_in_torch_out(torch):
    y0 = torch.tensor(members(3, 3))
    y, w0 = flow_vjp(lorenz, (0.0, 0.1), y0, y0, params=LORENZ, dt=0.01)
    assert isinstance(y, torch.Tensor)
    expected = flow_vjp(lorenz, (0.0, 0.1), y0.numpy(), y0.numpy(), params=LORENZ, dt=0.01)
    np.testing.assert_array_equal(w0.numpy(), expected[1])


# --- bit for bit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("system", "dim"), [(lorenz, 3), (bouncing, 3), (ring, 12)], ids=["flat", "branch", "long"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_final_states_are_those_of_a_plain_run(system, dim, dtype):
    params = [1.0, 2.0, 0.3][: 2 if system is ring else 3]
    y0 = members(5, dim)
    run = {"params": params, "dt": 0.01, "dtype": dtype}
    n_steps = block_steps(dim) + 7
    t_span = (3.0, 3.0 + 0.01 * n_steps + 0.004)
    y, w0, p_bar = flow_vjp(system, t_span, y0, y0, wrt="both", **run)
    assert y.dtype == w0.dtype == p_bar.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(y, fastsci.solve_ensemble(system, t_span, y0, **run).y_final)


def same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_results_do_not_depend_on_blocks_groups_or_threads(monkeypatch):
    y0, w = members(40, 3), members(40, 3, 4)

    def pulled(**run):
        return flow_vjp(driven, (0.0, 2.005), y0, w, params=[1.0, 0.5, 0.2], dt=0.01, wrt="both", **run)

    expected = pulled()
    same(pulled(memory_limit=2000), expected)
    for threads in ("1", "2"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        same(pulled(progress=lambda done: None), expected)
    for numbers in (3, 48):  # one step a block, and sixteen
        monkeypatch.setattr(adjoint, "BLOCK_NUMBERS", numbers)
        same(pulled(), expected)


@pytest.mark.parametrize("system", [lorenz, ring, bouncing])
def test_members_do_not_know_their_company(system):
    dim = 12 if system is ring else 3
    params = members(21, 2 if system is ring else 3, 7) + 2.0
    y0, w = members(21, dim), members(21, dim, 4)
    run = {"dt": 0.01, "wrt": "both"}
    together = flow_vjp(system, (0.0, 0.3), y0, w, params=params, **run)
    for i in (0, 7, 20):
        same([part[i] for part in together], flow_vjp(system, (0.0, 0.3), y0[i], w[i], params=params[i], **run))


def test_a_lost_member_is_lost_alone():
    y0, w = members(9, 3), members(9, 3, 4)
    expected = flow_vjp(lorenz, (0.0, 0.3), y0, w, params=LORENZ, dt=0.01, wrt="both")
    spoilt = y0.copy()
    spoilt[4, 1] = np.nan
    lost = flow_vjp(lorenz, (0.0, 0.3), spoilt, w, params=LORENZ, dt=0.01, wrt="both")
    others = np.arange(9) != 4
    for part, whole in zip(lost, expected, strict=True):
        assert not np.isfinite(part[4]).any()
        np.testing.assert_array_equal(part[others], whole[others])


def test_memory_is_bounded():
    """2000 members of 40 numbers, 2000 steps: the whole history would take 1.3 GB, all starts of blocks 25 MB."""
    import tracemalloc

    y0 = members(2000, 40)
    flow_vjp(ring, (0.0, 0.05), y0[:8], y0[:8], params=[8.0, 0.1], dt=0.0005)
    tracemalloc.start()
    flow_vjp(ring, (0.0, 1.0), y0, y0, params=[8.0, 0.1], dt=0.0005, memory_limit=8e6)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8e6 + 3 * 2 * y0.nbytes


def test_progress_goes_to_the_end():
    seen = []
    flow_vjp(lorenz, (0.0, 20.0), members(3, 3), members(3, 3), params=LORENZ, dt=0.01, progress=seen.append)
    assert seen == sorted(seen)
    assert 0.0 < seen[0] < 1.0 == seen[-1]


# --- how it is done --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", [lorenz, driven], ids=["lorenz", "driven"])
def test_the_sweep_agrees_with_all_tangents(system, monkeypatch):
    y0, w = members(3, 3), members(3, 3, 4)
    run = {"params": [1.0, 0.5, 0.2], "dt": 0.01, "wrt": "both"}
    swept = flow_vjp(system, (0.0, 1.0), y0, w, **run)
    monkeypatch.setattr("fastsci.adjoint.pull_of", lambda *_, **__: ByTangents())
    for ours, other in zip(swept, flow_vjp(system, (0.0, 1.0), y0, w, **run), strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-12)
