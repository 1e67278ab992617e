"""Blocks of matrices in registers: what a factorisation takes from some of its rows, all of it at once."""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .arithmetic import call_intrinsic
from .lanes import FLOAT

INDEX, BIT = ir.IntType(64), ir.IntType(1)
ROWS = 4
LANES = 8  # of a register, or of as many as make one where they are narrower
VECTOR = ir.VectorType(FLOAT[64], LANES)


class _Matrix:
    """A row-major matrix in memory."""

    def __init__(self, context, builder, typ, value) -> None:
        array = context.make_array(typ)(context, builder, value)
        self.builder, self.data, self.pitch = builder, array.data, cgutils.unpack_tuple(builder, array.shape)[1]

    def at(self, row, column):
        return self.builder.gep(self.data, [self.builder.add(self.builder.mul(row, self.pitch), column)])

    def number(self, row, column):
        """One number in every lane."""
        builder, zero = self.builder, ir.Constant(ir.IntType(32), 0)
        first = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), builder.load(self.at(row, column)), zero)
        return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), LANES), None))

    def vector(self, row, column, mask):
        pointer = self.builder.bitcast(self.at(row, column), VECTOR.as_pointer())
        if mask is None:
            return self.builder.load(pointer, align=8)
        function = _masked(self.builder, "load", VECTOR, [VECTOR.as_pointer(), ir.IntType(32), mask.type, VECTOR])
        none = ir.Constant(VECTOR, [0.0] * LANES)
        return self.builder.call(function, [pointer, ir.Constant(ir.IntType(32), 8), mask, none])

    def write(self, value, row, column, mask) -> None:
        pointer = self.builder.bitcast(self.at(row, column), VECTOR.as_pointer())
        if mask is None:
            self.builder.store(value, pointer, align=8)
            return
        kinds = [VECTOR, VECTOR.as_pointer(), ir.IntType(32), mask.type]
        function = _masked(self.builder, "store", ir.VoidType(), kinds)
        self.builder.call(function, [value, pointer, ir.Constant(ir.IntType(32), 8), mask])


def _masked(builder, kind: str, result, arguments):
    name = f"llvm.masked.{kind}.v{LANES}f64.p0v{LANES}f64"
    known = builder.module.globals.get(name)
    return known or ir.Function(builder.module, ir.FunctionType(result, arguments), name)


@intrinsic
def subtract_products(typingctx, rows, top, left, right, begin, end, first, last):
    """Take from four rows the products of others with columns of ``left``.

    ``rows[top + i, j] -= left[k, top + i] * right[k, j]`` for four ``i``, ``k`` from ``begin`` to ``end`` in turn, and
    ``j`` from ``first`` to ``last``; all matrices are row-major, and none of the rows is among those of ``right``.
    """
    for matrix in (rows, left, right):
        if not (isinstance(matrix, types.Array) and matrix.layout == "C" and matrix.dtype == types.float64):
            return None
    index = types.intp

    def codegen(context, builder, sig, args):
        out, ours, theirs = (_Matrix(context, builder, sig.args[place], args[place]) for place in (0, 2, 3))
        top, begin, end, first, last = args[1], *args[4:]
        places = [builder.add(top, ir.Constant(INDEX, i)) for i in range(ROWS)]

        def take(column, count, mask):
            """``count`` registers of columns from ``column`` on."""
            columns = [builder.add(column, ir.Constant(INDEX, LANES * n)) for n in range(count)]
            held = [
                (place, at, cgutils.alloca_once_value(builder, out.vector(place, at, mask)))
                for place in places
                for at in columns
            ]
            with cgutils.for_range_slice(builder, begin, end, ir.Constant(INDEX, 1), inc=True) as (k, _):
                factors = [builder.fneg(ours.number(k, place)) for place in places]
                others = [theirs.vector(k, at, mask) for at in columns]
                for n, (_, _, slot) in enumerate(held):
                    pair = factors[n // count], others[n % count]
                    builder.store(call_intrinsic(builder, "llvm.fmuladd", *pair, builder.load(slot)), slot)
            for place, at, slot in held:
                out.write(builder.load(slot), place, at, mask)

        pair, single = ir.Constant(INDEX, 2 * LANES), ir.Constant(INDEX, LANES)
        whole = builder.add(first, builder.mul(builder.sdiv(builder.sub(last, first), pair), pair))
        with cgutils.for_range_slice(builder, first, whole, pair, inc=True) as (column, _):
            take(column, 2, None)
        with cgutils.for_range_slice(builder, whole, last, single, inc=True) as (column, _):
            numbers = ir.Constant(ir.VectorType(INDEX, LANES), list(range(LANES)))
            zero = ir.Constant(ir.IntType(32), 0)
            left_over = builder.insert_element(ir.Constant(numbers.type, ir.Undefined), builder.sub(last, column), zero)
            spread = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
            take(column, 1, builder.icmp_signed("<", numbers, builder.shuffle_vector(left_over, left_over, spread)))
        return context.get_dummy_value()

    return types.none(rows, index, left, right, index, index, index, index), codegen
