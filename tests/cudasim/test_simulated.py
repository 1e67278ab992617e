"""The CUDA driver on the simulator gives what the CPU gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastsci
from fastsci_kernels import cuda_target
from fastsci_kernels.loops import cuda
from fastsci_kernels.loops.cuda_source import LOST
from fastsci_kernels.loops.grid import make_grid
from fastsci_kernels.methods.registry import FIXED

pytestmark = pytest.mark.cuda_sim

# float64: what fused multiply-adds on the CPU may change in a few steps.  float32: the same in its own precision.
TOLERANCE = {"float64": 1e-12, "float32": 2e-5}


LORENZ = {"sigma": 10.0, "rho": 28.0, "beta": 8.0 / 3.0}


def lorenz(t, u, p):
    x, y, z = u
    sigma, rho, beta = p
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


def ring(t, u, p, du):
    n = len(u)
    for i in range(n):
        du[i] = (u[(i + 1) % n] - u[i - 2]) * u[i - 1] - u[i] + p[0]


def cubic(t, u, p):
    """Its solution is a polynomial of the fourth degree, which the classical method follows to rounding."""
    return (1.0 + t * (2.0 + t * (3.0 + t * 4.0)),)


def cubic_solution(t):
    return t + t**2 + t**3 + t**4


def spread(n, dim=3):
    return np.random.default_rng(1).normal(0.0, 3.0, (n, dim)) + 1.0


def both(system, t_span, y0, dtype="float64", **run):
    gpu = fastsci.solve_ensemble(system, t_span, y0, dtype=dtype, device="cuda", **run)
    cpu = fastsci.solve_ensemble(system, t_span, y0, dtype=dtype, device="cpu", **run)
    assert gpu.path == "cuda"
    assert gpu.y.dtype == cpu.y.dtype == np.dtype(dtype)
    np.testing.assert_allclose(gpu.y, cpu.y, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    np.testing.assert_allclose(gpu.y_final, cpu.y_final, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    for name in ("t", "status", "nfev", "naccepted", "nrejected"):
        np.testing.assert_array_equal(getattr(gpu, name), getattr(cpu, name))
    return gpu


def pendulum(t, u, p):
    angle, speed = u
    strength, drive = p
    choice = fastsci.where(speed > 0, 0.1 * speed, (1 + speed) / 8)
    return speed, -math.sin(angle) * strength - choice + drive * np.cos(t) + 0.25 * abs(angle) ** 1.5


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("method", ["Euler", "RK4", "Tsit5"])
def test_tuple_system_saved_off_the_grid(method, dtype):
    both(lorenz, (0.0, 0.105), spread(3), dtype, params=LORENZ, dt=0.01, method=method, t_eval=[0.0, 0.033, 0.04, 0.1])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_elementary_functions_choices_and_weak_literals(dtype):
    rates = np.array([[1.0, 0.5], [2.0, 0.0], [0.25, 1.0]])
    both(pendulum, (0.0, 0.5), spread(3, 2), dtype, params=rates, dt=0.05)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_in_place_system(dtype):
    both(ring, (0.0, 0.1), spread(2, 6), dtype, params=[8.0], dt=0.02, t_eval=[0.03, 0.1])


def test_long_tuple_and_many_parameters():
    def chain(t, u, p):
        a, b, c, d, e, f, g, h, i, j, k, v, m, n, o, q, r = u
        return b, c, d, e, f, g, h, i, j, k, v, m, n, o, q, r, -a * p[39]

    both(chain, (0.0, 0.2), spread(2, 17), params=np.linspace(0.0, 1.0, 40), dt=0.1)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_shared_arrays_keep_the_precision_of_the_run(dtype):
    @fastsci.system(constants={"K": np.array([[0.0, 1.5], [-0.3, 0.1]])}, state=("x", "y"))
    def linear(t, u, p, du):
        for i in range(2):
            du[i] = K[i, 0] * u[0] + K[i, 1] * u[1]  # noqa: F821 (a constant)

    both(linear, (0.0, 0.3), spread(2, 2), dtype, dt=0.1)


def test_own_spans_steps_and_times():
    spans = np.array([[0.0, 0.1], [1.0, 0.93], [0.5, 0.5], [-1.0, -0.75]])
    steps = np.array([0.01, 0.02, 0.03, 0.05])
    both(cubic, spans, spread(4, 1), dt=steps, t_eval=[0.0, 0.31, 0.5, 1.0])


def test_backwards():
    result = both(cubic, (1.0, 0.0), np.array([[cubic_solution(1.0)]]), dt=0.125, t_eval=[1.0, 0.4, 0.25])
    np.testing.assert_allclose(result.y_final, 0.0, atol=1e-13)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_one_bad_member_leaves_the_others_alone(bad):
    y0 = spread(3)
    run = {"params": LORENZ, "dt": 0.01, "device": "cuda"}
    good = fastsci.solve_ensemble(lorenz, (0.0, 0.05), y0, **run)
    spoilt = y0.copy()
    spoilt[1, 2] = bad
    result = fastsci.solve_ensemble(lorenz, (0.0, 0.05), spoilt, **run)
    assert result.status.tolist() == [0, -1, 0]
    np.testing.assert_array_equal(result.y_final[[0, 2]], good.y_final[[0, 2]])


def test_a_bad_argument_of_a_function_is_nan_and_no_exception():
    def root(t, u, p):
        (x,) = u
        return (math.sqrt(x),)

    result = fastsci.solve_ensemble(root, (0.0, 0.2), [[1.0], [-1.0]], dt=0.1, device="cuda")
    assert result.status.tolist() == [0, -1]


def test_no_member_and_no_step():
    nobody = fastsci.solve_ensemble(lorenz, (0.0, 1.0), np.empty((0, 3)), params=LORENZ, dt=0.1, device="cuda")
    assert nobody.y.shape == (0, 3, 1)
    still = both(lorenz, (2.0, 2.0), spread(2), params=LORENZ, dt=0.1)
    np.testing.assert_array_equal(still.y_final, spread(2))


def test_no_member_depends_on_blocks_or_on_the_number_of_threads():
    y0 = spread(7)
    method = FIXED["RK4"]
    kernel = cuda.kernel(lorenz, method, style="tuple", dim=3, n_params=3, dtype=np.dtype(float))
    grid = make_grid(np.array([0.0, 0.05]), np.array(0.01), np.array([0.033]), np.dtype(float), 7)
    params = np.repeat(np.array(list(LORENZ.values()))[:, np.newaxis], 7, axis=1)

    def run(block, max_blocks):
        out = np.full((grid.n_saves * 3, 7), np.nan)
        lost = cuda.integrate(kernel, y0.T.copy(), params, grid, out, block=block, max_blocks=max_blocks)
        assert not lost.any()
        return out

    first = run(32, 1)
    assert np.isfinite(first).all()
    for block, max_blocks in ((1, 7), (2, 2), (3, 1), (1, 1)):
        np.testing.assert_array_equal(run(block, max_blocks), first)


def test_launches_are_cut_and_reported_and_change_nothing(monkeypatch):
    whole = fastsci.solve_ensemble(
        lorenz, (0.0, 0.305), spread(2), params=LORENZ, dt=0.01, t_eval=[0.0, 0.123, 0.2], device="cuda"
    )
    monkeypatch.setattr(cuda, "FIRST_THREAD_WORK", 0.0)
    monkeypatch.setattr(cuda, "GROWTH", 3)
    fractions = []
    cut = fastsci.solve_ensemble(
        lorenz,
        (0.0, 0.305),
        spread(2),
        params=LORENZ,
        dt=0.01,
        t_eval=[0.0, 0.123, 0.2],
        device="cuda",
        progress=fractions.append,
    )
    np.testing.assert_array_equal(cut.y, whole.y)
    np.testing.assert_array_equal(cut.y_final, whole.y_final)
    assert len(fractions) >= 3
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_member_whose_function_raises_is_marked_and_not_resumed():
    def brittle(t, u, p):
        (x,) = u
        if x < 0.0:
            raise ValueError("below zero")
        return (x,)

    device = cuda_target.cuda()
    kernel = cuda.kernel(brittle, FIXED["Euler"], style="tuple", dim=1, n_params=0, dtype=np.dtype(float))
    state, params, t0, dt = np.array([[1.0, -1.0]]), np.ones((1, 2)), np.array([[0.0]]), np.array([[0.1]])
    step, offset, out = np.array([[2]]), np.array([[0.0]]), np.full((1, 2), np.nan)
    y, out, cursor = device.to_device(state), device.to_device(out), device.to_device(np.zeros(2, np.int64))
    arguments = (y, params, cuda.NO_KEY, t0, dt, step, offset, out, cursor, 0, 0, 2, y, cursor)
    with pytest.raises(ValueError, match="below zero"):  # a GPU ends the thread without a word
        kernel.drive[1, 2](*arguments)
    assert cursor.copy_to_host().tolist() == [1, LOST]
    kernel.drive[1, 2](*arguments)
    assert cursor.copy_to_host().tolist() == [1, LOST]
    assert np.isfinite(out.copy_to_host()).tolist() == [[True, False]]


def test_an_interruption_between_launches_is_raised(monkeypatch):
    def interrupt(fraction):
        raise KeyboardInterrupt

    monkeypatch.setattr(cuda, "FIRST_THREAD_WORK", 0.0)
    with pytest.raises(KeyboardInterrupt):
        fastsci.solve_ensemble(lorenz, (0.0, 1.0), spread(1), params=LORENZ, dt=0.01, device="cuda", progress=interrupt)


def test_torch_on_the_host_comes_back_as_torch(torch):
    y0 = torch.from_numpy(spread(2))
    result = fastsci.solve_ensemble(lorenz, (0.0, 0.02), y0, params=LORENZ, dt=0.01, device="cuda")
    assert isinstance(result.y_final, torch.Tensor)
    assert isinstance(result.status, torch.Tensor)
