"""Fields on grids as they are handed in: their axes, spacings and numbers, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._arrays import to_numpy
from ._problem import Array

UNEVEN = 1e-6  # relative deviation of a step that still counts as rounding
LETTERS = "xyz"


@dataclass(frozen=True)
class Grid:
    """Lengths, spacings and continuation of the axes of a field, space first and time last."""

    lengths: tuple[int, ...]
    spacings: tuple[float, ...]
    periodic: tuple[bool, ...]


def steps_of(t: Any, length: int, name: str) -> float | Array:
    """A spacing where coordinates are even, else the coordinates themselves (n,); they must increase."""
    places = np.asarray(to_numpy(t, name))
    if places.dtype.kind not in "fiu":
        raise TypeError(f"{name}: is {t!r}, expected a spacing or {length} coordinates")
    places = places.astype(np.float64)
    if places.ndim == 0:
        if not (np.isfinite(places) and places > 0):
            raise ValueError(f"{name}: is {float(places)!r}, expected a positive spacing or an array of coordinates")
        return float(places)
    if places.shape != (length,):
        raise ValueError(
            f"{name}: has shape {places.shape}, expected ({length},), a coordinate for each sample of the axis, or a"
            " spacing"
        )
    if not np.isfinite(places).all():
        raise ValueError(f"{name}: holds {places[~np.isfinite(places)][0]}, expected finite numbers")
    if length < 2:
        raise ValueError(f"{name}: holds {length} coordinates, expected at least 2, or give a spacing")
    steps = np.diff(places)
    if not (steps > 0).all():
        place = int(np.argmin(steps > 0))
        raise ValueError(
            f"{name}: goes from {places[place]:.17g} to {places[place + 1]:.17g} at index {place + 1}, expected"
            " increasing coordinates; sort the samples"
        )
    mean = float((places[-1] - places[0]) / (length - 1))
    return mean if np.abs(steps - mean).max() <= UNEVEN * mean else places


def grids(
    u: Any, t: Any, coordinates: Sequence[Any], periodic: Any, n_fields: int | None = None
) -> tuple[list[np.ndarray], list[Grid]]:
    """Check one field or a list of them, (n_x, ..., n_t, n_fields) each, against their coordinates."""
    if t is None:
        raise ValueError("t: is missing, expected the time between samples or their times")
    many = isinstance(u, list | tuple)
    if many and not u:
        raise ValueError("u: is an empty list, expected at least one field")
    every = list(u) if many else [u]
    clocks = list(t) if many and isinstance(t, list | tuple) else [t] * len(every)
    if len(clocks) != len(every):
        raise ValueError(f"t: has {len(clocks)} entries, expected {len(every)}, one for each field")
    given = [place for place in coordinates if place is not None]
    if not given or any(place is None for place in coordinates[: len(given)]):
        wanted = ", ".join(f"{letter}=" for letter in LETTERS[: max(1, len(given))])
        raise ValueError(f"x: coordinates of space are missing, expected {wanted} as spacings or arrays")
    fields: list[np.ndarray] = []
    found: list[Grid] = []
    for index, (one, clock) in enumerate(zip(every, clocks, strict=True)):
        name = f"u[{index}]" if many else "u"
        field = _field(one, name, len(given))
        if n_fields is not None and field.shape[-1] != n_fields:
            raise ValueError(f"{name}: has {field.shape[-1]} fields, expected {n_fields}")
        n_fields = field.shape[-1]
        names = [*LETTERS[: len(given)], f"t[{index}]" if many and clocks[0] is not t else "t"]
        spacings = [
            _even(place, length, letter)
            for place, length, letter in zip([*given, clock], field.shape[:-1], names, strict=True)
        ]
        fields.append(field)
        found.append(Grid(field.shape[:-1], tuple(spacings), (*_periodic(periodic, len(given)), False)))
    return fields, found


def _field(value: Any, name: str, n_space: int) -> np.ndarray:
    field = np.asarray(to_numpy(value, name))
    if field.dtype.kind not in "fiub":
        raise TypeError(f"{name}: holds {field.dtype}, expected real numbers; split complex fields in two")
    if field.ndim == n_space + 1:
        field = field[..., None]
    axes = ", ".join(f"n_{letter}" for letter in LETTERS[:n_space])
    if field.ndim != n_space + 2 or 0 in field.shape:
        raise ValueError(
            f"{name}: has shape {field.shape}, expected ({axes}, n_t, n_fields) or ({axes}, n_t), as many axes of space"
            " as there are coordinates among x, y and z; reorder it with numpy.moveaxis"
        )
    for first in range(len(field)):
        good = np.isfinite(field[first])
        if not good.all():
            place = (first, *(int(i) for i in np.argwhere(~good)[0]))
            raise ValueError(f"{name}: is {field[place]} at index {place}, expected finite numbers; fill the gaps")
    return field


def _even(value: Any, length: int, name: str) -> float:
    found = steps_of(value, length, name)
    if isinstance(found, float):
        return found
    steps = np.diff(found)
    raise ValueError(
        f"{name}: has steps from {steps.min():.6g} to {steps.max():.6g}, expected an even grid; interpolate the field"
        " onto one"
    )


def _periodic(value: Any, n_space: int) -> tuple[bool, ...]:
    chosen = (value,) * n_space if isinstance(value, bool | np.bool_) else tuple(value)
    if len(chosen) != n_space or not all(isinstance(one, bool | np.bool_) for one in chosen):
        raise ValueError(f"periodic: is {value!r}, expected True, False or {n_space} of them, one for each axis")
    return tuple(bool(one) for one in chosen)
