"""In which order products of rows are taken, so that a register that was loaded serves several of them.

A multiply-add needs two numbers from memory and processors load two registers while they do two multiply-adds at best,
so that pairs taken one by one run at half speed.  Four left factors times four right ones make sixteen products of
eight loads, one left factor times eight right ones eight of nine.  Distinct products seldom form whole rectangles; a
rectangle is taken where most of it is wanted, and what it makes twice is thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SIDE = 4  # of a tile: SIDE lefts times SIDE rights
RUN = 8  # products of one left in a run, or of any lefts in a handful
WORTH = 10  # products wanted of the sixteen of a tile for which it is taken: others take longer by as much
FEWEST = 5  # products wanted of a run's eight


@dataclass(frozen=True)
class Cover:
    """Products of rows: tiles, then runs, then handfuls, each row-major in its own.

    Attributes
    ----------
    tiles : ndarray of int64, shape (n, 2, SIDE)
        Lefts and rights, of which all products are taken.
    runs : ndarray of int64, shape (n, 1 + RUN)
        A left and its rights.
    handfuls : ndarray of int64, shape (n, 2, RUN)
        Lefts and rights, taken pair by pair.
    """

    tiles: np.ndarray
    runs: np.ndarray
    handfuls: np.ndarray

    @property
    def size(self) -> int:
        return SIDE * SIDE * len(self.tiles) + RUN * (len(self.runs) + len(self.handfuls))

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Left and right row of every product, in order."""
        tiles, runs, handfuls = self.tiles, self.runs, self.handfuls
        lefts = [np.repeat(tiles[:, 0], SIDE), np.repeat(runs[:, 0], RUN), handfuls[:, 0].ravel()]
        rights = [np.tile(tiles[:, 1], (1, SIDE)).ravel(), runs[:, 1:].ravel(), handfuls[:, 1].ravel()]
        return np.concatenate(lefts), np.concatenate(rights)


def cover(lefts: np.ndarray, rights: np.ndarray, wanted: np.ndarray, others: np.ndarray) -> Cover:
    """Products of left and right rows where ``wanted (lefts, rights)``, and those of the pairs ``others (n, 2)``."""
    left = wanted.copy()
    tiles = [np.empty((0, 2, SIDE), np.int64)]
    for first in range(0, len(lefts) // SIDE * SIDE, SIDE):
        group = slice(first, first + SIDE)
        counts = left[group].sum(axis=0)
        order = np.argsort(-counts, kind="stable")
        whole = len(order) // SIDE
        sums = counts[order[: whole * SIDE]].reshape(whole, SIDE).sum(axis=1)
        taken = order[: SIDE * int(np.count_nonzero(sums >= WORTH))]
        left[group, taken] = False
        chosen = rights[np.sort(taken)].reshape(-1, SIDE)
        tiles.append(np.stack([np.broadcast_to(lefts[group], chosen.shape), chosen], axis=1))
    runs, rest = [np.empty((0, 1 + RUN), np.int64)], [others]
    for row, places in zip(lefts, left):
        found = rights[places]
        whole = len(found) // RUN * RUN
        if len(found) - whole >= FEWEST:
            found = np.append(found, np.repeat(found[-1:], whole + RUN - len(found)))
            whole += RUN
        run = found[:whole].reshape(-1, RUN)
        runs.append(np.concatenate([np.full((len(run), 1), row), run], axis=1))
        rest.append(np.stack([np.full(len(found) - whole, row), found[whole:]], axis=1))
    return Cover(np.concatenate(tiles), np.concatenate(runs), _handfuls(np.concatenate(rest)))


def _handfuls(pairs: np.ndarray) -> np.ndarray:
    """Pairs in handfuls, the last filled up by its own last pair."""
    missing = -len(pairs) % RUN
    if missing:
        pairs = np.concatenate([pairs, np.repeat(pairs[-1:], missing, axis=0)])
    return np.ascontiguousarray(pairs.reshape(-1, RUN, 2).transpose(0, 2, 1))


def fewest_lefts(which: np.ndarray, n_products: int, done: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Left factors, few of which make most products, greedily: that which makes most new ones is next.

    ``which (rows, rows)`` says which product each pair makes, and those ``done`` are not wanted.  Returns places of
    lefts, what is wanted of each (lefts, rows), and which products no left with at least ``FEWEST`` new ones makes.
    """
    open_ = np.ones(n_products, bool)
    open_[done] = False
    flat = which.ravel()
    # A narrow type is sorted by its digits.
    order = np.argsort(flat.astype(np.uint16) if n_products < 2**16 else flat, kind="stable")
    starts = np.searchsorted(flat[order], np.arange(n_products + 1))
    owners = order // len(which)
    counts = open_[which].sum(axis=1)
    lefts, wanted = [], []
    while len(counts) and counts.max() >= FEWEST:
        place = int(counts.argmax())
        new = open_[which[place]]
        closed = which[place][new]
        open_[closed] = False
        touched = np.concatenate([owners[starts[product] : starts[product + 1]] for product in closed])
        counts -= np.bincount(touched, minlength=len(counts))
        lefts.append(place)
        wanted.append(new)
    shape = len(lefts), len(which)
    return np.array(lefts, np.int64), np.array(wanted, bool).reshape(shape), np.flatnonzero(open_)
