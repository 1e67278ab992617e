"""Dual, a number with its tangents as one Numba value, and the rules of differentiation as emitted instructions."""

from __future__ import annotations

import operator

from llvmlite import ir
from numba.core import types
from numba.core.datamodel.models import StructModel
from numba.core.typeconv import Conversion
from numba.extending import register_model

from . import functions as functions  # what a rule calls has its meaning there
from .arithmetic import where
from .dual_formulas import MEANINGS, ZERO, Zero
from .lanes import FLOAT, Lanes


class Dual(types.Type):
    """``number`` with its derivatives along ``tangents`` directions."""

    def __init__(self, number: types.Type, tangents: int) -> None:
        self.number = number
        self.tangents = tangents
        super().__init__(name=f"dual({number}, {tangents})")

    @property
    def mask(self) -> types.Type:
        return types.boolean if isinstance(self.number, types.Float) else self.number.mask

    @property
    def bits(self) -> int:
        return self.number.bitwidth if isinstance(self.number, types.Float) else self.number.bits

    @property
    def llvm(self) -> ir.Type:
        number = FLOAT[self.bits] if isinstance(self.number, types.Float) else self.number.llvm
        return ir.LiteralStructType([number] * (self.tangents + 1))

    def holds(self, other: types.Type) -> bool:
        """Whether ``other`` is a constant beside this number: plain, or a number or a mask from within."""
        plain = isinstance(types.unliteral(other), (types.Integer, types.Float, types.Boolean))
        inner = self.number
        return plain or other in (inner, self.mask) or (isinstance(inner, Dual) and inner.holds(other))

    def unify(self, typingctx, other):
        return self if self.holds(other) else None

    def can_convert_from(self, typingctx, other):
        return Conversion.safe if self.holds(other) else None


@register_model(Dual)
class DualModel(StructModel):
    def __init__(self, dmm, fe_type) -> None:
        tangents = [(f"tangent{place}", fe_type.number) for place in range(fe_type.tangents)]
        super().__init__(dmm, fe_type, [("value", fe_type.number), *tangents])


def pack(builder: ir.IRBuilder, dual: Dual, members: list[ir.Value]) -> ir.Value:
    """A Dual from its value and tangents."""
    packed = ir.Constant(dual.llvm, ir.Undefined)
    for place, member in enumerate(members):
        packed = builder.insert_value(packed, member, place)
    return packed


def member_of(builder: ir.IRBuilder, packed: ir.Value, place: int) -> ir.Value:
    """A member as it was packed, where that is at hand: a sum can then see that it is a product, and fuse."""
    while isinstance(packed, ir.instructions.InsertValue):
        if packed.indices == [place] or packed.indices == (place,):
            return packed.operands[1]
        packed = packed.operands[0]
    return builder.extract_value(packed, place)


def unpack(builder: ir.IRBuilder, dual: Dual, packed: ir.Value) -> list[ir.Value]:
    return [member_of(builder, packed, place) for place in range(dual.tangents + 1)]


# --- rules, where code is compiled: symbols that emit what is done to them --------------------------------------


class Symbol:
    """A number at compile time: what is done to it becomes instructions."""

    def __init__(self, emitter: Emitter, typ: types.Type, value: ir.Value) -> None:
        self.emitter, self.type, self.value = emitter, typ, value

    def __neg__(self):
        return self.emitter.call(operator.neg, self)


def _bind_symbol(function, name: str) -> None:
    def straight(self, other):
        return NotImplemented if isinstance(other, Zero) else self.emitter.call(function, self, other)

    def reflected(self, other):
        return NotImplemented if isinstance(other, Zero) else self.emitter.call(function, other, self)

    setattr(Symbol, f"__{name}__", straight)
    setattr(Symbol, f"__r{name}__", reflected)


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "lt", "gt", "eq"):
    _bind_symbol(getattr(operator, _name), _name)


class Emitter:
    """The namespace of the rules: calls of functions of the numbers within."""

    def __init__(self, context, builder: ir.IRBuilder, number: types.Type) -> None:
        self.context, self.builder, self.number = context, builder, number

    def constant(self, value: float) -> Symbol:
        plain = ir.Constant(ir.DoubleType(), value)
        if isinstance(self.number, Lanes):
            lanes = self.number
            scalar = ir.Constant(lanes.scalar_llvm, value)
            return Symbol(self, lanes, scalar if lanes.width == 1 else ir.Constant(lanes.llvm, [value] * lanes.width))
        return Symbol(self, self.number, self.context.cast(self.builder, plain, types.float64, self.number))

    def call(self, function, *operands) -> Symbol:
        symbols = [operand if isinstance(operand, Symbol) else self.constant(operand) for operand in operands]
        known = self.context.typing_context.resolve_value_type(function)
        sig = known.get_call_type(self.context.typing_context, tuple(symbol.type for symbol in symbols), {})
        values = [
            self.context.cast(self.builder, symbol.value, symbol.type, typ) for symbol, typ in zip(symbols, sig.args)
        ]
        result = self.context.get_function(known, sig)(self.builder, values)
        return Symbol(self, sig.return_type, result)

    def where(self, mask, a, b):
        if a is ZERO and b is ZERO:
            return ZERO
        a, b = (self.constant(0.0) if each is ZERO else each for each in (a, b))
        return self.call(where, mask, a, b)

    def __getattr__(self, name: str):
        return lambda *operands: self.call(MEANINGS[name], *operands)


def apply(context, builder, rule, sig, args) -> ir.Value:
    """A rule's value and tangents, for arguments of which some are constants."""
    dual = sig.return_type
    emitter = Emitter(context, builder, dual.number)
    members = [
        [Symbol(emitter, dual.number, member) for member in unpack(builder, dual, value)]
        if isinstance(typ, Dual) and typ == dual
        else [Symbol(emitter, typ, value)]
        for typ, value in zip(sig.args, args)
    ]
    value, along = rule(emitter, *(member[0] for member in members))
    result = [value if isinstance(value, Symbol) else emitter.constant(value)]
    for place in range(1, dual.tangents + 1):
        tangent = along(*(member[place] if len(member) > 1 else ZERO for member in members))
        result.append(emitter.constant(0.0) if tangent is ZERO else tangent)
    return pack(builder, dual, [symbol.value for symbol in result])
