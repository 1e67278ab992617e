"""Conserved quantities along many states: their values, and the states brought back to where they are conserved."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import FunctionType

import numpy as np
from numba import types

from .. import cache
from ..compile import CompilationError, compile_all, specialise
from ..fingerprint import fingerprint
from ..kept import Kept
from ..loops.batch import over
from ..loops.cpu import vector_bits
from .invariant_source import InvariantShape, projection_source, values_source

log = logging.getLogger("fastsci")

COMPONENT_SECONDS = 5e-9  # one component's share of one evaluation
ITERATIONS = 4  # of a projection, as a rule
MATRIX = types.Array(types.float64, 2, "C")
RANGE = (types.int64, types.int64)
SIGNATURES = {
    values_source: (*[MATRIX] * 4, *RANGE),
    projection_source: (*[MATRIX] * 5, types.float64, types.int64, *RANGE),
}


@dataclass(frozen=True)
class InvariantKernel:
    """A compiled kernel and how many states it works on at once."""

    drive: Callable
    width: int


_kernels: Kept[InvariantKernel] = Kept()


@dataclass(frozen=True)
class States:
    """States in a row, each with its time and its parameters.

    Attributes
    ----------
    u : ndarray, (n, dim)
    params : ndarray, (n, n_params)
    times : ndarray, (n,)
    """

    u: np.ndarray
    params: np.ndarray
    times: np.ndarray

    def columns(self, width: int) -> list[np.ndarray]:
        """States, parameters and times with the states side by side; the last one fills up the block."""
        return [_columns(rows, width) for rows in (self.u, self.params, self.times[:, None])]


def evaluate(invariant: FunctionType, states: States, *, count: int, single: bool) -> np.ndarray:
    """Values of a function of the state that returns ``count`` numbers, ``(n, count)``."""
    kernel = _kernel(invariant, states, values_source, count, single)
    y, params, times = states.columns(kernel.width)
    out = np.empty((count, y.shape[1]))

    def work(first: int, last: int) -> None:
        kernel.drive(y, params, times, out, first, last)

    over(y.shape[1] // kernel.width, work, kernel.width * len(y) * COMPONENT_SECONDS)
    return out[:, : len(states.u)].T.copy()


def project(
    invariant: FunctionType, states: States, levels: np.ndarray, *, single: bool, tolerance: float, most: int
) -> np.ndarray:
    """States moved along the gradients until the values are ``levels (n, count)``; NaN where that fails."""
    kernel = _kernel(invariant, states, projection_source, levels.shape[1], single)
    y, params, times = states.columns(kernel.width)
    targets, out = _columns(levels, kernel.width), np.empty_like(y)

    def work(first: int, last: int) -> None:
        kernel.drive(y, params, times, targets, out, tolerance, most, first, last)

    seconds = kernel.width * len(y) ** 2 * ITERATIONS * COMPONENT_SECONDS
    over(y.shape[1] // kernel.width, work, seconds)
    return out[:, : len(states.u)].T.copy()


def _columns(rows: np.ndarray, width: int) -> np.ndarray:
    count = len(rows)
    columns = np.empty((rows.shape[1], -(-count // width) * width))
    columns[:, :count] = rows.T
    columns[:, count:] = rows[-1:].T
    return columns


def _kernel(invariant: FunctionType, states: States, source: Callable, count: int, single: bool) -> InvariantKernel:
    """The kernel of a function, from memory, from the disk or made now: on lanes where it allows, else on scalars."""
    digest = fingerprint(invariant)
    shape = InvariantShape(states.u.shape[1], states.params.shape[1], count, single, _width())
    identity = (digest, source, shape)
    return _kernels.get(identity, lambda: _make(invariant, digest, source, shape))


@functools.cache
def _width() -> int:
    return vector_bits() // 64


def _make(invariant: FunctionType, digest: str, source: Callable, shape: InvariantShape) -> InvariantKernel:
    try:
        return InvariantKernel(_compile(invariant, digest, source, shape), shape.width)
    except CompilationError as error:
        reason = str(error)
    try:
        drive = _compile(invariant, digest, source, replace(shape, width=1))
    except CompilationError as error:
        raise CompilationError(
            f"invariant: {invariant.__name__} cannot be compiled: {error}; expected arithmetic and functions of math"
            " and numpy on numbers"
        ) from None
    log.warning("%s runs on scalars: %s", invariant.__name__, reason)
    return InvariantKernel(drive, 1)


def _compile(invariant: FunctionType, digest: str, source: Callable, shape: InvariantShape) -> Callable:
    text = source(shape)
    module = cache.load(cache.key(digest, text), text, compile_all({"invariant": invariant}))
    specialise(module.drive, SIGNATURES[source], invariant)
    return module.drive
