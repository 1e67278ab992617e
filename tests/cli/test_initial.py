"""Initial states from files."""

from pathlib import Path

import numpy as np
import pytest
import zarr

from fastsci import storage
from fastsci.cli.initial import read_initial
from fastsci.cli.source import find_system

ROWS = [[1.0, 2.0, 3.0], [4.0, 5.5, -6e-3]]


@pytest.fixture
def lorenz():
    return find_system("lorenz63")


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3\n4,5.5,-6e-3\n",
        "x,y,z\n1,2,3\n4,5.5,-6e-3\n",
        "z,x,y\n3,1,2\n-6e-3,4,5.5\n",
        "\ufeffx;y;z\r\n1;2;3\r\n4;5.5;-6e-3\r\n",
        '# made by hand\n"x"\t"y"\t"z"\n1\t2\t3\n4\t5.5\t-6e-3\n',
        "1 2 3\n4 5.5 -6e-3",
        ",x,y,z\n0,1,2,3\n1,4,5.5,-6e-3\n",
        "member,y,z,x\n7,2,3,1\n9,5.5,-6e-3,4\n",
    ],
    ids=["plain", "header", "reordered", "semicolons", "comment-tabs-quotes", "blanks", "data-frame", "member"],
)
def test_a_table_reads_the_same_however_it_is_written(folder, lorenz, text):
    Path("y0.csv").write_bytes(text.encode())
    np.testing.assert_array_equal(read_initial(Path("y0.csv"), lorenz).states, ROWS)


def test_columns_named_as_parameters_are_values_per_member(command):
    Path("y0.csv").write_text("b,y,x\n2,2.5,1\n3,2.5,1\n")
    words = ("run", "model.py:reaction", "--y0", "y0.csv", "--t-end", "0.5", "--out", "a.zarr")
    assert command(*words)[0] == 0
    kept = storage.open_store("a.zarr").load()
    assert kept.b.values.tolist() == [2.0, 3.0]
    assert kept.y0.values.tolist() == [[1.0, 2.5], [1.0, 2.5]]
    assert kept.attrs["varied"] == ["b"]
    # An option overrules the column.
    assert command(*words[:-1], "b.zarr", "--param", "b=4")[0] == 0
    assert storage.open_store("b.zarr").load().b.values.tolist() == [4.0, 4.0]


def test_npy_and_zarr_arrays(folder, lorenz):
    np.save("rows.npy", np.array(ROWS))
    np.save("one.npy", np.array(ROWS[0]))
    np.save("integers.npy", np.array([[1, 2, 3]]))
    array = zarr.create_array("rows.zarr", shape=(2, 3), chunks=(1, 3), dtype="f8")
    array[:] = ROWS
    np.testing.assert_array_equal(read_initial(Path("rows.npy"), lorenz).states, ROWS)
    np.testing.assert_array_equal(read_initial(Path("one.npy"), lorenz).states, ROWS[:1])
    np.testing.assert_array_equal(read_initial(Path("integers.npy"), lorenz).states, [[1, 2, 3]])
    np.testing.assert_array_equal(read_initial(Path("rows.zarr"), lorenz).states[:], ROWS)


def test_a_run_goes_on_from_the_store_of_another(command):
    words = ("run", "model.py:reaction", "--dt", "0.125", "--quiet")
    assert command(*words, "--param", "b=2:4:5", "--t-end", "4", "--out", "whole.zarr")[0] == 0
    assert command(*words, "--param", "b=2:4:5", "--t-end", "2", "--out", "half.zarr")[0] == 0
    assert command(*words, "--y0", "half.zarr", "--t-start", "2", "--t-end", "4", "--out", "rest.zarr")[0] == 0
    whole, rest = storage.open_store("whole.zarr").load(), storage.open_store("rest.zarr").load()
    np.testing.assert_array_equal(whole.y_final.values, rest.y_final.values)
    np.testing.assert_array_equal(whole.b.values, rest.b.values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no rows"),
        ("x,y,z\n", "no rows"),
        ("1,2\n", "2 columns, but lorenz63 has 3 state variables (x, y, z)"),
        ("x,y,q\n1,2,3\n", "lacks z; the state is x, y, z"),
        ("x,y,z,q\n1,2,3,4\n", "has q;"),
        ("x,y,y\n1,2,3\n", "'y' more than once"),
        ("x,y,z\n1,2\n", "3 names in its header but 2 columns"),
        ("x,y,z\n1,2,3\n1,oops,3\n", "'oops' to float64 in row 2 of the numbers, column 2"),
        ("1,2,3\n1,2\n", "number of columns changed from 3 to 2"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_in_one_line(refused, text, said):
    Path("y0.csv").write_text(text)
    assert said in refused("run", "lorenz63", "--y0", "y0.csv")


def test_files_that_are_no_states_are_refused(refused):
    np.save("complex.npy", np.ones((2, 3), complex))
    np.save("cube.npy", np.ones((2, 3, 4)))
    np.save("objects.npy", np.array([None]))
    Path("text.npy").write_text("1,2,3")
    Path("picture.csv").write_bytes(bytes(range(128, 256)))
    Path("folder").mkdir()
    group = zarr.open_group("group.zarr", mode="w")
    for name in ("a", "b"):
        group.create_array(name, shape=(2, 3), dtype="f8")
    for file, said in (
        ("complex.npy", "holds complex128"),
        ("cube.npy", "has shape (2, 3, 4)"),
        ("objects.npy", "no NPY file of numbers"),
        ("text.npy", "no NPY file of numbers"),
        ("picture.csv", "neither text, NPY nor Zarr"),
        ("folder", "no Zarr store"),
        ("group.zarr", "holds a, b; name the initial states y0"),
        ("nothing.csv", "no file nothing.csv"),
    ):
        assert said in refused("run", "lorenz63", "--y0", file)
