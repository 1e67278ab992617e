"""The stiff methods: their order conditions, orders seen in the error, linear algebra and published solutions."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import fastsci
from fastsci_kernels.compile import compilable, jit
from fastsci_kernels.methods.linear_solve import (
    REGISTER_LIMIT,
    UNROLLED_LIMIT,
    functions,
    unrolled_factor,
    unrolled_solve,
)
from fastsci_kernels.methods.rosenbrock_catalogue import RODAS3, RODAS4, RODAS5P, ROSENBROCK_METHODS
from fastsci_kernels.methods.rosenbrock_orders import check, defects, dense_weights, untransformed
from tests.methods.stiff_loop import NAMES, Form, stiff_solver

every_method = pytest.mark.parametrize("method", ROSENBROCK_METHODS.values(), ids=ROSENBROCK_METHODS)

# --- coefficients ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "order", "embedded", "dense", "stages", "evaluations"),
    [("Rodas3", 3, 2, 2, 4, 3), ("Rodas4", 4, 3, 3, 6, 6), ("Rodas5P", 5, 4, 4, 8, 8)],
)
def test_orders_and_costs_are_those_of_the_source(name, order, embedded, dense, stages, evaluations):
    method = ROSENBROCK_METHODS[name]
    assert (method.order, method.error_order, method.dense_order) == (order, embedded, dense)
    assert (method.stages, method.evaluations) == (stages, evaluations)


@every_method
def test_no_method_is_better_than_it_claims(method):
    embedded = np.array(method.m) - method.error
    assert max(map(abs, defects(method, method.order + 1, method.m).values())) > 1e-3
    assert max(map(abs, defects(method, method.error_order + 1, embedded).values())) > 1e-3
    middle = dense_weights(method, 0.5)
    assert max(map(abs, defects(method, method.dense_order + 1, middle, 0.5).values())) > 1e-3


@every_method
def test_infinitely_stiff_components_vanish_in_one_step(method):
    """L-stability: R(infinity) = 1 - b (alpha + gamma)^-1 1, for the step and for the embedded formula."""
    alpha, gamma = untransformed(method)
    for weights in (np.array(method.m), np.array(method.m) - method.error):
        assert weights @ gamma @ np.linalg.solve(alpha + gamma, np.ones(method.stages)) == pytest.approx(1.0, abs=1e-11)


def amplification(method, z):
    alpha, gamma = untransformed(method)
    inner = np.linalg.solve(np.eye(method.stages) - z * (alpha + gamma), np.ones(method.stages))
    return 1 + z * (np.array(method.m) @ gamma @ inner)


@every_method
def test_no_oscillation_grows(method):
    """A-stability on the imaginary axis, which bounds it in the left half-plane."""
    assert max(abs(amplification(method, 1j * y)) for y in np.logspace(-2, 6, 400)) <= 1 + 1e-9


@pytest.mark.parametrize("field", ["a", "coupling", "m", "d", "error", "dense"])
def test_a_wrong_digit_is_refused(field):
    def nudged(weights):
        return tuple(nudged(row) if isinstance(row, tuple) else row + 1e-6 for row in weights)

    with pytest.raises(ValueError, match=r"method Rodas4: (order condition|a node of c|a weight of d)"):
        check(replace(RODAS4, **{field: nudged(getattr(RODAS4, field))}))


# --- orders seen in the error -----------------------------------------------------------------------------------------


def driven(t, u, p):
    """Solved by (cos t, 1 / (1 + exp(-t)))."""
    x, y = u
    return p[0] * (math.cos(t) ** 3 - x**3) - math.sin(t) + y - 1.0 / (1.0 + math.exp(-t)), y * (1.0 - y)


def driven_in_place(t, u, p, du):
    du[0] = p[0] * (math.cos(t) ** 3 - u[0] ** 3) - math.sin(t) + u[1] - 1.0 / (1.0 + math.exp(-t))
    du[1] = u[1] * (1.0 - u[1])


def driven_jacobian(t, u, p):
    x, y = u
    return (-3.0 * p[0] * x * x, 1), (0.0, 1.0 - 2.0 * y)


# One method shows that all ways agree.
WAYS = [
    *((method, "registers") for method in ROSENBROCK_METHODS.values()),
    *((RODAS5P, way) for way in ("memory", "in place", "own Jacobian")),
]


@pytest.mark.parametrize(("method", "way"), WAYS, ids=[f"{method.name}-{way}" for method, way in WAYS])
def test_errors_fall_with_the_order(method, way):
    fun = driven_in_place if way == "in place" else driven
    style = "inplace" if way == "in place" else "tuple"
    form = Form(2, 1, style=style, in_memory=way == "memory")
    solve = stiff_solver(method, fun, form, driven_jacobian if way == "own Jacobian" else None)
    y0, params = np.tile([1.0, 0.5], (8, 1)), np.linspace(0.5, 3.0, 8)[:, None]
    exact = [math.cos(2.0), 1.0 / (1.0 + math.exp(-2.0))]
    errors = [np.abs(solve(y0, params, 2.0, step=2.0 / n) - exact).max() for n in (20, 160)]
    # Over a factor of eight, because at some step sizes errors of opposite sign cancel.
    assert np.log2(errors[0] / errors[1]) / 3 >= method.order - 0.5


@every_method
def test_dense_output_has_its_order(method):
    source = method.preamble("tuple", True, 2, 1, 64, 8, "jit")
    source += f"\n{method.flat_attempt(2, False)}\nattempt = jit(attempt)\n{method.flat_interpolant(2)}\n"
    source += f"""
interpolant = jit(interpolant)
def run(y, out, theta, h, t):
    u, p, tol = (load(y, 0, 0, 8), load(y, 1, 0, 8)), (number(1.0, 64, 8),), number(1.0, 64, 8)
    t, h, theta = number(t, 64, 8), number(h, 64, 8), number(theta, 64, 8)
    k0 = rhs(t, u, p)
    v, c, k_next, error, data = attempt(t, u, (), p, h, k0, tol, (tol, tol))
    q = interpolant(t, u, p, h, v, k0, k_next, data)
    for i in range(2):
        x = q[{method.degree - 1}][i]
        for power in range({method.degree - 2}, -1, -1):
            x = x * theta + q[power][i]
        store(out, i, 0, x * theta + u[i])
        store(out, 2 + i, 0, v[i])
"""
    names = {**NAMES, "rhs": jit(compilable(driven))}
    exec(source, names)
    run = jit(names["run"])

    def solution(t):
        return np.array([math.cos(t), 1.0 / (1.0 + math.exp(-t))])[:, None]

    out, worst = np.empty((4, 8)), []
    for h in (0.2, 0.1, 0.05):
        errors = []
        for theta in (0.3, 0.7):
            run(np.repeat(solution(0.5), 8, 1), out, theta, h, 0.5)
            errors.append(np.abs(out[:2] - solution(0.5 + theta * h)).max())
        worst.append(max(errors))
    assert np.log2(worst[1] / worst[2]) >= method.dense_order + 1 - 0.35
    run(np.repeat(solution(0.5), 8, 1), out, 1.0, 0.1, 0.5)
    np.testing.assert_allclose(out[:2], out[2:], rtol=1e-14)


# --- linear algebra --------------------------------------------------------------------------------------------------


def linear_solver(dim, width):
    """Solve ``A x = b`` for members in the columns of (dim * dim, n) and (dim, n)."""
    lines = []
    if dim <= REGISTER_LIMIT:
        lines += [f"m{i}_{j} = load(a, {i * dim + j}, o, {width})" for i in range(dim) for j in range(dim)]
        lines += [f"b{i} = load(b, {i}, o, {width})" for i in range(dim)]
        lines += unrolled_factor(dim) + unrolled_solve(dim, "b")
        lines += [f"store(b, {i}, o, b{i})" for i in range(dim)]
        text = ""
    else:
        text = "".join(f"{source}\n{name} = jit({name})\n" for name, source in functions(dim))
        lines += [f"matrix = scratch(64, {width}, {dim * dim})"]
        lines += [f"{name} = scratch(64, {width}, {dim})" for name in ("row", "inverse", "right")]
        lines += [f"for i in range({dim * dim}):", f"    matrix[i] = load(a, i, o, {width})"]
        lines += [f"for i in range({dim}):", f"    right[i] = load(b, i, o, {width})"]
        lines += ["exchanged = factor(matrix, row, inverse)", "solve(matrix, row, inverse, exchanged, right)"]
        lines += [f"for i in range({dim}):", "    store(b, i, o, right[i])"]
    text += f"def run(a, b):\n    for o in range(0, b.shape[1], {width}):\n" + "".join(f"        {s}\n" for s in lines)
    names = {**NAMES, "BITS": 64, "WIDTH": width}
    exec(text, names)
    run = jit(names["run"])

    def solve(matrices, right):
        a = np.ascontiguousarray(matrices.reshape(len(matrices), -1).T)
        x = right.T.copy()
        run(a, x)
        return x.T

    return solve


def matrices(dim, n=32):
    """Every other one has a large diagonal; the rest have small or vanishing pivots in random places."""
    rng = np.random.default_rng(dim)
    a = rng.normal(size=(n, dim, dim))
    a[::2] += 10.0 * dim * np.eye(dim)
    a[1::4, 0, 0] = 0.0
    a[3::4] *= rng.permutation(dim) == np.arange(dim)[:, None] * rng.choice([1e-9, 1.0], (dim, dim))
    a[3::4] += np.roll(np.eye(dim), 1, axis=0)
    return a, rng.normal(size=(n, dim))


@pytest.mark.parametrize("dim", [1, 2, 3, REGISTER_LIMIT, REGISTER_LIMIT + 1, UNROLLED_LIMIT + 4])
def test_linear_systems_are_solved_whatever_their_pivots(dim):
    a, b = matrices(dim)
    if dim == 1:
        a = np.abs(a) + 1.0
    x = linear_solver(dim, 8)(a, b)
    exact = np.linalg.solve(a, b[:, :, None])[:, :, 0]
    residual = np.abs(np.einsum("nij,nj->ni", a, x) - b).max(1)
    size = np.abs(a).sum(2).max(1) * np.abs(x).max(1)
    assert (residual <= 1e-14 * dim * size).all()
    condition = np.linalg.cond(a)
    assert (np.abs(x - exact).max(1) <= 1e-14 * dim * condition * np.abs(exact).max(1)).all()


@pytest.mark.parametrize("dim", [3, REGISTER_LIMIT + 1, UNROLLED_LIMIT + 1])
def test_a_members_pivots_are_its_own(dim):
    a, b = matrices(dim)
    solve = linear_solver(dim, 8)
    together = solve(a, b)
    for member in range(0, len(a), 3):
        alone = solve(np.repeat(a[member : member + 1], 8, 0), np.repeat(b[member : member + 1], 8, 0))
        np.testing.assert_array_equal(alone, np.repeat(together[member : member + 1], 8, 0))


# --- problems --------------------------------------------------------------------------------------------------------

ROBERTSON = fastsci.systems.get("robertson")


def robertson_jacobian(t, u, p):
    _, y2, y3 = u
    k1, k2, k3 = p
    return (-k1, k3 * y3, k3 * y2), (k1, -k3 * y3 - 2.0 * k2 * y2, -k3 * y2), (0.0, 2.0 * k2 * y2, 0.0)


@pytest.fixture(scope="module")
def robertson():
    return stiff_solver(RODAS5P, ROBERTSON.fun, Form(3, 3))


def test_robertson_reaches_the_published_state(robertson):
    y0, params = np.tile(ROBERTSON.default_y0, (8, 1)), np.tile(list(ROBERTSON.params.values()), (8, 1))
    y = robertson(y0, params, 1e11, rtol=1e-8, atol=[1e-18, 1e-22, 1e-14])
    np.testing.assert_allclose(y, np.tile(ROBERTSON.facts["y_at_1e11"], (8, 1)), rtol=2e-6)
    np.testing.assert_allclose(y.sum(1), 1.0, rtol=1e-12)


def test_ones_own_jacobian_gives_the_same(robertson):
    y0 = np.tile(ROBERTSON.default_y0, (8, 1))
    params = np.array(list(ROBERTSON.params.values())) * np.random.default_rng(2).uniform(0.5, 2.0, (8, 3))
    by_hand = stiff_solver(RODAS5P, ROBERTSON.fun, Form(3, 3), robertson_jacobian)
    tolerances = {"rtol": 1e-9, "atol": [1e-14, 1e-18, 1e-14]}
    np.testing.assert_allclose(
        by_hand(y0, params, 1e4, **tolerances), robertson(y0, params, 1e4, **tolerances), rtol=1e-8
    )


def test_members_do_not_influence_one_another(robertson):
    rng = np.random.default_rng(4)
    params = np.array(list(ROBERTSON.params.values())) * 10.0 ** rng.uniform(-1, 1, (24, 3))
    y0 = np.tile(ROBERTSON.default_y0, (24, 1))
    together = robertson(y0, params, 1e3)
    for member in (0, 7, 13):
        alone = robertson(y0[:8], np.tile(params[member], (8, 1)), 1e3)
        np.testing.assert_array_equal(alone, np.tile(together[member], (8, 1)))
    narrow = stiff_solver(RODAS5P, ROBERTSON.fun, Form(3, 3, width=4))
    np.testing.assert_array_equal(narrow(y0, params, 1e3), together)


def hires(t, u, p):
    a, b, c, d, e, f, g, h = u
    (k,) = p
    made = k * f * h
    return (
        -1.71 * a + 0.43 * b + 8.32 * c + 0.0007,
        1.71 * a - 8.75 * b,
        -10.03 * c + 0.43 * d + 0.035 * e,
        8.32 * b + 1.71 * c - 1.12 * d,
        -1.745 * e + 0.43 * f + 0.43 * g,
        -made + 0.69 * d + 1.71 * e - 0.43 * f + 0.69 * g,
        made - 1.81 * g,
        1.81 * g - made,
    )


# F. Mazzia, C. Magherini, Test Set for Initial Value Problem Solvers, release 2.4 (Bari, 2008), problem HIRES
HIRES_END = 321.8122
HIRES_STATE = [
    *(0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2),
    *(0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2),
]


@pytest.mark.parametrize("in_memory", [False, True])
def test_hires_reaches_the_published_state(in_memory):
    solve = stiff_solver(RODAS4 if in_memory else RODAS3, hires, Form(8, 1, in_memory=in_memory))
    y0 = np.tile([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057], (8, 1))
    y = solve(y0, np.full((8, 1), 280.0), HIRES_END, rtol=1e-7, atol=1e-11)
    np.testing.assert_allclose(y, np.tile(HIRES_STATE, (8, 1)), rtol=3e-5)


def diffusion(t, u, p, du):
    """Heat in a rod of len(u) points between two cold ends; a sine decays at a known rate."""
    n = len(u)
    for i in range(n):
        left = u[i - 1] if i > 0 else 0.0
        right = u[i + 1] if i < n - 1 else 0.0
        du[i] = p[0] * (left - 2.0 * u[i] + right)


def test_a_stiff_rod_in_place():
    n = 20
    solve = stiff_solver(RODAS5P, diffusion, Form(n, 1, style="inplace"))
    sine = np.sin(np.pi * np.arange(1, n + 1) / (n + 1))
    conductivity = np.logspace(0, 4, 8)[:, None]
    y = solve(np.tile(sine, (8, 1)), conductivity, 1.0, rtol=1e-8, atol=1e-10)
    rate = 4.0 * np.sin(np.pi / (2 * (n + 1))) ** 2
    np.testing.assert_allclose(y, np.exp(-rate * conductivity) * sine, atol=2e-8)


def test_single_precision():
    solve = stiff_solver(RODAS3, driven, Form(2, 1, bits=32))
    y = solve(np.tile([1.0, 0.5], (8, 1)), np.linspace(0.5, 3.0, 8)[:, None], 2.0, rtol=1e-4, atol=1e-5)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, np.tile([math.cos(2.0), 1.0 / (1.0 + math.exp(-2.0))], (8, 1)), atol=5e-4)
