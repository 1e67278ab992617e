"""Constants are read by the function as globals of their name; all its other globals stay as they were."""

import math

import numpy as np
import pytest

from fastsci.system import system

gain = 2.0
K = "the module's own K"


def coupled(t, u, p, du):
    for i in range(len(du)):
        du[i] = 0.0
        for j in range(len(du)):
            du[i] += gain * K[i, j] * math.sin(u[j])


def test_a_constant_hides_the_global_of_its_name_in_the_system_alone():
    matrix = np.array([[0, 1], [2, 3]])
    made = system(coupled, constants={"K": matrix})
    u = np.array([0.3, 0.5])
    np.testing.assert_allclose(made.rhs(0.0, u), 2.0 * matrix @ np.sin(u), rtol=1e-15)
    assert K == "the module's own K"
    assert coupled.__globals__["K"] is K
    assert made.fun is not coupled
    assert made.fun.__code__ is coupled.__code__
    assert (made.fun.__name__, made.fun.__module__, made.name) == ("coupled", __name__, "coupled")


def test_a_constant_is_a_read_only_float64_copy():
    matrix = np.array([[0, 1], [2, 3]])
    made = system(coupled, constants={"K": matrix})
    matrix[:] = 0
    held = made.constants["K"]
    assert held.dtype == np.float64
    assert held.tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert held is made.fun.__globals__["K"]
    with pytest.raises(ValueError, match="read-only"):
        held[0, 0] = 1.0


def test_other_globals_are_looked_up_when_used(monkeypatch):
    made = system(coupled, constants={"K": [[1.0]]})
    before = made.rhs(0.0, [1.0])
    monkeypatch.setitem(globals(), "gain", 6.0)
    np.testing.assert_allclose(made.rhs(0.0, [1.0]), 3.0 * before, rtol=1e-15)
    monkeypatch.delitem(globals(), "gain")
    with pytest.raises(NameError, match="gain"):
        made.rhs(0.0, [1.0])


def test_the_globals_answer_like_a_dictionary():
    names = system(coupled, constants={"K": [[1.0]]}).fun.__globals__
    assert names["gain"] == 2.0
    assert "gain" in names
    assert "K" in names
    assert "absent" not in names
    assert names.get("gain") == 2.0
    assert names.get("absent", 5) == 5


def test_a_number_is_a_number():
    made = system(lambda t, u, p: (scale * u[0],), constants={"scale": 3})  # noqa: F821 (a constant)
    assert type(made.fun.__globals__["scale"]) is float
    assert made.rhs(0.0, [2.0]).tolist() == [6.0]


def test_a_constant_takes_the_place_of_an_enclosing_functions_variable():
    weights = [1.0, 2.0]
    other = 10.0

    def f(t, u, p):
        return (other * weights[1] * u[0],)

    made = system(f, constants={"weights": [5.0, 7.0]})
    assert made.rhs(0.0, [1.0]).tolist() == [70.0]
    assert f(0.0, (1.0,), ()) == (20.0,)


def test_a_function_inside_the_function_sees_the_constant():
    def f(t, u, p):
        def inner():
            return table[0]  # noqa: F821 (a constant)

        return (inner() * u[0],)

    assert system(f, constants={"table": [4.0]}).rhs(0.0, [2.0]).tolist() == [8.0]


@pytest.mark.parametrize(
    ("constants", "error", "message"),
    [
        ({"K": [["a"]]}, TypeError, r"constants\['K'\]: is .* expected real numbers"),
        ({"K": np.eye(2) * 1j}, TypeError, "dtype complex128"),
        ({"K": [[1.0], [1.0, 2.0]]}, ValueError, r"constants\['K'\]: is not a rectangular array"),
        ({"K": None}, TypeError, r"constants\['K'\]: is None"),
        ({"k": [[1.0]]}, ValueError, "coupled reads no global named 'k'"),
        ({"gian": 1.0}, ValueError, "reads no global named 'gian' .did you mean 'gain'"),
        ({3: 1.0}, TypeError, "constants: holds 3 as a name"),
    ],
)
def test_wrong_constants(constants, error, message):
    with pytest.raises(error, match=message):
        system(coupled, constants=constants)
