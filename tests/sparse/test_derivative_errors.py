"""Terms are not found for the errors of derivatives that SINDy takes itself."""

import numpy as np
import pytest
from sklearn.base import clone

import fastsci
from fastsci.sparse.differentiation import FiniteDifference, SavitzkyGolay, TotalVariation
from fastsci.sparse.ensembling import EnsembleSINDy
from fastsci.sparse.libraries import PolynomialLibrary
from fastsci.sparse.prior import KnownTerms
from fastsci.sparse.sindy import SINDy
from fastsci.sparse.threshold_path import ThresholdPath
from fastsci.sparse.thresholding import STLSQ
from tests.sparse.trajectories_of import TRUTHS, coefficients, lorenz96_truth, sampled

STEP = 0.01


def measured(name):
    size = 6 if name == "lorenz96" else None
    states, _, times = sampled(name, 5000, 4999 * STEP, size)
    system = fastsci.systems.get(name) if size is None else fastsci.systems.get(name, n=size)
    names, controls = list(system.state), None
    if name == "duffing":
        names, controls = [*names, "cos"], np.cos(system.params["omega"] * times)
    return states, controls, names


def truth_of(name, terms, names):
    if name != "lorenz96":
        return coefficients(terms, TRUTHS[name])
    plain = [
        " ".join(f"x{names.index(factor)}" if factor in names else factor for factor in term.split()) for term in terms
    ]
    return coefficients(plain, lorenz96_truth(6))


@pytest.mark.parametrize("method", [None, FiniteDifference(order=4), SavitzkyGolay()], ids=repr)
@pytest.mark.parametrize("name", [*TRUTHS, "lorenz96"])
def test_clean_samples_give_the_terms(name, method):
    states, controls, names = measured(name)
    model = SINDy(PolynomialLibrary(degree=3), ThresholdPath(), method)
    model.fit(states, STEP, u=controls, feature_names=names)
    np.testing.assert_array_equal(model.coef_ != 0, truth_of(name, model.feature_names_, names) != 0)


def noisy(states, share):
    return states + share * states.std(axis=0) * np.random.default_rng(1).normal(size=states.shape)


@pytest.mark.parametrize("name", list(TRUTHS))
def test_noise_and_smoothing_give_the_terms(name):
    states, controls, names = measured(name)
    model = SINDy(PolynomialLibrary(degree=3), ThresholdPath(), SavitzkyGolay())
    model.fit(noisy(states, 0.01), STEP, u=controls, feature_names=names)
    np.testing.assert_array_equal(model.coef_ != 0, truth_of(name, model.feature_names_, names) != 0)


@pytest.mark.parametrize("name", ["rossler", "van_der_pol", "lotka_volterra"])
def test_noise_that_a_wide_window_correlates_gives_no_terms(name):
    states, controls, names = measured(name)
    model = SINDy(PolynomialLibrary(degree=3), ThresholdPath(), SavitzkyGolay(window_length=21))
    model.fit(noisy(states, 0.01), STEP, u=controls, feature_names=names)
    np.testing.assert_array_equal(model.coef_ != 0, truth_of(name, model.feature_names_, names) != 0)


@pytest.mark.parametrize("name", ["lorenz63", "lorenz96"])
def test_a_wide_window_is_seen_to_err_beside_noise(name):
    states, _, names = measured(name)
    wrong = []
    for tolerance in (None, 0.0):
        model = SINDy(PolynomialLibrary(degree=2), ThresholdPath(tolerance=tolerance), SavitzkyGolay(window_length=21))
        model.fit(noisy(states, 0.001), STEP, feature_names=names)
        truth = truth_of(name, model.feature_names_, names)
        wrong.append(np.count_nonzero((model.coef_ != 0) != (truth != 0)))
    assert wrong[0] == 0
    assert wrong[1] > 5


def lorenz(optimizer, **options):
    states, _, _ = measured("lorenz63")
    return SINDy(PolynomialLibrary(degree=2), optimizer, **options).fit(states, STEP)


def test_the_tolerance_is_twice_the_estimated_error_and_no_parameter_is_touched():
    states, _, _ = measured("lorenz63")
    path = ThresholdPath()
    lorenz(path)
    method = FiniteDifference()
    errors = np.nanmean(method.error(states, STEP) ** 2, axis=0) / np.mean(method(states, STEP) ** 2, axis=0)
    np.testing.assert_allclose(path.tolerance_, 2.0 * np.sqrt(errors), rtol=1e-9)
    assert path.get_params()["tolerance"] is None
    assert clone(path).tolerance is None


def test_what_the_user_says_counts():
    path = ThresholdPath(tolerance=0.0)
    assert np.count_nonzero(lorenz(path).coef_) > 7
    assert not path.tolerance_.any()
    path = ThresholdPath(tolerance=[0.1, 0.2, 0.3])
    lorenz(path)
    assert path.tolerance_.tolist() == [0.1, 0.2, 0.3]


def test_given_derivatives_have_no_error():
    states, slopes, _ = sampled("lorenz63")
    path = ThresholdPath()
    SINDy(optimizer=path).fit(states, x_dot=slopes)
    assert not path.tolerance_.any()


def test_a_method_without_an_estimate_has_none():
    path = ThresholdPath()
    lorenz(path, differentiation=TotalVariation(alpha=1e-9))
    assert not path.tolerance_.any()


class Counting(FiniteDifference):
    asked = 0

    def error(self, *args, **options):
        Counting.asked += 1
        return super().error(*args, **options)


def test_only_who_allows_for_errors_has_them_estimated():
    Counting.asked = 0
    lorenz(STLSQ(), differentiation=Counting())
    assert Counting.asked == 0
    lorenz(ThresholdPath(), differentiation=Counting())
    assert Counting.asked == 1


def test_errors_of_parts_add():
    states, _, _ = measured("lorenz63")
    whole, parts = ThresholdPath(), ThresholdPath()
    halves = [states[:3000], states[3000:]]
    together = SINDy(optimizer=whole).fit(halves, STEP)
    model = SINDy(optimizer=parts)
    for half in halves:
        model.partial_fit(half, STEP)
    np.testing.assert_allclose(parts.tolerance_, whole.tolerance_, rtol=1e-12)
    np.testing.assert_allclose(model.coef_, together.coef_, rtol=1e-9, atol=1e-12)


def test_gaps_and_known_terms():
    states, _, _ = measured("lorenz63")
    holed = states.copy()
    holed[[700, 703, 2500]] = np.nan
    known = KnownTerms({"x0": {"x1": 10.0}})
    model = SINDy(optimizer=ThresholdPath(), drop_nan=True, prior=known).fit(holed, STEP)
    truth = coefficients(model.feature_names_, [
        {"x0": -10.0, "x1": 10.0}, {"x0": 28.0, "x1": -1.0, "x0 x2": -1.0}, {"x2": -8 / 3, "x0 x1": 1.0}
    ])  # fmt: skip
    np.testing.assert_array_equal(model.coef_ != 0, truth != 0)


def test_bootstraps_allow_for_them_too():
    states, _, _ = measured("lorenz63")
    model = EnsembleSINDy(10, optimizer=ThresholdPath(), rng=0).fit(states, STEP)
    assert np.count_nonzero(model.inclusion_probability_ > 0) == 7
