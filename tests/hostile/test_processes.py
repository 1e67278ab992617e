"""Ctrl-C, forks, concurrent callers, and thousands of calls."""

import concurrent.futures
import gc
import os
import signal
import subprocess
import sys
import textwrap
import time
import weakref

import numpy as np
import pytest

import fastsci
from tests.ensemble.models import LORENZ, lorenz, same_bits, spread

LONG = textwrap.dedent(
    """
    import time
    import numpy as np
    import fastsci
    from tests.ensemble.models import {model} as model, spread

    y0 = np.abs(spread(20_000, {dim}))
    def run(end):
        return fastsci.solve_ensemble(model, (0.0, end), y0, dt=1e-3, params={params})
    before = run(0.01).y_final
    print("ready", flush=True)
    try:
        run(1e5)
        print("finished", flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    began = time.perf_counter()
    print("same" if (run(0.01).y_final == before).all() else "different", flush=True)
    print("quick" if time.perf_counter() - began < 2.0 else "slow", flush=True)
    """
)
MODELS = {"lanes": ("lorenz", 3, "(10.0, 28.0, 8 / 3)"), "scalar": ("thermostat", 1, "(2.0,)")}


def python(code):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


@pytest.mark.parametrize("path", MODELS)
def test_ctrl_c_ends_a_long_run_and_the_next_one_works(path):
    model, dim, params = MODELS[path]
    with python(LONG.format(model=model, dim=dim, params=params)) as process:
        try:
            first = process.stdout.readline()
            time.sleep(0.7)
            began = time.perf_counter()
            process.send_signal(signal.SIGINT)
            line = process.stdout.readline()
            waited = time.perf_counter() - began
            rest, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert first == "ready\n", errors
    assert line == "interrupted\n", errors
    assert waited < 2.0
    assert rest == "same\nquick\n", errors
    assert process.returncode == 0


FORKED = textwrap.dedent(
    """
    import os
    import numpy as np
    import fastsci
    from tests.ensemble.models import lorenz, spread

    y0 = spread(5000)
    def run():
        return fastsci.solve_ensemble(lorenz, (0.0, 1.0), y0, dt=0.01, params=(10.0, 28.0, 8 / 3)).y_final
    before = run()
    child = os.fork()
    if child == 0:
        os._exit(0 if (run() == before).all() else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status
    assert (run() == before).all()
    print("both right")
    """
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_makes_threads_of_its_own():
    with python(FORKED) as process:
        try:
            out, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert out == "both right\n", errors
    assert process.returncode == 0


def test_concurrent_callers_get_their_own_numbers():
    starts = [spread(3000, seed=seed) for seed in range(8)]

    def run(y0):
        return fastsci.solve_ensemble(lorenz, (0.0, 1.0), y0, dt=0.01, params=LORENZ, t_eval=[0.333]).y

    alone = [run(y0) for y0 in starts]
    with concurrent.futures.ThreadPoolExecutor(4) as callers:
        together = list(callers.map(run, starts * 3))
    for index, result in enumerate(together):
        assert same_bits(result, alone[index % 8])


def test_concurrent_callers_of_a_new_function():
    def fresh(t, u, p):
        x, y = u
        return y - 0.123456 * x, -x

    y0 = spread(17, 2)
    with concurrent.futures.ThreadPoolExecutor(4) as callers:
        results = list(callers.map(lambda _: fastsci.solve_ensemble(fresh, (0.0, 1.0), y0, dt=0.1).y_final, range(8)))
    assert all(same_bits(result, results[0]) for result in results)
    # An independent check that it is the right number: the linear system's own exponential.
    from scipy.linalg import expm

    np.testing.assert_allclose(results[0], y0 @ expm(np.array([[-0.123456, 1.0], [-1.0, 0.0]])).T, rtol=1e-5, atol=1e-6)


def test_an_exception_of_the_progress_function_reaches_the_caller():
    class StopError(Exception):
        pass

    def stop(fraction):
        raise StopError

    y0 = spread(2000)
    with pytest.raises(StopError):
        fastsci.solve_ensemble(lorenz, (0.0, 1e4), y0, dt=1e-3, params=LORENZ, progress=stop)
    assert fastsci.solve_ensemble(lorenz, (0.0, 0.1), y0, dt=0.01, params=LORENZ).success.all()


def test_functions_and_what_they_capture_are_let_go():
    alive = weakref.WeakSet()
    y0 = np.ones((2, 2))
    for _ in range(300):

        def swing(t, u, p):
            return u[1], -u[0]

        alive.add(swing)
        fastsci.solve_ensemble(swing, (0.0, 0.1), y0, dt=0.1)
    del swing
    gc.collect()
    assert len(alive) <= 100


def test_a_short_member_does_not_wait_for_the_longest():
    """Strips whose members have ended stop; otherwise every one would take 100,000 steps."""
    span = np.tile([0.0, 0.01], (20_000, 1))
    y0 = spread(len(span))
    span[0, 1] = 100.0
    steps = []
    for spans in (span[1:], span):
        began = time.perf_counter()
        fastsci.solve_ensemble(lorenz, spans, y0[: len(spans)], dt=1e-3, params=LORENZ)
        steps.append(time.perf_counter() - began)
    assert steps[1] < 20.0 * steps[0] + 1.0


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc to read the resident memory")
def test_memory_does_not_grow_over_thousands_of_calls():
    y0 = spread(64)
    span = np.tile([0.0, 0.1], (64, 1))

    def some(calls):
        for _ in range(calls):
            fastsci.solve_ensemble(lorenz, (0.0, 0.1), y0, dt=0.01, params=LORENZ, t_eval=[0.05])
            fastsci.solve_ensemble(lorenz, span, y0, dt=0.01, params=LORENZ)

    some(300)
    before = resident_bytes()
    some(1000)
    assert resident_bytes() - before < 2 * 2**20
