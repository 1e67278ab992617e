"""The two halves of a separable system, written as right-hand sides of the whole state."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _function
from ._function import Style
from .system import System

MOST_PAIRS = 16  # positions that tangent numbers serve; the cost of a gradient grows with their square
POINTS = 5
NEARBY = 0.1  # how far the points of a check lie from the initial state, as a part of it


@dataclasses.dataclass(frozen=True)
class Half:
    """Velocity or force: a plain function of one half of the state, or an energy whose gradient it is."""

    name: str
    fun: Any  # a type of functions would be taken for that of a method
    is_energy: bool

    @property
    def style(self) -> Style:
        return "tuple" if self.is_energy else _function.style(self.fun)

    def _unpacking(self, place: int) -> tuple[int | None, tuple[str, ...] | None]:
        return _function.unpacking(self.fun.__code__, self.fun.__code__.co_varnames[place - self.is_energy])

    @property
    def unpacked_count(self) -> int | None:
        return self._unpacking(1)[0]

    @property
    def unpacked_names(self) -> tuple[str, ...] | None:
        return self._unpacking(1)[1]

    @property
    def unpacked_params(self) -> tuple[str, ...] | None:
        return self._unpacking(2)[1]


def half(name: str, own: Callable[..., Any] | None, energy_name: str, energy: Callable[..., Any] | None) -> Half:
    """A half from the caller's function, or else from his energy."""
    if own is not None:
        return Half(name, _function.plain_function(own), False)
    if energy is None:
        raise TypeError(f"{name}: is missing; give {name}, or {energy_name} to take its gradient")
    function = _function.plain_function(energy)
    if function.__code__.co_argcount != 2:
        coordinates = "p" if name == "velocity" else "q"
        raise TypeError(
            f"{energy_name}: {function.__name__} takes {function.__code__.co_argcount} arguments, expected"
            f" ({coordinates}, params): def {energy_name}({coordinates}, params): return ..."
        )
    return Half(name, function, True)


def assemble(
    label: str, velocity: Half, force: Half, pairs: int | None, arrays: Mapping[str, NDArray[np.float64]]
) -> tuple[types.FunctionType, dict[str, types.FunctionType]]:
    """The right-hand side of the whole state, and that of each half alone.

    In place, a half leaves the other half of ``du`` as it is; as a tuple, it holds zeros there.
    """
    if velocity.style != force.style:
        raise TypeError(
            f"force: {'writes its last argument' if force.style == 'inplace' else 'returns a tuple'}, but velocity"
            " does not; give both in one form (energies count as the tuple form)"
        )
    if pairs is not None and pairs > MOST_PAIRS and (velocity.is_energy or force.is_energy):
        name = "velocity" if velocity.is_energy else "force"
        raise ValueError(
            f"{name}: is missing, and a gradient of {pairs} components would cost {pairs} energies a step; give"
            f" {name} in place (tangents serve up to {MOST_PAIRS})"
        )
    text = _in_place() if force.style == "inplace" else _tuples(pairs or 0)
    names: dict[str, Any] = dict(_views() if force.style == "inplace" else {})
    for part in (velocity, force):
        bound = _function.with_constants(part.fun, arrays)
        names[f"{part.name}_of"] = _gradient(part.name, bound, pairs or 0) if part.is_energy else bound
    exec(compile(text, f"<{label}>", "exec"), names)
    return names["flow"], {part.name: names[part.name] for part in (velocity, force)}


def _views() -> dict[str, Any]:
    """Fetched when a system is made, since it loads the compiler."""
    from fastsci_kernels.numbers.halves import first_half, second_half

    return {"first_half": first_half, "second_half": second_half}


def _in_place() -> str:
    lines = {
        "velocity": "    velocity_of(t, second_half(u), p, first_half(du))\n",
        "force": "    force_of(t, first_half(u), p, second_half(du))\n",
    }
    parts = "".join(f"def {name}(t, u, p, du):\n{line}\n\n" for name, line in lines.items())
    return f"{parts}def flow(t, u, p, du):\n{''.join(lines.values())}"


def _tuples(pairs: int) -> str:
    def values(pattern: str, first: int) -> str:
        return "".join(f"{pattern.format(i)}, " for i in range(first, first + pairs))

    velocity = f"    {values('d{}', 0)}= velocity_of(t, ({values('u[{}]', pairs)}), p)\n"
    force = f"    {values('d{}', pairs)}= force_of(t, ({values('u[{}]', 0)}), p)\n"
    zeros = "0.0, " * pairs
    return (
        f"def velocity(t, u, p):\n{velocity}    return {values('d{}', 0)}{zeros}\n\n\n"
        f"def force(t, u, p):\n{force}    return {zeros}{values('d{}', pairs)}\n\n\n"
        f"def flow(t, u, p):\n{velocity}{force}    return {values('d{}', 0)}{values('d{}', pairs)}\n"
    )


class CompiledWhenCalled:
    """A function that plain Python cannot run, compiled where Python calls it; in a kernel it is `py_func`."""

    def __init__(self, py_func: types.FunctionType) -> None:
        self.py_func = py_func

    def __call__(self, *arguments: Any) -> Any:
        return self._compiled(*arguments)

    @functools.cached_property
    def _compiled(self) -> Callable[..., Any]:
        from fastsci_kernels.compile import compilable, jit

        return jit(compilable(self.py_func))


def _gradient(name: str, energy: types.FunctionType, pairs: int) -> CompiledWhenCalled:
    """dT/dp for the velocity, -dV/dq for the force, by tangent numbers along every coordinate at once."""
    from fastsci_kernels.numbers.dual import dual, tangents

    directions = ["".join("1.0, " if i == j else "0.0, " for j in range(pairs)) for i in range(pairs)]
    duals = "".join(f"dual(x[{i}], ({direction})), " for i, direction in enumerate(directions))
    sign = "-" if name == "force" else ""
    text = (
        f"def {name}_of(t, x, p):\n    along = ({duals})\n    slope = tangents(energy(along, p), along[0])\n"
        f"    return ({''.join(f'{sign}slope[{i}], ' for i in range(pairs))})\n"
    )
    names: dict[str, Any] = {"energy": energy, "dual": dual, "tangents": tangents}
    exec(compile(text, f"<{name} of {energy.__name__}>", "exec"), names)
    return CompiledWhenCalled(names[f"{name}_of"])


def check_separable(system: System, method: str, t: float, u: NDArray[np.float64], p: NDArray[np.float64]) -> None:
    """Raise unless dq/dt is a function of the momenta alone and dp/dt of the positions alone.

    The plain function is called at points near ``u (dim,)`` with parameters ``p (n_params,)``; where members differ,
    those farthest from zero show most.
    """
    if u.size % 2:
        raise ValueError(
            f"y0: has {u.size} components, but method {method!r} takes as many momenta as positions, positions first"
        )
    pairs = u.size // 2
    rng = np.random.default_rng(0)
    near = u + NEARBY * (np.abs(u) + np.abs(u).max()) * rng.uniform(-1.0, 1.0, (POINTS, u.size))
    other = u + NEARBY * (np.abs(u) + np.abs(u).max()) * rng.uniform(-1.0, 1.0, (POINTS, u.size))
    slope = system.rhs(t, near, p)
    for rests, what, on in (
        (slice(None, pairs), "dq/dt", "the positions"),
        (slice(pairs, None), "dp/dt", "the momenta"),
    ):
        mixed = near.copy()
        mixed[:, rests] = other[:, rests]
        changed = system.rhs(t, mixed, p)[:, rests] != slope[:, rests]
        both = np.isfinite(slope[:, rests]) & changed
        if both.any():
            component = int(np.flatnonzero(both.any(axis=0))[0]) + rests.indices(u.size)[0]
            named = system.state[component] if system.state is not None else f"u[{component}]"
            raise ValueError(
                f"method: {method!r} needs a separable system, but {what} of {system.name} depends on {on}"
                f" (component {named}); take 'ImplicitMidpoint' or a Runge-Kutta method"
            )
