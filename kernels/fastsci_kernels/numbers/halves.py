"""The two halves of a state, positions and momenta, as views that share its memory."""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

from .memory import INDEX, View


def first_half(u):
    """The positions of a state, or of its derivative."""
    return u[: len(u) // 2]


def second_half(u):
    """The momenta of a state, or of its derivative."""
    return u[len(u) // 2 :]


@intrinsic(prefer_literal=True)
def _half(typingctx, u, which):
    half = View(u.number, u.dim // 2)

    def codegen(context, builder, sig, args):
        whole = cgutils.create_struct_proxy(u)(context, builder, value=args[0])
        part = cgutils.create_struct_proxy(half)(context, builder)
        part.data = builder.gep(whole.data, [ir.Constant(INDEX, which.literal_value * half.dim)])
        return part._getvalue()

    return half(u, which), codegen


@overload(first_half)
def _first(u):
    if isinstance(u, View):
        return lambda u: _half(u, 0)
    return (lambda u: u[: len(u) // 2]) if isinstance(u, types.Array) else None


@overload(second_half)
def _second(u):
    if isinstance(u, View):
        return lambda u: _half(u, 1)
    return (lambda u: u[len(u) // 2 :]) if isinstance(u, types.Array) else None
