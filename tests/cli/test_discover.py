"""``fastsci discover``: the equations of a file are found, however the file is laid out."""

import json
import re
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import fastsci
from fastsci import systems
from fastsci.cli.discover import parse_library
from fastsci.sparse.ensembling import EnsembleSINDy
from fastsci.sparse.libraries import PolynomialLibrary
from fastsci.sparse.sindy import SINDy
from fastsci.sparse.thresholding import STLSQ
from tests.sparse.trajectories_of import TRUTHS, coefficients, lorenz96_truth, sampled

NAMES = {"lotka_volterra": ["prey", "predators"], "van_der_pol": ["x", "v"], "duffing": ["x", "v"]}
T = 0.01 * np.arange(2000)
DECAY, RATE = -0.05, np.sqrt(4.0 - 0.05**2)
X = np.exp(DECAY * T) * np.cos(RATE * T)
V = np.exp(DECAY * T) * (DECAY * np.cos(RATE * T) - RATE * np.sin(RATE * T))
OSCILLATOR = np.array([[0.0, 0.0, 1.0], [0.0, -4.0, -0.1]])  # x' = v, v' = -4 x - 0.1 v


def save(name, columns, header=""):
    np.savetxt(name, np.column_stack(columns), delimiter=",", header=header, comments="", fmt="%.17g")


@pytest.fixture
def found(command):
    """Run the command; what it keeps as JSON, and what it prints."""

    def run(*words):
        status, out, err = command("discover", *words, "--json", "kept.json", "--overwrite")
        assert (status, err) == (0, [])
        return json.loads(Path("kept.json").read_text()), out

    return run


def is_oscillator(kept, atol=2e-3):
    np.testing.assert_array_equal(np.array(kept["coef"]) != 0, OSCILLATOR != 0)
    np.testing.assert_allclose(kept["coef"], OSCILLATOR, atol=atol)


def test_a_table_with_a_header_and_times(folder, found):
    save("data.csv", [T, X, V], "t,x,v")
    kept, out = found("data.csv", "--degree", "1", "--threshold", "0.05")
    is_oscillator(kept)
    assert (kept["states"], kept["terms"], kept["kind"]) == (["x", "v"], ["1", "x", "v"], "flow")
    assert out[-4:-1] == ["", *kept["equations"]]
    assert out[-1] == "kept in    kept.json"
    assert kept["equations"][0].startswith("x' = (0.99")
    assert out[0] == "data       data.csv, 2,000 samples of x, v; 1 trajectory, dt = 0.01"
    assert "3 terms of 6 (1 + 2)" in out[2]
    model = SINDy(PolynomialLibrary(degree=1), STLSQ(threshold=0.05)).fit(np.column_stack([X, V]), t=0.01)
    np.testing.assert_allclose(kept["coef"], model.coef_, rtol=1e-9)
    assert kept["r2"] == pytest.approx(model.score(np.column_stack([X, V]), t=0.01), abs=1e-9)
    errors = np.array(kept["standard_errors"])
    assert ((errors > 0) == (OSCILLATOR != 0)).all()


@pytest.mark.parametrize("layout", ["bare", "npy", "numbers", "unsorted", "uneven"])
def test_the_layout_of_the_file_does_not_matter(folder, found, layout):
    words = ["--degree", "1", "--threshold", "0.05"]
    if layout == "bare":
        save("data.csv", [X, V])
        words += ["--time", "0.01"]
    elif layout == "npy":
        np.save("data.npy", np.column_stack([T, X, V]))
        words += ["--time", "x1", "--states", "x2,x3"]
    elif layout == "numbers":
        save("data.csv", [np.ones(2000), V, T, X], "junk,v,clock,x")
        words += ["--time", "clock", "--states", "4,v"]
    elif layout == "unsorted":
        save("data.csv", [V, T, X], "v,Time,x")
        words += ["--states", "x,v"]
    else:
        kept_rows = np.delete(np.arange(2000), np.arange(3, 2000, 7))
        save("data.csv", [T[kept_rows], X[kept_rows], V[kept_rows]], "t,x,v")
    kept, out = found("data.npy" if layout == "npy" else "data.csv", *words)
    is_oscillator(kept, 5e-3)
    expected = {"bare": ["x1", "x2"], "npy": ["x2", "x3"]}.get(layout, ["x", "v"])
    assert kept["states"] == expected
    if layout == "uneven":
        assert "times 0.01 to 0.02 apart" in out[0]


def test_several_trajectories_are_told_apart(folder, found):
    half = np.arange(1000)
    order = np.random.default_rng(0).permutation(2000)
    order = np.sort(order[:1000]), np.sort(order[1000:])
    which = np.full(2000, "", dtype="<U5")
    which[order[0]], which[order[1]] = "first", "other"
    rows = np.empty((2000, 3))
    rows[order[0]] = np.column_stack([T, X, V])[half]
    rows[order[1]] = np.column_stack([T, 2 * X, 2 * V])[half]
    lines = [f"{label},{t:.17g},{x:.17g},{v:.17g}" for label, (t, x, v) in zip(which, rows, strict=True)]
    Path("data.csv").write_text("run,t,x,v\n" + "\n".join(lines) + "\n")
    kept, out = found("data.csv", "--trajectory", "run", "--degree", "1", "--threshold", "0.05")
    is_oscillator(kept)
    assert "2 trajectories" in out[0]
    parts = [np.column_stack([X, V])[half], 2 * np.column_stack([X, V])[half]]
    model = SINDy(PolynomialLibrary(degree=1)).fit(parts, t=0.01)
    np.testing.assert_allclose(np.array(kept["coef"])[0], model.coef_[0], rtol=1e-6)


def test_controls_drive_but_have_no_equation(folder, found):
    force = np.cos(3.0 * T)
    x = np.exp(-T) + (force + 3.0 * np.sin(3.0 * T) - np.exp(-T)) / 10.0  # x' = -x + force
    save("data.csv", [T, x, force], "t,x,force")
    kept, out = found("data.csv", "--controls", "force", "--degree", "1")
    assert (kept["states"], kept["controls"]) == (["x"], ["force"])
    np.testing.assert_allclose(kept["coef"], [[0.0, -1.0, 1.0]], atol=1e-3)
    assert "of x; driven by force" in out[0]


def test_a_map_is_found_exactly(folder, found):
    x = np.empty(300)
    x[0] = 0.3
    for k in range(1, 300):
        x[k] = 3.9 * x[k - 1] * (1.0 - x[k - 1])
    save("data.csv", [np.arange(300), x], "t,n")
    kept, out = found("data.csv", "--map", "--latex")
    np.testing.assert_allclose(kept["coef"], [[0.0, 3.9, -3.9]], atol=1e-9)
    assert kept["kind"] == "map"
    assert re.fullmatch(r"n\[k\+1\] = \(3\.90* ± 0\.0+\d\) n - \(3\.90* ± 0\.0+\d\) n\^2", kept["equations"][0])
    assert kept["latex"].startswith("\\begin{aligned}\nn\\left[k+1\\right] &= \\left(3.9000")
    assert kept["latex"] in "\n".join(out)


def test_rows_without_numbers_are_an_error_or_part_the_series(folder, found, refused):
    holed = X.copy()
    holed[[499, 500, 1200]] = np.nan
    save("data.csv", [T, holed, V], "t,x,v")
    said = refused("discover", "data.csv")
    assert "row 500 of data.csv holds no finite number for x and 2 more rows do; --drop-nan leaves" in said
    kept, out = found("data.csv", "--drop-nan", "--degree", "1", "--threshold", "0.05")
    is_oscillator(kept)
    assert "1,997 samples of x, v; 3 trajectories" in out[0]
    assert "note       3 rows without a number are left out, and part what stands before and after them" in out


def test_an_ensemble_says_how_often_terms_are_found(folder, found):
    rng = np.random.default_rng(0)
    save("data.csv", [T, X + 1e-4 * rng.normal(size=2000), V + 1e-4 * rng.normal(size=2000)], "t,x,v")
    kept, out = found("data.csv", "--degree", "1", "--threshold", "0.05", "--ensemble", "30", "--seed", "4")
    is_oscillator(kept, 0.02)
    model = EnsembleSINDy(30, library=PolynomialLibrary(degree=1), rng=4)
    data = np.loadtxt("data.csv", delimiter=",", skiprows=1)
    model.optimizer = None
    assert np.array(kept["inclusion_probability"]).shape == (2, 3)
    assert (np.array(kept["inclusion_probability"])[OSCILLATOR != 0] == 1.0).all()
    model.fit(data[:, 1:], t=0.01)
    np.testing.assert_allclose(np.array(kept["coef"])[0, 2], model.coef_[0, 2], rtol=1e-9)
    np.testing.assert_allclose(np.array(kept["standard_errors"])[0, 2], model.coef_std_[0, 2], rtol=1e-9)
    assert any(line.split()[:3] == ["x'", "v", "1.00"] for line in out)


def test_the_weak_form_withstands_noise_that_differences_do_not(folder, found):
    rng = np.random.default_rng(0)
    save("data.csv", [T, X + 0.1 * rng.normal(size=2000), V + 0.1 * rng.normal(size=2000)], "t,x,v")
    words = ("data.csv", "--degree", "1", "--threshold", "0.02")
    weak, out = found(*words, "--weak")
    assert "weak form" in out[1]
    strong, _ = found(*words)
    errors = [np.abs(np.array(kept["coef"]) - OSCILLATOR).max() for kept in (weak, strong)]
    is_oscillator(weak, 0.05)
    assert errors[1] > 2.0 * errors[0]


def test_smoothing_and_a_chosen_threshold(folder, found):
    rng = np.random.default_rng(0)
    save("data.csv", [T, X + 1e-3 * rng.normal(size=2000), V + 1e-3 * rng.normal(size=2000)], "t,x,v")
    smoothing = "savitzky_golay:window_length=31"
    kept, out = found("data.csv", "--degree", "1", "--differentiation", smoothing, "--threshold", "path")
    np.testing.assert_allclose(kept["coef"], OSCILLATOR, atol=0.02)
    assert "of the path, alpha 0.05; savitzky_golay:window_length=31" in out[1]


@pytest.mark.parametrize("name", [*TRUTHS, "lorenz96"])
def test_a_chosen_threshold_finds_the_equations_of_clean_series(folder, found, name):
    """Though central differences err systematically."""
    states, _, times = sampled(name, 5000, 49.99, 6 if name == "lorenz96" else None)
    header = NAMES.get(name, [f"x{i}" for i in range(6)] if name == "lorenz96" else ["x", "y", "z"])
    columns, words = [times, *states.T], []
    if name == "duffing":
        columns.append(np.cos(systems.get(name).params["omega"] * times))
        words = ["--controls", "cos"]
    save("data.csv", columns, ",".join(["t", *header, *words[1:]]))
    kept, out = found("data.csv", "--degree", "3", "--threshold", "path", *words)
    truth = coefficients(kept["terms"], lorenz96_truth(6) if name == "lorenz96" else TRUTHS[name])
    np.testing.assert_array_equal(np.array(kept["coef"]) != 0, truth != 0)
    np.testing.assert_allclose(kept["coef"], truth, rtol=0.05)
    assert any(
        re.fullmatch(r"note       derivatives err by up to [\d.]+ %, for which no term is sought", line) for line in out
    )


def test_terms_that_a_ridge_has_bent_are_told(folder, found):
    times = np.arange(0.0, 40.0, 0.01)

    def chain(t, u, p):
        prey, hunter, top = u
        return 0.7 * prey - 0.9 * prey * hunter, (0.6 * prey - 0.5 - 0.3 * top) * hunter, (0.35 * hunter - 0.4) * top

    run = fastsci.solve_ensemble(chain, (0.0, 40.0), [1.0, 0.8, 0.6], method="DOP853", t_eval=times)
    save("data.csv", [times, *run.y[0]], "t,prey,hunter,top")
    kept, out = found("data.csv", "--threshold", "0.05")
    below = np.count_nonzero((np.array(kept["coef"]) != 0) & (np.abs(kept["coef"]) < 0.05))
    assert below > 0
    assert f"note       {below} terms below the threshold, bent by the ridge; --alpha 1e-6 or --threshold path" in out
    for advice in (["--threshold", "0.05", "--alpha", "1e-6"], ["--threshold", "path"]):
        kept, out = found("data.csv", *advice)
        assert np.count_nonzero(kept["coef"]) == 7
        assert not any("bent by the ridge" in line for line in out)


def test_libraries_are_sums_of_products():
    assert parse_library(None, None).feature_names(["x"]) == ["1", "x", "x^2"]
    assert parse_library("poly:1 + poly:1*fourier:1", None).feature_names(["x"]) == [
        "1", "x", "sin(1 x)", "cos(1 x)", "x sin(1 x)", "x cos(1 x)",
    ]  # fmt: skip
    assert parse_library("identity", None).feature_names(["x", "y"]) == ["x", "y"]


def test_pictures_of_flows_and_maps(folder, command):
    save("flow.csv", [T, X, V], "t,x,v")
    x = np.empty(200)
    x[0] = 0.3
    for k in range(1, 200):
        x[k] = 3.9 * x[k - 1] * (1.0 - x[k - 1])
    save("map.csv", [x], "n")
    runs = (
        ("flow.csv", "--degree", "1", "--threshold", "0.05", "--ensemble", "10"),
        ("map.csv", "--map", "--threshold", "path"),
    )
    for words in runs:
        status, out, err = command("discover", *words, "--plot", "picture.png")
        assert (status, err, out[-1]) == (0, [], "picture    picture.png")
        assert matplotlib.image.imread("picture.png")[..., :3].std() > 0.05


def test_a_model_without_terms_is_a_failure(folder, command):
    save("data.csv", [T, X, V], "t,x,v")
    status, out, err = command("discover", "data.csv", "--threshold", "1000")
    assert (status, out) == (1, [])
    assert err == ["fastsci: error: no term is left in any equation; try a lower --threshold, or --threshold path"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.csv"], "DATA: no file none.csv; give a CSV or NPY file with one row a sample"),
        (["bare.csv"], "--time: bare.csv has no column t or time beside x1, x2, and a derivative needs the step"),
        (["bare.csv", "--time", "z"], "--time: bare.csv has no 'z'; it has x1, x2"),
        (["bare.csv", "--time", "-1"], "--time: is -1, expected a column or a positive step between two rows"),
        (["data.csv", "--states", "x,w"], "--states: data.csv has no 'w'; it has t, x, v"),
        (["data.csv", "--controls", "x,v"], "--states: data.csv holds no column beside t, x, v"),
        (["data.csv", "--trajectory", "x,v"], "--trajectory: is x,v, expected one column"),
        (["back.csv"], "--time: the times of back.csv do not rise at row 4; sort them, or tell several"),
        (["short.csv"], "DATA: short.csv has 3 rows and no trajectory of 5 rows; give more samples"),
        (["data.csv", "--threshold", "low"], "--threshold: is low, expected a number of at least 0, or path"),
        (["data.csv", "--alpha", "-1"], "--alpha: is -1, expected a ridge penalty of at least 0"),
        (["data.csv", "--degree", "-1"], "--degree: is -1, expected at least 0"),
        (["data.csv", "--library", "poly"], "--library: 'poly' of 'poly' is none of poly:DEGREE"),
        (["data.csv", "--library", "poly:1", "--degree", "2"], "--degree: is that of the polynomials alone"),
        (["data.csv", "--differentiation", "splines"], "--differentiation: is 'splines', expected one of"),
        (["data.csv", "--differentiation", "spline:s"], "--differentiation: 's' is no NAME=NUMBER"),
        (["data.csv", "--weak", "--map"], "--weak: integrates over time, and a map has none"),
        (["data.csv", "--weak", "--differentiation", "spline"], "--differentiation: the weak form differentiates"),
        (["data.csv", "--ensemble", "1"], "--ensemble: is 1, expected at least 2 models"),
        (["data.csv", "--plot", "picture.xyz"], "--plot: picture.xyz ends in none of .png, .pdf, .svg"),
        (["data.csv", "--json", "there.json"], "--json: there.json exists already; choose another name"),
        (["data.csv", "--json", "no/where.json"], "--json: no folder no to write where.json into"),
        (["text.csv"], "DATA: text.csv: could not convert string 'red'"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(folder, refused, words, said):
    save("data.csv", [T, X, V], "t,x,v")
    save("bare.csv", [X, V])
    save("back.csv", [[0.0, 1.0, 2.0, 0.0, 1.0, 2.0], np.arange(6)], "t,x")
    save("short.csv", [T[:3], X[:3]], "t,x")
    Path("text.csv").write_text("t,x,colour\n" + "".join(f"{i},{i},red\n" for i in range(9)))
    Path("there.json").write_text("{}")
    assert refused("discover", *words).removeprefix("fastsci: error: ").startswith(said)


def test_quiet_prints_nothing(folder, command):
    save("data.csv", [T, X, V], "t,x,v")
    assert command("discover", "data.csv", "--quiet") == (0, [], [])
