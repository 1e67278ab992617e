"""The text of two kernels around a conserved quantity: its values along states, and the projection of states onto it.

``invariant(t, u, p)``, the compiled user's function, returns a number or a tuple of them.  States lie side by side in
lanes; a state of up to ``FLAT_LIMIT`` components is a tuple in registers, a longer one lies in memory.

The projection of Hairer, Lubich and Wanner, Geometric Numerical Integration, 2nd ed. (2006), section IV.4: the state
``v = u + G(u)^T l`` with ``I(v) = I0``, where the rows of ``G`` are the gradients at the start.  Newton's method for
``l`` has the matrix ``G(v) G(u)^T``, which near the start is symmetric and positive: elimination needs no exchanges.
"""

from __future__ import annotations

from dataclasses import dataclass

FLAT_LIMIT = 16
STALLED = 1e-9
LONG_TANGENTS = 8  # directions a pass over a state in memory

HEADER = """\
from fastsci_kernels.compile import jit
from fastsci_kernels.numbers import functions
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.dual import dual, dual_scratch, tangents
from fastsci_kernels.numbers.memory import any_lane, load, number, scratch, store

NAN, INFINITY = float("nan"), float("inf")

"""


@dataclass(frozen=True)
class InvariantShape:
    """What a kernel is specialised on; ``single`` where the function returns a number rather than a tuple."""

    dim: int
    n_params: int
    count: int
    single: bool
    width: int

    @property
    def flat(self) -> bool:
        return self.dim <= FLAT_LIMIT


def values_source(shape: InvariantShape) -> str:
    """``drive(y, params, times, out, first, last)``: the values of ``y (dim, n)`` into ``out (count, n)``."""
    text = _Text(shape)
    body = [*text.gather("u"), *text.evaluate("u")]
    body += [f"store(out, {k}, o, value{k})" for k in range(shape.count)]
    return text.module("y, params, times, out, first, last", text.memory("u"), body)


def projection_source(shape: InvariantShape) -> str:
    """``drive(y, params, times, levels, out, tolerance, most, first, last)``: projected states into ``out``.

    The values are met where they are within ``tolerance * |I0|``.  Where the rounding of the function itself stops the
    iteration before, they are within ``STALLED`` of ``|I0| + sum |v_i dI/dv_i|``.  A state that ``most`` iterations
    bring to neither is NaN.
    """
    text, each = _Text(shape), range(shape.count)
    begin = [
        *text.gather("u"),
        *text.gradients("u", "start"),
        *(f"level{k} = load(levels, {k}, o, {shape.width})" for k in each),
        *(f"multiplier{k} = zero" for k in each),
        "open, last = one, infinity",
    ]
    newton = [
        *text.along(),
        *text.evaluate("v"),
        *text.gradients("v", "slope"),
        *text.sizes(),
        *(f"rest{k} = value{k} - level{k}" for k in each),
        "met = " + " & ".join(f"(abs(rest{k}) <= tolerance * abs(level{k}))" for k in each),
        "near = " + " & ".join(f"(abs(rest{k}) <= {STALLED} * size{k})" for k in each),
        "off = " + " + ".join(f"abs(rest{k}) / size{k}" for k in each),
        "open = where(met | (near & (off >= 0.5 * last)), zero, open)",
        "last = off",
        "moving = open > 0.5",
        "if not any_lane(moving):",
        "    break",
        *text.matrix(),
        *_eliminated(shape.count),
        *(f"multiplier{k} = where(moving, multiplier{k} - rest{k}, multiplier{k})" for k in each),
    ]
    body = [*begin, "for iteration in range(most):", *(f"    {line}" for line in newton), *text.scatter()]
    memory = [text.number("1.0", "one"), text.number("0.0", "zero"), text.number("INFINITY", "infinity")]
    memory += text.memory("u", "v", *(f"start{k}" for k in each), *(f"slope{k}" for k in each))
    if not shape.flat:
        memory.append(f"x = dual_scratch(64, {shape.width}, {LONG_TANGENTS}, {shape.dim})")
    return text.module("y, params, times, levels, out, tolerance, most, first, last", memory, body)


def _eliminated(count: int) -> list[str]:
    """Lines that solve ``m{k}_{l}`` for the right-hand side ``rest{k}``, in place."""
    lines = []
    for k in range(count):
        for i in range(k + 1, count):
            lines.append(f"factor = m{i}_{k} / m{k}_{k}")
            lines += [f"m{i}_{j} = m{i}_{j} - factor * m{k}_{j}" for j in range(k + 1, count)]
            lines.append(f"rest{i} = rest{i} - factor * rest{k}")
    for k in reversed(range(count)):
        lines += [f"rest{k} = rest{k} - m{k}_{j} * rest{j}" for j in range(k + 1, count)]
        lines.append(f"rest{k} = rest{k} / m{k}_{k}")
    return lines


@dataclass(frozen=True)
class _Text:
    """Lines about one block of states, in registers or in memory."""

    shape: InvariantShape

    def module(self, arguments: str, memory: list[str], body: list[str]) -> str:
        block = [f"o = block * {self.shape.width}", *body]
        lines = [*memory, "for block in range(first, last):", *(f"    {line}" for line in block)]
        text = "".join(f"    {line}\n" for line in lines)
        return f"{HEADER}\ndef drive({arguments}):\n{text}\n\ndrive = jit(drive, cache=CACHE)\n"

    def number(self, value: str, name: str) -> str:
        return f"{name} = number({value}, 64, {self.shape.width})"

    def memory(self, *names: str) -> list[str]:
        if self.shape.flat:
            return []
        return [f"{name} = scratch(64, {self.shape.width}, {self.shape.dim})" for name in names]

    def each(self, flat: str, name: str) -> list[str]:
        """``name`` is the vector of ``flat``, an expression in ``{i}``; a loop where it lies in memory."""
        if self.shape.flat:
            return [f"{name} = " + _tuple(flat.format(i=i) for i in range(self.shape.dim))]
        return [f"for i in range({self.shape.dim}):", f"    {name}[i] = {flat.format(i='i')}"]

    def total(self, term: str, name: str) -> list[str]:
        """``name`` is the sum over the components of ``term``, an expression in ``{i}``."""
        if self.shape.flat:
            return [f"{name} = " + " + ".join(term.format(i=i) for i in range(self.shape.dim))]
        return [f"{name} = zero", f"for i in range({self.shape.dim}):", f"    {name} = {name} + {term.format(i='i')}"]

    def gather(self, name: str) -> list[str]:
        width = self.shape.width
        lines = ["p = " + _tuple(f"load(params, {i}, o, {width})" for i in range(self.shape.n_params))]
        return [*lines, f"t = load(times, 0, o, {width})", *self.each(f"load(y, {{i}}, o, {width})", name)]

    def evaluate(self, state: str) -> list[str]:
        parts = [f"number({part}, 64, {self.shape.width})" for part in self.parts()]
        return [f"f = invariant(t, {state}, p)", *(f"value{k} = {part}" for k, part in enumerate(parts))]

    def parts(self) -> list[str]:
        return ["f"] if self.shape.single else [f"f[{k}]" for k in range(self.shape.count)]

    def gradients(self, state: str, name: str) -> list[str]:
        """Of each part at a state, into ``{name}0``, ``{name}1``, ..."""
        if self.shape.flat:
            dim = range(self.shape.dim)
            seeds = (f"dual({state}[{i}], {_tuple('one' if i == j else 'zero' for j in dim)})" for i in dim)
            lines = [f"x = {_tuple(seeds)}", "f = invariant(t, x, p)"]
            return lines + [f"{name}{k} = tangents({part}, x[0])" for k, part in enumerate(self.parts())]
        dim = self.shape.dim
        seeds = _tuple(f"where(i == base + {place}, one, zero)" for place in range(LONG_TANGENTS))
        lines = [
            f"for base in range(0, {dim}, {LONG_TANGENTS}):",
            f"    for i in range({dim}):",
            f"        x[i] = dual({state}[i], {seeds})",
            "    f = invariant(t, x, p)",
        ]
        for k, part in enumerate(self.parts()):
            lines.append(f"    row = tangents({part}, x[0])")
            for place in range(LONG_TANGENTS):
                lines.append(f"    if base + {place} < {dim}:")
                lines.append(f"        {name}{k}[base + {place}] = row[{place}]")
        return lines

    def along(self) -> list[str]:
        """The state ``v`` that the multipliers lead to."""
        shift = "".join(f" + multiplier{k} * start{k}[{{i}}]" for k in range(self.shape.count))
        return self.each(f"u[{{i}}]{shift}", "v")

    def sizes(self) -> list[str]:
        lines = []
        for k in range(self.shape.count):
            lines += self.total(f"abs(v[{{i}}] * slope{k}[{{i}}])", f"size{k}")
            lines.append(f"size{k} = size{k} + abs(level{k})")
        return lines

    def matrix(self) -> list[str]:
        each = range(self.shape.count)
        return [
            line for k in each for j in each for line in self.total(f"slope{k}[{{i}}] * start{j}[{{i}}]", f"m{k}_{j}")
        ]

    def scatter(self) -> list[str]:
        """The last state, NaN where it is on no level."""
        if self.shape.flat:
            return [f"store(out, {i}, o, where(open > 0.5, NAN, v[{i}]))" for i in range(self.shape.dim)]
        return [f"for i in range({self.shape.dim}):", "    store(out, i, o, where(open > 0.5, NAN, v[i]))"]


def _tuple(parts) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"
