"""Trajectories from a file of numbers: a row a sample, columns for the time, the states and what drives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import UsageError
from .number_table import Head, Wanted, load_csv, load_npy, read_head
from .series import TIME_NAMES, UNEVEN

WANTED = Wanted("DATA", "one row a sample", "nor NPY", "; --states picks columns that hold numbers")
SHORTEST = 5  # rows of a trajectory
NAMED = 12  # columns that an error lists


@dataclass(frozen=True)
class Columns:
    """Which columns of a file are what, as the options say it."""

    time: str | None = None  # a column, or a step
    states: str | None = None
    controls: str | None = None
    trajectory: str | None = None


@dataclass(frozen=True)
class Measured:
    """Trajectories as a file has them.

    Attributes
    ----------
    states : list of (n, d) array
    times : list of float or (n,) array; empty for a map
        A step where the times are even.
    controls : list of (n, c) array; empty where there are none
    names : list of str
        Of states, then controls.
    n_states : int
    n_rows : int
        Of the file.
    step : str
        What is said of the times.
    notes : list of str
    """

    states: list[np.ndarray]
    times: list[float | np.ndarray]
    controls: list[np.ndarray]
    names: list[str]
    n_states: int
    n_rows: int
    step: str
    notes: list[str]


@dataclass(frozen=True)
class _Table:
    """The columns of a file that are asked for."""

    states: np.ndarray
    controls: np.ndarray | None
    times: np.ndarray | None  # None where there is no column of times
    labels: np.ndarray | None
    names: list[str]


def read_trajectories(path: Path, columns: Columns, *, is_map: bool, drop_nan: bool) -> Measured:
    r"""The trajectories of a file.

    Parameters
    ----------
    path : Path
        ``.npy``, or CSV with any other suffix.  Columns without names are called x1, x2, ...
    columns : Columns
        Names or numbers (from 1); the states are all columns that are nothing else.
    is_map : bool
        Whether rows are iterations, which need no times.
    drop_nan : bool
        Whether rows without a number part a trajectory in two, and are an error otherwise.

    Raises
    ------
    UsageError
        Where the file cannot be read, has no such columns, no times, or too few rows.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "data.csv"
    >>> _ = path.write_text("t,x,v\n" + "".join(f"{0.5 * i},{i},{-i}\n" for i in range(5)))
    >>> data = read_trajectories(path, Columns(), is_map=False, drop_nan=False)
    >>> data.names, data.times, data.states[0].shape
    (['x', 'v'], [0.5], (5, 2))
    """
    if not path.is_file():
        raise UsageError(f"DATA: no file {path}; give a CSV or NPY file with one row a sample")
    step = None if columns.time is None else _step_given(columns.time)
    table = _read(path, columns, time_is_column=columns.time is not None and step is None, is_map=is_map)
    if not is_map and table.times is None and step is None:
        known = ", ".join(table.names[:NAMED])
        raise UsageError(
            f"--time: {path} has no column t or time beside {known}, and a derivative needs the step; say --time 0.01,"
            " or --time COLUMN, or --map for a map"
        )
    if step is not None:
        table = _Table(table.states, table.controls, None, table.labels, table.names)
    return _parted(path, table, step, is_map, drop_nan)


def _step_given(text: str) -> float | None:
    """A step, or None where it is a column."""
    try:
        step = float(text)
    except ValueError:
        return None
    if not (np.isfinite(step) and step > 0):
        raise UsageError(f"--time: is {text}, expected a column or a positive step between two rows")
    return step


def _read(path: Path, columns: Columns, *, time_is_column: bool, is_map: bool) -> _Table:
    npy = path.suffix == ".npy"
    head = Head(None, None, 0) if npy else read_head(path, WANTED)
    if head.names is None:
        whole = _whole_array(path) if npy else load_csv(path, head, WANTED, missing=True)
        names = [f"x{number}" for number in range(1, whole.shape[1] + 1)]
    else:
        whole, names = None, head.names
    options = "states", "controls", "trajectory"
    places = {option: _places(getattr(columns, option), names, path, option) for option in options}
    taken = [*places["controls"], *places["trajectory"]]
    if time_is_column:
        times = _places(columns.time, names, path, "time")
    else:
        times = [place for place, name in enumerate(names) if name.lower() in TIME_NAMES and place not in taken][:1]
    times = [place for place in times if place not in places["states"]]
    states = places["states"] or [
        place for place, name in enumerate(names) if name and place not in {*taken, *times}
        and not (is_map and name.lower() in TIME_NAMES)
    ]  # fmt: skip
    if not states:
        others = ", ".join(names[place] for place in [*times, *taken])
        raise UsageError(f"--states: {path} holds no column beside {others}; a model needs a state")
    chosen = [names[place] for place in [*states, *places["controls"]]]
    twice = next((name for name in chosen if chosen.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            f"DATA: {path} would give two inputs of the model the name {twice!r}; name its columns apart, or pick some"
            " with --states and --controls"
        )
    numbers = [*states, *places["controls"], *times]
    values = load_csv(path, head, WANTED, columns=numbers, missing=True) if whole is None else whole[:, numbers]
    labels: np.ndarray | None = None
    if places["trajectory"]:
        place = places["trajectory"][0]
        labels = whole[:, place] if whole is not None else _labels(path, head, place)
    n_states, n_controls = len(states), len(places["controls"])
    return _Table(
        np.ascontiguousarray(values[:, :n_states]),
        np.ascontiguousarray(values[:, n_states : n_states + n_controls]) if n_controls else None,
        values[:, -1].copy() if times else None,
        labels,
        chosen,
    )


def _whole_array(path: Path) -> np.ndarray:
    array = load_npy(path, WANTED)
    if array.ndim not in (1, 2) or not array.size:
        raise UsageError(f"DATA: {path} has shape {array.shape}, expected (n_times,) or (n_times, n_columns)")
    if array.dtype.kind not in "fiu":
        raise UsageError(f"DATA: {path} holds {array.dtype}, expected real numbers; save it as float64")
    return np.asarray(array if array.ndim == 2 else array[:, np.newaxis], np.float64)


def _labels(path: Path, head: Head, place: int) -> np.ndarray:
    """The column that tells trajectories apart, which may hold words."""
    return np.loadtxt(
        path, dtype=str, delimiter=head.delimiter, skiprows=head.skipped, usecols=place, ndmin=1, comments="#",
        quotechar='"', encoding="utf-8-sig",
    )  # fmt: skip


def _places(text: str | None, names: Sequence[str], path: Path, option: str) -> list[int]:
    """Places of columns that are given by names or numbers."""
    found: list[int] = []
    for part in [] if text is None else [part.strip() for part in text.split(",") if part.strip()]:
        if names.count(part) == 1:
            found.append(names.index(part))
        elif part.isdecimal() and 1 <= int(part) <= len(names):
            found.append(int(part) - 1)
        else:
            twice = names.count(part) > 1
            known = ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
            what = (
                f"{part!r} more than once; give the number of the column" if twice else f"no {part!r}; it has {known}"
            )
            raise UsageError(f"--{option}: {path} has {what}")
    if option in ("time", "trajectory") and len(found) > 1:
        raise UsageError(f"--{option}: is {text}, expected one column")
    return found


# --- from a table to trajectories ---


def _parted(path: Path, table: _Table, step: float | None, is_map: bool, drop_nan: bool) -> Measured:
    """Runs of rows of one trajectory, without rows that lack a number."""
    columns = [table.states, *([] if table.controls is None else [table.controls])]
    if table.times is not None:
        columns.append(table.times[:, np.newaxis])
    every = np.hstack(columns)
    good: np.ndarray = np.asarray(np.isfinite(every).all(axis=1))
    lost = int((~good).sum())
    if lost and not drop_nan:
        row = int(np.argmin(good))
        names = [*table.names, "the time"]
        column = names[int(np.argmin(np.isfinite(every[row])))]
        more = f" and {lost - 1:,} more rows do" if lost > 1 else ""
        raise UsageError(
            f"DATA: row {row + 1} of {path} holds no finite number for {column}{more}; --drop-nan leaves such rows out"
        )
    notes = [f"{lost:,} rows without a number are left out, and part what stands before and after them"] * bool(lost)
    states: list[np.ndarray] = []
    times: list[float | np.ndarray] = []
    controls: list[np.ndarray] = []
    spacings: list[str] = []
    short = 0
    for rows in _runs(table.labels, good):
        if len(rows) < SHORTEST:
            short += 1
            continue
        if not is_map:
            given = step if table.times is None else None
            clock, spacing = (given, f"dt = {given:.6g}") if given else _clock(path, table, rows)
            times.append(clock)
            spacings.append(spacing)
        states.append(table.states[rows])
        if table.controls is not None:
            controls.append(table.controls[rows])
    if not states:
        kind = "unbroken rows" if lost else "rows"
        raise UsageError(
            f"DATA: {path} has {len(every):,} rows and no trajectory of {SHORTEST} {kind}; give more samples"
        )
    if short:
        notes.append(f"{short:,} trajectories of fewer than {SHORTEST} rows are left out")
    said = "iterations" if is_map else spacings[0]
    return Measured(states, times, controls, table.names, table.states.shape[1], len(every), said, notes)


def _runs(labels: np.ndarray | None, good: np.ndarray) -> list[np.ndarray]:
    """Rows of each trajectory, in the order of the file, parted where a row is no good."""
    groups = [np.arange(len(good))]
    if labels is not None:
        _, first, which = np.unique(labels, return_index=True, return_inverse=True)
        groups = [np.flatnonzero(which == place) for place in np.argsort(first)]
    found: list[np.ndarray] = []
    for rows in groups:
        edges = np.flatnonzero(np.diff(np.r_[False, good[rows], False]))
        found += [rows[first:last] for first, last in edges.reshape(-1, 2)]
    return found


def _clock(path: Path, table: _Table, rows: np.ndarray) -> tuple[float | np.ndarray, str]:
    """The step of even times, or the times themselves; and what is said of them."""
    assert table.times is not None
    times, labelled = table.times[rows], table.labels is not None
    steps = np.diff(times)
    if not (steps > 0).all():
        row = int(rows[int(np.argmin(steps > 0)) + 1]) + 1
        remedy = "sort the rows" if labelled else "sort them, or tell several trajectories apart by --trajectory COLUMN"
        raise UsageError(f"--time: the times of {path} do not rise at row {row:,}; {remedy}")
    mean = float(times[-1] - times[0]) / len(steps)
    if float(np.abs(steps - mean).max()) > UNEVEN * mean:
        return times, f"times {steps.min():.4g} to {steps.max():.4g} apart"
    return mean, f"dt = {mean:.6g}"
