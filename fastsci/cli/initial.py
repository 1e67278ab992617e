"""Initial states from a file: CSV, NPY or Zarr, one row a member."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..system import System
from .errors import UsageError, one_line


@dataclass(frozen=True)
class Table:
    """Rows of initial states, read from the disk as they are sliced where the format allows."""

    states: Any  # (n_rows, dim), sliced by rows
    params: Mapping[str, Any] = field(default_factory=dict)  # of (n_rows,) each

    def __len__(self) -> int:
        return self.states.shape[0]


def read_initial(path: Path, system: System) -> Table:
    r"""Initial states for a system, and the parameters that the file gives a member.

    Parameters
    ----------
    path : Path
        CSV (any other suffix too), ``.npy``, or a folder that holds a Zarr array or store.
    system : System
        Its state names and parameter names are what a header may hold.

    Raises
    ------
    UsageError
        Where the file cannot be read, or its columns are not those of the system.

    Examples
    --------
    >>> import fastsci, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "y0.csv"
    >>> _ = path.write_text("z,x,y\n3,1,2\n")
    >>> read_initial(path, fastsci.systems.get("lorenz63")).states
    array([[1., 2., 3.]])
    """
    if not path.exists():
        raise UsageError(f"--y0: no file {path}; give a CSV, NPY or Zarr file with one row a member")
    if path.is_dir():
        table = _from_zarr(path, system)
    elif path.suffix == ".npy":
        table = Table(_rows(_load_npy(path), path, system))
    else:
        table = _from_csv(path, system)
    _check(table.states, path, system)
    return table


def _load_npy(path: Path) -> Any:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError) as error:
        why = one_line(error)
        raise UsageError(f"--y0: {path} is no NPY file of numbers ({why}); write it with np.save") from error


def _rows(array: Any, path: Path, system: System) -> Any:
    """One state as one row; a row of numbers as members of a system with a single variable."""
    if array.ndim == 1:
        return np.reshape(array, (-1, 1)) if system.dim == 1 else np.reshape(array, (1, -1))
    if array.ndim != 2:
        raise UsageError(f"--y0: {path} has shape {array.shape}, expected (n_members, {_width(system)})")
    return array


def _check(states: Any, path: Path, system: System) -> None:
    if system.dim is not None and states.shape[1] != system.dim:
        names = f" ({', '.join(system.state)})" if system.state and len(system.state) <= 8 else ""
        raise UsageError(
            f"--y0: {path} has {states.shape[1]} columns, but {system.name} has {system.dim} state variables{names}"
        )
    if states.shape[0] == 0:
        raise UsageError(f"--y0: {path} has no rows; give one row a member")
    if states.dtype.kind not in "fiu":
        raise UsageError(f"--y0: {path} holds {states.dtype}, expected real numbers; save it as float64")


def _width(system: System) -> int | str:
    return "dim" if system.dim is None else system.dim


def _from_zarr(path: Path, system: System) -> Table:
    import zarr

    try:
        node: Any = zarr.open(str(path), mode="r")
    except (FileNotFoundError, ValueError, KeyError) as error:
        raise UsageError(f"--y0: {path} is no Zarr store ({one_line(error)})") from error
    if isinstance(node, zarr.Array):
        return Table(_rows(node, path, system) if node.ndim == 2 else _rows(np.asarray(node[:]), path, system))
    names = sorted(name for name, _ in node.arrays())
    chosen = next((name for name in ("y_final", "y0") if name in names), names[0] if len(names) == 1 else None)
    if chosen is None:
        raise UsageError(f"--y0: {path} holds {', '.join(names) or 'no arrays'}; name the initial states y0")
    varied = node.attrs.get("varied", [])
    columns = {name: node[name][:] for name in varied if name in names and name in system.params}
    return Table(_rows(node[chosen], path, system), columns)


def _from_csv(path: Path, system: System) -> Table:
    header, delimiter, skipped = _head(path)
    try:
        with warnings.catch_warnings():
            # Of a header alone NumPy warns; that there are no rows is said below.
            warnings.filterwarnings("ignore", message="loadtxt: input contained no data")
            values = np.loadtxt(
                path, delimiter=delimiter, skiprows=skipped, ndmin=2, comments="#", quotechar='"', encoding="utf-8-sig"
            )
    except (ValueError, UnicodeDecodeError) as error:
        raise UsageError(f"--y0: {path}: {_place(error)}; expected a table of numbers, one row a member") from error
    if not values.size:
        raise UsageError(f"--y0: {path} has no rows; give one row a member")
    if header is None:
        return Table(values)
    if values.shape[1] != len(header):
        raise UsageError(f"--y0: {path} has {len(header)} names in its header but {values.shape[1]} columns")
    return _by_name(values, header, path, system)


def _place(error: Exception) -> str:
    """NumPy's complaint, whose rows count from 0, with rows that count from 1."""
    text = one_line(error).partition("; use `usecols`")[0].rstrip(".")
    return re.sub(r"at row (\d+), column", lambda match: f"in row {int(match[1]) + 1} of the numbers, column", text)


def _head(path: Path) -> tuple[list[str] | None, str | None, int]:
    """Names of the columns where the first line holds any, what parts them, and the lines before the numbers."""
    number, text = _first_line(path)
    delimiter = next((mark for mark in ",;\t" if mark in text), None)
    fields = [field.strip().strip("\"'") for field in text.split(delimiter)]
    return (None, delimiter, 0) if all(map(_is_number, fields)) else (fields, delimiter, number + 1)


def _first_line(path: Path) -> tuple[int, str]:
    """Number and text of the first line that is neither empty nor a comment."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file):
                if line.strip() and not line.lstrip().startswith("#"):
                    return number, line.strip()
    except UnicodeDecodeError as error:
        raise UsageError(f"--y0: {path} is neither text, NPY nor Zarr; convert it to one of these") from error
    raise UsageError(f"--y0: {path} has no rows; give one row a member")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _by_name(values: np.ndarray, header: Sequence[str], path: Path, system: System) -> Table:
    """Columns put in the order of the state; those named as parameters are values per member."""
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise UsageError(f"--y0: {path} has the column {repeated[0]!r} more than once; keep one")
    column = dict(zip(header, values.T, strict=True))
    for index_name in ("", "member"):  # what a data frame writes in front
        if index_name not in (system.state or ()) and index_name not in system.params:
            column.pop(index_name, None)
    params = {name: column.pop(name) for name in system.params if name in column and name not in (system.state or ())}
    state = system.state or tuple(column)
    missing = [name for name in state if name not in column]
    unknown = [name for name in column if name not in state]
    if missing or unknown:
        wrong = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(unknown)}"
        parameters = f"; parameters {', '.join(system.params)}" if system.params else ""
        takes = f"the state is {', '.join(state)}{parameters}"
        raise UsageError(f"--y0: the header of {path} {wrong}; {takes}; rename its columns, or delete the header")
    return Table(np.column_stack([column[name] for name in state]), params)
