"""``iterate_map``: which iterations it keeps, and that they are those of the map."""

import itertools
import math

import numpy as np
import pytest

import fastsci
from fastsci import systems


def counter(t, u, p):
    """Adds the number of the iteration, so that the state after n of them is n (n - 1) / 2."""
    (x,) = u
    return (x + t,)


def doubling(t, u, p):
    """Doubles and keeps what is below 1: exact in binary arithmetic."""
    (x,) = u
    (scale,) = p
    return (scale * x * 2.0,)


def exchange(t, u, p, du):
    """A permutation, which a map in place gets wrong unless it writes elsewhere than it reads."""
    n = len(du)
    for i in range(n):
        du[i] = u[i - 1] if i > 0 else u[n - 1]


def plain_orbit(made, n_steps, y0, p):
    """The map's own Python function, one state after the other."""
    orbit = [np.asarray(y0, float)]
    for i in range(n_steps):
        orbit.append(made.rhs(i, orbit[-1], p))
    return np.array(orbit).T


def test_the_end_alone_without_saves():
    result = fastsci.iterate_map(doubling, 5, [[1.0], [3.0]], params={"scale": 1.0})
    assert result.t.tolist() == [5]
    assert result.y.shape == (2, 1, 1)
    assert result.y_final.tolist() == [[32.0], [96.0]]
    assert result.method == "iteration"
    assert result.nfev.tolist() == result.naccepted.tolist() == [5, 5]


@pytest.mark.parametrize(
    ("n_steps", "every", "last", "kept"),
    [
        (6, 1, None, [0, 1, 2, 3, 4, 5, 6]),
        (6, 2, None, [0, 2, 4, 6]),
        (7, 3, None, [0, 3, 6]),
        (2, 5, None, [0]),
        (6, None, 1, [6]),
        (6, None, 3, [4, 5, 6]),
        (6, None, 7, [0, 1, 2, 3, 4, 5, 6]),
        (7, 3, 2, [4, 7]),
        (1, 1, None, [0, 1]),
    ],
)  # fmt: skip
def test_which_iterations_are_kept(n_steps, every, last, kept):
    result = fastsci.iterate_map(counter, n_steps, [10.0], save_every=every, save_last=last)
    assert result.t.tolist() == kept
    assert np.issubdtype(result.t.dtype, np.integer)
    assert result.y[0, 0].tolist() == [10.0 + n * (n - 1) / 2 for n in kept]
    assert result.y_final[0, 0] == 10.0 + n_steps * (n_steps - 1) / 2


def test_time_counts_exactly_over_many_iterations():
    result = fastsci.iterate_map(counter, 200_000, [0.0])
    assert result.y_final[0, 0] == 200_000 * 199_999 / 2


@pytest.mark.parametrize("name", ["logistic", "tent"])
def test_bit_for_bit_the_plain_loop_where_no_product_meets_a_sum(name):
    made = systems.get(name)
    y0 = np.linspace(0.01, 0.99, 53)[:, np.newaxis]
    parameter = np.linspace(1.0, 1.99, 53) * (2 if name == "logistic" else 1)
    result = fastsci.iterate_map(made, 100, y0, params=parameter[:, np.newaxis], save_every=1)
    for member in range(53):
        expected = plain_orbit(made, 100, y0[member], [parameter[member]])
        np.testing.assert_array_equal(result.y[member], expected)


def fused(a, b, c):
    """a b + c rounded once, in exact rational arithmetic."""
    from fractions import Fraction

    return float(Fraction(a) * Fraction(b) + Fraction(c))


def test_bit_for_bit_the_plain_loop_with_fused_products():
    """A product inside a sum is rounded once: 1 - a x x + y is (1 - (a x) x) + y with the product fused."""
    a, b = systems.henon.params.values()
    result = fastsci.iterate_map(systems.henon, 60, [0.1, 0.2], save_every=1)
    x, y = 0.1, 0.2
    for n in range(61):
        assert result.y[0, :, n].tolist() == [x, y]
        x, y = fused(-(a * x), x, 1.0) + y, b * x


@pytest.mark.parametrize("name", systems.names("map"))
def test_every_map_of_the_catalogue_is_its_python_function_to_rounding(name):
    made = systems.get(name)
    y0 = made.default_y0 * (1.0 + 0.01 * np.random.default_rng(0).normal(size=(19, made.dim)))
    result = fastsci.iterate_map(made, 1, y0)
    assert result.path == "lanes"
    expected = made.rhs(0, y0)
    np.testing.assert_allclose(result.y_final, expected, rtol=1e-13, atol=1e-14 * np.abs(expected).max())


def test_a_map_in_place_does_not_read_what_it_has_written():
    start = np.arange(40.0)
    result = fastsci.iterate_map(exchange, 7, start)
    np.testing.assert_array_equal(result.y_final[0], np.roll(start, 7))


def test_a_tuple_of_many_components():
    def rotate(t, u, p):
        return (u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15], u[16],
                u[17], u[18], u[19], u[0])  # fmt: skip

    result = fastsci.iterate_map(rotate, 3, np.arange(20.0))
    np.testing.assert_array_equal(result.y_final[0], np.roll(np.arange(20.0), -3))


@pytest.mark.parametrize("name", ["logistic", "henon", "standard", "chialvo", "rulkov_chain", "chialvo_ring_star"])
def test_members_do_not_depend_on_company(name):
    made = systems.get(name)
    y0 = made.default_y0 * (1.0 + 0.01 * np.random.default_rng(1).normal(size=(101, made.dim)))
    together = fastsci.iterate_map(made, 300, y0, save_every=50)
    for chosen in ([0], [100], [57], range(3, 20)):
        apart = fastsci.iterate_map(made, 300, y0[list(chosen)], save_every=50)
        np.testing.assert_array_equal(apart.y, together.y[list(chosen)])


def test_kept_iterations_do_not_change_the_others():
    r = np.linspace(3.5, 4.0, 40)
    every = fastsci.iterate_map(systems.logistic, 500, params={"r": r}, save_every=1)
    late = fastsci.iterate_map(systems.logistic, 500, params={"r": r}, save_last=10)
    end = fastsci.iterate_map(systems.logistic, 500, params={"r": r})
    np.testing.assert_array_equal(every.y[:, :, -10:], late.y)
    np.testing.assert_array_equal(every.y_final, end.y_final)


def test_a_member_that_escapes_takes_no_other_down():
    r = np.array([3.9, 4.2, 3.2, 5.0])
    result = fastsci.iterate_map(systems.logistic, 2000, params={"r": r}, save_last=4)
    assert result.status.tolist() == [0, -1, 0, -1]
    assert result.message(1) == "The state became infinite or NaN."
    alone = fastsci.iterate_map(systems.logistic, 2000, params={"r": r[[0, 2]]}, save_last=4)
    np.testing.assert_array_equal(result.y[[0, 2]], alone.y)


def test_a_map_that_branches_runs_on_scalars():
    def branching(t, u, p):
        (x,) = u
        if x > 0.5:
            return (2.0 - 2.0 * x,)
        return (2.0 * x,)

    start = np.array([[0.1], [0.3], [0.7]])
    result = fastsci.iterate_map(branching, 20, start)
    assert result.path == "scalar"
    expected = [plain_orbit(fastsci.system(branching, kind="map"), 20, row, [])[0, -1] for row in start]
    assert result.y_final[:, 0].tolist() == expected


def test_single_precision():
    result = fastsci.iterate_map(systems.logistic, 50, np.float32([[0.3]]), params={"r": 3.7}, save_every=1)
    assert result.y.dtype == np.float32
    x, r, one = np.float32(0.3), np.float32(3.7), np.float32(1.0)
    for n in range(51):
        assert result.y[0, 0, n] == x
        x = r * x * (one - x)


def test_progress_ends_at_one():
    seen = []
    fastsci.iterate_map(systems.logistic, 2000, np.full((64, 1), 0.3), progress=seen.append)
    assert seen[-1] == 1.0
    assert all(a <= b for a, b in itertools.pairwise(seen))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((systems.lorenz63, 5), ValueError, "system: lorenz63 is a flow, expected a map.*solve_ensemble"),
        ((None, 5), TypeError, "system: is None"),
        ((systems.logistic, 0), ValueError, "n_steps: is 0, expected at least 1"),
        ((systems.logistic, -3), ValueError, "n_steps: is -3, expected at least 1"),
        ((systems.logistic, 2.5), TypeError, "n_steps: is 2.5, expected a positive integer"),
        ((systems.logistic, 10.0), TypeError, "n_steps: is 10.0, expected a positive integer"),
        ((systems.logistic, True), TypeError, "n_steps: is True, expected a positive integer"),
        ((systems.logistic, "10"), TypeError, "n_steps: is '10', expected a positive integer"),
        ((systems.logistic, 10**30), ValueError, "n_steps: is 1e.30, expected at most"),
    ],
)
def test_wrong_maps_and_numbers_of_steps(arguments, error, message):
    with pytest.raises(error, match=message):
        fastsci.iterate_map(*arguments)


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"save_every": 0}, ValueError, "save_every: is 0, expected at least 1"),
        ({"save_every": 1.5}, TypeError, "save_every: is 1.5, expected a positive integer"),
        ({"save_last": 0}, ValueError, "save_last: is 0, expected at least 1"),
        ({"save_last": 12}, ValueError, "save_last: is 12 .* at most 11 saves of 10 iterations"),
        ({"save_last": 5, "save_every": 3}, ValueError, "save_every 3.* at most 4 saves of 10 iterations"),
        ({"y0": [0.1, 0.2]}, ValueError, "y0: has shape"),
        ({"params": {"q": 1.0}}, ValueError, "no parameter 'q'"),
        ({"device": "tpu"}, ValueError, "device: is 'tpu'"),
        ({"dtype": "int8"}, ValueError, "dtype: is 'int8'"),
        ({"progress": 3}, TypeError, "progress: is 3"),
    ],
)
def test_wrong_keywords(keywords, error, message):
    with pytest.raises(error, match=message):
        fastsci.iterate_map(systems.logistic, 10, **keywords)


def test_solve_ensemble_refuses_a_map():
    with pytest.raises(ValueError, match="logistic is a map, expected a flow"):
        fastsci.solve_ensemble(systems.logistic, (0.0, 1.0), [0.3], dt=0.1)


def test_iterations_count_in_a_plain_function_with_math():
    def forced(t, u, p):
        (x,) = u
        return (x + math.sin(t),)

    result = fastsci.iterate_map(forced, 10, [0.0])
    assert result.y_final[0, 0] == pytest.approx(sum(math.sin(t) for t in range(10)), abs=1e-14)
