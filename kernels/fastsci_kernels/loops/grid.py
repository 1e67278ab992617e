"""The time grid of a fixed-step run: where every save falls, and by how much it misses a point of the grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

# A save this close to a grid point, in steps, is on it: (t1 - t0) / dt carries rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Grid:
    """Grid ``t0 + k dt`` and the saves as side steps of ``save_offset`` from step ``save_step``.

    A shared grid has scalars ``t0``, ``dt``, ``n_steps`` and saves of shape (n_saves,); own grids carry a last axis of
    members on each.  The last save is the end of the run.
    """

    t0: np.ndarray
    dt: np.ndarray
    n_steps: np.ndarray  # full steps
    save_step: np.ndarray
    save_offset: np.ndarray
    ragged: bool

    @property
    def n_saves(self) -> int:
        return self.save_step.shape[0]

    @property
    def longest(self) -> int:
        return int(self.n_steps.max(initial=0)) if self.ragged else int(self.n_steps)

    def evaluations(self, stages: int) -> np.ndarray:
        """Calls of the right-hand side a member, side steps included."""
        sides = np.count_nonzero(self.save_offset, axis=0)
        return (self.n_steps + sides) * stages


def make_grid(t_span: np.ndarray, dt: np.ndarray, t_eval: np.ndarray | None, dtype: np.dtype, padded: int) -> Grid:
    """Grid of a run.

    Parameters
    ----------
    t_span : ndarray, (2,) or (n_members, 2)
    dt : ndarray, () or (n_members,)
        Step size, positive; the sign of the span is given to it.
    t_eval : ndarray, (n_times,) or (n_times, n_members), or None
        Times to save at, within the span.
    dtype : dtype
        Precision of the run.  The grid is that of the step as asked for, worked out in float64 and handed over in this
        precision: a save asked for at a grid point is there, though float32 may not hold the step exactly.
    padded : int
        Members with the padding of the last strip, which repeats the last member.
    """
    if t_span.ndim == 1 and dt.ndim == 0:
        ends = float(t_span[0]), float(t_span[1])
        return _to_the_end(*ends, float(dt), dtype) if t_eval is None else _shared(*ends, float(dt), t_eval, dtype)
    t0, t1, dt = (_pad(part, padded) for part in (t_span[..., 0], t_span[..., 1], dt))
    times = t1[np.newaxis]
    if t_eval is not None:
        times = np.concatenate([_pad(t_eval if t_eval.ndim == 2 else t_eval[:, np.newaxis], padded), times])
    step = np.where(t1 < t0, -dt, dt).astype(dtype)
    save_step, save_offset = _locate(times, t0, np.where(t1 < t0, -dt, dt))
    return Grid(
        t0.astype(dtype)[np.newaxis],
        step[np.newaxis],
        save_step[-1],
        save_step,
        save_offset.astype(dtype),
        True,
    )


@lru_cache(maxsize=64)
def _to_the_end(t0: float, t1: float, dt: float, dtype: np.dtype) -> Grid:
    return _shared(t0, t1, dt, np.empty(0), dtype)


def _shared(t0: float, t1: float, dt: float, t_eval: np.ndarray, dtype: np.dtype) -> Grid:
    step = -dt if t1 < t0 else dt
    save_step, save_offset = _locate(np.append(t_eval, t1), t0, step)
    return Grid(dtype.type(t0), dtype.type(step), save_step[-1], save_step, save_offset.astype(dtype), False)


def _pad(values: np.ndarray, padded: int) -> np.ndarray:
    """Along the last axis: one value serves all, and the last one serves the padding."""
    values = np.atleast_1d(values)
    if padded == 0:
        return values[..., :0]
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, padded - values.shape[-1])], mode="edge")


def _locate(times: np.ndarray, t0: np.ndarray | float, dt: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """The last grid point not after each time, and the distance to it."""
    # Elapsed times come first: subtracting t0 is exact nearby, adding it would lose digits far from zero.
    elapsed = times - t0
    steps = elapsed / dt
    nearest = np.rint(steps)
    rounded = np.abs(steps - nearest) <= ROUNDING * np.maximum(1.0, nearest * 1e-3)
    # The start is exact: a span far shorter than the step is still a span.
    on_grid = np.where(nearest == 0.0, steps == 0.0, rounded)
    index = np.where(on_grid, nearest, np.maximum(np.floor(steps), 0.0))
    offset = np.where(on_grid, 0.0, elapsed - index * dt)
    return index.astype(np.int64), offset
