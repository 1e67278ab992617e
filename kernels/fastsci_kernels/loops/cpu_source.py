"""The text of the CPU driver: strips of members, each integrated with its state in registers or in nearby memory.

One text serves every method, number type and style of right-hand side.  ``ragged`` gives every member its own start,
step size, end and save times; otherwise all members share one grid.  A save between two points of the grid is a side
step: the grid never moves.
"""

from __future__ import annotations

from ..methods.method import Method
from .driver_text import DriverText, Shape, indent, time_of

HEADER = """\
import math

from fastsci_kernels.compile import inner, jit
from fastsci_kernels.numbers import functions
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.memory import any_lane, load, number, pending, scratch, store, view

"""


def _shared_grid(text: DriverText) -> str:
    return (
        "def integrate(\n"
        f"    y, params, room, key, t0, dt, counts, save_step, save_offset, {text.outputs}, pitch, o, at, until,"
        " j, j1\n"
        "):\n"
        + indent([*text.memory(), *text.gather("o * pitch"), *text.begin()], 1)
        + indent([f"start = {text.number('t0')}", f"h = {text.number('dt')}"], 1)
        + indent([] if text.statistics is None else ["n_saves = save_step.shape[0]"], 1)
        + "    while True:\n"
        "        stop = save_step[j] if j < j1 else until\n"
        "        for step_index in range(at, stop):\n"
        + indent(text.step("u", "start + step_index * h", "h"), 3)
        + indent(text.add_step(), 3)
        + "        at = stop\n"
        "        if j == j1:\n"
        "            break\n"
        "        if save_offset[j] != 0.0:\n"
        + indent(text.step("v", "start + at * h", text.number("save_offset[j]"), "at"), 3)
        + indent(text.save("v", time_of("start", "at", "h", text.number("save_offset[j]"))), 3)
        + "        else:\n"
        + indent(text.save("u", time_of("start", "at", "h")), 3)
        + "        j += 1\n"
        + indent(text.end(), 1)
        + "    if j < save_step.shape[0]:\n"
        + indent(text.scatter("u", "y"), 2)
    )


def _own_grids(text: DriverText) -> str:
    """Members of a strip take every step together; a lane past its end keeps its state."""
    width = text.shape.width
    start, h = text.load("t0", 0), text.load("dt", 0)
    side = text.load("cursor_offset", 0, "0")
    return (
        "def integrate(\n"
        f"    y, params, room, key, t0, dt, counts, save_step, save_offset, {text.outputs}, pitch, o, at, until,"
        " last_block,\n    cursor, cursor_offset, at_grid, off_grid\n"
        "):\n"
        + indent([*text.memory(), *text.gather("o * pitch"), f"start = {start}", f"h = {h}"], 1)
        + indent(text.begin() if text.every else [], 1)
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
        + indent(text.add_step(", running"), 3)
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
        + indent(_save_lane(text), 4)
        + "                cursor[lane] = j + 1\n"
        + indent(text.end() if text.every else [], 1)
        + indent(text.scatter("u", "y"), 1)
    )


def _of_lane(text: DriverText, array: str, row: str) -> str:
    """The number of one lane's member."""
    return f"{array}[{row}, o + lane]" if text.shape.arrays else f"load({array}, {row}, o + lane, 1)"


def _save_lane(text: DriverText) -> list[str]:
    """What happens to the state of one lane, which ``at_grid`` or ``off_grid`` holds, at its save ``j``."""
    row = "i" if text.statistics else f"j * {text.shape.dim} + i"
    lines = [
        f"for i in range({text.shape.dim}):",
        f"    row = {row}",
        "    if save_offset[j, o + lane] != 0.0:",
        "        out[row, o + lane] = off_grid[i, lane]",
        "    else:",
        "        out[row, o + lane] = at_grid[i, lane]",
    ]
    if text.statistics is None or text.every:
        return lines
    t0, dt, offset = (_of_lane(text, *place) for place in (("t0", "0"), ("dt", "0"), ("save_offset", "j")))
    time = time_of(t0, "at", dt, offset)
    return [
        "if j == n_saves - 1:",
        *(f"    {line}" for line in lines),
        "elif save_offset[j, o + lane] != 0.0:",
        *(f"    {line}" for line in text.statistics.lane(("off_grid", 0, "lane"), "j + 1", time, "o + lane")),
        "else:",
        *(f"    {line}" for line in text.statistics.lane(("at_grid", 0, "lane"), "j + 1", time, "o + lane")),
    ]


SHARED = ("j", "j1")
OWN = ("last_block", "cursor", "cursor_offset", "at_grid", "off_grid")


def _loop_over_strips(text: DriverText) -> str:
    """The entry point.  On scalars an exception of the right-hand side ends its member and no other."""
    shape = text.shape
    extra = ", ".join(OWN if shape.ragged else SHARED)
    shared = f"y, params, room, key, t0, dt, counts, save_step, save_offset, {text.outputs}, pitch"
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


def _statistics(text: DriverText) -> str:
    """The functions that gather statistics, where a run does: of all lanes, or of one that saves alone."""
    if text.statistics is None:
        return ""
    if text.shape.ragged and not text.every:
        return text.statistics.preamble(1, "inner", suffix="_lane", memory=True)
    return text.statistics.preamble(text.shape.width, "inner", masked=text.shape.ragged)


def driver_source(method: Method, shape: Shape) -> str:
    """The module text; it expects ``slope``, the compiled user's function, among its globals."""
    text = DriverText(shape, method)
    integrate = _own_grids(text) if shape.ragged else _shared_grid(text)
    return (
        f"{HEADER}{text.preamble('inner')}{_statistics(text)}\n\n{integrate}\n\nintegrate = inner(integrate)\n\n\n"
        f"{_loop_over_strips(text)}\n\ndrive = jit(drive, cache=CACHE)\n"
    )
