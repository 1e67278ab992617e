"""``fastsci measure``: its table holds what the functions of ``fastsci.chaos`` give for the columns of a file."""

import csv
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from fastsci.chaos.correlation import correlation_dimension
from fastsci.chaos.embedding import delay_embedding
from fastsci.chaos.entropy import sample_entropy
from fastsci.chaos.ordinal import permutation_entropy, statistical_complexity
from fastsci.chaos.recurrence import recurrence_quantification
from fastsci.chaos.zero_one import zero_one_test
from fastsci.cli.measures import MEASURES, Series, choose_delay, measure_one
from fastsci.cli.series import read_data

N = 1500


def logistic(r, n=N):
    x = np.empty(n)
    x[0] = 0.3
    for i in range(1, n):
        x[i] = r * x[i - 1] * (1.0 - x[i - 1])
    return x


CHAOS, CYCLE = logistic(3.99), logistic(3.5)
WAVE = np.sin(2 * np.pi * np.arange(N) / 40.3)


@pytest.fixture
def table(command):
    """Run the command and read the table that it keeps: cells by measure, by series."""

    def run(*words):
        status, out, err = command("measure", *words, "--out", "kept.csv", "--overwrite")
        assert (status, err) == (0, [])
        with Path("kept.csv").open() as file:
            return {row["series"]: row for row in csv.DictReader(file)}, out

    return run


def save(path, columns, header=None):
    np.savetxt(path, np.column_stack(columns), delimiter=",", header=header or "", comments="", fmt="%.17g")


def test_every_measure_is_that_of_the_library(folder, table):
    save("data.csv", [CHAOS, WAVE], "chaos,wave")
    found, out = table("data.csv", "--embed", "3:2")
    for name, x in (("chaos", CHAOS), ("wave", WAVE)):
        points = delay_embedding(x, 3, 2)
        radius = 0.2 * np.sqrt(points.var(axis=0).sum())
        recurrences = recurrence_quantification(points, radius=radius, theiler=6)
        thinned = x[::2] - x[::2].mean()
        expected = {
            "zero_one": zero_one_test(thinned),
            "permutation": permutation_entropy(x, order=5, delay=2),
            "complexity": statistical_complexity(x, order=5, delay=2),
            "sample": sample_entropy(x),
            "dimension": correlation_dimension(points, theiler=6),
            "recurrence": recurrences.rate,
            "determinism": recurrences.determinism,
        }
        assert {measure: float(found[name][measure]) for measure in expected} == expected
    assert sorted(MEASURES) == sorted([*expected, "exponent"])
    header = next(row for row in out if row.startswith("series"))
    assert header.split() == ["series", "embed", *MEASURES]
    row = next(row for row in out if row.startswith("wave")).split()
    assert row[1] == "3:2"
    assert float(row[2 + list(MEASURES).index("sample")]) == pytest.approx(sample_entropy(WAVE), abs=1e-4)


def test_chaos_is_told_from_order(folder, table):
    save("data.csv", [CHAOS, CYCLE, WAVE], "chaos,cycle,wave")
    found, _ = table("data.csv", "--measures", "zero_one,exponent,permutation")
    assert float(found["chaos"]["zero_one"]) > 0.95
    assert abs(float(found["cycle"]["zero_one"])) < 0.1
    assert abs(float(found["wave"]["zero_one"])) < 0.1
    slopes = np.log(np.abs(3.99 * (1 - 2 * CHAOS)))
    assert float(found["chaos"]["exponent"]) == pytest.approx(slopes.mean(), abs=0.1)
    assert abs(float(found["wave"]["exponent"])) < 0.02
    # Four patterns, a quarter of the time each, out of 120.
    assert float(found["cycle"]["permutation"]) == pytest.approx(np.log(4) / np.log(120), abs=0.03)
    assert float(found["chaos"]["permutation"]) > 0.5


def test_the_exponent_is_per_unit_of_time(folder, table):
    save("rows.csv", [CHAOS], "x")
    save("times.csv", [0.25 * np.arange(N), CHAOS], "time,x")
    words = ("--measures", "exponent")
    by_row = float(table("rows.csv", *words)[0]["x"]["exponent"])
    assert float(table("rows.csv", *words, "--dt", "0.25")[0]["x"]["exponent"]) == pytest.approx(4 * by_row)
    found, out = table("times.csv", *words)
    assert list(found) == ["x"]
    assert float(found["x"]["exponent"]) == pytest.approx(4 * by_row)
    assert out[0].endswith("dt = 0.25")
    assert float(table("times.csv", *words, "--columns", "x", "--dt", "1")[0]["x"]["exponent"]) == by_row


def test_a_delay_is_chosen_for_every_series(folder, table):
    assert choose_delay(CHAOS) == 1
    assert choose_delay(np.random.default_rng(1).normal(size=1000)) <= 2
    assert choose_delay(np.ones(50)) == 1
    for period in (20, 80):
        assert period / 10 < choose_delay(np.sin(2 * np.pi * np.arange(4000) / (period + 0.3))) <= period / 4
    save("data.csv", [CHAOS, WAVE], "chaos,wave")
    found, out = table("data.csv", "--measures", "permutation", "--embed", "4")
    assert (found["chaos"]["delay"], found["wave"]["delay"]) == ("1", str(choose_delay(WAVE)))
    assert any(row.split()[:2] == ["chaos", "4:1"] for row in out)


def test_a_series_that_misses_values_is_left_out_or_closed_up(folder, table):
    holed = CHAOS.copy()
    holed[[4, 9, 10, 700, 701, 702]] = np.nan
    save("data.csv", [WAVE, holed], "wave,holed")
    words = ("--measures", "permutation,sample")
    found, out = table("data.csv", *words)
    assert found["holed"]["permutation"] == ""
    assert any(row == "[1] rows 5, 10, 11, 701 and 2 more hold no finite number; --drop-nan leaves such rows out"
               for row in out)  # fmt: skip
    assert next(row for row in out if row.startswith("holed")).split()[1:] == ["-", "-[1]", "-[1]"]
    assert float(found["wave"]["sample"]) == sample_entropy(WAVE)
    found, out = table("data.csv", *words, "--drop-nan")
    assert float(found["holed"]["sample"]) == sample_entropy(holed[np.isfinite(holed)])
    assert found["holed"]["n"] == str(N - 6)
    assert any("holed: 6 rows without a number are left out" in row for row in out)


def test_a_measure_that_refuses_says_why(folder, table):
    save("data.csv", [WAVE[:80], np.ones(80)], "short,constant")
    found, out = table("data.csv")
    assert found["short"]["zero_one"] == ""
    assert float(found["short"]["sample"]) == sample_entropy(WAVE[:80])
    assert all(found["constant"][name] == "" for name in MEASURES)
    reasons = [row for row in out if row.startswith("[")]
    assert any("expected at least 100" in row and "th value is taken" in row for row in reasons)
    assert any(row.endswith("the series is constant") for row in reasons)


def test_costly_measures_take_the_end_of_a_long_series(folder, table):
    save("data.csv", [CHAOS], "x")
    found, out = table("data.csv", "--max-points", "400", "--embed", "2:1")
    assert float(found["x"]["sample"]) == sample_entropy(CHAOS[-400:])
    assert float(found["x"]["dimension"]) == correlation_dimension(delay_embedding(CHAOS[-400:], 2, 1), theiler=2)
    assert float(found["x"]["permutation"]) == permutation_entropy(CHAOS, order=5)
    assert any("take the last 400 of 1,500 values (--max-points)" in row for row in out)


@pytest.mark.parametrize(
    ("text", "names", "dt"),
    [
        ("1,2\n3,4\n5,6\n", ["1", "2"], None),
        ("a,b\n1,2\n3,4\n5,6\n", ["a", "b"], None),
        ("# made by hand\n\"a\";\"b\"\n1;2\n3;4\n5;6\n", ["a", "b"], None),
        ("1 2\n3 4\n5 6\n", ["1", "2"], None),
        (",a,b\n0,1,2\n1,3,4\n2,5,6\n", ["a", "b"], None),
        ("T,a,b\n0,1,2\n0.5,3,4\n1,5,6\n", ["a", "b"], 0.5),
    ],
)  # fmt: skip
def test_a_table_reads_the_same_however_it_is_written(folder, text, names, dt):
    Path("data.csv").write_text(text)
    data = read_data(Path("data.csv"), None)
    assert [column.name for column in data.columns] == names
    np.testing.assert_array_equal([column.values for column in data.columns], [[1, 3, 5], [2, 4, 6]])
    assert data.dt == dt
    assert data.notes == []


def test_arrays_and_cells_that_are_empty(folder):
    np.save("one.npy", np.arange(5, dtype=np.int32))
    np.save("two.npy", np.arange(10.0).reshape(5, 2))
    assert [column.values.tolist() for column in read_data(Path("one.npy"), None).columns] == [[0, 1, 2, 3, 4]]
    second = read_data(Path("two.npy"), "2").columns
    assert [(column.name, column.values.tolist()) for column in second] == [("2", [1, 3, 5, 7, 9])]
    Path("data.csv").write_text("1,,3\nNA,5,nan\n7,8,9\n")
    values = np.array([column.values for column in read_data(Path("data.csv"), None).columns])
    np.testing.assert_array_equal(values, [[1, np.nan, 7], [np.nan, 5, 8], [3, np.nan, 9]])


def test_columns_are_picked_by_name_or_number_and_dates_do_no_harm(folder):
    Path("data.csv").write_text("time,a,b,2\n2020-01-01,1,x,5\n2020-01-02,3,y,6\n")
    assert [column.name for column in read_data(Path("data.csv"), "a").columns] == ["a"]
    picked = read_data(Path("data.csv"), "4,a")
    assert [(column.name, column.values.tolist()) for column in picked.columns] == [("2", [5, 6]), ("a", [1, 3])]
    assert picked.dt is None
    Path("plain.csv").write_text("1,2,3\n4,5,6\n")
    assert [column.values.tolist() for column in read_data(Path("plain.csv"), "3,1").columns] == [[3, 6], [1, 4]]
    Path("all.csv").write_text("t,a\n1,2\n3,4\n")
    assert [column.name for column in read_data(Path("all.csv"), "all").columns] == ["t", "a"]


@pytest.mark.parametrize(
    ("times", "dt", "said"),
    [([0, 1, 3], 1.5, "are 1 to 2 apart; they are taken as even"), ([0, 1, 1], None, "do not rise throughout")],
)
def test_odd_times_are_noted(folder, times, dt, said):
    save("data.csv", [times, [1, 2, 3]], "t,a")
    data = read_data(Path("data.csv"), None)
    assert data.dt == dt
    assert said in data.notes[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required: DATA"),
        (["nowhere.csv"], "DATA: no file nowhere.csv"),
        (["empty.csv"], "DATA: empty.csv has no rows"),
        (["header.csv"], "DATA: header.csv has no rows"),
        (["text.csv"], "'x' to float64"),
        (["text.csv"], "--columns picks those that hold numbers"),
        (["cube.npy"], "has shape (2, 2, 2), expected (n_times,) or (n_times, n_columns)"),
        (["complex.npy"], "holds complex128, expected real numbers"),
        (["wide.npy"], "has 2 rows and 100 columns, expected one row a time; save it transposed"),
        (["picture.csv"], "neither text, nor NPY"),
        (["data.csv", "--columns", "c"], "--columns: data.csv has no 'c'; it has a, b"),
        (["data.csv", "--columns", "3"], "--columns: data.csv has no '3'"),
        (["data.csv", "--columns", ","], "--columns: names none"),
        (["plain.csv", "--columns", "a"], "--columns: 'a' is no column, and the file has no header"),
        (["data.csv", "--measures", "hurst"], "--measures: there is no 'hurst'; choose from zero_one, permutation"),
        (["data.csv", "--measures", ""], "--measures: names none"),
        (["data.csv", "--embed", "3x2"], "--embed: '3x2' is no embedding; write DIM:DELAY"),
        (["data.csv", "--embed", "0:1"], "--embed: '0:1' is no embedding"),
        (["data.csv", "--dt", "0"], "--dt: is 0, expected a positive time"),
        (["data.csv", "--max-points", "5"], "--max-points: is 5, expected at least 100"),
        (["data.csv", "--out", "a.txt"], "--out: a.txt ends in none of .csv"),
        (["data.csv", "--out", "data.csv"], "--out: data.csv exists already"),
        (["data.csv", "--plot", "a.gif"], "--plot: a.gif ends in none of"),
    ],
)  # fmt: skip
def test_a_wrong_command_is_refused(refused, folder, words, said):
    Path("empty.csv").write_text("")
    Path("header.csv").write_text("a,b\n")
    Path("data.csv").write_text("a,b\n1,2\n3,4\n")
    Path("plain.csv").write_text("1,2\n3,4\n")
    Path("text.csv").write_text("a,b\n1,x\n2,y\n")
    Path("picture.csv").write_bytes(bytes(range(128, 256)))
    np.save("cube.npy", np.zeros((2, 2, 2)))
    np.save("complex.npy", np.zeros(5, complex))
    np.save("wide.npy", np.zeros((2, 100)))
    assert said in refused("measure", *words)


def test_where_nothing_can_be_measured_the_command_has_failed(command):
    Path("data.csv").write_text("a\n1\n1\n1\n1\n")
    status, out, err = command("measure", "data.csv", "--plot", "a.png")
    assert (status, out) == (1, [])
    assert err == ["fastsci: error: nothing could be measured: the series is constant"]
    assert not Path("a.png").exists()


def test_a_measure_that_is_not_defined_is_no_number():
    # Every value is many radii from every other, so that no template matches another.
    found = measure_one("sample", Series(np.arange(6.0), 1.0, 3, 1, 20_000))
    assert np.isnan(found.value)
    assert found.why.startswith("not defined for this series")


def test_the_picture_shows_the_series(command):
    save("data.csv", [CHAOS, WAVE], "chaos,wave")
    status, out, _ = command("measure", "data.csv", "--measures", "permutation", "--plot", "a.png")
    assert status == 0
    assert out[-1] == "picture    a.png"
    picture = matplotlib.image.imread("a.png")
    height, width = picture.shape[:2]
    # Two rows of three panels, none of them empty.
    for across in range(3):
        for up in range(2):
            left, top = across * width // 3, up * height // 2
            assert picture[top : top + height // 2, left : left + width // 3, :3].std() > 0.05


def test_many_series_are_drawn_in_part(command):
    save("data.csv", [CHAOS[:200] + i for i in range(10)])
    out = command("measure", "data.csv", "--measures", "permutation", "--plot", "a.png")[1]
    assert out[-1] == "picture    a.png, of the first 8 series; 2 are left out"


def test_in_a_process_of_its_own(process, folder):
    save("data.csv", [CHAOS], "x")
    ran = process("measure", "data.csv", "--measures", "zero_one", "--out", "a.csv", "--plot", "a.png", cwd=folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "kept in    a.csv" in ran.stdout
    assert (folder / "a.png").stat().st_size > 20_000
    wrong = process("measure", "nowhere.csv", cwd=folder)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
