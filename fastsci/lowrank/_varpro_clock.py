"""Times of snapshots, even or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._snapshots import step

EVEN = 1e-9  # departures of steps from their mean, over it, that are rounding of the times


@dataclass(frozen=True)
class Clock:
    """Times of the snapshots, and the same from -1 to 1."""

    times: NDArray[np.float64]
    dt: float  # the mean step

    @classmethod
    def of(cls, t: Any, n_times: int) -> Clock:
        """Of a step, or of times (n_times,) that increase."""
        if np.ndim(t) == 0:
            dt = step(t, "t")
            return cls(dt * np.arange(n_times, dtype=np.float64), dt)
        times = np.asarray(t)
        if times.dtype.kind not in "fiu":
            raise TypeError(f"t: holds {times.dtype}, expected numbers; give times as floats, in units of your choice")
        times = times.astype(np.float64)
        if times.shape != (n_times,):
            raise ValueError(f"t: has shape {times.shape}, expected ({n_times},), one time a snapshot, or a step")
        wrong = ~np.isfinite(times)
        wrong[1:] |= ~(np.diff(times) > 0)
        if wrong.any():
            place = int(np.argmax(wrong))
            raise ValueError(
                f"t: is {times[place]} at place {place}, expected finite times that increase; sort the snapshots by"
                " time, and average those of one instant"
            )
        return cls(times, float(times[-1] - times[0]) / (n_times - 1))

    def at(self, places: NDArray[np.intp]) -> Clock:
        """Some of the times."""
        times = self.times[places]
        return Clock(times, float(times[-1] - times[0]) / (len(times) - 1))

    @property
    def half(self) -> float:
        return 0.5 * float(self.times[-1] - self.times[0])

    @property
    def scaled(self) -> NDArray[np.float64]:
        """From -1 to 1."""
        since = (self.times - self.times[0]) / self.half - 1.0
        return np.clip(since, -1.0, 1.0)

    @property
    def even(self) -> bool:
        steps = np.diff(self.times)
        rounding = np.spacing(np.abs(self.times).max())
        return bool(np.abs(steps - self.dt).max() <= EVEN * self.dt + 4.0 * rounding)
