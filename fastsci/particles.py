"""One system of many bodies that act on one another in pairs: forces, energy, motion."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _function
from ._arrays import real_array

Law = Callable[..., Any]


def gravity(r2: Any, p: Any) -> Any:
    """Newton's law: ``G / r^3``, the factor of the displacement; G is the one parameter."""
    return p[0] / (r2 * math.sqrt(r2))


def gravitational_potential(r2: Any, p: Any) -> Any:
    """``-G / r``, whose force `gravity` is."""
    return -p[0] / math.sqrt(r2)


def pairwise_force(
    positions: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    law: Law = gravity,
    params: ArrayLike = (1.0,),
    softening: float = 0.0,
) -> NDArray[Any]:
    """For every body ``i``, the sum over all ``j`` of ``weights[j] law(r2, params) (x_j - x_i)``.

    Here ``r2 = |x_j - x_i|^2 + softening^2``.  With masses for weights and the default law it is the acceleration of
    gravity.  All pairs are summed directly, bodies side by side in SIMD registers on all processors; a body's sum has
    the same bits whatever the number of threads.  Bodies at one place do not act on each other.

    Parameters
    ----------
    positions : (n, d) array
        In any unit; float32 or float64 is the precision of the computation.
    weights : (n,) array, optional
        Strength of each body as a source, such as its mass; 1 by default.
    law : function
        ``law(r2, params)`` of the squared distance, a plain function of numbers; positive attracts.
    params : (n_params,) array
        What `law` gets as a tuple; of `gravity` the constant G.
    softening : float
        Length added in squares to every distance.

    Returns
    -------
    (n, d) array

    Raises
    ------
    ValueError, TypeError
        One line that names the argument.
    CompilationError
        A TypeError: the law uses something that cannot be compiled.

    References
    ----------
    Aarseth, Gravitational N-Body Simulations (2003), sections 1.2 and 2.2.

    Examples
    --------
    >>> import fastsci
    >>> fastsci.pairwise_force([[0.0, 0.0], [2.0, 0.0]], [1.0, 8.0])
    array([[ 2.  ,  0.  ],
           [-0.25,  0.  ]])
    """
    bodies = _bodies(positions, weights, params, softening)
    return bodies.sums(_law(law, "law", bodies.params), directed=True)


def pairwise_energy(
    positions: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    potential: Law = gravitational_potential,
    params: ArrayLike = (1.0,),
    softening: float = 0.0,
) -> float:
    """Potential energy of all pairs: the sum over ``i < j`` of ``weights[i] weights[j] potential(r2, params)``.

    Parameters
    ----------
    positions, weights, params, softening
        As for `pairwise_force`.
    potential : function
        ``potential(r2, params)`` of the squared distance.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        As for `pairwise_force`.

    Examples
    --------
    >>> import fastsci
    >>> fastsci.pairwise_energy([[0.0, 0.0], [2.0, 0.0]], [1.0, 8.0])
    -4.0
    """
    bodies = _bodies(positions, weights, params, softening)
    sums = bodies.sums(_law(potential, "potential", bodies.params), directed=False)
    return 0.5 * math.fsum((bodies.weights.astype(np.float64) * sums).tolist())


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """What `simulate_particles` saved.

    Attributes
    ----------
    t : (n_times,) array
    positions, velocities : (n_times, n, d) array
    """

    t: NDArray[np.float64]
    positions: NDArray[Any]
    velocities: NDArray[Any]


def simulate_particles(
    positions: ArrayLike,
    velocities: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    t_span: tuple[float, float],
    dt: float,
    law: Law = gravity,
    params: ArrayLike = (1.0,),
    softening: float = 0.0,
    response: ArrayLike | None = None,
    method: str = "VelocityVerlet",
    save_every: int | None = None,
) -> Trajectory:
    """Move bodies under `pairwise_force` by a symplectic method of fixed step.

    Parameters
    ----------
    positions, velocities : (n, d) array
        At the start of the span.
    weights, law, params, softening
        As for `pairwise_force`.
    t_span : (float, float)
        Start and end; an end before the start runs backwards.
    dt : float
        The longest step; all are equal and fill the span.
    response : (n,) array, optional
        Factor of each body's own acceleration, such as charge over mass; 1 by default, as for gravity.
    method : str
        "VelocityVerlet" (one force a step, of which the end of one step serves the next), "Leapfrog", "Yoshida4" or
        another composition.
    save_every : int, optional
        Steps between saves; without it the start and the end alone are kept.

    Returns
    -------
    Trajectory

    Raises
    ------
    ValueError, TypeError
        One line that names the argument.

    References
    ----------
    Hairer, Lubich and Wanner, Geometric Numerical Integration, 2nd ed. (2006), section I.1.

    Examples
    --------
    >>> import fastsci, math
    >>> circle = fastsci.simulate_particles(
    ...     [[-0.5, 0.0], [0.5, 0.0]], [[0.0, -0.5], [0.0, 0.5]], [0.5, 0.5], t_span=(0.0, 2.0 * math.pi), dt=0.001
    ... )
    >>> circle.positions[-1].round(5) + 0.0
    array([[-0.5,  0. ],
           [ 0.5,  0. ]])
    """
    bodies = _bodies(positions, weights, params, softening)
    compiled = _law(law, "law", bodies.params)
    x = bodies.positions.copy()
    v = real_array(velocities, "velocities").astype(x.dtype)
    if v.shape != x.shape:
        raise ValueError(f"velocities: has shape {v.shape}, expected that of positions, {x.shape}")
    own = _per_body(response, "response", x)[:, np.newaxis]
    moves = _moves(method)
    steps, h = _steps(t_span, dt)
    every = steps if save_every is None else save_every
    if every != int(every) or (every < 1 and steps):
        raise ValueError(f"save_every: is {save_every!r}, expected a positive number of steps")
    saved = [0, *range(int(every), steps + 1, int(every))] if steps else [0]
    if saved[-1] != steps:
        saved.append(steps)
    shape = (len(saved), *x.shape)
    result = Trajectory(t_span[0] + h * np.array(saved), np.empty(shape, x.dtype), np.empty(shape, x.dtype))
    acceleration = None
    place = 0
    for step in range(steps + 1):
        if step == saved[place]:
            result.positions[place], result.velocities[place] = x, v
            place += 1
        if step == steps:
            break
        for is_kick, length in moves:
            if not is_kick:
                x += x.dtype.type(h * length) * v
                acceleration = None
                continue
            if acceleration is None:
                acceleration = own * dataclasses.replace(bodies, positions=x).sums(compiled, directed=True)
            v += x.dtype.type(h * length) * acceleration
    return result


def _moves(method: str) -> list[tuple[bool, float]]:
    from fastsci_kernels.methods.symplectic import SYMPLECTIC

    for composition in SYMPLECTIC:
        if str(method).lower() in (spelling.lower() for spelling in (composition.name, *composition.aliases)):
            return composition.moves()
    known = ", ".join(composition.name for composition in SYMPLECTIC)
    raise ValueError(f"method: is {method!r}, expected a symplectic one: {known}")


def _steps(t_span: tuple[float, float], dt: float) -> tuple[int, float]:
    """Number of equal steps of at most ``dt``, and their signed size."""
    t0, t1 = (float(time) for time in t_span)
    if not (math.isfinite(t0) and math.isfinite(t1)):
        raise ValueError(f"t_span: is {t_span!r}, expected two finite times")
    if not (math.isfinite(dt) and dt > 0):
        raise ValueError(f"dt: is {dt!r}, expected a positive number; reverse t_span to run backwards")
    # A quotient that misses a whole number by rounding is that number.
    steps = math.ceil(abs(t1 - t0) / dt * (1.0 - 1e-12))
    return steps, (t1 - t0) / steps if steps else 0.0


@dataclasses.dataclass(frozen=True)
class _Bodies:
    """Checked arguments, all of one precision."""

    positions: NDArray[Any]
    weights: NDArray[Any]
    params: NDArray[Any]
    softening: float

    def sums(self, law: FunctionType, *, directed: bool) -> NDArray[Any]:
        from fastsci_kernels.forces.pairwise import sum_pairs

        return sum_pairs(law, self.positions, self.weights, self.params, self.softening, directed=directed)


def _bodies(positions: ArrayLike, weights: ArrayLike | None, params: ArrayLike, softening: float) -> _Bodies:
    x = np.ascontiguousarray(real_array(positions, "positions"))
    if x.ndim != 2 or x.shape[1] == 0:
        raise ValueError(f"positions: has shape {x.shape}, expected (n, d), one row a body")
    values = np.array(real_array(params, "params"), x.dtype)
    if values.ndim != 1:
        raise ValueError(f"params: has shape {values.shape}, expected (n_params,)")
    if not (math.isfinite(softening) and softening >= 0):
        raise ValueError(f"softening: is {softening!r}, expected a length, zero or more")
    return _Bodies(x, _per_body(weights, "weights", x), values, float(softening))


def _per_body(values: ArrayLike | None, argument: str, positions: NDArray[Any]) -> NDArray[Any]:
    n = positions.shape[0]
    if values is None:
        return np.ones(n, positions.dtype)
    array = np.array(real_array(values, argument), positions.dtype, order="C")
    if array.shape != (n,):
        raise ValueError(f"{argument}: has shape {array.shape}, expected ({n},), one number a body")
    return array


def _law(law: Law, argument: str, params: NDArray[Any]) -> FunctionType:
    """The plain function, called once to see that it keeps to its form."""
    fun = _function.plain_function(law)
    if fun.__code__.co_argcount != 2:
        raise TypeError(f"{argument}: {fun.__name__} takes {fun.__code__.co_argcount} arguments, expected (r2, params)")
    value = fun(1.0, tuple(params.astype(np.float64).tolist()))
    if not isinstance(value, float | int | np.floating):
        raise TypeError(f"{argument}: {fun.__name__} returned a {type(value).__name__}, expected a real number")
    return fun
