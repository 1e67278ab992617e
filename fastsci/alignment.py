"""Alignment indices: whether an orbit is chaotic, seen from the volume that its deviation vectors span."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastsci_kernels.methods.alignment import Alignment
from fastsci_kernels.methods.tangent import Tangent

from . import _extended, _validate
from ._arrays import library_of, to_numpy
from ._cpu import each
from ._interval_run import STEPS_OF_AN_INTERVAL, Run, Stages
from ._steps import step_size
from .ensemble import Device, as_flow_or_map, meter_for, probe, wants_cuda
from .result import ByMember
from .system import System

TIMES = 200  # of a history where none are asked for


@dataclass(frozen=True, eq=False, repr=False)
class AlignmentIndices(ByMember):
    """Generalized alignment indices along the orbits of an ensemble.

    Attributes
    ----------
    t : (n_times,) array
        Times, in the units of ``t``, of a map iterations.
    log10_orders : (n_members, k - 1, n_times) array
        Decimal logarithms of GALI_2 to GALI_k, of the first 2 to k deviation vectors: they are right far below the
        smallest number that a float can hold.
    y_final : (n_members, dim) array
        States at the end.
    status : (n_members,) array of int8
        0 for success, negative for a failure that `message` explains; a member that fails carries NaN.
    path : {"lanes", "scalar", "cuda"}
        What computed it; ``reason`` says why not lanes.
    params : mapping of str to (n_members,) array
    """

    t: Any
    log10_orders: Any
    y_final: Any
    status: Any
    path: str
    reason: str
    system: str
    method: str
    dt: float
    params: Mapping[str, Any]

    @property
    def log10(self) -> Any:
        """Decimal logarithm of GALI_k, (n_members, n_times)."""
        return self.log10_orders[:, -1]

    @property
    def gali(self) -> Any:
        """GALI_k, (n_members, n_times), between 0 and 1; 0 where it is less than a float can hold."""
        return 10.0**self.log10

    @property
    def sali(self) -> Any:
        """The smaller alignment index, (n_members, n_times), of the first two deviation vectors.

        It is the smaller one of the lengths of their sum and difference, between 0 and the square root of 2 (Skokos,
        J. Phys. A 34 (2001) 10029), and follows from GALI_2, the sine of the angle between them.
        """
        sine = 10.0 ** self.log10_orders[:, 0]
        return 2.0**0.5 * sine / (1.0 + (1.0 - sine.clip(0.0, 1.0) ** 2) ** 0.5) ** 0.5

    def __repr__(self) -> str:
        n, orders, times = self.log10_orders.shape
        return (
            f"<AlignmentIndices of {self.system}: {n} members, GALI_2 to GALI_{orders + 1} at {times} times,"
            f" {self.method} on {self.path}{self.failures()}>"
        )


def gali(
    system: System | Callable[..., Any],
    k: int,
    t_span: ArrayLike,
    *,
    y0: ArrayLike | None = None,
    v: ArrayLike | None = None,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    dt: float | None = None,
    t_eval: ArrayLike | None = None,
    method: str = "RK4",
    qr_every: int | None = None,
    seed: Any = 0,
    dtype: DTypeLike | None = None,
    device: Device = "auto",
    progress: bool | Callable[[float], None] = False,
) -> AlignmentIndices:
    """Generalized alignment indices GALI_2 to GALI_k of every member, over time.

    GALI_k is the volume that ``k`` deviation vectors of unit length span.  Along a chaotic orbit they all turn to the
    direction of fastest growth, and it decays as ``exp(-((l1 - l2) + ... + (l1 - lk)) t)`` with the exponents ``l``.
    Along a regular orbit of a Hamiltonian system of N degrees of freedom, on a torus of N dimensions, it stays of one
    magnitude for ``k <= N``, and decays as ``t**(-2 (k - N))`` beyond.  GALI_2 says what SALI does.  A member's
    numbers do not depend on which others are with it.

    Parameters
    ----------
    system : System or function
        A flow or a map, in the forms of `solve_ensemble` and `iterate_map`.
    k : int
        Deviation vectors, 2 to ``dim``.
    t_span : (2,) array
        Start and end, in the units of ``t``; of a map, numbers of iterations.
    y0 : (dim,) or (n_members, dim) array, optional
        Initial states; the system's default where it has one.
    v : (dim, k) or (n_members, dim, k) array, optional
        Deviation vectors at the start, of any length.  By default ``k`` random orthonormal ones, the same for all
        members, so that the indices begin at 1.
    params : mapping or array, optional
        As in `solve_ensemble`.
    dt : float, optional
        Step size of a flow, in the units of ``t``; the system's own by default.
    t_eval : (n_times,) array, optional
        Times of the indices, within the span; of a map whole numbers, ``qr_every`` a divisor of their distance from
        the start.  By default 200, evenly spread.
    method : str
        An explicit Runge-Kutta method.
    qr_every : int, optional
        Steps between two orthonormalisations of the vectors, whose angles are kept apart; 1 for a map and 10 for a flow
        by default.
    seed : int, SeedSequence or Generator, optional
        Of the random deviation vectors.
    dtype : {"float32", "float64"}, optional
        Precision of the whole computation; that of ``y0`` by default.
    device : {"auto", "cpu", "cuda"}
        Where to compute; "auto" is where ``y0`` lies.
    progress : bool or function
        Show a progress bar, or call the function with the fraction done.

    Returns
    -------
    AlignmentIndices
        A member that fails carries NaN and a negative status and takes no other down.  The index of linearly dependent
        vectors is 0; where a deviation vector becomes zero it has no direction, and the index is NaN.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function cannot be differentiated; the message shows where and why.

    References
    ----------
    Skokos, Bountis and Antonopoulos, Physica D 231 (2007) 30.

    Examples
    --------
    The standard map at K = 0.5: an orbit around the stable fixed point, and one that begins at the unstable one.

    >>> import fastsci, numpy as np
    >>> y0 = [[np.pi, 0.5], [1e-3, 0.0]]
    >>> found = fastsci.gali(fastsci.systems.standard, 2, (0, 500), y0=y0, params={"K": 0.5})
    >>> (found.log10[:, -1] > -8).tolist()
    [True, False]
    """
    described, meter = as_flow_or_map(system), meter_for(progress)
    library = library_of(y0)
    step = step_size(described, dt)
    every = STEPS_OF_AN_INTERVAL[described.kind] if qr_every is None else _validate.whole("qr_every", qr_every)
    members = _validate.ensemble(described, t_span, to_numpy(y0), params, step, t_eval, dtype)
    if members.t_span.ndim != 1:
        raise ValueError(f"t_span: has shape {members.t_span.shape}, expected (t0, t1), the span of all members")
    start, end = map(float, members.t_span)
    times = _times(described, members.t_eval, start, end, every)
    probe(described, members)
    count = _validate.whole("k", k)
    if not 2 <= count <= members.dim:
        raise ValueError(f"k: is {count}, expected 2 to {members.dim}, as many as the state has components")
    slope = _extended.tangent_slope(described, members.dim, count)
    kept = Alignment(Tangent(_extended.base_method(described, method), slope))
    beginning = _beginning(_deviations(v, members, count, seed, to_numpy(y0)))
    stages = Stages(start, start, start, times, end, step, every)
    n = members.n_members
    logarithms = np.empty((count - 1, len(times), n), members.dtype)
    y_final, status = np.empty((n, members.dim), members.dtype), np.empty(n, np.int8)
    path = reason = ""
    for part in Run(described, members, kept, stages, beginning, wants_cuda(device, library), meter).parts():
        some = slice(part.first, part.last)
        factors = part.saves[:, kept.logarithms : -1].transpose(1, 0, 2)
        np.cumsum(factors, axis=0, out=logarithms[:, :, some])
        y_final[some], status[some] = part.final, part.status
        path, reason = part.path, part.reason
    logarithms *= np.log10(np.e).astype(members.dtype)
    logarithms[:, :, status < 0] = np.nan
    give = library.give_back
    return AlignmentIndices(
        t=give(times),
        log10_orders=give(logarithms.transpose(2, 0, 1)),
        y_final=give(y_final),
        status=give(status),
        path=path,
        reason=reason,
        system=described.name,
        method=kept.tangent.base.name,
        dt=step,
        params={name: each(value, n) for name, value in zip(members.names, members.params, strict=True)},
    )


def _times(system: System, asked: np.ndarray | None, start: float, end: float, every: int) -> np.ndarray:
    """Times of the indices: those asked for, or some evenly spread."""
    if system.kind == "flow":
        return np.linspace(start, end, TIMES + 1) if asked is None else asked
    if end < start or start != np.rint(start) or end != np.rint(end):
        raise ValueError(f"t_span: is ({start:g}, {end:g}), expected whole numbers of iterations, the start first")
    if asked is None:
        return start + np.unique(np.rint(np.linspace(0.0, (end - start) // every, TIMES + 1))) * every
    wrong = (asked - start) % every != 0.0
    if wrong.any():
        raise ValueError(
            f"t_eval: holds {asked[wrong][0]:g}, expected numbers of iterations, a multiple of {every} after {start:g};"
            " round them"
        )
    return asked


def _deviations(v: Any, members: _validate.Ensemble, count: int, seed: Any, start: Any) -> np.ndarray:
    """Deviation vectors as columns, (1 or n_members, dim, count)."""
    if v is None:
        return np.linalg.qr(np.random.default_rng(seed).standard_normal((1, members.dim, count)))[0]
    within = members.y0[0] if start is None or np.ndim(v) == 2 else members.y0
    columns, single = _extended.directions(v, within, members.dim, members.n_members)
    if single or columns.shape[1] != count:
        raise ValueError(f"v: has shape {np.shape(v)}, expected {count} vectors, as k says, along its last axis")
    return columns.transpose(0, 2, 1).astype(np.float64)


def _beginning(vectors: np.ndarray) -> np.ndarray:
    """Numbers of a run's state behind the system's own, for deviation vectors (1 or n_members, dim, count)."""
    n, _, count = vectors.shape
    finite = np.isfinite(vectors).all(axis=(1, 2), keepdims=True)
    q, r = np.linalg.qr(np.where(finite, vectors, 0.0))
    q = np.where(finite, q, np.nan)
    diagonal = np.einsum("njj->nj", r)
    sign = np.where(diagonal < 0.0, -1.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = r * sign[:, :, np.newaxis] / np.linalg.norm(r, axis=1, keepdims=True)
        logarithms = np.log(np.einsum("njj->nj", r)[:, 1:])
    columns = [r[:, : j + 1, j] for j in range(count)]
    perturbations = (q * sign[:, np.newaxis, :]).transpose(0, 2, 1)
    return _extended.beside(perturbations, *columns, logarithms, np.zeros((n, 1)))
