"""Lyapunov spectra of flows and maps, for every member of an ensemble."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastsci_kernels.methods.divergence import Divergence
from fastsci_kernels.methods.explicit import RungeKutta
from fastsci_kernels.methods.spectrum import Spectrum
from fastsci_kernels.methods.tangent import Tangent

from . import _extended, _validate
from ._arrays import Library, library_of, to_numpy
from ._cpu import NON_FINITE, each
from ._spectrum_run import FEWEST_BLOCKS, Measured, Plan, Run
from ._steps import step_size, whole_steps
from .chaos.lyapunov_dimension import kaplan_yorke
from .ensemble import Device, as_flow_or_map, as_system, meter_for, probe, wants_cuda
from .result import ByMember
from .system import System

MOST_BLOCKS = 32  # whose scatter is taken for the standard error of the mean


@dataclass(frozen=True, eq=False, repr=False)
class LyapunovResult(ByMember):
    """Lyapunov exponents of the members of an ensemble.

    Attributes
    ----------
    exponents : (n_members, k) array
        In 1 / units of ``t``, of a map per iteration; largest first.  NaN for a member that fails.
    stderr : (n_members, k) array
        Standard errors from the scatter of block means; they err on the large side.
    kaplan_yorke_dimension : (n_members,) array
        NaN where more exponents than ``k`` are needed.
    entropy : (n_members,) array
        Sum of the positive exponents: the Kolmogorov-Sinai entropy by Pesin's formula.
    t : (n_blocks,) array
        Times of the history, counted from the end of the transient.
    history : (n_members, k, n_blocks) array
        The exponents as they stood at those times.
    y_final : (n_members, dim) array
        States at the end.
    vectors : (n_members, dim, k) array
        Orthonormal perturbations at the end: the first spans the fastest growth, the first two the fastest plane, ...
    qr_every : (n_members,) array of int
        Steps between two orthonormalisations.
    status : (n_members,) array of int8
        0 for success, negative for a failure that `message` explains.
    path : {"lanes", "scalar", "cuda"}
        What computed it; ``reason`` says why not lanes.
    params : mapping of str to (n_members,) array
    """

    exponents: Any
    stderr: Any
    kaplan_yorke_dimension: Any
    entropy: Any
    t: Any
    history: Any
    y_final: Any
    vectors: Any
    qr_every: Any
    status: Any
    path: str
    reason: str
    system: str
    method: str
    dt: float
    params: Mapping[str, Any]

    def __repr__(self) -> str:
        n, k = self.exponents.shape
        by = f"{self.method} on {self.path}{self.failures()}"
        return f"<LyapunovResult of {self.system}: {n} members, {k} exponents, {by}>"


def lyapunov_spectrum(
    system: System | Callable[..., Any],
    *,
    y0: ArrayLike | None = None,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    k: int | None = None,
    dt: float | None = None,
    t_transient: float,
    t_total: float,
    method: str = "RK4",
    qr_every: int | None = None,
    dtype: DTypeLike | None = None,
    device: Device = "auto",
    progress: bool | Callable[[float], None] = False,
) -> LyapunovResult:
    """Lyapunov exponents of every member, with their standard errors.

    Perturbations are carried along by the exact derivative of the steps and made orthonormal again in the same
    compiled loop; the means of the logarithms of their growth are the exponents.  Parameters given as arrays make a map
    of exponents in one call.  A member's numbers do not depend on which others are with it.

    Parameters
    ----------
    system : System or function
        A flow or a map, in the forms of `solve_ensemble` and `iterate_map`.
    y0 : (dim,) or (n_members, dim) array, optional
        Initial states; the system's default where it has one.
    params : mapping or array, optional
        As in `solve_ensemble`.
    k : int, optional
        Exponents wanted, the largest ones; all ``dim`` by default.
    dt : float, optional
        Step size of a flow, in the units of ``t``; the system's own by default.
    t_transient, t_total : float
        Time before the exponents are measured, in whose last quarter the perturbations turn to their directions, and
        time over which they are; of a map, numbers of iterations.  Rounded to whole steps.
    method : str
        An explicit Runge-Kutta method.
    qr_every : int, optional
        Steps between two orthonormalisations; chosen for every member from the growth in its transient by default;
        one of which a perturbation turns out to lose its digits to a faster one is measured again, more often.
    dtype : {"float32", "float64"}, optional
        Precision of the whole computation; that of ``y0`` by default.
    device : {"auto", "cpu", "cuda"}
        Where to compute; "auto" is where ``y0`` lies.
    progress : bool or function
        Show a progress bar, or call the function with the fraction done.

    Returns
    -------
    LyapunovResult
        A member that fails carries NaN and a negative status and takes no other down.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function cannot be differentiated; the message shows where and why.

    References
    ----------
    Benettin, Galgani, Giorgilli and Strelcyn, Meccanica 15 (1980) 9; Pikovsky and Politi, Lyapunov Exponents
    (Cambridge, 2016), chapters 2 and 3; block means: Flyvbjerg and Petersen, J. Chem. Phys. 91 (1989) 461.

    Examples
    --------
    >>> import fastsci
    >>> found = fastsci.lyapunov_spectrum(fastsci.systems.henon, t_transient=1_000, t_total=100_000)
    >>> found.exponents.sum().round(10)  # ln 0.3, the contraction of areas
    np.float64(-1.2039728043)
    >>> bool(abs(found.exponents[0, 0] - 0.4192) < 0.002)
    True
    """
    described, meter = as_flow_or_map(system), meter_for(progress)
    library = library_of(y0)
    step = step_size(described, dt)
    before = whole_steps("t_transient", t_transient, step, least=0)
    counted = whole_steps("t_total", t_total, step, least=FEWEST_BLOCKS)
    start = to_numpy(y0)
    span = (0.0, (before + counted) * step)
    members = _validate.ensemble(described, span, start, params, step, None, dtype)
    probe(described, members)
    count = members.dim if k is None else _validate.whole("k", k)
    if count > members.dim:
        raise ValueError(f"k: is {count}, expected at most {members.dim}, one a component of the state; leave it out")
    longest = None if qr_every is None else _validate.whole("qr_every", qr_every)
    slope = _extended.tangent_slope(described, members.dim, count)
    plan = Plan(before, counted, longest)
    if longest is not None and longest > counted // FEWEST_BLOCKS:
        raise ValueError(
            f"qr_every: is {longest}, expected at most {counted // FEWEST_BLOCKS}, an eighth of the {counted} steps of"
            " t_total; leave it out to have it chosen"
        )
    spectrum = Spectrum(Tangent(_extended.base_method(described, method), slope))
    run = Run(described, members, spectrum, step, plan, wants_cuda(device, library), meter)
    return _describe(run, run.measure(), library)


def mean_divergence(
    system: System | Callable[..., Any],
    *,
    y0: ArrayLike | None = None,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    dt: float | None = None,
    t_transient: float,
    t_total: float,
    method: str = "RK4",
    dtype: DTypeLike | None = None,
    device: Device = "auto",
    progress: bool | Callable[[float], None] = False,
) -> Any:
    """Mean of the trace of the Jacobian along every member's trajectory: what its Lyapunov exponents sum to.

    The trace is integrated with the steps of the trajectory, which are those of `lyapunov_spectrum` of the same
    arguments.  So the sum of all exponents differs from it by the error of the method alone.

    Parameters
    ----------
    system : System or function
        A flow, in the forms of `solve_ensemble`.
    y0, params, dt, t_transient, t_total, method, dtype, device, progress
        As in `lyapunov_spectrum`.

    Returns
    -------
    (n_members,) array
        In 1 / units of ``t``; not finite for a member that fails.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Eckmann and Ruelle, Rev. Mod. Phys. 57 (1985) 617, section III.

    Examples
    --------
    >>> import fastsci
    >>> fastsci.mean_divergence(fastsci.systems.lorenz63, t_transient=10, t_total=10).round(6)  # -(10 + 1 + 8 / 3)
    array([-13.666667])
    """
    described, meter = as_system(system), meter_for(progress)
    library = library_of(y0)
    step = step_size(described, dt)
    before = whole_steps("t_transient", t_transient, step, least=0)
    counted = whole_steps("t_total", t_total, step, least=1)
    span = (0.0, (before + counted) * step)
    members = _validate.ensemble(described, span, to_numpy(y0), params, step, None, dtype)
    probe(described, members)
    base = _extended.base_method(described, method)
    assert isinstance(base, RungeKutta)  # of a flow
    states = np.append(members.y0, np.zeros((len(members.y0), 1), members.dtype), axis=1)
    divergence = Divergence(base, members.dim)
    where: dict[str, Any] = {"on_cuda": wants_cuda(device, library), "progress": meter}
    if before:
        transient = replace(members, t_span=np.array([0.0, before * step]))
        states = _extended.run(described, transient, divergence, states, **where).y_final.copy()
        states[:, -1] = 0.0
    remaining = replace(members, t_span=np.array([before, before + counted]) * step)
    result = _extended.run(described, remaining, divergence, states, **where)
    return library.give_back(result.y_final[:, -1].astype(np.float64) / (counted * step))


def _describe(run: Run, found: Measured, library: Library) -> LyapunovResult:
    """Exponents, errors and history from the growth of the perturbations."""
    members, n, count, size = run.members, run.members.n_members, run.count, run.members.dim
    times = run.plan.ends() * run.step
    finite = np.isfinite(found.final).all(axis=1) & ~np.isnan(found.growth).any(axis=(1, 2))
    status = np.where(found.status != 0, found.status, np.where(finite, 0, NON_FINITE)).astype(np.int8)
    growth = np.where((status == 0)[:, np.newaxis, np.newaxis], found.growth, np.nan)
    order = np.argsort(-growth[:, :, -1], axis=1, kind="stable")[:, :, np.newaxis]
    growth = np.take_along_axis(growth, order, axis=1)
    exponents = growth[:, :, -1] / times[-1]
    give = library.give_back
    vectors = found.final[:, size:].reshape(n, count, size)
    return LyapunovResult(
        exponents=give(exponents),
        stderr=give(standard_errors(growth, times)),
        kaplan_yorke_dimension=give(np.asarray(kaplan_yorke(exponents, complete=count == size))),
        entropy=give(np.maximum(exponents, 0.0).sum(axis=1)),  # NaN stays NaN
        t=give(times),
        history=give(growth / times),
        y_final=give(found.final[:, :size]),
        vectors=give(np.take_along_axis(vectors, order, axis=1).transpose(0, 2, 1)),
        qr_every=give(found.interval),
        status=give(status),
        path=found.path,
        reason=found.reason,
        system=run.system.name,
        method=run.method.tangent.base.name,
        dt=run.step,
        params={name: each(value, n) for name, value in zip(members.names, members.params, strict=True)},
    )


def standard_errors(growth: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Standard errors (n_members, k) of the mean growth rates, from ``growth (n_members, k, n_blocks)``.

    Short blocks are correlated, and what a perturbation gains and gives back within them counts as scatter; few long
    blocks are a noisy measure.  Neighbours are joined, two by two, and of the estimates from `MOST_BLOCKS` down to
    `FEWEST_BLOCKS` of them the largest is taken; it is NaN where there are not as many.
    """
    found = np.full(growth.shape[:2], np.nan)
    ends, at = growth, times
    while ends.shape[2] >= FEWEST_BLOCKS:
        if ends.shape[2] <= MOST_BLOCKS:
            lengths = np.diff(at, prepend=0.0)
            with np.errstate(invalid="ignore"):
                rates = np.diff(ends, axis=2, prepend=0.0) / lengths
                scatter = ((rates - ends[:, :, -1:] / at[-1]) ** 2 * lengths).sum(axis=2) / at[-1]
            found = np.fmax(found, np.sqrt(scatter / (ends.shape[2] - 1)))
        # The last block is always an end.
        ends, at = ends[:, :, ::-1][:, :, ::2][:, :, ::-1], at[::-1][::2][::-1]
    return found
