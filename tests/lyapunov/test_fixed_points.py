"""Newton's method from many starts: what it finds is known exactly, and no start disturbs another."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import root

import fastsci
from fastsci import _newton, systems
from fastsci.equilibria import fixed_points

BOX = ((-20.0, -20.0, 0.0), (20.0, 20.0, 50.0))


def parabola(t, u, p):
    """Zeros at the roots of ``low``, none below 0."""
    (x,) = u
    (low,) = p
    return (x * x - low,)


def linear(t, u, p):
    x, y = u
    a, b, c, d = p
    return a * x + b * y, c * x + d * y


def matched(points, expected, tolerance):
    """Whether every expected point was found once, and no other."""
    distance = np.abs(points[:, np.newaxis] - np.asarray(expected)[np.newaxis]).max(2)
    near = distance <= tolerance
    return near.shape[0] == near.shape[1] and (near.sum(0) == 1).all() and (near.sum(1) == 1).all()


@pytest.mark.parametrize("name", ["lorenz63", "lotka_volterra", "henon_heiles", "henon", "logistic"])
def test_finds_the_fixed_points_of_the_literature(name):
    made = systems.get(name)
    functions = {function: getattr(math, function) for function in ("cos", "sin", "exp", "log", "sqrt", "pi")}
    expected = [
        [eval(coordinate, functions, dict(made.params)) for coordinate in point] for point in made.facts["fixed_points"]
    ]
    reach = 1.5 * np.abs(expected).max() + 1.0
    found = fixed_points(made, box=(np.full(made.dim, -reach), np.full(made.dim, reach)), seed=3, n_starts=300)
    assert matched(found.points, expected, 1e-9)
    assert found.residual.max() < 1e-12
    assert found.hits.sum() == found.success.sum()


def test_eigenvalues_of_lorenz_63():
    sigma, rho, beta = systems.lorenz63.params.values()
    found = fixed_points(systems.lorenz63, [[0.1, 0.1, 0.1], [8.0, 8.0, 27.0]])
    root_of = math.sqrt((sigma + 1) ** 2 + 4 * sigma * (rho - 1))
    at_origin = [(-(sigma + 1) + root_of) / 2, -beta, (-(sigma + 1) - root_of) / 2]
    np.testing.assert_allclose(found.eigenvalues[0], at_origin, rtol=1e-12)
    # At the other two, the characteristic polynomial of Sparrow, The Lorenz Equations (Springer, 1982), section 2.
    polynomial = [1.0, sigma + beta + 1, beta * (sigma + rho), 2 * sigma * beta * (rho - 1)]
    np.testing.assert_allclose(np.sort(found.eigenvalues[1]), np.sort(np.roots(polynomial)), rtol=1e-10)
    assert list(found.kind) == ["saddle", "saddle-focus"]
    assert not found.stable.any()


def test_eigenvalues_of_a_long_state_written_in_place():
    n = 40
    found = fixed_points(systems.get("lorenz96", n=n), 8.0 + 0.1 * np.random.default_rng(0).normal(size=(5, n)))
    np.testing.assert_allclose(found.points, np.full((1, n), 8.0), rtol=1e-12)
    # The Jacobian is circulant.
    turn = np.exp(2j * np.pi * np.arange(n) / n)
    expected = 8.0 * (turn - turn**-2) - 1.0
    distance = np.abs(found.eigenvalues[0][:, np.newaxis] - expected)
    assert distance.min(0).max() < 1e-10
    assert distance.min(1).max() < 1e-10


def test_points_of_period_three_of_the_logistic_map_are_known_exactly():
    found = fixed_points(systems.logistic, box=(0.0, 1.0), seed=1, period=3)
    expected = [np.sin(np.pi * k / m) ** 2 for m in (7, 9) for k in (1, 2, 3, 4) if (m, k) not in ((7, 4), (9, 3))]
    prime = found.period == 3
    assert matched(found.points[prime], np.reshape(expected, (-1, 1)), 1e-12)
    np.testing.assert_allclose(np.abs(found.eigenvalues[prime]), 8.0, rtol=1e-10)
    assert matched(found.points[~prime], [[0.0], [0.75]], 1e-12)
    assert (found.period[~prime] == 1).all()


def test_cycles_of_henons_map():
    """Two fixed points, one 2-cycle, no 3-cycle, two 6-cycles: Biham and Wenzel, Phys. Rev. Lett. 63, 819 (1989)."""
    found = fixed_points(systems.henon, box=((-1.5, -0.5), (1.5, 0.5)), seed=2, period=6, n_starts=4000)
    assert np.bincount(found.period).tolist() == [0, 2, 2, 0, 0, 0, 12]
    b = systems.henon.params["b"]
    np.testing.assert_allclose(np.linalg.det(found.jacobian), b**6, rtol=1e-6)
    assert set(found.kind) == {"saddle"}


def test_a_sweep_tells_points_apart_for_each_set_of_parameters():
    r = np.linspace(1.5, 3.9, 25)
    found = fixed_points(systems.logistic, np.tile([[0.01], [0.7]], (25, 1)), params={"r": np.repeat(r, 2)})
    assert found.hits.sum() == 50
    for value in r:
        there = found.params["r"] == value
        assert matched(found.points[there], [[0.0], [1.0 - 1.0 / value]], 1e-9)
    inner = found.points[:, 0] > 0.1
    np.testing.assert_allclose(found.eigenvalues[inner, 0], 2.0 - found.params["r"][inner], rtol=1e-9)
    assert np.array_equal(found.stable[inner], found.params["r"][inner] < 3.0)


def test_one_start_serves_many_parameters():
    found = fixed_points(parabola, [1.0], params=[[1.0], [4.0], [9.0]])
    np.testing.assert_allclose(found.points[:, 0], [1.0, 2.0, 3.0], rtol=1e-12)


@pytest.mark.parametrize(
    ("matrix", "kind", "stable"),
    [
        ((-1.0, 0.0, 0.0, -2.0), "node", True),
        ((1.0, 1.0, 0.0, 1.0), "node", False),
        ((-1.0, 3.0, -3.0, -1.0), "focus", True),
        ((0.2, 3.0, -3.0, 0.2), "focus", False),
        ((1.0, 0.0, 0.0, -2.0), "saddle", False),
        ((0.0, 4.0, -1.0, 0.0), "centre", False),
        ((0.0, 0.0, 0.0, -1.0), "degenerate", False),
    ],
)
def test_kinds_of_linear_flows(matrix, kind, stable):
    found = fixed_points(linear, [0.0, 2.0], params=matrix)
    np.testing.assert_allclose(found.points, [[0.0, 0.0]], atol=1e-15)
    assert found.kind[0] == kind
    assert found.stable[0] == stable


def test_saddles_of_henon_and_heiles_turn_beside():
    found = fixed_points(systems.henon_heiles, [[0.0, 0.1, 0.0, 0.0], [0.0, 0.9, 0.0, 0.0]])
    assert list(found.kind) == ["centre", "saddle-centre"]
    # About (0, 1): x'' = -3 x, y'' = y.
    expected = [1.0, 1j * math.sqrt(3.0), -1j * math.sqrt(3.0), -1.0]
    np.testing.assert_allclose(found.eigenvalues[1], expected, atol=1e-12)


def two_zeros(t, u, p):
    x, y = u
    a, b = p
    return (x - a) * (x - b), y - x


@given(
    st.tuples(st.floats(-5.0, 5.0), st.floats(-5.0, 5.0)),
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1, max_size=12),
)
def test_what_is_found_are_zeros_and_each_once(zeros, starts):
    found = fixed_points(two_zeros, np.array(starts), params=zeros, max_iter=80)
    assert len(found) <= 2
    assert found.hits.sum() == found.success.sum()
    for x, y in found.points:
        assert abs((x - zeros[0]) * (x - zeros[1])) < 1e-9
        assert abs(y - x) < 1e-9
    if abs(zeros[0] - zeros[1]) > 1e-2:
        assert np.abs(np.subtract.outer(found.points[:, 0], zeros)).min(1).max(initial=0.0) < 1e-9


def test_finds_what_scipy_finds_start_by_start():
    made = systems.lorenz63
    starts = np.random.default_rng(4).uniform(*BOX, (30, 3))
    found = fixed_points(made, starts)
    ends = np.array([root(lambda u: made.rhs(0.0, u), start).x for start in starts])
    near = np.abs(ends[:, np.newaxis] - found.points).max(2)
    assert near.min(1).max() < 1e-6
    assert near.min(0).max() < 1e-6
    assert found.success.all()


def test_a_start_alone_gives_the_same_bits():
    starts = np.random.default_rng(5).uniform(*BOX, (40, 3))
    rho = np.linspace(20.0, 30.0, 40)
    together = fixed_points(systems.lorenz63, starts, params={"rho": rho})
    assert together.success.all()
    for i in (0, 17, 39):
        alone = fixed_points(systems.lorenz63, starts[i], params={"rho": rho[i]})
        assert np.array_equal(alone.points[0], together.points[i])
        assert np.array_equal(alone.eigenvalues[0], together.eigenvalues[i])


def test_batches_worked_on_in_parts_give_the_same_bits(monkeypatch):
    whole = fixed_points(systems.lorenz63, box=BOX, seed=6, n_starts=100)
    monkeypatch.setattr(_newton, "BLOCK_NUMBERS", 7 * 12)
    parts = fixed_points(systems.lorenz63, box=BOX, seed=6, n_starts=100)
    assert np.array_equal(whole.points, parts.points)
    assert np.array_equal(whole.reached, parts.reached)


def test_starts_that_fail_take_no_other_down():
    def touchy(t, u, p):
        (x,) = u
        if x < -5.0:
            raise ValueError("outside")
        return (x * x - 4.0,)

    good = np.array([[1.0], [3.0], [-1.0]])
    mixed = np.array([[np.nan], [1.0], [-7.0], [3.0], [np.inf], [-1.0], [0.0]])
    found, alone = fixed_points(touchy, mixed), fixed_points(touchy, good)
    assert found.status.tolist() == [-1, 0, -2, 0, -1, 0, -3]
    assert "raised" in found.message(2)
    assert "singular" in found.message(6)
    assert np.array_equal(found.points, alone.points)
    assert found.reached.tolist() == [-1, 0, -1, 0, -1, 1, -1]


def test_a_step_that_leaves_the_domain_is_shortened():
    def logarithm(t, u, p):
        (x,) = u
        return (math.log(x),)

    found = fixed_points(logarithm, [20.0])  # Newton's own step goes to -40
    np.testing.assert_allclose(found.points, [[1.0]], rtol=1e-14)


def test_systems_without_fixed_points_give_empty_arrays():
    found = fixed_points(parabola, box=([-2.0], [2.0]), seed=1, params=[-1.0], n_starts=50)
    assert len(found) == 0
    assert found.points.shape == (0, 1)
    assert found.eigenvalues.shape == (0, 1)
    assert found.jacobian.shape == (0, 1, 1)
    assert found.kind.shape == found.period.shape == (0,)
    assert (found.status < 0).all()


def pole(t, u, p):
    (x,) = u
    return (1.0 / x,)


def fading(t, u, p):
    (x,) = u
    return (math.exp(-x),)


@pytest.mark.parametrize(("fun", "start"), [(pole, 1e-12), (pole, 1.0), (fading, 0.0), (fading, 20.0)])
def test_a_pole_and_a_zero_at_infinity_are_no_fixed_points(fun, start):
    assert len(fixed_points(fun, [start])) == 0


def test_a_multiple_zero_is_found():
    def thrice(t, u, p):
        x, y = u
        return (x - 1.0) ** 2 * (x + 4.0), y - x

    found = fixed_points(thrice, [[0.0, 0.0], [3.0, 5.0], [-6.0, 0.0]], max_iter=60)
    assert found.success.all()
    assert matched(found.points, [[1.0, 1.0], [-4.0, -4.0]], 1e-7)


def test_of_a_curve_of_fixed_points_every_start_finds_one():
    """Kinetics that conserve mass: the Jacobian is singular everywhere."""

    def exchange(t, u, p):
        a, b = u
        rate = 2.0 * a - b * b
        return -rate, rate

    starts = np.random.default_rng(7).uniform(0.5, 3.0, (20, 2))
    found = fixed_points(exchange, starts)
    assert found.success.all()
    np.testing.assert_allclose(2.0 * found.points[:, 0], found.points[:, 1] ** 2, rtol=1e-12)
    assert set(found.kind) == {"degenerate"}


def test_time_is_that_which_is_given():
    def forced(t, u, p):
        (x,) = u
        return (math.cos(t) - 2.0 * x,)

    found = fixed_points(forced, [0.3], t=1.0)
    np.testing.assert_allclose(found.points, [[math.cos(1.0) / 2.0]], rtol=1e-15)


def test_the_users_own_derivative_is_used():
    def derivative(t, u, p, v):
        return (-2.0 * v[0],)

    made = fastsci.system(lambda t, u, p: (abs(1.0 - u[0]) + 1.0 - u[0],), jvp=derivative, state=("x",))
    found = fixed_points(made, [-3.0])
    np.testing.assert_allclose(found.points, [[1.0]])
    np.testing.assert_allclose(found.eigenvalues, [[-2.0]])


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_starts_of_any_type_are_computed_in_float64(dtype):
    found = fixed_points(parabola, np.array([[1], [-1]], dtype), params=[2.0])
    assert found.points.dtype == np.float64
    np.testing.assert_allclose(found.points[:, 0], [math.sqrt(2.0), -math.sqrt(2.0)], rtol=1e-15)


def test_no_start_and_one_start():
    none = fixed_points(parabola, np.empty((0, 1)), params=[2.0])
    assert none.points.shape == (0, 1)
    assert none.status.shape == none.reached.shape == (0,)
    one = fixed_points(parabola, [1.0], params=[2.0])
    assert one.hits.tolist() == [1]
    assert repr(one) == "<FixedPoints of parabola: 1 from 1 starts, 0 failed>"


def test_random_starts_repeat_with_their_seed():
    first, again, other = (fixed_points(parabola, box=(-9.0, 9.0), seed=s, params=[2.0]) for s in (1, 1, 2))
    assert np.array_equal(first.reached, again.reached)
    assert not np.array_equal(first.reached, other.reached)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "starts: is missing"),
        ({"starts": [1.0], "box": (0, 1)}, ValueError, "box: is given beside starts"),
        ({"starts": [1.0, 2.0]}, ValueError, r"starts: has shape \(2,\), expected \(1,\)"),
        ({"starts": "here"}, TypeError, "starts: dtype"),
        ({"starts": [1.0], "tol": 0.0}, ValueError, "tol: is 0.0"),
        ({"starts": [1.0], "unique_tol": "1"}, TypeError, "unique_tol: is '1'"),
        ({"starts": [1.0], "max_iter": 0}, ValueError, "max_iter: is 0"),
        ({"starts": [1.0], "max_iter": 1.5}, TypeError, "max_iter: is 1.5"),
        ({"starts": [1.0], "period": 0}, ValueError, "period: is 0"),
        ({"starts": [1.0], "period": 2}, ValueError, "period: is 2, but parabola is a flow"),
        ({"starts": [1.0], "t": math.inf}, ValueError, "t: is inf"),
        ({"box": 3.0}, ValueError, "box: is 3.0"),
        ({"box": (1.0, 0.0)}, ValueError, "box: .*below the high"),
        ({"box": ([0.0, 0.0], 1.0)}, ValueError, r"box: has corners of shapes \(2,\) and \(\)"),
        ({"box": (0.0, 1.0), "n_starts": -1}, ValueError, "n_starts: is -1"),
        ({"box": (0.0, 1.0), "seed": -1}, ValueError, "seed: is -1"),
        ({"starts": [[1.0]] * 3, "params": [[1.0]] * 2}, ValueError, "params: are for 2 members, but starts are 3"),
    ],
)
def test_mistakes_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        fixed_points(parabola, **{"params": [2.0], **arguments})
