"""Blocks of matrices in registers: what some rows gain or lose by products with others, all of it at once."""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .arithmetic import call_intrinsic
from .lanes import FLOAT

INDEX, BIT = ir.IntType(64), ir.IntType(1)
REGISTER = 512  # bits; two or four registers make one where they are narrower


class _Matrix:
    """A row-major matrix in memory."""

    def __init__(self, context, builder, typ, value) -> None:
        array = context.make_array(typ)(context, builder, value)
        self.builder, self.data, self.pitch = builder, array.data, cgutils.unpack_tuple(builder, array.shape)[1]
        self.bits = typ.dtype.bitwidth
        self.lanes = REGISTER // self.bits
        self.kind = ir.VectorType(FLOAT[self.bits], self.lanes)

    def at(self, row, column):
        return self.builder.gep(self.data, [self.builder.add(self.builder.mul(row, self.pitch), column)])

    def number(self, row, column):
        """One number in every lane."""
        builder, zero = self.builder, ir.Constant(ir.IntType(32), 0)
        first = builder.insert_element(ir.Constant(self.kind, ir.Undefined), builder.load(self.at(row, column)), zero)
        return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), None))

    def vector(self, row, column, mask):
        pointer = self.builder.bitcast(self.at(row, column), self.kind.as_pointer())
        if mask is None:
            return self.builder.load(pointer, align=self.bits // 8)
        function = self._masked("load", self.kind, [self.kind.as_pointer(), ir.IntType(32), mask.type, self.kind])
        none = ir.Constant(self.kind, [0.0] * self.lanes)
        return self.builder.call(function, [pointer, ir.Constant(ir.IntType(32), self.bits // 8), mask, none])

    def write(self, value, row, column, mask) -> None:
        pointer = self.builder.bitcast(self.at(row, column), self.kind.as_pointer())
        if mask is None:
            self.builder.store(value, pointer, align=self.bits // 8)
            return
        kinds = [self.kind, self.kind.as_pointer(), ir.IntType(32), mask.type]
        function = self._masked("store", ir.VoidType(), kinds)
        self.builder.call(function, [value, pointer, ir.Constant(ir.IntType(32), self.bits // 8), mask])

    def before(self, column, last):
        """Which lanes of a register of columns from ``column`` on stand before ``last``."""
        builder = self.builder
        numbers = ir.Constant(ir.VectorType(INDEX, self.lanes), list(range(self.lanes)))
        zero = ir.Constant(ir.IntType(32), 0)
        left_over = builder.insert_element(ir.Constant(numbers.type, ir.Undefined), builder.sub(last, column), zero)
        spread = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), None)
        return builder.icmp_signed("<", numbers, builder.shuffle_vector(left_over, left_over, spread))

    def _masked(self, kind: str, result, arguments):
        name = f"llvm.masked.{kind}.v{self.lanes}f{self.bits}.p0v{self.lanes}f{self.bits}"
        known = self.builder.module.globals.get(name)
        return known or ir.Function(self.builder.module, ir.FunctionType(result, arguments), name)


def _products(name: str, meaning: str, rows: int, registers: int, by_columns: bool, taken: bool):
    """An operation that holds a block of ``rows`` by ``registers`` while ``k`` runs."""

    def products(typingctx, rows_of, top, left, right, begin, end, first, last):
        numbers = {matrix.dtype for matrix in (rows_of, left, right) if isinstance(matrix, types.Array)}
        if numbers not in ({types.float64}, {types.float32}):
            return None
        if any(matrix.layout != "C" or matrix.ndim != 2 for matrix in (rows_of, left, right)):
            return None
        index = types.intp

        def codegen(context, builder, sig, args):
            out, ours, theirs = (_Matrix(context, builder, sig.args[place], args[place]) for place in (0, 2, 3))
            top, begin, end, first, last = args[1], *args[4:]
            places = [builder.add(top, ir.Constant(INDEX, i)) for i in range(rows)]

            def block(column, count, mask):
                """``count`` registers of columns from ``column`` on."""
                columns = [builder.add(column, ir.Constant(INDEX, out.lanes * n)) for n in range(count)]
                held = [
                    (place, at, cgutils.alloca_once_value(builder, out.vector(place, at, mask)))
                    for place in places
                    for at in columns
                ]
                with cgutils.for_range_slice(builder, begin, end, ir.Constant(INDEX, 1), inc=True) as (k, _):
                    factors = [ours.number(k, place) if by_columns else ours.number(place, k) for place in places]
                    if taken:
                        factors = [builder.fneg(factor) for factor in factors]
                    others = [theirs.vector(k, at, mask) for at in columns]
                    for n, (_, _, slot) in enumerate(held):
                        pair = factors[n // count], others[n % count]
                        builder.store(call_intrinsic(builder, "llvm.fmuladd", *pair, builder.load(slot)), slot)
                for place, at, slot in held:
                    out.write(builder.load(slot), place, at, mask)

            begun = first
            for count in range(registers, 0, -1):
                width = ir.Constant(INDEX, count * out.lanes)
                whole = builder.mul(builder.sdiv(builder.sub(last, begun), width), width)
                until = builder.add(begun, whole)
                with cgutils.for_range_slice(builder, begun, until, width, inc=True) as (column, _):
                    block(column, count, None)
                begun = until
            with cgutils.for_range_slice(builder, begun, last, ir.Constant(INDEX, out.lanes), inc=True) as (column, _):
                block(column, 1, out.before(column, last))
            return context.get_dummy_value()

        return types.none(rows_of, index, left, right, index, index, index, index), codegen

    products.__name__, products.__qualname__, products.__doc__ = name, name, meaning
    return intrinsic(products)


subtract_products = _products(
    "subtract_products",
    """Take from four rows the products of others with columns of ``left``.

    ``rows[top + i, j] -= left[k, top + i] * right[k, j]`` for four ``i``, ``k`` from ``begin`` to ``end`` in turn, and
    ``j`` from ``first`` to ``last``; all matrices are row-major, and none of the rows is among those of ``right``.
    """,
    rows=4,
    registers=2,
    by_columns=True,
    taken=True,
)


def add_products(rows: int, registers: int, by_columns: bool):
    """An operation that adds to ``rows`` rows, in blocks of up to ``registers`` registers.

    With ``by_columns`` it is ``rows[top + i, j] += left[k, top + i] * right[k, j]``, else ``left[top + i, k]``; the
    other arguments are those of ``subtract_products``.
    """
    name = f"add_products_{rows}_{registers}_{'columns' if by_columns else 'rows'}"
    return _products(name, "Add products to rows.", rows, registers, by_columns, taken=False)
