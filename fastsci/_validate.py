"""What a caller hands to an ensemble run, checked and brought to one form."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np

from ._arrays import real_array
from .statistics import Statistics
from .system import System

MOST_STEPS = 2.0**53  # a grid point beyond has no exact number


@dataclass(frozen=True)
class Ensemble:
    """One run's members: states, parameters and times in the precision of the run."""

    y0: np.ndarray  # (1 or n_members, dim)
    params: list[np.ndarray]  # one array, () or (n_members,), a parameter
    names: tuple[str, ...]
    t_span: np.ndarray  # (2,) or (n_members, 2)
    t_eval: np.ndarray | None  # (n_times,) or (n_times, n_members)
    dt: np.ndarray  # () or (n_members,): the step, or the first of an adaptive run, 0 for one to be chosen
    n_members: int
    dtype: np.dtype
    parts: Mapping[str, FunctionType] = field(default_factory=dict)  # what the method calls beside the right-hand side
    key: np.ndarray = field(default_factory=lambda: np.zeros(3, np.int64))  # words of the seed, first member
    statistics: Statistics | None = None  # gathered in the place of saves

    @property
    def dim(self) -> int:
        return self.y0.shape[1]

    def some(self, which: np.ndarray) -> Ensemble:
        """The members numbered ``which (n,)``."""
        return replace(
            self,
            y0=self.y0 if len(self.y0) == 1 else self.y0[which],
            params=[value if value.size == 1 else value[which] for value in self.params],
            n_members=len(which),
        )


def ensemble(
    system: System,
    t_span: Any,
    y0: Any,
    params: Any,
    dt: Any,
    t_eval: Any,
    dtype: Any,
    *,
    adaptive: bool = False,
    name: str = "y0",
) -> Ensemble:
    """Check everything and work out the number of members.

    ``dt`` is the first step where the run is ``adaptive``; ``name`` is what the caller calls the states.
    """
    states = _states(system, y0, name)
    precision = _precision(dtype, states)
    values, names = _parameters(system, params)
    plain = isinstance(t_span, tuple) and all(type(number) in (int, float) for number in (*t_span, dt))
    span, step = (
        _adaptive_clock(t_span, dt) if adaptive else (_remembered_clock if plain else _clock)(t_span, dt, precision)
    )
    counts = {
        name: states.shape[0] if np.ndim(y0) == 2 else None,
        **{f"params[{name!r}]": value.size for name, value in zip(names, values, strict=True) if value.ndim},
        "t_span": span.shape[0] if span.ndim == 2 else None,
        "first_step" if adaptive else "dt": step.size if step.ndim else None,
    }
    n_members = _agree({name: count for name, count in counts.items() if count is not None})
    times = _times(t_eval, span, n_members)
    return Ensemble(states, values, names, span, times, step, n_members, precision)


def _states(system: System, y0: Any, name: str) -> np.ndarray:
    if y0 is None:
        if system.default_y0 is None:
            raise ValueError(
                f"{name}: {system.name} has no default state; give one of shape (dim,) or (n_members, dim)"
            )
        y0 = system.default_y0
    states = real_array(y0, name)
    width = system.dim if system.dim is not None else "dim"
    if states.ndim not in (1, 2) or (system.dim is not None and states.shape[-1] != system.dim):
        raise ValueError(f"{name}: has shape {states.shape}, expected ({width},) or (n_members, {width}); reshape it")
    if states.shape[-1] == 0:
        raise ValueError(f"{name}: has shape {states.shape}, expected at least one state variable; give its start")
    return np.atleast_2d(states)


def _precision(dtype: Any, states: np.ndarray) -> np.dtype:
    if dtype is None:
        return states.dtype
    try:
        chosen = np.dtype(dtype)
    except TypeError:
        chosen = None
    if chosen is None or chosen.name not in ("float32", "float64"):
        raise ValueError(f"dtype: is {dtype!r}, expected 'float32' or 'float64'")
    return chosen


def _parameters(system: System, params: Any) -> tuple[list[np.ndarray], tuple[str, ...]]:
    names = system.param_names
    if params is None or isinstance(params, Mapping):
        return _named_parameters(system, params or {}), names
    array = real_array(params, "params")
    if array.ndim not in (1, 2):
        raise ValueError(f"params: has shape {array.shape}, expected (n_params,) or (n_members, n_params); reshape it")
    if names and array.shape[-1] != len(names):
        raise ValueError(
            f"params: has shape {array.shape}, expected a last axis of {len(names)} for {', '.join(names)};"
            " or give them by name in a dictionary"
        )
    return list(np.moveaxis(array, -1, 0)), names or tuple(f"p{i}" for i in range(array.shape[-1]))


def _named_parameters(system: System, params: Mapping[str, Any]) -> list[np.ndarray]:
    for name in params:
        if name not in system.params:
            close = difflib.get_close_matches(str(name), system.params, n=1)
            known = ", ".join(system.params) or "none: give an array (n_params,)"
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"params: {system.name} has no parameter {name!r}{hint} (it has {known})")
    values = []
    for name, default in system.params.items():
        value = real_array(params.get(name, default), f"params[{name!r}]")
        if value.ndim > 1:
            raise ValueError(
                f"params[{name!r}]: has shape {value.shape}, expected a number or (n_members,); flatten it"
            )
        if name not in params and np.isnan(value):
            raise ValueError(f"params: {system.name} has no default for {name!r}; give params={{{name!r}: ...}}")
        values.append(value)
    return values


def _clock(t_span: Any, dt: Any, precision: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Time spans and steps that fit one another."""
    span, step = time_span(t_span), _step(dt)
    _check_length(span, step, precision)
    return span, step


# A small run takes less time than checking its times anew.
_remembered_clock = lru_cache(maxsize=64, typed=True)(_clock)


def _adaptive_clock(t_span: Any, first_step: Any) -> tuple[np.ndarray, np.ndarray]:
    span = time_span(t_span)
    if first_step is None:
        return span, np.zeros(())
    step = _step(first_step, "first_step")
    if (step > np.abs(span[..., 1] - span[..., 0]) * (1.0 + 1e-9)).any():
        raise ValueError(f"first_step: is {step.max():g}, longer than t_span; take a smaller one or leave it out")
    return span, step


def time_span(t_span: Any) -> np.ndarray:
    span = real_array(t_span, "t_span").astype(np.float64)
    if span.ndim not in (1, 2) or span.shape[-1] != 2:
        raise ValueError(
            f"t_span: has shape {span.shape}, expected (t0, t1) or (n_members, 2); give the start and the end"
        )
    if not np.isfinite(span).all():
        raise ValueError(f"t_span: is {_brief(span)}, expected finite times; give numbers")
    return span


def _step(dt: Any, name: str = "dt") -> np.ndarray:
    step = real_array(dt, name).astype(np.float64)
    if step.ndim > 1:
        raise ValueError(f"{name}: has shape {step.shape}, expected a number or (n_members,); flatten it")
    if not (np.isfinite(step) & (step > 0)).all():
        raise ValueError(f"{name}: is {_brief(step)}, expected a positive finite step; reverse t_span to run backwards")
    return step


def whole(name: str, value: Any) -> int:
    """A positive integer, or an error that names the argument."""
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}: is {value!r}, expected a positive integer; give int({name})")
    count = operator.index(value)
    if count < 1:
        raise ValueError(f"{name}: is {count}, expected at least 1")
    return count


def _check_length(span: np.ndarray, step: np.ndarray, precision: np.dtype) -> None:
    """No member needs more steps than can be counted; one whose step the precision rounds to zero would."""
    with np.errstate(all="ignore"):
        length = np.abs(span[..., 1] - span[..., 0])
        steps = np.where(length == 0, 0.0, length / step.astype(precision).astype(np.float64))
    if not (steps <= MOST_STEPS).all():
        raise ValueError(
            f"dt: is {step.min():g}, {steps.max():.3g} steps of {precision} to the end of t_span, expected at most"
            f" {MOST_STEPS:.3g}; take a larger dt or a shorter t_span"
        )


def _agree(counts: dict[str, int]) -> int:
    """Number of members: all arguments that carry one agree, or hold a single row that serves every member."""
    sizes = {name: count for name, count in counts.items() if count != 1}
    if len(set(sizes.values())) > 1:
        (first, one), (second, other) = (
            next(iter(sizes.items())),
            next(item for item in sizes.items() if item[1] != next(iter(sizes.values()))),
        )
        raise ValueError(f"{second}: is for {other} members, but {first} is for {one}; give both as many, or one")
    return next(iter(sizes.values()), 1)


def _times(t_eval: Any, span: np.ndarray, n_members: int) -> np.ndarray | None:
    """Absolute times to save at, member axis last where the spans differ."""
    if t_eval is None:
        return None
    times = real_array(t_eval, "t_eval").astype(np.float64)
    own = span.ndim == 2
    if times.ndim != 1 and not (own and times.ndim == 2 and times.shape[0] in (1, n_members)):
        expected = "(n_times,) or (n_members, n_times)" if own else "(n_times,)"
        raise ValueError(f"t_eval: has shape {times.shape}, expected {expected}; reshape it")
    if not np.isfinite(times).all():
        raise ValueError(f"t_eval: holds {times[~np.isfinite(times)][0]}, expected finite times; leave it out")
    t0, t1 = np.moveaxis(span, -1, 0)
    if own and times.ndim == 1:
        _check_order(times, 0.0, 1.0, "as fractions, 0 to 1, of each member's t_span")
        times = t0 + times[:, np.newaxis] * (t1 - t0)
    else:
        start, end = (t0[..., np.newaxis], t1[..., np.newaxis]) if own else (t0, t1)
        _check_order(times, start, end, "within t_span")
        times = np.ascontiguousarray(times.T)
    # Times that miss an end of the span by rounding are at that end.
    return np.clip(times, np.minimum(t0, t1), np.maximum(t0, t1))


def _check_order(times: np.ndarray, t0: Any, t1: Any, where: str) -> None:
    forward = t1 >= t0
    slack = 1e-12 * np.maximum(np.abs(t0), np.abs(t1))
    low, high = np.minimum(t0, t1) - slack, np.maximum(t0, t1) + slack
    outside = (times < low) | (times > high)
    if outside.any():
        raise ValueError(
            f"t_eval: {times[outside].flat[0]:g} is outside, expected times {where}; drop it or widen t_span"
        )
    steps = np.diff(times, axis=-1)
    if (np.where(forward, steps, -steps) < 0).any():
        raise ValueError("t_eval: is not sorted in the direction of t_span; sort it")


def _brief(values: np.ndarray) -> str:
    bad = values if values.size <= 4 else values[~np.isfinite(values) | (values <= 0)][:1]
    return np.array2string(bad, precision=6)
