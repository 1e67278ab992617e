"""Trajectories as they are handed in: states, times, derivatives and controls, one or many, brought to one form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._samples import refuse_non_finite, samples
from ._problem import Array


@dataclass(frozen=True)
class Trajectory:
    """States ``(n, d)`` at times, with what else is known of them."""

    states: np.ndarray
    times: float | Array | None  # a step, or (n,)
    derivatives: np.ndarray | None  # (n, d)
    controls: np.ndarray | None  # (n, c)

    @property
    def inputs(self) -> np.ndarray:
        """States and controls side by side, (n, d + c)."""
        return self.states if self.controls is None else np.hstack((self.states, self.controls))


def trajectories(X: Any, t: Any = None, x_dot: Any = None, u: Any = None) -> list[Trajectory]:
    """Check one trajectory or a list of them; lists of numbers in a list are the rows of one."""
    if not (isinstance(X, list | tuple) and len(X) > 0 and _is_array(X[0])):
        return [_trajectory(X, t, x_dot, u, "")]
    count = len(X)
    steps = t if isinstance(t, list | tuple) else [t] * count
    parts = [steps, *(part if part is not None else [None] * count for part in (x_dot, u))]
    for name, part in zip(("t", "x_dot", "u"), parts, strict=True):
        if not isinstance(part, list | tuple) or len(part) != count:
            found = len(part) if isinstance(part, list | tuple) else type(part).__name__
            raise ValueError(f"{name}: is {found}, expected a list of {count}, one for each trajectory of X")
    found = [
        _trajectory(states, step, derivatives, controls, f"[{index}]")
        for index, (states, step, derivatives, controls) in enumerate(zip(X, *parts, strict=True))
    ]
    for index, one in enumerate(found):
        for name, own, first in (
            ("X", one.states, found[0].states), ("u", one.controls, found[0].controls)
        ):  # fmt: skip
            if own is not None and first is not None and own.shape[1] != first.shape[1]:
                raise ValueError(
                    f"{name}[{index}]: has {own.shape[1]} columns, expected {first.shape[1]} as {name}[0] has"
                )
    return found


def _is_array(value: Any) -> bool:
    """Whether this is a trajectory in a list of them, and no number nor row of numbers."""
    if isinstance(value, list | tuple):
        return len(value) > 0 and any(_has_length(entry) for entry in value)
    return np.ndim(value) > 0


def _has_length(value: Any) -> bool:
    return isinstance(value, list | tuple) or np.ndim(value) > 0


def _trajectory(X: Any, t: Any, x_dot: Any, u: Any, place: str) -> Trajectory:
    states = samples(X, f"X{place}")
    if len(states) == 0:
        raise ValueError(f"X{place}: has no rows, expected at least one sample")
    derivatives = None if x_dot is None else samples(x_dot, f"x_dot{place}", states.shape[1])
    controls = None if u is None else samples(u, f"u{place}")
    for name, part in (("x_dot", derivatives), ("u", controls)):
        if part is not None and len(part) != len(states):
            raise ValueError(
                f"{name}{place}: has {len(part)} rows, expected {len(states)}, one for each row of X{place}"
            )
    return Trajectory(states, _times(t, len(states), f"t{place}"), derivatives, controls)


def _times(t: Any, n: int, name: str) -> float | Array | None:
    if t is None:
        return None
    given = np.asarray(t)
    if given.dtype.kind not in "fiu":
        raise TypeError(f"{name}: holds {given.dtype}, expected a time step or times as numbers, in seconds, say")
    times = given.astype(np.float64)
    if times.ndim == 0:
        step = float(times)
        if not (np.isfinite(step) and step > 0):
            raise ValueError(f"{name}: is {step!r}, expected a positive time step or an array of times")
        return step
    if times.shape != (n,):
        raise ValueError(f"{name}: has shape {times.shape}, expected ({n},), one time for each row of X, or a step")
    refuse_non_finite(times[:, None], name)
    steps = np.diff(times)
    if steps.size and not (steps > 0).all():
        place = int(np.argmin(steps > 0))
        raise ValueError(
            f"{name}: goes from {times[place]:.17g} to {times[place + 1]:.17g} at index {place + 1}, expected"
            " increasing times; sort the samples, and leave out those of a time that is already there"
        )
    return times


def without_gaps(one: Trajectory, drop: bool, place: str) -> list[Trajectory]:
    """The trajectory, or with ``drop`` its stretches between samples that hold something other than finite numbers."""
    good = np.isfinite(one.inputs).all(axis=1)
    if good.all():
        return [one]
    if not drop:
        refuse_non_finite(one.states, f"X{place}")
        if one.controls is not None:
            refuse_non_finite(one.controls, f"u{place}")
    edges = np.flatnonzero(np.diff(np.r_[False, good, False]))
    return [_slice(one, first, last) for first, last in edges.reshape(-1, 2)]


def _slice(one: Trajectory, first: int, last: int) -> Trajectory:
    def part(array: Any) -> Any:
        return array[first:last] if isinstance(array, np.ndarray) else array

    return Trajectory(one.states[first:last], part(one.times), part(one.derivatives), part(one.controls))
