"""Reading a user's function: its form, the names it unpacks, the constants it sees."""

from __future__ import annotations

import builtins
import difflib
import dis
import inspect
import numbers
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Style = Literal["tuple", "inplace"]

TUPLE_FORM = "def f(t, u, p): x, y = u; return ..., ..."
INPLACE_FORM = "def f(t, u, p, du): du[0] = ...; du[1] = ..."


def plain_function(fun: Any) -> types.FunctionType:
    function = getattr(fun, "py_func", fun)
    if not callable(fun):
        raise TypeError(f"fun: is a {type(fun).__name__}, expected a function, as in {TUPLE_FORM}")
    if not isinstance(function, types.FunctionType):
        raise TypeError(f"fun: is a {type(fun).__name__}, expected a plain function around it: {TUPLE_FORM}")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"fun: {function.__name__} is async, expected a plain function, as in {TUPLE_FORM}")
    if inspect.isgeneratorfunction(function):
        raise TypeError(f"fun: {function.__name__} is a generator (it yields), expected a return: {TUPLE_FORM}")
    return function


def style(fun: types.FunctionType) -> Style:
    code = fun.__code__
    arguments = code.co_varnames[: code.co_argcount]
    shown = f"{fun.__name__}({', '.join(arguments)})"
    if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS) or code.co_kwonlyargcount:
        raise TypeError(
            f"fun: {fun.__name__}{inspect.signature(fun)} has *args, **kwargs or keyword-only arguments,"
            f" expected (t, u, p) or (t, u, p, du) alone: {TUPLE_FORM}"
        )
    if arguments[1:2] in (("t",), ("time",)):
        raise TypeError(f"fun: {shown} takes the time second, expected it first: {TUPLE_FORM}")
    required = len(arguments) - len(fun.__defaults__ or ())
    if required <= 3 <= len(arguments):
        return "tuple"
    if required == 4:
        return "inplace"
    if len(arguments) == 2:
        raise TypeError(f"fun: {shown} takes 2 arguments (SciPy's form), expected 3 and a tuple back: {TUPLE_FORM}")
    raise TypeError(
        f"fun: {shown} takes {len(arguments)} arguments, expected (t, u, p) or (t, u, p, du); parameters come"
        f" together in p, and `a, b = p` unpacks them: {TUPLE_FORM}"
    )


def unpacking(code: types.CodeType, argument: str) -> tuple[int | None, tuple[str, ...] | None]:
    """Length and names of the first unpacking ``a, b = argument``, from the bytecode: it needs no source."""
    accesses = list(_accesses(code))
    if ("STORE", argument) in accesses:
        return None, None
    for position in range(len(accesses) - 1):
        operation, count = accesses[position + 1]
        if accesses[position] == ("LOAD", argument) and operation == "UNPACK_SEQUENCE":
            targets = accesses[position + 2 : position + 2 + count]
            names = tuple(name for operation, name in targets if operation == "STORE")
            return count, names if len(set(names)) == count else None
    return None, None


def _accesses(code: types.CodeType) -> Iterator[tuple[str, Any]]:
    """The instructions, with one local each where Python 3.13 fuses two loads or stores into one."""
    for instruction in dis.get_instructions(code):
        operation = instruction.opname
        if operation in ("EXTENDED_ARG", "NOP"):
            continue
        if "_FAST" in operation or "_DEREF" in operation:
            names = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
            yield from zip(re.findall("LOAD|STORE|DELETE", operation), names, strict=False)
        else:
            yield operation, instruction.argval


def check_unpacking(
    argument: str,
    names: tuple[str, ...],
    label: str,
    variable: str,
    count: int | None,
    unpacked: tuple[str, ...] | None,
) -> None:
    """Names that the caller gave must fit what the function unpacks."""
    if count is not None and count != len(names):
        raise ValueError(
            f"{argument}: has {len(names)} names ({', '.join(names)}), but {label} unpacks {count} values"
            f" from {variable}" + (f" ({', '.join(unpacked)})" if unpacked else "") + "; give one name for each"
        )
    if unpacked is not None and names != unpacked and set(names) == set(unpacked):
        raise ValueError(
            f"{argument}: has the order ({', '.join(names)}), but {label} unpacks {variable} as"
            f" ({', '.join(unpacked)}); give them in the function's order"
        )


def names(names: Any, argument: str) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Mapping | Sequence):
        raise TypeError(f"{argument}: is {names!r}, expected names such as ('a', 'b')")
    for name in names:
        if not isinstance(name, str) or not name:
            raise TypeError(f"{argument}: holds {name!r} as a name, expected strings such as ('a', 'b')")
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise ValueError(f"{argument}: names {', '.join(repeated)} more than once, expected each name once")
    return tuple(names)


def defaults(params: Mapping[str, Any]) -> dict[str, float]:
    for name, value in params.items():
        if not (isinstance(value, numbers.Real) or (isinstance(value, np.ndarray) and value.shape == ())):
            raise TypeError(
                f"params: the value of {name!r} is {value!r} ({type(value).__name__}), expected one real"
                " number; values that differ between members go to solve_ensemble, shared arrays to constants"
            )
    return {name: float(value) for name, value in params.items()}


def constant_arrays(constants: Mapping[str, ArrayLike], fun: types.FunctionType) -> dict[str, NDArray[np.float64]]:
    arrays = {}
    read = set(fun.__code__.co_freevars).union(*(code.co_names for code in _codes(fun.__code__)))
    for name in names(constants, "constants"):
        if name not in read:
            raise ValueError(
                f"constants: {fun.__name__} reads no global named {name!r}{close_match(name, read)};"
                f" use {name} in its body"
            )
        arrays[name] = read_only(float_array(constants[name], f"constants[{name!r}]"))
    return arrays


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of a function and of those defined inside it, which share its globals."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


class _ConstantsFirst(dict[str, Any]):
    """Globals with the constants; other names are looked up in the function's module when they are used."""

    def __init__(self, constants: Mapping[str, Any], module: dict[str, Any]) -> None:
        super().__init__(constants)
        self.module = module
        # Python reads these two when it makes the function, without asking for what is missing.
        self["__builtins__"] = module.get("__builtins__", builtins)
        self["__name__"] = module.get("__name__")

    def __missing__(self, name: str) -> Any:
        return self.module[name]

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self.module

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default


def with_constants(fun: types.FunctionType, arrays: Mapping[str, NDArray[np.float64]]) -> types.FunctionType:
    values = {name: array if array.ndim else float(array) for name, array in arrays.items()}
    cells = zip(fun.__code__.co_freevars, fun.__closure__ or (), strict=True)
    closure = tuple(types.CellType(values[name]) if name in values else cell for name, cell in cells)
    bound = types.FunctionType(
        fun.__code__, _ConstantsFirst(values, fun.__globals__), fun.__name__, fun.__defaults__, closure
    )
    bound.__doc__, bound.__qualname__, bound.__module__ = fun.__doc__, fun.__qualname__, fun.__module__
    return bound


def float_array(values: Any, argument: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{argument}: is not a rectangular array ({error}); give rows of one length") from None
    if array.dtype.kind not in "biuf" and array.size:
        raise TypeError(f"{argument}: is {brief(values)} of dtype {array.dtype}, expected real numbers")
    return array.astype(np.float64, order="C")


def read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    view = array.view()
    view.flags.writeable = False
    return view


def frozen(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    return types.MappingProxyType(
        {
            name: frozen(fact) if isinstance(fact, Mapping) else tuple(fact) if isinstance(fact, list) else fact
            for name, fact in facts.items()
        }
    )


def close_match(name: str, known: Any) -> str:
    matches = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def brief(values: Any) -> str:
    text = np.array2string(values, threshold=6) if isinstance(values, np.ndarray) else repr(values)
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."
