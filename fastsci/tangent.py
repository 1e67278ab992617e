"""Derivatives of a right-hand side or a map at points: along directions, against cotangents, and of second order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fastsci_kernels.methods.derivative import Derivative

from . import _pointwise
from ._pointwise import Request
from .ensemble import Device
from .system import System


def jvp(
    system: System | Callable[..., Any],
    y: ArrayLike | None,
    v: ArrayLike,
    *,
    t: ArrayLike = 0.0,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    wrt: str = "state",
    out: tuple[Any, Any] | None = None,
    dtype: DTypeLike | None = None,
    device: Device = "auto",
) -> tuple[Any, Any]:
    """The function and its derivative along directions, at every point (Jacobian-vector products).

    The function is computed on numbers that carry their derivatives: no difference quotient, no symbolic step, through
    whatever branches and loops it holds.  Of a map it is the derivative of one iteration.

    Parameters
    ----------
    system : System or function
        A flow or a map, in the forms of `solve_ensemble` and `iterate_map`.  One with its own ``jvp(t, u, p, v)`` (in
        place ``jvp(t, u, p, v, out)``), or else its own ``jac(t, u, p)``, is asked for that.
    y : (dim,) or (n, dim) array, or None
        Points; the system's default state for None.
    v : array
        Directions: the shape of ``y``, or one axis more, ``(..., dim, n_tangents)``, for several at once.  With
        ``wrt="params"`` the components are those of the parameters.
    t : float or (n,) array
        Time, of a map the number of the iteration.
    params : mapping or array, optional
        As in `solve_ensemble`: numbers or ``(n,)`` arrays by name, or ``(n_params,)`` or ``(n, n_params)``.
    wrt : {"state", "params"}
        What is perturbed.
    out : pair of arrays, optional
        Where to write the function and the derivative: NumPy arrays of the results' shape and precision, row-major,
        not overlapping the arguments.  A million small states take longer to find fresh memory than to
        differentiate, which arrays that are used again save.
    dtype : {"float32", "float64"}, optional
        Precision of the computation; that of ``y`` by default.
    device : {"auto", "cpu", "cuda"}
        Where to compute; "auto" is where ``y`` lies.

    Returns
    -------
    f : (dim,) or (n, dim) array
        The function.
    jv : array
        Its derivatives, in the shape of ``v`` with components of the state.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function cannot be differentiated; the message shows where and why.

    Notes
    -----
    A point whose function raises an exception is a row of NaN, and one that is not finite makes no other so.  A point's
    numbers do not depend on the other points, nor on the number of threads.

    References
    ----------
    Griewank and Walther, Evaluating Derivatives, 2nd ed. (SIAM, 2008), section 3.1.

    Examples
    --------
    >>> import fastsci
    >>> def pendulum(t, u, p):
    ...     angle, speed = u
    ...     return speed, -angle**3
    >>> f, jv = fastsci.jvp(pendulum, [2.0, 1.0], [1.0, 0.0])
    >>> f, jv
    (array([ 1., -8.]), array([  0., -12.]))
    """
    asked = _pointwise.request(system, y, t, params, wrt=wrt, dtype=dtype, device=device)
    a, count, single = asked.directions(v)
    dim = asked.members.dim
    derivative = Derivative("jvp", count, wrt == "params", _given(asked.system, wrt, "jvp", "jac"))
    results = None if out is None else _for_results(out, asked, v, (dim,), (dim,) if single else (dim, count))
    found = _pointwise.answer(asked, derivative, a, out=results)
    if out is not None:
        return out
    return _shaped(asked, found["f"], dim), _shaped(asked, found["r"], *((dim,) if single else (dim, count)))


def jacobian(
    system: System | Callable[..., Any],
    y: ArrayLike | None = None,
    *,
    t: ArrayLike = 0.0,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    wrt: str = "state",
    dtype: DTypeLike | None = None,
    device: Device = "auto",
) -> Any:
    """The Jacobian of a right-hand side or a map at every point.

    Parameters
    ----------
    system : System or function
        As in `jvp`; one with its own ``jac(t, u, p)``, or else its own ``jvp``, is asked for that.
    y : (dim,) or (n, dim) array, optional
        Points; the system's default state where it has one.
    t, params, wrt, dtype, device
        As in `jvp`.

    Returns
    -------
    (..., dim, dim) array
        ``J[..., i, j]`` is the derivative of component ``i`` by component ``j`` of the state; with ``wrt="params"``
        ``(..., dim, n_params)``, by parameter ``j``.

    Raises
    ------
    ValueError, TypeError, CompilationError
        As in `jvp`.

    References
    ----------
    Griewank and Walther, Evaluating Derivatives, 2nd ed. (SIAM, 2008), section 3.1.

    Examples
    --------
    >>> import fastsci
    >>> def predator_prey(t, u, p):
    ...     x, y = u
    ...     return x - x * y, x * y - y
    >>> fastsci.jacobian(predator_prey, [1.0, 1.0])
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    asked = _pointwise.request(system, y, t, params, wrt=wrt, dtype=dtype, device=device)
    derivative = Derivative("jacobian", 1, wrt == "params", _given(asked.system, wrt, "jac", "jvp"))
    return _shaped(asked, _pointwise.answer(asked, derivative)["r"], asked.members.dim, asked.size)


def vjp(
    system: System | Callable[..., Any],
    y: ArrayLike | None,
    w: ArrayLike,
    *,
    t: ArrayLike = 0.0,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    wrt: str = "state",
    dtype: DTypeLike | None = None,
    device: Device = "auto",
) -> tuple[Any, Any]:
    """The function, and cotangents times its Jacobian, at every point (vector-Jacobian products).

    The Jacobian is made a few columns at a time and used up on the spot: it costs as much as `jacobian` but is not
    stored.

    Parameters
    ----------
    system : System or function
        As in `jacobian`.
    y : (dim,) or (n, dim) array, or None
        Points; the system's default state for None.
    w : array
        Cotangents: the shape of ``y``, or one axis more, ``(..., dim, n_cotangents)``, for several at once.
    t, params, wrt, dtype, device
        As in `jvp`.

    Returns
    -------
    f : (dim,) or (n, dim) array
        The function.
    wj : array
        ``sum_i w[..., i] * J[..., i, j]``, in the shape of ``w``; with ``wrt="params"`` with components of the
        parameters.

    Raises
    ------
    ValueError, TypeError, CompilationError
        As in `jvp`.

    References
    ----------
    Griewank and Walther, Evaluating Derivatives, 2nd ed. (SIAM, 2008), section 3.2.

    Examples
    --------
    The gradient of the energy of a spring along its motion is the force against it.

    >>> import fastsci
    >>> def energy_and_speed(t, u, p):
    ...     x, v = u
    ...     return (x * x + v * v) / 2, v
    >>> f, gradient = fastsci.vjp(energy_and_speed, [3.0, 4.0], [1.0, 0.0])
    >>> f, gradient
    (array([12.5,  4. ]), array([3., 4.]))
    """
    asked = _pointwise.request(system, y, t, params, wrt=wrt, dtype=dtype, device=device)
    b, count, single = asked.cotangents(w)
    derivative = Derivative("vjp", count, wrt == "params", _given(asked.system, wrt, "jac", "jvp"))
    found = _pointwise.answer(asked, derivative, b=b)
    pulled = _shaped(asked, found["r"], *((asked.size,) if single else (asked.size, count)))
    return _shaped(asked, found["f"], asked.members.dim), pulled


def hvp(
    system: System | Callable[..., Any],
    y: ArrayLike | None,
    v: ArrayLike,
    w: ArrayLike | None = None,
    *,
    cotangent: ArrayLike | None = None,
    t: ArrayLike = 0.0,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    wrt: str = "state",
    dtype: DTypeLike | None = None,
    device: Device = "auto",
) -> tuple[Any, Any, Any]:
    """The function, its derivative along a direction, and second derivatives, at every point.

    The function is computed on numbers whose derivatives carry derivatives; a ``jvp`` or ``jac`` of the system's own is
    not asked.

    Parameters
    ----------
    system : System or function
        As in `jvp`.
    y : (dim,) or (n, dim) array, or None
        Points; the system's default state for None.
    v : array
        Direction, in the shape of ``y``; with ``wrt="params"`` with components of the parameters.
    w : array, optional
        A second direction, in the shape of ``v``; ``v`` itself by default.
    cotangent : array, optional
        Weights ``c`` of the components of the function, in the shape of ``y``, in the place of ``w``.
    t, params, wrt, dtype, device
        As in `jvp`.

    Returns
    -------
    f : (dim,) or (n, dim) array
        The function.
    jv : (dim,) or (n, dim) array
        Its derivative along ``v``.
    second : array
        The second derivative along ``v`` and ``w``, of component ``i`` the sum over ``j`` and ``k`` of
        ``v[j] * w[k] * d2f_i / (dx_j dx_k)``, in the shape of ``f``.  With a ``cotangent`` ``H v`` in the shape of
        ``v``, where ``H`` is the Hessian of the scalar ``sum_i c[i] * f_i``.

    Raises
    ------
    ValueError, TypeError, CompilationError
        As in `jvp`.

    References
    ----------
    Griewank and Walther, Evaluating Derivatives, 2nd ed. (SIAM, 2008), section 13.2.

    Examples
    --------
    >>> import fastsci
    >>> def cubes(t, u, p):
    ...     x, y = u
    ...     return x**3, x * y
    >>> f, jv, second = fastsci.hvp(cubes, [2.0, 5.0], [1.0, 0.0])
    >>> jv, second
    (array([12.,  5.]), array([12.,  0.]))
    >>> fastsci.hvp(cubes, [2.0, 5.0], [1.0, 0.0], cotangent=[0.0, 1.0])[2]
    array([0., 1.])
    """
    asked = _pointwise.request(system, y, t, params, wrt=wrt, dtype=dtype, device=device)
    a = _one("v", v, *asked.directions(v))
    if cotangent is not None and w is not None:
        raise ValueError("cotangent: is given together with w; expected one of them: leave the other out")
    if cotangent is not None:
        b = _one("cotangent", cotangent, *asked.cotangents(cotangent, "cotangent"))
    elif w is not None:
        b = _one("w", w, *asked.directions(w, "w"))
    else:
        b = a
    kind = "second" if cotangent is None else "hessian"
    found = _pointwise.answer(asked, Derivative(kind, by_params=wrt == "params"), a, b)
    dim = asked.members.dim
    second = _shaped(asked, found["s"], dim if cotangent is None else asked.size)
    return _shaped(asked, found["f"], dim), _shaped(asked, found["r"], dim), second


def _one(name: str, given: Any, rows: NDArray[Any], count: int, single: bool) -> NDArray[Any]:
    """The rows of a direction of second derivatives, which is one a point."""
    if not single:
        raise ValueError(f"{name}: has shape {np.shape(given)}, expected one direction a point; call once for each")
    return rows


def _given(system: System, wrt: str, *names: str) -> str:
    """The user's own derivative to ask, the first there is of ``names``; those know nothing of parameters."""
    return next((name for name in names if wrt == "state" and getattr(system, name) is not None), "")


def _shaped(asked: Request, rows: Any, *shape: int) -> Any:
    """Rows in the caller's shape and library."""
    shaped = rows.reshape(shape if asked.single else (asked.n, *shape))
    return shaped if asked.on_cuda and asked.origin.on_gpu else asked.origin.give_back(shaped)


def _for_results(out: Any, asked: Request, v: Any, *shapes: tuple[int, ...]) -> dict[str, Any]:
    """The caller's arrays as rows, when they are fit to be written to."""
    if asked.on_cuda or asked.origin.name != "numpy":
        raise ValueError("out: is for NumPy arrays on the CPU; leave it out")
    if not isinstance(out, tuple | list) or len(out) != len(shapes):
        raise TypeError(f"out: is {type(out).__name__}, expected a pair of arrays, of the function and its derivative")
    rows = {}
    for place, (name, array, shape) in enumerate(zip("fr", out, shapes, strict=True)):
        expected = shape if asked.single else (asked.n, *shape)
        fit = isinstance(array, np.ndarray) and array.flags.carray and array.dtype == asked.members.dtype
        if not fit or array.shape != expected:
            raise ValueError(
                f"out[{place}]: is {_described(array)}, expected a writeable row-major {asked.members.dtype} array"
                f" {expected}; make it with numpy.empty"
            )
        rows[name] = array.reshape(asked.n, -1) if asked.n else np.empty((0, 1), array.dtype)
    arguments = [*asked.inputs.values(), np.asarray(v)]
    if np.may_share_memory(*out) or any(np.may_share_memory(a, b) for a in out for b in arguments):
        raise ValueError("out: overlaps an argument or itself; give memory of its own")
    return rows


def _described(array: Any) -> str:
    if not isinstance(array, np.ndarray):
        return f"a {type(array).__name__}"
    return f"a {array.dtype} array {array.shape} that is {'writeable' if array.flags.writeable else 'read-only'}"
