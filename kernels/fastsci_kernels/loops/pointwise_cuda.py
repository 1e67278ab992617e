"""Values and derivatives of a function at many points on a GPU, one thread a point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np
from numba import types

from .. import cache, cuda_target
from ..fingerprint import fingerprint_all
from ..kept import Kept
from ..methods.derivative import Derivative
from ..numbers import dual_memory
from .cuda import BLOCK, FEW_BLOCK, FEW_MEMBERS, MAX_BLOCKS
from .cuda_build import check_limits, for_target, names
from .pointwise_source import Points, PointText, cuda_source


@dataclass(frozen=True)
class Kernel:
    """A compiled kernel and what it is specialised on."""

    drive: Any
    derivative: Derivative
    points: Points


_kernels: Kept[Kernel] = Kept()


def kernel(functions: Mapping[str, FunctionType], derivative: Derivative, points: Points) -> Kernel:
    """The compiled kernel, from memory or made now; ``points`` are those of the CPU's with ``on_cuda``."""
    identity = (fingerprint_all(functions.values()), derivative, points)

    def make() -> Kernel:
        needed = PointText(derivative, points).stack()
        check_limits(functions, points.bits, points.dim, needed, f"its {derivative.kind}")
        drive = build(functions, derivative, points)
        cuda_target.specialise(drive, signature(points.bits), *functions.values())
        return Kernel(drive, derivative, points)

    return _kernels.get(identity, make)


def build(functions: Mapping[str, FunctionType], derivative: Derivative, points: Points) -> Any:
    """The kernel of a user's functions, not yet compiled for a device."""
    source = for_target(cuda_source(derivative, points))
    room = dual_memory.simulated if cuda_target.simulated() else dual_memory.numbers_on_stack
    name = cache.key(fingerprint_all(functions.values()), source, f"points float{points.bits}", cuda_target.version())
    return cache.load(name, source, {**names(functions, points.bits), "numbers_on_stack": room}).drive


def signature(bits: int) -> tuple[types.Type, ...]:
    """Argument types of a kernel."""
    rows = types.Array(types.float64 if bits == 64 else types.float32, 2, "C")
    lost = types.Array(types.int8, 1, "C")
    return (*(rows,) * 8, lost, lost)


def answer(kernel: Kernel, inputs: list[Any], outputs: list[Any], n: int) -> np.ndarray:
    """Fill ``outputs``, each (n, numbers); ``inputs`` are (n, numbers), or (1, numbers) where shared.

    All are row-major arrays on the current device.  Returns where the function raised, (n,).
    """
    cuda = cuda_target.cuda()
    lost = cuda.to_device(np.ones(n, np.int8))
    block = BLOCK if n > FEW_MEMBERS else FEW_BLOCK
    arrays = [array if cuda_target.simulated() else cuda.as_cuda_array(array) for array in (*inputs, *outputs)]
    kernel.drive[min(-(-n // block), MAX_BLOCKS), block](*arrays, lost, lost)
    cuda.synchronize()
    return lost.copy_to_host()
