"""What a run came to: counted as its blocks pass, told in a few lines at the end."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ..result import MESSAGES, EnsembleResult
from ..system import System
from .members import Members
from .steps import Steps

KEPT_MEMBERS, KEPT_STATES = 1_000_000, 3
SHOWN_STATES = 6
STOPPED = 1  # the status of a member that an event ended


class Tally:
    """Counts, ranges and a sample of final states over the blocks of a run.

    Parameters
    ----------
    members : Members
    keep : bool
        Keep final states for a picture: of every member, or of a seeded sample of a very large ensemble.
    seed : int
        Of that sample.
    """

    def __init__(self, members: Members, *, keep: bool, seed: int) -> None:
        self.statuses: Counter[int] = Counter()
        self.steps = self.refused = 0
        self.computing = self.writing = 0.0  # seconds
        self.path = self.reason = self.method = ""
        self.state: tuple[str, ...] = ()
        self.low = np.full(members.dim, np.inf)
        self.high = np.full(members.dim, -np.inf)
        self.kept = _sample(members.count, KEPT_MEMBERS if keep else 0, seed)
        self.finals = np.full((len(self.kept), min(members.dim, KEPT_STATES)), np.nan)

    def add(self, first: int, result: EnsembleResult, *, computing: float, writing: float) -> None:
        """Count the members from ``first`` on, and the seconds that they took."""
        self.computing += computing
        self.writing += writing
        self.path, self.reason, self.method = result.path, result.reason, result.method
        self.state = result.state
        values, counts = np.unique(result.status, return_counts=True)
        self.statuses.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        self.steps += int(np.sum(result.naccepted))
        self.refused += int(np.sum(result.nrejected))
        ended = np.asarray(result.success)
        if ended.any():
            for column, values in enumerate(np.asarray(result.y_final).T):
                self.low[column] = min(self.low[column], values.min(where=ended, initial=np.inf))
                self.high[column] = max(self.high[column], values.max(where=ended, initial=-np.inf))
        here = (self.kept >= first) & (self.kept < first + len(result))
        self.finals[here] = result.y_final[self.kept[here] - first, : self.finals.shape[1]]

    @property
    def failed(self) -> int:
        """Members that did not reach their end."""
        return sum(count for status, count in self.statuses.items() if status < 0)

    @property
    def stopped(self) -> int:
        """Members that an event ended."""
        return self.statuses[STOPPED]

    def messages(self) -> str:
        """How many members failed in which way."""
        failures = sorted(((status, count) for status, count in self.statuses.items() if status < 0), reverse=True)
        return "; ".join(f"{count:,}: {MESSAGES[status].rstrip('.')}" for status, count in failures)


def _sample(count: int, size: int, seed: int) -> np.ndarray:
    """Members drawn without repetition, in order; all of them where there are no more than ``size``."""
    if count <= size:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, size, replace=False))


def summary(
    system: System, members: Members, t_span: tuple[float, float], steps: Steps, tally: Tally, compiling: float
) -> str:
    """The lines that tell a person what a run came to."""
    rate = f"{scaled(tally.steps / tally.computing)} member-steps/s"
    writing = f", {tally.writing:.3g} s to write" if tally.writing > 1e-3 else ""
    also = f"; {compiling:.3g} s to make the kernel ready{writing}"
    lines = [
        f"members    {members.count:,} of {system.name}, {members.dim} state variables, {members.dtype}",
        f"span       t = {t_span[0]:g} to {t_span[1]:g} by {steps}",
        *(f"parameter  {described}" for described in _varied(members)),
        f"path       {tally.path}" + (f": {tally.reason}" if tally.reason else ""),
        *_chosen(members, steps, tally),
        f"time       {tally.computing:.3g} s, {rate}{also}",
        f"failed     {tally.failed:,}" + (f" ({tally.messages()})" if tally.failed else ""),
    ]
    if tally.stopped:
        lines.append(f"stopped    {tally.stopped:,} by an event")
    if tally.failed < members.count:
        lines += [f"{label:<10} {text}" for label, text in _ranges(members, tally)]
    return "\n".join(lines)


def _chosen(members: Members, steps: Steps, tally: Tally) -> list[str]:
    """How many steps the members have chosen to take."""
    if steps.dt is not None:
        return []
    taken, refused = tally.steps / members.count, tally.refused / members.count
    return [f"steps      {taken:,.1f} a member on average, and {refused:,.1f} refused"]


def _varied(members: Members) -> list[str]:
    ranges = [str(parameter) for name, parameter in members.parameters.items() if name in members.varied]
    return ranges + [f"{name} by a column of the file" for name in members.columns]


def _ranges(members: Members, tally: Tally) -> list[tuple[str, str]]:
    names = tally.state or tuple(f"u[{index}]" for index in range(members.dim))
    rows: list[tuple[str, str]] = []
    for index in range(min(members.dim, SHOWN_STATES)):
        rows.append(("" if rows else "at the end", f"{names[index]} in {_range(tally, index)}"))
    if members.dim > SHOWN_STATES:
        low, high = tally.low[SHOWN_STATES:].min(), tally.high[SHOWN_STATES:].max()
        rows.append(("", f"the other {members.dim - SHOWN_STATES} in [{low:.6g}, {high:.6g}]"))
    return rows


def _range(tally: Tally, index: int) -> str:
    return f"[{tally.low[index]:.6g}, {tally.high[index]:.6g}]"


def scaled(value: float) -> str:
    """A rate with three digits and the prefix that a person would use: 12.3 M."""
    for factor, prefix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= factor:
            return f"{value / factor:.3g}{prefix}"
    return f"{value:.3g}"
