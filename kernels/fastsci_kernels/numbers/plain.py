"""What kernels do with numbers, in plain Python: for the CUDA simulator, which types nothing and lowers nothing."""

from __future__ import annotations

import numpy as np

DTYPE = {32: np.float32, 64: np.float64}


def load(array, row, column, width):
    return array[row, column]


def store(array, row, column, value):
    array[row, column] = value


def scratch(bits, width, dim):
    return np.empty(dim, DTYPE[bits])


def number(value, bits, width):
    return DTYPE[bits](value)


def approximate_power(x, exponent):
    return x ** type(x)(exponent)


rough_power = approximate_power


def any_lane(mask):
    return bool(mask)


def lane(value, index):
    return value


def section(whole, first, size):
    return whole[first : first + size]
