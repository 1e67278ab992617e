"""Matrices that do not lie dense in memory, recognised without importing what they come from."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from typing import Any

import numpy as np

from ._blocks_source import RowBlocks, Sliced, Stacked
from ._dense import dense
from ._file_rows import file_rows
from ._matrix import working_dtype
from ._operator_source import OnDevice, Operator, Promoted, transpose
from ._source import Source
from ._sparse_source import sparse_source

MEMORY = 2**30  # bytes for blocks that are read, unless the caller says
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def as_source(A: Any, name: str = "A", *, memory_limit: int | float | str | None = None) -> Source | None:
    """A matrix as a source, or None where it is a plain array, or what makes one.

    Parameters
    ----------
    A : matrix
        A SciPy sparse matrix or array, ``numpy.memmap``, an array of Zarr, h5py or Dask, a ``LinearOperator`` or what
        has its products, a sparse or CUDA tensor of torch, a CuPy array, a list of such matrices (or of arrays) below
        one another, or a source.
    name : str
        Of the argument, for messages.
    memory_limit : int or str, optional
        Bytes for what is read of an array on a disk, as a number or as "500MB" or "1GiB"; 1 GiB unless given.  Products
        are not counted.
    """
    memory = byte_count(memory_limit)
    if isinstance(A, Source):
        return A
    if isinstance(A, (list, tuple)):
        parts = [part for part in A if len(getattr(part, "shape", ())) == 2]
        return _stacked(parts, name, memory) if A and len(parts) == len(A) else None
    if isinstance(A, np.memmap):
        return _mapped(A, name, memory)
    if isinstance(A, np.ndarray):
        return None
    module = type(A).__module__.partition(".")[0]
    if module == "xarray" and hasattr(A, "dims"):
        return as_source(A.data, name, memory_limit=memory)
    if module == "torch":
        return _torch(A, name)
    if module == "cupy" or module == "cupyx":
        cupy = sys.modules["cupy"]
        dtype = _two_dimensional(A, name)
        return OnDevice(A.astype(dtype, copy=False), dtype, cupy.asarray, cupy.asnumpy)
    if hasattr(A, "tocsr") and hasattr(A, "format"):
        return sparse_source(A, name)
    if all(hasattr(A, part) for part in ("shape", "dtype")):
        if hasattr(A, "chunks") and hasattr(A, "__getitem__"):
            return _chunked(A, name, memory)
        if any(hasattr(A, part) for part in ("matmat", "matvec")):
            return Operator(A, name)
    return None


def byte_count(memory_limit: Any) -> int:
    """Bytes of "1GB", "500 MiB" or a number; 1 GiB of None."""
    if memory_limit is None:
        return MEMORY
    if isinstance(memory_limit, str):
        found = re.fullmatch(r"\s*([0-9.]+(?:e[0-9]+)?)\s*([kmgt]?i?)b?\s*", memory_limit.lower())
        if found and found[1].count(".") <= 1 and found[2] in UNITS:
            return int(float(found[1]) * UNITS[found[2]])
    elif not isinstance(memory_limit, bool) and isinstance(memory_limit, (int, float, np.number)) and memory_limit >= 1:
        return int(memory_limit)
    raise ValueError(f'memory_limit: is {memory_limit!r}, expected a number of bytes, or a text such as "500MB"')


def _two_dimensional(A: Any, name: str) -> np.dtype[Any]:
    """The precision of products; an error where A is no matrix of numbers."""
    if len(A.shape) != 2:
        raise ValueError(f"{name}: has shape {tuple(A.shape)}, expected a matrix (m, n); reshape it")
    return working_dtype(A.dtype, name)


def _mapped(A: Any, name: str, memory: int) -> Source:
    dtype = _two_dimensional(A, name)
    if A.flags.f_contiguous and not A.flags.c_contiguous:
        return transpose(RowBlocks(file_rows(A.T, dtype), memory, f"{name}.T"))
    return RowBlocks(file_rows(A, dtype), memory, name)


def _chunked(A: Any, name: str, memory: int) -> Source:
    """Arrays in chunks, which are read whole: by rows of chunks, or by columns where those are as high as the array."""
    dtype = _two_dimensional(A, name)
    sizes = A.chunks
    if sizes is None:  # HDF5 in one piece
        return RowBlocks(Sliced(A, dtype), memory, name)
    if not isinstance(sizes[0], tuple):  # one shape for all, as Zarr and HDF5 have it
        sizes = [_lengths(int(size), int(chunk)) for size, chunk in zip(A.shape, sizes, strict=True)]
    if not all(float(length).is_integer() for lengths in sizes for length in lengths):  # Dask's unknown lengths are NaN
        raise ValueError(f"{name}: has chunks of unknown lengths; call compute_chunk_sizes() on it first")
    if len(sizes[0]) == 1 and len(sizes[1]) > 1:
        return transpose(RowBlocks(Sliced(A, dtype, _starts(sizes[1]), flipped=True), memory, f"{name}.T"))
    return RowBlocks(Sliced(A, dtype, _starts(sizes[0])), memory, name)


def _lengths(size: int, chunk: int) -> list[int]:
    return [stop - start for start, stop in pairwise([*range(0, size, max(chunk, 1)), size])]


def _starts(lengths: Any) -> list[int]:
    return np.cumsum([0, *lengths[:-1]]).astype(int).tolist()


def _stacked(parts: list[Any], name: str, memory: int) -> Source:
    found: list[Source] = []
    for place, part in enumerate(parts):
        known = as_source(part, f"{name}[{place}]", memory_limit=memory)
        if known is None:
            plain, flipped = dense(part, f"{name}[{place}]")
            known = transpose(plain) if flipped else plain
        found.append(known)
        if known.shape[1] != found[0].shape[1]:
            raise ValueError(
                f"{name}[{place}]: has {known.shape[1]} columns, expected {found[0].shape[1]} as in {name}[0]; blocks"
                " of rows lie below one another"
            )
    dtype = np.result_type(*(part.dtype for part in found))
    return Stacked([part if part.dtype == dtype else Promoted(part, dtype) for part in found])


def _torch(tensor: Any, name: str) -> Source | None:
    torch: Any = sys.modules["torch"]
    tensor = tensor.detach()
    if tensor.layout is not torch.strided:
        from scipy.sparse import coo_array

        entries = tensor.to_sparse_coo().coalesce().cpu()
        places = entries.indices().numpy()
        return sparse_source(coo_array((entries.values().numpy(), (places[0], places[1])), tuple(tensor.shape)), name)
    if tensor.device.type == "cpu":
        return None
    held = np.empty(0, str(tensor.dtype).partition(".")[2].replace("bfloat16", "float32")).dtype
    dtype = working_dtype(held, name)
    if len(tensor.shape) != 2:
        raise ValueError(f"{name}: has shape {tuple(tensor.shape)}, expected a matrix (m, n); reshape it")
    working = tensor.to(getattr(torch, dtype.name))
    return OnDevice(
        working, dtype, lambda block: torch.from_numpy(block).to(working.device), lambda found: found.cpu().numpy()
    )
