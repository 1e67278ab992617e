"""Bootstraps by weights of blocks are bootstraps; what the members agree on is the system."""

import numpy as np
import pytest
from sklearn.base import clone

from fastsci.sparse._bootstrap import block_sums, resampled
from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.constrained import ConstrainedSTLSQ
from fastsci.sparse.ensembling import EnsembleSINDy
from fastsci.sparse.libraries import PolynomialLibrary
from fastsci.sparse.model_system import simulate, to_system
from fastsci.sparse.prior import KnownTerms
from fastsci.sparse.sindy import SINDy
from fastsci.sparse.thresholding import STLSQ, EliminationWarning
from tests.sparse.trajectories_of import TRUTHS, coefficients, sampled

LEAST_SQUARES = STLSQ(threshold=0.0, alpha=0.0)


def noisy_lorenz(n=4000, noise=2.0, seed=0):
    states, slopes, _ = sampled("lorenz63")
    return states[:n], slopes[:n] + noise * np.random.default_rng(seed).standard_normal((n, 3))


def linear(n=600, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    return X, X @ np.array([[0.0, -1.0], [1.0, -0.3]]).T + 0.5 * rng.normal(size=(n, 2))


@pytest.mark.parametrize("bootstrap", ["blocks", "samples", "trajectories"])
def test_a_bootstrap_is_the_problem_of_repeated_samples(bootstrap):
    rng = np.random.default_rng(0)
    library = PolynomialLibrary(degree=2)
    data = [(rng.normal(size=(n, 2)), rng.normal(size=(n, 2)), rng.uniform(0.5, 2.0, n)) for n in (70, 40, 90)]
    found = resampled(library, data, 8, np.random.default_rng(1), bootstrap=bootstrap, block_length=7)
    inputs, targets, weight = (np.concatenate([part[k] for part in data]) for k in range(3))
    theta = library.fit_transform(inputs)

    def agree(sums, counts):
        problem = NormalEquations.of(theta, targets, counts * weight)
        np.testing.assert_allclose(sums[found.plan.gram], problem.gram, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(sums[found.plan.cross], problem.cross, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(sums[found.plan.squares], problem.squares, rtol=1e-11)

    agree(found.total, np.ones(200))
    if bootstrap == "samples":
        # The counts are found again from the sums of 30 columns that tell 20 samples apart.
        few = [(rng.normal(size=(20, 4)), rng.normal(size=(20, 1)), None)]
        wide = PolynomialLibrary(degree=3)
        drawn = resampled(wide, few, 5, np.random.default_rng(2), bootstrap="samples", block_length=None)
        columns = wide.fit_transform(few[0][0])
        row = drawn.plan.gram[0]
        counts = np.linalg.lstsq(columns.T, drawn.drawn[:, row].T)[0].T
        np.testing.assert_allclose(counts, np.round(counts), atol=1e-8)
        np.testing.assert_allclose(counts.sum(axis=1), 20)
        assert counts.min() > -1e-8
        return
    units = block_sums(library, data, 7, whole=bootstrap == "trajectories")
    assert len(units) == (3 if bootstrap == "trajectories" else 10 + 6 + 13)
    drawn = np.random.default_rng(1).multinomial(len(units), np.full(len(units), 1 / len(units)), size=8)
    cuts = [np.linspace(0, n, count + 1).astype(int) for n, count in ((70, 10), (40, 6), (90, 13))]
    edges = [70, 40, 90] if bootstrap == "trajectories" else np.concatenate([np.diff(cut) for cut in cuts])
    for member, counts in enumerate(drawn):
        agree(found.drawn[member], np.repeat(counts, edges))
        agree(found.left_out[member], np.repeat(counts == 0, edges))
        np.testing.assert_allclose(
            found.left_out_sums[member], (np.repeat(counts == 0, edges) * weight) @ targets, rtol=1e-11, atol=1e-11
        )
    assert found.drawn_samples[0] == pytest.approx(np.repeat(drawn[0], edges) @ weight)


@pytest.mark.parametrize("bootstrap", ["blocks", "samples"])
def test_the_spread_is_the_standard_error_of_least_squares(bootstrap):
    X, Y = linear(n=4000)
    library = PolynomialLibrary(degree=1)
    model = EnsembleSINDy(
        2000, library=library, optimizer=LEAST_SQUARES, bootstrap=bootstrap, block_length=4, rng=0
    ).fit(X, x_dot=Y)
    theta = library.fit_transform(X)
    error = 0.5 * np.sqrt(np.diag(np.linalg.inv(theta.T @ theta)))
    np.testing.assert_allclose(model.coef_std_, np.stack([error, error]), rtol=0.08)
    np.testing.assert_allclose(model.coef_, np.linalg.lstsq(theta, Y)[0].T, atol=4 * error.max() / np.sqrt(2000))


def test_blocks_see_the_correlation_that_single_samples_miss():
    # Constant noise over 50 samples: the mean of the target has 50 times the variance of independent noise.
    rng = np.random.default_rng(3)
    Y = np.repeat(rng.normal(size=(400, 1)), 50, axis=0)
    X = np.zeros((len(Y), 1))
    options = {"library": PolynomialLibrary(degree=0), "optimizer": LEAST_SQUARES, "rng": 0}
    blocks = EnsembleSINDy(1000, block_length=200, **options).fit(X, x_dot=Y)
    single = EnsembleSINDy(1000, bootstrap="samples", **options).fit(X, x_dot=Y)
    expected = Y.std() / np.sqrt(400)
    assert blocks.coef_std_[0, 0] == pytest.approx(expected, rel=0.2)
    assert single.coef_std_[0, 0] == pytest.approx(expected / np.sqrt(50), rel=0.1)


def test_the_members_agree_on_lorenz():
    states, slopes = noisy_lorenz(noise=0.5)
    model = EnsembleSINDy(200, library=PolynomialLibrary(degree=3), rng=0)
    model.fit(states, x_dot=slopes, feature_names=["x", "y", "z"])
    truth = coefficients(model.feature_names_, TRUTHS["lorenz63"])
    np.testing.assert_array_equal(model.coef_ != 0, truth != 0)
    assert model.inclusion_probability_[truth != 0].min() > 0.99
    assert model.inclusion_probability_[truth == 0].max() < 0.2
    error = np.abs(model.coef_ - truth)[truth != 0] / model.coef_std_[truth != 0]
    assert error.max() < 4
    assert model.scores_.min() * 1.1 > 1
    np.testing.assert_allclose(model.out_of_bag_scores_, model.scores_, atol=0.02)


def test_scores_are_coefficients_of_determination():
    X, Y = linear(n=300)
    model = EnsembleSINDy(5, library=PolynomialLibrary(degree=1), rng=0).fit(X, x_dot=Y)
    spread = np.sum((Y - Y.mean(axis=0)) ** 2, axis=0)
    for member, predicted in enumerate(model.predict_members(X)):
        expected = np.mean(1 - np.sum((Y - predicted) ** 2, axis=0) / spread)
        assert model.scores_[member] == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(model.predict(X), np.median(model.predict_members(X), axis=0), atol=0.02)


def test_the_same_seed_gives_the_same_bits():
    states, slopes = noisy_lorenz(1000)
    for bootstrap in ("blocks", "samples"):
        runs = [
            EnsembleSINDy(20, bootstrap=bootstrap, library_ensemble=2, rng=rng).fit(states, x_dot=slopes).coef_samples_
            for rng in (7, np.random.default_rng(7), np.random.default_rng(np.random.SeedSequence(7)), 8)
        ]
        np.testing.assert_array_equal(runs[0], runs[1])
        np.testing.assert_array_equal(runs[0], runs[2])
        assert not np.array_equal(runs[0], runs[3])


@pytest.mark.parametrize("dropped", [3, 0.3])
def test_members_lack_terms_of_the_library(dropped):
    states, slopes = noisy_lorenz(1000)
    model = EnsembleSINDy(300, bootstrap=None, library_ensemble=dropped, optimizer=LEAST_SQUARES, rng=0)
    model.fit(states, x_dot=slopes)
    np.testing.assert_array_equal(model.offered_.sum(axis=1), 7)
    np.testing.assert_array_equal(model.coef_samples_ != 0, np.broadcast_to(model.offered_[:, None], (300, 3, 10)))
    np.testing.assert_array_equal(model.inclusion_probability_, 1.0)
    theta = model.library or PolynomialLibrary(degree=2)
    columns = theta.fit_transform(states)
    member = model.offered_[17]
    expected = np.linalg.lstsq(columns[:, member], slopes)[0].T
    np.testing.assert_allclose(model.coef_samples_[17][:, member], expected, rtol=1e-7, atol=1e-9)
    offered = np.where(model.offered_[:, None], model.coef_samples_, np.nan)
    np.testing.assert_allclose(model.coef_, np.nanmedian(offered, axis=0), rtol=1e-12)
    np.testing.assert_allclose(model.coef_std_, np.nanstd(offered, axis=0, ddof=1), rtol=1e-10)
    assert np.isnan(model.out_of_bag_scores_).all()


def test_aggregates():
    states, slopes = noisy_lorenz(400, noise=20.0)
    fits = {
        how: EnsembleSINDy(99, aggregate=how, inclusion_threshold=0.7, rng=5).fit(states, x_dot=slopes)
        for how in ("median", "mean", "inclusion")
    }
    coef = fits["mean"].coef_samples_
    for model in fits.values():
        np.testing.assert_array_equal(model.coef_samples_, coef)
    np.testing.assert_allclose(fits["mean"].coef_, coef.mean(axis=0), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(fits["median"].coef_, np.median(coef, axis=0))
    probability = (coef != 0).mean(axis=0)
    np.testing.assert_array_equal(fits["inclusion"].inclusion_probability_, probability)
    assert np.mean((probability > 0) & (probability < 0.7)) > 0.1  # the threshold decides on some
    for place in np.ndindex(*probability.shape):
        having = coef[(slice(None), *place)]
        expected = np.median(having[having != 0]) if probability[place] >= 0.7 else 0.0
        assert fits["inclusion"].coef_[place] == expected


def test_constraints_hold_in_every_member():
    states, slopes = noisy_lorenz(1000)
    rows = np.zeros((1, 30))
    rows[0, [1, 2]] = 1.0
    optimizer = ConstrainedSTLSQ(constraint_lhs=rows, constraint_rhs=[0.0])
    model = EnsembleSINDy(10, optimizer=optimizer, rng=0).fit(states, x_dot=slopes)
    np.testing.assert_allclose(model.coef_samples_[:, 0, 1], -model.coef_samples_[:, 0, 2], rtol=1e-12)


def test_known_terms_hold_in_every_member():
    states, slopes = noisy_lorenz(1000)
    model = EnsembleSINDy(10, prior=KnownTerms({"x'": {"x": -10.0, "y": 10.0}}), rng=0)
    model.fit(states, x_dot=slopes, feature_names=["x", "y", "z"])
    np.testing.assert_array_equal(model.coef_samples_[:, 0, 1:3], np.broadcast_to([-10.0, 10.0], (10, 2)))
    assert model.coef_std_[0, 1] == 0


def test_members_are_simulated_side_by_side():
    X, Y = linear()
    model = EnsembleSINDy(12, library=PolynomialLibrary(degree=2), rng=0).fit(X, x_dot=Y)
    times = np.linspace(0.0, 3.0, 7)
    found = model.simulate_members([1.0, 0.5], times)
    assert found.shape == (12, 7, 2)
    for member, coef in enumerate(model.coef_samples_):
        alone = simulate(to_system(coef, model.terms_, model.input_names_, 2), [1.0, 0.5], times)
        np.testing.assert_allclose(found[member], alone, rtol=1e-7)
    assert np.ptp(found[:, -1], axis=0).min() > 1e-3
    with pytest.raises(ValueError, match=r"y0: has shape \(3,\), expected \(2,\) or \(12, 2\)"):
        model.simulate_members([1.0, 0.5, 0.0], times)


class RowsOfDifferences:
    """A weak form of the plainest kind: increments against integrals by the midpoint rule."""

    def equations(self, library, states, times, controls):
        assert controls is None
        pairs = [
            (library.fit_transform((X[1:] + X[:-1]) / 2) * np.diff(t)[:, None], np.diff(X, axis=0))
            for X, t in zip(states, times, strict=True)
        ]
        return tuple(np.concatenate(part) for part in zip(*pairs, strict=True))


def test_rows_of_a_weak_form_are_drawn():
    states, _, times = sampled("lorenz63", n=50_000)
    model = EnsembleSINDy(50, weak=RowsOfDifferences(), optimizer=STLSQ(alpha=0.0), rng=0).fit(
        states, t=times, feature_names=["x", "y", "z"]
    )
    truth = coefficients(model.feature_names_, TRUTHS["lorenz63"])
    np.testing.assert_array_equal(model.coef_ != 0, truth != 0)
    np.testing.assert_allclose(model.coef_, truth, rtol=0.01)
    plain = SINDy(weak=RowsOfDifferences()).fit(states, t=times)
    np.testing.assert_allclose(model.problem_.gram, plain.problem_.gram, rtol=1e-10)


def test_controls_and_maps():
    rng = np.random.default_rng(0)
    u = rng.normal(size=(2000, 1))
    x = np.zeros((2000, 1))
    for k in range(1999):
        x[k + 1] = 0.5 * x[k] + u[k] + 0.01 * rng.normal()
    model = EnsembleSINDy(20, library=PolynomialLibrary(degree=1), discrete_time=True, rng=0).fit(x, u=u)
    np.testing.assert_allclose(model.coef_, [[0.0, 0.5, 1.0]], atol=2e-3)
    assert model.predict_members(x, u).shape == (20, 2000, 1)


def test_whole_trajectories_are_drawn():
    states, _, times = sampled("lorenz63")
    pieces = np.array_split(states.astype(np.float32).astype(np.float64), 20)
    model = EnsembleSINDy(50, bootstrap="trajectories", rng=0)
    model.fit(pieces, t=[np.asarray(part) for part in np.array_split(times, 20)], feature_names=["x", "y", "z"])
    truth = coefficients(model.feature_names_, TRUTHS["lorenz63"])
    np.testing.assert_array_equal(model.coef_ != 0, truth != 0)
    np.testing.assert_allclose(model.coef_, truth, rtol=0.02)
    together = SINDy().fit(pieces, t=list(np.array_split(times, 20)))
    np.testing.assert_allclose(model.problem_.gram, together.problem_.gram, rtol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_numbers_of_any_kind_and_order(dtype):
    rng = np.random.default_rng(0)
    X = rng.integers(-9, 9, (500, 2)).astype(dtype)
    Y = (X @ np.array([[0, 1], [-2, 0]])).astype(dtype)
    plain = EnsembleSINDy(5, rng=0).fit(X.astype(np.float64), x_dot=Y.astype(np.float64))
    strided = EnsembleSINDy(5, rng=0).fit(np.asfortranarray(X), x_dot=np.repeat(Y, 2, axis=0)[::2])
    np.testing.assert_array_equal(strided.coef_samples_, plain.coef_samples_)


def test_samples_that_are_not_finite():
    X, Y = linear()
    X[5, 0] = np.nan
    with pytest.raises(ValueError, match="row 5"):
        EnsembleSINDy(3).fit(X, x_dot=Y)
    kept = np.arange(600) != 5
    dropped = EnsembleSINDy(3, drop_nan=True, rng=0).fit(X, x_dot=Y)
    clean = EnsembleSINDy(3, rng=0).fit(X[kept], x_dot=Y[kept])
    np.testing.assert_array_equal(dropped.coef_samples_, clean.coef_samples_)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"n_models": 0}, "n_models"),
        ({"n_models": 2.5}, "n_models"),
        ({"bootstrap": "rows"}, "bootstrap"),
        ({"bootstrap": None}, "bootstrap"),
        ({"bootstrap": "trajectories"}, "bootstrap"),
        ({"block_length": 0}, "block_length"),
        ({"block_length": 10_000}, "block_length"),
        ({"library_ensemble": 6}, "library_ensemble"),
        ({"library_ensemble": -1}, "library_ensemble"),
        ({"library_ensemble": 1.0}, "library_ensemble"),
        ({"aggregate": "mode"}, "aggregate"),
        ({"inclusion_threshold": 1.5}, "inclusion_threshold"),
        ({"prior": KnownTerms({"x0": {"1": 0.0}}), "library_ensemble": 1}, "prior"),
    ],
)
def test_mistakes_are_named(options, named):
    X, Y = linear()
    with pytest.raises(ValueError, match=named):
        EnsembleSINDy(**{"n_models": 5, **options}).fit(X, x_dot=Y)


def test_an_ensemble_without_terms_says_so_and_predicts_zero():
    X, Y = linear()
    with pytest.warns(EliminationWarning, match="equation of x0, x1"):
        model = EnsembleSINDy(5, optimizer=STLSQ(100.0), rng=0).fit(X, x_dot=Y)
    np.testing.assert_array_equal(model.predict(X[:3]), 0.0)
    assert model.equations() == ["x0' = 0", "x1' = 0"]


def test_no_sample_is_left():
    X, Y = linear()
    for options, weight in (({}, np.zeros(600)), ({"drop_nan": True}, None)):
        with pytest.raises(ValueError, match="X: no sample is left"):
            EnsembleSINDy(3, **options).fit(X if weight is not None else X * np.nan, x_dot=Y, sample_weight=weight)


@pytest.mark.parametrize(("rng", "error"), [("one", TypeError), (-1, ValueError), (1.5, TypeError)])
def test_sources_of_randomness_are_named(rng, error):
    X, Y = linear()
    with pytest.raises(error, match="rng: is"):
        EnsembleSINDy(3, rng=rng).fit(X, x_dot=Y)


def test_foreign_optimizers_and_later_samples_are_refused():
    X, Y = linear()
    with pytest.raises(TypeError, match="optimizer"):
        EnsembleSINDy(5, optimizer=object()).fit(X, x_dot=Y)
    with pytest.raises(TypeError, match="partial_fit"):
        EnsembleSINDy(5).partial_fit(X, x_dot=Y)


def test_parameters_as_scikit_learn_has_them():
    model = EnsembleSINDy(7, library=PolynomialLibrary(degree=3), rng=1, library_ensemble=0.1)
    again = clone(model).set_params(library__degree=1, n_models=4)
    assert again.get_params()["library__degree"] == 1
    assert (again.n_models, again.rng, again.library_ensemble) == (4, 1, 0.1)
    assert model.library.degree == 3
