"""Ensembles: many members of one system, integrated side by side."""

from __future__ import annotations

import difflib
import functools
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastsci_kernels.methods.registry import ADAPTIVE, FIXED, METHODS, NAMES
from fastsci_kernels.methods.taylor_family import TAYLOR

from . import _validate
from ._arrays import Library, library_of, to_numpy
from ._control import ATOL, RTOL, Choices
from ._parts import first_member, noise_key, parts
from ._request import Request, columns_method
from .events import Event, as_events, check_event
from .result import EnsembleResult
from .statistics import as_statistics, require_times
from .system import System
from .system import system as make_system

Device = Literal["auto", "cpu", "cuda"]

# A System holds its function, and that whatever it captures: a few are kept, not all.
_describe = functools.lru_cache(maxsize=64)(make_system)
_probed: weakref.WeakKeyDictionary[System, set[tuple[int, int]]] = weakref.WeakKeyDictionary()


def methods() -> list[str]:
    """Names of the integration methods.

    Examples
    --------
    >>> import fastsci
    >>> "RK4" in fastsci.methods()
    True
    """
    return list(METHODS)


def solve_ensemble(
    system: System | Callable[..., Any],
    t_span: ArrayLike,
    y0: ArrayLike | None = None,
    *,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    method: str = "RK4",
    dt: ArrayLike | None = None,
    t_eval: ArrayLike | None = None,
    rtol: float = RTOL,
    atol: ArrayLike = ATOL,
    first_step: ArrayLike | None = None,
    max_step: float | None = None,
    max_steps: int | None = None,
    controller: str = "I",
    events: Any = None,
    dense_output: bool = False,
    compensated: bool = False,
    seed: Any = None,
    first_member: int = 0,
    reduce: Any = None,
    dtype: DTypeLike | None = None,
    device: Device = "auto",
    progress: bool | Callable[[float], None] = False,
) -> EnsembleResult:
    """Integrate every member of an ensemble, with a step of its own or a fixed one.

    Members are computed side by side in SIMD registers, strip by strip on all processors, or one a thread on a GPU.
    A member's numbers do not depend on which others are with it.  With an adaptive method every member chooses its
    own steps, and one that finishes makes room for the next.

    Parameters
    ----------
    system : System or function
        A `System`, or ``f(t, u, p)`` that returns a tuple, or ``f(t, u, p, du)`` that writes ``du``.
    t_span : (2,) or (n_members, 2) array
        Start and end, in the units of ``t``; an end before the start integrates backwards.
    y0 : (dim,) or (n_members, dim) array, optional
        Initial states; one row serves every member.  The system's default where it has one.
    params : mapping or array, optional
        Name to a number or ``(n_members,)``; or an array ``(n_params,)`` or ``(n_members, n_params)``.
    method : str
        One of `methods()`, in any case.  Those with an error estimate choose their steps unless ``dt`` is given.
    dt : float or (n_members,) array, optional
        Fixed step size, positive, in the units of ``t``.
    t_eval : array, optional
        Times to save at, ``(n_times,)``, anywhere in the span.  A save never moves or shortens a step: between two
        points of a fixed grid it is a side step, of an adaptive run it comes from the dense output.  With a span per
        member: ``(n_times,)`` fractions of it, or ``(n_members, n_times)`` times.  Without it the final state alone
        is kept.
    rtol, atol : float, and float or (dim,) array
        Of the local error an adaptive method keeps the norm of `scipy.integrate.solve_ivp` below 1: the root of the
        mean square of ``error / (atol + rtol * abs(y))`` over the components.
    first_step : float or (n_members,) array, optional
        First step to try, positive; chosen from the slope and its change by default.
    max_step : float, optional
        Longest step; no limit by default.
    max_steps : int, optional
        Attempts at a step after which a member gives up, with status -4; a million by default.
    controller : {"I", "PI", "PID"}
        How the next step follows from the errors of the last ones: "I" is SciPy's rule; "PI" and "PID" change the
        step more gently, for steps that stability limits.
    events : Event, function or sequence, optional
        What to look out for: `fastsci.event`, or functions ``g(t, u, p)`` with SciPy's attributes ``terminal`` and
        ``direction``.  They are found on the dense output, with fixed steps too.
    dense_output : bool
        Keep every step's polynomial: ``result.sol(t)`` is then the solution at any time.
    compensated : bool
        Carry the digits that an addition to the state loses (Kahan's summation); so that many small
        steps in float32 keep their accuracy.  The time is always kept so.
    seed : int, SeedSequence or Generator, optional
        Of the noise of a stochastic method: a path depends on the seed, the member's number and the step, and on
        nothing else.  Without it every run draws another.
    first_member : int
        Number of the first member, a multiple of 64: an ensemble computed in parts has the paths of the whole.
    reduce : str, Histogram, LastCrossing, list or mapping, optional
        Statistics to gather in the place of saves, so that nothing is stored on the way: of every component "mean",
        "var" (divided by the number of saves, as `numpy.var`), "std", "min", "max", "last", and "count", the number
        of saves; `Histogram` and `LastCrossing`; several of them in a list, or by names of their own in a mapping.
        ``result.reduced`` holds them by name, NaN for a member that fails.  The times of ``t_eval`` enter; without it
        every grid point of a fixed step, the start not among them.
    dtype : {"float32", "float64"}, optional
        Precision of the whole computation; that of ``y0`` by default.
    device : {"auto", "cpu", "cuda"}
        Where to compute; "auto" is where ``y0`` lies.
    progress : bool or function
        Show a progress bar in a terminal or notebook, or call the function with the fraction done.

    Returns
    -------
    EnsembleResult
        Arrays are of the library of ``y0`` (NumPy, torch or CuPy).  A member that fails carries a negative status
        and takes no other down.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function uses something that cannot be compiled; the message shows its line.

    References
    ----------
    Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, 2nd ed. (1993), chapter II.

    Examples
    --------
    >>> import fastsci, numpy as np
    >>> def decay(t, u, p):
    ...     (x,) = u
    ...     (rate,) = p
    ...     return (-rate * x,)
    >>> result = fastsci.solve_ensemble(decay, (0.0, 1.0), [1.0], params={"rate": np.array([1.0, 2.0])}, dt=0.01)
    >>> np.round(result.y_final[:, 0], 6)
    array([0.367879, 0.135335])
    """
    described, meter = as_system(system), meter_for(progress)
    name, happenings = _method(method), as_events(events)
    adaptive = _is_adaptive(name, dt, described)
    choices = Choices(rtol, atol, first_step, max_step, max_steps, controller)
    if not adaptive:
        choices.refuse()
    library = library_of(y0)
    step = first_step if adaptive else dt
    members = _validate.ensemble(
        described, t_span, for_checking(y0, library), params, step, t_eval, dtype, adaptive=adaptive
    )
    members = replace(members, statistics=as_statistics(reduce, members.dim, described.state))
    probe(described, members, happenings)
    if library.on_gpu:
        on_device: Any = y0
        members = replace(members, y0=on_device.reshape(-1, members.dim))
    on_cuda = wants_cuda(device, library)
    if adaptive or happenings or dense_output or compensated:
        require_times(members.statistics, t_eval)
        if on_cuda:
            from ._adaptive_cuda import integrate
        else:
            from ._adaptive import integrate
        chosen = columns_method(name, described, members, rtol, bool(happenings) or dense_output)
        control = choices.checked(members.dim, members.dtype, adaptive)
        request = Request(chosen, control, happenings, bool(dense_output), bool(compensated))
        return integrate(described, members, request, library, meter)
    if on_cuda:
        from ._cuda import integrate
    else:
        from ._cpu import integrate
    fixed = FIXED[name]
    key = noise_key(seed, first_member) if fixed.random else members.key
    members = replace(members, parts=parts(fixed, described, members), key=key)
    return integrate(described, members, fixed, library, meter)


def _is_adaptive(name: str, dt: ArrayLike | None, system: System) -> bool:
    """Whether the members choose their steps: a method with an error estimate and no ``dt``."""
    adaptive = name in ADAPTIVE or name == TAYLOR.name
    if dt is None and not adaptive:
        hint = f", for example dt={system.dt:g}" if system.dt else ""
        raise ValueError(
            f"dt: is missing; {name} is a fixed-step method and needs a step size{hint}; or choose one that chooses its"
            f" own: {', '.join((*ADAPTIVE, TAYLOR.name))}"
        )
    if dt is not None and name not in FIXED:
        raise ValueError(f"dt: is {dt!r}, but {name} chooses its steps; leave it out, or give first_step or max_step")
    return dt is None


def for_checking(y0: Any, library: Library) -> Any:
    """Initial states for checking: of those on a GPU a first row that stands for all, since they stay there."""
    if library.on_gpu and y0.ndim == 2:
        return np.broadcast_to(to_numpy(y0[:1]), tuple(y0.shape))
    return to_numpy(y0)


def as_system(system: System | Callable[..., Any]) -> System:
    """A System as it is; a bare function described by its own form, once."""
    if isinstance(system, System):
        if system.kind != "flow":
            raise ValueError(f"system: {system.name} is a map, expected a flow, whose function gives du/dt")
        return system
    if system is None:
        raise TypeError("system: is None, expected a System or a function f(t, u, p); name one")
    if getattr(system, "__hash__", None) is None:
        return make_system(system)
    return _describe(system)


def as_flow_or_map(system: System | Callable[..., Any]) -> System:
    """A System of either kind as it is; a bare function described as a flow."""
    return system if isinstance(system, System) else as_system(system)


def _method(method: str) -> str:
    name = NAMES.get(str(method).lower())
    if name is None:
        close = difflib.get_close_matches(str(method).lower(), NAMES, n=1)
        hint = f"; did you mean {NAMES[close[0]]!r}?" if close else ""
        raise ValueError(f"method: no method {method!r}{hint}; fastsci.methods() lists all {len(METHODS)}")
    return name


def wants_cuda(device: str, library: Library) -> bool:
    """Whether to compute on a GPU: where the caller says, else where ``y0`` lies."""
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device: is {device!r}, expected 'auto', 'cpu' or 'cuda'")
    if device == "cpu" and library.on_gpu:
        raise ValueError("device: is 'cpu', but y0 lies on a GPU; leave device out, or bring y0 to the host")
    return device == "cuda" or library.on_gpu


def probe(system: System, members: _validate.Ensemble, happenings: tuple[Event, ...] = ()) -> None:
    """Call the plain functions once, on the first member, before anything is compiled."""
    shape = (members.dim, len(members.params))
    seen = _probed.setdefault(system, set())
    if not members.n_members or (shape in seen and not happenings):
        return
    t, u, p = first_member(members)
    system.check_returns(t, u, p)
    seen.add(shape)
    for place, one in enumerate(happenings):
        check_event(one, place, system, t, u, p)


def meter_for(progress: bool | Callable[[float], None]) -> Callable[[float], None] | None:
    """What is told the fraction done, if anything is."""
    if progress is True:
        from ._progress import bar

        return bar()
    if progress is not False and not callable(progress):
        raise TypeError(f"progress: is {progress!r}, expected True, False or a function of the fraction done")
    return progress or None
