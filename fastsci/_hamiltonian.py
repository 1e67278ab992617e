"""Separable Hamiltonian systems, whose two halves the symplectic methods evaluate apart."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _function
from ._halves import Half, assemble, half
from .system import System, system


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Hamiltonian(System):
    """A `System` of positions and momenta with H = T(p) + V(q); made by `fastsci.hamiltonian`.

    Attributes
    ----------
    parts : mapping of str to function
        ``velocity`` and ``force``, in the form of `fun`: each gives du/dt with its own half alone meant.
    kinetic, potential : function, or None
        The energies, where they were given.
    """

    parts: Mapping[str, Callable[..., Any]]
    kinetic: Callable[..., Any] | None
    potential: Callable[..., Any] | None

    def energy(self, u: ArrayLike, params: Mapping[str, ArrayLike] | ArrayLike | None = None) -> NDArray[np.float64]:
        """T(p) + V(q) of one state or many, by calling the plain Python functions.

        Parameters
        ----------
        u : (dim,) or (n, dim) array
            States, positions first.
        params : mapping, (n_params,) or (n, n_params) array, optional
            As for `System.rhs`.

        Returns
        -------
        () or (n,) array

        Raises
        ------
        ValueError
            When the system was made without its energies.

        Examples
        --------
        >>> import fastsci
        >>> spring = fastsci.hamiltonian(
        ...     lambda p, params: 0.5 * p[0] * p[0],
        ...     lambda q, params: 0.5 * q[0] * q[0],
        ...     velocity=lambda t, p, params: (p[0],),
        ...     force=lambda t, q, params: (-q[0],),
        ...     state=("q", "p"),
        ... )
        >>> float(spring.energy([3.0, 4.0]))
        12.5
        """
        if self.kinetic is None or self.potential is None:
            raise ValueError(f"{self.name}: was made without its energies; give kinetic and potential")
        states = _function.float_array(u, "u")
        rows = np.atleast_2d(states)
        half = rows.shape[1] // 2
        values = [
            self.kinetic(row[half:], p) + self.potential(row[:half], p)
            for row, p in zip(rows, self._parameter_rows(params, len(rows)), strict=True)
        ]
        return np.array(values, np.float64).reshape(states.shape[:-1])


def hamiltonian(
    kinetic: Callable[..., Any] | None = None,
    potential: Callable[..., Any] | None = None,
    *,
    velocity: Callable[..., Any] | None = None,
    force: Callable[..., Any] | None = None,
    params: Mapping[str, float] | Sequence[str] | None = None,
    state: Sequence[str] | None = None,
    constants: Mapping[str, ArrayLike] | None = None,
    default_y0: ArrayLike | None = None,
    dt: float | None = None,
    facts: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Hamiltonian:
    """Make a system of H(q, p) = T(p) + V(q), whose state is ``(q_1, ..., q_m, p_1, ..., p_m)``.

    dq/dt = dT/dp and dp/dt = -dV/dq come from tangent numbers carried through the two energies, or from functions of
    one's own.  Every method runs on the result; the symplectic ones evaluate one half at a time.

    Parameters
    ----------
    kinetic : function, optional
        ``T(p, params)``: the kinetic energy, a number, of a tuple of momenta.
    potential : function, optional
        ``V(q, params)``: the potential energy of a tuple of positions.
    velocity : function, optional
        ``velocity(t, p, params)`` that returns dq/dt as a tuple, or ``velocity(t, p, params, dq)`` that writes it;
        goes before the gradient of `kinetic`.
    force : function, optional
        ``force(t, q, params)`` or ``force(t, q, params, dp)``, in the same form as `velocity`; goes before the
        gradient of `potential`.
    params, state, constants, default_y0, dt, facts, name
        As for `fastsci.system`; `state` names positions, then momenta.

    Returns
    -------
    Hamiltonian

    Raises
    ------
    TypeError, ValueError
        When a half is missing, the two have different forms, or the number of positions cannot be told.

    References
    ----------
    Hairer, Lubich and Wanner, Geometric Numerical Integration, 2nd ed. (2006), chapter VI.

    Examples
    --------
    >>> import fastsci, math
    >>> def velocity(t, p, params):
    ...     (momentum,) = p
    ...     return (momentum,)
    >>> def force(t, q, params):
    ...     (angle,) = q
    ...     return (-math.sin(angle),)
    >>> pendulum = fastsci.hamiltonian(velocity=velocity, force=force, state=("angle", "momentum"))
    >>> pendulum.rhs(0.0, [0.0, 2.0])
    array([ 2., -0.])
    """
    first, second = half("velocity", velocity, "kinetic", kinetic), half("force", force, "potential", potential)
    energies = [None if energy is None else _function.plain_function(energy) for energy in (kinetic, potential)]
    functions = [first.fun, second.fun, *(fun for fun in energies if fun is not None)]
    arrays = _constants(constants, functions)
    label = second.fun.__name__ if name is None else name
    names = _names(first, second) if state is None else _function.names(state, "state")
    y0 = None if default_y0 is None else _function.float_array(default_y0, "default_y0")
    fun, parts = assemble(label, first, second, _pairs(first, second, names, y0), arrays)
    fun.__doc__ = second.fun.__doc__
    made = system(
        fun,
        params=(second.unpacked_params or first.unpacked_params) if params is None else params,
        state=names,
        default_y0=y0,
        dt=dt,
        facts=facts,
        name=label,
    )
    described: dict[str, Any] = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
    described["constants"] = types.MappingProxyType(arrays)
    bound = [None if energy is None else _function.with_constants(energy, arrays) for energy in energies]
    return Hamiltonian(**described, parts=types.MappingProxyType(parts), kinetic=bound[0], potential=bound[1])


def _constants(
    constants: Mapping[str, ArrayLike] | None, functions: list[types.FunctionType]
) -> dict[str, NDArray[np.float64]]:
    arrays: dict[str, NDArray[np.float64]] = {}
    for name in () if constants is None else _function.names(constants, "constants"):
        readers = [fun for fun in functions if name in (*fun.__code__.co_names, *fun.__code__.co_freevars)]
        arrays |= _function.constant_arrays({name: (constants or {})[name]}, (readers or functions)[0])
    return arrays


def _names(first: Half, second: Half) -> tuple[str, ...] | None:
    """Names of the state from the unpackings of positions and of momenta, where both are there and differ."""
    positions, momenta = second.unpacked_names, first.unpacked_names
    if positions is None or momenta is None or set(positions) & set(momenta) or len(positions) != len(momenta):
        return None
    return (*positions, *momenta)


def _pairs(first: Half, second: Half, names: tuple[str, ...] | None, y0: NDArray[np.float64] | None) -> int | None:
    """Number of positions, by whatever tells it; None of a state of any length."""
    sizes = {"state": None if names is None else len(names), "default_y0": None if y0 is None else y0.size}
    for argument, size in sizes.items():
        if size is not None and size % 2:
            raise ValueError(f"{argument}: has {size} components, expected as many momenta as positions")
    known = [size // 2 for size in sizes.values() if size is not None]
    known += [part.unpacked_count for part in (second, first) if part.unpacked_count is not None]
    if not known and first.style == "tuple":
        raise ValueError("state: is missing; name the positions, then the momenta, so that they can be counted")
    return known[0] if known else None


def parts_of(system: System) -> Mapping[str, Callable[..., Any]]:
    """What symplectic methods call: the two halves, or twice the whole of a system that was not made of halves."""
    if isinstance(system, Hamiltonian):
        return system.parts
    return {"velocity": system.fun, "force": system.fun}
