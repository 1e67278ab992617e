"""The text of the CUDA driver: one thread a member, the whole run of steps in one kernel.

One text serves every method, precision and style of right-hand side, and the simulator.  Members that share one grid
of times read column 0 of it (``own`` is 0), others their own (``own`` is 1).  The kernel takes the steps from ``at``
to ``until`` and the saves on the way; ``cursor`` holds the next save of each member between launches, and a member
whose right-hand side raised keeps ``LOST`` there, because the launch that lost it never wrote it back.

``y_end`` and ``cursor_end`` are ``y`` and ``cursor`` under a second name: under one the compiler carries the addresses
it read from in registers through all the steps, to write there at the end (68 registers for RK4 on Lorenz-63, not 62).
"""

from __future__ import annotations

from ..methods.method import TUPLE_LIMIT, Method
from .driver_text import DriverText, Shape, indent, time_of

LOST = -1


def local_bytes(method: Method, shape: Shape) -> int:
    """Memory that a thread keeps for itself: state, step, stage, slopes and many parameters."""
    numbers = 0 if shape.flat else len(DriverText(shape, method).buffers) * shape.dim
    return (numbers + shape.n_params * (shape.n_params > TUPLE_LIMIT)) * shape.bits // 8


def _drive(text: DriverText) -> str:
    side = time_of("start", "k", "h", "offset")
    return (
        f"def drive(y, params, key, t0, dt, save_step, save_offset, {text.outputs}, cursor, own, at, until, y_end,"
        " cursor_end):\n"
        "    n_saves = save_step.shape[0]\n"
        + indent(text.memory(), 1)
        + "    for o in range(cuda.grid(1), y.shape[1], cuda.gridsize(1)):\n"
        "        j = cursor[o]\n"
        "        if j >= 0 and j < n_saves:\n"
        f"            cursor[o] = {LOST}\n"
        "            grid = o * own\n"
        "            start = load(t0, 0, grid, 1)\n"
        "            h = load(dt, 0, grid, 1)\n" + indent([*text.gather(), *text.begin()], 3) + "            k = at\n"
        "            while j < n_saves:\n"
        "                stop = save_step[j, grid]\n"
        "                saving = stop <= until\n"
        "                if not saving:\n"
        "                    stop = until\n"
        "                for step_index in range(k, stop):\n"
        + indent(text.step("u", "start + step_index * h", "h"), 5)
        + indent(text.add_step(), 5)
        + "                k = stop\n"
        "                if not saving:\n"
        "                    break\n"
        "                offset = load(save_offset, j, grid, 1)\n"
        "                if offset != 0.0:\n"
        + indent([*text.step("v", "start + k * h", "offset", "k"), *text.save("v", side)], 5)
        + "                else:\n"
        + indent(text.save("u", time_of("start", "k", "h")), 5)
        + "                j += 1\n"
        + indent([*text.end(), *text.scatter("u", "y_end")], 3)
        + "            cursor_end[o] = j\n"
    )


def driver_source(method: Method, shape: Shape) -> str:
    """The module text; among its globals it expects ``slope``, the compiled user's function, ``cuda`` and the wraps
    ``device`` and ``kernel`` of the CUDA target, and ``load``, ``store`` and ``scratch``, and whether to
    ``CACHE`` what is compiled.
    """
    text = DriverText(shape, method, on_stack=True)
    statistics = "" if text.statistics is None else text.statistics.preamble(1, "device")
    return f"{text.preamble('device')}{statistics}\n\n{_drive(text)}\n\ndrive = kernel(drive, CACHE)\n"
