"""A wrong description is one line that names the argument, the value and what to write."""

import functools
import re

import numpy as np
import pytest

from fastsci.system import system

TUPLE_FORM = "def f(t, u, p): x, y = u; return ..., ..."


def pair(t, u, p):
    x, y = u
    a, b = p
    return a * x, b * y


async def coroutine(t, u, p):
    return u


async def async_generator(t, u, p):
    yield u


def generator(t, u, p):
    yield u


def scipy_form(t, y):
    return [y[1], -y[0]]


@pytest.mark.parametrize(
    ("fun", "message"),
    [
        (scipy_form, r"scipy_form\(t, y\) takes 2 arguments \(SciPy's form\)"),
        (lambda u: (u,), r"takes 1 arguments, expected \(t, u, p\) or \(t, u, p, du\)"),
        (lambda t, u, sigma, rho, beta: (u,), "takes 5 arguments.*`a, b = p` unpacks them"),
        (lambda y, t, p: (y,), "takes the time second"),
        (lambda *args: args, "has .args"),
        (lambda t, u, p, **options: (u,), "has .args, ..kwargs"),
        (lambda t, u, p, *, scale: (u,), "keyword-only"),
        (coroutine, "coroutine is async"),
        (async_generator, "async_generator is async"),
        (generator, "generator is a generator"),
        (functools.partial(pair, 0.0), "is a partial, expected a plain function"),
        (len, "is a builtin_function_or_method, expected a plain function"),
        (3.0, "is a float, expected a function"),
        ("lorenz63", "is a str, expected a function"),
    ],
)
def test_functions_of_another_form(fun, message):
    with pytest.raises(TypeError, match=message) as caught:
        system(fun)
    text = str(caught.value)
    assert text.startswith("fun: ")
    assert TUPLE_FORM in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("description", "error", "message"),
    [
        ({"kind": "sde"}, ValueError, "kind: is 'sde', expected 'flow'"),
        ({"params": "ab"}, TypeError, "params: is 'ab', expected names such as"),
        ({"params": 3.0}, TypeError, "params: is 3.0, expected names"),
        ({"params": ("a", "a")}, ValueError, "params: names a more than once"),
        ({"params": ("a", 1)}, TypeError, "params: holds 1 as a name"),
        ({"params": {"a": "1", "b": 2.0}}, TypeError, r"params: the value of 'a' is '1' \(str\)"),
        ({"params": {"a": 1j, "b": 2.0}}, TypeError, "params: the value of 'a' is 1j"),
        ({"params": {"a": [1.0, 2.0], "b": 2.0}}, TypeError, "solve_ensemble"),
        ({"params": {"a": None, "b": 2.0}}, TypeError, "params: the value of 'a' is None"),
        (
            {"params": {"a": 1.0}},
            ValueError,
            r"params: has 1 names \(a\), but pair unpacks 2 values from p \(a, b\)",
        ),
        ({"params": {"b": 1.0, "a": 2.0}}, ValueError, r"order \(b, a\), but pair unpacks p as \(a, b\)"),
        ({"state": "xy"}, TypeError, "state: is 'xy', expected names"),
        ({"state": ("x", "x")}, ValueError, "state: names x more than once"),
        (
            {"state": ("x", "y", "z")},
            ValueError,
            r"state: has 3 names \(x, y, z\), but pair unpacks 2 values from u",
        ),
        ({"state": ("y", "x")}, ValueError, r"state: has the order \(y, x\)"),
        (
            {"default_y0": [1.0, 2.0, 3.0]},
            ValueError,
            r"default_y0: has shape \(3,\), expected \(2,\).*\(x, y\)",
        ),
        ({"default_y0": 1.0}, ValueError, r"default_y0: has shape \(\), expected \(2,\)"),
        ({"default_y0": ["a", "b"]}, TypeError, "default_y0: is .* expected real numbers"),
        ({"dt": 0.0}, ValueError, "dt: is 0.0, expected a positive number"),
        ({"dt": "0.1"}, ValueError, "dt: is '0.1', expected a positive number"),
        ({"dt": np.inf}, ValueError, "dt: is inf"),
        ({"jac": np.eye(2)}, TypeError, "jac: is a ndarray, expected a function"),
        ({"jvp": 1}, TypeError, "jvp: is a int"),
        ({"noise": 0.1}, TypeError, "noise: is a float"),
    ],
)
def test_descriptions_that_contradict(description, error, message):
    with pytest.raises(error, match=message) as caught:
        system(pair, **description)
    assert "\n" not in str(caught.value)


def test_other_names_than_the_unpacked_ones_are_the_callers_choice():
    made = system(pair, params={"rate": 1.0, "gain": 2.0}, state=("u", "v"))
    assert made.param_names == ("rate", "gain")
    assert made.state == ("u", "v")


def test_state_names_must_fit_the_default_state_where_nothing_is_unpacked():
    with pytest.raises(ValueError, match=re.escape("default_y0: has shape (2,), expected (3,)")):
        system(lambda t, u, p: (u[0], u[1], u[2]), state=("x", "y", "z"), default_y0=[1.0, 2.0])
