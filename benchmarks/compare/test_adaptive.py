"""The rows of the newer methods at small sizes: peers solve the same problem, and errors are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.compare import (
    conserved,
    curves,
    diffrax_peer,
    heyoka_peer,
    logistic,
    noise,
    picture,
    scipy_peer,
    stiff,
    unequal,
    work_precision,
)
from benchmarks.suites.ornstein_uhlenbeck import standard_errors
from benchmarks.suites.problems import jac_robertson, problem, strided

SHORT = 400  # steps: t = 2, over which Lorenz-63 multiplies an error by about ten


@pytest.fixture(scope="module")
def lorenz():
    return problem("lorenz63", 18, SHORT)


@pytest.fixture(scope="module")
def tight(lorenz):
    return scipy_peer.prepare_adaptive(lorenz, "DOP853", rtol=3e-14, atol=1e-14)()


def long_taylor(given, order=20):
    """The series itself in long double on arrays of members: shares nothing with any solver here."""
    u = given.y0.T.astype(np.longdouble)
    sigma, rho, beta = given.params.T.astype(np.longdouble)
    h = np.longdouble(given.t_end) / given.n_steps
    for _ in range(given.n_steps):
        x, y, z = ([part] for part in u)
        for k in range(order):
            xz = sum(x[i] * z[k - i] for i in range(k + 1))
            xy = sum(x[i] * y[k - i] for i in range(k + 1))
            x_next, y_next, z_next = sigma * (y[k] - x[k]), rho * x[k] - xz - y[k], xy - beta * z[k]
            for series, term in ((x, x_next), (y, y_next), (z, z_next)):
                series.append(term / (k + 1))
        u = np.array([sum(term * h**k for k, term in enumerate(series)) for series in (x, y, z)])
    return u.T


def test_the_reference_in_quadruple_precision(lorenz):
    pytest.importorskip("heyoka", reason="the reference is computed by heyoka (extra: peers)")
    some = strided(lorenz, 6).with_steps(200)
    np.testing.assert_allclose(heyoka_peer.quadruple(some), long_taylor(some).astype(float), rtol=1e-15, atol=1e-14)


def test_heyoka(lorenz, tight):
    pytest.importorskip("heyoka", reason="the peer heyoka is not installed (extra: peers)")
    loose, fine = (curves.median_error(heyoka_peer.prepare(lorenz, tol)(), tight, 1, 1) for tol in (1e-5, 1e-12))
    assert fine < 1e-9 < loose < 1e-1


def test_diffrax(lorenz, tight):
    pytest.importorskip("diffrax", reason="the peer diffrax is not installed (extra: peers)")
    solve = diffrax_peer.prepare_adaptive(lorenz, "Tsit5")
    loose, fine = (curves.median_error(solve(tol), tight, 1, 1) for tol in (1e-5, 1e-9))
    assert fine < 1e-6 < loose < 1e-1


def test_fastsci(lorenz, tight):
    loose, fine = (
        curves.median_error(work_precision.prepare_fastsci(lorenz, "Tsit5", tol)(), tight, 1, 1) for tol in (1e-5, 1e-9)
    )
    assert fine < 1e-6 < loose < 1e-1


def test_errors_are_of_the_common_members(tight):
    reference = tight[::3]
    assert curves.median_error(tight, reference, 1, 3) == 0.0
    assert curves.median_error(tight[::9], reference, 9, 3) == 0.0
    assert curves.median_error(np.full_like(tight, np.nan), reference, 1, 3) == np.inf


def power_law(name, order, factor, **more):
    """A solver whose error falls by 10 a decade of tolerance and whose work is ``factor * error**(-1 / order)``."""
    points = tuple(curves.Point(tol, tol, factor * tol ** (-1 / order)) for tol in (1e-3, 1e-5, 1e-7))
    solver = curves.Solver(name, (1e-3, 1e-5, 1e-7), lambda tolerance: lambda: np.zeros(0), **more)
    return curves.Curve(solver, points, tuple(solver.prepare(tol) for tol in solver.tolerances))


def test_work_at_an_error_between_two_tolerances():
    curve = power_law("Tsit5", 5, 2.0)
    assert curve.seconds_at(1e-4) == pytest.approx(2.0 * 1e-4 ** (-1 / 5), rel=1e-12)
    assert curve.seconds_at(1e-8) == np.inf
    low, high = power_law("Tsit5", 2, 1e-2), power_law("DOP853", 8, 1.0)
    assert work_precision.best([low, high], 1e-3) is low
    assert work_precision.best([low, high], 1e-7) is high


def test_a_ratio_needs_tolerances_around_the_error():
    curve = power_law("Tsit5", 5, 2.0)
    with pytest.raises(ValueError, match="no tolerances around the error 1e-09"):
        curves.compare_at(1e-9, curve, curve, 1)


def test_picture(tmp_path):
    path = tmp_path / "picture.png"
    drawn = [power_law("Taylor", 12, 1.0, ours=True), power_law("heyoka", 12, 2.0), power_law("SciPy RK45", 5, 900.0)]
    picture.draw(drawn, path, "a title", "a note")
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_busy_lanes():
    row = next(unequal.rows(64))
    assert 0.5 < row.value <= 1.0
    assert row.note.endswith(" 0 failed")


def test_jacobian_by_hand():
    given = problem("robertson", 1, 1)
    t, u, p = 0.0, np.array([0.6, 2e-5, 0.4]), given.params[0]
    step = 1e-6 * np.maximum(u, 1e-3)
    columns = [
        (np.array(given.fun(t, u + shift, p)) - np.array(given.fun(t, u - shift, p))) / (2 * shift.sum())
        for shift in np.diag(step)
    ]
    np.testing.assert_allclose(np.array(jac_robertson(t, u, p)).T, columns, rtol=1e-6, atol=1e-6)


def test_robertson_at_no_larger_error():
    row = next(stiff.rows(64, 3, ("Rodas5P",)))
    assert row.errors["total"] <= row.peer_errors["total"] < 1e-3
    assert row.errors["median"] <= row.peer_errors["median"]


def test_no_larger_error_means_both_figures():
    theirs = np.array([1.0, 2.0, 9.0])
    assert stiff.no_larger(np.array([1.0, 2.0, 9.0]), theirs)
    assert not stiff.no_larger(np.array([1.0, 3.0, 4.0]), theirs)
    assert not stiff.no_larger(np.array([1.0, 1.0, 10.0]), theirs)


def test_both_ornstein_uhlenbeck_runs_have_the_moments_of_the_recursion():
    paths, steps = 40_000, 50
    for prepare in (noise.prepare_fastsci, noise.prepare_numpy):
        assert np.abs(standard_errors(prepare(paths, steps)(), steps)).max() < 4.5


def test_energy_and_the_figure_eight():
    errors, rate = conserved.energy_errors(8, 20_000)
    assert rate > 0
    assert np.abs(errors).max() < 1e-6
    assert conserved.closing("Yoshida4", 1000) < 1e-6 < conserved.closing("Leapfrog", 1000)


def test_a_trend_is_the_slope_over_the_run():
    time = np.linspace(0.0, 1.0, 101)
    assert conserved.trend(np.array([3e-8 * time, -7e-8 * time + 1e-6])) == pytest.approx(7e-8, rel=1e-9)


def test_logistic_diagrams_agree():
    assert logistic.agreement(np.linspace(2.5, 4.0, 30), 500, 10) < 1e-12
