"""Functions of a library on SymPy's expressions."""

from __future__ import annotations

import math
import types
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastsci_kernels.fingerprint import captured
from fastsci_kernels.regress.plan import Generator

# Names of `math` and of NumPy, where SymPy's differ.
RENAMED = {
    "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan", "arctan2": "atan2",
    "arctanh": "atanh", "absolute": "Abs", "abs": "Abs", "fabs": "Abs", "ceil": "ceiling", "inf": "oo", "e": "E",
    "maximum": "Max", "minimum": "Min", "fmax": "Max", "fmin": "Min", "power": "Pow", "pow": "Pow",
}  # fmt: skip


def load_sympy() -> Any:
    """SymPy, which only symbolic equations need."""
    try:
        import sympy
    except ImportError:
        raise ImportError(
            "sympy: is not installed, and symbolic equations need it; pip install 'fastsci[symbolic]', or take"
            " equations() as text"
        ) from None
    return sympy


def factor_expression(sympy: Any, generator: Generator, inputs: Sequence[Any]) -> Any:
    """A factor of terms as an expression of SymPy's inputs."""
    arguments = [inputs[place] for place in generator.inputs]
    if not generator.code:
        return arguments[0]
    names: dict[str, Any] = {f"a{place}": argument for place, argument in enumerate(arguments)}
    names["math"] = _Mathematics(sympy)
    function: Any = generator.function
    if function is not None:
        translated = _translated(sympy, function, {})
        names["call"] = lambda *given: _tried(sympy, generator, translated, given)
    found = sympy.sympify(eval(generator.code, names))
    whole = {number: sympy.Integer(int(number)) for number in found.atoms(sympy.Float) if float(number).is_integer()}
    return found.xreplace(whole)


class _Mathematics:
    """Stands for the modules `math` and `numpy`."""

    def __init__(self, sympy: Any) -> None:
        self._sympy = sympy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sympy, RENAMED.get(name, name))


def _tried(sympy: Any, generator: Generator, function: types.FunctionType, given: Sequence[Any]) -> Any:
    """The function's value on expressions, or a function of its name where it does not take them."""
    try:
        return sympy.sympify(function(*given))
    except (TypeError, AttributeError, ValueError):
        name = generator.name.partition("(")[0]
        return sympy.Function(name if name.isidentifier() else function.__name__)(*given)


def _translated(sympy: Any, function: types.FunctionType, known: dict[int, Any]) -> types.FunctionType:
    """A copy of a plain function that finds SymPy's functions in the place of those of `math` and NumPy."""
    if id(function) in known:
        return known[id(function)]
    names: dict[str, Any] = {"__builtins__": function.__globals__.get("__builtins__", {})}
    cells = tuple(types.CellType() for _ in function.__code__.co_freevars)
    copied = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
    known[id(function)] = copied
    values = {name: _replaced(sympy, value, known) for name, value in captured(function).items()}
    names.update(values)
    for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
        cell.cell_contents = values[name]
    return copied


def _replaced(sympy: Any, value: Any, known: dict[int, Any]) -> Any:
    if value is math or value is np:
        return _Mathematics(sympy)
    if isinstance(value, np.ufunc) or getattr(value, "__module__", None) == "math":
        return getattr(_Mathematics(sympy), value.__name__)
    return _translated(sympy, value, known) if isinstance(value, types.FunctionType) else value
