"""Numbers and seeds as they are handed to linear models, checked and named in what is said of them."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import to_numpy
from .._parts import seed_words

Array = NDArray[np.float64]
LARGEST_ROOT = 1e150  # whose square leaves room for sums


def whole(name: str, value: Any, least: int = 1, most: int | None = None) -> int:
    """An integer from ``least`` to ``most``."""
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}: is {value!r}, expected an integer of at least {least}; give int({name})")
    count = operator.index(value)
    if count < least:
        raise ValueError(f"{name}: is {count}, expected an integer of at least {least}")
    if most is not None and count > most:
        raise ValueError(f"{name}: is {count}, expected at most {most}; ask for less at a time")
    return count


def number(name: str, value: Any, *, positive: bool = False) -> float:
    """A finite number of at least 0, or above 0."""
    wanted = "a positive finite number" if positive else "a finite number of at least 0"
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name}: is {value!r}, expected {wanted}")
    if not np.isfinite(value) or value < 0 or (positive and value == 0):
        raise ValueError(f"{name}: is {value!r}, expected {wanted}")
    return float(value)


def squared(name: str, value: Any) -> float:
    """The square of a finite number of at least 0, in range itself."""
    size = number(name, value)
    if size > LARGEST_ROOT:
        raise ValueError(f"{name}: is {size!r}, expected at most {LARGEST_ROOT:g}, for its square; take another unit")
    return size * size


def reals(name: str, value: Any, least: float = -np.inf, *, strict: bool = False) -> Array:
    """Finite float64 numbers of any shape, none below ``least`` (nor at it where ``strict``)."""
    given = to_numpy(value, name)
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise ValueError(f"{name}: holds rows of different lengths, expected as many numbers in each") from error
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: holds {array.dtype}, expected real numbers; convert it to float64")
    array = np.asarray(array, np.float64)
    good = np.isfinite(array) & ((array > least) if strict else (array >= least))
    if not good.all():
        wanted = "" if least == -np.inf else f" {'above' if strict else 'of at least'} {least:g}"
        bad = float(array[~good].flat[0])
        raise ValueError(f"{name}: holds {bad!r}, expected finite numbers{wanted}; drop or mend it")
    return array


def row(name: str, value: Any, least: float = -np.inf, *, strict: bool = False) -> Array:
    """The same, in one dimension; a number is a row of one."""
    array = np.atleast_1d(reals(name, value, least, strict=strict))
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name}: has shape {array.shape}, expected a number or (n,) with n of at least 1; flatten it")
    return array


def wholes(name: str, value: Any, least: int = 1, most: int | None = None) -> NDArray[np.int64]:
    """Integers in one dimension, from ``least`` to ``most``."""
    try:
        array = np.atleast_1d(np.asarray(value))
    except ValueError as error:
        raise ValueError(f"{name}: holds rows of different lengths, expected integers (n,); flatten it") from error
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name}: has shape {array.shape}, expected (n,) with n of at least 1; flatten it")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: holds {array.dtype}, expected integers; round it")
    bad = (array < least) | (array > (np.inf if most is None else most))
    if bad.any():
        wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name}: holds {array[bad][0]}, expected integers {wanted}")
    return array.astype(np.int64)


def design(X: Any, name: str = "X") -> Array:
    """A matrix of finite numbers, neither empty."""
    array = reals(name, X)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name}: has shape {array.shape}, expected (n_samples, n_features), neither 0; reshape it")
    return array


def targets(y: Any, n_samples: int, name: str = "y") -> Array:
    """One target (n_samples,) or several (n_samples, n_targets), as they came."""
    array = reals(name, y)
    if array.ndim not in (1, 2) or len(array) != n_samples or 0 in array.shape:
        raise ValueError(
            f"{name}: has shape {array.shape}, expected ({n_samples},) or ({n_samples}, n_targets), a row for each of X"
        )
    return array


def rng_words(rng: Any) -> tuple[int, int]:
    """Two words of a seed."""
    if isinstance(rng, np.ndarray) and rng.ndim == 0 and rng.dtype.kind in "iu":
        rng = rng.item()
    whole = hasattr(rng, "__index__") and not isinstance(rng, bool | np.bool_ | np.ndarray)
    plain = rng is None or (whole and rng >= 0)
    if not plain and not isinstance(rng, np.random.Generator | np.random.SeedSequence):
        raise (ValueError if whole else TypeError)(
            f"rng: is {rng!r}, expected an integer of at least 0, a numpy Generator or SeedSequence, or None for others"
            " at each call"
        )
    first, second = seed_words(rng)
    return int(first), int(second)


def generators(rng: Any, count: int) -> list[np.random.Generator]:
    """Streams of their own: the first do not depend on how many follow."""
    return [np.random.default_rng(seed) for seed in np.random.SeedSequence(rng_words(rng)).spawn(count)]
