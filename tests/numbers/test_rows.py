"""Rows of a caller's array as members side by side, and back, whatever their length and the width of the registers."""

from __future__ import annotations

import ctypes
import mmap

import numpy as np
import pytest

from fastsci_kernels.compile import jit
from fastsci_kernels.numbers.memory import store
from fastsci_kernels.numbers.rows import load_column, load_rows, store_column, store_rows

FIRST = 2  # row at which the rows under test begin


def kernels(width, dim):
    """From rows to the columns of an array ``(dim, width)``, and from rows to rows of another."""

    @jit
    def apart(rows, columns):
        values = load_rows(rows, FIRST, width, dim)
        for column in range(dim):
            store(columns, column, 0, values[column])

    @jit
    def copy(rows, other):
        store_rows(other, FIRST, load_rows(rows, FIRST, width, dim))

    return apart, copy


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5, 6, 7, 8, 9, 17])
@pytest.mark.parametrize(("dtype", "width"), [("f8", 2), ("f8", 4), ("f8", 8), ("f4", 16)])
def test_rows_become_columns_and_rows_again(dtype, width, dim):
    rows = np.arange((width + 4) * dim, dtype=dtype).reshape(-1, dim)
    apart, copy = kernels(width, dim)
    columns, other = np.empty((dim, width), dtype), np.full_like(rows, -1.0)
    apart(rows, columns)
    np.testing.assert_array_equal(columns, rows[FIRST : FIRST + width].T)
    copy(rows, other)
    expected = np.full_like(rows, -1.0)
    expected[FIRST : FIRST + width] = rows[FIRST : FIRST + width]
    np.testing.assert_array_equal(other, expected)


def test_one_column():
    @jit
    def move(rows, other):
        store_column(other, FIRST, 1, load_column(rows, FIRST, 4, 8))

    rows = np.arange(60.0).reshape(12, 5)
    other = np.zeros((12, 3))
    move(rows, other)
    expected = np.zeros((12, 3))
    expected[FIRST : FIRST + 8, 1] = rows[FIRST : FIRST + 8, 4]
    np.testing.assert_array_equal(other, expected)


@pytest.mark.parametrize("dim", [3, 6, 9])
def test_nothing_is_read_beyond_the_end(dim):
    """The rows end where the process may not read on."""
    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 2 * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "mprotect"):
        pytest.skip("the system has no mprotect")
    assert libc.mprotect(ctypes.c_void_p(start + page), ctypes.c_size_t(page), 0) == 0
    count = (8 + FIRST) * dim
    rows = np.frombuffer(memory, float, count, page - 8 * count).reshape(-1, dim)
    rows[:] = np.arange(count, dtype=float).reshape(-1, dim)
    columns = np.empty((dim, 8))
    kernels(8, dim)[0](rows, columns)
    np.testing.assert_array_equal(columns, rows[FIRST:].T)
    assert libc.mprotect(ctypes.c_void_p(start + page), ctypes.c_size_t(page), 3) == 0
