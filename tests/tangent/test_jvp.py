"""jvp: the derivative of a function along directions, at many points."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastsci
from fastsci import _pointwise
from fastsci.tangent import jvp
from fastsci_kernels.compile import CompilationError
from fastsci_kernels.loops import pointwise
from tests.ensemble.models import same_bits
from tests.tangent import complex_step
from tests.tangent.points import (
    CATALOGUE,
    OWN,
    assert_close,
    branching,
    choosing,
    directions_of,
    elementary,
    henon_loop,
    params_of,
    points_of,
    random_points,
    ring,
)


@pytest.mark.parametrize("name", CATALOGUE)
def test_catalogue_is_differentiated_as_by_the_complex_step(name):
    system = fastsci.systems.get(name)
    y = points_of(system)
    v = directions_of(y.shape)
    f, jv = jvp(system, y, v, t=0.3)
    assert_close(f, np.array([system.rhs(0.3, state) for state in y]))
    params = params_of(system)
    expected = [complex_step.derivative(system, 0.3, at, params, along) for at, along in zip(y, v, strict=True)]
    assert_close(jv, np.array(expected))


@pytest.mark.parametrize("system", OWN, ids=lambda system: system.name)
@pytest.mark.parametrize("wrt", ["state", "params"])
def test_branches_loops_and_choices(system, wrt):
    y, params = random_points(19), params_of(system)
    v = directions_of((19, 2 if wrt == "state" else len(params), 3))
    f, jv = jvp(system, y, v, t=0.3, wrt=wrt)
    jacobians = np.array([complex_step.jacobian(system, 0.3, state, params, wrt) for state in y])
    assert_close(jv, jacobians @ v)
    assert_close(f, np.array([system.rhs(0.3, state) for state in y]))


@pytest.mark.parametrize("wrt", ["state", "params"])
@pytest.mark.parametrize("count", [1, 11])
def test_long_states_in_place(wrt, count):
    y = random_points(10, 37)
    v = directions_of((10, 37 if wrt == "state" else 1, count))
    _, jv = jvp(ring, y, v, wrt=wrt)
    jacobians = np.array([complex_step.jacobian(ring, 0.0, state, [8.0], wrt) for state in y])
    assert_close(jv, jacobians @ v)


def test_what_does_not_depend_on_the_state_has_no_derivative():
    def constant_and_time(t, u, p):
        return u[0], 3.0, t, p[0] * t

    y = random_points(9, 4)
    f, jv = jvp(constant_and_time, y, np.broadcast_to(np.eye(4), (9, 4, 4)), t=2.0, params=[5.0])
    np.testing.assert_array_equal(f, np.stack([y[:, 0], *np.full((3, 9), [[3.0], [2.0], [10.0]])], axis=1))
    expected = np.zeros((9, 4, 4))
    expected[:, 0, 0] = 1.0
    np.testing.assert_array_equal(jv, expected)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 8, 9, 64, 1001])
def test_a_point_has_the_same_bits_in_any_company(n):
    y, v = random_points(1001), directions_of((1001, 2))
    whole = jvp(elementary, y, v, t=0.3)
    part = jvp(elementary, y[:n], v[:n], t=0.3)
    for one, other in zip(whole, part, strict=True):
        assert other.shape == (n, 2)
        assert same_bits(one[:n], other)


def test_a_lone_point_is_a_row_of_many():
    y, v = random_points(5), directions_of((5, 2, 3))
    whole = jvp(elementary, y, v, t=0.3)
    for place in range(5):
        alone = jvp(elementary, y[place], v[place], t=0.3)
        assert [part.shape for part in alone] == [(2,), (2, 3)]
        assert all(same_bits(one[place], other) for one, other in zip(whole, alone, strict=True))


@pytest.mark.parametrize("system", [elementary, branching, ring], ids=lambda system: system.name)
def test_numbers_do_not_depend_on_threads(system, monkeypatch):
    y, v = random_points(60_000, 5 if system is ring else 2), directions_of((60_000, 5 if system is ring else 2))
    monkeypatch.setattr(pointwise, "POOL_SECONDS", math.inf)
    inline = jvp(system, y, v)
    monkeypatch.setattr(pointwise, "POOL_SECONDS", 0.0)
    monkeypatch.setattr(pointwise, "CHUNK_SECONDS", (1e-5, 1e-4))
    for threads in ("1", "3"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        assert all(same_bits(one, other) for one, other in zip(inline, jvp(system, y, v), strict=True))


def test_the_value_has_the_bits_of_the_function_without_tangents():
    y, v = random_points(33), directions_of((33, 2, 2))
    for system in (elementary, choosing, henon_loop):
        assert same_bits(jvp(system, y, v, t=0.3)[0], _pointwise.evaluate(system, y, t=0.3))


@pytest.mark.parametrize("system", [elementary, branching, ring], ids=lambda system: system.name)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bad_point_is_bad_alone(system, bad):
    dim = 5 if system is ring else 2
    y, v = random_points(21, dim), directions_of((21, dim))
    good = jvp(system, y, v)
    y[4, 0] = bad
    spoilt = jvp(system, y, v)
    others = np.arange(21) != 4
    for one, other in zip(good, spoilt, strict=True):
        assert same_bits(one[others], other[others])
        assert not np.isfinite(other[4]).all()


def test_a_point_whose_function_raises_is_a_row_of_nan():
    y, v = random_points(9), directions_of((9, 2))
    good = jvp(branching, y, v)
    y[2, 0] = -1e3
    for one, other in zip(good, jvp(branching, y, v), strict=True):
        assert np.isnan(other[2]).all()
        assert same_bits(np.delete(one, 2, 0), np.delete(other, 2, 0))


def test_times_and_parameters_a_point():
    n = 13
    y, v, times = random_points(n), directions_of((n, 2)), np.linspace(0.0, 1.0, n)
    rates = np.linspace(0.1, 2.0, n)
    both = jvp(elementary, y, v, t=times, params={"rate": rates})
    rows = np.stack([rates, np.full(n, 1.5)], axis=1)
    as_rows = jvp(elementary, y, v, t=times, params=rows)
    for place in range(n):
        alone = jvp(elementary, y[place], v[place], t=times[place], params=[rates[place], 1.5])
        for one, other, third in zip(both, alone, as_rows, strict=True):
            assert same_bits(one[place], other)
            assert same_bits(one[place], third[place])


def test_one_state_serves_many_times_or_parameters():
    y, v, times = random_points(1)[0], directions_of(2), np.linspace(0.0, 1.0, 6)
    f, jv = jvp(elementary, y, v, t=times)
    assert f.shape == jv.shape == (6, 2)
    assert same_bits(jv, jvp(elementary, np.tile(y, (6, 1)), np.tile(v, (6, 1)), t=times)[1])
    assert jvp(elementary, y, v, params={"rate": times})[1].shape == (6, 2)


@pytest.mark.parametrize("style", ["tuple", "in place"])
def test_the_systems_own_derivative_is_asked(style):
    """It is ten times the true one, so that it shows."""
    if style == "tuple":

        @fastsci.system(jvp=lambda t, u, p, v: (30.0 * u[0] ** 2 * v[0], 10.0 * v[1]))
        def cube(t, u, p):
            x, y = u
            return x**3, y

    else:

        def own(t, u, p, v, out):
            for i in range(len(u)):
                out[i] = 10.0 * v[i] * (3.0 * u[i] ** 2 if i == 0 else 1.0)

        @fastsci.system(jvp=own, state=("x", "y"))
        def cube(t, u, p, du):
            du[0] = u[0] ** 3
            du[1] = u[1]

    y, v = random_points(9), directions_of((9, 2, 2))
    f, jv = jvp(cube, y, v)
    np.testing.assert_allclose(f, np.stack([y[:, 0] ** 3, y[:, 1]], 1), rtol=1e-15)
    slopes = np.stack([30.0 * y[:, 0] ** 2, np.full(9, 10.0)], axis=1)
    np.testing.assert_allclose(jv, slopes[:, :, np.newaxis] * v, rtol=1e-14)


def test_the_systems_own_jacobian_is_asked():
    @fastsci.system(jac=lambda t, u, p: ((0.0, 7.0), (p[0], u[0])), params={"a": 2.0})
    def something(t, u, p):
        x, y = u
        (a,) = p
        return x * y, a * x

    y, v = random_points(9), directions_of((9, 2))
    _, jv = jvp(something, y, v)
    np.testing.assert_allclose(jv, np.stack([7.0 * v[:, 1], 2.0 * v[:, 0] + y[:, 0] * v[:, 1]], 1), rtol=1e-14)
    # Its rows say nothing of parameters.
    np.testing.assert_allclose(jvp(something, y, np.ones((9, 1)), wrt="params")[1], np.stack([0 * y[:, 0], y[:, 0]], 1))


def lorenz_of_torch(torch, u):
    x, y, z = u
    return torch.stack([10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z])


def van_der_pol_of_torch(torch, u):
    x, v = u
    return torch.stack([v, 5.0 * (1 - x * x) * v - x])


def pendulum_of_torch(torch, u):
    angle, speed = u
    return torch.stack([speed, -torch.sin(angle) - 0.3 * torch.tanh(speed) * torch.exp(-angle * angle)])


def pendulum(t, u, p):
    angle, speed = u
    return speed, -math.sin(angle) - 0.3 * np.tanh(speed) * np.exp(-angle * angle)


@pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning")  # torch's own, of itself
@pytest.mark.parametrize("name", ["lorenz63", "van_der_pol", "pendulum"])
def test_as_torch_has_it(torch, name):
    theirs, ours, dim = {
        "lorenz63": (lorenz_of_torch, fastsci.systems.lorenz63, 3),
        "van_der_pol": (van_der_pol_of_torch, fastsci.systems.van_der_pol.with_params(mu=5.0), 2),
        "pendulum": (pendulum_of_torch, pendulum, 2),
    }[name]
    y, v = (torch.from_numpy(array) for array in (random_points(30, dim), directions_of((30, dim))))
    f, jv = jvp(ours, y, v)
    assert isinstance(f, torch.Tensor)
    assert isinstance(jv, torch.Tensor)
    expected = torch.func.vmap(lambda u, du: torch.func.jvp(lambda at: theirs(torch, at), (u,), (du,)))(y, v)
    torch.testing.assert_close((f, jv), expected, rtol=1e-10, atol=1e-10)


def test_float32_stays_float32():
    y, v = random_points(17).astype(np.float32), directions_of((17, 2)).astype(np.float32)
    f, jv = jvp(elementary, y, v, t=0.3)
    assert f.dtype == jv.dtype == np.float32
    exact = jvp(elementary, y.astype(float), v.astype(float), t=0.3)
    assert_close(f, exact[0], 2e-6)
    assert_close(jv, exact[1], 2e-6)
    assert not same_bits(jv, exact[1].astype(np.float32))
    assert jvp(elementary, y, v, dtype="float64")[1].dtype == np.float64


@pytest.mark.parametrize(
    "form",
    [
        lambda a: read_only(a),
        lambda a: np.asfortranarray(a),
        lambda a: np.repeat(a, 2, axis=0)[::2],
        lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
        lambda a: a.astype(">f8"),
        lambda a: np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view(float).reshape(a.shape),
        lambda a: a.tolist(),
    ],
    ids=["read-only", "Fortran", "strided", "backwards", "big-endian", "unaligned", "list"],
)
def test_every_layout(form):
    y, v = random_points(21), directions_of((21, 2))
    expected = jvp(elementary, y, v)
    assert all(same_bits(*both) for both in zip(expected, jvp(elementary, form(y), form(v)), strict=True))


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def test_results_are_written_where_the_caller_says():
    y, v = random_points(21), directions_of((21, 2, 3))
    out = np.full((21, 2), -1.0), np.full((21, 2, 3), -1.0)
    given = jvp(elementary, y, v, out=out)
    assert given is out
    assert all(same_bits(*both) for both in zip(out, jvp(elementary, y, v), strict=True))


@pytest.mark.parametrize(
    ("out", "kind", "message"),
    [
        (lambda y: (np.empty((4, 2)),), TypeError, r"^out: .*expected a pair"),
        (lambda y: (np.empty((4, 2)), np.empty((4, 3))), ValueError, r"^out\[1\]: .*expected .*\(4, 2\)"),
        (lambda y: (np.empty((4, 2)), np.empty((4, 2), np.float32)), ValueError, r"^out\[1\]: .*float64"),
        (lambda y: (np.empty((4, 2)), np.empty((2, 4)).T), ValueError, r"^out\[1\]: .*row-major"),
        (lambda y: (np.empty((4, 2)), read_only(np.empty((4, 2)))), ValueError, r"^out\[1\]: .*read-only"),
        (lambda y: (y, np.empty((4, 2))), ValueError, r"^out: overlaps"),
        (lambda y: ([0.0], np.empty((4, 2))), ValueError, r"^out\[0\]: is a list"),
    ],
)
def test_unfit_memory_for_results_is_refused(out, kind, message):
    y = random_points(4)
    with pytest.raises(kind, match=message):
        jvp(elementary, y, directions_of((4, 2)), out=out(y))


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"y": np.ones((4, 3))}, ValueError, r"^y: has shape \(4, 3\), expected \(2,\)"),
        ({"y": np.ones((4, 2, 2))}, ValueError, r"^y: has shape"),
        ({"y": None}, ValueError, r"^y: elementary has no default state"),
        ({"y": [["a", "b"]]}, TypeError, r"^y: dtype"),
        ({"y": np.ones((4, 2), complex)}, TypeError, r"^y: complex"),
        ({"v": np.ones((4, 3))}, ValueError, r"^v: has shape \(4, 3\), expected"),
        ({"v": np.ones((3, 2))}, ValueError, r"^v: is for 3 members"),
        ({"v": np.ones((4, 2, 0))}, ValueError, r"^v: has shape"),
        ({"v": "x"}, TypeError, r"^v: dtype"),
        ({"t": np.ones(3)}, ValueError, r"^t: has shape \(3,\), expected"),
        ({"t": np.ones((4, 1))}, ValueError, r"^t: has shape"),
        ({"t": 1j}, TypeError, r"^t: complex"),
        ({"params": {"rat": 1.0}}, ValueError, r"^params: .*did you mean 'rate'"),
        ({"params": np.ones(3)}, ValueError, r"^params: has shape"),
        ({"params": {"rate": np.ones(3)}}, ValueError, r"^params\['rate'\]: is for 3 members"),
        ({"wrt": "time"}, ValueError, r"^wrt: is 'time', expected"),
        ({"dtype": "float16"}, ValueError, r"^dtype: "),
        ({"device": "tpu"}, ValueError, r"^device: "),
        ({"system": None}, TypeError, r"^system: is None"),
    ],
)
def test_mistakes_are_named(change, kind, message):
    arguments = {"system": elementary, "y": np.ones((4, 2)), "v": np.ones((4, 2)), **change}
    with pytest.raises(kind, match=message) as caught:
        jvp(arguments.pop("system"), arguments.pop("y"), arguments.pop("v"), **arguments)
    assert "\n" not in str(caught.value)


def test_no_parameters_to_perturb():
    with pytest.raises(ValueError, match=r"^wrt: is 'params', but .* has no parameters"):
        jvp(fastsci.systems.henon_heiles, None, [1.0], wrt="params")


def test_a_function_without_derivative_is_refused_and_says_where():
    def slices(t, u, p, du):
        du[:] = u[::-1]

    with pytest.raises(CompilationError, match=r"slices cannot be differentiated: .*test_jvp.py, line \d+: du\[:\]"):
        jvp(slices, np.ones((3, 4)), np.ones((3, 4)))
