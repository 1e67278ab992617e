"""Formulas on a single number: what `numbers.elementary` writes for vectors, for scalars and the threads of a GPU."""

from __future__ import annotations

from llvmlite import ir

from ..numbers.elementary.emitter import FORMATS, Emitter, Integers, Reals
from ..numbers.lanes import FLOAT


class LoneEmitter(Emitter):
    """The function under construction, on single floating-point numbers of `bits` bits."""

    def __init__(self, builder: ir.IRBuilder, bits: int) -> None:
        self.builder = builder
        self.bits = bits
        self.width = 1
        self.format = FORMATS[bits]
        self.real_type = self.scalar_real_type = FLOAT[bits]
        self.integer_type = self.scalar_integer_type = ir.IntType(bits)

    def reals(self, number: Reals | float) -> Reals:
        return number if isinstance(number, Reals) else Reals(self, ir.Constant(self.real_type, float(number)))

    def integers(self, number: Integers | int) -> Integers:
        return number if isinstance(number, Integers) else Integers(self, ir.Constant(self.integer_type, int(number)))

    def intrinsic(self, name: str, *arguments: Reals | float) -> Reals:
        values = [self.reals(argument).ir_value for argument in arguments]
        symbol = f"llvm.{name}.f{self.bits}"
        function = self.builder.module.globals.get(symbol)
        if function is None:
            kind = ir.FunctionType(self.real_type, [self.real_type] * len(values))
            function = ir.Function(self.builder.module, kind, name=symbol)
        return Reals(self, self.builder.call(function, values))


def emitter(builder: ir.IRBuilder, bits: int, width: int) -> Emitter:
    """For `width` numbers, or a single one."""
    return Emitter(builder, bits, width) if width > 1 else LoneEmitter(builder, bits)
