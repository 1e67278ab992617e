"""Long states of Duals, and of Duals of Duals, in memory: on the stack, or in a buffer where that has no room."""

from __future__ import annotations

import numpy as np
from numba.core import types
from numba.extending import intrinsic

from . import dual_plain
from .dual_emitter import Dual
from .lanes import number_type
from .memory import View, make_view, stack_view


def _view(bits: int, width: int, tangents: types.Type, nested: types.Type, dim: types.Type) -> View:
    """The type of ``dim`` numbers with ``tangents``; where ``nested``, with a tangent along which all those change."""
    number = number_type(bits, width)
    if tangents.literal_value:
        number = Dual(number, tangents.literal_value)
    return View(Dual(number, 1) if nested.literal_value else number, dim.literal_value)


@intrinsic(prefer_literal=True)
def numbers_on_stack(typingctx, bits, width, tangents, nested, dim):
    """Fresh stack memory for ``dim`` numbers with ``tangents``, none for 0; where ``nested``, these have some too."""
    view = _view(bits.literal_value, width.literal_value, tangents, nested, dim)

    def codegen(context, builder, sig, args):
        return stack_view(context, builder, view)

    return view(bits, width, tangents, nested, dim), codegen


@intrinsic(prefer_literal=True)
def numbers_in(typingctx, room, offset, width, tangents, nested, dim):
    """The same in ``room``, a one-dimensional array of floats, from ``offset`` on; the caller keeps it alive."""
    view = _view(room.dtype.bitwidth, width.literal_value, tangents, nested, dim)

    def codegen(context, builder, sig, args):
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        return make_view(context, builder, view, builder.gep(data, [args[1]]))

    return view(room, types.intp, width, tangents, nested, dim), codegen


def simulated(bits, width, tangents, nested, dim):
    """`numbers_on_stack` in plain Python."""
    zero = dual_plain.DTYPE[bits](0)
    value = dual_plain.Dual(zero, (zero,) * tangents) if tangents else zero
    number = dual_plain.Dual(value, (value,)) if nested else value
    return [number] * dim if tangents or nested else np.zeros(dim, dual_plain.DTYPE[bits])
