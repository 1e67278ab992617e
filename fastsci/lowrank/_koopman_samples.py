"""Samples of a system for Koopman estimators: trajectories, lists of them, or pairs of states a step apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from fastsci_kernels.regress.plan import Generator, Plan, Term

from ..sparse.libraries import Library, plan_of
from ._koopman_products import Array, Block, Products, Samples, of_blocks

READ = 2**16  # rows that are brought to float64 at a time
BLOCK_BYTES = 2**22  # of a stored block of the dictionary, with its images
FEWEST_ROWS = 256  # of such a block
MOST_FUSED = 320  # terms up to which products are summed as the columns are made


@dataclass(frozen=True)
class Piece:
    """Samples in time order: a trajectory ``(n, d)``, or pairs with ``after (n, d)``; ``weights`` are of pairs."""

    states: Array
    after: Array | None = None
    weights: Array | None = None

    def pairs(self, delays: int) -> int:
        return len(self.states) - delays - (1 if self.after is None else 0)

    def windows(self, delays: int) -> Iterator[tuple[Array, Array | None]]:
        """Rows ``(c, (delays + 2) d)`` of states, oldest first, of which the last is the image; and weights (c,)."""
        for first in range(0, self.pairs(delays), READ):
            last = min(first + READ, self.pairs(delays))
            if self.after is None:
                rows = windows(self.states[first : last + delays + 1], delays + 1)
            else:
                rows = np.hstack((self.states[first:last], self.after[first:last])).astype(np.float64, copy=False)
            yield rows, None if self.weights is None else self.weights[first:last]


def windows(states: Any, delays: int) -> Array:
    """Each state with the ``delays`` before it, oldest first, (n - delays, (delays + 1) d); a view where it can be."""
    plain = np.ascontiguousarray(states, np.float64)
    width = plain.shape[1]
    if delays == 0:
        return plain
    flat = sliding_window_view(plain.ravel(), (delays + 1) * width)
    return flat[::width]


def shifted(term: Term, by: int) -> Term:
    """The term of inputs that lie ``by`` places further."""
    return tuple(
        (Generator(tuple(place + by for place in one.inputs), one.code, one.name, one.function), power)
        for one, power in term
    )


@dataclass(frozen=True)
class LiftedPairs(Samples):
    """A dictionary at states and at their images."""

    library: Library
    pieces: tuple[Piece, ...]
    width: int  # d
    delays: int

    @property
    def n_samples(self) -> int:
        """Samples of a pass."""
        return sum(piece.pairs(self.delays) for piece in self.pieces)

    @property
    def n_inputs(self) -> int:
        return self.width * (self.delays + 1)

    def _terms(self) -> tuple[tuple[Term, ...], int]:
        """The dictionary, its images, the state and its image, as terms of a window; and how many the first are."""
        terms = self.library.terms(self.n_inputs)
        own = tuple(((Generator((i,)), 1),) for i in range(self.n_inputs - self.width, self.n_inputs + self.width))
        return (*terms, *(shifted(term, self.width) for term in terms), *own), len(terms)

    def _plan(self, terms: tuple[Term, ...]) -> Plan:
        return plan_of(terms, self.n_inputs + self.width, 0)

    def products(self) -> Products:
        """The sums of a pass; no column is stored where the dictionary is not large."""
        from fastsci_kernels.regress import features

        terms, count = self._terms()
        if count > MOST_FUSED:
            return of_blocks(self)
        plan = self._plan(terms)
        total = np.zeros(plan.n_products)
        for piece in self.pieces:
            for rows, weights in piece.windows(self.delays):
                edges, none = features.pieces(plan, len(rows)), np.empty((len(rows), 0))
                total += features.sums(plan, rows, none, edges, weights).sum(axis=0)
        every = total[plan.gram]
        now, then = slice(count), slice(count, 2 * count)
        state, ahead = slice(2 * count, 2 * count + self.width), slice(2 * count + self.width, None)
        return Products(
            every[now, now], every[now, then], every[then, then], every[now, state], every[now, ahead], self.n_samples
        )

    def blocks(self) -> Iterator[Block]:
        """The dictionary and its images, block by block."""
        from fastsci_kernels.regress import features

        own, terms = self.n_inputs, self.library.terms(self.n_inputs)
        plan = plan_of((*terms, *(shifted(term, self.width) for term in terms)), own + self.width, 0, moments=False)
        count = len(terms)
        size = max(BLOCK_BYTES // (16 * count), FEWEST_ROWS)
        for piece in self.pieces:
            for rows, weights in piece.windows(self.delays):
                for first in range(0, len(rows), size):
                    part = rows[first : first + size]
                    found = features.values(plan, part)
                    state = part[:, own - self.width :]
                    if weights is not None:
                        root = np.sqrt(weights[first : first + size])[:, None]
                        found, state = found * root, state * root
                    yield Block(found[:, :count], found[:, count:], state[:, : self.width], state[:, self.width :])
