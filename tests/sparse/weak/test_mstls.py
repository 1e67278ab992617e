"""The learnt threshold: known supports, known units, and scikit-learn's checks."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.mstls import MSTLS

TRUE = np.array([0.0, 3.0, 0.0, -0.4, 0.0, 0.0, 1.0, 0.0])


def noisy_problem(seed, noise=0.05):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(400, 8)) @ (np.eye(8) + 0.2 * rng.normal(size=(8, 8)))
    return X, X @ TRUE + noise * rng.normal(size=400)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("loss", ["residual", "projection"])
def test_finds_the_support_and_fits_least_squares_on_it(seed, loss):
    X, y = noisy_problem(seed)
    coef = MSTLS(loss=loss, penalty=0.03).fit(X, y).coef_
    kept = TRUE != 0
    np.testing.assert_array_equal(coef != 0, kept)
    np.testing.assert_allclose(coef[kept], np.linalg.lstsq(X[:, kept], y)[0], rtol=1e-9)


def naive_path(X, y, threshold):
    """Fits on the stored design until no share is below the threshold or above its inverse."""
    kept = np.ones(X.shape[1], bool)
    while kept.any():
        coef = np.zeros(X.shape[1])
        coef[kept] = np.linalg.lstsq(X[:, kept], y)[0]
        share = np.abs(coef) * np.linalg.norm(X, axis=0) / np.linalg.norm(y)
        staying = kept & (share >= threshold) & (share <= 1 / threshold)
        if np.array_equal(staying, kept):
            return coef
        kept = staying
    return np.zeros(X.shape[1])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("loss", ["residual", "projection"])
@pytest.mark.parametrize("factorised", [False, True])
def test_losses_and_choice_are_those_of_the_naive_path(seed, loss, factorised):
    X, y = noisy_problem(seed, 0.5)
    solver = MSTLS(loss=loss, prune=False)
    make = NormalEquations.factorised if factorised else NormalEquations.of
    coef = solver._solve(make(X, y[:, None]))[0]
    found = [naive_path(X, y, threshold) for threshold in np.logspace(-4, 0, 50)]
    full = X @ np.linalg.lstsq(X, y)[0]
    if loss == "residual":
        relative = [np.linalg.norm(y - X @ one) / np.linalg.norm(y) for one in found]
        losses = [
            0.5 * np.log(r**2 + 1e-6) + 0.1 * np.count_nonzero(one) for r, one in zip(relative, found, strict=True)
        ]
    else:
        losses = [np.linalg.norm(X @ one - full) / np.linalg.norm(full) + np.count_nonzero(one) / 8 for one in found]
    np.testing.assert_allclose(solver.losses_[0], losses, atol=1e-6)
    np.testing.assert_allclose(coef, found[int(np.argmin(np.round(losses, 9)))], rtol=1e-8)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("factorised", [False, True])
def test_terms_are_pruned_in_the_order_of_a_naive_elimination(seed, factorised):
    X, y = noisy_problem(seed, 0.5)
    make = NormalEquations.factorised if factorised else NormalEquations.of
    coef = MSTLS(thresholds=[0.0], penalty=0.01)._solve(make(X, y[:, None]))[0]
    left, models = list(range(8)), []
    while left:
        fit = np.linalg.lstsq(X[:, left], y)
        models.append((0.5 * np.log(fit[1][0] / (y @ y) + 1e-6) + 0.01 * len(left), list(left)))
        without = [np.delete(X[:, left], place, axis=1) for place in range(len(left))]
        left.pop(int(np.argmin([np.linalg.norm(y - one @ np.linalg.lstsq(one, y)[0]) for one in without])))
    assert np.flatnonzero(coef).tolist() == min(models)[1]


def test_units_of_the_columns_and_of_the_target_do_not_matter():
    X, y = noisy_problem(1)
    units = 10.0 ** np.arange(-4, 4)
    plain, scaled = MSTLS().fit(X, y).coef_, MSTLS().fit(X * units, 1e5 * y).coef_
    np.testing.assert_allclose(scaled * units / 1e5, plain, rtol=1e-9)


def test_dependent_columns_still_give_a_model_that_fits():
    X, y = noisy_problem(2, 0.0)
    doubled = np.hstack([X, X[:, :2]])
    problem = NormalEquations.factorised(doubled, y[:, None])
    coef = MSTLS()._solve(problem)[0]
    assert np.linalg.norm(doubled @ coef - y) < 1e-9 * np.linalg.norm(y)


def test_each_target_has_a_threshold_of_its_own():
    X, y = noisy_problem(3)
    other = X @ [1.0, 0, 0, 0, 0, 0, 0, 0]
    both = MSTLS().fit(X, np.stack([y, other], axis=1))
    np.testing.assert_allclose(both.coef_[0], MSTLS().fit(X, y).coef_, rtol=1e-12)
    np.testing.assert_allclose(both.coef_[1], MSTLS().fit(X, other).coef_, rtol=1e-12)
    assert both.thresholds_.shape == (2,)
    assert both.losses_.shape == (2, 50)


def test_a_target_that_nothing_explains_warns_and_predicts_zero():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(500, 5)), rng.normal(size=500)
    with pytest.warns(UserWarning, match="no term of target 0 is left"):
        model = MSTLS().fit(X, y)
    assert not model.coef_.any()
    np.testing.assert_array_equal(model.predict(X), np.zeros(500))


def test_a_target_of_zeros_has_no_terms_and_no_warning():
    X, _ = noisy_problem(0)
    assert not MSTLS().fit(X, np.zeros(400)).coef_.any()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"thresholds": [0.1, 2.0]}, "thresholds: is"),
        ({"thresholds": []}, "thresholds: is"),
        ({"penalty": -1.0}, "penalty: is -1.0"),
        ({"penalty": np.nan}, "penalty: is nan"),
        ({"loss": "aic"}, "loss: is 'aic'"),
        ({"tolerance": 0.0}, "tolerance: is 0.0"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    X, y = noisy_problem(0)
    with pytest.raises(ValueError, match=message):
        MSTLS(**parameters).fit(X, y)


def test_works_in_a_pipeline_and_is_cloned():
    X, y = noisy_problem(4)
    pipeline = make_pipeline(StandardScaler(with_mean=False), MSTLS(penalty=0.05)).fit(X, y)
    assert pipeline.score(X, y) > 0.99
    assert clone(MSTLS(penalty=0.05)).get_params() == MSTLS(penalty=0.05).get_params()
