"""Information criteria against their definitions, worked out apart from the code."""

import math

import numpy as np
import pytest
from scipy import stats

from fastsci.sparse.criteria import CRITERIA, information_criterion


def test_differences_are_those_of_twice_the_log_likelihood():
    rng = np.random.default_rng(0)
    residuals = [rng.normal(size=50), 3.0 * rng.normal(size=50)]
    likelihoods = [stats.norm.logpdf(r, scale=np.sqrt(np.mean(r**2))).sum() for r in residuals]
    found = information_criterion([np.sum(r**2) for r in residuals], 50, [2, 5], "aic")
    assert found[1] - found[0] == pytest.approx(-2.0 * (likelihoods[1] - likelihoods[0]) + 2.0 * 3, rel=1e-12)


@pytest.mark.parametrize("k", [0, 1, 4, 17])
def test_small_sample_correction_counts_the_variance(k):
    """Burnham and Anderson (2002), equation 2.7.1, with K = k + 1 parameters."""
    n, parameters = 20, k + 1
    correction = 2.0 * parameters * (parameters + 1) / (n - parameters - 1)
    both = [information_criterion(7.0, n, k, name) for name in ("aicc", "aic")]
    assert both[0] - both[1] == pytest.approx(correction, rel=1e-13)


def test_small_sample_correction_forbids_saturated_models():
    assert np.isinf(information_criterion(1.0, 10, [8, 9, 20], "aicc")).all()
    assert np.isfinite(information_criterion(1.0, 10, 7, "aicc"))


def test_small_sample_correction_vanishes():
    one, other = (information_criterion(5.0, 1e9, 12, name) for name in ("aicc", "aic"))
    assert one - other == pytest.approx(0.0, abs=1e-5)


def test_schwarz_extended_and_hannan_quinn_penalties():
    fit = 40 * math.log(3.0 / 40)
    assert information_criterion(3.0, 40, 6, "bic") == pytest.approx(fit + 6 * math.log(40))
    assert information_criterion(3.0, 40, 6, "hqc") == pytest.approx(fit + 12 * math.log(math.log(40)))
    extended = fit + 6 * math.log(40) + 2 * 0.5 * math.log(math.comb(30, 6))
    assert information_criterion(3.0, 40, 6, "ebic", n_features=30, gamma=0.5) == pytest.approx(extended)


def test_schwarz_finds_the_order_of_a_polynomial():
    """Consistency: with 2000 samples the true order has the least of the criterion nearly always."""
    rng = np.random.default_rng(1)
    x = np.linspace(-1.0, 1.0, 2000)
    powers = x[:, None] ** np.arange(9)
    right = 0
    for _ in range(50):
        y = powers[:, :4] @ [1.0, -2.0, 0.5, 3.0] + 0.3 * rng.normal(size=x.size)
        squares = [np.linalg.lstsq(powers[:, :k], y, rcond=None)[1][0] for k in range(1, 10)]
        right += information_criterion(squares, x.size, np.arange(1, 10), "bic").argmin() == 3
    assert right >= 48


def test_exact_fit_is_finite():
    for criterion in CRITERIA:
        assert np.isfinite(information_criterion(0.0, 100, 3, criterion, n_features=5))


@pytest.mark.parametrize(
    ("arguments", "options", "name"),
    [
        ((1.0, 10, 1, "fic"), {}, "criterion"),
        ((-1.0, 10, 1), {}, "residual_squares"),
        ((1.0, 0, 1), {}, "n_samples"),
        ((1.0, 10, 1, "ebic"), {}, "n_features"),
        ((1.0, 10, 4, "ebic"), {"n_features": 3}, "n_features"),
    ],
)
def test_errors_name_the_argument(arguments, options, name):
    with pytest.raises(ValueError, match=name):
        information_criterion(*arguments, **options)
