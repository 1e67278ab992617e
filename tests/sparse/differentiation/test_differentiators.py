"""What every differentiator keeps to: shapes, kinds of input, independence of columns, errors, and less noise."""

from __future__ import annotations

import numpy as np
import pytest

import fastsci
from fastsci.sparse.differentiation import (
    Differentiator,
    FiniteDifference,
    SavitzkyGolay,
    SmoothedFiniteDifference,
    Spectral,
    Spline,
    TotalVariation,
    from_name,
)

RNG = np.random.default_rng(25)
METHODS = [
    FiniteDifference(order=4),
    FiniteDifference(order=2, periodic=True),
    SavitzkyGolay(),
    SmoothedFiniteDifference(),
    Spectral(),
    TotalVariation(alpha=0.01),
    TotalVariation(),
    Spline(),
    Spline(s=0.5),
]
LINEAR = [*METHODS[:5], Spline(s=None)]
EVERY = pytest.mark.parametrize("method", METHODS, ids=repr)
UNEVEN = pytest.mark.parametrize(
    "method", [method for method in METHODS if not isinstance(method, Spectral) and not getattr(method, "periodic", 0)],
    ids=repr,
)  # fmt: skip


def states(count: int = 60, n_columns: int = 3) -> np.ndarray:
    return np.sin(np.linspace(0, 6, count)[:, None] + np.arange(n_columns)) + 0.05 * RNG.normal(size=(count, n_columns))


@EVERY
def test_shapes(method: Differentiator) -> None:
    x = states()
    whole = method(x, 0.1)
    assert whole.shape == x.shape
    assert whole.dtype == np.float64
    np.testing.assert_array_equal(method.differentiate(x.T, 0.1, axis=-1), whole.T)
    np.testing.assert_array_equal(method.differentiate(np.stack((x, x)), 0.1, axis=1), np.stack((whole, whole)))
    assert method(np.empty((60, 0)), 0.1).shape == (60, 0)
    assert method.smooth(np.empty((60, 0)), 0.1).shape == (60, 0)
    assert method.smooth(x, 0.1).shape == x.shape
    np.testing.assert_array_equal(method.smooth(x.T, 0.1, axis=1), method.smooth(x, 0.1).T)


@EVERY
def test_both_at_once(method: Differentiator) -> None:
    field = np.stack((states(), states()))
    smoothed, derivative = method.smooth_and_differentiate(field, 0.1, axis=1)
    np.testing.assert_array_equal(smoothed, method.smooth(field, 0.1, axis=1))
    np.testing.assert_array_equal(derivative, method.differentiate(field, 0.1, axis=1))
    assert [part.shape for part in method.smooth_and_differentiate(np.empty((60, 0)), 0.1)] == [(60, 0)] * 2


@EVERY
@pytest.mark.parametrize("n_columns", [1, 2, 3, 7, 8, 17])
def test_columns_are_independent(method: Differentiator, n_columns: int) -> None:
    """Bit for bit: a column beside others of any size is the column alone."""
    x = states(60, n_columns) * 10.0 ** RNG.integers(-8, 8, n_columns)
    together, smooth = method(x, 0.1), method.smooth(x, 0.1)
    for column in range(n_columns):
        np.testing.assert_array_equal(together[:, column], method(x[:, column], 0.1))
        np.testing.assert_array_equal(smooth[:, column], method.smooth(x[:, column], 0.1))


@UNEVEN
def test_columns_are_independent_on_uneven_times(method: Differentiator) -> None:
    x, t = states(60, 9), np.cumsum(RNG.uniform(0.05, 0.15, 60))
    together = method(x, t)
    for column in range(9):
        np.testing.assert_array_equal(together[:, column], method(x[:, column], t))


@EVERY
def test_threads_do_not_matter(method: Differentiator, monkeypatch: pytest.MonkeyPatch) -> None:
    x = states(3000, 4)
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        results.append(method(x, 0.01))
    np.testing.assert_array_equal(*results)


@EVERY
def test_kinds_of_input(method: Differentiator) -> None:
    x = np.round(states() * 64)
    expected = method(x, 0.1)
    np.testing.assert_array_equal(method(x.astype(np.float32), 0.1), expected)
    np.testing.assert_array_equal(method(x.astype(np.int64), 0.1), expected)
    np.testing.assert_array_equal(method(x.tolist(), 0.1), expected)
    np.testing.assert_array_equal(method(np.asfortranarray(x), 0.1), expected)
    np.testing.assert_array_equal(method(np.repeat(x, 2, axis=0)[::2], 0.1), expected)
    frozen = x.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(method(frozen, 0.1), expected)
    np.testing.assert_array_equal(frozen, x)


@EVERY
def test_input_is_left_alone_and_output_is_new(method: Differentiator) -> None:
    x = states()
    before = x.copy()
    for result in (method(x, 0.1), method.smooth(x, 0.1)):
        assert not np.shares_memory(result, x)
        result[:] = 0.0
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("method", LINEAR, ids=repr)
def test_superposition(method: Differentiator) -> None:
    x, y = states(), states()
    expected = 2.0 * method(x, 0.1) - 3.0 * method(y, 0.1)
    np.testing.assert_allclose(method(2.0 * x - 3.0 * y, 0.1), expected, atol=1e-11 * np.abs(expected).max())


@UNEVEN
def test_shift_of_time(method: Differentiator) -> None:
    x, t = states(), np.cumsum(RNG.integers(1, 4, 60)) / 32
    expected = method(x, t)
    np.testing.assert_allclose(method(x, t + 4.0), expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


@UNEVEN
def test_scale_of_time(method: Differentiator) -> None:
    """Time in other units, by a power of two: the very same digits, where no option has a unit of time."""
    x, t = states(), np.cumsum(RNG.integers(1, 4, 60)) / 32
    scaled = TotalVariation(alpha=0.01 * 64.0**2) if repr(method) == "TotalVariation(alpha=0.01)" else method
    np.testing.assert_array_equal(scaled(x, 64.0 * t), method(x, t) / 64.0)
    np.testing.assert_array_equal(scaled(x, 64.0 * 0.1), method(x, 0.1) / 64.0)


@EVERY
def test_non_finite_samples_are_refused(method: Differentiator) -> None:
    for value in (np.nan, np.inf, -np.inf):
        x = states()
        x[17, 1], x[20, 0] = value, np.nan
        with pytest.raises(ValueError, match=rf"^x: holds {value} at row 17, expected finite samples"):
            method(x, 0.1)
        with pytest.raises(ValueError, match=rf"^x: holds {value} at index along axis 1 17"):
            method.smooth(x.T, 0.1, axis=1)


def test_huge_finite_samples_are_not_refused() -> None:
    x = np.full(40, 1e307)  # their sum is too large a number
    assert np.abs(FiniteDifference()(x, 1.0)).max() < 1e-15 * 1e307


@pytest.mark.parametrize(
    ("t", "message"),
    [
        ([0.0, 1.0, 3.0, 2.0, 4.0], r"t\[3\] = 2 is smaller after t\[2\] = 3, expected strictly increasing"),
        ([0.0, 1.0, 1.0, 2.0, 4.0], r"t\[2\] = 1 is the same after t\[1\] = 1, expected strictly increasing"),
        ([4.0, 3.0, 2.0, 1.0, 0.0], r"t\[1\] = 3 is smaller after t\[0\] = 4"),
        ([0.0, 1.0, np.nan, 2.0, 4.0], r"t\[2\] is nan, expected finite times"),
        ([0.0, 1.0, 2.0, 3.0, np.inf], r"t\[4\] is inf, expected finite times"),
        ([0.0, 1.0, 2.0], r"has shape \(3,\), expected a step or \(5,\)"),
        ([[0.0, 1.0, 2.0, 3.0, 4.0]], r"has shape \(1, 5\), expected a step or \(5,\)"),
        (0.0, "is a step of 0, expected a positive finite one"),
        (-0.1, "is a step of -0.1, expected a positive finite one"),
        (np.nan, "is a step of nan, expected a positive finite one"),
    ],
    ids=str,
)
def test_bad_times(t: object, message: str) -> None:
    for method in (FiniteDifference(), Spectral(), Spline()):
        with pytest.raises(ValueError, match=rf"^t: {message}"):
            method(np.zeros(5), t)


def test_bad_samples() -> None:
    with pytest.raises(ValueError, match="x: is a number, expected samples"):
        FiniteDifference()(1.0, 1.0)
    with pytest.raises(TypeError, match="x: complex values"):
        FiniteDifference()(np.zeros(5, complex), 1.0)
    with pytest.raises(ValueError, match="axis: is 2, expected -2 to 1"):
        FiniteDifference().differentiate(np.zeros((5, 2)), 1.0, axis=2)
    with pytest.raises(ValueError, match="order: is 0, expected at least 1"):
        FiniteDifference().differentiate(np.zeros(5), 1.0, order=0)
    with pytest.raises(TypeError, match=r"order: is 1\.5, expected an integer"):
        FiniteDifference().differentiate(np.zeros(5), 1.0, order=1.5)


@EVERY
@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_samples_say_how_many_are_needed(method: Differentiator, count: int) -> None:
    if isinstance(method, Spectral) and count == 2:
        np.testing.assert_array_equal(method(np.zeros(2), 1.0), np.zeros(2))
        return
    with pytest.raises(ValueError, match=rf"x: has {count} samples? along the axis, expected at least \d+ for"):
        method(np.zeros(count), 1.0)
    with pytest.raises(ValueError, match=rf"x: has {count} samples? along the axis, expected at least \d+ for"):
        method(np.zeros((count, 3)), np.arange(count))


def test_parameters_by_name() -> None:
    method = from_name("finite_difference", order=4)
    assert isinstance(method, FiniteDifference)
    assert method.get_params()["order"] == 4
    assert method.set_params(d=2).d == 2
    kinds = {
        "finite_difference": FiniteDifference,
        "savitzky_golay": SavitzkyGolay,
        "smoothed_finite_difference": SmoothedFiniteDifference,
        "spectral": Spectral,
        "total_variation": TotalVariation,
        "spline": Spline,
    }
    for name, kind in kinds.items():
        assert type(from_name(name)) is kind
    with pytest.raises(ValueError, match=r"differentiation: is 'splines', expected one of .*did you mean 'spline'"):
        from_name("splines")
    with pytest.raises(ValueError, match="Invalid parameter 'window'"):
        from_name("savitzky_golay", window=3)


@pytest.mark.parametrize(
    ("method", "factor"),
    [
        (SmoothedFiniteDifference(), 2.5),
        (SavitzkyGolay(window_length=21, polyorder=5), 3.0),
        (Spline(), 3.0),
        (TotalVariation(), 1.2),
    ],
    ids=repr,
)
def test_less_noise_on_lorenz(method: Differentiator, factor: float) -> None:
    """Derivatives of Lorenz-63 with 1 % of noise err less than differences by the factor; so do smoothed states."""
    sigma, rho, beta, step = 10.0, 28.0, 8 / 3, 0.01
    times = 10.0 + step * np.arange(2000)
    run = fastsci.solve_ensemble(
        fastsci.systems.lorenz63, (0.0, times[-1]), [1.0, 1.0, 1.0], dt=step, t_eval=times,
        params={"sigma": sigma, "rho": rho, "beta": beta},
    )  # fmt: skip
    x, y, z = clean = run.y[0]
    truth = np.stack((sigma * (y - x), x * (rho - z) - y, x * y - beta * z), axis=1)
    noisy = (clean + 0.01 * clean.std(axis=1, keepdims=True) * RNG.normal(size=clean.shape)).T
    rough = np.linalg.norm(FiniteDifference()(noisy, step) - truth)
    assert np.linalg.norm(method(noisy, step) - truth) * factor < rough
    assert np.linalg.norm(method.smooth(noisy, step) - clean.T) < np.linalg.norm(noisy - clean.T)
