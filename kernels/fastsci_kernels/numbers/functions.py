"""Elementary functions on Lanes, bound to the names of ``math`` and ``numpy`` that a user's function calls."""

from __future__ import annotations

import math
import operator

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import signature
from numba.extending import lower_builtin

from .arithmetic import absolute, bind_lanes, call_intrinsic, common_lanes, constant, register
from .elementary import build
from .lanes import Lanes

# name in `elementary`: what a user writes
SPELLINGS = {
    "sin": (math.sin, np.sin),
    "cos": (math.cos, np.cos),
    "tan": (math.tan, np.tan),
    "exp": (math.exp, np.exp),
    "expm1": (math.expm1, np.expm1),
    "exp2": (math.exp2, np.exp2),
    "log": (math.log, np.log),
    "log1p": (math.log1p, np.log1p),
    "log2": (math.log2, np.log2),
    "log10": (math.log10, np.log10),
    "sinh": (math.sinh, np.sinh),
    "cosh": (math.cosh, np.cosh),
    "tanh": (math.tanh, np.tanh),
    "asin": (math.asin, np.arcsin),
    "acos": (math.acos, np.arccos),
    "atan": (math.atan, np.arctan),
    "asinh": (math.asinh, np.arcsinh),
    "acosh": (math.acosh, np.arccosh),
    "atanh": (math.atanh, np.arctanh),
    "cbrt": (math.cbrt, np.cbrt),
    "erf": (math.erf,),
    "erfc": (math.erfc,),
    "tgamma": (math.gamma,),
    "lgamma": (math.lgamma,),
}
PAIRS = {
    "atan2": (math.atan2, np.arctan2),
    "hypot": (math.hypot, np.hypot),
    "fmod": (math.fmod, np.fmod),
    "pow": (math.pow, np.power),
}
INSTRUCTIONS = {
    "llvm.sqrt": (math.sqrt, np.sqrt),
    "llvm.floor": (math.floor, np.floor),
    "llvm.ceil": (math.ceil, np.ceil),
    "llvm.trunc": (math.trunc, np.trunc),
}


def _scalar_call(context, builder, function, lanes: Lanes, args):
    """A function of one float32, as Numba compiles it for the target: libm on the CPU, libdevice on CUDA."""
    known = context.typing_context.resolve_value_type(function)
    scalars = (lanes.scalar,) * len(args)
    sig = known.get_call_type(context.typing_context, scalars, {})
    result = context.get_function(known, sig)(builder, args)
    return context.cast(builder, result, sig.return_type, lanes.scalar)


def _bind_elementary(name: str, functions, arity: int) -> None:
    def typing(*args):
        lanes = common_lanes(*args)
        return lanes and signature(lanes, *(lanes for _ in args))

    def lowering(context, builder, sig, args):
        lanes = sig.return_type
        if lanes.width == 1:
            return _scalar_call(context, builder, functions[0], lanes, args)
        return builder.call(build(name, builder.module, lanes.bits, lanes.width), args)

    for function in functions:
        register(function, typing, lowering, arity)


for _name, _functions in SPELLINGS.items():
    _bind_elementary(_name, _functions, 1)
for _name, _functions in PAIRS.items():
    _bind_elementary(_name, _functions, 2)


def _bind_instruction(name: str, functions) -> None:
    bind_lanes(functions, lambda builder, lanes, a: call_intrinsic(builder, name, a), 1)


for _name, _functions in INSTRUCTIONS.items():
    _bind_instruction(_name, _functions)


def _round_to_even(builder, lanes, a):
    """A lone number is rounded by hand: the compiler for CUDA knows no instruction for it."""
    if lanes.width > 1:
        return call_intrinsic(builder, "llvm.rint", a)
    half = constant(lanes, 0.5)
    below = call_intrinsic(builder, "llvm.floor", a)
    rest = builder.fsub(a, below)
    pair = builder.fmul(below, half)
    odd = builder.fcmp_ordered("!=", pair, call_intrinsic(builder, "llvm.floor", pair))
    tie = builder.and_(builder.fcmp_ordered("==", rest, half), odd)
    up = builder.or_(builder.fcmp_ordered(">", rest, half), tie)
    above = builder.fadd(below, constant(lanes, 1.0))
    return call_intrinsic(builder, "llvm.copysign", builder.select(up, above, below), a)


def _copysign(builder, lanes, a, b):
    return call_intrinsic(builder, "llvm.copysign", a, b)


def _sign(builder, lanes, a):
    """NumPy's: -1, 0 or 1, and NaN for NaN."""
    zero = constant(lanes, 0.0)
    one = call_intrinsic(builder, "llvm.copysign", constant(lanes, 1.0), a)
    return builder.select(builder.fcmp_unordered("!=", a, zero), builder.select(_is_nan(builder, a), a, one), zero)


def _is_nan(builder, a):
    return builder.fcmp_unordered("uno", a, a)


def _is_finite(builder, lanes, a):
    return builder.fcmp_ordered("<", absolute(builder, lanes, a), constant(lanes, math.inf))


def _is_infinite(builder, lanes, a):
    return builder.fcmp_ordered("==", absolute(builder, lanes, a), constant(lanes, math.inf))


def _truth(*args):
    lanes = common_lanes(*args)
    return lanes and signature(lanes.mask, *(lanes for _ in args))


bind_lanes((np.rint, round), _round_to_even, 1)
bind_lanes((math.copysign, np.copysign), _copysign, 2)
bind_lanes((np.sign,), _sign, 1)
bind_lanes((np.radians, math.radians, np.deg2rad), lambda b, lanes, a: b.fmul(a, constant(lanes, math.pi / 180)), 1)
bind_lanes((np.degrees, math.degrees, np.rad2deg), lambda b, lanes, a: b.fmul(a, constant(lanes, 180 / math.pi)), 1)
bind_lanes((np.reciprocal,), lambda b, lanes, a: b.fdiv(constant(lanes, 1.0), a), 1)
bind_lanes((math.isnan, np.isnan), lambda b, lanes, a: _is_nan(b, a), 1, _truth)
bind_lanes((math.isfinite, np.isfinite), _is_finite, 1, _truth)
bind_lanes((math.isinf, np.isinf), _is_infinite, 1, _truth)


# --- powers ----------------------------------------------------------------------------------------------------

LARGEST_UNROLLED = 64


def _power_typing(base, exponent):
    """A literal integer exponent stays an integer: the power is then a few multiplications."""
    lanes = common_lanes(base, exponent)
    if lanes is None:
        return None
    literal = isinstance(base, Lanes) and isinstance(exponent, types.IntegerLiteral)
    if literal and abs(exponent.literal_value) <= LARGEST_UNROLLED:
        return signature(lanes, lanes, exponent)
    return signature(lanes, lanes, lanes)


def _power(context, builder, sig, args):
    lanes = sig.return_type
    if lanes.width == 1:
        return _scalar_call(context, builder, math.pow, lanes, args)
    return builder.call(build("pow", builder.module, lanes.bits, lanes.width), args)


def _integer_power(context, builder, sig, args):
    lanes, exponent = sig.return_type, sig.args[1].literal_value
    result = _by_squaring(builder, lanes, args[0], abs(exponent))
    return builder.fdiv(constant(lanes, 1.0), result) if exponent < 0 else result


def _by_squaring(builder: ir.IRBuilder, lanes: Lanes, base: ir.Value, exponent: int) -> ir.Value:
    if exponent == 0:
        return constant(lanes, 1.0)
    half = base if exponent == 1 else _by_squaring(builder, lanes, base, exponent // 2)
    if exponent == 1:
        return half
    square = builder.fmul(half, half)
    return builder.fmul(square, base) if exponent % 2 else square


for _function in (operator.pow, operator.ipow, pow):
    register(_function, _power_typing, _power, 2)
    lower_builtin(_function, Lanes, types.IntegerLiteral)(_integer_power)
