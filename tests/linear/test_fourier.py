"""Random Fourier features: their kernel, their law, and what scikit-learn asks of a transformer."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from fastsci.linear import RandomFourierFeatures, random_feature_path


def test_the_same_seed_gives_the_same_bits_and_narrow_maps_are_the_first_features_of_wide_ones():
    X = np.random.default_rng(0).normal(size=(40, 3))
    wide = RandomFourierFeatures(100, gamma=0.3, rng=7).fit_transform(X)
    np.testing.assert_array_equal(wide, RandomFourierFeatures(100, gamma=0.3, rng=7).fit_transform(X))
    for width in (1, 8, 9, 16, 17, 55):
        narrow = RandomFourierFeatures(width, gamma=0.3, rng=7).fit_transform(X)
        np.testing.assert_allclose(narrow * np.sqrt(width), wide[:, :width] * np.sqrt(100), rtol=0, atol=1e-13)
    other = RandomFourierFeatures(100, gamma=0.3, rng=8).fit_transform(X)
    assert np.abs(wide - other).max() > 0.1


def test_a_map_is_made_of_cosines_and_sines_of_its_frequencies():
    X = np.random.default_rng(1).normal(size=(30, 4))
    features = RandomFourierFeatures(48, length_scale=1.5, rng=0).fit(X)
    angles = (X @ features.frequencies_.T + features.phases_).reshape(30, 3, 8)
    plain = np.concatenate([np.cos(angles), np.sin(angles)], axis=2).reshape(30, 48) * np.sqrt(2 / 48)
    np.testing.assert_allclose(features.transform(X), plain, rtol=0, atol=1e-14)
    assert features.gamma_ == pytest.approx(0.5 / 1.5**2)


@pytest.mark.parametrize("orthogonal", [False, True])
@pytest.mark.parametrize("width", [5, 21, 64])
def test_products_are_the_kernel_on_average(width, orthogonal):
    # A lone cosine is unbiased too, since its phase is random.
    X = np.random.default_rng(2).normal(size=(6, 8))
    kernel = np.exp(-0.05 * ((X[:, None] - X) ** 2).sum(axis=2))
    draws = []
    for seed in range(400):
        Z = RandomFourierFeatures(width, gamma=0.05, orthogonal=orthogonal, rng=seed).fit_transform(X)
        draws.append(Z @ Z.T)
    error = (np.mean(draws, axis=0) - kernel) / (np.std(draws, axis=0) / 20 + 1e-12)
    # 21 distinct entries, each standard normal.
    assert np.abs(error).max() < 4.5


def test_the_error_falls_as_one_over_the_root_of_the_width_and_is_less_at_right_angles():
    X = np.random.default_rng(3).normal(size=(40, 16))
    kernel = np.exp(-0.02 * ((X[:, None] - X) ** 2).sum(axis=2))

    def error(width, orthogonal):
        maps = [
            RandomFourierFeatures(width, gamma=0.02, orthogonal=orthogonal, rng=seed).fit_transform(X)
            for seed in range(30)
        ]
        return np.sqrt(np.mean([(Z @ Z.T - kernel) ** 2 for Z in maps]))

    widths = np.array([64, 256, 1024])
    errors = np.array([error(width, False) for width in widths])
    slope = np.polyfit(np.log(widths), np.log(errors), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.06)
    assert error(256, True) < 0.8 * error(256, False)


def test_the_width_of_the_kernel_defaults_to_the_spread_of_the_inputs():
    X = np.random.default_rng(4).normal(size=(50, 4)) * 3.0
    assert RandomFourierFeatures(rng=0).fit(X).gamma_ == pytest.approx(1 / (4 * X.var()))
    assert RandomFourierFeatures(rng=0).fit(np.ones((5, 4))).gamma_ == pytest.approx(0.25)


def test_a_pipeline_of_ridge_on_features_learns_what_a_line_cannot():
    rng = np.random.default_rng(5)
    X = rng.uniform(-2, 2, size=(400, 2))
    y = np.sin(2 * X[:, 0]) * X[:, 1]
    model = make_pipeline(RandomFourierFeatures(300, length_scale=1.0, rng=0), Ridge(1e-4)).fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > 0.99
    assert len(model[0].get_feature_names_out()) == 300


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"n_features": 0}, r"n_features: is 0, expected an integer of at least 1"),
        ({"gamma": -1.0}, r"gamma: is -1.0, expected a positive"),
        ({"length_scale": 0.0}, r"length_scale: is 0.0"),
        ({"length_scale": 1.0, "gamma": 1.0}, r"expected one of the two"),
        ({"rng": -3}, r"rng: is -3"),
    ],
)
def test_parameters_out_of_range_are_named(given, says):
    with pytest.raises(ValueError, match=says):
        RandomFourierFeatures(**given).fit(np.ones((3, 2)))


def test_seeds_of_other_kinds_are_refused_and_generators_serve():
    X = np.ones((3, 2))
    with pytest.raises(TypeError, match="rng: is 'zero'"):
        RandomFourierFeatures(rng="zero").fit(X)
    one = RandomFourierFeatures(rng=np.random.default_rng(3), gamma=1.0).fit_transform(X)
    two = RandomFourierFeatures(rng=np.random.default_rng(3), gamma=1.0).fit_transform(X)
    np.testing.assert_array_equal(one, two)
    assert RandomFourierFeatures(rng=np.random.SeedSequence(3)).fit(X).phases_.shape == (56,)


def test_regressions_over_widths_are_those_of_each_width_alone():
    rng = np.random.default_rng(6)
    X, new = rng.normal(size=(50, 3)), rng.normal(size=(20, 3))
    y = np.column_stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]])
    widths = [10, 200, 50, 30]
    for alpha in (0.0, 0.3):
        path = random_feature_path(X, y, widths, gamma=0.2, alpha=alpha, rng=1)
        for width, predicted in zip(widths, path.predict(new), strict=True):
            one = RandomFourierFeatures(width, gamma=0.2, rng=1).fit(X)
            Z, Z_new = (one.transform(part) * np.sqrt(width) for part in (X, new))
            rows = np.vstack([Z, np.sqrt(alpha) * np.eye(width)])
            coef = np.linalg.lstsq(rows, np.vstack([y, np.zeros((width, 2))]), rcond=None)[0]
            # At as many features as samples the condition of the features is some 1e4.
            np.testing.assert_allclose(predicted, Z_new @ coef, rtol=1e-7, atol=1e-8)
        assert path.risks(new, np.zeros((20, 2))).shape == (4, 2)


def test_wide_random_features_are_kernel_ridge_regression():
    rng = np.random.default_rng(7)
    X, new = rng.normal(size=(40, 2)), rng.normal(size=(30, 2))
    y = np.sin(X[:, 0])

    def kernel(a, b):
        return np.exp(-0.5 * ((a[:, None] - b) ** 2).sum(axis=2))

    width = 40_000
    predicted = random_feature_path(X, y, [width], gamma=0.5, alpha=0.1 * width, rng=0).predict(new)[0]
    exact = kernel(new, X) @ np.linalg.solve(kernel(X, X) + 0.1 * np.eye(40), y)
    np.testing.assert_allclose(predicted, exact, atol=0.03)


def test_other_inputs_than_those_of_the_fit_are_refused():
    path = random_feature_path(np.eye(3), np.ones(3), [2, 4], gamma=1.0, rng=0)
    with pytest.raises(ValueError, match="X: has 2 inputs, expected the 3 of the fit"):
        path.predict(np.ones((4, 2)))
    with pytest.raises(ValueError, match="widths: holds 0"):
        random_feature_path(np.eye(3), np.ones(3), [0, 4])
    assert repr(path) == "RandomFeaturePath(2 widths up to 4)"


def test_a_fitted_map_stays_what_it_is_when_a_parameter_is_changed():
    X = np.random.default_rng(0).normal(size=(10, 2))
    features = RandomFourierFeatures(6, rng=0).fit(X)
    before = features.transform(X)
    features.set_params(n_features=1000)
    np.testing.assert_array_equal(features.transform(X), before)
    assert len(features.get_feature_names_out()) == 6


@pytest.mark.parametrize(
    ("given", "scale", "says"),
    [
        ({"length_scale": 1e200}, 1.0, "length_scale: is 1e"),
        ({"length_scale": 1e-200}, 1.0, "length_scale: is 1e-200"),
        ({}, 1e200, "X: has the variance inf"),
    ],
)
def test_scales_whose_squares_are_out_of_range_are_named(given, scale, says):
    X = scale * np.random.default_rng(0).normal(size=(10, 2))
    with pytest.raises(ValueError, match=says):
        RandomFourierFeatures(6, **given).fit(X)


def test_orthogonal_is_a_choice():
    with pytest.raises(TypeError, match="orthogonal: is nan"):
        RandomFourierFeatures(6, orthogonal=np.nan).fit(np.eye(2))
