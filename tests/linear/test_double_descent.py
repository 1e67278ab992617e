"""Simulated risks against exact formulas, exact laws, and stored problems solved by NumPy."""

import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.stats

from fastsci.linear import asymptotic_risk, double_descent, finite_risk
from fastsci.linear._sampled import penalised

SIX = [0.2, 0.5, 0.8, 1.25, 2.0, 4.0]


def test_risks_are_those_of_the_formula_at_six_ratios():
    # 100 samples, sigma^2 = 1/4: values of the formula, computed by hand.
    curve = double_descent(100, SIX, 20_000, noise_std=0.5, rng=0)
    by_hand = [0.25 * 20 / 79, 0.25 * 50 / 49, 0.25 * 80 / 19, 0.2 + 25 / 24, 0.5 + 25 / 99, 0.75 + 25 / 299]
    np.testing.assert_allclose(curve.exact, by_hand, rtol=1e-14)
    np.testing.assert_allclose(curve.mean, by_hand, rtol=0.03)
    assert (np.abs(curve.mean - by_hand) < 4.0 * curve.standard_error).all()


@pytest.mark.parametrize("p", [1, 10, 30, 39, 40, 41, 60, 200])
def test_every_draw_has_the_law_of_its_risk(p):
    """Below: p / (n - p + 1) times an F variable.  Above: a beta variable and another F variable, independent."""
    n, noise, signal, count = 40, 0.7, 1.3, 4000
    curve = double_descent(n, p / n, count, noise_std=noise, signal_norm=signal, rng=1)
    rng = np.random.default_rng(2)
    small, spare = min(n, p), abs(n - p) + 1
    law = noise**2 * rng.chisquare(small, 100_000) / rng.chisquare(spare, 100_000)
    if p > n:
        law += signal**2 * rng.beta(0.5 * (p - n), 0.5 * n, 100_000)
    assert scipy.stats.ks_2samp(curve.risks[0], law).pvalue > 1e-3


def stored(n, p, noise, signal, alpha, rng):
    """Risk, mean squared residual and squared norm of a stored problem."""
    X, direction = rng.normal(size=(n, p)), rng.normal(size=p)
    truth = signal * direction / np.linalg.norm(direction)
    y = X @ truth + noise * rng.normal(size=n)
    products = X.T @ X + alpha * np.eye(p)
    coef = np.linalg.solve(products, X.T @ y) if alpha else np.linalg.lstsq(X, y, rcond=None)[0]
    return np.sum((coef - truth) ** 2), np.mean((y - X @ coef) ** 2), np.sum(coef**2)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 20.0])
@pytest.mark.parametrize("p", [1, 5, 12, 13, 30])
def test_draws_have_the_law_of_stored_problems(p, alpha):
    n, noise, signal = 12, 0.4, 1.5
    rng = np.random.default_rng(p)
    plain = np.array([stored(n, p, noise, signal, alpha, rng) for _ in range(1500)]).T
    curve = double_descent(n, p / n, 6000, noise_std=noise, signal_norm=signal, alpha=alpha, rng=3)
    found = [curve.risks[0], curve.training_errors[0], curve.squared_norms[0]]
    for number, (ours, theirs) in enumerate(zip(found, plain, strict=True)):
        if number == 1 and alpha == 0 and p >= n:
            # Interpolation: what is left is rounding, up to the condition of square problems.
            assert np.median(ours) < 1e-20
        else:
            assert scipy.stats.ks_2samp(ours, theirs).pvalue > 1e-3


def test_training_errors_below_interpolation_are_chi_squared():
    n, p = 50, 20
    curve = double_descent(n, p / n, 3000, noise_std=2.0, rng=4)
    assert scipy.stats.kstest(curve.training_errors[0] * n / 4.0, scipy.stats.chi2(n - p).cdf).pvalue > 1e-3


def test_without_noise_there_is_no_error_until_features_are_hidden():
    curve = double_descent(30, [0.1, 0.9, 2.0], 50, noise_std=0.0, rng=0)
    assert (curve.risks[:2] == 0.0).all()
    np.testing.assert_allclose(curve.squared_norms[:2], 1.0, rtol=1e-12)
    # Learned and unlearned parts are at right angles.
    np.testing.assert_allclose(curve.risks[2] + curve.squared_norms[2], 1.0, rtol=1e-9)


def test_a_ridge_tends_to_its_limit_and_is_best_at_the_ratio_of_noise_to_signal():
    n, noise, signal = 1000, 0.5, 1.2
    for ratio in (0.5, 1.0, 2.0):
        best = n * ratio * (noise / signal) ** 2
        alphas = best * np.array([0.3, 1.0, 3.0])
        curve = double_descent(n, ratio, 400, noise_std=noise, signal_norm=signal, alpha=alphas, rng=5)
        assert curve.risks.shape == (3, 1, 400)
        np.testing.assert_allclose(curve.mean, curve.asymptotic, rtol=0.015)
        assert curve.mean[1, 0] < min(curve.mean[0, 0], curve.mean[2, 0])
        assert np.isnan(curve.exact).all()


def test_a_tiny_penalty_is_none():
    one = double_descent(30, [0.5, 2.0], 100, alpha=[0.0, 1e-14], rng=0)
    np.testing.assert_allclose(one.risks[1], one.risks[0], rtol=1e-9)


def test_the_limit_is_the_exact_risk_of_large_problems():
    np.testing.assert_allclose(finite_risk(10**7, np.array(SIX) * 10**7), asymptotic_risk(SIX), rtol=1e-5)
    assert (finite_risk(100, [99, 100, 101]) == np.inf).all()
    assert asymptotic_risk(1.0) == np.inf
    assert np.isfinite(asymptotic_risk(1.0, noise_std=0.0))
    assert asymptotic_risk(1.0, alpha_per_sample=0.1) < 2.0


def test_a_draw_depends_on_nothing_but_the_seed_and_its_own_problem():
    whole = double_descent(50, SIX, 64, alpha=[0.0, 2.0], rng=9)
    for number, ratio in enumerate(SIX):
        alone = double_descent(50, ratio, 20, alpha=2.0, rng=9)
        np.testing.assert_array_equal(alone.risks[0], whole.risks[1, number, :20])
    others = double_descent(50, SIX, 64, rng=10)
    assert (others.risks != whole.risks[0]).all()


@pytest.mark.parametrize("features", ["'gaussian'", "lambda r, n, p: r.choice([-1.0, 1.0], (n, p))"])
def test_the_same_bits_on_any_number_of_threads(features):
    program = (
        "import hashlib, fastsci.linear as l\n"
        f"c = l.double_descent(20, [0.5, 2.0], 300, rng=1, features={features})\n"
        "print(hashlib.sha256(c.risks.tobytes() + c.training_errors.tobytes()).hexdigest())"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "FASTSCI_NUM_THREADS": threads, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True, text=True, check=True,
        ).stdout
        for threads in ("1", "3")
    }  # fmt: skip
    assert len(prints) == 1


def test_other_features_of_the_same_moments_have_the_same_risks():
    def signs(rng, n, p):
        return rng.choice([-1.0, 1.0], (n, p))

    curve = double_descent(100, [0.5, 2.0], 300, features=signs, rng=0)
    assert (np.abs(curve.mean - curve.exact) < 4.0 * curve.standard_error + 0.01).all()
    damped = double_descent(100, [0.5, 2.0], 300, features=signs, alpha=50.0, rng=0)
    np.testing.assert_allclose(damped.mean, damped.asymptotic, rtol=0.03)


def test_features_drawn_from_outside_are_the_gaussian_law_when_they_are_gaussian():
    def normal(rng, n, p):
        return rng.standard_normal((n, p))

    stored_draws = double_descent(15, [0.4, 1.0, 2.0], 1500, features=normal, alpha=[0.0, 1.0], rng=0)
    ours = double_descent(15, [0.4, 1.0, 2.0], 6000, alpha=[0.0, 1.0], rng=0)
    for penalty in range(2):
        for ratio in range(3):
            pair = stored_draws.risks[penalty, ratio], ours.risks[penalty, ratio]
            assert scipy.stats.ks_2samp(*pair).pvalue > 1e-3


def test_new_samples_weigh_the_error_by_the_covariance_of_the_features():
    def stretched(rng, n, p):
        return rng.standard_normal((n, p)) * np.where(np.arange(p) < p // 2, 3.0, 1.0)

    one = double_descent(200, 0.1, 400, features=stretched, n_test=2000, rng=0)
    # Unbiased least squares: sigma^2 p / (n - p - 1) for the risk on new samples, whatever their covariance.
    assert one.mean[0] == pytest.approx(0.25 * 20 / 179, rel=0.05)


def test_features_that_depend_on_one_another_have_the_solution_of_least_norm():
    def repeated(rng, n, p):
        return np.repeat(rng.standard_normal((n, p // 2)), 2, axis=1)

    curve = double_descent(20, [0.4, 4.0], 3, features=repeated, rng=0)
    assert np.isfinite(curve.risks).all()
    # Only sums of pairs are seen, so that half of the coefficients' square cannot be learned.
    assert curve.mean[0] > 0.2


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"n": 0}, ValueError, "n: is 0"),
        ({"n": 2.5}, TypeError, "n: is 2.5"),
        ({"ratios": [0.5, 0.0]}, ValueError, "ratios: holds .*0.0.* above 0"),
        ({"ratios": []}, ValueError, "ratios: has shape"),
        ({"ratios": 1e6}, ValueError, "ratios: ask for 20000000 features"),
        ({"n_draws": 0}, ValueError, "n_draws: is 0"),
        ({"noise_std": -1.0}, ValueError, "noise_std: is -1.0"),
        ({"noise_std": "loud"}, TypeError, "noise_std: is 'loud'"),
        ({"signal_norm": np.nan}, ValueError, "signal_norm: is nan"),
        ({"alpha": -0.1}, ValueError, "alpha: holds"),
        ({"alpha": [[1.0]]}, ValueError, r"alpha: has shape \(1, 1\)"),
        ({"features": "cauchy"}, ValueError, "features: is 'cauchy', expected 'gaussian' or a function"),
        ({"features": lambda rng, n, p: np.zeros((p, n))}, ValueError, r"features: gave an array of shape"),
        ({"n_test": 5}, ValueError, "n_test: is 5, expected None"),
        ({"device": "tpu"}, ValueError, "device: is 'tpu'"),
        ({"rng": -1}, ValueError, "rng: is -1"),
    ],
)
def test_what_does_not_fit_is_named(options, error, says):
    given = {"n": 20, "ratios": [0.5, 2.0], "n_draws": 3, **options}
    with pytest.raises(error, match=says):
        double_descent(**given)


def test_formulas_refuse_what_is_no_size():
    with pytest.raises(ValueError, match=r"p: holds 2\.5, expected integers"):
        finite_risk(10, 2.5)
    with pytest.raises(ValueError, match="ratio: holds"):
        asymptotic_risk(0.0)


def test_one_draw_has_no_standard_error_and_a_curve_says_what_it_is():
    curve = double_descent(10, [0.5, 2.0], 1, rng=0)
    assert np.isnan(curve.standard_error).all()
    assert repr(curve) == "DoubleDescent(10 samples, 2 ratios, 1 draws)"
    np.testing.assert_array_equal(curve.ratios, [0.5, 2.0])


def test_the_picture_has_the_draws_and_the_closed_form():
    curve = double_descent(50, [4.0, 0.5, 1.0, 2.0], 20, alpha=[0.0, 5.0], rng=0)
    ax = curve.plot()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["alpha = 0, exact", "alpha = 5, limit", "alpha = 0", "alpha = 5"]
    assert ax.get_yscale() == "log"


@pytest.mark.parametrize("alpha", [0.0, 1e-9, 0.7])
@pytest.mark.parametrize("shape", [(40, 10), (10, 40), (30, 30), (1, 4), (4, 1)], ids=str)
@pytest.mark.parametrize("spread", [1.0, 1e-6])
def test_stored_problems_are_solved_as_well_as_their_condition_allows(shape, spread, alpha):
    rng = np.random.default_rng(0)
    size = min(shape)
    left, right = (np.linalg.qr(rng.normal(size=(side, size)))[0] for side in shape)
    X, y = left * np.geomspace(1.0, spread, size) @ right.T, rng.normal(size=shape[0])
    rows = np.vstack([X, np.sqrt(alpha) * np.eye(shape[1])])
    plain = np.linalg.lstsq(rows, np.concatenate([y, np.zeros(shape[1])]), rcond=None)[0]
    assert np.abs(penalised(X, y, alpha) - plain).max() < 1e-8 * np.abs(plain).max()


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_the_limit_of_vanishing_and_of_overwhelming_penalties(ratio):
    assert asymptotic_risk(ratio, alpha_per_sample=1e-200) == pytest.approx(asymptotic_risk(ratio), rel=1e-12)
    assert asymptotic_risk(ratio, alpha_per_sample=1e200, signal_norm=3.0) == pytest.approx(9.0, rel=1e-12)


def test_scales_whose_squares_are_out_of_range_are_named():
    for call in (
        lambda: finite_risk(5, 9, noise_std=1e200),
        lambda: asymptotic_risk(2.0, noise_std=1e200),
        lambda: double_descent(20, [0.5], 2, noise_std=1e200),
    ):
        with pytest.raises(ValueError, match=r"noise_std: is 1e\+200, expected at most 1e\+150"):
            call()
    with pytest.raises(ValueError, match="ratios: ask for inf features"):
        double_descent(20, [1e308], 2)


def test_seeds_in_arrays_serve_where_they_are_one_number():
    risks = double_descent(20, [0.5], 3, rng=np.array(4)).risks
    np.testing.assert_array_equal(risks, double_descent(20, [0.5], 3, rng=4).risks)
    with pytest.raises(TypeError, match="rng: is array"):
        double_descent(20, [0.5], 3, rng=np.array([1, 2]))
