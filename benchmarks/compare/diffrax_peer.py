"""diffrax under ``vmap``, jitted, in float64.

With a constant step: Tsit5, for it has no classical RK4.  With steps of its own, one for all members of a batch (under
``vmap`` all go on until the slowest has ended): a batch a thread, which was quicker than all members in one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.compare.heyoka_peer import on_threads, threads
from benchmarks.suites.problems import Problem


def prepare(problem: Problem) -> Callable[[], np.ndarray]:
    """A call that integrates the problem and returns the final states, already compiled."""
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    dt, t_end = problem.dt, problem.t_end
    term = _term(problem)

    @jax.jit
    @jax.vmap
    def integrate(u, p):
        solution = diffrax.diffeqsolve(
            term, diffrax.Tsit5(), 0.0, t_end, dt, u, p,
            stepsize_controller=diffrax.ConstantStepSize(), saveat=diffrax.SaveAt(t1=True),
            adjoint=diffrax.DirectAdjoint(), max_steps=2 * problem.n_steps,
        )  # fmt: skip
        return solution.ys[0]

    u, p = jnp.asarray(problem.y0), jnp.asarray(problem.params)

    def solve() -> np.ndarray:
        return np.asarray(jax.block_until_ready(integrate(u, p)))

    solve()
    return solve


def prepare_adaptive(problem: Problem, method: str) -> Callable[[float], np.ndarray]:
    """A call that takes a tolerance, relative and absolute, and returns the final states; compiled once for all."""
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    term, solver, t_end, count = _term(problem), getattr(diffrax, method)(), problem.t_end, threads()

    @jax.jit
    def integrate(u, p, tolerance):
        def one(u, p):
            solution = diffrax.diffeqsolve(
                term, solver, 0.0, t_end, None, u, p,
                stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance),
                saveat=diffrax.SaveAt(t1=True), adjoint=diffrax.DirectAdjoint(), max_steps=None,
            )  # fmt: skip
            return solution.ys[0]

        return jax.vmap(one)(u, p)

    batches = [(jnp.asarray(problem.y0[i::count]), jnp.asarray(problem.params[i::count])) for i in range(count)]

    def solve(tolerance: float) -> np.ndarray:
        y = np.empty_like(problem.y0)

        def share(thread: int) -> None:
            y[thread::count] = np.asarray(jax.block_until_ready(integrate(*batches[thread], tolerance)))

        on_threads(share, count)
        return y

    solve(1e-2)
    return solve


def _term(problem: Problem):
    import diffrax
    import jax.numpy as jnp

    return diffrax.ODETerm(lambda t, u, p: jnp.stack(problem.fun(t, tuple(u), tuple(p))))
