"""Statistics gathered by the CUDA drivers on the simulator are those that the CPU gathers."""

from __future__ import annotations

import numpy as np
import pytest

import fastsci
from tests.cudasim.test_simulated import LORENZ, lorenz, ring, spread

pytestmark = pytest.mark.cuda_sim

ASKED = {
    **{name: name for name in ("mean", "var", "min", "max", "last", "count")},
    "histogram": fastsci.Histogram(0, 12, (-6.0, 9.0)),
    "crossing": fastsci.LastCrossing(1, 1.0),
}
TOLERANCE = {"float64": 1e-10, "float32": 1e-4}


def both(system, t_span, y0, dtype="float64", **run):
    gpu = fastsci.solve_ensemble(system, t_span, y0, dtype=dtype, device="cuda", reduce=ASKED, **run)
    cpu = fastsci.solve_ensemble(system, t_span, y0, dtype=dtype, device="cpu", reduce=ASKED, **run)
    assert gpu.path == "cuda"
    assert gpu.y.shape == cpu.y.shape
    pairs = [(gpu.reduced[name], cpu.reduced[name]) for name in ASKED if name != "crossing"]
    pairs += [(getattr(gpu.reduced["crossing"], part), getattr(cpu.reduced["crossing"], part)) for part in ("t", "y")]
    for mine, theirs in pairs:
        assert mine.dtype == theirs.dtype
        np.testing.assert_allclose(mine, theirs, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    return gpu


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", [{}, {"t_eval": [0.0, 0.033, 0.1, 0.2]}], ids=["every step", "times"])
def test_of_a_fixed_step(dtype, options):
    both(lorenz, (0.0, 0.3), spread(3), dtype, params=LORENZ, dt=0.01, **options)
    both(ring, (0.0, 0.3), spread(2, 5), dtype, params=[8.0], dt=0.01, **options)


@pytest.mark.parametrize("options", [{}, {"t_eval": [0.0, 0.31, 0.5]}], ids=["every step", "times"])
def test_of_members_with_spans_of_their_own(options):
    both(lorenz, [[0.0, 0.3], [0.1, 0.25]], spread(2), params=LORENZ, dt=0.01, **options)


def test_of_members_with_steps_of_their_own():
    run = {"method": "Tsit5", "t_eval": [0.0, 0.03, 0.1, 0.2]}
    both(lorenz, (0.0, 0.2), spread(2), params=LORENZ, **run)
    both(ring, (0.0, 0.2), spread(2, 5), params=[8.0], **run)


def test_of_a_member_that_fails():
    y0 = spread(3)
    y0[1, 0] = np.inf
    reduced = both(lorenz, (0.0, 0.1), y0, params=LORENZ, dt=0.01).reduced
    assert np.isnan(reduced["mean"][1]).all()
    assert not reduced["histogram"][1].any()


def test_carried_from_launch_to_launch(monkeypatch):
    from fastsci_kernels.loops import cuda

    run = {"params": LORENZ, "dt": 0.01, "device": "cuda", "reduce": ASKED}
    whole = fastsci.solve_ensemble(lorenz, (0.0, 0.3), spread(2), **run).reduced
    monkeypatch.setattr(cuda, "FIRST_THREAD_WORK", 0.0)
    monkeypatch.setattr(cuda, "GROWTH", 3)
    cut = fastsci.solve_ensemble(lorenz, (0.0, 0.3), spread(2), **run).reduced
    for name in ("mean", "var", "min", "max", "last", "histogram"):
        np.testing.assert_array_equal(cut[name], whole[name])
