"""Runs the drivers on random methods with functions and a seed, for tests."""

from __future__ import annotations

import numpy as np

from fastsci_kernels.loops import cpu, cuda
from fastsci_kernels.loops.grid import make_grid


def integrate(
    method,
    fun,
    y0,
    t_end,
    dt,
    *,
    parts,
    key=(7, 9),
    dtype=np.float64,
    style="tuple",
    params=(),
    t_eval=None,
    device="cpu",
    path="lanes",
):
    """(saves, dim, members), the last save at the end; y0 is (dim, members), the parameters are shared.

    Raises where the run on the CPU would take another ``path`` than the expected one.
    """
    dim, members = y0.shape
    dtype = np.dtype(dtype)
    user = {"style": style, "dim": dim, "n_params": len(params), "dtype": dtype, "parts": parts}
    on_cpu = device == "cpu"
    kernel = cpu.kernel(fun, method, ragged=False, **user) if on_cpu else cuda.kernel(fun, method, **user)
    padded = cpu.pad(members, kernel.shape.strip)
    grid = make_grid(np.array([0.0, t_end]), np.array(dt), t_eval, dtype, padded)
    y = np.zeros((dim, padded), dtype)
    y[:, :members] = y0
    values = np.zeros((max(len(params), 1), padded), dtype)
    values[: len(params)] = np.reshape(params, (-1, 1))
    out = np.empty((grid.n_saves * dim, padded), dtype)
    seed = np.array((*key, 0), np.int64)  # and the first member
    if on_cpu:
        assert kernel.path == path, kernel.reason
        cpu.integrate(kernel, y, values, grid, out, lambda first, last: None, key=seed)
    else:
        lost = cuda.integrate(kernel, y, values, grid, out, key=seed)
        assert not np.asarray(lost).any()
    return out.reshape(grid.n_saves, dim, padded)[:, :, :members]
