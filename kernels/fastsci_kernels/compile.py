"""The one jit wrapper: every compiled function of the house gets its flags here."""

from __future__ import annotations

import builtins
import linecache
import os
import re
from collections.abc import Mapping
from types import CellType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba import njit

from .fingerprint import captured, codes, fingerprint, is_library


class CompilationError(TypeError):
    """A user's function that cannot be compiled; the message names its line and the cause."""


def jit(function: FunctionType | None = None, *, cache: bool = False, **options: Any):
    """Compile for the CPU: no Python objects, the GIL released, IEEE division, arithmetic as it is written.

    No fast-math flag: which products are fused with which sums is for the numbers to say (see `numbers.arithmetic`).
    """

    flags: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, **options}

    def wrap(fun):
        return njit(fun, cache=cache, **flags)

    return wrap if function is None else wrap(function)


def inner(function: FunctionType, **options: Any):
    """Compile a function that compiled functions alone call: without what Python would need to call it."""
    return jit(function, no_cpython_wrapper=True, **options)


def compilable(fun: FunctionType, wrap=jit, _made: dict[int, Any] | None = None) -> FunctionType:
    """The same function with every plain Python function it calls, however deep, compiled by ``wrap``.

    It is filed under this module, because a compiled kernel read back in another process looks for the modules of
    its parts and a user's may not be there to import; and under the hash of what it computes, because the linker
    takes two functions of one name for one.
    """
    if draws_random_numbers(fun):
        raise CompilationError(
            f"{fun.__name__} draws random numbers, which its members would share ({fun.__code__.co_filename},"
            f" line {fun.__code__.co_firstlineno}); draw them before the run and pass them as parameters"
        )
    made = {} if _made is None else _made
    made[id(fun)] = None  # under way: whoever calls it from within is recursive
    values = captured(fun)
    compiled: dict[str, Any] = {}
    for name, value in values.items():
        inner = getattr(value, "py_func", value)
        if isinstance(inner, FunctionType) and not is_library(inner):
            if id(inner) not in made:
                made[id(inner)] = wrap(compilable(inner, wrap, made))
            if made[id(inner)] is None:
                raise CompilationError(f"{inner.__name__} calls itself; write the recursion as a loop")
            compiled[name] = made[id(inner)]
    cells = tuple(CellType(compiled.get(name, values[name])) for name in fun.__code__.co_freevars)
    names = {"__builtins__": builtins, **values, **compiled, "__name__": __name__}
    copy = FunctionType(fun.__code__, names, fun.__name__, fun.__defaults__, cells)
    copy.__kwdefaults__ = fun.__kwdefaults__
    copy.__qualname__ = f"{fun.__name__}_{fingerprint(fun)}"
    return copy


def compile_all(functions: Mapping[str, FunctionType], wrap=jit) -> dict[str, Any]:
    """The functions of one kernel, compiled by ``wrap``; what they call in common is compiled once."""
    made: dict[int, Any] = {}
    compiled: dict[str, Any] = {}
    for name, fun in functions.items():
        if made.get(id(fun)) is None:
            made[id(fun)] = wrap(compilable(fun, wrap, made))
        compiled[name] = made[id(fun)]
    return compiled


def specialise(driver: Any, signature: tuple[Any, ...], *functions: FunctionType) -> None:
    """Compile a driver for its arguments and no others; what is refused is explained by the user's functions in it."""
    try:
        driver.compile(signature)
    except Exception as error:  # noqa: BLE001 (whatever the compiler raises is about the user's functions)
        raise CompilationError(explain(error, *functions)) from None
    driver.disable_compile()


def draws_random_numbers(fun: FunctionType) -> bool:
    """Whether a function reaches for a random number generator: members would share its numbers."""
    values = captured(fun)
    names = {name for code in codes(fun.__code__) for name in code.co_names}
    modules = {value.__name__ for value in values.values() if isinstance(value, ModuleType)}
    own = any(isinstance(value, np.random.Generator | np.random.RandomState) for value in values.values())
    return own or bool(modules & {"random", "numpy.random"}) or ("random" in names and "numpy" in modules)


_CAUSES = (
    (r"bool\(mask\(.*?\)\)|Cannot cast mask|is_true.*mask", "it branches on its state"),
    (r"Invalid store of \[\d+ x|in list\(lanes", "it keeps numbers of its state in a list"),
    (r"Untyped global name '([^']+)'", r"it uses {0!r}, which has no compiled form"),
    (r"Unknown attribute '([^']+)' of type Module\(<module '([^']+)'", r"{1}.{0} has no compiled form"),
    (r"OverloadSelector object at \w+>, \((\w+)", r"it uses a {0}, which has no compiled form"),
    (r"NameError: (name '[^']+' is not defined)", r"{0}"),
    (
        r"No implementation of function Function\((.+?)\) found for signature",
        r"{0} has no form for its arguments here",
    ),
)


def explain(error: Exception, *functions: FunctionType) -> str:
    """One line: what in the user's functions the compiler refused, and where."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    cause = _cause(text)
    places = [place for fun in functions if (place := _place(text, fun))]
    return f"{cause} ({places[0]})" if places else cause


def _place(text: str, fun: FunctionType) -> str:
    """File, line and code of the last mention of a function's file, or nothing."""
    file = fun.__code__.co_filename
    # The compiler shortens paths below the working directory.
    ending = re.escape(os.path.basename(file))
    place = rf'(?:File "|at )(?:[^"\n]*[/\\])?{ending}(?:", line | \()(\d+)'
    lines = [int(number) for number in re.findall(place, text)]
    if not lines:
        return ""
    code = linecache.getline(file, lines[-1]).strip()
    return f"{file}, line {lines[-1]}{': ' + code if code else ''}"


def _cause(text: str) -> str:
    for pattern, template in _CAUSES:
        match = re.search(pattern, text)
        if match:
            return template.format(*match.groups())
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    useful = [
        line for line in lines if not line.startswith(("Failed in", "-", ">", "File", "During", "There are", "^"))
    ]
    return (useful or lines or ["the compiler gave no reason"])[0]
