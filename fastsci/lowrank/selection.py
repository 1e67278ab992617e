"""Fewer modes: those that matter most, or those that sparse amplitudes leave."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ._dmd_amplitudes import AmplitudeProblem, conjugate
from ._modes import ModalModel, fitted_model
from .control_dmd import DMDc

Model = TypeVar("Model", bound=ModalModel)
Scores = Callable[[Any], Any]
RANKINGS = ("amplitude", "energy", "growth")
PENALTIES, LEAST_PENALTY = 50, 1e-4  # of a path, and the least over the one that leaves nothing
ITERATIONS = 10_000
ABSOLUTE, RELATIVE = 1e-9, 1e-6  # tolerances of the alternating directions
FLATTEST = 1e-6  # curvature over the largest, below which a direction does not set the step


def select_modes(
    model: Model, k: Any, *, by: Literal["amplitude", "energy", "growth"] | Scores = "amplitude", refit: bool = True
) -> Model:
    """A copy of a model with its ``k`` foremost modes.

    Of real snapshots conjugate modes stay together: where the last place is half of a pair, ``k - 1`` modes are kept.

    Parameters
    ----------
    model : ModalModel
        A fitted model: `DMD` and its kin.
    k : int
        Number of modes; all of them where there are fewer.
    by : {"amplitude", "energy", "growth"} or callable, default="amplitude"
        What comes first: the largest amplitudes of the first snapshot, the largest sums of squares over the fitted
        snapshots, or the least damped. A callable takes the model and gives scores ``(r,)``, the largest first.
    refit : bool, default=True
        Whether amplitudes are fitted anew to the snapshots, where the model was fitted to all of them.

    Raises
    ------
    ValueError
        If ``k`` is not positive, ``by`` is unknown, or scores have the wrong shape or are NaN.
    TypeError
        If ``model`` is no modal model, or a `DMDc`, whose reduced step is more than its modes.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.lowrank.dmd import DMD
    >>> x, t = np.linspace(0, 1, 500)[:, None], 0.1 * np.arange(60)
    >>> X = np.sin(2 * np.pi * (3 * x - 0.5 * t)) + 0.1 * np.exp(-0.2 * t) * np.cos(5 * x)
    >>> model = DMD(rank=3).fit(X, dt=0.1)
    >>> np.round(np.abs(select_modes(model, 2).frequencies), 6)
    array([0.5, 0.5])
    """
    if isinstance(model, DMDc):
        raise TypeError("model: is a DMDc, expected a model without inputs; give DMDc a smaller rank")
    scores = _scores(fitted_model(model), by)
    if isinstance(k, (bool, np.bool_)) or not isinstance(k, (int, np.integer)) or k < 1:
        raise ValueError(f"k: is {k!r}, expected a number of modes, an integer of at least 1")
    kept: list[int] = []
    for place in np.argsort(-scores, kind="stable"):
        pair = _together(model, int(place))
        if pair[0] in kept:
            continue
        if len(kept) + len(pair) > k:
            break
        kept.extend(pair)
    return _keep(model, np.sort(np.array(kept, np.intp)), refit=refit)


@dataclass(frozen=True)
class SparsePath:
    """Amplitudes that fewer and fewer modes share.

    Attributes
    ----------
    gammas : ndarray, shape (k,)
        Penalties, increasing.
    amplitudes : ndarray, shape (k, r)
        Zero for modes that are left out; the others fitted without penalty.
    n_modes : ndarray of int, shape (k,)
    loss : ndarray, shape (k,)
        Norm of what is left of the snapshots, in parts of that of the snapshots.
    """

    gammas: NDArray[np.floating[Any]]
    amplitudes: NDArray[np.complexfloating[Any, Any]]
    n_modes: NDArray[np.integer[Any]]
    loss: NDArray[np.floating[Any]]
    _model: Any

    def model(self, place: int) -> Any:
        """A copy of the model with the modes that are left at ``gammas[place]``."""
        kept = np.flatnonzero(self.amplitudes[place])
        return _keep(self._model, kept, refit=True, fit_to="all")


def sparse_amplitudes(model: ModalModel, gammas: Any = None) -> SparsePath:
    """Sparsity-promoting amplitudes over a path of penalties.

    Jovanovic, Schmid and Nichols (2014): amplitudes ``b`` with the least ``sum_k |x_k - modes diag(eigs**k) b|**2 +
    gamma sum_j |b_j|``, by alternating directions, all penalties at once; then the amplitudes that are left are fitted
    without the penalty.

    Parameters
    ----------
    model : DMD or RandomizedDMD
        Fitted; amplitudes are of the first trajectory.
    gammas : array_like, shape (k,), optional
        Penalties; 50 between a ten thousandth of the least penalty that leaves no mode, and that, unless given.

    Raises
    ------
    ValueError
        If the model keeps no snapshots in small, or a penalty is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.lowrank.dmd import DMD
    >>> x, t = np.linspace(0, 1, 500)[:, None], 0.1 * np.arange(60)
    >>> X = np.sin(2 * np.pi * (3 * x - 0.5 * t)) + 0.1 * np.exp(-0.2 * t) * np.cos(5 * x)
    >>> path = sparse_amplitudes(DMD(rank=3).fit(X, dt=0.1))
    >>> np.unique(path.n_modes).tolist()
    [0, 2, 3]
    >>> fewer = path.model(int(np.argmax(path.n_modes == 2)))
    >>> np.round(np.abs(fewer.frequencies), 6)
    array([0.5, 0.5])
    """
    fitted = fitted_model(model)
    problem: AmplitudeProblem | None = getattr(model, "_problem", None)
    if problem is None:
        raise ValueError(
            f"model: {type(model).__name__} keeps no snapshots to fit amplitudes to; use DMD or RandomizedDMD, or"
            " select_modes(model, k)"
        )
    powers, largest = problem.powers()
    matrix, right = problem.normal(powers)
    # Amplitudes are found over exp(-largest), where all are of one size, and penalised as they are.
    weights = np.exp(-largest)
    least = 2.0 * float(np.max(np.abs(right) / np.maximum(weights, np.finfo(np.float64).tiny), initial=0.0))
    penalties = _penalties(gammas, least)
    found = _alternate(matrix, right, penalties[:, None] * weights)
    support = found != 0
    first = np.flatnonzero(model.eigs.imag > 0) if fitted._real else np.zeros(0, np.intp)
    support[:, first] |= support[:, first + 1]
    support[:, first + 1] = support[:, first]
    amplitudes = np.zeros(found.shape, np.complex128)
    loss = np.zeros(len(penalties))
    whole = float(np.linalg.norm(problem.projected)) ** 2 + problem.unreached
    known: dict[bytes, tuple[Any, float]] = {}
    for place, kept in enumerate(support):
        key = kept.tobytes()
        if key not in known:
            known[key] = _polished(problem, np.flatnonzero(kept), fitted._real)
        amplitudes[place, kept], left = known[key]
        loss[place] = np.sqrt(left / whole) if whole > 0 else 0.0
    return SparsePath(penalties, amplitudes, support.sum(axis=1), loss, model)


def _polished(problem: AmplitudeProblem, kept: NDArray[np.intp], real: bool) -> tuple[Any, float]:
    """Amplitudes of some modes without a penalty, and the squares that they leave."""
    few = problem.select(kept)
    amplitudes = few.solve()
    if real:
        amplitudes = conjugate(amplitudes, few.eigs)
    powers, largest = few.powers()
    left = few.projected - few.factor @ ((amplitudes * np.exp(largest))[:, None] * powers)
    return amplitudes, float(np.linalg.norm(left)) ** 2 + few.unreached


def _penalties(gammas: Any, least: float) -> NDArray[np.floating[Any]]:
    if gammas is None:
        return np.geomspace(LEAST_PENALTY, 1.0, PENALTIES) * least
    values = np.atleast_1d(np.asarray(gammas, np.float64))
    if values.ndim != 1 or not np.all(np.isfinite(values)) or np.any(values < 0):
        raise ValueError(f"gammas: is {gammas!r}, expected penalties (k,) of at least 0")
    return np.sort(values)


def _alternate(matrix: Any, right: Any, penalties: Any) -> Any:
    """Least ``b^H M b - 2 Re(right^H b) + sum_j penalty_j |b_j|`` for rows of penalties ``(k, r)``: ``(k, r)``."""
    values, vectors = np.linalg.eigh(matrix)
    if not len(values) or values[-1] <= 0:
        return np.zeros(penalties.shape, np.complex128)
    half = float(np.sqrt(values[-1] * max(values[0], FLATTEST * values[-1])))  # half of the step of the multipliers
    solve = (vectors / (values + half)) @ vectors.conj().T
    sparse = np.zeros(penalties.shape, np.complex128)
    scaled = np.zeros(penalties.shape, np.complex128)  # multipliers over the step
    for _ in range(ITERATIONS):
        free = (right + half * (sparse - scaled)) @ solve.T
        before, shifted = sparse, free + scaled
        sizes = np.abs(shifted)
        over = np.maximum(sizes - 0.5 * penalties / half, 0.0)
        sparse = np.where(over > 0, shifted * (over / np.where(sizes > 0, sizes, 1.0)), 0.0)
        scaled = shifted - sparse
        allowed = ABSOLUTE * np.abs(right).max() / half + RELATIVE * np.linalg.norm(free, axis=1)
        apart, moved = np.linalg.norm(free - sparse, axis=1), np.linalg.norm(sparse - before, axis=1)
        if np.all((apart <= allowed) & (moved <= allowed)):
            break
    return sparse


def _scores(model: Any, by: Any) -> NDArray[np.floating[Any]]:
    sizes = np.abs(model.eigs)
    if callable(by):
        scores = np.asarray(by(model))
        if scores.dtype.kind not in "fiub":
            raise TypeError(f"by: gives scores of {scores.dtype}, expected real numbers")
    elif by == "amplitude":
        scores = np.abs(model.amplitudes)
    elif by == "energy":
        scores = np.sum(np.abs(model.dynamics(np.arange(model.n_snapshots))) ** 2, axis=1)
    elif by == "growth":
        scores = sizes
    else:
        known = ", ".join(map(repr, RANKINGS))
        raise ValueError(f"by: is {by!r}, expected one of {known}, or a function of the model")
    if scores.shape != sizes.shape or np.isnan(scores).any():
        raise ValueError(f"by: gives scores of shape {scores.shape}, expected {sizes.shape}, a number for each mode")
    return scores


def _together(model: Any, place: int) -> list[int]:
    """A mode of real snapshots and its conjugate."""
    value = model.eigs[place]
    if not model._real or value.imag == 0:
        return [place]
    others = np.abs(model.eigs - value.conj())
    partner = int(np.argmin(others))
    near = others[partner] <= np.sqrt(np.finfo(model.eigs.dtype).eps) * max(1.0, abs(value))
    return sorted({place, partner}) if near else [place]


def _keep(model: Any, kept: NDArray[np.intp], *, refit: bool, fit_to: str | None = None) -> Any:
    few: Any = copy.copy(model)
    few.eigs, few.modes, few.amplitudes = model.eigs[kept], model.modes[:, kept], model.amplitudes[kept]
    for name in ("trajectory_amplitudes", "_last"):
        if hasattr(model, name):
            setattr(few, name, getattr(model, name)[..., kept])
    problem: AmplitudeProblem | None = getattr(model, "_problem", None)
    if problem is None:
        return few
    part = problem.select(kept)
    few._problem = part
    if refit and (fit_to or getattr(model, "fit_to", "all")) == "all":
        found, last = part.solve(), part.first(-1)
        if model._real:
            found, last = conjugate(found, part.eigs), conjugate(last, part.eigs)
        few.amplitudes = found.astype(model.amplitudes.dtype)
        few._last = last.astype(model.amplitudes.dtype)
        few.trajectory_amplitudes = np.concatenate([few.amplitudes[None], few.trajectory_amplitudes[1:]])
    return few
