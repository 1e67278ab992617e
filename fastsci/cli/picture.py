"""The picture of a run: a small sample of its members is run again with many saves, and all is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..plot import SHOWN_STATES, Portrait, draw
from .errors import RunError
from .summary import Tally

if TYPE_CHECKING:
    from .run import Run

SAMPLE_MEMBERS, SPREAD_TIMES = 200, 400
PATH_TIMES = 2000  # of the last stretch of the trajectories
POINTS_A_STEP = 4
SAMPLE_BYTES = 2**27


def draw_run(asked: Run, tally: Tally, path: Path) -> None:
    """Draw a run that has been computed.

    Raises
    ------
    RunError
        Where no member of the sample stays finite.
    """
    members = asked.members
    numbers = members.dim * members.dtype.itemsize
    size = int(np.clip(SAMPLE_BYTES // (numbers * PATH_TIMES), 20, SAMPLE_MEMBERS))
    sample = _sample(members.count, size)
    y0 = members.states(sample)
    spread_times, path_times = _times(asked, tally)
    spread = asked.solve(sample, y0, t_eval=spread_times)
    paths = asked.solve(sample, y0, t_eval=path_times)
    drawn = np.flatnonzero(spread.success & paths.success)
    if not drawn.size:
        raise RunError("--plot: every member of the sample failed; nothing to draw")
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


def _times(asked: Run, tally: Tally) -> tuple[np.ndarray, np.ndarray]:
    """Times over the whole span, and closer ones over its last stretch."""
    start, end = asked.t_span
    length, sign = abs(end - start), np.sign(end - start)
    # Where members choose their steps, a curve through a few points of each is smooth.
    mean_step = length * asked.members.count / max(tally.steps, 1) / POINTS_A_STEP
    apart = mean_step if asked.steps.dt is None else asked.steps.dt
    count = int(np.clip(np.ceil(length / apart), 2, PATH_TIMES)) if length else 2
    if asked.steps.random:
        # A random path is known at its steps alone.
        last = max(1, int(length / apart * (1 + 1e-12)))
        places = np.unique(np.linspace(0, last, SPREAD_TIMES).round()), np.arange(max(0, last - count), last + 1)
        return tuple(start + sign * apart * place for place in places)
    late = end - sign * min(length, count * apart)
    return np.linspace(start, end, SPREAD_TIMES), np.linspace(late, end, count + 1)


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
    parts += [str(asked.steps), f"t = {start:g} to {end:g}"]
    if tally.failed:
        parts.append(f"{tally.failed:,} failed, not drawn")
    return f"{asked.system.name}: " + ",  ".join(parts)
