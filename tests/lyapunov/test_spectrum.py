"""Lyapunov spectra against exact ones, published ones, and themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastsci
from fastsci import systems


def on_the_attractor(system, n, seed=0, time=40.0):
    start = system.default_y0 + 1e-3 * np.random.default_rng(seed).normal(size=(n, system.dim))
    return fastsci.solve_ensemble(system, (0.0, time), start, dt=system.dt).y_final


# --- exact spectra ---


def test_a_linear_flow_gives_the_real_parts_of_its_eigenvalues():
    def spiral(t, u, p):
        x, y, z = u
        return -0.1 * x - 2.0 * y, 2.0 * x - 0.1 * y, 0.5 * z + 0.3 * x

    found = fastsci.lyapunov_spectrum(spiral, y0=[1.0, 0.0, 1.0], dt=0.01, t_transient=50.0, t_total=200.0)
    np.testing.assert_allclose(found.exponents, [[0.5, -0.1, -0.1]], atol=1e-2)
    assert found.exponents.sum() == pytest.approx(0.3, abs=1e-8)


@pytest.mark.parametrize("rates", [(-1.0, -2.0), (0.3, 0.3), (1.0, -40.0)])
def test_a_diagonal_flow_is_exact_whatever_the_spread(rates):
    fast, slow = rates

    def diagonal(t, u, p):
        x, y = u
        return fast * x, slow * y

    found = fastsci.lyapunov_spectrum(diagonal, y0=[1.0, 1.0], dt=0.002, t_transient=1.0, t_total=20.0)
    np.testing.assert_allclose(found.exponents, [sorted(rates, reverse=True)], rtol=1e-6)
    np.testing.assert_allclose(found.stderr, 0.0, atol=1e-9)


def test_henons_exponents_sum_to_the_logarithm_of_its_contraction():
    found = fastsci.lyapunov_spectrum(systems.henon, t_transient=1000, t_total=100_000)
    assert found.exponents.sum() == pytest.approx(math.log(0.3), abs=1e-10)
    # Sprott, Chaos and Time-Series Analysis (Oxford, 2003), table 5.1: 0.41922, -1.62319.
    np.testing.assert_allclose(found.exponents, [[0.41922, -1.62319]], atol=3.0 * found.stderr.max())


def test_the_logistic_map_at_four_gives_the_logarithm_of_two():
    found = fastsci.lyapunov_spectrum(
        systems.logistic, y0=[[0.3], [0.123]], params={"r": 4.0}, t_transient=1000, t_total=1_000_000
    )
    np.testing.assert_allclose(found.exponents, math.log(2.0), atol=1e-5)
    assert (np.abs(found.exponents - math.log(2.0)) <= 4.0 * found.stderr).all()


@pytest.mark.parametrize("slope", [1.3, 1.9])
def test_the_tent_map_gives_the_logarithm_of_its_slope(slope):
    found = fastsci.lyapunov_spectrum(systems.tent, params={"mu": slope}, y0=[0.3], t_transient=100, t_total=10_000)
    np.testing.assert_allclose(found.exponents, math.log(slope), rtol=1e-12)


def test_the_standard_map_keeps_areas():
    found = fastsci.lyapunov_spectrum(systems.standard, t_transient=100, t_total=100_000)
    np.testing.assert_allclose(found.exponents.sum(axis=1), 0.0, atol=1e-10)


def test_a_superstable_orbit_has_the_exponent_minus_infinity():
    found = fastsci.lyapunov_spectrum(systems.logistic, params={"r": 2.0}, y0=[0.5], t_transient=100, t_total=1000)
    assert found.exponents[0, 0] == -np.inf
    assert found.success[0]


def test_a_map_that_forgets_a_component_keeps_the_exponent_of_the_other():
    def flattened(t, u, p):
        x, _ = u
        return 1.0 - 1.9 * abs(x), 0.5 * x

    found = fastsci.lyapunov_spectrum(
        fastsci.system(flattened, kind="map"), y0=[0.3, 0.1], t_transient=100, t_total=5000
    )
    assert found.exponents[0, 0] == pytest.approx(math.log(1.9), rel=1e-10)
    assert found.exponents[0, 1] == -np.inf


# --- published spectra ---


@pytest.mark.parametrize(
    ("params", "published"),
    [
        # Wolf, Swift, Swinney and Vastano, Physica D 16 (1985) 285: 2.16 bits, which is 1.50.  Their last one, -22.46,
        # misses the sum -21 by 0.04; what is left by the sum is taken.
        ((16.0, 45.92, 4.0), (1.50, 0.0, -22.50)),
        # Sprott, Chaos and Time-Series Analysis (Oxford, 2003), appendix A.4.2: 0.9056, 0, -14.5723.
        ((10.0, 28.0, 8.0 / 3.0), (0.9056, 0.0, -14.5723)),
    ],
)
def test_lorenz(params, published):
    """The published digits, where those are fewer than the standard errors, count as their own."""
    y0 = on_the_attractor(systems.lorenz63, 16)
    found = fastsci.lyapunov_spectrum(systems.lorenz63, y0=y0, params=np.array(params), dt=0.005, t_transient=50.0,
                                      t_total=4000.0)  # fmt: skip
    mean, error = found.exponents.mean(axis=0), found.stderr.mean(axis=0) / math.sqrt(len(y0))
    assert (error <= 3e-3).all()
    digits = 5e-3 if params[0] == 16.0 else 5e-5
    assert (np.abs(mean - published) <= 3.0 * error + digits).all()
    # The scatter of the members is what the standard errors say, or less.
    assert (found.exponents.std(axis=0, ddof=1) <= 1.5 * found.stderr.mean(axis=0)).all()


def test_the_defect_of_the_sum_falls_with_the_fourth_power_of_the_step():
    defects = []
    for dt in (0.01, 0.005, 0.0025):
        found = fastsci.lyapunov_spectrum(systems.lorenz63, dt=dt, t_transient=10.0, t_total=100.0)
        defects.append(abs(found.exponents.sum() + 10.0 + 1.0 + 8.0 / 3.0))
    assert defects[2] < 1e-6
    assert np.log2(defects[0] / defects[1]) == pytest.approx(4.0, abs=0.3)
    assert np.log2(defects[1] / defects[2]) == pytest.approx(4.0, abs=0.3)


def test_the_kaplan_yorke_dimension_of_lorenz():
    found = fastsci.lyapunov_spectrum(systems.lorenz63, dt=0.01, t_transient=100.0, t_total=2000.0)
    # Sprott (2003), table 5.2: 2.062.
    assert found.kaplan_yorke_dimension[0] == pytest.approx(2.062, abs=3e-3)
    largest = fastsci.lyapunov_spectrum(systems.lorenz63, k=2, dt=0.01, t_transient=100.0, t_total=100.0)
    assert np.isnan(largest.kaplan_yorke_dimension[0])
    assert found.entropy[0] == pytest.approx(found.exponents[0, 0], abs=0.01)


# --- what the exponents do not depend on ---


@pytest.mark.parametrize("every", [1, 3, 10, 50])
def test_the_interval_changes_nothing_but_rounding(every):
    # In a quarter of the transient the directions settle to 1e-10.
    spans = {"dt": 0.01, "t_transient": 100.0, "t_total": 200.0}
    chosen = fastsci.lyapunov_spectrum(systems.lorenz63, **spans)
    given = fastsci.lyapunov_spectrum(systems.lorenz63, **spans, qr_every=every)
    assert (given.qr_every == every).all()
    np.testing.assert_allclose(given.exponents, chosen.exponents, atol=1e-8)


def test_growth_after_a_calm_transient_is_measured_again():
    """The chosen interval would lose every digit of the second perturbation."""

    def waking(t, u, p):
        x, y = u
        rate = np.where(t < 50.0, 0.001, 100.0)
        return rate * (y - 2.0 * x), rate * (x - 2.0 * y)

    spans = {"y0": [1.0, 0.0], "dt": 0.005, "t_transient": 40.0, "t_total": 20.0}
    found = fastsci.lyapunov_spectrum(waking, **spans)
    assert found.qr_every[0] < 64
    often = fastsci.lyapunov_spectrum(waking, **spans, qr_every=1)
    # The sum is that of the same steps; each by itself remembers where its direction began.
    assert found.exponents.sum() == pytest.approx(often.exponents.sum(), rel=1e-12)
    np.testing.assert_allclose(found.exponents, often.exponents, rtol=1e-6)
    rarely = fastsci.lyapunov_spectrum(waking, **spans, qr_every=64)
    assert abs(rarely.exponents.sum() - often.exponents.sum()) > 1e-2


def test_the_interval_follows_the_growth():
    rates = np.array([0.1, 1.0, 30.0, 300.0])

    def saddle(t, u, p):
        x, y = u
        (rate,) = p
        return -rate * x, -2.0 * rate * y

    found = fastsci.lyapunov_spectrum(
        saddle, y0=[1.0, 1.0], params={"rate": rates}, dt=0.001, t_transient=1.0, t_total=10.0
    )
    assert (np.diff(found.qr_every) <= 0).all()
    assert found.qr_every[0] == 64
    assert found.qr_every[3] < 16


@pytest.mark.parametrize("name", ["lorenz63", "henon"])
def test_a_member_has_the_numbers_it_has_alone(name):
    system = systems.get(name)
    y0 = on_the_attractor(system, 37) if system.kind == "flow" else np.tile(system.default_y0, (37, 1))
    values = np.linspace(0.9, 1.0, 37) * next(iter(system.params.values()))
    spans = {"t_transient": 500 * (system.dt or 1), "t_total": 1000 * (system.dt or 1)}
    first = next(iter(system.params))
    together = fastsci.lyapunov_spectrum(system, y0=y0, params={first: values}, **spans)
    for member in (0, 5, 36):
        alone = fastsci.lyapunov_spectrum(system, y0=y0[member], params={first: values[member]}, **spans)
        for field in ("exponents", "stderr", "history", "y_final", "vectors", "qr_every"):
            np.testing.assert_array_equal(getattr(alone, field)[0], getattr(together, field)[member])


def test_members_beyond_the_memory_of_one_part(monkeypatch):
    from fastsci import _spectrum_run

    y0 = on_the_attractor(systems.lorenz63, 20)
    spans = {"dt": 0.01, "t_transient": 5.0, "t_total": 10.0, "k": 1}
    whole = fastsci.lyapunov_spectrum(systems.lorenz63, y0=y0, **spans)
    monkeypatch.setitem(_spectrum_run.HELD, False, 5000)
    parts = fastsci.lyapunov_spectrum(systems.lorenz63, y0=y0, **spans)
    np.testing.assert_array_equal(whole.exponents, parts.exponents)


# --- forms of the function ---


def test_long_states_and_functions_in_place():
    system = systems.get("lorenz96", n=20)
    found = fastsci.lyapunov_spectrum(system, dt=0.01, t_transient=20.0, t_total=100.0, k=20)
    # Karimi and Paul, Chaos 20 (2010) 043105: at F = 8 the largest exponent is about 1.7, the sum is -n.
    assert found.exponents.sum() == pytest.approx(-20.0, abs=1e-4)
    assert 1.2 < found.exponents[0, 0] < 2.0


def test_a_function_that_branches_runs_on_scalars():
    def kicked(t, u, p):
        x, y = u
        if x > 0.0:
            return y, -x - 0.1 * y
        return y, -2.0 * x - 0.1 * y

    found = fastsci.lyapunov_spectrum(kicked, y0=[1.0, 0.0], dt=0.01, t_transient=10.0, t_total=50.0)
    assert found.path == "scalar"
    assert found.reason
    assert found.exponents.sum() == pytest.approx(-0.1, abs=1e-6)


def test_a_network_of_maps():
    system = systems.get("chialvo_chain", n=20)
    found = fastsci.lyapunov_spectrum(system, t_transient=500, t_total=2000, k=5)
    assert found.exponents.shape == (1, 5)
    assert np.isfinite(found.exponents).all()
    assert (np.diff(found.exponents) <= 0.0).all()


def test_single_precision_stays_single():
    found = fastsci.lyapunov_spectrum(systems.lorenz63, dt=0.01, t_transient=50.0, t_total=1000.0, dtype="float32")
    assert found.y_final.dtype == np.float32
    np.testing.assert_allclose(found.exponents, [[0.9056, 0.0, -14.572]], atol=0.05)


def test_the_vectors_are_orthonormal():
    found = fastsci.lyapunov_spectrum(systems.lorenz63, dt=0.01, t_transient=10.0, t_total=10.0)
    np.testing.assert_allclose(found.vectors[0].T @ found.vectors[0], np.eye(3), atol=1e-12)


def test_the_history_ends_at_the_exponents():
    found = fastsci.lyapunov_spectrum(systems.lorenz63, dt=0.01, t_transient=10.0, t_total=30.7)
    assert found.t[-1] == pytest.approx(30.7)
    np.testing.assert_array_equal(found.history[:, :, -1], found.exponents)


def test_torch_in_torch_out(torch):
    y0 = torch.tensor(on_the_attractor(systems.lorenz63, 3))
    spans = {"dt": 0.01, "t_transient": 10.0, "t_total": 20.0}
    found = fastsci.lyapunov_spectrum(systems.lorenz63, y0=y0, **spans)
    same = fastsci.lyapunov_spectrum(systems.lorenz63, y0=y0.numpy(), **spans)
    for field in ("exponents", "stderr", "kaplan_yorke_dimension", "entropy", "history", "y_final", "vectors"):
        assert isinstance(getattr(found, field), torch.Tensor)
        np.testing.assert_array_equal(getattr(found, field).numpy(), getattr(same, field))
    assert repr(found) == repr(same)
    y, carried = fastsci.flow_jvp(systems.lorenz63, (0.0, 0.1), y0, torch.ones_like(y0), dt=0.01)
    assert isinstance(y, torch.Tensor)
    assert isinstance(carried, torch.Tensor)


# --- what goes wrong ---


def test_a_member_that_escapes_takes_no_other_down():
    y0 = np.array([[0.1, 0.1], [50.0, 50.0], [np.nan, 0.0], [0.2, 0.1]])
    found = fastsci.lyapunov_spectrum(systems.henon, y0=y0, t_transient=100, t_total=10_000)
    assert found.status.tolist() == [0, -1, -1, 0]
    assert np.isnan(found.exponents[1:3]).all()
    assert np.isnan(found.stderr[1:3]).all()
    assert np.isnan(found.kaplan_yorke_dimension[1:3]).all()
    alone = fastsci.lyapunov_spectrum(systems.henon, y0=y0[3], t_transient=100, t_total=10_000)
    np.testing.assert_array_equal(found.exponents[3], alone.exponents[0])
    assert "infinite or NaN" in found.message(1)
    assert "2 failed" in repr(found)


def test_no_members_at_all():
    found = fastsci.lyapunov_spectrum(systems.henon, y0=np.empty((0, 2)), t_transient=10, t_total=100)
    assert found.exponents.shape == (0, 2)


def test_a_function_that_raises_fails_its_member():
    def index(t, u, p):
        (x,) = u
        table = (1.0, 2.0)
        return (-x * table[int(x)],)

    found = fastsci.lyapunov_spectrum(index, y0=[[0.5], [9.0]], dt=0.01, t_transient=1.0, t_total=10.0)
    assert found.status.tolist() == [0, -2]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"k": 4}, ValueError, "k: is 4, expected at most 3"),
        ({"k": 0}, ValueError, "k: is 0"),
        ({"k": 1.5}, TypeError, "k: is 1.5"),
        ({"dt": -0.1}, ValueError, "dt: is -0.1"),
        ({"dt": [0.1, 0.2]}, ValueError, "dt: has shape"),
        ({"t_total": 0.0}, ValueError, "t_total: is 0.0"),
        ({"t_total": math.inf}, ValueError, "t_total: is inf"),
        ({"t_transient": -1.0}, ValueError, "t_transient: is -1.0"),
        ({"t_transient": "long"}, TypeError, "t_transient: is 'long'"),
        ({"method": "Rodas5P"}, ValueError, "method: is 'Rodas5P', expected an explicit"),
        ({"method": "Leapfrog"}, ValueError, "method: is 'Leapfrog'"),
        ({"qr_every": 1000}, ValueError, "qr_every: is 1000, expected at most 125"),
        ({"y0": [1.0, 2.0]}, ValueError, "y0: has shape"),
        ({"device": "gpu"}, ValueError, "device: is 'gpu'"),
    ],
)
def test_bad_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        fastsci.lyapunov_spectrum(systems.lorenz63, **{"dt": 0.01, "t_transient": 1.0, "t_total": 10.0, **arguments})


def test_a_map_takes_no_step():
    with pytest.raises(ValueError, match=r"dt: is 0\.1, but henon is a map"):
        fastsci.lyapunov_spectrum(systems.henon, dt=0.1, t_transient=10, t_total=100)


def test_the_divergence_of_a_map_is_refused():
    with pytest.raises(ValueError, match="system: henon is a map"):
        fastsci.mean_divergence(systems.henon, t_transient=10, t_total=100)


def test_progress_rises_to_one():
    seen = []
    fastsci.lyapunov_spectrum(systems.lorenz63, dt=0.001, t_transient=100.0, t_total=2000.0, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)
