"""Equations are found where they are known, and bad samples are told apart from hard problems."""

import warnings

import numpy as np
import pytest

import fastsci
from fastsci.sparse.libraries import FourierLibrary, PolynomialLibrary
from fastsci.sparse.moments import Moments
from fastsci.sparse.sindy import IllConditionedWarning, SINDy
from fastsci.sparse.thresholding import STLSQ
from tests.sparse.trajectories_of import TRUTHS, coefficients, lorenz96_truth, sampled


def fitted(name, degree, **options):
    states, slopes, times = sampled(name)
    system = fastsci.systems.get(name)
    names = list(system.state)
    controls = None
    if name == "duffing":
        controls = np.cos(system.params["omega"] * times)[:, None]
        names.append("cos")
    model = SINDy(PolynomialLibrary(degree=degree), **options)
    return model.fit(states, x_dot=slopes, u=controls, feature_names=names)


# At degree 5 the default ridge bends Roessler's 0.2 below the threshold in the first round.
@pytest.mark.parametrize(("degree", "alpha"), [(3, 0.05), (5, 1e-9)])
@pytest.mark.parametrize("name", TRUTHS)
def test_exact_derivatives_give_the_equations(name, degree, alpha):
    model = fitted(name, degree, optimizer=STLSQ(alpha=alpha))
    truth = coefficients(model.feature_names_, TRUTHS[name])
    np.testing.assert_array_equal(model.coef_ != 0, truth != 0)
    np.testing.assert_allclose(model.coef_, truth, rtol=1e-8, atol=1e-10)


def test_lorenz96_of_twelve_sites():
    states, slopes, _ = sampled("lorenz96", n=4000, t_end=40.0, size=12)
    model = SINDy(PolynomialLibrary(degree=2)).fit(states, x_dot=slopes)
    truth = coefficients(model.feature_names_, lorenz96_truth(12))
    np.testing.assert_array_equal(model.coef_ != 0, truth != 0)
    np.testing.assert_allclose(model.coef_, truth, rtol=1e-9, atol=0)


def test_differences_of_clean_samples_give_lorenz_to_a_thousandth():
    states, _, times = sampled("lorenz63", n=10_000, t_end=10.0)
    model = SINDy().fit(states, t=times[1], feature_names=["x", "y", "z"])
    truth = coefficients(model.feature_names_, TRUTHS["lorenz63"])
    np.testing.assert_array_equal(model.coef_ != 0, truth != 0)
    np.testing.assert_allclose(model.coef_, truth, rtol=1e-3, atol=0)


def test_coefficients_equal_a_long_double_solution_on_the_support():
    states, slopes, _ = sampled("lorenz63")
    noisy = slopes + np.random.default_rng(0).standard_normal(slopes.shape)
    model = SINDy(PolynomialLibrary(degree=3)).fit(states, x_dot=noisy)
    theta = model.library.fit_transform(states).astype(np.longdouble)
    for row, target in zip(model.coef_, noisy.T, strict=True):
        chosen = np.flatnonzero(row)
        part = theta[:, chosen]
        residual = target - part @ row[chosen]
        # At the solution residuals are orthogonal to the columns; what is left tells how far it is away.
        gram = (part.T @ part).astype(float)
        step = np.linalg.solve(gram, (part.T @ residual).astype(float))
        assert np.abs(step / row[chosen]).max() < 1e-11


def test_columns_that_nearly_depend_are_factorised():
    rng = np.random.default_rng(1)
    x = rng.uniform(100.0, 101.0, (3000, 1))
    x_dot = 2.0 * x - 3.0
    model = SINDy(PolynomialLibrary(degree=4), STLSQ(threshold=0.0, alpha=0.0)).fit(x, x_dot=x_dot)
    assert model.route_ == "qr"
    assert model.condition_ > 1e7
    np.testing.assert_allclose(model.predict(x), x_dot, rtol=1e-9)


def test_a_kept_support_that_is_badly_conditioned_is_refined():
    rng = np.random.default_rng(2)
    x = rng.uniform(0.0, 1.0, (5000, 1))
    x = np.hstack((x, x + 3e-4 * rng.standard_normal(x.shape)))
    x_dot = np.stack([x[:, 0] - x[:, 1], x[:, 0] + x[:, 1]], axis=1) + 1e-3 * rng.standard_normal(x.shape)
    model = SINDy(PolynomialLibrary(degree=1), STLSQ(threshold=0.0, alpha=0.0)).fit(x, x_dot=x_dot)
    assert model.route_ == "refined"
    expected = np.linalg.lstsq(model.library.fit_transform(x), x_dot, rcond=None)[0].T
    np.testing.assert_allclose(model.coef_, expected, rtol=0, atol=1e-11 * np.abs(expected).max())


def test_several_trajectories_equal_their_concatenation():
    states, slopes, _ = sampled("lorenz63")
    parts = [slice(0, 1000), slice(1000, 1500), slice(1500, 9000)]
    together = SINDy().fit(states[:9000], x_dot=slopes[:9000])
    apart = SINDy().fit([states[part] for part in parts], x_dot=[slopes[part] for part in parts])
    np.testing.assert_allclose(apart.coef_, together.coef_, rtol=1e-10)
    streamed = SINDy()
    for part in parts:
        streamed.partial_fit(states[part], x_dot=slopes[part])
    np.testing.assert_allclose(streamed.coef_, together.coef_, rtol=1e-10)


def test_duplicated_trajectories_and_permuted_samples_change_rounding_only():
    states, slopes, _ = sampled("rossler")
    once = SINDy().fit(states, x_dot=slopes)
    twice = SINDy().fit([states, states], x_dot=[slopes, slopes])
    np.testing.assert_allclose(twice.coef_, once.coef_, rtol=1e-7)  # alpha weighs half as much
    order = np.random.default_rng(0).permutation(len(states))
    mixed = SINDy().fit(states[order], x_dot=slopes[order])
    np.testing.assert_allclose(mixed.coef_, once.coef_, rtol=1e-9, atol=0)


def test_derivatives_are_taken_within_each_trajectory():
    states, _, times = sampled("lorenz63")
    step = times[1]
    halves = SINDy().fit([states[:5000], states[5000:]], t=[step, times[5000:]])
    np.testing.assert_array_equal(
        halves.coef_ != 0, coefficients(halves.feature_names_, [
            {"x0": 1, "x1": 1}, {"x0": 1, "x1": 1, "x0 x2": 1}, {"x2": 1, "x0 x1": 1}
        ]) != 0,
    )  # fmt: skip


def test_a_map_from_its_iterates():
    henon = fastsci.systems.get("henon")
    run = fastsci.iterate_map(henon, 3000, henon.default_y0, save_every=1)
    orbit = run.y[0].T
    model = SINDy(discrete_time=True).fit(orbit, feature_names=["x", "y"])
    truth = coefficients(model.feature_names_, [{"1": 1.0, "y": 1.0, "x^2": -1.4}, {"x": 0.3}])
    np.testing.assert_allclose(model.coef_, truth, rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.predict(orbit[5]), orbit[6], rtol=1e-9)
    assert model.score(orbit) > 1.0 - 1e-12


def test_a_fourier_library_finds_the_pendulum():
    states, slopes, _ = sampled("pendulum")
    model = SINDy(PolynomialLibrary(degree=1) + FourierLibrary(), STLSQ(threshold=0.05)).fit(states, x_dot=slopes)
    system = fastsci.systems.get("pendulum")
    found = {name: value for name, value in zip(model.feature_names_, model.coef_[1], strict=True) if value}
    assert "sin(1 x0)" in found
    np.testing.assert_allclose(model.predict(states), slopes, rtol=0, atol=1e-9)
    assert model.coef_.shape == (system.dim, len(model.feature_names_))


def test_sample_weights_of_zero_leave_samples_out():
    states, slopes, _ = sampled("lorenz63", n=2000)
    wrong = slopes.copy()
    wrong[1500:] = 7.0
    weights = np.r_[np.ones(1500), np.zeros(500)]
    model = SINDy().fit(states, x_dot=wrong, sample_weight=weights)
    np.testing.assert_allclose(model.coef_, SINDy().fit(states[:1500], x_dot=slopes[:1500]).coef_, rtol=1e-9)


def test_a_foreign_regressor_sees_the_stored_library():
    from sklearn.linear_model import LinearRegression

    states, slopes, _ = sampled("lorenz63", n=2000)
    model = SINDy(optimizer=LinearRegression(fit_intercept=False)).fit(states, x_dot=slopes)
    np.testing.assert_allclose(model.predict(states), slopes, rtol=0, atol=1e-8)


def test_gaps_split_a_trajectory_where_asked():
    states, _, times = sampled("lorenz63", n=10_000, t_end=10.0)
    broken = states.copy()
    broken[4321] = np.nan
    with pytest.raises(ValueError, match="X: row 4321 is"):
        SINDy().fit(broken, t=times[1])
    model = SINDy(drop_nan=True).fit(broken, t=times[1])
    np.testing.assert_allclose(model.coef_, SINDy().fit(states, t=times[1]).coef_, rtol=1e-5)
    assert model.moments_.n_samples == 9999


def test_fewer_samples_than_terms_are_told():
    states, slopes, _ = sampled("lorenz63", n=2000)
    with pytest.warns(IllConditionedWarning, match="5 samples for 20 terms"):
        model = SINDy(PolynomialLibrary(degree=3)).fit(states[:5], x_dot=slopes[:5])
    assert np.isfinite(model.coef_).all()


def test_a_constant_column_repeats_the_constant_term():
    states, slopes, _ = sampled("van_der_pol", n=2000)
    held = np.hstack((states, np.full((2000, 1), 2.0)))
    model = SINDy().fit(held, x_dot=np.hstack((slopes, np.zeros((2000, 1)))))
    assert model.route_ == "qr"
    assert np.isfinite(model.coef_).all()
    np.testing.assert_allclose(model.predict(held)[:, 0], slopes[:, 0], rtol=0, atol=1e-8)


def test_all_terms_thresholded_away_leave_a_model_that_predicts_zero():
    states, slopes, _ = sampled("lorenz63", n=2000)
    with pytest.warns(UserWarning, match="threshold"):
        model = SINDy(optimizer=STLSQ(threshold=1e6)).fit(states, x_dot=slopes)
    np.testing.assert_array_equal(model.predict(states), np.zeros_like(states))
    assert model.complexity == 0


def test_sums_alone_that_have_lost_their_digits_are_told():
    x = np.random.default_rng(1).uniform(100.0, 101.0, (3000, 1))
    with pytest.warns(IllConditionedWarning, match="nearly dependent"):
        SINDy(PolynomialLibrary(degree=4), STLSQ(threshold=0.0)).partial_fit(x, x_dot=2.0 * x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"t": None}, "t: is missing"),
        ({"t": -0.1}, "t: is -0.1, expected a positive time step"),
        ({"t": np.arange(99.0)}, r"t: has shape \(99,\), expected \(100,\)"),
        ({"t": np.r_[np.arange(50.0), np.arange(50.0)]}, "t: goes from 49 to 0 at index 50"),
        ({"t": np.r_[0.0, np.arange(99.0)]}, "t: goes from 0 to 0 at index 1"),
        ({"x_dot": np.zeros((100, 2))}, r"x_dot: has shape \(100, 2\)"),
        ({"x_dot": np.zeros((99, 3))}, "x_dot: has 99 rows, expected 100"),
        ({"t": 0.1, "u": np.zeros((4, 1))}, "u: has 4 rows"),
        ({"t": 0.1, "feature_names": ["x"]}, "feature_names: has 1 entries, expected 3"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        SINDy().fit(np.random.default_rng(0).standard_normal((100, 3)), **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"library": "poly"}, "library: is 'poly', expected a library"),
        ({"library": STLSQ()}, r"library: is STLSQ\(\), expected a library"),
        ({"optimizer": STLSQ}, "optimizer: is <class"),
        ({"optimizer": 0.1}, "optimizer: is 0.1, expected an object"),
        ({"differentiation": "finite"}, "differentiation: is 'finite'"),
        ({"weak": True}, "weak: is True"),
    ],
)
def test_what_cannot_do_its_step_is_named(arguments, message):
    with pytest.raises(TypeError, match=message):
        SINDy(**arguments).fit(np.random.default_rng(0).standard_normal((100, 3)), t=0.1)


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["a", "a", "b"], ValueError, "feature_names: are"),
        (["a", "", "b"], ValueError, "feature_names: are"),
        (3, TypeError, "feature_names: is 3"),
        ("abc", TypeError, "feature_names: is 'abc'"),
    ],
)
def test_names_of_features_differ_and_are_names(names, error, message):
    states = np.random.default_rng(0).standard_normal((100, 3))
    with pytest.raises(error, match=message):
        SINDy().fit(states, x_dot=states, feature_names=names)


def test_no_sample_left_is_told():
    states = np.random.default_rng(0).standard_normal((100, 3))
    with pytest.raises(ValueError, match="X: no sample is left"):
        SINDy().fit(states, x_dot=states, sample_weight=np.zeros(100))
    with pytest.raises(ValueError, match="X: no sample is left"):
        SINDy(drop_nan=True).fit(np.full((100, 3), np.nan), x_dot=states)


@pytest.mark.parametrize("argument", ["x_dot", "sample_weight"])
def test_a_weak_form_refuses_what_it_would_ignore(argument):
    states = np.random.default_rng(0).standard_normal((100, 3))
    given = {argument: states if argument == "x_dot" else np.ones(100)}
    with pytest.raises(ValueError, match=f"{argument}: has no place in a weak form"):
        SINDy(weak=fastsci.WeakForm()).fit(states, t=0.1, **given)


def test_lists_must_agree():
    states = np.random.default_rng(0).standard_normal((100, 3))
    with pytest.raises(ValueError, match="x_dot: is ndarray, expected a list of 2"):
        SINDy().fit([states, states], x_dot=states)
    with pytest.raises(ValueError, match=r"X\[1\]: has 2 columns, expected 3"):
        SINDy().fit([states, states[:, :2]], t=0.1)
    broken = states.copy()
    broken[3, 0] = np.inf
    with pytest.raises(ValueError, match=r"X\[1\]: row 3 is"):
        SINDy().fit([states, broken], t=0.1)


def test_a_model_that_is_not_fitted_says_so():
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        SINDy().predict(np.zeros((1, 3)))


def test_controls_are_asked_for():
    model = fitted("duffing", 3)
    with pytest.raises(ValueError, match="u: is missing"):
        model.predict(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="u: was given"):
        fitted("van_der_pol", 3).predict(np.zeros((1, 2)), np.zeros((1, 1)))


def test_float32_and_read_only_samples():
    states, slopes, _ = sampled("lorenz63", n=2000)
    single = states.astype(np.float32)
    single.flags.writeable = False
    model = SINDy().fit(single, x_dot=slopes.astype(np.float32))
    np.testing.assert_allclose(model.coef_[0, 1:3], [-10.0, 10.0], rtol=1e-4)


def test_parameters_by_name_as_in_scikit_learn():
    from sklearn.base import clone

    model = clone(SINDy(PolynomialLibrary(degree=3), STLSQ(threshold=0.3)))
    model.set_params(optimizer__threshold=0.2, library__degree=4)
    assert (model.optimizer.threshold, model.library.degree) == (0.2, 4)
    with pytest.raises(ValueError, match="Invalid parameter 'nothing'"):
        model.set_params(nothing=1)


@pytest.mark.filterwarnings("ignore:threshold")  # that the larger one leaves an equation empty is the point
def test_a_grid_search_over_thresholds():
    from sklearn.model_selection import GridSearchCV

    states, slopes, _ = sampled("lorenz63", n=2000)
    library = PolynomialLibrary(degree=2)
    search = GridSearchCV(STLSQ(), {"threshold": [0.1, 2.0]}, cv=3)
    search.fit(library.fit_transform(states), slopes)
    assert search.best_params_ == {"threshold": 0.1}


def test_moments_are_kept_and_no_library_is():
    states, slopes, _ = sampled("lorenz63")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = SINDy().fit(states, x_dot=slopes)
    assert isinstance(model.moments_, Moments)
    held = sum(value.nbytes for value in vars(model).values() if isinstance(value, np.ndarray))
    assert held < 1e5
