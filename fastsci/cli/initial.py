"""Initial states from a file: CSV, NPY or Zarr, one row a member."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..system import System
from .errors import UsageError, one_line
from .number_table import Wanted, load_csv, load_npy, read_head

WANTED = Wanted("--y0", "one row a member", "NPY nor Zarr")


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
        table = Table(_rows(load_npy(path, WANTED), path, system))
    else:
        table = _from_csv(path, system)
    _check(table.states, path, system)
    return table


def written_or_read(text: str | None, system: System) -> Table | None:
    """One state written as ``X,Y,...``, or those of a file; the system's default where neither is given."""
    if text is None:
        return None if system.default_y0 is None else Table(system.default_y0[np.newaxis])
    number = r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*"
    if not re.fullmatch(f"{number}(,{number})*", text):
        return read_initial(Path(text), system)
    state = np.array([float(part) for part in text.split(",")])
    if system.dim is not None and state.size != system.dim:
        names = f" ({', '.join(system.state)})" if system.state and len(system.state) <= 8 else ""
        raise UsageError(f"--y0: {text} has {state.size} numbers, but {system.name} has {system.dim}{names}")
    return Table(state[np.newaxis])


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
    head = read_head(path, WANTED)
    values = load_csv(path, head, WANTED)
    return Table(values) if head.names is None else _by_name(values, head.names, path, system)


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
