"""The text of the CPU driver: strips of members, each integrated with its state in registers or in nearby memory.

One text serves every method, number type and style of right-hand side.  ``ragged`` gives every member its own start,
step size, end and save times; otherwise all members share one grid.  A save between two points of the grid is a side
step: the grid never moves.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..methods.explicit import flat_step, is_flat, long_step, tuple_in_place
from ..methods.tableau import Tableau

TUPLE_LIMIT = 32  # parameters beyond this many live in memory
STACK_LIMIT = 16  # buffers of at most this many numbers live on the stack, where they can become registers

HEADER = """\
from fastsci_kernels.compile import jit
from fastsci_kernels.numbers import functions
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.memory import load, number, pending, scratch, store, view

"""


@dataclass(frozen=True)
class Shape:
    """What a driver is specialised on: how a right-hand side is called and on which numbers."""

    style: str  # "tuple" or "inplace"
    dim: int
    n_params: int
    bits: int
    width: int
    ragged: bool = False
    arrays: bool = False  # NumPy's own arrays and floats instead of views and numbers

    @property
    def flat(self) -> bool:
        return is_flat(self.style, self.dim)


@dataclass(frozen=True)
class _Text:
    """The few lines in which a flat driver and a long one differ."""

    shape: Shape
    stages: int

    def _name(self, row: int) -> str:
        return ("u", "v", "stage", *(f"k{stage}" for stage in range(self.stages)))[row]

    def setup(self) -> list[str]:
        shape = self.shape
        lines = []
        if not shape.flat:
            lines += [f"{self._name(row)} = {self._buffer(row, shape.dim)}" for row in range(3 + self.stages)]
        if shape.n_params <= TUPLE_LIMIT and not shape.arrays:
            loads = "".join(f"load(params, {i}, o, {shape.width}), " for i in range(shape.n_params))
            return [*lines, f"p = ({loads})"]
        if shape.n_params <= TUPLE_LIMIT:
            return [*lines, "p = (" + "".join(f"params[{i}, o], " for i in range(shape.n_params)) + ")"]
        return [
            *lines,
            f"p = {self._buffer(3 + self.stages, shape.n_params)}",
            f"for i in range({shape.n_params}):",
            f"    p[i] = {self._load('params', 'i')}",
        ]

    def _buffer(self, row: int, size: int) -> str:
        shape = self.shape
        if shape.arrays:
            return f"room[{row}, :{size}]"
        if size <= STACK_LIMIT:
            return f"scratch({shape.bits}, {shape.width}, {size})"
        return f"view(room, {row}, {shape.width}, {size})"

    def _load(self, array: str, row: str) -> str:
        return f"{array}[{row}, o]" if self.shape.arrays else f"load({array}, {row}, o, {self.shape.width})"

    def number(self, value: str) -> str:
        return value if self.shape.arrays else f"number({value}, {self.shape.bits}, {self.shape.width})"

    def gather(self) -> list[str]:
        if self.shape.flat:
            return ["u = (" + "".join(f"{self._load('y', str(i))}, " for i in range(self.shape.dim)) + ")"]
        return [f"for i in range({self.shape.dim}):", f"    u[i] = {self._load('y', 'i')}"]

    def scatter(self, state: str, array: str, row: str = "", column: str = "o") -> list[str]:
        put = "{array}[{row}, {column}] = {value}" if self.shape.arrays else "store({array}, {row}, {column}, {value})"
        if self.shape.flat:
            return [
                put.format(array=array, row=f"{row}{i}", column=column, value=f"{state}[{i}]")
                for i in range(self.shape.dim)
            ]
        line = put.format(array=array, row=f"{row}i", column=column, value=f"{state}[i]")
        return [f"for i in range({self.shape.dim}):", f"    {line}"]

    def step(self, target: str, time: str, size: str) -> list[str]:
        if self.shape.flat:
            return [f"{target} = step({time}, u, p, {size})"]
        slopes = ", ".join(f"k{stage}" for stage in range(self.stages))
        return [f"step({time}, u, p, {size}, {target}, stage, {slopes})"]

    def keep_running(self) -> list[str]:
        """Take the step ``v`` into ``u`` for the members that have not reached their end."""
        if self.shape.flat:
            return ["u = (" + "".join(f"where(running, v[{i}], u[{i}]), " for i in range(self.shape.dim)) + ")"]
        return [f"for i in range({self.shape.dim}):", "    u[i] = where(running, v[i], u[i])"]


def buffer_rows(tableau: Tableau) -> int:
    """Rows of the buffer a worker passes to the driver."""
    return 3 + tableau.stages + 1


def _indent(lines: list[str], levels: int) -> str:
    return "".join(f"{'    ' * levels}{line}\n" for line in lines)


def _shared_grid(text: _Text) -> str:
    dim = text.shape.dim
    return (
        "def integrate(y, params, room, t0, dt, counts, save_step, save_offset, out, o, at, until, j, j1):\n"
        + _indent([*text.setup(), *text.gather()], 1)
        + _indent([f"start = {text.number('t0')}", f"h = {text.number('dt')}"], 1)
        + "    while True:\n"
        "        stop = save_step[j] if j < j1 else until\n"
        "        for step_index in range(at, stop):\n"
        + _indent(text.step("u", "start + step_index * h", "h"), 3)
        + "        at = stop\n"
        "        if j == j1:\n"
        "            break\n"
        "        if save_offset[j] != 0.0:\n"
        + _indent(text.step("v", "start + at * h", text.number("save_offset[j]")), 3)
        + _indent(text.scatter("v", "out", f"j * {dim} + "), 3)
        + "        else:\n"
        + _indent(text.scatter("u", "out", f"j * {dim} + "), 3)
        + "        j += 1\n"
        + _indent(text.scatter("u", "y"), 1)
    )


def _own_grids(text: _Text) -> str:
    """Members of a strip take every step together; a lane past its end keeps its state."""
    dim, width = text.shape.dim, text.shape.width
    start, h = ((f"{name}[0, o]" if text.shape.arrays else f"load({name}, 0, o, {width})") for name in ("t0", "dt"))
    side = "cursor_offset[0, 0]" if text.shape.arrays else f"load(cursor_offset, 0, 0, {width})"
    return (
        "def integrate(y, params, room, t0, dt, counts, save_step, save_offset, out, o, at, until, last_block,\n"
        "              cursor, cursor_offset, at_grid, off_grid):\n"
        + _indent([*text.setup(), *text.gather(), f"start = {start}", f"h = {h}"], 1)
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
        + _indent(text.step("v", "start + step_index * h", "h"), 3)
        + _indent([f"running = pending(counts, o, step_index, {text.shape.bits}, {width})", *text.keep_running()], 3)
        + "        at = stop\n"
        "        if event > until or (event == until and not last_block):\n"
        "            break\n"
        "        between = False\n"
        f"        for lane in range({width}):\n"
        "            j = cursor[lane]\n"
        "            due = j < n_saves and save_step[j, o + lane] == event\n"
        "            cursor_offset[0, lane] = save_offset[j, o + lane] if due else 0.0\n"
        "            between = between or cursor_offset[0, lane] != 0.0\n"
        + _indent(text.scatter("u", "at_grid", column="0"), 2)
        + "        if between:\n"
        + _indent(text.step("v", "start + at * h", side), 3)
        + _indent(text.scatter("v", "off_grid", column="0"), 3)
        + f"        for lane in range({width}):\n"
        "            j = cursor[lane]\n"
        "            if j < n_saves and save_step[j, o + lane] == event:\n"
        f"                for i in range({dim}):\n"
        f"                    row = j * {dim} + i\n"
        "                    if save_offset[j, o + lane] != 0.0:\n"
        "                        out[row, o + lane] = off_grid[i, lane]\n"
        "                    else:\n"
        "                        out[row, o + lane] = at_grid[i, lane]\n"
        "                cursor[lane] = j + 1\n" + _indent(text.scatter("u", "y"), 1)
    )


SHARED = ("j", "j1")
OWN = ("last_block", "cursor", "cursor_offset", "at_grid", "off_grid")


def _loop_over_strips(shape: Shape) -> str:
    """The entry point.  On scalars an exception of the right-hand side ends its member and no other."""
    extra = ", ".join(OWN if shape.ragged else SHARED)
    shared = "y, params, room, t0, dt, counts, save_step, save_offset, out"
    call = f"integrate({shared}, s * {shape.width}, at, until, {extra})"
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


def driver_source(tableau: Tableau, shape: Shape) -> str:
    """The module text; it expects ``slope``, the compiled user's function, among its globals."""
    text = _Text(shape, tableau.stages)
    step = flat_step(tableau, shape.dim) if shape.flat else long_step(tableau, shape.dim)
    rhs = "rhs = slope\n"
    if shape.style == "tuple" and not shape.flat:
        rhs = f"{tuple_in_place(shape.dim)}\nrhs = jit(rhs)\n"
    integrate = _own_grids(text) if shape.ragged else _shared_grid(text)
    return (
        f"{HEADER}{rhs}\n\n{step}\n\nstep = jit(step)\n\n\n{integrate}\n\nintegrate = jit(integrate)\n\n\n"
        f"{_loop_over_strips(shape)}\n\ndrive = jit(drive, cache=CACHE)\n"
    )
