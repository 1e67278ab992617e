"""Ridge paths against scikit-learn's Ridge, stacked least squares and exact identities."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from fastsci.linear import ridge_path

rng = np.random.default_rng(0)
SHAPES = [(200, 20), (20, 200), (30, 30), (40, 33), (1, 5), (5, 1)]


def stacked(X, y, alpha):
    rows = np.vstack([X, np.sqrt(alpha) * np.eye(X.shape[1])])
    return np.linalg.lstsq(rows, np.concatenate([y, np.zeros((X.shape[1], *y.shape[1:]))]), rcond=None)[0].T


@pytest.mark.parametrize("alphas", [[0.5, 1e4, 30.0], [1e-9, 1.0, 0.0]], ids=["large", "small"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_penalty_is_solved_as_alone(shape, alphas):
    X, y = rng.normal(size=shape), rng.normal(size=(shape[0], 3))
    path = ridge_path(X, y, alphas)
    for alpha, coefs, residuals, norms in zip(alphas, path.coefs, path.residual_norms, path.norms, strict=True):
        plain = stacked(X, y, alpha) if alpha else np.linalg.lstsq(X, y, rcond=None)[0].T
        np.testing.assert_allclose(coefs, plain, rtol=1e-7, atol=1e-9 * np.abs(plain).max())
        np.testing.assert_allclose(norms, np.linalg.norm(plain, axis=1), rtol=1e-8)
        np.testing.assert_allclose(residuals, np.linalg.norm(y.T - plain @ X.T, axis=1), atol=1e-7)


@pytest.mark.parametrize("shape", [(100, 10), (10, 100)], ids=str)
def test_scikit_learn_finds_the_same(shape):
    X, y = rng.normal(size=shape), rng.normal(size=shape[0])
    alphas = [0.1, 3.0, 100.0]
    path = ridge_path(X, y, alphas)
    for alpha, coef in zip(alphas, path.coefs, strict=True):
        np.testing.assert_allclose(coef, Ridge(alpha, fit_intercept=False).fit(X, y).coef_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_degrees_of_freedom_are_the_trace_of_the_hat_matrix(shape):
    X = rng.normal(size=shape)
    path = ridge_path(X, np.eye(shape[0]), [0.3, 2.0])
    # Of the targets I the predictions are the hat matrix.
    traces = np.trace(path.predict(X), axis1=1, axis2=2)
    np.testing.assert_allclose(path.degrees_of_freedom, traces, rtol=1e-10)


def test_generalized_cross_validation_finds_the_error_at_new_samples():
    X, truth = rng.normal(size=(2000, 300)), rng.normal(size=300) / 10
    y = X @ truth + rng.normal(size=2000)
    path = ridge_path(X, y, [1.0, 100.0, 1000.0])
    new = rng.normal(size=(20_000, 300))
    risks = path.risks(new, new @ truth + rng.normal(size=20_000))
    np.testing.assert_allclose(path.generalized_cross_validation(), risks, rtol=0.06)


def test_interpolation_leaves_nothing_to_estimate_an_error_from():
    path = ridge_path(rng.normal(size=(5, 9)), rng.normal(size=5), [0.0, 1.0])
    scores = path.generalized_cross_validation()
    assert scores[0] == np.inf
    assert np.isfinite(scores[1])


def test_small_singular_values_keep_their_digits():
    # Products of the data would see none of singular values below 1e-8 of the largest.
    left, right = np.linalg.qr(rng.normal(size=(60, 20)))[0], np.linalg.qr(rng.normal(size=(20, 20)))[0]
    values = np.geomspace(1.0, 1e-10, 20)
    X, y = left * values @ right, left @ np.ones(20)
    for alpha in (1e-18, 1e-10, 1e-3):
        exact = values / (values**2 + alpha) @ right
        found = ridge_path(X, y, alpha).coefs[0]
        assert np.abs(found - exact).max() < 1e-4 * np.abs(exact).max()


def test_no_penalty_gives_least_norm_where_columns_are_dependent():
    X = rng.normal(size=(30, 4))
    X = np.column_stack([X, X[:, 0] + X[:, 1]])
    y = rng.normal(size=30)
    np.testing.assert_allclose(ridge_path(X, y, 0.0).coefs[0], np.linalg.pinv(X) @ y, atol=1e-13)


def test_zeros_have_the_zero_solution():
    path = ridge_path(np.zeros((4, 3)), np.ones(4), [0.0, 1.0])
    assert (path.coefs == 0).all()
    np.testing.assert_allclose(path.residual_norms, 2.0)
    assert (path.degrees_of_freedom == 0).all()


def test_coefficients_shrink_and_residuals_grow_with_the_penalty():
    X, y = rng.normal(size=(50, 30)), rng.normal(size=50)
    path = ridge_path(X, y, np.geomspace(1e-3, 1e5, 40))
    assert (np.diff(path.norms) < 0).all()
    assert (np.diff(path.residual_norms) > 0).all()


def test_numbers_of_any_scale_serve():
    X, y = rng.normal(size=(30, 6)), rng.normal(size=30)
    plain = ridge_path(X, y, [0.0, 2.0]).coefs
    for scale in (1e-200, 1e200):
        scaled = ridge_path(X * scale, y, [0.0]).coefs[0] * scale
        np.testing.assert_allclose(scaled, plain[0], rtol=1e-10)
    np.testing.assert_allclose(ridge_path(X.astype(np.float32), y.tolist(), 2.0).coefs[0], plain[1], rtol=1e-5)


@pytest.mark.parametrize(
    ("alphas", "says"),
    [
        ([-1.0], "alphas: holds .*-1.0.*, expected finite numbers of at least 0"),
        ([], "alphas: has shape"),
        (np.nan, "nan"),
    ],
)
def test_penalties_out_of_range_are_named(alphas, says):
    with pytest.raises(ValueError, match=says):
        ridge_path(np.eye(2), np.ones(2), alphas)


@pytest.mark.parametrize("alphas", [[2.0], [0.0, 2.0]])
@pytest.mark.parametrize("shape", [(8, 5), (5, 8)])
def test_a_penalty_far_beyond_the_data_leaves_the_target_over(shape, alphas):
    rng = np.random.default_rng(3)
    X, y = 1e-200 * rng.normal(size=shape), rng.normal(size=shape[0])
    path = ridge_path(X, y, alphas)
    np.testing.assert_allclose(path.coefs[-1], X.T @ y / 2.0, rtol=1e-12, atol=0.0 if len(alphas) == 1 else 1e-199)
    np.testing.assert_allclose(path.residual_norms[-1], np.linalg.norm(y), rtol=1e-14)


@pytest.mark.parametrize("power", [-990, 990])
def test_targets_of_any_scale_serve(power):
    rng = np.random.default_rng(3)
    X, y, scale = rng.normal(size=(5, 8)), rng.normal(size=5), 2.0**power
    path, plain = ridge_path(X, scale * y, [0.5, 2.0]), ridge_path(X, y, [0.5, 2.0])
    np.testing.assert_allclose(path.coefs, scale * plain.coefs, rtol=1e-12)
    np.testing.assert_allclose(path.norms, scale * plain.norms, rtol=1e-12)
    np.testing.assert_allclose(path.residual_norms, scale * plain.residual_norms, rtol=1e-12, atol=1e-13 * scale)
