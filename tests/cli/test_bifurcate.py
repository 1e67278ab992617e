"""``fastsci bifurcate``: what it keeps is what ``iterate_map`` computes, and what it draws is what it keeps."""

from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import fastsci
from fastsci import bifurcation_plot, storage
from fastsci.cli import bifurcate as bifurcate_command

MAPS = """\
import fastsci

@fastsci.system(kind="map", params={"a": 1.4, "b": 0.3}, default_y0=(0.1, 0.1))
def own(t, u, p):
    x, y = u
    a, b = p
    return 1.0 - a * x * x + y, b * x

def bare(t, u, p):
    (x,) = u
    (r,) = p
    return (r * x * (1.0 - x),)

def unnamed(t, u, p):
    return (p[0] * u[0] * (1.0 - u[0]),)

@fastsci.system
def flow(t, u, p):
    x, v = u
    return v, -x
"""

SHORT = ("--transient", "100", "--keep", "20", "--quiet")


@pytest.fixture
def maps(folder):
    (folder / "maps.py").write_text(MAPS)
    return folder


def expected(system, steps=120, keep=20, **more):
    return fastsci.iterate_map(system, steps, save_last=keep, **more)


def test_npz_holds_bit_for_bit_what_iterate_map_returns(command):
    status, out, err = command("bifurcate", "logistic", "--param", "r=2.5:4.1:61", *SHORT, "--out", "a.npz")
    assert (status, out, err) == (0, [], [])
    r = np.linspace(2.5, 4.1, 61)
    result = expected(fastsci.systems.logistic, params={"r": r})
    with np.load("a.npz") as kept:
        assert sorted(kept) == ["iteration", "r", "status", "x"]
        np.testing.assert_array_equal(kept["r"], r)
        np.testing.assert_array_equal(kept["x"], result.y[:, 0])
        np.testing.assert_array_equal(kept["iteration"], np.arange(101, 121))
        np.testing.assert_array_equal(kept["status"], result.status)
        assert (kept["status"] < 0).sum() == (r > 4).sum()


def test_a_parameter_called_like_another_array(command):
    Path("named.py").write_text(
        "def f(t, u, p):\n    (x,) = u\n    (status,) = p\n    return (status * x * (1 - x),)\n"
    )
    words = ("bifurcate", "named.py:f", "--param", "status=2:3:4", "--y0", "0.3", *SHORT)
    assert command(*words, "--out", "a.npz")[0] == 0
    with np.load("a.npz") as kept:
        np.testing.assert_array_equal(kept["status"], np.zeros(4))
        np.testing.assert_array_equal(kept["status_parameter"], np.linspace(2, 3, 4))


def test_csv_has_one_row_a_state(command):
    words = ("bifurcate", "henon", "--param", "a=1:1.2:3", "--param", "b=0.2", "--component", "y", *SHORT)
    assert command(*words, "--out", "a.csv")[0] == 0
    lines = Path("a.csv").read_text().splitlines()
    assert lines[0] == "a,iteration,y"
    table = np.loadtxt("a.csv", delimiter=",", skiprows=1).reshape(3, 20, 3)
    result = expected(fastsci.systems.henon, params={"a": np.linspace(1, 1.2, 3), "b": 0.2})
    np.testing.assert_array_equal(table[:, :, 2], result.y[:, 1])
    np.testing.assert_array_equal(table[:, 0, 0], np.linspace(1, 1.2, 3))
    np.testing.assert_array_equal(table[1, :, 1], result.t)


def test_zarr_is_a_store_of_the_component(command):
    words = ("bifurcate", "henon", "--param", "a=1:1.2:9", "--component", "y", *SHORT, "--out", "a.zarr")
    assert command(*words)[0] == 0
    result = expected(fastsci.systems.henon, params={"a": np.linspace(1, 1.2, 9)})
    with storage.open_store("a.zarr") as store:
        np.testing.assert_array_equal(store.y.values, result.y[:, 1:])
        np.testing.assert_array_equal(store.time.values, result.t)
        np.testing.assert_array_equal(store.a.values, np.linspace(1, 1.2, 9))
        np.testing.assert_array_equal(store.b.values, np.full(9, 0.3))
        assert store.state.values.tolist() == ["y"]
        assert store.attrs["varied"] == ["a"]


def test_blocks_of_members_make_the_same_diagram(command, monkeypatch):
    words = ("bifurcate", "henon", "--param", "a=1:1.4:1000", *SHORT)
    assert command(*words, "--out", "whole.npz")[0] == 0
    monkeypatch.setattr(bifurcate_command, "BLOCK_BYTES", 128 * 2 * 24 * 8)
    assert command(*words, "--out", "parts.npz")[0] == 0
    with np.load("whole.npz") as whole, np.load("parts.npz") as parts:
        for name in whole:
            np.testing.assert_array_equal(whole[name], parts[name])


@pytest.mark.parametrize(
    ("words", "y0"),
    [
        (("--y0", "0.2,-0.1"), (0.2, -0.1)),
        (("--y0", "2e-1, -.1"), (0.2, -0.1)),
        (("--y0", "start.csv"), (0.25, 0.5)),
        ((), fastsci.systems.henon.default_y0),
    ],
)
def test_where_every_member_starts(command, words, y0):
    Path("start.csv").write_text("y,x\n0.5,0.25\n")
    words = ("bifurcate", "henon", "--param", "a=1:1.2:5", *words, "--out", "a.npz")
    assert command(*words, "--transient", "0", "--keep", "3", "--quiet")[0] == 0
    result = expected(fastsci.systems.henon, 3, 3, y0=np.array(y0), params={"a": np.linspace(1, 1.2, 5)})
    with np.load("a.npz") as kept:
        np.testing.assert_array_equal(kept["x"], result.y[:, 0])


@pytest.mark.parametrize(
    ("name", "words", "component"),
    [
        ("maps.py:own", ("--param", "a=1:1.1:4"), "x"),
        ("maps.py:bare", ("--param", "r=3:4:4", "--y0", "0.3"), "x"),
        ("maps.py:unnamed", ("--param", "p0=3:4:4", "--y0", "0.3"), "u[0]"),
    ],
)
def test_maps_of_the_user(command, maps, name, words, component):
    assert command("bifurcate", name, *words, *SHORT, "--out", "a.npz")[0] == 0
    with np.load("a.npz") as kept:
        assert kept[component].shape == (4, 20)
        assert np.isfinite(kept[component]).all()


def test_a_network_and_its_size(command):
    words = ("bifurcate", "rulkov_chain:n=3", "--param", "epsilon=0:0.1:5", "--component", "x2", *SHORT)
    assert command(*words, "--out", "a.npz")[0] == 0
    with np.load("a.npz") as kept:
        assert kept["x2"].shape == (5, 20)


def test_the_summary_says_what_came_out(command):
    words = ("bifurcate", "logistic", "--param", "r=3:4.5:4", "--transient", "2000", "--keep", "10")
    status, out, err = command(*words, "--out", "a.npz")
    assert (status, err) == (0, [])
    assert out[0] == "parameter  r = 3 to 4.5 of logistic, 4 values"
    assert out[1] == "iterations 2,000 left out, 10 kept, float64"
    assert out[2] == "path       lanes"
    assert out[4] == "failed     1 (1: The state became infinite or NaN)"
    assert out[5].startswith("kept       x in [")
    assert out[6] == "kept in    a.npz"


def test_a_run_in_which_every_member_escapes_has_failed(command):
    status, _, err = command("bifurcate", "logistic", "--param", "r=5:6:4", "--quiet", "--plot", "a.png")
    assert status == 1
    assert err == [
        "fastsci: error: every member failed (4: The state became infinite or NaN); try another range, or --y0"
    ]
    assert not Path("a.png").exists()


def test_nothing_is_replaced_unasked(command, refused):
    words = ("bifurcate", "logistic", "--param", "r=3:4:4", *SHORT, "--out", "a.npz")
    Path("a.npz").write_text("precious")
    assert "a.npz exists already" in refused(*words)
    assert Path("a.npz").read_text() == "precious"
    assert command(*words, "--overwrite")[0] == 0
    with np.load("a.npz") as kept:
        assert kept["x"].shape == (4, 20)
    assert sorted(path.name for path in Path().iterdir() if "partial" in path.name) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required: SYSTEM, --param"),
        (["logistic"], "required: --param"),
        (["lorenz63", "--param", "rho=1:2:3"], "is a flow, and bifurcate iterates maps"),
        (["maps.py:flow", "--param", "k=1:2:3"], "is a flow, and bifurcate iterates maps"),
        (["logistics", "--param", "r=1:2:3"], "did you mean 'logistic'"),
        (["logistic", "--param", "r=3"], "r=3 is given, expected one range with its number of values, such as r=A:B"),
        (["logistic", "--param", "r=3:4"], "expected one range with its number of values"),
        (["henon", "--param", "a=1:2:3", "--param", "b=1:2:3"], "a=1:2:3, b=1:2:3 is given, expected one range"),
        (["logistic", "--param", "q=3:4:5"], "no parameter 'q'; it has r"),
        (["logistic", "--param", "r=3:4:5", "--keep", "0"], "--keep: is 0, expected at least 1"),
        (["logistic", "--param", "r=3:4:5", "--transient", "-1"], "--transient: is -1, expected at least 0"),
        (["henon", "--param", "a=1:2:3", "--component", "z"], "--component: henon has no 'z'; it has x, y"),
        (["henon", "--param", "a=1:2:3", "--y0", "1"], "--y0: 1 has 1 numbers, but henon has 2 (x, y)"),
        (["henon", "--param", "a=1:2:3", "--y0", "nowhere.csv"], "--y0: no file nowhere.csv"),
        (["maps.py:bare", "--param", "r=1:2:3"], "--y0: is missing"),
        (["logistic", "--param", "r=3:4:5", "--plot", "a.gif"], "--plot: a.gif ends in none of"),
        (["logistic", "--param", "r=3:4:5", "--out", "a.txt"], "--out: a.txt ends in none of .zarr, .npz, .csv"),
        (["logistic", "--param", "r=3:4:5", "--out", "nowhere/a.npz"], "--out: no folder nowhere"),
        (["logistic", "--param", "r=3:4:5", "--dtype", "int8"], "--dtype: is 'int8'"),
        (["logistic", "--param", "r=3:4:5", "--device", "tpu"], "--device: is 'tpu'"),
    ],
)  # fmt: skip
def test_a_wrong_command_is_refused(refused, maps, words, said):
    assert said in refused("bifurcate", *words)


def test_run_points_from_maps_to_bifurcate(refused):
    assert "`fastsci bifurcate` iterates maps" in refused("run", "logistic")


def darkest(picture, r, x, across, up):
    """Greatest darkness of the diagram's pixels around a point, 0 for white."""
    left, width = bifurcation_plot.LEFT, bifurcation_plot.COLUMNS
    above, height = bifurcation_plot.ABOVE, bifurcation_plot.ROWS
    column = left + round((r - across[0]) / (across[1] - across[0]) * width)
    row = above + round((up[1] - x) / (up[1] - up[0]) * height)
    return 1.0 - picture[row - 4 : row + 5, column - 4 : column + 5, :3].min()


def test_the_picture_shows_the_cascade_where_it_is(command):
    words = ("bifurcate", "logistic", "--param", "r=2.8:4:1100", "--transient", "3000", "--plot", "a.png", "--quiet")
    assert command(*words)[0] == 0
    picture = matplotlib.image.imread("a.png")
    assert picture.shape == (1440, 2600, 4)
    r = np.linspace(2.8, 4.0, 1100)
    kept = fastsci.iterate_map(fastsci.systems.logistic, 3200, params={"r": r}, save_last=200).y
    pad = 0.02 * (kept.max() - kept.min())
    across, up = (2.8, 4.0), (kept.min() - pad, kept.max() + pad)
    for value in (2.9, 3.2, 3.4):
        root = max(0.0, (value - 3) * (value + 1)) ** 0.5
        cycle = [1 - 1 / value] if value < 3 else [(value + 1 - root) / (2 * value), (value + 1 + root) / (2 * value)]
        for x in cycle:
            assert darkest(picture, value, x, across, up) > 0.5
        assert darkest(picture, value, 0.2, across, up) == 0.0
    assert darkest(picture, 3.835, 0.7, across, up) == 0.0  # inside the window of period three


def test_values_at_which_the_map_escapes_are_tinted(command):
    words = ("bifurcate", "logistic", "--param", "r=3:5:400", "--plot", "a.png", "--quiet")
    assert command(*words)[0] == 0
    picture = matplotlib.image.imread("a.png")
    row = bifurcation_plot.ABOVE + bifurcation_plot.ROWS // 2
    right = picture[row, bifurcation_plot.LEFT + int(0.9 * bifurcation_plot.COLUMNS), :3]
    tint = [int(bifurcation_plot.ESCAPED[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    np.testing.assert_allclose(right, tint, atol=1e-2)


@pytest.mark.parametrize("suffix", ["pdf", "svg"])
def test_other_formats(command, suffix):
    words = ("bifurcate", "logistic", "--param", "r=3:4:50", *SHORT, "--plot", f"a.{suffix}")
    assert command(*words)[0] == 0
    assert Path(f"a.{suffix}").stat().st_size > 5000


@pytest.mark.parametrize("count", [1, 2])
def test_a_few_values_are_a_picture_too(command, count):
    assert command("bifurcate", "logistic", "--param", f"r=3.2:3.3:{count}", *SHORT, "--plot", "a.png")[0] == 0
    assert matplotlib.image.imread("a.png").shape == (1440, 2600, 4)


def test_shares_are_those_of_a_plain_count():
    states = np.random.default_rng(4).normal(size=(23, 17))
    states[5] = np.nan
    limits, columns, rows = (-1.5, 2.0), 7, 9
    counted = np.zeros((rows, columns))
    for member, row in enumerate(states):
        for state in row:
            if limits[0] <= state <= limits[1]:
                place = min(int((state - limits[0]) / (limits[1] - limits[0]) * rows), rows - 1)
                counted[place, member * columns // 23] += 1
    found = bifurcation_plot.shares(states, limits, columns, rows)
    np.testing.assert_allclose(found, counted / counted.sum(axis=0), rtol=1e-15)
    np.testing.assert_allclose(found.sum(axis=0), 1.0, rtol=1e-14)
    lost = bifurcation_plot.shares(np.full((2, 3), np.nan), limits, 2, 4)
    assert np.isnan(lost).all()


def test_shares_in_blocks_are_shares_in_one_piece(monkeypatch):
    states = np.random.default_rng(5).normal(size=(50, 8))
    whole = bifurcation_plot.shares(states, (-2.0, 2.0), 12, 6)
    monkeypatch.setattr(bifurcation_plot, "BLOCK", 24)
    np.testing.assert_array_equal(bifurcation_plot.shares(states, (-2.0, 2.0), 12, 6), whole)
