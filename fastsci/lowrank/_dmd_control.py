"""The step of a driven system, told from what drives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._dmd_coordinates import Array, coordinates, rounding, singular_values
from ._rank import choose_rank
from ._snapshots import snapshots


@dataclass(frozen=True)
class Driven:
    """A reduced step and how its states and modes are made of columns.

    Attributes
    ----------
    columns : ndarray, shape (n_space, n_columns)
    x : ndarray, shape (p, n_columns)
        Coordinates of the columns.
    weights : ndarray, shape (n_columns, r)
        The orthonormal basis of the reduced states is ``columns @ weights``.
    moved : ndarray, shape (n_columns, r)
        What becomes of the basis in one step is ``columns @ moved``.
    step : ndarray, shape (r, r)
    push : ndarray, shape (r, n_inputs)
    singular_values : ndarray
    route : str
    """

    columns: Array
    x: Array
    weights: Array
    moved: Array
    step: Array
    push: Array
    singular_values: Array
    route: str


def with_unknown(columns: Array, before: Array, driven: Array, rank: Any, input_rank: Any) -> Driven:
    """Least squares for both: Proctor, Brunton and Kutz (2016), section 3.2."""
    both = all(isinstance(one, (int, np.integer)) for one in (rank, input_rank))
    x, route = coordinates(columns, max(rank, input_rank) if both else None)
    hidden = rounding(columns.shape, columns.dtype)
    together = np.vstack([x[:, before], driven])
    left, s, adjoint = singular_values(together, None)
    kept = choose_rank(input_rank, s, together.shape, hidden)
    inverse = adjoint[:kept].conj().T / s[:kept]
    own, pushed = left[: len(x), :kept].conj().T, left[len(x) :, :kept].conj().T
    after = x[:, before + 1]
    left, sizes, adjoint = singular_values(after, None)
    few = choose_rank(rank, sizes, after.shape, hidden)
    reduced = left[:, :few]
    response = reduced.conj().T @ (after @ inverse)
    n_columns = columns.shape[1]
    return Driven(
        columns,
        x,
        _spread(before + 1, adjoint[:few].conj().T / sizes[:few], n_columns),
        _spread(before + 1, inverse @ (own @ reduced), n_columns),
        response @ (own @ reduced),
        response @ pushed,
        s,
        route,
    )


def with_known(columns: Array, before: Array, driven: Array, rank: Any, given: Array) -> Driven:
    """Least squares for the step alone: section 3.1 of the paper."""
    # What the inputs do is measured in the same basis, at the scale of the snapshots.
    scale = _size(columns) / (_size(given) or 1.0) or 1.0
    columns = np.concatenate([columns, (scale * given).astype(columns.dtype)], axis=1)
    x, route = coordinates(columns, None)
    n_inputs = given.shape[1]
    pushes = x[:, -n_inputs:] / scale
    left, s, adjoint = singular_values(x[:, before], None)
    few = choose_rank(rank, s, (len(x), len(before)), rounding(columns.shape, columns.dtype))
    reduced, inverse = left[:, :few], adjoint[:few].conj().T / s[:few]
    own = x[:, before + 1] - pushes @ driven
    moved = _spread(before + 1, inverse, columns.shape[1])
    moved[-n_inputs:] -= driven @ inverse / scale
    return Driven(
        columns,
        x,
        _spread(before, inverse, columns.shape[1]),
        moved,
        reduced.conj().T @ (own @ inverse),
        reduced.conj().T @ pushes,
        s,
        route,
    )


def modes_of(found: Driven) -> tuple[Array, Array]:
    """Eigenvalues (r,), and weights (n_columns, r) of the columns in modes of unit length."""
    eigs, vectors = np.linalg.eig(found.step)
    eigs, vectors = eigs.astype(np.complex128), vectors.astype(np.complex128)
    weights = found.moved @ vectors
    lengths = np.linalg.norm(found.x @ weights, axis=0)
    # A mode that dies within a step leaves nothing in the snapshots after it.
    dead = lengths <= len(found.x) * np.finfo(np.float64).eps * np.max(lengths, initial=0.0)
    weights[:, dead] = found.weights @ vectors[:, dead]
    lengths[dead] = 1.0
    return eigs, weights / lengths


def inputs(u: Any, lengths: list[int], several: bool) -> list[Array]:
    """Inputs of each trajectory, one a step."""
    given = list(u) if several else [u]
    if len(given) != len(lengths):
        raise ValueError(f"u: holds inputs of {len(given)} trajectories, expected {len(lengths)} as in X")
    found: list[Array] = []
    for place, (value, length) in enumerate(zip(given, lengths, strict=True)):
        name = f"u[{place}]" if several else "u"
        array = snapshots(value, name, 1)
        if array.shape[1] not in (length - 1, length):
            raise ValueError(
                f"{name}: has shape {array.shape}, expected (n_inputs, {length - 1}), one input a step between the"
                f" {length} snapshots of X"
            )
        if found and len(array) != len(found[0]):
            raise ValueError(f"{name}: has {len(array)} inputs, expected {len(found[0])} as in u[0]")
        found.append(array[:, : length - 1])
    return found


def known_inputs(B: Any, n_space: int, n_inputs: int) -> Array:
    """What the inputs do, (n_space, n_inputs)."""
    array = np.asarray(B)
    if array.shape != (n_space, n_inputs):
        raise ValueError(f"B: has shape {array.shape}, expected ({n_space}, {n_inputs}): a column for each input of u")
    return snapshots(array, "B", 1)


def _spread(places: Array, rows: Array, length: int) -> Array:
    found = np.zeros((length, rows.shape[1]), rows.dtype)
    found[places] = rows
    return found


def _size(columns: Array) -> float:
    return float(np.linalg.norm(columns) / np.sqrt(columns.shape[1]))
