"""A model written out as a function is the model: its values, derivatives, runs and exponents."""

import math

import numpy as np
import pytest

import fastsci
from fastsci.sparse.libraries import CustomLibrary, FourierLibrary, PolynomialLibrary
from fastsci.sparse.model_system import model_parameters, model_support, simulate, to_system
from fastsci.sparse.standard_errors import standard_errors
from fastsci_kernels.regress import features

NAMES = ["x", "y", "z"]
QUADRATIC = PolynomialLibrary(degree=2).terms(3)
LORENZ = np.zeros((3, 10))
LORENZ[0, [1, 2]] = -10.0, 10.0
LORENZ[1, [1, 2, 6]] = 28.0, -1.0, -1.0
LORENZ[2, [3, 5]] = -8 / 3, 1.0
EXPONENTS = 0.9056, 0.0, -14.5723  # Sprott, Chaos and Time-Series Analysis (Oxford, 2003), p. 431
RK4 = {"method": "RK4", "dt": 0.01}


@pytest.fixture(scope="module")
def lorenz():
    return to_system(LORENZ, QUADRATIC, NAMES, 3, default_y0=[1.0, 1.0, 20.0], dt=0.01)


def saturating(x, y):
    return x / (1.0 + y * y)


@pytest.mark.parametrize("n_states", [1, 3, 18])
def test_the_function_has_the_values_of_the_library(n_states):
    library = PolynomialLibrary(degree=1 if n_states > 3 else 3) + FourierLibrary(include_cos=n_states == 3)
    if n_states == 3:
        library = library + CustomLibrary([saturating, lambda x: math.exp(-x * x)])
    terms = library.terms(n_states)
    rng = np.random.default_rng(n_states)
    coef = rng.normal(size=(n_states, len(terms))) * (rng.random((n_states, len(terms))) < 0.4)
    points = rng.uniform(-2.0, 2.0, (50, n_states))
    model = to_system(coef, terms, [f"x{i}" for i in range(n_states)], n_states)
    assert model.style == ("inplace" if n_states > 16 else "tuple")
    wanted = features.combined(library.plan(n_states), points, coef)
    columns = np.abs(library.transform(points)) @ np.abs(coef.T)
    assert (np.abs(model.rhs(0.0, points) - wanted) <= 1e-14 * (1.0 + columns)).all()


def test_each_product_is_taken_once_and_terms_of_zero_are_not_there(lorenz):
    assert lorenz.fun.__doc__.splitlines() == [
        "def discovered(t, state, params):",
        "    x, y, z = state",
        "    return (",
        "        -10.0 * x + 10.0 * y,",
        "        28.0 * x - 1.0 * y - 1.0 * (x * z),",
        "        -2.6666666666666665 * z + 1.0 * (x * y),",
        "    )",
    ]
    for others in ([4], [8]):
        shared = np.zeros((2, 10))
        shared[0, 4], shared[1, others] = 1.5, 2.0  # x y in one equation, x y or x y^2 in the other
        text = to_system(shared, PolynomialLibrary(degree=3).terms(2), ["x", "y"], 2).fun.__doc__
        assert text.count("x * y") == 1


def test_coefficients_keep_every_bit():
    value = 0.1 + 2.0**-55 + 1e-17
    model = to_system([[0.0, -value]], PolynomialLibrary(degree=1).terms(1), ["x"], 1)
    assert model.rhs(0.0, [1.0])[0] == -value


def test_lorenz_runs_on_lanes_as_the_one_of_the_catalogue(lorenz):
    y0 = np.random.default_rng(0).normal((0.0, 0.0, 25.0), size=(1000, 3))
    found = fastsci.solve_ensemble(lorenz, (0.0, 1.0), y0, **RK4)
    wanted = fastsci.solve_ensemble(fastsci.systems.lorenz63, (0.0, 1.0), y0, **RK4)
    assert found.path == "lanes"
    np.testing.assert_allclose(found.y_final, wanted.y_final, rtol=1e-9, atol=1e-9)


def test_exponents_are_those_of_lorenz(lorenz):
    y0 = np.random.default_rng(1).normal((0.0, 0.0, 25.0), size=(16, 3))
    found = fastsci.lyapunov_spectrum(lorenz, y0=y0, dt=0.01, t_transient=50.0, t_total=1000.0)
    np.testing.assert_allclose(found.exponents.mean(axis=0), EXPONENTS, atol=0.01)
    # Their sum is the divergence of the flow, but for the method's error of order dt^4.
    assert found.exponents.sum(axis=1) == pytest.approx(np.full(16, -10 - 1 - 8 / 3), abs=5e-4)


def test_tangents_are_those_of_the_equations(lorenz):
    x, y, z = state = [1.5, -2.0, 20.0]
    jacobian = [[-10, 10, 0], [28 - z, -1, -x], [y, x, -8 / 3]]
    np.testing.assert_allclose(fastsci.jacobian(lorenz, state), jacobian, rtol=1e-15)


def test_bootstrapped_models_run_as_members_of_one_system():
    rng = np.random.default_rng(0)
    models = LORENZ * (1.0 + 0.01 * rng.normal(size=(5, 3, 10)))
    models[2, 2, 9] = 0.001  # a term that one model alone has
    model = to_system(models, QUADRATIC, NAMES, 3, parameters=True)
    assert list(model.params) == ["x: x", "x: y", "y: x", "y: y", "y: x z", "z: z", "z: x y", "z: z^2"]
    assert list(model.params.values()) == model_parameters(np.median(models, axis=0), model_support(models)).tolist()
    y0 = [1.0, 1.0, 20.0]
    params = model_parameters(models)
    together = fastsci.solve_ensemble(model, (0.0, 2.0), y0, params=params, **RK4)
    assert together.path == "lanes"
    for place in (0, 2):
        lone = to_system(models[place], QUADRATIC, NAMES, 3)
        alone = fastsci.solve_ensemble(lone, (0.0, 2.0), y0, **RK4)
        np.testing.assert_allclose(together.y_final[place], alone.y_final[0], rtol=1e-10)


def test_models_of_one_library_share_their_text():
    every = np.ones_like(LORENZ, bool)
    first = to_system(LORENZ, QUADRATIC, NAMES, 3, parameters=True, support=every)
    other = to_system(2 * LORENZ[::-1], QUADRATIC, NAMES, 3, parameters=True, support=every)
    assert first.fun.__doc__ == other.fun.__doc__
    point = [1.0, -2.0, 3.0]
    np.testing.assert_allclose(first.rhs(0.0, point), to_system(LORENZ, QUADRATIC, NAMES, 3).rhs(0.0, point))


def test_more_parameters_than_a_tuple_holds_run_with_chosen_steps():
    coef = np.zeros((1, 34))
    coef[0, 1] = -1.0
    terms = PolynomialLibrary(degree=33).terms(1)
    decay = to_system(coef, terms, ["x"], 1, parameters=True, support=np.ones_like(coef, bool))
    assert len(decay.params) == 34
    members = np.repeat(model_parameters(coef, np.ones_like(coef, bool))[np.newaxis], 3, axis=0)
    members[:, 1] = -1.0, -2.0, -3.0
    found = simulate(decay, [[0.5]] * 3, [0.0, 0.5, 1.0], method="Tsit5", params=members)
    np.testing.assert_allclose(found[:, 2, 0], 0.5 * np.exp(members[:, 1]), rtol=1e-7)


LINEAR = PolynomialLibrary(degree=1).terms(2)
DRIVEN = [[0.0, -1.0, 1.0]]  # x' = f - x


def driven(control, params=None):
    model = to_system(DRIVEN, LINEAR, ["x", "f"], 1, control=control)
    times = np.linspace(0.0, 3.0, 7)
    return times, simulate(model, [2.0], times, method="RK4", dt=0.005, params=params)[:, 0]


def test_a_control_that_is_held_is_a_parameter():
    for control, params in ((None, {"f": 0.5}), ([0.5], None), ((0.5,), None)):
        times, x = driven(control, params)
        np.testing.assert_allclose(x, 0.5 + 1.5 * np.exp(-times), rtol=1e-10)
    with pytest.raises(ValueError, match="no default for 'f'"):
        driven(None)


def test_a_control_that_is_a_function_is_compiled_in():
    times, x = driven(lambda t: math.sin(t))
    np.testing.assert_allclose(x, 0.5 * (np.sin(times) - np.cos(times)) + 2.5 * np.exp(-times), rtol=1e-9)


def test_a_control_that_was_sampled_lies_on_straight_lines_and_then_stays():
    samples = np.array([0.0, 0.7, 1.0, 2.0])
    times, x = driven((samples, 3.0 * samples[:, np.newaxis]))
    early = times <= 2.0
    rising = 3.0 * (times - 1.0) + 5.0 * np.exp(-times)
    np.testing.assert_allclose(x[early], rising[early], rtol=1e-9)
    at_two = 3.0 + 5.0 * np.exp(-2.0)
    np.testing.assert_allclose(x[~early], 6.0 + (at_two - 6.0) * np.exp(2.0 - times[~early]), rtol=1e-9)


@pytest.mark.parametrize("names", [["t", "u"], ["2nd", "a b"], ["lambda", "x"], ["q0", "g1"], ["u", "p"]])
def test_names_of_states_need_not_be_names_of_variables(names):
    coef = [[0, 0, 0, 1, 2, 0], [0, 3, 0, 1, 0, 0]]
    model = to_system(coef, PolynomialLibrary(degree=2).terms(2), names, 2)
    assert model.state == tuple(names)
    np.testing.assert_array_equal(model.rhs(0.0, [2.0, 5.0]), [24.0, 10.0])


def test_states_of_one_name_are_refused():
    with pytest.raises(ValueError, match="state: names x more than once"):
        to_system([[0.0, 1.0, 0.0]] * 2, LINEAR, ["x", "x"], 2)


def test_a_map_iterates():
    logistic = to_system([[0.0, 3.9, -3.9]], PolynomialLibrary(degree=2).terms(1), ["x"], 1, kind="map")
    x, wanted = 0.3, []
    for _ in range(20):
        wanted.append(x)
        x = 3.9 * x - 3.9 * (x * x)
    found = simulate(logistic, [0.3], 20)
    assert found.shape == (20, 1)
    np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-9)
    np.testing.assert_array_equal(simulate(logistic, [0.3], np.arange(20)), found)


def test_a_member_that_explodes_is_nan_from_there_and_harms_no_other():
    growth = to_system([[0.0, 0.0, 1.0]], PolynomialLibrary(degree=2).terms(1), ["x"], 1)
    times = np.linspace(0.0, 2.0, 9)
    both = simulate(growth, [[1.0], [-1.0]], times, method="Tsit5")
    assert both.shape == (2, 9, 1)
    np.testing.assert_allclose(both[0, times < 1, 0], 1.0 / (1.0 - times[times < 1]), rtol=1e-7)
    assert np.isnan(both[0, times > 1.01]).all()
    np.testing.assert_allclose(both[1, :, 0], -1.0 / (1.0 + times), rtol=1e-7)
    np.testing.assert_array_equal(simulate(growth, [-1.0], times, method="Tsit5"), both[1])


def test_an_equation_without_terms_stands_still(lorenz):
    coef = LORENZ.copy()
    coef[1] = 0.0
    still = to_system(coef, QUADRATIC, NAMES, 3)
    found = simulate(still, [1.0, 3.0, 20.0], [0.0, 0.5, 1.0], **RK4)
    np.testing.assert_array_equal(found[:, 1], 3.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"coef": LORENZ[:, :9]}, r"coef: has shape \(3, 9\), expected \(3, 10\)"),
        ({"coef": LORENZ[None]}, "several models make a system with parameters=True"),
        ({"coef": np.where(LORENZ == 0, np.nan, LORENZ)}, "coef: holds nan or inf"),
        ({"support": LORENZ == 28.0}, r"support: has shape \(3, 10\), expected \(3, 10\) and every coefficient"),
        ({"input_names": ["x", "y"]}, "coef: has shape"),
    ],
)
def test_what_does_not_fit_is_named(change, said):
    given = {"coef": LORENZ, "terms": QUADRATIC, "input_names": NAMES, "n_states": 3, **change}
    with pytest.raises(ValueError, match=said):
        to_system(**given)


@pytest.mark.parametrize(
    ("control", "said"),
    [
        ([1.0, 2.0], r"control: has shape \(2,\), expected \(1,\) constants for f"),
        (([0.0, 1.0], [[1.0, 2.0], [3.0, 4.0]]), r"expected \(n_times,\) and \(n_times, 1\)"),
        (([0.0, 1.0, 0.5], [1.0, 2.0, 3.0]), "control: expected finite values at increasing times"),
    ],
)
def test_controls_that_do_not_fit_are_named(control, said):
    with pytest.raises(ValueError, match=said):
        to_system(DRIVEN, LINEAR, ["x", "f"], 1, control=control)


def test_times_that_do_not_fit_are_named(lorenz):
    with pytest.raises(ValueError, match=r"t_eval: has shape \(2,\), expected at least 2 increasing times"):
        simulate(lorenz, [1.0, 1.0, 20.0], [1.0, 0.0])
    logistic = to_system([[0.0, 3.9, -3.9]], PolynomialLibrary(degree=2).terms(1), ["x"], 1, kind="map")
    with pytest.raises(ValueError, match="t_eval: expected iterations 0, 1, 2"):
        simulate(logistic, [0.3], [0.0, 0.5])


def test_standard_errors_are_how_far_coefficients_scatter():
    from fastsci.sparse._problem import NormalEquations

    rng = np.random.default_rng(0)
    theta = rng.normal(size=(200, 3)) @ [[1.0, 0.7, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 30.0]]
    truth = np.array([[2.0, -1.0, 0.0]])
    found, said = [], []
    for _ in range(2000):
        problem = NormalEquations.of(theta, theta @ truth.T + 0.3 * rng.normal(size=(200, 1)))
        found.append(problem.solve_all(truth != 0)[0])
        said.append(standard_errors(problem, found[-1][np.newaxis])[0])
    np.testing.assert_allclose(np.mean(said, axis=0), np.std(found, axis=0), rtol=0.06)
    exact = NormalEquations.factorised(theta, theta @ truth.T + 0.3 * rng.normal(size=(200, 1)))
    sums = NormalEquations(exact.gram, exact.cross, exact.squares, exact.n_samples)
    np.testing.assert_allclose(standard_errors(exact, truth), standard_errors(sums, truth), rtol=1e-9)


def test_standard_errors_need_samples_and_terms_that_differ():
    from fastsci.sparse._problem import NormalEquations

    theta = np.random.default_rng(0).normal(size=(3, 3))
    assert np.isnan(standard_errors(NormalEquations.of(theta, theta[:, :1]), np.ones((1, 3)))).all()
    twice = np.hstack((np.ones((9, 1)), np.ones((9, 1))))
    assert np.isnan(standard_errors(NormalEquations.of(twice, twice[:, :1]), np.ones((1, 2)))).all()
    assert (standard_errors(NormalEquations.of(twice, twice[:, :1]), np.zeros((1, 2))) == 0).all()
