"""What every CUDA driver is built of: the user's functions for the device, what numbers are done with, and limits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from .. import cuda_target
from ..compile import compile_all
from ..fingerprint import captured, is_library
from ..numbers import approximate, memory, on_cuda, plain
from ..numbers.arithmetic import where

# Bytes a thread may keep for itself, and bytes of constants a kernel may hold (CUDA C++ Programming Guide, technical
# specifications per compute capability).
LOCAL_LIMIT, CONSTANT_LIMIT = 512 * 2**10, 64 * 2**10


def check_limits(functions: Mapping[str, FunctionType], bits: int, dim: int, needed: int, method: str) -> None:
    """Raise where a thread's memory (``needed`` bytes) or the constants do not fit a GPU."""
    if needed > LOCAL_LIMIT:
        raise ValueError(
            f"y0: a state of {dim} numbers needs {needed} bytes a thread with {method}, but a GPU thread"
            f' has {LOCAL_LIMIT}; use device="cpu"'
        )
    seen: set[int] = set()
    arrays = [array for fun in functions.values() for array in _constant_arrays(fun, seen)]
    held = sum(array.size for array in arrays) * bits // 8
    if held > CONSTANT_LIMIT:
        raise ValueError(
            f"constants: {functions['slope'].__name__} reads {held} bytes of arrays, but a GPU kernel holds"
            f' {CONSTANT_LIMIT}; use device="cpu"'
        )


def _constant_arrays(fun: FunctionType, seen: set[int]) -> Iterator[np.ndarray]:
    """The arrays that a function and those it calls take from around themselves."""
    seen.add(id(fun))
    for value in captured(fun).values():
        inner = getattr(value, "py_func", value)
        if isinstance(value, np.ndarray) and id(value) not in seen:
            seen.add(id(value))
            yield value
        elif isinstance(inner, FunctionType) and not is_library(inner) and id(inner) not in seen:
            yield from _constant_arrays(inner, seen)


# Modules whose names are intrinsics, and those with the same names in plain Python.
TWINS = {
    "numbers.memory": "numbers.plain",
    "numbers.sections": "numbers.plain",
    "numbers.approximate": "numbers.plain",
    "numbers.dual": "numbers.dual_plain",
}


def for_target(source: str) -> str:
    """A driver's text with the imports of the target at hand."""
    if cuda_target.simulated():
        for compiled, twin in TWINS.items():
            source = source.replace(f"from fastsci_kernels.{compiled} import", f"from fastsci_kernels.{twin} import")
    return source


def names(functions: Mapping[str, FunctionType], bits: int) -> dict[str, Any]:
    """Globals of a driver's text: the user's functions, compiled for the device or the simulator, and the house's."""
    simulated = cuda_target.simulated()
    if not simulated:
        on_cuda.bind()
    precision = np.float32 if bits == 32 else np.float64

    def in_precision(value: Any) -> Any:
        shared = isinstance(value, np.ndarray) and value.dtype == np.float64
        return value.astype(precision) if shared else value

    def device(function: FunctionType) -> Any:
        return cuda_target.device(cuda_target.substitute(function, in_precision))

    numbers = plain if simulated else memory
    return {
        **compile_all(functions, device),
        "cuda": cuda_target.cuda(),
        "device": cuda_target.device,
        "kernel": cuda_target.kernel,
        "load": numbers.load,
        "store": numbers.store,
        "scratch": numbers.scratch,
        "number": numbers.number,
        "any_lane": numbers.any_lane,
        "lane": numbers.lane,
        "approximate_power": (plain if simulated else approximate).approximate_power,
        "rough_power": (plain if simulated else approximate).rough_power,
        "where": where,
        "math": math,
    }
