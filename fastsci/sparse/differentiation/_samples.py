"""Samples and the times they were taken at, checked and brought to one form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._arrays import real_array
from ._options import whole

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Times:
    """Rising times of samples: a step, or the times themselves and the step where they are even.

    Attributes
    ----------
    count : int
    step : float or None
        None where the times are uneven.
    given : ndarray, shape (count,), or None
        None where a step was given.
    """

    count: int
    step: float | None
    given: Array | None = None

    @classmethod
    def of(cls, t: Any, count: int) -> Times:
        """From a step or from ``count`` times, which are even where they differ from even ones by rounding alone."""
        array = real_array(t, "t")
        if array.ndim == 0:
            step = float(array)
            if not (math.isfinite(step) and step > 0.0):
                raise ValueError(f"t: is a step of {step:g}, expected a positive finite one; or give the times")
            return cls(count, step)
        if array.shape != (count,):
            raise ValueError(
                f"t: has shape {array.shape}, expected a step or ({count},), one time for each sample along the axis;"
                " give as many, or another axis"
            )
        times = np.ascontiguousarray(array, np.float64)
        gaps = _rising(times)
        if not gaps.size:
            return cls(count, None, times)
        mean = (times[-1] - times[0]) / gaps.size
        slack = 4.0 * np.finfo(array.dtype).eps * max(abs(times[0]), abs(times[-1])) + 1e-12 * mean
        even = max(gaps.max() - mean, mean - gaps.min()) <= slack
        return cls(count, float(mean) if even else None, times)

    @cached_property
    def values(self) -> Array:
        """The times, (count,); those of a step begin at 0."""
        if self.given is not None:
            return self.given
        assert self.step is not None
        return np.arange(self.count, dtype=np.float64) * self.step

    @property
    def mean_step(self) -> float:
        """Of two samples or more."""
        return self.step if self.step is not None else float(self.values[-1] - self.values[0]) / (self.count - 1)

    @property
    def relative_steps(self) -> Array:
        """Times between samples over their mean, (count - 1,)."""
        if self.step is not None:
            return np.ones(self.count - 1)
        return (self.values[1:] - self.values[:-1]) / self.mean_step

    def evened(self, is_uniform: bool | None) -> Times:
        """The same times taken to be even, or not to be, whatever they are; None takes them as they are."""
        if is_uniform is None or is_uniform == (self.step is not None) or self.count < 2:
            return self
        return Times(self.count, self.mean_step if is_uniform else None, self.values)


def _rising(times: Array) -> NDArray[Any]:
    """Differences of finite rising times, (count - 1,)."""
    gaps = times[1:] - times[:-1]
    # One comparison finds NaN and infinite times as well.
    if gaps.size and gaps.min() > 0.0 and math.isfinite(times[-1] - times[0]):
        return gaps
    if not np.isfinite(times).all():
        first = int(np.flatnonzero(~np.isfinite(times))[0])
        raise ValueError(f"t: t[{first}] is {times[first]}, expected finite times; drop that sample")
    wrong = np.flatnonzero(gaps <= 0.0)
    if wrong.size:
        i = int(wrong[0])
        what = "the same" if gaps[i] == 0.0 else "smaller"
        raise ValueError(
            f"t: t[{i + 1}] = {times[i + 1]:.17g} is {what} after t[{i}] = {times[i]:.17g}, expected strictly"
            " increasing times; sort the samples and drop repeated times"
        )
    return gaps


def slabs(x: Any, axis: int) -> tuple[Array, tuple[int, ...]]:
    """Samples as ``(n_slabs, n_times, n_columns)``, contiguous float64, and their own shape.

    The times are the middle axis: an array in C order is not copied, whichever of its axes they are.
    """
    array = real_array(x, "x")
    if array.ndim == 0:
        raise ValueError("x: is a number, expected samples of shape (n_times,) or with times along axis; give an array")
    place = whole("axis", axis, -array.ndim, array.ndim - 1) % array.ndim
    # A kernel is compiled for memory that may be written; it never writes to x.
    contiguous = np.require(array, np.float64, ["C", "W"])
    before, behind = array.shape[:place], array.shape[place + 1 :]
    folded = contiguous.reshape(math.prod(before), array.shape[place], math.prod(behind))
    _check_finite(folded, array, place)
    return folded, array.shape


def _check_finite(folded: Array, array: NDArray[Any], place: int) -> None:
    with np.errstate(all="ignore"):
        if math.isfinite(folded.sum()):
            return
    bad = ~np.isfinite(folded).all(axis=(0, 2))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        row = np.take(array, first, axis=place)
        value = row[~np.isfinite(row)].flat[0]
        along = "row" if place == 0 else f"index along axis {place}"
        raise ValueError(
            f"x: holds {value} at {along} {first}, expected finite samples; drop that sample (times may be uneven)"
            " or fill it in"
        )
