"""What Lyapunov exponents come to: told in a few lines, written to a file, drawn."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..lyapunov_plot import ROUNDING, Convergence, ExponentMap, Sweep, draw, with_error
from .summary import scaled
from .targets import replacing
from .text_table import in_columns

if TYPE_CHECKING:
    from .lyapunov import Asked, Computed

OUT_SUFFIXES = (".csv", ".npz")
ERRORS = 3.0  # standard errors above 0 from which an exponent is taken for positive
LISTED = 24


def chaotic(computed: Computed) -> np.ndarray:
    """Whether the largest exponent of each member is clearly positive."""
    with np.errstate(invalid="ignore"):
        return computed.exponents[:, 0] > np.maximum(ERRORS * computed.stderr[:, 0], ROUNDING)


def report(asked: Asked, computed: Computed) -> list[str]:
    """The lines that tell a person what came out."""
    n = asked.members.count
    rate = f"{scaled(n * asked.steps / computed.seconds)} {_steps(asked)}/s"
    return [
        f"system     {asked.system.name}, a {asked.system.kind} of {asked.members.dim} state variable"
        f"{'s' if asked.members.dim > 1 else ''}, {asked.members.dtype}",
        *(f"parameter  {swept}, {count:,} values" for swept, count in zip(asked.ranges, asked.shape, strict=True)),
        f"span       {_span(asked, computed)}",
        f"path       {computed.path}" + (f": {computed.reason}" if computed.reason else ""),
        f"time       {computed.seconds:.3g} s, {rate}; {computed.compiling:.3g} s to make the kernel ready",
        *(_of_many(asked, computed) if asked.ranges else _of_one(asked, computed)),
    ]


def _steps(asked: Asked) -> str:
    return "iterations" if asked.system.kind == "map" else "steps"


def _span(asked: Asked, computed: Computed) -> str:
    if asked.system.kind == "map":
        return f"{asked.t_transient:,.10g} iterations left out, {asked.t_total:,.10g} counted"
    by = f"{computed.method}, dt = {asked.step:g}"
    return f"t = {asked.t_transient:,.10g} left out, {asked.t_total:,.10g} counted, by {by}"


def _of_one(asked: Asked, computed: Computed) -> list[str]:
    exponents, stderr = computed.exponents[0], computed.stderr[0]
    rows = [("", "exponent", "+- stderr")]
    for place in range(min(len(exponents), LISTED)):
        rows.append((str(place + 1), *with_error(float(exponents[place]), float(stderr[place]))))
    left = len(exponents) - LISTED
    more = [f"           and {left} more, down to {exponents[-1]:.6g}; --out keeps them all"] if left > 0 else []
    whole = len(exponents) == asked.members.dim
    dimension = float(computed.dimension[0])
    return [
        f"exponents  {asked.unit}",
        *(f"           {line}" for line in in_columns(rows, right=0)),
        *more,
        *([f"sum        {exponents.sum():.6g}"] if whole else []),
        f"dimension  {dimension:.4f} (Kaplan and Yorke)"
        if math.isfinite(dimension)
        else "dimension  needs more exponents; leave --k out",
        f"entropy    {float(computed.entropy[0]):.6g} {asked.unit} (sum of the positive exponents)",
        f"chaotic    {_verdict(computed)}",
    ]


def _verdict(computed: Computed) -> str:
    if chaotic(computed)[0]:
        return "yes: the largest exponent is more than 3 standard errors above 0"
    return "no: the largest exponent is not clearly above 0"


def _of_many(asked: Asked, computed: Computed) -> list[str]:
    n, failed = asked.members.count, int(computed.failed.sum())
    largest = computed.exponents[~computed.failed, 0]
    many = int(chaotic(computed).sum())
    return [
        f"failed     {failed:,}" + (" (the state became infinite or NaN)" if failed else ""),
        f"exponents  {asked.k} of {asked.members.dim}; the largest in [{largest.min():.6g}, {largest.max():.6g}]"
        f" {asked.unit}",
        f"chaotic    {many:,} of {n:,}: the largest exponent is more than 3 standard errors above 0",
    ]


def write_exponents(path: Path, asked: Asked, computed: Computed) -> None:
    """Write the exponents to CSV, a row a member, or to NPZ, whose leading axes are the ranges."""
    with replacing(path) as partial:
        (_write_npz if path.suffix == ".npz" else _write_csv)(partial, asked, computed)


def _write_npz(path: Path, asked: Asked, computed: Computed) -> None:
    arrays: dict[str, Any] = {
        "exponents": computed.exponents.reshape(*asked.shape, asked.k),
        "stderr": computed.stderr.reshape(*asked.shape, asked.k),
        "kaplan_yorke_dimension": computed.dimension.reshape(asked.shape),
        "entropy": computed.entropy.reshape(asked.shape),
        "qr_every": computed.qr_every.reshape(asked.shape),
        "status": computed.status.reshape(asked.shape),
    }
    if not asked.ranges:
        arrays |= {"t": computed.t, "history": computed.history}
    for swept, values in zip(asked.ranges, asked.values, strict=True):
        # A parameter may be called like another of the arrays.
        arrays[f"{swept.name}_parameter" if swept.name in arrays else swept.name] = values
    np.savez(path, **arrays)


def _write_csv(path: Path, asked: Asked, computed: Computed) -> None:
    grid = np.meshgrid(*asked.values, indexing="ij")
    named = {swept.name: values.ravel() for swept, values in zip(asked.ranges, grid, strict=True)}
    for place in range(asked.k):
        named[f"exponent_{place + 1}"] = computed.exponents[:, place]
    for place in range(asked.k):
        named[f"stderr_{place + 1}"] = computed.stderr[:, place]
    named |= {"kaplan_yorke_dimension": computed.dimension, "entropy": computed.entropy, "status": computed.status}
    digits = ["%d" if name == "status" else "%.17g" for name in named]
    rows = np.column_stack(list(named.values()))
    np.savetxt(path, rows, delimiter=",", header=",".join(named), comments="", fmt=digits)


def draw_exponents(path: Path, asked: Asked, computed: Computed) -> None:
    """Draw how the exponents converged, or what the parameters do to them."""
    title, values = _title(asked, computed), asked.values
    if not asked.ranges:
        time = "iterations counted" if asked.system.kind == "map" else "t, from the end of the transient"
        picture = Convergence(title, asked.unit, time, computed.t, computed.history, computed.stderr[0])
    elif len(asked.ranges) == 1:
        picture = Sweep(title, asked.unit, asked.ranges[0].name, values[0], computed.exponents, computed.stderr)
    else:
        largest = computed.exponents[:, 0].reshape(asked.shape)
        picture = ExponentMap(title, asked.unit, [swept.name for swept in asked.ranges], values, largest)
    draw(picture, path)


def _title(asked: Asked, computed: Computed) -> str:
    fixed = [str(given) for given in asked.members.parameters.values() if given.last is None]
    parts = [f"{asked.members.count:,} members"] if asked.ranges else []
    parts += [*fixed, _span(asked, computed)]
    if computed.failed.any():
        failed = f"{int(computed.failed.sum()):,} failed"
        parts.append(f"grey: {failed}" if len(asked.ranges) > 1 else failed)
    return f"{asked.system.name}:  " + ",  ".join(parts)
