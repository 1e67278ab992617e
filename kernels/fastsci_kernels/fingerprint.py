"""What a function computes, as a hash: its bytecode and every value it captures, not its name or its file.

Works for functions without a source file (typed at a prompt, made by ``exec``, lambdas, closures), and changes when a
captured value changes.
"""

from __future__ import annotations

import dis
import hashlib
import os
import struct
import weakref
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

# Values of these packages are known by their version, which is part of every cache key.
LIBRARIES = frozenset({"builtins", "fastsci_kernels", "math", "numba", "numpy", "operator", "scipy"})

_PROCESS = os.urandom(8).hex()
_ATOMS = (type(None), bool, int, float, complex, str, bytes, np.generic)
_memory: weakref.WeakKeyDictionary[FunctionType, tuple[tuple, str]] = weakref.WeakKeyDictionary()


def is_library(value: Any) -> bool:
    """Whether a function, type or module belongs to one of LIBRARIES."""
    inner = getattr(value, "py_func", value)
    name = inner.__name__ if isinstance(inner, ModuleType) else getattr(inner, "__module__", None)
    root = (name or "builtins").partition(".")[0]
    # What `exec` makes calls itself a builtin, but no builtin is written in Python.
    return root in LIBRARIES and not (isinstance(inner, FunctionType) and root == "builtins")


def codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and those nested in it."""
    yield code
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from codes(value)


@lru_cache(maxsize=4096)
def _global_names(code: CodeType) -> tuple[str, ...]:
    """Names read as globals, here and in nested code; ``co_names`` would add those of attributes."""
    return tuple(
        dict.fromkeys(
            instruction.argval
            for part in codes(code)
            for instruction in dis.get_instructions(part)
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")
        )
    )


def captured(fun: FunctionType) -> dict[str, Any]:
    """The values a function takes from around itself: free variables and globals, by name."""
    values: dict[str, Any] = {
        name: fun.__globals__[name] for name in _global_names(fun.__code__) if name in fun.__globals__
    }
    for name, cell in zip(fun.__code__.co_freevars, fun.__closure__ or (), strict=True):
        try:
            values[name] = cell.cell_contents
        except ValueError as error:
            raise NameError(f"{fun.__name__} uses {name!r} before it has a value") from error
    return values


def fingerprint(fun: FunctionType) -> str:
    """A hexadecimal digest that two functions share only if they compute the same."""
    values = tuple(captured(fun).values())
    frozen = all(isinstance(value, _ATOMS) or (isinstance(value, ModuleType) and is_library(value)) for value in values)
    if frozen and fun in _memory:
        known, digest = _memory[fun]
        if len(known) == len(values) and all(a is b for a, b in zip(known, values)):
            return digest
    digest = hashlib.sha256()
    for part in _describe_function(fun, set()):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    if frozen:
        _memory[fun] = values, digest.hexdigest()
    return digest.hexdigest()


def fingerprint_all(functions: Iterable[FunctionType]) -> str:
    """One digest of several functions in their order; that of a lone one is its own."""
    digests = [fingerprint(fun) for fun in functions]
    return digests[0] if len(digests) == 1 else hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _describe(value: Any, seen: set[int]) -> Iterator[bytes]:
    yield type(value).__name__.encode()
    if isinstance(value, float):
        yield struct.pack("<d", value)
    elif isinstance(value, _ATOMS):
        yield repr(value).encode()
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, (tuple, list, set, frozenset)):
        for item in sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value:
            yield from _describe(item, seen)
    elif isinstance(value, dict):
        for item in value.items():
            yield from _describe(item, seen)
    elif isinstance(value, CodeType):
        yield from _describe_code(value, seen)
    elif isinstance(value, (type, BuiltinFunctionType, ModuleType, np.ufunc)) or _is_named(value):
        name = getattr(value, "__qualname__", None) or value.__name__
        yield f"{getattr(value, '__module__', '')}.{name}".encode()
    elif isinstance(getattr(value, "py_func", value), FunctionType):
        yield from _describe_function(getattr(value, "py_func", value), seen)
    else:
        yield f"{_PROCESS} {id(value)}".encode()


def _is_named(value: Any) -> bool:
    """Whether a library knows this very object by its name, as it does functions but not instances."""
    return is_library(value) and hasattr(value, "__name__")


def _describe_module(module: ModuleType, names: set[str], seen: set[int]) -> Iterator[bytes]:
    """What a function can reach in a user's module, and in the modules within it, by the names that it uses."""
    if id(module) in seen or is_library(module):
        return
    seen.add(id(module))
    for attribute in sorted(names & set(vars(module))):
        value = getattr(module, attribute)
        yield attribute.encode()
        yield from _describe(value, seen)
        if isinstance(value, ModuleType):
            yield from _describe_module(value, names, seen)


def _describe_code(code: CodeType, seen: set[int]) -> Iterator[bytes]:
    yield code.co_code
    for names in (code.co_names, code.co_varnames, code.co_freevars):
        yield " ".join(names).encode()
    yield str(code.co_argcount).encode()
    for constant in code.co_consts:
        yield from _describe(constant, seen)


def _describe_function(fun: FunctionType, seen: set[int]) -> Iterator[bytes]:
    if id(fun) in seen:
        return
    seen.add(id(fun))
    yield from _describe_code(fun.__code__, seen)
    yield from _describe(fun.__defaults__, seen)
    yield from _describe(fun.__kwdefaults__, seen)
    names = {name for code in codes(fun.__code__) for name in code.co_names}
    for name, value in sorted(captured(fun).items()):
        yield name.encode()
        yield from _describe(value, seen)
        if isinstance(value, ModuleType):
            yield from _describe_module(value, names, seen)
