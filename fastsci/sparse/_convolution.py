"""Integrals of functions of a field against all test functions: products of banded matrices along each axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from ._problem import Array
from ._test_functions import Axis, EvenAxis

SLAB = 2**21  # numbers that are worked on at a time
FFT_PAYS = 200  # functions over a sample beyond which the transform is faster than the sums

Evaluate = Callable[[np.ndarray], Array]
Orders = tuple[int, ...]


def convolved(values: Array, axis: EvenAxis, derivative: int, route: str | None = None) -> Array:
    """Integrals along the middle axis of ``values (outer, n, inner)``, (outer, count, inner).

    ``route`` is "direct" for sums, "fft" for a transform, None for the faster.
    """
    if axis.periodic:
        values = np.take(values, axis.samples(0, axis.extent), axis=1)
    if route is None:
        route = "fft" if axis.reach > FFT_PAYS * axis.stride else "direct"
    if route == "fft":
        return _transformed(values, axis, derivative)
    if values.shape[2] == 1:
        return _direct_lines(values[:, :, 0], axis, derivative)[:, :, None]
    found = np.empty((len(values), axis.count, values.shape[2]))
    for functions, places, matrix in _blocks(axis, derivative):
        np.matmul(matrix, values[:, places], out=found[:, functions])
    return found


def _direct_lines(values: Array, axis: EvenAxis, derivative: int) -> Array:
    found = np.empty((len(values), axis.count))
    for functions, places, matrix in _blocks(axis, derivative):
        found[:, functions] = values[:, places] @ matrix.T
    return found


@lru_cache(maxsize=64)
def _blocks(axis: EvenAxis, derivative: int) -> list[tuple[slice, slice, Array]]:
    """Neighbouring test functions, the samples that they reach, and their weights: no matrix is mostly zeros."""
    size = axis.reach // axis.stride + 1
    found: list[tuple[slice, slice, Array]] = []
    for first in range(0, axis.count, size):
        last = min(first + size, axis.count)
        places = axis.stride * first, axis.stride * (last - 1) + axis.reach
        found.append((slice(first, last), slice(*places), axis.matrix(derivative, (first, last), places)))
    return found


def _transformed(values: Array, axis: EvenAxis, derivative: int) -> Array:
    from scipy import fft

    size = fft.next_fast_len(axis.extent, real=True)
    kernel = fft.rfft(axis.weights(derivative), size)
    product = fft.rfft(values, size, axis=1) * np.conj(kernel)[:, None]
    whole = fft.irfft(product, size, axis=1)
    return np.ascontiguousarray(whole[:, : axis.stride * (axis.count - 1) + 1 : axis.stride])


def projected(
    field: np.ndarray, evaluate: Evaluate, n_functions: int, axes: Sequence[Axis], orders: Sequence[Orders]
) -> Array:
    """Integrals of functions of a field against derivatives of test functions, (K, len(orders), n_functions).

    Parameters
    ----------
    field : ndarray, shape (n_0, ..., n_last, n_fields)
    evaluate : callable
        Functions ``(n, n_functions)`` of samples ``(n, n_fields)``.
    axes : sequence of axes of test functions, one for each axis of the field but the last
    orders : sequence of tuple of int
        Derivatives along each axis, which the test functions take over.

    The functions are evaluated for a slab of the first axis at a time, so that what is stored beside the result does
    not grow with the field.
    """
    head, rest = axes[0], axes[1:]
    inner = int(np.prod([axis.extent for axis in rest], dtype=np.int64)) * (n_functions + field.shape[-1])
    rows = max(1, min(SLAB // inner, max(head.reach, 512)))
    # What is not finite is found in the result, where it costs less to look for.
    with np.errstate(invalid="ignore", over="ignore"):
        return _accumulated(field, evaluate, n_functions, axes, orders, rows)


def _accumulated(
    field: np.ndarray,
    evaluate: Evaluate,
    n_functions: int,
    axes: Sequence[Axis],
    orders: Sequence[Orders],
    rows: int,
) -> Array:
    """``projected``, with so many rows of the first axis at a time."""
    head, rest = axes[0], axes[1:]
    counts = [axis.count for axis in axes]
    found = np.zeros((len(orders), counts[0], int(np.prod(counts[1:], dtype=np.int64)) * n_functions))
    for first in range(0, head.extent, rows):
        places = first, min(first + rows, head.extent)
        functions = head.over(*places)
        if functions[0] >= functions[1]:
            continue
        chosen = head.samples(*places) if isinstance(head, EvenAxis) and head.periodic else slice(*places)
        slab = np.ascontiguousarray(field[chosen], np.float64)
        values = evaluate(slab.reshape(-1, slab.shape[-1])).reshape(len(slab), -1)
        matrices: dict[int, Array] = {}
        for index, order, part in _descend(values, rest, list(enumerate(orders)), slab.shape[:-1], n_functions):
            if order not in matrices:
                matrices[order] = head.matrix(order, functions, places)
            found[index, slice(*functions)] += matrices[order] @ part
    shaped = found.reshape(len(orders), -1, n_functions)
    return np.ascontiguousarray(np.swapaxes(shaped, 0, 1))


def _descend(
    values: Array, axes: Sequence[Axis], wanted: list[tuple[int, Orders]], lengths: Sequence[int], inner: int
) -> list[tuple[int, int, Array]]:
    """Integrate along the last axis, then the one before, ...; what several derivatives share is done once."""
    if not axes:
        return [(index, orders[0], values.reshape(lengths[0], inner)) for index, orders in wanted]
    axis = axes[-1]
    assert isinstance(axis, EvenAxis)
    place = len(axes)
    found: list[tuple[int, int, Array]] = []
    for order in sorted({orders[place] for _, orders in wanted}):
        part = convolved(values.reshape(-1, lengths[-1], inner), axis, order)
        some = [item for item in wanted if item[1][place] == order]
        found += _descend(part, axes[:-1], some, lengths[:-1], inner * axis.count)
    return found
