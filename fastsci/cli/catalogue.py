"""``fastsci systems`` and ``fastsci methods``: what there is to choose from."""

from __future__ import annotations

import argparse
import inspect

from fastsci_kernels.methods.registry import METHODS

from .. import systems as catalogue
from ..ensemble import methods as method_names


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
    _print_table(rows)
    return 0


def methods(parsed: argparse.Namespace) -> int:
    """Every method: its name, order, stages and source."""
    if parsed.names:
        print("\n".join(method_names()))
        return 0
    rows = [("name", "order", "stages", "source")]
    for name in method_names():
        method = METHODS[name]
        rows.append((name, str(method.order), str(method.stages), method.source))
    _print_table(rows)
    return 0


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
