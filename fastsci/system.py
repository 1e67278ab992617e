"""A dynamical system: a right-hand side or a map, with its parameters and what is known about it."""

from __future__ import annotations

import dataclasses
import functools
import math
import numbers
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _function
from ._function import Style
from ._probe import call, check_returns, checked

Kind = Literal["flow", "map"]


class Description(TypedDict, total=False):
    """The keywords of `system`."""

    params: Mapping[str, float] | Sequence[str] | None
    state: Sequence[str] | None
    kind: Kind
    constants: Mapping[str, ArrayLike] | None
    noise: Callable[..., Any] | None
    friction: Callable[..., Any] | None
    jac: Callable[..., Any] | None
    jvp: Callable[..., Any] | None
    default_y0: ArrayLike | None
    dt: float | None
    facts: Mapping[str, Any] | None
    name: str | None


@dataclasses.dataclass(frozen=True, slots=True, weakref_slot=True, eq=False, repr=False)
class System:
    """A right-hand side or a map, with what is known about it; made by `fastsci.system`, then unchanging.

    Attributes
    ----------
    name : str
        The function's name unless another was given.
    fun : function
        The plain Python function; it sees `constants` as globals.
    style : {"tuple", "inplace"}
        "tuple": ``fun(t, u, p)`` returns a tuple; "inplace": ``fun(t, u, p, du)`` writes ``du``.
    kind : {"flow", "map"}
        A flow's function gives du/dt; a map's gives the next state, and ``t`` counts iterations.
    params : mapping of str to float
        Default of each parameter, in the order of ``p``; nan where the caller has to give a value.
    state : tuple of str, or None
        Name of each component of the state.
    dim : int, or None
        Number of components; None when only an initial state can tell.
    default_y0 : (dim,) read-only array, or None
        A state on or near the attractor.
    dt : float, or None
        A step, in units of ``t``, that resolves the system with the classical Runge-Kutta method.
    facts : mapping
        What the literature knows: sources, exponents, conserved quantities, fixed points.
    constants : mapping of str to read-only array
        Arrays that every member of an ensemble shares.
    noise, friction, jac, jvp : function, or None
        Diffusion of a stochastic system; its friction, of Langevin dynamics; the user's own derivatives.
    """

    name: str
    fun: Callable[..., Any]
    style: Style
    kind: Kind
    params: Mapping[str, float]
    state: tuple[str, ...] | None
    dim: int | None
    default_y0: NDArray[np.float64] | None
    dt: float | None
    facts: Mapping[str, Any]
    constants: Mapping[str, NDArray[np.float64]]
    noise: Callable[..., Any] | None
    friction: Callable[..., Any] | None
    jac: Callable[..., Any] | None
    jvp: Callable[..., Any] | None

    @property
    def param_names(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of ``p``."""
        return tuple(self.params)

    def __repr__(self) -> str:
        if self.state is not None and len(self.state) <= 8:
            state = f"({', '.join(self.state)})"
        else:
            state = "a state of any length" if self.dim is None else f"{self.dim} components"
        values = ", ".join(
            f"{name} (no default)" if math.isnan(value) else f"{name}={value:.6g}"
            for name, value in self.params.items()
        )
        arrays = "".join(f", constant {name} {array.shape}" for name, array in self.constants.items())
        named = f"parameters {values}" if values else "no named parameters"
        return f"<System {self.name}: {self.kind} of {state}, {named}{arrays}>"

    def with_params(self, **new: float) -> System:
        """Copy of the system with other parameter defaults.

        Parameters
        ----------
        **new : float
            Defaults by name; the others stay.

        Raises
        ------
        ValueError
            For a name the system does not have.
        TypeError
            For a value that is not a real number.

        Examples
        --------
        >>> import fastsci
        >>> @fastsci.system(params={"rate": 1.0})
        ... def decay(t, u, p):
        ...     x, = u
        ...     rate, = p
        ...     return -rate * x,
        >>> decay.with_params(rate=3.0).rhs(0.0, [2.0])
        array([-6.])
        """
        self._check_param_names(new)
        return dataclasses.replace(self, params=types.MappingProxyType({**self.params, **_function.defaults(new)}))

    def rhs(
        self, t: ArrayLike, u: ArrayLike, params: Mapping[str, ArrayLike] | ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Derivative of one state or many (of a map: the next state), by calling the plain Python function.

        This is the reference that compiled runs are held against, one call per state; it is not fast.

        Parameters
        ----------
        t : float or (n,) array
            Time, or iteration number.
        u : (dim,) or (n, dim) array
            One state, or n of them.
        params : mapping, (n_params,) or (n, n_params) array, optional
            A mapping changes the defaults by name, to a number or to (n,) numbers; an array gives all.

        Returns
        -------
        (dim,) or (n, dim) array of float64
            Of the shape of `u`.

        Raises
        ------
        ValueError, TypeError
            For a state or parameters of the wrong shape or name, or a function that breaks its own form.

        Examples
        --------
        >>> import fastsci
        >>> fastsci.systems.get("lorenz63").rhs(0.0, [1.0, 2.0, 3.0])
        array([10., 23., -6.])
        """
        states = _function.float_array(u, "u")
        if states.ndim not in (1, 2) or (self.dim is not None and states.shape[-1] != self.dim):
            width = "dim" if self.dim is None else self.dim
            raise ValueError(f"u: has shape {states.shape}, but {self.name} takes ({width},) or (n, {width})")
        rows = np.atleast_2d(states)
        times = np.broadcast_to(_function.float_array(t, "t"), (len(rows),))
        parameters = self._parameter_rows(params, len(rows))
        result = np.empty_like(rows)
        with np.errstate(all="ignore"):
            for row, (time, one_state, p) in enumerate(zip(times, rows, parameters, strict=True)):
                returned, du = call(self, time, one_state, p)
                result[row] = checked(self, returned, du, one_state.size)
        return result.reshape(states.shape)

    def check_returns(self, t: float, u: ArrayLike, p: ArrayLike) -> None:
        """Call the plain function once and say clearly what is wrong with what it returns.

        A domain error of `math`, an overflow or a division by zero is no mistake: compiled code gives nan or
        inf there.

        Parameters
        ----------
        t : float
            Time, or iteration number.
        u : (dim,) array
            A state.
        p : (n_params,) array
            Parameters.

        Raises
        ------
        TypeError
            When the function returns an array, a list, None or complex values instead of a tuple of real
            numbers, or anything at all in the in-place form.
        ValueError
            When the number of values is wrong, when elements of ``du`` stay unwritten, or when the function
            itself raises: the message names the file and line.

        Examples
        --------
        >>> import fastsci
        >>> @fastsci.system
        ... def oscillator(t, u, p):
        ...     x, v = u
        ...     return [v, -x]
        >>> oscillator.check_returns(0.0, [1.0, 0.0], [])
        Traceback (most recent call last):
            ...
        TypeError: oscillator: returned a list (SciPy style), expected a tuple of 2 numbers; ...
        """
        check_returns(self, t, _function.float_array(u, "u"), _function.float_array(p, "p"))

    def _check_param_names(self, names: Mapping[str, Any]) -> None:
        for name in names:
            if name not in self.params:
                known = ", ".join(self.params) or "none by name: give an array"
                raise ValueError(
                    f"params: {self.name} has no parameter {name!r}{_function.close_match(name, self.params)};"
                    f" it has {known}"
                )

    def _parameter_rows(self, params: Mapping[str, ArrayLike] | ArrayLike | None, n: int) -> NDArray[np.float64]:
        """(n, n_params) parameters, one row per state."""
        if params is None or isinstance(params, Mapping):
            given = {} if params is None else params
            self._check_param_names(given)
            missing = [name for name, value in self.params.items() if math.isnan(value) and name not in given]
            if missing:
                raise ValueError(f"params: {self.name} has no default for {', '.join(missing)}; give params={{...}}")
            columns = np.empty((n, len(self.params)))
            for index, (name, default) in enumerate(self.params.items()):
                column = _function.float_array(given.get(name, default), f"params[{name!r}]")
                if column.shape not in ((), (n,)):
                    raise ValueError(f"params[{name!r}]: has shape {column.shape}, expected a number or ({n},)")
                columns[:, index] = column
            return columns
        rows = _function.float_array(params, "params")
        width = len(self.params) or (rows.shape[-1] if rows.ndim else 0)
        if rows.shape not in ((width,), (n, width)):
            raise ValueError(
                f"params: has shape {rows.shape}, expected ({width},) or ({n}, {width})"
                f" with the columns {', '.join(self.params) or 'of p'}"
            )
        return np.broadcast_to(rows, (n, width)).copy()


@overload
def system(fun: Callable[..., Any], **description: Unpack[Description]) -> System: ...
@overload
def system(fun: None = None, **description: Unpack[Description]) -> Callable[[Callable[..., Any]], System]: ...
def system(
    fun: Callable[..., Any] | None = None,
    *,
    params: Mapping[str, float] | Sequence[str] | None = None,
    state: Sequence[str] | None = None,
    kind: Kind = "flow",
    constants: Mapping[str, ArrayLike] | None = None,
    noise: Callable[..., Any] | None = None,
    friction: Callable[..., Any] | None = None,
    jac: Callable[..., Any] | None = None,
    jvp: Callable[..., Any] | None = None,
    default_y0: ArrayLike | None = None,
    dt: float | None = None,
    facts: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> System | Callable[[Callable[..., Any]], System]:
    """Make a `System` of a plain Python function, as a decorator or by a call.

    Parameters
    ----------
    fun : function
        ``f(t, u, p)`` that returns a tuple, or ``f(t, u, p, du)`` that writes ``du``; for a map the value is
        the next state and ``t`` the iteration. Of a function compiled by Numba, the Python original is taken.
    params : mapping of str to float, or sequence of str, optional
        Defaults of the parameters by name, in the order of ``p``; names alone mean that the caller must give
        values. Without it the names are those of an unpacking ``a, b = p`` in the function, if there is one.
    state : sequence of str, optional
        Names of the components; without it those of an unpacking ``x, y = u``, where there is one.
    kind : {"flow", "map"}
        Whether the function gives du/dt or the next state.
    constants : mapping of str to array, optional
        Arrays that the function reads as globals of that name, the same for every member; copied as float64.
        Functions that it calls don't see them: hand them over as arguments. An index reads ``int(K[i])``.
    noise : function, optional
        Diffusion of a stochastic system, in the form of ``fun``: what multiplies the noise of each component.
    friction : function, optional
        Friction of Langevin dynamics, in the form of ``fun``: what multiplies each velocity, for method "BAOAB".
    jac : function, optional
        ``jac(t, u, p)`` that returns the rows of the Jacobian as a tuple of tuples.
    jvp : function, optional
        Own derivative along a direction.
    default_y0 : (dim,) array, optional
        Where a run starts when the caller gives no initial state.
    dt : float, optional
        A step, in units of ``t``, that resolves the system with the classical Runge-Kutta method.
    facts : mapping, optional
        What is known about the system.
    name : str, optional
        Name of the system instead of the function's.

    Returns
    -------
    System

    Raises
    ------
    TypeError, ValueError
        For a function of another form, and for descriptions that contradict the function or each other.

    Examples
    --------
    >>> import fastsci
    >>> @fastsci.system(params={"mu": 1.0})
    ... def van_der_pol(t, u, p):
    ...     x, v = u
    ...     mu, = p
    ...     return v, mu * (1 - x * x) * v - x
    >>> van_der_pol
    <System van_der_pol: flow of (x, v), parameters mu=1>
    """
    if fun is None:
        return functools.partial(
            system, params=params, state=state, kind=kind, constants=constants, noise=noise, friction=friction,
            jac=jac, jvp=jvp, default_y0=default_y0, dt=dt, facts=facts, name=name,
        )  # fmt: skip
    if kind not in ("flow", "map"):
        raise ValueError(f"kind: is {kind!r}, expected 'flow' (giving du/dt) or 'map' (giving the next state)")
    function = _function.plain_function(fun)
    style = _function.style(function)
    label = function.__name__ if name is None else name

    _, u_name, p_name = function.__code__.co_varnames[:3]
    n_unpacked, unpacked_params = _function.unpacking(function.__code__, p_name)
    names = unpacked_params if params is None else _function.names(params, "params")
    defaults = _function.defaults(params) if isinstance(params, Mapping) else dict.fromkeys(names or (), math.nan)
    if params is not None:
        _function.check_unpacking("params", tuple(defaults), label, p_name, n_unpacked, unpacked_params)

    dim, unpacked_state = _function.unpacking(function.__code__, u_name)
    components = unpacked_state if state is None else _function.names(state, "state")
    if state is not None and components is not None:
        _function.check_unpacking("state", components, label, u_name, dim, unpacked_state)
        dim = len(components)
    y0 = None if default_y0 is None else _function.read_only(_function.float_array(default_y0, "default_y0"))
    if y0 is not None and (y0.ndim != 1 or y0.size == 0 or (dim is not None and y0.size != dim)):
        raise ValueError(
            f"default_y0: has shape {y0.shape}, expected ({dim or 'dim'},), one number for each component"
            + (f" ({', '.join(components)})" if components else "")
        )
    if dt is not None and not (isinstance(dt, numbers.Real) and math.isfinite(dt) and dt > 0):
        raise ValueError(f"dt: is {dt!r}, expected a positive number or None")
    for argument, derivative in (("noise", noise), ("friction", friction), ("jac", jac), ("jvp", jvp)):
        if derivative is not None and not callable(derivative):
            raise TypeError(f"{argument}: is a {type(derivative).__name__}, expected a function or None")

    arrays = {} if constants is None else _function.constant_arrays(constants, function)
    return System(
        name=label,
        fun=_function.with_constants(function, arrays) if arrays else function,
        style=style,
        kind=kind,
        params=types.MappingProxyType(defaults),
        state=components,
        dim=dim if y0 is None else y0.size,
        default_y0=y0,
        dt=None if dt is None else float(dt),
        facts=_function.frozen({} if facts is None else facts),
        constants=types.MappingProxyType(arrays),
        noise=noise,
        friction=friction,
        jac=jac,
        jvp=jvp,
    )
