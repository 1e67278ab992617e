"""The text of the CUDA driver: one thread a member, the whole run of steps in one kernel.

One text serves every method, precision and style of right-hand side, and the simulator.  Members that share one grid
of times read column 0 of it (``own`` is 0), others their own (``own`` is 1).  The kernel takes the steps from ``at``
to ``until`` and the saves on the way; ``cursor`` holds the next save of each member between launches, and a member
whose right-hand side raised keeps ``LOST`` there, because the launch that lost it never wrote it back.

``y_end`` and ``cursor_end`` are ``y`` and ``cursor`` under a second name: under one the compiler carries the addresses
it read from in registers through all the steps, to write there at the end (68 registers for RK4 on Lorenz-63, not 62).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..methods.explicit import flat_step, is_flat, long_step, tuple_in_place
from ..methods.tableau import Tableau

TUPLE_LIMIT = 32  # parameters beyond this many live in memory
LOST = -1


@dataclass(frozen=True)
class Shape:
    """What a kernel is specialised on: how a right-hand side is called and on which numbers."""

    style: str  # "tuple" or "inplace"
    dim: int
    n_params: int
    bits: int

    @property
    def flat(self) -> bool:
        return is_flat(self.style, self.dim)


def local_bytes(tableau: Tableau, shape: Shape) -> int:
    """Memory that a thread keeps for itself: state, step, stage, slopes and many parameters."""
    numbers = 0 if shape.flat else len(_buffers(tableau)) * shape.dim
    return (numbers + shape.n_params * (shape.n_params > TUPLE_LIMIT)) * shape.bits // 8


def _buffers(tableau: Tableau) -> list[str]:
    return ["u", "v", "stage", *(f"k{stage}" for stage in range(tableau.stages))]


def _setup(tableau: Tableau, shape: Shape) -> list[str]:
    """Memory of the thread, once a kernel."""
    lines = [] if shape.flat else [f"{name} = scratch({shape.bits}, 1, {shape.dim})" for name in _buffers(tableau)]
    if shape.n_params > TUPLE_LIMIT:
        lines.append(f"p = scratch({shape.bits}, 1, {shape.n_params})")
    return lines


def _gather(shape: Shape) -> list[str]:
    """Parameters and state of member ``o``."""
    if shape.n_params > TUPLE_LIMIT:
        lines = [f"for i in range({shape.n_params}):", "    p[i] = load(params, i, o, 1)"]
    else:
        lines = ["p = (" + "".join(f"load(params, {i}, o, 1), " for i in range(shape.n_params)) + ")"]
    if shape.flat:
        return [*lines, "u = (" + "".join(f"load(y, {i}, o, 1), " for i in range(shape.dim)) + ")"]
    return [*lines, f"for i in range({shape.dim}):", "    u[i] = load(y, i, o, 1)"]


def _scatter(shape: Shape, state: str, array: str, row: str = "") -> list[str]:
    if shape.flat:
        return [f"store({array}, {row}{i}, o, {state}[{i}])" for i in range(shape.dim)]
    return [f"for i in range({shape.dim}):", f"    store({array}, {row}i, o, {state}[i])"]


def _step(tableau: Tableau, shape: Shape, target: str, time: str, size: str) -> list[str]:
    if shape.flat:
        return [f"{target} = step({time}, u, p, {size})"]
    slopes = ", ".join(f"k{stage}" for stage in range(tableau.stages))
    return [f"step({time}, u, p, {size}, {target}, stage, {slopes})"]


def _indent(lines: list[str], levels: int) -> str:
    return "".join(f"{'    ' * levels}{line}\n" for line in lines)


def _drive(tableau: Tableau, shape: Shape) -> str:
    save = f"j * {shape.dim} + "
    return (
        "def drive(y, params, t0, dt, save_step, save_offset, out, cursor, own, at, until, y_end, cursor_end):\n"
        "    n_saves = save_step.shape[0]\n"
        + _indent(_setup(tableau, shape), 1)
        + "    for o in range(cuda.grid(1), y.shape[1], cuda.gridsize(1)):\n"
        "        j = cursor[o]\n"
        "        if j >= 0 and j < n_saves:\n"
        f"            cursor[o] = {LOST}\n"
        "            grid = o * own\n"
        "            start = load(t0, 0, grid, 1)\n"
        "            h = load(dt, 0, grid, 1)\n" + _indent(_gather(shape), 3) + "            k = at\n"
        "            while j < n_saves:\n"
        "                stop = save_step[j, grid]\n"
        "                saving = stop <= until\n"
        "                if not saving:\n"
        "                    stop = until\n"
        "                for step_index in range(k, stop):\n"
        + _indent(_step(tableau, shape, "u", "start + step_index * h", "h"), 5)
        + "                k = stop\n"
        "                if not saving:\n"
        "                    break\n"
        "                offset = load(save_offset, j, grid, 1)\n"
        "                if offset != 0.0:\n"
        + _indent([*_step(tableau, shape, "v", "start + k * h", "offset"), *_scatter(shape, "v", "out", save)], 5)
        + "                else:\n"
        + _indent(_scatter(shape, "u", "out", save), 5)
        + "                j += 1\n"
        + _indent(_scatter(shape, "u", "y_end"), 3)
        + "            cursor_end[o] = j\n"
    )


def driver_source(tableau: Tableau, shape: Shape) -> str:
    """The module text; among its globals it expects ``slope``, the compiled user's function, ``cuda`` and the wraps
    ``device`` and ``kernel`` of the CUDA target, and ``load``, ``store`` and ``scratch``, and whether to
    ``CACHE`` what is compiled.
    """
    step = flat_step(tableau, shape.dim) if shape.flat else long_step(tableau, shape.dim)
    rhs = "rhs = slope\n"
    if shape.style == "tuple" and not shape.flat:
        rhs = f"{tuple_in_place(shape.dim)}\nrhs = device(rhs)\n"
    return f"{rhs}\n\n{step}\n\nstep = device(step)\n\n\n{_drive(tableau, shape)}\n\ndrive = kernel(drive, CACHE)\n"
