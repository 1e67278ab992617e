"""NumPy's functions of a lone float64 on CUDA.

Numba types every ufunc there but lowers few.  A lone float64 takes the meaning that lanes have: one of width 1.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numba.core import types

from .. import cuda_target
from . import functions as functions  # what it binds is among what is bound
from .arithmetic import BOUND
from .lanes import Lanes

LONE = Lanes(64, 1)


@cache
def bind() -> None:
    """Tell numba-cuda; once, and before the first kernel is compiled."""
    extending = cuda_target.cuda().extending
    for function, arity in BOUND:
        if isinstance(function, np.ufunc):
            extending.lower_builtin(function, *(types.Number,) * arity)(_lowering(function))
    extending.overload(math.cbrt)(_cube_root)


def _lowering(function):
    def lower(context, builder, sig, args):
        known = context.typing_context.resolve_value_type(function)
        meant = known.get_call_type(context.typing_context, (LONE,) * len(args), {})
        values = [
            context.cast(builder, context.cast(builder, value, typ, types.float64), types.float64, LONE)
            for value, typ in zip(args, sig.args)
        ]
        result = context.get_function(known, meant)(builder, values)
        return context.cast(builder, result, meant.return_type, sig.return_type)

    return lower


def _cube_root(x):
    if isinstance(x, types.Float):
        cuda = cuda_target.cuda()
        return lambda x: cuda.cbrt(x)
    return None
