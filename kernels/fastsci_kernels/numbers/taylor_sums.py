"""Sums of products as one operation.

The recurrences of a Taylor series are thousands of multiply-adds in a straight line.  Written as operators, each is
looked up by itself and the compiler spends most of its time there; a whole sum a call takes a fifth of it (measured).
"""

from __future__ import annotations

import operator
from functools import lru_cache, partial

from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin

from .arithmetic import common_lanes

MOST_TERMS = 20  # as many octal digits as a 64-bit integer holds for sure
MOST_FACTORS = 29  # a call of more than 30 arguments becomes one of a tuple, in which literals are lost
SUBTRACTED = 4


def terms(pattern: int) -> list[tuple[bool, int]]:
    """Whether each term is subtracted, and how many factors it has."""
    digits = [int(digit) for digit in f"{pattern:o}"]
    return [(digit >= SUBTRACTED, digit % SUBTRACTED) for digit in digits]


def combination(pattern, *values):
    """A sum of products, added from left to right.

    Each octal digit of ``pattern`` is a term: its number of factors, 1 to 3, plus 4 where it is subtracted.  The
    first is never subtracted.
    """
    return _combined(pattern, values, operator.add, operator.sub, operator.mul)


def _combined(pattern, values, add, subtract, multiply):
    rest = list(values)
    total = None
    for subtracted, count in terms(pattern):
        product = rest.pop(0)
        for _ in range(count - 1):
            product = multiply(product, rest.pop(0))
        total = product if total is None else (subtract if subtracted else add)(total, product)
    return total


@infer_global(combination)
class _Combination(AbstractTemplate):
    prefer_literal = True

    def generic(self, args, kws):
        if kws or not args or not isinstance(args[0], types.IntegerLiteral):
            return None
        number = common_lanes(*args[1:])
        if number is None and all(isinstance(types.unliteral(arg), types.Float | types.Integer) for arg in args[1:]):
            number = types.float64
        return number and signature(number, args[0], *(number for _ in args[1:]))


@lower_builtin(combination, types.IntegerLiteral, types.VarArg(types.Any))
def _lower(context, builder, sig, args):
    number = sig.return_type
    values = [context.cast(builder, value, typ, number) for value, typ in zip(args[1:], sig.args[1:])]
    operators = [partial(_emit, found, builder) for found in _operators(context, number)]
    return _combined(sig.args[0].literal_value, values, *operators)


def _emit(function, builder, a, b):
    return function(builder, (a, b))


@lru_cache(maxsize=8)
def _operators(context, number: types.Type) -> list:
    """The meaning of +, - and * on a number, looked up once a compilation."""
    found = []
    for function in (operator.add, operator.sub, operator.mul):
        known = context.typing_context.resolve_value_type(function)
        sig = known.get_call_type(context.typing_context, (number, number), {})
        found.append(context.get_function(known, sig))
    return found
