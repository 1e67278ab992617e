"""Kernels that are written out in a file, rather than generated: compiled at their first call and kept in the cache.

Such a file is imported like any other, and its functions are then plain ones that wait.  At the first call its text is
loaded once more as a module of the compile cache, where the decorator compiles: so a kernel on disk is filed under the
hash of all kernel sources, and a changed function that it calls can never leave stale numbers behind.  The file
imports by absolute names, since the copy belongs to no package.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

# The compiler is imported when something is compiled: whoever names a measure does not wait for Numba.
from .fingerprint import captured

_loaded: dict[str, ModuleType] = {}
_loading = threading.RLock()


class Static:
    """A function that is compiled when it is first called; ``function`` is the plain one."""

    def __init__(self, function: FunctionType) -> None:
        self.function = function
        functools.update_wrapper(self, function)

    @functools.cached_property
    def compiled(self) -> Callable[..., Any]:
        """What Numba makes of it, for kernels of other files that call it."""
        return getattr(_module(inspect.getfile(self.function)), self.function.__name__)

    def __call__(self, *args: Any) -> Any:
        return self.compiled(*args)


def static(function: FunctionType) -> Any:
    """Compile a function of a kernel's file at its first call; the functions that it calls are decorated too."""
    names = function.__globals__
    if "CACHE" not in names:
        return Static(function)
    for name, value in captured(function).items():
        if isinstance(value, Static):
            names[name] = value.compiled
    from .compile import jit

    return jit(function, cache=names["CACHE"])


def _module(file: str) -> ModuleType:
    """The compiled twin of a kernel's file."""
    from . import cache

    with _loading:
        if file not in _loaded:
            source = Path(file).read_text(encoding="utf-8")
            _loaded[file] = cache.load(cache.key(source), source, {})
        return _loaded[file]
