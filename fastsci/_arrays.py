"""Array type in, array type out: NumPy, torch and CuPy, recognised without importing any of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Library:
    """Where an argument came from, and how results go back there."""

    name: str  # "numpy", "torch" or "cupy"
    on_gpu: bool
    give_back: Callable[[Any], Any]


def _same(array: Any) -> Any:
    return array


def _to_torch(array: np.ndarray) -> Any:
    """A tensor over the array's own memory; torch has no read-only ones, so such an array is copied."""
    return sys.modules["torch"].from_numpy(array if array.flags.writeable else array.copy())


NUMPY = Library("numpy", False, _same)


def library_of(*arguments: Any) -> Library:
    """The array library of the first argument that has one, and whether its memory is a GPU's."""
    torch, cupy = sys.modules.get("torch"), sys.modules.get("cupy")
    for argument in arguments:
        if torch is not None and isinstance(argument, torch.Tensor):
            if argument.device.type not in ("cpu", "cuda"):
                raise ValueError(f"y0: is on torch device {argument.device}, expected cpu or cuda; move it with .cpu()")
            on_gpu = argument.device.type == "cuda"
            return Library("torch", on_gpu, torch.as_tensor if on_gpu else _to_torch)
        if cupy is not None and isinstance(argument, cupy.ndarray):
            return Library("cupy", True, cupy.asarray)
    return NUMPY


def to_numpy(argument: Any, name: str = "y0") -> Any:
    """An argument as a NumPy array where it is a torch or CuPy one; anything else untouched."""
    torch, cupy = sys.modules.get("torch"), sys.modules.get("cupy")
    if torch is not None and isinstance(argument, torch.Tensor):
        if argument.layout is not torch.strided or argument.dtype is torch.bfloat16:
            raise TypeError(
                f"{name}: a {argument.layout} tensor of {argument.dtype}, expected a dense one of float32 or"
                " float64; convert it with .to_dense().float()"
            )
        return argument.detach().cpu().numpy()
    if cupy is not None and isinstance(argument, cupy.ndarray):
        return argument.get()
    return argument


def real_array(values: Any, argument: str) -> np.ndarray:
    """``values`` as an array of float32 or float64, or an error that names ``argument``."""
    try:
        array = np.asarray(to_numpy(values, argument))
    except ValueError as error:
        raise ValueError(f"{argument}: not a rectangular array ({error}); give rows of one length") from None
    if array.dtype == np.float32 or array.dtype == np.float64:
        return array
    if array.dtype.kind == "c":
        raise TypeError(f"{argument}: complex values; expected real ones; split them into real and imaginary parts")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{argument}: dtype {array.dtype}, expected real numbers; convert with .astype(float)")
    return array.astype(np.float64)
