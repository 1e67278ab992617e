"""``fastsci run`` by methods that choose their steps, and by random ones: what ``solve_ensemble`` computes."""

import re
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import fastsci
from fastsci import storage
from fastsci.cli import catalogue
from fastsci.cli import run as run_command
from fastsci.cli.members import gather_members
from fastsci.cli.source import find_system
from fastsci.cli.summary import Tally

NOISY = """\
import fastsci


@fastsci.system(
    params={"rate": 1.0, "noise": 0.5}, state=("x",), default_y0=(1.0,), dt=0.01, noise=lambda t, u, p: (p[1],)
)
def drifting(t, u, p):
    (x,) = u
    rate, noise = p
    return (-rate * x,)
"""


@pytest.fixture
def noisy(folder):
    (folder / "noisy.py").write_text(NOISY)
    return "noisy.py:drifting"


def stored(path):
    with storage.open_store(path) as dataset:
        return dataset.load()


def line(out, label):
    """What the summary says under one label."""
    return next(row[11:] for row in out if row.startswith(f"{label} "))


def test_every_choice_of_steps_reaches_the_run(command):
    words = ("--method", "rk45", "--rtol", "1e-5", "--atol", "1e-7,1e-6", "--first-step", "1e-3", "--max-step", "0.2")
    words += ("--max-steps", "5000", "--controller", "pi", "--t-end", "2", "--saves", "5")
    status, out, err = command("run", "model.py:reaction", "--members", "50", *words, "--out", "a.zarr")
    assert (status, err) == (0, [])
    kept = stored("a.zarr")
    expected = fastsci.solve_ensemble(
        find_system("model.py:reaction"), (0.0, 2.0), kept.y0.values, method="DormandPrince5", rtol=1e-5,
        atol=[1e-7, 1e-6], first_step=1e-3, max_step=0.2, max_steps=5000, controller="PI",
        t_eval=np.linspace(0.0, 2.0, 5),
    )  # fmt: skip
    np.testing.assert_array_equal(kept.y.values, expected.y)
    np.testing.assert_array_equal(kept.y_final.values, expected.y_final)
    assert "by DormandPrince5, rtol = 1e-05, atol = 1e-07,1e-06" in line(out, "span")
    taken, refused = map(float, re.findall(r"[\d.]+", line(out, "steps")))
    assert taken == pytest.approx(expected.naccepted.mean(), abs=0.051)
    assert refused == pytest.approx(expected.nrejected.mean(), abs=0.051)
    assert kept.attrs["method"] == "DormandPrince5"
    assert kept.attrs["rtol"] == 1e-5
    assert list(kept.attrs["atol"]) == [1e-7, 1e-6]
    assert "dt" not in kept.attrs


def test_an_adaptive_run_in_chunks_is_the_run_in_one_piece(command, monkeypatch):
    words = ("run", "model.py:reaction", "--members", "3000", "--param", "b=2:4", "--method", "Tsit5", "--t-end", "1")
    assert command(*words, "--saves", "3", "--out", "whole.zarr")[0] == 0
    monkeypatch.setattr(run_command, "BLOCK_BYTES", 512 * 2 * 10 * 8)
    assert command(*words, "--saves", "3", "--out", "parts.zarr")[0] == 0
    whole, parts = stored("whole.zarr"), stored("parts.zarr")
    for name in ("y", "y_final", "status", "b"):
        np.testing.assert_array_equal(whole[name].values, parts[name].values)


def test_dt_makes_the_steps_of_an_adaptive_method_fixed(command):
    words = ("run", "model.py:reaction", "--members", "4", "--method", "Tsit5", "--t-end", "1", "--dt", "0.25")
    status, out, _ = command(*words, "--out", "a.zarr")
    assert status == 0
    assert "by Tsit5, dt = 0.25" in line(out, "span")
    assert not any(row.startswith("steps ") for row in out)
    kept = stored("a.zarr")
    expected = fastsci.solve_ensemble(
        find_system("model.py:reaction"), (0.0, 1.0), kept.y0.values, method="Tsit5", dt=0.25
    )
    np.testing.assert_array_equal(kept.y_final.values, expected.y_final)


def test_a_function_without_a_step_of_its_own_runs_by_one_that_chooses(command):
    Path("y0.csv").write_text("1,0\n")
    words = ("--param", "k=4", "--param", "friction=0", "--y0", "y0.csv", "--t-end", "3", "--method", "DOP853")
    assert command("run", "model.py:bare", *words, "--rtol", "1e-10", "--out", "a.zarr")[0] == 0
    np.testing.assert_allclose(stored("a.zarr").y_final.values[0], [np.cos(6.0), -2 * np.sin(6.0)], atol=1e-8)


def test_failures_are_counted_by_reason(command):
    states = np.ones((10, 3))
    states[4] = np.nan
    np.save("y0.npy", states)
    words = ("run", "lorenz63", "--y0", "y0.npy", "--method", "Tsit5", "--t-end", "20", "--max-steps", "30")
    status, out, err = command(*words)
    assert line(out, "failed") == "10 (1: The state became infinite or NaN; 9: The number of steps reached max_steps)"
    assert status == 1
    assert len(err) == 1
    assert "try a stiff method" in err[0]


def test_members_that_an_event_ends_are_counted_and_have_not_failed(command):
    @fastsci.event(terminal=True)
    def half(t, u, p):
        return u[0] - 0.5

    system = fastsci.system(lambda t, u, p: (-u[0],), state=("x",), default_y0=(1.0,))
    result = fastsci.solve_ensemble(system, (0.0, 1.0), [[1.0], [0.4], [2.0]], method="Tsit5", events=half)
    members = gather_members(system, asked=3, initial=None, parameters={}, seed=0, dtype=None)
    tally = Tally(members, keep=False, seed=0)
    tally.add(0, result, computing=1.0, writing=0.0)
    assert (tally.stopped, tally.failed) == (1, 0)


def test_a_random_run_has_the_paths_of_its_seed_however_it_is_cut(command, noisy, monkeypatch):
    words = ("run", noisy, "--members", "3000", "--method", "EM", "--t-end", "1", "--save-every", "0.1", "--seed", "7")
    # Far below what the saves take: blocks that began to count their members anew would repeat the first paths.
    monkeypatch.setattr(run_command, "BLOCK_BYTES", 64 * 30 * 8)
    assert command(*words, "--out", "a.zarr")[0] == 0
    kept = stored("a.zarr")
    expected = fastsci.solve_ensemble(
        find_system(noisy), (0.0, 1.0), kept.y0.values, method="EulerMaruyama", dt=0.01, seed=7, t_eval=kept.time.values
    )
    np.testing.assert_array_equal(kept.y.values, expected.y)
    noise = kept.y_final.values - kept.y0.values * 0.99**100
    assert len(np.unique(noise.round(12))) == 3000


def test_another_seed_draws_other_noise(command, noisy):
    Path("y0.csv").write_text("1\n")
    finals = []
    for seed in (1, 1, 2):
        words = ("--members", "20", "--method", "EM", "--y0", "y0.csv", "--t-end", "0.1", "--seed", seed)
        assert command("run", noisy, *words, "--out", "a.zarr", "--overwrite")[0] == 0
        finals.append(stored("a.zarr").y_final.values)
    np.testing.assert_array_equal(finals[0], finals[1])
    assert (finals[0] != finals[2]).all()


@pytest.mark.parametrize("words", [("lorenz63", "--method", "Tsit5", "--t-end", "5"), None])
def test_a_picture_of_chosen_steps_and_of_random_ones(command, noisy, words):
    words = words or (noisy, "--method", "EM", "--t-end", "2.005")
    assert command("run", *words, "--members", "300", "--plot", "p.png")[0] == 0
    assert matplotlib.image.imread("p.png")[..., :3].std() > 0.05


def test_a_span_of_no_length_stays_where_it_is(command):
    assert command("run", "lorenz63", "--t-end", "0", "--method", "Tsit5", "--out", "a.zarr")[0] == 0
    np.testing.assert_array_equal(stored("a.zarr").y_final.values[0], fastsci.systems.lorenz63.default_y0)


def test_an_adaptive_run_goes_backwards_too(command):
    words = ("run", "model.py:reaction", "--t-start", "1", "--t-end", "0", "--method", "Tsit5", "--rtol", "1e-10")
    assert command(*words, "--out", "back.zarr")[0] == 0
    assert command(*words[:2], "--y0", "back.zarr", *words[6:], "--t-end", "1", "--out", "forth.zarr")[0] == 0
    np.testing.assert_allclose(stored("forth.zarr").y_final.values, [[1.0, 2.5]], rtol=1e-7)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rtol", "1e-8"], "--rtol: is given, but RK4 has fixed steps; name one that chooses them"),
        (["--method", "Tsit5", "--dt", "0.1", "--max-steps", "9"], "--max-steps: is given, but with --dt every step"),
        (["--method", "Rodas4", "--dt", "0.1"], "--dt: is 0.1, but Rodas4 chooses its steps; leave it out, or give"),
        (["--method", "Tsit5", "--dt", "0"], "--dt: is 0, expected a positive step"),
        (["--method", "Tsit5", "--rtol", "0"], "--rtol: is 0.0, expected a positive number"),
        (["--method", "Tsit5", "--rtol", "1e-20"], "--rtol: is 1e-20, below what float64 can tell apart"),
        (["--method", "Tsit5", "--rtol", "small"], "invalid float value: 'small'"),
        (["--method", "Tsit5", "--atol", "small"], "--atol: 'small' holds no numbers; write one, or one for each"),
        (["--method", "Tsit5", "--atol", "1,2"], "--atol: has shape (2,), expected a number or (3,)"),
        (["--method", "Tsit5", "--atol=-1"], "--atol: is -1, expected numbers of at least 0"),
        (["--method", "Tsit5", "--first-step", "-1"], "--first-step: is -1, expected a positive step"),
        (["--method", "Tsit5", "--first-step", "99"], "--first-step: is 99, longer than"),
        (["--method", "Tsit5", "--max-step", "nan"], "--max-step: is nan, expected a positive step"),
        (["--method", "Tsit5", "--max-steps", "0"], "--max-steps: is 0, expected a positive integer"),
        (["--method", "Tsit5", "--controller", "PDI"], "--controller: is 'PDI', expected one of I, PI, PID"),
        (["--method", "EM"], "--method: EulerMaruyama needs the diffusion of lorenz63"),
    ],
)
def test_steps_that_cannot_be_are_refused(refused, words, said):
    message = refused("run", "lorenz63", *words)
    assert said in message
    assert "first_step" not in message


def test_noise_is_refused_what_it_does_not_have(refused, noisy):
    assert "--seed: is -1, expected" in refused("run", noisy, "--method", "EM", "--seed", "-1")
    assert "save at multiples of dt" in refused("run", noisy, "--method", "EM", "--saves", "7")


def test_methods_are_listed_by_family(command):
    rows = {row.split()[0]: row for row in command("methods")[1]}
    named = {name: catalogue.family(name) for name in fastsci.methods()}
    assert {name: rows[name].split()[1] for name in named} == named
    for name, kind in {
        "RK4": "fixed", "SSPRK3": "fixed", "Tsit5": "adaptive", "Taylor": "adaptive", "Rodas5P": "stiff",
        "KahanLi8": "symplectic", "ImplicitMidpoint": "symplectic", "BAOAB": "stochastic",
    }.items():  # fmt: skip
        assert named[name] == kind
    assert "RK45" in rows["DormandPrince5"]
