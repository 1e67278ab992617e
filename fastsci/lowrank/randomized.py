"""Leading singular values and vectors of large matrices, by random starts and block Krylov spaces."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._blocks_source import blocks_of
from ._dense import dense, tall
from ._other_sources import as_source
from ._search import Search
from ._source import Array


class _Factors(NamedTuple):
    U: Array
    s: Array
    Vt: Array


class TruncatedSVD(_Factors):
    """``U, s, Vt`` with ``A ~ U diag(s) Vt``, and how far it is from A.

    Attributes
    ----------
    U : ndarray, shape (m, k)
    s : ndarray, shape (k,)
    Vt : ndarray, shape (k, n)
    error_bound : float
        The spectral norm of ``A - U diag(s) Vt`` is no larger, but once in a million draws.
    n_passes : int
        How often A was read.
    route : str
        "krylov", "gram" or "full": what the vectors were found by.
    """

    error_bound: float
    n_passes: int
    route: str

    def __new__(
        cls, U: Array, s: Array, Vt: Array, *, error_bound: float = np.inf, n_passes: int = 0, route: str = ""
    ) -> TruncatedSVD:
        """The three factors, which it unpacks as."""
        made = super().__new__(cls, U, s, Vt)
        made.error_bound, made.n_passes, made.route = error_bound, n_passes, route
        return made


def randomized_svd(
    A: Any,
    n_components: int | None = None,
    *,
    n_oversamples: int = 10,
    n_iter: int | None = None,
    tol: float | None = None,
    rng: Any = None,
    certify: bool = True,
    memory_limit: int | float | str | None = None,
) -> TruncatedSVD:
    """The leading singular values and vectors of a large matrix.

    From a random start the block Krylov space of A^H A grows until the wanted directions have settled; A is read once
    for each block.  Matrices with few columns are done by one pass for A^H A and one for A times its eigenvectors.

    Parameters
    ----------
    A : array_like or matrix, shape (m, n)
        Real or complex; float32 is computed as such.  An array, a SciPy sparse matrix, a ``numpy.memmap``, an array of
        Zarr, h5py, Dask or CuPy, a ``LinearOperator``, or a list of blocks of rows.
    n_components : int, optional
        Singular values wanted, k; with ``tol`` the most of them, min(m, n) unless given.
    n_oversamples : int, default 10
        Dimensions of the space beyond k, at least.
    n_iter : int, optional
        Applications of A^H A to a random block of ``k + n_oversamples`` columns, rounded up to a multiple of 8; the
        number is then fixed beforehand.  Unless given the space grows by 16 columns at a time until the directions have
        settled.
    tol : float, optional
        The smallest rank is taken whose error bound is at most ``tol`` times the largest singular value.  Where values
        fall slowly it is well above the least one, since a bound may be up to three times the error.
    rng : int, numpy.random.SeedSequence or numpy.random.Generator, optional
        Where the random start comes from: the same gives the same bits for any number of threads.
    certify : bool, default True
        Find ``error_bound``, which reads A once more; without it the bound is infinite, where it does not come for
        nothing.
    memory_limit : int or str, optional
        Bytes for what is read at a time of an array on a disk, as a number or as "500MB"; 1 GiB unless given.

    Returns
    -------
    TruncatedSVD
        Unpacks as ``U (m, k), s (k,), Vt (k, n)`` and carries ``error_bound``, ``n_passes`` and ``route``.  Of each
        column of U the number of largest size is positive.

    Raises
    ------
    TypeError
        If A does not hold numbers, or another argument is of the wrong kind.
    ValueError
        If A is no matrix or holds numbers that are not finite, or another argument is out of range.

    References
    ----------
    C. Musco and C. Musco, Randomized block Krylov methods for stronger and faster approximate singular value
    decomposition, NeurIPS 2015; N. Halko, P. G. Martinsson and J. A. Tropp, SIAM Review 53, 217 (2011).

    Examples
    --------
    >>> import numpy as np
    >>> left, right = np.linalg.qr(np.random.default_rng(0).normal(size=(300, 80)))[0], np.eye(80)
    >>> A = left * 2.0 ** -np.arange(80) @ right
    >>> U, s, Vt = randomized_svd(A, 3, rng=0)
    >>> s.round(12)
    array([1.  , 0.5 , 0.25])
    >>> found = randomized_svd(A, tol=1e-3, rng=0)
    >>> found.s.size, bool(found.error_bound <= 1e-3)
    (10, True)
    """
    known = as_source(A, memory_limit=memory_limit)
    source, transposed = dense(A) if known is None else (known, False)
    if 0 in source.shape:
        shape = source.shape[::-1] if transposed else source.shape
        raise ValueError(f"A: has shape {shape}, expected at least one row and one column")
    count = _count(n_components, tol, min(source.shape))
    _check(n_oversamples, n_iter, tol, certify)
    generator = _generator(rng)
    upright, adjoint = tall(source)
    search = Search(upright, count, n_oversamples, n_iter, tol, certify, generator)
    read_before = [blocks.passes for blocks in blocks_of(source)]
    with np.errstate(over="ignore", invalid="ignore"):  # products are looked at, and A rescaled or refused by them
        left, values, right = search.run()
    # Some products of a matrix that is read by blocks of rows take two passes over it.
    read = [blocks.passes - before for blocks, before in zip(blocks_of(source), read_before, strict=True)]
    # Matrices that are held transposed are real.
    if adjoint != transposed:
        left, right = right, left
    return TruncatedSVD(
        *_signed(left, values, right),
        error_bound=search.error_bound,
        n_passes=max(read, default=search.n_passes),
        route=search.route,
    )


def _signed(left: Array, values: Array, right: Array) -> tuple[Array, Array, Array]:
    """The three factors; of each left vector the number of largest size is positive, as in scikit-learn."""
    if not left.shape[1]:
        return left, values, right.conj().T
    largest = left[np.argmax(np.abs(left), axis=0), np.arange(left.shape[1])]
    phases = largest / np.abs(largest)
    return left / phases, values, right.conj().T * phases[:, None]


def _count(n_components: Any, tol: Any, most: int) -> int:
    if n_components is None:
        if tol is None:
            raise ValueError("n_components: is None, expected a number of singular values, or tol= to choose it by")
        return most
    if isinstance(n_components, bool) or not isinstance(n_components, (int, np.integer)):
        raise TypeError(f"n_components: is {n_components!r}, expected an integer")
    if not 0 <= int(n_components) <= most:
        raise ValueError(f"n_components: is {n_components}, expected 0 to min(m, n) = {most}")
    return int(n_components)


def _check(n_oversamples: Any, n_iter: Any, tol: Any, certify: Any) -> None:
    for name, value in (("n_oversamples", n_oversamples), ("n_iter", n_iter)):
        if value is None and name == "n_iter":
            continue
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"{name}: is {value!r}, expected an integer of at least 0")
        if value < 0:
            raise ValueError(f"{name}: is {value}, expected an integer of at least 0")
    if not isinstance(certify, (bool, np.bool_)):
        raise TypeError(f"certify: is {certify!r}, expected True or False")
    if tol is not None and (
        isinstance(tol, bool) or not isinstance(tol, (int, float, np.number)) or not 0 < float(tol) < 1
    ):
        raise ValueError(f"tol: is {tol!r}, expected a fraction of the largest singular value, between 0 and 1")


def check_rng(rng: Any) -> None:
    """What random numbers can come from."""
    kinds = (int, np.integer, np.random.SeedSequence, np.random.Generator)
    if rng is not None and (isinstance(rng, bool) or not isinstance(rng, kinds)):
        raise TypeError(f"rng: is {rng!r}, expected an integer, a SeedSequence or a numpy.random.Generator")
    if isinstance(rng, (int, np.integer)) and rng < 0:
        raise ValueError(f"rng: is {rng}, expected an integer of at least 0")


def _generator(rng: Any) -> np.random.Generator:
    if isinstance(rng, np.random.Generator):
        return rng
    check_rng(rng)
    return np.random.Generator(np.random.Philox(rng))
