"""The adaptive CUDA driver: one thread a member, the run cut into launches; finished members leave their threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np
from numba import types

from .. import cache, cuda_target
from ..fingerprint import fingerprint_all
from ..kept import Kept
from ..methods.adaptive import AdaptiveMethod
from .adaptive_cpu_source import STATUS
from .adaptive_cuda_source import LOG_SLOTS, adaptive_source, local_bytes
from .adaptive_text import AdaptiveShape, AdaptiveText
from .cuda import BLOCK, FEW_BLOCK, FEW_MEMBERS, MAX_BLOCKS, to_device, to_host
from .cuda_build import check_limits, for_target, names
from .statistics import Gathered

LAUNCH_SECONDS = 0.2
FIRST_ATTEMPTS, MOST_ATTEMPTS, GROWTH = 16, 2**20, 16


@dataclass(frozen=True)
class Kernel:
    """Compiled drivers and what they are specialised on."""

    begin: Any
    drive: Any
    text: AdaptiveText

    @property
    def shape(self) -> AdaptiveShape:
        return self.text.shape


_kernels: Kept[Kernel] = Kept()


def kernel(functions: Mapping[str, FunctionType], method: AdaptiveMethod, shape: AdaptiveShape) -> Kernel:
    """The compiled drivers, from memory or made now; the arguments are those of `adaptive.kernel`."""
    identity = (fingerprint_all(functions.values()), method.name, method.degree, shape)

    def make() -> Kernel:
        check_limits(functions, shape.bits, shape.dim, local_bytes(method, shape), method.name)
        made = build(functions, method, shape)
        cuda_target.specialise(made.begin, begin_signature(shape), *functions.values())
        cuda_target.specialise(made.drive, drive_signature(shape), *functions.values())
        return made

    return _kernels.get(identity, make)


def build(functions: Mapping[str, FunctionType], method: AdaptiveMethod, shape: AdaptiveShape) -> Kernel:
    """The kernels of a user's functions, not yet compiled for a device."""
    source = for_target(adaptive_source(method, shape))
    name = cache.key(fingerprint_all(functions.values()), source, f"float{shape.bits}", cuda_target.version())
    module = cache.load(name, source, names(functions, shape.bits))
    return Kernel(module.begin, module.drive, AdaptiveText(shape, method))


def _arrays(shape: AdaptiveShape) -> tuple[types.Type, types.Type, types.Type, types.Type]:
    number, index = types.float64 if shape.bits == 64 else types.float32, types.int64
    return (
        types.Array(number, 2, "C"),
        types.Array(number, 1, "C"),
        types.Array(index, 2, "C"),
        types.Array(index, 1, "C"),
    )


def _outputs(shape: AdaptiveShape) -> tuple[types.Type, ...]:
    matrix, vector, indices, _ = _arrays(shape)
    return (matrix,) if shape.reduction is None else (matrix, indices, vector)


def begin_signature(shape: AdaptiveShape) -> tuple[types.Type, ...]:
    """Argument types of the kernel that members begin with."""
    matrix, vector, indices, _ = _arrays(shape)
    one = types.int64
    return (matrix, indices, matrix, matrix, matrix, one, vector, vector, matrix, one, *_outputs(shape), one)


def drive_signature(shape: AdaptiveShape) -> tuple[types.Type, ...]:
    """Argument types of the kernel that makes attempts."""
    matrix, vector, indices, index = _arrays(shape)
    one = types.int64
    events = types.Array(types.int64, 2, "C")
    return (matrix, indices, index, one, vector, vector, matrix, one, *_outputs(shape), matrix, events, one, one)


@dataclass
class Outcome:
    """What a run leaves besides its saves, on the host but for the states."""

    y: Any  # device array, (dim, n_members): where every member stopped
    status: np.ndarray
    accepted: np.ndarray
    tried: np.ndarray
    t_final: np.ndarray
    events: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)


def integrate(
    kernel: Kernel,
    y: Any,
    params: Any,
    span: np.ndarray,
    saves: np.ndarray,
    out: Any,
    *,
    rtol: float,
    atol: np.ndarray,
    max_step: float,
    max_steps: int,
    progress: Callable[[float], None] | None = None,
    statistics: Gathered | None = None,
) -> Outcome:
    """Integrate every member on the current device.

    Parameters
    ----------
    kernel : Kernel
    y : device array, (dim, n_members)
        Initial states.
    params : device array, (n_params or more, n_members)
    span : ndarray, (3, n_members or 1)
        Start, end and first step, as in `adaptive.Members`.
    saves : ndarray, (n_saves + 1, n_members or 1)
        Times, with infinity after the last.
    out : device array, (n_saves * dim, n_members)
        Filled with the saves.
    rtol, atol, max_step, max_steps
        As in `adaptive.Members`.
    progress : callable, optional
        Called with the fraction of members that have finished, between launches.
    statistics : Gathered, optional
        What is gathered in the place of saves, on the host.
    """
    cuda, shape, text = cuda_target.cuda(), kernel.shape, kernel.text
    n, dtype = y.shape[1], np.dtype(f"float{shape.bits}")
    rows = text.rows
    block = BLOCK if n > FEW_MEMBERS else FEW_BLOCK
    work = cuda.device_array((rows["all"], n), dtype)
    slots = cuda.device_array((5, n), np.int64)
    settings = cuda.to_device(np.array([rtol, min(max_step, float(np.finfo(dtype).max))], dtype))
    tolerances = cuda.to_device(atol.astype(dtype))
    times, ends = cuda.to_device(np.ascontiguousarray(saves)), cuda.to_device(np.ascontiguousarray(span))
    own_times, own_ends = int(saves.shape[1] > 1), int(span.shape[1] > 1)
    gathering = to_device(statistics)
    shared = (tolerances, settings, times, own_times, *(gathering or [out]))
    log = cuda.device_array((LOG_SLOTS * (1 + shape.dim) if shape.events else 1, n), dtype)
    log_event = cuda.device_array((LOG_SLOTS if shape.events else 1, n), np.int64)
    if n:
        begin = kernel.begin[min(-(-n // block), MAX_BLOCKS), block]
        begin(work, slots, y, params, ends, own_ends, *shared, max_steps)
    running, attempts = np.arange(n), FIRST_ATTEMPTS
    records: list[tuple[np.ndarray, np.ndarray]] = []
    while running.size:
        order = cuda.to_device(running)
        began = time.perf_counter()
        launch = kernel.drive[min(-(-running.size // block), MAX_BLOCKS), block]
        launch(work, slots, order, running.size, *shared, log, log_event, max_steps, attempts)
        cuda.synchronize()
        elapsed = max(time.perf_counter() - began, 1e-6)
        if shape.events:
            records += _drain(running, slots, log, log_event, shape.dim)
        flags = _row(work, rows["flag"])
        running = running[flags[running] == 0.0]
        if progress is not None:
            progress(1.0 - running.size / n)
        attempts = min(max(1, int(attempts * min(GROWTH, LAUNCH_SECONDS / elapsed))), MOST_ATTEMPTS)
    to_host(statistics, gathering)
    final = work[: shape.dim]
    codes = np.zeros(8, np.int8)
    codes[[int(flag) for flag in STATUS]] = list(STATUS.values())
    status = codes[_row(work, rows["flag"]).astype(np.int64)]
    return Outcome(final, status, _row(slots, 2), _row(slots, 3), _row(work, rows["t"]), records)


def _row(array: Any, row: int) -> np.ndarray:
    return np.asarray(array[row].copy_to_host())


def _drain(running: np.ndarray, slots: Any, log: Any, log_event: Any, dim: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The events of one launch, member after member, each in its own order."""
    counts = _row(slots, 4)[running]
    if not counts.any():
        return []
    met = running[counts > 0]
    counts = counts[counts > 0]
    values = log.copy_to_host().reshape(LOG_SLOTS, 1 + dim, -1)
    kinds = log_event.copy_to_host()
    members = np.repeat(met, counts)
    places = np.concatenate([np.arange(count) for count in counts])
    index = np.stack([members, kinds[places, members]], axis=1)
    return [(index, values[places, :, members])]
