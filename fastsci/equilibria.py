"""Fixed points of flows, periodic points of maps: Newton's method from many starts at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.methods.iteration import ITERATION
from fastsci_kernels.methods.tangent import Tangent

from . import _extended, _starts
from ._cpu import RAISED
from ._newton import CONVERGED, MESSAGES, Criteria, Values, checked, roots
from ._validate import Ensemble
from .ensemble import as_flow_or_map
from .system import System

MARGIN = 1e-8  # an eigenvalue this near to the border of stability, beside the largest, lies on it


@dataclass(frozen=True, eq=False, repr=False)
class FixedPoints:
    """Fixed points of a flow, or periodic points of a map.

    Attributes
    ----------
    points : (n_found, dim) array
        The distinct points, in the order of the first starts that reached them.
    residual : (n_found,) array
        Largest component of the equations there: of ``f(u)`` for a flow, of ``f^p(u) - u`` for a map.
    jacobian : (n_found, dim, dim) array
        Derivative of ``f``, or of the ``p``-fold map.
    eigenvalues : (n_found, dim) complex array
        Of the Jacobian; of a flow the greatest real part first, of a map the greatest modulus.
    stable : (n_found,) bool array
        Whether all small perturbations decay: every real part below 0, or modulus below 1.
    kind : (n_found,) array of str
        "node" (real eigenvalues on one side), "focus" (some complex), "saddle", "saddle-focus" (on both sides),
        "centre" (all complex, on the border of stability to 1e-8 of the largest), "saddle-centre" (some there, others
        on both sides), "degenerate" (any other with eigenvalues on the border).
    period : (n_found,) int array
        Of a map the prime period of each point; of a flow 0.
    hits : (n_found,) int array
        How many starts led to each point.
    params : mapping of str to (n_found,) array
        Parameters of each point.
    status : (n_starts,) int8 array
        0 converged, negative: failed; `message` says how.
    reached : (n_starts,) int array
        Which point each start led to, -1 for none.
    """

    points: np.ndarray
    residual: np.ndarray
    jacobian: np.ndarray
    eigenvalues: np.ndarray
    stable: np.ndarray
    kind: np.ndarray
    period: np.ndarray
    hits: np.ndarray
    status: np.ndarray
    reached: np.ndarray
    params: Mapping[str, np.ndarray] = field(default_factory=dict)
    system: str = ""

    @property
    def success(self) -> np.ndarray:
        """Whether each start converged, (n_starts,)."""
        return self.status == CONVERGED

    def message(self, i: int) -> str:
        """How start ``i`` ended, in words."""
        return MESSAGES[int(self.status[i])]

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        failed = int((self.status != CONVERGED).sum())
        return f"<FixedPoints of {self.system}: {len(self)} from {len(self.status)} starts, {failed} failed>"


def fixed_points(
    system: System | Callable[..., Any],
    starts: ArrayLike | None = None,
    *,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    period: int = 1,
    box: tuple[ArrayLike, ArrayLike] | None = None,
    n_starts: int = 1000,
    seed: Any = None,
    t: float = 0.0,
    tol: float = 1e-10,
    max_iter: int = 50,
    unique_tol: float = 1e-6,
) -> FixedPoints:
    """Find where a flow rests, or the points of a map that return, by Newton's method from many starts.

    All starts go side by side through one compiled kernel, which gives the function and its exact Jacobian.  A step
    that does not lower the residual is halved until it does (Armijo's rule), by each start for itself; a start that
    fails takes no other down.  Where a Jacobian is singular the shortest least-squares step is taken, so that one
    point of a whole curve of fixed points is found where quantities are conserved.

    Parameters
    ----------
    system : System or function
        A flow or a map; a bare function ``f(t, u, p)`` is a flow.
    starts : (n_starts, dim) or (dim,) array, optional
        Where to start, in the units of the state; computed in float64 whatever its type.
    params : mapping or array, optional
        Name to a number or ``(n_starts,)``; or an array ``(n_params,)`` or ``(n_starts, n_params)``.  With one start
        and many parameters, that start serves each.  Points are told apart for each set of parameters.
    period : int
        Of a map: points that return after so many iterations; `FixedPoints.period` tells those of a shorter period.
    box : (low, high), optional
        In the place of ``starts``: corners, numbers or ``(dim,)``, of a box to draw starts from.
    n_starts : int
        How many to draw.
    seed : int, SeedSequence or Generator, optional
        What they are drawn by.
    t : float
        The time that the function sees: a flow that depends on ``t`` is looked at in that moment.  Of a map the
        number of the first iteration.
    tol : float
        A start has arrived where the next Newton step is at most ``tol * (1 + abs(u))`` in every component.
    max_iter : int
        Newton steps after which a start gives up.
    unique_tol : float
        Points no farther apart than ``unique_tol * (1 + abs(u))`` in every component are one.

    Returns
    -------
    FixedPoints
        NumPy arrays; of shapes ``(0, ...)`` where nothing is found.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function cannot be differentiated; the message shows where and why.

    References
    ----------
    Dennis and Schnabel, Numerical Methods for Unconstrained Optimization and Nonlinear Equations (SIAM, 1996),
    section 6.3; Kuznetsov, Elements of Applied Bifurcation Theory, 3rd ed. (Springer, 2004), section 2.1.

    Examples
    --------
    The origin and the two eyes of Lorenz's butterfly, at ``(+-sqrt(72), +-sqrt(72), 27)``.

    >>> import fastsci, numpy as np
    >>> found = fastsci.fixed_points(fastsci.systems.lorenz63, box=((-20, -20, 0), (20, 20, 50)), seed=1)
    >>> np.sort(found.points[:, 0]).round(6) + 0.0
    array([-8.485281,  0.      ,  8.485281])
    >>> [str(kind) for kind in found.kind[np.argsort(found.points[:, 0])]]
    ['saddle-focus', 'saddle', 'saddle-focus']
    """
    described = as_flow_or_map(system)
    tol, max_iter, unique_tol = checked(tol, max_iter, unique_tol)
    count = _period(described, period)
    if starts is not None and box is not None:
        raise ValueError("box: is given beside starts, expected one of the two; leave one out")
    if starts is None and box is None:
        raise ValueError("starts: is missing; give states (n_starts, dim), or box=(low, high) to draw them from")
    states = (
        _starts.drawn_starts(described, box, n_starts, seed)
        if starts is None
        else _starts.given_starts(described, starts)
    )
    members = _starts.as_members(described, states, params, t, float(count))
    equations = _Equations(described, members)
    ends = roots(equations, members.y0, Criteria(tol, max_iter))

    def same(leader: int, others: np.ndarray) -> np.ndarray:
        distance = np.abs(ends.x[others] - ends.x[leader])
        return (distance <= unique_tol * (1.0 + np.abs(ends.x[leader]))).all(1)

    converged = np.flatnonzero(ends.status == CONVERGED)
    key = _starts.projection(ends.x, unique_tol)
    leaders, place = _starts.distinct(converged, _starts.same_params(members), *key, same)
    reached = np.full(members.n_members, -1, np.int64)
    reached[converged] = place
    points = ends.x[leaders]
    jacobian = equations.derivative(points, leaders)
    eigenvalues = sorted_eigenvalues(jacobian, described.kind)
    stable, kind = _stability(eigenvalues, described.kind)
    return FixedPoints(
        points=points,
        residual=ends.residual[leaders],
        jacobian=jacobian,
        eigenvalues=eigenvalues,
        stable=stable,
        kind=kind,
        period=equations.prime_periods(points, leaders, count, unique_tol),
        hits=np.bincount(place, minlength=len(leaders)),
        status=ends.status,
        reached=reached,
        params=_starts.params_of(members, leaders),
        system=described.name,
    )


def _period(system: System, period: Any) -> int:
    if isinstance(period, bool) or not hasattr(period, "__index__") or not 1 <= period < 2**31:
        raise ValueError(f"period: is {period!r}, expected a positive integer, the number of iterations")
    if system.kind == "flow" and period != 1:
        raise ValueError(f"period: is {period}, but {system.name} is a flow; find its orbits by periodic_orbits")
    return int(period)


class _Equations:
    """``f(u) = 0`` of a flow, ``f^p(u) - u = 0`` of a map, with their Jacobians."""

    def __init__(self, system: System, members: Ensemble) -> None:
        self.system, self.members = system, members
        # One iteration of a flow's function gives its value: u becomes f(t, u, p).
        self.slope = _extended.tangent_slope(system, members.dim, members.dim)
        self.method = Tangent(ITERATION, self.slope)

    def __call__(self, states: np.ndarray, which: np.ndarray) -> Values:
        image, jacobian, raised = self._image(states, which)
        if self.system.kind == "map":
            image, jacobian = image - states, jacobian - np.eye(self.members.dim)
        return Values(image, jacobian, raised)

    def derivative(self, states: np.ndarray, which: np.ndarray) -> np.ndarray:
        """The Jacobian of the function, or of the p-fold map."""
        return self._image(states, which)[1]

    def prime_periods(self, points: np.ndarray, which: np.ndarray, count: int, unique_tol: float) -> np.ndarray:
        """The shortest period of each point of a map, which divides ``count``; of a flow 0."""
        n, dim = points.shape
        if self.system.kind == "flow" or count == 1 or not n:
            return np.full(n, 0 if self.system.kind == "flow" else 1)
        divisors = np.array([divisor for divisor in range(1, count + 1) if count % divisor == 0])
        members = _starts.of_members(self.members, points, which)
        members = replace(members, t_eval=members.t_span[0] + divisors)
        images = _extended.run(self.system, members, self.method, _starts.perturbed(members.y0)).y[:, :dim]
        missed = np.abs(images - points[..., np.newaxis])
        returned = np.all(missed <= unique_tol * (1.0 + np.abs(points[..., np.newaxis])), 1)
        returned[:, -1] = True
        return divisors[returned.argmax(1)]

    def _image(self, states: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n, dim = states.shape
        if not n:
            return states, np.empty((0, dim, dim)), np.empty(0, bool)
        members = _starts.of_members(self.members, states, which)
        result = _extended.run(self.system, members, self.method, _starts.perturbed(members.y0))
        return *_extended.apart(result.y_final, self.slope), result.status == RAISED


def sorted_eigenvalues(matrices: np.ndarray, kind: str) -> np.ndarray:
    """Eigenvalues (n, dim), the greatest real part first for a flow, the greatest modulus for a map."""
    values = np.linalg.eigvals(matrices).astype(np.complex128)
    first = np.real(values) if kind == "flow" else np.abs(values)
    return np.take_along_axis(values, np.lexsort((-np.imag(values), -first), axis=1), 1)


def _stability(eigenvalues: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Whether each point is stable, and what kind it is of."""
    growth = np.real(eigenvalues) if kind == "flow" else np.abs(eigenvalues) - 1.0
    margin = MARGIN * np.abs(eigenvalues).max(1, initial=0.0, keepdims=True)
    if kind == "map":
        margin = np.maximum(margin, MARGIN)
    turning = np.abs(np.imag(eigenvalues)) > margin
    decays, grows = growth < -margin, growth > margin
    neither = ~(decays | grows)
    stable = np.all(decays, 1)
    one_sided, turns = stable | np.all(grows, 1), np.any(turning, 1)
    border, resting = np.any(neither, 1), np.any(neither & ~turning, 1)
    split = np.any(decays, 1) & np.any(grows, 1)
    kinds = {
        "centre": np.all(neither, 1) & ~resting,
        "saddle-centre": border & ~resting & split,
        "degenerate": border,
        "focus": one_sided & turns,
        "node": one_sided,
        "saddle-focus": turns,
    }
    return stable, np.select(list(kinds.values()), list(kinds), "saddle")
