"""A dynamical system: a right-hand side or a map, with its parameters and what is known about it."""

from __future__ import annotations

import builtins
import dataclasses
import difflib
import dis
import functools
import inspect
import math
import numbers
import re
import traceback
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

Kind = Literal["flow", "map"]
Style = Literal["tuple", "inplace"]

TUPLE_FORM = "def f(t, u, p): x, y = u; return ..., ..."
INPLACE_FORM = "def f(t, u, p, du): du[0] = ...; du[1] = ..."

# A quiet NaN that no arithmetic makes by itself: an element of du that still holds it was never assigned.
UNWRITTEN = np.uint64(0x7FF8_5EA1_ED0D_0D0D)


class Description(TypedDict, total=False):
    """The keywords of `system`."""

    params: Mapping[str, float] | Sequence[str] | None
    state: Sequence[str] | None
    kind: Kind
    constants: Mapping[str, ArrayLike] | None
    noise: Callable[..., Any] | None
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
    noise, jac, jvp : function, or None
        Diffusion of a stochastic system; the user's own derivatives.
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
        return dataclasses.replace(self, params=types.MappingProxyType({**self.params, **_defaults(new)}))

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
        states = _float_array(u, "u")
        if states.ndim not in (1, 2) or (self.dim is not None and states.shape[-1] != self.dim):
            width = "dim" if self.dim is None else self.dim
            raise ValueError(f"u: has shape {states.shape}, but {self.name} takes ({width},) or (n, {width})")
        rows = np.atleast_2d(states)
        times = np.broadcast_to(_float_array(t, "t"), (len(rows),))
        parameters = self._parameter_rows(params, len(rows))
        result = np.empty_like(rows)
        with np.errstate(all="ignore"):
            for row, (time, one_state, p) in enumerate(zip(times, rows, parameters, strict=True)):
                returned, du = self._call(time, one_state, p)
                result[row] = self._checked(returned, du, one_state.size)
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
        one_state, parameters = _float_array(u, "u"), _float_array(p, "p")
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            try:
                returned, du = self._call(t, one_state, parameters)
            except (OverflowError, ZeroDivisionError):
                return
            except Exception as error:
                if isinstance(error, ValueError) and str(error) in OUT_OF_DOMAIN:
                    return
                raise ValueError(
                    f"{self.name}: the function raised {type(error).__name__}: {error}"
                    f" ({_raised_at(error, self.fun)});"
                    f" it was called with u = {_brief(one_state)}, p = {_brief(parameters)}"
                ) from error
        finite = math.isfinite(t) and bool(np.isfinite(one_state).all() and np.isfinite(parameters).all())
        values = self._checked(returned, du, one_state.size)
        unwritten = np.flatnonzero(values.view(np.uint64) == UNWRITTEN)
        if self.style == "inplace" and finite and unwritten.size:
            raise ValueError(
                f"{self.name}: left du[{unwritten[0]}] unwritten ({unwritten.size} of {values.size} elements;"
                " du comes with no values of its own): assign every element with =, not +="
            )

    def _call(
        self, t: float, u: NDArray[np.float64], p: NDArray[np.float64]
    ) -> tuple[Any, NDArray[np.float64] | None]:
        if self.style == "tuple":
            return self.fun(np.float64(t), tuple(u), tuple(p)), None
        du = np.full(u.shape, UNWRITTEN).view(np.float64)
        return self.fun(np.float64(t), _read_only(u), _read_only(p), du), du

    def _checked(self, returned: Any, du: NDArray[np.float64] | None, dim: int) -> NDArray[np.float64]:
        """Values of one call, once they keep to the form of the function."""
        if du is not None:
            if returned is not None:
                raise TypeError(
                    f"{self.name}: returned a {type(returned).__name__}, but a function of four"
                    f" arguments writes du and returns nothing: {INPLACE_FORM};"
                    f" to return values, take three: {TUPLE_FORM}"
                )
            return du
        if returned is None:
            raise TypeError(
                f"{self.name}: returned None, expected a tuple of {dim} numbers, as in {TUPLE_FORM}"
            )
        if isinstance(returned, np.ndarray | list):
            what = "a list" if isinstance(returned, list) else "an array"
            raise TypeError(
                f"{self.name}: returned {what} (SciPy style), expected a tuple of {dim} numbers;"
                f" write the tuple form: {TUPLE_FORM}"
            )
        if not isinstance(returned, tuple):
            raise TypeError(
                f"{self.name}: returned a {type(returned).__name__}, expected a tuple of {dim} numbers"
                f" (of one number: `return value,` with its comma), as in {TUPLE_FORM}"
            )
        if len(returned) != dim:
            raise ValueError(
                f"{self.name}: returned {len(returned)} values, expected {dim}, one for each component"
            )
        for index, value in enumerate(returned):
            if not isinstance(value, numbers.Real):
                kind = "complex" if isinstance(value, numbers.Complex) else f"a {type(value).__name__}"
                raise TypeError(
                    f"{self.name}: value {index} of the returned tuple is {kind}, expected a real number;"
                    " split complex states into real and imaginary parts, arrays into their elements"
                )
        return np.array(returned, dtype=np.float64)

    def _check_param_names(self, names: Mapping[str, Any]) -> None:
        for name in names:
            if name not in self.params:
                known = ", ".join(self.params) or "none by name: give an array"
                raise ValueError(
                    f"params: {self.name} has no parameter {name!r}{_close(name, self.params)};"
                    f" it has {known}"
                )

    def _parameter_rows(
        self, params: Mapping[str, ArrayLike] | ArrayLike | None, n: int
    ) -> NDArray[np.float64]:
        """(n, n_params) parameters, one row per state."""
        if params is None or isinstance(params, Mapping):
            given = {} if params is None else params
            self._check_param_names(given)
            missing = [name for name, value in self.params.items() if math.isnan(value) and name not in given]
            if missing:
                raise ValueError(
                    f"params: {self.name} has no default for {', '.join(missing)}; give params={{...}}"
                )
            columns = np.empty((n, len(self.params)))
            for index, (name, default) in enumerate(self.params.items()):
                column = _float_array(given.get(name, default), f"params[{name!r}]")
                if column.shape not in ((), (n,)):
                    raise ValueError(
                        f"params[{name!r}]: has shape {column.shape}, expected a number or ({n},)"
                    )
                columns[:, index] = column
            return columns
        rows = _float_array(params, "params")
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
def system(
    fun: None = None, **description: Unpack[Description]
) -> Callable[[Callable[..., Any]], System]: ...
def system(
    fun: Callable[..., Any] | None = None,
    *,
    params: Mapping[str, float] | Sequence[str] | None = None,
    state: Sequence[str] | None = None,
    kind: Kind = "flow",
    constants: Mapping[str, ArrayLike] | None = None,
    noise: Callable[..., Any] | None = None,
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
    noise, jac, jvp : function, optional
        Diffusion of a stochastic system; own derivatives.
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
            system, params=params, state=state, kind=kind, constants=constants, noise=noise, jac=jac, jvp=jvp,
            default_y0=default_y0, dt=dt, facts=facts, name=name,
        )  # fmt: skip
    if kind not in ("flow", "map"):
        raise ValueError(
            f"kind: is {kind!r}, expected 'flow' (giving du/dt) or 'map' (giving the next state)"
        )
    function = _plain_function(fun)
    style = _style(function)
    label = function.__name__ if name is None else name

    _, u_name, p_name = function.__code__.co_varnames[:3]
    n_unpacked, unpacked_params = _unpacking(function.__code__, p_name)
    names = unpacked_params if params is None else _names(params, "params")
    defaults = _defaults(params) if isinstance(params, Mapping) else dict.fromkeys(names or (), math.nan)
    if params is not None:
        _check_unpacking("params", tuple(defaults), label, p_name, n_unpacked, unpacked_params)

    dim, unpacked_state = _unpacking(function.__code__, u_name)
    components = unpacked_state if state is None else _names(state, "state")
    if state is not None and components is not None:
        _check_unpacking("state", components, label, u_name, dim, unpacked_state)
        dim = len(components)
    y0 = None if default_y0 is None else _read_only(_float_array(default_y0, "default_y0"))
    if y0 is not None and (y0.ndim != 1 or y0.size == 0 or (dim is not None and y0.size != dim)):
        raise ValueError(
            f"default_y0: has shape {y0.shape}, expected ({dim or 'dim'},), one number for each component"
            + (f" ({', '.join(components)})" if components else "")
        )
    if dt is not None and not (isinstance(dt, numbers.Real) and math.isfinite(dt) and dt > 0):
        raise ValueError(f"dt: is {dt!r}, expected a positive number or None")
    for argument, derivative in (("noise", noise), ("jac", jac), ("jvp", jvp)):
        if derivative is not None and not callable(derivative):
            raise TypeError(f"{argument}: is a {type(derivative).__name__}, expected a function or None")

    arrays = {} if constants is None else _constant_arrays(constants, function)
    return System(
        name=label,
        fun=_with_constants(function, arrays) if arrays else function,
        style=style,
        kind=kind,
        params=types.MappingProxyType(defaults),
        state=components,
        dim=dim if y0 is None else y0.size,
        default_y0=y0,
        dt=None if dt is None else float(dt),
        facts=_frozen({} if facts is None else facts),
        constants=types.MappingProxyType(arrays),
        noise=noise,
        jac=jac,
        jvp=jvp,
    )


# What Python's math and int raise where compiled code gives nan.
OUT_OF_DOMAIN = ("math domain error", "cannot convert float NaN to integer")


def _plain_function(fun: Any) -> types.FunctionType:
    function = getattr(fun, "py_func", fun)
    if not callable(fun):
        raise TypeError(f"fun: is a {type(fun).__name__}, expected a function, as in {TUPLE_FORM}")
    if not isinstance(function, types.FunctionType):
        raise TypeError(f"fun: is a {type(fun).__name__}, expected a plain function around it: {TUPLE_FORM}")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"fun: {function.__name__} is async, expected a plain function, as in {TUPLE_FORM}")
    if inspect.isgeneratorfunction(function):
        raise TypeError(
            f"fun: {function.__name__} is a generator (it yields), expected a return: {TUPLE_FORM}"
        )
    return function


def _style(fun: types.FunctionType) -> Style:
    code = fun.__code__
    arguments = code.co_varnames[: code.co_argcount]
    shown = f"{fun.__name__}({', '.join(arguments)})"
    if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS) or code.co_kwonlyargcount:
        raise TypeError(
            f"fun: {fun.__name__}{inspect.signature(fun)} has *args, **kwargs or keyword-only arguments,"
            f" expected (t, u, p) or (t, u, p, du) alone: {TUPLE_FORM}"
        )
    if arguments[1:2] in (("t",), ("time",)):
        raise TypeError(f"fun: {shown} takes the time second, expected it first: {TUPLE_FORM}")
    required = len(arguments) - len(fun.__defaults__ or ())
    if required <= 3 <= len(arguments):
        return "tuple"
    if required == 4:
        return "inplace"
    if len(arguments) == 2:
        raise TypeError(
            f"fun: {shown} takes 2 arguments (SciPy's form), expected 3 and a tuple back: {TUPLE_FORM}"
        )
    raise TypeError(
        f"fun: {shown} takes {len(arguments)} arguments, expected (t, u, p) or (t, u, p, du); parameters come"
        f" together in p, and `a, b = p` unpacks them: {TUPLE_FORM}"
    )


def _unpacking(code: types.CodeType, argument: str) -> tuple[int | None, tuple[str, ...] | None]:
    """Length and names of the first unpacking ``a, b = argument``, from the bytecode: it needs no source."""
    accesses = list(_accesses(code))
    if ("STORE", argument) in accesses:
        return None, None
    for position in range(len(accesses) - 1):
        operation, count = accesses[position + 1]
        if accesses[position] == ("LOAD", argument) and operation == "UNPACK_SEQUENCE":
            targets = accesses[position + 2 : position + 2 + count]
            names = tuple(name for operation, name in targets if operation == "STORE")
            return count, names if len(set(names)) == count else None
    return None, None


def _accesses(code: types.CodeType) -> Iterator[tuple[str, Any]]:
    """The instructions, with one local each where Python 3.13 fuses two loads or stores into one."""
    for instruction in dis.get_instructions(code):
        operation = instruction.opname
        if operation in ("EXTENDED_ARG", "NOP"):
            continue
        if "_FAST" in operation or "_DEREF" in operation:
            names = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
            yield from zip(re.findall("LOAD|STORE|DELETE", operation), names, strict=False)
        else:
            yield operation, instruction.argval


def _check_unpacking(
    argument: str,
    names: tuple[str, ...],
    label: str,
    variable: str,
    count: int | None,
    unpacked: tuple[str, ...] | None,
) -> None:
    """Names that the caller gave must fit what the function unpacks."""
    if count is not None and count != len(names):
        raise ValueError(
            f"{argument}: has {len(names)} names ({', '.join(names)}), but {label} unpacks {count} values"
            f" from {variable}"
            + (f" ({', '.join(unpacked)})" if unpacked else "")
            + "; give one name for each"
        )
    if unpacked is not None and names != unpacked and set(names) == set(unpacked):
        raise ValueError(
            f"{argument}: has the order ({', '.join(names)}), but {label} unpacks {variable} as"
            f" ({', '.join(unpacked)}); give them in the function's order"
        )


def _names(names: Any, argument: str) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Mapping | Sequence):
        raise TypeError(f"{argument}: is {names!r}, expected names such as ('a', 'b')")
    for name in names:
        if not isinstance(name, str) or not name:
            raise TypeError(f"{argument}: holds {name!r} as a name, expected strings such as ('a', 'b')")
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise ValueError(f"{argument}: names {', '.join(repeated)} more than once, expected each name once")
    return tuple(names)


def _defaults(params: Mapping[str, Any]) -> dict[str, float]:
    for name, value in params.items():
        if not (isinstance(value, numbers.Real) or (isinstance(value, np.ndarray) and value.shape == ())):
            raise TypeError(
                f"params: the value of {name!r} is {value!r} ({type(value).__name__}), expected one real"
                " number; values that differ between members go to solve_ensemble, shared arrays to constants"
            )
    return {name: float(value) for name, value in params.items()}


def _constant_arrays(
    constants: Mapping[str, ArrayLike], fun: types.FunctionType
) -> dict[str, NDArray[np.float64]]:
    arrays = {}
    read = set(fun.__code__.co_freevars).union(*(code.co_names for code in _codes(fun.__code__)))
    for name in _names(constants, "constants"):
        if name not in read:
            raise ValueError(
                f"constants: {fun.__name__} reads no global named {name!r}{_close(name, read)};"
                f" use {name} in its body"
            )
        arrays[name] = _read_only(_float_array(constants[name], f"constants[{name!r}]"))
    return arrays


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of a function and of those defined inside it, which share its globals."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


class _ConstantsFirst(dict[str, Any]):
    """Globals with the constants; other names are looked up in the function's module when they are used."""

    def __init__(self, constants: Mapping[str, Any], module: dict[str, Any]) -> None:
        super().__init__(constants)
        self.module = module
        # Python reads these two when it makes the function, without asking for what is missing.
        self["__builtins__"] = module.get("__builtins__", builtins)
        self["__name__"] = module.get("__name__")

    def __missing__(self, name: str) -> Any:
        return self.module[name]

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self.module

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default


def _with_constants(fun: types.FunctionType, arrays: Mapping[str, NDArray[np.float64]]) -> types.FunctionType:
    values = {name: array if array.ndim else float(array) for name, array in arrays.items()}
    cells = zip(fun.__code__.co_freevars, fun.__closure__ or (), strict=True)
    closure = tuple(types.CellType(values[name]) if name in values else cell for name, cell in cells)
    bound = types.FunctionType(
        fun.__code__, _ConstantsFirst(values, fun.__globals__), fun.__name__, fun.__defaults__, closure
    )
    bound.__doc__, bound.__qualname__, bound.__module__ = fun.__doc__, fun.__qualname__, fun.__module__
    return bound


def _float_array(values: Any, argument: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{argument}: is not a rectangular array ({error}); give rows of one length"
        ) from None
    if array.dtype.kind not in "biuf" and array.size:
        raise TypeError(f"{argument}: is {_brief(values)} of dtype {array.dtype}, expected real numbers")
    return array.astype(np.float64, order="C")


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    view = array.view()
    view.flags.writeable = False
    return view


def _frozen(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    return types.MappingProxyType(
        {
            name: _frozen(fact)
            if isinstance(fact, Mapping)
            else tuple(fact)
            if isinstance(fact, list)
            else fact
            for name, fact in facts.items()
        }
    )


def _raised_at(error: Exception, fun: Callable[..., Any]) -> str:
    """File and line of the user's own code that raised."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == fun.__code__.co_filename]
    frame = (own or frames)[-1]
    return f"{frame.filename}:{frame.lineno}"


def _close(name: str, known: Any) -> str:
    matches = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def _brief(values: Any) -> str:
    text = np.array2string(values, threshold=6) if isinstance(values, np.ndarray) else repr(values)
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."
