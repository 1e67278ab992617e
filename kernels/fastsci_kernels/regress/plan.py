"""Which numbers a library needs a sample, and which products of them its sums are made of.

A block of samples is a table: a row for 1, one an input, one a function of inputs, and then products, each of an earlier
row and a factor.  Columns of the library are rows of the table.  Two pairs of columns whose products have the same
factors have the same sum, which is taken once: of polynomials of degree r in d states that leaves C(d + 2r, 2r) sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np

GROUPS = 8, 4, 2, 1  # products that share their left factor are taken so many at a time
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
    function: FunctionType | None = None


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
    lefts, rights : list of ndarray
        For each size of ``GROUPS``: rows ``(n,)`` and those that each is multiplied with ``(n, size)``.
    gram, cross, squares : ndarray of int64, shapes (p, p), (p, m) and (m,)
        Where a sum is found among the products, in the order of the groups.
    """

    n_inputs: int
    n_targets: int
    generators: tuple[Generator, ...]
    parents: np.ndarray
    factors: np.ndarray
    columns: np.ndarray
    lefts: list[np.ndarray] = field(repr=False)
    rights: list[np.ndarray] = field(repr=False)
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
        return sum(rights.size for rights in self.rights)

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
    n_features = len(columns)
    first_target = 1 + n_inputs + len(generators) + len(parents)
    targets = first_target + np.arange(n_targets)
    pairs = np.empty((0, 2), np.int64)
    gram = np.empty((0, 0), np.int64)
    if moments and n_features:
        pairs, gram = _distinct(_exponents(parents, factors, 1 + n_inputs + len(generators))[columns], columns)
    cross = len(pairs) + np.arange(n_targets * n_features).reshape(n_targets, n_features).T
    squares = len(pairs) + n_targets * n_features + np.arange(n_targets)
    with_targets = np.stack([np.repeat(targets, n_features), np.tile(columns, n_targets)], axis=1)
    every = np.concatenate([pairs, with_targets, np.stack([targets, targets], axis=1)])
    lefts, rights, places = _grouped(every)
    return Plan(
        n_inputs, n_targets, generators, parents, factors, columns, lefts, rights,
        places[gram] if gram.size else gram, places[cross], places[squares],
    )  # fmt: skip


def _exponents(parents: np.ndarray, factors: np.ndarray, n_simple: int) -> np.ndarray:
    """Powers of the simple rows but 1 in every row, (rows, n_simple - 1)."""
    found = np.zeros((n_simple + len(parents), n_simple), np.int16)
    found[np.arange(n_simple), np.arange(n_simple)] = 1
    for index, (parent, factor) in enumerate(zip(parents, factors)):
        found[n_simple + index] = found[parent]
        found[n_simple + index, factor] += 1
    return found[:, 1:]


def _distinct(exponents: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows with different products, and which of them each entry of the Gram matrix is."""
    base = 2 * int(exponents.max(initial=0)) + 1
    if base ** exponents.shape[1] < MOST_RADIX:
        digits = base ** np.arange(exponents.shape[1], dtype=np.int64)
    else:
        digits = np.random.default_rng(0).integers(1, 2**62, exponents.shape[1])
    codes = exponents.astype(np.int64) @ digits
    upper = np.triu_indices(len(columns))
    _, first, which = np.unique((codes[:, None] + codes)[upper], return_index=True, return_inverse=True)
    a, b = upper[0][first], upper[1][first]
    if not np.array_equal((exponents[a] + exponents[b])[which], exponents[upper[0]] + exponents[upper[1]]):
        raise AssertionError("two different products share a code; draw other digits")
    gram = np.empty((len(columns),) * 2, np.int64)
    gram[upper] = which
    gram[upper[::-1]] = which
    return np.stack([columns[a], columns[b]], axis=1), gram


def _grouped(pairs: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Pairs in groups of one left factor, and the place of each pair among all groups."""
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    sorted_lefts = pairs[order, 0]
    starts = np.flatnonzero(np.r_[True, sorted_lefts[1:] != sorted_lefts[:-1]]) if len(pairs) else np.empty(0, int)
    remaining = [(start, end) for start, end in zip(starts, [*starts[1:], len(pairs)])]
    lefts: list[np.ndarray] = []
    rights: list[np.ndarray] = []
    places = np.empty(len(pairs), np.int64)
    filled = 0
    for size in GROUPS:
        taken: list[Any] = []
        later = []
        for start, end in remaining:
            whole = (end - start) // size * size
            taken.append(order[start : start + whole].reshape(-1, size))
            if start + whole < end:
                later.append((start + whole, end))
        remaining = later
        members = np.concatenate(taken) if taken else np.empty((0, size), np.int64)
        lefts.append(np.ascontiguousarray(pairs[members[:, 0], 0]))
        rights.append(np.ascontiguousarray(pairs[members, 1]))
        places[members.ravel()] = filled + np.arange(members.size)
        filled += members.size
    return lefts, rights, places
