"""An orthonormal basis of a few snapshots of many variables, and the snapshots in it."""

from __future__ import annotations

import numpy as np

from ._dmd_coordinates import gram
from ._source import Array

LEAST = 1e-12  # eigenvalue of the products over the largest: the first turn then leaves a condition of about one


def space_of(columns: Array) -> tuple[Array, Array]:
    """``columns (m, n) = basis within``, with orthonormal columns ``basis (m, n)``.

    Products alone where they resolve all directions: the columns are turned and scaled by the eigenvectors of their
    products, and what rounding leaves is put right by a second turn (as in CholeskyQR2 of Yamamoto et al., Electron.
    Trans. Numer. Anal. 44, 306 (2015)).  A QR factorisation where they do not.
    """
    values, vectors = np.linalg.eigh(gram(columns))
    if not values[0] > LEAST * values[-1]:
        basis, within = np.linalg.qr(columns)
        return basis, within
    sizes = np.sqrt(values)
    turned = columns @ (vectors / sizes)
    rest, rotation = np.linalg.eigh(gram(turned))
    left = np.sqrt(rest)
    basis = turned @ (rotation / left)
    return basis, (left[:, None] * rotation.conj().T) @ (sizes[:, None] * vectors.conj().T)
