"""Sums of products of a library's columns: all that a regression needs of its samples, and they add."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Self

import numpy as np

from fastsci_kernels.regress.plan import Plan

from .._samples import refuse_non_finite, samples
from ._problem import Array, NormalEquations
from .libraries import Library, PolynomialLibrary, plan_of

SEARCHED = 4096  # samples at a time, for one that spoils the sums
MOST_BLOCKS = 1024  # kept apart; neighbours are put together beyond


class Moments:
    """Sums over samples of the products of a library's columns, with one another and with targets.

    Of a polynomial library of degree r in d inputs these are the C(d + 2r, 2r) moments of the samples.  They are taken
    chunk by chunk, the library is never stored, and those of two sets of samples are added by ``merge``.

    Parameters
    ----------
    library : Library, optional
        ``PolynomialLibrary(degree=2)`` unless given.

    Attributes
    ----------
    n_samples : float
        Samples taken in, or the sum of their weights.
    blocks : ndarray, shape (n_blocks, n_products)
        Sums over consecutive samples, at most 1,024 of them.
    block_samples : ndarray, shape (n_blocks,)

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-1.0, 1.0, 1000)
    >>> first = Moments(PolynomialLibrary(degree=1)).add(x[:300], 3.0 * x[:300] + 1.0)
    >>> second = Moments(PolynomialLibrary(degree=1)).add(x[300:], 3.0 * x[300:] + 1.0)
    >>> problem = first.merge(second).problem()
    >>> problem.solve(np.ones(2, bool), 0).round(12)
    array([1., 3.])
    """

    def __init__(self, library: Library | None = None) -> None:
        self.library = PolynomialLibrary(degree=2) if library is None else library
        self.n_inputs: int | None = None
        self.n_targets: int | None = None
        self._sums: list[Array] = []
        self._counts: list[Array] = []

    @property
    def plan(self) -> Plan:
        """Which products are summed."""
        if self.n_inputs is None or self.n_targets is None:
            raise ValueError("Moments: hold no samples yet; add some with add(X, targets)")
        return self.library.plan(self.n_inputs, self.n_targets)

    @property
    def blocks(self) -> Array:
        """Sums over blocks of consecutive samples, (n_blocks, n_products)."""
        if len(self._sums) > 1:
            self._sums = [np.concatenate(self._sums)]
        return self._sums[0] if self._sums else np.zeros((0, self.plan.n_products))

    @property
    def block_samples(self) -> Array:
        """Samples of each block, or the sums of their weights, (n_blocks,)."""
        if len(self._counts) > 1:
            self._counts = [np.concatenate(self._counts)]
        return self._counts[0] if self._counts else np.zeros(0)

    @property
    def n_samples(self) -> float:
        """Samples taken in, or the sum of their weights."""
        return float(sum(counts.sum() for counts in self._counts))

    def add(
        self,
        X: Any,
        targets: Any,
        sample_weight: Any = None,
        *,
        n_blocks: int | None = None,
        drop_nan: bool = False,
    ) -> Self:
        """Take in samples.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_inputs)
            A memory map is read once, chunk by chunk.
        targets : array_like, shape (n_samples, n_targets)
        sample_weight : array_like, shape (n_samples,), optional
        n_blocks : int, optional
            Blocks to be kept apart, for bootstraps.
        drop_nan : bool, default False
            Leave out samples that hold anything but finite numbers, instead of refusing them.

        Raises
        ------
        ValueError
            Where shapes do not agree, a sample is not finite (its row is named), or a term overflows.
        """
        from fastsci_kernels.regress import features

        inputs = samples(X, "X", self.n_inputs)
        outputs = samples(targets, "targets", self.n_targets)
        if len(inputs) != len(outputs):
            raise ValueError(f"targets: has {len(outputs)} rows, expected {len(inputs)}, one for each row of X")
        weight = _weight(sample_weight, len(inputs))
        plan = self.library.plan(inputs.shape[1], outputs.shape[1])
        edges = features.pieces(plan, len(inputs)) if n_blocks is None else _even(len(inputs), n_blocks)
        found = features.sums(plan, inputs, outputs, edges, weight)
        if not np.isfinite(found).all():
            good = finite_rows(inputs, outputs)
            if good.all() or not drop_nan:
                refuse_non_finite(inputs, "X")
                refuse_non_finite(outputs, "targets")
                self._refuse_overflow(plan, inputs, outputs)
            return self.add(inputs[good], outputs[good], None if weight is None else weight[good], n_blocks=n_blocks)
        self.n_inputs, self.n_targets = inputs.shape[1], outputs.shape[1]
        self._keep(found, _counts(edges, weight))
        return self

    partial_fit = add

    def merge(self, *others: Moments) -> Moments:
        """The moments of all samples together; of the same library, inputs and targets."""
        merged = Moments(self.library)
        for part in (self, *others):
            if part.n_inputs is None:
                continue
            if merged.n_inputs is None:
                merged.library, merged.n_inputs, merged.n_targets = part.library, part.n_inputs, part.n_targets
            if (part.n_inputs, part.n_targets) != (merged.n_inputs, merged.n_targets):
                raise ValueError(
                    f"others: one has {part.n_inputs} inputs and {part.n_targets} targets, expected"
                    f" {merged.n_inputs} and {merged.n_targets}"
                )
            if part.library.terms(part.n_inputs) != merged.library.terms(merged.n_inputs):
                raise ValueError("others: one has another library; moments of the same terms alone can be merged")
            merged._keep(part.blocks, part.block_samples)
        return merged

    def problem(self) -> NormalEquations:
        """The least-squares problem of all samples."""
        plan, total = self.plan, self.blocks.sum(axis=0)
        return NormalEquations(total[plan.gram], total[plan.cross], total[plan.squares], self.n_samples)

    def _keep(self, sums: Array, counts: Array) -> None:
        self._sums.append(sums)
        self._counts.append(counts)
        if sum(len(part) for part in self._counts) > MOST_BLOCKS:
            every, number = self.blocks, self.block_samples
            starts = np.arange(0, len(every), 2)
            self._sums, self._counts = [np.add.reduceat(every, starts)], [np.add.reduceat(number, starts)]

    def _refuse_overflow(self, plan: Plan, inputs: np.ndarray, outputs: np.ndarray) -> None:
        """Say which term of which sample is no number, or has no square."""
        from fastsci_kernels.regress import features

        for first in range(0, len(inputs), SEARCHED):
            columns = features.values(plan, inputs[first : first + SEARCHED])
            with np.errstate(over="ignore", invalid="ignore"):
                places = np.argwhere(~np.isfinite(columns * columns))
            if len(places):
                row, which = (int(place) for place in places[0])
                name = self.library.feature_names([f"x{i}" for i in range(inputs.shape[1])])[which]
                value = columns[row, which]
                fault = f"is {value:.3g}, whose square exceeds float64" if np.isfinite(value) else f"is {value}"
                raise ValueError(
                    f"X: the term {name!r} {fault} at row {first + row}, {inputs[first + row].tolist()}; rescale the"
                    " data, lower the degree, or leave such terms out"
                )
        largest = float(np.abs(outputs).max())
        raise ValueError(f"targets: reach {largest:.3g}, so that sums of products exceed float64; rescale the data")


def residual_products(
    terms: tuple[Any, ...], data: list[tuple[np.ndarray, np.ndarray, Array | None]], coef: Array
) -> tuple[Array, Array]:
    """Products of columns with a model's residuals (p, m), and the sums of their squares (m,), by one pass."""
    from fastsci_kernels.regress import features

    plan = plan_of(terms, data[0][0].shape[1], data[0][1].shape[1], moments=False)
    total = np.zeros(plan.n_products)
    for inputs, outputs, weight in data:
        total += features.sums(plan, inputs, outputs, features.pieces(plan, len(inputs)), weight, coef).sum(axis=0)
    return total[plan.cross], total[plan.squares]


def _weight(value: Any, n_samples: int) -> Array | None:
    if value is None:
        return None
    weight = np.ascontiguousarray(value, np.float64)
    if weight.shape != (n_samples,):
        raise ValueError(f"sample_weight: has shape {weight.shape}, expected ({n_samples},), one for each row of X")
    if not (np.isfinite(weight).all() and (weight >= 0).all()):
        raise ValueError("sample_weight: holds numbers that are negative or not finite, expected weights of at least 0")
    return weight


def _even(n: int, count: int) -> list[tuple[int, int]]:
    if count < 1:
        raise ValueError(f"n_blocks: is {count!r}, expected a positive integer")
    edges = np.linspace(0, n, min(count, max(n, 1)) + 1).astype(int).tolist()
    return list(pairwise(edges))


def _counts(edges: list[tuple[int, int]], weight: Array | None) -> Array:
    if weight is None:
        return np.array([last - first for first, last in edges], np.float64)
    return np.array([weight[first:last].sum() for first, last in edges])


def finite_rows(inputs: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Which samples hold finite numbers alone, (n,)."""
    return np.logical_and(np.isfinite(inputs).all(axis=1), np.isfinite(outputs).all(axis=1))
