"""How the members of a run get from the start to the end: by which method, by steps of what size."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastsci_kernels.methods.registry import ADAPTIVE, FIXED, NAMES

from .._control import ATOL, RTOL
from ..system import System
from .errors import UsageError

DEFAULT_METHOD = "RK4"
TRIAL_SHARE = 1e-3  # of the span, in which an adaptive run is tried out


@dataclass(frozen=True)
class Steps:
    """A method and its steps, as `fastsci.solve_ensemble` takes them."""

    method: str
    dt: float | None  # None where members choose their steps
    choices: Mapping[str, Any]  # tolerances and limits that were given
    seed: int

    @property
    def random(self) -> bool:
        """Whether a step draws random numbers."""
        return self.method in FIXED and FIXED[self.method].random

    @property
    def arguments(self) -> dict[str, Any]:
        """Keywords of `fastsci.solve_ensemble`."""
        return {"method": self.method, "dt": self.dt, "seed": self.seed if self.random else None, **self.choices}

    @property
    def attributes(self) -> dict[str, Any]:
        """What a store says of the steps."""
        if self.dt is not None:
            return {"dt": self.dt}
        tolerances = {"rtol": RTOL, "atol": ATOL, **self.choices}
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in tolerances.items()}

    def __str__(self) -> str:
        if self.dt is not None:
            return f"{self.method}, dt = {self.dt:g}"
        tolerances = (
            f"{name} = {','.join(f'{number:g}' for number in np.atleast_1d(self.choices.get(name, default)))}"
            for name, default in (("rtol", RTOL), ("atol", ATOL))
        )
        return ", ".join((self.method, *tolerances))

    def trial(self, start: float, end: float) -> tuple[float, float]:
        """A short span in which what is wrong with a run shows, and the kernel is compiled."""
        length = abs(end - start)
        short = self.choices.get("first_step", TRIAL_SHARE * length) if self.dt is None else self.dt
        return start, start + math.copysign(min(short, length), end - start)


def read_steps(parsed: argparse.Namespace, system: System) -> Steps:
    """The method and the steps that a command asks for.

    Without ``--dt`` a method with an error estimate chooses its steps, and another takes the system's own.

    Raises
    ------
    UsageError
        For a step that is none, and for tolerances where all steps are the same.
    """
    # One that nobody knows goes on to the library, which says so.
    asked: str = parsed.method or DEFAULT_METHOD
    method = NAMES.get(asked.lower(), asked)
    choices = _choices(parsed)
    if parsed.dt is not None:
        _check_positive("--dt", parsed.dt)
    if method not in FIXED or (parsed.dt is None and method in ADAPTIVE):
        return Steps(method, parsed.dt, choices, parsed.seed)
    if choices:
        option = f"--{next(iter(choices)).replace('_', '-')}"
        why = f"{method} has fixed steps" if parsed.dt is None else "with --dt every step is fixed"
        remedy = "name one that chooses them, such as --method Tsit5" if parsed.dt is None else "leave one of them out"
        raise UsageError(f"{option}: is given, but {why}; {remedy}")
    dt = system.dt if parsed.dt is None else parsed.dt
    if dt is None:
        raise UsageError(
            f"--dt: is missing, and {system.name} has no step size of its own; give --dt, such as 0.01, or a"
            " method that chooses its steps, such as --method Tsit5"
        )
    return Steps(method, dt, choices, parsed.seed)


def _choices(parsed: argparse.Namespace) -> dict[str, Any]:
    for option, step in (("--first-step", parsed.first_step), ("--max-step", parsed.max_step)):
        if step is not None:
            _check_positive(option, step)
    given = {
        "rtol": parsed.rtol,
        "atol": None if parsed.atol is None else _tolerances(parsed.atol),
        "first_step": parsed.first_step,
        "max_step": parsed.max_step,
        "max_steps": parsed.max_steps,
        "controller": parsed.controller,
    }
    return {name: value for name, value in given.items() if value is not None}


def _tolerances(text: str) -> float | np.ndarray:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--atol: {text!r} holds no numbers; write one, or one for each component: A,B,C") from None
    return numbers[0] if len(numbers) == 1 else np.array(numbers)


def _check_positive(option: str, step: float) -> None:
    if not (math.isfinite(step) and step > 0):
        raise UsageError(
            f"{option}: is {step:g}, expected a positive step; give --t-end before --t-start to run backwards"
        )
