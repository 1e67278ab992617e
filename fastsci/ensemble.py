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

from fastsci_kernels.methods.method import Method
from fastsci_kernels.methods.registry import METHODS, NAMES

from . import _validate
from ._arrays import Library, library_of, to_numpy
from .result import EnsembleResult
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
    dtype: DTypeLike | None = None,
    device: Device = "auto",
    progress: bool | Callable[[float], None] = False,
) -> EnsembleResult:
    """Integrate every member of an ensemble with a fixed step.

    Members are computed side by side in SIMD registers, strip by strip on all processors, or one a thread on a GPU.
    A member's numbers do not depend on which others are with it.

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
        One of `methods()`, in any case.
    dt : float or (n_members,) array
        Step size, positive, in the units of ``t``.
    t_eval : array, optional
        Times to save at, ``(n_times,)``, anywhere in the span; a save between two grid points is a side step and the
        grid does not move.  With a span per member: ``(n_times,)`` fractions of it, or ``(n_members, n_times)``
        times.  Without it the final state alone is kept.
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
    described, meter = as_system(system), _meter(progress)
    chosen = _method(method)
    library = library_of(y0)
    members = _validate.ensemble(described, t_span, _on_host(y0, library), params, dt, t_eval, dtype)
    _probe(described, members)
    if library.on_gpu:
        on_device: Any = y0
        members = replace(members, y0=on_device.reshape(-1, members.dim))
    if _on_cuda(device, library):
        from ._cuda import integrate
    else:
        from ._cpu import integrate
    return integrate(described, members, chosen, library, meter)


def _on_host(y0: Any, library: Library) -> Any:
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


def _method(method: str) -> Method:
    name = NAMES.get(str(method).lower())
    if name is None:
        close = difflib.get_close_matches(str(method).lower(), NAMES, n=1)
        hint = f"; did you mean {NAMES[close[0]]!r}?" if close else ""
        raise ValueError(f"method: no method {method!r}{hint} (there are {', '.join(METHODS)})")
    return METHODS[name]


def _on_cuda(device: str, library: Library) -> bool:
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device: is {device!r}, expected 'auto', 'cpu' or 'cuda'")
    if device == "cpu" and library.on_gpu:
        raise ValueError("device: is 'cpu', but y0 lies on a GPU; leave device out, or bring y0 to the host")
    return device == "cuda" or library.on_gpu


def _probe(system: System, members: _validate.Ensemble) -> None:
    """Call the plain function once, on the first member, before anything is compiled."""
    shape = (members.dim, len(members.params))
    seen = _probed.setdefault(system, set())
    if members.n_members and shape not in seen:
        p = [value if value.ndim == 0 else value[0] for value in members.params]
        system.check_returns(float(members.t_span.flat[0]), members.y0[0].astype(np.float64), np.array(p, float))
        seen.add(shape)


def _meter(progress: bool | Callable[[float], None]) -> Callable[[float], None] | None:
    if progress is True:
        from ._progress import bar

        return bar()
    if progress is not False and not callable(progress):
        raise TypeError(f"progress: is {progress!r}, expected True, False or a function of the fraction done")
    return progress or None
