"""Stencils laid over samples: one for the inside of even times, one for each sample of uneven ones, and the ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.regress import stencils

from ._options import enough
from ._samples import Array, Times

Indices = NDArray[np.int64]
Weights = Callable[[Array, Indices, Array, int], Array]  # of (times, starts, at, size): (n_rows, size)


@dataclass(frozen=True)
class Window:
    """``size`` samples, of which ``left`` before the one they serve; near an end the ``end_size`` nearest to it."""

    size: int
    left: int
    end_size: int

    @property
    def right(self) -> int:
        return self.size - 1 - self.left


def apply(x: Array, times: Times, window: Window, weights: Weights, d: int, what: str, *, one_sided: bool) -> Array:
    """Derivatives of order ``d`` of ``x (n_slabs, n_times, n_columns)``; NaN at the ends unless ``one_sided``."""
    count = x.shape[1]
    enough(count, max(window.size, window.end_size if one_sided else 0), what)
    out = np.empty_like(x)
    inside = slice(window.left, count - window.right)
    if times.step is None:
        rows = np.arange(count)
        starts = np.clip(rows - window.left, 0, count - window.size)
        stencils.apply_table(x, starts, rows, weights(times.values, starts, times.values, window.size), out)
    else:
        offsets = np.arange(max(window.size, window.end_size), dtype=np.float64)
        scale = times.step**d
        here = weights(offsets, np.zeros(1, np.int64), offsets[window.left : window.left + 1], window.size)
        stencils.convolve(x, here[0] / scale, window.left, out)
        if one_sided:
            _apply_ends(x, window, lambda at: weights(offsets, np.zeros(len(at), np.int64), at, window.end_size), out)
            out[:, : inside.start] /= scale
            out[:, inside.stop :] /= scale
    if not one_sided:
        out[:, : inside.start] = np.nan
        out[:, inside.stop :] = np.nan
    return out


def _apply_ends(x: Array, window: Window, weights: Callable[[Array], Array], out: Array) -> None:
    """Stencils of unit steps for the first and the last samples."""
    count, size = x.shape[1], window.end_size
    rows = np.concatenate((np.arange(window.left), np.arange(count - window.right, count)))
    starts = np.where(rows < window.left, 0, count - size)
    if rows.size:
        stencils.apply_table(x, starts, rows, weights((rows - starts).astype(np.float64)), out)


def apply_periodic(
    x: Array, times: Times, window: Window, weights: Weights, d: int, what: str, period: float | None
) -> Array:
    """The same for samples that repeat after ``period``; that of even times is known."""
    count, left, right = x.shape[1], window.left, window.right
    enough(count, window.size, what)
    around = np.concatenate((x[:, count - left :], x, x[:, :right]), axis=1)
    if times.step is not None:
        wrapped = Times(count + left + right, times.step)
    else:
        length = _period(times, period)
        given = times.values
        wrapped = Times(
            count + left + right,
            None,
            np.concatenate((given[count - left :] - length, given, given[:right] + length)),
        )
    inside = apply(around, wrapped, window, weights, d, what, one_sided=False)
    return np.ascontiguousarray(inside[:, left : left + count])


def _period(times: Times, period: float | None) -> float:
    span = float(times.values[-1] - times.values[0])
    if period is None:
        raise ValueError("period: is None, expected the length of a period, since the times are uneven; give it")
    if not span < period < np.inf:
        raise ValueError(f"period: is {period!r}, expected more than the {span:g} from the first time to the last")
    return float(period)
