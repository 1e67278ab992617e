"""Thresholds chosen by the data: catalogue systems are found without a setting, exactly or with noise."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from fastsci import systems
from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.criteria import information_criterion
from fastsci.sparse.libraries import PolynomialLibrary
from fastsci.sparse.threshold_path import ThresholdPath
from fastsci.sparse.thresholding import STLSQ, EliminationWarning, IterationWarning
from tests.sparse.trajectories_of import TRUTHS, coefficients, sampled

NAMES = {"lotka_volterra": ["prey", "predators"], "van_der_pol": ["x", "v"], "duffing": ["x", "v"]}
RNG = np.random.default_rng(2)
DESIGN = RNG.normal(size=(400, 8))
TRUTH = np.array([[0, 3.0, 0, 0, -0.5, 0, 0, 0], [0, 0, 0, 0.02, 0, 0, 0.01, 0.0]])
TARGET = DESIGN @ TRUTH.T + np.array([0.3, 0.003]) * RNG.normal(size=(400, 2))


def problem_of(name, degree):
    states, slopes, times = sampled(name)
    library, names = PolynomialLibrary(degree=degree), NAMES.get(name, ["x", "y", "z"])
    theta, terms = library.fit_transform(states), library.feature_names(names)
    if name == "duffing":
        drive = np.cos(systems.get(name).params["omega"] * times)
        theta, terms = np.column_stack((theta, drive)), [*terms, "cos"]
    return theta, slopes, coefficients(terms, TRUTHS[name])


@pytest.mark.parametrize("degree", [3, 5])
@pytest.mark.parametrize("name", list(TRUTHS))
def test_exact_data_give_the_exact_equations(name, degree):
    theta, slopes, truth = problem_of(name, degree)
    found = ThresholdPath().fit(theta, slopes).coef_
    assert np.array_equal(found != 0, truth != 0)
    assert found == pytest.approx(truth, abs=1e-8)


@pytest.mark.parametrize("noise", [0.001, 0.01])
@pytest.mark.parametrize("name", list(TRUTHS))
def test_noise_leaves_the_terms(name, noise):
    theta, slopes, truth = problem_of(name, 3)
    for seed in range(5):
        drawn = np.random.default_rng(seed).normal(size=slopes.shape)
        found = ThresholdPath().fit(theta, slopes + noise * slopes.std(axis=0) * drawn)
        assert np.array_equal(found.support_, truth != 0)


def test_targets_of_other_sizes_have_thresholds_of_their_own():
    solver = ThresholdPath().fit(DESIGN, TARGET)
    assert np.array_equal(solver.support_, TRUTH != 0)
    assert solver.threshold_[0] > 10 * solver.threshold_[1]


def test_the_path_is_that_of_each_threshold():
    solver = ThresholdPath(thresholds=[0.005, 0.1, 1.0, 10.0])
    solver.fit(DESIGN, TARGET[:, :1])
    expected = [STLSQ(limit).fit(DESIGN, TARGET[:, 0]).coef_ for limit in (0.005, 0.1, 1.0)]
    assert np.array_equal(solver.path_[:3, 0], expected)
    assert not solver.path_[3].any()
    residuals = [np.sum((TARGET[:, 0] - DESIGN @ coef) ** 2) for coef in (*expected, np.zeros(8))]
    assert solver.residual_squares_[:, 0] == pytest.approx(residuals, rel=1e-10)
    terms = np.count_nonzero(solver.path_, axis=2)[:, 0]
    criterion = information_criterion(residuals, 400, terms, "ebic", n_features=8)
    assert solver.criterion_[:, 0] == pytest.approx(criterion, rel=1e-10)
    assert solver.threshold_.tolist() == [0.1]


@pytest.mark.parametrize(
    "options",
    [{}, {"alpha": 0.0}, {"unbias": False}, {"normalize_columns": True, "alpha": 1e-3}, {"max_iter": 2}],
    ids=repr,
)
def test_what_thresholds_share_is_found_once_and_is_the_same_to_the_bit(options):
    problem = NormalEquations.of(DESIGN, TARGET)
    solver = ThresholdPath(STLSQ(**options))
    solver._solve(problem)
    for limits, models in zip(solver.thresholds_, solver.path_, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EliminationWarning)
            warnings.simplefilter("ignore", IterationWarning)
            expected = [STLSQ(limit, **options)._solve(problem)[target] for target, limit in enumerate(limits)]
        assert np.array_equal(models, expected)


def test_columns_that_are_the_same_share_what_they_explain():
    doubled = np.hstack((DESIGN, DESIGN[:, 1:2]))
    found = ThresholdPath(STLSQ(alpha=0.0)).fit(doubled, TARGET[:, 0])
    assert found.coef_[1] == pytest.approx(found.coef_[8], rel=1e-6)
    assert found.predict(doubled) == pytest.approx(ThresholdPath().fit(DESIGN, TARGET[:, 0]).predict(DESIGN), abs=1e-3)


@pytest.mark.parametrize("criterion", ["bic", "hqc", "cv"])
def test_other_criteria(criterion):
    solver = ThresholdPath(criterion=criterion).fit(DESIGN, TARGET)
    assert np.array_equal(solver.support_, TRUTH != 0)


def test_more_evidence_is_never_more_terms():
    counts = [
        ThresholdPath(criterion="aic", evidence=evidence).fit(DESIGN, TARGET).complexity
        for evidence in (0.0, 5.0, 50.0, 500.0)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_a_known_error_of_the_target_is_not_modelled():
    """A systematic error that terms would fit, and that is known to be one."""
    bent = DESIGN[:, 1] * 2.0 + 1e-4 * DESIGN[:, 2]
    assert ThresholdPath().fit(DESIGN, bent).support_.sum() == 2
    assert ThresholdPath(tolerance=1e-3).fit(DESIGN, bent).support_.sum() == 1
    problem = NormalEquations.of(DESIGN, bent[:, None])
    told = replace(problem, errors=np.array([np.sum((1e-4 * DESIGN[:, 2]) ** 2)]))
    assert [np.count_nonzero(ThresholdPath()._solve(one)) for one in (problem, told)] == [2, 1]


def test_correlated_samples_count_for_less():
    problem = replace(NormalEquations.of(DESIGN, TARGET), inflation=4.0)
    solver = ThresholdPath()
    solver._solve(problem)
    terms = np.count_nonzero(solver.path_, axis=2)
    expected = information_criterion(solver.residual_squares_, 100.0, terms, "ebic", n_features=8)
    assert solver.criterion_ == pytest.approx(expected, rel=1e-12)


def test_a_known_error_is_not_modelled_beside_noise_either():
    """What terms explain beyond the noise is no more than the error."""
    noise = 1e-3 * np.random.default_rng(7).normal(size=400)
    bent = DESIGN[:, 1] * 2.0 + 2e-3 * DESIGN[:, 2] + noise
    assert ThresholdPath().fit(DESIGN, bent).support_.sum() == 2
    assert ThresholdPath(tolerance=2e-3).fit(DESIGN, bent).support_.sum() == 1


def test_cross_validation_by_sums_is_that_by_samples():
    solver = ThresholdPath(criterion="cv", n_folds=4).fit(DESIGN, TARGET)
    pieces = [slice(start, start + 100) for start in range(0, 400, 100)]
    folds = [NormalEquations.of(DESIGN[p], TARGET[p]) for p in pieces]
    assert ThresholdPath(criterion="cv")._solve_folds(folds) == pytest.approx(solver.coef_, rel=1e-10)
    which = np.flatnonzero(solver.thresholds_[:, 0] == solver.threshold_[0])[-1]
    left_out = 0.0
    for fold in pieces:
        rest = np.ones(400, bool)
        rest[fold] = False
        coef = STLSQ(solver.threshold_[0]).fit(DESIGN[rest], TARGET[rest, 0]).coef_
        left_out += np.sum((TARGET[fold, 0] - DESIGN[fold] @ coef) ** 2)
    assert solver.criterion_[which, 0] == pytest.approx(left_out, rel=1e-10)


def test_noise_alone_has_no_terms():
    with pytest.warns(EliminationWarning, match="no term explains enough of target 0"):
        assert not ThresholdPath().fit(DESIGN, RNG.normal(size=400)).coef_.any()


def test_the_optimizer_is_taken_over():
    units = np.geomspace(1e-6, 1e6, 8)
    solver = ThresholdPath(STLSQ(normalize_columns=True, alpha=1e-3)).fit(DESIGN * units, TARGET)
    assert np.array_equal(solver.support_, TRUTH != 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"criterion": "mdl"}, "criterion: is 'mdl'"),
        ({"thresholds": []}, r"thresholds: has shape \(0,\)"),
        ({"thresholds": np.ones((3, 5))}, r"thresholds: has shape \(3, 5\)"),
        ({"thresholds": [-1.0, 2.0]}, "thresholds: holds -1"),
        ({"n_thresholds": 0}, "n_thresholds: is 0"),
        ({"tolerance": 1.5}, "tolerance: is 1.5"),
        ({"evidence": -1.0}, "evidence: is -1.0"),
        ({"criterion": "cv", "n_folds": 1}, "n_folds: is 1"),
        ({"optimizer": STLSQ(alpha=-1.0)}, "alpha: is -1.0"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        ThresholdPath(**options).fit(DESIGN, TARGET)
