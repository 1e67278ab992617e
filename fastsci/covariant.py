"""Covariant Lyapunov vectors: the directions along which perturbations grow at the rates of the exponents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastsci_kernels.loops.batch import over
from fastsci_kernels.measures import covariant
from fastsci_kernels.methods.covariant import Covariant
from fastsci_kernels.methods.tangent import Tangent

from . import _extended, _validate
from ._arrays import Library, library_of, to_numpy
from ._cpu import each
from ._interval_run import STEPS_OF_AN_INTERVAL, Part, Run, Stages
from ._steps import step_size, whole_steps
from .ensemble import Device, as_flow_or_map, meter_for, probe, wants_cuda
from .result import ByMember
from .system import System

ALIGNING = 2  # the last part, one in so many, of a transient turns the perturbations to their directions
SECONDS_A_PRODUCT = 5e-10


@dataclass(frozen=True, eq=False, repr=False)
class CovariantVectors(ByMember):
    """Covariant Lyapunov vectors along the trajectories of an ensemble.

    A vector keeps its sign as it is carried along: the tangent dynamics takes each to a positive multiple of itself at
    a later time.  Its component along the Gram-Schmidt vector of the same number is positive.

    Attributes
    ----------
    t : (n_times,) array
        Times, in the units of ``t``, of a map iterations, counted from the start of the transient.
    y : (n_members, dim, n_times) array
        States at those times.
    vectors : (n_members, dim, k, n_times) array
        ``vectors[i, :, j, n]`` is the vector of exponent ``j``, of length 1.
    exponents : (n_members, k) array
        Mean rates of growth of the vectors over the window, per unit of ``t`` or iteration.
    local_rates : (n_members, k, n_times - 1) array
        Their rates of growth from each time to the next.
    status : (n_members,) array of int8
        0 for success, negative for a failure that `message` explains; a member that fails carries NaN.
    path : {"lanes", "scalar", "cuda"}
        What computed it; ``reason`` says why not lanes.
    params : mapping of str to (n_members,) array
    """

    t: Any
    y: Any
    vectors: Any
    exponents: Any
    local_rates: Any
    status: Any
    path: str
    reason: str
    system: str
    method: str
    dt: float
    params: Mapping[str, Any]

    def angles(self, i: int, j: int) -> Any:
        """Angles between the directions of vectors ``i`` and ``j``, in radians, 0 to pi / 2.

        Returns
        -------
        (n_members, n_times) array

        References
        ----------
        Kahan, How Futile are Mindless Assessments of Roundoff in Floating-Point Computation? (2006), section 12: small
        angles without loss of digits.
        """
        a, b = (np.asarray(to_numpy(self.vectors[:, :, number]), np.float64) for number in (i, j))
        near, far = (np.sqrt((vector**2).sum(axis=1)) for vector in (a - b, a + b))
        return library_of(self.vectors).give_back(2.0 * np.arctan2(np.minimum(near, far), np.maximum(near, far)))

    def __repr__(self) -> str:
        n, dim, k, times = self.vectors.shape
        return (
            f"<CovariantVectors of {self.system}: {n} members, {k} vectors of {dim} components at {times} times,"
            f" {self.method} on {self.path}{self.failures()}>"
        )


def covariant_vectors(
    system: System | Callable[..., Any],
    *,
    y0: ArrayLike | None = None,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    k: int | None = None,
    dt: float | None = None,
    t_transient: float,
    t_window: float,
    t_backward: float,
    method: str = "RK4",
    qr_every: int | None = None,
    dtype: DTypeLike | None = None,
    device: Device = "auto",
    progress: bool | Callable[[float], None] = False,
) -> CovariantVectors:
    """Covariant Lyapunov vectors of every member, along a window of its trajectory.

    The tangent dynamics takes a covariant vector to the covariant vector at a later time; over long times it grows at
    the rate of its exponent forwards and backwards alike, which of the orthonormal vectors of `lyapunov_spectrum` holds
    for the first alone.  Orthonormal vectors and the R of their factorisations are kept on the way forwards, and the
    vectors are found in them on the way back.  A member's numbers do not depend on which others are with it.

    Parameters
    ----------
    system : System or function
        A flow or a map, in the forms of `solve_ensemble` and `iterate_map`.
    y0 : (dim,) or (n_members, dim) array, optional
        Initial states; the system's default where it has one.
    params : mapping or array, optional
        As in `solve_ensemble`.
    k : int, optional
        Vectors wanted, those of the largest exponents; all ``dim`` by default.
    dt : float, optional
        Step size of a flow, in the units of ``t``; the system's own by default.
    t_transient : float
        Time before the window, in whose second half the orthonormal vectors turn to their directions; of a map, and of
        the next two, a number of iterations.  Rounded to whole steps.
    t_window : float
        Time over which the vectors are returned, every ``qr_every`` steps; rounded up to a whole number of those.
    t_backward : float
        Time after the window, which the recursion backwards takes to converge: it forgets its start at the rate of the
        smallest difference between two exponents.  Rounded up likewise.
    method : str
        An explicit Runge-Kutta method.
    qr_every : int, optional
        Steps between two orthonormalisations, which are those between two times; 1 for a map and 10 for a flow by
        default.  A vector loses the digits that a faster one gains on it between two.
    dtype : {"float32", "float64"}, optional
        Precision of the whole computation; that of ``y0`` by default.
    device : {"auto", "cpu", "cuda"}
        Where to compute the way forwards; "auto" is where ``y0`` lies.  The way back is the CPU's.
    progress : bool or function
        Show a progress bar, or call the function with the fraction done.

    Returns
    -------
    CovariantVectors
        A member that fails carries NaN and a negative status and takes no other down.  Where the tangent dynamics takes
        a direction to zero, there is no way back: the vectors from the last such place to the start are NaN.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function cannot be differentiated; the message shows where and why.

    References
    ----------
    Ginelli, Poggi, Turchi, Chate, Livi and Politi, Phys. Rev. Lett. 99 (2007) 130601; Ginelli, Chate, Livi and Politi,
    J. Phys. A 46 (2013) 254005.

    Examples
    --------
    Of a linear map they are the eigenvectors of its matrix, here (1, 0) and (1, -1).

    >>> import fastsci, numpy as np
    >>> @fastsci.system(kind="map", state=("x", "y"))
    ... def shear(t, u, p):
    ...     x, y = u
    ...     return 1.5 * x + y, 0.5 * y
    >>> found = fastsci.covariant_vectors(shear, y0=[0.0, 0.0], t_transient=50, t_window=3, t_backward=50)
    >>> bool(np.allclose(np.abs(found.vectors[0, :, :, 0]), [[1.0, np.sqrt(0.5)], [0.0, np.sqrt(0.5)]]))
    True
    >>> np.allclose(found.exponents, np.log([1.5, 0.5]))
    True
    """
    described, meter = as_flow_or_map(system), meter_for(progress)
    library = library_of(y0)
    step = step_size(described, dt)
    every = STEPS_OF_AN_INTERVAL[described.kind] if qr_every is None else _validate.whole("qr_every", qr_every)
    before = whole_steps("t_transient", t_transient, step, least=0)
    window = -(-whole_steps("t_window", t_window, step, least=1) // every)
    after = -(-whole_steps("t_backward", t_backward, step, least=0) // every)
    aligning = before // ALIGNING // every * every
    times = (before + np.arange(window + after + 1) * every) * step
    stages = Stages(0.0, (before - aligning) * step, float(times[0]), times, float(times[-1]), step, every)
    members = _validate.ensemble(described, stages.span, to_numpy(y0), params, step, None, dtype)
    probe(described, members)
    count = members.dim if k is None else _validate.whole("k", k)
    if count > members.dim:
        raise ValueError(f"k: is {count}, expected at most {members.dim}, one a component of the state; leave it out")
    slope = _extended.tangent_slope(described, members.dim, count)
    kept = Covariant(Tangent(_extended.base_method(described, method), slope))
    beginning = _extended.beside(np.eye(count, members.dim)[np.newaxis], np.zeros((1, kept.kept + 1)))
    return _measured(
        Run(described, members, kept, stages, beginning, wants_cuda(device, library), meter), window, library
    )


def _measured(run: Run, window: int, library: Library) -> CovariantVectors:
    """Run forwards and back, a part of the members at a time, and gather what the window of so many intervals shows."""
    members, count = run.members, run.method.count
    n, size, precision = members.n_members, members.dim, members.dtype
    y = np.empty((window + 1, size, n), precision)
    vectors = np.empty((window + 1, count * size, n), precision)
    rates, exponents = np.empty((window, count, n), precision), np.empty((count, n), precision)
    status = np.empty(n, np.int8)
    path = reason = ""
    for part in run.parts():
        y[:, :, part.first : part.last] = part.saves[: window + 1, :size]
        status[part.first : part.last] = part.status
        _backwards(run, part, vectors, rates, exponents)
        path, reason = part.path, part.reason
    for found in (y, vectors, rates, exponents):
        found[..., status < 0] = np.nan
    give = library.give_back
    return CovariantVectors(
        t=give(run.stages.times[: window + 1]),
        y=give(y.transpose(2, 1, 0)),
        vectors=give(vectors.reshape(window + 1, count, size, n).transpose(3, 2, 1, 0)),
        exponents=give(exponents.T),
        local_rates=give(rates.transpose(2, 1, 0)),
        status=give(status),
        path=path,
        reason=reason,
        system=run.system.name,
        method=run.method.tangent.base.name,
        dt=run.stages.step,
        params={name: each(value, n) for name, value in zip(members.names, members.params, strict=True)},
    )


def _backwards(run: Run, part: Part, vectors: np.ndarray, rates: np.ndarray, exponents: np.ndarray) -> None:
    """Fill in what the way back finds of the members of one part, a block of them at a time."""
    size, count, width = run.members.dim, run.method.count, part.last - part.first
    interval = run.stages.every * run.stages.step

    def work(first: int, last: int) -> None:
        ends = first * covariant.BLOCK, min(last * covariant.BLOCK, width)
        covariant.covariant(part.saves, size, count, interval, *ends, part.first, vectors, rates, exponents)

    products = len(part.saves) * covariant.BLOCK * count**2 * (count + size)
    over(-(-width // covariant.BLOCK), work, products * SECONDS_A_PRODUCT)
