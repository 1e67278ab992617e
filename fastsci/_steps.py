"""Step sizes and times of runs of a fixed step, checked; of a map a step is an iteration."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _validate
from .system import System


def step_size(system: System, dt: Any) -> float:
    """The step of all members: of a map 1, of a flow the one given or the system's own."""
    if system.kind == "map":
        if dt is not None:
            raise ValueError(f"dt: is {dt!r}, but {system.name} is a map, whose times are iterations; leave it out")
        return 1.0
    if dt is None:
        if system.dt is None:
            raise ValueError(f"dt: is missing, and {system.name} has none of its own; give a step that resolves it")
        return system.dt
    if np.ndim(dt) != 0:
        raise ValueError(f"dt: has shape {np.shape(dt)}, expected one number, the step of all members")
    value = float(dt)
    if not (np.isfinite(value) and value > 0.0):
        raise ValueError(f"dt: is {dt!r}, expected a positive finite step")
    return value


def whole_steps(name: str, value: Any, step: float, *, least: int) -> int:
    """A time in whole steps."""
    if isinstance(value, bool) or np.ndim(value) != 0:
        raise ValueError(f"{name}: is {value!r}, expected one number")
    try:
        steps = float(value) / step
    except (TypeError, ValueError):
        raise TypeError(f"{name}: is {value!r}, expected a number") from None
    if not (np.isfinite(steps) and steps <= _validate.MOST_STEPS):
        raise ValueError(f"{name}: is {value!r}, expected a finite time of at most {_validate.MOST_STEPS:.3g} steps")
    rounded = round(steps)
    if rounded < least:
        raise ValueError(f"{name}: is {value!r}, {max(rounded, 0)} steps of {step:g}, expected at least {least}")
    return rounded
