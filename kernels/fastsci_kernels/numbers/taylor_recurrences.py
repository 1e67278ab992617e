"""How each function's Taylor coefficients follow from those of its argument.

The recurrences are those of A. Jorba and M. Zou, Experimental Mathematics 14, 99 (2005), section 2, and of A. Griewank
and A. Walther, Evaluating Derivatives (SIAM, 2008), chapter 13: a function that solves a differential equation,
w' = e(a) a', gives k w_k = sum_j j a_j e_(k-j).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from .taylor_sums import MOST_FACTORS, MOST_TERMS, SUBTRACTED
from .taylor_tape import Operand, Operation, Tape

Value = str | None  # a name, a literal, or either with a minus before it; None where the coefficient is zero


def _literal(value: float) -> str:
    text = repr(float(value))
    return text if math.isfinite(value) else text.replace("inf", "math.inf").replace("nan", "math.nan")


def negated(value: Value) -> Value:
    return value and (value[1:] if value.startswith("-") else f"-{value}")


class Coefficients:
    """Lines of Python that compute coefficient after coefficient of the operations on a tape."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.lines: list[str] = []
        self._names: dict[str, str] = {}
        self._values: dict[tuple[Operation, int], Value] = {}

    def define(self, expression: str) -> str:
        """The name of an expression's value; the same expression is computed once."""
        if expression not in self._names:
            self._names[expression] = f"a{len(self._names)}"
            self.lines.append(f"{self._names[expression]} = {expression}")
        return self._names[expression]

    def put(self, operation: Operation, k: int, value: Value) -> None:
        self._values[operation, k] = value

    def of(self, operand: Operand, k: int) -> Value:
        """Coefficient ``k`` of an operand."""
        if not isinstance(operand, Operation):
            return _literal(operand) if k == 0 else None
        if (operand, k) not in self._values:
            constant = k > 0 and not operand.varies
            self._values[operand, k] = None if constant else _recurrence(self, operand, k)
        return self._values[operand, k]

    def sum(self, terms: list[tuple[Value, ...]]) -> Value:
        """The sum of products of values; where its first term is negative, the negative of a name."""
        signed: list[tuple[bool, list[str]]] = []
        for factors in terms:
            present = [factor for factor in factors if factor is not None]
            if len(present) == len(factors):
                minus = sum(factor.startswith("-") for factor in present) % 2 == 1
                names = [factor.removeprefix("-") for factor in present]
                signed.append((minus, [name for name in names if name != "1.0"] or ["1.0"]))
        if not signed:
            return None
        first, names = signed[0]
        name = names[0] if len(signed) == len(names) == 1 else self._combination(signed, first)
        return negated(name) if first else name

    def _combination(self, signed: list[tuple[bool, list[str]]], first: bool) -> str:
        count, factors = 0, 0
        while count < min(len(signed), MOST_TERMS) and factors + len(signed[count][1]) <= MOST_FACTORS:
            factors += len(signed[count][1])
            count += 1
        digits = "".join(str(len(names) + SUBTRACTED * (minus != first)) for minus, names in signed[:count])
        arguments = ", ".join(name for _, names in signed[:count] for name in names)
        total = self.define(f"combination(0o{digits}, {arguments})")
        return total if count == len(signed) else self._combination([(first, [total]), *signed[count:]], first)

    def convolution(self, a: Operand, b: Operand, k: int) -> Value:
        """Coefficient ``k`` of a product.

        What is known longest is added first: the sum then waits for the newest coefficients alone.
        """
        return self.sum([(self.of(a, i), self.of(b, k - i)) for i in _from_the_middle(0, k)])

    def half_square(self, a: Operation, first: int, k: int) -> tuple[Value, Value]:
        """Two addends, twice the sum of the mixed products and the middle square, of a_i a_(k-i), i >= first."""
        mixed = [i for i in _from_the_middle(first, k - first) if 2 * i > k]
        double = self.sum([("2.0", self.sum([(self.of(a, i), self.of(a, k - i)) for i in mixed]))])
        middle = self.of(a, k // 2) if k % 2 == 0 and first <= k // 2 else None
        return double, self.sum([(middle, middle)])

    def weighted(self, a: Operand, e: Operand, k: int, last: int) -> Value:
        """sum_(j=1..last) j a_j e_(k-j)."""
        return self.sum([(self.sum([(repr(float(j)), self.of(a, j))]), self.of(e, k - j)) for j in range(1, last + 1)])

    def integral(self, a: Operand, e: Operand, k: int) -> Value:
        """Coefficient ``k`` of w where w' = e a'."""
        return self.sum([(repr(1.0 / k), self.weighted(a, e, k, k))])

    def reciprocal(self, operand: Operand) -> Value:
        """One over the leading coefficient."""
        if not isinstance(operand, Operation):
            return _literal(1.0 / operand if operand else math.copysign(math.inf, operand))
        leading = self.of(operand, 0)
        if leading is None:
            return "math.inf"
        name = self.define(f"1.0 / {leading.removeprefix('-')}")
        return negated(name) if leading.startswith("-") else name

    def leading(self, function: str, *operands: Operand) -> str:
        arguments = [self.of(operand, 0) or "0.0" for operand in operands]
        return self.define(f"{function}({', '.join(arguments)})")


def _from_the_middle(first: int, last: int) -> list[int]:
    return sorted(range(first, last + 1), key=lambda i: abs(2 * i - first - last))


def _multiply(c: Coefficients, k: int, w: Operation, a: Operand, b: Operand) -> Value:
    if a is b and isinstance(a, Operation):
        double, middle = c.half_square(a, 0, k)
        return c.sum([(double,), (middle,)])
    if not _varies(a) or not _varies(b):
        constant, series = (b, a) if _varies(a) else (a, b)
        return c.sum([(c.of(constant, 0), c.of(series, k))])
    return c.convolution(a, b, k)


def _divide(c: Coefficients, k: int, w: Operation, a: Operand, b: Operand) -> Value:
    if k == 0:
        return c.define(f"{c.of(a, 0) or '0.0'} / {c.of(b, 0) or '0.0'}")
    known = [(negated(c.of(b, j)), c.of(w, k - j)) for j in range(k, 0, -1)] if _varies(b) else []
    return c.sum([(c.reciprocal(b), c.sum([(c.of(a, k),), *known]))])


def _sqrt(c: Coefficients, k: int, w: Operation, a: Operand) -> Value:
    if k == 0:
        return c.leading("math.sqrt", a)
    double, middle = c.half_square(w, 1, k)
    rest = c.sum([(c.of(a, k),), (negated(double),), (negated(middle),)])
    return c.sum([(c.reciprocal(w), "0.5", rest)])


def _power(c: Coefficients, k: int, w: Operation, a: Operand, exponent: Operand) -> Value:
    if k == 0:
        return c.define(f"({c.of(a, 0) or '0.0'}) ** {c.of(exponent, 0)}")
    return _power_rest(c, k, w, a, exponent)


def _cbrt(c: Coefficients, k: int, w: Operation, a: Operand) -> Value:
    return c.leading("math.cbrt", a) if k == 0 else _power_rest(c, k, w, a, 1.0 / 3.0)


def _power_rest(c: Coefficients, k: int, w: Operation, a: Operand, exponent: Operand) -> Value:
    """From a w' = exponent a' w: k a_0 w_k = sum_j (exponent j - (k - j)) a_j w_(k-j)."""
    terms = []
    for j in range(1, k + 1):
        if isinstance(exponent, Operation):
            weight = c.define(f"{c.of(exponent, 0)} * {float(j)!r} - {float(k - j)!r}")
        else:
            weight = repr(exponent * j - (k - j))
        terms.append((weight, c.of(a, j), c.of(w, k - j)))
    return c.sum([(repr(1.0 / k), c.sum(terms), c.reciprocal(a))])


def _hypot(c: Coefficients, k: int, w: Operation, a: Operand, b: Operand) -> Value:
    if k == 0:
        return c.leading("math.hypot", a, b)
    squares = [c.tape.record("multiply", operand, operand) for operand in (a, b) if _varies(operand)]
    double, middle = c.half_square(w, 1, k)
    rest = c.sum([*((c.of(square, k),) for square in squares), (negated(double),), (negated(middle),)])
    return c.sum([(c.reciprocal(w), "0.5", rest)])


def _solves(function: str, derivative: Callable[[Tape, Operand, Operation], Operand]) -> Callable[..., Value]:
    """w = f(a) where w' = e a' and ``derivative`` puts e on the tape."""

    def recurrence(c: Coefficients, k: int, w: Operation, a: Operand) -> Value:
        return c.leading(function, a) if k == 0 else c.integral(a, derivative(c.tape, a, w), k)

    return recurrence


def _solves_quotient(function: str, denominator: Callable[[Tape, Operand], Operand]) -> Callable[..., Value]:
    """w = f(a) where b w' = a' and ``denominator`` puts b on the tape."""

    def recurrence(c: Coefficients, k: int, w: Operation, a: Operand) -> Value:
        if k == 0:
            return c.leading(function, a)
        b = denominator(c.tape, a)
        known = c.sum([(repr(-1.0 / k), c.weighted(w, b, k, k - 1))])
        return c.sum([(c.reciprocal(b), c.sum([(c.of(a, k),), (known,)]))])

    return recurrence


def _atan2(c: Coefficients, k: int, w: Operation, y: Operand, x: Operand) -> Value:
    """(x^2 + y^2) w' = x y' - y x'."""
    if k == 0:
        return c.leading("math.atan2", y, x)
    b = c.tape.record("add", c.tape.record("multiply", x, x), c.tape.record("multiply", y, y))
    turning = c.sum([(c.weighted(y, x, k, k),), (negated(c.weighted(x, y, k, k)),)])
    rest = c.sum([(turning,), (negated(c.weighted(w, b, k, k - 1)),)])
    return c.sum([(repr(1.0 / k), rest, c.reciprocal(b))])


def _select(c: Coefficients, mask: Value, a: Value, b: Value) -> Value:
    if a == b:
        return a
    return c.define(f"where({mask}, {a or '0.0'}, {b or '0.0'})")


def _abs(c: Coefficients, k: int, w: Operation, a: Operand) -> Value:
    if k == 0:
        return c.leading("abs", a)
    return _select(c, c.define(f"{c.of(a, 0)} < 0.0"), negated(c.of(a, k)), c.of(a, k))


def _extreme(function: str, sign: str) -> Callable[..., Value]:
    def recurrence(c: Coefficients, k: int, w: Operation, a: Operand, b: Operand) -> Value:
        if k == 0:
            return c.leading(function, a, b)
        mask = c.define(f"{c.of(b, 0) or '0.0'} {sign} {c.of(a, 0) or '0.0'}")
        return _select(c, mask, c.of(b, k), c.of(a, k))

    return recurrence


def _where(c: Coefficients, k: int, w: Operation, mask: Operand, a: Operand, b: Operand) -> Value:
    return _select(c, c.of(mask, 0), c.of(a, k), c.of(b, k))


def _truth(sign: str) -> Callable[..., Value]:
    def recurrence(c: Coefficients, k: int, w: Operation, a: Operand, b: Operand) -> Value:
        return c.define(f"({c.of(a, 0) or '0.0'}) {sign} ({c.of(b, 0) or '0.0'})") if k == 0 else None

    return recurrence


def _add(c: Coefficients, k: int, w: Operation, a: Operand, b: Operand) -> Value:
    return c.sum([(c.of(a, k),), (c.of(b, k),)])


def _subtract(c: Coefficients, k: int, w: Operation, a: Operand, b: Operand) -> Value:
    return c.sum([(c.of(a, k),), (negated(c.of(b, k)),)])


def _with_square(sign: float, constant: float) -> Callable[[Tape, Operand], Operand]:
    """constant + sign a^2."""

    def polynomial(tape: Tape, a: Operand) -> Operand:
        square = tape.record("multiply", a, a)
        if sign < 0.0:
            return tape.record("subtract", constant, square)
        return tape.record("add", square, constant)

    return polynomial


def _root(polynomial: Callable[[Tape, Operand], Operand]) -> Callable[[Tape, Operand], Operand]:
    return lambda tape, a: tape.record("sqrt", polynomial(tape, a))


def _gaussian(factor: float) -> Callable[[Tape, Operand, Operation], Operand]:
    def derivative(tape: Tape, a: Operand, w: Operation) -> Operand:
        square = tape.record("multiply", a, a)
        return tape.record("multiply", factor, tape.record("exp", tape.record("negative", square)))

    return derivative


RECURRENCES: dict[str, Callable[..., Value]] = {
    "time": lambda c, k, w, index: ("t", "1.0")[k] if k < 2 else None,
    "parameter": lambda c, k, w, index: c.define(f"p[{index}]"),
    "add": _add,
    "subtract": _subtract,
    "negative": lambda c, k, w, a: negated(c.of(a, k)),
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "sqrt": _sqrt,
    "cbrt": _cbrt,
    "hypot": _hypot,
    "abs": _abs,
    "minimum": _extreme("min", "<"),
    "maximum": _extreme("max", ">"),
    "where": _where,
    "exp": _solves("math.exp", lambda tape, a, w: w),
    "exp2": _solves("math.exp2", lambda tape, a, w: tape.record("multiply", math.log(2.0), w)),
    "expm1": _solves("math.expm1", lambda tape, a, w: tape.record("add", w, 1.0)),
    "log": _solves_quotient("math.log", lambda tape, a: a),
    "log1p": _solves_quotient("math.log1p", lambda tape, a: tape.record("add", a, 1.0)),
    "log2": _solves_quotient("math.log2", lambda tape, a: tape.record("multiply", math.log(2.0), a)),
    "log10": _solves_quotient("math.log10", lambda tape, a: tape.record("multiply", math.log(10.0), a)),
    "sin": _solves("math.sin", lambda tape, a, w: tape.record("cos", a)),
    "cos": _solves("math.cos", lambda tape, a, w: tape.record("negative", tape.record("sin", a))),
    "tan": _solves("math.tan", lambda tape, a, w: _with_square(1.0, 1.0)(tape, w)),
    "sinh": _solves("math.sinh", lambda tape, a, w: tape.record("cosh", a)),
    "cosh": _solves("math.cosh", lambda tape, a, w: tape.record("sinh", a)),
    "tanh": _solves("math.tanh", lambda tape, a, w: _with_square(-1.0, 1.0)(tape, w)),
    "erf": _solves("math.erf", _gaussian(2.0 / math.sqrt(math.pi))),
    "erfc": _solves("math.erfc", _gaussian(-2.0 / math.sqrt(math.pi))),
    "atan": _solves_quotient("math.atan", _with_square(1.0, 1.0)),
    "atanh": _solves_quotient("math.atanh", _with_square(-1.0, 1.0)),
    "asin": _solves_quotient("math.asin", _root(_with_square(-1.0, 1.0))),
    "acos": _solves_quotient("math.acos", lambda t, a: t.record("negative", _root(_with_square(-1.0, 1.0))(t, a))),
    "asinh": _solves_quotient("math.asinh", _root(_with_square(1.0, 1.0))),
    "acosh": _solves_quotient("math.acosh", _root(_with_square(1.0, -1.0))),
    "atan2": _atan2,
    **{sign: _truth(sign) for sign in ("<", "<=", ">", ">=", "==", "!=", "&", "|", "^")},
}


def _varies(operand: Operand) -> bool:
    return isinstance(operand, Operation) and operand.varies


def _recurrence(c: Coefficients, operation: Operation, k: int) -> Value:
    return RECURRENCES[operation.name](c, k, operation, *operation.operands)
