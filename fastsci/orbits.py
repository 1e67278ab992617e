"""Periodic orbits of flows and their Floquet multipliers: shooting from many starts at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _extended, _starts
from ._arrays import real_array
from ._closed_orbits import RESTS, SameOrbit, closed_orbits
from ._newton import CONVERGED, MESSAGES, Criteria, checked
from ._shooting import Shooting
from .ensemble import as_flow_or_map
from .equilibria import sorted_eigenvalues
from .system import System

ORBIT_MESSAGES = {**MESSAGES, RESTS: "The start led to a fixed point, which no period has."}
MARGIN = 1e-5  # a multiplier this near to modulus 1 neither grows nor decays
NOISE = 1e-10  # conserved quantities leave singular values of the size of the steps' error


@dataclass(frozen=True, eq=False, repr=False)
class PeriodicOrbits:
    """Periodic orbits of a flow.

    Attributes
    ----------
    points : (n_found, dim) array
        A state on each orbit; the orbits are in the order of the first starts that reached them.
    periods : (n_found,) array
        Periods, in the units of ``t``.
    residual : (n_found,) array
        Greatest component of what is left open after a period.
    multipliers : (n_found, dim) complex array
        Floquet multipliers, the eigenvalues of `monodromy`, the greatest modulus first.
    exponents : (n_found, dim) complex array
        Floquet exponents, ``log(multipliers) / period``.
    trivial : (n_found,) int array
        Which multiplier is that of a perturbation along the orbit, 1 but for errors; -1 with a fixed period.
    stable : (n_found,) bool array
        Whether all other multipliers are less than 1 in modulus, by more than 1e-5.
    monodromy : (n_found, dim, dim) array
        Derivative of the flow once around.
    hits : (n_found,) int array
        How many starts led to each orbit.
    params : mapping of str to (n_found,) array
        Parameters of each orbit.
    status : (n_starts,) int8 array
        0 converged, negative: failed; `message` says how.
    reached : (n_starts,) int array
        Which orbit each start led to, -1 for none.
    """

    points: np.ndarray
    periods: np.ndarray
    residual: np.ndarray
    multipliers: np.ndarray
    exponents: np.ndarray
    trivial: np.ndarray
    stable: np.ndarray
    monodromy: np.ndarray
    hits: np.ndarray
    status: np.ndarray
    reached: np.ndarray
    sample: Callable[[int, int], np.ndarray]
    params: Mapping[str, np.ndarray] = field(default_factory=dict)
    system: str = ""

    @property
    def success(self) -> np.ndarray:
        """Whether each start converged, (n_starts,)."""
        return self.status == CONVERGED

    def message(self, i: int) -> str:
        """How start ``i`` ended, in words."""
        return ORBIT_MESSAGES[int(self.status[i])]

    def orbit(self, i: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
        """States evenly along orbit ``i``, from its point on, the end left out.

        Returns
        -------
        t : (n,) array
            Times after the point.
        u : (n, dim) array
            States.
        """
        return self.periods[i] * np.arange(n) / n, self.sample(i, n)

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        failed = int((self.status != CONVERGED).sum())
        return f"<PeriodicOrbits of {self.system}: {len(self)} from {len(self.status)} starts, {failed} failed>"


def periodic_orbits(
    system: System | Callable[..., Any],
    starts: ArrayLike,
    periods: ArrayLike,
    *,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    fixed_period: bool = False,
    method: str = "DOP853",
    n_steps: int = 200,
    dt: float | None = None,
    segments: int = 1,
    t: float = 0.0,
    tol: float = 1e-10,
    max_iter: int = 50,
    unique_tol: float = 1e-6,
) -> PeriodicOrbits:
    """Find periodic orbits, stable or not, by Newton's method on the flow over one period.

    All starts go side by side through one compiled kernel, which carries the states and all their perturbations; a
    start that fails takes no other down.  Solutions that are one orbit, reached at other phases or run around several
    times, are told once.

    What is found closes to rounding as an orbit of the discrete steps.  How near it is to that of the flow is their
    error: twice as many steps show it.

    Parameters
    ----------
    system : System or function
        A flow.  Periodic points of maps are found by `fixed_points`.
    starts : (n_starts, dim) or (dim,) array
        States near orbits, in the units of the state; computed in float64 whatever their type.
    periods : float or (n_starts,) array
        Guesses of the periods, in the units of ``t``; found are those within a factor of 4.
    params : mapping or array, optional
        As in `fixed_points`: one set, or one a start.
    fixed_period : bool
        ``periods`` are the periods, as those of a forcing that depends on ``t``.  Also for conservative systems,
        whose orbits come in families: of each, the member of that period is found, where a free period would lead
        from member to member and often to rest.
    method : str
        An explicit Runge-Kutta method; its steps are of fixed size.
    n_steps : int
        Steps a period.
    dt : float, optional
        In the place of ``n_steps``: the longest step, at the periods that were guessed.
    segments : int
        Arcs of multiple shooting.  One is enough where perturbations grow less than some 1e6 times in a period.
    t : float
        Time at the start of an orbit, for functions that depend on it.
    tol : float
        A start has arrived where the next Newton step is at most ``tol * (1 + abs(x))`` in every unknown ``x``.
    max_iter : int
        Newton steps after which a start gives up.
    unique_tol : float
        Orbits are one whose periods agree to this factor, and one of which passes the other's point no farther than
        ``unique_tol * (1 + abs(u))``.  With a fixed period the points at time ``t`` are compared.

    Returns
    -------
    PeriodicOrbits
        NumPy arrays; of shapes ``(0, ...)`` where nothing is found.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function cannot be differentiated; the message shows where and why.

    References
    ----------
    Seydel, Practical Bifurcation and Stability Analysis, 3rd ed. (Springer, 2010), chapter 7; Cvitanovic et al.,
    Chaos: Classical and Quantum (ChaosBook.org), chapters on fixed points and how to get them.

    Examples
    --------
    The limit cycle of van der Pol's oscillator.

    >>> import fastsci
    >>> found = fastsci.periodic_orbits(fastsci.systems.van_der_pol, [2.0, 0.0], 6.5, params={"mu": 1.0})
    >>> found.periods.round(6), found.stable
    (array([6.663287]), array([ True]))
    """
    described = as_flow_or_map(system)
    if described.kind == "map":
        raise ValueError(
            f"system: {described.name} is a map, expected a flow; find periodic points by fixed_points(..., period=p)"
        )
    tol, max_iter, unique_tol = checked(tol, max_iter, unique_tol)
    base, fixed, arcs = _extended.base_method(described, method), bool(fixed_period), _whole("segments", segments)
    guesses = _periods(periods)
    states = _as_many(_starts.given_starts(described, starts), guesses)
    members = _starts.as_members(described, states, params, t, 1.0)
    guesses = np.broadcast_to(guesses, (members.n_members,)).copy()
    shooting = Shooting(described, members, guesses, base, _steps(guesses, n_steps, dt), arcs, fixed)
    criteria = Criteria(tol, max_iter, far=0.0, cutoff=NOISE, noise=NOISE)
    ends = closed_orbits(shooting, criteria, unique_tol)
    converged = np.flatnonzero(ends.status == CONVERGED)
    same = SameOrbit(shooting, ends.x, unique_tol)
    leaders, place = _starts.distinct(converged, _starts.same_params(members), *same.key(), same)
    reached = np.full(members.n_members, -1, np.int64)
    reached[converged] = place
    x = ends.x[leaders]
    begins, found = shooting.parts(x, leaders)
    monodromy = shooting.monodromy(x, leaders)
    multipliers = sorted_eigenvalues(monodromy, "map")
    trivial, stable = _stability(multipliers, fixed)
    with np.errstate(divide="ignore"):
        exponents = np.log(multipliers) / found[:, np.newaxis]
    return PeriodicOrbits(
        points=begins[:, 0].copy(),
        periods=found.copy(),
        residual=ends.residual[leaders],
        multipliers=multipliers,
        exponents=exponents,
        trivial=trivial,
        stable=stable,
        monodromy=monodromy,
        hits=np.bincount(place, minlength=len(leaders)),
        status=ends.status,
        reached=reached,
        sample=lambda i, n: shooting.around(x[i], leaders[i], n),
        params=_starts.params_of(members, leaders),
        system=described.name,
    )


def _stability(multipliers: np.ndarray, fixed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Which multiplier is trivial, and whether all others decay."""
    decays = np.abs(multipliers) < 1.0 - MARGIN
    if fixed:
        return np.full(len(multipliers), -1), np.all(decays, 1)
    trivial = np.abs(multipliers - 1.0).argmin(1)
    decays[np.arange(len(trivial)), trivial] = True
    return trivial, np.all(decays, 1)


def _periods(periods: Any) -> np.ndarray:
    """Periods (1 or n,), positive and finite."""
    values = real_array(periods, "periods").astype(np.float64)
    if values.ndim > 1:
        raise ValueError(f"periods: has shape {values.shape}, expected a number or (n_starts,); flatten it")
    if not (np.isfinite(values) & (values > 0.0)).all():
        wrong = values[~(np.isfinite(values) & (values > 0.0))].flat[0]
        raise ValueError(f"periods: holds {wrong:g}, expected positive finite times; guess how long a round takes")
    return np.atleast_1d(values)


def _as_many(states: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """States, as many as there are periods where one serves them all."""
    if len(periods) not in (1, len(states)) and len(states) != 1:
        raise ValueError(f"periods: are {len(periods)}, but starts are {len(states)}; give both as many, or one")
    return np.repeat(states, len(periods), axis=0) if len(states) == 1 else states


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or not 1 <= value < 2**31:
        raise ValueError(f"{name}: is {value!r}, expected a positive integer")
    return int(value)


def _steps(periods: np.ndarray, n_steps: Any, dt: Any) -> np.ndarray:
    """Steps a period, (n,)."""
    if dt is None:
        return np.full(len(periods), _whole("n_steps", n_steps))
    if isinstance(dt, bool) or not isinstance(dt, int | float | np.floating | np.integer) or not 0.0 < dt < np.inf:
        raise ValueError(f"dt: is {dt!r}, expected one positive finite step; or give n_steps, the steps a period")
    return np.maximum(np.ceil(periods / float(dt) * (1.0 - 1e-9)), 1.0).astype(np.int64)
