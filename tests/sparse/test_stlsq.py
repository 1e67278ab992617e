"""Sequentially thresholded least squares: closed forms, fixed points, symmetries, batches, and bad arguments."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.libraries import PolynomialLibrary
from fastsci.sparse.thresholding import STLSQ, EliminationWarning, IterationWarning, solve_batch, stlsq
from fastsci_kernels.regress import cholesky
from tests.sparse.trajectories_of import sampled

RNG = np.random.default_rng(5)
DESIGN = RNG.normal(size=(300, 12)) * np.geomspace(0.1, 10.0, 12)
TRUTH = np.zeros((2, 12))
TRUTH[0, [1, 5, 8]], TRUTH[1, [0, 3, 5, 11]] = [1.5, -0.7, 0.3], [2.0, -0.5, 1.0, 0.15]
TARGET = DESIGN @ TRUTH.T + 0.1 * RNG.normal(size=(300, 2))


def on_support(theta, target, support, alpha=0.0):
    """Ridge on a support, by a stacked design and NumPy's least squares with columns of unit length."""
    coef = np.zeros(theta.shape[1])
    if support.any():
        rows = np.vstack((theta[:, support], np.sqrt(alpha) * np.eye(support.sum())))
        lengths = np.linalg.norm(rows, axis=0)
        right = np.concatenate((target, np.zeros(support.sum())))
        coef[support] = np.linalg.lstsq(rows / lengths, right, rcond=None)[0] / lengths
    return coef


def by_definition(theta, target, threshold, alpha, max_iter=20):
    coefs = []
    for column in target.T:
        support = np.ones(theta.shape[1], bool)
        for _ in range(max_iter):
            kept = support & (np.abs(on_support(theta, column, support, alpha)) >= threshold)
            if (kept == support).all():
                break
            support = kept
        coefs.append(on_support(theta, column, support))
    return np.array(coefs)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 61, 64, 67, 130])
def test_cholesky_factor_solves_and_inverts(size):
    columns = np.random.default_rng(size).normal(size=(3 * size, size))
    matrix = columns.T @ columns
    factor, pivots, inverse, diagonal = matrix.copy(), np.empty(size), np.empty((size, size)), np.empty(size)
    assert cholesky.factorise(factor, pivots, size)
    upper = np.triu(factor)
    assert upper.T @ upper == pytest.approx(matrix, rel=1e-13, abs=1e-13 * matrix.max())
    assert np.array_equal(np.tril(factor), upper.T)
    right = np.arange(1.0, size + 1)
    cholesky.solve(factor, right, size)
    assert matrix @ right == pytest.approx(np.arange(1.0, size + 1), rel=1e-10)
    cholesky.inverse_diagonal(factor, inverse, diagonal, size)
    assert diagonal == pytest.approx(np.diag(np.linalg.inv(matrix)), rel=1e-10)


def test_cholesky_refuses_a_dependent_column():
    columns = RNG.normal(size=(30, 6))
    columns[:, 4] = columns[:, 1] - columns[:, 2]
    assert not cholesky.factorise(columns.T @ columns, np.empty(6), 6)


def test_no_threshold_is_ridge():
    found = stlsq(DESIGN, TARGET, threshold=0.0, alpha=3.0, unbias=False)
    expected = np.linalg.solve(DESIGN.T @ DESIGN + 3.0 * np.eye(12), DESIGN.T @ TARGET).T
    assert found == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("threshold", [0.01, 0.1, 0.4])
@pytest.mark.parametrize("alpha", [0.0, 0.05, 50.0])
def test_as_the_definition(threshold, alpha):
    found = stlsq(DESIGN, TARGET, threshold=threshold, alpha=alpha)
    assert found == pytest.approx(by_definition(DESIGN, TARGET, threshold, alpha), rel=1e-10, abs=1e-13)


def test_thresholds_of_features_and_of_targets():
    of_features = np.linspace(0.0, 0.5, 12)
    found = stlsq(DESIGN, TARGET, threshold=of_features)
    assert found == pytest.approx(by_definition(DESIGN, TARGET, of_features, 0.05), rel=1e-10, abs=1e-13)
    both = stlsq(DESIGN, TARGET, threshold=np.stack([of_features, 2.0 * of_features]))
    assert np.array_equal(both[0], found[0])
    assert np.array_equal(both[1], stlsq(DESIGN, TARGET, threshold=2.0 * of_features)[1])


def test_one_more_iteration_changes_nothing():
    solver = STLSQ(0.2, unbias=False).fit(DESIGN, TARGET)
    for row, column in zip(solver.coef_, TARGET.T, strict=True):
        again = on_support(DESIGN, column, row != 0, 0.05)
        assert again == pytest.approx(row, rel=1e-10, abs=1e-14)
        assert (np.abs(again[row != 0]) >= 0.2).all()


def test_order_of_samples_and_of_columns():
    expected = stlsq(DESIGN, TARGET, threshold=0.2)
    samples, columns = RNG.permutation(300), RNG.permutation(12)
    assert stlsq(DESIGN[samples], TARGET[samples], threshold=0.2) == pytest.approx(expected, rel=1e-11)
    assert stlsq(DESIGN[:, columns], TARGET, threshold=0.2) == pytest.approx(expected[:, columns], rel=1e-11)


def test_normalised_columns_have_no_units():
    units = np.geomspace(1e-6, 1e6, 12)
    found = stlsq(DESIGN, TARGET, threshold=5.0, normalize_columns=True)
    assert np.count_nonzero(found) not in (0, found.size)
    assert stlsq(DESIGN * units, TARGET, threshold=5.0, normalize_columns=True) * units == pytest.approx(
        found, rel=1e-10
    )


def test_weights_repeat_samples():
    weight = RNG.integers(0, 4, 300)
    repeated = stlsq(np.repeat(DESIGN, weight, axis=0), np.repeat(TARGET, weight, axis=0), threshold=0.2)
    assert stlsq(DESIGN, TARGET, threshold=0.2, sample_weight=weight) == pytest.approx(repeated, rel=1e-10)
    assert STLSQ(0.2).fit(DESIGN, TARGET, weight).coef_ == pytest.approx(repeated, rel=1e-10)


def bootstraps(count):
    draws = [RNG.multinomial(300, np.full(300, 1 / 300)).astype(float) for _ in range(count)]
    return [NormalEquations.of(DESIGN, TARGET, weight) for weight in draws]


def test_a_batch_is_its_members_bit_for_bit():
    problems = bootstraps(200)
    batch = solve_batch(*(np.stack([getattr(p, name) for p in problems]) for name in ("gram", "cross", "squares")))
    alone = [STLSQ()._solve(problem) for problem in problems]
    assert np.array_equal(batch.coef, alone)
    assert np.array_equal(batch.support, batch.coef != 0)
    assert np.array_equal(STLSQ()._solve_many(problems), alone)


def test_threads_change_nothing(monkeypatch):
    problems = bootstraps(100)
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "1")
    one = STLSQ()._solve_many(problems)
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "3")
    assert np.array_equal(STLSQ()._solve_many(problems), one)


def test_a_singular_member_leaves_the_others_alone():
    problems = bootstraps(5)
    doubled = DESIGN.copy()
    doubled[:, 3] = doubled[:, 7]
    problems[2] = NormalEquations.of(doubled, TARGET)
    found = STLSQ(alpha=0.0)._solve_many(problems)
    for place in (0, 1, 3, 4):
        assert np.array_equal(found[place], STLSQ(alpha=0.0)._solve(problems[place]))
    explained = doubled @ np.linalg.lstsq(doubled, TARGET, rcond=None)[0]
    assert doubled @ STLSQ(0.0, 0.0)._solve(problems[2]).T == pytest.approx(explained, abs=1e-8)


def test_close_decisions_are_known():
    """A threshold at a coefficient of the full fit is uncertain there and nowhere else."""
    problem = NormalEquations.of(DESIGN, TARGET)
    full = STLSQ(0.0, unbias=False)._solve(problem)
    solver = STLSQ(float(np.abs(full[0, 5])))
    solver._solve(problem)
    assert solver.uncertain_[0, 5]
    assert solver.uncertain_.sum() == 1
    solver.threshold *= 1.0 + 1e-9
    solver._solve(problem)
    assert not solver.uncertain_.any()


@pytest.mark.parametrize("alpha", [0.0, 1e-3])
def test_bounds_hold_what_rounding_does(alpha):
    """Sums in double precision against sums in extended precision, solved by a factorisation of the design."""
    states, slopes, _ = sampled("lorenz63", 2000, 20.0)
    theta = PolynomialLibrary(degree=4).fit_transform(states)
    target = slopes + RNG.normal(size=slopes.shape)
    exact = STLSQ(0.0, alpha, unbias=False)._solve(NormalEquations.factorised(theta, target))
    problem = NormalEquations.of(theta, target)
    rounded = STLSQ(0.0, alpha, unbias=False)._solve(problem)
    # A threshold anywhere between the two decides differently: it has to be marked.
    between = (np.abs(exact) + np.abs(rounded)) / 2
    solver = STLSQ(between, alpha, max_iter=1, unbias=False)
    with pytest.warns(IterationWarning):
        solver._solve(problem)
    assert solver.uncertain_.all()
    assert np.abs(rounded - exact).max() > 0


def test_ill_conditioned_designs_are_factorised():
    x = np.linspace(1.0, 1.2, 400)
    theta = np.stack([x**k for k in range(6)], axis=1)
    target = theta @ [0.0, 1.0, 0.0, -2.0, 0.0, 0.5]
    expected = on_support(theta, target, np.ones(6, bool))
    found = stlsq(theta, target, threshold=0.0, alpha=0.0)[0]
    # Both lose digits with the condition of the design, 4e9, and not with its square.
    assert found == pytest.approx(expected, abs=1e-4)
    assert STLSQ(0.0, 0.0).fit(theta, target).coef_ == pytest.approx(found, abs=0)


def test_clone_pickle_and_printed_form():
    solver = STLSQ(np.full(12, 0.2), max_iter=7)
    again = clone(solver)
    assert repr(again).startswith("STLSQ(max_iter=7, threshold=array(")
    fitted = pickle.loads(pickle.dumps(solver.fit(DESIGN, TARGET)))
    assert np.array_equal(fitted.predict(DESIGN), DESIGN @ solver.coef_.T)
    assert fitted.complexity == np.count_nonzero(solver.coef_)


def test_searched_in_a_pipeline():
    x = RNG.uniform(-2.0, 2.0, (400, 2))
    y = x[:, 0] - 0.5 * x[:, 0] * x[:, 1] + 0.01 * RNG.normal(size=400)
    pipeline = make_pipeline(PolynomialFeatures(3), STLSQ())
    search = GridSearchCV(pipeline, {"stlsq__threshold": [0.0, 0.1, 0.7]}, cv=4).fit(x, y)
    assert search.best_params_ == {"stlsq__threshold": 0.1}
    assert np.flatnonzero(search.best_estimator_[-1].coef_).tolist() == [1, 4]


def test_everything_below_the_threshold():
    with pytest.warns(EliminationWarning, match=r"threshold: is 1000.*target 0, 1"):
        found = stlsq(DESIGN, TARGET, threshold=1000.0)
    assert not found.any()
    assert not stlsq(DESIGN, np.zeros((300, 2))).any()  # a target of zeros has no terms to lose


def test_stopped_early():
    chain = np.eye(6) + 0.9 * np.eye(6, k=1)
    with pytest.warns(IterationWarning, match="max_iter"):
        stlsq(chain, np.linspace(0.2, 1.4, 6), threshold=0.3, alpha=0.0, max_iter=1)


def test_fewer_samples_than_terms():
    found = stlsq(DESIGN[:6], TARGET[:6], threshold=0.0, alpha=0.0)
    assert DESIGN[:6] @ found.T == pytest.approx(TARGET[:6], abs=1e-9)
    assert stlsq(DESIGN[:6], TARGET[:6], threshold=0.0, unbias=False) == pytest.approx(
        np.stack([on_support(DESIGN[:6], column, np.ones(12, bool), 0.05) for column in TARGET[:6].T]), rel=1e-8
    )


@pytest.mark.parametrize("alpha", [0.0, 0.05])
def test_zero_constant_and_doubled_columns(alpha):
    theta = np.column_stack((DESIGN, np.zeros(300), np.ones(300), np.ones(300)))
    found = stlsq(theta, TARGET + 3.0, threshold=0.2, alpha=alpha)
    assert not found[:, 12].any()
    assert found[:, 13:].sum(axis=1) == pytest.approx(3.0, abs=0.1)
    assert found[:, 13] == pytest.approx(found[:, 14], rel=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": -0.1}, r"threshold: is -0.1, expected no negative"),
        ({"threshold": np.nan}, r"threshold: is nan"),
        ({"threshold": [0.1, 0.2]}, r"threshold: has shape \(2,\), expected a number, \(12,\).*\(2, 12\)"),
        ({"alpha": -1.0}, r"alpha: is -1.0"),
        ({"alpha": np.inf}, r"alpha: is inf"),
        ({"max_iter": 0}, r"max_iter: is 0"),
        ({"sample_weight": np.ones(3)}, r"sample_weight: has 3 entries, expected 300"),
        ({"sample_weight": np.full(300, -1.0)}, r"sample_weight: holds -1"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        stlsq(DESIGN, TARGET, **options)


def test_bad_samples():
    spoilt = DESIGN.copy()
    spoilt[17, 2] = np.nan
    with pytest.raises(ValueError, match="theta: row 17"):
        stlsq(spoilt, TARGET)
    with pytest.raises(ValueError, match="target: has 299 samples, expected 300"):
        stlsq(DESIGN, TARGET[1:])
    with pytest.raises(TypeError, match="theta"):
        stlsq(DESIGN.astype(str), TARGET)
