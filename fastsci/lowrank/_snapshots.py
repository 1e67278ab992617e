"""Snapshots of a system, as they are handed in: columns, one an instant, of one trajectory or of several."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._matrix import plain_array

Array = np.ndarray[Any, np.dtype[Any]]


def snapshots(value: Any, name: str = "X", least: int = 2) -> Array:
    """One trajectory ``(n_space, n_times)`` of finite numbers in float32, float64, complex64 or complex128.

    One-dimensional data is one variable over time.  Not copied where it need not be.
    """
    array = plain_array(value, name)
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype.kind not in "fc":
        raise TypeError(f"{name}: holds {array.dtype}, expected numbers; convert it with .astype(float)")
    if array.dtype.itemsize // (2 if array.dtype.kind == "c" else 1) not in (4, 8):
        array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    if array.ndim == 1:
        array = array[None, :]
    if array.ndim != 2 or array.shape[0] == 0:
        raise ValueError(f"{name}: has shape {np.shape(value)}, expected (n_space, n_times); reshape it")
    if array.shape[1] < least:
        raise ValueError(f"{name}: holds {array.shape[1]} snapshots, expected at least {least}; columns are instants")
    refuse_non_finite(array, name)
    return array


def trajectories(value: Any, name: str = "X", least: int = 2) -> list[Array]:
    """A list of trajectories over the same variables, whatever their lengths; one array is one trajectory."""
    if not isinstance(value, (list, tuple)) or not value or np.ndim(value[0]) < 2:
        return [snapshots(value, name, least)]
    found = [snapshots(part, f"{name}[{place}]", least) for place, part in enumerate(value)]
    for place, part in enumerate(found):
        if len(part) != len(found[0]):
            raise ValueError(
                f"{name}[{place}]: has {len(part)} variables, expected {len(found[0])} as in {name}[0]; all"
                " trajectories are of one system"
            )
    return found


def refuse_non_finite(array: Array, name: str) -> None:
    """Name the first snapshot that holds something other than finite numbers."""
    # A sum is finite only where its numbers are, but for overflow: then each is looked at.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum()):
            return
    good = np.isfinite(array).all(axis=0)
    if not good.all():
        place = int(np.argmin(good))
        row = int(np.argmin(np.isfinite(array[:, place])))
        raise ValueError(
            f"{name}: snapshot {place} holds {array[row, place]} in variable {row}, expected finite numbers; fill or"
            " drop such snapshots"
        )


def step(dt: Any, name: str = "dt") -> float:
    """A time step, or an error that names it."""
    try:
        value = float("" if isinstance(dt, (bool, np.bool_, str)) else dt)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: is {dt!r}, expected the time between snapshots, a positive number") from None
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name}: is {value}, expected a positive number, the time between snapshots")
    return value
