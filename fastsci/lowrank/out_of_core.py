"""Singular value decompositions of matrices larger than memory, which say how far they are and can be resumed."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

from .. import _progress
from . import _checkpoint
from ._blocks_source import blocks_of
from ._dense import dense
from ._operator_source import transpose
from ._other_sources import as_source
from ._source import Source
from .randomized import TruncatedSVD, randomized_svd

USUAL_BLOCK = 16  # directions a pass, from which the number of passes is guessed for a bar


def svd_out_of_core(
    A: Any,
    n_components: int | None = None,
    *,
    memory_limit: int | float | str = "1GB",
    n_oversamples: int = 10,
    n_iter: int | None = None,
    tol: float | None = None,
    rng: int | None = None,
    certify: bool = True,
    progress: bool | Callable[[float], None] = False,
    checkpoint: str | PathLike[str] | None = None,
    resume: bool = False,
) -> TruncatedSVD:
    """Return the leading singular values and vectors of a matrix on a disk, which is read a few times from end to end.

    `randomized_svd` of what gives its rows in blocks: while one block is multiplied the next is read, and both products
    of an iteration come from the same reading.  Every second pass runs backwards, so that what the system's page
    cache still holds is not read again.

    Parameters
    ----------
    A : matrix, shape (m, n)
        ``numpy.memmap`` (as ``numpy.load(path, mmap_mode="r")`` gives it; row-major or Fortran order), an array of
        Zarr, h5py or Dask, a list of such blocks of rows below one another, or anything else `randomized_svd` takes.
    n_components : int, optional
        Singular values wanted, k; optional with ``tol``.
    memory_limit : int or str
        Bytes for the blocks that are read and the sums that they add to, as a number or as "500MB" or "1GiB".  The
        results, and the directions found on the way, (m + n) times a few k numbers, come on top.
    n_oversamples, n_iter, tol, certify
        As for `randomized_svd`.  A is read ``n_iter + 3`` times with ``certify``, and ``n_iter + 2`` times without;
        nearly twice as often where it is stored by rows and has fewer rows than columns, or by columns and has fewer
        columns, since one reading then does not give both products.
    rng : int, optional
        Seed; the same gives the same bits, for any number of threads, at one go or resumed.
    progress : bool or callable
        True shows a bar in a terminal or notebook; a function is called with how often A has been read so far, such
        as 1.25, after each block.
    checkpoint : path, optional
        A folder for the products of each pass, about (m + n) (k + n_oversamples) numbers a pass.  It is deleted when
        the decomposition is there.
    resume : bool
        Go on with the run in ``checkpoint``, after Ctrl-C or a crash, from the pass that was under way; where there
        is none a run is begun.  The result is that of the run without a stop.

    Returns
    -------
    TruncatedSVD
        Unpacks as ``U (m, k), s (k,), Vt (k, n)``, and carries ``error_bound`` and ``n_passes``.

    Raises
    ------
    ValueError
        Where ``memory_limit`` is less than four rows; where ``checkpoint`` holds a run that is not to be resumed, or
        one of another matrix or with other options; and as `randomized_svd` does.
    TypeError
        Where ``rng`` is no integer and a checkpoint is asked for.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from pathlib import Path
    >>> from fastsci.lowrank.out_of_core import svd_out_of_core
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.npy")
    ...     np.save(path, np.outer(np.arange(1.0, 2001.0), np.ones(300)))
    ...     U, s, Vt = svd_out_of_core(np.load(path, mmap_mode="r"), 1, memory_limit="10MB", rng=0)
    >>> bool(np.isclose(s[0], np.sqrt(300.0 * np.sum(np.arange(1.0, 2001.0) ** 2))))
    True
    """
    if resume and checkpoint is None:
        raise ValueError("resume: is True without a checkpoint; give the folder that was given to the run to resume")
    source = as_source(A, "A", memory_limit=memory_limit)
    if source is None:
        plain, flipped = dense(A, "A")
        source = transpose(plain) if flipped else plain
    options: dict[str, Any] = {"n_oversamples": n_oversamples, "n_iter": n_iter, "tol": tol, "certify": certify}
    passes = (n_iter if n_iter is not None else (n_components or 0) // USUAL_BLOCK + 3) + (3 if certify else 2)
    stop = _watch(source, progress, passes)
    try:
        if checkpoint is None:
            return randomized_svd(source, n_components, rng=rng, **options)
        if rng is not None and (isinstance(rng, bool) or not isinstance(rng, Integral)):
            raise TypeError(f"rng: is {rng!r}, expected an integer, which a checkpoint can keep")
        folder = Path(checkpoint)
        seed = None if rng is None else int(rng)
        known = _checkpoint.plan(source, folder, {"n_components": n_components, "seed": seed, **options}, resume)
        found = randomized_svd(_checkpoint.Kept(source, folder), n_components, rng=known["seed"], **options)
        _checkpoint.remove(folder)
        return found
    finally:
        stop()


def _watch(source: Source, progress: bool | Callable[[float], None], expected: int) -> Callable[[], None]:
    """Have the blocks of a source report how often it was read; the function to call at the end."""
    bar = None if callable(progress) or not progress else _progress.bar()
    if not callable(progress) and bar is None:
        return lambda: None
    read = blocks_of(source)
    total = sum(blocks.shape[0] for blocks in read)
    seen, shown = 0, 0.0

    def watch(rows: int) -> None:
        nonlocal seen, shown
        seen += rows
        if callable(progress):
            progress(seen / total)
        elif bar is not None:
            # How many passes an adaptive run takes is only guessed at: what is shown never falls back.
            shown = max(shown, min(seen / total / expected, 0.99))
            bar(shown)

    for blocks in read:
        blocks.watch = watch

    def stop() -> None:
        for blocks in read:
            blocks.watch = None
        if bar is not None:
            bar(1.0)

    return stop
