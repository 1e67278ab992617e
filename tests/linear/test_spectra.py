"""The law of Marchenko and Pastur against quadrature, moments and simulated spectra."""

import numpy as np
import pytest
import scipy.stats
from scipy.integrate import quad

from fastsci.linear import MarchenkoPastur, asymptotic_risk, covariance_spectrum, gaussian_spectrum

RATIOS = [1e-4, 0.009, 0.05, 0.3, 1.0, 1.7, 4.0, 200.0]


def integral(law, function, end=None):
    """Of a function over the density up to ``end``; the angle takes out the roots at both edges."""
    low, high = law.support
    span = high - low

    def integrand(angle):
        t = low + span * np.sin(angle) ** 2
        return function(t) * float(law.density(t)) * span * np.sin(2.0 * angle)

    last = np.pi / 2 if end is None else np.arcsin(np.sqrt((end - low) / span))
    return quad(integrand, 0.0, last, limit=200, epsabs=1e-13, epsrel=1e-12)[0]


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_density_integrates_to_the_cumulative_law(ratio):
    law = MarchenkoPastur(ratio, variance=2.5)
    low, high = law.support
    assert integral(law, lambda t: 1.0) + law.mass_at_zero == pytest.approx(1.0, abs=1e-10)
    for part in (0.01, 0.3, 0.8):
        end = low + part * (high - low)
        below = law.mass_at_zero + integral(law, lambda t: 1.0, end)
        assert float(law.cdf(end)) == pytest.approx(below, abs=1e-10)
    assert law.cdf([-1.0, high, 2 * high]).tolist() == pytest.approx([0.0, 1.0, 1.0])
    assert float(law.cdf(0.5 * low)) == pytest.approx(law.mass_at_zero)


@pytest.mark.parametrize("ratio", RATIOS)
def test_moments_are_those_of_the_density(ratio):
    law = MarchenkoPastur(ratio, variance=0.4)
    for order in range(1, 5):
        assert law.moment(order) == pytest.approx(integral(law, lambda t, k=order: t**k), rel=1e-8)
    # Mean and variance, exactly.
    assert law.moment(1) == pytest.approx(0.4, rel=1e-14)
    assert law.moment(2) == pytest.approx(0.16 * (1 + ratio), rel=1e-14)
    assert law.moment(0) == 1.0


@pytest.mark.parametrize("ratio", RATIOS)
def test_quantiles_invert_the_cumulative_law(ratio):
    law = MarchenkoPastur(ratio)
    parts = np.linspace(0.0, 1.0, 41)
    at = law.quantile(parts)
    assert (np.diff(at) >= 0).all()
    np.testing.assert_allclose(law.cdf(at), np.maximum(parts, law.mass_at_zero), rtol=0, atol=1e-12)
    assert (at[parts <= law.mass_at_zero] == 0.0).all() or law.mass_at_zero == 0.0
    assert at[-1] == pytest.approx(law.support[1])


def test_the_value_at_ratio_one_is_the_square_of_a_semicircle():
    # Of a square matrix, singular values over the root of n have the density sqrt(4 - s^2) / pi.
    law = MarchenkoPastur(1.0)
    s = np.linspace(0.1, 1.9, 7)
    np.testing.assert_allclose(law.density(s**2) * 2 * s, np.sqrt(4 - s**2) / np.pi, rtol=1e-13)
    assert law.density(0.0) == np.inf
    assert law.support == (0.0, 4.0)


def test_the_density_is_zero_off_the_support():
    law = MarchenkoPastur(4.0)
    assert law.density([-1.0, 0.0, 0.5, 9.5]).tolist() == [0.0, 0.0, 0.0, 0.0]
    assert law.mass_at_zero == 0.75


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_stieltjes_transform_is_the_mean_of_the_resolvent(ratio):
    law = MarchenkoPastur(ratio, variance=1.5)
    high = law.support[1]
    for z in (-0.3, high + 0.5, 1.0 + 0.7j, -2.0 - 0.1j):
        real = integral(law, lambda t, z=z: (1.0 / (t - z)).real) - law.mass_at_zero * np.real(1.0 / np.complex128(z))
        imaginary = integral(law, lambda t, z=z: np.imag(1.0 / np.complex128(t - z)))
        imaginary -= law.mass_at_zero * np.imag(1.0 / np.complex128(z))
        assert complex(law.stieltjes(z)) == pytest.approx(complex(real, imaginary), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("ratio", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("penalty", [1e-3, 0.2, 30.0])
def test_the_risk_of_a_ridge_is_an_integral_over_the_law(ratio, penalty):
    law = MarchenkoPastur(ratio)
    bias = integral(law, lambda t: (penalty / (t + penalty)) ** 2) + law.mass_at_zero
    spread = ratio * integral(law, lambda t: t / (t + penalty) ** 2)
    found = asymptotic_risk(ratio, noise_std=0.5, signal_norm=2.0, alpha_per_sample=penalty)
    assert float(found) == pytest.approx(4.0 * bias + 0.25 * spread, rel=1e-8)


@pytest.mark.parametrize(("n", "p"), [(1000, 500), (500, 1000), (600, 600), (2000, 400)])
def test_simulated_spectra_are_within_two_hundredths_of_the_law(n, p):
    law = MarchenkoPastur(p / n)
    assert law.ks_distance(gaussian_spectrum(n, p, rng=0)) < 0.02
    X = np.random.default_rng(1).normal(size=(n, p))
    assert law.ks_distance(covariance_spectrum(X)) < 0.02
    # Another ratio's law is far away, and so is the density with the pi left out of its divisor.
    assert MarchenkoPastur(1.5 * p / n).ks_distance(covariance_spectrum(X)) > 0.05


@pytest.mark.parametrize(("n", "p"), [(6, 4), (4, 6), (5, 5), (1, 3), (3, 1), (1, 1)])
def test_simulated_spectra_have_the_law_of_stored_ones(n, p):
    ours = gaussian_spectrum(n, p, 3000, rng=0)
    plain = np.linalg.svd(np.random.default_rng(1).normal(size=(3000, n, p)), compute_uv=False) ** 2 / n
    assert ours.shape == (3000, p)
    assert (ours[:, : p - min(n, p)] == 0).all()
    for statistic in (np.max, np.sum):
        pair = statistic(ours, axis=1), statistic(plain, axis=1)
        assert scipy.stats.ks_2samp(*pair).pvalue > 1e-3
    smallest = ours[:, p - min(n, p)], plain.min(axis=1)
    assert scipy.stats.ks_2samp(*smallest).pvalue > 1e-3


def test_a_draw_depends_on_the_seed_and_its_number_alone():
    whole = gaussian_spectrum(30, 20, 5, rng=3)
    np.testing.assert_array_equal(gaussian_spectrum(30, 20, 2, rng=3), whole[:2])
    np.testing.assert_allclose(gaussian_spectrum(30, 20, 5, variance=4.0, rng=3), 4.0 * whole, rtol=1e-15)
    assert (gaussian_spectrum(30, 20, 5, rng=4) != whole).all()


def test_the_spectrum_of_data_is_that_of_its_products():
    X = np.random.default_rng(2).normal(size=(30, 12))
    np.testing.assert_allclose(covariance_spectrum(X), np.linalg.eigvalsh(X.T @ X / 30), rtol=1e-12)
    wide = covariance_spectrum(X.T)
    assert (wide[:18] == 0).all()
    np.testing.assert_allclose(wide[18:] * 12, covariance_spectrum(X) * 30, rtol=1e-12)


def test_the_distance_is_that_of_kolmogorov_and_smirnov():
    values = np.random.default_rng(3).uniform(0.0, 4.0, 200)
    law = MarchenkoPastur(0.5)
    assert law.ks_distance(values) == pytest.approx(scipy.stats.ks_1samp(values, law.cdf).statistic)
    # A mass at 0 meets as many zeros, even where a solver returns them as rounding.
    half = MarchenkoPastur(2.0)
    spectrum = np.concatenate([np.full(500, -1e-16), half.quantile(0.5 + (np.arange(500) + 0.5) / 1000)])
    assert half.ks_distance(spectrum) < 0.002


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: MarchenkoPastur(0.0), "ratio: is 0.0, expected a positive"),
        (lambda: MarchenkoPastur(1.0, variance=-1.0), "variance: is -1.0"),
        (lambda: MarchenkoPastur(1.0).quantile(1.5), "q: holds"),
        (lambda: MarchenkoPastur(1.0).moment(-1), "order: is -1"),
        (lambda: MarchenkoPastur(0.5).stieltjes(1.0), "z: holds"),
        (lambda: MarchenkoPastur(0.5).ks_distance([]), "eigenvalues: is empty"),
        (lambda: MarchenkoPastur(0.5).ks_distance([np.nan]), "eigenvalues: holds"),
        (lambda: gaussian_spectrum(0, 3), "n: is 0"),
        (lambda: covariance_spectrum(np.ones(3)), "X: has shape"),
    ],
)
def test_what_does_not_fit_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize("ratio", [1e-40, 1e40])
def test_a_law_narrower_than_rounding_is_a_step(ratio):
    law = MarchenkoPastur(ratio)
    edge = law.support[1]
    assert law.cdf([0.5 * edge, edge, 2.0 * edge]).tolist() == [law.mass_at_zero, 1.0, 1.0]
