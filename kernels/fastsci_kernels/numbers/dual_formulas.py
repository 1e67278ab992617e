"""The chain rule of every function that a right-hand side may call, written once for every number.

A rule takes a namespace ``m`` of functions and the values of its arguments, and returns the value and the function
that carries tangents along: the tangent of the result from those of the arguments.  A constant's tangent is ``ZERO``.
The namespace emits instructions where code is compiled and computes where it is not.
"""

from __future__ import annotations

import math
import operator

import numpy as np


class Zero:
    """The tangent of a constant: it vanishes from sums and takes products with it."""

    __array_ufunc__ = None  # a float of NumPy leaves its operators to this class

    def __add__(self, other):
        return other

    __radd__ = __rsub__ = __add__

    def __sub__(self, other):
        return other if isinstance(other, Zero) else -other

    def __mul__(self, other):
        return self

    __rmul__ = __truediv__ = __mul__

    def __neg__(self):
        return self


ZERO = Zero()


def _add(m, a, b):
    return a + b, lambda da, db: da + db


def _subtract(m, a, b):
    return a - b, lambda da, db: da - db


def _multiply(m, a, b):
    return a * b, lambda da, db: da * b + a * db


def _divide(m, a, b):
    quotient = a / b
    return quotient, lambda da, db: (da - quotient * db) / b


def _floor_divide(m, a, b):
    return a // b, lambda da, db: ZERO


def _modulo(m, a, b):
    wraps = a // b
    return a % b, lambda da, db: da - wraps * db


def _truncated_modulo(m, a, b):
    rest = m.fmod(a, b)
    wraps = m.rint((a - rest) / b)
    return rest, lambda da, db: da - wraps * db


def general_power(m, a, b):
    """The two partial derivatives; the one by a constant exponent is never computed."""
    power = m.pow(a, b)

    def along(da, db):
        by_base = da * (b * m.pow(a, b - 1.0)) if da is not ZERO else ZERO
        if db is ZERO:
            return by_base
        growth = m.where(a == 0.0, 0.0, m.log(a)) * power
        # An exponent that stays put has no say, not even where its base has no logarithm.
        return by_base + m.where(db == 0.0, 0.0, growth * db)

    return power, along


def integer_power(m, a, exponent):
    """``a**exponent`` of a literal integer, by squaring."""
    if exponent == 0:
        return 1.0, lambda da: ZERO
    size = abs(exponent)
    below = by_squaring(a, size - 1) if size > 1 else 1.0
    power = by_squaring(a, size)
    if exponent > 0:
        return power, lambda da: da * (float(size) * below)
    inverse = 1.0 / power
    return inverse, lambda da: da * (float(exponent) * inverse / a)


def by_squaring(base, exponent):
    if exponent == 1:
        return base
    half = by_squaring(base, exponent // 2)
    square = half * half
    return square * base if exponent % 2 else square


def _minimum(m, a, b):
    return m.minimum(a, b), lambda da, db: m.where(a < b, da, db)


def _maximum(m, a, b):
    return m.maximum(a, b), lambda da, db: m.where(a > b, da, db)


def _clip(m, a, low, high):
    def along(da, dlow, dhigh):
        return m.where(a < low, dlow, m.where(a > high, dhigh, da))

    return m.minimum(m.maximum(a, low), high), along


def _absolute(m, a):
    return m.absolute(a), lambda da: m.where(a < 0.0, -da, da)


def _copysign(m, a, b):
    signed = m.copysign(a, b)
    return signed, lambda da, db: m.where(signed == a, da, -da)


def _arctangent_of_two(m, y, x):
    square = x * x + y * y
    return m.atan2(y, x), lambda dy, dx: (x * dy - y * dx) / square


def _hypotenuse(m, a, b):
    length = m.hypot(a, b)
    return length, lambda da, db: (a * da + b * db) / length


def _square(m, a):
    return a * a, lambda da: da * a + a * da


def _reciprocal(m, a):
    inverse = 1.0 / a
    return inverse, lambda da: -(inverse * inverse) * da


def _scaled(factor):
    return lambda m, a: (a * factor, lambda da: da * factor)


def _elementary(name, derivative):
    """A function of one number from its derivative, which may use the value."""

    def rule(m, x):
        y = getattr(m, name)(x)
        slope = derivative(m, x, y)
        return y, lambda dx: slope * dx

    return rule


def _stepped(name):
    """A function that is constant between its jumps."""
    return lambda m, x: (getattr(m, name)(x), lambda dx: ZERO)


def _one_over_cosh_squared(m, x, y):
    c = m.cosh(x)
    return 1.0 / (c * c)


# what a user writes, and its rule
ARITHMETIC = (
    ((operator.add, operator.iadd, np.add), _add),
    ((operator.sub, operator.isub, np.subtract), _subtract),
    ((operator.mul, operator.imul, np.multiply), _multiply),
    ((operator.truediv, operator.itruediv, np.divide), _divide),
    ((operator.floordiv, operator.ifloordiv, np.floor_divide), _floor_divide),
    ((operator.mod, operator.imod, np.remainder), _modulo),
    ((min, np.minimum), _minimum),
    ((max, np.maximum), _maximum),
    ((operator.neg, np.negative), lambda m, a: (-a, lambda da: -da)),
    ((operator.pos, np.positive), lambda m, a: (a, lambda da: da)),
    ((abs, np.abs, np.fabs, math.fabs), _absolute),
    ((np.square,), _square),
    ((np.reciprocal,), _reciprocal),
    ((np.clip,), _clip),
)
POWERS = (operator.pow, operator.ipow, pow, math.pow, np.power)

FUNCTIONS = (
    ((math.sin, np.sin), _elementary("sin", lambda m, x, y: m.cos(x))),
    ((math.cos, np.cos), _elementary("cos", lambda m, x, y: -m.sin(x))),
    ((math.tan, np.tan), _elementary("tan", lambda m, x, y: 1.0 + y * y)),
    ((math.exp, np.exp), _elementary("exp", lambda m, x, y: y)),
    ((math.expm1, np.expm1), _elementary("expm1", lambda m, x, y: m.exp(x))),
    ((math.exp2, np.exp2), _elementary("exp2", lambda m, x, y: y * math.log(2.0))),
    ((math.log, np.log), _elementary("log", lambda m, x, y: 1.0 / x)),
    ((math.log1p, np.log1p), _elementary("log1p", lambda m, x, y: 1.0 / (1.0 + x))),
    ((math.log2, np.log2), _elementary("log2", lambda m, x, y: 1.0 / (x * math.log(2.0)))),
    ((math.log10, np.log10), _elementary("log10", lambda m, x, y: 1.0 / (x * math.log(10.0)))),
    ((math.sqrt, np.sqrt), _elementary("sqrt", lambda m, x, y: 0.5 / y)),
    ((math.cbrt, np.cbrt), _elementary("cbrt", lambda m, x, y: 1.0 / (3.0 * (y * y)))),
    ((math.sinh, np.sinh), _elementary("sinh", lambda m, x, y: m.cosh(x))),
    ((math.cosh, np.cosh), _elementary("cosh", lambda m, x, y: m.sinh(x))),
    ((math.tanh, np.tanh), _elementary("tanh", _one_over_cosh_squared)),
    ((math.asin, np.arcsin), _elementary("asin", lambda m, x, y: 1.0 / m.sqrt((1.0 - x) * (1.0 + x)))),
    ((math.acos, np.arccos), _elementary("acos", lambda m, x, y: -1.0 / m.sqrt((1.0 - x) * (1.0 + x)))),
    ((math.atan, np.arctan), _elementary("atan", lambda m, x, y: 1.0 / (1.0 + x * x))),
    ((math.asinh, np.arcsinh), _elementary("asinh", lambda m, x, y: 1.0 / m.hypot(x, 1.0))),
    ((math.acosh, np.arccosh), _elementary("acosh", lambda m, x, y: 1.0 / (m.sqrt(x - 1.0) * m.sqrt(x + 1.0)))),
    ((math.atanh, np.arctanh), _elementary("atanh", lambda m, x, y: 1.0 / ((1.0 - x) * (1.0 + x)))),
    ((math.erf,), _elementary("erf", lambda m, x, y: 2.0 / math.sqrt(math.pi) * m.exp(-(x * x)))),
    ((math.erfc,), _elementary("erfc", lambda m, x, y: -2.0 / math.sqrt(math.pi) * m.exp(-(x * x)))),
    ((math.atan2, np.arctan2), _arctangent_of_two),
    ((math.hypot, np.hypot), _hypotenuse),
    ((math.fmod, np.fmod), _truncated_modulo),
    ((math.copysign, np.copysign), _copysign),
    ((np.radians, math.radians, np.deg2rad), _scaled(math.pi / 180)),
    ((np.degrees, math.degrees, np.rad2deg), _scaled(180 / math.pi)),
    ((math.floor, np.floor), _stepped("floor")),
    ((math.ceil, np.ceil), _stepped("ceil")),
    ((math.trunc, np.trunc), _stepped("trunc")),
    ((np.rint, round), _stepped("rint")),
    ((np.sign,), _stepped("sign")),
)

COMPARISONS = (
    *(operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne),
    *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
)
TESTS = (math.isnan, np.isnan, math.isfinite, np.isfinite, math.isinf, np.isinf)
SELECTIONS = 3  # arguments of a choice between two numbers
LARGEST_UNROLLED = 64

# The names by which rules call functions of the numbers within.
_OF_MATH = (
    "sin cos tan exp expm1 exp2 log log1p log2 log10 sqrt sinh cosh tanh asin acos atan asinh acosh atanh erf erfc"
    " atan2 hypot copysign pow"
)
_OF_NUMPY = "cbrt fmod floor ceil trunc rint sign"
MEANINGS = {
    **{name: getattr(math, name) for name in _OF_MATH.split()},
    **{name: getattr(np, name) for name in _OF_NUMPY.split()},
    "minimum": np.minimum,
    "maximum": np.maximum,
    "absolute": abs,
}
