"""A part of a state in memory as a state of its own."""

from __future__ import annotations

from numba.core import cgutils, types
from numba.extending import intrinsic

from .memory import View


@intrinsic(prefer_literal=True)
def section(typingctx, whole, first, size):
    """``size`` numbers of a view, a literal, from ``first`` on, under which they stay where they are."""
    if not isinstance(whole, View):
        return None
    part = View(whole.number, size.literal_value)

    def codegen(context, builder, sig, args):
        source = cgutils.create_struct_proxy(whole)(context, builder, args[0])
        target = cgutils.create_struct_proxy(part)(context, builder)
        target.data = builder.gep(source.data, [context.cast(builder, args[1], sig.args[1], types.intp)])
        return target._getvalue()

    return part(whole, first, size), codegen
