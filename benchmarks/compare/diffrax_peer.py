"""diffrax under ``vmap``: Tsit5 with a constant step (it has no classical RK4), jitted, in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.suites.problems import Problem


def prepare(problem: Problem) -> Callable[[], np.ndarray]:
    """A call that integrates the problem and returns the final states, already compiled."""
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    rhs, dt, t_end = problem.fun, problem.dt, problem.t_end
    term = diffrax.ODETerm(lambda t, u, p: jnp.stack(rhs(t, tuple(u), tuple(p))))

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
