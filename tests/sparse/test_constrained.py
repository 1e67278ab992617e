"""Constraints hold exactly, and what they leave free is as least squares would have it."""

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, lsq_linear, minimize
from sklearn.base import clone

from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.constrained import ConstrainedSTLSQ
from fastsci.sparse.constraints import energy_preserving_constraints, symmetry_constraints
from fastsci.sparse.libraries import FourierLibrary, Library, PolynomialLibrary
from fastsci.sparse.sindy import SINDy
from fastsci.sparse.thresholding import EliminationWarning
from fastsci_kernels.regress.plan import Generator
from tests.sparse.trajectories_of import TRUTHS, coefficients, sampled

P, M = 7, 3


def given(seed=0, n=200):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, P)) * 10.0 ** rng.uniform(-1, 1, P)
    return rng, X, rng.normal(size=(n, M))


def unthresholded(**options):
    return ConstrainedSTLSQ(threshold=0.0, alpha=options.pop("alpha", 0.0), **options)


@pytest.mark.parametrize("form", [NormalEquations.of, NormalEquations.factorised])
@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_the_conditions_of_karush_kuhn_and_tucker(form, alpha):
    rng, X, Y = given()
    C, d = rng.normal(size=(4, M * P)), rng.normal(size=4)
    E, e = rng.normal(size=(9, M * P)), rng.normal(size=9) - 0.3
    problem = form(X, Y)
    model = unthresholded(
        alpha=alpha, unbias=False, constraint_lhs=C, constraint_rhs=d, inequality_lhs=E, inequality_rhs=e
    )
    coef = model._solve(problem)
    flat = coef.ravel()
    force = (X.T @ (Y - X @ coef.T)).T.ravel() - alpha * flat
    lagrange = C.T @ model.multipliers_ + E.T @ model.inequality_multipliers_
    room = e - E @ flat
    scale = np.abs(X.T @ Y).max()
    assert np.abs(force - lagrange).max() <= 1e-10 * scale
    assert np.abs(C @ flat - d).max() <= 1e-12
    assert room.min() >= -1e-12
    assert model.inequality_multipliers_.min() >= 0
    assert np.abs(model.inequality_multipliers_ * room).max() <= 1e-10 * scale
    assert 0 < np.count_nonzero(model.inequality_multipliers_) < len(e)


def test_equations_against_the_bordered_system():
    rng, X, Y = given(1)
    C, d = rng.normal(size=(5, M * P)), rng.normal(size=5)
    hessian = np.kron(np.eye(M), X.T @ X)
    bordered = np.block([[hessian, C.T], [C, np.zeros((5, 5))]])
    expected = np.linalg.solve(bordered, np.concatenate(((X.T @ Y).T.ravel(), d)))[: M * P].reshape(M, P)
    coef = unthresholded(constraint_lhs=C, constraint_rhs=d).fit(X, Y).coef_
    np.testing.assert_allclose(coef, expected, rtol=1e-9, atol=1e-11)


def test_bounds_against_lsq_linear():
    _, X, Y = given(2)
    y = Y[:, 0]
    below = np.linalg.lstsq(X, y)[0] - np.array([0.1, -0.2, 0.05, 1.0, 0.0, -0.3, 0.2])
    expected = lsq_linear(X, y, bounds=(-np.inf, below), tol=1e-15).x
    model = unthresholded(inequality_lhs=np.eye(P), inequality_rhs=below).fit(X, y)
    np.testing.assert_allclose(model.coef_, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_inequalities_against_slsqp(seed):
    rng, X, Y = given(seed)
    X = X / np.linalg.norm(X, axis=0)
    C, d = rng.normal(size=(2, M * P)), rng.normal(size=2)
    E, e = rng.normal(size=(6, M * P)), rng.normal(size=6)

    def squares(flat):
        return 0.5 * np.sum((Y - X @ flat.reshape(M, P).T) ** 2)

    def slope(flat):
        return -(X.T @ (Y - X @ flat.reshape(M, P).T)).T.ravel()

    found = minimize(
        squares, np.zeros(M * P), jac=slope, method="SLSQP", options={"maxiter": 1000, "ftol": 1e-15},
        constraints=[LinearConstraint(C, d, d), LinearConstraint(E, -np.inf, e)],
    )  # fmt: skip
    model = unthresholded(constraint_lhs=C, constraint_rhs=d, inequality_lhs=E, inequality_rhs=e).fit(X, Y)
    np.testing.assert_allclose(model.coef_.ravel(), found.x, rtol=1e-4, atol=1e-5)
    assert squares(model.coef_.ravel()) <= found.fun * (1 + 1e-10)


def test_inactive_constraints_change_nothing():
    rng, X, Y = given(3)
    free = ConstrainedSTLSQ().fit(X, Y)
    E = rng.normal(size=(5, M * P))
    bound = E @ ConstrainedSTLSQ(threshold=0.0).fit(X, Y).coef_.ravel()
    room = np.maximum(np.abs(bound), np.abs(E @ free.coef_.ravel())) + 10.0
    loose = ConstrainedSTLSQ(inequality_lhs=E, inequality_rhs=room).fit(X, Y)
    np.testing.assert_allclose(loose.coef_, free.coef_, rtol=1e-12, atol=1e-14)
    assert not loose.inequality_multipliers_.any()


def test_without_constraints_it_is_thresholded_ridge_regression():
    _, X, Y = given(4)
    support = np.ones((M, P), bool)
    for _ in range(20):
        for row, y in zip(support, Y.T, strict=True):
            chosen = X[:, row]
            ridge = np.linalg.solve(chosen.T @ chosen + 0.05 * np.eye(row.sum()), chosen.T @ y)
            row[np.flatnonzero(row)[np.abs(ridge) < 0.02]] = False
    coef = ConstrainedSTLSQ(threshold=0.02).fit(X, Y).coef_
    np.testing.assert_array_equal(coef != 0, support)
    for row, y, found in zip(support, Y.T, coef, strict=True):
        np.testing.assert_allclose(found[row], np.linalg.lstsq(X[:, row], y)[0], rtol=1e-9)


def test_both_orders_say_the_same():
    rng, X, Y = given(5)
    C, d = rng.normal(size=(3, M * P)), rng.normal(size=3)
    by_feature = C.reshape(3, M, P).transpose(0, 2, 1).reshape(3, -1)
    one = ConstrainedSTLSQ(constraint_lhs=C, constraint_rhs=d).fit(X, Y)
    other = ConstrainedSTLSQ(constraint_lhs=by_feature, constraint_rhs=d, constraint_order="feature").fit(X, Y)
    np.testing.assert_array_equal(one.coef_, other.coef_)


def test_redundant_rows_change_nothing():
    rng, X, Y = given(6)
    C, d = rng.normal(size=(3, M * P)), rng.normal(size=3)
    more, values = np.vstack((C, C[0] - 2 * C[1], C[2])), np.r_[d, d[0] - 2 * d[1], d[2]]
    one = unthresholded(constraint_lhs=C, constraint_rhs=d).fit(X, Y)
    other = unthresholded(constraint_lhs=more, constraint_rhs=values).fit(X, Y)
    np.testing.assert_allclose(other.coef_, one.coef_, rtol=1e-10, atol=1e-12)


def test_dependent_columns_that_constraints_tell_apart():
    rng = np.random.default_rng(7)
    x = rng.normal(size=100)
    X = np.stack([x, x, rng.normal(size=100)], axis=1)
    y = 3.0 * x + X[:, 2]
    model = unthresholded(constraint_lhs=[[1.0, -2.0, 0.0]], constraint_rhs=[0.0]).fit(X, y)
    np.testing.assert_allclose(model.coef_, [2.0, 1.0, 1.0], rtol=1e-9)


def test_terms_that_the_constraints_need_stay():
    _, X, Y = given(8)
    rows = np.zeros((1, P))
    rows[0, [1, 4]] = 1.0
    model = ConstrainedSTLSQ(threshold=50.0, constraint_lhs=rows, constraint_rhs=[0.5]).fit(X, Y[:, 0])
    assert model.coef_[1] + model.coef_[4] == pytest.approx(0.5, abs=1e-15)
    assert np.count_nonzero(model.coef_) == 1
    at_least = ConstrainedSTLSQ(threshold=50.0, inequality_lhs=-rows, inequality_rhs=[-0.5]).fit(X, Y[:, 0])
    assert at_least.coef_[1] + at_least.coef_[4] >= 0.5 - 1e-12


def test_lorenz_conserves_energy_in_its_quadratic_part():
    states, slopes, _ = sampled("lorenz63")
    noisy = slopes + 5.0 * np.random.default_rng(0).standard_normal(slopes.shape)
    library = PolynomialLibrary(degree=2)
    lhs, rhs = energy_preserving_constraints(library, 3)
    assert lhs.shape == (10, 30)
    model = SINDy(library, ConstrainedSTLSQ(constraint_lhs=lhs, constraint_rhs=rhs))
    model.fit(states, x_dot=noisy, feature_names=["x", "y", "z"])
    truth = coefficients(model.feature_names_, TRUTHS["lorenz63"])
    np.testing.assert_array_equal(model.coef_ != 0, truth != 0)
    assert model.coef_[2, 5] == pytest.approx(-model.coef_[1, 6], abs=1e-14)  # x y in z', x z in y'
    points = np.random.default_rng(1).normal(size=(50, 3))
    quadratic = library.fit_transform(points)[:, 4:] @ model.coef_[:, 4:].T
    np.testing.assert_allclose(np.sum(points * quadratic, axis=1), 0.0, atol=1e-12)


def test_energy_rows_are_the_cubic_form_of_random_models():
    library = PolynomialLibrary(degree=3)
    lhs, _ = energy_preserving_constraints(library, 3, degree=3)
    coef = np.random.default_rng(0).normal(size=(3, 20))
    coef -= (np.linalg.pinv(lhs) @ (lhs @ coef.ravel())).reshape(3, 20)
    x = np.random.default_rng(1).normal(size=(40, 3))
    cubic = library.fit_transform(x)[:, 10:] @ coef[:, 10:].T
    np.testing.assert_allclose(np.sum(x * cubic, axis=1), 0.0, atol=1e-12)


@pytest.mark.parametrize("matrix", [np.diag([-1.0, -1.0, 1.0]), np.roll(np.eye(3), 1, axis=0)])
def test_symmetric_models_commute_with_the_transformation(matrix):
    library = PolynomialLibrary(degree=3)
    lhs, rhs = symmetry_constraints(library, matrix)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    model = SINDy(library, ConstrainedSTLSQ(0.0, 0.0, constraint_lhs=lhs, constraint_rhs=rhs))
    model.fit(X, x_dot=rng.normal(size=(200, 3)))
    np.testing.assert_allclose(model.predict(X @ matrix.T), model.predict(X) @ matrix.T, rtol=0, atol=1e-12)


def test_rotation_of_a_plane():
    turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    lhs, rhs = symmetry_constraints(PolynomialLibrary(degree=3), turn)
    # Of all planar models of degree 3 those left are linear and cubic in the radius: (a + b r^2) x and a turned one.
    assert 20 - np.linalg.matrix_rank(lhs, tol=1e-8) == 4
    assert not rhs.any()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"threshold": -1.0}, "threshold"),
        ({"alpha": np.nan}, "alpha"),
        ({"max_iter": 0}, "max_iter"),
        ({"constraint_order": "row"}, "constraint_order"),
        ({"constraint_lhs": np.ones((1, 3))}, "constraint_rhs"),
        ({"constraint_rhs": [1.0]}, "constraint_lhs"),
        ({"constraint_lhs": np.ones((1, 4)), "constraint_rhs": [1.0]}, "constraint_lhs"),
        ({"constraint_lhs": np.ones((1, 3)), "constraint_rhs": [1.0, 2.0]}, "constraint_rhs"),
        ({"inequality_lhs": np.ones(3), "inequality_rhs": [1.0]}, "inequality_lhs"),
        ({"inequality_lhs": [[np.inf, 0, 0]], "inequality_rhs": [1.0]}, "not finite"),
        ({"constraint_lhs": np.ones((2, 3)), "constraint_rhs": [1.0, 2.0]}, "no coefficients satisfy"),
        ({"inequality_lhs": [[1.0, 0, 0], [-1.0, 0, 0]], "inequality_rhs": [-1.0, -1.0]}, "no coefficients satisfy"),
        ({"constraint_lhs": np.zeros((1, 3)), "constraint_rhs": [1.0]}, "no coefficients satisfy"),
    ],
)
def test_mistakes_are_named(options, named):
    X = np.random.default_rng(0).normal(size=(20, 3))
    with pytest.raises(ValueError, match=named):
        ConstrainedSTLSQ(**options).fit(X, X[:, 0])


class SquareOfTheFirst(Library):
    def terms(self, n_inputs):
        return (((Generator((0,)), 2),),)


def test_helpers_name_mistakes():
    with pytest.raises(ValueError, match="degree 2"):
        energy_preserving_constraints(PolynomialLibrary(degree=1), 2)
    with pytest.raises(ValueError, match="inputs"):
        energy_preserving_constraints(SquareOfTheFirst(), 2)
    with pytest.raises(ValueError, match="square"):
        symmetry_constraints(PolynomialLibrary(), np.ones((2, 3)))
    with pytest.raises(ValueError, match="library"):
        symmetry_constraints(FourierLibrary(), [[1.0, 1.0], [0.0, 1.0]])


def test_clone_keeps_the_constraints():
    lhs = np.ones((1, 3))
    model = clone(ConstrainedSTLSQ(constraint_lhs=lhs, constraint_rhs=[0.0]))
    np.testing.assert_array_equal(model.constraint_lhs, lhs)


def test_everything_below_the_threshold_is_told():
    _, X, Y = given()
    with pytest.warns(EliminationWarning, match=r"threshold: is 1000.0.*no term of target 0, 1, 2"):
        model = ConstrainedSTLSQ(threshold=1000.0).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), 0.0)
