"""A discovered model as a `System`: compiled from its text, it runs on the kernels of every other system."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.regress.plan import Term

from ..ensemble import solve_ensemble
from ..iterate import iterate_map
from ..system import Kind, System, system
from ._model_text import Control, ModelText
from ._problem import Array
from .libraries import term_name


def model_support(coef: ArrayLike) -> np.ndarray:
    """Which coefficients a model has, (n_states, n_terms): those that are not zero in it, or in any of several.

    Parameters
    ----------
    coef : array_like, shape (n_states, n_terms) or (n_models, n_states, n_terms)
    """
    array = np.asarray(coef, np.float64)
    return (array != 0).any(axis=tuple(range(array.ndim - 2)))


def model_parameters(coef: ArrayLike, support: ArrayLike | None = None) -> Array:
    """Parameters of a system made with ``parameters=True``, for one model or for each of many.

    Parameters
    ----------
    coef : array_like, shape (n_states, n_terms) or (n_models, n_states, n_terms)
    support : array_like of bool, shape (n_states, n_terms), optional
        `model_support` of the coefficients that the system was made of; that of ``coef`` unless given.

    Returns
    -------
    ndarray, shape (n_parameters,) or (n_models, n_parameters)
    """
    array = np.asarray(coef, np.float64)
    return array[..., model_support(array) if support is None else np.asarray(support, bool)]


def to_system(
    coef: ArrayLike,
    terms: Sequence[Term],
    input_names: Sequence[str],
    n_states: int,
    *,
    kind: Kind = "flow",
    name: str = "discovered",
    parameters: bool = False,
    support: ArrayLike | None = None,
    control: Control = None,
    default_y0: ArrayLike | None = None,
    dt: float | None = None,
) -> System:
    """Write a model out as a plain function, and make a `System` of it.

    It holds the terms whose coefficients are not zero, each product of inputs once; it is compiled like any function,
    and so runs in SIMD registers, has derivatives, exponents and every method.  The text is the function's docstring.

    Parameters
    ----------
    coef : array_like, shape (n_states, n_terms), or (n_models, n_states, n_terms) with ``parameters=True``
        Of several models the system has the terms of any, and the medians of their coefficients as defaults.
    terms : sequence of Term
        Of the library.
    input_names : sequence of str
        States, then controls.
    n_states : int
    kind : {"flow", "map"}
    name : str
        Of the system.
    parameters : bool, default False
        Whether coefficients are parameters of the system, named ``"x: y z"`` for that of ``y z`` in the equation of
        ``x``, and not numbers in its text: `model_parameters` are then those of bootstrapped models, one a member.
    support : array_like of bool, shape (n_states, n_terms), optional
        Which coefficients are parameters; those that are not zero unless given.  Models of one support share their
        compiled code: with all of a library's, so do all of its models.
    control : function, (times, values), array_like or None
        What drives the controls: a function of time that returns a tuple (a number where there is one control),
        compiled in; samples at times, ``(n_times,)`` and ``(n_times, n_controls)``, between which values lie on
        straight lines and beyond which they stay; or constants ``(n_controls,)``.  Constants are parameters of the
        system, with the names of the controls; with None they have no defaults.
    default_y0, dt
        As for `fastsci.system`.

    Returns
    -------
    System

    Raises
    ------
    ValueError
        Where shapes do not fit.

    Examples
    --------
    >>> from fastsci.sparse.libraries import PolynomialLibrary
    >>> terms = PolynomialLibrary(degree=2).terms(2)  # 1, x, v, x^2, x v, v^2
    >>> model = to_system([[0, 0, 1, 0, 0, 0], [0, -1, 0, 0, -0.5, 0]], terms, ["x", "v"], 2)
    >>> print(model.fun.__doc__)
    def discovered(t, state, params):
        x, v = state
        return (
            1.0 * v,
            -1.0 * x - 0.5 * (x * v),
        )
    >>> model.rhs(0.0, [2.0, 3.0])
    array([ 3., -5.])
    """
    models = np.asarray(coef, np.float64)
    kept = model_support(models) if support is None else np.asarray(support, bool)
    _check(models, kept, len(terms), n_states, len(input_names), parameters)
    controls = list(input_names[n_states:])
    text = ModelText(kept, terms, input_names, n_states, control)
    if models.ndim == 3:
        models = np.median(models, axis=0)
    source = text.function("discovered", models, parameters)
    described: dict[str, float] = {}
    if parameters:
        names = [f"{input_names[row]}: {term_name(terms[k], input_names)}" for row, k in np.argwhere(kept)]
        described = dict(zip(names, model_parameters(models, kept).tolist(), strict=True))
    if text.drive == "constants":
        described |= dict(zip(controls, held(control, controls), strict=True))
    constants = sampled(control, len(controls)) if text.drive == "samples" else None
    made = system(
        compiled(source, "discovered", text.functions),
        params=described,
        state=tuple(input_names[:n_states]),
        kind=kind,
        name=name,
        constants=constants,
        default_y0=default_y0,
        dt=dt,
    )
    made.fun.__doc__ = source.rstrip()
    return made


def simulate(
    system: System,
    y0: ArrayLike,
    t_eval: ArrayLike,
    *,
    method: str = "DOP853",
    rtol: float = 1e-9,
    atol: float = 1e-9,
    **options: Any,
) -> Array:
    """States of a model at times, from one initial state or from many.

    Parameters
    ----------
    system : System
        Of `to_system`, with its controls.
    y0 : array_like, shape (n_states,) or (n_members, n_states)
        States at the first of the times.
    t_eval : array_like, shape (n_times,)
        Increasing times; of a map the numbers of iterations 0, 1, 2, ..., or how many of them there are.
    method, rtol, atol, **options
        Of `fastsci.solve_ensemble`; a map has no use for the first three.

    Returns
    -------
    ndarray, shape (n_times, n_states) or (n_members, n_times, n_states)
        NaN from where a member has gone to infinity, as fitted models will; others are not affected.

    Raises
    ------
    ValueError
        Where shapes do not fit, or times do not increase.

    Examples
    --------
    >>> from fastsci.sparse.libraries import PolynomialLibrary
    >>> decay = to_system([[0.0, -1.0]], PolynomialLibrary(degree=1).terms(1), ["x"], 1)
    >>> simulate(decay, [1.0], [0.0, 1.0, 2.0]).round(6)
    array([[1.      ],
           [0.367879],
           [0.135335]])
    """
    states = np.asarray(y0, np.float64)
    if system.kind == "map":
        found = iterate_map(system, _iterations(t_eval), states, save_every=1, **options)
    else:
        times = np.asarray(t_eval, np.float64)
        if times.ndim != 1 or len(times) < 2 or not (np.diff(times) > 0).all():
            raise ValueError(f"t_eval: has shape {times.shape}, expected at least 2 increasing times (n_times,)")
        if "dt" not in options:
            options |= {"rtol": rtol, "atol": atol}
        span = (float(times[0]), float(times[-1]))
        found = solve_ensemble(system, span, states, method=method, t_eval=times, **options)
    paths = np.ascontiguousarray(np.asarray(found.y).transpose(0, 2, 1))
    return paths[0] if states.ndim == 1 else paths


def _iterations(t_eval: ArrayLike) -> int:
    numbers = np.asarray(t_eval)
    if numbers.ndim == 0 and numbers.dtype.kind in "iu" and numbers >= 2:
        return int(numbers) - 1
    if numbers.ndim != 1 or len(numbers) < 2 or not np.array_equal(numbers, np.arange(len(numbers))):
        raise ValueError("t_eval: expected iterations 0, 1, 2, ... of a map, or how many, at least 2; t_eval=100, say")
    return len(numbers) - 1


def _check(coef: np.ndarray, support: np.ndarray, n_terms: int, n_states: int, n_inputs: int, parameters: bool) -> None:
    most = 3 if parameters else 2
    if coef.ndim not in (2, most) or coef.shape[-2:] != (n_states, n_terms) or n_inputs < n_states:
        wanted = f"({n_states}, {n_terms})" + (f" or (n_models, {n_states}, {n_terms})" if parameters else "")
        remedy = "" if parameters or coef.ndim != 3 else "; several models make a system with parameters=True"
        raise ValueError(f"coef: has shape {coef.shape}, expected {wanted}{remedy}")
    if support.shape != (n_states, n_terms) or (model_support(coef) & ~support).any():
        raise ValueError(
            f"support: has shape {support.shape}, expected ({n_states}, {n_terms}) and every coefficient that is not"
            " zero within it"
        )
    if not np.isfinite(coef).all():
        raise ValueError("coef: holds nan or inf, expected finite numbers; fit the model to clean data first")


def compiled(source: str, name: str, functions: dict[str, Any]) -> Any:
    """The function of this name in a text that calls others."""
    space = {**functions, "__name__": __name__}
    exec(compile(source, f"<{name}>", "exec"), space)
    return space[name]


def sampled(control: Any, n_controls: int) -> dict[str, Array]:
    """Controls that are given as times and values, checked, as constants of a system."""
    times = np.asarray(control[0], np.float64)
    values = np.asarray(control[1], np.float64).reshape(len(control[1]), -1)
    if values.shape != (len(times), n_controls) or len(times) < 2:
        raise ValueError(
            f"control: has times {times.shape} and values {np.shape(control[1])}, expected (n_times,) and"
            f" (n_times, {n_controls}) with at least 2 times"
        )
    if not (np.isfinite(values).all() and (np.diff(times) > 0).all()):
        raise ValueError("control: expected finite values at increasing times; sort and clean them")
    return {"control_times": times, "control_values": values}


def held(control: Any, names: Sequence[str]) -> list[float]:
    """Controls that are given as constants, NaN where none are."""
    if control is None:
        return [math.nan] * len(names)
    values = np.atleast_1d(np.asarray(control))
    if values.dtype.kind not in "fiu":
        raise TypeError(f"control: is {control!r}, expected a function of time, (times, values) or constants")
    if values.shape != (len(names),):
        raise ValueError(
            f"control: has shape {values.shape}, expected ({len(names)},) constants for {', '.join(names)}; samples are"
            " given as (times, values)"
        )
    return values.astype(np.float64).tolist()
