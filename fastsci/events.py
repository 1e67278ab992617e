"""Events: what happens to a member when a function of its state crosses zero."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _function
from .system import System

Plain = types.FunctionType


@dataclass(frozen=True)
class Event:
    """A crossing of zero, and what follows from it; made by `fastsci.event`.

    Attributes
    ----------
    fun : function
        ``fun(t, u, p)`` returns the number whose sign matters.
    direction : {-1, 0, 1}
        Upwards (1), downwards (-1) or either way (0).
    terminal : bool
        Whether the member ends there.
    apply : function, or None
        ``apply(t, u, p)`` returns the state from which the member goes on, ``apply(t, u, p, v)`` writes it to ``v``.
    """

    fun: Plain
    direction: int = 0
    terminal: bool = False
    apply: Callable[..., Any] | None = None


def event(
    fun: Callable[..., Any] | None = None,
    *,
    direction: int = 0,
    terminal: bool = False,
    apply: Callable[..., Any] | None = None,
) -> Any:
    """Make an `Event` of a plain Python function, as a decorator or by a call.

    Parameters
    ----------
    fun : function
        ``fun(t, u, p)`` returns a number; the event is where it crosses zero.  A value that starts at zero has not
        crossed; one that touches zero without changing its sign does not either.
    direction : {-1, 0, 1}
        Count crossings upwards (1), downwards (-1) or both (0).
    terminal : bool
        End the member at its first crossing, with status 1.
    apply : function, optional
        A jump: ``apply(t, u, p)`` returns the state that the member goes on with, or ``apply(t, u, p, v)`` writes it
        to ``v``, in the form of the system's own function.  Jumps that follow one another faster and faster, as the
        bounces of a ball that comes to rest, end when their distance falls below what the time can tell apart: from
        then on the member moves on as if there were no event.

    Returns
    -------
    Event

    Raises
    ------
    TypeError, ValueError
        For a function of another form or another direction.

    Examples
    --------
    A ball that keeps nine tenths of its speed at each bounce:

    >>> import fastsci
    >>> def ball(t, u, p):
    ...     height, speed = u
    ...     return speed, -9.81
    >>> @fastsci.event(direction=-1, apply=lambda t, u, p: (0.0, -0.9 * u[1]))
    ... def bounce(t, u, p):
    ...     return u[0]
    >>> result = fastsci.solve_ensemble(ball, (0.0, 3.0), [1.0, 0.0], method="Tsit5", events=bounce)
    >>> result.t_events[0][0].round(4)
    array([0.4515, 1.2643, 1.9957, 2.6541])
    """
    if fun is None:
        return lambda given: event(given, direction=direction, terminal=terminal, apply=apply)
    if direction not in (-1, 0, 1):
        raise ValueError(f"direction: is {direction!r}, expected -1, 0 or 1")
    if terminal not in (True, False):
        raise ValueError(f"terminal: is {terminal!r}, expected True or False; count crossings in t_events")
    condition = _function.plain_function(fun)
    if condition.__code__.co_argcount != 3:
        raise TypeError(f"events: {condition.__name__} takes {condition.__code__.co_argcount} arguments, expected 3:"
                        " def event(t, u, p): return ...")  # fmt: skip
    jump = None
    if apply is not None:
        if not callable(apply):
            raise TypeError(f"apply: is a {type(apply).__name__}, expected a function: def apply(t, u, p): return ...")
        jump = _function.plain_function(apply)
    return Event(condition, int(direction), bool(terminal), jump)


def as_events(events: Any) -> tuple[Event, ...]:
    """Events, functions with SciPy's attributes ``terminal``, ``direction`` (and ``apply``), one or several."""
    if events is None:
        return ()
    given: Sequence[Any] = events if isinstance(events, (list, tuple)) else (events,)
    return tuple(_as_event(one, place) for place, one in enumerate(given))


def _as_event(given: Any, place: int) -> Event:
    if isinstance(given, Event):
        return given
    if not callable(given):
        raise TypeError(
            f"events[{place}]: is a {type(given).__name__}, expected a function event(t, u, p) or fastsci.event(...)"
        )
    direction = getattr(given, "direction", 0)
    return event(
        given,
        direction=int(np.sign(direction)),
        terminal=getattr(given, "terminal", False),
        apply=getattr(given, "apply", None),
    )


class Ragged(Sequence[NDArray[Any]]):
    """Arrays of different lengths, one a member, in one array.

    Attributes
    ----------
    values : ndarray, (n, ...)
        All of them, member after member.
    members : (n,) array
        The member of each.
    """

    def __init__(self, values: NDArray[Any], members: NDArray[np.int64], n_members: int) -> None:
        self.values, self.members = values, members
        self._offsets = np.searchsorted(members, np.arange(n_members + 1))

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[member] for member in range(*i.indices(len(self)))]
        member = range(len(self))[i]
        return self.values[self._offsets[member] : self._offsets[member + 1]]

    def __repr__(self) -> str:
        return f"<Ragged: {len(self.values)} records of {len(self)} members>"


def collect(
    log: Sequence[tuple[NDArray[np.int64], NDArray[Any]]], n_events: int, n_members: int, dim: int, dtype: np.dtype
) -> tuple[list[Ragged], list[Ragged]]:
    """Times and states of every event of every member, in the order in which each met them."""
    index = np.concatenate([np.empty((0, 2), np.int64), *(part for part, _ in log)])
    rows = np.concatenate([np.empty((0, 1 + dim), dtype), *(part for _, part in log)])
    times, states = [], []
    for number in range(n_events):
        mine = np.flatnonzero((index[:, 1] == number) & (index[:, 0] < n_members))
        # A member's own records are in order of time already, whichever thread wrote them down.
        order = mine[np.argsort(index[mine, 0], kind="stable")]
        members = index[order, 0]
        times.append(Ragged(rows[order, 0], members, n_members))
        states.append(Ragged(rows[order, 1:], members, n_members))
    return times, states


def check_event(one: Event, place: int, system: System, t: float, u: NDArray[Any], p: NDArray[Any]) -> None:
    """Call an event's functions once and say clearly what is wrong with what they return."""
    label = f"events[{place}]: {one.fun.__name__}"
    state, parameters = tuple(u.tolist()), tuple(p.tolist())
    try:
        with np.errstate(all="ignore"):
            value = one.fun(t, state, parameters)
            after = None if one.apply is None else _after(one.apply, system.style, t, state, parameters)
    except (ArithmeticError, ValueError):
        return  # compiled code gives NaN or infinity there
    except Exception as error:
        raise ValueError(f"{label} raised {type(error).__name__}: {error}") from error
    if not np.isscalar(value) or isinstance(value, (str, bytes, complex)):
        raise TypeError(f"{label} returned a {type(value).__name__}, expected one real number")
    if after is not None and (not isinstance(after, tuple) or len(after) != len(state)):
        raise TypeError(f"{label}: apply returned {after!r}, expected a tuple of {len(state)} numbers, the new state")


def _after(apply: Callable[..., Any], style: str, t: float, u: tuple[float, ...], p: tuple[float, ...]) -> Any:
    if style == "tuple":
        return apply(t, u, p)
    written = list(u)
    apply(t, list(u), p, written)
    return tuple(written)
