"""The picture of a run: a small sample of its members is run again with many saves, and all is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..plot import SHOWN_STATES, Portrait, draw
from .errors import RunFailed
from .summary import Tally

if TYPE_CHECKING:
    from .run import Run

SAMPLE_MEMBERS, SPREAD_TIMES = 200, 400
PATH_TIMES = 2000  # of the last stretch of the trajectories, one a step
SAMPLE_BYTES = 2**27


def draw_run(asked: Run, tally: Tally, path: Path) -> None:
    """Draw a run that has been computed.

    Raises
    ------
    RunFailed
        Where no member of the sample stays finite.
    """
    members = asked.members
    numbers = members.dim * members.dtype.itemsize
    size = int(np.clip(SAMPLE_BYTES // (numbers * PATH_TIMES), 20, SAMPLE_MEMBERS))
    sample = _sample(members.count, size)
    start, end = asked.t_span
    steps = int(np.clip(np.ceil(abs(end - start) / asked.dt), 2, PATH_TIMES))
    late = end - np.sign(end - start) * min(abs(end - start), steps * asked.dt)
    y0 = members.states(sample)
    spread = asked.solve(sample, y0, t_eval=np.linspace(start, end, SPREAD_TIMES))
    paths = asked.solve(sample, y0, t_eval=np.linspace(late, end, steps + 1))
    drawn = np.flatnonzero(spread.success & paths.success)
    if not drawn.size:
        raise RunFailed("--plot: every member of the sample failed; nothing to draw")
    shown = min(members.dim, SHOWN_STATES)
    names = tally.state or tuple(f"u[{index}]" for index in range(members.dim))
    varied = members.varied[0] if len(members.varied) == 1 else None
    draw(
        Portrait(
            title=_title(asked, tally),
            names=names[:shown],
            spread_times=spread.t,
            spread=spread.y[drawn, :shown],
            path_times=paths.t,
            paths=paths.y[drawn, :shown],
            finals=tally.finals[:, :shown],
            parameter=varied,
            path_parameter=None if varied is None else np.asarray(paths.params[varied])[drawn],
            final_parameter=None if varied is None else _values(asked, tally.kept, varied),
        ),
        path,
    )


def _sample(count: int, size: int) -> np.ndarray:
    """One member drawn from each of ``size`` equal parts, so that a parameter is seen in all its range."""
    edges = np.linspace(0, count, min(count, size) + 1).astype(np.int64)
    return np.random.default_rng(0).integers(edges[:-1], edges[1:])


def _values(asked: Run, kept: np.ndarray, name: str) -> np.ndarray:
    """A parameter's values for the kept members."""
    everyone = len(kept) == asked.members.count
    params = asked.members.params(range(asked.members.count) if everyone else kept)
    return np.broadcast_to(np.asarray(params[name]), len(kept))


def _title(asked: Run, tally: Tally) -> str:
    members = asked.members
    start, end = asked.t_span
    parts = [f"{members.count:,} member" + ("s" if members.count > 1 else "")]
    parts += [str(parameter) for name, parameter in members.parameters.items() if name in members.varied]
    parts += [f"{tally.method}, dt = {asked.dt:g}", f"t = {start:g} to {end:g}"]
    if tally.failed:
        parts.append(f"{tally.failed:,} failed, not drawn")
    return f"{asked.system.name}: " + ",  ".join(parts)
