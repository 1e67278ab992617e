"""Error estimates and interpolants satisfy their conditions, and wrong numbers are refused."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import DOP853, RK23, RK45

from fastsci_kernels.methods.catalogue import TABLEAUS
from fastsci_kernels.methods.pair import Pair, hermite
from fastsci_kernels.methods.registry import NAMES
from fastsci_kernels.methods.tableau import Tableau, density, rooted_trees

PAIRS = [tableau for tableau in TABLEAUS.values() if tableau.pair]

every_method = pytest.mark.parametrize("tableau", TABLEAUS.values(), ids=TABLEAUS)
every_pair = pytest.mark.parametrize("tableau", PAIRS, ids=lambda tableau: tableau.name)

# Order of the embedded formula that rules the step size, of dense output, and further stages of dense output.
LITERATURE = {
    "BogackiShampine3": (2, 3, 0),
    "DormandPrince5": (4, 4, 0),
    "Tsit5": (4, 4, 0),
    "DOP853": (7, 7, 3),
    "Verner6": (5, 6, 3),
    "Verner7": (6, 6, 5),
    "Verner9": (8, 9, 9),
}


@pytest.mark.parametrize("name", LITERATURE)
def test_orders_are_those_of_the_source(name):
    pair = TABLEAUS[name].pair
    assert (pair.error_order, pair.dense_order, len(pair.extra)) == LITERATURE[name]


def test_every_pair_is_in_the_table_above():
    assert {tableau.name for tableau in PAIRS} == set(LITERATURE)


def test_pairs_go_by_their_other_names():
    names = {"RK23": "BogackiShampine3", "BS3": "BogackiShampine3", "RK45": "DormandPrince5", "DP5": "DormandPrince5"}
    names |= {"Vern6": "Verner6", "Vern7": "Verner7", "Vern9": "Verner9"}
    assert {alias: NAMES[alias.lower()] for alias in names} == names


@every_method
def test_every_order_condition_holds(tableau):
    tableau.check()


def elementary_weights(tableau, formula, order):
    weights = tableau.stage_weights()
    return np.array([np.dot(formula, weights(tree)[: len(formula)]) for tree in rooted_trees(order)])


@every_pair
def test_no_error_estimate_is_of_higher_order_than_it_claims(tableau):
    for row, order in zip(tableau.pair.error, tableau.pair.embedded_orders, strict=True):
        row = [float(weight) for weight in row]
        within = [np.abs(elementary_weights(tableau, row, lower)).max() for lower in range(1, order + 1)]
        beyond = np.abs(elementary_weights(tableau, row, order + 1)).max()
        assert beyond > 1e-5
        assert max(within) < 1e-7 * beyond


@every_method
def test_no_interpolant_is_of_higher_order_than_it_claims(tableau):
    order = tableau.dense_order + 1
    theta = 0.3
    formula = [sum(float(w) * theta ** (m + 1) for m, w in enumerate(row)) for row in tableau.dense]
    exact = np.array([theta**order / density(tree) for tree in rooted_trees(order)])
    assert np.abs(elementary_weights(tableau, formula, order) - exact).max() > 1e-7


@pytest.mark.parametrize("theta", [0.1, 0.37, 0.5, 0.82])
@every_method
def test_dense_output_integrates_powers_of_time_up_to_any_point(tableau, theta):
    """With f = t^k the interpolant is a quadrature formula: sum b(theta) c^k = theta^(k + 1) / (k + 1)."""
    formula = np.array([sum(float(w) * theta ** (m + 1) for m, w in enumerate(row)) for row in tableau.dense])
    nodes = np.array([float(node) for node in tableau.nodes])
    for power in range(tableau.dense_order):
        moment = formula @ nodes**power
        assert moment == pytest.approx(
            theta ** (power + 1) / (power + 1), abs=1e-9 if tableau.name == "Verner6" else 1e-11
        )


@pytest.mark.parametrize(("name", "peer"), [("BogackiShampine3", RK23), ("DormandPrince5", RK45)])
def test_numbers_are_those_of_scipy(name, peer):
    tableau = TABLEAUS[name]
    np.testing.assert_allclose(np.array(tableau.pair.error[0], dtype=float), peer.E, atol=1e-16)
    np.testing.assert_allclose(np.array(tableau.dense, dtype=float), peer.P, atol=1e-15, rtol=1e-15)


def test_dop853_is_that_of_scipy():
    pair = TABLEAUS["DOP853"].pair
    np.testing.assert_array_equal(pair.error, [DOP853.E5, DOP853.E3])
    np.testing.assert_array_equal([*pair.extra[-1]], DOP853.A_EXTRA[-1][: len(pair.extra[-1])])
    np.testing.assert_array_equal(pair.extra_c, DOP853.C_EXTRA)


@every_method
def test_without_an_interpolant_dense_output_is_the_cubic_through_both_ends(tableau):
    matrix = np.array(hermite(tableau.b), dtype=float)
    at_end = matrix.sum(axis=1)
    np.testing.assert_allclose(at_end, [*map(float, tableau.b), 0.0], atol=1e-12)
    assert matrix.shape == (tableau.stages + 1, 3)
    if tableau.pair is None or not tableau.pair.dense:
        np.testing.assert_array_equal(np.array(tableau.dense, dtype=float), matrix)


def perturbed(rows, place, factor):
    """The rows with one coefficient changed."""
    i, j = place
    row = rows[i]
    return (*rows[:i], (*row[:j], float(row[j]) * factor, *row[j + 1 :]), *rows[i + 1 :])


@every_pair
@pytest.mark.parametrize("field", ["error", "extra", "dense"])
def test_no_coefficient_can_be_wrong_unnoticed(tableau, field):
    rows = getattr(tableau.pair, field)
    places = [(i, j) for i, row in enumerate(rows) for j, weight in enumerate(row) if weight]
    assert places or (field in ("extra", "dense") and tableau.pair.extra == ())
    for place in places:
        pair = replace(tableau.pair, **{field: perturbed(rows, place, 1.0 + 1e-6)})
        with pytest.raises(ValueError, match=f"^tableau {tableau.name}: "):
            replace(tableau, pair=pair)


@every_method
def test_no_stage_can_be_wrong_unnoticed(tableau):
    for i, row in enumerate(tableau.a):
        for j, weight in enumerate(row):
            if weight:
                with pytest.raises(ValueError, match=f"^tableau {tableau.name}: a node of c"):
                    replace(tableau, a=perturbed(tableau.a, (i, j), 1.0 + 1e-6))


def exchangeable():
    """Stages with two weights or more, of which one can grow as the other falls."""
    for tableau in TABLEAUS.values():
        for stage, row in enumerate(tableau.a):
            if tableau.order >= 3 and sum(weight != 0 for weight in row) >= 2:
                yield pytest.param(tableau, stage, id=f"{tableau.name}-{stage}")


@pytest.mark.parametrize(("tableau", "stage"), [*exchangeable()])
def test_weights_exchanged_between_stages_are_refused_by_the_full_check(tableau, stage):
    """A change that keeps the row sum still breaks an order condition."""
    row = [float(weight) for weight in tableau.a[stage]]
    first, *_, last = (place for place, weight in enumerate(row) if weight)
    change = 1e-4 * row[last]
    row[first] += change
    row[last] -= change
    with pytest.raises(ValueError, match=f"^tableau {tableau.name}: "):
        replace(tableau, a=(*tableau.a[:stage], tuple(row), *tableau.a[stage + 1 :])).check()


def test_a_pair_of_the_wrong_shape_is_refused():
    heun = TABLEAUS["Heun"]
    for pair in (
        Pair(((-0.5, 0.5),), error_order=1, dense_order=2),
        Pair((), error_order=1, dense_order=2),
        Pair(((-0.5, 0.5, 0.0),), error_order=1, dense_order=2, embedded_orders=(1, 1)),
        Pair(((-0.5, 0.5, 0.0),), error_order=1, dense_order=2, dense=((1.0,), (0.0,))),
        Pair(((-0.5, 0.5, 0.0),), error_order=1, dense_order=2, extra=((0.5, 0.0, 0.0),), extra_c=(0.5,)),
    ):
        with pytest.raises(ValueError, match="tableau Heun: error weights or dense output do not fit 2 stages"):
            replace(heun, pair=pair)
    fitting = replace(heun, pair=Pair(((-0.5, 0.5, 0.0),), error_order=1, dense_order=2))
    assert fitting.pair.embedded_orders == (1,)


def test_an_interpolant_that_misses_the_end_of_the_step_is_refused():
    line = Pair(((-0.5, 0.5, 0.0),), error_order=1, dense_order=1, dense=((1.0,), (0.0,), (0.0,)))
    with pytest.raises(ValueError, match="tableau Heun: dense output does not meet the ends of the step"):
        replace(TABLEAUS["Heun"], pair=line)


def test_stages_that_only_an_error_estimate_needs_are_told():
    assert {t.name: t.needed_stages for t in TABLEAUS.values() if t.needed_stages < t.stages} == {
        "Verner7": 9,
        "Verner9": 15,
    }
    assert Tableau("Spare", 1, ((), (1.0,)), (1.0, 0.0), source="none").needed_stages == 1
