"""Functions of the C mathematical library, lane by lane: whole functions, and rare lanes of the fast ones.

Each such loop is a function of its own that is never inlined. All call the double precision entry, also for
single precision: its result, rounded once more, is at least as good, and the same few symbols serve both.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from fastsci_kernels.numbers.elementary.emitter import Emitter, Mask, Reals

INDEX = ir.IntType(64)
FLAG = ir.IntType(8)


def new_function(module: ir.Module, symbol: str, emitter_type: ir.Type, arity: int) -> ir.Function:
    """An empty function of vectors that several modules may define and that does nothing but compute."""
    function = ir.Function(module, ir.FunctionType(emitter_type, [emitter_type] * arity), name=symbol)
    function.linkage = "linkonce_odr"
    # The library may set errno, which nothing here reads: a caller's loads may move across the call.
    for attribute in ("nounwind", "readnone"):
        function.attributes.add(attribute)
    return function


def library_function(module: ir.Module, name: str, arity: int) -> ir.Function:
    """The declaration of `name` from the C mathematical library, on doubles."""
    function = module.globals.get(name)
    if function is None:
        function = ir.Function(module, ir.FunctionType(ir.DoubleType(), [ir.DoubleType()] * arity), name=name)
    return function


def call_each_lane(
    emitter: Emitter,
    name: str,
    arguments: list[Reals],
    *,
    only: Mask | None = None,
    otherwise: Reals | None = None,
) -> Reals:
    """`name` of the C library for every lane, or for the lanes of `only` and `otherwise` in the others."""
    builder = emitter.builder
    library = library_function(builder.module, name, len(arguments))
    inputs = [in_memory(emitter, argument.ir_value, emitter.scalar_real_type) for argument in arguments]
    start = otherwise if otherwise is not None else arguments[0]
    results = in_memory(emitter, start.ir_value, emitter.scalar_real_type)
    flags = None
    if only is not None:
        bytes_type = ir.VectorType(FLAG, emitter.width)
        flags = in_memory(emitter, builder.zext(only.ir_value, bytes_type), FLAG)

    before = builder.block
    loop = builder.append_basic_block("lane")
    evaluate = builder.append_basic_block("evaluate")
    following = builder.append_basic_block("following")
    end = builder.append_basic_block("end")
    builder.branch(loop)

    builder.position_at_end(loop)
    index = builder.phi(INDEX)
    index.add_incoming(ir.Constant(INDEX, 0), before)
    if flags is None:
        builder.branch(evaluate)
    else:
        flag = builder.load(builder.gep(flags, [index]))
        builder.cbranch(builder.icmp_unsigned("!=", flag, ir.Constant(FLAG, 0)), evaluate, following)

    builder.position_at_end(evaluate)
    values = [to_double(builder, builder.load(builder.gep(each, [index]))) for each in inputs]
    result = builder.call(library, values)
    if emitter.bits == 32:
        result = builder.fptrunc(result, ir.FloatType())
    builder.store(result, builder.gep(results, [index]))
    builder.branch(following)

    builder.position_at_end(following)
    next_index = builder.add(index, ir.Constant(INDEX, 1))
    index.add_incoming(next_index, following)
    builder.cbranch(builder.icmp_unsigned("<", next_index, ir.Constant(INDEX, emitter.width)), loop, end)

    builder.position_at_end(end)
    memory = builder.bitcast(results, emitter.real_type.as_pointer())
    return Reals(emitter, builder.load(memory))


def in_memory(emitter: Emitter, value: ir.Value, scalar_type: ir.Type) -> ir.Value:
    """A pointer to the first lane of a copy of `value`."""
    place = emitter.builder.alloca(value.type)
    emitter.builder.store(value, place)
    return emitter.builder.bitcast(place, scalar_type.as_pointer())


def to_double(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    return value if isinstance(value.type, ir.DoubleType) else builder.fpext(value, ir.DoubleType())


def replace_rare_lanes(
    emitter: Emitter, name: str, is_rare: Callable[[Emitter, Reals], Mask], x: Reals, result: Reals
) -> Reals:
    """`result`, but `name` of the C library in the lanes where `is_rare` holds; no call if there are none."""
    builder = emitter.builder
    rare = is_rare(emitter, x)
    any_symbol = f"llvm.vector.reduce.or.v{emitter.width}i1"
    any_lane = builder.module.globals.get(any_symbol)
    if any_lane is None:
        flag_type = ir.IntType(1)
        any_lane = ir.Function(
            builder.module, ir.FunctionType(flag_type, [rare.ir_value.type]), name=any_symbol
        )
    some = builder.call(any_lane, [rare.ir_value])

    before = builder.block
    rare_block = builder.append_basic_block("rare")
    end = builder.append_basic_block("end")
    builder.cbranch(some, rare_block, end).set_weights([1, 100_000])

    builder.position_at_end(rare_block)
    replacement = rare_lanes_function(emitter, name, is_rare)
    replaced = builder.call(replacement, [result.ir_value, x.ir_value])
    builder.branch(end)

    builder.position_at_end(end)
    merged = builder.phi(emitter.real_type)
    merged.add_incoming(result.ir_value, before)
    merged.add_incoming(replaced, rare_block)
    return Reals(emitter, merged)


def rare_lanes_function(
    emitter: Emitter, name: str, is_rare: Callable[[Emitter, Reals], Mask]
) -> ir.Function:
    """The function (result, x) -> result with the rare lanes replaced."""
    module = emitter.builder.module
    symbol = f"fastsci_{name}_rare_v{emitter.width}f{emitter.bits}"
    existing = module.globals.get(symbol)
    if existing is not None:
        return existing
    function = new_function(module, symbol, emitter.real_type, 2)
    for attribute in ("noinline", "optsize", "cold"):
        function.attributes.add(attribute)
    inner = Emitter(ir.IRBuilder(function.append_basic_block("entry")), emitter.bits, emitter.width)
    result, x = (Reals(inner, argument) for argument in function.args)
    inner.builder.ret(call_each_lane(inner, name, [x], only=is_rare(inner, x), otherwise=result).ir_value)
    return function
