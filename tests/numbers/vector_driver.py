"""Compile an elementary function into a loop over arrays, and call it from NumPy."""

from __future__ import annotations

import ctypes
from functools import cache

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from fastsci_kernels.numbers.elementary import NAMES, build

INDEX = ir.IntType(64)
DTYPES = {64: np.dtype(np.float64), 32: np.dtype(np.float32)}


def loop_module(name: str, bits: int, width: int) -> ir.Module:
    """A module with `loop(strips, result, *inputs)`, which applies `name` to strips of `width` numbers."""
    module = ir.Module(name=f"{name}_{bits}_{width}")
    module.triple = llvm.get_process_triple()
    function = build(name, module, bits, width)
    strip = function.function_type.return_type
    pointers = [strip.element.as_pointer()] * (1 + NAMES[name])
    loop = ir.Function(module, ir.FunctionType(ir.VoidType(), [INDEX, *pointers]), name="loop")
    strips, result, *inputs = loop.args

    builder = ir.IRBuilder(loop.append_basic_block("entry"))
    entry = builder.block
    body = builder.append_basic_block("body")
    end = builder.append_basic_block("end")
    builder.branch(body)
    builder.position_at_end(body)
    index = builder.phi(INDEX)
    index.add_incoming(ir.Constant(INDEX, 0), entry)
    # Counted in numbers: an array of vectors of 24 would leave room for 32 each. Aligned to one number only.
    first = builder.mul(index, ir.Constant(INDEX, width))
    places = [builder.bitcast(builder.gep(each, [first]), strip.as_pointer()) for each in (result, *inputs)]
    values = [builder.load(place, align=bits // 8) for place in places[1:]]
    builder.store(builder.call(function, values), places[0], align=bits // 8)
    following = builder.add(index, ir.Constant(INDEX, 1))
    index.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_unsigned("<", following, strips), body, end)
    builder.position_at_end(end)
    builder.ret_void()
    return module


class VectorFunction:
    """An elementary function of `bits`-bit numbers, compiled for `cpu`, `width` lanes at a time.

    Without `cpu` it is for this very machine.
    """

    def __init__(self, name: str, bits: int, width: int, *, cpu: str | None = None) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self.width = width
        self.dtype = DTYPES[bits]
        self.target = llvm.Target.from_default_triple().create_target_machine(
            cpu=cpu or llvm.get_host_cpu_name(),
            features="" if cpu else llvm.get_host_cpu_features().flatten(),
            opt=3,
            jit=True,
        )
        module = llvm.parse_assembly(str(loop_module(name, bits, width)))
        module.verify()
        options = llvm.create_pipeline_tuning_options(speed_level=3)
        passes = llvm.create_pass_builder(self.target, options)
        passes.getModulePassManager().run(module, passes)
        self.assembly = self.target.emit_assembly(module)
        self.engine = llvm.create_mcjit_compiler(module, self.target)
        self.engine.finalize_object()
        address = self.engine.get_function_address("loop")
        pointers = [ctypes.c_void_p] * (1 + NAMES[name])
        self.loop = ctypes.CFUNCTYPE(None, ctypes.c_int64, *pointers)(address)

    def __call__(self, *arguments: np.ndarray) -> np.ndarray:
        """The function of each element of arrays of one length; the last element fills the last strip."""
        count = len(arguments[0])
        strips = -(-count // self.width)
        padded = [
            np.pad(np.asarray(argument, self.dtype), (0, strips * self.width - count), mode="edge")
            for argument in arguments
        ]
        result = np.empty(strips * self.width, self.dtype)
        self.loop(strips, result.ctypes.data, *(each.ctypes.data for each in padded))
        return result[:count]


@cache
def vector_function(name: str, bits: int, width: int) -> VectorFunction:
    """The compiled function, kept for the rest of the run."""
    return VectorFunction(name, bits, width)
