"""Rows of text in columns."""

from __future__ import annotations

from collections.abc import Sequence


def in_columns(rows: Sequence[Sequence[str]], *, right: int | None = None) -> list[str]:
    """Lines in which the cells of a column stand below one another.

    Parameters
    ----------
    rows : sequence of rows of str
    right : int, optional
        The first of the columns that end at the same place rather than begin there: those of numbers.

    Examples
    --------
    >>> in_columns([("name", "K"), ("x", "0.99")], right=1)
    ['name     K', 'x     0.99']
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    from_here = len(widths) if right is None else right
    return [
        "  ".join(
            cell.rjust(width) if place >= from_here else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
