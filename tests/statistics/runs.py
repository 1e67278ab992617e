"""Systems and statistics that these tests share, and what NumPy makes of the same run when it is saved."""

from __future__ import annotations

import numpy as np

import fastsci
from tests.ensemble.models import LORENZ, lorenz, ring, same_bits, spread

ALL = ["mean", "var", "std", "min", "max", "last", "count"]
HISTOGRAM = fastsci.Histogram(0, 17, (-6.0, 9.5))
CROSSINGS = {
    "up": fastsci.LastCrossing(1, 2.0, 1),
    "down": fastsci.LastCrossing(1, 2.0, -1),
    "any": fastsci.LastCrossing(0),
}
EVERYTHING = {**{name: name for name in ALL}, "histogram": HISTOGRAM, **CROSSINGS}

END, DT = 5.0, 0.01
GRID = np.arange(1, 501) * DT
# The tolerance of a mean and a variance, in units of the spacing of numbers: NumPy's own sums carry as much.
DIGITS = {"float64": 2e-14, "float32": 5e-7}


def members(style: str, n: int = 21) -> tuple:
    """A system, its initial states and its parameters."""
    if style == "flat":
        return lorenz, spread(n), {**LORENZ, "rho": np.linspace(24.0, 32.0, n)}
    return ring, spread(n, 6), np.linspace(6.0, 9.0, n)[:, np.newaxis]


def last_crossing(t, y, component, level, direction):
    """Time and state of the last crossing on the straight lines between saves, by going through them one by one."""
    found = np.nan, np.full(len(y), np.nan)
    for j in range(1, y.shape[1]):
        before, after = y[component, j - 1] - level, y[component, j] - level
        up, down = before < 0 <= after, before > 0 >= after
        if {1: up, -1: down, 0: up or down}[direction]:
            part = before / (before - after)
            found = t[j - 1] + part * (t[j] - t[j - 1]), y[:, j - 1] + part * (y[:, j] - y[:, j - 1])
    return found


def assert_like_numpy(reduced, t, y, *, histogram=HISTOGRAM, crossings=CROSSINGS):
    """``reduced`` is what NumPy makes of the saves ``y (n_members, dim, n_times)``."""
    wide, tolerance = y.astype(np.float64), DIGITS[y.dtype.name]
    for name, of in (("mean", np.mean), ("var", np.var), ("std", np.std)):
        assert reduced[name].dtype == y.dtype
        np.testing.assert_allclose(reduced[name], of(wide, axis=2), rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(reduced["min"], y.min(axis=2))
    np.testing.assert_array_equal(reduced["max"], y.max(axis=2))
    np.testing.assert_array_equal(reduced["last"], y[:, :, -1])
    np.testing.assert_array_equal(reduced["count"], np.full(len(y), y.shape[2]))
    low, high = histogram.range
    counts = [np.histogram(one[histogram.component], histogram.bins, (low, high))[0] for one in y]
    np.testing.assert_array_equal(reduced["histogram"], counts)
    loose = 1e-11 if y.dtype == np.float64 else 1e-4
    for name, one in crossings.items():
        found = [last_crossing(t, states, one.component, one.level, one.direction) for states in wide]
        np.testing.assert_allclose(reduced[name].t, [time for time, _ in found], rtol=loose, atol=loose)
        np.testing.assert_allclose(reduced[name].y, [state for _, state in found], rtol=loose, atol=loose)


def assert_same_bits(one, other):
    """Two runs' statistics are alike bit for bit."""
    assert one.keys() == other.keys()
    for name, values in one.items():
        if isinstance(values, np.ndarray):
            pairs = [(values, other[name])]
        else:
            pairs = [(values.t, other[name].t), (values.y, other[name].y)]
        for mine, theirs in pairs:
            if mine.dtype.kind == "f":
                assert same_bits(mine, theirs), name
            else:
                np.testing.assert_array_equal(mine, theirs)
