"""Priors are Bayes' rule for normal distributions; known terms are subtracted; absent terms are absent."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression

from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.constrained import ConstrainedSTLSQ
from fastsci.sparse.informed import solve_informed, solve_many_informed
from fastsci.sparse.prior import AllowedTerms, GaussianPrior, KnownTerms
from fastsci.sparse.sindy import SINDy

TARGETS, TERMS = ["x", "y", "z"], ["1", "x", "y", "z", "x y"]
PLAIN = ConstrainedSTLSQ(threshold=0.0, alpha=0.0)
FORMS = pytest.mark.parametrize("form", [NormalEquations.of, NormalEquations.factorised])


def given(seed=0, n=60):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, len(TERMS)))
    return rng, X, X @ rng.normal(size=(len(TERMS), 3)) + 0.3 * rng.normal(size=(n, 3))


@FORMS
def test_the_posterior_mode_of_a_normal_prior(form):
    rng, X, Y = given()
    mean, std = rng.normal(size=(3, 5)), rng.uniform(0.1, 2.0, (3, 5))
    noise = np.array([0.1, 0.5, 1.0])
    found = solve_informed(PLAIN, form(X, Y), GaussianPrior(mean, std, noise=noise), TARGETS, TERMS)
    for row, y, m, s, sigma in zip(found, Y.T, mean, std, noise, strict=True):
        precision = X.T @ X / sigma**2 + np.diag(s**-2.0)
        np.testing.assert_allclose(row, np.linalg.solve(precision, X.T @ y / sigma**2 + m / s**2), rtol=1e-10)


@FORMS
def test_the_residual_squares_are_those_of_the_added_rows(form):
    rng, X, Y = given(1)
    mean = rng.normal(size=(3, 5))

    class Seen(ConstrainedSTLSQ):
        def _solve(self, problem):
            seen.append(problem)
            return super()._solve(problem)

    seen = []
    found = solve_informed(Seen(0.0, 0.0), form(X, Y), GaussianPrior(mean, 0.5, noise=0.2), TARGETS, TERMS)
    assert len(seen) == 1  # one precision for all: solved together
    expected = np.sum((Y - X @ found.T) ** 2, axis=0) + np.sum((0.4 * (found - mean)) ** 2, axis=1)
    np.testing.assert_allclose(seen[0].residual_squares(found), expected, rtol=1e-11)


def test_names_are_those_of_states_and_terms():
    _, X, Y = given(2)
    problem = NormalEquations.of(X, Y)
    named = GaussianPrior({"y'": {"x y": (4.0, 1e-8)}, "z": {"1": (0.0, 1e-8)}}, noise=1.0)
    found = solve_informed(PLAIN, problem, named, TARGETS, TERMS)
    assert found[1, 4] == pytest.approx(4.0, abs=1e-8)
    assert found[2, 0] == pytest.approx(0.0, abs=1e-8)
    free = np.linalg.lstsq(X, Y)[0].T
    np.testing.assert_allclose(found[0], free[0], rtol=1e-10)
    rest = np.linalg.lstsq(X[:, :4], Y[:, 1] - 4.0 * X[:, 4])[0]
    np.testing.assert_allclose(found[1, :4], rest, rtol=1e-6)


def test_noise_is_estimated_where_it_is_not_given():
    rng, X, Y = given(3, n=4000)
    mean, std = rng.normal(size=(3, 5)), np.full((3, 5), 0.01)
    problem = NormalEquations.of(X, Y)
    residual = Y - X @ np.linalg.lstsq(X, Y)[0]
    noise = np.sqrt(np.sum(residual**2, axis=0) / (4000 - 5))
    estimated = solve_informed(PLAIN, problem, GaussianPrior(mean, std), TARGETS, TERMS)
    given_noise = solve_informed(PLAIN, problem, GaussianPrior(mean, std, noise=noise), TARGETS, TERMS)
    np.testing.assert_allclose(estimated, given_noise, rtol=1e-9)
    few = NormalEquations.of(X[:5], Y[:5])
    with pytest.raises(ValueError, match="noise"):
        solve_informed(PLAIN, few, GaussianPrior(mean, std), TARGETS, TERMS)


@FORMS
def test_known_terms_are_subtracted(form):
    _, X, Y = given(4)
    found = solve_informed(
        PLAIN, form(X, Y), KnownTerms({"x": {"y": 1.5, "1": 0.0}, "z'": {"z": -2.0}}), TARGETS, TERMS
    )
    assert found[0, 2] == 1.5
    assert found[0, 0] == 0.0
    assert found[2, 3] == -2.0
    np.testing.assert_allclose(
        found[0, [1, 3, 4]], np.linalg.lstsq(X[:, [1, 3, 4]], Y[:, 0] - 1.5 * X[:, 2])[0], rtol=1e-10
    )
    others = [0, 1, 2, 4]
    np.testing.assert_allclose(found[2, others], np.linalg.lstsq(X[:, others], Y[:, 2] + 2 * X[:, 3])[0], rtol=1e-10)
    np.testing.assert_allclose(found[1], np.linalg.lstsq(X, Y[:, 1])[0], rtol=1e-10)


def test_everything_known_leaves_nothing_to_solve():
    _, X, Y = given(5)
    values = np.arange(15.0).reshape(3, 5)
    np.testing.assert_array_equal(
        solve_informed(PLAIN, NormalEquations.of(X, Y), KnownTerms(values), TARGETS, TERMS), values
    )


def test_terms_that_are_not_allowed_are_absent():
    _, X, Y = given(6)
    problem = NormalEquations.of(X, Y)
    found = solve_informed(PLAIN, problem, AllowedTerms({"x'": ["x", "x y"]}), TARGETS, TERMS)
    np.testing.assert_array_equal(found[0] != 0, [False, True, False, False, True])
    np.testing.assert_allclose(found[0, [1, 4]], np.linalg.lstsq(X[:, [1, 4]], Y[:, 0])[0], rtol=1e-10)
    np.testing.assert_allclose(found[1:], np.linalg.lstsq(X, Y[:, 1:])[0].T, rtol=1e-10)
    mask = np.ones((3, 5), bool)
    mask[1, 2] = False
    assert solve_informed(PLAIN, problem, AllowedTerms(mask), TARGETS, TERMS)[1, 2] == 0


def test_several_priors_speak_together():
    _, X, Y = given(7)
    problem = NormalEquations.of(X, Y)
    several = [
        KnownTerms({"x": {"x": 1.0}}),
        AllowedTerms({"x": ["x", "y"], "y": ["y"]}),
        GaussianPrior({"x": {"y": (0.5, 0.1)}}, noise=0.2),
    ]
    found = solve_informed(PLAIN, problem, several, TARGETS, TERMS)
    column, target = X[:, 2], Y[:, 0] - X[:, 1]
    weight = (0.2 / 0.1) ** 2
    assert found[0, 2] == pytest.approx((column @ target + weight * 0.5) / (column @ column + weight), rel=1e-12)
    np.testing.assert_array_equal(found[1] != 0, [False, False, True, False, False])
    many = solve_many_informed(PLAIN, [problem, NormalEquations.of(X[:40], Y[:40])], several, TARGETS, TERMS)
    np.testing.assert_allclose(many[0], found, rtol=1e-13)


@pytest.mark.parametrize(
    ("prior", "error", "named"),
    [
        (GaussianPrior({"w": {"x": (0, 1)}}), ValueError, "'w'"),
        (GaussianPrior({"x": {"xy": (0, 1)}}), ValueError, "did you mean 'x y'"),
        (GaussianPrior({"x": {"x": 1.0}}), ValueError, "pair"),
        (GaussianPrior({"x": (0, 1)}), TypeError, "mapping"),
        (GaussianPrior({"x": {"x": (0, 0)}}), ValueError, "std"),
        (GaussianPrior({"x": {"x": (np.nan, 1)}}), ValueError, "mean"),
        (GaussianPrior({"x": {"x": (0, 1)}}, 1.0), ValueError, "std"),
        (GaussianPrior(0.0), ValueError, "std"),
        (GaussianPrior(np.zeros((2, 5)), 1.0), ValueError, "mean"),
        (GaussianPrior(0.0, 1.0, noise=-1.0), ValueError, "noise"),
        (GaussianPrior(0.0, 1.0, noise=[1.0, 1.0]), ValueError, "noise"),
        (KnownTerms({"x": {"x": np.inf}}), ValueError, "values"),
        (KnownTerms(np.zeros(4)), ValueError, "values"),
        (AllowedTerms({"x": "x y"}), TypeError, "list"),
        ([object()], TypeError, "prior"),
    ],
)
def test_mistakes_are_named(prior, error, named):
    _, X, Y = given()
    with pytest.raises(error, match=named):
        solve_informed(PLAIN, NormalEquations.of(X, Y), prior, TARGETS, TERMS)


def test_a_model_is_told_what_is_known():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    slopes = np.stack([X[:, 1], -X[:, 0]], axis=1) + 0.3 * rng.normal(size=(300, 2))
    known = [KnownTerms({"x'": {"v": 1.0}}), AllowedTerms({"x'": ["v"], "v'": ["x", "v"]})]
    model = SINDy(prior=known).fit(X, x_dot=slopes, feature_names=["x", "v"])
    np.testing.assert_array_equal(model.coef_[0], [0, 0, 1, 0, 0, 0])
    assert not model.coef_[1, [0, 3, 4, 5]].any()
    assert model.coef_[1, 1] == pytest.approx(-1.0, abs=0.1)
    with pytest.raises(ValueError, match="prior"):
        SINDy(optimizer=LinearRegression(), prior=known).fit(X, x_dot=slopes, feature_names=["x", "v"])


def test_priors_can_be_cloned():
    prior = clone(GaussianPrior({"x": {"x": (0, 1)}}, noise=0.5))
    assert prior.get_params() == {"mean": {"x": {"x": (0, 1)}}, "std": None, "noise": 0.5}
