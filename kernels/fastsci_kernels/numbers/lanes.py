"""Lanes: the members of an ensemble side by side in SIMD registers, as one Numba value.

A value of type ``Lanes(bits, width)`` is an LLVM vector.  A user's plain function, typed on it, becomes explicit
SIMD code whatever loops it holds.  ``Lanes(32, 1)`` is a single float32 whose company with Python's literals
stays float32, on the CPU and on CUDA alike.  A comparison yields a ``Mask``; a mask has no truth value, so a
function that branches on its state does not type on lanes and runs on scalars instead.
"""

from __future__ import annotations

from llvmlite import ir
from numba.core import types
from numba.core.datamodel.models import PrimitiveModel
from numba.core.typeconv import Conversion
from numba.extending import register_model

FLOAT = {32: ir.FloatType(), 64: ir.DoubleType()}
NUMBA_FLOAT = {32: types.float32, 64: types.float64}


def _is_plain_number(other: types.Type) -> bool:
    return isinstance(types.unliteral(other), (types.Integer, types.Float, types.Boolean))


class Lanes(types.Type):
    """``width`` floats of ``bits`` bits, computed upon together."""

    def __init__(self, bits: int, width: int) -> None:
        self.bits = bits
        self.width = width
        super().__init__(name=f"lanes(float{bits}, {width})")

    @property
    def scalar(self) -> types.Float:
        return NUMBA_FLOAT[self.bits]

    @property
    def scalar_llvm(self) -> ir.Type:
        return FLOAT[self.bits]

    @property
    def mask(self) -> types.Type:
        return types.boolean if self.width == 1 else Mask(self.bits, self.width)

    @property
    def llvm(self) -> ir.Type:
        return FLOAT[self.bits] if self.width == 1 else ir.VectorType(FLOAT[self.bits], self.width)

    def unify(self, typingctx, other):
        return self if _is_plain_number(other) else None

    def can_convert_from(self, typingctx, other):
        return Conversion.safe if _is_plain_number(other) or other == self.mask else None


class Mask(types.Type):
    """``width`` truth values, one a lane; it knows the precision of the numbers it came from."""

    def __init__(self, bits: int, width: int) -> None:
        self.bits = bits
        self.width = width
        super().__init__(name=f"mask(float{bits}, {width})")

    @property
    def llvm(self) -> ir.Type:
        return ir.VectorType(ir.IntType(1), self.width)

    def unify(self, typingctx, other):
        return self if isinstance(types.unliteral(other), types.Boolean) else None

    def can_convert_from(self, typingctx, other):
        return Conversion.safe if isinstance(types.unliteral(other), types.Boolean) else None


@register_model(Lanes)
@register_model(Mask)
class RegisterModel(PrimitiveModel):
    """Both live in registers, as the LLVM vector itself; in a list they lie as an array, which needs no alignment."""

    def __init__(self, dmm, fe_type) -> None:
        super().__init__(dmm, fe_type, fe_type.llvm)

    def get_data_type(self):
        value = self.get_value_type()
        return ir.ArrayType(value.element, value.count) if isinstance(value, ir.VectorType) else value

    def as_data(self, builder, value):
        if not isinstance(value.type, ir.VectorType):
            return value
        data = ir.Constant(self.get_data_type(), ir.Undefined)
        for lane in range(value.type.count):
            element = builder.extract_element(value, ir.Constant(ir.IntType(32), lane))
            data = builder.insert_value(data, element, lane)
        return data

    def from_data(self, builder, value):
        if not isinstance(value.type, ir.ArrayType):
            return value
        vector = ir.Constant(self.get_value_type(), ir.Undefined)
        for lane in range(value.type.count):
            element = builder.extract_value(value, lane)
            vector = builder.insert_element(vector, element, ir.Constant(ir.IntType(32), lane))
        return vector


def number_type(bits: int, width: int) -> types.Type:
    """The Numba type of a number of ``bits`` bits, ``width`` members wide; a lone float64 is Numba's own."""
    return types.float64 if (bits, width) == (64, 1) else Lanes(bits, width)


def splat(builder: ir.IRBuilder, scalar: ir.Value, width: int) -> ir.Value:
    """The scalar in every lane."""
    if width == 1:
        return scalar
    vector = ir.VectorType(scalar.type, width)
    if isinstance(scalar, ir.Constant):
        return ir.Constant(vector, [scalar.constant] * width)
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width)
    return builder.shuffle_vector(first, undefined, zeros)
