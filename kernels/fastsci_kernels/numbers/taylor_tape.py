"""A right-hand side as a straight line of operations on numbers, in the order in which they are done."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from .taylor_functions import LARGEST_UNROLLED

LONGEST_TAPE = 2000  # operations; of lowest order they are about as many lines as can be compiled


@dataclass(frozen=True, eq=False)
class Operation:
    """One step of the line; ``varies`` where its value depends on the time or on the state."""

    name: str
    operands: tuple[Operation | float | int, ...]
    varies: bool


Operand = Operation | float


class Tape:
    """Operations in the order in which they were done; the same operation on the same operands stands once."""

    def __init__(self, longest: int = LONGEST_TAPE) -> None:
        self.longest = longest
        self.operations: list[Operation] = []
        self._known: dict[tuple, Operation] = {}

    def input(self, name: str, index: int, varies: bool) -> Operation:
        return self._enter(name, (index,), varies)

    def record(self, name: str, *operands: Operand) -> Operand:
        if name in _SHORTHANDS:
            return _SHORTHANDS[name](self, *operands)
        if len(operands) != _ARITY.get(name, 1):
            raise TypeError(f"it calls {name} with {len(operands)} arguments")
        neutrals: dict[str, float] = {"add": 0.0, "multiply": 1.0}
        neutral = neutrals.get(name)
        if neutral is not None and neutral in operands:
            return operands[1] if operands[0] == neutral else operands[0]
        return self.enter(name, *operands)

    def enter(self, name: str, *operands: Operand) -> Operation:
        """An operation as it stands."""
        varies = any(isinstance(operand, Operation) and operand.varies for operand in operands)
        return self._enter(name, operands, varies)

    def _enter(self, name: str, operands: tuple, varies: bool) -> Operation:
        key = (name, *operands)
        if key not in self._known:
            if len(self.operations) >= self.longest:
                raise TypeError(f"it takes more than {self.longest} operations")
            self._known[key] = Operation(name, operands, varies)
            self.operations.append(self._known[key])
        return self._known[key]

    def power(self, base: Operand, exponent: Operand) -> Operand:
        """Whole powers are products, which have a series about zero too."""
        if isinstance(exponent, Operation) and exponent.varies:
            return self.record("exp", self.record("multiply", exponent, self._log(base)))
        if isinstance(exponent, Operation) or exponent != int(exponent) or abs(exponent) > LARGEST_UNROLLED:
            if exponent == 0.5:
                return self.record("sqrt", base)
            return self.enter("power", base, exponent)
        if exponent < 0:
            return self.record("divide", 1.0, self._whole_power(base, -int(exponent)))
        return self._whole_power(base, int(exponent))

    def _log(self, base: Operand) -> Operand:
        return self.record("log", base) if isinstance(base, Operation) else math.log(base)

    def _whole_power(self, base: Operand, exponent: int) -> Operand:
        if exponent < 2:
            return base if exponent else 1.0
        half = self._whole_power(base, exponent // 2)
        square = self.record("multiply", half, half)
        return self.record("multiply", square, base) if exponent % 2 else square


_ARITY: dict[str, int] = dict.fromkeys(
    ("add", "subtract", "multiply", "divide", "minimum", "maximum", "hypot", "atan2"), 2
)
_ARITY.update(dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "&", "|", "^"), 2), where=3)


def _logarithm(tape: Tape, a: Operand, base: Operand = math.e) -> Operand:
    natural = tape.enter("log", a)
    if base == math.e:
        return natural
    return tape.record("divide", natural, tape.enter("log", base) if isinstance(base, Operation) else math.log(base))


_SHORTHANDS: dict[str, Callable[..., Operand]] = {
    "power": Tape.power,
    "log": _logarithm,
    "square": lambda tape, a: tape.record("multiply", a, a),
    "reciprocal": lambda tape, a: tape.record("divide", 1.0, a),
    "radians": lambda tape, a: tape.record("multiply", a, math.pi / 180.0),
    "degrees": lambda tape, a: tape.record("multiply", a, 180.0 / math.pi),
}
