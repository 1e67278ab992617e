"""States and what became of them a step later, out of one trajectory, several, or pairs that were handed in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._arrays import to_numpy
from ._kernel_functions import Array

Places = slice | Array


@dataclass(frozen=True)
class Pairs:
    """Pairs ``(states[origin[i]], states[target[i]])``.

    Attributes
    ----------
    states : ndarray, (n_states, dim)
    origin, target : slice or ndarray of integers
        Of the ``count`` pairs.
    count : int
    observed : ndarray, (count, n_observables), or None
        Values of observables at the targets.
    """

    states: Array
    origin: Places
    target: Places
    count: int
    observed: Array | None

    @property
    def origins(self) -> Array:
        """States before the step, (count, dim)."""
        return self.states[self.origin]

    @property
    def targets(self) -> Array:
        """States after it, (count, dim)."""
        return self.states[self.target]

    def blocks(self, size: int) -> Iterator[Pairs]:
        """The same pairs, at most ``size`` at a time, each with the states that it needs alone."""
        for first in range(0, self.count, size):
            last = min(first + size, self.count)
            observed = None if self.observed is None else self.observed[first:last]
            if isinstance(self.origin, slice) and isinstance(self.target, slice):
                begin, end = self.origin.start, self.target.start
                if end - begin <= last - first:
                    states = self.states[begin + first : end + last]
                    yield Pairs(states, slice(0, last - first), slice(end - begin, len(states)), last - first, observed)
                    continue
            both = np.concatenate([_places(self.origin)[first:last], _places(self.target)[first:last]])
            needed, place = np.unique(both, return_inverse=True)
            yield Pairs(self.states[needed], place[: last - first], place[last - first :], last - first, observed)


def _places(where: Places) -> Array:
    return np.arange(where.start, where.stop) if isinstance(where, slice) else where


def pairs(X: Any, y: Any, observables: Any, lag: Any, *, width: int | None = None, owner: str = "") -> Pairs:
    """Pairs from what a user hands in.

    Parameters
    ----------
    X : array_like (n_samples, dim), or list of such
        A trajectory, or several; with ``y`` states in any order.
    y : array_like like ``X``, list of such, or None
        Successors.  One dimension beside several variables is the target of another step of a pipeline, and left alone.
    observables : array_like (n_samples,) or (n_samples, n_observables), list of such, or None
        Values of observables at the samples; with ``y``, at the successors.
    lag : int
        Samples from a state to its successor in a trajectory.
    width : int, optional
        Variables that there must be, as many as ``owner`` was fitted to.
    """
    if isinstance(lag, bool) or not isinstance(lag, int | np.integer) or lag < 1:
        raise ValueError(f"lag: is {lag!r}, expected a number of samples, an integer of at least 1")
    listed = isinstance(X, list | tuple) and len(X) > 0 and all(np.ndim(part) == 2 for part in X)
    given = list(X) if listed else [X]
    parts: list[Array] = []
    for place, part in enumerate(given):
        wanted = (parts[0].shape[1], "X[0]") if parts else (width, owner)
        parts.append(matrix(part, f"X[{place}]" if listed else "X", *wanted))
    values = _beside(observables, parts, listed, "observables")
    after = _beside(_successors(y, parts, listed), parts, listed, "y")
    if after is not None:
        for place, (part, found) in enumerate(zip(parts, after, strict=True)):
            if part.shape != found.shape:
                raise ValueError(
                    f"y{f'[{place}]' if listed else ''}: has shape {found.shape}, expected {part.shape}, the state that"
                    " follows each row of X"
                )
        return _of_pairs(
            np.concatenate(parts), np.concatenate(after), None if values is None else np.concatenate(values)
        )
    for place, part in enumerate(parts):
        _check_length(len(part), int(lag), 0 if listed else 1, f"X[{place}]" if listed else "X")
    return _of_trajectories(parts, values, int(lag))


def _successors(y: Any, parts: list[Array], listed: bool) -> Any:
    return None if y is None or (not listed and np.ndim(y) == 1 and parts[0].shape[1] != 1) else y


def _beside(value: Any, parts: list[Array], listed: bool, name: str) -> list[Array] | None:
    """Rows (n, m) that go with the rows of each part."""
    if value is None:
        return None
    if listed and (not isinstance(value, list | tuple) or len(value) != len(parts)):
        raise ValueError(f"{name}: expected a list of {len(parts)} arrays, one for each of X")
    found: list[Array] = []
    for place, (part, own) in enumerate(zip(parts, value if listed else [value], strict=True)):
        shown = f"{name}[{place}]" if listed else name
        array = np.asarray(to_numpy(own, shown))
        found.append(matrix(array[:, None] if array.ndim == 1 else array, shown))
        if len(found[-1]) != len(part):
            raise ValueError(f"{shown}: has {len(found[-1])} rows, expected {len(part)}, one for each of X")
        if found[-1].shape[1] != found[0].shape[1]:
            raise ValueError(
                f"{shown}: has {found[-1].shape[1]} columns, expected {found[0].shape[1]} as the first has"
            )
    return found


def _of_pairs(before: Array, after: Array, values: Array | None) -> Pairs:
    count = len(before)
    if count > 1 and np.array_equal(before[1:], after[:-1]):
        # Neighbours along a trajectory: each state is then met once, not twice.
        return Pairs(np.concatenate([before, after[-1:]]), slice(0, count), slice(1, count + 1), count, values)
    return Pairs(np.concatenate([before, after]), slice(0, count), slice(count, 2 * count), count, values)


def _of_trajectories(parts: list[Array], values: list[Array] | None, lag: int) -> Pairs:
    if len(parts) == 1:
        states, count = parts[0], len(parts[0]) - lag
        origin: Places = slice(0, count)
        target: Places = slice(lag, len(states))
    else:
        starts = np.cumsum([0, *(len(part) for part in parts[:-1])])
        origin = np.concatenate([start + np.arange(len(part) - lag) for start, part in zip(starts, parts, strict=True)])
        states, target, count = np.concatenate(parts), origin + lag, len(origin)
    if count == 0:
        raise ValueError(f"X: holds no trajectory of more than {lag} samples, expected at least one; give longer ones")
    observed = None if values is None else np.concatenate([part[lag:] for part in values])
    return Pairs(states, origin, target, count, observed)


def _check_length(count: int, lag: int, least: int, name: str) -> None:
    if count < max(lag + least, 1):
        given = "1 sample" if count == 1 else f"{count} samples"
        raise ValueError(
            f"{name}: holds {given}, expected at least {lag + least} for a lag of {lag}; give a longer trajectory"
        )


def matrix(value: Any, name: str, width: int | None = None, owner: str = "") -> Array:
    """Rows of finite real numbers as float64 (n_samples, width)."""
    if hasattr(value, "tocsr"):
        raise TypeError(f"{name}: is sparse, expected a dense array; convert it with .toarray()")
    if np.ma.is_masked(value):
        raise ValueError(
            f"{name}: has masked numbers, expected all of them; split the trajectory there and give a list"
        )
    array = np.asarray(to_numpy(value, name))
    if array.dtype.kind == "c":
        raise ValueError(f"{name}: Complex data not supported; put real and imaginary parts side by side")
    if array.dtype.kind not in "fiubO":
        raise TypeError(f"{name}: holds {array.dtype}, expected real numbers; convert it to float64")
    if array.ndim != 2:
        raise ValueError(
            f"{name}: has shape {array.shape}, expected (n_samples, n_features). Reshape your data, a series of one"
            " variable with .reshape(-1, 1)"
        )
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise ValueError(
            f"{name}: has {array.shape[0]} sample(s) and {array.shape[1]} feature(s) (shape={array.shape}) while a"
            " minimum of 1 is required."
        )
    array = np.ascontiguousarray(array, np.float64)
    good = np.isfinite(array).all(axis=1)
    if not good.all():
        row = int(np.argmin(good))
        raise ValueError(
            f"{name}: row {row} is {array[row].tolist()}, expected finite numbers, no NaN or inf; split the trajectory"
            " there and give a list of what is left"
        )
    if width is not None and array.shape[1] != width:
        raise ValueError(
            f"{name} has {array.shape[1]} features, but {owner} is expecting {width} features as input; give the same"
            " variables"
        )
    return array
