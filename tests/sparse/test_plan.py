"""Plans: every product of columns is taken, each different one once, in tiles that share what is loaded."""

import itertools
from math import comb

import numpy as np
import pytest

from fastsci.sparse.libraries import CustomLibrary, FourierLibrary, IdentityLibrary, PolynomialLibrary
from fastsci_kernels.regress.cover import Cover, cover, fewest_lefts
from fastsci_kernels.regress.plan import plan

LIBRARIES = {
    "cubic": (PolynomialLibrary(degree=3), 3),
    "no constant": (PolynomialLibrary(degree=2, include_bias=False), 4),
    "constant alone": (PolynomialLibrary(degree=0), 2),
    "identity": (IdentityLibrary(), 5),
    "sines": (FourierLibrary(n_frequencies=3), 2),
    "products": (PolynomialLibrary(degree=2) * FourierLibrary(), 2),
    "functions": (CustomLibrary([lambda x, y: x / (1 + y * y)]) + PolynomialLibrary(degree=1), 3),
    "quintic in six": (PolynomialLibrary(degree=5), 6),
    "powers beyond a word": (PolynomialLibrary(degree=2), 40),
}


@pytest.fixture(params=LIBRARIES, name="case")
def _case(request):
    library, n_inputs = LIBRARIES[request.param]
    return library.plan(n_inputs, 2), [dict(term) for term in library.terms(n_inputs)]


def powers(term, other):
    """Factors of the product of two terms."""
    return frozenset((factor, term.get(factor, 0) + other.get(factor, 0)) for factor in {*term, *other})


@pytest.mark.parametrize(("n_inputs", "degree"), [(1, 4), (2, 5), (3, 2), (3, 5), (6, 3), (10, 2)])
def test_polynomials_have_as_many_distinct_moments_as_monomials_of_twice_the_degree(n_inputs, degree):
    p = comb(n_inputs + degree, degree)
    made = PolynomialLibrary(degree=degree).plan(n_inputs, 3)
    assert made.gram.shape == (p, p)
    assert len(np.unique(made.gram)) == comb(n_inputs + 2 * degree, 2 * degree)
    assert made.distinct == comb(n_inputs + 2 * degree, 2 * degree) + 3 * p + 3


def test_pairs_share_a_sum_just_where_their_products_have_the_same_factors(case):
    made, terms = case
    assert np.array_equal(made.gram, made.gram.T)
    pairs = list(itertools.combinations_with_replacement(range(len(terms)), 2))[::7]
    sums = {}
    for i, k in pairs:
        assert sums.setdefault(powers(terms[i], terms[k]), made.gram[i, k]) == made.gram[i, k]
    assert len(set(sums.values())) == len(sums)


def test_every_sum_is_of_the_rows_that_it_is_said_to_be_of(case):
    made, _ = case
    rng = np.random.default_rng(0)
    first = 1 + made.n_inputs + len(made.generators)
    # Rows that are whole numbers: products are then exact, and modulo a prime they stay small.
    prime = 10007
    rows = np.ones(made.n_rows, np.int64)
    rows[1:first] = rng.integers(2, prime, first - 1)
    for k, (parent, factor) in enumerate(zip(made.parents, made.factors, strict=True)):
        rows[first + k] = rows[parent] * rows[factor] % prime
    rows[made.first_target :] = rng.integers(2, prime, 2)
    lefts, rights = made.products.pairs()
    sums = np.concatenate([rows[lefts] * rows[rights] % prime, rows])
    assert len(sums) == made.n_products
    columns, targets = rows[made.columns], rows[made.first_target :]
    assert np.array_equal(sums[made.gram], np.outer(columns, columns) % prime)
    assert np.array_equal(sums[made.cross], np.outer(columns, targets) % prime)
    assert np.array_equal(sums[made.squares], targets**2 % prime)


def test_parents_come_before_the_rows_that_are_made_of_them(case):
    made, _ = case
    own = made.first_product + np.arange(len(made.parents))
    assert (made.parents < own).all()
    assert (made.factors < made.first_product).all()


def test_without_moments_only_products_with_targets_are_taken():
    made = PolynomialLibrary(degree=3).plan(3, 2, moments=False)
    assert made.gram.shape == (0, 0)
    assert (made.products.pairs()[0] >= made.first_target).all()


def test_of_a_large_library_little_is_taken_twice_or_pair_by_pair():
    made = PolynomialLibrary(degree=5).plan(6, 6)
    assert made.n_products < 1.1 * made.distinct
    assert made.products.handfuls.size < 0.02 * made.n_products


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize(("n_lefts", "n_rights"), [(1, 1), (3, 9), (4, 4), (6, 31), (9, 70)])
def test_a_cover_holds_what_is_wanted(n_lefts, n_rights, share):
    rng = np.random.default_rng(n_lefts)
    wanted = rng.random((n_lefts, n_rights)) < share
    lefts, rights = 1000 + np.arange(n_lefts), np.arange(n_rights)
    others = np.array([[5, 6], [7, 7]])
    made = cover(lefts, rights, wanted, others)
    found = {*zip(*(rows.tolist() for rows in made.pairs()), strict=True)}
    assert {(1000 + i, k) for i, k in np.argwhere(wanted).tolist()} | {(5, 6), (7, 7)} <= found


def test_nothing_is_covered_by_nothing():
    none = np.empty(0, np.int64)
    made = cover(none, none, np.empty((0, 0), bool), np.empty((0, 2), np.int64))
    assert isinstance(made, Cover)
    assert made.size == len(made.pairs()[0]) == 0


def test_few_lefts_make_each_product_once():
    # Exponents of one variable: rows x^0 ... x^29 and products x^0 ... x^58, of which the rows are done.
    which = np.add.outer(np.arange(30), np.arange(30))
    lefts, wanted, left_over = fewest_lefts(which, 59, np.arange(30))
    made = np.concatenate([which[left][new] for left, new in zip(lefts, wanted, strict=True)])
    assert lefts.tolist() == [29]
    assert sorted([*made, *left_over]) == list(range(30, 59))


def test_a_plan_of_no_terms():
    made = plan((), 2, 1)
    assert made.gram.shape == (0, 0)
    assert made.cross.shape == (0, 1)
    assert made.squares.shape == (1,)
