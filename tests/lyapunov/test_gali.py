"""Alignment indices: their definition, closed forms, and the laws of regular and chaotic orbits."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastsci
from fastsci import _interval_run, systems
from fastsci.alignment import gali
from fastsci.lyapunov import lyapunov_spectrum

K, COUPLING = 0.5, 0.05

# Skokos, Bountis and Antonopoulos, Physica D 231 (2007) 30, section 3.1: energy 0.125, regular and chaotic.
HENON_HEILES = np.array([[0.0, 0.55, 0.2417, 0.0], [0.0, -0.016, 0.49974, 0.0]])


@fastsci.system(kind="map", state=("x", "p", "y", "q"))
def coupled_standard_maps(t, u, p):
    """Two standard maps that pull on one another: symplectic, in four dimensions."""
    x, px, y, py = u
    pull = COUPLING * math.sin(x - y)
    px = px - K * math.sin(x) - pull
    py = py - K * math.sin(y) + pull
    return x + px, px, y + py, py


@fastsci.system(kind="map", state=("x", "y"))
def stretch(t, u, p):
    x, y = u
    return 2.0 * x, 0.5 * y


def volume(vectors):
    """The definition: the volume spanned by the columns once they have length 1."""
    unit = vectors / np.linalg.norm(vectors, axis=-2, keepdims=True)
    return np.linalg.svd(unit, compute_uv=False).prod(axis=-1)


def slope(found, member, order, after, by=np.log10):
    late = found.t > after
    return np.polyfit(by(found.t[late]), found.log10_orders[member, order - 2, late], 1)[0]


@pytest.fixture(scope="module")
def henon_heiles():
    times = np.geomspace(1.0, 10_000.0, 200)
    return gali(systems.henon_heiles, 4, (0, 10_000), y0=HENON_HEILES, dt=0.05, t_eval=times)


@pytest.mark.parametrize("in_place", [False, True], ids=["tuple", "in place"])
def test_it_is_the_volume_that_unit_vectors_span(in_place):
    system = coupled_standard_maps
    if in_place:

        def same(t, u, p, du):
            pull = COUPLING * math.sin(u[0] - u[2])
            du[1] = u[1] - K * math.sin(u[0]) - pull
            du[3] = u[3] - K * math.sin(u[2]) + pull
            du[0] = u[0] + u[1] - K * math.sin(u[0]) - pull
            du[2] = u[2] + u[3] - K * math.sin(u[2]) + pull

        system = fastsci.system(same, kind="map", state=("x", "p", "y", "q"))
    y0 = np.array([[0.5, 0.1, 0.3, -0.2], [3.0, 0.1, 2.9, 0.2]])
    v = np.random.default_rng(0).normal(size=(2, 4, 4))
    found = gali(system, 4, (0, 6), y0=y0, v=v)
    for step, t in enumerate(found.t):
        carried = fastsci.flow_jvp(coupled_standard_maps, (0, t), y0, v)[1] if t else v
        for order in (2, 3, 4):
            np.testing.assert_allclose(
                10.0 ** found.log10_orders[:, order - 2, step], volume(carried[..., :order]), rtol=1e-9
            )


def test_of_a_linear_map_it_has_a_closed_form():
    v = np.array([[1.0, 1.0], [1.0, -1.0]])
    found = gali(stretch, 2, (0, 2000), y0=[0.0, 0.0], v=v, t_eval=np.arange(2001.0))
    n = np.arange(2001)
    # The vectors (2^n, 1 / 2^n) and (2^n, -1 / 2^n).
    expected = np.log10(2.0) - np.log10(1.0 + 4.0 ** (-2.0 * n)) - 2.0 * n * np.log10(2.0)
    np.testing.assert_allclose(found.log10[0], expected, atol=1e-11)
    assert found.log10[0, -1] < -1200.0
    assert found.gali[0, -1] == 0.0
    early = found.t < 10
    angle = 2.0 * np.arctan(4.0 ** -found.t[early])
    np.testing.assert_allclose(found.gali[0, early], np.sin(angle), rtol=1e-12)
    # Lengths of the difference and the sum of two unit vectors at that angle.
    shorter = np.minimum(2.0 * np.sin(angle / 2.0), 2.0 * np.cos(angle / 2.0))
    np.testing.assert_allclose(found.sali[0, early], shorter, rtol=1e-12)


def test_on_a_torus_it_stays_and_decays_by_the_powers_two_and_four(henon_heiles):
    late = henon_heiles.t > 100
    assert henon_heiles.log10_orders[0, 0, late].min() > -1.0
    for order, power in ((2, 0.0), (3, -2.0), (4, -4.0)):
        assert slope(henon_heiles, 0, order, 100.0) == pytest.approx(power, abs=0.1)


def test_along_chaos_it_decays_at_differences_of_the_exponents(henon_heiles):
    # Exponents l, 0, 0, -l over the very same time.
    spectrum = lyapunov_spectrum(systems.henon_heiles, y0=HENON_HEILES[1], k=1, dt=0.05, t_transient=0, t_total=10_000)
    exponent = spectrum.exponents[0, 0]
    for order, multiple in ((2, 1.0), (3, 2.0), (4, 4.0)):
        rate = -henon_heiles.log10_orders[1, order - 2, -1] * np.log(10.0) / 10_000.0
        assert rate == pytest.approx(multiple * exponent, rel=0.1)


def test_a_symplectic_map_of_four_dimensions_has_the_same_laws():
    times = np.unique(np.geomspace(10, 20_000, 200).round())
    y0 = np.array([[1.5, 0.0, 0.2, 0.0], [3.1, 0.0, 3.0, 0.0]])
    found = gali(coupled_standard_maps, 4, (0, 20_000), y0=y0, t_eval=times)
    for order, power in ((2, 0.0), (3, -2.0), (4, -4.0)):
        assert slope(found, 0, order, 300) == pytest.approx(power, abs=0.1)
    exponents = lyapunov_spectrum(coupled_standard_maps, y0=y0[1], t_transient=0, t_total=20_000).exponents[0]
    for order in (2, 3, 4):
        rate = -found.log10_orders[1, order - 2, -1] * np.log(10.0) / 20_000
        assert rate == pytest.approx((exponents[0] - exponents[1:order]).sum(), rel=0.05)


def test_a_save_between_steps_is_as_good_as_one_on_them():
    def pendulum(t, u, p):
        x, v = u
        return v, -math.sin(x)

    options = {"y0": [1.0, 0.5], "v": np.array([[1.0, 0.2], [0.0, 1.0]])}
    found = gali(pendulum, 2, (1.0, 3.0), dt=0.01, t_eval=[1.0, 1.237, 2.9999, 3.0], **options)
    for t, value in zip(found.t[1:], found.gali[0, 1:], strict=True):
        _, carried = fastsci.flow_jvp(pendulum, (1.0, t), options["y0"], options["v"], dt=0.002)
        assert value == pytest.approx(volume(carried), rel=1e-8)
    assert found.gali[0, 0] == pytest.approx(1.0 / np.hypot(1.0, 0.2), rel=1e-14)
    back = gali(pendulum, 2, (3.0, 1.0), dt=0.01, **options)
    _, carried = fastsci.flow_jvp(pendulum, (3.0, 1.0), options["y0"], options["v"], dt=0.002)
    assert back.gali[0, -1] == pytest.approx(volume(carried), rel=1e-8)


def test_random_vectors_begin_orthonormal_and_follow_the_seed():
    found = [gali(stretch, 2, (0, 30), y0=[0.0, 0.0], seed=seed).log10 for seed in (0, 0, 1)]
    np.testing.assert_allclose(found[0][:, 0], 0.0, atol=1e-15)
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0][:, 5:] != found[2][:, 5:]).all()


def test_dependent_vectors_span_nothing():
    found = gali(stretch, 2, (0, 5), y0=[0.0, 0.0], v=np.array([[1.0, 2.0], [0.0, 0.0]]))
    assert (found.gali == 0.0).all()
    assert (found.sali == 0.0).all()
    assert found.status.tolist() == [0]


def test_a_member_does_not_depend_on_its_company(monkeypatch):
    y0 = np.random.default_rng(1).uniform(-3.0, 3.0, (131, 4))
    v = np.random.default_rng(2).normal(size=(131, 4, 4))
    run = {"t_span": (0, 60), "t_eval": [10, 35, 60]}
    together = gali(coupled_standard_maps, 4, y0=y0, v=v, **run)
    for few in (slice(7, 8), slice(120, 131)):
        alone = gali(coupled_standard_maps, 4, y0=y0[few], v=v[few], **run)
        np.testing.assert_array_equal(alone.log10, together.log10[few])
        np.testing.assert_array_equal(alone.y_final, together.y_final[few])
    monkeypatch.setattr(_interval_run, "HELD", {False: 1, True: 1})
    parts = gali(coupled_standard_maps, 4, y0=y0, v=v, **run)
    np.testing.assert_array_equal(parts.log10, together.log10)
    np.testing.assert_array_equal(parts.status, together.status)


def test_a_member_that_fails_is_lost_alone():
    y0 = np.array([[0.1, 0.1], [1e300, 1.0], [0.2, 0.1], [0.1, 0.1]])
    v = np.tile(np.eye(2), (4, 1, 1))
    v[3, 0, 0] = np.nan
    found = gali(stretch, 2, (0, 100), y0=y0, v=v)
    kept = gali(stretch, 2, (0, 100), y0=y0[[0, 2]], v=v[[0, 2]])
    assert found.status.tolist() == [0, -1, 0, -1]
    assert "infinite or NaN" in found.message(1)
    assert np.isnan(found.log10[[1, 3]]).all()
    np.testing.assert_array_equal(found.log10[[0, 2]], kept.log10)
    assert "2 failed" in repr(found)


def test_float32_and_no_member():
    found, exact = (gali(stretch, 2, (0, 50), y0=np.zeros((1, 2), dtype)) for dtype in ("float32", "float64"))
    assert found.log10.dtype == np.float32
    np.testing.assert_allclose(found.log10, exact.log10, rtol=1e-5, atol=1e-6)
    assert gali(stretch, 2, (0, 10), y0=np.empty((0, 2))).log10.shape == (0, 11)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"k": 1}, ValueError, "k: is 1, expected 2 to 2"),
        ({"k": 3}, ValueError, "k: is 3"),
        ({"v": np.eye(2)[:, :1]}, ValueError, "v: has shape"),
        ({"v": np.ones((3, 2))}, ValueError, "v: has shape"),
        ({"v": np.ones((5, 2, 2))}, ValueError, "v: is for 5 members"),
        ({"t_span": (10, 0)}, ValueError, "t_span: is"),
        ({"t_span": [[0, 10], [0, 20]]}, ValueError, "t_span: has shape"),
        ({"t_eval": [1.5]}, ValueError, "t_eval: holds 1.5"),
        ({"t_eval": [3], "qr_every": 2}, ValueError, "t_eval: holds 3"),
        ({"t_eval": [11]}, ValueError, "t_eval: 11 is outside"),
        ({"qr_every": -1}, ValueError, "qr_every: is -1"),
        ({"dt": 1.0}, ValueError, "dt: is 1.0"),
    ],
)
def test_a_mistake_is_named(options, error, message):
    given = {"k": 2, "t_span": (0, 10), "y0": np.ones((2, 2)), **options}
    with pytest.raises(error, match=message):
        gali(stretch, **given)
