"""Functions of the C mathematical library, lane by lane.

All call the double precision entry, also for single precision: its result, rounded once more, is at least as
good, and the same few symbols serve both.
"""

from __future__ import annotations

from llvmlite import ir

from fastsci_kernels.numbers.elementary.emitter import Emitter, Reals
from fastsci_kernels.numbers.elementary.rare_lanes import (
    for_each_lane,
    from_memory,
    in_memory,
    to_double,
    to_format,
)


def library_function(module: ir.Module, name: str, arity: int) -> ir.Function:
    """The declaration of `name` from the C mathematical library, on doubles."""
    function = module.globals.get(name)
    if function is None:
        function = ir.Function(module, ir.FunctionType(ir.DoubleType(), [ir.DoubleType()] * arity), name=name)
    return function


def call_each_lane(emitter: Emitter, name: str, arguments: list[Reals]) -> Reals:
    """`name` of the C library for every lane."""
    builder = emitter.builder
    function = library_function(builder.module, name, len(arguments))
    inputs = [in_memory(emitter, argument.ir_value, emitter.scalar_real_type) for argument in arguments]
    results = in_memory(emitter, arguments[0].ir_value, emitter.scalar_real_type)

    def evaluate(index: ir.Value) -> None:
        values = [to_double(builder, builder.load(builder.gep(each, [index]))) for each in inputs]
        result = to_format(emitter, builder.call(function, values))
        builder.store(result, builder.gep(results, [index]))

    for_each_lane(emitter, evaluate)
    return Reals(emitter, from_memory(emitter, results, emitter.real_type))
