"""What a run with steps of its own, or with events, is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastsci_kernels.methods.adaptive import AdaptiveMethod
from fastsci_kernels.methods.control import CONTROLLERS
from fastsci_kernels.methods.registry import ADAPTIVE, STEPPED
from fastsci_kernels.methods.rosenbrock import Rosenbrock
from fastsci_kernels.methods.taylor_family import TAYLOR

from . import _function
from ._control import Control
from ._validate import Ensemble
from .events import Event
from .system import System

if TYPE_CHECKING:
    from fastsci_kernels.loops.adaptive_text import AdaptiveShape


@dataclass(frozen=True)
class Request:
    """What an adaptive run is asked for beside its members."""

    method: AdaptiveMethod
    control: Control
    events: tuple[Event, ...] = ()
    dense: bool = False
    compensated: bool = False

    def shape(self, system: System, members: Ensemble) -> AdaptiveShape:
        """What the driver is specialised on."""
        from fastsci_kernels.loops.adaptive_text import AdaptiveShape, EventKind

        own = self.method.chooses_step
        return AdaptiveShape(
            "tuple" if own else system.style,
            members.dim,
            len(members.params),
            members.dtype.itemsize * 8,
            controller=CONTROLLERS["fixed"] if own else self.control.controller,
            events=tuple(EventKind(one.direction, one.terminal, one.apply is not None) for one in self.events),
            compensated=self.compensated,
            saving=members.t_eval is not None,
            dense=self.dense,
            reduction=members.statistics and members.statistics.reduction(every=False, discrete=False),
            flat_limit=self.method.flat_limit,
        )

    def functions(self, system: System) -> dict[str, Any]:
        """The user's functions by the names that a driver calls them."""
        found: dict[str, Any] = {"slope": system.fun}
        for part in self.method.parts:
            found[part] = _function.plain_function({"jac": system.jac, "jvp": system.jvp}[part])
        for number, one in enumerate(self.events):
            found[f"user_event{number}"] = one.fun
            if one.apply is not None:
                found[f"user_apply{number}"] = one.apply
        return found


def columns_method(name: str, system: System, members: Ensemble, rtol: float, dense: bool) -> AdaptiveMethod:
    """The method by name, made ready for a system; ``dense`` where more than the ends of steps is looked at."""
    function = _function.plain_function(system.fun)
    if name == TAYLOR.name:
        from fastsci_kernels.methods.taylor import Taylor

        return Taylor.of(
            function,
            style=system.style,
            dim=members.dim,
            n_params=len(members.params),
            tolerance=rtol,
            dense=dense or members.t_eval is not None,
        )
    method = ADAPTIVE.get(name) or STEPPED.get(name)
    if isinstance(method, Rosenbrock):
        jac = None if system.jac is None else _function.plain_function(system.jac)
        return method.fitted(function, jac=jac)
    if method is None:
        raise ValueError(
            f"method: {name} has no dense output for events, and no compensated form; use a Runge-Kutta method such as"
            " RK4 or Tsit5"
        )
    return method
