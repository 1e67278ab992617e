"""The response of a linear system to a forcing that is known at instants."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.floating[Any]]


def response(A: Real, B: Real, forcing: Real, start: Real, dt: float) -> Real:
    """Solve ``dv/dt = A v + B u`` from ``start (p,)``, with u straight between the instants of ``forcing (f, m)``.

    Exact for such a forcing: one matrix exponential gives the step.  Steps are taken in about sqrt(m) stretches, all
    of them at once from rest, and what each begins with is added after: 3 sqrt(m) small products, not m.

    Returns
    -------
    (p, m) array
    """
    from scipy.linalg import expm

    size, inputs = B.shape
    count = forcing.shape[1]
    found = np.empty((size, count))
    if count:
        found[:, 0] = start
    if count < 2:
        return found
    generator = np.zeros((size + 2 * inputs, size + 2 * inputs))
    generator[:size, :size], generator[:size, size : size + inputs] = A * dt, B * dt
    generator[size : size + inputs, size + inputs :] = np.eye(inputs)
    propagator = expm(generator)[:size]
    onward, by_value, by_change = np.split(propagator, [size, size + inputs], axis=1)
    pushes = (by_value - by_change) @ forcing[:, :-1] + by_change @ forcing[:, 1:]

    length = int(np.ceil(np.sqrt(count - 1)))
    stretches = -(-(count - 1) // length)
    steps = np.zeros((length, size, stretches))  # one after another along the first axis
    padded = np.zeros((size, stretches * length))
    padded[:, : count - 1] = pushes
    steps[:] = np.moveaxis(padded.reshape(size, stretches, length), 2, 0)
    for place in range(1, length):
        steps[place] += onward @ steps[place - 1]
    begins = np.empty((size, stretches))
    begins[:, 0] = start
    across = np.linalg.matrix_power(onward, length)
    for stretch in range(1, stretches):
        begins[:, stretch] = across @ begins[:, stretch - 1] + steps[-1, :, stretch - 1]
    for place in range(length):
        begins = onward @ begins
        steps[place] += begins
    found[:, 1:] = np.moveaxis(steps, 0, 2).reshape(size, -1)[:, : count - 1]
    return found
