"""Products of a matrix of compressed sparse rows with a few columns, and of its adjoint, of both in one reading.

Eight columns side by side are lanes, four such blocks stay in registers while a row is summed; their number is a
multiple of eight.  A sum runs along the row in the order in which its numbers are stored, whatever stands beside it.
"""

from fastsci_kernels.numbers import arithmetic  # noqa: F401  (operators of lanes)
from fastsci_kernels.numbers.memory import load, store
from fastsci_kernels.static import static


@static
def product(data, columns, starts, right, out, first, last, begin, end):
    """Rows ``first`` to ``last`` of ``A right``, by the columns ``begin`` to ``end`` of both, added to ``out``."""
    whole = begin + (end - begin) // 32 * 32
    for row in range(first, last):
        for at in range(begin, whole, 32):
            a, b = load(out, row, at, 8), load(out, row, at + 8, 8)
            c, d = load(out, row, at + 16, 8), load(out, row, at + 24, 8)
            for k in range(starts[row], starts[row + 1]):
                value, column = data[k], columns[k]
                a = a + load(right, column, at, 8) * value
                b = b + load(right, column, at + 8, 8) * value
                c = c + load(right, column, at + 16, 8) * value
                d = d + load(right, column, at + 24, 8) * value
            store(out, row, at, a)
            store(out, row, at + 8, b)
            store(out, row, at + 16, c)
            store(out, row, at + 24, d)
        for at in range(whole, end, 8):
            a = load(out, row, at, 8)
            for k in range(starts[row], starts[row + 1]):
                a = a + load(right, columns[k], at, 8) * data[k]
            store(out, row, at, a)


@static
def adjoint_product(data, columns, starts, left, out, first, last, begin, end):
    """What rows ``first`` to ``last`` add to ``A' left``, by the columns ``begin`` to ``end`` of both."""
    whole = begin + (end - begin) // 32 * 32
    for row in range(first, last):
        for at in range(begin, whole, 32):
            a, b = load(left, row, at, 8), load(left, row, at + 8, 8)
            c, d = load(left, row, at + 16, 8), load(left, row, at + 24, 8)
            for k in range(starts[row], starts[row + 1]):
                value, column = data[k], columns[k]
                store(out, column, at, load(out, column, at, 8) + a * value)
                store(out, column, at + 8, load(out, column, at + 8, 8) + b * value)
                store(out, column, at + 16, load(out, column, at + 16, 8) + c * value)
                store(out, column, at + 24, load(out, column, at + 24, 8) + d * value)
        for at in range(whole, end, 8):
            a = load(left, row, at, 8)
            for k in range(starts[row], starts[row + 1]):
                column = columns[k]
                store(out, column, at, load(out, column, at, 8) + a * data[k])


@static
def gram_product(data, columns, starts, right, out, adjoint, first, last, begin, end):
    """Rows of ``out += A right``, and what they add to ``adjoint``, ``A' out``: a row is met twice, in the cache."""
    for row in range(first, last):
        product(data, columns, starts, right, out, row, row + 1, begin, end)
        adjoint_product(data, columns, starts, out, adjoint, row, row + 1, begin, end)
