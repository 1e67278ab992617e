"""Between memory and registers: loading and storing members side by side, and views of long states."""

from __future__ import annotations

import operator

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel.models import StructModel
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, register_model

from .lanes import FLOAT, Lanes, Mask, number_type, splat

INDEX = ir.IntType(64)


def _llvm(number: types.Type) -> ir.Type:
    return FLOAT[number.bitwidth] if isinstance(number, types.Float) else number.llvm


def _bits(number: types.Type) -> int:
    return number.bitwidth if isinstance(number, types.Float) else number.bits


def _element(context, builder, typ, value, row, column, width):
    array = context.make_array(typ)(context, builder, value)
    strides = cgutils.unpack_tuple(builder, array.strides)
    byte = ir.IntType(8).as_pointer()
    offset = builder.add(builder.mul(row, strides[0]), builder.mul(column, strides[1]))
    address = builder.gep(builder.bitcast(array.data, byte), [offset])
    return builder.bitcast(address, _llvm(number_type(typ.dtype.bitwidth, width)).as_pointer())


@intrinsic(prefer_literal=True)
def load(typingctx, array, row, column, width):
    """``width`` neighbours of ``array[row, column]`` as one number."""
    number = number_type(array.dtype.bitwidth, width.literal_value)

    def codegen(context, builder, sig, args):
        pointer = _element(context, builder, sig.args[0], *args[:3], width.literal_value)
        return builder.load(pointer, align=array.dtype.bitwidth // 8)

    return number(array, types.intp, types.intp, width), codegen


@intrinsic(prefer_literal=True)
def store(typingctx, array, row, column, value):
    """Write the lanes of ``value`` to ``array[row, column:]``."""
    width = value.width if isinstance(value, Lanes) else 1
    number = number_type(array.dtype.bitwidth, width)

    def codegen(context, builder, sig, args):
        pointer = _element(context, builder, sig.args[0], *args[:3], width)
        builder.store(args[3], pointer, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.none(array, types.intp, types.intp, number), codegen


@intrinsic(prefer_literal=True)
def number(typingctx, value, bits, width):
    """A plain number in every lane of a number of ``bits`` bits, ``width`` members wide."""
    typ = number_type(bits.literal_value, width.literal_value)

    def codegen(context, builder, sig, args):
        return context.cast(builder, args[0], sig.args[0], typ)

    return typ(value, bits, width), codegen


@intrinsic(prefer_literal=True)
def lane(typingctx, value, index):
    """One lane of a number as a plain float."""
    if not isinstance(value, Lanes) or value.width == 1:
        scalar = value.scalar if isinstance(value, Lanes) else value
        return scalar(value, types.intp), lambda context, builder, sig, args: args[0]

    def codegen(context, builder, sig, args):
        return builder.extract_element(args[0], args[1])

    return value.scalar(value, types.intp), codegen


class View(types.IterableType):
    """A state of ``dim`` numbers in memory: what an in-place right-hand side reads and writes."""

    def __init__(self, number: types.Type, dim: int) -> None:
        self.number = number
        self.dim = dim
        super().__init__(name=f"view({number}, {dim})")

    @property
    def iterator_type(self) -> types.Type:
        return ViewIterator(self)


class ViewIterator(types.SimpleIteratorType):
    def __init__(self, view: View) -> None:
        self.view = view
        super().__init__(f"iter({view})", view.number)


@register_model(View)
class ViewModel(StructModel):
    def __init__(self, dmm, fe_type) -> None:
        super().__init__(dmm, fe_type, [("data", types.CPointer(fe_type.number))])


@register_model(ViewIterator)
class ViewIteratorModel(StructModel):
    def __init__(self, dmm, fe_type) -> None:
        super().__init__(dmm, fe_type, [("view", fe_type.view), ("index", types.EphemeralPointer(types.intp))])


def make_view(context, builder, view, pointer):
    struct = cgutils.create_struct_proxy(view)(context, builder)
    struct.data = builder.bitcast(pointer, struct.data.type)
    return struct._getvalue()


def stack_view(context, builder, view: View):
    """A view of fresh memory on the stack."""
    room = cgutils.alloca_once(builder, ir.ArrayType(_llvm(view.number), view.dim))
    return make_view(context, builder, view, room)


@intrinsic(prefer_literal=True)
def scratch(typingctx, bits, width, dim):
    """Fresh stack memory for ``dim`` numbers."""
    view = View(number_type(bits.literal_value, width.literal_value), dim.literal_value)

    def codegen(context, builder, sig, args):
        return stack_view(context, builder, view)

    return view(bits, width, dim), codegen


@intrinsic(prefer_literal=True)
def view(typingctx, array, row, width, dim):
    """Row ``row`` of a two-dimensional buffer as ``dim`` numbers; the caller keeps the buffer alive."""
    bits = array.dtype.bitwidth
    typ = View(number_type(bits, width.literal_value), dim.literal_value)

    def codegen(context, builder, sig, args):
        zero = ir.Constant(INDEX, 0)
        pointer = _element(context, builder, sig.args[0], args[0], args[1], zero, 1)
        return make_view(context, builder, typ, pointer)

    return typ(array, types.intp, width, dim), codegen


def _slot(context, builder, typ, value, index):
    struct = cgutils.create_struct_proxy(typ)(context, builder, value)
    negative = builder.icmp_signed("<", index, ir.Constant(INDEX, 0))
    wrapped = builder.select(negative, builder.add(index, ir.Constant(INDEX, typ.dim)), index)
    return builder.bitcast(builder.gep(struct.data, [wrapped]), _llvm(typ.number).as_pointer())


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):
    def generic(self, args, kws):
        if len(args) == 2 and isinstance(args[0], View) and isinstance(types.unliteral(args[1]), types.Integer):
            return signature(args[0].number, args[0], types.intp)
        return None


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):
    def generic(self, args, kws):
        if len(args) == 3 and isinstance(args[0], View) and isinstance(types.unliteral(args[1]), types.Integer):
            return signature(types.none, args[0], types.intp, args[0].number)
        return None


@infer_global(len)
class _Length(AbstractTemplate):
    def generic(self, args, kws):
        return signature(types.intp, args[0]) if len(args) == 1 and isinstance(args[0], View) else None


def _align(typ: View) -> int:
    return _bits(typ.number) // 8


@lower_builtin(operator.getitem, View, types.intp)
def _get_item(context, builder, sig, args):
    return builder.load(_slot(context, builder, sig.args[0], *args), align=_align(sig.args[0]))


@lower_builtin(operator.setitem, View, types.intp, types.Any)
def _set_item(context, builder, sig, args):
    builder.store(args[2], _slot(context, builder, sig.args[0], *args[:2]), align=_align(sig.args[0]))


@lower_builtin(len, View)
def _length(context, builder, sig, args):
    return ir.Constant(INDEX, sig.args[0].dim)


@lower_builtin("getiter", View)
def _iterate(context, builder, sig, args):
    iterator = context.make_helper(builder, sig.return_type)
    iterator.view = args[0]
    index = cgutils.alloca_once_value(builder, ir.Constant(INDEX, 0))
    iterator.index = index
    return impl_ret_borrowed(context, builder, sig.return_type, iterator._getvalue())


@lower_builtin("iternext", ViewIterator)
def _advance(context, builder, sig, args):
    iterator_type = sig.args[0]
    iterator = context.make_helper(builder, iterator_type, value=args[0])
    index = builder.load(iterator.index)
    more = builder.icmp_signed("<", index, ir.Constant(INDEX, iterator_type.view.dim))
    helper = context.make_helper(builder, types.Pair(iterator_type.view.number, types.boolean))
    helper.second = more
    with builder.if_then(more):
        slot = _slot(context, builder, iterator_type.view, iterator.view, index)
        helper.first = builder.load(slot, align=_align(iterator_type.view))
        builder.store(builder.add(index, ir.Constant(INDEX, 1)), iterator.index)
    return helper._getvalue()


@intrinsic(prefer_literal=True)
def pending(typingctx, counts, column, step, bits, width):
    """Where a member's count, from ``counts[column]`` on, exceeds ``step``."""
    lanes = width.literal_value
    mask = Mask(bits.literal_value, lanes) if lanes > 1 else types.boolean

    def codegen(context, builder, sig, args):
        array = context.make_array(sig.args[0])(context, builder, args[0])
        pointer = builder.gep(array.data, [args[1]])
        if lanes > 1:
            pointer = builder.bitcast(pointer, ir.VectorType(INDEX, lanes).as_pointer())
        return builder.icmp_signed(">", builder.load(pointer, align=8), splat(builder, args[2], lanes))

    return mask(counts, types.intp, types.intp, bits, width), codegen


@intrinsic
def any_lane(typingctx, mask):
    """Whether a mask holds in any lane."""
    if not isinstance(mask, Mask):
        return types.boolean(types.boolean), lambda context, builder, sig, args: args[0]

    def codegen(context, builder, sig, args):
        word = ir.IntType(mask.width)
        return builder.icmp_unsigned("!=", builder.bitcast(args[0], word), ir.Constant(word, 0))

    return types.boolean(mask), codegen
