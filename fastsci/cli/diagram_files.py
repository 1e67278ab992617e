"""Files of a bifurcation diagram: Zarr, NPZ or CSV."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import storage
from .._version import __version__
from ..result import EnsembleResult
from .targets import replacing

if TYPE_CHECKING:
    from .bifurcate import Computed, Sweep

OUT_SUFFIXES = (".zarr", ".npz", ".csv")


def write_diagram(path: Path, asked: Sweep, computed: Computed, parsed: argparse.Namespace) -> None:
    """Write what is kept to a file of the suffix's format; a write that fails leaves nothing of that name behind."""
    if path.suffix == ".zarr":
        _write_zarr(path, asked, computed, parsed)
        return
    with replacing(path) as partial:
        (_write_npz if path.suffix == ".npz" else _write_csv)(partial, asked, computed)


def _write_npz(path: Path, asked: Sweep, computed: Computed) -> None:
    arrays: dict[str, Any] = {
        asked.component_name: computed.states,
        "iteration": asked.iterations,
        "status": computed.status,
    }
    # A parameter may be called like another of the arrays.
    name = f"{asked.parameter}_parameter" if asked.parameter in arrays else asked.parameter
    arrays[name] = computed.values
    np.savez(path, **arrays)


def _write_csv(path: Path, asked: Sweep, computed: Computed) -> None:
    rows = np.column_stack(
        [
            np.repeat(computed.values, asked.keep),
            np.tile(asked.iterations, len(computed.values)),
            computed.states.ravel(),
        ]
    )
    header = f"{asked.parameter},iteration,{asked.component_name}"
    digits = "%.9g" if computed.states.dtype == np.float32 else "%.17g"
    np.savetxt(path, rows, delimiter=",", header=header, comments="", fmt=["%.17g", "%d", digits])


def _write_zarr(path: Path, asked: Sweep, computed: Computed, parsed: argparse.Namespace) -> None:
    count = np.full(len(computed.values), asked.iterations[-1])
    result = EnsembleResult(
        t=asked.iterations,
        y=computed.states[:, np.newaxis],
        y_final=computed.states[:, -1:],
        status=computed.status,
        nfev=count,
        naccepted=count,
        nrejected=np.zeros_like(count),
        path=computed.path,
        params={**computed.params, asked.parameter: computed.values},
    )
    layout = storage.Layout(
        n_members=len(computed.values),
        block=asked.block,
        dim=1,
        times=asked.iterations,
        dtype=computed.states.dtype,
        state=[asked.component_name],
        params=list(result.params),
        attributes={
            "system": asked.system.name,
            "source": parsed.system,
            "path": computed.path,
            "transient": asked.transient,
            "keep": asked.keep,
            "varied": [asked.parameter],
            "dtype": str(computed.states.dtype),
            "fastsci_version": __version__,
            "command": shlex.join(["fastsci", *parsed.words]),
        },
    )
    with storage.create_store(path, layout, overwrite=parsed.overwrite) as store:
        y0 = asked.members.states(range(asked.members.count))[:, asked.component : asked.component + 1]
        store.write(0, y0, result)
