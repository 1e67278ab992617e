"""Tables of a block of samples: flat memory, in which a row of the table is a stretch of neighbours.

A place is an offset into flat memory, so that a loop over samples moves one pointer a row and nothing else.
"""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .arithmetic import call_intrinsic
from .lanes import FLOAT, Lanes, number_type
from .rows import _transposed

INDEX = ir.IntType(64)


def _pointer(context, builder, typ, table, place, llvm):
    data = context.make_array(typ)(context, builder, table).data
    return builder.bitcast(builder.gep(data, [place]), llvm.as_pointer())


@intrinsic(prefer_literal=True)
def read(typingctx, table, place, width):
    """``width`` neighbours from ``table[place]`` on, of a one-dimensional table, as one number."""
    number = number_type(table.dtype.bitwidth, width.literal_value)
    llvm = FLOAT[64] if number == types.float64 else number.llvm

    def codegen(context, builder, sig, args):
        return builder.load(_pointer(context, builder, sig.args[0], *args[:2], llvm), align=8)

    return number(table, types.intp, width), codegen


@intrinsic
def write(typingctx, table, place, value):
    """Write the lanes of ``value`` to ``table[place:]``."""
    llvm = value.llvm if isinstance(value, Lanes) else FLOAT[64]

    def codegen(context, builder, sig, args):
        builder.store(args[2], _pointer(context, builder, sig.args[0], *args[:2], llvm), align=8)
        return context.get_dummy_value()

    return types.none(table, types.intp, value), codegen


@intrinsic
def write_square(typingctx, out, row, column, values):
    """Write as many numbers as each has lanes, a lane a row: lane i of number j to ``out[row + i, column + j]``."""
    number = values.dtype

    def codegen(context, builder, sig, args):
        array = context.make_array(sig.args[0])(context, builder, args[0])
        pitch = cgutils.unpack_tuple(builder, array.shape)[1]
        for i, vector in enumerate(_transposed(builder, cgutils.unpack_tuple(builder, args[3]))):
            place = builder.add(builder.mul(builder.add(args[1], ir.Constant(INDEX, i)), pitch), args[2])
            pointer = builder.bitcast(builder.gep(array.data, [place]), number.llvm.as_pointer())
            builder.store(vector, pointer, align=8)
        return context.get_dummy_value()

    return types.none(out, types.intp, types.intp, values), codegen


@intrinsic
def write_rows(typingctx, table, place, pitch, values):
    """Write a tuple of numbers to rows that begin ``pitch`` apart, from ``table[place]`` on."""
    number = values.dtype

    def codegen(context, builder, sig, args):
        for vector in cgutils.unpack_tuple(builder, args[3]):
            builder.store(vector, _pointer(context, builder, sig.args[0], args[0], args[1], number.llvm), align=8)
            args = args[0], builder.add(args[1], args[2]), args[2], args[3]
        return context.get_dummy_value()

    return types.none(table, types.intp, types.intp, values), codegen


def _add(context, builder, sig, args, width: int, pairs: list[tuple[int, int]]) -> None:
    """Emit the loop over samples: a register a sum, and each row's numbers loaded once."""
    table, lefts, rights, weights, count, sums, place = args[:7]
    llvm = Lanes(64, width).llvm
    lefts, rights = cgutils.unpack_tuple(builder, lefts), cgutils.unpack_tuple(builder, rights)
    found = [cgutils.alloca_once_value(builder, ir.Constant(llvm, [0.0] * width)) for _ in pairs]

    def loaded(typ, array, start, index):
        return builder.load(_pointer(context, builder, typ, array, builder.add(start, index), llvm), align=8)

    step = ir.Constant(INDEX, width)
    with cgutils.for_range_slice(builder, ir.Constant(INDEX, 0), count, step, inc=True) as (index, _):
        factors = [loaded(sig.args[0], table, row, index) for row in lefts]
        if sig.args[3] != types.none:
            weight = loaded(sig.args[3], weights, ir.Constant(INDEX, 0), index)
            factors = [builder.fmul(factor, weight) for factor in factors]
        others = [loaded(sig.args[0], table, row, index) for row in rights]
        for slot, (left, right) in zip(found, pairs, strict=True):
            product = factors[left], others[right]
            builder.store(call_intrinsic(builder, "llvm.fmuladd", *product, builder.load(slot)), slot)
    for n, slot in enumerate(found):
        start = builder.add(place, ir.Constant(INDEX, n * width))
        pointer = _pointer(context, builder, sig.args[5], sums, start, llvm)
        builder.store(builder.fadd(builder.load(pointer, align=8), builder.load(slot)), pointer, align=8)


@intrinsic(prefer_literal=True)
def add_tile(typingctx, table, lefts, rights, weights, count, sums, place, width):
    """Add, lane by lane, sums of ``count`` samples of the products of each left row with each right one.

    ``lefts`` and ``rights`` are tuples of where rows begin; ``weights`` of samples, or None; the sums of the first
    left row are numbers from ``sums[place]`` on, and so forth.
    """
    pairs = [(left, right) for left in range(len(lefts)) for right in range(len(rights))]

    def codegen(context, builder, sig, args):
        _add(context, builder, sig, args, width.literal_value, pairs)
        return context.get_dummy_value()

    return types.none(table, lefts, rights, weights, types.intp, sums, types.intp, width), codegen


@intrinsic(prefer_literal=True)
def add_pairs(typingctx, table, lefts, rights, weights, count, sums, place, width):
    """The same for the products of each left row with the right one at its place."""
    pairs = [(index, index) for index in range(len(lefts))]

    def codegen(context, builder, sig, args):
        _add(context, builder, sig, args, width.literal_value, pairs)
        return context.get_dummy_value()

    return types.none(table, lefts, rights, weights, types.intp, sums, types.intp, width), codegen
