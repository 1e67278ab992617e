"""Bagged optimised DMD: calibrated deviations, bags that do not know of one another, forecasts with bands."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from fastsci.lowrank._varpro_bags import drawn, fitted_bags, matched
from fastsci.lowrank._varpro_settings import Settings
from fastsci.lowrank.bagging_dmd import BaggedOptDMD
from fastsci.lowrank.optimised_dmd import OptDMD

RATES = np.array([-0.1 + 3.0j, -0.02 + 5.5j])
T = np.linspace(0.0, 8.0, 100)


def modes(n_space, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_space, 2)) + 1j * rng.normal(size=(n_space, 2))


def states(n_space, seed, t=T):
    return 2.0 * (modes(n_space, seed) @ np.exp(np.outer(RATES, t))).real


def noisy(seed, noise=0.3, n_space=6):
    return states(n_space, 0) + noise * np.random.default_rng(seed).normal(size=(n_space, len(T)))


def nearest(values, found):
    """Places of the rates found that are nearest to the true ones."""
    return np.abs(found[:, None] - values).argmin(axis=0)


@pytest.mark.parametrize("bag_size", [0.5, 0.7])
def test_deviations_are_those_of_fits_to_other_noise(bag_size):
    draws = 60
    errors, deviations, within = [], [], 0
    for seed in range(draws):
        model = BaggedOptDMD(4, n_bags=60, bag_size=bag_size, rng=seed).fit(noisy(seed), T)
        places = nearest(RATES, model.rates)
        errors.append(model.rates[places] - RATES)
        growth, turn = model.growth_rates_std[places], 2.0 * np.pi * model.frequencies_std[places]
        deviations.append([growth, turn])
        within += np.sum(np.abs(errors[-1].real) < 2.0 * growth) + np.sum(np.abs(errors[-1].imag) < 2.0 * turn)
        np.testing.assert_allclose(np.hypot(growth, turn), model.rates_std[places], rtol=1e-10)
    spread = np.sqrt(np.mean(np.square([np.real(errors), np.imag(errors)]), axis=1))
    # A standard deviation of 60 draws is known to 9 %, and that of 60 bags of correlated halves to not much less.
    assert np.all(np.abs(np.mean(deviations, axis=0) / spread - 1.0) < 0.3)
    # 95.4 % of normal errors are within two deviations: of 240, 229, give or take 3.2.
    assert within >= 0.9 * 4 * draws


def test_means_and_deviations_are_those_of_the_bags():
    model = BaggedOptDMD(4, n_bags=40, bag_size=60, rng=1).fit(noisy(1), T)
    assert set(model.bag_status) == {"converged"}
    scale = np.sqrt(60 / 40)
    np.testing.assert_allclose(model.rates, model.bag_rates.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(model.rates_std, scale * model.bag_rates.std(axis=0, ddof=1), rtol=1e-12)
    np.testing.assert_allclose(model.amplitudes_std, scale * model.bag_amplitudes.std(axis=0, ddof=1), rtol=1e-12)
    eigs = np.exp(model.bag_rates * model.dt)
    np.testing.assert_allclose(model.eigs_std, scale * eigs.std(axis=0, ddof=1), rtol=1e-12)
    each = np.array([model.bag_modes(bag) for bag in range(40)])
    np.testing.assert_allclose(model.modes_std, scale * each.std(axis=0, ddof=1), rtol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(each, axis=1), 1.0, rtol=1e-12)
    later = np.array([9.0, 10.5])
    of_bags = np.array(
        [
            (mode * size) @ np.exp(np.outer(rate, later))
            for mode, size, rate in zip(each, model.bag_amplitudes, model.bag_rates, strict=True)
        ]
    )
    np.testing.assert_allclose(model.std_at(later), scale * of_bags.std(axis=0, ddof=1), rtol=1e-9)
    assert np.all(model.bag_errors > 0.0)
    assert np.all(model.bag_n_iter >= 1)
    assert np.all(model.bag_errors < 0.2)


def test_bags_are_subsets_of_the_snapshots_in_order():
    model = BaggedOptDMD(4, n_bags=30, bag_size=0.6, rng=2).fit(noisy(2), T)
    assert model.bag_places.shape == (30, 60)
    assert np.all(np.diff(model.bag_places, axis=1) > 0)
    assert len(np.unique(model.bag_places)) == 100


def test_same_generator_same_bits_on_any_number_of_threads(monkeypatch):
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        found.append(BaggedOptDMD(4, n_bags=40, rng=np.random.default_rng(3)).fit(noisy(3), T))
    for name in ("rates", "modes", "bag_rates", "bag_coordinates", "bag_amplitudes", "modes_std"):
        assert np.array_equal(getattr(found[0], name), getattr(found[1], name))
    other = BaggedOptDMD(4, n_bags=40, rng=4).fit(noisy(3), T)
    assert not np.array_equal(other.bag_rates, found[0].bag_rates)


def test_a_bag_is_what_it_is_alone():
    full, data = OptDMD(4).search(noisy(5), T, None)
    settings = Settings.of(OptDMD(4))
    places = drawn(np.arange(100), 12, 55, 6)
    together = fitted_bags(full, places, settings)
    for bag in (0, 7, 11):
        alone = fitted_bags(full, places[bag : bag + 1], settings)
        assert np.array_equal(alone.rates[0], together.rates[bag])
        assert np.array_equal(alone.coefficients[0], together.coefficients[bag])
    assert data.shape == (6, 100)


def test_bags_that_fail_leave_the_others_alone():
    # Two frequencies a whole turn apart cannot be told at whole times; two others are enough for their two columns.
    t = np.sort(np.concatenate([np.arange(60.0), [10.3, 20.4, 30.6, 35.2, 41.7, 50.9]]))
    rates = np.array([1.0j, 1.0j + 2j * np.pi])
    X = 2.0 * (modes(5, 7) @ np.exp(np.outer(rates, t))).real
    X += 1e-3 * np.random.default_rng(8).normal(size=X.shape)
    known = np.concatenate([rates, rates.conj()])

    def pinned(found):
        return known[np.abs(found[:, None] - known).argmin(axis=1)]

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="BaggedOptDMD: .* of 60 bags converged")
        model = BaggedOptDMD(n_bags=60, bag_size=15, rng=9, start=known, eig_constraints=pinned).fit(X, t)
    without = np.array([np.count_nonzero(t[places] % 1.0) < 2 for places in model.bag_places])
    assert 10 < without.sum() < 50
    assert np.array_equal(model.bag_status == "failed", without)
    assert np.isnan(model.bag_rates[without]).all()
    assert set(model.bag_status[~without]) == {"converged"}
    np.testing.assert_allclose(model.reconstruct(), X, atol=0.01)
    assert np.isfinite(model.modes_std).all()


def test_rates_that_change_places_are_matched():
    known = np.array([1j, -1j, 2j, -2j, -0.5, -1.5])
    others = np.array([[2.1j, -2.1j, 0.9j, -0.9j, -1.4, -0.6], [1.9j, -1.9j, 1.6j, -1.6j, -0.6, -0.3]])
    places = matched(known, others, 2)
    assert places[0].tolist() == [2, 3, 0, 1, 5, 4]
    # Both of the second are nearest to the same one: the sum of distances decides.
    assert places[1].tolist() == [2, 3, 0, 1, 5, 4]


def test_band_covers_the_true_states():
    level, covered = 0.9, []
    for seed in range(20):
        model = BaggedOptDMD(4, n_bags=60, rng=seed).fit(noisy(100 + seed), T)
        low, high = model.forecast_band(20, level)
        true = states(6, 0, T[-1] + model.dt * np.arange(1, 21))
        covered.append(np.mean((low < true) & (true < high)))
        assert np.all(low < model.forecast(20))
        assert np.all(model.forecast(20) < high)
    # States of one draw share their errors: 20 draws tell the share to a few per cent.
    assert 0.8 < np.mean(covered) < 0.97


def test_deviations_grow_with_the_reach_of_a_forecast_and_shrink_with_noise():
    model = BaggedOptDMD(4, rng=0).fit(noisy(11), T)
    ahead = model.forecast_std(400).mean(axis=0)
    assert ahead[:20].mean() > model.std_at(T).mean()
    quiet = BaggedOptDMD(4, rng=0).fit(noisy(11, noise=0.03), T)
    assert np.all(quiet.rates_std < 0.2 * model.rates_std)


def test_complex_snapshots_have_deviations_and_no_band():
    rng = np.random.default_rng(12)
    X = modes(5, 13) @ np.exp(np.outer(RATES, T)) + 0.1 * (rng.normal(size=(5, 100)) + 1j * rng.normal(size=(5, 100)))
    model = BaggedOptDMD(2, n_bags=30, rng=0).fit(X, T)
    assert np.all(np.abs(model.rates[nearest(RATES, model.rates)] - RATES) < 0.02)
    assert model.forecast_std(3).shape == (5, 3)
    with pytest.raises(TypeError, match="take forecast_std"):
        model.forecast_band(3)


def test_constraints_hold_in_every_bag():
    stable = BaggedOptDMD(4, n_bags=30, rng=0, eig_constraints="stable").fit(noisy(14), T)
    assert np.all(stable.bag_rates.real <= 0.0)
    neutral = BaggedOptDMD(4, n_bags=30, rng=0, eig_constraints="imag").fit(noisy(14), T)
    assert np.all(neutral.bag_rates.real == 0.0)
    by_hand = BaggedOptDMD(4, n_bags=10, rng=0, eig_constraints=lambda rates: 1j * rates.imag).fit(noisy(14), T)
    assert np.all(by_hand.bag_rates.real == 0.0)
    np.testing.assert_allclose(by_hand.bag_rates, neutral.bag_rates[:10], atol=1e-5)


def test_trimmed_snapshots_are_in_no_bag():
    X = noisy(15)
    X[:, [10, 40, 70]] += 30.0
    model = BaggedOptDMD(4, n_bags=20, rng=0, trim=0.03).fit(X, T)
    assert not np.isin([10, 40, 70], model.bag_places).any()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_bags": 1}, ValueError, "n_bags: is 1, expected at least 2"),
        ({"n_bags": 2.5}, TypeError, "n_bags: is 2.5"),
        ({"bag_size": 4}, ValueError, "bag_size: is 4, 4 of 100 snapshots, expected 5 to 99"),
        ({"bag_size": 1.0}, ValueError, "bag_size: is 1.0, 100 of 100 snapshots"),
        ({"bag_size": "half"}, TypeError, "bag_size: is 'half'"),
        ({"rng": -1}, ValueError, "rng: is -1"),
        ({"rank": 100}, ValueError, "rank: asks for 100 exponentials"),
    ],
)
def test_errors_name_the_argument(options, error, message):
    with pytest.raises(error, match=message):
        BaggedOptDMD(**{"rank": 4, **options}).fit(noisy(16), T)


def test_level_and_number_of_a_forecast_are_checked():
    model = BaggedOptDMD(4, n_bags=5, rng=0).fit(noisy(17), T)
    with pytest.raises(ValueError, match="level: is 95"):
        model.forecast_band(3, 95)
    with pytest.raises(ValueError, match="n: is 0"):
        model.forecast_std(0)
    with pytest.raises(ValueError, match="is not fitted yet"):
        BaggedOptDMD(4).forecast_band(3)
