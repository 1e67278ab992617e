"""The text of the CPU driver: strips of members, each integrated with its state in registers or in nearby memory.

One text serves every method, number type and style of right-hand side.  ``ragged`` gives every member its own start,
step size, end and save times; otherwise all members share one grid.  A save between two points of the grid is a side
step: the grid never moves.
"""

from __future__ import annotations

from ..methods.method import Method
from .driver_text import DriverText, Shape, indent

HEADER = """\
import math

from fastsci_kernels.compile import jit
from fastsci_kernels.numbers import functions
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.memory import load, number, pending, scratch, store, view

"""


def _shared_grid(text: DriverText) -> str:
    dim = text.shape.dim
    return (
        "def integrate(\n"
        "    y, params, room, key, t0, dt, counts, save_step, save_offset, out, pitch, o, at, until, j, j1\n"
        "):\n"
        + indent([*text.memory(), *text.gather("o * pitch")], 1)
        + indent([f"start = {text.number('t0')}", f"h = {text.number('dt')}"], 1)
        + "    while True:\n"
        "        stop = save_step[j] if j < j1 else until\n"
        "        for step_index in range(at, stop):\n"
        + indent(text.step("u", "start + step_index * h", "h"), 3)
        + "        at = stop\n"
        "        if j == j1:\n"
        "            break\n"
        "        if save_offset[j] != 0.0:\n"
        + indent(text.step("v", "start + at * h", text.number("save_offset[j]"), "at"), 3)
        + indent(text.scatter("v", "out", f"j * {dim} + "), 3)
        + "        else:\n"
        + indent(text.scatter("u", "out", f"j * {dim} + "), 3)
        + "        j += 1\n"
        "    if j < save_step.shape[0]:\n" + indent(text.scatter("u", "y"), 2)
    )


def _own_grids(text: DriverText) -> str:
    """Members of a strip take every step together; a lane past its end keeps its state."""
    dim, width = text.shape.dim, text.shape.width
    start, h = text.load("t0", 0), text.load("dt", 0)
    side = text.load("cursor_offset", 0, "0")
    return (
        "def integrate(\n"
        "    y, params, room, key, t0, dt, counts, save_step, save_offset, out, pitch, o, at, until, last_block,\n"
        "    cursor, cursor_offset, at_grid, off_grid\n"
        "):\n"
        + indent([*text.memory(), *text.gather("o * pitch"), f"start = {start}", f"h = {h}"], 1)
        + "    n_saves = save_step.shape[0]\n"
        f"    for lane in range({width}):\n"
        "        j = 0\n"
        "        while j < n_saves and save_step[j, o + lane] < at:\n"
        "            j += 1\n"
        "        cursor[lane] = j\n"
        "    while True:\n"
        "        event = until + 1\n"
        "        unfinished = False\n"
        f"        for lane in range({width}):\n"
        "            j = cursor[lane]\n"
        "            if j < n_saves:\n"
        "                event = min(event, save_step[j, o + lane])\n"
        "                unfinished = True\n"
        "        if not unfinished:\n"
        "            break\n"
        "        stop = min(event, until)\n"
        "        for step_index in range(at, stop):\n"
        + indent(text.step("v", "start + step_index * h", "h"), 3)
        + indent([f"running = pending(counts, o, step_index, {text.shape.bits}, {width})", *text.keep_running()], 3)
        + "        at = stop\n"
        "        if event > until or (event == until and not last_block):\n"
        "            break\n"
        "        between = False\n"
        f"        for lane in range({width}):\n"
        "            j = cursor[lane]\n"
        "            due = j < n_saves and save_step[j, o + lane] == event\n"
        "            cursor_offset[0, lane] = save_offset[j, o + lane] if due else 0.0\n"
        "            between = between or cursor_offset[0, lane] != 0.0\n"
        + indent(text.scatter("u", "at_grid", column="0"), 2)
        + "        if between:\n"
        + indent(text.step("v", "start + at * h", side, "at"), 3)
        + indent(text.scatter("v", "off_grid", column="0"), 3)
        + f"        for lane in range({width}):\n"
        "            j = cursor[lane]\n"
        "            if j < n_saves and save_step[j, o + lane] == event:\n"
        f"                for i in range({dim}):\n"
        f"                    row = j * {dim} + i\n"
        "                    if save_offset[j, o + lane] != 0.0:\n"
        "                        out[row, o + lane] = off_grid[i, lane]\n"
        "                    else:\n"
        "                        out[row, o + lane] = at_grid[i, lane]\n"
        "                cursor[lane] = j + 1\n" + indent(text.scatter("u", "y"), 1)
    )


SHARED = ("j", "j1")
OWN = ("last_block", "cursor", "cursor_offset", "at_grid", "off_grid")


def _loop_over_strips(shape: Shape) -> str:
    """The entry point.  On scalars an exception of the right-hand side ends its member and no other."""
    extra = ", ".join(OWN if shape.ragged else SHARED)
    shared = "y, params, room, key, t0, dt, counts, save_step, save_offset, out, pitch"
    call = f"integrate({shared}, s * {shape.strip}, at, until, {extra})"
    body = f"        {call}\n"
    if shape.width == 1:
        body = (
            "        if raised[s] == 0:\n"
            "            try:\n"
            f"                {call}\n"
            "            except Exception:\n"
            "                raised[s] = 1\n"
        )
    return f"def drive({shared}, raised, first, last, at, until, {extra}):\n    for s in range(first, last):\n{body}"


def driver_source(method: Method, shape: Shape) -> str:
    """The module text; it expects ``slope``, the compiled user's function, among its globals."""
    text = DriverText(shape, method)
    integrate = _own_grids(text) if shape.ragged else _shared_grid(text)
    return (
        f"{HEADER}{text.preamble('jit')}\n\n{integrate}\n\nintegrate = jit(integrate)\n\n\n"
        f"{_loop_over_strips(shape)}\n\ndrive = jit(drive, cache=CACHE)\n"
    )
