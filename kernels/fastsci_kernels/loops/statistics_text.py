"""The text that adds a saved state to the running statistics of its members.

Mean and variance follow Welford's update (Technometrics 4 (1962) 419), each sum with the digits that its additions
lose (Knuth's two-sum), so that a million float32 numbers still give a mean correct to rounding.

A member may be gathered on its own or with its neighbours, and its bits must not tell: ``a - (-(b * c))`` is a sum
that neither path makes a fused multiply-add of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .statistics import Reduction


@dataclass(frozen=True)
class StatisticsText:
    """Lines that gather statistics; of flat states the running numbers are a tuple, of long ones rows of ``sums``."""

    reduction: Reduction
    dim: int
    bits: int
    flat: bool
    arrays: bool = False

    @property
    def size(self) -> int:
        """Rows of ``sums`` that are not a histogram's."""
        return self.reduction.rows(self.dim)["all"] - len(self.reduction.histograms)

    def preamble(self, width: int, wrap: str, *, masked: bool = False, suffix: str = "", memory: bool = False) -> str:
        """Functions that gather ``width`` members at once, their names ending in ``suffix``.

        ``masked`` ones take a last argument ``running``, the members that the save belongs to.  The state is a tuple
        or a view, or is in ``memory``, an array: two more arguments are its first row there and its column.
        """
        writer = _Writer(self, width, masked, memory, wrap == "device")
        sources = {"add": writer.add()} if self.size else {}
        if self.size and self.flat:
            sources |= {"take": writer.take(), "put": writer.put()}
        if self.reduction.histograms:
            sources["tally"] = writer.tally()
        return "".join(
            f"\n\ndef {name}{suffix}{source}\n\n{name}{suffix} = {wrap}({name}{suffix})\n"
            for name, source in sources.items()
        )

    def begin(self, column: str = "o", group: str = "", suffix: str = "") -> list[str]:
        """The members' running numbers, ``gathered``, from memory."""
        return [f"gathered{group} = take{suffix}(sums, {column})"] if self.flat and self.size else []

    def add(
        self, state: str, count: str, time: str, *, column: str = "o", group: str = "", suffix: str = "", rest: str = ""
    ) -> list[str]:
        """Add a state, the ``count``th that these members save."""
        lines = []
        arguments = f"table, {count}, {time}, {state}{rest}"
        if self.size:
            call = f"gathered{group} = add{suffix}(gathered{group}, " if self.flat else f"add{suffix}(sums, {column}, "
            lines.append(f"{call}{arguments})")
        if self.reduction.histograms:
            lines.append(f"tally{suffix}(sums, tallies, table, {column}, {state}{rest})")
        return lines

    def end(self, column: str = "o", group: str = "", suffix: str = "") -> list[str]:
        """The members' running numbers, back to memory."""
        return [f"put{suffix}(sums, {column}, gathered{group})"] if self.flat and self.size else []

    def lane(self, place: tuple[str, int, str], count: str, time: str, column: str) -> list[str]:
        """Add one member's state, at an array, a row and a column, by the functions of suffix ``_lane``."""
        array, row, lane = place
        return [
            *self.begin(column, suffix="_lane"),
            *self.add(array, count, time, column=column, suffix="_lane", rest=f", {row}, {lane}"),
            *self.end(column, suffix="_lane"),
            self.remember(count, column),
        ]

    def remember(self, count: str, column: str = "o") -> str:
        """Keep how many states a member has saved, where not all save as many."""
        return f"tallies[{self.reduction.count}, {column}] = {count}"


@dataclass(frozen=True)
class _Writer:
    """Sources for one width and one kind of state, each from the bracket of its arguments on."""

    text: StatisticsText
    width: int
    masked: bool
    memory: bool
    on_cuda: bool

    @property
    def rows(self) -> dict[str, int]:
        return self.text.reduction.rows(self.text.dim)

    def take(self) -> str:
        values = "".join(f"{self._at('sums', row)}, " for row in range(self.text.size))
        return f"(sums, o):\n    return ({values})\n"

    def put(self) -> str:
        lines = [self._store("sums", row, f"gathered[{row}]") for row in range(self.text.size)]
        return "(sums, o, gathered):\n" + "".join(f"    {line}\n" for line in lines)

    def add(self) -> str:
        flat, dim = self.text.flat, self.text.dim
        # One division serves all lanes of a CPU; a GPU has few units for those of float64.
        one, count = (self._number("1.0"), self._number("count")) if self.on_cuda else ("1.0", "count")
        lines = [f"share = {self._number(f'{one} / {count}')}", *self._crossed()]
        changed = dict(self._times())
        if flat:
            for i in range(dim):
                lines += self._component(i)
                changed |= {self.rows[name] + i: value for name, value in self._values(i)}
            values = (self._keep(changed[row], row) for row in range(self.text.size))
            lines.append("return (" + "".join(f"{value}, " for value in values) + ")")
        else:
            inner = self._component("i")
            for name, value in self._values("i"):
                row = f"{self.rows[name]} + i"
                inner.append(self._store("sums", row, self._keep(value, row)))
            lines += [f"for i in range({dim}):", *(f"    {line}" for line in inner)]
            lines += [self._store("sums", row, self._keep(value, row)) for row, value in changed.items()]
        before = "gathered" if flat else "sums, o"
        return f"({before}, table, count, time, u{self._rest}):\n" + "".join(f"    {line}\n" for line in lines)

    @property
    def _rest(self) -> str:
        return ", row, lane" * self.memory + ", running" * self.masked

    def _component(self, i: object) -> list[str]:
        """Lines that work out what component ``i`` adds to mean and variance."""
        reduction, suffix = self.text.reduction, f"_{i}"
        lines = [f"x{suffix} = {self._state(i)}"]
        if reduction.gathers("mean"):
            lines += [
                f"mean{suffix} = {self._old('mean', i)}",
                f"more{suffix} = {self._old('mean_low', i)} - (-(((x{suffix} - mean{suffix})"
                f" - {self._old('mean_low', i)}) * share))",
                *_two_sum("mean", "more", suffix),
            ]
        if reduction.gathers("square"):
            lines += [
                f"square{suffix} = {self._old('square', i)}",
                f"apart{suffix} = (x{suffix} - mean{suffix}) - {self._old('mean_low', i)}",
                f"extra{suffix} = {self._old('square_low', i)}"
                f" - (-(apart{suffix} * ((x{suffix} - mean_next{suffix}) - mean_low{suffix})))",
                *_two_sum("square", "extra", suffix),
            ]
        return lines

    def _values(self, i: object) -> Iterator[tuple[str, str]]:
        """New values of component ``i``'s rows, by name."""
        reduction, x = self.text.reduction, f"x_{i}"
        for name in ("mean", "square"):
            if reduction.gathers(name):
                yield name, f"{name}_next_{i}"
                yield f"{name}_low", f"{name}_low_{i}"
        if reduction.gathers("min"):
            yield "min", f"where({x} < {self._old('min', i)}, {x}, {self._old('min', i)})"
        if reduction.gathers("max"):
            yield "max", f"where({x} > {self._old('max', i)}, {x}, {self._old('max', i)})"
        for c in range(len(reduction.crossings)):
            last = self._old("last", i)
            met = x if reduction.discrete else f"{last} - (-(theta{c} * ({x} - {last})))"
            yield f"crossing{c}", f"where(crossed{c}, {met}, {self._old(f'crossing{c}', i)})"
        if reduction.gathers("last"):
            yield "last", x

    def _crossed(self) -> list[str]:
        """Lines that find which members have crossed each level since their last save, and where between the two."""
        lines = []
        for c, (component, direction) in enumerate(self.text.reduction.crossings):
            level = self._number(f"table[{self.text.reduction.level(c)}]")
            up = f"((before{c} < 0.0) & (after{c} >= 0.0))"
            down = f"((before{c} > 0.0) & (after{c} <= 0.0))"
            lines += [
                f"before{c} = {self._old('last', component)} - {level}",
                f"after{c} = {self._state(component)} - {level}",
                f"crossed{c} = " + {1: up, -1: down, 0: f"({up} | {down})"}[direction],
            ]
            if not self.text.reduction.discrete:
                lines.append(f"theta{c} = before{c} / (before{c} - after{c})")
        return lines

    def _times(self) -> Iterator[tuple[int, str]]:
        """New values of the rows that hold times."""
        reduction = self.text.reduction
        for c in range(len(reduction.crossings)):
            last = self._old("last_time", 0)
            met = "time" if reduction.discrete else f"{last} - (-(theta{c} * (time - {last})))"
            name = f"crossing_time{c}"
            yield self.rows[name], f"where(crossed{c}, {met}, {self._old(name, 0)})"
        if reduction.crossings:
            yield self.rows["last_time"], "time"

    def tally(self) -> str:
        """Source that counts each histogram's component into its bin, lane by lane, as `numpy.histogram` does."""
        reduction = self.text.reduction
        lines = []
        for h, (component, bins) in enumerate(reduction.histograms):
            row, first, edges = self.rows[f"value{h}"], reduction.bins(h).start, reduction.scale(h) + 1
            value = self._state(component)
            lines += [
                self._store("sums", row, f"where(running, {value}, math.inf)" if self.masked else value),
                f"for k in range({self.width}):",
                f"    x = sums[{row}, o + k]",
                f"    if x >= table[{edges}] and x <= table[{edges + bins}]:",
                f"        b = min(int((x - table[{edges}]) * table[{edges - 1}]), {bins - 1})",
                f"        if x < table[{edges} + b]:",
                "            b -= 1",
                f"        elif b < {bins - 1} and x >= table[{edges + 1} + b]:",
                "            b += 1",
                f"        tallies[{first} + b, o + k] += 1",
            ]
        return f"(sums, tallies, table, o, u{self._rest}):\n" + "".join(f"    {line}\n" for line in lines)

    # --- numbers ---

    def _state(self, i: object) -> str:
        return self._at("u", f"row + {i}", "lane") if self.memory else f"u[{i}]"

    def _old(self, name: str, i: object) -> str:
        row = self.rows[name]
        if self.text.flat:
            return f"gathered[{row + int(str(i))}]"
        return self._at("sums", f"{row} + {i}")

    def _keep(self, value: str, row: object) -> str:
        if not self.masked:
            return value
        return f"where(running, {value}, {f'gathered[{row}]' if self.text.flat else self._at('sums', row)})"

    def _at(self, array: str, row: object, column: str = "o") -> str:
        if self.text.arrays:
            return f"{array}[{row}, {column}]"
        return f"load({array}, {row}, {column}, {self.width})"

    def _store(self, array: str, row: object, value: str) -> str:
        if self.text.arrays:
            return f"{array}[{row}, o] = {value}"
        return f"store({array}, {row}, o, {value})"

    def _number(self, value: str) -> str:
        return value if self.text.arrays else f"number({value}, {self.text.bits}, {self.width})"


def _two_sum(total: str, more: str, suffix: str) -> list[str]:
    """The sum of two numbers, and exactly what its rounding loses."""
    after, part, low = f"{total}_next{suffix}", f"part_{total}{suffix}", f"{total}_low{suffix}"
    total, more = f"{total}{suffix}", f"{more}{suffix}"
    return [
        f"{after} = {total} + {more}",
        f"{part} = {after} - {total}",
        f"{low} = ({total} - ({after} - {part})) + ({more} - {part})",
    ]
