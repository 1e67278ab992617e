"""The reverse sweep of a function, as the text that it is written as, on plain numbers."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

import fastsci
from fastsci_kernels.methods.pull import ByReverse, pull_of
from fastsci_kernels.numbers.taylor_functions import FUNCTIONS

NUMBERS = {"number": lambda value, bits, width: value, "where": fastsci.where, "math": math}
EXACT = {
    "exp2": lambda x: mpmath.mpf(2) ** x,
    "log2": lambda x: mpmath.log(x, 2),
    "log1p": lambda x: mpmath.log(1 + x),
    "abs": abs,
}
OF_ONE = sorted({name for function, name in FUNCTIONS.items() if getattr(function, "nin", 0) == 1} - {"erf", "erfc"})


def gradient(fun, u, p, k):
    space = dict(NUMBERS)
    found = pull_of(fun, style="tuple", dim=len(u), n_params=len(p), by_params=True, by_user=False)
    assert isinstance(found, ByReverse)
    exec(found.source("tuple", True, len(u), len(p), 64, 1), space)
    return space["pull"](0.7, u, p, k)


@pytest.mark.parametrize("name", OF_ONE)
def test_elementary_functions_against_mpmath(name):
    spelling = next(function for function, known in FUNCTIONS.items() if known == name and hasattr(function, "nin"))

    def fun(t, u, p):
        return (spelling(u[0] * p[0] + t),)

    point = 1.9 if name == "acosh" else 0.1
    exact = EXACT.get(name) or getattr(mpmath, spelling.__name__.replace("arc", "a"), None)
    exact = (
        exact
        or {
            "negative": lambda x: -x,
            "square": lambda x: x * x,
            "reciprocal": lambda x: 1 / x,
            "radians": mpmath.radians,
            "degrees": mpmath.degrees,
        }[name]
    )
    (by_state,), (by_param,) = gradient(fun, (point,), (-0.4 if name != "acosh" else 0.4,), (1.3,))
    factor = -0.4 if name != "acosh" else 0.4
    slope = float(mpmath.diff(exact, point * factor + 0.7))
    assert by_state == pytest.approx(1.3 * slope * factor, rel=1e-12)
    assert by_param == pytest.approx(1.3 * slope * point, rel=1e-12)


def test_functions_of_two_numbers():
    def fun(t, u, p):
        x, y = u
        (a,) = p
        first = math.atan2(x, y) + math.hypot(x, y) * x / y - x**a + a**y + max(x, y) * min(x, a)
        return first, np.where((x > 0) & (y < 3.0), x * y, x - y) + np.clip(y, 0.1, 0.3) ** 2 + x**-3 + x**0.5

    def exact(x, y, a):
        first = mpmath.atan2(x, y) + mpmath.hypot(x, y) * x / y - x**a + a**y + max(x, y) * min(x, a)
        return 0.3 * first - 1.1 * (x * y + max(min(y, 0.3), 0.1) ** 2 + x**-3 + mpmath.sqrt(x))

    point = (1.3, 0.7, 2.1)
    by_state, by_params = gradient(fun, point[:2], point[2:], (0.3, -1.1))
    for place, ours in enumerate((*by_state, *by_params)):
        order = tuple(int(place == other) for other in range(3))
        assert ours == pytest.approx(float(mpmath.diff(exact, point, order)), rel=1e-11)


def test_what_nothing_depends_on_has_no_cotangent():
    assert gradient(lambda t, u, p: (u[0], 3.0), (1.0, 2.0), (5.0,), (0.5, 0.25)) == ((0.5, 0.0), (0.0,))
