"""What a measure takes, checked and brought to one form: series, trajectories and the options beside them."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .._arrays import real_array

MOST = 2**31 - 1  # places in a series are kept in 32 bits where that is faster


def series(x: Any, name: str = "x", shortest: int = 1) -> tuple[np.ndarray, bool]:
    """Series as rows ``(n_series, n_times)``, float64 and contiguous, and whether it was one without a batch axis."""
    values = real_array(x, name)
    if values.ndim not in (1, 2):
        raise ValueError(f"{name}: has shape {values.shape}, expected (n_times,) or (n_series, n_times); reshape it")
    _check_length(name, values.shape[-1], shortest)
    return np.ascontiguousarray(np.atleast_2d(values), dtype=np.float64), values.ndim == 1


def trajectory(states: Any, name: str = "trajectory", shortest: int = 1) -> np.ndarray:
    """States along one trajectory, ``(n_times, dim)``, float64 and contiguous."""
    values = real_array(states, name)
    if values.ndim == 1:
        raise ValueError(
            f"{name}: has shape {values.shape}, expected (n_times, dim); embed the series, or reshape to (n_times, 1)"
        )
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"{name}: has shape {values.shape}, expected (n_times, dim), dim at least 1; reshape it")
    _check_length(name, values.shape[0], shortest)
    return np.ascontiguousarray(values, dtype=np.float64)


def give(values: np.ndarray, was_1d: bool) -> Any:
    """Results ``(n_series, ...)`` as they are, or those of the lone series: a float, or an array."""
    if not was_1d:
        return values
    return values[0] if values.ndim > 1 else float(values[0])


def for_finite(x: np.ndarray, measure: Callable[..., np.ndarray], *beside: np.ndarray) -> np.ndarray:
    """``measure`` of the series without NaN and infinity; NaN for the others, which the former never see.

    ``beside`` holds arrays with one entry a series, which ``measure`` takes after them.
    """
    finite = np.isfinite(x).all(axis=1)
    if finite.all():
        return measure(x, *beside)
    values = measure(x[finite], *(entries[finite] for entries in beside))
    results = np.full((len(x), *values.shape[1:]), math.nan)
    results[finite] = values
    return results


def whole(name: str, value: Any, least: int, most: int = MOST) -> int:
    """An integer from ``least`` to ``most``, or an error that names the option."""
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}: is {value!r}, expected an integer; give int({name})")
    number = operator.index(value)
    if not least <= number <= most:
        expected = f"at least {least}" if most == MOST else f"{least} to {most}"
        raise ValueError(f"{name}: is {number}, expected {expected}; choose one in that range")
    return number


def positive(name: str, value: Any) -> float:
    """A finite number above zero, or an error that names the option."""
    number = _real(name, value)
    if not (math.isfinite(number) and number > 0.0):
        raise ValueError(f"{name}: is {number}, expected a finite number above 0; check its sign and units")
    return number


def not_negative(name: str, value: Any) -> float:
    """A finite number that is zero or more, or an error that names the option."""
    number = _real(name, value)
    if not (math.isfinite(number) and number >= 0.0):
        raise ValueError(f"{name}: is {number}, expected a finite number of at least 0; check its sign and units")
    return number


def one_of(name: str, value: Any, choices: tuple[str, ...]) -> int:
    """The place of ``value`` among ``choices``, or an error that names the option and lists them."""
    if value not in choices:
        raise ValueError(f"{name}: is {value!r}, expected one of {', '.join(map(repr, choices))}")
    return choices.index(value)


def _real(name: str, value: Any) -> float:
    array = real_array(value, name)
    if array.ndim != 0:
        raise ValueError(f"{name}: has shape {array.shape}, expected one number; give them one at a time")
    return float(array)


def _check_length(name: str, length: int, shortest: int) -> None:
    if length < shortest:
        raise ValueError(
            f"{name}: has {length} times, expected at least {shortest} for these options; give a longer one"
        )
