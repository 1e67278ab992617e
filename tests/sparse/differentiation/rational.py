"""Linear systems in rational numbers, without rounding."""

from fractions import Fraction


def solved(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """Gauss and Jordan's elimination."""
    size = len(matrix)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(size):
        pivot = next(row for row in range(i, size) if rows[row][i] != 0)
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for row in range(size):
            if row != i:
                rows[row] = [value - rows[row][i] * own for value, own in zip(rows[row], rows[i], strict=True)]
    return [row[-1] for row in rows]
