"""A member's steps are its own: its numbers are the same bit for bit whoever else is there."""

import numpy as np
import pytest

import fastsci
from tests.adaptive import models
from tests.ensemble.models import same_bits

ALL = 2000


def unequal_rossler():
    c = np.linspace(2.0, 40.0, ALL)
    params = np.column_stack([np.full(ALL, 0.2), np.full(ALL, 0.2), c])
    return models.rossler, np.tile([1.0, 1.0, 0.0], (ALL, 1)), params, "Tsit5", models.peak


def unequal_van_der_pol():
    params = np.geomspace(0.1, 100.0, ALL)[:, np.newaxis]
    return models.van_der_pol, np.tile([2.0, 0.0], (ALL, 1)), params, "DormandPrince5", models.hangs


KINDS = {
    "rossler": (unequal_rossler, "f8"),
    "rossler-single": (unequal_rossler, "f4"),
    "van-der-pol": (unequal_van_der_pol, "f8"),
}
TIMES = np.linspace(0.0, 20.0, 9)


@pytest.fixture(scope="module", params=KINDS)
def ensemble(request):
    make, dtype = KINDS[request.param]
    system, y0, params, method, event = make()
    order = np.random.default_rng(11).permutation(ALL)
    y0, params = y0[order].astype(dtype), params[order]

    def run(chosen, **options):
        return fastsci.solve_ensemble(
            system, (0.0, 20.0), y0[chosen], params=params[chosen], method=method, t_eval=TIMES, events=event,
            rtol=1e-5, **options,
        )  # fmt: skip

    whole = run(np.arange(ALL))
    assert whole.path == "lanes"
    assert whole.success.all()
    assert whole.nfev.max() > 2 * whole.nfev.min()
    assert sum(len(times) for times in whole.t_events[0]) > ALL
    return run, whole


def check(part, whole, chosen):
    assert same_bits(part.y, whole.y[chosen])
    assert same_bits(part.y_final, whole.y_final[chosen])
    assert same_bits(part.t_final, whole.t_final[chosen])
    for name in ("nfev", "naccepted", "nrejected", "status"):
        assert (getattr(part, name) == getattr(whole, name)[chosen]).all()
    for place, member in enumerate(chosen):
        assert same_bits(part.t_events[0][place], whole.t_events[0][int(member)])
        assert same_bits(part.y_events[0][place], whole.y_events[0][int(member)])


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 65])
def test_in_a_batch_of_any_size(ensemble, n):
    run, whole = ensemble
    chosen = np.arange(700, 700 + n)
    check(run(chosen), whole, chosen)


def test_in_any_order(ensemble):
    run, whole = ensemble
    chosen = np.random.default_rng(3).permutation(ALL)
    check(run(chosen), whole, chosen)


def test_beside_copies_of_the_most_laborious(ensemble):
    run, whole = ensemble
    chosen = np.tile([int(np.argmax(whole.nfev)), int(np.argmin(whole.nfev)), 5], 40)
    check(run(chosen), whole, chosen)


@pytest.mark.parametrize("threads", ["1", "3"])
def test_on_any_number_of_threads(ensemble, threads, monkeypatch):
    run, whole = ensemble
    monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
    check(run(np.arange(ALL)), whole, np.arange(ALL))


def test_in_short_blocks(ensemble, monkeypatch):
    from fastsci_kernels.loops import adaptive

    run, whole = ensemble
    monkeypatch.setattr(adaptive, "BLOCK_SECONDS", 0.0)
    monkeypatch.setattr(adaptive, "FIRST_SWEEPS", 3)
    chosen = np.arange(0, ALL, 9)
    check(run(chosen), whole, chosen)


def test_while_progress_is_watched(ensemble):
    run, whole = ensemble
    seen = []
    check(run(np.arange(ALL), progress=seen.append), whole, np.arange(ALL))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert min(seen) >= 0.0


def test_members_of_unequal_labour_keep_the_lanes_busy(ensemble):
    _, whole = ensemble
    assert 0.9 <= whole.lanes_busy <= 1.0
