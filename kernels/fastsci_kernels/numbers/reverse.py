"""The transposed derivative of a plain right-hand side, by a reverse sweep over the operations it does.

The function is run once on symbols (`taylor_trace`).  Walked backwards, every operation hands the cotangent of its
result on to its operands, by the very rule that carries tangents forward (`dual_formulas`): a rule is linear in each
tangent, so what it makes of a cotangent is that operand's share.  The cotangents are recorded on the same tape, where
what has been computed before stands already.  The cost is a small multiple of the function's own, whatever the number
of components (Griewank and Walther, Evaluating Derivatives, 2nd ed., 2008, section 3.2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from ..compile import CompilationError
from .dual_formulas import ARITHMETIC, ZERO, general_power
from .dual_formulas import FUNCTIONS as ELEMENTARY
from .taylor_functions import FUNCTIONS
from .taylor_tape import Operand, Operation, Tape
from .taylor_trace import Symbol, trace

LONGEST_STATE = 1000
LONGEST_TAPE = 10_000  # operations of a function and of its transposed derivative
LONGEST_TEXT = 4000  # operations that the latter needs; a quarter of a minute to compile
WEIGHT = 25  # operations that take as long to compile as one function of math

# The names that rules use for functions which the tape knows by another.
_ON_TAPE = {"pow": "power", "absolute": "abs"}
_RULES: dict[str, Callable] = {
    FUNCTIONS[function]: rule
    for functions, rule in (*ARITHMETIC, *ELEMENTARY)
    for function in functions
    if function in FUNCTIONS
}
_RULES["power"] = general_power
_RULES["where"] = lambda m, mask, a, b: (None, lambda dmask, da, db: m.where(mask, da, db))

_INPUTS = {"time": "t", "state": "u[{}]", "parameter": "p[{}]", "cotangent": "k[{}]"}
_TEXT = {
    **{"add": "{} + {}", "subtract": "{} - {}", "multiply": "{} * {}", "divide": "{} / {}", "power": "{} ** {}"},
    **{"negative": "-{}", "abs": "abs({})", "minimum": "min({}, {})", "maximum": "max({}, {})"},
    "where": "where({}, {}, {})",
    **{sign: f"{{}} {sign} {{}}" for sign in ("<", "<=", ">", ">=", "==", "!=", "&", "|", "^")},
}


@dataclass(frozen=True)
class Reverse:
    """A transposed derivative as operations: what comes of the cotangent for every component and parameter.

    An entry that is a number is constant, zero where nothing depends on it.
    """

    state: tuple[Operand, ...]
    params: tuple[Operand, ...]

    @property
    def cost(self) -> int:
        """Operations, in the time that they take to compile."""
        known: dict[Operation, str] = {}
        for result in (*self.state, *self.params):
            for operation in _missing(result, known):
                known[operation] = ""
        return sum(1 if one.name in _INPUTS or one.name in _TEXT else WEIGHT for one in known)

    def lines(self, put: Callable[[str, int, str], str], constant: str = "{}") -> Iterator[str]:
        """Statements that read ``t``, ``u``, ``p`` and the cotangent ``k``; ``put(which, index, value)`` is the one
        that takes a result, of ``which`` "state" or "params", and ``constant`` the form of a result that is a number.

        An operation stands right before its first use, so that little has to be kept on the way.
        """
        names: dict[Operation, str] = {}
        for which, results in (("state", self.state), ("params", self.params)):
            for index, result in enumerate(results):
                for operation in _missing(result, names):
                    names[operation] = f"a{len(names)}"
                    yield f"{names[operation]} = {_expression(operation, names)}"
                value = _text(result, names)
                yield put(which, index, value if isinstance(result, Operation) else constant.format(value))


def reverse(fun: FunctionType, *, style: str, dim: int, n_params: int, by_params: bool) -> Reverse:
    """The transposed derivative of ``fun``, by its parameters too with ``by_params``.

    Raises
    ------
    CompilationError
        The function branches on its state or does too much, so that it cannot be written as one line of operations.
    """
    tape = Tape(LONGEST_TAPE)
    traced = trace(fun, style=style, dim=dim, n_params=n_params, longest=LONGEST_STATE, tape=tape)
    params = [tape.input("parameter", index, False) for index in range(n_params if by_params else 0)]
    active = _active({*traced.state, *params}, tape)
    done = list(tape.operations)
    bars: dict[Operation, Any] = {}
    try:
        for index, slope in enumerate(traced.slopes):
            if slope in active:
                _add(bars, slope, Symbol(tape, tape.input("cotangent", index, True)))
        for operation in reversed(done):
            if operation in bars and operation.operands and operation.name not in _INPUTS:
                _hand_on(tape, operation, bars, active)
    except TypeError as error:
        raise CompilationError(f"{fun.__name__} has no reverse sweep: {error}") from None
    swept = Reverse(*(tuple(_operand(bars.get(one, 0.0)) for one in ones) for ones in (traced.state, params)))
    if swept.cost > LONGEST_TEXT:
        raise CompilationError(f"{fun.__name__} has no reverse sweep: it takes {swept.cost} operations")
    return swept


class _OnTape:
    """The namespace of the rules: functions that record what they are called on."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def where(self, mask, a, b):
        return ZERO if a is ZERO and b is ZERO else self.call("where", mask, a, b)

    def call(self, name: str, *values: Any) -> Any:
        result = self.tape.record(name, *map(_operand, values))
        return Symbol(self.tape, result) if isinstance(result, Operation) else result

    def __getattr__(self, name: str):
        return lambda *values: self.call(_ON_TAPE.get(name, name), *values)


def _operand(value: Any) -> Operand:
    if value is ZERO:
        return 0.0
    return value.operation if isinstance(value, Symbol) else float(value)


def _active(inputs: set[Operation], tape: Tape) -> set[Operand]:
    """The operations that a derivative passes through."""
    active: set[Operand] = set(inputs)
    for operation in tape.operations:
        if operation.name in _RULES and any(operand in active for operand in operation.operands):
            active.add(operation)
    return active


def _hand_on(tape: Tape, operation: Operation, bars: dict[Operation, Any], active: set[Operand]) -> None:
    """Add to the operands' cotangents what the operation makes of its own."""
    operands = operation.operands
    values = [Symbol(tape, operand) if isinstance(operand, Operation) else operand for operand in operands]
    _, along = _RULES[operation.name](_OnTape(tape), *values)
    bar, minus = _unsigned(bars[operation])
    for place, operand in enumerate(operands):
        if isinstance(operand, Operation) and operand in active:
            share = along(*(bar if place == other else ZERO for other in range(len(operands))))
            if share is not ZERO:
                _add(bars, operand, share, minus)


def _add(bars: dict[Operation, Any], operation: Any, share: Any, minus: bool = False) -> None:
    """Signs are carried to the sums, so that a negative product there is one fused multiply-add."""
    share, inner_minus = _unsigned(share)
    minus ^= inner_minus
    if operation not in bars:
        bars[operation] = -share if minus else share
        return
    total, total_minus = _unsigned(bars[operation])
    if total_minus:
        bars[operation] = -(total + share) if minus else share - total
    else:
        bars[operation] = total - share if minus else total + share


def _unsigned(value: Any) -> tuple[Any, bool]:
    """A value without the minus before it, and whether there was one."""
    if isinstance(value, Symbol) and value.operation.name == "negative":
        (inner,) = value.operation.operands
        return (Symbol(value.tape, inner) if isinstance(inner, Operation) else inner), True
    return value, False


def _missing(result: Operand, names: dict[Operation, str]) -> Iterator[Operation]:
    """The operations that a result needs and that have no name yet, operands first; the caller names each."""
    waiting = [result] if isinstance(result, Operation) else []
    while waiting:
        operation = waiting[-1]
        inner = () if operation.name in _INPUTS else operation.operands
        needed = [operand for operand in inner if isinstance(operand, Operation) and operand not in names]
        if operation in names or not needed:
            waiting.pop()
        if operation not in names:
            if needed:
                waiting += reversed(needed)
            else:
                yield operation


def _expression(operation: Operation, names: dict[Operation, str]) -> str:
    if operation.name in _INPUTS:
        return _INPUTS[operation.name].format(*operation.operands)
    arguments = [_text(operand, names) for operand in operation.operands]
    if operation.name in _TEXT:
        return _TEXT[operation.name].format(*arguments)
    return f"math.{operation.name}({', '.join(arguments)})"


def _text(operand: Operand, names: dict[Operation, str]) -> str:
    if isinstance(operand, Operation):
        return names[operand]
    if not math.isfinite(operand):
        return "math.nan" if math.isnan(operand) else "math.inf" if operand > 0 else "(-math.inf)"
    return f"({operand!r})" if operand < 0 else repr(float(operand))
