"""A true trajectory and generated ones, checked and brought to one form."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._arrays import real_array
from ._series import trajectory


def pair(
    truth: Any,
    generated: Any,
    measure: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    shortest: int = 2,
    same_length: bool = False,
    each_component: bool = False,
) -> Any:
    """What ``measure(truth (n_times, dim), generated (n_members, n_generated, dim))`` gives for each member.

    That is a number, or one for ``each_component``.  A member that is not finite gets NaN, and ``measure`` never sees
    it.
    """
    true = trajectory(truth, "truth", shortest)
    members = real_array(generated, "generated")
    if members.ndim not in (2, 3) or members.shape[-1] != true.shape[1]:
        raise ValueError(
            f"generated: has shape {members.shape}, expected (n_times, {true.shape[1]}) or"
            f" (n_members, n_times, {true.shape[1]}), as truth has {true.shape[1]} components; reshape it"
        )
    if members.shape[-2] < shortest:
        raise ValueError(f"generated: has {members.shape[-2]} times, expected at least {shortest}; give a longer one")
    if same_length and members.shape[-2] != len(true):
        raise ValueError(
            f"generated: has {members.shape[-2]} times, expected the {len(true)} of truth, since a spectrum's"
            " frequencies depend on its length; cut the longer one"
        )
    stack = np.ascontiguousarray(members if members.ndim == 3 else members[None], dtype=np.float64)
    results = np.full((len(stack), true.shape[1]) if each_component else len(stack), math.nan)
    finite = np.isfinite(stack).all(axis=(1, 2))
    if np.isfinite(true).all() and finite.any():
        results[finite] = measure(true, stack if finite.all() else stack[finite])
    if members.ndim == 3:
        return results
    return results[0] if each_component else float(results[0])
