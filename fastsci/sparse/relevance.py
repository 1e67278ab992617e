"""Relevance vector machine: sparse Bayesian regression, with error bars and the evidence for the model."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastsci_kernels.loops import pool
from fastsci_kernels.regress.relevance import learn, posterior

from ._problem import Array, NormalEquations
from ._regressor import SparseRegressor
from ._sums import sums_of

FLOOR = 16.0 * float(np.finfo(float).eps)  # relative noise variance below which sums of squares hold rounding alone
FIRST_NOISE = 0.1
PIECE = 20


def rvm(
    theta: Any,
    target: Any = None,
    *,
    threshold: float = 0.0,
    prior_odds: float = 0.0,
    noise_std: float | None = None,
    max_iter: int = 2000,
    tol: float = 1e-6,
) -> tuple[Array, Array]:
    """Coefficients and their standard errors by the relevance vector machine.

    Parameters
    ----------
    theta : array_like, shape (n_samples, p), or NormalEquations
        Design, or the sums of one.
    target : array_like, shape (n_samples,) or (n_samples, m)
        Left out where ``theta`` holds the sums.
    threshold, prior_odds, noise_std, max_iter, tol
        As in `RVM`.

    Returns
    -------
    coef, stderr : ndarray, shape (p,) or (m, p)
        Posterior means and standard deviations, zero for terms that are out.

    Raises
    ------
    ValueError
        Wrong shapes, samples that are not finite (the first such row is named), or parameters out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.sparse.relevance import rvm
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 6))
    >>> y = 2.0 * X[:, 1] - X[:, 4] + 0.1 * rng.normal(size=200)
    >>> coef, stderr = rvm(X, y, threshold=3.0)
    >>> np.flatnonzero(coef), bool((abs(coef - [0, 2, 0, 0, -1, 0]) <= 3 * stderr).all())
    (array([1, 4]), True)
    """
    problem, flat = sums_of(theta, target)
    known = _Settings(threshold, prior_odds, noise_std, max_iter, tol).posteriors(problem)
    coef = np.stack([one.coef for one in known])
    stderr = np.sqrt(np.stack([np.diag(one.covariance) for one in known]))
    return (coef[0], stderr[0]) if flat else (coef, stderr)


@dataclass(frozen=True)
class _Posterior:
    """What is known of one target's coefficients."""

    coef: Array  # (p,)
    covariance: Array  # (p, p)
    precision: Array  # (p,)
    evidence: float
    noise_std: float
    n_iter: int
    converged: bool
    history: Array  # since terms were last removed


@dataclass(frozen=True)
class _Settings:
    """Parameters of `RVM`, and the learning that they govern."""

    threshold: float
    prior_odds: float
    noise_std: float | None
    max_iter: int
    tol: float

    def posteriors(self, problem: NormalEquations) -> list[_Posterior]:
        """What is learned of each target."""
        self.check()
        found: list[_Posterior | None] = [None] * problem.n_targets

        def work(first: int, last: int, cancelled: threading.Event) -> None:
            for target in range(first, last):
                found[target] = self.learn(problem, target, cancelled)

        pool.run(work, [(target, target + 1) for target in range(problem.n_targets)])
        return [one for one in found if one is not None]

    def learn(self, problem: NormalEquations, target: int, cancelled: threading.Event) -> _Posterior:
        size, n_samples = problem.n_features, problem.n_samples
        scale = 1.0 / problem.norms()
        unit = float(np.sqrt(problem.squares[target] / n_samples)) or 1.0
        gram = np.ascontiguousarray(problem.gram * np.outer(scale, scale))
        cross = problem.cross[:, target] * scale / unit
        square = float(problem.squares[target]) / unit**2
        noise = FIRST_NOISE if self.noise_std is None else max((self.noise_std / unit) ** 2, FLOOR)
        allowed, precision = np.diag(gram) > 0.5, np.full(size, np.inf)
        state, history = np.array([noise, 0.0, square]), np.empty(self.max_iter)
        reference = np.zeros(size)

        def maximise() -> bool:
            done = False
            while not done and state[1] < self.max_iter and not cancelled.is_set():
                last = min(state[1] + PIECE, self.max_iter)
                done = learn(
                    gram, cross, n_samples, float(self.prior_odds), allowed, self.noise_std is None, FLOOR,
                    float(self.tol), precision, reference, state, history, last,
                )  # fmt: skip
            return done

        start = 0
        while True:
            done = maximise()
            active = np.flatnonzero(precision < np.inf)
            covariance, mean = np.empty((active.size, active.size)), np.empty(active.size)
            evidence, _ = posterior(
                gram, cross, n_samples, precision, state[0], FLOOR, active, active.size, covariance, mean,
                reference, state[2],
            )  # fmt: skip
            weak = np.abs(mean) < self.threshold * np.sqrt(np.diag(covariance))
            if not (done and weak.any()):
                break
            # What is removed lowers the evidence once, so that the path starts anew.
            start = int(state[1])
            allowed[active[weak]] = False
            precision[active[weak]] = np.inf
        back = unit * scale[active]
        coef, spread = np.zeros(size), np.zeros((size, size))
        coef[active] = mean * back
        spread[np.ix_(active, active)] = covariance * np.outer(back, back)
        return _Posterior(
            coef,
            spread,
            precision / (unit * scale) ** 2,
            float(evidence - n_samples * np.log(unit)),
            float(np.sqrt(state[0])) * unit,
            int(state[1]),
            done,
            history[start : int(state[1])] - n_samples * np.log(unit),
        )

    def check(self) -> None:
        for name in ("threshold", "prior_odds", "tol"):
            value = getattr(self, name)
            if not np.isfinite(value) or value < 0:
                raise ValueError(f"{name}: is {value!r}, expected 0 or more; the default is a sound start")
        if self.noise_std is not None and not (np.isfinite(self.noise_std) and self.noise_std > 0):
            raise ValueError(f"noise_std: is {self.noise_std!r}, expected a positive number; None learns it")
        if self.max_iter < 1:
            raise ValueError(f"max_iter: is {self.max_iter!r}, expected at least 1; 2000 is the default")


class RVM(SparseRegressor):
    """Sparse Bayesian learning: each coefficient has a prior of its own width, and the data choose the widths.

    A coefficient has the prior ``N(0, 1 / precision)``; precisions and noise variance maximise the probability of the
    targets with the coefficients integrated out (the evidence).  Many precisions become infinite, and their terms are
    out.  Changes are made one at a time, that which gains most first, on the Gram matrix alone.

    Maximal evidence still keeps some terms that are not there, at about the size of their error bars (Rudy and
    Sapsis): ``threshold`` removes terms by their ratio of mean to error, ``prior_odds`` asks for more evidence.

    Parameters
    ----------
    threshold : float
        Terms whose mean is less than so many standard deviations are removed, and the evidence of the others is
        maximised anew, until none is left; 0 keeps all.
    prior_odds : float
        Logarithm of the prior odds against each term: what it must add to the log evidence to be in.
    noise_std : float, optional
        Standard deviation of the noise; learned where it is not given.
    max_iter : int
        Changes at most, for each target.
    tol : float
        Gain of log evidence below which nothing more is changed.
    fit_intercept : bool
        Subtract means first; a library with a constant needs none.

    Attributes
    ----------
    coef_ : ndarray, shape (p,) or (m, p)
        Posterior means.
    coef_std_ : ndarray, shape (m, p)
    covariance_ : ndarray, shape (m, p, p)
        Of the posterior, given precisions and noise.
    precision_ : ndarray, shape (m, p)
        Of the priors, infinite for terms that are out.
    noise_std_, log_evidence_ : ndarray, shape (m,)
    evidence_path_ : list of ndarray
        Log evidence less ``prior_odds`` for each term, after each change since terms were last removed by
        ``threshold``; it never falls.
    n_iter_ : ndarray of int, shape (m,)
    converged_ : ndarray of bool, shape (m,)

    Notes
    -----
    Columns are scaled to unit length and targets to unit mean square first, so that units do not matter.  Residuals
    come from sums of squares, which resolve a noise variance of about 1e-15 of the targets' mean square: the learned
    noise is at least ``16 * 2.2e-16`` of it (6e-8 of the root mean square), and the error bars of data with less
    noise are too wide, never too small.

    References
    ----------
    Tipping, J. Mach. Learn. Res. 1 (2001) 211; Tipping and Faul, AISTATS 2003; Rudy and Sapsis, Sparse methods for
    automatic relevance determination, arXiv:2005.08741.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.sparse.relevance import RVM
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 6))
    >>> y = 2.0 * X[:, 1] - X[:, 4] + 0.1 * rng.normal(size=200)
    >>> model = RVM(threshold=3.0).fit(X, y)
    >>> np.flatnonzero(model.coef_), model.noise_std_.round(2)
    (array([1, 4]), array([0.1]))
    """

    def __init__(
        self,
        *,
        threshold: float = 0.0,
        prior_odds: float = 0.0,
        noise_std: float | None = None,
        max_iter: int = 2000,
        tol: float = 1e-6,
        fit_intercept: bool = False,
    ) -> None:
        self.threshold = threshold
        self.prior_odds = prior_odds
        self.noise_std = noise_std
        self.max_iter = max_iter
        self.tol = tol
        self.fit_intercept = fit_intercept

    def _solve(self, problem: NormalEquations) -> Array:
        known = _Settings(self.threshold, self.prior_odds, self.noise_std, self.max_iter, self.tol).posteriors(problem)
        self.covariance_ = np.stack([one.covariance for one in known])
        self.coef_std_ = np.sqrt(np.diagonal(self.covariance_, axis1=1, axis2=2))
        self.precision_ = np.stack([one.precision for one in known])
        self.noise_std_ = np.array([one.noise_std for one in known])
        self.log_evidence_ = np.array([one.evidence for one in known])
        self.evidence_path_ = [one.history for one in known]
        self.n_iter_ = np.array([one.n_iter for one in known])
        self.converged_ = np.array([one.converged for one in known])
        return np.stack([one.coef for one in known])
