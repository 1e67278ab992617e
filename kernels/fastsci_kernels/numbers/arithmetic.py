"""Arithmetic, comparison and selection on Lanes and Masks, bound to Python's operators."""

from __future__ import annotations

import math
import operator

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin, lower_cast

from .lanes import Lanes, Mask, number_type, splat


def where(mask, a, b):
    """``a`` where the mask holds, else ``b``; the lane-friendly way to write a branch."""
    return a if mask else b


def _is_plain(typ: types.Type) -> bool:
    return isinstance(types.unliteral(typ), (types.Integer, types.Float, types.Boolean))


def common_lanes(*args: types.Type) -> Lanes | None:
    """The Lanes type among numbers, or None where the arguments are none of our business.

    A mask among them counts as 1 where it holds and as 0 elsewhere, as a truth value of Python does.
    """
    found = {Lanes(typ.bits, typ.width) if isinstance(typ, Mask) else typ for typ in args if not _is_plain(typ)}
    lanes = next(iter(found), None)
    return lanes if len(found) == 1 and isinstance(lanes, Lanes) else None


BOUND: list[tuple] = []  # every function that is bound here or in another module, with its number of arguments


def register(function, typing, lowering, arity: int, klass: type[types.Type] = Lanes) -> None:
    """Bind one function: ``typing(*args)`` names the signature, ``lowering`` emits the instructions."""

    BOUND.append((function, arity))

    class Template(AbstractTemplate):
        key = function

        def generic(self, args, kws):
            return None if kws or len(args) != arity else typing(*args)

    infer_global(function)(Template)
    lower_builtin(function, *(types.Any if arity > 2 else klass for _ in range(arity)))(lowering)


def _arithmetic(*args):
    lanes = common_lanes(*args)
    return lanes and signature(lanes, *(lanes for _ in args))


def _comparison(*args):
    lanes = common_lanes(*args)
    return lanes and signature(lanes.mask, *(lanes for _ in args))


def bind_lanes(functions, emit, arity: int, typing=_arithmetic) -> None:
    """``emit(builder, lanes_type, *values)`` becomes the meaning of every one of ``functions`` on Lanes."""

    def lowering(context, builder, sig, args):
        return emit(builder, sig.args[0], *args)

    for function in functions:
        register(function, typing, lowering, arity)


def call_intrinsic(builder: ir.IRBuilder, name: str, *values: ir.Value) -> ir.Value:
    """An LLVM intrinsic overloaded on the type of its arguments."""
    typ = values[0].type
    element = "f32" if "float" in str(typ) else "f64"
    suffix = f"v{typ.count}{element}" if isinstance(typ, ir.VectorType) else element
    full = f"{name}.{suffix}"
    intrinsic = builder.module.globals.get(full)
    if intrinsic is None:
        intrinsic = ir.Function(builder.module, ir.FunctionType(typ, [typ] * len(values)), full)
    return builder.call(intrinsic, values)


def constant(lanes: Lanes, value: float) -> ir.Constant:
    scalar = ir.Constant(lanes.scalar_llvm, value)
    return scalar if lanes.width == 1 else ir.Constant(lanes.llvm, [value] * lanes.width)


def _truncated(builder, lanes, a, b):
    """Remainder of the division towards zero, and where the division towards minus infinity lies one lower."""
    rest = builder.frem(a, b)
    zero = constant(lanes, 0.0)
    opposed = builder.xor(builder.fcmp_ordered("<", rest, zero), builder.fcmp_ordered("<", b, zero))
    return rest, builder.and_(builder.fcmp_unordered("!=", rest, zero), opposed)


def absolute(builder, lanes, a):
    """Not llvm.fabs, which the compiler for CUDA does not know."""
    return call_intrinsic(builder, "llvm.copysign", a, constant(lanes, 0.0))


def _floor_divide(builder, lanes, a, b):
    """Python's: exact, where flooring the rounded quotient would say 1.0 // 0.1 == 10."""
    rest, lower = _truncated(builder, lanes, a, b)
    zero, one = constant(lanes, 0.0), constant(lanes, 1.0)
    whole = builder.fsub(builder.fdiv(builder.fsub(a, rest), b), builder.select(lower, one, zero))
    floor = call_intrinsic(builder, "llvm.floor", whole)
    short = builder.fcmp_ordered(">", builder.fsub(whole, floor), constant(lanes, 0.5))
    whole = builder.fadd(floor, builder.select(short, one, zero))
    return builder.select(builder.fcmp_ordered("==", b, zero), builder.fdiv(a, b), whole)


def _modulo(builder, lanes, a, b):
    """Python's: the sign of the divisor; exact, as fmod is."""
    rest, lower = _truncated(builder, lanes, a, b)
    zero = constant(lanes, 0.0)
    shifted = builder.select(lower, builder.fadd(rest, b), rest)
    vanishes = builder.fcmp_ordered("==", rest, zero)
    return builder.select(vanishes, call_intrinsic(builder, "llvm.copysign", zero, b), shifted)


def _minimum(builder, lanes, a, b):
    """NumPy's: a NaN on either side is passed on."""
    smaller = builder.select(builder.fcmp_unordered("<", a, b), a, b)
    return builder.select(builder.fcmp_unordered("uno", b, b), b, smaller)


def _maximum(builder, lanes, a, b):
    larger = builder.select(builder.fcmp_unordered(">", a, b), a, b)
    return builder.select(builder.fcmp_unordered("uno", b, b), b, larger)


def negative(builder: ir.IRBuilder, lanes: Lanes, a: ir.Value) -> ir.Value:
    """``-a``, in a form that CUDA's compiler knows too."""
    return builder.fsub(constant(lanes, -0.0), a)


def _factors(value: ir.Value) -> tuple[ir.Value, ir.Value] | None:
    """The operands of a product, where the value is one."""
    is_product = isinstance(value, ir.Instruction) and value.opname == "fmul"
    return tuple(value.operands) if is_product else None


def _add(builder, lanes, a, b):
    """A sum; with a product in it, a fused multiply-add.

    Fusing is decided here, by how the formula is written.  Left to the optimiser (the flag ``contract``) it depends
    on what stands around each copy of the formula, and a member's bits would depend on which copy computes it.
    """
    for product, other in ((b, a), (a, b)):
        factors = _factors(product)
        if factors is not None:
            return call_intrinsic(builder, "llvm.fmuladd", *factors, other)
    return builder.fadd(a, b)


def _subtract(builder, lanes, a, b):
    """A difference; with a product in it, a fused multiply-add."""
    left, right = _factors(a), _factors(b)
    if right is not None:
        return call_intrinsic(builder, "llvm.fmuladd", negative(builder, lanes, right[0]), right[1], a)
    if left is not None:
        return call_intrinsic(builder, "llvm.fmuladd", *left, negative(builder, lanes, b))
    return builder.fsub(a, b)


bind_lanes((operator.add, operator.iadd, np.add), _add, 2)
bind_lanes((operator.sub, operator.isub, np.subtract), _subtract, 2)
bind_lanes((operator.mul, operator.imul, np.multiply), lambda builder, lanes, a, b: builder.fmul(a, b), 2)
bind_lanes((operator.truediv, operator.itruediv, np.divide), lambda builder, lanes, a, b: builder.fdiv(a, b), 2)
bind_lanes((operator.floordiv, operator.ifloordiv, np.floor_divide), _floor_divide, 2)
bind_lanes((operator.mod, operator.imod, np.remainder), _modulo, 2)
bind_lanes((min, np.minimum), _minimum, 2)
bind_lanes((max, np.maximum), _maximum, 2)
bind_lanes((min,), lambda b, lanes, x, y, z: _minimum(b, lanes, _minimum(b, lanes, x, y), z), 3)
bind_lanes((max,), lambda b, lanes, x, y, z: _maximum(b, lanes, _maximum(b, lanes, x, y), z), 3)
bind_lanes((np.clip,), lambda b, lanes, a, low, high: _minimum(b, lanes, _maximum(b, lanes, a, low), high), 3)
# Not fneg: the compiler for CUDA does not know it.  The result is the same, signed zeros included.
bind_lanes((operator.neg, np.negative), negative, 1)
bind_lanes((operator.pos, np.positive), lambda builder, lanes, a: a, 1)
bind_lanes((abs, np.abs, np.fabs, math.fabs), absolute, 1)
bind_lanes((np.square,), lambda builder, lanes, a: builder.fmul(a, a), 1)


def _compare(sign):
    if sign == "!=":
        return lambda builder, lanes, a, b: builder.fcmp_unordered(sign, a, b)
    return lambda builder, lanes, a, b: builder.fcmp_ordered(sign, a, b)


for _operators, _sign in (
    ((operator.lt, np.less), "<"),
    ((operator.le, np.less_equal), "<="),
    ((operator.gt, np.greater), ">"),
    ((operator.ge, np.greater_equal), ">="),
    ((operator.eq, np.equal), "=="),
    ((operator.ne, np.not_equal), "!="),
):
    bind_lanes(_operators, _compare(_sign), 2, _comparison)


# --- masks -----------------------------------------------------------------------------------------------------


def _logic(*args):
    mask = next((typ for typ in args if isinstance(typ, Mask)), None)
    fits = all(typ == mask or isinstance(types.unliteral(typ), types.Boolean) for typ in args)
    return signature(mask, *(mask for _ in args)) if mask and fits else None


for _operators, _instruction in (
    ((operator.and_, operator.iand, np.logical_and), "and_"),
    ((operator.or_, operator.ior, np.logical_or), "or_"),
    ((operator.xor, operator.ixor, np.logical_xor), "xor"),
):

    def _lower_logic(context, builder, sig, args, instruction=_instruction):
        return getattr(builder, instruction)(*args)

    for _operator in _operators:
        register(_operator, _logic, _lower_logic, 2, Mask)


def _lower_not(context, builder, sig, args):
    return builder.not_(args[0])


for _operator in (operator.invert, operator.not_, np.logical_not):
    register(_operator, _logic, _lower_not, 1, Mask)


def _type_select(mask, a, b):
    unmasked = types.unliteral(mask)
    lanes = common_lanes(a, b)
    if isinstance(unmasked, Mask):
        if _is_plain(a) and _is_plain(b):
            lanes = Lanes(unmasked.bits, unmasked.width)
        fits = lanes is not None and lanes.mask == unmasked
        return signature(lanes, unmasked, lanes, lanes) if fits else None
    if not isinstance(unmasked, types.Boolean):
        return None
    if lanes is not None:
        return signature(lanes, types.boolean, lanes, lanes)
    if _is_plain(a) and _is_plain(b):
        return signature(types.float64, types.boolean, types.float64, types.float64)
    return None


def _lower_select(context, builder, sig, args):
    return builder.select(*args)


for _function in (where, np.where):
    register(_function, _type_select, _lower_select, 3)


# --- conversion: a plain number beside Lanes is weak ------------------------------------------------------------


@lower_cast(types.Integer, Lanes)
@lower_cast(types.Float, Lanes)
@lower_cast(types.Boolean, Lanes)
def _number_to_lanes(context, builder, fromty, toty, value):
    plain = types.unliteral(fromty)
    if plain is not fromty:
        value = context.cast(builder, value, fromty, plain)
    return splat(builder, context.cast(builder, value, plain, toty.scalar), toty.width)


@lower_cast(Mask, Lanes)
def _mask_to_lanes(context, builder, fromty, toty, value):
    return builder.select(value, constant(toty, 1.0), constant(toty, 0.0))


@lower_cast(types.Boolean, Mask)
def _truth_to_mask(context, builder, fromty, toty, value):
    bit = builder.trunc(value, ir.IntType(1)) if value.type != ir.IntType(1) else value
    return splat(builder, bit, toty.width)


@lower_cast(Lanes, types.Float)
def _single_to_float(context, builder, fromty, toty, value):
    if fromty.width != 1:
        raise TypeError(f"{fromty} has more than one lane")
    return context.cast(builder, value, fromty.scalar, toty)


__all__ = ["bind_lanes", "call_intrinsic", "common_lanes", "number_type", "where"]
