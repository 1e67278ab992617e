"""Sparse relaxed regularised regression: a dense and a sparse vector of coefficients that hold on to one another."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.regress import relaxed as kernels
from fastsci_kernels.regress import thresholding

from ._problem import ROUNDING, Array, NormalEquations
from ._regressor import SparseRegressor
from ._thresholded import FLOPS_A_SECOND, SECONDS_A_SOLVE, whole
from .thresholding import EliminationWarning, IterationWarning

PENALTIES = {"l0": kernels.L0, "l1": kernels.L1, "l2": kernels.L2}


class SR3(SparseRegressor):
    """Sparse relaxed regularised regression (Zheng et al. 2018).

    Minimises over dense coefficients ``w`` and sparse ones ``u``

        ``|y - X w|^2 / 2 + reg_weight_lam R(u) + |w - u|^2 / (2 relax_coeff_nu)``

    by turns, from the least-squares solution.  With the L0 penalty coefficients of up to
    ``sqrt(2 reg_weight_lam relax_coeff_nu)`` are set to zero.

    Parameters
    ----------
    reg_weight_lam : float or array_like, shape (p,) or (m, p), default 0.005
        Weight of the penalty.
    regularizer : {"L0", "L1", "L2"}, default "L0"
        ``R``: the number of coefficients, the sum of their magnitudes or of their squares.  ``"weighted_l0"`` and so
        on mean the same with an array of weights.
    relax_coeff_nu : float, default 1.0
        The smaller it is, the closer the two vectors are held.
    tol : float, default 1e-5
        Iterations stop where the sparse coefficients of all targets move by less than ``tol relax_coeff_nu``.
    max_iter : int, default 30
    threshold : float or array_like, shape (p,) or (m, p), optional
        In the place of ``reg_weight_lam``, for the L0 penalty alone: the magnitude up to which coefficients are zero.
    normalize_columns : bool, default False
        Whether penalty and relaxation act on the coefficients of columns of unit length.
    unbias : bool, default False
        Whether to end with plain least squares on the terms that are left.

    Attributes
    ----------
    coef_ : ndarray, shape (p,) or (m, p)
        The sparse coefficients.
    coef_full_ : ndarray, shape (m, p)
        The dense ones.
    support_ : ndarray of bool, shape (m, p)
    n_iter_ : int

    Warns
    -----
    EliminationWarning, IterationWarning
        A target has no terms left; the coefficients still move after ``max_iter`` iterations.

    References
    ----------
    Zheng, Askham, Brunton, Kutz & Aravkin, IEEE Access 7 (2018) 1404; Champion, Zheng, Aravkin, Brunton & Kutz, IEEE
    Access 8 (2020) 169259.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 4))
    >>> SR3(threshold=0.5, relax_coeff_nu=0.1).fit(X, X @ [1.0, 0.0, -2.0, 0.1]).support_
    array([[ True, False,  True, False]])
    """

    copy_X = True  # asked for by PySINDy's ensembles; a design is never written to

    def __init__(
        self,
        reg_weight_lam: Any = 0.005,
        regularizer: str = "L0",
        relax_coeff_nu: float = 1.0,
        tol: float = 1e-5,
        max_iter: int = 30,
        *,
        threshold: Any = None,
        normalize_columns: bool = False,
        unbias: bool = False,
    ) -> None:
        self.reg_weight_lam = reg_weight_lam
        self.regularizer = regularizer
        self.relax_coeff_nu = relax_coeff_nu
        self.tol = tol
        self.max_iter = max_iter
        self.threshold = threshold
        self.normalize_columns = normalize_columns
        self.unbias = unbias

    def _solve(self, problem: NormalEquations) -> Array:
        sparse, full, rounds, rested = self._iterated([problem])
        self.coef_full_, self.support_, self.n_iter_ = full[0], sparse[0] != 0, int(rounds[0])
        gone = np.flatnonzero(~self.support_.any(axis=1) & (problem.squares > 0))
        if gone.size:
            warnings.warn(
                f"no term of target {', '.join(map(str, gone))} is left; take a smaller reg_weight_lam or threshold",
                EliminationWarning,
                stacklevel=4,
            )
        if not rested[0]:
            warnings.warn(
                f"max_iter: after {self.max_iter} iterations the coefficients still move; take a larger max_iter or"
                " relax_coeff_nu",
                IterationWarning,
                stacklevel=4,
            )
        return sparse[0]

    def _solve_many(self, problems: list[NormalEquations]) -> Array:
        return self._iterated(problems)[0]

    def _iterated(self, problems: list[NormalEquations]) -> tuple[Array, Array, np.ndarray, np.ndarray]:
        """Sparse and dense coefficients (B, m, p), numbers of iterations (B,) and whether they came to rest (B,)."""
        penalty, strengths = self._strengths(problems[0].n_targets, problems[0].n_features)
        nu, scaled = float(self.relax_coeff_nu), bool(self.normalize_columns)
        grams = np.stack([problem.gram for problem in problems])
        crosses = np.stack([problem.cross for problem in problems])
        starts = _least_squares(problems, grams, crosses, scaled)
        full, sparse = starts.copy(), starts.copy()
        rounds, states = np.zeros(len(problems), np.int64), np.zeros(len(problems), np.int64)
        settings = nu, penalty, int(self.max_iter), float(self.tol), scaled
        results = starts, full, sparse, rounds, states
        over(
            len(problems),
            lambda first, last: kernels.relaxed(grams, crosses, strengths, *settings, *results, first, last),
            _seconds(problems[0], int(self.max_iter)),
        )
        for place in np.flatnonzero(states < 0):
            problem = problems[place].scaled(1.0 / problems[place].norms()) if scaled else problems[place]
            found = _by_eigenvectors(problem, strengths, starts[place], *settings[:4])
            sparse[place], full[place], rounds[place], states[place] = found
        if self.unbias:
            sparse = np.stack([one.solve_all(coef != 0) for one, coef in zip(problems, sparse, strict=True)])
        elif scaled:
            sparse /= np.stack([problem.norms() for problem in problems])[:, None]
        if scaled:
            full /= np.stack([problem.norms() for problem in problems])[:, None]
        return sparse, full, rounds, states > 0

    def _strengths(self, n_targets: int, n_features: int) -> tuple[int, Array]:
        """The penalty and what it is multiplied by in a proximal step, (m, p); all parameters are checked."""
        name = str(self.regularizer).lower().removeprefix("weighted_")
        if name not in PENALTIES:
            raise ValueError(f"regularizer: is {self.regularizer!r}, expected 'L0', 'L1' or 'L2'")
        positive: dict[str, Any] = {"relax_coeff_nu": self.relax_coeff_nu, "tol": self.tol}
        for label, value in positive.items():
            if not (isinstance(value, int | float | np.number) and 0 < value < np.inf):
                raise ValueError(f"{label}: is {value!r}, expected a positive finite number")
        whole("max_iter", self.max_iter)
        if self.threshold is not None and name != "l0":
            raise ValueError(
                f"threshold: is {self.threshold!r}, expected None with regularizer={self.regularizer!r}; give"
                " reg_weight_lam"
            )
        label = "reg_weight_lam" if self.threshold is None else "threshold"
        given = np.asarray(getattr(self, label), np.float64)
        if given.shape not in ((), (n_features,), (n_targets, n_features)):
            raise ValueError(
                f"{label}: has shape {given.shape}, expected a number, ({n_features},) for the features or"
                f" ({n_targets}, {n_features}) for targets and features"
            )
        if not (given >= 0).all():
            raise ValueError(f"{label}: is {getattr(self, label)!r}, expected no negative number")
        strengths = given**2 / 2.0 if label == "threshold" else given * float(self.relax_coeff_nu)
        return PENALTIES[name], np.ascontiguousarray(np.broadcast_to(strengths, (n_targets, n_features)))


def _least_squares(problems: list[NormalEquations], grams: Array, crosses: Array, scaled: bool) -> Array:
    """Where iterations start, (B, m, p), for columns of unit length if ``scaled``."""
    n_problems, n_features, n_targets = crosses.shape
    starts, spreads = np.empty((n_problems, n_targets, n_features)), np.empty((n_problems, n_features))
    singular = np.empty(n_problems, np.bool_)
    none = np.empty((0, n_targets, n_features))  # thresholds: no decision hangs on these solutions
    arrays = grams, crosses, np.zeros((n_problems, n_targets)), none
    over(
        n_problems,
        lambda first, last: thresholding.ridge(*arrays, 0.0, scaled, starts, spreads, singular, first, last),
        _seconds(problems[0], 1),
    )
    norms = np.stack([problem.norms() for problem in problems])[:, None]
    if not scaled:
        starts /= norms
    for place in np.flatnonzero(singular):
        problem = problems[place]
        found = problem.solve_all(np.ones((n_targets, n_features), np.bool_))
        starts[place] = found * norms[place] if scaled else found
    return starts


def _seconds(problem: NormalEquations, n_iterations: int) -> float:
    size = problem.n_features
    return SECONDS_A_SOLVE + (size**3 + 4.0 * n_iterations * problem.n_targets * size**2) / FLOPS_A_SECOND


def _by_eigenvectors(
    problem: NormalEquations, strengths: Array, start: Array, nu: float, penalty: int, max_iter: int, tol: float
) -> tuple[Array, Array, int, int]:
    """The same iteration where the Gram matrix swamps the relaxation: by its eigenvectors.

    In directions that no target is explained by, the dense coefficients are the sparse ones.
    """
    scale = 1.0 / np.sqrt(np.diag(problem.gram) + 1.0 / nu)
    tie = scale**2 / nu
    values, vectors = np.linalg.eigh(problem.gram * np.outer(scale, scale) + np.diag(tie))
    null = values <= len(values) * ROUNDING
    range_, free = vectors[:, ~null], vectors[:, null]
    inverse = range_ / values[~null] @ range_.T
    follow = free @ np.linalg.solve(free.T * tie @ free, free.T * tie)
    step = np.vectorize(kernels.proximal.function, otypes=[np.float64])
    sparse = full = start
    for count in range(max_iter):
        held = sparse / scale
        found = (problem.cross.T * scale + held * tie) @ inverse
        full = (found + (held - found) @ follow.T) * scale
        before, sparse = sparse, step(full, strengths, penalty)
        if np.linalg.norm(sparse - before) < tol * nu:
            return sparse, full, count + 1, 1
    return sparse, full, max_iter, 0
