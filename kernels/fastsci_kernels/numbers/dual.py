"""Dual: a number with its derivatives along some directions, as one Numba value.

A value of type ``Dual(number, tangents)`` is a number and its ``tangents`` derivatives.  A user's plain function, typed
on it, computes its Jacobian times those directions through whatever branches and loops it holds (forward
differentiation; Griewank and Walther, Evaluating Derivatives, 2nd ed., 2008, section 3.1).  The number within is a
float64, Lanes or again a Dual; a comparison gives what it gives there.  The value is computed by the very operations of
the number within, so that it has the same bits.
"""

from __future__ import annotations

import itertools

import numpy as np
from numba.core import types
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_getattr, infer_global, signature
from numba.extending import intrinsic, lower_builtin, lower_cast, lower_getattr, overload

from .arithmetic import where
from .dual_emitter import Dual, Emitter, Symbol, apply, member_of, pack, unpack
from .dual_formulas import (
    ARITHMETIC,
    COMPARISONS,
    FUNCTIONS,
    LARGEST_UNROLLED,
    POWERS,
    SELECTIONS,
    TESTS,
    general_power,
    integer_power,
)
from .lanes import Lanes, Mask, number_type
from .memory import View, stack_view

# --- typing -----------------------------------------------------------------------------------------------------


def common_dual(*args: types.Type) -> Dual | None:
    """The Dual among numbers that holds all others, or None where the arguments are none of our business."""
    duals = {typ for typ in args if isinstance(typ, Dual)}
    for dual in duals:
        if all(typ == dual or dual.holds(typ) for typ in args):
            return dual
    return None


def _operands(dual: Dual, args) -> list[types.Type]:
    """Constants stay numbers without tangents."""
    return [dual if typ == dual else dual.number for typ in args]


def _number(*args):
    dual = common_dual(*args)
    return dual and signature(dual, *_operands(dual, args))


def _truth(*args):
    dual = common_dual(*args)
    return dual and signature(dual.mask, *_operands(dual, args))


def _register(function, typing, lowering, arity: int) -> None:
    """Bind a function where at least one of its arguments is a Dual."""

    class Template(AbstractTemplate):
        key = function

        def generic(self, args, kws):
            return None if kws or len(args) != arity else typing(*args)

    infer_global(function)(Template)
    for kinds in itertools.product((Dual, types.Any), repeat=arity):
        if Dual in kinds:
            lower_builtin(function, *kinds)(lowering)


def _bind(functions, rule, arity: int) -> None:
    def lowering(context, builder, sig, args):
        return apply(context, builder, rule, sig, args)

    for function in functions:
        _register(function, _number, lowering, arity)


for _functions, _rule in (*ARITHMETIC, *FUNCTIONS):
    _bind(_functions, _rule, _rule.__code__.co_argcount - 1)


def _of_three(extreme):
    """The least or greatest of three."""

    def rule(m, a, b, c):
        first, along_first = extreme(m, a, b)
        last, along_last = extreme(m, first, c)
        return last, lambda da, db, dc: along_last(along_first(da, db), dc)

    return rule


_RULES = {function: rule for group, rule in ARITHMETIC for function in group}
for _function in (min, max):
    _bind((_function,), _of_three(_RULES[_function]), 3)


# --- powers: a literal integer exponent is a few multiplications ---------------------------------------------------


def _power_typing(base, exponent):
    dual = common_dual(base, exponent)
    literal = isinstance(exponent, types.IntegerLiteral) and abs(exponent.literal_value) <= LARGEST_UNROLLED
    if dual is not None and base == dual and literal:
        return signature(dual, dual, exponent)
    return dual and signature(dual, *_operands(dual, (base, exponent)))


def _lower_power(context, builder, sig, args):
    return apply(context, builder, general_power, sig, args)


def _lower_integer_power(context, builder, sig, args):
    dual, exponent = sig.args[0], sig.args[1].literal_value

    def rule(m, a):
        return integer_power(m, a, exponent)

    return apply(context, builder, rule, signature(dual, dual), args[:1])


for _function in POWERS:
    _register(_function, _power_typing, _lower_power, 2)
    lower_builtin(_function, Dual, types.IntegerLiteral)(_lower_integer_power)


# --- comparisons and choices ----------------------------------------------------------------------------------------


def _bind_by_value(function, arity: int) -> None:
    """A function of the values alone."""

    def lowering(context, builder, sig, args):
        dual = common_dual(*sig.args)
        assert dual is not None  # as `_truth` has seen to
        emitter = Emitter(context, builder, dual.number)
        symbols = [
            Symbol(emitter, dual.number, member_of(builder, value, 0) if typ == dual else value)
            for typ, value in zip(sig.args, args)
        ]
        return emitter.call(function, *symbols).value

    _register(function, _truth, lowering, arity)


for _function in COMPARISONS:
    _bind_by_value(_function, 2)
for _function in TESTS:
    _bind_by_value(_function, 1)


def _type_select(mask, a, b):
    unmasked, dual = types.unliteral(mask), common_dual(a, b)
    if dual is None or not (isinstance(unmasked, types.Boolean) or unmasked == dual.mask):
        return None
    return signature(dual, unmasked, *_operands(dual, (a, b)))


def _lower_select(context, builder, sig, args):
    mask_type, mask = sig.args[0], args[0]

    def rule(m, a, b):
        chosen = Symbol(m, mask_type, mask)
        return m.where(chosen, a, b), lambda da, db: m.where(chosen, da, db)

    return apply(context, builder, rule, signature(sig.return_type, *sig.args[1:]), args[1:])


for _function in (where, np.where):
    _register(_function, _type_select, _lower_select, SELECTIONS)


# --- conversion: everything that is no Dual is constant --------------------------------------------------------------


@lower_cast(types.Integer, Dual)
@lower_cast(types.Float, Dual)
@lower_cast(types.Boolean, Dual)
@lower_cast(Lanes, Dual)
@lower_cast(Mask, Dual)
@lower_cast(Dual, Dual)
def _constant_to_dual(context, builder, fromty, toty, value):
    zero = Emitter(context, builder, toty.number).constant(0.0).value
    return pack(builder, toty, [context.cast(builder, value, fromty, toty.number)] + [zero] * toty.tangents)


@overload(int)
def _whole_number(x):
    """A whole number has no derivative: it stays while the number moves."""
    return (lambda x: int(x.value)) if isinstance(x, Dual) else None


# --- making and reading --------------------------------------------------------------------------------------------


@intrinsic
def dual(typingctx, value, tangents):
    """The Dual of a value and a tuple of its tangents, which are numbers of the value's kind or plain ones."""
    if not isinstance(tangents, types.BaseTuple):
        return None
    inner = typingctx.unify_types(types.unliteral(value), *map(types.unliteral, tuple(tangents.types)))
    number = types.float64 if isinstance(inner, types.Number) else inner
    typ = Dual(number, len(tangents))

    def codegen(context, builder, sig, args):
        members = [context.cast(builder, args[0], sig.args[0], number)]
        for place, tangent in enumerate(sig.args[1]):
            member = builder.extract_value(args[1], place)
            members.append(context.cast(builder, member, tangent, number))
        return pack(builder, typ, members)

    return typ(value, tangents), codegen


@infer_getattr
class _Attributes(AttributeTemplate):
    key = Dual

    def resolve_value(self, dual):
        return dual.number

    def resolve_tangents(self, dual):
        return types.UniTuple(dual.number, dual.tangents)


@lower_getattr(Dual, "value")
def _value(context, builder, typ, packed):
    return member_of(builder, packed, 0)


@lower_getattr(Dual, "tangents")
def _tangents(context, builder, typ, packed):
    members = unpack(builder, typ, packed)[1:]
    return context.make_tuple(builder, types.UniTuple(typ.number, typ.tangents), members)


@intrinsic
def tangents(typingctx, value, like):
    """The tangents of a value as a tuple; a value that is no Dual is constant beside ``like``, which is one."""
    if not isinstance(like, Dual):
        return None

    def codegen(context, builder, sig, args):
        packed = context.cast(builder, args[0], sig.args[0], like)
        return context.make_tuple(builder, sig.return_type, unpack(builder, like, packed)[1:])

    return types.UniTuple(like.number, like.tangents)(value, like), codegen


@intrinsic
def primal(typingctx, value, like):
    """The value of a Dual, or a number that is none in the form it would have beside ``like``, which is one."""
    if not isinstance(like, Dual):
        return None

    def codegen(context, builder, sig, args):
        return member_of(builder, context.cast(builder, args[0], sig.args[0], like), 0)

    return like.number(value, like), codegen


@intrinsic(prefer_literal=True)
def dual_scratch(typingctx, bits, width, tangents, dim):
    """Fresh stack memory for ``dim`` Duals: a state that an in-place right-hand side reads or writes."""
    view = View(Dual(number_type(bits.literal_value, width.literal_value), tangents.literal_value), dim.literal_value)

    def codegen(context, builder, sig, args):
        return stack_view(context, builder, view)

    return view(bits, width, tangents, dim), codegen
