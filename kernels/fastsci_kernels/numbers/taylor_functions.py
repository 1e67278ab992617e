"""The functions whose Taylor series are known, by the names under which a user's function may call them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

LARGEST_UNROLLED = 64  # whole powers up to this one are products, as they are for lanes

_SPELLINGS: dict[str, tuple[Callable[..., Any], ...]] = {
    "add": (np.add,),
    "subtract": (np.subtract,),
    "multiply": (np.multiply,),
    "divide": (np.divide,),
    "power": (math.pow, np.power),
    "negative": (np.negative,),
    "square": (np.square,),
    "reciprocal": (np.reciprocal,),
    "radians": (math.radians, np.radians, np.deg2rad),
    "degrees": (math.degrees, np.degrees, np.rad2deg),
    "abs": (math.fabs, np.fabs, np.absolute),
    "minimum": (np.minimum,),
    "maximum": (np.maximum,),
    "<": (np.less,),
    "<=": (np.less_equal,),
    ">": (np.greater,),
    ">=": (np.greater_equal,),
    "==": (np.equal,),
    "!=": (np.not_equal,),
    "&": (np.logical_and,),
    "|": (np.logical_or,),
    "^": (np.logical_xor,),
    "sqrt": (math.sqrt, np.sqrt),
    "cbrt": (math.cbrt, np.cbrt),
    "hypot": (math.hypot, np.hypot),
    "exp": (math.exp, np.exp),
    "exp2": (math.exp2, np.exp2),
    "expm1": (math.expm1, np.expm1),
    "log": (math.log, np.log),
    "log2": (math.log2, np.log2),
    "log10": (math.log10, np.log10),
    "log1p": (math.log1p, np.log1p),
    "sin": (math.sin, np.sin),
    "cos": (math.cos, np.cos),
    "tan": (math.tan, np.tan),
    "asin": (math.asin, np.arcsin),
    "acos": (math.acos, np.arccos),
    "atan": (math.atan, np.arctan),
    "atan2": (math.atan2, np.arctan2),
    "sinh": (math.sinh, np.sinh),
    "cosh": (math.cosh, np.cosh),
    "tanh": (math.tanh, np.tanh),
    "asinh": (math.asinh, np.arcsinh),
    "acosh": (math.acosh, np.arccosh),
    "atanh": (math.atanh, np.arctanh),
    "erf": (math.erf,),
    "erfc": (math.erfc,),
}

FUNCTIONS: dict[Callable[..., Any], str] = {
    function: name for name, functions in _SPELLINGS.items() for function in functions
}
