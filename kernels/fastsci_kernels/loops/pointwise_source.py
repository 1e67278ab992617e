"""The text of kernels that ask a function, point by point, for its value or its derivatives.

Arrays are the caller's: ``(n, numbers a point)``, row-major, or one row where all points share it.  On lanes a strip of
neighbouring rows is taken at a time; on scalars and on CUDA a row.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..methods.derivative import IMPORTS, INPUTS, OUTPUTS, Derivative, flat_text
from ..methods.derivative_long import Buffer, LongText
from ..methods.method import TUPLE_LIMIT, in_place, is_flat
from .driver_text import STACK_LIMIT, indent

FLAT_NUMBERS = 64  # numbers of an array that one point's code names one by one

HEADER = """\
import math

from fastsci_kernels.compile import inner, jit
from fastsci_kernels.numbers import functions
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.dual_memory import numbers_in, numbers_on_stack
from fastsci_kernels.numbers.memory import load, number, store
from fastsci_kernels.numbers.rows import load_column, load_rows, store_column, store_rows

"""


@dataclass(frozen=True)
class Points:
    """What a kernel is specialised on beside the function and what is asked of it."""

    style: str  # "tuple" or "inplace"
    dim: int
    n_params: int
    bits: int
    width: int = 1
    shared: tuple[str, ...] = ()  # inputs of one row for all points
    on_cuda: bool = False


@dataclass(frozen=True)
class PointText:
    """Lines that answer for the points from row ``o`` on."""

    derivative: Derivative
    points: Points

    @property
    def rows(self) -> dict[str, int]:
        return self.derivative.rows(self.points.dim, self.points.n_params)

    @property
    def flat(self) -> bool:
        points = self.points
        small = max(self.rows.values()) <= FLAT_NUMBERS and points.n_params <= TUPLE_LIMIT
        return small and is_flat(points.style, points.dim)

    @property
    def long(self) -> LongText:
        points = self.points
        return LongText(
            self.derivative, points.style, points.dim, points.n_params, points.bits, points.width, self.get, self.put
        )

    # --- memory ---

    def get(self, name: str, index: str) -> str:
        points, array = self.points, name.upper()
        if name in points.shared:
            return f"number({array}[0, {index}], {points.bits}, {points.width})"
        if points.width == 1:
            return f"load({array}, o, {index}, 1)"
        return f"load_column({array}, o, {index}, {points.width})"

    def put(self, name: str, index: str, value: str) -> str:
        store = "store" if self.points.width == 1 else "store_column"
        return f"{store}({name.upper()}, o, {index}, {value})"

    def room(self) -> int:
        """Plain numbers of the buffer that all strips of a thread use in turn."""
        if self.flat:
            return 0
        return sum(buffer.numbers() for buffer in self.long.buffers() if not self._on_stack(buffer)) * self.points.width

    def work(self) -> int:
        """Numbers in and out a point, and those that the function sees on the way."""
        points = self.points
        return sum(self.rows.values()) + (1 + self.derivative.directions(points.dim, points.n_params)) * points.dim

    def stack(self) -> int:
        """Bytes of a thread's own memory."""
        numbers = sum(buffer.numbers() for buffer in self.long.buffers() if self._on_stack(buffer))
        return 0 if self.flat else numbers * self.points.width * self.points.bits // 8

    def _on_stack(self, buffer: Buffer) -> bool:
        return self.points.on_cuda or buffer.size <= STACK_LIMIT

    def memory(self) -> list[str]:
        """Buffers, once a kernel."""
        if self.flat:
            return []
        points, lines, offset = self.points, [], 0
        for buffer in self.long.buffers():
            form = f"{points.width}, {buffer.tangents}, {int(buffer.nested)}, {buffer.size}"
            if self._on_stack(buffer):
                lines.append(f"{buffer.name} = numbers_on_stack({points.bits}, {form})")
            else:
                lines.append(f"{buffer.name} = numbers_in(room, {offset}, {form})")
                offset += buffer.numbers() * points.width
        return lines

    # --- functions ---

    def preamble(self, wrap: str) -> str:
        """``rhs`` around the user's ``slope``, and ``derive``."""
        points = self.points
        lines = "".join(f"{line}\n" for line in IMPORTS)
        if points.style == "tuple" and not self.flat:
            lines += f"{in_place('rhs', 'slope', points.dim)}\nrhs = {wrap}(rhs)\n"
        else:
            lines += "rhs = slope\n"
        if self.flat:
            text = flat_text(self.derivative, points.dim, points.n_params, points.bits, points.width)
            lines += f"\n\n{text}\n\nderive = {wrap}(derive)\n"
        return lines

    def before(self) -> list[str]:
        """Inputs that all points share."""
        return [self._whole(name) for name in INPUTS if name in self.points.shared] if self.flat else []

    def lines(self) -> list[str]:
        if not self.flat:
            return self.long.lines()
        own = [self._whole(name) for name in INPUTS if name not in self.points.shared]
        found = [*own, "f, r, s = derive(t[0], u, p, a, b)"]
        for name in OUTPUTS:
            if self.points.width > 1:
                found += [f"store_rows({name.upper()}, o, {name})"] if self.rows[name] else []
            else:
                found += [self.put(name, str(i), f"{name}[{i}]") for i in range(self.rows[name])]
        return found

    def _whole(self, name: str) -> str:
        """An input as a tuple."""
        count = self.rows[name]
        if self.points.width > 1 and name not in self.points.shared and count:
            return f"{name} = load_rows({name.upper()}, o, {self.points.width}, {count})"
        return f"{name} = (" + "".join(f"{self.get(name, str(i))}, " for i in range(count)) + ")"


ARRAYS = ", ".join(name.upper() for name in (*INPUTS, *OUTPUTS))


def cpu_source(derivative: Derivative, points: Points) -> str:
    """The module text; among its globals it expects ``slope``, and ``user_jvp`` or ``user_jac`` where given.

    On scalars an exception of the function ends its point and no other.
    """
    text = PointText(derivative, points)
    answer = (
        f"def answer({ARRAYS}, room, first, last):\n"
        + indent([*text.memory(), *text.before()], 1)
        + "    for strip in range(first, last):\n"
        + indent([f"o = strip * {points.width}", *text.lines()], 2)
    )
    body = f"    answer({ARRAYS}, room, first, last)\n"
    if points.width == 1:
        body = (
            "    for o in range(first, last):\n"
            "        try:\n"
            f"            answer({ARRAYS}, room, o, o + 1)\n"
            "        except Exception:\n"
            "            raised[o] = 1\n"
        )
    return (
        f"{HEADER}{text.preamble('inner')}\n\n{answer}\n\nanswer = inner(answer)\n\n\n"
        f"def drive({ARRAYS}, raised, room, first, last):\n{body}\n\ndrive = jit(drive, cache=CACHE)\n"
    )


def cuda_source(derivative: Derivative, points: Points) -> str:
    """The same for CUDA, one thread a point.

    ``lost`` holds 1 for a point whose function raised: the thread that it ended never came to write 0.  ``found`` is
    the same array under a second name, so that the compiler keeps the first write.
    """
    text = PointText(derivative, points)
    return (
        f"{text.preamble('device')}\n\ndef drive({ARRAYS}, lost, found):\n"
        + indent([*text.memory(), *text.before()], 1)
        + "    for o in range(cuda.grid(1), lost.shape[0], cuda.gridsize(1)):\n"
        + indent(["lost[o] = 1", *text.lines(), "found[o] = 0"], 2)
        + "\n\ndrive = kernel(drive, CACHE)\n"
    )
