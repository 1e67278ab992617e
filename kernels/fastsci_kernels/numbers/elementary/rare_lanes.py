"""What a vector cannot do at once: loops over its lanes, and calls for the sake of a few rare ones."""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from fastsci_kernels.numbers.elementary.emitter import Emitter, Mask, Reals

INDEX = ir.IntType(64)
FLAG = ir.IntType(8)

Test = Callable[[Emitter, Reals], Mask]
Formula = Callable[[Emitter, Reals], Reals]


def new_function(module: ir.Module, symbol: str, emitter_type: ir.Type, arity: int) -> ir.Function:
    """An empty function of vectors that several modules may define and that does nothing but compute."""
    function = ir.Function(module, ir.FunctionType(emitter_type, [emitter_type] * arity), name=symbol)
    function.linkage = "linkonce_odr"
    # The C library may set errno, which nothing here reads: a caller's loads may move across the call.
    for attribute in ("nounwind", "readnone"):
        function.attributes.add(attribute)
    return function


def in_memory(emitter: Emitter, value: ir.Value, scalar_type: ir.Type) -> ir.Value:
    """A pointer to the first lane of a copy of `value`."""
    place = emitter.builder.alloca(value.type)
    emitter.builder.store(value, place)
    return emitter.builder.bitcast(place, scalar_type.as_pointer())


def from_memory(emitter: Emitter, first_lane: ir.Value, vector_type: ir.Type) -> ir.Value:
    """The vector whose first lane is there."""
    return emitter.builder.load(emitter.builder.bitcast(first_lane, vector_type.as_pointer()))


def to_double(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """A number of either precision as a double."""
    return value if isinstance(value.type, ir.DoubleType) else builder.fpext(value, ir.DoubleType())


def to_format(emitter: Emitter, value: ir.Value) -> ir.Value:
    """A double rounded to the emitter's precision."""
    return value if emitter.bits == 64 else emitter.builder.fptrunc(value, emitter.scalar_real_type)


def for_each_lane(emitter: Emitter, body: Callable[[ir.Value], None], *, only: Mask | None = None) -> None:
    """A loop over all lanes, or those of `only`; `body` appends what to do with the lane of an index."""
    builder = emitter.builder
    flags = None
    if only is not None:
        bytes_type = ir.VectorType(FLAG, emitter.width)
        flags = in_memory(emitter, builder.zext(only.ir_value, bytes_type), FLAG)

    before = builder.block
    loop = builder.append_basic_block("lane")
    chosen = builder.append_basic_block("chosen")
    following = builder.append_basic_block("following")
    end = builder.append_basic_block("end")
    builder.branch(loop)

    builder.position_at_end(loop)
    index = builder.phi(INDEX)
    index.add_incoming(ir.Constant(INDEX, 0), before)
    if flags is None:
        builder.branch(chosen)
    else:
        flag = builder.load(builder.gep(flags, [index]))
        builder.cbranch(builder.icmp_unsigned("!=", flag, ir.Constant(FLAG, 0)), chosen, following)

    builder.position_at_end(chosen)
    body(index)
    builder.branch(following)

    builder.position_at_end(following)
    next_index = builder.add(index, ir.Constant(INDEX, 1))
    index.add_incoming(next_index, following)
    builder.cbranch(builder.icmp_unsigned("<", next_index, ir.Constant(INDEX, emitter.width)), loop, end)

    builder.position_at_end(end)


def any_lane(emitter: Emitter, mask: Mask) -> ir.Value:
    """One flag: whether `mask` holds anywhere."""
    module = emitter.builder.module
    symbol = f"llvm.vector.reduce.or.v{emitter.width}i1"
    function = module.globals.get(symbol)
    if function is None:
        kind = ir.FunctionType(ir.IntType(1), [mask.ir_value.type])
        function = ir.Function(module, kind, name=symbol)
    return emitter.builder.call(function, [mask.ir_value])


def replace_rare_lanes(
    emitter: Emitter, name: str, may_be_rare: Test, is_rare: Test, formula: Formula, x: Reals, result: Reals
) -> Reals:
    """`result`, but `formula` of `x` in the lanes where `is_rare` holds; no call unless `may_be_rare` holds somewhere.

    The formula's other lanes come to nothing, so it need not be right there. It goes into a function that is
    never inlined, named after `name`.
    """
    builder = emitter.builder
    some = any_lane(emitter, may_be_rare(emitter, x))
    before = builder.block
    rare_block = builder.append_basic_block("rare")
    end = builder.append_basic_block("end")
    builder.cbranch(some, rare_block, end).set_weights([1, 100_000])

    builder.position_at_end(rare_block)
    replacement = rare_lanes_function(emitter, name, is_rare, formula)
    replaced = builder.call(replacement, [result.ir_value, x.ir_value])
    builder.branch(end)

    builder.position_at_end(end)
    merged = builder.phi(emitter.real_type)
    merged.add_incoming(result.ir_value, before)
    merged.add_incoming(replaced, rare_block)
    return Reals(emitter, merged)


def rare_lanes_function(emitter: Emitter, name: str, is_rare: Test, formula: Formula) -> ir.Function:
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
    inner.builder.ret(inner.select(is_rare(inner, x), formula(inner, x), result).ir_value)
    return function
