"""What ``reduce`` takes, what it gives back, and one line for what it cannot take."""

import re

import numpy as np
import pytest

import fastsci
from tests.ensemble.models import LORENZ, lorenz, spread

RUN = {"params": LORENZ, "dt": 0.01}
Histogram, LastCrossing = fastsci.Histogram, fastsci.LastCrossing


def solve(reduce, **options):
    return fastsci.solve_ensemble(lorenz, (0.0, 0.1), spread(4), reduce=reduce, **{**RUN, **options})


@pytest.mark.parametrize(
    ("reduce", "says"),
    [
        ("meen", "no statistic 'meen'; did you mean 'mean'?"),
        (["mean", "mode"], "no statistic 'mode'"),
        ([], "is empty"),
        ({}, "is empty"),
        (3, "is a int, expected names"),
        (["mean", "mean"], "holds 'mean' twice"),
        ([Histogram(0, 3, (0, 1)), Histogram(0, 4, (0, 1))], "holds 'histogram_0' twice"),
        (Histogram(3, 10, (0.0, 1.0)), "component is 3, expected 0 to 2"),
        (Histogram("q", 10, (0.0, 1.0)), "no component 'q'"),
        (Histogram(0.5, 10, (0.0, 1.0)), "component is 0.5"),
        (Histogram(0, 0, (0.0, 1.0)), "bins is 0, expected an integer from 1 to 100000"),
        (Histogram(0, 2.5, (0.0, 1.0)), "bins is 2.5"),
        (Histogram(0, 10, (1.0, 0.0)), "range is (1.0, 0.0)"),
        (Histogram(0, 10, (0.0, np.inf)), "range is"),
        (Histogram(0, 10, 1.0), "range is 1.0"),
        (LastCrossing(0, np.nan), "level is nan, expected a finite number"),
        (LastCrossing(0, 0.0, 2), "direction is 2, expected -1, 0 or 1"),
        ({"mine": "median"}, "no statistic 'median'"),
    ],
)
def test_a_mistake_is_one_line_that_names_reduce(reduce, says):
    with pytest.raises((TypeError, ValueError), match=f"^reduce: .*{re.escape(says)}") as caught:
        solve(reduce)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("options", [{"method": "Tsit5", "dt": None}, {"events": lambda t, u, p: u[0]}])
def test_members_with_steps_of_their_own_need_times(options):
    with pytest.raises(ValueError, match=r"^reduce: needs t_eval"):
        solve("mean", **options)


def test_shapes_and_types():
    result = solve({"mean": "mean", "shape": Histogram(-1, 5, (0, 50)), "passed": LastCrossing(1)}, dtype="float32")
    assert result.t.shape == (0,)
    assert result.y.shape == (4, 3, 0)
    assert result.y_final.shape == (4, 3)
    assert result.reduced["mean"].shape == (4, 3)
    assert result.reduced["mean"].dtype == np.float32
    assert result.reduced["shape"].shape == (4, 5)
    assert result.reduced["shape"].dtype == np.int64
    assert result.reduced["passed"].t.shape == (4,)
    assert result.reduced["passed"].y.shape == (4, 3)


def test_without_reduce_there_is_nothing_reduced():
    assert dict(fastsci.solve_ensemble(lorenz, (0.0, 0.1), spread(4), **RUN).reduced) == {}


def test_names_of_components():
    result = fastsci.solve_ensemble(
        fastsci.systems.lorenz63,
        (0.0, 1.0),
        spread(4),
        dt=0.01,
        reduce=[Histogram("z", 4, (0, 60)), Histogram(2, 4, (0, 60))],
    )
    np.testing.assert_array_equal(result.reduced["histogram_z"], result.reduced["histogram_2"])


def test_no_member_and_no_step():
    nobody = fastsci.solve_ensemble(lorenz, (0.0, 1.0), np.empty((0, 3)), reduce=["mean", "count"], **RUN)
    assert nobody.reduced["mean"].shape == (0, 3)
    still = fastsci.solve_ensemble(lorenz, (1.0, 1.0), spread(2), reduce=["mean", "min", "count"], **RUN)
    assert still.reduced["count"].tolist() == [0, 0]
    assert np.isnan(still.reduced["mean"]).all()
    assert np.isnan(still.reduced["min"]).all()


def test_torch_comes_back_as_torch(torch):
    result = fastsci.solve_ensemble(
        lorenz,
        (0.0, 0.1),
        torch.from_numpy(spread(4)),
        reduce=["mean", Histogram(0, 5, (-9, 9)), LastCrossing(0)],
        **RUN,
    )
    assert isinstance(result.reduced["mean"], torch.Tensor)
    assert isinstance(result.reduced["histogram_0"], torch.Tensor)
    assert isinstance(result.reduced["last_crossing_0"].y, torch.Tensor)
