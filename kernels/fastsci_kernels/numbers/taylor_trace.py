"""A plain right-hand side read off onto a tape by running it once.

What runs through the function are symbols, which record what is done to them; loops unroll by themselves.  A branch
on the state would leave only one of its sides on the tape, so a symbol refuses to be a truth value.
"""

from __future__ import annotations

import builtins
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import BuiltinFunctionType, CellType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..compile import CompilationError, draws_random_numbers
from ..fingerprint import captured, is_library
from .arithmetic import where
from .taylor_functions import FUNCTIONS
from .taylor_tape import Operand, Operation, Tape

LONGEST_STATE = 16  # beyond it the straight line is too long to compile and to keep near the processor


class Symbol:
    """A number, or the outcome of a comparison, that writes what is done to it onto a tape."""

    __slots__ = ("operation", "tape")
    __hash__ = None  # type: ignore[assignment]  (equality records; a hash would need an answer)

    def __init__(self, tape: Tape, operation: Operation) -> None:
        self.tape, self.operation = tape, operation

    def __add__(self, other):
        return _record("add", self, other)

    def __radd__(self, other):
        return _record("add", other, self)

    def __sub__(self, other):
        return _record("subtract", self, other)

    def __rsub__(self, other):
        return _record("subtract", other, self)

    def __mul__(self, other):
        return _record("multiply", self, other)

    def __rmul__(self, other):
        return _record("multiply", other, self)

    def __truediv__(self, other):
        return _record("divide", self, other)

    def __rtruediv__(self, other):
        return _record("divide", other, self)

    def __pow__(self, other):
        return _record("power", self, other)

    def __rpow__(self, other):
        return _record("power", other, self)

    def __neg__(self):
        return _record("negative", self)

    def __pos__(self):
        return self

    def __abs__(self):
        return _record("abs", self)

    def __lt__(self, other):
        return _record("<", self, other)

    def __le__(self, other):
        return _record("<=", self, other)

    def __gt__(self, other):
        return _record(">", self, other)

    def __ge__(self, other):
        return _record(">=", self, other)

    def __eq__(self, other):
        return _record("==", self, other)

    def __ne__(self, other):
        return _record("!=", self, other)

    def __and__(self, other):
        return _record("&", self, other)

    def __or__(self, other):
        return _record("|", self, other)

    def __xor__(self, other):
        return _record("^", self, other)

    def __mod__(self, other):
        raise TypeError("it uses a remainder, which jumps")

    def __floordiv__(self, other):
        raise TypeError("it uses a division to whole numbers, which jumps")

    __rmod__, __rfloordiv__ = __mod__, __floordiv__

    def __bool__(self) -> bool:
        raise TypeError("it branches on its state, its parameters or the time")

    def __float__(self) -> float:
        raise TypeError("it uses a function that knows no series")

    __int__ = __index__ = __float__

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        name = FUNCTIONS.get(ufunc)
        if name is None or method != "__call__" or kwargs:
            raise TypeError(f"it uses numpy.{ufunc.__name__}, which knows no series here")
        return _call(name, *inputs)

    def __array_function__(self, function, types, inputs, kwargs):
        if kwargs or function not in (np.where, np.clip) or len(inputs) != 3:
            raise TypeError(f"it uses numpy.{function.__name__}, which knows no series here")
        return (_where if function is np.where else _clip)(*inputs)


def _plain(value: Any) -> float | None:
    """A number that is none of ours."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    return float(value) if isinstance(value, bool | int | float | np.integer | np.floating | np.bool_) else None


def _record(name: str, *values: Any) -> Any:
    tape = next(value.tape for value in values if isinstance(value, Symbol))
    given = [value.operation if isinstance(value, Symbol) else _plain(value) for value in values]
    operands = [operand for operand in given if operand is not None]
    if len(operands) < len(given):
        return NotImplemented
    result = tape.record(name, *operands)
    return Symbol(tape, result) if isinstance(result, Operation) else result


def _call(name: str, *values: Any) -> Any:
    result = _record(name, *values)
    if result is NotImplemented:
        kinds = ", ".join(type(value).__name__ for value in values if not isinstance(value, Symbol))
        raise TypeError(f"it calls {name} on something else than numbers ({kinds})")
    return result


def _where(mask, a, b):
    return _call("where", mask, a, b) if isinstance(mask, Symbol) else where(mask, a, b)


def _clip(a, low, high):
    return _least(_greatest(a, low), high)


def _extreme(name: str, plain: Callable) -> Callable:
    def extreme(*values, **options):
        numbers = list(values[0]) if len(values) == 1 else list(values)
        if not any(isinstance(number, Symbol) for number in numbers):
            return plain(*values, **options)
        result = numbers[0]
        for number in numbers[1:]:
            both_plain = not isinstance(result, Symbol) and not isinstance(number, Symbol)
            result = plain(result, number) if both_plain else _call(name, result, number)
        return result

    return extreme


_least, _greatest = _extreme("minimum", min), _extreme("maximum", max)


def _recording(function: Callable) -> Callable:
    """A function of ``math`` that records its name where a symbol is among its arguments."""

    def elementary(*values):
        if any(isinstance(value, Symbol) for value in values):
            return _call(FUNCTIONS[function], *values)
        return function(*values)

    return elementary


_REPLACED: dict[Any, Callable] = {where: _where, min: _least, max: _greatest}
_REPLACED.update({function: _recording(function) for function in FUNCTIONS if not isinstance(function, np.ufunc)})
_BUILTINS = {**vars(builtins), "min": _least, "max": _greatest}


class _Module:
    """A module whose functions take symbols."""

    def __init__(self, module: ModuleType, made: dict[int, FunctionType]) -> None:
        self._module, self._made = module, made

    def __getattr__(self, name: str) -> Any:
        return _translated(getattr(self._module, name), self._made)


def _translated(value: Any, made: dict[int, FunctionType]) -> Any:
    inner = getattr(value, "py_func", value)
    if isinstance(inner, BuiltinFunctionType | FunctionType) and inner in _REPLACED:
        return _REPLACED[inner]
    if isinstance(inner, FunctionType) and not is_library(inner):
        return _for_symbols(inner, made)
    return _Module(value, made) if isinstance(value, ModuleType) else value


def _for_symbols(fun: FunctionType, made: dict[int, FunctionType]) -> FunctionType:
    """The same function, which finds functions of symbols under the names that it uses."""
    if id(fun) in made:
        return made[id(fun)]
    names: dict[str, Any] = {"__builtins__": _BUILTINS, "__name__": fun.__module__}
    cells = {name: CellType() for name in fun.__code__.co_freevars}
    copy = FunctionType(fun.__code__, names, fun.__name__, fun.__defaults__, tuple(cells.values()))
    copy.__kwdefaults__ = fun.__kwdefaults__
    made[id(fun)] = copy
    for name, value in captured(fun).items():
        translated = _translated(value, made)
        names[name] = translated
        if name in cells:
            cells[name].cell_contents = translated
    return copy


@dataclass(frozen=True)
class Trace:
    """A system as operations: ``slopes`` are the components of its right-hand side."""

    name: str
    tape: Tape
    state: tuple[Operation, ...]
    slopes: tuple[Operand, ...]

    @property
    def kinks(self) -> bool:
        """Whether it has a corner (``abs``, ``min``, ``max``, ``where``), which no series can see coming."""
        return any(operation.name in ("abs", "minimum", "maximum", "where") for operation in self.tape.operations)


def trace(
    fun: FunctionType, *, style: str, dim: int, n_params: int, longest: int = LONGEST_STATE, tape: Tape | None = None
) -> Trace:
    """Run ``fun`` on symbols.

    Parameters
    ----------
    fun : function
        ``fun(t, u, p)`` that returns a tuple (``style`` "tuple"), or ``fun(t, u, p, du)`` that fills ``du``
        ("inplace").
    style : str
    dim, n_params : int
    longest : int
        Components that a state may have.
    tape : Tape, optional
        Where to record; a fresh one by default.

    Returns
    -------
    Trace

    Raises
    ------
    CompilationError
        The function branches on its state, uses a function without a series, draws random numbers, or its state is
        longer than ``longest``.
    """
    if dim > longest:
        raise _refusal(fun, f"its state has {dim} components, more than {longest}")
    if draws_random_numbers(fun):
        raise _refusal(fun, "it draws random numbers")
    tape = tape or Tape()
    time = Symbol(tape, tape.input("time", 0, True))
    u = tuple(Symbol(tape, tape.input("state", index, True)) for index in range(dim))
    p = tuple(Symbol(tape, tape.input("parameter", index, False)) for index in range(n_params))
    copy = _for_symbols(fun, {})
    try:
        if style == "tuple":
            slopes = copy(time, u, p)
        else:
            slopes = np.full(dim, None, dtype=object)
            copy(time, np.array(u, dtype=object), np.array(p, dtype=object), slopes)
        given = [value.operation if isinstance(value, Symbol) else _plain(value) for value in slopes]
        operands = tuple(operand for operand in given if operand is not None)
        if len(given) != dim or len(operands) != dim:
            raise TypeError(f"it returns something else than {dim} numbers")
    except Exception as error:
        raise _refusal(fun, str(error) or type(error).__name__, error) from error
    return Trace(fun.__name__, tape, tuple(symbol.operation for symbol in u), operands)


def _refusal(fun: FunctionType, cause: str, error: Exception | None = None) -> CompilationError:
    file = fun.__code__.co_filename
    lines = [fun.__code__.co_firstlineno]
    if error is not None:
        lines += [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return CompilationError(
        f"{fun.__name__} has no Taylor series here: {cause} ({file}, line {lines[-1]}); try method='DOP853'"
    )
