"""A progress bar in a terminal or notebook; silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable


def bar() -> Callable[[float], None] | None:
    """A function that shows the fraction done, or None where nobody would see it."""
    if not (sys.stderr.isatty() or "ipykernel" in sys.modules):
        return None
    from tqdm.auto import tqdm

    meter = tqdm(total=100, unit="%", bar_format="{l_bar}{bar}| {elapsed}<{remaining}", leave=False)

    def show(fraction: float) -> None:
        meter.update(100 * fraction - meter.n)
        if fraction >= 1.0:
            meter.close()

    return show
