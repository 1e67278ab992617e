"""The transposed steps, whose texts are plain Python, on plain and on long numbers."""

from __future__ import annotations

import mpmath
import pytest

from fastsci_kernels.methods import retreat
from fastsci_kernels.methods.explicit import RungeKutta
from fastsci_kernels.methods.iteration import ITERATION
from fastsci_kernels.methods.method import in_place
from fastsci_kernels.methods.pull import pull_of
from fastsci_kernels.methods.registry import FIXED

METHODS = {name: method for name, method in FIXED.items() if isinstance(method, RungeKutta)} | {"map": ITERATION}
every_method = pytest.mark.parametrize("base", METHODS.values(), ids=METHODS)

T, H = 0.2, 0.1
STATE, PARAMS, W = (0.7, -1.2), (0.4, 1.5, -0.8), (0.3, 0.8)


def twisted(t, u, p):
    x, y = u
    a, b, c = p
    return a * y + t * x * y, b * t * t - x * x * c + a * b


def texts(base, flat):
    """``step``, ``pull`` and ``retreat`` of a method, for a system of two components and three parameters."""
    swept = pull_of(twisted, style="tuple", dim=2, n_params=3, by_params=True, by_user=False)
    space = {"number": lambda value, bits, width: value, "twisted": twisted, "rhs": twisted}
    if not flat:
        exec(in_place("rhs", "twisted", 2), space)
    exec(base.flat_step(2) if flat else base.long_step(2), space)
    exec(swept.source("tuple", flat, 2, 3, 64, 1), space)
    exec(retreat.retreat(base, 2, 3, flat), space)
    return space


@every_method
def test_the_transposed_step_is_the_transpose_of_the_step(base):
    """On numbers of 50 digits, against differences of the step itself."""
    space = texts(base, flat=True)
    with mpmath.workdps(50):
        given = [mpmath.mpf(number) for number in (*STATE, *PARAMS)]
        w = [mpmath.mpf(number) for number in W]
        t, h, small = mpmath.mpf(T), mpmath.mpf(H), mpmath.mpf(10) ** -15

        def end(numbers):
            return mpmath.fdot(w, space["step"](t, tuple(numbers[:2]), tuple(numbers[2:]), h))

        state, params = space["retreat"](t, tuple(given[:2]), tuple(given[2:]), h, tuple(w), (1.0, 2.0, 3.0))
        found = [*state, params[0] - 1, params[1] - 2, params[2] - 3]
        for place, ours in enumerate(found):
            ahead, behind = list(given), list(given)
            ahead[place] += small
            behind[place] -= small
            assert abs(ours - (end(ahead) - end(behind)) / (2 * small)) < 1e-22


@every_method
def test_states_in_memory_go_back_as_those_in_registers_do(base):
    state, params = texts(base, flat=True)["retreat"](T, STATE, PARAMS, H, W, (1.0, 2.0, 3.0))
    w, g = list(W), [1.0, 2.0, 3.0]
    buffers = [[0.0] * 2 for _ in (*base.buffers(), *retreat.buffers(base))]
    texts(base, flat=False)["retreat"](T, STATE, PARAMS, H, w, g, *buffers)
    assert w == pytest.approx(state, rel=1e-12)
    assert g == pytest.approx(params, rel=1e-12)
