"""Rational equations are found exactly where samples are exact, and closely where they are not."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import curve_fit
from sklearn.base import clone

from fastsci.sparse._relations import relations_by_elimination
from fastsci.sparse.differentiation import Spline
from fastsci.sparse.implicit import ImplicitSINDy
from fastsci.sparse.libraries import CustomLibrary, PolynomialLibrary
from fastsci.sparse.sindy import SINDy
from fastsci.sparse.thresholding import STLSQ


def table(model, state):
    """Terms of a state's numerator and denominator."""
    return tuple(
        {name: value for name, value in zip(names, coef[state], strict=True) if value}
        for names, coef in (
            (model.numerator_names_, model.numerator_),
            (model.denominator_names_, model.denominator_),
        )
    )


def equal(found, expected, rtol):
    for mine, truth in zip(found, expected, strict=True):
        assert set(mine) == set(truth)
        for name, value in truth.items():
            assert mine[name] == pytest.approx(value, rel=rtol)


def michaelis_menten(x):
    """Influx 0.6, largest rate 1.5, half saturation 0.3."""
    return 0.6 - 1.5 * x / (0.3 + x)


ENZYME = {"1": 0.6, "x": (0.6 - 1.5) / 0.3}, {"1": 1.0, "x": 1 / 0.3}


def switch(states):
    """Two genes that repress each other (Gardner, Cantor & Collins, Nature 403 (2000) 339), exponents of 2."""
    u, v = np.moveaxis(states, -1, 0)
    return np.stack([3.0 / (1 + v * v) - u, 2.5 / (1 + u * u) - v], axis=-1)


GENES = (
    ({"1": 3.0, "u": -1.0, "u v^2": -1.0}, {"1": 1.0, "v^2": 1.0}),
    ({"1": 2.5, "v": -1.0, "u^2 v": -1.0}, {"1": 1.0, "u^2": 1.0}),
)


def pendulum(states):
    """A pendulum of unit mass and length on a cart of unit mass that rolls freely: its angle and rate."""
    angle, rate = np.moveaxis(states, -1, 0)
    sin, cos = np.sin(angle), np.cos(angle)
    return np.stack([rate, -(rate**2 * sin * cos + 19.62 * sin) / (1 + sin**2)], axis=-1)


@pytest.mark.parametrize(("above", "below"), [(1, 1), (2, 1), (3, 2), (4, 3)])
def test_michaelis_menten(above, below):
    x = np.linspace(0.05, 2.0, 200)[:, None]
    model = ImplicitSINDy(PolynomialLibrary(above), PolynomialLibrary(below))
    model.fit(x, x_dot=michaelis_menten(x), feature_names=["x"])
    equal(table(model, 0), ENZYME, 1e-9)
    assert model.errors_[0] < 1e-12
    new = np.linspace(0.0, 5.0, 40)[:, None]
    np.testing.assert_allclose(model.predict(new), michaelis_menten(new), rtol=1e-9, atol=1e-12)
    assert model.score(x, x_dot=michaelis_menten(x)) == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize(("above", "below"), [(3, 2), (4, 3)])
def test_two_genes(above, below):
    states = np.random.default_rng(1).uniform(0, 4, (2000, 2))
    model = ImplicitSINDy(PolynomialLibrary(above), PolynomialLibrary(below))
    model.fit(states, x_dot=switch(states), feature_names=["u", "v"])
    for state, truth in enumerate(GENES):
        equal(table(model, state), truth, 1e-8)


def test_pendulum_on_a_cart():
    forces = CustomLibrary(
        [
            lambda a, b: math.sin(a),
            lambda a, b: math.cos(a),
            lambda a, b: b * b * math.sin(a),
            lambda a, b: b * b * math.sin(a) * math.cos(a),
        ],
        names=["sin", "cos", "b^2 sin", "b^2 sin cos"],
    )
    inertia = CustomLibrary(
        [lambda a, b: math.cos(a), lambda a, b: math.sin(a) * math.sin(a)], names=["cos", "sin^2"], include_bias=True
    )
    states = np.random.default_rng(0).uniform(-2, 2, (1500, 2))
    model = ImplicitSINDy(PolynomialLibrary(1) + forces, inertia)
    model.fit(states, x_dot=pendulum(states), feature_names=["a", "b"])
    equal(table(model, 0), ({"b": 1.0}, {"1": 1.0}), 1e-9)
    equal(table(model, 1), ({"sin": -19.62, "b^2 sin cos": -1.0}, {"1": 1.0, "sin^2": 1.0}), 1e-9)


def test_noisy_derivatives():
    states = np.random.default_rng(1).uniform(0, 4, (5000, 2))
    slopes = switch(states) + 1e-2 * np.random.default_rng(2).standard_normal((5000, 2))
    model = ImplicitSINDy(PolynomialLibrary(3), PolynomialLibrary(2)).fit(
        states, x_dot=slopes, feature_names=["u", "v"]
    )
    for state, truth in enumerate(GENES):
        equal(table(model, state), truth, 1e-2)


def test_refinement_takes_the_bias_of_noisy_columns_away():
    x = np.linspace(0.05, 2.0, 20_000)[:, None]
    slope = michaelis_menten(x) + 0.05 * np.random.default_rng(0).standard_normal(x.shape)
    fits = [ImplicitSINDy(PolynomialLibrary(1), refine=refine).fit(x, x_dot=slope) for refine in (True, False)]
    truth = np.array([0.6, -3.0])
    refined, relation = (np.abs(model.numerator_[0] / truth - 1).max() for model in fits)
    assert refined < 0.01
    assert relation > 0.2
    expected, _ = curve_fit(lambda x, a, b, c: (a + b * x) / (1 + c * x), x[:, 0], slope[:, 0], p0=[1.0, -1.0, 1.0])
    np.testing.assert_allclose([*fits[0].numerator_[0], fits[0].denominator_[0, 1]], expected, rtol=1e-5)


def trajectories_of(slope, starts, t):
    def rhs(_, y):
        return slope(y)

    return [solve_ivp(rhs, (0, t[-1]), y, "DOP853", t, rtol=1e-12, atol=1e-12).y.T for y in starts]


def test_several_noisy_trajectories_by_smoothing():
    t = np.linspace(0, 4, 801)
    clean = trajectories_of(michaelis_menten, ([2.5], [1.5], [0.02]), t)
    rng = np.random.default_rng(0)
    noisy = [x + 1e-3 * rng.standard_normal(x.shape) for x in clean]
    model = ImplicitSINDy(PolynomialLibrary(1), PolynomialLibrary(1), differentiation=Spline())
    model.fit(noisy, t=t[1], feature_names=["x"])
    equal(table(model, 0), ENZYME, 1e-2)


def test_simulation_follows_the_system():
    t = np.linspace(0, 6, 61)
    starts = ([0.5, 3.0], [3.0, 0.5], [1.0, 1.2])
    paths = trajectories_of(switch, starts, t)
    model = ImplicitSINDy(PolynomialLibrary(3), PolynomialLibrary(2))
    model.fit(paths, x_dot=[switch(path) for path in paths], feature_names=["u", "v"])
    found = model.simulate(starts, t)
    np.testing.assert_allclose(found, paths, atol=1e-6)
    assert model.to_system(name="genes").name == "genes"


def test_an_optimizer_fits_the_candidates():
    states = np.random.default_rng(1).uniform(0, 4, (2000, 2))
    model = ImplicitSINDy(PolynomialLibrary(3), PolynomialLibrary(2), STLSQ(threshold=1e-3, alpha=0.0))
    model.fit(states, x_dot=switch(states), feature_names=["u", "v"])
    for state, truth in enumerate(GENES):
        equal(table(model, state), truth, 1e-8)


def test_controls_stand_beside_the_states():
    rng = np.random.default_rng(0)
    x, u = rng.uniform(0.1, 2.0, (2, 500, 1))
    slope = u - 1.5 * x / (0.3 + x)
    model = ImplicitSINDy().fit(x, x_dot=slope, u=u, feature_names=["x", "u"])
    equal(table(model, 0), ({"u": 1.0, "x": -5.0, "x u": 1 / 0.3}, {"1": 1.0, "x": 1 / 0.3}), 1e-9)
    np.testing.assert_allclose(model.predict(x, u), slope, rtol=1e-9, atol=1e-12)
    path = model.simulate([1.0], [0.0, 1.0, 2.0], control=[0.6])
    (expected,) = trajectories_of(michaelis_menten, ([1.0],), np.array([0.0, 1.0, 2.0]))
    np.testing.assert_allclose(path, expected, rtol=1e-7)


def test_polynomial_equations_need_no_denominator():
    states = np.random.default_rng(0).normal(size=(300, 2))
    slopes = np.stack([states[:, 1], -states[:, 0] + 0.5 * states[:, 1]], axis=1)
    model = ImplicitSINDy().fit(states, x_dot=slopes)
    np.testing.assert_array_equal(model.denominator_, [[1.0, 0.0, 0.0]] * 2)
    np.testing.assert_allclose(model.numerator_[:, 1:3], [[0.0, 1.0], [-1.0, 0.5]], atol=1e-12)
    assert model.complexity == 5
    assert model.equations(2) == ["x0' = (1.00 x1) / (1.00)", "x1' = (-1.00 x0 + 0.50 x1) / (1.00)"]


def test_the_gram_matrix_would_have_lost_the_relation():
    """Libraries of degree 6 on a short interval: the condition number of the columns is beyond 1e8."""
    x = np.linspace(0.5, 1.5, 400)[:, None]
    library = PolynomialLibrary(6)
    assert np.linalg.cond(library.fit_transform(x)) > 1e5
    model = ImplicitSINDy(library, PolynomialLibrary(5)).fit(x, x_dot=michaelis_menten(x), feature_names=["x"])
    equal(table(model, 0), ENZYME, 1e-7)


def test_relations_are_least_squares_of_every_column():
    columns = np.random.default_rng(0).normal(size=(50, 4))
    columns /= np.linalg.norm(columns, axis=0)
    relations = relations_by_elimination(np.linalg.qr(columns, mode="r"))
    assert len(relations) == 2 * 3 * 4
    for relation in relations:
        left = int(np.flatnonzero(relation == -1.0)[0])
        rest = np.flatnonzero((relation != 0) & (np.arange(4) != left))
        expected = np.linalg.lstsq(columns[:, rest], columns[:, left])[0]
        np.testing.assert_allclose(relation[rest], expected, rtol=1e-10)
    sizes = np.count_nonzero(relations, axis=1) - 1
    np.testing.assert_array_equal(np.bincount(sizes), [0, 8, 8, 8])


def test_removal_by_residual_finds_the_best_neighbour():
    columns = np.random.default_rng(1).normal(size=(60, 5)) @ np.random.default_rng(2).normal(size=(5, 5))
    columns /= np.linalg.norm(columns, axis=0)
    relations = relations_by_elimination(np.linalg.qr(columns, mode="r"))
    first, second = relations[:5], relations[5:10]  # of 4 and of 3 other columns, by residual
    for left in range(5):
        rest = np.flatnonzero(np.arange(5) != left)
        residuals = []
        for without in rest:
            kept = rest[rest != without]
            coef = np.linalg.lstsq(columns[:, kept], columns[:, left])[0]
            residuals.append(np.sum((columns[:, left] - columns[:, kept] @ coef) ** 2))
        assert first[left, rest].all()
        assert second[left, rest[np.argmin(residuals)]] == 0


def test_samples_that_are_not_finite():
    x = np.linspace(0.05, 2.0, 200)[:, None]
    slope = michaelis_menten(x)
    slope[7] = np.inf
    with pytest.raises(ValueError, match="x_dot: row 7"):
        ImplicitSINDy().fit(x, x_dot=slope)
    model = ImplicitSINDy(drop_nan=True).fit(x, x_dot=slope, feature_names=["x"])
    equal(table(model, 0), ENZYME, 1e-9)


@pytest.mark.parametrize(
    ("options", "error", "named"),
    [
        ({"slack": -1.0}, ValueError, "slack"),
        ({"tolerance": np.nan}, ValueError, "tolerance"),
        ({"optimizer": object()}, TypeError, "optimizer"),
        ({"derivative_library": PolynomialLibrary(0, include_bias=False)}, ValueError, "derivative_library"),
        ({"library": PolynomialLibrary(-1)}, ValueError, "degree"),
    ],
)
def test_mistakes_are_named(options, error, named):
    x = np.linspace(0.05, 2.0, 50)[:, None]
    with pytest.raises(error, match=named):
        ImplicitSINDy(**options).fit(x, x_dot=x)


def test_parameters_as_scikit_learn_has_them():
    model = clone(ImplicitSINDy(PolynomialLibrary(4), slack=0.5)).set_params(library__degree=3, tolerance=1e-4)
    assert (model.library.degree, model.slack, model.tolerance) == (3, 0.5, 1e-4)


def test_explicit_equations_cannot_say_it():
    x = np.linspace(0.05, 2.0, 200)[:, None]
    explicit = SINDy(PolynomialLibrary(2), STLSQ(threshold=1e-3)).fit(x, x_dot=michaelis_menten(x))
    assert explicit.score(x, x_dot=michaelis_menten(x)) < 0.99
