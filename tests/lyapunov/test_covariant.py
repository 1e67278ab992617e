"""Covariant vectors and what is known of them: they are carried along, and of linear systems they are eigenvectors."""

from __future__ import annotations

import numpy as np
import pytest

import fastsci
from fastsci import _interval_run, systems
from fastsci.covariant import covariant_vectors
from fastsci.lyapunov import lyapunov_spectrum

VECTORS = np.array([[1.0, 1.0, 0.3], [0.2, -1.0, 1.0], [0.1, 0.4, -1.0]])


def lorenz96(t, u, p, du):
    n = len(du)
    for i in range(n):
        du[i] = (u[(i + 1) % n] - u[i - 2]) * u[i - 1] - u[i] + 8.0


def linear(matrix, *, kind, in_place=False):
    """The linear system of a 3 x 3 matrix."""
    (a, b, c), (d, e, f), (g, h, k) = matrix.tolist()

    def tuple_form(t, u, p):
        x, y, z = u
        return a * x + b * y + c * z, d * x + e * y + f * z, g * x + h * y + k * z

    def in_place_form(t, u, p, du):
        du[0] = a * u[0] + b * u[1] + c * u[2]
        du[1] = d * u[0] + e * u[1] + f * u[2]
        du[2] = g * u[0] + h * u[1] + k * u[2]

    return fastsci.system(in_place_form if in_place else tuple_form, kind=kind, state=("x", "y", "z"))


def sines(a, b):
    """Sines of the angles between unit vectors along axis 1."""
    along = (a * b).sum(axis=1, keepdims=True)
    return np.linalg.norm(a - along * b, axis=1)


def same(one, other):
    for name in ("y", "vectors", "local_rates", "exponents", "status"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def naive(jacobians, window):
    """The recursion of Ginelli et al. for one member, step by step, by NumPy's QR; vectors at the first times."""
    size = jacobians.shape[1]
    q, qs, rs = np.eye(size), [np.eye(size)], []
    for jacobian in jacobians:
        q, r = np.linalg.qr(jacobian @ q)
        sign = np.sign(np.diag(r))
        q, r = q * sign, r * sign[:, np.newaxis]
        qs.append(q)
        rs.append(r)
    c, found = np.eye(size), []
    for number in range(len(rs) - 1, -1, -1):
        c = np.linalg.solve(rs[number], c)
        c /= np.linalg.norm(c, axis=0)
        found.append(qs[number] @ c)
    return np.stack(found[::-1], axis=-1)[:, :, : window + 1]


@pytest.mark.parametrize(("in_place", "dtype"), [(False, "float64"), (True, "float32")])
def test_of_a_linear_map_they_are_the_eigenvectors(in_place, dtype):
    values = np.array([-1.7, 1.1, 0.6])
    matrix = VECTORS @ np.diag(values) @ np.linalg.inv(VECTORS)
    system = linear(matrix, kind="map", in_place=in_place)
    found = covariant_vectors(system, y0=np.zeros(3, dtype), t_transient=400, t_window=5, t_backward=200)
    assert found.vectors.dtype == dtype
    unit = VECTORS / np.linalg.norm(VECTORS, axis=0)
    for j in range(3):
        apart = sines(found.vectors[:, :, j].astype(float), unit[np.newaxis, :, j, np.newaxis])
        assert apart.max() < (1e-13 if dtype == "float64" else 1e-5)
    np.testing.assert_allclose(found.exponents[0], np.log(np.abs(values)), rtol=1e-13 if dtype == "float64" else 1e-5)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1.0, rtol=1e-15 if dtype == "float64" else 1e-7)


def test_of_a_linear_flow_they_are_the_eigenvectors():
    values = np.array([0.5, -0.1, -1.0])
    matrix = VECTORS @ np.diag(values) @ np.linalg.inv(VECTORS)
    system = linear(matrix, kind="flow")
    found = covariant_vectors(system, y0=np.zeros(3), dt=0.02, t_transient=200, t_window=2, t_backward=60)
    unit = VECTORS / np.linalg.norm(VECTORS, axis=0)
    for j in range(3):
        assert sines(found.vectors[:, :, j], unit[np.newaxis, :, j, np.newaxis]).max() < 1e-12
    # The exponents are those of the method's step, of order 4.
    np.testing.assert_allclose(found.exponents[0], values, atol=1e-8)
    np.testing.assert_allclose(np.diff(found.t), 0.2, rtol=1e-9)
    assert found.t[0] == pytest.approx(200.0)
    assert found.t[-1] == pytest.approx(202.0)
    cosines = np.abs(unit.T @ unit)
    np.testing.assert_allclose(found.angles(0, 2), np.arccos(cosines[0, 2]), rtol=1e-10)
    np.testing.assert_array_equal(found.angles(1, 1), 0.0)


@pytest.mark.parametrize(
    ("system", "y0", "clock", "interval"),
    [
        (systems.henon, [0.1, 0.1], {"t_transient": 500, "t_window": 200, "t_backward": 200}, 1),
        (systems.lorenz63, [1.0, 2.0, 20.0], {"dt": 0.01, "t_transient": 40, "t_window": 20, "t_backward": 20}, 0.1),
        (lorenz96, 8.0 + 0.01 * np.arange(7), {"dt": 0.02, "t_transient": 40, "t_window": 8, "t_backward": 40}, 0.2),
    ],
    ids=["henon", "lorenz63", "lorenz96"],
)
def test_the_flow_takes_each_to_a_positive_multiple_of_the_next(system, y0, clock, interval):
    found = covariant_vectors(system, y0=y0, **clock)
    states = found.y[0].T[:-1]
    now, then = found.vectors[0, :, :, :-1].transpose(2, 0, 1), found.vectors[0, :, :, 1:].transpose(2, 0, 1)
    dt = {"dt": clock["dt"]} if "dt" in clock else {}
    ends, carried = fastsci.flow_jvp(system, (0, interval), states, now, **dt)
    np.testing.assert_allclose(ends, found.y[0].T[1:], rtol=1e-12, atol=1e-12)
    lengths = np.linalg.norm(carried, axis=1)
    assert np.linalg.norm(carried / lengths[:, np.newaxis] - then, axis=1).max() < 1e-12
    np.testing.assert_allclose(np.log(lengths) / interval, found.local_rates[0].T, atol=1e-12)
    np.testing.assert_allclose(found.exponents[0], found.local_rates[0].mean(axis=1), rtol=1e-12)


def test_the_recursion_written_out_step_by_step_gives_the_same():
    found = covariant_vectors(systems.henon, y0=[0.1, 0.1], t_transient=0, t_window=300, t_backward=100)
    a, b = systems.henon.params.values()
    orbit = fastsci.iterate_map(systems.henon, 400, [0.1, 0.1], save_every=1).y[0]
    jacobians = np.array([[[-2.0 * a * x, 1.0], [b, 0.0]] for x in orbit[0, :-1]])
    np.testing.assert_allclose(found.vectors[0], naive(jacobians, 300), atol=1e-9)


def test_the_vector_of_the_zero_exponent_lies_along_the_flow():
    apart = []
    for dt in (0.01, 0.005):
        found = covariant_vectors(systems.lorenz63, dt=dt, t_transient=40, t_window=20, t_backward=30)
        slope = np.array(systems.lorenz63.fun(0.0, found.y[0], tuple(systems.lorenz63.params.values())))
        slope /= np.linalg.norm(slope, axis=0)
        apart.append(sines(found.vectors[:, :, 1], slope[np.newaxis]).max())
    # It is that of the method's own flow, which differs by the order of the method.
    assert apart[0] < 1e-4
    assert apart[0] / apart[1] > 8.0


def test_they_grow_at_the_rates_of_the_exponents():
    y0 = np.random.default_rng(3).normal([0.0, 0.0, 25.0], 5.0, (32, 3))
    clock = {"dt": 0.01, "t_transient": 40}
    found = covariant_vectors(systems.lorenz63, y0=y0, t_window=100, t_backward=20, **clock)
    forwards = lyapunov_spectrum(systems.lorenz63, y0=y0, t_total=100, **clock)
    errors = np.hypot(found.exponents.std(axis=0), forwards.exponents.std(axis=0)) / np.sqrt(32)
    difference = found.exponents.mean(axis=0) - forwards.exponents.mean(axis=0)
    assert (np.abs(difference) < 4.0 * errors).all()
    # Sprott, Chaos and Time-Series Analysis (2003): 0.9056, 0, -14.5723.
    np.testing.assert_allclose(found.exponents.mean(axis=0), [0.9056, 0.0, -14.5723], atol=0.02)


def test_growing_and_decaying_vectors_are_tangent_to_the_energy_surface():
    y0 = np.array([[0.0, -0.25, 0.42081, 0.0], [0.0, -0.016, 0.49974, 0.0]])
    found = covariant_vectors(systems.henon_heiles, y0=y0, dt=0.05, t_transient=1000, t_window=50, t_backward=600)
    x, y, px, py = found.y.transpose(1, 0, 2)
    gradient = np.stack([x + 2.0 * x * y, y + x * x - y * y, px, py], axis=1)
    gradient /= np.linalg.norm(gradient, axis=1, keepdims=True)
    # The energy of an error does not change, so that of one which grows or decays for ever is zero.
    for j in (0, 3):
        assert np.abs((gradient * found.vectors[:, :, j]).sum(axis=1)).max() < 1e-5


def test_fewer_vectors_are_the_first_of_all():
    clock = {"dt": 0.01, "t_transient": 10, "t_window": 4, "t_backward": 20}
    every, few = (covariant_vectors(systems.lorenz63, k=k, **clock) for k in (None, 2))
    assert few.vectors.shape == (1, 3, 2, len(few.t))
    np.testing.assert_allclose(few.vectors, every.vectors[:, :, :2], atol=1e-7)


def test_a_member_does_not_depend_on_its_company(monkeypatch):
    y0 = np.random.default_rng(1).uniform(-0.1, 0.1, (131, 2))
    clock = {"t_transient": 100, "t_window": 40, "t_backward": 30}
    together = covariant_vectors(systems.henon, y0=y0, **clock)
    for few in (slice(7, 8), slice(120, 131), slice(0, 17)):
        alone = covariant_vectors(systems.henon, y0=y0[few], **clock)
        for name in ("y", "vectors", "local_rates", "exponents", "status"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(together, name)[few], err_msg=name)
    monkeypatch.setattr(_interval_run, "HELD", {False: 1, True: 1})
    same(covariant_vectors(systems.henon, y0=y0, **clock), together)


def test_a_member_that_escapes_is_lost_alone():
    y0 = np.array([[0.1, 0.1], [50.0, 50.0], [np.nan, 0.0], [0.2, 0.1]])
    clock = {"t_transient": 100, "t_window": 20, "t_backward": 30}
    found = covariant_vectors(systems.henon, y0=y0, **clock)
    kept = covariant_vectors(systems.henon, y0=y0[[0, 3]], **clock)
    assert found.status.tolist() == [0, -1, -1, 0]
    assert found.success.tolist() == [True, False, False, True]
    assert "infinite or NaN" in found.message(1)
    assert np.isnan(found.vectors[1:3]).all()
    assert np.isnan(found.exponents[1:3]).all()
    np.testing.assert_array_equal(found.vectors[[0, 3]], kept.vectors)
    assert "2 failed" in repr(found)


def test_a_direction_taken_to_zero_has_no_way_back():
    def flat(t, u, p):
        x, y = u
        return 0.5 * x + y, 0.0 * y

    system = fastsci.system(flat, kind="map", state=("x", "y"))
    found = covariant_vectors(system, y0=[1.0, 1.0], t_transient=5, t_window=3, t_backward=2)
    assert found.status.tolist() == [0]
    np.testing.assert_allclose(found.vectors[0, :, 0], [[1.0] * 4, [0.0] * 4], atol=1e-15)
    assert np.isnan(found.vectors[0, :, 1]).all()


def test_parameters_and_a_single_and_no_member():
    clock = {"t_transient": 100, "t_window": 10, "t_backward": 30}
    found = covariant_vectors(systems.henon, params={"a": [1.2, 1.4]}, **clock)
    alone = covariant_vectors(systems.henon, params={"a": 1.4}, **clock)
    np.testing.assert_array_equal(found.vectors[1:], alone.vectors)
    np.testing.assert_array_equal(found.params["a"], [1.2, 1.4])
    none = covariant_vectors(systems.henon, y0=np.empty((0, 2)), **clock)
    assert none.vectors.shape == (0, 2, 2, 11)
    assert none.local_rates.shape == (0, 2, 10)


def test_progress_rises_to_one():
    told = []
    covariant_vectors(systems.henon, t_transient=100, t_window=10, t_backward=10, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"k": 3}, ValueError, "k: is 3, expected at most 2"),
        ({"k": 1.5}, TypeError, "k: is 1.5"),
        ({"qr_every": 0}, ValueError, "qr_every: is 0"),
        ({"dt": 0.1}, ValueError, "dt: is 0.1"),
        ({"t_window": 0}, ValueError, "t_window: is 0"),
        ({"t_transient": -1}, ValueError, "t_transient: is -1"),
        ({"t_backward": np.nan}, ValueError, "t_backward: is nan"),
        ({"y0": [1.0, 2.0, 3.0]}, ValueError, "y0: has shape"),
        ({"device": "tpu"}, ValueError, "device: is 'tpu'"),
    ],
)
def test_a_mistake_is_named(options, error, message):
    with pytest.raises(error, match=message):
        covariant_vectors(systems.henon, **{"t_transient": 10, "t_window": 10, "t_backward": 10, **options})
