"""Resampled sums: bootstraps of samples as one product of counts with sums of blocks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from fastsci_kernels.regress.plan import Plan

from ._block_triangles import block_rows, stored_rows
from ._problem import Array
from ._routes import Data
from .libraries import Library, PolynomialLibrary, plan_of
from .moments import MOST_BLOCKS, Moments

DEFAULT_BLOCKS = 256  # the bootstrap's standard deviation is then good to 1 / sqrt(2 * 256) = 4 per cent
CHUNK_NUMBERS = 2**20  # of counts, and of products of single samples, that are held at a time


@dataclass(frozen=True)
class Resampled:
    """Sums of the products of a plan.

    Attributes
    ----------
    plan : Plan
    total : ndarray, shape (n_products,)
        Of all samples.
    drawn, left_out : ndarray, shape (n_models, n_products)
        Of the samples that a bootstrap drew, as often as it did, and of those that it did not draw.
    sums, left_out_sums : ndarray, shapes (n_targets,) and (n_models, n_targets)
        Of the targets.
    samples, drawn_samples, left_out_samples : float or ndarray, shape (n_models,)
        Numbers of samples, or the sums of their weights.
    rows : function
        Gives, some at a time, rows of terms and targets (r, p + m) whose products are those of the samples, and how
        often each bootstrap drew them, (n_models, r).
    """

    plan: Plan
    total: Array
    drawn: Array
    left_out: Array
    sums: Array
    left_out_sums: Array
    samples: float
    drawn_samples: Array
    left_out_samples: Array
    rows: Callable[[], Iterator[tuple[Array, Array]]]


def resampled(
    library: Library,
    data: Data,
    n_models: int,
    rng: np.random.Generator,
    *,
    bootstrap: str | None,
    block_length: int | None,
) -> Resampled:
    """Sums of bootstraps of the samples (``"samples"``), of blocks of them, or of ``"trajectories"``."""
    if bootstrap == "samples":
        return _of_samples(library, data, n_models, rng)
    units = block_sums(library, data, block_length, whole=bootstrap == "trajectories")
    n_units = len(units)
    if bootstrap is None:
        counts = np.ones((n_models, n_units))
    else:
        if n_units < 2:
            raise ValueError(
                f"bootstrap: is {bootstrap!r}, but there is only one to draw; give several trajectories, or draw"
                " 'blocks' of a smaller block_length"
            )
        counts = rng.multinomial(n_units, np.full(n_units, 1.0 / n_units), size=n_models).astype(np.float64)
    plan = plan_of(library.terms(data[0][0].shape[1]), data[0][0].shape[1], data[0][1].shape[1])
    length, whole = _length(data, block_length), bootstrap == "trajectories"
    found = units.sum(axis=0), counts @ units, (counts == 0.0) @ units
    return _gathered(plan, *found, lambda: block_rows(library, data, length, counts, whole=whole))


def block_sums(library: Library, data: Data, block_length: int | None, *, whole: bool = False) -> Array:
    """Sums of products, of targets and of ones over blocks of consecutive samples, (n_blocks, n_products + m + 1).

    Blocks never span two trajectories; ``whole`` takes each trajectory as one.
    """
    length = _length(data, block_length)
    mean = PolynomialLibrary(degree=0)
    found: list[Array] = []
    for inputs, targets, weight in data:
        step = max(len(inputs), 1) if whole else length * MOST_BLOCKS
        for first in range(0, len(inputs), step):
            some = slice(first, first + step)
            own = None if weight is None else np.asarray(weight)[some]
            count = max(1, round(len(inputs[some]) / length))
            parts = [
                Moments(one).add(inputs[some], targets[some], own, n_blocks=None if whole else count)
                for one in (library, mean)
            ]
            of_targets = parts[1].blocks[:, parts[1].plan.cross[0]]
            blocks = [parts[0].blocks, of_targets, parts[0].block_samples[:, None]]
            found.append(np.hstack([part.sum(axis=0, keepdims=True) for part in blocks] if whole else blocks))
    return np.concatenate(found)


def _length(data: Data, block_length: int | None) -> int:
    n_samples = sum(len(inputs) for inputs, _, _ in data)
    return max(1, -(-n_samples // DEFAULT_BLOCKS)) if block_length is None else block_length


def _of_samples(library: Library, data: Data, n_models: int, rng: np.random.Generator) -> Resampled:
    """Independent draws of single samples."""
    n_inputs, n_targets = data[0][0].shape[1], data[0][1].shape[1]
    plan = plan_of(library.terms(n_inputs), n_inputs, n_targets)
    lefts, rights = _factors(plan)
    size = max(1, CHUNK_NUMBERS // max(n_models, plan.n_products))
    same = copy.deepcopy(rng)
    width = plan.n_products + n_targets + 1
    total, drawn, left_out = np.zeros(width), np.zeros((n_models, width)), np.zeros((n_models, width))
    for rows, weight, counts in _draws(library, data, n_models, size, rng):
        products = np.hstack((rows[:, lefts] * rows[:, rights], rows[:, -n_targets:], np.ones((len(rows), 1))))
        products *= weight[:, None]
        total += products.sum(axis=0)
        drawn += counts @ products
        left_out += (counts == 0.0) @ products

    def again() -> Iterator[tuple[Array, Array]]:
        for rows, weight, counts in _draws(library, data, n_models, size, copy.deepcopy(same)):
            yield rows * np.sqrt(weight)[:, None], counts

    return _gathered(plan, total, drawn, left_out, again)


def _draws(
    library: Library, data: Data, n_models: int, size: int, rng: np.random.Generator
) -> Iterator[tuple[Array, Array, Array]]:
    """Terms and targets of ``size`` samples at a time, their weights, and how often each bootstrap draws them.

    Their number in each chunk is drawn first, then which.
    """
    chunks = [(part, first, min(first + size, len(part[0]))) for part in data for first in range(0, len(part[0]), size)]
    lengths = np.array([last - first for _, first, last in chunks])
    n_samples = int(lengths.sum())
    shares = rng.multinomial(n_samples, lengths / n_samples, size=n_models)
    for number, ((inputs, targets, weight), first, last) in enumerate(chunks):
        length = last - first
        places = rng.integers(length, size=int(shares[:, number].sum()))
        places += np.repeat(np.arange(n_models) * length, shares[:, number])
        counts = np.bincount(places, minlength=n_models * length).reshape(n_models, length)
        own = np.ones(length) if weight is None else np.asarray(weight[first:last], np.float64)
        yield stored_rows(library, inputs[first:last], targets[first:last]), own, counts.astype(np.float64)


def _factors(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Of each product the two columns that it is made of, with targets counted after the terms."""
    n_terms, n_targets = len(plan.columns), plan.n_targets
    pairs = np.zeros((2, plan.n_products), np.int64)
    pairs[:, plan.gram] = np.indices((n_terms, n_terms))
    pairs[0, plan.cross] = np.arange(n_terms)[:, None]
    pairs[1, plan.cross] = n_terms + np.arange(n_targets)
    pairs[:, plan.squares] = n_terms + np.arange(n_targets)
    return pairs[0], pairs[1]


def _gathered(
    plan: Plan, total: Array, drawn: Array, left_out: Array, rows: Callable[[], Iterator[tuple[Array, Array]]]
) -> Resampled:
    n = plan.n_products
    return Resampled(
        plan, total[:n], drawn[:, :n], left_out[:, :n], total[n:-1], left_out[:, n:-1],
        float(total[-1]), drawn[:, -1], left_out[:, -1], rows,
    )  # fmt: skip
