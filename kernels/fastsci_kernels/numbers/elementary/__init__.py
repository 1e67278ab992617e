"""Elementary functions on vectors, as LLVM functions that any module may hold.

sin, cos, exp, log, tanh and sqrt are within 2 units in the last place of the true value over the whole range
of either precision, the other vector functions within 4, whatever C library there is. Special values are those
of C99, annex F. A lane's result is the same whatever the other lanes hold. The functions in `LIBRARY`, and no
other, call the C library, lane by lane.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from fastsci_kernels.numbers.elementary import (
    arctangent,
    exponential,
    hyperbolic,
    hypotenuse,
    library,
    logarithm,
    power,
    trigonometric,
)
from fastsci_kernels.numbers.elementary.emitter import FORMATS, Emitter, Reals
from fastsci_kernels.numbers.elementary.rare_lanes import new_function

# Name: number of arguments, formula.
FORMULAS: dict[str, tuple[int, Callable[..., Reals]]] = {
    "sin": (1, trigonometric.sine),
    "cos": (1, trigonometric.cosine),
    "tan": (1, trigonometric.tangent),
    "exp": (1, exponential.exponential),
    "expm1": (1, exponential.exponential_minus_one),
    "log": (1, logarithm.logarithm),
    "log1p": (1, logarithm.logarithm_of_one_plus),
    "sinh": (1, hyperbolic.hyperbolic_sine),
    "cosh": (1, hyperbolic.hyperbolic_cosine),
    "tanh": (1, hyperbolic.hyperbolic_tangent),
    "atan": (1, arctangent.arctangent),
    "atan2": (2, arctangent.arctangent_of_quotient),
    "pow": (2, power.power),
    "hypot": (2, hypotenuse.hypotenuse),
}

# Functions taken from the C library, lane by lane.
LIBRARY = {
    "asin": 1,
    "acos": 1,
    "asinh": 1,
    "acosh": 1,
    "atanh": 1,
    "exp2": 1,
    "log2": 1,
    "log10": 1,
    "cbrt": 1,
    "fmod": 2,
    "erf": 1,
    "erfc": 1,
    "tgamma": 1,
    "lgamma": 1,
}

NAMES: dict[str, int] = {name: arity for name, (arity, _) in FORMULAS.items()} | LIBRARY
"""Every function `build` knows, with its number of arguments."""


def build(name: str, module: ir.Module, bits: int, width: int) -> ir.Function:
    """The function `name` on vectors of floating-point numbers, written into `module` on first use.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    module : llvmlite.ir.Module
        Where the function goes; a second call with the same arguments finds it there.
    bits : int
        64 for vectors of doubles, 32 for vectors of floats.
    width : int
        Number of lanes, at least 2; LLVM spreads them over as many registers as they need.

    Returns
    -------
    llvmlite.ir.Function
        Takes `NAMES[name]` vectors and returns one, all of the same type. Vector functions are inlined.

    Raises
    ------
    ValueError
        If there is no such function, precision or width.

    Examples
    --------
    >>> from llvmlite import ir
    >>> build("exp", ir.Module(), bits=64, width=8).function_type.return_type
    <<class 'llvmlite.ir.types.VectorType'> <8 x double>>
    """
    if name not in NAMES:
        raise ValueError(f"name is {name!r}, expected one of {', '.join(NAMES)}")
    if bits not in FORMATS:
        raise ValueError(f"bits is {bits!r}, expected 64 (double) or 32 (float)")
    if width < 2:
        raise ValueError(f"width is {width!r}, expected at least 2 lanes; a single number needs no vector")
    symbol = f"fastsci_{name}_v{width}f{bits}"
    existing = module.globals.get(symbol)
    if existing is not None:
        return existing
    function = new_function(module, symbol, Emitter.vector_type(bits, width), NAMES[name])
    emitter = Emitter(ir.IRBuilder(function.append_basic_block("entry")), bits, width)
    arguments = [Reals(emitter, argument) for argument in function.args]
    if name in LIBRARY:
        # For size: there is nothing to gain by unrolling a loop of calls.
        for attribute in ("noinline", "optsize"):
            function.attributes.add(attribute)
        result = library.call_each_lane(emitter, name, arguments)
    else:
        function.attributes.add("alwaysinline")
        result = FORMULAS[name][1](emitter, *arguments)
    emitter.builder.ret(result.ir_value)
    return function
