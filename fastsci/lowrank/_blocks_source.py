"""Matrices that are read by blocks of rows: from a file, from chunks, or of several parts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from ._matrix import refuse_non_finite
from ._source import Array, Source

PIECES = 8  # ranges of a block's rows whose sums are kept apart, so that they do not depend on threads
BLOCK_BYTES = 2**25  # of a block: pieces of fewer rows spend their time on the sums that they add to
STRETCH_BYTES = 2**28  # read in order
PER_SECOND = 2e10  # multiply-adds of one thread
LARGEST_GRAM = 4096


Spans = list[tuple[int, int]]  # first and last rows of blocks
Read = Callable[[int, Array], None]


class Rows(Protocol):
    """What gives rows of a matrix."""

    shape: tuple[int, int]
    dtype: np.dtype[Any]  # of the products

    def open(self, spans: Spans) -> AbstractContextManager[Read]:
        """For one pass over ``spans``: a function that reads the one of a given number into a buffer."""
        ...

    def edges(self, rows: int, most: int) -> list[int]:
        """Where blocks of about ``rows`` rows, never more than ``most``, best begin, and the end."""
        ...


class RowBlocks(Source):
    """A matrix by blocks of its rows: while one is multiplied the next is read.

    Every second pass begins with the last stretch: what the system still holds of the pass before is met first.  Within
    a stretch blocks are read in order, as disks do best.  A piece of each block's rows adds to sums of its own, and the
    pieces do not depend on threads: neither do the bits.

    Attributes
    ----------
    watch : callable, optional
        Called with the number of rows read, after each block.
    passes : int
        How often the matrix has been read.
    """

    def __init__(self, rows: Rows, memory: int, name: str) -> None:
        self.rows, self.name, self.memory = rows, name, memory
        self.shape, self.dtype = rows.shape, rows.dtype
        self.watch: Callable[[int], None] | None = None
        self.passes = 0
        width = self.shape[1] * self.dtype.itemsize
        most = memory // (4 * max(width, 1))
        if most < 1 and self.shape[0]:
            raise ValueError(
                f"memory_limit: {memory:,} bytes are less than four rows of {name}, of {width:,} bytes each; give at"
                f" least {4 * width:,}"
            )
        self._edges = rows.edges(max(1, min(most, BLOCK_BYTES // max(width, 1))), max(most, 1))

    def product(self, right: Array) -> Array:
        out = np.zeros((self.shape[0], right.shape[1]), self.dtype)
        for first, last, block in self.blocks():
            self._product(block, right, out[first:last])
        return out

    def adjoint_product(self, left: Array) -> Array:
        parts = self._parts(left.shape[1])
        for first, last, block in self.blocks():
            self._adjoint(block, left[first:last], parts)
        return parts.sum(axis=0)

    def gram_product(self, right: Array) -> tuple[Array, Array]:
        out = np.zeros((self.shape[0], right.shape[1]), self.dtype)
        parts = self._parts(right.shape[1])
        for first, last, block in self.blocks():
            self._both(block, right, out[first:last], parts)
        return out, parts.sum(axis=0)

    def gram(self) -> Array | None:
        size = self.shape[1]
        if size > LARGEST_GRAM or 4 * size * size * self.dtype.itemsize > self.memory:
            return None
        found = np.zeros((size, size), self.dtype)
        for _, _, block in self.blocks():
            found += block.conj().T @ block
        return found

    def refuse_non_finite(self, name: str) -> None:
        for first, _, block in self.blocks():
            refuse_non_finite(block, name, first)
        super().refuse_non_finite(name)

    def blocks(self) -> Iterator[tuple[int, int, Array]]:
        """First and last row of each block, and its numbers, which hold until the next is asked for."""
        spans = self._spans()
        if not spans:
            return
        longest = max(last - first for first, last in spans)
        buffers = [np.empty((longest, self.shape[1]), self.dtype) for _ in range(2)]
        with self.rows.open(spans) as read, ThreadPoolExecutor(1, thread_name_prefix="fastsci-read") as reader:

            def begin(place: int) -> Future[None]:
                first, last = spans[place]
                return reader.submit(read, place, buffers[place % 2][: last - first])

            coming = begin(0)
            for place, (first, last) in enumerate(spans):
                coming.result()
                if place + 1 < len(spans):
                    coming = begin(place + 1)
                yield first, last, buffers[place % 2][: last - first]
                if self.watch is not None:
                    self.watch(last - first)
        self.passes += 1

    def _spans(self) -> Spans:
        spans = list(pairwise(self._edges))
        if not self.passes % 2 or not spans:
            return spans
        row = self.shape[1] * self.dtype.itemsize
        block = max(1, (spans[0][1] - spans[0][0]) * row)
        length = max(1, STRETCH_BYTES // block)
        stretches = [spans[first : first + length] for first in range(0, len(spans), length)]
        return [span for stretch in reversed(stretches) for span in stretch]

    def _parts(self, width: int) -> Array:
        size = self.shape[1] * width * self.dtype.itemsize
        pieces = 1 if self.dtype.kind == "c" else max(1, min(PIECES, self.memory // (4 * max(size, 1))))
        return np.zeros((pieces, self.shape[1], width), self.dtype)

    def _product(self, block: Array, right: Array, out: Array) -> None:
        if self.dtype.kind == "c":
            np.matmul(block, right, out=out)
            return
        from fastsci_kernels.lowrank import products

        _spread(block, right, PIECES, lambda _, a, b: products.product(block, block.shape[1], right, out, a, b))

    def _adjoint(self, block: Array, left: Array, parts: Array) -> None:
        if self.dtype.kind == "c":
            parts[0] += block.conj().T @ left
            return
        from fastsci_kernels.lowrank import products

        columns = block.shape[1]
        _spread(block, left, len(parts), lambda p, a, b: products.adjoint_product(block, columns, left, parts[p], a, b))

    def _both(self, block: Array, right: Array, out: Array, parts: Array) -> None:
        if self.dtype.kind == "c":
            np.matmul(block, right, out=out)
            parts[0] += block.conj().T @ out
            return
        from fastsci_kernels.lowrank import products

        _spread(block, right, len(parts), lambda p, a, b: products.gram_product(block, right, out, parts[p], a, b))


def _spread(block: Array, columns: Array, pieces: int, work: Callable[[int, int, int], None]) -> None:
    """Call ``work(piece, first, last)`` for ranges of a block's rows, on all threads."""
    from fastsci_kernels.loops import batch

    edges = [len(block) * piece // pieces for piece in range(pieces + 1)]

    def some(begin: int, end: int) -> None:
        for piece in range(begin, end):
            work(piece, edges[piece], edges[piece + 1])

    batch.over(pieces, some, 2 * block.size * columns.shape[1] / PER_SECOND / pieces)


class Sliced:
    """Rows of whatever gives them as ``array[first:last]``: memory maps, Zarr and HDF5 arrays, Dask's.

    ``starts`` are the first rows of chunks, any part of which costs as much to read as the whole; of a ``flipped``
    array the columns are taken for rows.
    """

    def __init__(
        self, array: Any, dtype: np.dtype[Any], starts: Sequence[int] | None = None, flipped: bool = False
    ) -> None:
        self.array, self.dtype, self.flipped, self.starts = array, dtype, flipped, starts
        rows, columns = (int(size) for size in array.shape)
        self.shape = (columns, rows) if flipped else (rows, columns)

    @contextmanager
    def open(self, spans: Spans) -> Generator[Read]:
        def read(place: int, buffer: Array) -> None:
            first, last = spans[place]
            found = self.array[:, first:last] if self.flipped else self.array[first:last]
            if hasattr(found, "compute"):
                found = found.compute()
            if hasattr(found, "toarray"):
                found = found.toarray()
            np.copyto(buffer, np.asarray(found).T if self.flipped else found, casting="unsafe")

        yield read

    def edges(self, rows: int, most: int) -> list[int]:
        count = self.shape[0]
        if not count:
            return []
        if self.starts is None:
            return [*range(0, count, rows), count]
        found = [0]
        for start, stop in pairwise([*self.starts, count]):
            if start > found[-1] and stop - found[-1] > rows:
                found.append(start)
            if stop - start > most:
                found.extend(range(start + most, stop, most))
        return [*found, count]


class Stacked(Source):
    """Matrices of as many columns and of one kind below one another, each a source of its own."""

    def __init__(self, parts: Sequence[Source]) -> None:
        self.parts = list(parts)
        self.shape = (sum(part.shape[0] for part in parts), parts[0].shape[1])
        self.dtype = parts[0].dtype
        self.edges = np.cumsum([0, *(part.shape[0] for part in parts)]).tolist()

    def product(self, right: Array) -> Array:
        return np.concatenate([part.product(right) for part in self.parts])

    def adjoint_product(self, left: Array) -> Array:
        total = np.zeros((self.shape[1], left.shape[1]), self.dtype)
        for part, (first, last) in zip(self.parts, pairwise(self.edges), strict=True):
            total += part.adjoint_product(left[first:last])
        return total

    def gram_product(self, right: Array) -> tuple[Array, Array]:
        out = np.empty((self.shape[0], right.shape[1]), self.dtype)
        total = np.zeros((self.shape[1], right.shape[1]), self.dtype)
        for part, (first, last) in zip(self.parts, pairwise(self.edges), strict=True):
            out[first:last], added = part.gram_product(right)
            total += added
        return out, total

    def refuse_non_finite(self, name: str) -> None:
        for place, part in enumerate(self.parts):
            if not np.isfinite(part.product(np.ones((part.shape[1], 1), part.dtype))).all():
                part.refuse_non_finite(f"{name}[{place}]")
        super().refuse_non_finite(name)


def blocks_of(source: Any) -> list[RowBlocks]:
    """What of a source, or of what it is made of, is read by blocks."""
    if isinstance(source, RowBlocks):
        return [source]
    if isinstance(source, Stacked):
        return [blocks for part in source.parts for blocks in blocks_of(part)]
    return blocks_of(source.of) if hasattr(source, "of") else []
