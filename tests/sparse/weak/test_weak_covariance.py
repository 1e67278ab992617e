"""Covariance of weak equations: what it is, and what weighing by it gains over least squares."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from fastsci.sparse import _test_functions as test
from fastsci.sparse._weak_covariance import LinearisedRows, WeakTrajectory, covariance
from fastsci.sparse._weak_reweighted import given_others
from fastsci.sparse.constrained import ConstrainedSTLSQ
from fastsci.sparse.libraries import PolynomialLibrary
from fastsci.sparse.mstls import MSTLS
from fastsci.sparse.prior import KnownTerms
from fastsci.sparse.sindy import SINDy
from fastsci.sparse.thresholding import STLSQ
from fastsci.sparse.weak import WeakForm

LIBRARY = PolynomialLibrary(degree=2)
NAMES = LIBRARY.feature_names(["x", "y", "z"])
TERMS = {"x": {"x": -10.0, "y": 10.0}, "y": {"x": 28.0, "y": -1.0, "x z": -1.0}, "z": {"z": -8 / 3, "x y": 1.0}}
TRUE = np.array([[terms.get(name, 0.0) for name in NAMES] for terms in TERMS.values()])
STEP = 2e-3


@pytest.fixture(scope="module")
def orbit():
    """Lorenz's system over 20 units of time, 10,000 samples."""

    def slope(t, state):
        x, y, z = state
        return [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]

    times = STEP * np.arange(10_000)
    return solve_ivp(slope, (0.0, 20.0), (-8.0, 7.0, 27.0), t_eval=times, rtol=1e-12, atol=1e-12, method="DOP853").y.T


def noisy(states, share, seed):
    """Normal errors of a share of the root mean square of all states."""
    return states + share * np.sqrt(np.mean(states**2)) * np.random.default_rng(seed).normal(size=states.shape)


def found(trajectories, weighting="covariance", optimizer=None):
    form = WeakForm(weighting=weighting)
    times = [STEP] * len(trajectories) if isinstance(trajectories, list) else STEP
    return SINDy(LIBRARY, MSTLS() if optimizer is None else optimizer, weak=form).fit(trajectories, t=times).coef_


def worst(coef):
    """Largest relative error of a coefficient that is not zero."""
    kept = TRUE != 0
    return np.max(np.abs(coef[kept] / TRUE[kept] - 1.0))


def dense(banded):
    size = banded.shape[1]
    lower = np.zeros((size, size))
    for diagonal, entries in enumerate(banded):
        lower[np.arange(diagonal, size), np.arange(size - diagonal)] = entries[: size - diagonal]
    return lower + np.tril(lower, -1).T


def even():
    return test.EvenAxis("x", 90, 0.05, 9, 6, 4)


def uneven():
    times = 0.05 * np.arange(90.0)
    times[1:-1] += np.random.default_rng(5).uniform(-0.02, 0.02, 88)
    return test.UnevenAxis(times, 0.45, 6, 0.45 + 0.2 * np.arange(17))


@pytest.mark.parametrize("axis", [even(), uneven()], ids=["even", "uneven"])
def test_covariance_is_the_product_of_the_whole_response(axis):
    rng = np.random.default_rng(0)
    slopes, deviations = rng.normal(size=(90, 2, 2)), np.array([0.3, 1.7])
    every = (0, axis.count), (0, axis.extent)
    integral, derivative = axis.matrix(0, *every), axis.matrix(1, *every)
    response = np.einsum("kn,ij->kinj", derivative, np.eye(2)) - np.einsum("kn,nij->kinj", integral, slopes)
    flat = (response * deviations).reshape(2 * axis.count, -1)
    wanted = flat @ flat.T
    np.testing.assert_allclose(
        dense(covariance(axis, slopes, deviations)), wanted, rtol=1e-12, atol=1e-13 * wanted.max()
    )


def test_covariance_is_that_of_residuals_over_many_draws_of_the_noise(orbit):
    """Residuals of the true model, whitened, are of unit variance and not correlated."""
    whitened = []
    for seed in range(60):
        axis = test.EvenAxis("x", 2000, STEP, 100, 14, 25)
        rows = LinearisedRows(WeakTrajectory(noisy(orbit[:2000], 0.01, seed), None, STEP, axis), LIBRARY)
        own, variances = rows.whitened(TRUE)
        assert variances.shape == (3,)
        whitened.append(own[:, -1] - own[:, :-1] @ TRUE.ravel())
    draws = np.array(whitened)
    size = draws.shape[1]
    sample = draws.T @ draws / len(draws)
    # Of normal numbers the trace has a relative deviation of sqrt(2 / (draws size)), products one of 1 / sqrt(draws).
    assert abs(np.trace(sample) / size - 1.0) < 5 * np.sqrt(2 / (len(draws) * size))
    beside = sample[~np.eye(size, dtype=bool)]
    assert abs(np.sqrt(np.mean(beside**2)) * np.sqrt(len(draws)) - 1.0) < 0.05


def test_bands_are_narrow():
    """Its memory grows with the functions, not with their square."""
    few, many = (covariance(test.EvenAxis("x", n, 0.05, 9, 6, 4), np.zeros((n, 2, 2)), np.ones(2)) for n in (200, 2000))
    assert few.shape[0] == many.shape[0] == 2 * (2 * 9 // 4 + 1)


def test_noise_is_judged_from_the_samples(orbit):
    axis = even()
    states = noisy(orbit, 0.05, 0)
    wanted = 0.05 * np.sqrt(np.mean(orbit**2))
    np.testing.assert_allclose(WeakTrajectory(states, None, STEP, axis).noise(), wanted, rtol=0.1)


def test_slopes_are_those_of_the_model(orbit):
    states = orbit[:300]
    rows = LinearisedRows(WeakTrajectory(states, None, STEP, test.EvenAxis("x", 300, STEP, 20, 8, 5)), LIBRARY)
    x, y, z = rows.smooth.T
    one = np.ones_like(x)
    wanted = np.array([[-10 * one, 10 * one, 0 * one], [28 - z, -one, -x], [y, x, -8 / 3 * one]])
    np.testing.assert_allclose(rows.slopes(TRUE), np.moveaxis(wanted, -1, 0), atol=1e-7)


def test_problem_of_an_equation_is_the_least_squares_of_all():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(200, 9))  # two equations of four terms, and the left side
    rows[:, 8] += rows[:, :8] @ [1, 0, -2, 0, 0, 3, 0, 0]
    support = np.array([[True, False, True, False], [False, True, False, True]])
    triangle = np.linalg.qr(rows, mode="r")
    kept = np.flatnonzero(support)
    together, missed = np.linalg.lstsq(rows[:, kept], rows[:, 8])[:2]
    problem = given_others(triangle, support, 1, 100.0)
    coef = np.stack([np.zeros(4), problem.solve(support[1], 1)])
    np.testing.assert_allclose(coef[1, support[1]], together[2:], rtol=1e-10)
    share = triangle[8, 8] ** 2 / 2
    np.testing.assert_allclose(problem.residual_squares(coef)[1], missed[0] - share, rtol=1e-10)
    assert problem.squares[0] == 0.0


def test_one_percent_of_noise_leaves_every_coefficient_within_a_hundredth(orbit):
    """The largest relative error of a coefficient is less than half of what least squares leaves."""
    errors = []
    for seed in range(8):
        coef, plain = (found(noisy(orbit, 0.01, seed), weighting) for weighting in ("covariance", "none"))
        np.testing.assert_array_equal(coef != 0, TRUE != 0)
        errors.append((worst(coef), worst(plain)))
    weighted, plain = np.array(errors).T
    assert weighted.max() < 5e-3
    assert np.median(weighted) < 0.4 * np.median(plain)


def test_support_with_ten_percent_of_noise(orbit):
    right = [np.array_equal(found(noisy(orbit, 0.1, seed)) != 0, TRUE != 0) for seed in range(8)]
    plain = [np.array_equal(found(noisy(orbit, 0.1, seed), "none") != 0, TRUE != 0) for seed in range(8)]
    assert all(right)
    assert sum(plain) < 8


@pytest.mark.slow
def test_hundred_seeds_of_noise(orbit):
    coefs = {share: [found(noisy(orbit, share, seed)) for seed in range(100)] for share in (0.01, 0.1)}
    right = {share: [np.array_equal(coef != 0, TRUE != 0) for coef in some] for share, some in coefs.items()}
    assert all(right[0.01])
    assert max(worst(coef) for coef in coefs[0.01]) < 1e-2
    assert sum(right[0.1]) >= 95


def test_samples_without_noise_stay_exact(orbit):
    coef = found(orbit)
    np.testing.assert_array_equal(coef != 0, TRUE != 0)
    assert worst(coef) < 1e-9


def test_two_halves_tell_what_the_whole_tells(orbit):
    """Other equations where they meet are missing, and nothing else: within the errors of either."""
    states = noisy(orbit, 0.01, 3)
    whole, halves = found(states), found([states[:5000], states[5000:]])
    np.testing.assert_array_equal(halves != 0, TRUE != 0)
    assert np.max(np.abs(halves - whole)[TRUE != 0] / np.abs(TRUE[TRUE != 0])) < 5e-3
    assert worst(halves) < 5e-3


def test_order_of_trajectories_changes_no_more_than_rounding(orbit):
    states = noisy(orbit, 0.05, 1)
    parts = [states[:3000], states[3000:5000], states[6000:]]
    np.testing.assert_allclose(found(parts[::-1]), found(parts), rtol=1e-6)


def test_the_noisier_of_two_trajectories_weighs_less(orbit):
    """Beside a trajectory of little noise one of much must not spoil it."""
    clean, spoilt = noisy(orbit[:5000], 0.001, 0), noisy(orbit[5000:], 0.2, 1)
    both, plain = found([clean, spoilt]), found([clean, spoilt], "none")
    assert worst(both) < 3e-3 < worst(plain)


def test_threshold_is_that_of_coefficients(orbit):
    coef = found(noisy(orbit, 0.01, 0), optimizer=STLSQ(threshold=0.2))
    np.testing.assert_array_equal(coef != 0, TRUE != 0)
    assert worst(coef) < 5e-3


def test_what_is_known_stays(orbit):
    known = KnownTerms({"y": {"y": -1.0}})
    model = SINDy(LIBRARY, STLSQ(0.2), weak=WeakForm(), prior=known)
    coef = model.fit(noisy(orbit, 0.01, 0), t=STEP, feature_names=["x", "y", "z"]).coef_
    assert coef[1, NAMES.index("y")] == -1.0
    assert worst(coef) < 5e-3


def test_constraints_between_equations_hold_without_weights(orbit):
    """The coefficients of x and of y in the first equation add up to zero."""
    lhs = np.zeros((1, TRUE.size))
    lhs[0, [NAMES.index("x"), NAMES.index("y")]] = 1.0
    states = noisy(orbit, 0.01, 0)
    optimizer = ConstrainedSTLSQ(0.2, constraint_lhs=lhs, constraint_rhs=np.zeros(1))
    coef = found(states, optimizer=optimizer)
    assert abs(lhs[0] @ coef.ravel()) < 1e-9
    np.testing.assert_array_equal(coef, found(states, "none", optimizer))


def test_controls_are_exact_inputs():
    times = np.linspace(0.0, 20.0, 4001)
    push = np.sin(1.7 * times)
    decay = solve_ivp(
        lambda t, s: [-s[0] + 2 * np.sin(1.7 * t)], (0, 20), [0.5], t_eval=times, rtol=1e-11, atol=1e-12
    ).y.T
    noise = 0.01 * np.random.default_rng(0).normal(size=decay.shape)
    model = SINDy(PolynomialLibrary(degree=1), STLSQ(0.2), weak=WeakForm()).fit(decay + noise, t=times, u=push[:, None])
    np.testing.assert_allclose(model.coef_, [[0.0, -1.0, 2.0]], atol=0.02)


def test_uneven_times_are_weighed_alike(orbit):
    times = STEP * np.arange(10_000)
    every = np.sort(np.random.default_rng(2).choice(10_000, 9_000, replace=False))
    model = SINDy(LIBRARY, MSTLS(), weak=WeakForm()).fit(noisy(orbit, 0.01, 0)[every], t=times[every])
    np.testing.assert_array_equal(model.coef_ != 0, TRUE != 0)
    assert worst(model.coef_) < 1e-2


def test_few_samples_are_fitted_without_weights():
    states = np.exp(-0.1 * np.arange(6.0))[:, None]
    library = PolynomialLibrary(degree=1, include_bias=False)
    every = [
        SINDy(library, STLSQ(0.01), weak=WeakForm(2, 2, weighting=weighting)).fit(states, t=0.1).coef_
        for weighting in ("covariance", "none")
    ]
    np.testing.assert_array_equal(every[0], every[1])


def test_weighting_that_is_not_known_is_named():
    with pytest.raises(ValueError, match="weighting: is 'exact', expected one of 'covariance', 'none'"):
        WeakForm(weighting="exact").equations(LIBRARY, [np.zeros((99, 1))], [0.1])
