"""A function and its derivatives at many points: the caller's arrays, checked, and as the kernels want them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.loops import pointwise
from fastsci_kernels.loops.pointwise_source import Points
from fastsci_kernels.methods.derivative import INPUTS, OUTPUTS, Derivative

from . import _extended, _function, _validate
from ._arrays import Library, library_of, real_array, to_numpy
from ._validate import Ensemble
from .ensemble import as_flow_or_map, probe, wants_cuda
from .system import System

LARGEST_BLOCK = 32 * 2**20  # bytes; glibc's allocator maps larger ones anew each time


@dataclass(frozen=True)
class Request:
    """Where a function is asked: its points, with time and parameters, in the precision of the answer."""

    system: System
    origin: Library  # of the arrays
    members: Ensemble
    n: int
    single: bool  # one point, without an axis of points
    start: Any  # what the caller gave as ``y``, on the host
    original: Any  # the same, where it was
    inputs: dict[str, NDArray[Any]]  # rows (1 or n, numbers) of time, state and parameters
    wrt: str
    on_cuda: bool

    @property
    def size(self) -> int:
        """Components of what is perturbed."""
        return len(self.members.params) if self.wrt == "params" else self.members.dim

    def directions(self, v: Any, name: str = "v") -> tuple[NDArray[Any], int, bool]:
        """Perturbations as rows (1 or n, size * count), their count, and whether they were one a point."""
        return self._columns(v, self.size, name, "y" if self.wrt == "state" else "params")

    def cotangents(self, w: Any, name: str = "w") -> tuple[NDArray[Any], int, bool]:
        """Cotangents as rows (1 or n, dim * count), their count, and whether they were one a point."""
        return self._columns(w, self.members.dim, name, "y")

    def _columns(self, v: Any, size: int, name: str, within: str) -> tuple[NDArray[Any], int, bool]:
        found, single = _extended.directions(v, self.start, size, self.n, within=within, name=name)
        count = found.shape[1]
        return self.rows(found.transpose(0, 2, 1).reshape(len(found), size * count)), count, single

    def rows(self, values: NDArray[Any]) -> NDArray[Any]:
        """Row-major and in the precision of the answer; what is so already is not copied."""
        dtype = self.members.dtype
        if values.dtype == dtype and values.flags.c_contiguous and values.flags.aligned:
            return values
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and fails its own point
            return np.require(values, dtype, ["C", "A"])


def request(
    system: System | Callable[..., Any],
    y: Any,
    t: Any,
    params: Any,
    *,
    wrt: str = "state",
    dtype: Any = None,
    device: str = "auto",
) -> Request:
    """Check the arguments that all questions share."""
    described = as_flow_or_map(system)
    if wrt not in ("state", "params"):
        raise ValueError(f"wrt: is {wrt!r}, expected 'state' or 'params'")
    library = library_of(y)
    start = to_numpy(y, "y")
    members = _validate.ensemble(described, (0.0, 1.0), start, params, 1.0, None, dtype, name="y")
    if wrt == "params" and not members.params:
        raise ValueError(f"wrt: is 'params', but {described.name} has no parameters; perturb the state")
    if start is None:
        start = members.y0[0]
    times = real_array(t, "t")
    n = members.n_members
    if times.ndim > 1 or (times.ndim == 1 and n != 1 and len(times) not in (1, n)):
        raise ValueError(f"t: has shape {times.shape}, expected a number or ({n if n != 1 else 'n'},); flatten it")
    if times.ndim == 1 and len(times) != 1:
        n = len(times)
    probe(described, members)
    single = np.ndim(start) == 1 and n == 1 and times.ndim == 0 and all(value.ndim == 0 for value in members.params)
    made = Request(described, library, members, n, single, start, y, {}, wrt, wants_cuda(device, library))
    made.inputs.update(
        t=made.rows(times.reshape(-1, 1)), u=made.rows(members.y0), p=made.rows(_parameter_rows(members, params, n))
    )
    return made


def _parameter_rows(members: Ensemble, params: Any, n: int) -> NDArray[Any]:
    """Parameters as rows (1 or n, n_params)."""
    values = members.params
    if all(value.size == 1 for value in values):
        return np.array([[value.item() for value in values] or [0.0]])
    if not isinstance(params, Mapping):
        return real_array(params, "params")
    rows = np.empty((n, len(values)), members.dtype)
    with np.errstate(over="ignore"):
        for column, value in enumerate(values):
            rows[:, column] = value
    return rows


def answer(
    asked: Request,
    derivative: Derivative,
    a: NDArray[Any] | None = None,
    b: NDArray[Any] | None = None,
    out: Mapping[str, NDArray[Any]] | None = None,
) -> dict[str, Any]:
    """Rows (n, numbers) of the outputs of ``derivative`` by name, on the host or where the caller's arrays are.

    A point whose function raises is a row of NaN.
    """
    members, n = asked.members, asked.n
    nothing = np.zeros((1, 1), members.dtype)
    given = {**asked.inputs, "a": nothing if a is None else a, "b": nothing if b is None else b}
    inputs = [given[name] for name in INPUTS]
    sizes = derivative.rows(members.dim, len(members.params))
    points = Points(
        asked.system.style,
        members.dim,
        len(members.params),
        members.dtype.itemsize * 8,
        shared=tuple(name for name, array in zip(INPUTS, inputs, strict=True) if len(array) == 1),
    )
    functions: dict[str, Any] = {"slope": asked.system.fun}
    for name in derivative.functions:
        functions[f"user_{name}"] = _function.plain_function(getattr(asked.system, name))
    with _extended.differentiating(asked.system):
        if asked.on_cuda:
            return _on_cuda(asked, functions, derivative, points, inputs, sizes)
        kernel = pointwise.kernel(functions, derivative, points)
    outputs = _room(n, sizes, members.dtype, {} if out is None else out)
    if n:
        raised = pointwise.answer(kernel, inputs, outputs, n)
        if len(raised) and raised.any():
            for rows in outputs:
                rows[raised != 0] = np.nan
    return dict(zip(OUTPUTS, outputs, strict=True))


def _room(
    n: int, sizes: Mapping[str, int], dtype: np.dtype[Any], held: Mapping[str, NDArray[Any]]
) -> list[NDArray[Any]]:
    """Arrays for the outputs that are not held already, cut from one block while that is small.

    Of a block that the caller lets go the allocator keeps the pages, of several together it gives them back, and fresh
    pages take longer than the derivatives of the numbers on them.
    """
    shapes = {name: (n, sizes[name]) for name in OUTPUTS if name not in held}
    total = sum(n * size for _, size in shapes.values())
    if total * dtype.itemsize > LARGEST_BLOCK:
        return [held[name] if name in held else np.empty(shapes[name], dtype) for name in OUTPUTS]
    block, start, parts = np.empty(total, dtype), 0, dict(held)
    for name, (_, size) in shapes.items():
        parts[name] = block[start : start + n * size].reshape(n, size)
        start += n * size
    return [parts[name] for name in OUTPUTS]


def _on_cuda(
    asked: Request,
    functions: Mapping[str, Any],
    derivative: Derivative,
    points: Points,
    inputs: list[NDArray[Any]],
    sizes: Mapping[str, int],
) -> dict[str, Any]:
    from fastsci_kernels import cuda_target
    from fastsci_kernels.loops import pointwise_cuda

    from ._cuda import device_memory

    cuda_target.require_device()
    memory = device_memory(asked.origin, replace(asked.members, y0=asked.original))
    n, dtype = asked.n, asked.members.dtype
    with memory.on_device():
        kernel = pointwise_cuda.kernel(functions, derivative, replace(points, on_cuda=True))
        outputs = [memory.empty((n, max(1, sizes[name])), dtype) for name in OUTPUTS]
        if n:
            raised = pointwise_cuda.answer(kernel, [memory.put(array) for array in inputs], outputs, n) != 0
        else:
            raised = np.zeros(0, bool)
        found = [memory.take(array) for array in outputs]
        if raised.any():
            failed = memory.give(raised) if asked.origin.on_gpu else raised
            for rows in found:
                rows[failed] = np.nan
    return dict(zip(OUTPUTS, found, strict=True))


def evaluate(system: System | Callable[..., Any], y: Any, *, t: Any = 0.0, params: Any = None) -> Any:
    """The value of a function at points, by the kernels that differentiate it: the measure of what those cost."""
    asked = request(system, y, t, params)
    value = answer(asked, Derivative("value"))["f"]
    return asked.origin.give_back(value[0] if asked.single else value)
