"""A member's statistics are the same bit for bit alone, in any batch, in blocks and on any number of threads."""

import numpy as np
import pytest

import fastsci
from fastsci_kernels.loops import cpu
from tests.ensemble.models import LORENZ, lorenz, spread
from tests.statistics.runs import DT, END, EVERYTHING, GRID, assert_same_bits, members

SPAN = (0.0, END)
KINDS = {
    "flat": ("flat", {"dt": DT}),
    "long": ("long", {"dt": DT}),
    "adaptive": ("flat", {"method": "Tsit5", "t_eval": np.linspace(0.0, END, 71)}),
}


def run(system, y0, params, span=SPAN, **options):
    return fastsci.solve_ensemble(system, span, y0, params=params, reduce=EVERYTHING, **options)


def take(params, chosen):
    if isinstance(params, dict):
        return {name: np.asarray(value)[chosen] if np.ndim(value) else value for name, value in params.items()}
    return params[chosen]


def chosen_of(reduced, chosen):
    return {
        name: values[chosen] if isinstance(values, np.ndarray) else type(values)(values.t[chosen], values.y[chosen])
        for name, values in reduced.items()
    }


@pytest.fixture(scope="module", params=list(KINDS))
def ensemble(request):
    style, options = KINDS[request.param]
    system, y0, params = members(style, 200)
    return system, y0, params, options, run(system, y0, params, **options).reduced


@pytest.mark.parametrize("n", [1, 3, 17])
def test_in_a_batch_of_any_size(ensemble, n):
    system, y0, params, options, whole = ensemble
    chosen = np.arange(60, 60 + n)
    result = run(system, y0[chosen], take(params, chosen), **options)
    assert_same_bits(result.reduced, chosen_of(whole, chosen))


@pytest.mark.parametrize("threads", ["1", "3"])
def test_on_any_number_of_threads(ensemble, threads, monkeypatch):
    system, y0, params, options, whole = ensemble
    monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
    assert_same_bits(run(system, y0, params, **options).reduced, whole)


def test_in_blocks_of_steps(ensemble, monkeypatch):
    system, y0, params, options, whole = ensemble
    monkeypatch.setattr(cpu, "INLINE_WORK", 1)
    monkeypatch.setattr(cpu, "BLOCK_SECONDS", 0.0)
    assert_same_bits(run(system, y0, params, **options).reduced, whole)


@pytest.mark.parametrize("style", ["flat", "long"])
def test_however_the_times_are_given(style):
    """Every step, the same times in ``t_eval``, and both with a span for each member: four drivers, one result."""
    system, y0, params = members(style, 50)
    whole = run(system, y0, params, dt=DT).reduced
    spans = np.tile(SPAN, (50, 1))
    assert_same_bits(run(system, y0, params, dt=DT, t_eval=GRID).reduced, whole)
    assert_same_bits(run(system, y0, params, spans, dt=DT).reduced, whole)
    assert_same_bits(run(system, y0, params, spans, dt=DT, t_eval=GRID / END).reduced, whole)


@pytest.mark.parametrize("kind", ["flat", "adaptive"])
def test_beside_a_member_that_fails(kind):
    _, options = KINDS[kind]
    y0 = spread(20)
    good = run(lorenz, y0, LORENZ, **options).reduced
    spoilt = y0.copy()
    spoilt[7] = np.nan
    result = run(lorenz, spoilt, LORENZ, **options)
    assert result.status[7] < 0
    others = np.arange(20) != 7
    assert_same_bits(chosen_of(result.reduced, others), chosen_of(good, others))
    for name in ("mean", "var", "std", "min", "max", "last"):
        assert np.isnan(result.reduced[name][7]).all()
    assert np.isnan(result.reduced["up"].t[7])
    assert np.isnan(result.reduced["up"].y[7]).all()
    assert not result.reduced["histogram"][7].any()
