"""Lanes where a user's functions allow, else scalars."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from .. import cache
from ..compile import CompilationError

log = logging.getLogger("fastsci")

Shape = TypeVar("Shape")
Kernel = TypeVar("Kernel")


def lanes_else_scalars(
    name: str, verdict: str, lanes: Shape, scalars: Sequence[Shape], make: Callable[[Shape, str], Kernel]
) -> Kernel:
    """The first shape that compiles; ``make(shape, reason)`` is told why it is not lanes.

    That lanes were refused is remembered under ``verdict``, so that they are tried once.
    """
    reason = cache.recall(verdict)
    if reason is None:
        try:
            return make(lanes, "")
        except CompilationError as error:
            reason = str(error)
    refusal = ""
    for shape in scalars:
        try:
            made = make(shape, reason)
        except CompilationError as error:
            refusal = str(error)
            continue
        log.warning("%s runs on scalars: %s", name, reason)
        cache.remember(verdict, reason)
        return made
    raise CompilationError(
        f"system: {name} cannot be compiled: {refusal}; expected arithmetic, functions of math and numpy on numbers,"
        " constant arrays and plain functions of these"
    )


def suffice(style: str, bits: int) -> bool:
    """Whether the house's own numbers serve a function wherever NumPy's arrays and floats would.

    Those are the last resort: slices and products need them, and so does int(x) in float32.
    """
    return style == "tuple" and bits == 64
