"""The lines of an adaptive step that all targets share: attempt, accept, control, events, saves.

One text serves every method, number type and style of right-hand side.  The state of a member is a column of numbers
in the rows of ``work``; what is done with it is written for one column or, on lanes, for ``width`` neighbours at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..methods.adaptive import AdaptiveMethod
from ..methods.control import Controller
from ..methods.method import FLAT_LIMIT, TUPLE_LIMIT, in_place, is_flat
from .statistics import Reduction
from .statistics_text import StatisticsText

EPSILON = {32: 1.2e-7, 64: 2.3e-16}
SMALLEST = {32: 1e-36, 64: 1e-300}  # a step below this is none, even at t = 0
UNCOMPARABLE = 1e30  # stands for an error that is infinite or NaN
ENDED, NON_FINITE, STALLED, EXHAUSTED, STOPPED, RAISED = 1.0, 2.0, 3.0, 4.0, 5.0, 6.0
LONGEST = 2.0**23  # attempts that a float32 can count
CALM = 1e-8  # no smaller error of an earlier step is held against a later one
SCALARS = ("t", "low", "h", "end", "tried", "limit", "taken", "retry", "alive", "flag", "due", "error_1", "error_2")


@dataclass(frozen=True)
class EventKind:
    """What the text has to know of an event: the sign of its crossing, and what it does to the member."""

    direction: int = 0
    terminal: bool = False
    applies: bool = False

    @property
    def stops(self) -> bool:
        """Whether the step ends where the event happens."""
        return self.terminal or self.applies


@dataclass(frozen=True)
class AdaptiveShape:
    """What an adaptive driver is specialised on."""

    style: str
    dim: int
    n_params: int
    bits: int
    width: int = 1
    strip: int = 1  # columns of ``work``
    controller: Controller = field(default_factory=lambda: Controller("I", (1.0, 0.0, 0.0)))
    events: tuple[EventKind, ...] = ()
    compensated: bool = False
    saving: bool = False
    dense: bool = False  # whether every step's polynomial is kept
    arrays: bool = False
    reduction: Reduction | None = None  # statistics in the place of saves
    flat_limit: int = FLAT_LIMIT  # of the method

    @property
    def flat(self) -> bool:
        return is_flat(self.style, self.dim, self.flat_limit)


@dataclass(frozen=True)
class AdaptiveText:
    """Lines of an adaptive driver."""

    shape: AdaptiveShape
    method: AdaptiveMethod

    # --- where things are in memory ---

    @property
    def rows(self) -> dict[str, int]:
        """First row of each group of numbers in ``work``."""
        shape = self.shape
        sizes = {
            "u": shape.dim,
            "k": 0 if self.method.chooses_step else shape.dim,
            "c": shape.dim if shape.compensated else 0,
            "p": shape.n_params,
            "g": len(shape.events),
            **dict.fromkeys(SCALARS, 1),
        }
        first, rows = 0, {}
        for name, size in sizes.items():
            rows[name] = first
            first += size
        return {**rows, "all": first}

    @property
    def buffers(self) -> list[str]:
        """Names of the buffers of ``dim`` numbers that a long state needs besides ``work``."""
        return ["v", "c_next", "k_next", "w", "f", *self.method.attempt_buffers()]

    @property
    def vectors(self) -> tuple[str, ...]:
        """Names of what a column holds ``dim`` numbers of and every step renews."""
        slopes = () if self.method.chooses_step else ("k",)
        return ("u", *slopes, *(("c",) if self.shape.compensated else ()))

    def load(self, name: str, offset: int = 0) -> str:
        return f"load(work, {self.rows[name] + offset}, o, {self.shape.width})"

    def store(self, name: str, value: str, offset: int = 0) -> str:
        return f"store(work, {self.rows[name] + offset}, o, {value})"

    def number(self, value: str) -> str:
        return f"number({value}, {self.shape.bits}, {self.shape.width})"

    def each(self, template: str) -> str:
        """A tuple of ``template`` for every component ``{i}``."""
        return "(" + "".join(f"{template.format(i=i)}, " for i in range(self.shape.dim)) + ")"

    def loop(self, template: str) -> list[str]:
        return [f"for i in range({self.shape.dim}):", f"    {template}"]

    # --- statistics in the place of saves ---

    @property
    def statistics(self) -> StatisticsText | None:
        shape = self.shape
        if shape.reduction is None:
            return None
        return StatisticsText(shape.reduction, shape.dim, shape.bits, shape.flat, shape.arrays)

    def arguments(self, names: str) -> str:
        """Names of a function's arguments, where statistics take the place of saves."""
        return names if self.statistics is None else names.replace(" out,", " sums, tallies, table,")

    # --- the functions that the body calls ---

    def preamble(self, wrap: str) -> str:
        """``rhs``, the user's further functions, the method's attempt and interpolant, all compiled by ``wrap``."""
        shape, method = self.shape, self.method
        lines = "".join(f"{line}\n" for line in method.imports)
        parts = [] if method.chooses_step else [("rhs", "slope")]
        parts += [(f"apply{e}", f"user_apply{e}") for e, kind in enumerate(shape.events) if kind.applies]
        for name, function in parts:
            if shape.style == "tuple" and not shape.flat:
                lines += f"{in_place(name, function, method.slope_dim(shape.dim))}\n{name} = {wrap}({name})\n"
            else:
                lines += f"{name} = {function}\n"
        for e in range(len(shape.events)):
            if shape.style == "tuple" and not shape.flat:
                state = self.each("u[{i}]")
                lines += (
                    f"def event{e}(t, u, p):\n    return user_event{e}(t, {state}, p)\nevent{e} = {wrap}(event{e})\n"
                )
            else:
                lines += f"event{e} = user_event{e}\n"
        lines += method.preamble(shape.style, shape.flat, shape.dim, shape.n_params, shape.bits, shape.width, wrap)
        sources = {"evaluate": self._evaluate()}
        if shape.flat:
            sources["attempt"] = method.flat_attempt(shape.dim, shape.compensated)
            if not method.chooses_step:
                sources["interpolant"] = method.flat_interpolant(shape.dim)
        else:
            sources["attempt"] = method.long_attempt(shape.dim, shape.compensated)
            sources["interpolant"] = method.long_interpolant(shape.dim)
        for name, source in sources.items():
            lines += f"\n\n{source}\n\n{name} = {wrap}({name})\n"
        return lines

    def _evaluate(self) -> str:
        """Source of the dense output at ``theta`` of the step: a polynomial in ``theta``, by Horner's rule."""
        degree, dim = self.method.degree, self.shape.dim
        if self.shape.flat:
            values = []
            for i in range(dim):
                text = f"q[{degree - 1}][{i}]"
                for power in range(degree - 2, -1, -1):
                    text = f"({text}) * theta + q[{power}][{i}]"
                values.append(f"where(theta >= 1.0, v[{i}], ({text}) * theta + u[{i}])")
            return "def evaluate(theta, u, v, q):\n    return (" + ", ".join(values) + ",)"
        return (
            "def evaluate(theta, u, v, q, w):\n"
            f"    for i in range({dim}):\n"
            f"        x = q[{(degree - 1) * dim} + i]\n"
            f"        for power in range({degree - 2}, -1, -1):\n"
            f"            x = x * theta + q[power * {dim} + i]\n"
            "        w[i] = where(theta >= 1.0, v[i], x * theta + u[i])"
        )

    # --- one attempt ---

    def gather(self) -> list[str]:
        """The column's numbers, from memory."""
        shape = self.shape
        lines = []
        if shape.flat:
            lines += [
                f"{name} = (" + "".join(f"{self.load(name, i)}, " for i in range(shape.dim)) + ")"
                for name in self.vectors
            ]
            if not shape.compensated:
                lines.append("c = ()")
        if shape.n_params <= TUPLE_LIMIT:
            lines.append("p = (" + "".join(f"{self.load('p', i)}, " for i in range(shape.n_params)) + ")")
        scalars = ["t", "low", "h", "end", "tried", "limit", "taken"]
        if not shape.controller.fixed:
            scalars.append("retry")
        scalars += [f"error_{age}" for age in range(1, shape.controller.memory + 1)]
        lines += [f"{name} = {self.load(name)}" for name in scalars]
        lines.append(f"alive = {self.load('alive')} > 0.0")
        lines += [f"g{e} = {self.load('g', e)}" for e in range(len(shape.events))]
        return lines

    def attempt(self) -> list[str]:
        """Try a step: ``v``, ``step``, ``accepted``, ``last`` and the size ``h_next`` of the step after."""
        shape, method, control = self.shape, self.method, self.shape.controller
        arguments = "t, u, c, p, step, k, rtol, atol"
        stretch = " * 1.000001" if control.fixed else ""
        lines = ["remaining = (end - t) - low"]
        if method.chooses_step:
            return [
                *lines,
                "farthest = where(abs(remaining) < max_step, remaining, where(remaining < 0.0, -max_step, max_step))",
                "v, c_next, step, q = attempt(t, u, c, p, farthest, rtol, atol)",
                "last = abs(step) >= abs(remaining)",
                "error = " + " + ".join(f"(v[{i}] - v[{i}])" for i in range(shape.dim)),
                f"error = where(error == 0.0, {self.number('0.0')}, {UNCOMPARABLE!r})",
                f"short = abs(step) <= {10 * EPSILON[shape.bits]!r} * abs(t) + {SMALLEST[shape.bits]!r}",
                "stalled = alive & ((error > 0.0) | (short & (not last)))",
                "accepted = alive & (not stalled)",
                "h_next = step",
            ]
        lines += [f"last = abs(h){stretch} >= abs(remaining)", "step = where(last, remaining, h)"]
        if shape.flat:
            lines.append(f"v, c_next, k_next, error, data = attempt({arguments})")
        else:
            lines.append(f"error = attempt({arguments}, v, c_next, k_next{self._tail(self.method.attempt_buffers())})")
        least = "0.0" if control.fixed else "error"
        lines += [
            f"error = where(error < {UNCOMPARABLE!r}, {least}, {UNCOMPARABLE!r})",
            "accepted = (error <= 1.0) & alive",
        ]
        if control.fixed:
            return [*lines, "h_next = h", "stalled = alive & (error > 1.0)"]
        return [
            *lines,
            *control.factor(method.error_order),
            "factor = where((retry > 0.0) | (error > 1.0), min(factor, 1.0), factor)",
            "h_next = step * factor",
            "h_next = where(abs(h_next) > max_step, where(step < 0.0, -max_step, max_step), h_next)",
            f"stalled = alive & (error > 1.0) & (abs(h_next) <= {10 * EPSILON[shape.bits]!r} * abs(t)"
            f" + {SMALLEST[shape.bits]!r})",
        ]

    def _tail(self, names) -> str:
        return "".join(f", {name}" for name in names)

    def arrive(self) -> list[str]:
        """The time after the step, its low-order digits carried along."""
        return [
            "moved = step + low",
            "t_next = t + moved",
            "low_next = where(last, 0.0, moved - (t_next - t))",
            "t_next = where(last, end, t_next)",
            "reach = abs(step)",
        ]

    def interpolant(self) -> list[str]:
        if self.method.chooses_step:
            return []
        if self.shape.flat:
            return ["q = interpolant(t, u, p, step, v, k, k_next, data)"]
        return [f"interpolant(t, u, p, step, v, k, k_next, q{self._tail(self.method.attempt_buffers())})"]

    def evaluate(self, theta: str) -> list[str]:
        """The state ``w`` at a fraction of the step."""
        return [f"w = evaluate({theta}, u, v, q)" if self.shape.flat else f"evaluate({theta}, u, v, q, w)"]

    def take(self, target: str, source: str, mask: str) -> list[str]:
        """``source`` into ``target`` where the mask holds."""
        if self.shape.flat:
            return [f"{target} = " + self.each(f"where({mask}, {source}[{{i}}], {target}[{{i}}])")]
        return self.loop(f"{target}[i] = where({mask}, {source}[i], {target}[i])")

    def verdict(self) -> list[str]:
        """How the member stands after the attempt, as a number."""
        kinds = self.shape.events
        # Of two literals a choice would be a float64, in single precision too.
        zero, stalled = self.number("0.0"), self.number(repr(STALLED))
        ended = f"where(accepted & last, {ENDED!r}, {zero})"
        if any(kind.terminal for kind in kinds):
            ended = f"where(accepted & last, where(halted, {self.number(repr(STOPPED))}, {ENDED!r}), {zero})"
        return [
            "tried = tried + where(alive, 1.0, 0.0)",
            "taken = taken + where(accepted, 1.0, 0.0)",
            f"flag = {ended}",
            f"flag = where((flag == 0.0) & alive & (tried >= limit), {EXHAUSTED!r}, flag)",
            f"flag = where(stalled, where(error >= {UNCOMPARABLE!r}, {NON_FINITE!r}, {stalled}), flag)",
        ]

    def advance(self) -> list[str]:
        """Take the step where it is accepted."""
        shape = self.shape
        renewed = {"u": "v", "k": "k_next", "c": "c_next"}
        lines = [line for name in self.vectors for line in self.take(name, renewed[name], "accepted")]
        lines += [f"{name} = where(accepted, {name}_next, {name})" for name in ("t", "low")]
        lines.append("h = h_next")
        if not shape.controller.fixed:
            lines.append(f"retry = where(accepted, {self.number('0.0')}, {self.number('1.0')})")
        for age in range(shape.controller.memory, 0, -1):
            newer = "error" if age == 1 else f"error_{age - 1}"
            lines.append(f"error_{age} = where(accepted, max({newer}, {CALM!r}), error_{age})")
        return lines + [f"g{e} = where(accepted, g{e}_next, g{e})" for e in range(len(shape.events))]

    def scatter(self) -> list[str]:
        """The column's numbers, back to memory."""
        shape = self.shape
        lines = []
        if shape.flat:
            lines += [self.store(name, f"{name}[{i}]", i) for name in self.vectors for i in range(shape.dim)]
        names = ["t", "low", "h", "tried", "taken", "flag"]
        if not shape.controller.fixed:
            names.append("retry")
        names += [f"error_{age}" for age in range(1, shape.controller.memory + 1)]
        lines += [self.store(name, name) for name in names]
        return lines + [self.store("g", f"g{e}", e) for e in range(len(shape.events))]
