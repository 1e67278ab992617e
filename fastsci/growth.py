"""Growth of small errors over a finite time: finite-time Lyapunov exponents, and the errors that grow most."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastsci_kernels.loops.batch import over
from fastsci_kernels.measures import stretching

from . import _validate
from ._arrays import Library, library_of, real_array, to_numpy
from ._control import ATOL, RTOL
from .ensemble import Device, as_flow_or_map, wants_cuda
from .flow import flow_jvp
from .system import System

SECONDS_A_NUMBER = 2e-8  # of a matrix, whose rows all meet all others some times


def ftle(
    system: System | Callable[..., Any],
    t_span: ArrayLike,
    y0: ArrayLike,
    *,
    k: int | None = None,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    method: str = "RK4",
    dt: ArrayLike | None = None,
    rtol: float = RTOL,
    atol: float = ATOL,
    dtype: DTypeLike | None = None,
    device: Device = "auto",
    progress: bool | Callable[[float], None] = False,
) -> Any:
    """Finite-time Lyapunov exponents, at one point or on a grid of any shape.

    They are the logarithms of the singular values of the derivative of the flow, a unit of time.  The derivative is the
    exact one of the steps that are taken, at the point itself, and not a difference between points of a grid.  Ridges
    of the largest exponent show where a flow separates, over a span backwards in time where it gathers.

    The largest exponent is right to rounding as long as the derivative does not overflow.  The smallest needs that the
    singular values differ by a factor of less than 1e14 or so, since below they are lost in the rounding of larger
    ones; over longer times `lyapunov_spectrum` and `gali` keep them apart.

    Parameters
    ----------
    system : System or function
        A flow or a map, in the forms of `solve_ensemble` and `iterate_map`.
    t_span : (2,) or (n_points, 2) array
        Start and end, in the units of ``t``; the end may be before the start.  Of a map, numbers of iterations.
    y0 : (..., dim) array
        Points at the start.
    k : int, optional
        Exponents wanted, the largest ones, along a last axis; without it the largest alone, without that axis.
    params : mapping or array, optional
        As in `solve_ensemble`, one value for all points or ``(n_points,)`` in the order of ``y0``, row by row.
    method : str
        An explicit Runge-Kutta method; one with an error estimate chooses its steps unless ``dt`` is given.
    dt : float or (n_points,) array, optional
        Fixed step size, positive, in the units of ``t``.
    rtol, atol : float
        Tolerances of a method that chooses its steps, for points and perturbations together.
    dtype : {"float32", "float64"}, optional
        Precision of the integration; that of ``y0`` by default.
    device : {"auto", "cpu", "cuda"}
        Where to integrate; "auto" is where ``y0`` lies.
    progress : bool or function
        Show a progress bar, or call the function with the fraction done.

    Returns
    -------
    (...) or (..., k) array
        Per unit of ``t``, of a map per iteration; largest first.  NaN for a point that fails or whose derivative
        overflows, minus infinity where it takes a direction to zero.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function cannot be differentiated; the message shows where and why.

    References
    ----------
    Shadden, Lekien and Marsden, Physica D 212 (2005) 271; Haller, Annu. Rev. Fluid Mech. 47 (2015) 137.

    Examples
    --------
    A linear saddle stretches everywhere alike.

    >>> import fastsci, numpy as np
    >>> def saddle(t, u, p):
    ...     x, y = u
    ...     return x, -2.0 * y
    >>> grid = np.stack(np.meshgrid([-1.0, 0.0, 1.0], [0.0, 0.5]), axis=-1)
    >>> fastsci.ftle(saddle, (0, 3), grid, dt=0.01).round(6)
    array([[1., 1., 1.],
           [1., 1., 1.]])
    >>> fastsci.ftle(saddle, (3, 0), grid[0, 0], k=2, dt=0.01).round(6)
    array([ 2., -1.])
    """
    described, library = as_flow_or_map(system), library_of(y0)
    points = real_array(y0, "y0")
    if points.ndim == 0 or points.shape[-1] == 0:
        raise ValueError(f"y0: has shape {points.shape}, expected (..., dim), components along the last axis")
    size = points.shape[-1]
    count = 1 if k is None else _validate.whole("k", k)
    if count > size:
        raise ValueError(f"k: is {count}, expected at most {size}, one a component of the state")
    length = _length(described, t_span)
    _, carried = flow_jvp(
        described,
        t_span,
        points.reshape(-1, size),
        params=params,
        method=method,
        dt=dt,
        rtol=rtol,
        atol=atol,
        dtype=dtype,
        device="cuda" if wants_cuda(device, library) else "cpu",
        progress=progress,
    )
    if len(carried) != math.prod(points.shape[:-1]):
        raise ValueError(
            f"params: are for {len(carried)} points, but y0 has {math.prod(points.shape[:-1])}; repeat the points"
        )
    matrices = np.ascontiguousarray(np.asarray(carried).transpose(0, 2, 1))
    logarithms = np.empty(matrices.shape[:2], matrices.dtype)

    def work(first: int, last: int) -> None:
        stretching.log_singular_values(matrices, first, last, logarithms)

    over(len(matrices), work, size**3 * SECONDS_A_NUMBER)
    rates = (logarithms / length[:, np.newaxis]).astype(matrices.dtype)
    if k is None:
        return library.give_back(rates[:, 0].reshape(points.shape[:-1]))
    return library.give_back(rates[:, :count].reshape(*points.shape[:-1], count))


@dataclass(frozen=True, eq=False, repr=False)
class ErrorGrowth:
    """What becomes of small errors over a window: ``error at the end = propagator @ error at the start``.

    Attributes
    ----------
    propagator : (n_members, dim, dim) array
        Product of the Jacobians of all steps.
    singular_values : (n_members, dim) array
        Factors by which orthogonal errors grow, largest first.
    optimal : (n_members, dim, dim) array
        Errors at the start that grow by these factors, as columns of length 1 (right singular vectors), each with its
        largest component positive; the first is the optimal perturbation.
    evolved : (n_members, dim, dim) array
        The directions of what they become (left singular vectors).
    eigenvalues : (n_members, dim) array, complex
        Those of the propagator, largest modulus first.
    y_final : (n_members, dim) array
        States at the end of the window.
    """

    propagator: Any
    singular_values: Any
    optimal: Any
    evolved: Any
    eigenvalues: Any
    y_final: Any

    @property
    def worst(self) -> Any:
        """Growth of the error that grows most, (n_members,)."""
        return self.singular_values[:, 0]

    @property
    def mean(self) -> Any:
        """Growth of the root of the mean square of errors of all directions alike, (n_members,)."""
        squares = self.singular_values**2
        return (squares.sum(1) / squares.shape[1]) ** 0.5

    def __repr__(self) -> str:
        n, dim = self.singular_values.shape
        return f"<ErrorGrowth: {n} members, {dim} directions>"


def error_growth(
    system: System | Callable[..., Any],
    t_span: ArrayLike,
    y0: ArrayLike | None = None,
    *,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    method: str = "RK4",
    dt: ArrayLike | None = None,
    rtol: float = RTOL,
    atol: float = ATOL,
    dtype: DTypeLike | None = None,
    device: Device = "auto",
    progress: bool | Callable[[float], None] = False,
) -> ErrorGrowth:
    """Growth of small errors over a window of time, for every member.

    An error follows ``e' = J e`` with the Jacobian J along the trajectory.  J is not symmetric in general, so it has no
    orthogonal eigenvectors: over a finite time errors grow by its singular values, and eigenvalues say little about
    them.  All eigenvalues of ``[[0.9, 10], [0, 0.8]]`` are below 1, and one application takes an error to ten times its
    size.  Eigenvalues tell what repeating the same window again and again would do in the end, as along a periodic
    orbit.

    Parameters
    ----------
    system : System or function
        A flow or a map, in the forms of `solve_ensemble` and `iterate_map`.
    t_span : (2,) or (n_members, 2) array
        The window: its start and end, in the units of ``t``; of a map, numbers of iterations.
    y0 : (dim,) or (n_members, dim) array, optional
        States at the start of the window; the system's default where it has one.
    params : mapping or array, optional
        As in `solve_ensemble`.
    method : str
        An explicit Runge-Kutta method; one with an error estimate chooses its steps unless ``dt`` is given.
    dt : float or (n_members,) array, optional
        Fixed step size, positive, in the units of ``t``.
    rtol, atol : float
        Tolerances of a method that chooses its steps, for states and perturbations together.
    dtype : {"float32", "float64"}, optional
        Precision of the whole computation; that of ``y0`` by default.
    device : {"auto", "cpu", "cuda"}
        Where to integrate; "auto" is where ``y0`` lies.
    progress : bool or function
        Show a progress bar, or call the function with the fraction done.

    Returns
    -------
    ErrorGrowth
        NaN for a member that fails, which takes no other down.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function cannot be differentiated; the message shows where and why.

    References
    ----------
    Trefethen and Embree, Spectra and Pseudospectra (Princeton, 2005), chapters 14 to 16; Kalnay, Atmospheric Modeling,
    Data Assimilation and Predictability (Cambridge, 2003), section 6.3.

    Examples
    --------
    >>> import fastsci, numpy as np
    >>> @fastsci.system(kind="map", state=("x", "y"))
    ... def shear(t, u, p):
    ...     x, y = u
    ...     return 0.9 * x + 10.0 * y, 0.8 * y
    >>> found = fastsci.error_growth(shear, (0, 1), [0.0, 0.0])
    >>> np.abs(found.eigenvalues[0])
    array([0.9, 0.8])
    >>> found.worst.round(2), found.mean.round(2)
    (array([10.07]), array([7.12]))
    >>> bool(fastsci.error_growth(shear, (0, 100), [0.0, 0.0]).worst[0] < 0.01)
    True
    """
    described, library = as_flow_or_map(system), library_of(y0)
    _length(described, t_span)
    y, carried = flow_jvp(
        described,
        t_span,
        to_numpy(y0),
        params=params,
        method=method,
        dt=dt,
        rtol=rtol,
        atol=atol,
        dtype=dtype,
        device="cuda" if wants_cuda(device, library) else "cpu",
        progress=progress,
    )
    size = y.shape[-1]
    return _decomposed(y.reshape(-1, size), np.ascontiguousarray(carried).reshape(-1, size, size), library)


def _decomposed(y: np.ndarray, propagator: np.ndarray, library: Library) -> ErrorGrowth:
    """Singular values and vectors and eigenvalues of the members that are finite; NaN for the others."""
    n = len(propagator)
    finite = np.isfinite(propagator).all(axis=(1, 2))
    exact = propagator[finite].astype(np.float64)
    left, values, right = np.linalg.svd(exact)
    # The sign that gives the largest component of every right vector a plus.
    largest = np.take_along_axis(right, np.abs(right).argmax(axis=2)[:, :, np.newaxis], axis=2)
    sign = np.where(largest < 0.0, -1.0, 1.0)
    eigenvalues = np.linalg.eigvals(exact).astype(np.complex128)
    order = np.argsort(-np.abs(eigenvalues), axis=1, kind="stable")
    give, precision = library.give_back, propagator.dtype

    def spread(rows: np.ndarray, dtype: Any = precision) -> Any:
        everyone = np.full((n, *rows.shape[1:]), np.nan, dtype)
        everyone[finite] = rows
        return give(everyone)

    return ErrorGrowth(
        propagator=give(propagator),
        singular_values=spread(values),
        optimal=spread((right * sign).transpose(0, 2, 1)),
        evolved=spread(left * sign.transpose(0, 2, 1)),
        eigenvalues=spread(np.take_along_axis(eigenvalues, order, axis=1), np.result_type(precision, np.complex64)),
        y_final=give(y),
    )


def _length(system: System, t_span: Any) -> np.ndarray:
    """Lengths of the spans, (1 or n_members,)."""
    span = np.atleast_2d(_validate.time_span(t_span))
    length = span[:, 1] - span[:, 0]
    if (length == 0.0).any():
        raise ValueError("t_span: ends where it starts, expected a time over which errors can grow; give a later end")
    if system.kind == "map" and ((length < 0.0).any() or (span != np.rint(span)).any()):
        raise ValueError(
            f"t_span: is {np.array2string(span[0])}, but {system.name} is a map, which runs forwards by whole"
            " iterations; give their numbers, the first one first"
        )
    return np.abs(length)
