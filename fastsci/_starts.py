"""Starts of a search: drawn or given, with their parameters; and the distinct answers among those they reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from . import _validate
from ._arrays import real_array
from ._parts import seed_words
from ._validate import Ensemble
from .ensemble import probe
from .system import System

GOLDEN_RATIO = (1.0 + 5.0**0.5) / 2.0
LATEST = 2.0**52  # the largest time after which the next whole number is another


def given_starts(system: System, starts: Any) -> np.ndarray:
    """Starts (n, dim) in float64, one row where a single state is given."""
    states = real_array(starts, "starts").astype(np.float64)
    width = "dim" if system.dim is None else system.dim
    fits = states.ndim in (1, 2) and (system.dim is None or states.shape[-1] == system.dim)
    if not fits or states.shape[-1] == 0:
        raise ValueError(f"starts: has shape {states.shape}, expected ({width},) or (n_starts, {width}); reshape it")
    return np.atleast_2d(states)


def drawn_starts(system: System, box: Any, n_starts: Any, seed: Any) -> np.ndarray:
    """Starts (n_starts, dim) drawn evenly from a box."""
    if not isinstance(box, tuple | list) or len(box) != 2:
        raise ValueError(f"box: is {box!r}, expected (low, high), each a number or (dim,); give its two corners")
    low, high = (real_array(corner, "box").astype(np.float64) for corner in box)
    dims = {corner.shape[0] for corner in (low, high) if corner.ndim == 1}
    dim = system.dim if system.dim is not None else next(iter(dims), None)
    if dim is None:
        raise ValueError(f"box: {system.name} takes states of any length; give corners of shape (dim,)")
    if max(low.ndim, high.ndim) > 1 or dims - {dim}:
        raise ValueError(f"box: has corners of shapes {low.shape} and {high.shape}, expected numbers or ({dim},)")
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
        raise ValueError(f"box: is {box!r}, expected finite corners, the low one below the high; exchange them")
    if isinstance(n_starts, bool) or not hasattr(n_starts, "__index__") or n_starts < 0:
        raise ValueError(f"n_starts: is {n_starts!r}, expected a number of starts, 0 or more")
    drawn = np.random.default_rng(seed_words(seed)).random((int(n_starts), dim))
    return low + drawn * (high - low)


def as_members(system: System, starts: np.ndarray, params: Any, t: Any, duration: float) -> Ensemble:
    """Starts with their parameters as members of a run of one step; one start serves many parameters."""
    if isinstance(t, bool) or not isinstance(t, int | float | np.floating | np.integer) or not abs(t) <= LATEST:
        raise ValueError(f"t: is {t!r}, expected one finite time of at most {LATEST:.2g}")
    stand_in = np.zeros((1, starts.shape[1]))
    members = _validate.ensemble(system, (float(t), float(t) + duration), stand_in, params, 1.0, None, "float64")
    n_starts, n_values = len(starts), members.n_members
    if n_starts != n_values and 1 not in (n_starts, n_values):
        raise ValueError(f"params: are for {n_values} members, but starts are {n_starts}; give both as many, or one")
    n = n_starts if n_values == 1 else n_values
    states = starts if len(starts) == n else np.repeat(starts, n, axis=0)
    members = replace(members, y0=states, n_members=len(states))
    probe(system, members)
    return members


def of_members(members: Ensemble, states: np.ndarray, which: np.ndarray) -> Ensemble:
    """States ``(n, dim)`` with the parameters of the members ``which (n,)``."""
    return replace(members.some(which), y0=states)


def perturbed(states: np.ndarray) -> np.ndarray:
    """States (n, dim) with the unit vectors beside them as perturbations, which become the Jacobian."""
    n, dim = states.shape
    return np.concatenate([states, np.broadcast_to(np.eye(dim).reshape(-1), (n, dim * dim))], 1)


def params_of(members: Ensemble, which: np.ndarray) -> dict[str, np.ndarray]:
    """Parameters by name, one value each of the members ``which``."""
    return {
        name: np.broadcast_to(value, (members.n_members,))[which].astype(np.float64)
        for name, value in zip(members.names, members.params, strict=True)
    }


def same_params(members: Ensemble) -> np.ndarray:
    """A number (n_members,) that members share whose parameters are the same."""
    several = [value for value in members.params if value.size > 1]
    if not several:
        return np.zeros(members.n_members, np.int64)
    _, group = np.unique(np.stack(several, 1), axis=0, return_inverse=True)
    return group.reshape(-1)


def distinct(
    rows: np.ndarray,
    group: np.ndarray,
    key: np.ndarray,
    width: np.ndarray,
    same: Callable[[int, np.ndarray], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct ones among ``rows``: their leaders, and for every row its leader's place among those.

    ``same(leader, others)`` says which of other rows are the leader again; asked are only rows of its ``group`` whose
    ``key`` is within its ``width``.  A leader is the first of its kind.
    """
    order = rows[np.lexsort((key[rows], group[rows]))]
    keys, groups = key[order], group[order]
    leader_of = np.full(len(group), -1, np.int64)
    for row in rows:
        if leader_of[row] < 0:
            begin, end = np.searchsorted(groups, [group[row], group[row] + 1])
            low, high = begin + np.searchsorted(keys[begin:end], [key[row] - width[row], key[row] + width[row]])
            near = order[low : high + 1]
            others = near[(leader_of[near] < 0) & (near != row) & (group[near] == group[row])]
            leader_of[row] = row
            if others.size:
                leader_of[others[same(row, others)]] = row
    leaders, place = np.unique(leader_of[rows], return_inverse=True)
    return leaders, place.reshape(-1)


def projection(states: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """A key (n,) of states (n, dim), and how far that of a state may be from it that ``tolerance`` makes the same."""
    # In a direction of no meaning, along which states that differ are hardly ever equal.
    weights = 1.0 + np.arange(states.shape[1]) * GOLDEN_RATIO % 1.0
    return states @ weights, tolerance * ((1.0 + np.abs(states)) @ weights) * (1.0 + 1e-9)
