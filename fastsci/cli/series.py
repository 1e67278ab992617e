"""Series from a file of numbers: a row a time, a column a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import UsageError
from .number_table import Wanted, load_csv, load_npy, read_head

WANTED = Wanted("DATA", "one row a time", "nor NPY", "; --columns picks those that hold numbers")
TIME_NAMES = ("t", "time")
UNEVEN = 1e-3  # of the spacing
MANY = 64  # columns, beyond which a table of fewer rows is taken for one on its side


@dataclass(frozen=True)
class Column:
    """One series, as the file has it."""

    name: str
    values: np.ndarray  # (n_rows,)


@dataclass(frozen=True)
class Data:
    """What a file holds."""

    columns: Sequence[Column]
    dt: float | None  # of the time axis, where there is one
    notes: Sequence[str]


def read_data(path: Path, columns: str | None) -> Data:
    r"""The series of a file, and the step of its time axis.

    Parameters
    ----------
    path : Path
        ``.npy``, or CSV with any other suffix.
    columns : str, optional
        Names or numbers (from 1) that are parted by commas, or "all"; all but the time axis and the index that a data
        frame writes by default.

    Raises
    ------
    UsageError
        Where the file cannot be read, or has no such columns.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "data.csv"
    >>> _ = path.write_text("time,a,b\n0,1,2\n0.5,3,4\n1,5,6\n")
    >>> data = read_data(path, "b")
    >>> data.dt, data.columns[0].name, data.columns[0].values
    (0.5, 'b', array([2., 4., 6.]))
    """
    if not path.is_file():
        raise UsageError(f"DATA: no file {path}; give a CSV or NPY file with one row a time")
    read = _from_npy if path.suffix == ".npy" else _from_csv
    names, values, chosen = read(path, columns)
    time = next(iter(_times(names, chosen)), None)
    dt, notes = (None, []) if time is None else _step(names[time], values[:, time])
    return Data([Column(names[place], values[:, place]) for place in chosen], dt, notes)


def _times(names: Sequence[str], chosen: Sequence[int]) -> list[int]:
    """Places of the columns that are time axes and not measured."""
    return [place for place, name in enumerate(names) if name.lower() in TIME_NAMES and place not in chosen]


def _from_npy(path: Path, columns: str | None) -> tuple[list[str], np.ndarray, list[int]]:
    array = load_npy(path, WANTED)
    if array.ndim not in (1, 2) or not array.size:
        raise UsageError(f"DATA: {path} has shape {array.shape}, expected (n_times,) or (n_times, n_columns)")
    if array.dtype.kind not in "fiu":
        raise UsageError(f"DATA: {path} holds {array.dtype}, expected real numbers; save it as float64")
    table = array if array.ndim == 2 else array[:, np.newaxis]
    if columns is None and table.shape[1] > max(MANY, table.shape[0]):
        rows, count = table.shape
        raise UsageError(
            f"DATA: {path} has {rows:,} rows and {count:,} columns, expected one row a time; save it transposed, or say"
            " --columns all"
        )
    names = [str(number) for number in range(1, table.shape[1] + 1)]
    return names, np.asarray(table, np.float64), _chosen(names, columns, path)


def _from_csv(path: Path, columns: str | None) -> tuple[list[str], np.ndarray, list[int]]:
    """Names, values and which columns are series; where these are picked, others are not read but for the times."""
    head = read_head(path, WANTED)
    if columns is None or columns == "all":
        values = load_csv(path, head, WANTED, missing=True)
        names = head.names or [str(number) for number in range(1, values.shape[1] + 1)]
        return names, values, _chosen(names, columns, path)
    if head.names is None:
        places = [_number(text) - 1 for text in _parts(columns)]
        values = load_csv(path, head, WANTED, columns=places, missing=True)
        return [str(place + 1) for place in places], values, list(range(len(places)))
    places = _chosen(head.names, columns, path)
    time = _times(head.names, places)[:1]
    try:
        values = load_csv(path, head, WANTED, columns=[*places, *time], missing=True)
    except UsageError:
        # Times that are dates are none that a step can be read from.
        time = []
        values = load_csv(path, head, WANTED, columns=places, missing=True)
    return [head.names[place] for place in [*places, *time]], values, list(range(len(places)))


def _parts(columns: str) -> list[str]:
    return [part.strip() for part in columns.split(",") if part.strip()]


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--columns: {text!r} is no column, and the file has no header; give numbers from 1")
    return int(text)


def _chosen(names: Sequence[str], columns: str | None, path: Path) -> list[int]:
    """Places of the columns that are asked for."""
    if columns == "all":
        return list(range(len(names)))
    if columns is None:
        some = [place for place, name in enumerate(names) if name and name.lower() not in TIME_NAMES]
        if not some:
            raise UsageError(f"DATA: {path} holds no column beside the time; measure that with --columns all")
        return some
    places: list[int] = []
    for text in _parts(columns):
        if text in names:
            if names.count(text) > 1:
                raise UsageError(f"--columns: {path} has {text!r} more than once; give the number of the column")
            places.append(names.index(text))
        elif text.isdecimal() and 1 <= int(text) <= len(names):
            places.append(int(text) - 1)
        else:
            known = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
            raise UsageError(f"--columns: {path} has no {text!r}; it has {known}")
    if not places:
        raise UsageError("--columns: names none; give names or numbers, such as x,y, or all")
    return places


def _step(name: str, times: np.ndarray) -> tuple[float | None, list[str]]:
    """The step of a time axis, and what is odd about it."""
    steps = np.diff(times)
    if not len(steps) or not np.isfinite(steps).all() or not (steps > 0.0).all():
        return None, [f"the times {name} do not rise throughout, and say nothing of dt; give --dt"]
    mean = float(times[-1] - times[0]) / len(steps)
    if float(np.abs(steps - mean).max()) > UNEVEN * mean:
        between = f"{steps.min():.4g} to {steps.max():.4g}"
        return mean, [f"the times {name} are {between} apart; they are taken as even, dt = {mean:.6g}"]
    return mean, []
