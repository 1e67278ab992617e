"""Which numbers a library needs a sample, and which products of them its sums are made of.

A block of samples is a table: a row for 1, one an input, one a function of inputs, and then products, each of an
earlier row and a factor.  Columns of the library are rows of the table.  Two pairs of columns whose products have the
same factors have the same sum, which is taken once: of polynomials of degree r in d states that leaves C(d + 2r, 2r).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .cover import Cover, cover, fewest_lefts

MOST_RADIX = 2**62


@dataclass(frozen=True)
class Generator:
    """A factor of terms: an input, or a function of some.

    ``code`` is an expression of its arguments ``a0, a1, ...``, which may call ``function`` by the name ``call``; an
    input has none.  ``name`` shows it, with ``{0}, {1}, ...`` for the names of its inputs.
    """

    inputs: tuple[int, ...]
    code: str = ""
    name: str = "{0}"
    function: Any = None  # a plain Python function


Term = tuple[tuple[Generator, int], ...]  # factors and their powers; the constant has none


def multiplied(a: Term, b: Term) -> Term:
    """The product of two terms, its factors in the order in which they first appear."""
    powers = dict(a)
    for generator, power in b:
        powers[generator] = powers.get(generator, 0) + power
    return tuple(sorted(powers.items(), key=_order))


def _order(item: tuple[Generator, int]) -> tuple[bool, tuple[int, ...], str]:
    generator, _ = item
    return bool(generator.code), generator.inputs, generator.name


@dataclass(frozen=True, eq=False)
class Plan:
    """The table of a library and the products to be summed.

    Attributes
    ----------
    n_inputs, n_targets : int
    generators : tuple of Generator
        Functions; theirs are the rows after 1 and the inputs.
    parents, factors : ndarray of int64
        Rows whose products are the rows after those.
    columns : ndarray of int64, shape (p,)
        Rows of the table that are the library's columns.
    products : Cover
        Pairs of rows whose products are summed.
    gram, cross, squares : ndarray of int64, shapes (p, p), (p, m) and (m,)
        Where a sum is found: first those of products, then those of the rows themselves.
    """

    n_inputs: int
    n_targets: int
    generators: tuple[Generator, ...]
    parents: np.ndarray
    factors: np.ndarray
    columns: np.ndarray
    products: Cover = field(repr=False)
    gram: np.ndarray = field(repr=False)
    cross: np.ndarray = field(repr=False)
    squares: np.ndarray = field(repr=False)

    @property
    def first_product(self) -> int:
        return 1 + self.n_inputs + len(self.generators)

    @property
    def first_target(self) -> int:
        return self.first_product + len(self.parents)

    @property
    def n_rows(self) -> int:
        return self.first_target + self.n_targets

    @property
    def n_products(self) -> int:
        return self.products.size + self.n_rows

    @property
    def distinct(self) -> int:
        """Distinct products that a sample needs: multiply-adds, with those of targets."""
        return len(np.unique(np.concatenate([self.gram.ravel(), self.cross.ravel(), self.squares])))


def table(terms: Sequence[Term], n_inputs: int) -> tuple[tuple[Generator, ...], np.ndarray, np.ndarray, np.ndarray]:
    """Generators, parents, factors and columns of terms."""
    generators = tuple(dict.fromkeys(generator for term in terms for generator, _ in term if generator.code))
    rows: dict[tuple[int, ...], int] = {(): 0}
    for index in range(n_inputs):
        rows[1 + index,] = 1 + index
    places = {generator: 1 + n_inputs + index for index, generator in enumerate(generators)}
    for place in places.values():
        rows[place,] = place
    parents: list[int] = []
    factors: list[int] = []

    def row(key: tuple[int, ...]) -> int:
        if key not in rows:
            parent = row(key[:-1])
            parents.append(parent)
            factors.append(key[-1])
            rows[key] = n_inputs + len(generators) + len(parents)
        return rows[key]

    columns = []
    for term in terms:
        key: tuple[int, ...] = ()
        for generator, power in term:
            key += (places[generator] if generator.code else 1 + generator.inputs[0],) * power
        columns.append(row(tuple(sorted(key))))
    return generators, np.array(parents, np.int64), np.array(factors, np.int64), np.array(columns, np.int64)


def plan(terms: Sequence[Term], n_inputs: int, n_targets: int, *, moments: bool = True) -> Plan:
    """The plan of a library's terms; without ``moments`` only products of columns and targets, for a gradient."""
    generators, parents, factors, columns = table(terms, n_inputs)
    n_simple = 1 + n_inputs + len(generators)
    n_rows = n_simple + len(parents)
    targets = n_rows + np.arange(n_targets)
    rows = np.unique(columns)
    lefts, wanted = [targets], [np.broadcast_to(rows != 0, (n_targets, len(rows)))]
    others = [np.stack([targets, targets], axis=1)]
    which, single = np.empty((0, 0), np.int64), np.empty(0, np.int64)
    if moments:
        which, single, some = _distinct(_exponents(parents, factors, n_simple), rows)
        places, new, left_over = fewest_lefts(which, len(single), single >= 0)
        lefts.append(rows[places])
        wanted.append(new)
        others.append(rows[some[left_over]])
    products = cover(np.concatenate(lefts), rows, np.concatenate(wanted), np.concatenate(others))

    left, right = products.pairs()
    of_target = left >= n_rows
    found = np.empty((n_targets, n_rows + n_targets), np.int64)
    found[left[of_target] - n_rows, right[of_target]] = np.flatnonzero(of_target)
    found[:, 0] = products.size + targets
    gram = np.empty((0, 0), np.int64)
    if moments:
        made = single + products.size
        own = np.searchsorted(rows, left[~of_target]), np.searchsorted(rows, right[~of_target])
        made[which[own]] = np.flatnonzero(~of_target)
        place = np.searchsorted(rows, columns)
        gram = made[which[np.ix_(place, place)]]
    return Plan(
        n_inputs, n_targets, generators, parents, factors, columns, products,
        gram, found[:, columns].T.copy(), found[np.arange(n_targets), targets],
    )  # fmt: skip


def _exponents(parents: np.ndarray, factors: np.ndarray, n_simple: int) -> np.ndarray:
    """Powers of the simple rows but 1 in every row but targets, (rows, n_simple - 1)."""
    found = np.zeros((n_simple + len(parents), n_simple), np.int16)
    found[np.arange(n_simple), np.arange(n_simple)] = 1
    for index, (parent, factor) in enumerate(zip(parents.tolist(), factors.tolist())):
        found[n_simple + index] = found[parent]
        found[n_simple + index, factor] += 1
    return found[:, 1:]


def _distinct(exponents: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Different products of rows.

    Returns which each pair makes (rows, rows), the row of the table that each of n is, or -1 (n,), and places of two
    rows that make it (n, 2).
    """
    base = 2 * int(exponents.max(initial=0)) + 1
    exact = base ** exponents.shape[1] < MOST_RADIX
    if exact:
        digits = base ** np.arange(exponents.shape[1], dtype=np.int64)
    else:
        digits = np.random.default_rng(0).integers(1, 2**62, exponents.shape[1])
    codes = exponents.astype(np.int64) @ digits
    own = codes[rows]
    upper = np.triu_indices(len(rows))
    made, first, number = np.unique((own[:, None] + own)[upper], return_index=True, return_inverse=True)
    some = np.stack(upper, axis=1)[first]
    powers = (
        [exponents[rows[pairs]].sum(axis=1) for pairs in (some[number], np.stack(upper, axis=1))] if not exact else []
    )
    if powers and not np.array_equal(*powers):
        raise AssertionError("two different products share a code; draw other digits")
    which = np.empty((len(rows),) * 2, np.int64)
    which[upper] = number
    which[upper[::-1]] = number
    single = np.full(len(made), -1, np.int64)
    order = np.argsort(codes)
    place = np.minimum(np.searchsorted(codes[order], made), len(codes) - 1)
    same = codes[order[place]] == made
    single[same] = order[place[same]]
    return which, single, some
