"""The lasso and the elastic net: single penalties and whole paths, each with a certificate."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._lasso_design import Design, arrays, penalty_weights, prepare, sample_weights
from ._lasso_solve import LassoConvergenceWarning, check, fit, grid, penalties, solve, tolerance, warn
from ._problem import Array

__all__ = ["LassoConvergenceWarning", "LassoPath", "lasso", "lasso_path"]


class LassoPath(NamedTuple):
    """What `lasso_path` returns; it unpacks as ``alphas, coefs, dual_gaps``."""

    alphas: Array
    coefs: Array
    dual_gaps: Array


def lasso(
    X: Any,
    y: Any,
    alpha: float,
    *,
    l1_ratio: float = 1.0,
    weights: Any = None,
    positive: bool = False,
    multitask: bool = False,
    fit_intercept: bool = False,
    sample_weight: Any = None,
    tol: float = 1e-6,
    max_iter: int = 10_000,
) -> Array:
    r"""Coefficients of the lasso or the elastic net.

    Minimises, with the ``omega_j`` of ``weights``,

    .. math:: \frac{1}{2n} |y - Xw|^2 + \alpha \sum_j \omega_j (\rho |w_j| + \frac{1 - \rho}{2} w_j^2)

    Parameters
    ----------
    X : array_like or scipy.sparse matrix or array, shape (n_samples, n_features)
    y : array_like, shape (n_samples,) or (n_samples, n_targets)
        Several targets are problems of their own, unless ``multitask``.
    alpha : float
        Strength of the penalty, at least 0; 0 gives the least-squares solution of least norm.
    l1_ratio : float
        ``rho``, from 0 (ridge) to 1 (lasso).
    weights : array_like, shape (n_features,), optional
        Factor of each feature's penalty: 0 leaves it free, ``inf`` excludes it.
    positive : bool
        Whether coefficients must not be negative.
    multitask : bool
        Whether features enter for all targets at once: ``|w_j|`` is then the length of a feature's coefficients.
    fit_intercept : bool
        Whether a constant is fitted too; use `Lasso` to have its value.
    sample_weight : array_like, shape (n_samples,), optional
        Weights of the squared residuals; ``n`` is then their sum.
    tol : float
        The duality gap is at most ``tol |y|^2 / n`` (of the centred ``y`` with an intercept).
    max_iter : int
        Sweeps at most.

    Returns
    -------
    ndarray, shape (n_features,) or (n_targets, n_features)

    Raises
    ------
    ValueError
        A shape, a number or an option that cannot be; the first row that is not finite.
    TypeError
        Entries that are not real numbers.

    Warns
    -----
    LassoConvergenceWarning
        The tolerance was not reached (scikit-learn's ``ConvergenceWarning`` where scikit-learn is loaded).

    References
    ----------
    Tibshirani, J. R. Stat. Soc. B 58 (1996); Friedman, Hastie and Tibshirani, J. Stat. Softw. 33 (2010); Fercoq,
    Gramfort and Salmon, ICML (2015); Osborne, Presnell and Turlach, IMA J. Numer. Anal. 20 (2000).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.eye(3)
    >>> lasso(X, [3.0, -2.0, 0.5], 1.0 / 3.0)
    array([ 2., -1.,  0.])
    """
    design, target = arrays(X, y)
    check(alpha, l1_ratio, tol, max_iter, positive, multitask)
    weight = sample_weights(sample_weight, design.shape[0])
    prepared = prepare(design, target, penalty_weights(weights, design.shape[1]), weight, fit_intercept)
    coef = fit(prepared, alpha, l1_ratio, positive, multitask, tol, max_iter).coef
    return coef[0] if target.ndim == 1 else coef


def lasso_path(
    X: Any,
    y: Any,
    *,
    eps: float = 1e-3,
    n_alphas: int = 100,
    alphas: Any = None,
    l1_ratio: float = 1.0,
    weights: Any = None,
    positive: bool = False,
    multitask: bool = False,
    fit_intercept: bool = False,
    sample_weight: Any = None,
    tol: float = 1e-6,
    max_iter: int = 10_000,
) -> LassoPath:
    """Coefficients of the lasso or the elastic net for many penalties, each solved from the one before.

    The objective and the arguments that are not listed are those of `lasso`.

    Parameters
    ----------
    X : array_like or scipy.sparse matrix or array, shape (n_samples, n_features)
    y : array_like, shape (n_samples,), or (n_samples, n_targets) with ``multitask``
    eps : float
        Least penalty over the greatest, which is the least that leaves no coefficient.
    n_alphas : int
        Penalties, evenly spaced by their logarithm.
    alphas : array_like, optional
        Penalties in the place of those, in any order.

    Returns
    -------
    alphas : ndarray, shape (n_alphas,)
        Penalties from the greatest to the least, whatever the order they were given in.
    coefs : ndarray, shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
    dual_gaps : ndarray, shape (n_alphas,)
        Duality gaps in units of the objective: no coefficients have one that is lower by more.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 200))
    >>> alphas, coefs, dual_gaps = lasso_path(X, X[:, 3] - X[:, 5], n_alphas=20)
    >>> coefs.shape, np.flatnonzero(coefs[:, 5]), bool(dual_gaps.max() < 1e-6 * 4)
    ((200, 20), array([3, 5]), True)
    """
    design, target = arrays(X, y)
    check(1.0, l1_ratio, tol, max_iter, positive, multitask)
    if target.ndim == 2 and not multitask:
        raise ValueError(f"y: has shape {target.shape}, expected (n_samples,); call for each target or set multitask")
    weight = sample_weights(sample_weight, design.shape[0])
    prepared = prepare(design, target, penalty_weights(weights, design.shape[1]), weight, fit_intercept)
    chosen = grid(prepared, l1_ratio, positive, multitask, eps, n_alphas) if alphas is None else penalties(alphas)
    path = solve(prepared, chosen, l1_ratio, positive, multitask, tol, max_iter)
    warn(path.gaps, tolerance(prepared, tol), chosen)
    tasks = path.coefs.shape[-1] if multitask else 0
    flat = np.moveaxis(path.coefs, -1, 1).reshape(-1, path.coefs.shape[1]) if multitask else path.coefs
    full = _restored(prepared, flat, max(tasks, 1))
    gaps = np.maximum(path.gaps, 0.0) / prepared.total
    if not multitask:
        return LassoPath(chosen, full.T, gaps)
    return LassoPath(chosen, np.moveaxis(full.reshape(len(chosen), tasks, -1), 0, -1), gaps)


def _restored(prepared: Design, flat: Array, tasks: int) -> Array:
    """Coefficients of all features, where targets take turns along the rows."""
    full = np.empty((len(flat), prepared.n_features))
    for task in range(tasks):
        full[task::tasks] = prepared.of_target(task).restore(flat[task::tasks])[0]
    return full
