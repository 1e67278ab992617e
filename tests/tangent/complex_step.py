"""Derivatives of plain Python functions by the complex step (Martins, Sturdza and Alonso, ACM TOMS 29, 2003, 245-262).

A step of 1e-200 along the imaginary axis makes the derivative to rounding, without a difference.  Choices look at the
real part, and the functions that are no analytic ones follow the branch that they are on, as the paper has it.
"""

from __future__ import annotations

import math
import operator
from types import BuiltinFunctionType, SimpleNamespace

import numpy as np

from fastsci_kernels.compile import compile_all
from fastsci_kernels.cuda_target import substitute

STEP = 1e-200
NUMPY_NAMES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "pow": "power"}


def plain(number):
    return number.value if isinstance(number, Stepped) else number


class Stepped:
    """A complex number that is compared by its real part."""

    def __init__(self, value) -> None:
        self.value = complex(value)

    def __array_ufunc__(self, ufunc, method, *arguments):
        if ufunc is np.arctan2:
            y, x = map(plain, arguments)
            angle = math.atan2(complex(y).real, complex(x).real)
            turned = (complex(y) * complex(x).real - complex(x) * complex(y).real) / (
                complex(x).real ** 2 + complex(y).real ** 2
            )
            return Stepped(angle + 1j * turned.imag)
        if ufunc in (np.abs, np.fabs):
            return abs(*arguments)
        if ufunc is np.hypot:
            return Stepped(np.sqrt(sum(plain(number) ** 2 for number in arguments)))
        if ufunc in ORDERED:
            return ORDERED[ufunc](*arguments)
        return Stepped(ufunc(*map(plain, arguments)))

    def __neg__(self):
        return Stepped(-self.value)

    def __abs__(self):
        return -self if self.value.real < 0 else self

    def __mod__(self, other):
        return self - math.floor(self.value.real / plain(other)) * other

    def __floor__(self):
        return math.floor(self.value.real)


def _bind(name):
    function = getattr(operator, name)
    setattr(Stepped, f"__{name}__", lambda self, other: Stepped(function(self.value, plain(other))))
    setattr(Stepped, f"__r{name}__", lambda self, other: Stepped(function(plain(other), self.value)))


def _bind_comparison(name):
    function = getattr(operator, name)
    setattr(Stepped, f"__{name}__", lambda self, other: function(self.value.real, complex(plain(other)).real))


for _name in ("add", "sub", "mul", "truediv", "pow"):
    _bind(_name)
for _name in ("lt", "le", "gt", "ge"):
    _bind_comparison(_name)
ORDERED = {
    np.minimum: min,
    np.maximum: max,
    np.less: operator.lt,
    np.greater: operator.gt,
    np.remainder: operator.mod,
    np.floor: math.floor,
}


def _numpy_for(value):
    """NumPy's functions for Python's, which know no complex numbers."""
    if value is math:
        return SimpleNamespace(**{name: _numpy_for(member) for name, member in vars(math).items()})
    if isinstance(value, BuiltinFunctionType) and value.__module__ == "math":
        return getattr(np, NUMPY_NAMES.get(value.__name__, value.__name__), value)
    return value


def on_complex_numbers(system):
    """The function of a system, as ``f(t, u, p)`` for states and parameters of any kind."""
    fun = compile_all({"f": system.fun}, lambda part: substitute(part, _numpy_for))["f"]

    def call(t, u, p):
        if system.style == "tuple":
            return fun(t, tuple(u), tuple(p))
        # Arrays, since a function may hand parts of them on.
        state, out = np.array([*u, None], object)[:-1], np.zeros(len(u), object)
        fun(t, state, tuple(p), out)
        return out

    return call


def derivative(system, t, u, p, v, wrt="state"):
    """The derivative of one point along ``v``."""
    call, u, p = on_complex_numbers(system), [*map(float, u)], [*map(float, p)]
    perturbed = [Stepped(complex(x, STEP * dx)) for x, dx in zip(u if wrt == "state" else p, v, strict=True)]
    values = call(t, perturbed, p) if wrt == "state" else call(t, u, perturbed)
    return np.array([complex(plain(value)).imag / STEP for value in values])


def jacobian(system, t, u, p, wrt="state"):
    size = len(u) if wrt == "state" else len(p)
    return np.stack([derivative(system, t, u, p, unit, wrt) for unit in np.eye(size)], axis=-1)
