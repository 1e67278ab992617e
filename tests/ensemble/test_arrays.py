"""Any array of real numbers goes in; what comes out is of its library."""

import numpy as np
import pytest

import fastsci
from tests.ensemble.models import LORENZ, harmonic, lorenz, ring, same_bits, spread, thermostat

OPTIONS = {"dt": 0.01, "params": LORENZ}
SPAN = (0.0, 0.3)


def run(y0, **options):
    return fastsci.solve_ensemble(lorenz, SPAN, y0, **{**OPTIONS, **options})


@pytest.fixture(scope="module")
def reference():
    y0 = np.rint(spread(10))
    return y0, run(y0).y_final


def read_only(y0, folder):
    y0 = y0.copy()
    y0.flags.writeable = False
    return y0


def strided(y0, folder):
    room = np.full((20, 6), np.nan)
    room[::2, 1::2] = y0
    return room[::2, 1::2]


def backwards(y0, folder):
    return y0[::-1, ::-1].copy()[::-1, ::-1]


def mapped(y0, folder):
    np.save(folder / "y0.npy", y0)
    return np.load(folder / "y0.npy", mmap_mode="r")


def swapped(y0, folder):
    return y0.astype(">f8")


@pytest.mark.parametrize(
    "form",
    [
        read_only,
        strided,
        backwards,
        mapped,
        swapped,
        lambda y0, _: np.asfortranarray(y0),
        lambda y0, _: y0.tolist(),
        lambda y0, _: y0.astype(np.int32),
        lambda y0, _: y0.astype(np.float16),
        lambda y0, _: tuple(map(tuple, y0)),
    ],
    ids=[
        "read-only",
        "strided",
        "backwards",
        "memory map",
        "big-endian",
        "Fortran",
        "list",
        "int32",
        "float16",
        "tuples",
    ],
)
def test_every_layout_and_kind_of_number(reference, form, tmp_path):
    y0, expected = reference
    given = form(y0, tmp_path)
    before = np.array(given, copy=True)
    result = run(given)
    assert same_bits(result.y_final, expected)
    np.testing.assert_array_equal(np.asarray(given), before)


def test_truth_values_are_zeros_and_ones():
    y0 = np.array([[True, False, True]])
    assert same_bits(run(y0).y_final, run(y0.astype(float)).y_final)


@pytest.mark.parametrize(
    ("given", "asked", "expected"),
    [
        ("f4", None, "f4"),
        ("f8", None, "f8"),
        ("f4", "float64", "f8"),
        ("f8", np.float32, "f4"),
        ("i8", "f4", "f4"),
        ("f8", np.dtype("f8"), "f8"),
    ],
)
def test_precision_is_that_of_the_initial_states_unless_asked(given, asked, expected):
    y0 = np.rint(spread(5))
    result = run(y0.astype(given), dtype=asked, t_eval=[0.1])
    assert (result.y.dtype, result.y_final.dtype) == (np.dtype(expected), np.dtype(expected))
    assert same_bits(result.y_final, run(y0.astype(expected)).y_final)


@pytest.mark.parametrize("t_eval", [None, [0.0, 0.1], []])
@pytest.mark.parametrize("system", [lorenz, ring, thermostat], ids=["tuple", "in-place", "scalar"])
def test_no_members_are_an_empty_result(t_eval, system):
    dim, params = {lorenz: (3, LORENZ), ring: (6, [8.0]), thermostat: (1, [1.0])}[system]
    times = 1 if t_eval is None else len(t_eval)
    for span, dt in ((SPAN, 0.01), (np.zeros((0, 2)), 0.01), (SPAN, np.zeros(0))):
        result = fastsci.solve_ensemble(system, span, np.zeros((0, dim)), dt=dt, params=params, t_eval=t_eval)
        assert result.y.shape == (0, dim, times)
        assert result.y_final.shape == (0, dim)
        assert {len(part) for part in (result, result.status, result.success, result.nfev, result.naccepted)} == {0}
        assert "0 members" in repr(result)
        assert result.to_xarray().sizes["member"] == 0


def test_one_member_is_an_ensemble_of_one():
    y0 = spread(1)
    row, matrix = run(y0[0], t_eval=[0.1, 0.2]), run(y0, t_eval=[0.1, 0.2])
    assert row.y.shape == (1, 3, 2)
    assert same_bits(row.y, matrix.y)


def test_one_row_serves_every_member():
    y0 = spread(1)[0]
    rho = np.linspace(20.0, 30.0, 21)
    result = run(y0, params={**LORENZ, "rho": rho})
    assert same_bits(result.y_final, run(np.tile(y0, (21, 1)), params={**LORENZ, "rho": rho}).y_final)


def test_the_callers_arrays_are_left_alone_and_not_kept():
    y0, rho = spread(6), np.full(6, 28.0)
    kept, kept_rho = y0.copy(), rho.copy()
    result = run(y0, params={**LORENZ, "rho": rho}, t_eval=[0.0, 0.1])
    np.testing.assert_array_equal(y0, kept)
    np.testing.assert_array_equal(rho, kept_rho)
    y0[:] = 0.0
    np.testing.assert_array_equal(result.y[:, :, 0], kept)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_torch_in_torch_out(torch, dtype):
    y0 = spread(9).astype(dtype)
    expected = run(y0, t_eval=[0.1, 0.2])
    for given in (torch.from_numpy(y0), torch.from_numpy(y0).requires_grad_(), torch.from_numpy(y0.T.copy()).T):
        result = run(given, t_eval=[0.1, 0.2])
        for name in ("t", "y", "y_final", "status", "nfev", "naccepted", "nrejected"):
            part = getattr(result, name)
            assert isinstance(part, torch.Tensor), name
            np.testing.assert_array_equal(part.numpy(), getattr(expected, name))
        assert result.y.dtype == getattr(torch, dtype)
        assert result.success.all()
        assert result.message(0) == expected.message(0)
        assert result.to_xarray().equals(expected.to_xarray())
        np.testing.assert_array_equal(result.to_scipy(2).y, expected.y[2])


def test_torch_in_every_argument(torch):
    y0 = spread(9)
    rho = np.linspace(20.0, 30.0, 9)
    result = fastsci.solve_ensemble(
        lorenz,
        torch.tensor(SPAN, dtype=torch.float64),
        y0,
        dt=torch.tensor(0.01, dtype=torch.float64),
        params={**LORENZ, "rho": torch.from_numpy(rho)},
        t_eval=torch.tensor([0.1], dtype=torch.float64),
    )
    assert isinstance(result.y, np.ndarray)
    assert same_bits(result.y, run(y0, params={**LORENZ, "rho": rho}, t_eval=[0.1]).y)


@pytest.mark.parametrize("make", ["bfloat16", "sparse", "complex", "meta"])
def test_a_tensor_that_numpy_does_not_know_is_refused(torch, make):
    y0 = torch.ones((2, 2))
    y0 = {"bfloat16": y0.bfloat16, "sparse": y0.to_sparse, "complex": y0.cfloat, "meta": lambda: y0.to("meta")}[make]()
    with pytest.raises((TypeError, ValueError), match=r"^y0: .*expected") as caught:
        fastsci.solve_ensemble(harmonic, (0.0, 1.0), y0, dt=0.1, params=[1.0])
    assert "\n" not in str(caught.value)
