"""``fastsci lyapunov``: what it prints, keeps and draws is what ``lyapunov_spectrum`` computes."""

import re
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import fastsci
from fastsci import lyapunov_plot
from fastsci.cli import lyapunov as lyapunov_command
from fastsci.cli import main

OWN = """\
import fastsci


def bare(t, u, p):
    x, v = u
    k, friction = p
    return v, -k * x - friction * v


def tent(t, u, p):
    (x,) = u
    (slope,) = p
    return (slope * min(x, 1.0 - x),)


def unnamed(t, u, p):
    return (-p[0] * u[0], -p[1] * u[1])
"""

SHORT = ("--t-transient", "100", "--t-total", "1000")
LOGISTIC = ("lyapunov", "logistic", *SHORT, "--y0", "0.3")


@pytest.fixture
def own(folder):
    (folder / "own.py").write_text(OWN)
    return folder


def logistic(r):
    return fastsci.lyapunov_spectrum(
        fastsci.systems.logistic, y0=[0.3], params={"r": r}, t_transient=100, t_total=1000
    )  # fmt: skip


def line(out, label):
    """What the summary says under one label."""
    return next(row[11:] for row in out if row.startswith(f"{label} "))


def test_the_table_of_lorenz_63_is_that_of_the_literature(command):
    status, out, err = command("lyapunov", "lorenz63", "--t-transient", "50", "--t-total", "1000")
    assert (status, err) == (0, [])
    rows = [re.findall(r"-?\d+(?:\.\d+)?", row) for row in out if re.match(r" +[123] +-?\d", row)]
    found = {int(place): (float(value), float(error)) for place, value, error in rows}
    # Sprott, Chaos and Time-Series Analysis (2003): 0.9056, 0, -14.5723; Kaplan-Yorke dimension 2.06215.
    for place, expected in ((1, 0.9056), (2, 0.0), (3, -14.5723)):
        value, error = found[place]
        assert 0.0 < error < 0.05
        assert abs(value - expected) < 3 * error + 0.01
    assert float(line(out, "sum")) == pytest.approx(-41 / 3, abs=1e-3)
    assert line(out, "dimension").startswith("2.06")
    assert float(line(out, "entropy").split()[0]) == pytest.approx(found[1][0] + max(found[2][0], 0), abs=2e-3)
    assert line(out, "chaotic").startswith("yes")
    assert line(out, "path") == "lanes"
    assert "t = 50 left out, 1,000 counted, by RK4, dt = 0.005" in line(out, "span")


def test_what_was_used_is_said_where_nothing_was_asked(command):
    status, out, _ = command("lyapunov", "logistic", "--param", "r=4", "--y0", "0.3")
    assert status == 0
    assert line(out, "span") == "10,000 iterations left out, 50,000 counted"
    value = float(next(row for row in out if row.split()[:1] == ["1"]).split()[1])
    assert value == pytest.approx(np.log(2), abs=1e-3)


@pytest.mark.parametrize(
    ("members", "steps"), [(1, (10_000, 50_000)), (20_000, (10_000, 50_000)), (2**18, (2_000, 10_000))]
)
def test_very_many_members_take_fewer_steps(members, steps):
    assert lyapunov_command._default_steps(members) == steps


def test_a_sweep_keeps_what_the_library_computes(command):
    words = (*LOGISTIC, "--param", "r=2.9:4.1:25", "--out")
    status, out, _ = command(*words, "a.npz")
    assert status == 0
    assert command(*words, "a.csv", "--quiet") == (0, [], [])
    r = np.linspace(2.9, 4.1, 25)
    expected = logistic(r)
    failed = r > 4
    with np.load("a.npz") as kept:
        np.testing.assert_array_equal(kept["r"], r)
        np.testing.assert_array_equal(kept["exponents"], expected.exponents)
        np.testing.assert_array_equal(kept["stderr"], expected.stderr)
        np.testing.assert_array_equal(kept["status"], expected.status)
        np.testing.assert_array_equal(np.isnan(kept["exponents"][:, 0]), failed)
    assert Path("a.csv").read_text().splitlines()[0] == ("r,exponent_1,stderr_1,kaplan_yorke_dimension,entropy,status")
    table = np.loadtxt("a.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(table[:, 0], r)
    np.testing.assert_array_equal(table[:, 1], expected.exponents[:, 0])
    assert line(out, "failed").startswith(f"{failed.sum()} (")
    assert line(out, "parameter") == "r = 2.9 to 4.1, 25 values"
    clear = int((expected.exponents[:, 0] > 3 * expected.stderr[:, 0]).sum())
    assert 0 < clear < 25
    assert line(out, "chaotic").startswith(f"{clear} of 25")


def test_two_ranges_are_a_grid_even_if_they_are_as_long(command):
    words = ("lyapunov", "henon", *SHORT, "--param", "a=1:1.3:6", "--param", "b=0.1:0.3:6")
    assert command(*words, "--out", "a.npz", "--plot", "a.png")[0] == 0
    a, b = np.meshgrid(np.linspace(1, 1.3, 6), np.linspace(0.1, 0.3, 6), indexing="ij")
    expected = fastsci.lyapunov_spectrum(
        fastsci.systems.henon, params={"a": a.ravel(), "b": b.ravel()}, k=1, t_transient=100, t_total=1000
    )
    with np.load("a.npz") as kept:
        assert kept["exponents"].shape == (6, 6, 1)
        np.testing.assert_array_equal(kept["exponents"].ravel(), expected.exponents[:, 0])
        np.testing.assert_array_equal(kept["b"], np.linspace(0.1, 0.3, 6))
    assert matplotlib.image.imread("a.png")[..., :3].std() > 0.05


def test_blocks_of_members_make_the_same_sweep(command, monkeypatch):
    words = (*LOGISTIC, "--param", "r=3:4:100", "--quiet", "--out")
    assert command(*words, "whole.npz")[0] == 0
    monkeypatch.setattr(lyapunov_command, "BLOCK_NUMBERS", lyapunov_command.HISTORY * 32)
    assert command(*words, "parts.npz")[0] == 0
    with np.load("whole.npz") as whole, np.load("parts.npz") as parts:
        for name in whole:
            np.testing.assert_array_equal(whole[name], parts[name])


def test_the_history_of_one_member_is_kept_and_ends_at_its_exponents(command):
    assert command("lyapunov", "henon", *SHORT, "--out", "a.npz", "--plot", "a.png", "--quiet")[0] == 0
    with np.load("a.npz") as kept:
        assert kept["exponents"].shape == (2,)
        np.testing.assert_array_equal(kept["history"][:, -1], kept["exponents"])
        assert kept["t"][-1] == 1000
        # A constant contraction: ln 0.3 at any time.
        np.testing.assert_allclose(kept["history"].sum(axis=0), np.log(0.3), rtol=1e-9)
    assert matplotlib.image.imread("a.png")[..., :3].std() > 0.05


@pytest.mark.parametrize(
    ("words", "exponents"),
    [
        (("own.py:bare", "--param", "k=4", "--param", "friction=1", "--y0", "1,0", "--dt", "0.01"), [-0.5, -0.5]),
        (("own.py:tent", "--map", "--param", "slope=1.5", "--y0", "0.3"), [np.log(1.5)]),
        (("own.py:unnamed", "--param", "p0=1", "--param", "p1=2", "--y0", "1,1", "--dt", "0.01"), [-1.0, -2.0]),
    ],
)
def test_functions_of_the_user(command, own, words, exponents):
    assert command("lyapunov", *words, *SHORT, "--out", "a.npz", "--quiet")[0] == 0
    with np.load("a.npz") as kept:
        np.testing.assert_allclose(kept["exponents"], exponents, atol=2e-3)


def test_a_decaying_spiral_is_not_chaotic(command, own):
    words = ("own.py:bare", "--param", "k=4", "--param", "friction=0:1:5", "--y0", "1,0", "--dt", "0.01", *SHORT)
    status, out, _ = command("lyapunov", *words)
    assert status == 0
    assert line(out, "chaotic").startswith("0 of 5")


def test_a_run_in_which_every_member_escapes_has_failed(command):
    status, _, err = command(*LOGISTIC, "--param", "r=5:6:3", "--plot", "a.png", "--quiet")
    assert status == 1
    assert len(err) == 1
    assert "every member failed" in err[0]
    assert not Path("a.png").exists()


def test_nothing_is_replaced_unasked(command, refused):
    Path("a.npz").write_text("precious")
    assert "a.npz exists already" in refused(*LOGISTIC, "--out", "a.npz")
    assert Path("a.npz").read_text() == "precious"
    assert command(*LOGISTIC, "--out", "a.npz", "--overwrite")[0] == 0
    with np.load("a.npz") as kept:
        assert "exponents" in kept
    assert sorted(path.name for path in Path().iterdir() if "partial" in path.name) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required: SYSTEM"),
        (["logistics"], "did you mean 'logistic'"),
        (["lorenz63", "--param", "tau=1"], "no parameter 'tau'; it has sigma, rho, beta"),
        (["lorenz63", "--param", "rho=1:2", "--param", "sigma=1:2", "--param", "beta=1:2"], "expected two at most"),
        (["lorenz63", "--k", "4"], "--k: is 4, expected 1 to 3"),
        (["lorenz63", "--k", "0"], "--k: is 0, expected 1 to 3"),
        (["lorenz63", "--dt", "0"], "--dt: is 0.0, expected a positive finite step"),
        (["own.py:bare", "--param", "k=1", "--param", "friction=1", "--y0", "1,0"], "--dt: is missing"),
        (["own.py:bare", "--dt", "0.1"], "no default for k, friction"),
        (["logistic", "--dt", "0.1"], "--dt: is 0.1, but logistic is a map"),
        (["logistic", "--method", "RK4"], "--method: is RK4, but logistic is a map"),
        (["logistic", "--t-total", "2"], "--t-total: is 2.0, 2 steps of 1, expected at least 8"),
        (["logistic", "--t-transient", "-1"], "--t-transient: is -1.0"),
        (["logistic", *SHORT, "--qr-every", "500"], "--qr-every: is 500, expected at most 125, an eighth of the 1000"),
        (["logistic", "--y0", "1,2"], "--y0: 1,2 has 2 numbers, but logistic has 1"),
        (["logistic", "--y0", "two.csv"], "--y0: two.csv has 2 rows, expected one state"),
        (["logistic", "--device", "tpu"], "--device: is 'tpu'"),
        (["logistic", "--dtype", "int8"], "--dtype: is 'int8'"),
        (["logistic", "--out", "a.zarr"], "--out: a.zarr ends in none of .csv, .npz"),
        (["logistic", "--out", "nowhere/a.npz"], "--out: no folder nowhere"),
        (["logistic", "--plot", "a.gif"], "--plot: a.gif ends in none of"),
        (["lorenz63", "--method", "RK5"], "--method: is 'RK5', expected an explicit Runge-Kutta method"),
    ],
)  # fmt: skip
def test_a_wrong_command_is_refused(refused, own, words, said):
    (own / "two.csv").write_text("0.1\n0.2\n")
    assert said in refused("lyapunov", *words)


def test_the_sweep_that_is_drawn_is_the_sweep(own):
    r = np.linspace(3, 4, 300)
    found = logistic(r)
    figure = lyapunov_plot.compose(
        lyapunov_plot.Sweep("logistic", "per iteration", "r", r, found.exponents, found.stderr)
    )
    axis = figure.axes[-1]
    assert axis.get_xlabel() == "r"
    drawn = next(drawn for drawn in axis.lines if len(drawn.get_xdata()) == 300)
    np.testing.assert_array_equal(drawn.get_ydata(), found.exponents[:, 0])
    low, high = axis.get_ylim()
    assert low < 0.0 < np.log(2) < high


def test_a_map_of_exponents_is_white_at_zero_and_grey_where_members_failed():
    exponent = np.array([[-1.0, 0.0, 2.0], [np.nan, -np.inf, 1.0]])
    picture = lyapunov_plot.ExponentMap(
        "made up", "per unit of t", ("across", "up"), (np.array([1.0, 0.0]), np.array([0.0, 1.0, 2.0])), exponent
    )
    figure = lyapunov_plot.compose(picture)
    axis, bar = figure.axes
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("across", "up")
    assert bar.get_ylabel() == "largest Lyapunov exponent (per unit of t)"
    image = axis.images[0]
    colours = image.cmap(image.norm(image.get_array()))
    assert colours.shape == (3, 2, 4)  # the parameter that falls is turned to rise
    np.testing.assert_allclose(colours[1, 1, :3], 0.97, atol=0.02)  # white: no exponent to speak of
    assert colours[2, 1, 0] > colours[2, 1, 2]  # red: positive
    assert colours[0, 1, 0] < colours[0, 1, 2]  # blue: negative
    assert colours[1, 0, 0] < colours[1, 0, 2]  # minus infinity too
    np.testing.assert_allclose(colours[0, 0, :3], [0xB9 / 255, 0xB9 / 255, 0xB0 / 255], atol=1e-6)


@pytest.mark.parametrize("suffix", ["pdf", "svg"])
def test_other_formats(command, suffix):
    assert command(*LOGISTIC, "--param", "r=3:4:30", "--plot", f"a.{suffix}", "--quiet")[0] == 0
    assert Path(f"a.{suffix}").stat().st_size > 5000


def test_a_range_of_one_value_is_a_picture_too(command):
    assert command(*LOGISTIC, "--param", "r=3.9:3.9:1", "--plot", "a.png", "--quiet")[0] == 0
    assert matplotlib.image.imread("a.png")[..., :3].std() > 0.01


def test_many_exponents_are_listed_in_part_and_drawn_together(command):
    words = ("lyapunov", "lorenz96:n=28", "--t-transient", "5", "--t-total", "10", "--plot", "a.png")
    status, out, _ = command(*words)
    assert status == 0
    assert any("and 4 more, down to" in row for row in out)
    assert float(line(out, "sum")) == pytest.approx(-28, rel=1e-6)
    assert matplotlib.image.imread("a.png")[..., :3].std() > 0.05


def test_fewer_exponents_than_the_dimension_needs_say_so(command):
    status, out, _ = command("lyapunov", "henon", "--k", "1", *SHORT)
    assert status == 0
    assert line(out, "dimension") == "needs more exponents; leave --k out"
    assert not any(row.startswith("sum") for row in out)


def test_in_a_process_of_its_own(process, folder):
    words = ("lyapunov", "logistic", *SHORT, "--y0", "0.3", "--param", "r=3:4:50", "--plot", "a.png")
    ran = process(*words, cwd=folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "picture    a.png" in ran.stdout
    assert (folder / "a.png").stat().st_size > 20_000
    wrong = process("lyapunov", "logistic", "--k", "9", cwd=folder)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


def test_help_says_that_ranges_make_a_grid(capsys):
    assert main(["lyapunov", "--help"]) == 0
    assert "Two ranges always make a grid" in capsys.readouterr().out
