"""Draws random numbers on lanes or scalars into arrays, for tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastsci_kernels.compile import jit
from fastsci_kernels.numbers import functions  # noqa: F401  (binds what lanes can do)
from fastsci_kernels.numbers.memory import number, store

DTYPES = {64: np.float64, 32: np.float32}


def draw(
    function: Callable,
    bits: int,
    width: int,
    count: int,
    members: int,
    steps: int,
    *,
    key: tuple[int, int] = (1, 2),
    slot: int = 0,
    first_member: int = 0,
    first_step: int = 0,
) -> np.ndarray:
    """What ``function`` draws, (steps, count, members); the members must fill whole strips."""
    names = "".join(f"z{i}, " for i in range(count))
    stores = "\n".join(f"            store(out, (k - step) * {count} + {i}, o, z{i})" for i in range(count))
    source = f"""
def run(out, key, member, step, slot):
    like = number(0.0, {bits}, {width})
    for o in range(0, out.shape[1], {width}):
        for k in range(step, step + out.shape[0] // {count}):
            {names} = function(like, {count}, (key[0], key[1]), member + o, k, slot)
{stores}
"""
    globals_of_run = {"function": function, "number": number, "store": store}
    exec(source, globals_of_run)
    out = np.empty((steps * count, members), DTYPES[bits])
    jit(globals_of_run["run"])(out, np.array(key, np.int64), first_member, first_step, slot)
    return out.reshape(steps, count, members)


def draw_plain(function: Callable, bits: int, count: int, members: int, steps: int, **place: int) -> np.ndarray:
    """The same in plain Python."""
    like = DTYPES[bits](0.0)
    drawn = [
        [function(like, count, (1, 2), member, step, place.get("slot", 0)) for member in range(members)]
        for step in range(steps)
    ]
    return np.array(drawn).transpose(0, 2, 1)
