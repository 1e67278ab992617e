"""Stochastic methods from the front door: what a path depends on, and what is refused."""

import numpy as np
import pytest

import fastsci

DT, END = 0.01, 1.0


@fastsci.system(params={"rate": 1.0, "strength": 0.5}, noise=lambda t, u, p: (p[1],))
def ornstein_uhlenbeck(t, u, p):
    (x,) = u
    rate, _ = p
    return (-rate * x,)


def scatter(t, u, p, dw):
    for i in range(len(dw)):
        dw[i] = 0.1 * (i + 1)


@fastsci.system(noise=scatter)
def herd(t, u, p, du):
    centre = 0.0
    for i in range(len(u)):
        centre += u[i]
    for i in range(len(u)):
        du[i] = centre / len(u) - u[i]


def paths(members=40, **options):
    given = {"method": "EulerMaruyama", "dt": DT, "seed": 7, "t_eval": np.linspace(0.0, END, 11), **options}
    return fastsci.solve_ensemble(ornstein_uhlenbeck, (0.0, END), np.zeros((members, 1)), **given)


def test_a_path_is_that_of_its_seed_and_its_number(monkeypatch):
    y = paths().y
    np.testing.assert_array_equal(paths(5).y, y[:5])
    np.testing.assert_array_equal(paths(3000).y[:40], y)
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "1")
    np.testing.assert_array_equal(paths(3000).y[:40], y)
    assert not np.array_equal(paths(seed=8).y, y)
    assert len(np.unique(y[:, 0, -1])) == 40


def test_a_part_has_the_paths_of_the_whole():
    np.testing.assert_array_equal(paths(70, first_member=128).y, paths(200).y[128:198])


def test_saves_do_not_change_a_path():
    np.testing.assert_array_equal(paths(t_eval=None).y_final, paths().y_final)


def test_a_long_state_draws_by_the_same_rule():
    y0 = np.zeros((30, 20))
    whole = fastsci.solve_ensemble(herd, (0.0, 0.5), y0, method="EM", dt=DT, seed=3)
    part = fastsci.solve_ensemble(herd, (0.0, 0.5), y0[:4], method="EM", dt=DT, seed=3)
    np.testing.assert_array_equal(whole.y_final[:4], part.y_final)
    assert whole.path == "lanes"


@pytest.mark.parametrize("seed", [3, np.random.SeedSequence(3), np.random.default_rng(3)])
def test_seeds_of_every_kind(seed):
    result = paths(seed=seed)
    assert result.success.all()
    if isinstance(seed, int):
        np.testing.assert_array_equal(result.y, paths(seed=np.random.SeedSequence(3)).y)


def test_without_a_seed_every_run_is_another():
    assert not np.array_equal(paths(seed=None).y_final, paths(seed=None).y_final)


def test_the_stationary_variance():
    """strength^2 / (2 rate), of the scheme 1 / (1 - rate dt / 2) times that."""
    members = 200_000
    result = fastsci.solve_ensemble(ornstein_uhlenbeck, (0.0, 8.0), np.zeros((members, 1)), method="EM", dt=DT, seed=11)
    expected = 0.5**2 / 2.0 / (1.0 - DT / 2.0)
    standard_error = expected * np.sqrt(2.0 / members)
    assert abs(result.y_final.var() - expected) < 4.0 * standard_error
    assert abs(result.y_final.mean()) < 4.0 * np.sqrt(expected / members)


def test_zero_members():
    assert paths(0).y.shape == (0, 1, 11)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed: is -1, expected a non-negative integer"),
        ({"seed": "one"}, "seed: is 'one'"),
        ({"seed": 1.5}, "seed: is 1.5"),
        ({"first_member": 10}, "first_member: is 10, expected a multiple of 64"),
        ({"first_member": -64}, "first_member: is -64, expected a non-negative integer"),
        ({"t_eval": [0.0, 0.005]}, "t_eval: holds times between the steps of dt"),
        ({"dt": None}, "dt: is missing; EulerMaruyama is a fixed-step method"),
        ({"events": lambda t, u, p: u[0]}, "method: EulerMaruyama has no dense output"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        paths(**options)


def test_noise_does_not_run_backwards():
    with pytest.raises(ValueError, match="t_span: runs backwards, but the noise of EulerMaruyama"):
        fastsci.solve_ensemble(ornstein_uhlenbeck, (1.0, 0.0), [0.0], method="EM", dt=DT)


def test_a_system_without_noise_is_refused():
    with pytest.raises(ValueError, match="method: EulerMaruyama needs the diffusion of lorenz63"):
        fastsci.solve_ensemble(fastsci.systems.lorenz63, (0.0, 1.0), method="EM", dt=DT)


def test_noise_of_the_wrong_length_is_refused():
    wrong = fastsci.system(lambda t, u, p: (u[1], -u[0]), noise=lambda t, u, p: (1.0,))
    with pytest.raises(TypeError, match="expected a tuple of 2 numbers"):
        fastsci.solve_ensemble(wrong, (0.0, 1.0), [1.0, 0.0], method="EM", dt=DT)
