"""Trajectories that several tests compare."""

import numpy as np

import fastsci


def waves(n_times, shift=0.0, speed=1.0):
    """A quasiperiodic motion in three dimensions, the same on every machine."""
    time = speed * np.arange(n_times)[:, None]
    slow = np.sin(time * [0.1, 0.173, 0.2511] + shift)
    return slow + 0.3 * np.sin(time * [0.7, 0.31, 1.9] + 2.0 * shift)


def lorenz(n_times, members, rho=28.0, seed=0):
    """Members of the Lorenz system on its attractor, (members, n_times, 3), 0.02 apart in time."""
    starts = np.random.default_rng(seed).normal([0.0, 0.0, 25.0], 5.0, (members, 3))
    end = 20.0 + 0.02 * n_times
    times = 20.0 + 0.02 * np.arange(n_times)
    run = fastsci.solve_ensemble(
        fastsci.systems.lorenz63, (0.0, end), starts, params={"rho": rho}, dt=0.01, t_eval=times
    )
    return np.swapaxes(run.y, 1, 2)
