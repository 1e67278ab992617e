"""Greedy paths against naive ones on the stored design."""

import itertools

import numpy as np
import pysindy
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.greedy import FROLS, SSR


def correlated(seed, n=120, p=9):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.4 * rng.normal(size=(p, p))) * 10.0 ** rng.uniform(-1, 1, p)
    return X, X[:, [1, 4, 6]] @ [2.0, -0.5, 1.0] + 0.3 * rng.normal(size=n)


def ridge(X, y, alpha):
    """Coefficients and penalised residual by QR of the stored design."""
    p = X.shape[1]
    rows, right = np.vstack((X, np.sqrt(alpha) * np.eye(p))), np.append(y, np.zeros(p))
    coef = np.linalg.lstsq(rows, right, rcond=None)[0]
    return coef, np.sum((right - rows @ coef) ** 2)


def naive_elimination(X, y, alpha, by_value):
    left, removed = list(range(X.shape[1])), []
    while left:
        coef, _ = ridge(X[:, left], y, alpha)
        if by_value:
            worst = int(np.argmin(np.abs(coef)))
        else:
            worst = int(np.argmin([ridge(np.delete(X[:, left], i, axis=1), y, alpha)[1] for i in range(len(left))]))
        removed.append(left.pop(worst))
    return removed[::-1]


def naive_orthogonalisation(X, y):
    """Gram-Schmidt on the columns themselves."""
    rest, order, ratios = X.copy(), [], []
    for _ in range(X.shape[1]):
        share = (rest.T @ y) ** 2 / np.maximum(np.sum(rest**2, axis=0), 1e-300) / (y @ y)
        share[order] = -1.0
        best = int(np.argmax(share))
        order.append(best)
        ratios.append(share[best])
        unit = rest[:, best] / np.linalg.norm(rest[:, best])
        rest -= np.outer(unit, unit @ rest)
    return order, ratios


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("criteria", ["coefficient_value", "model_residual"])
@pytest.mark.parametrize("alpha", [0.0, 5.0])
def test_elimination_takes_the_naive_order(seed, criteria, alpha):
    X, y = correlated(seed)
    model = SSR(alpha=alpha, criteria=criteria).fit(X, y)
    order = naive_elimination(X, y, alpha, criteria == "coefficient_value")
    assert model.order_[0].tolist() == order
    for size in range(1, len(order) + 1):
        expected = np.zeros(len(order))
        expected[order[:size]], _ = ridge(X[:, order[:size]], y, alpha)
        np.testing.assert_allclose(model.path_[0, size], expected, rtol=1e-9, atol=1e-11)
        squares = np.sum((y - X @ expected) ** 2)
        assert model.residual_squares_[0, size] == pytest.approx(squares, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_selection_takes_the_order_of_gram_schmidt(seed):
    X, y = correlated(seed)
    model = FROLS(max_terms=None).fit(X, y)
    order, ratios = naive_orthogonalisation(X, y)
    assert model.order_[0].tolist() == order
    np.testing.assert_allclose(model.err_[0], ratios, rtol=1e-8, atol=1e-13)


def test_error_reduction_ratios_add_up_to_the_coefficient_of_determination():
    X, y = correlated(3)
    model = FROLS(max_terms=5, alpha=0.0).fit(X, y)
    for size in range(6):
        expected = 1.0 - model.residual_squares_[0, size] / (y @ y)
        assert model.err_[0, :size].sum() == pytest.approx(expected, abs=1e-12)


def test_selection_does_not_depend_on_units():
    X, y = correlated(4)
    units = 10.0 ** np.arange(-4.0, 5.0)
    assert FROLS(max_terms=6).fit(X * units, 1e3 * y).order_.tolist() == FROLS(max_terms=6).fit(X, y).order_.tolist()


def test_selection_stops_at_the_share_explained():
    X, y = correlated(5)
    model = FROLS(max_terms=None, tolerance=0.05).fit(X, y)
    taken = int((model.order_[0] >= 0).sum())
    assert 1.0 - model.err_[0, :taken].sum() <= 0.05 < 1.0 - model.err_[0, : taken - 1].sum()


@pytest.mark.parametrize("solver", [SSR(), SSR(criteria="model_residual"), FROLS()])
@pytest.mark.parametrize("selection", ["bic", "aicc", "ebic", "hqc", "ratio"])
def test_planted_terms_are_found(solver, selection):
    rng = np.random.default_rng(7)
    X = rng.normal(size=(400, 25))
    y = X[:, [3, 11, 20]] @ [1.5, -1.0, 2.0] + 0.01 * rng.normal(size=400)
    support = np.flatnonzero(clone(solver).set_params(selection=selection).fit(X, y).coef_)
    assert {3, 11, 20} <= set(support.tolist())
    if selection in ("ratio", "ebic"):
        assert support.size == 3


def lorenz_library():
    """Terms up to the fifth power on the attractor, and derivatives with a little noise."""
    rng = np.random.default_rng(0)
    states, z = np.empty((4000, 3)), np.array([-8.0, 8.0, 27.0])

    def slope(z):
        return np.array([10 * (z[1] - z[0]), z[0] * (28 - z[2]) - z[1], z[0] * z[1] - 8 / 3 * z[2]])

    for k in range(4000):
        states[k] = z
        a = slope(z)
        b = slope(z + 0.0025 * a)
        c = slope(z + 0.0025 * b)
        z = z + 0.005 / 6 * (a + 2 * b + 2 * c + slope(z + 0.005 * c))
    powers = [e for r in range(6) for e in itertools.combinations_with_replacement(range(3), r)]
    library = np.stack([np.prod(states[:, list(e)], axis=1) for e in powers], axis=1)
    slopes = slope(states.T).T
    truth = np.zeros((3, len(powers)))
    for row, terms in enumerate([{(0,): -10, (1,): 10}, {(0,): 28, (1,): -1, (0, 2): -1}, {(0, 1): 1, (2,): -8 / 3}]):
        for term, value in terms.items():
            truth[row, powers.index(term)] = value
    return library, slopes + 1e-3 * rng.normal(size=slopes.shape), truth


def test_elimination_finds_lorenz_among_56_terms():
    library, slopes, truth = lorenz_library()
    coef = SSR(alpha=0.0, criteria="model_residual", selection="ebic").fit(library, slopes).coef_
    np.testing.assert_array_equal(coef != 0, truth != 0)
    np.testing.assert_allclose(coef, truth, atol=2e-3)


def test_selection_has_lorenz_among_the_first_ten_of_56_terms():
    """Forward selection takes powers that look alike before, and never gives a term back."""
    library, slopes, truth = lorenz_library()
    coef = FROLS(alpha=0.0, selection="ebic").fit(library, slopes).coef_
    assert (coef[truth != 0] != 0).all()
    np.testing.assert_allclose(coef, truth, atol=1e-2)


def test_many_problems_give_the_bits_of_one():
    problems = [NormalEquations.of(X, np.stack((y, y**2), axis=1)) for X, y in map(correlated, range(5))]
    for solver in (SSR(), FROLS(), SSR(kappa=0.1)):
        one = np.stack([solver._solve(problem) for problem in problems])
        np.testing.assert_array_equal(solver._solve_many(problems), one)


def test_a_function_of_the_path_chooses():
    X, y = correlated(0)
    seen = []

    def four_terms(squares, n_samples, n_terms):
        seen.append((squares.shape, n_samples))
        return np.abs(n_terms - 4.0)

    assert np.count_nonzero(SSR(selection=four_terms).fit(X, y).coef_) == 4
    assert seen == [((10,), 120.0)]


def test_kappa_weighs_terms_by_the_condition_number():
    X, y = correlated(0)
    model = SSR(kappa=0.2).fit(X, y)
    condition = np.linalg.cond(X / np.linalg.norm(X, axis=0))
    expected = model.residual_squares_ + 0.2 * condition * np.arange(10)
    np.testing.assert_allclose(model.scores_, expected, rtol=1e-9)
    assert model.n_terms_ == expected.argmin(axis=1)


def test_held_out_samples_choose():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(60, 30))
    y = X[:, 2] - X[:, 9] + 0.5 * rng.normal(size=60)
    model = SSR(selection="aic", criteria="model_residual", alpha=0.0).fit(X[:40], y[:40])
    greedy = model.n_terms_[0]
    model.select_by(NormalEquations.of(X[40:], y[40:, None]))
    errors = [np.sum((y[40:] - X[40:] @ coef) ** 2) for coef in model.path_[0]]
    assert model.n_terms_[0] == np.argmin(errors) < greedy
    np.testing.assert_array_equal(model.coef_, model.path_[0, model.n_terms_[0]])


def test_columns_that_depend_on_others_and_a_target_of_zeros():
    X, y = correlated(1)
    X = np.column_stack((X, X[:, 1], np.zeros(len(X)), np.ones(len(X)), np.ones(len(X))))
    for solver in (SSR(), SSR(alpha=0.0, criteria="model_residual"), FROLS(max_terms=None)):
        fitted = solver.fit(X, y)
        assert np.isfinite(fitted.coef_).all()
        assert fitted.coef_[10] == 0.0
        best = np.sum((y - X @ np.linalg.lstsq(X, y, rcond=None)[0]) ** 2)
        assert np.sum((y - fitted.predict(X)) ** 2) < 1.2 * best
        assert not solver.fit(X, np.zeros(len(X))).coef_.any()


@pytest.mark.parametrize(
    ("solver", "name"),
    [
        (SSR(alpha=-1.0), "alpha"),
        (SSR(criteria="largest"), "criteria"),
        (SSR(selection="fic"), "selection"),
        (FROLS(kappa=-1.0), "kappa"),
        (FROLS(max_terms=0), "max_terms"),
        (FROLS(tolerance=1.5), "tolerance"),
    ],
)
def test_errors_name_the_parameter(solver, name):
    with pytest.raises(ValueError, match=name):
        solver.fit(np.eye(3), np.ones(3))


def test_pipeline_and_grid_search():
    X, y = correlated(2)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), SSR(fit_intercept=True)), {"ssr__alpha": [0.01, 1e4]}, cv=3
    ).fit(X, y)
    assert search.best_params_ == {"ssr__alpha": 0.01}


@pytest.mark.filterwarnings("ignore::UserWarning:pysindy")  # of its own differentiation
@pytest.mark.parametrize("solver", [SSR(selection="ebic", criteria="model_residual"), FROLS(selection="ebic")])
def test_pysindy_takes_the_solver(solver):
    library, slopes, truth = lorenz_library()
    model = pysindy.SINDy(optimizer=solver, feature_library=pysindy.PolynomialLibrary(degree=2))
    model.fit(library[:, 1:4], t=0.005, x_dot=slopes)
    np.testing.assert_allclose(model.coefficients(), truth[:, :10], atol=2e-3)


def test_the_path_is_that_of_pysindy():
    """Version 2.1, by the smallest coefficient."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(300, 8))
    y = X[:, :4] @ [1.0, 0.7, -0.4, 0.2] + 0.1 * rng.normal(size=300)
    peer = pysindy.SSR(alpha=0.5, max_iter=8, unbias=False).fit(X, y[:, None])
    mine = SSR(alpha=0.5).fit(X, y)
    # The first entry of the peer's history is overwritten as it goes on.
    for removed, coef in enumerate(peer.history_[1:8], start=1):
        np.testing.assert_allclose(mine.path_[0, 8 - removed], coef.ravel(), rtol=1e-8, atol=1e-10)
