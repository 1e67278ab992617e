"""Duals: derivatives against differences taken in forty digits, and values with the bits of the plain function."""

from __future__ import annotations

import math
import operator
from types import FunctionType, SimpleNamespace

import mpmath
import numpy as np
import pytest
from mpmath import mp

import fastsci
from fastsci_kernels.compile import compilable, jit
from fastsci_kernels.cuda_target import substitute
from fastsci_kernels.methods.jacobian import flat_jacobian, long_jacobian, uses_time
from fastsci_kernels.methods.method import in_place
from fastsci_kernels.numbers import dual_plain
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.dual import dual, dual_scratch, tangents
from fastsci_kernels.numbers.dual_formulas import ARITHMETIC, FUNCTIONS, POWERS
from fastsci_kernels.numbers.memory import load, number, scratch, store

DIGITS = 40


@pytest.fixture(autouse=True)
def forty_digits():
    with mp.workdps(DIGITS):
        yield


def call_on_duals(fun, arguments, width, *, constant=()):
    """Value and derivatives, (outputs, 1 + arguments, n), of a compiled function; some arguments are constants."""
    count = len(arguments)
    free = [place for place in range(count) if place not in constant]
    loads = [f"load(x, {place}, o, {width})" for place in range(count)]
    for direction, place in enumerate(free):
        seeds = "".join("1.0, " if other == direction else "0.0, " for other in range(len(free)))
        loads[place] = f"dual({loads[place]}, ({seeds}))"
    outputs = len(fun(*arguments[:, 0]))
    rows = range(outputs)
    lines = [f"r = fun({', '.join(loads)})"]
    for row in rows:
        lines.append(f"store(y, {row * (1 + len(free))}, o, r[{row}].value)")
        for direction in range(len(free)):
            lines.append(f"store(y, {row * (1 + len(free)) + 1 + direction}, o, r[{row}].tangents[{direction}])")
    source = f"def run(x, y):\n    for o in range(0, x.shape[1], {width}):\n" + "".join(f"        {s}\n" for s in lines)
    names = {"fun": jit(compilable(fun)), "dual": dual, "load": load, "store": store}
    exec(source, names)
    result = np.empty((outputs * (1 + len(free)), arguments.shape[1]), arguments.dtype)
    jit(names["run"])(np.ascontiguousarray(arguments), result)
    return result.reshape(outputs, 1 + len(free), -1)


def function_of(expressions, names, arity):
    """A function of ``x`` or ``x, y`` that returns a tuple of the expressions."""
    space = {"math": math, "np": np, "where": where, **names}
    exec(f"def fun({'x, y'[: 3 * arity - 2]}):\n    return ({', '.join(expressions)},)\n", space)
    return space["fun"]


ORACLES = {
    "exp2": lambda x: mp.power(2, x),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "log2": lambda x: mp.log(x, 2),
    "fabs": abs,
    "abs": abs,
    "negative": operator.neg,
    "neg": operator.neg,
    "positive": operator.pos,
    "pos": operator.pos,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "rint": mp.nint,
    "round": mp.nint,
    "trunc": lambda x: mp.floor(x) if x > 0 else mp.ceil(x),
    "atan2": mp.atan2,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": lambda x, y: mp.floor(x / y),
    "mod": lambda x, y: x - y * mp.floor(x / y),
    "fmod": mp.fmod,
    "min": min,
    "max": max,
    "copysign": lambda x, y: abs(x) * mp.sign(y),
    "clip": lambda x, low, high: min(max(x, low), high),
    "pow": mp.power,
}

GROUPS = [functions for functions, _ in (*ARITHMETIC, *FUNCTIONS)] + [POWERS]


def arity(function):
    two = "add sub mul truediv floordiv mod min max atan2 hypot fmod copysign pow clip"
    return 2 if function.__name__.removeprefix("i") in two.split() else 1


def oracle(functions):
    name = functions[0].__name__
    return ORACLES[name] if name in ORACLES else getattr(mp, name)


def spread(function, n=16):
    """Arguments inside the domain of a function, away from its jumps; the latter half negative where that may be."""
    x = np.random.default_rng(3).uniform(0.15, 0.9, (2, n)) * 1.01
    if function.__name__ == "acosh":
        return x + 1.2
    if function.__name__ in ("fmod", "mod", "floordiv"):
        return x * [[7.0], [1.0]]
    if function.__name__ not in ("log", "log1p", "log2", "log10", "sqrt", "pow"):
        x[0, n // 2 :] *= -1
    return x


def assert_derivative(got, exact, scale=1.0):
    assert float(abs(mp.mpf(float(got)) - exact)) <= 1e-13 * max(float(abs(exact)), scale)


@pytest.mark.parametrize("width", [1, 8])
@pytest.mark.parametrize("functions", GROUPS, ids=lambda functions: functions[0].__name__)
def test_every_function_has_its_derivative_under_each_name(functions, width):
    first = functions[0]
    unary = arity(first) == 1
    names = {f"f{place}": function for place, function in enumerate(functions)}
    inplace = {operator.iadd: "+", operator.isub: "-", operator.imul: "*"}
    kept = [name for name, function in names.items() if function not in inplace]
    x = spread(first)[: 1 if unary else 2]
    if first is np.clip:
        fun = function_of(["np.clip(x, -y, y)"], {}, 2)

        def exact(a, b):
            return min(max(a, -b), b)

    else:
        arguments = "x" if unary else "x, y"
        fun = function_of([f"{name}({arguments})" for name in kept], names, len(x))
        exact = oracle(functions)
    got = call_on_duals(fun, x, width)
    for member in range(x.shape[1]):
        point = tuple(map(mp.mpf, x[:, member]))
        value = exact(*point)
        for direction in range(len(x)):
            order = tuple(int(other == direction) for other in range(len(x)))
            slope = mp.diff(exact, point, order)
            for row in got[:, :, member]:
                assert_derivative(row[0], value)
                assert_derivative(row[1 + direction], slope)


def mixed(x, y):
    s = 0.0
    for k in range(1, 4):
        s += x**k / k - 0.5 * y
    s = s * 2 + True
    s -= x / 3
    z = where(x > y, x * y, y - x) + min(x, 1) + max(2, y, x) + abs(x - y) % 0.7
    return s, z * s, x**-3 + 2**x + x**y + y**2.5 + x**0, np.clip(x, 0.3, 0.6) * y, (x > y) * y + x


def mixed_oracle(x, y):
    s = 2 * (x + x**2 / 2 + x**3 / 3 - mp.mpf("1.5") * y) + 1 - x / 3
    z = (x * y if x > y else y - x) + min(x, 1) + max(2, y, x) + mp.fmod(abs(x - y), mp.mpf(0.7))
    clipped = min(max(x, mp.mpf(0.3)), mp.mpf(0.6))
    return s, z * s, x**-3 + 2**x + x**y + y ** mp.mpf("2.5") + 1, clipped * y, (x > y) * y + x


def check_all(got, oracle, x):
    for member in range(x.shape[1]):
        point = tuple(map(mp.mpf, x[:, member]))
        for row, value in enumerate(oracle(*point)):
            assert_derivative(got[row, 0, member], value)
            for direction in range(len(x)):
                order = tuple(int(other == direction) for other in range(len(x)))
                slope = mp.diff(lambda *a, row=row: oracle(*a)[row], point, order)
                assert_derivative(got[row, 1 + direction, member], slope)


@pytest.mark.parametrize("width", [1, 4, 8])
def test_plain_numbers_loops_and_choices_mix(width):
    x = np.random.default_rng(5).uniform(0.2, 1.4, (2, 8))
    check_all(call_on_duals(mixed, x, width), mixed_oracle, x)


def test_a_constant_argument_has_no_tangent():
    x = np.random.default_rng(5).uniform(0.2, 1.4, (2, 8))
    whole, part = call_on_duals(mixed, x, 8), call_on_duals(mixed, x, 8, constant=(1,))
    np.testing.assert_array_equal(part[:, :2], whole[:, :2])


def test_a_power_with_a_constant_exponent_knows_negative_bases():
    x = -np.random.default_rng(5).uniform(0.2, 1.4, (1, 8))
    got = call_on_duals(function_of(["x**2.0", "x**3", "x**-2.0", "math.pow(x, 5.0)"], {}, 1), x, 8)
    exact = np.array([2 * x[0], 3 * x[0] ** 2, -2 * x[0] ** -3, 5 * x[0] ** 4])
    np.testing.assert_allclose(got[:, 1], exact, rtol=1e-13)


def test_values_have_the_bits_of_the_plain_function():
    x = np.random.default_rng(7).uniform(0.2, 1.4, (2, 800))
    got = call_on_duals(mixed, x, 8)[:, 0]
    plain = np.empty_like(got)
    stores = "".join(f"        store(y, {row}, o, r[{row}])\n" for row in range(len(got)))
    source = (
        f"def run(x, y):\n    for o in range(0, 800, 8):\n        r = fun(load(x, 0, o, 8), load(x, 1, o, 8))\n{stores}"
    )
    names = {"fun": jit(compilable(mixed)), "load": load, "store": store}
    exec(source, names)
    jit(names["run"])(x, plain)
    np.testing.assert_array_equal(got, plain)


def branching(x, y):
    total = x
    while total < 5.0:
        total = total * (1.5 + y)
        if total > 3.0 and not math.isnan(total):
            total += math.sin(x)
    return (total if x != y else y,)


def branching_oracle(x, y):
    total = x
    while total < 5:
        total = total * (mp.mpf(1.5) + y)
        if total > 3:
            total += mp.sin(x)
    return (total,)


def test_branches_and_loops_of_scalars():
    x = np.random.default_rng(11).uniform(0.2, 1.4, (2, 20))
    check_all(call_on_duals(branching, x, 1), branching_oracle, x)


def test_single_precision_stays_single():
    x = np.random.default_rng(5).uniform(0.2, 1.4, (2, 8))
    double, single = call_on_duals(mixed, x, 8), call_on_duals(mixed, x.astype(np.float32), 8)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=3e-5, atol=3e-6)


def test_tangents_of_tangents_are_second_derivatives():
    @jit
    def second(x):
        inner = dual(x, (1.0,))
        outer = dual(inner, (1.0,))
        f = math.sin(outer) * outer**3 + 2.0 / outer
        return f.tangents[0].tangents[0]

    exact = mp.diff(lambda x: mp.sin(x) * x**3 + 2 / x, mp.mpf("0.7"), 2)
    assert second(0.7) == pytest.approx(float(exact), rel=1e-12)


# --- plain Python ---------------------------------------------------------------------------------------------------


def numpy_namespace():
    """``math`` as the CUDA simulator sees it."""
    return SimpleNamespace(sin=np.sin, isnan=np.isnan, exp=np.exp, sqrt=np.sqrt)


@pytest.mark.parametrize("fun", [mixed, branching])
def test_the_plain_class_gives_what_compiled_code_gives(fun):
    x = np.random.default_rng(13).uniform(0.2, 1.4, (2, 8))
    compiled = call_on_duals(fun, x, 1)
    copy = FunctionType(fun.__code__, {**fun.__globals__, "math": numpy_namespace()})
    for member in range(8):
        a, b = x[:, member]
        got = copy(dual_plain.dual(a, (1.0, 0.0)), dual_plain.dual(b, (0.0, 1.0)))
        numbers = [[value.value, *value.tangents] for value in got]
        np.testing.assert_allclose(numbers, compiled[:, :, member], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("functions", [functions for functions, _ in FUNCTIONS], ids=lambda f: f[0].__name__)
def test_the_plain_class_knows_numpys_functions(functions):
    ufuncs = [function for function in functions if isinstance(function, np.ufunc)]
    if not ufuncs:
        assert functions[0] in (math.erf, math.erfc)
        return
    count = arity(functions[0])
    x = spread(functions[0])[:count]
    names = {"f": ufuncs[0]}
    compiled = call_on_duals(function_of([f"f({'x, y'[: 3 * count - 2]})"], names, count), x, 1)
    for member in range(x.shape[1]):
        seeds = np.eye(count)
        got = ufuncs[0](*(dual_plain.dual(x[place, member], seeds[place]) for place in range(count)))
        np.testing.assert_allclose([got.value, *got.tangents], compiled[0, :, member], rtol=1e-13, atol=1e-14)


# --- Jacobians of right-hand sides -----------------------------------------------------------------------------------


FLOWS = [name for name in fastsci.systems.names() if fastsci.systems.get(name).kind == "flow"]
WIDTH = 4


def jacobian_of(system, dim, u, p, t, *, flat):
    """The Jacobian and the derivative by time, (dim, dim + 1, n), from the text that drivers use."""
    text = "rhs = slope\n"
    if system.style == "tuple" and not flat:
        text = in_place("rhs", "slope", dim) + "rhs = jit(rhs)\n"
    autonomous = not uses_time(system.fun)
    if flat:
        text += flat_jacobian(dim, 64, WIDTH, autonomous=autonomous)
        body = f"    J, ft = jacobian(load(t, 0, 0, {WIDTH}), u, p)\n"
        state = "    u = (" + "".join(f"load(y, {i}, 0, {WIDTH}), " for i in range(dim)) + ")\n"
        stores = "".join(
            f"    store(out, {i * (dim + 1) + j}, 0, J[{i}][{j}])\n" for i in range(dim) for j in range(dim)
        )
        stores += "".join(f"    store(out, {i * (dim + 1) + dim}, 0, ft[{i}])\n" for i in range(dim))
    else:
        text += long_jacobian(dim, 64, WIDTH, style=system.style, autonomous=autonomous)
        state = (
            f"    u = scratch(64, {WIDTH}, {dim})\n    for i in range({dim}):\n        u[i] = load(y, i, 0, {WIDTH})\n"
        )
        body = (
            f"    J, ft = scratch(64, {WIDTH}, {dim * dim}), scratch(64, {WIDTH}, {dim})\n"
            f"    jacobian(load(t, 0, 0, {WIDTH}), u, p, J, ft)\n"
        )
        stores = (
            f"    for i in range({dim}):\n"
            f"        store(out, i * {dim + 1} + {dim}, 0, ft[i])\n"
            f"        for j in range({dim}):\n"
            f"            store(out, i * {dim + 1} + j, 0, J[i * {dim} + j])\n"
        )
    loads = "(" + "".join(f"load(params, {i}, 0, {WIDTH}), " for i in range(len(p))) + ")"
    text += f"jacobian = jit(jacobian)\ndef run(t, y, params, out):\n    p = {loads}\n{state}{body}{stores}"
    names = {
        **{"slope": jit(compilable(system.fun)), "jit": jit, "where": where, "number": number, "load": load},
        **{"store": store, "scratch": scratch, "dual": dual, "dual_scratch": dual_scratch, "tangents": tangents},
    }
    exec(text, names)
    out = np.empty((dim * (dim + 1), WIDTH))
    jit(names["run"])(t, u, p, out)
    return out.reshape(dim, dim + 1, WIDTH)


def derivative_in_forty_digits(system, dim, u, p, t):
    """Columns of central differences, (dim, dim + 1), of the function with mpmath's ``math``."""

    def in_forty_digits(function):
        return substitute(function, lambda value: mpmath if value is math else value)

    fun = in_forty_digits(compilable(system.fun, in_forty_digits))
    p = tuple(map(mp.mpf, p))

    def values(t, u):
        if system.style == "tuple":
            return fun(t, tuple(u), p)
        du = np.full(dim, mp.mpf(0))
        fun(t, np.array(u), p, du)
        return du

    step = mp.mpf(10) ** -14
    u, t = [mp.mpf(x) for x in u], mp.mpf(t)
    columns = []
    for j in range(dim + 1):
        ends = []
        for side in (step, -step):
            moved = [x + side * (i == j) for i, x in enumerate(u)]
            ends.append(values(t + side * (j == dim), moved))
        columns.append([float((a - b) / (2 * step)) for a, b in zip(*ends, strict=True)])
    return np.array(columns).T


@pytest.mark.parametrize("name", FLOWS)
def test_jacobians_of_the_catalogue(name):
    system = fastsci.systems.get(name)
    u = np.asarray(system.default_y0)
    dim = len(u)
    flat = system.style == "tuple" and dim <= 16
    rng = np.random.default_rng(17)
    states = u[:, None] * rng.uniform(0.9, 1.1, (dim, WIDTH)) + rng.uniform(0.01, 0.02, (dim, WIDTH))
    params = np.repeat(np.array(list(system.params.values()))[:, None], WIDTH, 1)
    # Within the first thousand steps: after many turns the rounding of a phase would be the error.
    time = min(0.3, 1000.0 * system.dt)
    times = np.full((1, WIDTH), time)
    got = jacobian_of(system, dim, states, params, times, flat=flat)
    for member in (0, WIDTH - 1):
        exact = derivative_in_forty_digits(system, dim, states[:, member], params[:, member], time)
        np.testing.assert_allclose(got[:, :, member], exact, rtol=1e-13, atol=1e-13 * np.abs(exact).max())
        if name == "lorenz63":
            in_memory = jacobian_of(system, dim, states, params, times, flat=False)
            np.testing.assert_array_equal(in_memory[:, :, member], got[:, :, member])


def test_only_functions_that_read_the_time_are_said_to():
    def still(t, u, p):
        return (-u[0],)

    def driven(t, u, p):
        return (math.cos(t),)

    def within(t, u, p):
        return tuple(x * t for x in u)

    def renamed(time, u, p, du):
        du[0] = time + u[0]

    assert [uses_time(fun) for fun in (still, driven, within, renamed)] == [False, True, True, True]
