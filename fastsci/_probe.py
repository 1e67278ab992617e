"""Calling a plain right-hand side and saying clearly what is wrong with what it returns."""

from __future__ import annotations

import dis
import math
import numbers
import traceback
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._function import INPLACE_FORM, TUPLE_FORM, brief, read_only

if TYPE_CHECKING:
    from .system import System

# A quiet NaN that no arithmetic makes by itself: an element of du that still holds it was never assigned.
UNWRITTEN = np.uint64(0x7FF8_5EA1_ED0D_0D0D)

# What Python's math and int raise where compiled code gives nan.
OUT_OF_DOMAIN = ("math domain error", "cannot convert float NaN to integer")


def check_returns(system: System, t: float, u: NDArray[np.float64], p: NDArray[np.float64]) -> None:
    """Call the function once and raise what `System.check_returns` promises."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            returned, du = call(system, t, u, p)
        except (OverflowError, ZeroDivisionError):
            return
        except Exception as error:
            if isinstance(error, ValueError) and str(error) in OUT_OF_DOMAIN:
                return
            if _is_deliberate(error, system.fun):
                return
            raise ValueError(
                f"{system.name}: the function raised {type(error).__name__}: {error}"
                f" ({_raised_at(error, system.fun)});"
                f" it was called with u = {brief(u)}, p = {brief(p)}"
            ) from error
    finite = math.isfinite(t) and bool(np.isfinite(u).all() and np.isfinite(p).all())
    values = checked(system, returned, du, u.size)
    unwritten = np.flatnonzero(values.view(np.uint64) == UNWRITTEN)
    if system.style == "inplace" and finite and unwritten.size:
        raise ValueError(
            f"{system.name}: left du[{unwritten[0]}] unwritten ({unwritten.size} of {values.size} elements;"
            " du comes with no values of its own): assign every element with =, not +="
        )


def call(
    system: System, t: float, u: NDArray[np.float64], p: NDArray[np.float64]
) -> tuple[Any, NDArray[np.float64] | None]:
    if system.style == "tuple":
        return system.fun(np.float64(t), tuple(u), tuple(p)), None
    du = np.full(u.shape, UNWRITTEN).view(np.float64)
    return system.fun(np.float64(t), read_only(u), read_only(p), du), du


def checked(system: System, returned: Any, du: NDArray[np.float64] | None, dim: int) -> NDArray[np.float64]:
    """Values of one call, once they keep to the form of the function."""
    if du is not None:
        if returned is not None:
            raise TypeError(
                f"{system.name}: returned a {type(returned).__name__}, but a function of four"
                f" arguments writes du and returns nothing: {INPLACE_FORM};"
                f" to return values, take three: {TUPLE_FORM}"
            )
        return du
    if returned is None:
        raise TypeError(f"{system.name}: returned None, expected a tuple of {dim} numbers, as in {TUPLE_FORM}")
    if isinstance(returned, np.ndarray | list):
        what = "a list" if isinstance(returned, list) else "an array"
        raise TypeError(
            f"{system.name}: returned {what} (SciPy style), expected a tuple of {dim} numbers;"
            f" write the tuple form: {TUPLE_FORM}"
        )
    if not isinstance(returned, tuple):
        raise TypeError(
            f"{system.name}: returned a {type(returned).__name__}, expected a tuple of {dim} numbers"
            f" (of one number: `return value,` with its comma), as in {TUPLE_FORM}"
        )
    if len(returned) != dim:
        raise ValueError(f"{system.name}: returned {len(returned)} values, expected {dim}, one for each component")
    for index, value in enumerate(returned):
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]  # what np.where makes of two numbers
        if not isinstance(value, numbers.Real):
            kind = "complex" if isinstance(value, numbers.Complex) else f"a {type(value).__name__}"
            raise TypeError(
                f"{system.name}: value {index} of the returned tuple is {kind}, expected a real number;"
                " split complex states into real and imaginary parts, arrays into their elements"
            )
    return np.array(returned, dtype=np.float64)


def _is_deliberate(error: Exception, fun: Callable[..., Any]) -> bool:
    """Whether a ``raise`` or ``assert`` in the user's own file spoke: a verdict on this state, not a mistake."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None or frame.tb_frame.f_code.co_filename != fun.__code__.co_filename:
        return False
    return any(
        instruction.offset == frame.tb_lasti and instruction.opname == "RAISE_VARARGS"
        for instruction in dis.get_instructions(frame.tb_frame.f_code)
    )


def _raised_at(error: Exception, fun: Callable[..., Any]) -> str:
    """File and line of the user's own code that raised."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == fun.__code__.co_filename]
    frame = (own or frames)[-1]
    return f"{frame.filename}:{frame.lineno}"
