"""Columns of a file by their names: each input of a model has one of its own."""

import numpy as np
import pytest

from fastsci.cli.errors import UsageError
from fastsci.cli.trajectories import Columns, read_trajectories

TIMES = np.linspace(0.0, 1.0, 20)


@pytest.fixture
def doubled(tmp_path):
    path = tmp_path / "doubled.csv"
    np.savetxt(path, np.stack([TIMES, TIMES, TIMES**2], axis=1), delimiter=",", header="t,x,x", comments="")
    return path


@pytest.mark.parametrize(
    "columns", [Columns(), Columns(states="2,3"), Columns(states="2,2"), Columns(states="2", controls="3")]
)
def test_a_name_that_is_there_twice_is_refused(doubled, columns):
    with pytest.raises(UsageError, match="two inputs of the model the name 'x'"):
        read_trajectories(doubled, columns, is_map=False, drop_nan=False)


def test_one_of_them_can_be_picked(doubled):
    found = read_trajectories(doubled, Columns(states="3"), is_map=False, drop_nan=False)
    assert found.names == ["x"]
    np.testing.assert_allclose(found.states[0][:, 0], TIMES**2, atol=1e-15)
