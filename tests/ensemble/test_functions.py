"""Every way to write a right-hand side gives the numbers that plain Python gives."""

import logging
import math
import types

import numba
import numpy as np
import pytest

import fastsci
from fastsci_kernels.methods.catalogue import TABLEAUS
from tests.ensemble.models import LORENZ, generated_modules, lorenz, same_bits, spread
from tests.naive import runge_kutta

EULER = TABLEAUS["Euler"]
GAIN = 1.5


def halved(x):
    return 0.5 * x


def softened(x):
    return halved(x) / (1.0 + x * x)


def one_member_at_a_time(rhs, y0, params, steps, dt):
    """Explicit Euler by plain Python calls, which sees branches and libraries as Python does."""
    result = np.array(y0, float)
    for row, p in zip(result, params, strict=True):
        for index in range(steps):
            slope = np.empty(row.size)
            if rhs.__code__.co_argcount == 4:
                rhs(index * dt, row.copy(), p, slope)
            else:
                slope[:] = rhs(index * dt, tuple(row), p)
            row += dt * slope
    return result


def check(rhs, dim, params=(), path="lanes", n=9, rtol=1e-12, **options):
    """Run twenty steps of explicit Euler beside plain Python."""
    y0 = np.abs(spread(n, dim, seed=5)) + 0.1
    result = fastsci.solve_ensemble(rhs, (0.0, 0.2), y0, params=params or None, dt=0.01, method="Euler", **options)
    assert result.path == path, result.reason
    plain = getattr(rhs, "py_func", rhs)
    np.testing.assert_allclose(result.y_final, one_member_at_a_time(plain, y0, [params] * n, 20, 0.01), rtol=rtol)
    return result


def accumulated(t, u, p):
    s = 0.0
    for x in u:
        s += x
    return s, -s * u[0], 1


def powers(t, u, p):
    x, y = u
    return x**2 - y**0.5, x**-1 - y**3 + x ** p[0]


def remainders(t, u, p):
    x, y = u
    return (x + t) % 1.0 - 0.5, (-y) % 2.5 + x // 2.0


def selected(t, u, p):
    x, y = u
    return fastsci.where(x > y, -x, y), np.where((x > 1.0) & (y < 2.0), 1.0, -0.5)


def clipped(t, u, p):
    x, y = u
    return min(max(x, 0.5), y), abs(x - y) + np.minimum(x, 2.0)


def library(t, u, p):
    x, y = u
    return math.sin(x) * np.exp(-y) + np.tanh(x), math.sqrt(abs(y)) + math.atan2(y, x) + np.hypot(x, y) * math.log(x)


def helped(t, u, p):
    x, y = u
    return softened(x) - y, GAIN * softened(y)


@pytest.mark.parametrize(
    ("rhs", "dim", "params"),
    [
        (accumulated, 3, ()),
        (powers, 2, (1.7,)),
        (remainders, 2, ()),
        (selected, 2, ()),
        (clipped, 2, ()),
        (library, 2, ()),
        (helped, 2, ()),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_runs_on_lanes(rhs, dim, params):
    check(rhs, dim, params)


def unpacked(t, u, p, du):
    x, y, z = u
    a, b = p
    du[0] = a * (y - x)
    du[1] = -b * z
    du[2] = x - z


def from_the_end(t, u, p, du):
    for i in range(len(u)):
        du[-1 - i] = u[-i] - u[i]
    du[-1] *= p[0]


def accumulated_in_place(t, u, p, du):
    for i in range(len(du)):
        s = 0.0
        for j in range(len(u)):
            s += math.sin(u[j] - u[i])
        du[i] = p[0] + s / len(u)


@pytest.mark.parametrize(
    ("rhs", "dim", "params"),
    [(unpacked, 3, (2.0, 0.5)), (from_the_end, 5, (0.25,)), (accumulated_in_place, 7, (0.3,))],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_runs_on_lanes_in_place(rhs, dim, params):
    check(rhs, dim, params)


def sliced(t, u, p, du):
    du[:] = -0.5 * u
    du[1:] += u[:-1]


def test_whole_array_expressions_run_on_scalars():
    result = check(sliced, 4, path="scalar")
    assert result.reason


def cut(t, u, p):
    x, y = u
    return (x if x > y else 2.0 * y), -1.0


def test_a_function_that_branches_runs_on_scalars(caplog):
    with caplog.at_level(logging.INFO, logger="fastsci"):
        result = check(cut, 2, path="scalar")
    assert "it branches on its state" in result.reason
    assert "test_functions.py, line" in result.reason
    assert [record.getMessage() for record in caplog.records if record.name == "fastsci"] == [
        f"cut runs on scalars: {result.reason}"
    ]


def test_a_branching_function_in_single_precision():
    y0 = np.array([[2.0, 1.0], [1.0, 3.0]], np.float32)
    result = fastsci.solve_ensemble(cut, (0.0, 0.02), y0, dt=0.01, method="Euler")
    assert result.path == "scalar"
    assert result.y_final.dtype == np.float32
    np.testing.assert_allclose(result.y_final, [[2.0 * 1.01**2, 0.98], [1.0 + 0.06 + 0.0598, 2.98]], rtol=1e-6)


def test_a_lambda():
    check(lambda t, u, p: (u[1], -p[0] * u[0]), 2, (2.0,))


def test_a_tuple_of_seventeen_lives_in_memory():
    def chain(t, u, p):
        return tuple_of_differences(u)

    def tuple_of_differences(u):
        return (
            u[1] - u[0],
            u[2] - u[1],
            u[3] - u[2],
            u[4] - u[3],
            u[5] - u[4],
            u[6] - u[5],
            u[7] - u[6],
            u[8] - u[7],
            u[9] - u[8],
            u[10] - u[9],
            u[11] - u[10],
            u[12] - u[11],
            u[13] - u[12],
            u[14] - u[13],
            u[15] - u[14],
            u[16] - u[15],
            u[0] - u[16],
        )

    check(chain, 17)


def test_two_hundred_states_in_place():
    def diffusion(t, u, p, du):
        n = len(u)
        for i in range(n):
            du[i] = p[0] * (u[i - 1] - 2.0 * u[i] + u[(i + 1) % n])

    result = check(diffusion, 200, (3.0,))
    y0 = np.abs(spread(9, 200, seed=5)) + 0.1
    np.testing.assert_allclose(result.y_final.sum(axis=1), y0.sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize("style", ["tuple", "in place"])
def test_forty_parameters(style):
    def weighted(t, u, p):
        (x,) = u
        s = 0.0
        for i in range(40):
            s += p[i] / (i + 1)
        return (s - x,)

    def weighted_in_place(t, u, p, du):
        s = 0.0
        for i in range(len(p)):
            s += p[i] / (i + 1)
        du[0] = s - u[0]

    rhs = weighted if style == "tuple" else weighted_in_place
    p = np.random.default_rng(0).normal(size=(11, 40))
    y0 = spread(11, 1)
    result = fastsci.solve_ensemble(rhs, (0.0, 0.2), y0, params=p, dt=0.01, method="Euler")
    assert result.path == "lanes", result.reason
    target = (p / np.arange(1, 41)).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(result.y_final, target + (y0 - target) * 0.99**20, rtol=1e-12)


def test_parameters_by_name_by_array_and_by_member_are_one():
    y0 = spread(12)
    rho = np.linspace(20.0, 30.0, 12)
    table = np.column_stack([np.full(12, 10.0), rho, np.full(12, 8.0 / 3.0)])
    results = [
        fastsci.solve_ensemble(lorenz, (0.0, 0.5), y0, dt=0.01, params=params)
        for params in (
            {**LORENZ, "rho": rho},
            {"beta": 8.0 / 3.0, "rho": list(rho), "sigma": np.full(12, 10)},
            table,
            np.asfortranarray(table),
            table.tolist(),
        )
    ]
    for result in results[1:]:
        assert same_bits(result.y_final, results[0].y_final)
    assert list(results[0].params) == ["sigma", "rho", "beta"]
    assert {name: values.shape for name, values in results[0].params.items()} == dict.fromkeys(LORENZ, (12,))
    np.testing.assert_array_equal(results[0].params["rho"], rho)
    one = fastsci.solve_ensemble(lorenz, (0.0, 0.5), y0[3], dt=0.01, params=table[3])
    assert same_bits(one.y_final[0], results[0].y_final[3])


def test_defaults_of_a_system_are_used():
    system = fastsci.system(lorenz, params=LORENZ, default_y0=[1.0, 2.0, 3.0])
    by_default = fastsci.solve_ensemble(system, (0.0, 0.5), dt=0.01)
    by_hand = fastsci.solve_ensemble(lorenz, (0.0, 0.5), [1.0, 2.0, 3.0], dt=0.01, params=LORENZ)
    assert same_bits(by_default.y_final, by_hand.y_final)
    changed = fastsci.solve_ensemble(system, (0.0, 0.5), dt=0.01, params={"rho": 14.0})
    assert not same_bits(changed.y_final, by_hand.y_final)


def test_a_function_made_by_exec_and_its_helpers():
    namespace = {}
    exec(
        "def inner(x):\n    return 2.0 * x\n"
        "def outer(x):\n    return inner(x) + 1.0\n"
        "def rhs(t, u, p):\n    return (outer(u[0]),)\n",
        namespace,
    )
    check(namespace["rhs"], 1)
    exec("def inner(x):\n    return -3.0 * x\n", namespace)
    check(namespace["rhs"], 1)


def test_an_already_compiled_function_and_compiled_helpers():
    @numba.njit
    def helper(x):
        return 0.25 * x

    @numba.njit
    def compiled(t, u, p):
        x, y = u
        return helper(y), -helper(x)

    check(compiled, 2)


def test_a_function_called_like_one_that_it_calls():
    namespace = {"math": math}
    exec("def sin(t, u, p):\n    return (math.sin(u[0]),)\n", namespace)
    check(namespace["sin"], 1)


def test_constants_of_a_module():
    module = types.ModuleType("settings")
    module.rate = 0.5
    module.inner = types.ModuleType("settings.inner")
    module.inner.offset = 2.0

    def tuned(t, u, p):
        return (module.inner.offset - module.rate * u[0],)

    check(tuned, 1)
    module.inner.offset = 3.0
    check(tuned, 1)
    module.rate = 0.125
    check(tuned, 1)


def closure(rate):
    def decay(t, u, p):
        (x,) = u
        return (-rate * x,)

    return decay


def test_a_changed_captured_value_gives_new_numbers_and_the_same_one_no_new_kernel():
    def final(fun):
        return fastsci.solve_ensemble(fun, (0.0, 1.0), [1.0], dt=1.0, method="Euler").y_final.item()

    first = closure(0.25)
    assert final(first) == 0.75
    known = generated_modules()
    assert final(first) == 0.75
    assert final(closure(0.25)) == 0.75
    assert generated_modules() == known
    assert final(closure(0.5)) == 0.5
    assert len(generated_modules()) == len(known) + 1
    first.__closure__[0].cell_contents = 0.125
    assert final(first) == 0.875
    assert len(generated_modules()) == len(known) + 2


def test_a_captured_array_is_read_as_it_is_now():
    weights = np.array([1.0, 2.0])

    def weighted(t, u, p):
        x, y = u
        return weights[0] * x, weights[1] * y

    check(weighted, 2)
    weights[1] = -3.0
    check(weighted, 2)


def test_constants_are_shared_by_all_members():
    matrix = np.array([[-1.0, 0.5, 0.0], [0.25, -1.0, 0.0], [0.0, 0.125, -2.0]])

    @fastsci.system(constants={"A": matrix})
    def coupled(t, u, p, du):
        for i in range(len(u)):
            s = 0.0
            for j in range(len(u)):
                s += A[i, j] * u[j]  # noqa: F821 (a constant)
            du[i] = s

    y0 = spread(9)
    result = fastsci.solve_ensemble(coupled, (0.0, 0.2), y0, dt=0.01, method="Euler")
    assert result.path == "lanes", result.reason
    step = np.eye(3) + 0.01 * matrix
    np.testing.assert_allclose(result.y_final, y0 @ np.linalg.matrix_power(step, 20).T, rtol=1e-12, atol=1e-14)


def test_a_kernel_survives_the_naive_methods_of_its_own_order():
    """One function through two methods: the kernels are not taken for one another."""
    y0 = spread(4)
    for method in ("Euler", "RK4", "Heun"):
        result = fastsci.solve_ensemble(lorenz, (0.0, 0.1), y0, dt=0.01, params=LORENZ, method=method.lower())
        slow = runge_kutta.integrate(lorenz, TABLEAUS[method], 0.0, y0, 0.01, 10, tuple(LORENZ.values()))
        np.testing.assert_allclose(result.y_final, slow, rtol=1e-12)
        assert result.method == method
