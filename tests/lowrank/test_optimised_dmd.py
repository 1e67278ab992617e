"""Optimised DMD: exact sums of exponentials, an outside oracle, the statistics of noise, constraints."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.optimize import least_squares

from fastsci.lowrank.optimised_dmd import OptDMD


def closed(upper):
    """Rates with their conjugates."""
    return np.concatenate([upper, np.conj(upper)])


def signal(rates, t, n_space, seed, real=True):
    """Snapshots of random modes with these rates, the upper ones of real data."""
    rng = np.random.default_rng(seed)
    modes = rng.normal(size=(n_space, len(rates))) + 1j * rng.normal(size=(n_space, len(rates)))
    states = modes @ np.exp(np.outer(rates, t))
    return 2.0 * states.real if real else states


def times(even, n=120, seed=3):
    return np.linspace(1.0, 9.0, n) if even else np.sort(np.random.default_rng(seed).uniform(1.0, 9.0, n))


def furthest(found, true):
    """The largest distance of a rate found from the nearest of the true ones."""
    assert len(found) == len(true)
    apart = np.abs(found[:, None] - true)
    assert sorted(apart.argmin(axis=1)) == list(range(len(true)))
    return apart.min(axis=1).max()


UPPER = np.array([-0.1 + 3.0j, -0.02 + 5.5j, 0.03 + 8.0j])


@pytest.mark.parametrize("even", [True, False])
def test_real_exponentials_are_found_to_rounding(even):
    t = times(even)
    X = signal(UPPER, t, 30, seed=0)
    model = OptDMD(rank=6).fit(X, t)
    assert model.converged
    assert model.error < 1e-12
    assert furthest(model.rates, closed(UPPER)) < 1e-10
    np.testing.assert_allclose(model.reconstruct(), X, rtol=0, atol=1e-10 * np.abs(X).max())
    ahead = t[-1] + model.dt * np.arange(1, 6)
    expected = signal(UPPER, ahead, 30, seed=0)
    np.testing.assert_allclose(model.forecast(5), expected, rtol=0, atol=1e-9 * np.abs(X).max())
    np.testing.assert_allclose(model.at(ahead), expected, rtol=0, atol=1e-9 * np.abs(X).max())


@pytest.mark.parametrize("even", [True, False])
def test_complex_exponentials_are_found_to_rounding(even):
    t = times(even)
    rates = np.array([-0.1 + 3.0j, 0.02 - 5.5j, -0.05 + 0.4j, -0.3j])
    X = signal(rates, t, 12, seed=1, real=False)
    model = OptDMD(rank=4).fit(X, t)
    assert model.converged
    assert furthest(model.rates, rates) < 1e-10
    np.testing.assert_allclose(model.reconstruct(), X, rtol=0, atol=1e-10 * np.abs(X).max())
    assert np.iscomplexobj(model.forecast(2))


def test_real_rates_beside_a_pair():
    t = times(False)
    rng = np.random.default_rng(4)
    rates = np.array([-0.5, -2.0, -0.1 + 4.0j, -0.1 - 4.0j])
    parts = [np.exp(-0.5 * t), np.exp(-2.0 * t), np.exp(-0.1 * t) * np.cos(4 * t), np.exp(-0.1 * t) * np.sin(4 * t)]
    model = OptDMD(4).fit(rng.normal(size=(10, 4)) @ np.array(parts), t)
    assert furthest(model.rates, rates) < 1e-9
    assert np.count_nonzero(model.rates.imag) == 2


def test_rank_one_is_one_exponential():
    t = np.linspace(0.0, 2.0, 30)
    model = OptDMD(1).fit(np.outer([1.0, -2.0], np.exp(-1.5 * t)), t)
    assert model.rates == pytest.approx([-1.5], abs=1e-12)
    assert model.amplitudes == pytest.approx([np.sqrt(5.0)], abs=1e-12)
    assert np.linalg.norm(model.modes, axis=0) == pytest.approx([1.0])


def test_rates_over_many_decades_at_times_over_as_many():
    t = np.geomspace(1e-3, 10.0, 200)
    rates = np.array([-300.0, -20.0, -0.5])
    X = np.random.default_rng(5).normal(size=(6, 3)) @ np.exp(np.outer(rates, t))
    model = OptDMD(3, start=[-100.0, -10.0, -1.0]).fit(X, t)
    assert furthest(model.rates, rates) < 1e-6 * 300.0
    assert model.error < 1e-12


def test_a_frequency_above_that_of_the_mean_step_is_told_at_uneven_times():
    rng = np.random.default_rng(6)
    t = np.sort(rng.uniform(0.0, 10.0, 60))
    rate = -0.05 + 40.0j  # more than half a turn a mean step of 1/6
    X = signal(np.array([rate]), t, 5, seed=7)
    model = OptDMD(2, start=closed([40.05j])).fit(X, t)
    assert furthest(model.rates, closed(np.array([rate]))) < 1e-10
    np.testing.assert_allclose(model.eigs, np.exp(model.rates * model.dt))


def residuals(parameters, X, t):
    """Of a sum of real exponentials and oscillations, coefficients solved for by the library's own least squares."""
    growth, turn = parameters.reshape(-1, 2).T
    waves = np.exp(growth[:, None] * t) * np.array([np.cos(turn[:, None] * t), np.sin(turn[:, None] * t)])
    basis = waves.reshape(-1, len(t)).T
    return (X.T - basis @ np.linalg.lstsq(basis, X.T, rcond=None)[0]).ravel()


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("noise", [0.1, 1.0])
def test_the_optimum_is_that_of_a_general_least_squares_solver(even, noise):
    t = times(even)
    # As many variables as rates: nothing is projected away, and the two problems are the same.
    X = signal(UPPER, t, 6, seed=8) + noise * np.random.default_rng(9).normal(size=(6, len(t)))
    model = OptDMD(6).fit(X, t)
    start = np.stack([UPPER.real, UPPER.imag], axis=1).ravel()
    oracle = least_squares(residuals, start, args=(X, t), xtol=1e-15, ftol=1e-15, gtol=1e-12, x_scale="jac")
    pairs = oracle.x.reshape(-1, 2)
    assert model.error <= np.sqrt(2.0 * oracle.cost) / np.linalg.norm(X) * (1 + 1e-12)
    assert furthest(model.rates, closed(pairs[:, 0] + 1j * pairs[:, 1])) < 2e-6


def test_weights_are_those_of_weighted_least_squares():
    t = times(True)
    rng = np.random.default_rng(10)
    deviations = np.where(rng.random(len(t)) < 0.5, 0.05, 1.0)
    X = signal(UPPER, t, 6, seed=8) + deviations * rng.normal(size=(6, len(t)))
    model = OptDMD(6).fit(X, t, weights=1.0 / deviations**2)
    start = np.stack([UPPER.real, UPPER.imag], axis=1).ravel()

    def weighted(parameters):
        growth, turn = parameters.reshape(-1, 2).T
        waves = np.exp(growth[:, None] * t) * np.array([np.cos(turn[:, None] * t), np.sin(turn[:, None] * t)])
        basis = (waves.reshape(-1, len(t)) / deviations).T
        target = (X / deviations).T
        return (target - basis @ np.linalg.lstsq(basis, target, rcond=None)[0]).ravel()

    pairs = least_squares(weighted, start, xtol=1e-15, ftol=1e-15, gtol=1e-12, x_scale="jac").x.reshape(-1, 2)
    assert furthest(model.rates, closed(pairs[:, 0] + 1j * pairs[:, 1])) < 2e-6
    plain = OptDMD(6).fit(X, t)
    assert furthest(model.rates, closed(UPPER)) < 0.5 * furthest(plain.rates, closed(UPPER))


def test_weight_zero_leaves_a_snapshot_out():
    t = times(False)
    X = signal(UPPER, t, 8, seed=11)
    spoilt = X.copy()
    spoilt[:, ::10] = 100.0
    weights = np.ones(len(t))
    weights[::10] = 0.0
    assert furthest(OptDMD(6).fit(spoilt, t, weights).rates, closed(UPPER)) < 1e-10


def cramer_rao(rates, modes, t, noise):
    """Least standard deviations of the real and imaginary parts of the upper rates, from the Fisher information."""
    columns = []
    for rate, mode in zip(rates, modes.T, strict=True):
        wave = np.exp(rate * t)
        for direction in (1.0, 1j):
            columns.append(2.0 * np.outer(mode, direction * t * wave).real.ravel())
    for rate in rates:
        for place in range(len(modes)):
            for direction in (1.0, 1j):
                unit = np.zeros(len(modes), complex)
                unit[place] = direction
                columns.append(2.0 * np.outer(unit, np.exp(rate * t)).real.ravel())
    jacobian = np.array(columns).T
    return noise * np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian))[: 2 * len(rates)])


def test_errors_are_at_the_cramer_rao_bound_and_without_the_bias_of_exact_dmd():
    t = np.linspace(0.0, 8.0, 100)
    rates, noise, draws = UPPER[:2], 0.5, 60
    rng = np.random.default_rng(12)
    modes = rng.normal(size=(4, 2)) + 1j * rng.normal(size=(4, 2))
    clean = 2.0 * (modes @ np.exp(np.outer(rates, t))).real
    found, exact = [], []
    for _ in range(draws):
        X = clean + noise * rng.normal(size=clean.shape)
        model = OptDMD(4).fit(X, t)
        found.append([model.rates[np.argmin(np.abs(model.rates - rate))] for rate in rates])
        step = X[:, 1:] @ np.linalg.pinv(X[:, :-1])
        its = np.log(np.linalg.eigvals(step)) / (t[1] - t[0])
        exact.append([its[np.argmin(np.abs(its - rate))] for rate in rates])
    errors = np.array(found) - rates
    bound = cramer_rao(rates, modes, t, noise)
    spread = np.sqrt(np.mean(np.stack([errors.real, errors.imag], axis=2) ** 2, axis=0)).ravel()
    # 60 draws tell a standard deviation to about 9 %; three of those on either side.
    assert np.all(spread < 1.3 * bound)
    assert np.all(spread > 0.7 * bound)
    bias = np.abs(np.mean(np.array(exact) - rates, axis=0))
    assert np.all(np.abs(errors.mean(axis=0)) < 0.05 * bias)


def test_many_frequencies_at_once():
    t = np.linspace(0.0, 20.0, 400)
    upper = 1j * np.array([0.7, 1.9, 3.1, 4.4, 5.2, 7.7, 9.3, 11.0])
    X = signal(upper, t, 40, seed=13) + 0.01 * np.random.default_rng(14).normal(size=(40, 400))
    model = OptDMD(16).fit(X, t)
    assert furthest(model.rates, closed(upper)) < 1e-3
    assert np.all(np.abs(model.rates[0::2] - model.rates[1::2].conj()) == 0.0)


def test_a_fit_leaves_a_minimum_among_its_neighbours():
    # Uneven times with gaps of most of a turn mislead the first rates.
    failures = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        t = np.sort(rng.uniform(0.0, 10.0, 150))
        upper = rng.uniform(0.5, 12.0, 4) * 1j - rng.uniform(0.0, 0.1, 4)
        X = signal(upper, t, 20, seed) + 0.05 * rng.normal(size=(20, 150))
        failures += OptDMD(8).fit(X, t).error > 1.001 * OptDMD(8, start=closed(upper)).fit(X, t).error
    assert failures == 0


def test_stable_constraint_holds_and_is_the_best_of_what_it_allows():
    t = times(True)
    rates = np.array([0.05 + 3.0j, -0.1 + 6.0j])
    X = signal(rates, t, 4, seed=15) + 0.01 * np.random.default_rng(16).normal(size=(4, len(t)))
    free, stable = OptDMD(4).fit(X, t), OptDMD(4, eig_constraints="stable").fit(X, t)
    assert free.growth_rates.max() > 0.04
    assert stable.converged
    assert stable.growth_rates.max() == 0.0
    start = np.stack([rates.real, rates.imag], axis=1).ravel()
    start[0] = -0.01
    upper = np.tile([0.0, np.inf], 2)
    oracle = least_squares(residuals, start, bounds=(-np.inf, upper), args=(X, t), xtol=1e-14, ftol=1e-14, gtol=1e-14)
    assert stable.error == pytest.approx(np.sqrt(2.0 * oracle.cost) / np.linalg.norm(X), rel=1e-6)
    assert stable.error > free.error


def test_neutral_constraint_holds():
    t = times(False)
    X = signal(1j * np.array([3.0, 6.0]), t, 6, seed=17) + 0.1 * np.random.default_rng(18).normal(size=(6, len(t)))
    model = OptDMD(4, eig_constraints="imag").fit(X, t)
    assert model.converged
    assert np.all(model.growth_rates == 0.0)
    assert furthest(model.rates, closed(1j * np.array([3.0, 6.0]))) < 0.02


def test_conjugate_pairs_of_complex_snapshots():
    t = times(True)
    rng = np.random.default_rng(19)
    rates = closed(np.array([-0.1 + 3.0j, -0.02 + 5.0j]))
    X = signal(rates, t, 6, seed=20, real=False) + 0.1 * (rng.normal(size=(6, 120)) + 1j * rng.normal(size=(6, 120)))
    free = OptDMD(4).fit(X, t)
    paired = OptDMD(4, eig_constraints=["conjugate pairs"]).fit(X, t)
    assert furthest(paired.rates, paired.rates.conj()) == 0.0
    assert furthest(free.rates, free.rates.conj()) > 1e-4
    assert furthest(paired.rates, rates) < 0.02
    np.testing.assert_allclose(paired.reconstruct(), signal(rates, t, 6, seed=20, real=False), atol=0.3)


def test_a_function_as_constraint():
    t = times(True)
    X = signal(UPPER[:2], t, 6, seed=21) + 0.01 * np.random.default_rng(22).normal(size=(6, len(t)))
    seen = []

    def slow(rates):
        seen.append(len(rates))
        return rates.real.clip(-0.05, 0.0) + 1j * rates.imag

    model = OptDMD(4, eig_constraints=slow).fit(X, t)
    assert set(seen) == {4}
    assert model.converged
    assert np.all((model.growth_rates >= -0.05 - 1e-12) & (model.growth_rates <= 0.0))
    assert furthest(model.rates, closed(np.array([-0.05 + 3.0j, -0.02 + 5.5j]))) < 0.01
    same = OptDMD(4, eig_constraints=lambda rates: rates).fit(X, t)
    assert furthest(same.rates, OptDMD(4).fit(X, t).rates) < 1e-6


def test_trimming_leaves_outliers_out():
    t = times(True)
    rng = np.random.default_rng(23)
    X = signal(UPPER[:2], t, 10, seed=24) + 0.01 * rng.normal(size=(10, len(t)))
    spoilt = rng.choice(len(t), 6, replace=False)
    X[:, spoilt] += 20.0 * rng.normal(size=(10, 6))
    model = OptDMD(4, trim=0.05).fit(X, t)
    assert set(np.flatnonzero(~model.kept)) == set(spoilt)
    assert furthest(model.rates, closed(UPPER[:2])) < 1e-3 < furthest(OptDMD(4).fit(X, t).rates, closed(UPPER[:2]))


def test_more_exponentials_than_variables_from_given_rates():
    t = times(False)
    X = signal(UPPER, t, 1, seed=25)
    model = OptDMD(start=closed(UPPER + 0.05j)).fit(X, t)
    assert furthest(model.rates, closed(UPPER)) < 1e-9
    assert model.modes.shape == (1, 6)


def test_rank_is_that_of_the_snapshots_where_these_hold_fewer_directions():
    t = times(True)
    X = signal(UPPER[:1], t, 10, seed=26)
    assert len(OptDMD(8).fit(X, t).rates) == 2
    assert len(OptDMD().fit(X, t).rates) == 2
    assert len(OptDMD(0.999).fit(X, t).rates) == 2


def test_units_of_time_and_its_origin_do_not_matter():
    t = times(True)
    X = signal(UPPER, t, 10, seed=28) + 0.1 * np.random.default_rng(29).normal(size=(10, len(t)))
    one = OptDMD(6).fit(X, t)
    assert np.max(np.abs(OptDMD(6).fit(X, 1e6 * t + 1e8).rates * 1e6 - one.rates)) < 1e-7
    assert np.max(np.abs(OptDMD(6).fit(X, t[1] - t[0]).rates - one.rates)) < 1e-9
    assert one.dt == pytest.approx(8.0 / 119.0)
    assert np.array_equal(one.times, t)


def test_no_convergence_is_a_warning_and_the_best_so_far():
    t = times(False)
    X = signal(UPPER, t, 10, seed=30) + 1.0 * np.random.default_rng(31).normal(size=(10, len(t)))
    with pytest.warns(RuntimeWarning, match="out of iterations after 1 steps"):
        model = OptDMD(6, max_iter=1).fit(X, t)
    assert not model.converged
    assert model.n_iter == 1
    assert model.status == "out of iterations"
    assert np.all(np.isfinite(model.reconstruct()))


def test_noise_alone_is_fitted_without_overflow():
    X = np.random.default_rng(32).normal(size=(20, 60))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="OptDMD: (stalled|out of iterations)")  # there is nothing to find
        model = OptDMD(7).fit(X, 0.1)
    assert np.all(np.isfinite(model.reconstruct()))
    assert 0.0 < model.error < 1.0


def test_constant_snapshots_are_a_mode_of_rate_zero():
    model = OptDMD().fit(np.full((3, 20), 2.0), 0.5)
    assert model.rates == pytest.approx([0.0], abs=1e-12)
    np.testing.assert_allclose(model.forecast(3), 2.0, rtol=1e-12)


@pytest.mark.parametrize("even", [True, False])
def test_one_variable_may_hold_many_exponentials(even):
    t = times(even, 200)
    upper = np.array([-0.1 + 3.0j, -0.02 + 5.5j])
    x = signal(upper, t, 1, seed=40)[0]
    assert furthest(OptDMD(4).fit(x, t).rates, closed(upper)) < 1e-9
    noisy = x + 0.1 * np.random.default_rng(41).normal(size=200)
    assert furthest(OptDMD(4).fit(noisy, t).rates, closed(upper)) < 0.05


def test_standing_waves_take_two_exponentials_a_direction():
    t = times(True, 200)
    shapes = np.random.default_rng(42).normal(size=(20, 2))
    X = shapes @ np.array([np.cos(3.0 * t), np.cos(5.0 * t + 1.0)])
    assert furthest(OptDMD(4).fit(X, t).rates, closed(1j * np.array([3.0, 5.0]))) < 1e-9
