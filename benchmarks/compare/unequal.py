"""How busy the SIMD lanes are where members take very unequal numbers of steps."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

import numpy as np

import fastsci
from benchmarks.compare.row import Row

MEMBERS = 4096


def families(n: int) -> Iterator[tuple[str, dict]]:
    """What differs, and the call of `fastsci.solve_ensemble` that it takes."""
    systems = fastsci.systems
    yield (
        "Roessler, c from 2 to 40, Tsit5",
        {"system": systems.rossler, "t_span": (0.0, 100.0), "y0": [1.0, 1.0, 0.0], "method": "Tsit5",
         "params": {"c": np.linspace(2.0, 40.0, n)}},
    )  # fmt: skip
    for method, t_end in (("Tsit5", 20.0), ("Rodas5P", 200.0)):
        yield (
            f"van der Pol, mu from 0.1 to 100, {method}",
            {"system": systems.van_der_pol, "t_span": (0.0, t_end), "y0": [2.0, 0.0], "method": method,
             "params": {"mu": np.geomspace(0.1, 100.0, n)}},
        )  # fmt: skip


def rows(n_members: int = MEMBERS) -> Iterator[Row]:
    """Share of the lanes' steps that served a member."""
    for figure, call in families(n_members):
        fastsci.solve_ensemble(**{**call, "params": {name: values[:2] for name, values in call["params"].items()}})
        began = perf_counter()
        result = fastsci.solve_ensemble(**call)
        taken = perf_counter() - began
        steps = result.naccepted + result.nrejected
        failed = int((result.status < 0).sum())
        yield Row(
            f"{figure}, {n_members:,} members: lanes busy", result.lanes_busy, result.lanes_busy, result.lanes_busy,
            unit="", at_least=0.9, steps_per_second=float(steps.sum() / taken),
            note=f"members take {steps.min()} to {steps.max()} steps; {failed} failed",
        )  # fmt: skip
