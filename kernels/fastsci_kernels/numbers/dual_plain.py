"""Dual in plain Python, for the CUDA simulator and for runs without a compiler: the same rules on NumPy's numbers."""

from __future__ import annotations

import math
import operator
from types import SimpleNamespace

import numpy as np

from .dual_formulas import ARITHMETIC, FUNCTIONS, ZERO, general_power, integer_power

DTYPE = {32: np.float32, 64: np.float64}


def _where(mask, a, b):
    return a if mask else b


def _of_math(function):
    """NumPy has no such function; the result keeps the type of the argument."""
    return lambda x: type(x)(function(x))


_OF_NUMPY = (
    "sin cos tan exp expm1 exp2 log log1p log2 log10 sqrt cbrt sinh cosh tanh hypot fmod copysign floor ceil trunc rint"
    " sign minimum maximum absolute"
)
NUMBERS = SimpleNamespace(
    where=_where,
    erf=_of_math(math.erf),
    erfc=_of_math(math.erfc),
    pow=operator.pow,
    asin=np.arcsin,
    acos=np.arccos,
    atan=np.arctan,
    asinh=np.arcsinh,
    acosh=np.arccosh,
    atanh=np.arctanh,
    atan2=np.arctan2,
    **{name: getattr(np, name) for name in _OF_NUMPY.split()},
)

RULES = {function: rule for functions, rule in (*ARITHMETIC, *FUNCTIONS) for function in functions}
BY_VALUE = {
    *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
    *(np.isnan, np.isfinite, np.isinf),
}


def _apply(rule, *arguments):
    count = next(len(argument.tangents) for argument in arguments if isinstance(argument, Dual))
    value, along = rule(NUMBERS, *(_value(argument) for argument in arguments))
    carried = []
    for place in range(count):
        members = [argument.tangents[place] if isinstance(argument, Dual) else ZERO for argument in arguments]
        tangent = along(*members)
        carried.append(value * 0 if tangent is ZERO else tangent)
    return Dual(value, tuple(carried))


def _value(number):
    return number.value if isinstance(number, Dual) else number


class Dual:
    """A number with its derivatives along some directions."""

    def __init__(self, value, tangents) -> None:
        self.value, self.tangents = value, tangents

    def __array_ufunc__(self, ufunc, method, *arguments):
        if method != "__call__":
            return NotImplemented
        if ufunc in BY_VALUE:
            return ufunc(*map(_value, arguments))
        rule = general_power if ufunc is np.power else RULES.get(ufunc)
        return NotImplemented if rule is None else _apply(rule, *arguments)

    def __pow__(self, exponent):
        if isinstance(exponent, int):
            return _apply(lambda m, a: integer_power(m, a, exponent), self)
        return _apply(general_power, self, exponent)

    def __rpow__(self, base):
        return _apply(general_power, base, self)

    def __neg__(self):
        return _apply(RULES[operator.neg], self)

    def __pos__(self):
        return self

    def __abs__(self):
        return _apply(RULES[abs], self)


def _bind(name: str) -> None:
    function = getattr(operator, name)
    setattr(Dual, f"__{name}__", lambda self, other: _apply(RULES[function], self, other))
    setattr(Dual, f"__r{name}__", lambda self, other: _apply(RULES[function], other, self))


def _bind_comparison(name: str) -> None:
    function = getattr(operator, name)
    setattr(Dual, f"__{name}__", lambda self, other: function(self.value, _value(other)))


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod"):
    _bind(_name)
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    _bind_comparison(_name)


def _constant(like, value):
    """A plain number in the form of ``like``, which may be a Dual itself."""
    if not isinstance(like, Dual):
        return type(like)(value)
    return Dual(_constant(like.value, value), tuple(tangent * 0 for tangent in like.tangents))


def dual(value, tangents):
    made = (tangent if isinstance(tangent, Dual) else _constant(value, tangent) for tangent in tangents)
    return Dual(value, tuple(made))


def tangents(value, like):
    return value.tangents if isinstance(value, Dual) else tuple(tangent * 0 for tangent in like.tangents)


def primal(value, like):
    return value.value if isinstance(value, Dual) else _constant(like.value, value)


def dual_scratch(bits, width, tangents, dim):
    return [Dual(DTYPE[bits](0), (DTYPE[bits](0),) * tangents) for _ in range(dim)]
