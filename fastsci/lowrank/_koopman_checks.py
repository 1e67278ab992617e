"""What is handed to Koopman estimators, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._koopman_samples import Piece


def whole(value: Any, name: str, least: int) -> int:
    """An integer of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name}: is {value!r}, expected an integer of at least {least}")
    return int(value)


def ridge(value: Any) -> float:
    """A ridge that is no negative number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 <= value < np.inf:
        raise ValueError(
            f"alpha: is {value!r}, expected a number of at least 0, in units of the mean square of each term"
        )
    return float(value)


def refining(value: Any) -> bool | str:
    """Whether samples are passed through again."""
    if isinstance(value, np.bool_):
        value = bool(value)
    if not isinstance(value, bool) and value != "auto":
        raise ValueError(f"refine: is {value!r}, expected True, False or 'auto'")
    return value


def is_list(X: Any) -> bool:
    """Whether this is a list of trajectories, and not the rows of one."""
    return isinstance(X, (list, tuple)) and len(X) > 0 and all(np.ndim(part) == 2 for part in X)


def checked(estimator: Any, X: Any, *, reset: bool, least: int) -> np.ndarray[Any, Any]:
    """Samples (n, d) in time order, as scikit-learn checks them; float64 only where they are no numbers yet."""
    from sklearn.utils.validation import validate_data

    found = validate_data(estimator, X, reset=reset, dtype="numeric", ensure_min_samples=least)
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
    width = np.shape(X)[1] if np.ndim(X) == 2 else 0
    after = None if y is None or (np.ndim(y) == 1 and width != 1) else y
    states = checked(estimator, X, reset=reset, least=delays + 2 if after is None else 1)
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
    own = np.ascontiguousarray(weights, np.float64)
    count = piece.pairs(delays)
    if own.shape != (count,) or not (np.isfinite(own).all() and (own >= 0).all() and own.any()):
        raise ValueError(
            f"weights{place}: has shape {own.shape}, expected ({count},) numbers of at least 0, one for each pair of"
            " states"
        )
    return Piece(piece.states, piece.after, own)
