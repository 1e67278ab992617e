"""Statistics gathered while a run goes on, in the place of saves: what is kept a member, and where it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Quantities of every component, and the rows of ``sums`` that each needs.  A sum goes with the digits that it loses.
ROWS = {
    "mean": ("mean", "mean_low"),
    "var": ("mean", "mean_low", "square", "square_low"),
    "min": ("min",),
    "max": ("max",),
    "last": ("last",),
}
STARTS = {"min": np.inf, "max": -np.inf}


@dataclass(frozen=True)
class Reduction:
    """What the text of a driver has to know of the statistics that it gathers.

    Attributes
    ----------
    quantities : tuple of str
        Of ``ROWS``.
    histograms : tuple of (int, int)
        Component and number of bins of each.
    crossings : tuple of (int, int)
        Component and direction, -1, 0 or 1, of each.
    discrete : bool
        Whether there is nothing between two saves: then a crossing is at the save that it ends with.
    every : bool
        Whether every point of a fixed grid enters; else the saves do.
    """

    quantities: tuple[str, ...] = ()
    histograms: tuple[tuple[int, int], ...] = ()
    crossings: tuple[tuple[int, int], ...] = ()
    discrete: bool = False
    every: bool = False

    def gathers(self, name: str) -> bool:
        """Whether ``sums`` has rows of this name."""
        return any(name in ROWS[quantity] for quantity in self.quantities) or (name == "last" and bool(self.crossings))

    def rows(self, dim: int) -> dict[str, int]:
        """First row of each group of numbers in ``sums``; those of histograms come behind all others."""
        names = dict.fromkeys(name for group in ROWS.values() for name in group)
        sizes = {name: dim for name in names if self.gathers(name)}
        if self.crossings:
            sizes["last_time"] = 1
        for c in range(len(self.crossings)):
            sizes |= {f"crossing_time{c}": 1, f"crossing{c}": dim}
        sizes |= {f"value{h}": 1 for h in range(len(self.histograms))}
        first, rows = 0, {}
        for name, size in sizes.items():
            rows[name] = first
            first += size
        return {**rows, "all": first}

    def bins(self, h: int) -> slice:
        """Rows of a histogram's bins in ``tallies``."""
        first = sum(bins for _, bins in self.histograms[:h])
        return slice(first, first + self.histograms[h][1])

    @property
    def count(self) -> int:
        """Row of ``tallies`` for the number of saves, where not all members have as many."""
        return sum(bins for _, bins in self.histograms)

    def scale(self, h: int) -> int:
        """Place of a histogram's bins a unit in ``table``; its edges follow."""
        return sum(bins + 2 for _, bins in self.histograms[:h])

    def level(self, c: int) -> int:
        """Place of a crossing's level in ``table``."""
        return self.scale(len(self.histograms)) + c


@dataclass(frozen=True)
class Gathered:
    """The running numbers of all members, in state-major memory.

    Attributes
    ----------
    dim : int
    sums : ndarray, (rows, padded)
        In the precision of the run; see `Reduction.rows`.
    tallies : ndarray of int64, (bins, padded)
        Of all histograms, then the number of saves.
    table : ndarray, (n,)
        Scales and edges of the histograms, levels of the crossings.
    """

    reduction: Reduction
    dim: int
    sums: np.ndarray
    tallies: np.ndarray
    table: np.ndarray

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.sums, self.tallies, self.table

    def begin(self, first: int, last: int) -> None:
        """Make a range of members ready: nothing has been gathered."""
        for name in self.reduction.rows(self.dim):
            if name != "all":
                unknown = name.startswith(("last", "crossing"))
                self.part(name)[:, first:last] = np.nan if unknown else STARTS.get(name, 0.0)
        self.tallies[:, first:last] = 0

    def part(self, name: str) -> np.ndarray:
        """The rows of ``sums`` of this name, (dim or 1, padded)."""
        rows = self.reduction.rows(self.dim)
        names = list(rows)
        return self.sums[rows[name] : rows[names[names.index(name) + 1]]]


def gathered(reduction: Reduction, dim: int, padded: int, table: np.ndarray) -> Gathered:
    """Room for the statistics of ``padded`` members, in the precision of ``table``, not yet made ready."""
    # A GPU has no arrays of no numbers.
    sums = np.empty((max(1, reduction.rows(dim)["all"]), padded), table.dtype)
    table = table if table.size else np.zeros(1, table.dtype)
    return Gathered(reduction, dim, sums, np.empty((reduction.count + 1, padded), np.int64), table)
