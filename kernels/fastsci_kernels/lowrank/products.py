"""Products of a large matrix with a few columns, of both sides in one reading.

A row of a product is summed along the row of the matrix, and a row of an adjoint product down its column, each in one
order whatever stands beside it.  What several ranges of rows add to an adjoint product is kept apart and added in their
order, and the ranges are the same for any number of threads: so are the bits.
"""

from fastsci_kernels.loops.cpu import vector_bits
from fastsci_kernels.numbers.blocks import add_products
from fastsci_kernels.static import static

# As many sums as registers hold, beside the numbers that they meet.
ROWS, REGISTERS = (8, 2) if vector_bits() == 512 else (4, 1)
ALONG, ALONG_ONE = add_products(ROWS, REGISTERS, False), add_products(1, REGISTERS, False)
DOWN, DOWN_ONE = add_products(ROWS, REGISTERS, True), add_products(1, REGISTERS, True)
TILE = 1024  # columns of the matrix at a time: the rows that they meet stay in the second-level cache
LINES = 64  # columns at a time where they are read down the rows
HELD = 2**16  # numbers of the matrix read at a time, to be met once more from there


@static
def rows_at_a_time(n_columns):
    """Rows that stay in cache between two products."""
    return max(ROWS, min(64, HELD // max(n_columns, 1) // ROWS * ROWS))


@static
def _along(matrix, right, out, first, last, begin, end):
    """Add to rows of ``out`` those of ``matrix right``, by the columns ``begin`` to ``end`` of the matrix."""
    width = right.shape[1]
    whole = first + (last - first) // ROWS * ROWS
    for row in range(first, whole, ROWS):
        ALONG(out, row, matrix, right, begin, end, 0, width)
    for row in range(whole, last):
        ALONG_ONE(out, row, matrix, right, begin, end, 0, width)


@static
def _down(matrix, left, out, first, last, begin, end):
    """Add to rows ``begin`` to ``end`` of ``out`` those of ``matrix' left``, by rows ``first`` to ``last`` of both.

    ``out`` may have fewer columns than ``left``: it then gains from the first ones.
    """
    width = out.shape[1]
    whole = begin + (end - begin) // ROWS * ROWS
    for column in range(begin, whole, ROWS):
        DOWN(out, column, matrix, left, first, last, 0, width)
    for column in range(whole, end):
        DOWN_ONE(out, column, matrix, left, first, last, 0, width)


@static
def product(matrix, used, right, out, first, last):
    """Rows ``first`` to ``last`` of ``matrix right``, by ``used`` columns of the matrix, added to ``out``."""
    held = rows_at_a_time(used)
    for top in range(first, last, held):
        for begin in range(0, used, TILE):
            _along(matrix, right, out, top, min(top + held, last), begin, min(begin + TILE, used))


@static
def adjoint_product(matrix, used, left, out, first, last):
    """What rows ``first`` to ``last`` add to ``matrix' left``, of which ``used`` rows are wanted."""
    held = rows_at_a_time(used)
    for top in range(first, last, held):
        _down(matrix, left, out, top, min(top + held, last), 0, used)


@static
def gram_product(matrix, right, out, adjoint, first, last):
    """Rows of ``out += matrix right``, and what they add to ``adjoint``, ``matrix' out``: they are read once."""
    columns = matrix.shape[1]
    held = rows_at_a_time(columns)
    for top in range(first, last, held):
        bottom = min(top + held, last)
        for begin in range(0, columns, TILE):
            _along(matrix, right, out, top, bottom, begin, min(begin + TILE, columns))
        _down(matrix, out, adjoint, top, bottom, 0, columns)


@static
def adjoint_gram_product(matrix, left, adjoint, out, first, last):
    """The same of the adjoint: columns ``first`` to ``last``, rows of ``adjoint += matrix' left``, are read once.

    ``out`` gains what they add to ``matrix adjoint``.
    """
    rows = matrix.shape[0]
    # Pages are read by the line: some lines of each at a time, though they leave the second-level cache.
    held = max(LINES, HELD // rows // ROWS * ROWS)
    for begin in range(first, last, held):
        end = min(begin + held, last)
        _down(matrix, left, adjoint, 0, rows, begin, end)
        _along(matrix, adjoint, out, 0, rows, begin, end)


@static
def gram(matrix, used, out, first, last):
    """What rows ``first`` to ``last`` add to the upper triangle of ``matrix' matrix``; blocks reach below it."""
    held = rows_at_a_time(used)
    whole = used // ROWS * ROWS
    for top in range(first, last, held):
        bottom = min(top + held, last)
        for column in range(0, whole, ROWS):
            DOWN(out, column, matrix, matrix, top, bottom, column, used)
        for column in range(whole, used):
            DOWN_ONE(out, column, matrix, matrix, top, bottom, column, used)


@static
def adjoint_gram(matrix, packed, out, first, last):
    """What columns ``first`` to ``last`` add to the upper triangle of ``matrix matrix'``; ``packed`` holds some."""
    rows = matrix.shape[0]
    for begin in range(first, last, len(packed)):
        end = min(begin + len(packed), last)
        for row in range(rows):
            for column in range(begin, end):
                packed[column - begin, row] = matrix[row, column]
        gram(packed, rows, out, 0, end - begin)
