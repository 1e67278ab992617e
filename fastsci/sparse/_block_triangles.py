"""Bootstraps of factorisations: ``R`` of what one drew is that of the triangles of its blocks, one on another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ._problem import Array
from ._routes import Data, triangle
from .libraries import Library, plan_of
from .moments import MOST_BLOCKS

Rows = Iterator[tuple[Array, Array]]  # rows (r, p + m), and how often each bootstrap drew them, (n_models, r)


def stored_rows(library: Library, inputs: np.ndarray, targets: np.ndarray) -> Array:
    """Terms of the library and targets side by side, (n, p + m)."""
    from fastsci_kernels.regress import features

    plan = plan_of(library.terms(inputs.shape[1]), inputs.shape[1], 0, moments=False)
    return np.hstack((features.values(plan, inputs), np.asarray(targets, np.float64)))


def block_rows(library: Library, data: Data, length: int, counts: Array, *, whole: bool) -> Rows:
    """Rows that stand for the samples of blocks, of which each bootstrap drew so many, ``counts (n_models, n_blocks)``.

    Blocks are those of the sums: of about ``length`` samples, or each trajectory as one.
    """
    terms, begun = library.terms(data[0][0].shape[1]), 0
    few = len(terms) + data[0][1].shape[1]
    for inputs, targets, weight in data:
        step = max(len(inputs), 1) if whole else length * MOST_BLOCKS
        for first in range(0, len(inputs), step):
            n = min(step, len(inputs) - first)
            edges = first + np.linspace(0, n, (1 if whole else max(1, round(n / length))) + 1).astype(int)
            own = counts[:, begun : begun + len(edges) - 1]
            begun += len(edges) - 1
            if n <= few * (len(edges) - 1):
                some = slice(first, first + n)
                rows, lengths = stored_rows(library, inputs[some], targets[some]), np.diff(edges)
                if weight is not None:
                    rows *= np.sqrt(np.asarray(weight[some], np.float64))[:, None]
            else:
                parts = [slice(*pair) for pair in pairwise(edges)]
                rows = np.concatenate(
                    [
                        triangle(terms, [(inputs[some], targets[some], None if weight is None else weight[some])])
                        for some in parts
                    ]
                )
                lengths = np.full(len(parts), few)
            yield rows, np.repeat(own, lengths, axis=1)


def drawn_triangles(rows: Rows, n_models: int) -> Array:
    """R of the rows that each bootstrap drew, (n_models, p + m, p + m)."""
    found: Array | None = None
    for part, counts in rows:
        if found is None:
            found = np.zeros((n_models, part.shape[1], part.shape[1]))
        for own, count in zip(found, counts, strict=True):
            drawn = count > 0
            stacked = np.vstack((own, part[drawn] * np.sqrt(count[drawn])[:, None]))
            own[:] = np.linalg.qr(stacked, mode="r")
    assert found is not None
    return found


def left_out_squares(rows: Rows, coef: Array) -> Array:
    """Sums of squared residuals (n_models, m) of models ``coef (n_models, m, p)`` on rows that they did not draw."""
    n_models, n_targets, n_terms = coef.shape
    found = np.zeros((n_models, n_targets))
    for part, counts in rows:
        explained = part[:, :n_terms] @ coef.reshape(-1, n_terms).T
        left = (part[:, None, n_terms:] - explained.reshape(len(part), n_models, n_targets)) ** 2
        found += np.einsum("br,rbm->bm", (counts == 0).astype(np.float64), left)
    return found
