"""Statistics that a run gathers on its way, in the place of saves that would not fit in memory."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.loops.statistics import ROWS, Gathered, Reduction, gathered

from ._arrays import real_array

NAMES = ("mean", "var", "std", "min", "max", "last", "count")
MOST_BINS = 100_000


@dataclass(frozen=True)
class Histogram:
    """How often a component falls into each of equal bins; for ``reduce``.

    Bins are those of `numpy.histogram`: each holds its left edge, the last one its right edge too, and what lies
    outside ``range`` is not counted.  The result is an array of counts, ``(n_members, bins)`` of int64, and all zeros
    for a member that fails.

    Attributes
    ----------
    component : int or str
        Number or name of the state variable.
    bins : int
        At most 100 000.
    range : (float, float)
        Left edge of the first bin and right edge of the last.

    Examples
    --------
    >>> import fastsci
    >>> result = fastsci.iterate_map(
    ...     fastsci.systems.logistic, 1000, [0.3], params={"r": 4.0}, reduce=fastsci.Histogram("x", 4, (0.0, 1.0))
    ... )
    >>> int(result.reduced["histogram_x"].sum())
    1000
    """

    component: int | str
    bins: int
    range: tuple[float, float]


@dataclass(frozen=True)
class LastCrossing:
    """When a component last passed a level, and the state there; for ``reduce``.

    It is looked for between one save and the next, and found where the straight line through the two meets the level:
    an error of the order of the square of their distance.  `fastsci.event` finds all crossings, to rounding.  For a
    map it is the first iteration on the other side.  The result is a `Crossing`.

    Attributes
    ----------
    component : int or str
        Number or name of the state variable.
    level : float
    direction : {-1, 0, 1}
        Upwards (1), downwards (-1) or either way (0).
    """

    component: int | str
    level: float = 0.0
    direction: int = 0


@dataclass(frozen=True)
class Crossing:
    """Time ``t (n_members,)`` and state ``y (n_members, dim)`` of each member's last crossing; NaN where none was."""

    t: Any
    y: Any


@dataclass(frozen=True)
class Statistics:
    """What to gather, checked: names of the results to what each is."""

    asked: Mapping[str, str | Histogram | LastCrossing]

    @property
    def histograms(self) -> dict[str, Histogram]:
        """Those of what is asked that are histograms."""
        return {name: one for name, one in self.asked.items() if isinstance(one, Histogram)}

    @property
    def crossings(self) -> dict[str, LastCrossing]:
        """Those of what is asked that are crossings."""
        return {name: one for name, one in self.asked.items() if isinstance(one, LastCrossing)}

    def reduction(self, *, every: bool, discrete: bool) -> Reduction:
        """What the driver is specialised on."""
        wanted = {"var" if one == "std" else one for one in self.asked.values()}
        return Reduction(
            tuple(name for name in ROWS if name in wanted),
            tuple((_index(one), one.bins) for one in self.histograms.values()),
            tuple((_index(one), one.direction) for one in self.crossings.values()),
            discrete,
            every,
        )

    def room(self, reduction: Reduction, dim: int, padded: int, dtype: np.dtype) -> Gathered:
        """Where a run gathers them."""
        return gathered(reduction, dim, padded, self.table(dtype))

    def table(self, dtype: np.dtype) -> NDArray[Any]:
        """Scales and edges of the histograms, then levels of the crossings."""
        parts = [np.empty(0)]
        for one in self.histograms.values():
            low, high = one.range
            parts += [np.array([one.bins / (high - low)]), np.linspace(low, high, one.bins + 1)]
        parts.append(np.array([one.level for one in self.crossings.values()]))
        return np.concatenate(parts).astype(dtype)

    def results(
        self, found: Gathered, count: NDArray[np.int64], status: NDArray[np.int8], give: Callable[[Any], Any]
    ) -> dict[str, Any]:
        """What was asked for, member first; NaN for the members that failed and where nothing was saved.

        Parameters
        ----------
        found : Gathered
            Its arrays are given up to the results.
        count : (n_members,) array
            Saves that entered.
        status : (n_members,) array
            Negative where a member failed.
        give : function
            Takes an array to the caller's library.
        """
        n = len(count)
        lost = (status < 0) | (count == 0)
        saves = np.maximum(count, 1).astype(found.sums.dtype)

        def part(name: str) -> NDArray[Any]:
            rows = found.part(name)[:, :n].copy()
            rows[:, lost] = np.nan
            return rows.T

        def quantity(name: str) -> NDArray[Any]:
            if name == "count":
                return count.copy()
            if name == "mean":
                return part("mean") + part("mean_low")
            if name in ("var", "std"):
                variance = (part("square") + part("square_low")) / saves[:, np.newaxis]
                return np.sqrt(variance) if name == "std" else variance
            return part(name)

        results: dict[str, Any] = {}
        for name, one in self.asked.items():
            if isinstance(one, Histogram):
                bins = found.tallies[found.reduction.bins(list(self.histograms).index(name)), :n]
                bins[:, lost] = 0
                results[name] = give(bins.T)
            elif isinstance(one, LastCrossing):
                c = list(self.crossings).index(name)
                results[name] = Crossing(give(part(f"crossing_time{c}")[:, 0]), give(part(f"crossing{c}")))
            else:
                results[name] = give(quantity(one))
        return results


def _index(one: Histogram | LastCrossing) -> int:
    assert isinstance(one.component, int)
    return one.component


def as_statistics(reduce: Any, dim: int, state: tuple[str, ...] | None) -> Statistics | None:
    """``reduce`` as a caller gives it, checked; None where nothing is to be gathered."""
    if reduce is None:
        return None
    if isinstance(reduce, Mapping):
        given = list(reduce.items())
    else:
        single = isinstance(reduce, str | Histogram | LastCrossing)
        sequence = [reduce] if single else reduce
        if not isinstance(sequence, list | tuple):
            raise TypeError(
                f"reduce: is a {type(reduce).__name__}, expected names ({', '.join(NAMES)}), Histogram or LastCrossing,"
                " one, a list, or a dictionary of them"
            )
        given = [(_name(one), one) for one in sequence]
    if not given:
        raise ValueError(f"reduce: is empty; name what to gather ({', '.join(NAMES)}), or leave it out")
    asked: dict[str, str | Histogram | LastCrossing] = {}
    for name, one in given:
        if name in asked:
            raise ValueError(f"reduce: holds {name!r} twice; give a dictionary with a name for each")
        asked[name] = _checked(one, dim, state or ())
    return Statistics(asked)


def require_times(statistics: Statistics | None, t_eval: Any) -> None:
    """Members that choose their steps have no times in common but those of ``t_eval``."""
    if statistics is not None and t_eval is None:
        raise ValueError(
            "reduce: needs t_eval, the times that enter, with an adaptive method, events, dense_output or compensated;"
            " give it, or a fixed-step method and dt alone"
        )


def _name(one: Any) -> str:
    if isinstance(one, Histogram):
        return f"histogram_{one.component}"
    return f"last_crossing_{one.component}" if isinstance(one, LastCrossing) else str(one)


def _checked(one: Any, dim: int, state: tuple[str, ...]) -> str | Histogram | LastCrossing:
    if isinstance(one, Histogram):
        return Histogram(_component(one, dim, state), _bins(one.bins), _range(one.range))
    if isinstance(one, LastCrossing):
        if one.direction not in (-1, 0, 1):
            raise ValueError(f"reduce: direction is {one.direction!r}, expected -1, 0 or 1")
        return LastCrossing(_component(one, dim, state), _finite("level", one.level), int(one.direction))
    if one not in NAMES:
        close = difflib.get_close_matches(str(one), NAMES, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"reduce: no statistic {one!r}{hint} (there are {', '.join(NAMES)}, Histogram, LastCrossing)")
    return str(one)


def _component(one: Histogram | LastCrossing, dim: int, state: tuple[str, ...]) -> int:
    if isinstance(one.component, str):
        if one.component not in state:
            known = f"it has {', '.join(state)}" if state else f"give a number, 0 to {dim - 1}"
            raise ValueError(f"reduce: no component {one.component!r} ({known})")
        return state.index(one.component)
    if isinstance(one.component, bool) or not hasattr(one.component, "__index__"):
        raise TypeError(f"reduce: component is {one.component!r}, expected the number or name of a state variable")
    index = operator.index(one.component)
    if not -dim <= index < dim:
        raise ValueError(f"reduce: component is {index}, expected 0 to {dim - 1}")
    return index % dim


def _bins(bins: Any) -> int:
    if isinstance(bins, bool) or not hasattr(bins, "__index__") or not 1 <= operator.index(bins) <= MOST_BINS:
        raise ValueError(f"reduce: bins is {bins!r}, expected an integer from 1 to {MOST_BINS}")
    return operator.index(bins)


def _range(given: Any) -> tuple[float, float]:
    edges = real_array(given, "reduce")
    if edges.shape != (2,) or not np.isfinite(edges).all() or not edges[0] < edges[1]:
        raise ValueError(f"reduce: range is {given!r}, expected two finite numbers, the smaller one first")
    return float(edges[0]), float(edges[1])


def _finite(name: str, value: Any) -> float:
    number = real_array(value, "reduce")
    if number.ndim or not np.isfinite(number):
        raise ValueError(f"reduce: {name} is {value!r}, expected a finite number")
    return float(number)
