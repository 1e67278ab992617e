"""Every method of the registry is what its literature says."""

from dataclasses import replace
from fractions import Fraction
from math import factorial
from sys import float_info

import pytest

import fastsci
from fastsci_kernels.methods.catalogue import TABLEAUS
from fastsci_kernels.methods.registry import METHODS, NAMES
from fastsci_kernels.methods.tableau import Tableau, density, node_count, rooted_trees

# Order and number of stages, as each source states them.
LITERATURE = {
    "Euler": (1, 1),
    "Heun": (2, 2),
    "Midpoint": (2, 2),
    "Ralston": (2, 2),
    "Kutta3": (3, 3),
    "SSPRK3": (3, 3),
    "BogackiShampine3": (3, 3),
    "RK4": (4, 4),
    "RK4_38": (4, 4),
    "DormandPrince5": (5, 6),
    "Tsit5": (5, 6),
    "DOP853": (8, 12),
    "Verner6": (6, 8),
    "Verner7": (7, 10),
    "Verner9": (9, 16),
}

every_method = pytest.mark.parametrize("tableau", TABLEAUS.values(), ids=TABLEAUS)


@pytest.mark.parametrize("name", LITERATURE)
def test_order_and_stages_are_those_of_the_source(name):
    assert (TABLEAUS[name].order, TABLEAUS[name].stages) == LITERATURE[name]


def test_methods_walks_the_registry():
    assert set(fastsci.methods()) == set(METHODS) > set(TABLEAUS)
    assert set(LITERATURE) <= set(fastsci.methods())
    assert {NAMES["rk4"], NAMES["rk4 3/8"], NAMES["dp5"]} == {"RK4", "RK4_38", "DormandPrince5"}


def rounding(weights):
    """What rounded weights can leave of a sum; more than a few units of 1e-16 for Verner6, whose weights are large."""
    return float_info.epsilon * sum(abs(float(weight)) for weight in weights)


@every_method
def test_stages_are_evaluated_at_their_row_sums(tableau):
    for row, node in zip(tableau.a, tableau.c, strict=True):
        assert float(sum(row)) == pytest.approx(float(node), abs=max(1e-14, rounding(row)))


@every_method
def test_weights_integrate_powers_of_time(tableau):
    """With f = t^k the method is a quadrature formula: sum b c^k = 1 / (k + 1) up to its order."""
    for power in range(tableau.order):
        moment = sum(float(b) * float(c) ** power for b, c in zip(tableau.b, tableau.c, strict=True))
        assert moment == pytest.approx(1.0 / (power + 1), abs=max(2e-14, rounding(tableau.b)))


@every_method
def test_no_method_is_better_than_it_claims(tableau):
    assert max(map(abs, tableau.defects(tableau.order + 1).values())) > 1e-6


@every_method
def test_every_method_names_its_source(tableau):
    assert tableau.source.strip()


def test_rooted_trees_are_counted_as_cayley_did():
    assert [len(rooted_trees(order)) for order in range(1, 9)] == [1, 1, 2, 4, 9, 20, 48, 115]


@pytest.mark.parametrize("order", range(1, 8))
def test_density_of_the_tall_and_of_the_bushy_tree(order):
    tall = ()
    for _ in range(order - 1):
        tall = (tall,)
    bushy = ((),) * (order - 1)
    assert density(tall) == factorial(order)
    assert density(bushy) == order
    assert node_count(tall) == node_count(bushy) == order


@every_method
def test_a_wrong_weight_is_refused(tableau):
    wrong = (float(tableau.b[0]) + 1e-9, *tableau.b[1:])
    with pytest.raises(ValueError, match=f"tableau {tableau.name}: order condition"):
        replace(tableau, b=wrong)


@pytest.mark.parametrize("tableau", [t for t in TABLEAUS.values() if t.order >= 3], ids=lambda t: t.name)
def test_a_wrong_stage_is_refused(tableau):
    last = tableau.a[-1]
    wrong = (*tableau.a[:-1], (float(last[0]) + 1e-9, *last[1:]))
    with pytest.raises(ValueError, match=f"tableau {tableau.name}: "):
        replace(tableau, a=wrong, c=())


def test_a_node_that_is_not_its_row_sum_is_refused():
    with pytest.raises(ValueError, match="a node of c differs from its row sum"):
        Tableau("Off", 1, ((), (1.0,)), (0.5, 0.5), source="none", c=(0.0, 0.9))


def test_a_tableau_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="row i of a must hold i weights"):
        Tableau("Implicit", 1, ((Fraction(1, 2),),), (Fraction(1),), source="none")
    with pytest.raises(ValueError, match="row i of a must hold i weights"):
        Tableau("Short", 2, ((), (Fraction(1),)), (Fraction(1),), source="none")
