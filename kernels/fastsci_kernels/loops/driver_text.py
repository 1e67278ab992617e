"""The lines that the drivers of all targets share: a member's numbers in, a step, its numbers out."""

from __future__ import annotations

from dataclasses import dataclass

from ..methods.method import FLAT_LIMIT, TUPLE_LIMIT, Method, in_place, is_flat
from .statistics import Reduction
from .statistics_text import StatisticsText

STACK_LIMIT = 16  # buffers of at most this many numbers live on the stack, where they can become registers


@dataclass(frozen=True)
class Shape:
    """What a driver is specialised on: how a right-hand side is called and on which numbers."""

    style: str  # "tuple" or "inplace"
    dim: int
    n_params: int
    bits: int
    width: int = 1
    groups: int = 1  # numbers stepped in turn, so that one's arithmetic hides the other's latency
    ragged: bool = False
    arrays: bool = False  # NumPy's own arrays and floats instead of views and numbers
    reduction: Reduction | None = None  # statistics in the place of saves
    flat_limit: int = FLAT_LIMIT  # of the method

    @property
    def flat(self) -> bool:
        return is_flat(self.style, self.dim, self.flat_limit)

    @property
    def strip(self) -> int:
        """Members that one pass of the driver integrates."""
        return self.width * self.groups


@dataclass(frozen=True)
class DriverText:
    """Lines of a driver; ``on_stack`` keeps every buffer there, else long ones are rows of an array ``room``."""

    shape: Shape
    method: Method
    on_stack: bool = False

    @property
    def buffers(self) -> list[str]:
        """Names of the buffers of a long state, in the order of the rows of ``room``."""
        return ["u", "v", *self.method.buffers()]

    def preamble(self, wrap: str) -> str:
        """``rhs`` around the user's ``slope``, his further functions, and ``step``, all compiled by ``wrap``."""
        shape, method = self.shape, self.method
        step = (method.flat_step if shape.flat else method.long_step)(shape.dim)
        lines = "".join(f"{line}\n" for line in method.imports)
        for name, function in (("rhs", "slope"), *((part, f"user_{part}") for part in method.parts)):
            if shape.style == "tuple" and not shape.flat:
                lines += f"{in_place(name, function, method.slope_dim(shape.dim))}\n{name} = {wrap}({name})\n"
            else:
                lines += f"{name} = {function}\n"
        lines += method.preamble(shape.style, shape.flat, shape.dim, shape.n_params, shape.bits, shape.width, wrap)
        return f"{lines}\n\n{step}\n\nstep = {wrap}(step)\n"

    def memory(self) -> list[str]:
        """Buffers, once a driver."""
        shape = self.shape
        lines = []
        if not shape.flat:
            lines += [f"{name} = {self._buffer(row, shape.dim)}" for row, name in enumerate(self.buffers)]
        if shape.n_params > TUPLE_LIMIT:
            lines.append(f"p = {self._buffer(len(self.buffers), shape.n_params)}")
        return lines

    def _buffer(self, row: int, size: int) -> str:
        shape = self.shape
        if shape.arrays:
            return f"room[{row}, :{size}]"
        if self.on_stack or size <= STACK_LIMIT:
            return f"scratch({shape.bits}, {shape.width}, {size})"
        return f"view(room, {row}, {shape.width}, {size})"

    def number(self, value: str) -> str:
        """A plain number in every lane."""
        return value if self.shape.arrays else f"number({value}, {self.shape.bits}, {self.shape.width})"

    def load(self, array: str, row: object, column: str = "o", group: int = 0) -> str:
        """The number at a row of a state-major array."""
        if self.shape.arrays:
            return f"{array}[{row}, {column}]"
        return f"load({array}, {row}, {self._column(column, group)}, {self.shape.width})"

    def _column(self, column: str, group: int) -> str:
        return f"{column} + {group * self.shape.width}" if group else column

    def gather(self, shared: str = "o") -> list[str]:
        """States of the members from ``o`` on, and their parameters, which start at column ``shared``."""
        shape = self.shape
        if shape.n_params > TUPLE_LIMIT:
            lines = [f"for i in range({shape.n_params}):", f"    p[i] = {self.load('params', 'i', shared)}"]
        else:
            lines = [
                f"p{self._group(group)} = ("
                + "".join(f"{self.load('params', i, shared, group)}, " for i in range(shape.n_params))
                + ")"
                for group in range(shape.groups)
            ]
        if not shape.flat:
            return [*lines, f"for i in range({shape.dim}):", f"    u[i] = {self.load('y', 'i')}"]
        # Numba takes a tuple of more than 30 numbers into a name that has no other value, and ``u`` has.
        for group in range(shape.groups):
            suffix = self._group(group)
            numbers = "".join(f"{self.load('y', i, group=group)}, " for i in range(shape.dim))
            lines += [f"fresh{suffix} = ({numbers})", f"u{suffix} = fresh{suffix}"]
        return lines

    def _group(self, group: int) -> str:
        return f"_{group}" if group else ""

    def scatter(self, state: str, array: str, row: str = "", column: str = "o") -> list[str]:
        """Write a state, ``u`` or ``v``, to rows of a state-major array."""
        shape = self.shape
        put = "{array}[{row}, {column}] = {value}" if shape.arrays else "store({array}, {row}, {column}, {value})"
        if not shape.flat:
            line = put.format(array=array, row=f"{row}i", column=column, value=f"{state}[i]")
            return [f"for i in range({shape.dim}):", f"    {line}"]
        return [
            put.format(
                array=array,
                row=f"{row}{i}",
                column=self._column(column, group),
                value=f"{state}{self._group(group)}[{i}]",
            )
            for group in range(shape.groups)
            for i in range(shape.dim)
        ]

    def step(self, target: str, time: str, size: str, index: str = "step_index") -> list[str]:
        """Step ``u`` into ``u`` itself or ``v``; ``index`` counts the steps."""
        shape = self.shape
        if not shape.flat:
            draws = f"(key[0], key[1]), o + key[2], {index}, " if self.method.random else ""
            return [f"step({time}, u, p, {size}, {draws}{target}, {', '.join(self.buffers[2:])})"]
        lines = []
        for group in range(shape.groups):
            suffix = self._group(group)
            draws = f", (key[0], key[1]), {self._column('o', group)} + key[2], {index}" if self.method.random else ""
            lines.append(f"{target}{suffix} = step({time}, u{suffix}, p{suffix}, {size}{draws})")
        return lines

    # --- statistics in the place of saves ---

    @property
    def statistics(self) -> StatisticsText | None:
        shape = self.shape
        if shape.reduction is None:
            return None
        return StatisticsText(shape.reduction, shape.dim, shape.bits, shape.flat, shape.arrays)

    @property
    def outputs(self) -> str:
        """Arguments that a driver writes results to."""
        return "out" if self.shape.reduction is None else "out, sums, tallies, table"

    @property
    def every(self) -> bool:
        """Whether each step's end is saved, and nothing besides."""
        return self.shape.reduction is not None and self.shape.reduction.every

    def begin(self) -> list[str]:
        """The running statistics of the members from ``o`` on, from memory."""
        return self._each_group("begin")

    def end(self) -> list[str]:
        """The running statistics, back to memory."""
        return self._each_group("end")

    def _each_group(self, name: str) -> list[str]:
        if self.statistics is None:
            return []
        return [
            line
            for group in range(self.shape.groups)
            for line in getattr(self.statistics, name)(self._column("o", group), self._group(group))
        ]

    def add(self, state: str, count: str, time: str, running: str = "") -> list[str]:
        """Add a state, ``u`` or ``v``, to the statistics."""
        if self.statistics is None:
            return []
        return [
            line
            for group in range(self.shape.groups)
            for line in self.statistics.add(
                f"{state}{self._group(group)}",
                count,
                time,
                column=self._column("o", group),
                group=self._group(group),
                rest=running,
            )
        ]

    def add_step(self, running: str = "") -> list[str]:
        """Add the state that a step has led to, where every step is saved."""
        if not self.every:
            return []
        return self.add("u", "step_index + 1", time_of("start", "(step_index + 1)", "h"), running)

    def save(self, state: str, time: str) -> list[str]:
        """What happens to a state at save ``j``; the last save is the end of the run."""
        if self.shape.reduction is None:
            return self.scatter(state, "out", f"j * {self.shape.dim} + ")
        if self.every:
            return self.scatter(state, "out")
        return [
            "if j < n_saves - 1:",
            *(f"    {line}" for line in self.add(state, "j + 1", time)),
            "else:",
            *(f"    {line}" for line in self.scatter(state, "out")),
        ]

    def keep_running(self) -> list[str]:
        """Take the step ``v`` into ``u`` for the members that have not reached their end."""
        if self.shape.flat:
            numbers = "".join(f"where(running, v[{i}], u[{i}]), " for i in range(self.shape.dim))
            return [f"kept = ({numbers})", "u = kept"]
        return [f"for i in range({self.shape.dim}):", "    u[i] = where(running, v[i], u[i])"]


def time_of(start: str, steps: str, h: str, offset: str = "") -> str:
    """The time of a save, the same of one lane as of many: no fused multiply-add."""
    return f"{start} - (-({steps} * {h}))" + (f" + {offset}" if offset else "")


def buffer_rows(method: Method) -> int:
    """Rows of the array ``room``: state, step, what the method wants, and parameters where they are many."""
    return 2 + len(method.buffers()) + 1


def indent(lines: list[str], levels: int) -> str:
    return "".join(f"{'    ' * levels}{line}\n" for line in lines)
