"""Double descent: what regressions err by as their features come to outnumber their samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.linear.draws import MOST_COLUMNS, MOST_DRAWS
from fastsci_kernels.linear.gaussian_ridge import regress
from fastsci_kernels.loops.batch import over

from ._checks import Array, number, reals, rng_words, row, squared, whole
from ._sampled import Features, Regressions, sampled
from .risk import asymptotic_risk, finite_risk

SECONDS = 3e-8  # of a row of the smaller side, for the first penalty and for each


@dataclass(frozen=True, repr=False)
class DoubleDescent:
    """Risks of `double_descent`, simulated and in closed form; one penalty has no axis of its own.

    Attributes
    ----------
    n : int
        Samples of each regression.
    sizes : ndarray of int, shape (n_ratios,)
        Features.
    risks : ndarray, shape (n_ratios, n_draws) or (n_alphas, n_ratios, n_draws)
        Of every draw, the squared error of its coefficients, or its risk on new samples where those were asked for.
    training_errors : ndarray, shape of ``risks``
        Mean squared residuals on the samples of the fit.
    squared_norms : ndarray, shape of ``risks``
        Of the coefficients found.
    noise_std, signal_norm : float
    alpha : float or ndarray, shape (n_alphas,)
    """

    n: int
    sizes: NDArray[np.int64]
    risks: Array
    training_errors: Array
    squared_norms: Array
    noise_std: float
    signal_norm: float
    alpha: float | Array

    @property
    def ratios(self) -> Array:
        """Features a sample, (n_ratios,), as they came out of rounding."""
        return self.sizes / self.n

    @property
    def mean(self) -> Array:
        """Mean risks over the draws, (n_ratios,) or (n_alphas, n_ratios)."""
        return np.mean(self.risks, axis=-1)

    @property
    def standard_error(self) -> Array:
        """Of the mean risks; without meaning where the exact risk is infinite, NaN for a single draw."""
        count = self.risks.shape[-1]
        if count == 1:
            return np.full(self.risks.shape[:-1], np.nan)
        return np.std(self.risks, axis=-1, ddof=1) / np.sqrt(count)

    @property
    def exact(self) -> Array:
        """`finite_risk` of Gaussian features, where the penalty is 0; NaN for other penalties, which have none."""
        risk = finite_risk(self.n, self.sizes, noise_std=self.noise_std, signal_norm=self.signal_norm)
        return np.where(np.asarray(self.alpha)[..., None] == 0.0, risk, np.nan)

    @property
    def asymptotic(self) -> Array:
        """`asymptotic_risk` of the same ratios and penalties, (n_ratios,) or (n_alphas, n_ratios)."""
        curves = [
            asymptotic_risk(
                self.ratios,
                noise_std=self.noise_std,
                signal_norm=self.signal_norm,
                alpha_per_sample=float(one) / self.n,
            )
            for one in np.atleast_1d(self.alpha)
        ]
        return np.stack(curves) if np.ndim(self.alpha) else curves[0]

    def __repr__(self) -> str:
        return f"DoubleDescent({self.n} samples, {len(self.sizes)} ratios, {self.risks.shape[-1]} draws)"

    def plot(self, ax: Any = None) -> Any:
        """Mean risks with two standard errors, and the closed forms, over the ratios.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            A new figure's unless given.

        Returns
        -------
        matplotlib Axes
        """
        from .descent_plot import plot_descent

        return plot_descent(self, ax)


def double_descent(
    n: int,
    ratios: Any,
    n_draws: int = 200,
    *,
    noise_std: float = 0.5,
    signal_norm: float = 1.0,
    alpha: Any = 0.0,
    features: str | Callable[[np.random.Generator, int, int], Any] = "gaussian",
    n_test: int | None = None,
    rng: Any = None,
    device: str = "cpu",
) -> DoubleDescent:
    r"""Risks of regressions of minimum norm, or with a ridge penalty, from few features to many more than samples.

    A draw has ``n`` samples of ``p`` features, coefficients of norm ``signal_norm`` in a uniform direction and noise;
    its risk is ``|estimate - truth|^2``, the error beyond the noise at a new sample of uncorrelated features of mean
    square 1.  With independent Gaussian features it is drawn in the basis in which the features are bidiagonal: the law
    is that of the stored problem, at O(n + p) operations a draw in the place of O(n p min(n, p)).

    Parameters
    ----------
    n : int
        Samples, at most 2^20.
    ratios : float or array_like, shape (n_ratios,)
        Features a sample, above 0; ``p = round(ratio n)``, at least 1 and below 2^20.
    n_draws : int, default 200
        At each ratio, at most 2^26.
    noise_std : float, default 0.5
        Standard deviation of the noise, in units of the target.
    signal_norm : float, default 1.0
        Norm of the true coefficients, in units of the target.
    alpha : float or array_like, shape (n_alphas,), default 0.0
        ``alpha |coefficients|^2`` is added to the sum of squared residuals.  All penalties meet the same draws.  The
        best one for every ratio is ``p (noise_std / signal_norm)^2``.
    features : {"gaussian"} or callable, default "gaussian"
        A function ``(generator, n_rows, n_columns) -> array (n_rows, n_columns)`` draws other features, whose
        regressions are stored and solved one by one; it is called from several threads at once.
    n_test : int, optional
        For other features: the risk of a draw is the mean of ``(x'(estimate - truth))^2`` over so many new samples,
        which holds for correlated features as well.
    rng : int, numpy.random.Generator, numpy.random.SeedSequence or None
        A draw depends on it, on ``n``, ``p`` and its own number, and on nothing else: neither on other ratios and draws
        nor on the number of threads.  None draws others at each call.
    device : {"cpu", "cuda"}, default "cpu"
        Gaussian features are drawn on a GPU too, a draw a thread; its numbers are those of the CPU up to rounding.

    Returns
    -------
    DoubleDescent
        All draws, their mean and standard error, and the closed forms.

    Raises
    ------
    ValueError
        Sizes, ratios, norms or penalties out of range, or features of another shape or not finite.
    RuntimeError
        ``device="cuda"`` without a GPU.
    TypeError
        What should be a number and is none.

    References
    ----------
    Hastie, Montanari, Rosset and Tibshirani, Ann. Statist. 50 (2022) 949; Belkin, Hsu, Ma and Mandal, PNAS 116 (2019)
    15849; Dumitriu and Edelman, J. Math. Phys. 43 (2002) 5830.

    Examples
    --------
    >>> from fastsci.linear import double_descent
    >>> curve = double_descent(200, [0.2, 0.5, 0.8, 1.25, 2, 4], 1000, rng=0)
    >>> curve.exact.round(3).tolist()
    [0.063, 0.253, 1.026, 1.22, 0.751, 0.833]
    >>> bool((abs(curve.mean / curve.exact - 1) < 0.03).all())
    True
    >>> damped = double_descent(200, [0.5, 1.0, 2.0], 200, alpha=50.0, rng=0)
    >>> bool((damped.mean < 0.7).all())
    True
    """
    rows = whole("n", n, 1, MOST_COLUMNS - 1)
    with np.errstate(over="ignore"):
        sizes = np.maximum(1, np.rint(row("ratios", ratios, 0.0, strict=True) * rows))
    if sizes.max() >= MOST_COLUMNS:
        raise ValueError(f"ratios: ask for {sizes.max():.0f} features, expected fewer than {MOST_COLUMNS}; lower n")
    columns, count = sizes.astype(np.int64), whole("n_draws", n_draws, 1, MOST_DRAWS)
    noise, signal = number("noise_std", noise_std), number("signal_norm", signal_norm)
    squared("noise_std", noise)
    squared("signal_norm", signal)
    penalties = reals("alpha", alpha, 0.0)
    if penalties.ndim > 1 or penalties.size == 0:
        raise ValueError(f"alpha: has shape {penalties.shape}, expected a number or (n_alphas,); flatten it")
    if device not in ("cpu", "cuda"):
        raise ValueError(f"device: is {device!r}, expected 'cpu' or 'cuda'")
    known = np.atleast_1d(penalties)
    if features == "gaussian":
        if n_test is not None:
            raise ValueError(
                f"n_test: is {n_test!r}, expected None with Gaussian features, whose risk needs no samples"
            )
        simulate = _gaussian if device == "cpu" else _gaussian_on_cuda
        found = simulate(rows, columns, count, signal, noise, known, rng_words(rng))
    elif callable(features):
        if device != "cpu":
            raise ValueError(f"device: is {device!r}, expected 'cpu' for features that a function draws there")
        tested = None if n_test is None else whole("n_test", n_test)
        problem = Features(features, rows, signal, noise, known, tested)
        found = sampled(problem, columns, count, rng_words(rng))
    else:
        raise ValueError(f"features: is {features!r}, expected 'gaussian' or a function (generator, n_rows, n_columns)")
    shape = (*penalties.shape, len(columns), count)
    risks, errors, norms = (part.reshape(shape) for part in found)
    chosen = penalties if penalties.ndim else float(penalties)
    return DoubleDescent(rows, columns, risks, errors, norms, noise, signal, chosen)


def _gaussian(
    n: int, sizes: NDArray[np.int64], n_draws: int, signal: float, noise: float, alphas: Array, key: tuple[int, int]
) -> Regressions:
    risks, errors, norms = (np.empty((len(alphas), len(sizes) * n_draws)) for _ in range(3))
    seconds = SECONDS * (1 + len(alphas)) * float(np.mean(np.minimum(n, sizes)))

    def work(first: int, last: int) -> None:
        regress(n, sizes, n_draws, signal, noise, alphas, key, risks, errors, norms, first, last)

    over(len(sizes) * n_draws, work, seconds)
    return risks, errors, norms


def _gaussian_on_cuda(
    n: int, sizes: NDArray[np.int64], n_draws: int, signal: float, noise: float, alphas: Array, key: tuple[int, int]
) -> Regressions:
    from fastsci_kernels.cuda_target import require_device

    require_device()
    from fastsci_kernels.linear import gaussian_ridge_cuda

    return gaussian_ridge_cuda.regress(n, sizes, n_draws, signal, noise, alphas, key)
