"""Progress of what is computed in parts, as progress of the whole."""

from __future__ import annotations

from collections.abc import Callable


def share(show: Callable[[float], None] | None, first: int, last: int, count: int) -> Callable[[float], None] | bool:
    """A function that takes the fraction done of the parts from ``first`` up to ``last``, or False without ``show``.

    Examples
    --------
    >>> share(print, 2, 4, 8)(0.5)
    0.375
    >>> share(None, 2, 4, 8)
    False
    """
    if show is None:
        return False
    return lambda fraction: show((first + fraction * (last - first)) / count)
