"""What an ensemble hands back, and what other libraries make of it."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import fastsci
from tests.ensemble.models import LORENZ, lorenz, spread, thermostat

TIMES = np.array([0.0, 0.25, 0.5])


@pytest.fixture(scope="module")
def result():
    rho = np.linspace(20.0, 30.0, 5)
    return fastsci.solve_ensemble(lorenz, (0.0, 0.5), spread(5), dt=1e-3, params={**LORENZ, "rho": rho}, t_eval=TIMES)


def test_shapes_and_types(result):
    assert result.t.shape == (3,)
    assert result.y.shape == (5, 3, 3)
    assert result.y_final.shape == (5, 3)
    assert result.status.dtype == np.int8
    assert result.success.dtype == bool
    assert {part.dtype for part in (result.nfev, result.naccepted, result.nrejected)} == {np.dtype(np.int64)}
    assert len(result) == 5
    assert (result.nfev == 2000).all()
    assert (result.naccepted == 500).all()
    assert (result.nrejected == 0).all()


def test_memory_is_state_major_and_y_a_view(result):
    assert result.y.base is not None
    assert result.y.strides[0] == result.y.itemsize


def test_it_describes_itself(result):
    assert repr(result) == "<EnsembleResult lorenz by RK4: 5 members x 3 states x 3 times, path lanes, 0 failed>"
    assert result.message(0) == "The solver successfully reached the end of the integration interval."
    assert (result.system, result.method, result.state) == ("lorenz", "RK4", ("x", "y", "z"))


def test_a_member_is_what_scipy_would_return(result):
    member = result.to_scipy(3)
    rho = result.params["rho"][3]
    peer = solve_ivp(
        lambda t, u: lorenz(t, u, (10.0, rho, 8.0 / 3.0)),
        (0.0, 0.5),
        spread(5)[3],
        t_eval=TIMES,
        rtol=1e-11,
        atol=1e-12,
    )
    assert set(peer) - set(member) == set()
    np.testing.assert_array_equal(member.t, peer.t)
    assert member.y.shape == peer.y.shape
    np.testing.assert_allclose(member.y, peer.y, rtol=1e-7)
    assert (member.status, member.success, member.message) == (peer.status, peer.success, peer.message)
    assert (member.sol, member.t_events, member.y_events) == (None, None, None)
    assert member.nfev == 2000


def test_as_a_labelled_dataset(result):
    dataset = result.to_xarray()
    assert dict(dataset.sizes) == {"member": 5, "state": 3, "time": 3}
    np.testing.assert_array_equal(dataset.y.sel(state="z", time=0.25), result.y[:, 2, 1])
    np.testing.assert_array_equal(dataset.y_final.sel(state="x"), result.y_final[:, 0])
    np.testing.assert_array_equal(dataset.rho, result.params["rho"])
    np.testing.assert_array_equal(dataset.sigma, np.full(5, 10.0))
    np.testing.assert_array_equal(dataset.status, result.status)
    assert dataset.attrs == {"system": "lorenz", "method": "RK4", "path": "lanes"}


def test_as_a_dataset_with_times_of_their_own():
    span = np.array([[0.0, 1.0], [2.0, 1.0]])
    result = fastsci.solve_ensemble(thermostat, span, [[1.0], [2.0]], dt=0.1, params=[3.0], t_eval=[0.0, 0.5, 1.0])
    dataset = result.to_xarray()
    assert dict(dataset.sizes) == {"member": 2, "state": 1, "save": 3}
    np.testing.assert_array_equal(dataset.time, [[0.0, 0.5, 1.0], [2.0, 1.5, 1.0]])
    np.testing.assert_array_equal(dataset.y, result.y)
    np.testing.assert_array_equal(result.to_scipy(1).t, [2.0, 1.5, 1.0])


def test_parameters_called_like_the_datasets_own_names():
    def clashing(t, u, p):
        (y,) = u
        time, state, y_final = p
        return (time * y + state - y_final,)

    result = fastsci.solve_ensemble(clashing, (0.0, 1.0), [1.0], dt=0.5, params=[1.0, 2.0, 3.0])
    dataset = result.to_xarray()
    assert [float(dataset[f"{name}_parameter"][0]) for name in ("time", "state", "y_final")] == [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(dataset.y_final, result.y_final)


def test_failures_are_counted_and_explained():
    result = fastsci.solve_ensemble(thermostat, (0.0, 1.0), [[1.0], [-1.0], [np.nan]], dt=0.1, params=[3.0])
    assert result.status.tolist() == [0, -2, -1]
    assert result.success.tolist() == [True, False, False]
    assert "2 failed" in repr(result)
    assert len({result.message(i) for i in range(3)}) == 3
    member = result.to_scipy(1)
    assert not member.success
    assert member.status == -2
    assert result.reason
