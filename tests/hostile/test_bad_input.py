"""A caller's mistake is one line that names the argument, the value, what was expected and what to try.

Nothing is compiled before the mistake is found.
"""

import math

import numpy as np
import pytest

import fastsci
from tests.ensemble.models import LORENZ, generated_modules, lorenz

GOOD = {"t_span": (0.0, 1.0), "y0": np.ones((4, 3)), "params": LORENZ, "dt": 0.01}
OWN = np.tile([0.0, 1.0], (4, 1))


def three(t, u, p):
    x, y, z = u
    return y, z, x


def message_of(system, **changed):
    """The one line of the error, once it is known that nothing was compiled for it."""
    known = generated_modules()
    arguments = {**GOOD, **changed}
    with pytest.raises((TypeError, ValueError)) as caught:
        fastsci.solve_ensemble(system, arguments.pop("t_span"), arguments.pop("y0"), **arguments)
    assert generated_modules() == known
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 400
    return line


def case(argument, value, *parts):
    return pytest.param(
        {argument: value}, (f"{argument}", *parts), id=f"{argument}={str(value)[:30]}".replace("\n", "")
    )


@pytest.mark.parametrize(
    ("changed", "parts"),
    [
        case("y0", np.ones((4, 2)), "(4, 2)", "(n_members, 3)"),
        case("y0", np.ones((3, 4)), "(3, 4)", "(n_members, 3)"),
        case("y0", np.ones((2, 4, 3)), "(2, 4, 3)", "(n_members, 3)"),
        case("y0", 1.0, "()", "(3,)"),
        case("y0", np.ones((4, 0)), "(4, 0)", "(n_members, 3)"),
        case("y0", np.ones((4, 3), complex), "complex", "real", "split"),
        case("y0", np.ones((4, 3), object), "object", "expected real numbers", "astype"),
        case("y0", [["a", "b", "c"]], "<U1", "expected real numbers"),
        case("y0", np.zeros((4, 3), "M8[s]"), "datetime64", "expected real numbers"),
        case("y0", [[1.0, 2.0, 3.0], [1.0]], "rectangular", "give rows of one length"),
        case("y0", None, "no default", "give one of shape"),
        case("y0", {"x": 1.0}, "object", "expected real numbers"),
        case("params", {"sigma": 1.0, "rho": 2.0, "bta": 1.0}, "no parameter 'bta'", "did you mean 'beta'?"),
        case("params", {"sigma": 1.0, "rho": 2.0}, "no default for 'beta'", "give params="),
        case("params", None, "no default for 'sigma'", "give params="),
        case("params", [1.0, 2.0], "(2,)", "last axis of 3", "sigma, rho, beta"),
        case("params", np.ones((4, 4)), "(4, 4)", "last axis of 3"),
        case("params", np.ones((2, 4, 3)), "(2, 4, 3)", "(n_members, n_params)"),
        case("params", 3.0, "()", "(n_params,)"),
        case("params", np.ones((5, 3)), "5 members", "y0 is for 4"),
        case("params", {**LORENZ, "rho": np.ones(5)}, "params['rho']", "5 members", "y0 is for 4"),
        case("params", {**LORENZ, "rho": np.ones((4, 1))}, "params['rho']", "(4, 1)", "(n_members,)"),
        case("params", {**LORENZ, "rho": 1j}, "params['rho']", "complex"),
        case("params", {**LORENZ, "rho": "28"}, "params['rho']", "<U2", "expected real numbers"),
        case("params", {**LORENZ, "rho": None}, "params['rho']", "object", "expected real numbers"),
        case("method", "RK46", "'RK46'", "did you mean", "fastsci.methods() lists"),
        case("method", "rungekutta", "'rungekutta'", "fastsci.methods() lists"),
        case("method", None, "None", "fastsci.methods() lists"),
        case("device", "gpu", "'gpu'", "expected 'auto', 'cpu' or 'cuda'"),
        case("device", None, "None", "expected 'auto', 'cpu' or 'cuda'"),
        case("progress", "yes", "'yes'", "True, False or a function"),
        case("dtype", "int64", "'int64'", "'float32' or 'float64'"),
        case("dtype", "complex128", "'complex128'", "'float32' or 'float64'"),
        case("dtype", "flot", "'flot'", "'float32' or 'float64'"),
        case("dt", 0.0, "0.", "positive finite step"),
        case("dt", -0.01, "-0.01", "positive finite step", "reverse t_span"),
        case("dt", math.nan, "nan", "positive finite step"),
        case("dt", math.inf, "inf", "positive finite step"),
        case("dt", None, "missing", "needs a step size"),
        case("dt", "0.1", "<U3", "expected real numbers"),
        case("dt", 0.1j, "complex", "real"),
        case("dt", [0.1, 0.1], "2 members", "y0 is for 4"),
        case("dt", np.full((4, 1), 0.1), "(4, 1)", "(n_members,)"),
        case("dt", [0.1, 0.1, 0.0, 0.1, 0.1], "0.", "positive finite step"),
        case("dt", 1e-300, "1e-300", "expected at most", "larger dt"),
        case("t_span", (0.0, math.nan), "nan", "expected finite"),
        case("t_span", (0.0, math.inf), "inf", "expected finite"),
        case("t_span", 1.0, "()", "expected (t0, t1) or (n_members, 2)"),
        case("t_span", (0.0, 1.0, 2.0), "(3,)", "expected (t0, t1) or (n_members, 2)"),
        case("t_span", (), "(0,)", "expected (t0, t1) or (n_members, 2)"),
        case("t_span", np.ones((2, 5)), "(2, 5)", "expected (t0, t1) or (n_members, 2)"),
        case("t_span", np.ones((5, 2)), "5 members", "y0 is for 4"),
        case("t_span", (0.0, None), "object", "expected real numbers"),
        case("t_span", "01", "<U2", "expected real numbers"),
        case("t_eval", [0.5, 0.25], "not sorted", "sort it"),
        case("t_eval", [0.0, 1.5], "1.5", "within t_span"),
        case("t_eval", [-0.5, 0.5], "-0.5", "within t_span"),
        case("t_eval", [0.0, math.nan], "nan", "expected finite"),
        case("t_eval", [[0.0, 0.5]], "(1, 2)", "(n_times,)"),
        case("t_eval", 0.5, "()", "(n_times,)"),
        case("t_eval", ["a"], "<U1", "expected real numbers"),
    ],
)  # fmt: skip
def test_the_line_names_argument_value_and_expectation(changed, parts):
    line = message_of(lorenz, **changed)
    assert line.startswith((parts[0], f"{parts[0]}["))
    for part in parts[1:]:
        assert part in line


@pytest.mark.parametrize(
    ("t_eval", "span", "part"),
    [
        ([0.0, 0.5, 1.5], OWN, "fractions"),
        ([0.5, 0.25], OWN, "not sorted"),
        (np.tile([0.0, 0.5], (3, 1)), OWN, "(n_members, n_times)"),
        (np.tile([0.0, 1.5], (4, 1)), OWN, "within t_span"),
        (np.tile([0.5, 0.0], (4, 1)), OWN, "not sorted"),
        ([0.0, 0.5], (1.0, 0.0), "not sorted"),
        (np.ones((2, 2, 2)), OWN, "(n_members, n_times)"),
    ],
)
def test_times_of_members_with_their_own_span(t_eval, span, part):
    line = message_of(lorenz, t_eval=t_eval, t_span=span)
    assert line.startswith("t_eval: ")
    assert part in line


def test_a_step_that_single_precision_rounds_to_zero():
    line = message_of(lorenz, dt=1e-50, dtype="float32")
    assert line.startswith("dt: is 1e-50")
    assert "float32" in line


def test_a_function_without_parameters_is_given_a_name():
    line = message_of(three, params={"rate": 1.0})
    assert line.startswith("params: three has no parameter 'rate'")
    assert "array" in line


def test_nothing_is_no_system():
    assert message_of(None, params=None).startswith("system: is None, expected a System or a function")


def test_a_map_is_not_a_flow():
    line = message_of(fastsci.systems.logistic, y0=[0.5], params=None)
    assert line.startswith("system: logistic is a map, expected a flow")


@pytest.mark.parametrize(
    ("fun", "parts"),
    [
        (lambda t, y: (y[1], y[2], y[0]), ("takes 2 arguments (SciPy's form)", "def f(t, u, p)")),
        (lambda u: u, ("takes 1 arguments", "def f(t, u, p)")),
        (lambda t, u, p, du, more: None, ("takes 5 arguments", "(t, u, p, du)")),
        (lambda *args: args, ("*args", "def f(t, u, p)")),
        ("lorenz63", ("is a str", "expected a function")),
        (3, ("is a int", "expected a function")),
        ([lorenz], ("is a list", "expected a function")),
        (np.sin, ("ufunc", "expected a plain function")),
    ],
    ids=["two", "one", "five", "any number", "string", "number", "list", "ufunc"],
)
def test_a_function_of_the_wrong_form(fun, parts):
    line = message_of(fun, params=None)
    assert line.startswith("fun: ")
    for part in parts:
        assert part in line


def forgets_to_return(t, u, p):
    -u[0], -u[1], -u[2]


def raises_a_name_error(t, u, p):
    return undefined * u[0], u[1], u[2]  # noqa: F821 (on purpose)


def leaves_the_last_unwritten(t, u, p, du):
    du[0] = u[1]
    du[1] = u[0]


def reaches_too_far(t, u, p, du):
    for i in range(40):
        du[i] = -u[i]


@pytest.mark.parametrize(
    ("fun", "parts"),
    [
        (lambda t, u, p: (u[0], u[1]), ("returned 2 values", "expected 3")),
        (lambda t, u, p: (u[0], u[1], u[2], 0.0), ("returned 4 values", "expected 3")),
        (lambda t, u, p: np.array([u[0], u[1], u[2]]), ("returned an array", "expected a tuple", "def f(t, u, p)")),
        (lambda t, u, p: [u[0], u[1], u[2]], ("returned a list", "expected a tuple", "def f(t, u, p)")),
        (lambda t, u, p: u[0], ("returned a float64", "expected a tuple")),
        (lambda t, u, p: (u[0], 1j, u[2]), ("value 1", "complex", "expected a real number")),
        (forgets_to_return, ("returned None", "expected a tuple")),
        (raises_a_name_error, ("NameError", "undefined", "test_bad_input.py:")),
        (leaves_the_last_unwritten, ("du[2] unwritten", "assign every element")),
        (reaches_too_far, ("IndexError", "test_bad_input.py:")),
        (lambda t, u, p: (u[0], u[1], u[3]), ("IndexError",)),
        (lambda t, u, p: (u[0], u[1], p[7]), ("IndexError", "p = []")),
    ],
)
def test_a_function_that_breaks_its_own_form(fun, parts):
    line = message_of(fun, params=None)
    assert line.startswith(f"{fun.__name__}: ")
    for part in parts:
        assert part in line


class Spring:
    stiffness = 2.0


SPRING = Spring()
GENERATOR = np.random.default_rng(0)


def opens_a_file(t, u, p):
    x, y, z = u
    handle = open("/dev/null")  # noqa: SIM115 (a with statement would be refused before the file is)
    handle.close()
    return y, z, x


def reads_an_object(t, u, p):
    x, y, z = u
    return y, z, -SPRING.stiffness * x


def draws_from_a_generator(t, u, p):
    x, y, z = u
    return y, z, x * GENERATOR.normal()


def even(n):
    return 1.0 if n <= 0 else odd(n - 1)


def odd(n):
    return 0.0 if n <= 0 else even(n - 1)


def recurses(t, u, p):
    x, y, z = u
    return y, z, x * even(4)


@pytest.mark.parametrize(
    ("fun", "parts"),
    [
        (opens_a_file, ("uses 'open'", "test_bad_input.py, line", 'handle = open("/dev/null")')),
        (reads_an_object, ("uses 'SPRING'", "test_bad_input.py, line", "return y, z, -SPRING.stiffness * x")),
        (draws_from_a_generator, ("draws random numbers", "test_bad_input.py, line", "pass them as parameters")),
        (recurses, ("calls itself", "write the recursion as a loop")),
    ],
)
def test_a_function_that_cannot_be_compiled_shows_the_users_line(fun, parts):
    with pytest.raises(TypeError) as caught:
        fastsci.solve_ensemble(fun, (0.0, 1.0), np.ones(3), dt=0.1)
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 500
    assert line.startswith(f"system: {fun.__name__} cannot be compiled: ")
    for part in parts:
        assert part in line
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    for noise in ("nopython", "CPUDispatcher", "lanes(", "object at 0x"):
        assert noise not in line


def test_a_function_that_cannot_be_compiled_fails_the_same_way_again():
    lines = set()
    for _ in range(2):
        with pytest.raises(TypeError) as caught:
            fastsci.solve_ensemble(opens_a_file, (0.0, 1.0), np.ones(3), dt=0.1)
        lines.add(str(caught.value))
    assert len(lines) == 1


@pytest.mark.parametrize("threads", ["0", "-1", "two", "1.5"])
def test_a_number_of_threads_that_is_none(threads, monkeypatch):
    monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
    with pytest.raises(ValueError, match=f"FASTSCI_NUM_THREADS='{threads}': expected a positive integer"):
        fastsci.solve_ensemble(three, (0.0, 1.0), np.ones((5000, 3)), dt=0.01)
