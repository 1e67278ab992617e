"""The adaptive CPU driver: columns of members, each at its own time with its own step, on all threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import FunctionType

import numpy as np
from numba import types

from .. import cache
from ..compile import compile_all, inner, specialise
from ..fingerprint import fingerprint_all
from ..kept import Kept
from ..methods.adaptive import AdaptiveMethod
from . import pool
from .adaptive_cpu_source import (
    ACTIVE,
    EVENTS,
    FIRST,
    MORE,
    NEXT,
    SLOTS,
    STEPS,
    STOP,
    adaptive_source,
    room_rows,
    side_rows,
)
from .adaptive_events import PIECES
from .adaptive_text import AdaptiveShape, AdaptiveText
from .cpu import vector_bits
from .fallback import lanes_else_scalars, suffice
from .statistics import Gathered

BLOCK_SECONDS = 0.05
FIRST_SWEEPS, MOST_SWEEPS = 50, 2**30
GROUPS = 8  # groups of lanes that follow one another, so that their arithmetic overlaps
SMALLEST_CHUNK, LARGEST_CHUNK = 64, 4096
LOG_NUMBERS = 2**17
INLINE_MEMBERS = 8  # fewer are integrated in the calling thread


@dataclass(frozen=True)
class Kernel:
    """A compiled driver and what it is specialised on."""

    drive: Callable
    prepare: Callable
    text: AdaptiveText
    reason: str = ""  # why not lanes

    @property
    def shape(self) -> AdaptiveShape:
        return self.text.shape

    @property
    def path(self) -> str:
        return "lanes" if self.shape.width > 1 else "scalar"


_kernels: Kept[Kernel] = Kept()


def kernel(functions: Mapping[str, FunctionType], method: AdaptiveMethod, shape: AdaptiveShape) -> Kernel:
    """The compiled driver, from memory, from the disk, or made now; lanes where the functions allow, else scalars.

    Parameters
    ----------
    functions : mapping
        ``slope``, and ``user_`` and the name of every further function of the method and of the events.
    method : AdaptiveMethod
    shape : AdaptiveShape
        Its width and strip are chosen here.
    """
    digest = fingerprint_all(functions.values())
    identity = (digest, method.name, method.degree, shape)
    return _kernels.get(identity, lambda: _make(functions, digest, method, shape))


def _make(functions: Mapping[str, FunctionType], digest: str, method: AdaptiveMethod, shape: AdaptiveShape) -> Kernel:
    lanes = vector_bits() // shape.bits
    preferred = replace(shape, width=lanes, strip=lanes * GROUPS if shape.flat else lanes)
    verdict = cache.key(digest, repr(preferred), method.name, str(method.degree))
    scalar = replace(shape, width=1, strip=1)
    scalars = (scalar,) if suffice(shape.style, shape.bits) else (scalar, replace(scalar, arrays=True))

    def make(form: AdaptiveShape, reason: str) -> Kernel:
        return _compile(functions, digest, AdaptiveText(form, method), reason)

    return lanes_else_scalars(functions["slope"].__name__, verdict, preferred, scalars, make)


def _compile(functions: Mapping[str, FunctionType], digest: str, text: AdaptiveText, reason: str = "") -> Kernel:
    source = adaptive_source(text.method, text.shape)
    wrap = inner if text.shape.width > 1 else partial(inner, boundscheck=True)
    module = cache.load(cache.key(digest, source), source, compile_all(functions, wrap))
    for function, signature in ((module.drive, _drive_signature), (module.prepare, _prepare_signature)):
        specialise(function, signature(text.shape), *functions.values())
    return Kernel(module.drive, module.prepare, text, reason)


def _arrays(shape: AdaptiveShape) -> tuple[types.Type, types.Type, types.Type, types.Type]:
    number = types.float64 if shape.bits == 64 else types.float32
    index = types.int64
    return (
        types.Array(number, 2, "C"),
        types.Array(number, 1, "C"),
        types.Array(index, 2, "C"),
        types.Array(index, 1, "C"),
    )


def _drive_signature(shape: AdaptiveShape) -> tuple[types.Type, ...]:
    matrix, vector, indices, index = _arrays(shape)
    one, status = types.int64, types.Array(types.int8, 1, "C")
    members = (matrix, matrix, one, matrix, matrix, one)
    outputs = (matrix,) if shape.reduction is None else (matrix, indices, vector)
    saves = (matrix, one, *outputs)
    logs = (matrix, indices, matrix, index)
    ends = (indices, status, matrix)
    return (matrix, indices, matrix, matrix, *members, vector, vector, one, *saves, *logs, *ends, index, one)


def _prepare_signature(shape: AdaptiveShape) -> tuple[types.Type, ...]:
    matrix, vector, _, _ = _arrays(shape)
    one, status = types.int64, types.Array(types.int8, 1, "C")
    return (matrix, matrix, one, matrix, matrix, one, vector, vector, matrix, one, status, one)


@dataclass
class Members:
    """One run's members in state-major memory, a whole number of lanes of them, and what becomes of them.

    Attributes
    ----------
    y : ndarray, (dim, padded)
        Initial states; final states afterwards.
    params : ndarray, (n_params, padded), or (n_params, width) where all members share them
    span : ndarray, (3, padded), or (3, width) where all members share it
        Start, end, and the first step, positive, or 0 for one to be chosen.
    saves : ndarray, (n_saves + 1, padded) or (n_saves + 1, 1)
        Times, with infinity after the last.
    out : ndarray, (n_saves * dim, padded)
    rtol : float
    atol : ndarray, (dim,)
    max_step : float
    max_steps : int
        Attempts a member.
    count : int
        Members without the padding.
    statistics : Gathered, optional
        What is gathered in the place of saves.
    """

    y: np.ndarray
    params: np.ndarray
    span: np.ndarray
    saves: np.ndarray
    out: np.ndarray
    rtol: float
    atol: np.ndarray
    max_step: float
    max_steps: int
    count: int
    statistics: Gathered | None = None

    @property
    def outputs(self) -> tuple[np.ndarray, ...]:
        """What a driver writes to on the way."""
        return (self.out,) if self.statistics is None else self.statistics.arrays


@dataclass
class Outcome:
    """What a run leaves besides the states: a status and counts a member, the logs of events and steps."""

    status: np.ndarray  # (padded,) int8
    accepted: np.ndarray  # (padded,)
    tried: np.ndarray  # (padded,)
    t_final: np.ndarray  # (padded,)
    events: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    steps: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    slots: int = 0

    @property
    def lanes_busy(self) -> float:
        """Share of the columns' attempts that served a member."""
        return float(self.tried.sum() / self.slots) if self.slots else 1.0


def integrate(
    kernel: Kernel,
    members: Members,
    fill: Callable[[int, int], None],
    progress: Callable[[float], None] | None = None,
) -> Outcome:
    """Integrate every member; ``fill`` puts a range of them into place before they start."""
    run = _Run(kernel, members, fill)
    if members.count:
        if members.count <= INLINE_MEMBERS and progress is None:
            run(0, 1, None)
        else:
            pool.run(run, [(worker, worker + 1) for worker in range(pool.thread_count())], run.show(progress))
    return Outcome(run.status, run.counts[0], run.counts[1], run.ends[0], run.events, run.steps, run.slots)


class _Run:
    """The queue of one run and the arrays its workers fill; called once a thread."""

    def __init__(self, kernel: Kernel, members: Members, fill: Callable[[int, int], None]) -> None:
        padded, dtype = members.y.shape[1], members.y.dtype
        self.kernel, self.members, self.fill = kernel, members, fill
        self.status = np.zeros(padded, np.int8)
        self.counts = np.zeros((2, padded), np.int64)
        self.ends = np.zeros((1, padded), dtype)
        self.events: list[tuple[np.ndarray, np.ndarray]] = []
        self.steps: list[tuple[np.ndarray, np.ndarray]] = []
        self.slots, self.next, self.lock = 0, 0, threading.Lock()
        lanes = kernel.shape.width
        fair = -(-members.count // (8 * pool.thread_count()))
        self.chunk = -(-min(max(fair, SMALLEST_CHUNK), LARGEST_CHUNK) // lanes) * lanes

    def take(self) -> tuple[int, int]:
        """The next members to integrate; none when all are taken."""
        with self.lock:
            first = self.next
            self.next = min(first + self.chunk, self.members.count)
            return first, self.next

    def show(self, progress: Callable[[float], None] | None) -> Callable[[], None] | None:
        if progress is None:
            return None
        return lambda: progress(self.next / self.members.count)

    def __call__(self, worker: int, _: int, cancelled: threading.Event | None) -> None:
        kernel, members, shape = self.kernel, self.members, self.kernel.shape
        text, dtype = kernel.text, members.y.dtype
        lanes, dim = shape.width, shape.dim
        work = np.zeros((text.rows["all"], shape.strip), dtype)
        slots = np.zeros((4, shape.strip), np.int64)
        side = np.zeros((side_rows(text), lanes), dtype)
        room = np.zeros((room_rows(text), lanes), dtype)
        ready = np.zeros((dim + 1 + len(shape.events), self.chunk), dtype)
        settings = np.array([members.rtol, min(members.max_step, np.finfo(dtype).max)], dtype)
        atol = members.atol.astype(dtype)
        pitch = int(members.params.shape[1] == members.y.shape[1])
        span_pitch = int(members.span.shape[1] == members.y.shape[1])
        save_pitch = int(members.saves.shape[1] == members.y.shape[1])
        state = np.zeros(8, np.int64)
        state[MORE] = 1
        happenings = _Log(len(shape.events) * PIECES * shape.strip, 1 + dim, 2, dtype)
        polynomials = _Log(shape.dense * shape.strip, 3 + dim * (text.method.degree + 1), 0, dtype)
        sweeps = FIRST_SWEEPS
        with np.errstate(all="ignore"):
            while True:
                if state[NEXT] == state[STOP] and state[MORE]:
                    first, last = self.take()
                    state[NEXT], state[STOP], state[FIRST] = first, last, first
                    state[MORE] = int(last < members.count)
                    if first < last:
                        end = -(-last // lanes) * lanes
                        self.fill(first, end)
                        if members.statistics is not None:
                            members.statistics.begin(first, end)
                        kernel.prepare(
                            members.y, members.params, pitch, ready, members.span, span_pitch, atol, settings, room,
                            first, self.status, end,
                        )  # fmt: skip
                began = time.perf_counter()
                kernel.drive(
                    work, slots, side, room, members.y, members.params, pitch, ready, members.span, span_pitch, atol,
                    settings, members.max_steps, members.saves, save_pitch, *members.outputs, happenings.rows,
                    happenings.index, polynomials.rows, polynomials.index, self.counts, self.status, self.ends, state,
                    sweeps,
                )  # fmt: skip
                elapsed = max(time.perf_counter() - began, 1e-6)
                state[EVENTS] = happenings.keep(state[EVENTS])
                state[STEPS] = polynomials.keep(state[STEPS])
                done = state[ACTIVE] == 0 and state[NEXT] == state[STOP] and not state[MORE]
                if done or (cancelled is not None and cancelled.is_set()):
                    break
                sweeps = min(max(1, int(sweeps * min(4.0, BLOCK_SECONDS / elapsed))), MOST_SWEEPS)
        with self.lock:
            self.slots += int(state[SLOTS])
            self.events += happenings.full
            self.steps += polynomials.full


class _Log:
    """Records that a driver appends to, at most ``a_sweep`` of them a sweep; taken away when it returns."""

    def __init__(self, a_sweep: int, columns: int, index_columns: int, dtype: np.dtype) -> None:
        rows = max(8 * a_sweep, LOG_NUMBERS // columns) if a_sweep else 0
        self.full: list[tuple[np.ndarray, np.ndarray]] = []
        self.rows = np.empty((rows, columns), dtype)
        self.index = np.empty((rows, index_columns) if index_columns else rows, np.int64)

    def keep(self, used: int) -> int:
        """Take the records; how many are left, which is none."""
        if used:
            self.full.append((self.index[:used].copy(), self.rows[:used].copy()))
        return 0
