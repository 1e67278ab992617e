"""Blocks of matrices in registers, against NumPy."""

import numpy as np
import pytest

from fastsci_kernels.compile import jit
from fastsci_kernels.numbers.blocks import subtract_products


def drive(rows, top, left, right, begin, end, first, last):
    subtract_products(rows, top, left, right, begin, end, first, last)


DRIVE = jit(drive, cache=False)


@pytest.mark.parametrize(
    ("begin", "end", "first", "last"),
    [(0, 9, 0, 45), (2, 3, 5, 45), (0, 9, 7, 8), (1, 8, 3, 19), (0, 9, 0, 16), (4, 4, 0, 45), (0, 9, 20, 20)],
)
def test_products_are_taken_from_four_rows_and_nothing_else_is_touched(begin, end, first, last):
    rng = np.random.default_rng(0)
    rows, left, right = rng.normal(size=(7, 45)), rng.normal(size=(9, 45)), rng.normal(size=(9, 45))
    expected = rows.copy()
    expected[2:6, first:last] -= left[begin:end, 2:6].T @ right[begin:end, first:last]
    found = rows.copy()
    DRIVE(found, 2, left, right, begin, end, first, last)
    assert found == pytest.approx(expected, rel=1e-13, abs=1e-14)
    untouched = np.ones(rows.shape, bool)
    untouched[2:6, first:last] = False
    assert np.array_equal(found[untouched], rows[untouched])


def test_a_column_is_the_same_wherever_it_stands():
    rng = np.random.default_rng(1)
    rows, left, right = rng.normal(size=(4, 40)), rng.normal(size=(6, 40)), rng.normal(size=(6, 40))
    whole = rows.copy()
    DRIVE(whole, 0, left, right, 0, 6, 0, 40)
    for column in range(40):
        alone = rows.copy()
        DRIVE(alone, 0, left, right, 0, 6, column, column + 1)
        assert np.array_equal(alone[:, column], whole[:, column])


def test_what_lies_beyond_the_columns_is_not_read():
    left, right = np.ones((2, 12)), np.ones((2, 12))
    right[:, 9:] = np.nan
    rows = np.full((4, 12), 5.0)
    DRIVE(rows, 0, left, right, 0, 2, 0, 9)
    assert np.array_equal(rows[:, :9], np.full((4, 9), 3.0))
    assert np.array_equal(rows[:, 9:], np.full((4, 3), 5.0))
