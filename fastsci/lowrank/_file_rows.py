"""Rows of a file that is mapped to memory, read rather than mapped.

A page of a map that is not in memory stops whoever touches it, and pages that were touched fill the memory of the
process; reads in order are foreseen by the system, and need two buffers.  To announce blocks to it instead costs twice
its time: it then fetches single pages.
"""

from __future__ import annotations

import mmap
from collections.abc import Generator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from ._blocks_source import Read, Sliced, Spans
from ._source import Array

COMPARED = 4096  # bytes at both ends, by which a file is known to be the one that is mapped


class FileRows(Sliced):
    """Rows of a row-major memory map, by reads of its file."""

    def __init__(self, mapped: np.memmap[Any, Any], dtype: np.dtype[Any], path: Path, offset: int) -> None:
        super().__init__(mapped, dtype)
        self.path, self.offset = path, offset

    @contextmanager
    def open(self, spans: Spans) -> Generator[Read]:
        if not self._is_the_one():
            with super().open(spans) as read:
                yield read
            return
        with self.path.open("rb", buffering=0) as file:

            def read_one(place: int, buffer: Array) -> None:
                self._read(file, *spans[place], buffer)

            yield read_one

    def _read(self, file: FileIO, first: int, last: int, buffer: Array) -> None:
        stored = self.array.dtype
        raw = buffer if stored == self.dtype else np.empty(buffer.shape, stored)
        numbers: Any = raw.view(np.uint8).reshape(-1)
        view = memoryview(numbers)
        file.seek(self.offset + first * self.shape[1] * stored.itemsize)
        filled = 0
        while filled < len(view):
            taken = file.readinto(view[filled:])
            if not taken:
                raise OSError(f"{self.path}: ends before row {last} of the array; was it cut while it was read?")
            filled += taken
        if raw is not buffer:
            np.copyto(buffer, raw, casting="unsafe")

    def _is_the_one(self) -> bool:
        """Whether the file at that name still holds what is mapped: it may have been replaced."""
        whole = np.asarray(self.array).reshape(-1).view(np.uint8)
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                begin = file.read(min(COMPARED, whole.size))
                file.seek(self.offset + max(whole.size - COMPARED, 0))
                end = file.read(min(COMPARED, whole.size))
        except OSError:
            return False
        return begin == whole[:COMPARED].tobytes() and end == whole[max(whole.size - COMPARED, 0) :].tobytes()


def file_rows(mapped: np.memmap[Any, Any], dtype: np.dtype[Any]) -> Sliced:
    """Rows of a row-major memory map, from its file where it is that alone."""
    held: Any = getattr(mapped, "_mmap", None)
    private = mapped.mode == "c"  # what was written there is not in the file
    if held is None or mapped.filename is None or private or not mapped.flags.c_contiguous or not mapped.size:
        return Sliced(mapped, dtype)
    begin = np.frombuffer(held, np.uint8).ctypes.data
    mapped_from = mapped.offset - mapped.offset % mmap.ALLOCATIONGRANULARITY
    return FileRows(mapped, dtype, Path(mapped.filename), mapped_from + mapped.ctypes.data - begin)
