"""The one import of numba-cuda, and only when CUDA is asked for.

Under ``NUMBA_ENABLE_CUDASIM=1`` numba-cuda's simulator takes the place of a GPU: kernels are plain Python there.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import math
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

# Fused multiply-adds are NVVM's default. Its fast mathematics would flush subnormals and divide inexactly; link-time
# optimisation would run other code than the PTX that can be looked at.
OPTIONS = {"fastmath": False, "lto": False, "opt": True}

# Where NumPy names a function of ``math`` otherwise.
_NUMPY_NAMES = {
    "pow": "power",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
}


@functools.cache
def cuda() -> ModuleType:
    """The module ``numba.cuda``; says what to install where it is missing."""
    if importlib.util.find_spec("numba_cuda") is None:
        raise RuntimeError(
            "device: 'cuda' needs numba-cuda, which is not installed; pip install 'fastsci[cuda13]' (or"
            " 'fastsci[cuda12]'), or use device=\"cpu\""
        )
    from numba import cuda

    return cuda


def simulated() -> bool:
    """Whether the simulator stands in for a GPU."""
    return "simulator" in cuda().jit.__module__


def require_device() -> None:
    """Raise unless there is a GPU to compute on, or the simulator."""
    if not simulated() and not cuda().is_available():
        raise RuntimeError("device: is 'cuda', but no CUDA device was found; use device=\"cpu\"")


def version() -> str:
    """Versions of what compiles for CUDA, for the keys of the compile cache."""
    return f"simulator {simulated()}, numba-cuda {importlib.metadata.version('numba-cuda')}"


def kernel(fun: FunctionType, cache: bool) -> Any:
    """Compile a function of no result that the host launches; ``cache`` it on the disk."""
    return cuda().jit(_quiet(fun)) if simulated() else cuda().jit(fun, cache=cache, **OPTIONS)


def specialise(driver: Any, signature: tuple[Any, ...], *functions: FunctionType) -> None:
    """Compile a kernel for its arguments, as `compile.specialise` does; the simulator compiles nothing."""
    from .compile import CompilationError, explain

    if simulated():
        return
    try:
        driver.compile(signature)
    except Exception as error:
        raise CompilationError(explain(error, *functions)) from error


def _quiet(fun: FunctionType) -> FunctionType:
    """The function without NumPy's warnings, which a GPU does not give; its globals are those that the simulator sets.

    The simulator's threads know nothing of a setting around the launch.
    """
    ignored = np.errstate

    def quiet(*arguments):
        with ignored(all="ignore"):
            fun(*arguments)

    return FunctionType(quiet.__code__, fun.__globals__, fun.__name__, closure=quiet.__closure__)


def device(fun: FunctionType) -> Any:
    """Compile a function that kernels call."""
    if simulated():
        return np.errstate(all="ignore")(substitute(fun, _numpy_for))
    return cuda().jit(fun, device=True, **OPTIONS)


def substitute(fun: FunctionType, change: Callable[[Any], Any]) -> FunctionType:
    """The function, whose globals and cells are its own, with ``change(value)`` in the place of each."""
    names = fun.__globals__
    for name, value in list(names.items()):
        names[name] = change(value)
    for cell in fun.__closure__ or ():
        cell.cell_contents = change(cell.cell_contents)
    return fun


def _numpy_for(value: Any) -> Any:
    """NumPy's ``sin`` for Python's, and so on.

    A GPU's mathematics keeps float32 and answers a bad argument with NaN or infinity, as NumPy's does; Python's works
    in float64 and raises.
    """
    if value is math:
        return SimpleNamespace(**{name: _numpy_for(member) for name, member in vars(math).items()})
    if isinstance(value, BuiltinFunctionType) and value.__module__ == "math":
        return getattr(np, _NUMPY_NAMES.get(value.__name__, value.__name__), value)
    return value
