"""Exact and randomised dynamic mode decomposition against PyDMD's, of a field of the size of the cylinder wake.

The field is made: a mean flow, travelling waves of falling amplitude at multiples of one frequency, and noise; 89,351
points and 151 instants, as in Kutz, Brunton, Brunton and Proctor, Dynamic Mode Decomposition (SIAM, 2016), chapter 2.
So the eigenvalues are known, and both packages are measured against them.  Same rank, same arrays, interleaved; each
fit ends with eigenvalues, modes and amplitudes.  PyDMD's randomised DMD is taken with its default arguments (a test
matrix that is handed in would spare it the singular value decomposition of all snapshots).
"""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.compare.row import Row
from benchmarks.compare.timing import rested, seconds

POINTS, INSTANTS = 89_351, 151
WAVES = 8
TURN = 0.2  # radians a step, of the slowest wave
FALL = 0.45  # of the logarithm of amplitudes from one wave to the next
NOISE = 1e-3  # over the size of the mean flow
RANK = 2 * WAVES + 1
PAIRS = 5


@dataclass(frozen=True)
class Figure:
    """A comparison: what of ours, what of PyDMD's, and the least ratio of their times."""

    name: str
    ours: Callable[[np.ndarray], Any]
    peer: Callable[[np.ndarray], Any]
    at_least: float


def field(points: int = POINTS, instants: int = INSTANTS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Snapshots with noise, those without, and the eigenvalues of a step."""
    rng = np.random.default_rng(0)
    x, t = np.linspace(0.0, 1.0, points)[:, None], np.arange(instants)
    clean = np.repeat(1.0 - np.exp(-3.0 * x), instants, axis=1)
    for wave in range(1, WAVES + 1):
        envelope = x * np.exp(-FALL * wave)
        clean += envelope * np.cos(2.0 * np.pi * 3.0 * wave * x - TURN * wave * t + wave)
    return clean + NOISE * rng.standard_normal(clean.shape), clean, np.exp(1j * TURN * np.arange(-WAVES, WAVES + 1))


def _exact(X: np.ndarray) -> Any:
    from fastsci.lowrank.dmd import DMD

    return DMD(RANK).fit(X)


def _randomised(X: np.ndarray) -> Any:
    from fastsci.lowrank.randomized_dmd import RandomizedDMD

    return RandomizedDMD(RANK, rng=0).fit(X)


def _pydmd(X: np.ndarray) -> Any:
    from pydmd import DMD

    return DMD(svd_rank=RANK, exact=True).fit(X)


def _pydmd_randomised(X: np.ndarray) -> Any:
    from pydmd import RDMD

    return RDMD(svd_rank=RANK, seed=0).fit(X)


FIGURES = (
    Figure("exact DMD", _exact, _pydmd, 5.0),
    Figure("randomised DMD", _randomised, _pydmd_randomised, 20.0),
)


def errors(model: Any, clean: np.ndarray, eigs: np.ndarray) -> dict[str, float]:
    """The largest error of an eigenvalue, and that of the reconstruction over the field without noise."""
    found = np.asarray(model.eigs)
    reconstruction = model.reconstruct() if hasattr(model, "reconstruct") else np.real(model.reconstructed_data)
    return {
        "eigenvalues": float(np.abs(found[:, None] - eigs).min(axis=0).max()),
        "reconstruction": float(np.linalg.norm(reconstruction - clean) / np.linalg.norm(clean)),
    }


def _timed(ours: Callable[[], Any], theirs: Callable[[], Any], pairs: int) -> tuple[list[float], list[float]]:
    """Seconds of each, in turns; ours several times in a row, where it is short."""
    repeats = max(1, min(8, round(1.0 / seconds(ours))))
    times = [(rested(ours, repeats), rested(theirs, 1)) for _ in range(pairs)]
    return [pair[0] for pair in times], [pair[1] for pair in times]


def rows(pairs: int = PAIRS, points: int = POINTS, instants: int = INSTANTS) -> Iterator[Row]:
    """Each of ours against its like."""
    X, clean, eigs = field(points, instants)
    size = f"{points:,} x {instants}, rank {RANK}"
    for figure in FIGURES:
        name = f"{figure.name} of {size}, against PyDMD"
        if not find_spec("pydmd"):
            yield Row(name, at_least=figure.at_least, note="not run: pydmd is not installed")
            continue
        with warnings.catch_warnings():
            # PyDMD warns of the condition number of any matrix of snapshots with more rows than columns.
            warnings.simplefilter("ignore")
            own, other = errors(figure.ours(X), clean, eigs), errors(figure.peer(X), clean, eigs)
            ours, theirs = _timed(partial(figure.ours, X), partial(figure.peer, X), pairs)
        ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
        yield Row(
            name, statistics.median(ratios), min(ratios), max(ratios), at_least=figure.at_least,
            errors=own, peer_errors=other,
            note=f"{statistics.median(ours):.3g} s, and {statistics.median(theirs):.3g} s; errors against the field"
            " without noise",
        )  # fmt: skip


if __name__ == "__main__":
    for row in rows():
        print(row.figure, f"{row.value} ({row.low} to {row.high})", row.errors, row.peer_errors, row.note, flush=True)
