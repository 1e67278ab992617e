"""``fastsci run``: what it computes is what ``solve_ensemble`` computes."""

import re
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import fastsci
from fastsci import storage
from fastsci.cli import run as run_command
from fastsci.cli.source import find_system

SHORT = ("--t-end", "0.5", "--dt", "0.01")


def stored(path):
    with storage.open_store(path) as dataset:
        return dataset.load()


def test_a_store_holds_bit_for_bit_what_solve_ensemble_returns(command, folder):
    states = np.random.default_rng(0).normal(1.0, 0.2, (37, 2))
    np.save("y0.npy", states)
    status, _, err = command(
        "run", "model.py:reaction", "--y0", "y0.npy", "--param", "b=2:4", *SHORT, "--saves", "6", "--out", "a.zarr"
    )
    assert (status, err) == (0, [])
    expected = fastsci.solve_ensemble(
        find_system("model.py:reaction"), (0.0, 0.5), states, params={"b": np.linspace(2, 4, 37)}, dt=0.01,
        t_eval=np.linspace(0, 0.5, 6),
    )  # fmt: skip
    kept = stored("a.zarr")
    np.testing.assert_array_equal(kept.y.values, expected.y)
    np.testing.assert_array_equal(kept.y_final.values, expected.y_final)
    np.testing.assert_array_equal(kept.y0.values, states)
    np.testing.assert_array_equal(kept.time.values, expected.t)
    np.testing.assert_array_equal(kept.b.values, np.linspace(2, 4, 37))
    assert kept.state.values.tolist() == ["x", "y"]
    assert kept.y.dims == ("member", "state", "time")


def test_an_ensemble_in_chunks_is_the_ensemble_in_one_piece(command, monkeypatch):
    words = ("run", "model.py:reaction", "--members", "9000", "--param", "b=2:4", *SHORT, "--saves", "3")
    assert command(*words, "--out", "whole.zarr")[0] == 0
    # Blocks of 1024 members: boundaries fall inside strips of lanes and inside blocks of seeds.
    monkeypatch.setattr(run_command, "BLOCK_BYTES", 1024 * 2 * 10 * 8)
    monkeypatch.setattr(storage, "CHUNK_BYTES", 300 * 2 * 3 * 8)
    assert command(*words, "--out", "parts.zarr")[0] == 0
    whole, parts = stored("whole.zarr"), stored("parts.zarr")
    for name in ("y", "y0", "y_final", "status", "a", "b"):
        np.testing.assert_array_equal(whole[name].values, parts[name].values)
    assert parts.y.encoding["chunks"][0] == 256
    assert len(np.unique(parts.y0.values)) == 18_000


def test_the_spread_without_y0_is_seeded_and_as_wide_as_the_help_says(command):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        words = ("run", "lorenz63", "--members", "5000", "--t-end", "0.01", "--seed", seed, "--out", f"{name}.zarr")
        assert command(*words)[0] == 0
    a, b, c = (stored(f"{name}.zarr").y0.values for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert (a != c).all()
    centre = fastsci.systems.lorenz63.default_y0
    deviation = 0.01 * np.abs(centre) + 0.001 * np.abs(centre).max()
    np.testing.assert_allclose(a.std(axis=0) / deviation, 1.0, atol=0.05)
    np.testing.assert_allclose((a.mean(axis=0) - centre) / deviation, 0.0, atol=0.06)


def test_one_member_starts_at_the_default_itself(command):
    assert command("run", "lorenz63", "--t-end", "0.1", "--out", "one.zarr")[0] == 0
    np.testing.assert_array_equal(stored("one.zarr").y0.values[0], fastsci.systems.lorenz63.default_y0)


def test_ranges_with_counts_make_every_combination(command):
    words = ("run", "model.py:reaction", "--param", "b=2:3:3", "--param", "a=1:4:2", *SHORT, "--out", "g.zarr")
    assert command(*words)[0] == 0
    grid = stored("g.zarr")
    assert grid.b.values.tolist() == [2.0, 2.0, 2.5, 2.5, 3.0, 3.0]
    assert grid.a.values.tolist() == [1.0, 4.0, 1.0, 4.0, 1.0, 4.0]
    assert grid.sizes["member"] == 6


def test_a_range_without_a_count_spreads_over_the_rows_of_y0(command):
    np.save("y0.npy", np.ones((5, 2)))
    words = ("run", "model.py:reaction", "--param", "b=2:3", "--y0", "y0.npy", *SHORT, "--out", "s.zarr")
    assert command(*words)[0] == 0
    assert stored("s.zarr").b.values.tolist() == [2.0, 2.25, 2.5, 2.75, 3.0]


def test_a_bare_function_takes_its_parameters_by_name_and_position(command):
    Path("y0.csv").write_text("1,0\n")
    common = ("--y0", "y0.csv", *SHORT, "--method", "heun")
    by_name = ("--param", "friction=0.1", "--param", "k=4")
    assert command("run", "model.py:bare", *by_name, *common, "--out", "n.zarr")[0] == 0
    in_order = ("--param", "p0=4", "--param", "p1=0.1")
    assert command("run", "model.py:unnamed", *in_order, *common, "--out", "p.zarr")[0] == 0
    named, by_position = stored("n.zarr"), stored("p.zarr")
    np.testing.assert_array_equal(named.y_final.values, by_position.y_final.values)
    frequency = np.sqrt(4 - 0.05**2)
    exact = np.exp(-0.025) * (np.cos(frequency / 2) + 0.05 / frequency * np.sin(frequency / 2))
    assert named.y_final.values[0, 0] == pytest.approx(exact, abs=1e-4)


def test_save_every_counts_from_the_start_and_runs_backwards_too(command):
    words = ("run", "lorenz63", "--t-start", "1", "--t-end", "0.5", "--dt", "0.005", "--save-every", "0.2")
    assert command(*words, "--out", "back.zarr")[0] == 0
    np.testing.assert_allclose(stored("back.zarr").time.values, [1.0, 0.8, 0.6])
    words = ("run", "lorenz63", "--t-end", "0.3", "--save-every", "0.1", "--out", "forth.zarr")
    assert command(*words)[0] == 0
    times = stored("forth.zarr").time.values
    np.testing.assert_allclose(times, [0.0, 0.1, 0.2, 0.3])
    assert times[-1] <= 0.3


def test_single_precision_from_the_option_and_from_the_file(command):
    np.save("y0.npy", np.ones((3, 3), np.float32))
    assert command("run", "lorenz63", "--y0", "y0.npy", "--t-end", "0.1", "--out", "file.zarr")[0] == 0
    assert command("run", "lorenz63", "--dtype", "float32", "--t-end", "0.1", "--out", "option.zarr")[0] == 0
    for name in ("file.zarr", "option.zarr"):
        assert stored(name).y.dtype == np.float32


def test_the_summary_tells_members_path_speed_and_ranges(command):
    status, out, _ = command("run", "lorenz63", "--members", "1200", "--t-end", "1", "--out", "e.zarr")
    assert status == 0
    text = "\n".join(out)
    assert "1,200 of lorenz63" in text
    assert re.search(r"^path +lanes$", text, re.M)
    assert re.search(r"^time .* member-steps/s", text, re.M)
    assert re.search(r"^failed +0$", text, re.M)
    assert "e.zarr" in out[-1]
    final = stored("e.zarr").y_final.values
    low, high = map(float, re.search(r"z in \[(.*), (.*)\]", text).groups())
    assert (low, high) == (pytest.approx(final[:, 2].min(), rel=1e-5), pytest.approx(final[:, 2].max(), rel=1e-5))


def test_quiet_says_nothing(command):
    assert command("run", "lorenz63", "--t-end", "0.1", "--quiet") == (0, [], [])


def test_members_that_fail_are_counted_and_take_no_other_down(command):
    states = np.ones((10, 3))
    states[4] = np.nan
    np.save("y0.npy", states)
    status, out, _ = command("run", "lorenz63", "--y0", "y0.npy", "--t-end", "0.1", "--out", "f.zarr")
    assert status == 0
    assert any(re.match(r"failed +1 \(1: The state became infinite or NaN\)", line) for line in out)
    assert stored("f.zarr").status.values.tolist() == [0, 0, 0, 0, -1, 0, 0, 0, 0, 0]


def test_a_run_of_which_nothing_is_left_fails(command):
    status, _, err = command("run", "lorenz63", "--dt", "10", "--t-end", "1000")
    assert status == 1
    assert len(err) == 1
    assert "every member failed" in err[0]


def test_a_store_says_how_it_was_made(command):
    words = ("run", "model.py:reaction", "--members", "3", "--param", "b=2:4", "--param", "a=1.5", *SHORT)
    assert command(*words, "--out", "a.zarr")[0] == 0
    attributes = stored("a.zarr").attrs
    assert attributes["system"] == "reaction"
    assert attributes["method"] == "RK4"
    assert attributes["dt"] == 0.01
    assert attributes["t_span"] == [0.0, 0.5]
    assert attributes["params"] == {"a": 1.5, "b": "2 to 4"}
    assert attributes["fastsci_version"] == fastsci.__version__
    assert attributes["command"] == "fastsci " + " ".join((*words, "--out", "a.zarr"))


def test_a_picture_alone_and_with_a_parameter_that_varies(command):
    words = ("run", "model.py:reaction", "--members", "6000", *SHORT, "--quiet")
    assert command(*words, "--param", "b=2:4", "--plot", "p.png")[0] == 0
    picture = matplotlib.image.imread("p.png")
    assert picture.shape[0] > 800
    assert picture.shape[1] > 800
    rows = picture[..., :3].std(axis=(1, 2))
    # Every quarter of the height, one for each kind of view, holds something.
    assert all(quarter.max() > 0.1 for quarter in np.array_split(rows, 4))
    assert len(np.unique((picture[::7, ::7, :3] * 255).astype(int).reshape(-1, 3), axis=0)) > 100


@pytest.mark.parametrize("words", [("lorenz63", "--t-end", "1"), ("robertson", "--members", "30", "--t-end", "0.01")])
def test_a_picture_of_one_member_and_of_a_few(command, words):
    assert command("run", *words, "--plot", "p.png")[0] == 0
    assert matplotlib.image.imread("p.png")[..., :3].std() > 0.05


def test_a_picture_leaves_failed_members_out(command):
    states = np.random.default_rng(0).normal(1.0, 0.2, (300, 3))
    states[::7] = np.nan
    np.save("y0.npy", states)
    assert command("run", "lorenz63", "--y0", "y0.npy", "--t-end", "1", "--plot", "p.png")[0] == 0
    assert matplotlib.image.imread("p.png")[..., :3].std() > 0.05


def test_a_map_is_no_flow_and_a_size_makes_a_system(command, refused):
    assert "is a map" in refused("run", "henon")
    assert command("run", "lorenz96:n=6", "--t-end", "0.1", "--out", "l.zarr")[0] == 0
    assert stored("l.zarr").sizes["state"] == 6
