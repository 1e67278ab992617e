"""Options of differentiators, checked."""

from __future__ import annotations

import math
import operator
from typing import Any


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """An integer from ``least`` to ``most``, or an error that names the option."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}: is {value!r}, expected an integer; give int({name})")
    number = operator.index(value)
    if number < least or (most is not None and number > most):
        expected = f"at least {least}" if most is None else f"{least} to {most}"
        raise ValueError(f"{name}: is {number}, expected {expected}; choose one in that range")
    return number


def real(name: str, value: Any, least: float, most: float = math.inf, *, open_below: bool = False) -> float:
    """A finite number from ``least`` (above it where ``open_below``) to ``most``, or an error that names the option."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: is {value!r}, expected a number") from None
    if not math.isfinite(number) or not least <= number <= most or (open_below and number == least):
        above = f"above {least:g}" if open_below else f"at least {least:g}"
        expected = above if most == math.inf else f"{above} and at most {most:g}"
        raise ValueError(f"{name}: is {number:g}, expected a finite number {expected}; check its sign and units")
    return number


def enough(count: int, needed: int, what: str) -> None:
    """Refuse fewer samples than a method needs."""
    if count < needed:
        raise ValueError(
            f"x: has {count} sample{'' if count == 1 else 's'} along the axis, expected at least {needed} for {what};"
            " give more samples or a smaller stencil"
        )
