"""The transposed derivative of a flow: cotangents of the final state, pulled back to the start and the parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastsci_kernels.loops.grid import make_grid
from fastsci_kernels.methods.adjoint import CLOCK, Adjoint, Forward, block_steps
from fastsci_kernels.methods.pull import pull_of

from . import _extended, _validate
from ._arrays import library_of, real_array, to_numpy
from ._validate import Ensemble
from .ensemble import Device, as_flow_or_map, meter_for, probe, wants_cuda
from .system import System

MEMORY_LIMIT = 2**30
BACKWARD = 4  # blocks forwards that take the time of one there and back (for a progress bar)


def flow_vjp(
    system: System | Callable[..., Any],
    t_span: ArrayLike,
    y0: ArrayLike | None,
    w: ArrayLike,
    *,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    wrt: str = "state",
    method: str = "RK4",
    dt: ArrayLike | None = None,
    memory_limit: float = MEMORY_LIMIT,
    dtype: DTypeLike | None = None,
    device: Device = "auto",
    progress: bool | Callable[[float], None] = False,
) -> tuple[Any, ...]:
    """Integrate every member, and pull a cotangent of its final state back to where it started.

    With ``w`` the gradient of a function of the final state, the result is the gradient of that function by the
    initial state and by the parameters.  It is that of the very steps taken (the discrete adjoint), to rounding:
    ``<w, flow_jvp(v)> = <flow_vjp(w), v>``.  It costs a few integrations, however many components and parameters
    there are, where the function does the same operations for every state; of one that branches on its state it
    costs an integration for every few of them.

    Parameters
    ----------
    system : System or function
        A flow or a map, in the forms of `solve_ensemble` and `iterate_map`.
    t_span : (2,) array
        Start and end, in the units of ``t``; of a map, numbers of iterations.
    y0 : (dim,) or (n_members, dim) array, or None
        Initial states; None for the system's default.
    w : (dim,) or (n_members, dim) array
        Cotangents of the final states; one row serves every member, and one member may have several: those of the
        unit vectors, ``numpy.eye(dim)``, are the rows of the flow's Jacobian.
    params : mapping or array, optional
        As in `solve_ensemble`.
    wrt : {"state", "params", "both"}
        What to pull back to: the initial state, the parameters or both.
    method : str
        An explicit Runge-Kutta method.
    dt : float
        Fixed step size, positive, in the units of ``t``; a map needs none.
    memory_limit : float
        Bytes of working memory beyond the arrays given and returned, for the states from which blocks of steps (up to
        a thousand) are taken again on the way back.  Members that do not fit together come one group after another;
        a single one takes what it needs.  Results do not depend on it.
    dtype : {"float32", "float64"}, optional
        Precision of the whole computation; that of ``y0`` by default.
    device : {"auto", "cpu", "cuda"}
        Where to compute; "auto" is where ``y0`` lies.
    progress : bool or function
        Show a progress bar, or call the function with the fraction done.

    Returns
    -------
    y_final : (dim,) or (n_members, dim) array
        The final states, those of `solve_ensemble` bit for bit; not finite for a member that fails.
    w0 : array
        Cotangents of the initial states, in the shape of ``y_final``; unless ``wrt`` is "params".
    p_bar : (n_params,) or (n_members, n_params) array
        Cotangents of the parameters, in their order, of every member its own: their sum is that of parameters which
        all members share.  With ``wrt`` "params" or "both".

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function cannot be differentiated; the message shows where and why.

    References
    ----------
    Griewank and Walther, Evaluating Derivatives, 2nd ed. (SIAM, 2008), chapters 3 and 12; Hairer, Lubich and Wanner,
    Geometric Numerical Integration, 2nd ed. (2006), section VI.4.

    Examples
    --------
    Half the square of the end of x' = -rate x is exp(-2 rate) / 2 at t = 1, from 1.  Its gradient is the end itself,
    pulled back.

    >>> import fastsci, numpy as np
    >>> def decay(t, u, p):
    ...     (x,) = u
    ...     (rate,) = p
    ...     return (-rate * x,)
    >>> given = {"params": [0.5], "dt": 0.01}
    >>> y = fastsci.solve_ensemble(decay, (0, 1), [1.0], **given).y_final[0]
    >>> y, w0, p_bar = fastsci.flow_vjp(decay, (0, 1), [1.0], y, wrt="both", **given)
    >>> np.round([w0[0], p_bar[0]], 6)
    array([ 0.367879, -0.367879])
    """
    described, meter = as_flow_or_map(system), meter_for(progress)
    if wrt not in ("state", "params", "both"):
        raise ValueError(f"wrt: is {wrt!r}, expected 'state', 'params' or 'both'")
    library = library_of(y0)
    on_cuda = wants_cuda(device, library)
    base = _extended.base_method(described, method)
    if dt is None and described.kind == "flow":
        raise ValueError(f"dt: is missing; the adjoint is of fixed steps of {base.name}; give their size")
    step = 1.0 if described.kind == "map" else dt
    start = to_numpy(y0)
    members = _validate.ensemble(described, t_span, start, params, step, None, dtype)
    _refuse_own_clocks(members)
    probe(described, members)
    cotangents = _cotangents(w, members)
    if members.n_members == 1:
        members = replace(members, n_members=len(cotangents))
    wanted = 0 if wrt == "state" else len(members.params)
    if wrt == "params" and not wanted:
        raise ValueError("wrt: is 'params', but the system has no parameters; pull back to the state")
    pull = pull_of(
        described.fun,
        style=described.style,
        dim=members.dim,
        n_params=len(members.params),
        by_params=wanted > 0,
        by_user=described.jvp is not None and not wanted,
    )
    sweep = _Sweep(described, Adjoint(base, pull, members.dim, wanted), _blocks(members), on_cuda)
    results = sweep.of_all(members, cotangents, _group_size(members, sweep, memory_limit), meter)
    y, w0, p_bar = np.split(results, [members.dim, 2 * members.dim], axis=1)
    chosen = {"state": (y, w0), "params": (y, p_bar), "both": (y, w0, p_bar)}[wrt]
    if np.ndim(start if start is not None else members.y0[0]) == 1 and members.n_members == 1:
        chosen = tuple(part[0] for part in chosen)
    return tuple(library.give_back(part) for part in chosen)


@dataclass(frozen=True)
class _Block:
    """Steps of one size, in the order in which they are taken, and the clock that `Adjoint` reads."""

    size: float
    clock: tuple[float, ...]


@dataclass(frozen=True)
class _Sweep:
    """There and back again, block by block."""

    system: System
    adjoint: Adjoint
    blocks: list[_Block]
    on_cuda: bool

    def of_all(self, members: Ensemble, w: np.ndarray, size: int, meter: Callable[[float], None] | None) -> np.ndarray:
        """Final states, cotangents of states and of parameters side by side, (n_members, ...)."""
        n = members.n_members
        out = np.empty((self.adjoint.total - CLOCK, n), members.dtype)
        for first in range(0, n, size):
            chosen = slice(first, min(first + size, n))

            def show(done: float, begin: int = first, end: int = chosen.stop) -> None:
                if meter is not None:
                    meter((begin + (end - begin) * done) / n)

            out[:, chosen] = self._of_group(members.some(np.arange(chosen.start, chosen.stop)), _rows(w, chosen), show)
        return out.T

    def _of_group(self, members: Ensemble, w: np.ndarray, show: Callable[[float], None]) -> np.ndarray:
        size, n = self.adjoint.size, members.n_members
        state = np.zeros((self.adjoint.total, n), members.dtype)
        state[:size], state[size : 2 * size] = members.y0.T, w.T
        if not self.blocks:
            return state[:-CLOCK]
        work, done = (1 + BACKWARD) * len(self.blocks) - 1, 0
        starts = [state[:size].copy()]
        for block in self.blocks[:-1]:
            ahead = np.concatenate([starts[-1], np.empty((CLOCK, n), members.dtype)])
            starts.append(self._run(members, Forward(self.adjoint.base, size), block, ahead)[:size].copy())
            done += 1
            show(done / work)
        final = None
        for block in reversed(self.blocks):
            state[:size] = starts.pop()
            state = self._run(members, self.adjoint, block, state)
            final = state[:size].copy() if final is None else final
            done += BACKWARD
            show(done / work)
        state[:size] = final
        return state[:-CLOCK]

    def _run(self, members: Ensemble, method: Any, block: _Block, state: np.ndarray) -> np.ndarray:
        state[-CLOCK:] = np.array(block.clock)[:, np.newaxis]
        span, dt = np.array([0.0, block.size]), np.array(abs(block.size))
        clocked = replace(members, t_span=span, dt=dt)
        return _extended.run(self.system, clocked, method, state.T, on_cuda=self.on_cuda).y_final.T


def _blocks(members: Ensemble) -> list[_Block]:
    """The steps that `solve_ensemble` takes; the last is shorter where the span is no whole number of steps."""
    grid = make_grid(members.t_span, members.dt, None, members.dtype, members.n_members)
    n_steps, most = int(grid.n_steps), block_steps(members.dim)
    t0, dt, rest = float(grid.t0), float(grid.dt), float(grid.save_offset[-1])
    size = float(members.dt) if dt > 0 else -float(members.dt)
    blocks = [
        _Block(size, (t0, dt, number, 0, min(most, n_steps - number * most))) for number in range(-(-n_steps // most))
    ]
    return blocks + ([_Block(rest, (t0, dt, *divmod(n_steps, most), 1))] if rest else [])


def _group_size(members: Ensemble, sweep: _Sweep, memory_limit: float) -> int:
    """Members that go side by side: the states between blocks and some runs of longer states fit the memory."""
    if not memory_limit > 0:
        raise ValueError(f"memory_limit: is {memory_limit!r}, expected a positive number of bytes")
    numbers = members.dim * len(sweep.blocks) + 4 * sweep.adjoint.total
    return max(1, int(memory_limit / (numbers * members.dtype.itemsize)))


def _refuse_own_clocks(members: Ensemble) -> None:
    for name, value, one in (("t_span", members.t_span, 1), ("dt", members.dt, 0)):
        if value.ndim > one:
            raise ValueError(
                f"{name}: has shape {value.shape}, expected one for all members, who go back together; call once for"
                " every span and step"
            )


def _cotangents(w: Any, members: Ensemble) -> np.ndarray:
    array = real_array(w, "w")
    if array.ndim not in (1, 2) or array.shape[-1] != members.dim:
        raise ValueError(
            f"w: has shape {array.shape}, expected ({members.dim},) or (n_members, {members.dim}), as y0 has it;"
            " reshape it"
        )
    rows = np.atleast_2d(array)
    if members.n_members not in (1, len(rows)) and len(rows) != 1:
        raise ValueError(f"w: is for {len(rows)} members, but the run has {members.n_members}; give as many, or one")
    return rows.astype(members.dtype, copy=False)


def _rows(array: np.ndarray, chosen: slice) -> np.ndarray:
    return array if len(array) == 1 else array[chosen]
