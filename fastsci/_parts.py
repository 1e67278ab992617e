"""What a method needs of a system beside its right-hand side, and the words of a seed."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any

import numpy as np

from fastsci_kernels.methods.method import Method
from fastsci_kernels.methods.symplectic import Composition

from . import _function
from ._validate import Ensemble
from .system import System

PART = 64  # the most lanes whose members draw from one block
NOISE = "noise=g, where g(t, u, p) returns one number a component (or g(t, u, p, dw) writes them)"


def parts(method: Method, system: System, members: Ensemble) -> Mapping[str, FunctionType]:
    """The functions that the text of a method calls, by name."""
    if method.random and members.n_members and members.dim:
        _check_noise(method, system, members)
    own = {"diffusion": system.noise, "friction": system.friction}
    if isinstance(method, Composition):
        from ._halves import check_separable
        from ._hamiltonian import parts_of

        own |= parts_of(system)
        if members.n_members:
            t, u, _ = first_member(members)
            check_separable(system, method.name, t, u, farthest(members))
    found: dict[str, FunctionType] = {}
    for part in method.parts:
        function = own[part]
        if function is None:
            keyword = NOISE if part == "diffusion" else "friction=c, where c(t, u, p) returns one number a component"
            raise ValueError(f"method: {method.name} needs the {part} of {system.name}; make it with"
                             f" fastsci.system(..., {keyword})")  # fmt: skip
        found[part] = _function.plain_function(function)
    return found


def first_member(members: Ensemble) -> tuple[float, np.ndarray, np.ndarray]:
    """Time, state and parameters of the first member, for calls of plain functions."""
    p = np.array([value if value.ndim == 0 else value[0] for value in members.params], float)
    return float(members.t_span.flat[0]), members.y0[0].astype(np.float64), p


def farthest(members: Ensemble) -> np.ndarray:
    """Of every parameter the value largest in size: a term that vanishes for the first member shows in it."""
    return np.array([value.flat[np.argmax(np.abs(value))] for value in members.params], float)


def _check_noise(method: Method, system: System, members: Ensemble) -> None:
    """Call the diffusion once and say clearly what is wrong with what it returns."""
    if system.noise is None:
        return
    t, u, p = first_member(members)
    if system.style == "inplace":
        written: Any = np.zeros_like(u)
        system.noise(t, u.copy(), tuple(p.tolist()), written)
    else:
        written = system.noise(t, tuple(u.tolist()), tuple(p.tolist()))
    if isinstance(written, np.ndarray) and system.style == "inplace":
        return
    if not isinstance(written, tuple) or len(written) != u.size:
        raise TypeError(
            f"noise: {getattr(system.noise, '__name__', 'function')} returned {written!r}, expected a tuple of {u.size}"
            f" numbers: what multiplies the noise of each component, for {method.name}"
        )


def noise_key(seed: Any, first_member: Any) -> np.ndarray:
    """Two words of the seed and the number of the first member."""
    if isinstance(first_member, bool) or not hasattr(first_member, "__index__") or not 0 <= first_member < 2**47:
        raise ValueError(f"first_member: is {first_member!r}, expected a non-negative integer")
    if first_member % PART:
        raise ValueError(f"first_member: is {first_member}, expected a multiple of {PART}: members share what is drawn")
    return np.append(seed_words(seed), np.int64(first_member))


def seed_words(seed: Any) -> np.ndarray:
    """Two 32-bit words from an int, a `numpy.random.SeedSequence` or a `numpy.random.Generator`."""
    if isinstance(seed, np.random.Generator):
        return seed.integers(0, 2**32, 2, dtype=np.int64)
    if isinstance(seed, np.random.SeedSequence):
        return seed.generate_state(2, np.uint32).astype(np.int64)
    if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__") or seed < 0):
        raise ValueError(f"seed: is {seed!r}, expected a non-negative integer, a SeedSequence or a Generator")
    return np.random.SeedSequence(seed).generate_state(2, np.uint32).astype(np.int64)
