"""The derivative of a flow: perturbations carried along trajectories by the linearised dynamics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastsci_kernels.methods.adaptive_explicit import EmbeddedRungeKutta
from fastsci_kernels.methods.registry import ADAPTIVE, NAMES
from fastsci_kernels.methods.tangent import AdaptiveTangent, Tangent

from . import _extended, _validate
from ._arrays import library_of, to_numpy
from ._control import ATOL, RTOL, Choices
from ._request import Request
from ._validate import Ensemble
from .ensemble import Device, as_flow_or_map, meter_for, probe, wants_cuda
from .system import System


def flow_jvp(
    system: System | Callable[..., Any],
    t_span: ArrayLike,
    y0: ArrayLike | None = None,
    v: ArrayLike | None = None,
    *,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    wrt: str = "state",
    method: str = "RK4",
    dt: ArrayLike | None = None,
    rtol: float = RTOL,
    atol: float = ATOL,
    dtype: DTypeLike | None = None,
    device: Device = "auto",
    progress: bool | Callable[[float], None] = False,
) -> tuple[Any, Any]:
    """Integrate every member, and perturbations of it along the linearised flow.

    The perturbations are the exact derivative of the steps that are taken (the discrete tangent), to rounding: no
    difference of two trajectories, no symbolic Jacobian.  Of a map they are the derivative of its iterates.

    Parameters
    ----------
    system : System or function
        A flow or a map, in the forms of `solve_ensemble` and `iterate_map`.
    t_span : (2,) or (n_members, 2) array
        Start and end, in the units of ``t``; of a map, numbers of iterations.
    y0 : (dim,) or (n_members, dim) array, optional
        Initial states; the system's default where it has one.
    v : array
        Perturbations of the initial states: the shape of ``y0``, or one axis more, ``(..., dim, n_tangents)``, for
        several at once.  With ``wrt="params"`` perturbations of the parameters: ``(n_params,)``,
        ``(n_params, n_tangents)``, for an ensemble with an axis of members before.  The unit vectors by default, so
        that ``v_final`` is the Jacobian of the flow.
    params : mapping or array, optional
        As in `solve_ensemble`.
    wrt : {"state", "params"}
        What is perturbed: the initial state or the parameters.
    method : str
        An explicit Runge-Kutta method; one with an error estimate chooses its steps unless ``dt`` is given, by the
        errors of state and perturbations together.
    dt : float or (n_members,) array, optional
        Fixed step size, positive, in the units of ``t``.
    rtol, atol : float
        Tolerances of a method that chooses its steps.
    dtype : {"float32", "float64"}, optional
        Precision of the whole computation; that of ``y0`` by default.
    device : {"auto", "cpu", "cuda"}
        Where to compute; "auto" is where ``y0`` lies.
    progress : bool or function
        Show a progress bar, or call the function with the fraction done.

    Returns
    -------
    y_final : (dim,) or (n_members, dim) array
        The final states, not finite for a member that fails.
    v_final : array
        The perturbations at the end, in the shape of ``v`` with components of the state.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function cannot be differentiated; the message shows where and why.

    References
    ----------
    Griewank and Walther, Evaluating Derivatives, 2nd ed. (SIAM, 2008), chapter 3; Hairer, Norsett and Wanner, Solving
    Ordinary Differential Equations I, 2nd ed. (1993), section I.14.

    Examples
    --------
    A harmonic oscillator turns every perturbation by the angle that it turns itself.

    >>> import fastsci, numpy as np
    >>> def oscillator(t, u, p):
    ...     x, v = u
    ...     return v, -x
    >>> y, turned = fastsci.flow_jvp(oscillator, (0, np.pi / 2), [1.0, 0.0], [0.0, 1.0], dt=0.01)
    >>> np.round(turned, 6) + 0.0
    array([1., 0.])
    """
    described, meter = as_flow_or_map(system), meter_for(progress)
    if wrt not in ("state", "params"):
        raise ValueError(f"wrt: is {wrt!r}, expected 'state' or 'params'")
    library = library_of(y0)
    adaptive = dt is None and described.kind == "flow"
    start = to_numpy(y0)
    step = 1.0 if described.kind == "map" else dt
    members = _validate.ensemble(described, t_span, start, params, step, None, dtype, adaptive=adaptive)
    probe(described, members)
    if start is None:
        start = members.y0[0]
    perturbed, single = _perturbations(v, members, start, wrt)
    slope = _extended.tangent_slope(described, members.dim, perturbed.shape[1], by_params=wrt == "params")
    states, values = _longer(members, perturbed, wrt)
    where: dict[str, Any] = {"params": values, "on_cuda": wants_cuda(device, library), "progress": meter}
    if adaptive:
        base = ADAPTIVE.get(NAMES.get(str(method).lower(), ""))
        if not isinstance(base, EmbeddedRungeKutta):
            _extended.base_method(described, method)
            raise ValueError(f"dt: is missing; {method} needs a step size; or choose a method that chooses its own")
        control = Choices(rtol, atol, None, None, None, "I").checked(states.shape[1], members.dtype, True)
        request = Request(AdaptiveTangent(base, slope), control)
        result = _extended.run_adaptive(described, members, request, states, **where)
    else:
        result = _extended.run(
            described, members, Tangent(_extended.base_method(described, method), slope), states, **where
        )
    y, carried = _extended.apart(result.y_final, slope)
    if single:
        carried = carried[..., 0]
    if np.ndim(start) == 1 and members.n_members == 1:
        y, carried = y[0], carried[0]
    return library.give_back(y), library.give_back(carried)


def _perturbations(v: Any, members: Ensemble, start: Any, wrt: str) -> tuple[np.ndarray, bool]:
    """Perturbations as (1 or n_members, count, components), and whether they were one a member."""
    size = members.dim if wrt == "state" else len(members.params)
    if size == 0:
        raise ValueError("wrt: is 'params', but the system has no parameters; perturb the state")
    if v is None:
        return np.eye(size, dtype=members.dtype)[np.newaxis], False
    return _extended.directions(v, start, size, members.n_members, within="y0" if wrt == "state" else "params")


def _longer(members: Ensemble, perturbed: np.ndarray, wrt: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """The states with their perturbations, and the parameters with theirs where those are perturbed."""
    if wrt == "state":
        return _extended.beside(members.y0, perturbed), members.params
    still = np.zeros((1, perturbed.shape[1] * members.dim), members.dtype)
    columns = [column if column.size > 1 else column[0] for column in perturbed.reshape(len(perturbed), -1).T]
    return _extended.beside(members.y0, still), [*members.params, *map(np.asarray, columns)]
