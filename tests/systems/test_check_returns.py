"""check_returns tells a function's mistakes apart from numbers that leave the domain of its formulas."""

import math
import warnings
from pathlib import Path

import numpy as np
import pytest

from fastsci.system import system

TUPLE_FORM = "def f(t, u, p): x, y = u; return ..., ..."
STATE = [1.0, 2.0]


def check(fun, u=STATE, p=(), **description):
    return system(fun, **description).check_returns(0.0, u, p)


@pytest.mark.parametrize(
    ("fun", "message"),
    [
        (
            lambda t, u, p: np.array([u[1], -u[0]]),
            r"returned an array \(SciPy style\), expected a tuple of 2",
        ),
        (lambda t, u, p: [u[1], -u[0]], r"returned a list \(SciPy style\), expected a tuple of 2"),
        (lambda t, u, p: None, "returned None, expected a tuple of 2"),
        (lambda t, u, p: -u[0], "returned a float64, expected a tuple.*`return value,` with its comma"),
    ],
)
def test_returns_that_are_no_tuple(fun, message):
    with pytest.raises(TypeError, match=message) as caught:
        check(fun)
    assert TUPLE_FORM in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_number_of_values():
    with pytest.raises(ValueError, match="returned 3 values, expected 2"):
        check(lambda t, u, p: (u[0], u[1], 0.0))
    with pytest.raises(ValueError, match="returned 1 values, expected 2"):
        check(lambda t, u, p: (u[0],))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1j, "value 1 of the returned tuple is complex"),
        (np.complex128(1), "value 1 of the returned tuple is complex"),
        (np.ones(2), "value 1 of the returned tuple is a ndarray"),
        (None, "value 1 of the returned tuple is a NoneType"),
        ("a", "value 1 of the returned tuple is a str"),
    ],
)
def test_values_that_are_no_real_numbers(value, message):
    with pytest.raises(TypeError, match=message):
        check(lambda t, u, p: (u[0], value))


def test_what_is_right_passes_in_silence():
    assert check(lambda t, u, p: (u[0], 1)) is None
    assert check(lambda t, u, p: (math.inf, math.nan)) is None

    def inplace(t, u, p, du):
        du[0] = u[1]
        du[1] = -u[0] * p[0]

    assert check(inplace, p=[3.0]) is None
    assert check(lambda t, u, p: (p[0] + t, *u[1:]), p=[1.0]) is None


def test_the_function_meets_numpy_numbers():
    seen = []

    def f(t, u, p):
        seen.extend([t, u, p])
        return u

    check(f, p=[3.0])
    t, u, p = seen
    assert isinstance(u, tuple)
    assert isinstance(p, tuple)
    assert {type(value) for value in (t, *u, *p)} == {np.float64}


def test_an_inplace_function_returns_nothing():
    def returning(t, u, p, du):
        du[:] = u
        return du

    with pytest.raises(TypeError, match="returned a ndarray, but a function of four arguments writes du"):
        check(returning)
    with pytest.raises(TypeError, match="to return values, take three: def f"):
        check(lambda t, y, a, b: (y[0], y[1]))


def test_an_element_of_du_left_unwritten():
    def partly(t, u, p, du):
        du[0] = u[0]

    def added_to(t, u, p, du):
        du[0] = u[0]
        du[1] += u[1]

    for fun in (partly, added_to):
        with pytest.raises(ValueError, match=r"left du\[1\] unwritten \(1 of 2 elements.*assign every element with ="):
            check(fun)


def test_a_nan_of_the_functions_own_counts_as_written():
    def own(t, u, p, du):
        du[0] = math.nan
        du[1] = math.inf * 0.0

    assert check(own) is None


def test_a_state_that_is_not_finite_proves_nothing_about_du():
    def until_large(t, u, p, du):
        for i in range(2):
            if u[i] < 1e6:
                du[i] = u[i]

    assert check(until_large, u=[1.0, math.nan]) is None
    with pytest.raises(ValueError, match=r"left du\[1\] unwritten"):
        check(until_large, u=[1.0, 1e7])


@pytest.mark.parametrize(
    "fun",
    [
        lambda t, u, p: (math.sqrt(-u[0]), 0.0),
        lambda t, u, p: (math.log(u[0] - 1.0), 0.0),
        lambda t, u, p: (math.exp(1e4 * u[0]), 0.0),
        lambda t, u, p: (1.0 / 0.0 * u[0], 0.0),
        lambda t, u, p: (math.floor(u[0] * math.nan), 0.0),
        lambda t, u, p: (math.floor(u[0] * math.inf), 0.0),
        lambda t, u, p: (np.sqrt(-u[0]), u[0] / (u[1] - 2.0)),
    ],
)
def test_leaving_the_domain_is_no_mistake(fun):
    assert check(fun) is None


def test_warnings_of_the_function_stay_inside():
    def warns(t, u, p):
        warnings.warn("about something", UserWarning, stacklevel=1)
        return u

    assert check(warns) is None


def raises_at_a_known_line(t, u, p):
    x, y = u
    return x, y + undefined_name  # noqa: F821 (on purpose)


def test_an_exception_names_the_function_and_its_line():
    with pytest.raises(ValueError, match="raises_at_a_known_line: the function raised NameError") as caught:
        check(raises_at_a_known_line)
    line = raises_at_a_known_line.__code__.co_firstlineno + 2
    assert f"{Path(__file__).name}:{line}" in str(caught.value)
    assert isinstance(caught.value.__cause__, NameError)


@pytest.mark.parametrize(
    ("fun", "message"),
    [
        (lambda t, u, p: (u[5],), "raised IndexError"),
        (lambda t, u, p: (u * 1.5,), "raised TypeError"),
        (lambda t, u, p: (float("a"),), "raised ValueError: could not convert"),
        (lambda t, u, p, du: du.__setitem__(0, 1j), "raised (TypeError|ComplexWarning)"),
        (lambda t, u, p, du: du.__setitem__(0, np.complex128(1)), "raised (TypeError|ComplexWarning)"),
        (lambda t, u, p, du: u.__setitem__(0, 1.0), "raised ValueError: assignment destination is read-only"),
    ],
)
def test_other_exceptions(fun, message):
    with pytest.raises(ValueError, match=message) as caught:
        check(fun)
    assert Path(__file__).name in str(caught.value)


def test_parameters_that_the_function_cannot_unpack():
    def three(t, u, p):
        a, b, c = p
        return a * u[0], b * u[1] + c

    with pytest.raises(ValueError, match=r"not enough values to unpack.*p = \[1\. 2\.\]"):
        check(three, p=[1.0, 2.0])
