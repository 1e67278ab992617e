"""The lines of an adaptive step that all targets share: attempt, accept, control, events, saves.

One text serves every method, number type and style of right-hand side.  The state of a member is a column of numbers
in the rows of ``work``; what is done with it is written for one column or, on lanes, for ``width`` neighbours at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..methods.adaptive import AdaptiveMethod
from ..methods.control import Controller
from ..methods.method import in_place, is_flat
from .driver_text import TUPLE_LIMIT

EPSILON = {32: 1.2e-7, 64: 2.3e-16}
SMALLEST = {32: 1e-36, 64: 1e-300}  # a step below this is none, even at t = 0
UNCOMPARABLE = 1e30  # stands for an error that is infinite or NaN
ENDED, NON_FINITE, STALLED, EXHAUSTED, STOPPED, RAISED = 1.0, 2.0, 3.0, 4.0, 5.0, 6.0
ROOT_ITERATIONS = 100
PIECES = 4  # of a step, each looked at for events
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

    @property
    def flat(self) -> bool:
        return is_flat(self.style, self.dim)


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
            "k": shape.dim,
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

    # --- the functions that the body calls ---

    def preamble(self, wrap: str) -> str:
        """``rhs``, the user's further functions, the method's attempt and interpolant, all compiled by ``wrap``."""
        shape, method = self.shape, self.method
        lines = "".join(f"{line}\n" for line in method.imports)
        parts = [("rhs", "slope")] + [
            (f"apply{e}", f"user_apply{e}") for e, kind in enumerate(shape.events) if kind.applies
        ]
        for name, function in parts:
            if shape.style == "tuple" and not shape.flat:
                lines += f"{in_place(name, function, shape.dim)}\n{name} = {wrap}({name})\n"
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
        lines += method.preamble(shape.style, shape.flat, shape.dim, shape.bits, shape.width, wrap)
        kind = "flat" if shape.flat else "long"
        attempt = getattr(method, f"{kind}_attempt")(shape.dim, shape.compensated)
        interpolant = getattr(method, f"{kind}_interpolant")(shape.dim)
        for name, source in (("attempt", attempt), ("interpolant", interpolant), ("evaluate", self._evaluate())):
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
            names = ("u", "k", "c") if shape.compensated else ("u", "k")
            lines += [
                f"{name} = (" + "".join(f"{self.load(name, i)}, " for i in range(shape.dim)) + ")" for name in names
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
            lines += [
                "limit_step = where(abs(remaining) < max_step, remaining, where(remaining < 0.0, -max_step, max_step))",
                "v, c_next, step, q = attempt(t, u, c, p, limit_step, rtol, atol)",
                "last = abs(step) >= abs(remaining)",
                "error = " + " + ".join(f"(v[{i}] - v[{i}])" for i in range(shape.dim)),
                "accepted = (error == 0.0) & alive",
                "k_next = k",
                "h_next = step",
                "stalled = alive & (error != 0.0)",
                f"error = where(error == 0.0, 0.0, {UNCOMPARABLE!r})",
            ]
            return lines
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

    # --- events ---

    def events(self, record: Callable[[int], list[str]]) -> list[str]:
        """Where in the step the members meet their events, piece by piece of the step, from start to end.

        ``record(e)`` are the lines that write event ``e`` down for the columns ``met{e}`` at ``theta`` and ``w``.  A
        member that an event stops goes no further: ``stop`` is where, as a fraction of the step, 2 where nothing
        does.
        """
        kinds = self.shape.events
        lines = [*self.interpolant(), f"stop = {self.number('2.0')}"]
        lines += [f"before{e} = g{e}" for e in range(len(kinds))]
        piece = [
            f"from_ = {self.number('piece')} * {1.0 / PIECES!r}",
            f"to = {self.number('piece + 1')} * {1.0 / PIECES!r}",
            *self.evaluate("to"),
            "at = t + (low + to * step)",
            "at = where(to >= 1.0, t_next, at)",
            *(f"after{e} = event{e}(at, w, p)" for e in range(len(kinds))),
        ]
        for e, kind in enumerate(kinds):
            up = f"((before{e} < 0.0) & (after{e} >= 0.0))"
            down = f"((before{e} > 0.0) & (after{e} <= 0.0))"
            test = {1: up, -1: down, 0: f"({up} | {down})"}[kind.direction]
            piece.append(f"met{e} = accepted & (stop > 1.0) & {test}")
        inner: list[str] = []
        for e in range(len(kinds)):
            inner += self._root(e)
        stopping = [e for e, kind in enumerate(kinds) if kind.stops]
        if stopping:
            inner.append("stop_here = " + self._smallest([f"where(met{e}, root{e}, 2.0)" for e in stopping]))
            inner += [f"met{e} = met{e} & (root{e} <= stop_here)" for e in range(len(kinds))]
            inner.append("stop = min(stop, stop_here)")
            inner += [f"stopped{e} = stopped{e} | met{e}" for e in stopping]
        for e in range(len(kinds)):
            inner += [f"if any_lane(met{e}):", f"    theta = where(met{e}, root{e}, 1.0)"]
            inner += [f"    {line}" for line in (*self.evaluate("theta"), *record(e))]
        piece += ["if any_lane(" + " | ".join(f"met{e}" for e in range(len(kinds))) + "):"]
        piece += [f"    {line}" for line in inner]
        piece += [f"before{e} = after{e}" for e in range(len(kinds))]
        lines += [f"stopped{e} = alive & (not alive)" for e in stopping]
        lines += [
            "if any_lane(accepted):",
            f"    for piece in range({PIECES}):",
            *(f"        {line}" for line in piece),
        ]
        lines += [f"g{e}_next = before{e}" for e in range(len(kinds))]
        if stopping:
            lines.append("reach = where(stop <= 1.0, abs(stop * step), reach)")
        return lines

    def _smallest(self, values: list[str]) -> str:
        text = values[0]
        for value in values[1:]:
            text = f"min({text}, {value})"
        return text

    def _root(self, e: int) -> list[str]:
        """Bracketing with Illinois' false position and every third time a bisection, until the bracket is closed."""
        tolerance = 4 * EPSILON[self.shape.bits]
        return [
            "left = from_",
            "right = to",
            f"at_left = where(met{e}, before{e}, -1.0)",
            f"at_right = where(met{e}, after{e}, 1.0)",
            f"for iteration in range({ROOT_ITERATIONS}):",
            f"    open_ = met{e} & (right - left > {tolerance!r}) & (at_right != 0.0)",
            "    if not any_lane(open_):",
            "        break",
            "    theta = 0.5 * (left + right)",
            "    if iteration % 3 != 2:",
            "        secant = right - at_right * ((right - left) / (at_right - at_left))",
            "        theta = where((secant > left) & (secant < right), secant, theta)",
            *(f"    {line}" for line in self.evaluate("theta")),
            f"    value = event{e}(t + (low + theta * step), w, p)",
            "    crossed = ((value >= 0.0) & (at_right >= 0.0)) | ((value <= 0.0) & (at_right <= 0.0))",
            "    at_left = where(open_, where(crossed, 0.5 * at_left, value), at_left)",
            "    at_right = where(open_, where(crossed, value, 0.5 * at_right), at_right)",
            "    left = where(open_ & (not crossed), theta, left)",
            "    right = where(open_ & crossed, theta, right)",
            f"root{e} = right",
        ]

    def stop(self) -> list[str]:
        """End the step where an event stopped it, and let the event change the state."""
        kinds, flat = self.shape.events, self.shape.flat
        stopping = [e for e, kind in enumerate(kinds) if kind.stops]
        if not stopping:
            return []
        halt = " | ".join(f"stopped{e}" for e in stopping if kinds[e].terminal) or "alive & (not alive)"
        body = [
            "theta = where(stopped, stop, 1.0)",
            *self.evaluate("theta"),
            "moved = low + theta * step",
            "t_stop = t + moved",
            "low_next = where(stopped, moved - (t_stop - t), low_next)",
            "t_next = where(stopped, t_stop, t_next)",
            *self._take("v", "w", "stopped"),
        ]
        for e in stopping:
            if kinds[e].applies:
                body.append(f"w = apply{e}(t_next, v, p)" if flat else f"apply{e}(t_next, v, p, w)")
                body += self._take("v", "w", f"stopped{e}")
        body += ["w = rhs(t_next, v, p)" if flat else "rhs(t_next, v, p, w)", *self._take("k_next", "w", "stopped")]
        if not self.shape.controller.fixed:
            body += self._restart()
        for e, kind in enumerate(kinds):
            value = f"event{e}(t_next, v, p)"
            # The event that stopped the step starts from zero: it must cross anew.
            zero = f"where(stopped{e}, 0.0, {value})" if kind.stops else value
            body.append(f"g{e}_next = where(stopped, {zero}, g{e}_next)")
        return [
            f"halted = {halt}",
            "stopped = " + " | ".join(f"stopped{e}" for e in stopping),
            "last = (last & (not stopped)) | halted",
            "if any_lane(stopped):",
            *(f"    {line}" for line in body),
        ]

    def _take(self, target: str, source: str, mask: str) -> list[str]:
        """``source`` into ``target`` where the mask holds."""
        if self.shape.flat:
            return [f"{target} = " + self.each(f"where({mask}, {source}[{{i}}], {target}[{{i}}])")]
        return self.loop(f"{target}[i] = where({mask}, {source}[i], {target}[i])")

    def _restart(self) -> list[str]:
        """A cautious step after a jump, whose error nothing is known of: a hundredth of the state over its slope."""
        if self.shape.flat:
            lines = ["size = " + " + ".join(f"abs(v[{i}])" for i in range(self.shape.dim))]
            lines.append("speed = " + " + ".join(f"abs(k_next[{i}])" for i in range(self.shape.dim)))
        else:
            lines = [f"size = {self.number('0.0')}", f"speed = {self.number('0.0')}"]
            lines += self.loop("size = size + abs(v[i])") + self.loop("speed = speed + abs(k_next[i])")
        lines.append("cautious = where((speed > 0.0) & (size > 0.0), 0.01 * (size / speed), 1e-6)")
        lines.append("cautious = where(step < 0.0, -cautious, cautious)")
        return [*lines, "h_next = where(stopped & (abs(cautious) < abs(h_next)), cautious, h_next)"]

    def verdict(self) -> list[str]:
        """How the member stands after the attempt, as a number."""
        kinds = self.shape.events
        ended = f"where(accepted & last, {ENDED!r}, 0.0)"
        if any(kind.terminal for kind in kinds):
            ended = f"where(accepted & last, where(halted, {STOPPED!r}, {ENDED!r}), 0.0)"
        return [
            "tried = tried + where(alive, 1.0, 0.0)",
            "taken = taken + where(accepted, 1.0, 0.0)",
            f"flag = {ended}",
            f"flag = where((flag == 0.0) & alive & (tried >= limit), {EXHAUSTED!r}, flag)",
            f"flag = where(stalled, where(error >= {UNCOMPARABLE!r}, {NON_FINITE!r}, {STALLED!r}), flag)",
        ]

    def scatter(self) -> list[str]:
        """The column's numbers, back to memory."""
        shape = self.shape
        lines = []
        if shape.flat:
            for i in range(shape.dim):
                lines.append(self.store("u", f"where(accepted, v[{i}], u[{i}])", i))
                lines.append(self.store("k", f"where(accepted, k_next[{i}], k[{i}])", i))
                if shape.compensated:
                    lines.append(self.store("c", f"where(accepted, c_next[{i}], c[{i}])", i))
        else:
            pairs = (("u", "v"), ("k", "k_next"), *([("c", "c_next")] if shape.compensated else []))
            for name, new in pairs:
                lines += self._take(name, new, "accepted")
        lines += [
            self.store("t", "where(accepted, t_next, t)"),
            self.store("low", "where(accepted, low_next, low)"),
            self.store("h", "h_next"),
            self.store("tried", "tried"),
            self.store("taken", "taken"),
            self.store("flag", "flag"),
        ]
        if not shape.controller.fixed:
            lines.append(self.store("retry", "where(accepted, 0.0, 1.0)"))
        memory = shape.controller.memory
        for age in range(memory, 0, -1):
            newer = "error" if age == 1 else f"error_{age - 1}"
            lines.append(self.store(f"error_{age}", f"where(accepted, max({newer}, {CALM!r}), error_{age})"))
        lines += [self.store("g", f"where(accepted, g{e}_next, g{e})", e) for e in range(len(shape.events))]
        return lines
