"""Ensembles on disk."""

import numpy as np
import pytest
import xarray
import zarr

import fastsci
from fastsci import storage


def layout(n_members=10, block=4, **changed):
    description = {
        "n_members": n_members, "block": block, "dim": 3, "times": [0.0, 0.5], "dtype": np.dtype("float64"),
        "state": ("x", "y", "z"), "params": ("sigma", "rho", "beta"), "attributes": {"system": "lorenz63"},
    }  # fmt: skip
    return storage.Layout(**{**description, **changed})


def solve(states):
    return fastsci.solve_ensemble(fastsci.systems.lorenz63, (0.0, 0.5), states, dt=0.05, t_eval=[0.0, 0.5])


def fill(path, states, **changed):
    whole = layout(len(states), **changed)
    with storage.create_store(path, whole, overwrite=path.exists()) as store:
        for first in range(0, len(states), whole.block):
            rows = states[first : first + whole.block]
            store.write(first, rows, solve(rows))


@pytest.fixture
def states():
    return np.random.default_rng(0).normal(size=(10, 3))


def test_a_store_reads_back_as_the_result_as_a_dataset(tmp_path, states):
    fill(tmp_path / "a.zarr", states)
    kept = storage.open_store(tmp_path / "a.zarr").load()
    expected = solve(states).to_xarray()
    for name in ("y", "y_final", "status", "sigma", "rho", "time", "state"):
        np.testing.assert_array_equal(kept[name].values, expected[name].values)
        assert kept[name].dims == expected[name].dims
    assert set(kept.coords) == set(expected.coords)


def test_xarray_opens_a_store_by_itself_without_a_warning(tmp_path, states):
    fill(tmp_path / "a.zarr", states)
    dataset = xarray.open_zarr(tmp_path / "a.zarr", chunks=None)
    assert dataset.y.sel(state="z", time=0.5).shape == (10,)
    assert "rho" in dataset.coords


def test_nothing_is_read_before_it_is_looked_at(tmp_path, states):
    fill(tmp_path / "a.zarr", states)
    dataset = storage.open_store(tmp_path / "a.zarr")
    assert not dataset.y.variable._in_memory
    for piece in (tmp_path / "a.zarr" / "y").rglob("c/*/*/*"):
        piece.write_bytes(b"")
    with pytest.raises((RuntimeError, ValueError)):
        dataset.y.load()


@pytest.mark.parametrize("n_members", [1, 3, 7, 64, 1000, 4097])
@pytest.mark.parametrize("numbers", [1, 6, 10**5])
def test_chunks_divide_blocks_and_stay_small(monkeypatch, n_members, numbers):
    monkeypatch.setattr(storage, "CHUNK_BYTES", 2**14)
    block = storage.block_members(600)
    assert block == 512
    chunk = layout(n_members, block).chunk(numbers)
    assert 1 <= chunk <= n_members
    assert chunk == 1 or chunk * numbers * 8 <= 2**14 or n_members < chunk
    assert chunk == n_members or block % chunk == 0


def test_the_name_is_taken_only_when_all_is_written(tmp_path, states):
    path = tmp_path / "a.zarr"
    with storage.create_store(path, layout()) as store:
        store.write(0, states[:4], solve(states[:4]))
        assert not path.exists()
    assert path.exists()
    assert [item.name for item in tmp_path.iterdir()] == ["a.zarr"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_what_was_there(tmp_path, states, error):
    path = tmp_path / "a.zarr"
    fill(path, states)

    def half():
        with storage.create_store(path, layout(), overwrite=True) as store:
            store.write(0, states[:4] + 1.0, solve(states[:4] + 1.0))
            raise error

    with pytest.raises(error):
        half()
    np.testing.assert_array_equal(storage.open_store(path).y0.values, states)
    assert [item.name for item in tmp_path.iterdir()] == ["a.zarr"]


def test_overwrite_replaces_stores_and_nothing_else(tmp_path, states):
    path = tmp_path / "a.zarr"
    fill(path, states)
    with pytest.raises(FileExistsError, match="--overwrite"):
        storage.check_target(path, overwrite=False)
    fill(path, states + 1.0)
    np.testing.assert_array_equal(storage.open_store(path).y0.values, states + 1.0)
    assert [item.name for item in tmp_path.iterdir()] == ["a.zarr"]
    (tmp_path / "notes").mkdir()
    (tmp_path / "file").write_text("a file")
    for other in ("notes", "file"):
        with pytest.raises(FileExistsError, match="no Zarr store"):
            storage.check_target(tmp_path / other, overwrite=True)
    with pytest.raises(FileNotFoundError, match="create it first"):
        storage.check_target(tmp_path / "nowhere" / "a.zarr", overwrite=False)


def test_a_parameter_named_as_a_variable_keeps_its_values(tmp_path):
    def decay(t, u, p):
        (x,) = u
        y, state = p
        return (-y * x + state,)

    result = fastsci.solve_ensemble(decay, (0.0, 1.0), [[1.0], [2.0]], params={"y": [1.0, 2.0], "state": 0.5}, dt=0.1)
    shape = layout(2, 2, dim=1, times=[1.0], state=("x",), params=("y", "state"))
    with storage.create_store(tmp_path / "a.zarr", shape) as store:
        store.write(0, np.array([[1.0], [2.0]]), result)
    kept = storage.open_store(tmp_path / "a.zarr").load()
    assert kept.param_y.values.tolist() == [1.0, 2.0]
    assert kept.param_state.values.tolist() == [0.5, 0.5]
    np.testing.assert_array_equal(kept.y.values, result.y)


def test_states_without_names_are_numbered_and_zeros_stay_zeros(tmp_path):
    shape = layout(4, 4, state=(), times=[0.0, 0.5])
    zeros = np.zeros((4, 3))
    with storage.create_store(tmp_path / "a.zarr", shape) as store:
        store.write(0, zeros, solve(zeros))
    kept = storage.open_store(tmp_path / "a.zarr").load()
    assert kept.state.values.tolist() == [0, 1, 2]
    assert (kept.y.values == 0.0).all()
    assert kept.status.dtype == np.int8


def test_what_is_no_store_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no store"):
        storage.open_store(tmp_path / "nothing.zarr")
    with pytest.raises(ValueError, match="no ensemble store"):
        storage.open_store(tmp_path)


def test_the_format_is_zarr_3(tmp_path, states):
    fill(tmp_path / "a.zarr", states)
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    assert group.metadata.zarr_format == 3
    assert group["y"].metadata.dimension_names == ("member", "state", "time")
