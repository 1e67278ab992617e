"""What is handed to Koopman estimators, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._koopman_products import Array
from ._koopman_samples import Piece

LARGEST = float(np.finfo(np.float64).max)
SMALLEST = float(np.finfo(np.float64).smallest_subnormal)


def whole(value: Any, name: str, least: int) -> int:
    """An integer of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name}: is {value!r}, expected an integer of at least {least}")
    return int(value)


def ridge(value: Any) -> float:
    """A ridge that is no negative number."""
    wanted = "a number of at least 0, in units of the mean square of each term"
    return real(value, "alpha", wanted, least=0.0)


def real(value: Any, name: str, wanted: str, *, least: float = -LARGEST, most: float = LARGEST) -> float:
    """A number from ``least`` to ``most``; what is ``wanted`` is said where it is none."""
    numeric = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    # A float32 is compared as a float64: the bounds are beyond its own range.
    if not numeric or not least <= (float(value) if isinstance(value, np.floating) else value) <= most:
        raise ValueError(f"{name}: is {value!r}, expected {wanted}")
    return float(value)


def reals(value: Any, name: str) -> Array:
    """Numbers of any shape, as float64."""
    found = rectangular(value, name)
    if found.dtype.kind not in "fiub":
        raise TypeError(f"{name}: holds {found.dtype}, expected real numbers; convert it to float64")
    return found.astype(np.float64, copy=False)


def rectangular(value: Any, name: str) -> np.ndarray[Any, Any]:
    """An array of what may be nested lists."""
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: holds rows of different lengths, expected as many numbers in each") from error


def refining(value: Any) -> bool | str:
    """Whether samples are passed through again."""
    if isinstance(value, np.bool_):
        value = bool(value)
    if not isinstance(value, bool) and not (isinstance(value, str) and value == "auto"):
        raise ValueError(f"refine: is {value!r}, expected True, False or 'auto'")
    return value


def is_list(X: Any) -> bool:
    """Whether this is a list of trajectories, and not the rows of one."""
    if not isinstance(X, (list, tuple)) or len(X) == 0:
        return False
    return all(np.ndim(_in_rows(part, f"X[{place}]")) == 2 for place, part in enumerate(X))


def _in_rows(value: Any, name: str) -> Any:
    """Nested lists as an array; anything else as it is."""
    return rectangular(value, name) if isinstance(value, (list, tuple)) else value


def checked(estimator: Any, X: Any, *, reset: bool, least: int) -> np.ndarray[Any, Any]:
    """Samples (n, d) in time order, as scikit-learn checks them; float64 only where they are no numbers yet."""
    from sklearn.utils.validation import validate_data

    found = validate_data(estimator, _in_rows(X, "X"), reset=reset, dtype="numeric", ensure_min_samples=least)
    if found.dtype.kind not in "fiub":
        raise TypeError(f"X: holds {found.dtype}, expected real numbers; convert it to float64")
    return found


def pieces(estimator: Any, X: Any, y: Any, weights: Any, *, delays: int, reset: bool) -> tuple[Piece, ...]:
    """Trajectories or pairs, with weights of the pairs."""
    if not is_list(X):
        return (_piece(estimator, X, y, weights, delays, reset, ""),)
    found: list[Piece] = []
    for place, part in enumerate(X):
        after = _entry(y, place, len(X), "y")
        own = _entry(weights, place, len(X), "weights")
        try:
            found.append(_piece(estimator, part, after, own, delays, reset and place == 0, f"[{place}]"))
        except ValueError as error:
            text = str(error)
            raise ValueError(text if text.startswith(("X[", "y[", "weights[")) else f"X[{place}]: {text}") from None
    return tuple(found)


def _entry(value: Any, place: int, count: int, name: str) -> Any:
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or len(value) != count:
        raise ValueError(f"{name}: expected a list of {count}, one for each trajectory of X")
    return value[place]


def _piece(estimator: Any, X: Any, y: Any, weights: Any, delays: int, reset: bool, place: str) -> Piece:
    # Of a pipeline every step is handed the targets of the last one: what cannot be states is none of ours.
    given, y = _in_rows(X, f"X{place}"), _in_rows(y, f"y{place}")
    width = np.shape(given)[1] if np.ndim(given) == 2 else 0
    after = None if y is None or (np.ndim(y) == 1 and width != 1) else y
    states = checked(estimator, given, reset=reset, least=delays + 2 if after is None else 1)
    if after is None:
        piece = Piece(states)
    else:
        if delays:
            raise ValueError(
                f"y{place}: is given together with delays={delays}, which need states in time order; give trajectories"
                " in X alone"
            )
        following = np.asarray(after)
        if following.ndim == 1:
            following = following[:, None]
        if following.shape != states.shape or following.dtype.kind not in "fiub":
            raise ValueError(
                f"y{place}: has shape {np.shape(after)} of {following.dtype}, expected {states.shape} real numbers,"
                " the state that follows each row of X; leave y out where X is in time order"
            )
        if not np.isfinite(following).all():
            row = int(np.argmin(np.isfinite(following).all(axis=1)))
            raise ValueError(f"y{place}: row {row} is {following[row].tolist()}, expected finite numbers; clean it")
        piece = Piece(states, following)
    if weights is None:
        return piece
    own = np.ascontiguousarray(reals(weights, f"weights{place}"))
    count = piece.pairs(delays)
    if own.shape != (count,) or not (np.isfinite(own).all() and (own >= 0).all() and own.any()):
        raise ValueError(
            f"weights{place}: has shape {own.shape}, expected ({count},) numbers of at least 0, one for each pair of"
            " states"
        )
    return Piece(piece.states, piece.after, own)
