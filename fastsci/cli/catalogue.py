"""``fastsci systems`` and ``fastsci methods``: what there is to choose from."""

from __future__ import annotations

import argparse
import inspect

from fastsci_kernels.methods.midpoint import MIDPOINT
from fastsci_kernels.methods.registry import ADAPTIVE, METHODS
from fastsci_kernels.methods.rosenbrock_catalogue import ROSENBROCK_METHODS
from fastsci_kernels.methods.stochastic import STOCHASTIC
from fastsci_kernels.methods.symplectic import SYMPLECTIC
from fastsci_kernels.methods.taylor_family import TAYLOR

from .. import systems as catalogue
from ..ensemble import methods as method_names
from .text_table import in_columns


def systems(parsed: argparse.Namespace) -> int:
    """Every system: its name, kind, dimension and parameters."""
    if parsed.names:
        print("\n".join(catalogue.names()))
        return 0
    rows = [("name", "kind", "dim", "state", "parameters")]
    for name in catalogue.names():
        system = catalogue.get(name)
        state = system.state or ()
        shown = ", ".join(state) if len(state) <= 4 else f"{state[0]} ... {state[-1]}"
        defaults = inspect.signature(catalogue.registry.ENTRIES[name].build).parameters
        sizes = ",".join(f"{size}={defaults[size].default}" for size in catalogue.registry.ENTRIES[name].smallest)
        params = ", ".join(f"{param}={value:.6g}" for param, value in system.params.items())
        rows.append((f"{name}:{sizes}" if sizes else name, system.kind, str(system.dim), shown, params))
    print("\n".join(in_columns(rows)))
    return 0


def methods(parsed: argparse.Namespace) -> int:
    """Every method: its name, family, order, stages, other names and source."""
    if parsed.names:
        print("\n".join(method_names()))
        return 0
    rows = [("name", "family", "order", "stages", "also", "source")]
    for name in method_names():
        method = METHODS[name]
        order = method.order if isinstance(method.order, str) else f"{method.order:g}"
        rows.append((name, family(name), order, str(method.stages), ", ".join(method.aliases), method.source))
    print("\n".join(in_columns(rows)))
    return 0


_FAMILIES = {
    **dict.fromkeys((*ADAPTIVE, TAYLOR.name), "adaptive"),
    **dict.fromkeys(ROSENBROCK_METHODS, "stiff"),
    **dict.fromkeys((method.name for method in (*SYMPLECTIC, MIDPOINT)), "symplectic"),
    **dict.fromkeys((method.name for method in STOCHASTIC), "stochastic"),
}


def family(name: str) -> str:
    """What kind of method it is: adaptive and stiff ones choose their steps, the others have fixed ones.

    Examples
    --------
    >>> from fastsci.cli.catalogue import family
    >>> family("Tsit5"), family("RK4")
    ('adaptive', 'fixed')
    """
    return _FAMILIES.get(name, "fixed")
