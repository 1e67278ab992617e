"""A user's conserved quantity and the states it is evaluated at, checked and brought to one form."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _function
from .._arrays import real_array

if TYPE_CHECKING:
    from fastsci_kernels.measures.invariant import States

Invariant = Callable[[Any, Any, Any], Any]

LONGEST = 2000  # components of a state, whose tangents lie on the stack
FORM = "def energy(t, u, p): x, v = u; return 0.5 * (v * v + x * x)"


@dataclass(frozen=True)
class Quantity:
    """A function of the state and what it returns.

    Attributes
    ----------
    fun : function
    count : int
        Numbers that it returns.
    single : bool
        Whether it returns a number, not a tuple.
    """

    fun: Any
    count: int
    single: bool

    def values(self, states: States) -> np.ndarray:
        """At every state, ``(n, count)``."""
        from fastsci_kernels.measures.invariant import evaluate

        return evaluate(self.fun, states, count=self.count, single=self.single)

    def projected(self, states: States, levels: np.ndarray, tolerance: float, most: int) -> np.ndarray:
        """The states on their levels, ``(n, dim)``, NaN where there is none."""
        from fastsci_kernels.measures.invariant import project

        return project(self.fun, states, levels, single=self.single, tolerance=tolerance, most=most)

    def shaped(self, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Values ``(n, count)`` in the shape of the states, without a last axis where they are lone numbers."""
        return values.reshape(shape if self.single else (*shape, self.count))


def quantity(invariant: Invariant, states: States) -> Quantity:
    """The function, called once at the first state to see what it returns."""
    if not callable(invariant):
        raise TypeError(f"invariant: is a {type(invariant).__name__}, expected a function, as in {FORM}")
    fun = _function.plain_function(invariant)
    if _function.style(fun) != "tuple":
        raise TypeError(f"invariant: {fun.__name__} takes 4 arguments, expected (t, u, p) and a number back: {FORM}")
    dim = states.u.shape[1]
    if dim > LONGEST:
        raise ValueError(f"states: have {dim} components, expected at most {LONGEST}; split the quantity into parts")
    returned = _called(fun, states)
    single = not isinstance(returned, tuple)
    parts = (returned,) if single else returned
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, numbers.Real):
            raise TypeError(
                f"invariant: {fun.__name__} returned {_function.brief(returned)}, expected a number or a tuple of"
                f" numbers, as in {FORM}"
            )
    if not parts:
        raise ValueError(f"invariant: {fun.__name__} returned an empty tuple, expected at least one number")
    if len(parts) > dim:
        raise ValueError(
            f"invariant: {fun.__name__} returned {len(parts)} numbers of a state of {dim} components, expected no more"
            " than components; leave out those that follow from the others"
        )
    return Quantity(fun, len(parts), single)


def _called(fun: FunctionType, states: States) -> Any:
    """What the plain function returns at the first state; a domain error there gives NaN, as compiled code does."""
    u, p = (tuple(float(value) for value in row) for row in (states.u[0], states.params[0]))
    try:
        return fun(float(states.times[0]), u, p)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        if "unpack" not in str(error):
            return _called_nearby(fun, u, p, error)
        raise ValueError(f"invariant: {fun.__name__} does not fit states of {len(u)} components ({error})") from error
    except (IndexError, TypeError, NameError, AttributeError) as error:
        raise TypeError(
            f"invariant: {fun.__name__} fails at a state of {len(u)} components and {len(p)} parameters"
            f" ({type(error).__name__}: {error}); expected {FORM}"
        ) from error


def _called_nearby(fun: FunctionType, u: tuple[float, ...], p: tuple[float, ...], error: Exception) -> Any:
    """What it returns at a harmless state, to count its numbers."""
    try:
        return fun(1.0, tuple(1.0 + 0.1 * i for i in range(len(u))), p)
    except (ValueError, ArithmeticError):
        raise ValueError(f"invariant: {fun.__name__} cannot be evaluated at the first state ({error})") from error


def rows(states: np.ndarray, params: Any, times: Any, fun: Any) -> States:
    """States ``(n, dim)`` or ``(n_members, n_times, dim)`` in a row, each with its parameters and its time."""
    from fastsci_kernels.measures.invariant import States

    lead = states.shape[:-1]
    values = _parameters(params, fun)
    n_params = values.shape[-1]
    if values.ndim == 2:
        if values.shape[0] != lead[0]:
            raise ValueError(
                f"params: has {values.shape[0]} rows for {lead[0]} members; expected one for each, or ({n_params},)"
            )
        values = values.reshape(lead[0], *(1,) * (len(lead) - 1), n_params)
    clock = np.zeros(1) if times is None else real_array(times, "times").astype(np.float64)
    if clock.shape not in ((), (1,), (lead[-1],), lead):
        raise ValueError(f"times: has shape {clock.shape}, expected ({lead[-1]},), one for each state of a member")
    count = math.prod(lead)
    return States(
        states.reshape(count, states.shape[-1]),
        np.broadcast_to(values, (*lead, n_params)).reshape(count, n_params),
        np.broadcast_to(clock, lead).reshape(count),
    )


def _parameters(params: Any, fun: Any) -> np.ndarray:
    """Parameters as an array ``(n_params,)`` or ``(n_members, n_params)``."""
    if params is None:
        return np.zeros(0)
    if not isinstance(params, Mapping):
        values = real_array(params, "params").astype(np.float64)
        if values.ndim not in (1, 2):
            raise ValueError(
                f"params: has shape {values.shape}, expected (n_params,) or (n_members, n_params); reshape it"
            )
        return values
    code = _function.plain_function(fun).__code__
    known = _function.unpacking(code, code.co_varnames[2])[1]
    if known is None:
        raise ValueError("params: are given by name, but the invariant does not unpack `a, b = p`; give an array")
    if set(params) != set(known):
        raise ValueError(f"params: has {', '.join(map(str, params))}, expected {', '.join(known)}; name these")
    columns = [real_array(params[name], f"params[{name!r}]").astype(np.float64) for name in known]
    for name, column in zip(known, columns, strict=True):
        if column.ndim > 1:
            raise ValueError(f"params[{name!r}]: has shape {column.shape}, expected a number or (n_members,)")
    return np.stack(np.broadcast_arrays(*columns), axis=-1)
