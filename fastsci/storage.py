"""Ensembles on disk: a Zarr store, written in chunks of members and read when it is looked at."""

from __future__ import annotations

import math
import os
import shutil
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .result import EnsembleResult

if TYPE_CHECKING:
    import xarray

CHUNK_BYTES = 16 * 2**20
VARIABLES = ("y", "y0", "y_final", "status", "member", "state", "time")


@dataclass(frozen=True)
class Layout:
    """What a store will hold, known before the first member is computed."""

    n_members: int
    block: int  # members written at a time, from `block_members`
    dim: int
    times: Sequence[float] | np.ndarray
    dtype: np.dtype[Any]
    state: Sequence[str]
    params: Sequence[str]
    attributes: Mapping[str, Any]

    def chunk(self, numbers: int) -> int:
        """Members a chunk of an array with so many numbers a member: a whole part of a block."""
        chunk = 2 ** (min(self.block, self.n_members) - 1).bit_length()
        while chunk > 1 and chunk * numbers * self.dtype.itemsize > CHUNK_BYTES:
            chunk //= 2
        return min(chunk, self.n_members)


def block_members(most: int) -> int:
    """Members to write at a time, ``most`` at most: a power of two, so that the chunks of every array divide it."""
    return 2 ** max(0, most.bit_length() - 1)


def open_store(path: str | os.PathLike[str]) -> xarray.Dataset:
    """An ensemble store as a dataset whose arrays are read as they are used.

    Parameters
    ----------
    path : path
        A store written by ``fastsci run --out`` or `create_store`.

    Returns
    -------
    xarray.Dataset
        ``y (member, state, time)`` the saves, ``y0`` and ``y_final (member, state)``, ``status (member,)`` (negative:
        failed); the times, the names of the state variables and the parameters ``(member,)`` are coordinates.

    Raises
    ------
    FileNotFoundError
        Where there is no such store.
    ValueError
        Where the folder is no ensemble store.

    Examples
    --------
    >>> import fastsci, fastsci.storage, tempfile
    >>> from fastsci.cli import main
    >>> path = tempfile.mkdtemp() + "/ensemble.zarr"
    >>> main(["run", "lorenz63", "--members", "4", "--t-end", "1", "--saves", "3", "--out", path, "--quiet"])
    0
    >>> dict(fastsci.storage.open_store(path).y.sizes)
    {'member': 4, 'state': 3, 'time': 3}
    """
    import xarray

    folder = Path(path)
    if not folder.exists():
        raise FileNotFoundError(f"path: no store {folder}; `fastsci run --out` writes one")
    if not (folder / "zarr.json").exists():
        raise ValueError(f"path: {folder} is no ensemble store; give the folder that `fastsci run --out` wrote")
    return xarray.open_dataset(folder, engine="zarr", consolidated=False)


@contextmanager
def create_store(path: str | os.PathLike[str], layout: Layout, *, overwrite: bool = False) -> Generator[EnsembleStore]:
    """A new store, filled inside the ``with`` block and given its name at its end.

    What is written meanwhile lies beside it under another name and is deleted if the block fails: a run that dies
    leaves no half store behind.

    Parameters
    ----------
    path : path
        The store's folder; its parent exists.
    layout : Layout
        Sizes, names and attributes.
    overwrite : bool
        Replace a store of that name.

    Raises
    ------
    FileExistsError, FileNotFoundError
        As `check_target` says.
    """
    target = Path(path)
    check_target(target, overwrite=overwrite)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        yield _create(partial, layout)
        _consolidate(partial)
        if target.exists():
            former = partial.with_suffix(".former")
            target.rename(former)
            partial.rename(target)
            shutil.rmtree(former)
        else:
            partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_target(path: Path, *, overwrite: bool) -> None:
    """Refuse a place that a store cannot or must not take.

    Raises
    ------
    FileExistsError
        Where something is there already, unless it is a Zarr store and `overwrite` is set.
    FileNotFoundError
        Where the parent folder does not exist.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no folder {path.parent} to write {path.name} into; create it first")
    if not path.exists():
        return
    if not overwrite:
        raise FileExistsError(f"{path} exists already; choose another name, or replace it with --overwrite")
    if not (path / "zarr.json").exists():
        raise FileExistsError(f"{path} exists and is no Zarr store, so it is not replaced; choose another name")


@dataclass(frozen=True)
class EnsembleStore:
    """An open store that takes chunks of members."""

    group: Any
    names: Mapping[str, str]  # of a parameter in the store

    def write(self, first: int, y0: np.ndarray, result: EnsembleResult) -> None:
        """Store the members from ``first`` on: initial states (n, dim) and what became of them."""
        members = slice(first, first + len(result))
        values = {"y": result.y, "y0": y0, "y_final": result.y_final, "status": result.status}
        for name, array in values.items():
            self.group[name][members] = array
        for name, stored in self.names.items():
            self.group[stored][members] = result.params[name]


def _create(path: Path, layout: Layout) -> EnsembleStore:
    import zarr
    from zarr.codecs import BloscCodec

    n, dim = layout.n_members, layout.dim
    names = {name: name if name not in VARIABLES else f"param_{name}" for name in layout.params}
    attributes = {**layout.attributes, "coordinates": " ".join(names.values())}
    group = zarr.open_group(path, mode="w", zarr_format=3, attributes=attributes)

    def array(name: str, dimensions: Sequence[str], shape: Sequence[int], dtype: Any) -> Any:
        inner = tuple(shape[1:])
        chunks = (layout.chunk(math.prod(inner)), *inner) if dimensions[0] == "member" else tuple(shape)
        return group.create_array(
            name, shape=tuple(shape), chunks=chunks, dtype=dtype, dimension_names=tuple(dimensions),
            compressors="auto" if dtype is str else BloscCodec(cname="lz4", shuffle="shuffle"),
            fill_value="" if dtype is str else 0,
        )  # fmt: skip

    array("y", ("member", "state", "time"), (n, dim, len(layout.times)), layout.dtype)
    array("y0", ("member", "state"), (n, dim), layout.dtype)
    array("y_final", ("member", "state"), (n, dim), layout.dtype)
    array("status", ("member",), (n,), np.int8)
    array("time", ("time",), (len(layout.times),), np.float64)[:] = np.asarray(layout.times)
    state = np.array(layout.state, dtype=np.dtypes.StringDType()) if layout.state else np.arange(dim)
    array("state", ("state",), (dim,), str if layout.state else np.int64)[:] = state
    for stored in names.values():
        array(stored, ("member",), (n,), layout.dtype)
    return EnsembleStore(group, names)


def _consolidate(path: Path) -> None:
    """Gather the metadata in one place, where `xarray.open_zarr` looks first."""
    import zarr

    with warnings.catch_warnings():
        # Zarr warns that format 3 does not require readers to know of it; those that do not read on without.
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(path)
