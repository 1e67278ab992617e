"""How good forecasts are: relative errors of single ones, and scores of ensembles."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.loops.batch import over
from fastsci_kernels.measures import scores

from .._arrays import real_array
from ._series import give, one_of, series, whole

ESTIMATORS = ("naive", "fair")


def smape(truth: ArrayLike, forecast: ArrayLike) -> Any:
    """Symmetric mean absolute percentage error, from 0 to 200 percent.

    The mean of ``200 |y - f| / (|y| + |f|)``, as in the M3 and M4 competitions; a pair of zeros has no error.

    Parameters
    ----------
    truth, forecast : (n_times,) or (n_series, n_times) array
        What came and what was forecast.

    Returns
    -------
    float or (n_series,) array
        Percent; NaN where either holds NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Makridakis and Hibon, Int. J. Forecasting 16, 451 (2000).

    Examples
    --------
    >>> from fastsci.chaos.scores import smape
    >>> round(smape([100.0, 100.0], [110.0, 100.0]), 4)
    4.7619
    """
    y, f, alone = _pair(truth, forecast)
    errors = np.empty(len(y))
    over(len(y), lambda first, last: scores.smape(y, f, first, last, errors), y.shape[1] * 2e-9)
    errors[~(np.isfinite(y).all(axis=1) & np.isfinite(f).all(axis=1))] = np.nan
    return give(100.0 * errors, alone)


def mase(truth: ArrayLike, forecast: ArrayLike, training: ArrayLike, *, seasonality: int = 1) -> Any:
    """Mean absolute scaled error: that of the forecast over that of a naive forecast of the training series.

    The naive forecast repeats the value ``seasonality`` samples before; its error is averaged within the training
    series.  Below 1 the forecast is better than it.

    Parameters
    ----------
    truth, forecast : (n_times,) or (n_series, n_times) array
        What came and what was forecast.
    training : (n_training,) or (n_series, n_training) array
        What the forecast was made from, longer than ``seasonality``.
    seasonality : int
        Samples of a period; 1 where there is none.

    Returns
    -------
    float or (n_series,) array
        Of a training series that the naive forecast repeats without an error, infinite, or NaN where the forecast has
        none either.  NaN where any holds NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Hyndman and Koehler, Int. J. Forecasting 22, 679 (2006).

    Examples
    --------
    >>> from fastsci.chaos.scores import mase
    >>> mase([5.0, 6.0], [5.5, 6.5], [1.0, 2.0, 3.0, 4.0])
    0.5
    """
    y, f, alone = _pair(truth, forecast)
    period = whole("seasonality", seasonality, 1)
    known, _ = series(training, "training", shortest=period + 1)
    if len(known) != len(y):
        raise ValueError(f"training: has {len(known)} series, expected {len(y)} like truth; give one for each")
    errors = np.empty(len(y))
    over(
        len(y),
        lambda first, last: scores.mase(y, f, known, period, first, last, errors),
        (y.shape[1] + known.shape[1]) * 2e-9,
    )
    errors[~np.all([np.isfinite(values).all(axis=1) for values in (y, f, known)], axis=0)] = np.nan
    return give(errors, alone)


def crps(truth: ArrayLike, ensemble: ArrayLike, *, estimator: str = "fair") -> Any:
    """Continuous ranked probability score of ensemble forecasts: the lower the better, in the unit of the forecast.

    With members x_i it is the mean of ``|x_i - y|`` less half of the mean of ``|x_i - x_j|`` over pairs.  "naive" takes
    all ``m**2`` pairs, a member with itself among them: the score of the ensemble as a distribution of its own (called
    NRG or CDF elsewhere), which favours small ensembles that are too narrow.  "fair" takes the ``m (m - 1)`` pairs of
    different members: what is expected of it does not depend on the number of members, and is the score of the
    distribution that they are drawn from.

    Parameters
    ----------
    truth : (...) array
        What came.
    ensemble : (..., n_members) array
        What was forecast; two members at least for "fair".
    estimator : {"fair", "naive"}
        Which pairs enter.

    Returns
    -------
    float or (...) array
        A score each; "fair" ones may be negative.  Of one member the naive score is the absolute error.  NaN where
        ``truth`` or a member is NaN or infinite.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Gneiting and Raftery, J. Am. Stat. Assoc. 102, 359 (2007); Ferro, Q. J. R. Meteorol. Soc. 140, 1917 (2014).

    Examples
    --------
    >>> from fastsci.chaos.scores import crps
    >>> crps(0.0, [-1.0, 1.0]), crps(0.0, [-1.0, 1.0], estimator="naive")
    (0.0, 0.5)
    """
    kind = one_of("estimator", estimator, ESTIMATORS)
    y, members, shape = _cases(truth, ensemble, least=kind + 1)
    values = np.empty(len(y))

    def work(first: int, last: int) -> None:
        scores.crps(y, np.sort(members[first:last], axis=1), kind, first, first, last, values)

    over(len(y), work, members.shape[1] * math.log2(members.shape[1] + 1) * 3e-9)
    return values.reshape(shape) if shape else float(values[0])


def crps_gaussian(truth: ArrayLike, mean: ArrayLike, deviation: ArrayLike) -> Any:
    """Continuous ranked probability score of forecasts that are normal distributions, in closed form.

    Parameters
    ----------
    truth, mean, deviation : arrays that broadcast
        What came, and mean and standard deviation of what was forecast; with deviation 0 the score is the absolute
        error.

    Returns
    -------
    float or array
        NaN where an argument is.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Gneiting, Raftery, Westveld and Goldman, Mon. Weather Rev. 133, 1098 (2005).

    Examples
    --------
    >>> from fastsci.chaos.scores import crps_gaussian
    >>> round(crps_gaussian(0.0, 0.0, 1.0), 4)
    0.2337
    """
    named = (("truth", truth), ("mean", mean), ("deviation", deviation))
    arrays = [np.asarray(real_array(values, name), dtype=np.float64) for name, values in named]
    if (arrays[2] < 0.0).any():
        raise ValueError("deviation: holds a negative number, expected at least 0; give the standard deviation")
    try:
        y, centre, width = (np.ascontiguousarray(values) for values in np.broadcast_arrays(*arrays))
    except ValueError:
        shapes = ", ".join(str(values.shape) for values in arrays)
        raise ValueError(f"mean: the shapes {shapes} do not broadcast; give arrays of one shape") from None
    values = np.empty(y.size)
    over(
        y.size,
        lambda first, last: scores.crps_gaussian(y.ravel(), centre.ravel(), width.ravel(), first, last, values),
        5e-8,
    )
    # Comparisons with NaN take a width that is none for zero.
    values[np.isnan(width.ravel())] = np.nan
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    return values.reshape(shape) if shape else float(values[0])


class SpreadSkill(NamedTuple):
    """How wide an ensemble is, and how far its mean is from the truth."""

    spread: float  # root of the mean variance of the members
    error: float  # root mean square error of the mean of the members
    ratio: float  # 1 where the members are like the truth


def spread_skill(truth: ArrayLike, ensemble: ArrayLike) -> SpreadSkill:
    """Spread of ensemble forecasts beside the error of their mean.

    The spread is the root of the mean over cases of the unbiased variance of the ``m`` members, and the ratio is
    ``sqrt((m + 1) / m) * spread / error``: where the truth is one more draw from the distribution of the members it
    tends to 1, whatever the number of members.  Below, the ensemble is too sure of itself.

    Parameters
    ----------
    truth : (...) array
        What came.
    ensemble : (..., n_members) array
        What was forecast; at least two members.

    Returns
    -------
    SpreadSkill
        Over all cases in which truth and members are finite; NaN where there are none.  The ratio is infinite, or NaN
        with no spread, where the error vanishes.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Fortin, Abaza, Anctil and Turcotte, J. Hydrometeorol. 15, 1708 (2014).

    Examples
    --------
    >>> from fastsci.chaos.scores import spread_skill
    >>> spread_skill([2.0, 0.0], [[0.0, 2.0], [-2.0, 0.0]])
    SpreadSkill(spread=1.414, error=1.0, ratio=1.732)
    """
    y, members, _ = _cases(truth, ensemble, least=2)
    moments = np.empty((len(y), 2))
    over(
        len(y),
        lambda first, last: scores.variance_and_error(y, members, first, last, moments),
        members.shape[1] * 3e-9,
    )
    known = moments[np.isfinite(moments).all(axis=1)]
    variance, error = known.mean(axis=0) if len(known) else np.full(2, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.sqrt((1.0 + 1.0 / members.shape[1]) * np.divide(variance, error))
    return SpreadSkill(math.sqrt(variance), math.sqrt(error), float(ratio))


def rank_histogram(truth: ArrayLike, ensemble: ArrayLike) -> np.ndarray:
    """How often the truth takes each rank among the members: flat where it is like one of them.

    A truth that equals members has several ranks; it counts in equal parts for each, so that no draw of lots is needed.

    Parameters
    ----------
    truth : (...) array
        What came.
    ensemble : (..., n_members) array
        What was forecast.

    Returns
    -------
    (n_members + 1,) array
        Counts, from below all members to above all, of the cases in which truth and members are finite.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Hamill, Mon. Weather Rev. 129, 550 (2001).

    Examples
    --------
    >>> from fastsci.chaos.scores import rank_histogram
    >>> rank_histogram([0.5, 3.0, 1.0], [[0.0, 1.0], [0.0, 1.0], [1.0, 2.0]])
    array([0.5, 1.5, 1. ])
    """
    y, members, _ = _cases(truth, ensemble, least=1)
    finite = np.isfinite(y) & np.isfinite(members).all(axis=1)
    y, members = y[finite], members[finite]
    below, equal = np.empty(len(y), np.int64), np.empty(len(y), np.int64)
    over(
        len(y), lambda first, last: scores.ranks(y, members, first, last, below, equal), members.shape[1] * 1e-9
    )  # fmt: skip
    # Each case adds its share where its ranks begin and takes it away behind their end.
    steps = np.zeros(members.shape[1] + 2)
    np.add.at(steps, below, 1.0 / (equal + 1))
    np.subtract.at(steps, below + equal + 1, 1.0 / (equal + 1))
    return np.cumsum(steps)[:-1]


def _pair(truth: ArrayLike, forecast: ArrayLike) -> tuple[np.ndarray, np.ndarray, bool]:
    (y, alone), (f, _) = series(truth, "truth"), series(forecast, "forecast")
    if y.shape != f.shape:
        raise ValueError(f"forecast: has shape {f.shape}, expected {y.shape} like truth; give the same times")
    return y, f, alone


def _cases(truth: ArrayLike, ensemble: ArrayLike, least: int) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """Truths ``(n_cases,)``, members ``(n_cases, m)`` and the shape of the cases."""
    y, members = real_array(truth, "truth"), real_array(ensemble, "ensemble")
    if members.ndim == 0 or members.shape[:-1] != y.shape:
        raise ValueError(
            f"ensemble: has shape {members.shape}, expected ({', '.join(map(str, y.shape))}{', ' * (y.ndim > 0)}"
            "n_members), those of truth and the members last; move that axis"
        )
    if members.shape[-1] < least:
        raise ValueError(f"ensemble: has {members.shape[-1]} members, expected at least {least}; give more")
    rows = members.reshape(y.size, members.shape[-1])
    return np.ascontiguousarray(y.ravel(), np.float64), np.ascontiguousarray(rows, np.float64), y.shape
