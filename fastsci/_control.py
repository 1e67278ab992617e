"""Tolerances and limits of an adaptive run, checked."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastsci_kernels.methods.control import CONTROLLERS, Controller

from ._arrays import real_array

RTOL, ATOL = 1e-6, 1e-9
MAX_STEPS = 1_000_000
# SciPy's smallest rtol; below it rounding alone refuses steps.
SMALLEST_RTOL = {4: 1e-6, 8: 2.3e-14}


@dataclass(frozen=True)
class Control:
    """How an adaptive run chooses its steps and when it gives up."""

    rtol: float
    atol: np.ndarray  # (dim,)
    max_step: float
    max_steps: int
    controller: Controller


@dataclass(frozen=True)
class Choices:
    """The caller's words on steps, not yet checked."""

    rtol: Any
    atol: Any
    first_step: Any
    max_step: Any
    max_steps: Any
    controller: Any

    def refuse(self) -> None:
        """With a fixed step there is nothing to choose."""
        defaults = {
            "rtol": RTOL, "atol": ATOL, "first_step": None, "max_step": None, "max_steps": None, "controller": "I"
        }  # fmt: skip
        for name, default in defaults.items():
            value = getattr(self, name)
            if value is not default and not (np.isscalar(value) and value == default):
                raise ValueError(f"{name}: is {value!r}, but with dt every step is fixed; leave one of them out")

    def checked(self, dim: int, dtype: np.dtype, adaptive: bool) -> Control:
        """Check everything; a run of fixed steps takes as many as it needs."""
        if not adaptive:
            return Control(1.0, np.ones(dim), np.inf, 2**62, CONTROLLERS["fixed"])
        relative = _number("rtol", self.rtol)
        smallest = SMALLEST_RTOL[dtype.itemsize]
        if not 0.0 < relative < np.inf:
            raise ValueError(f"rtol: is {self.rtol!r}, expected a positive number, for example {RTOL:g}")
        if relative < smallest:
            raise ValueError(f"rtol: is {relative:g}, below what {dtype} can tell apart; use at least {smallest:g}")
        longest = np.inf if self.max_step is None else _number("max_step", self.max_step)
        if not longest > 0.0:
            raise ValueError(f"max_step: is {self.max_step!r}, expected a positive number")
        limit = MAX_STEPS if self.max_steps is None else self.max_steps
        if isinstance(limit, bool) or not hasattr(limit, "__index__") or limit < 1:
            raise ValueError(f"max_steps: is {self.max_steps!r}, expected a positive integer")
        return Control(relative, _absolute(self.atol, dim), longest, int(limit), _controller(self.controller))


def _absolute(atol: Any, dim: int) -> np.ndarray:
    absolute = real_array(atol, "atol").astype(np.float64)
    if absolute.shape not in ((), (dim,)):
        raise ValueError(f"atol: has shape {absolute.shape}, expected a number or ({dim},), one for each component")
    if not ((absolute >= 0.0) & (absolute < np.inf)).all():
        raise ValueError(f"atol: is {absolute.min():g}, expected numbers of at least 0; 0 makes the error relative")
    return np.broadcast_to(absolute, (dim,)).copy()


def _controller(name: Any) -> Controller:
    found = CONTROLLERS.get(str(name).lower())
    if found is None or found.fixed:
        known = [one.name for one in CONTROLLERS.values() if not one.fixed]
        close = difflib.get_close_matches(str(name).upper(), known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"controller: is {name!r}, expected one of {', '.join(known)}{hint}")
    return found


def _number(name: str, value: Any) -> float:
    array = real_array(value, name)
    if array.ndim:
        raise ValueError(f"{name}: has shape {array.shape}, expected one number for all members")
    return float(array)
