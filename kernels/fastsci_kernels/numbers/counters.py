"""A counter that threads share: each draws a number that no other draws."""

from __future__ import annotations

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

ONE = ir.Constant(ir.IntType(64), 1)


@intrinsic
def draw(typingctx, counter):
    """The number in ``counter (1,)``, which is one larger from then on."""

    def codegen(context, builder, sig, args):
        pointer = context.make_array(sig.args[0])(context, builder, args[0]).data
        return builder.atomic_rmw("add", pointer, ONE, "monotonic")

    return types.int64(counter), codegen
