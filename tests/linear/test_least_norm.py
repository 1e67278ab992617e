"""Paths of least squares over the number of features, against NumPy's solver at every size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsci.linear import min_norm_path

rng = np.random.default_rng(0)


def alone(X, y, size, alpha=0.0):
    """One size, by a singular value decomposition of the stacked rows."""
    rows = np.vstack([X[:, :size], np.sqrt(alpha) * np.eye(size)]) if alpha else X[:, :size]
    right = np.concatenate([y, np.zeros((len(rows) - len(X), *y.shape[1:]))])
    return np.linalg.lstsq(rows, right, rcond=None)[0].T


@pytest.mark.parametrize("alpha", [0.0, 1e-6, 0.5])
@pytest.mark.parametrize("n", [1, 7, 30])
def test_every_size_is_the_solution_of_its_features_alone(n, alpha):
    X, y = rng.normal(size=(n, 45)), rng.normal(size=(n, 3))
    path = min_norm_path(X, y, alpha=alpha)
    assert path.coefs.shape == (45, 3, 45)
    assert (path.sizes == np.arange(1, 46)).all()
    for size, coefs, residuals, norms in zip(path.sizes, path.coefs, path.residual_norms, path.norms, strict=True):
        plain = alone(X, y, size, alpha)
        # At as many features as samples the condition is some 1e3.
        np.testing.assert_allclose(coefs[:, :size], plain, rtol=1e-9, atol=1e-11)
        assert (coefs[:, size:] == 0).all()
        np.testing.assert_allclose(residuals, np.linalg.norm(y.T - plain @ X[:, :size].T, axis=1), atol=1e-9)
        np.testing.assert_allclose(norms, np.linalg.norm(plain, axis=1), rtol=1e-9)


def test_sizes_come_in_any_order_and_one_target_has_no_axis():
    X, y = rng.normal(size=(10, 30)), rng.normal(size=10)
    path = min_norm_path(X, y, [25, 3, 25, 10])
    np.testing.assert_array_equal(path.coefs[0], path.coefs[2])
    for size, coef in zip(path.sizes, path.coefs, strict=True):
        np.testing.assert_allclose(coef[:size], alone(X, y, size), rtol=1e-8, atol=1e-11)
    assert path.norms.shape == path.residual_norms.shape == (4,)
    assert repr(path) == "MinNormPath(4 models of 30 features)"


def test_beyond_the_samples_residuals_vanish_and_norms_fall():
    X, y = rng.normal(size=(40, 200)), rng.normal(size=40)
    path = min_norm_path(X, y, np.arange(40, 201, 10))
    assert path.residual_norms.max() < 1e-10 * np.linalg.norm(y) * 1e3
    # More features leave more solutions to choose the shortest from.
    assert (np.diff(path.norms) < 0).all()


def test_up_to_the_samples_residuals_fall_and_are_at_right_angles_to_the_features():
    X, y = rng.normal(size=(60, 50)), rng.normal(size=60)
    path = min_norm_path(X, y)
    assert (np.diff(path.residual_norms) < 0).all()
    for size in (1, 20, 50):
        residual = y - X @ path.coefs[size - 1]
        assert np.abs(X[:, :size].T @ residual).max() < 1e-12 * np.linalg.norm(y) * 60


def test_dependent_columns_give_the_solution_of_least_norm():
    X = rng.normal(size=(30, 12))
    X[:, 4] = X[:, 1] - 2.0 * X[:, 2]
    X[:, 7] = 0.0
    y = rng.normal(size=(30, 2))
    path = min_norm_path(X, y)
    for size in path.sizes:
        plain = np.linalg.lstsq(X[:, :size], y, rcond=1e-12)[0].T
        np.testing.assert_allclose(path.coefs[size - 1, :, :size], plain, atol=1e-11)
        np.testing.assert_allclose(
            path.residual_norms[size - 1], np.linalg.norm(y.T - plain @ X[:, :size].T, axis=1), rtol=1e-10
        )


def test_samples_that_repeat_give_the_solution_of_least_norm():
    X = np.repeat(rng.normal(size=(5, 40)), 2, axis=0)
    y = rng.normal(size=10)
    path = min_norm_path(X, y, [15, 40])
    for size, coef in zip(path.sizes, path.coefs, strict=True):
        np.testing.assert_allclose(coef[:size], np.linalg.lstsq(X[:, :size], y, rcond=1e-12)[0], atol=1e-12)


def test_zeros_have_the_zero_solution():
    path = min_norm_path(np.zeros((4, 6)), np.ones(4))
    assert (path.coefs == 0).all()
    np.testing.assert_allclose(path.residual_norms, 2.0)


def test_the_solution_is_exact_where_products_of_the_data_have_lost_it():
    # Condition 1e7: products of the data square it to 1e14.
    n = 40
    left, right = (np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(2))
    X = left * np.geomspace(1.0, 1e-7, n) @ right
    truth = rng.normal(size=n)
    path = min_norm_path(X, X @ truth, [n])
    assert np.abs(path.coefs[0] - truth).max() < 1e-7
    worse = np.linalg.solve(X.T @ X, X.T @ (X @ truth))
    assert np.abs(worse - truth).max() > 1e-4


@settings(max_examples=25)
@given(st.integers(1, 12), st.integers(1, 20), st.integers(0, 10**6), st.sampled_from([0.0, 0.1]))
def test_any_shape_and_any_sizes(n, p, seed, alpha):
    own = np.random.default_rng(seed)
    X, y = own.normal(size=(n, p)), own.normal(size=n)
    sizes = own.integers(1, p + 1, size=3)
    path = min_norm_path(X, y, sizes, alpha=alpha)
    for size, coef in zip(sizes, path.coefs, strict=True):
        plain = alone(X, y, size, alpha)
        condition = np.linalg.cond(X[:, :size])
        assert np.abs(coef[:size] - plain).max() <= 1e-13 * condition**2 * (1 + np.abs(plain).max())


def test_predictions_and_risks_are_those_of_the_coefficients():
    X, y = rng.normal(size=(20, 30)), rng.normal(size=(20, 2))
    new, known = rng.normal(size=(7, 30)), rng.normal(size=(7, 2))
    path = min_norm_path(X, y, [5, 25])
    for number in range(2):
        predicted = new @ path.coefs[number].T
        np.testing.assert_allclose(path.predict(new)[number], predicted, atol=1e-12)
        np.testing.assert_allclose(path.risks(new, known)[number], np.mean((predicted - known) ** 2, axis=0))


def test_inputs_of_any_kind_serve_and_stay_as_they_are():
    X = rng.integers(-5, 6, size=(6, 20))
    y = rng.integers(-5, 6, size=6)
    plain = min_norm_path(X.astype(float), y.astype(float), alpha=0.1).coefs
    stored = np.asfortranarray(X, np.float64)
    stored.flags.writeable = False
    others = [X.tolist(), stored, X.astype(np.float32), np.repeat(X.astype(float), 2, axis=1)[:, ::2]]
    for other in others:
        np.testing.assert_allclose(min_norm_path(other, y, alpha=0.1).coefs, plain, atol=1e-13)
    mutable = X.astype(float)
    for alpha in (0.0, 0.1):
        min_norm_path(mutable, y, [20], alpha=alpha)
        np.testing.assert_array_equal(mutable, X)


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e200])
def test_numbers_of_any_scale_serve(scale):
    X, y = rng.normal(size=(8, 20)), rng.normal(size=8)
    sizes = [3, 5, 12, 20]
    path, scaled = min_norm_path(X, y, sizes), min_norm_path(X * scale, y, sizes)
    np.testing.assert_allclose(scaled.coefs * scale, path.coefs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(scaled.norms * scale, path.norms, rtol=1e-9)
    np.testing.assert_allclose(scaled.residual_norms, path.residual_norms, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        ((np.ones(3), np.ones(3)), {}, r"X: has shape \(3,\)"),
        ((np.ones((0, 3)), np.ones(0)), {}, r"X: has shape \(0, 3\)"),
        ((np.ones((3, 2)), np.ones(4)), {}, r"y: has shape \(4,\), expected \(3,\)"),
        ((np.array([[1.0, np.nan]]), np.ones(1)), {}, r"X: holds .*nan.*, expected finite"),
        ((np.ones((3, 2)), [1.0, np.inf, 0.0]), {}, r"y: holds .*inf"),
        ((np.ones((3, 2)), np.ones(3), [1, 3]), {}, r"sizes: holds 3, expected integers from 1 to 2"),
        ((np.ones((3, 2)), np.ones(3), []), {}, r"sizes"),
        ((np.ones((3, 2)), np.ones(3)), {"alpha": -1.0}, r"alpha: is -1.0"),
        (([[1.0, 2.0], [3.0]], np.ones(2)), {}, r"X: holds rows of different lengths"),
    ],
)
def test_what_does_not_fit_is_named(arguments, options, says):
    with pytest.raises((ValueError, TypeError), match=says):
        min_norm_path(*arguments, **options)


def test_what_is_no_real_number_is_refused():
    with pytest.raises(TypeError, match="X: holds complex128"):
        min_norm_path(np.ones((2, 2)) * 1j, np.ones(2))
    with pytest.raises(TypeError, match="sizes: holds float64, expected integers"):
        min_norm_path(np.ones((2, 2)), np.ones(2), [1.5])


def test_other_features_and_targets_than_those_of_the_fit_are_refused():
    path = min_norm_path(np.eye(3), np.ones(3))
    with pytest.raises(ValueError, match="X: has 2 features, expected the 3 of the fit"):
        path.predict(np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"y: has shape \(4, 1\), expected \(4,\)"):
        path.risks(np.ones((4, 3)), np.ones((4, 1)))


@pytest.mark.parametrize("shape", [(8, 5), (5, 8)])
def test_a_penalty_far_beyond_the_data_leaves_the_correlation_over_it(shape):
    rng = np.random.default_rng(3)
    X, y = 1e-200 * rng.normal(size=shape), rng.normal(size=shape[0])
    path = min_norm_path(X, y, [shape[1]], alpha=2.0)
    # To rounding beside numbers of order 1: squares of such data are zero.
    np.testing.assert_allclose(path.coefs[0], X.T @ y / 2.0, rtol=1e-12, atol=1e-199)
    np.testing.assert_allclose(path.residual_norms, np.linalg.norm(y), rtol=1e-14)


def test_sizes_that_are_no_row_of_integers_are_named():
    X, y = np.eye(3), np.ones(3)
    with pytest.raises(ValueError, match=r"sizes: has shape \(0,\), expected \(n,\)"):
        min_norm_path(X, y, [])
    with pytest.raises(ValueError, match="sizes: holds rows of different lengths"):
        min_norm_path(X, y, [1, [2]])
    with pytest.raises(ValueError, match="y: holds nan, expected finite numbers"):
        min_norm_path(X, [1.0, np.nan, 0.0])


@pytest.mark.parametrize("power", [-990, 990])
def test_targets_of_any_scale_serve(power):
    rng = np.random.default_rng(3)
    X, y, scale = rng.normal(size=(5, 8)), rng.normal(size=5), 2.0**power
    path, plain = min_norm_path(X, scale * y, [3, 8]), min_norm_path(X, y, [3, 8])
    np.testing.assert_allclose(path.coefs, scale * plain.coefs, rtol=1e-12)
    np.testing.assert_allclose(path.norms, scale * plain.norms, rtol=1e-12)
    np.testing.assert_allclose(path.residual_norms, scale * plain.residual_norms, rtol=1e-12, atol=1e-13 * scale)
