"""Runs a plain function on Lanes over arrays, for tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastsci_kernels.compile import compilable, jit
from fastsci_kernels.numbers import functions  # noqa: F401  (binds the elementary functions)
from fastsci_kernels.numbers.memory import load, number, store


def on_lanes(fun: Callable, arguments: np.ndarray, outputs: int, width: int) -> np.ndarray:
    """``fun`` of as many Lanes as ``arguments`` has rows; it returns a tuple of ``outputs`` numbers.

    The columns of ``arguments``, (n_arguments, n), are the members; they must fill whole strips.
    """
    loads = ", ".join(f"load(x, {row}, o, {width})" for row in range(len(arguments)))
    stores = "\n        ".join(f"store(y, {row}, o, zero + r[{row}])" for row in range(outputs))
    bits = arguments.itemsize * 8
    source = f"""
def run(x, y):
    for o in range(0, x.shape[1], {width}):
        zero = number(-0.0, {bits}, {width})
        r = fun({loads})
        {stores}
"""
    names = {"fun": jit(compilable(fun)), "load": load, "store": store, "number": number}
    exec(source, names)
    result = np.empty((outputs, arguments.shape[1]), arguments.dtype)
    jit(names["run"])(np.ascontiguousarray(arguments), result)
    return result
