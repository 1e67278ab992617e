"""A member's numbers are the same bit for bit alone, in any batch, in any order and on any number of threads."""

import numpy as np
import pytest

import fastsci
from tests.ensemble.models import LORENZ, harmonic, lorenz, ring, same_bits, spread, thermostat

SPAN, DT = (0.0, 1.13), 0.01
ALL = 1000


def members(system, n):
    dim = {lorenz: 3, ring: 6, thermostat: 1}[system]
    y0 = spread(n, dim, seed=7)
    if system is lorenz:
        return y0, {**LORENZ, "rho": np.linspace(20.0, 30.0, n)}
    if system is ring:
        return y0, np.linspace(6.0, 9.0, n)[:, np.newaxis]
    return np.abs(y0), {"target": np.linspace(0.5, 4.0, n)}


def take(params, chosen):
    if isinstance(params, dict):
        return {name: np.asarray(value)[chosen] if np.ndim(value) else value for name, value in params.items()}
    return params[chosen]


def run(system, y0, params, span=SPAN, dt=DT, **options):
    return fastsci.solve_ensemble(system, span, y0, params=params, dt=dt, t_eval=options.pop("t_eval", None), **options)


@pytest.fixture(
    scope="module",
    params=[(lorenz, "f8"), (lorenz, "f4"), (ring, "f8"), (thermostat, "f8")],
    ids=["tuple", "single", "in-place", "scalar"],
)
def ensemble(request):
    system, dtype = request.param
    y0, params = members(system, ALL)
    y0 = y0.astype(dtype)
    whole = run(system, y0, params)
    assert whole.success.all()
    assert whole.path == ("scalar" if system is thermostat else "lanes")
    return system, y0, params, whole.y_final


@pytest.mark.parametrize("n", [1, 2, 3, 15, 16, 17, 33])
def test_in_a_batch_of_any_size(ensemble, n):
    system, y0, params, whole = ensemble
    chosen = np.arange(500, 500 + n)
    assert same_bits(run(system, y0[chosen], take(params, chosen)).y_final, whole[chosen])


def test_in_any_order(ensemble):
    system, y0, params, whole = ensemble
    order = np.random.default_rng(3).permutation(ALL)
    assert same_bits(run(system, y0[order], take(params, order)).y_final, whole[order])


@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_on_any_number_of_threads(ensemble, threads, monkeypatch):
    system, y0, params, whole = ensemble
    monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
    assert same_bits(run(system, y0, params).y_final, whole)


def test_whatever_is_saved_on_the_way(ensemble):
    system, y0, params, whole = ensemble
    times = np.sort(np.concatenate([np.linspace(*SPAN, 40), np.arange(0.0, 1.1, 0.05), [SPAN[1]]]))
    result = run(system, y0, params, t_eval=times)
    assert same_bits(result.y_final, whole)
    assert same_bits(result.y[:, :, -1], whole)
    assert same_bits(result.y[:, :, 0], y0)


def test_with_a_span_and_a_step_of_its_own(ensemble):
    system, y0, params, whole = ensemble
    for options in (
        {"span": np.tile(SPAN, (ALL, 1))},
        {"dt": np.full(ALL, DT)},
        {"span": np.tile(SPAN, (ALL, 1)), "dt": np.full(ALL, DT), "t_eval": [0.0, 0.3, 0.77, 1.0]},
    ):
        assert same_bits(run(system, y0, params, **options).y_final, whole)


def test_saves_are_the_same_with_a_span_of_its_own(ensemble):
    system, y0, params, _ = ensemble
    fractions = np.array([0.0, 0.25, 0.5, 0.9, 1.0])
    times = SPAN[0] + fractions * (SPAN[1] - SPAN[0])
    shared = run(system, y0, params, t_eval=times)
    own = run(system, y0, params, span=np.tile(SPAN, (ALL, 1)), t_eval=fractions)
    assert same_bits(own.y, shared.y)


def test_beside_members_of_other_lengths(ensemble):
    system, y0, params, whole = ensemble
    span = np.tile(SPAN, (ALL, 1))
    others = np.flatnonzero(np.arange(ALL) % 3)
    span[others, 1] = np.linspace(-0.2, 2.0, others.size)
    if system is thermostat:
        span[others, 1] = np.abs(span[others, 1])
    result = run(system, y0, params, span=span)
    assert same_bits(result.y_final[::3], whole[::3])


def test_while_progress_is_watched(ensemble):
    system, y0, params, whole = ensemble
    seen = []
    assert same_bits(run(system, y0, params, progress=seen.append).y_final, whole)
    assert seen[-1] == 1.0
    assert seen == sorted(seen)
    assert min(seen) >= 0.0


def test_in_blocks_of_steps(monkeypatch):
    """A run longer than a block is interrupted and resumed many times, at saves and between them."""
    from fastsci_kernels.loops import cpu

    times = np.linspace(0.0, 4.0, 57)
    span = np.array([[0.0, 4.0], [0.0, 3.0], [1.0, -1.0]])
    options = {"params": {"w": [1.0, 2.0, 3.0]}, "dt": 0.01}
    whole = fastsci.solve_ensemble(harmonic, (0.0, 4.0), [1.0, 0.0], t_eval=times, **options)
    own = fastsci.solve_ensemble(harmonic, span, [1.0, 0.0], t_eval=times / 4.0, **options)
    monkeypatch.setattr(cpu, "INLINE_WORK", 1)
    monkeypatch.setattr(cpu, "BLOCK_SECONDS", 0.0)
    in_blocks = fastsci.solve_ensemble(harmonic, (0.0, 4.0), [1.0, 0.0], t_eval=times, **options)
    assert same_bits(in_blocks.y, whole.y)
    assert same_bits(in_blocks.y_final, whole.y_final)
    assert same_bits(fastsci.solve_ensemble(harmonic, span, [1.0, 0.0], t_eval=times / 4.0, **options).y, own.y)
