"""How long a forecast of a chaotic system is worth anything, and how long the truth itself is known."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.loops.batch import over
from fastsci_kernels.measures import scores

from .._arrays import real_array
from ._series import not_negative, one_of, positive
from .neighbours import binary_exponent

NORMS = ("deviation", "component", "length")


class ValidPredictionTime(NamedTuple):
    """Times until which forecasts are valid, and which of them are lower bounds only."""

    time: Any  # float or (n_members,); in Lyapunov times where an exponent was given
    censored: Any  # bool or (n_members,): valid at least so long; nothing is known of later


def valid_prediction_time(
    truth: ArrayLike,
    forecast: ArrayLike,
    *,
    dt: float,
    threshold: float = 0.4,
    norm: str = "deviation",
    climate: ArrayLike | None = None,
    exponent: float | None = None,
    agreement_time: ArrayLike | None = None,
) -> ValidPredictionTime:
    """The first time at which the normalised error of a forecast exceeds a threshold.

    Beyond the end of the data, and beyond the time up to which the truth is known, no error says anything: a forecast
    valid until then has that time, marked as censored.

    Parameters
    ----------
    truth : (n_times, dim) or (n_members, n_times, dim) array
        True states from the start of the forecast on; ``(n_times,)`` for one of a single variable.
    forecast : array of the shape of ``truth``
        Forecast states.  One that is NaN or infinite is no longer valid.
    dt : float
        Time from one state to the next.
    threshold : float
        Largest normalised error of a valid forecast.
    norm : {"deviation", "component", "length"}
        What the error is divided by, with averages over the times of ``climate``.  "deviation": the Euclidean
        norm of the error by the root of the mean square of the centred truth.  "component": each component by its own
        standard deviation, then the root of the mean of their squares (NRMSE, Vlachas et al.).  "length": the norm of
        the error by the root of the mean square of the truth as it is (Pathak et al.).
    climate : (n, dim) or (n_members, n, dim) array, optional
        States to average over, such as a long run; the given piece of truth by default.
    exponent : float, optional
        Largest Lyapunov exponent, by which times are multiplied: they are then Lyapunov times.
    agreement_time : float or (n_members,) array, optional
        Time until which two solvers of the truth agree, see `agreement_time`; no time beyond it is quoted.

    Returns
    -------
    ValidPredictionTime
        ``time`` and ``censored``.  0 where the error exceeds the threshold from the start; NaN, not censored, for a
        truth that holds NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Pathak, Hunt, Girvan, Lu and Ott, Phys. Rev. Lett. 120, 024102 (2018); Vlachas et al., Neural Networks 126,
    191 (2020).

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.chaos.prediction_time import valid_prediction_time
    >>> truth = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    >>> forecast = truth + np.array([0.0, 0.1, 0.2, 0.5, 1.0, 2.0])
    >>> valid_prediction_time(truth, forecast, dt=0.5)
    ValidPredictionTime(time=1.5, censored=False)
    >>> valid_prediction_time(truth, forecast, dt=0.5, agreement_time=1.2)
    ValidPredictionTime(time=1.2, censored=True)
    """
    step, rate = positive("dt", dt), 1.0 if exponent is None else positive("exponent", exponent)
    members, given, alone = _pair(truth, forecast, "truth", "forecast")
    places = _first_beyond(members, given, threshold, norm, climate)
    n_times = members.shape[1]
    censored = places == n_times
    time = np.where(censored, n_times - 1, places) * step
    if agreement_time is not None:
        known = _known_times(agreement_time, len(members))
        censored = np.where(time > known, True, censored)
        time = np.minimum(time, known)
    unknown = ~np.isfinite(members).all(axis=(1, 2))
    time, censored = np.where(unknown, np.nan, time * rate), censored & ~unknown
    return ValidPredictionTime(float(time[0]), bool(censored[0])) if alone else ValidPredictionTime(time, censored)


def agreement_time(
    first: ArrayLike,
    second: ArrayLike,
    *,
    dt: float,
    threshold: float = 0.01,
    norm: str = "deviation",
    climate: ArrayLike | None = None,
) -> Any:
    """The last time until which two solutions of one problem agree, at all times before as well.

    A chaotic system magnifies the errors of a solver.  Solved again with another method, a smaller step or more digits,
    it shows how long either solution means anything: until then, and no longer, one may serve as a truth.

    Parameters
    ----------
    first, second : (n_times, dim) or (n_members, n_times, dim) array
        States of the two solutions at the same times; ``(n_times,)`` for those of a single variable.
    dt : float
        Time from one state to the next.
    threshold : float
        Largest normalised distance of solutions that agree.
    norm, climate
        How distances are normalised, as in `valid_prediction_time`; averages are over ``first`` by default.

    Returns
    -------
    float or (n_members,) array
        The end of the data where they never part; 0 where they differ from the start; NaN where ``first`` holds
        NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    Examples
    --------
    >>> from fastsci.chaos.prediction_time import agreement_time
    >>> agreement_time([1.0, -1.0, 1.0, -1.0], [1.0, -1.0, 1.001, -1.1], dt=0.1)
    0.2
    """
    step = positive("dt", dt)
    members, others, alone = _pair(first, second, "first", "second")
    places = _first_beyond(members, others, threshold, norm, climate)
    unknown = ~np.isfinite(members).all(axis=(1, 2))
    time = np.where(unknown, np.nan, np.maximum(places - 1, 0) * step)
    return float(time[0]) if alone else time


def _first_beyond(truth: np.ndarray, forecast: np.ndarray, threshold: Any, norm: Any, climate: Any) -> np.ndarray:
    limit, kind = not_negative("threshold", threshold), one_of("norm", norm, NORMS)
    states = truth if climate is None else _climate(climate, truth)
    exponent = binary_exponent(states, axis=(1, 2))
    states = np.ldexp(states, -exponent)
    scales = np.empty((len(states), truth.shape[2]))

    def scale(first: int, last: int) -> None:
        if NORMS[kind] == "length":
            scores.lengths(states, first, last, scales)
        else:
            scores.spreads(states, NORMS[kind] == "component", first, last, scales)

    over(len(states), scale, states[0].size * 3e-9)
    scales = np.ascontiguousarray(np.broadcast_to(np.ldexp(scales, exponent[:, 0]), (len(truth), truth.shape[2])))
    places = np.empty(len(truth), np.int64)
    over(
        len(truth),
        lambda first, last: scores.first_beyond(truth, forecast, scales, limit, first, last, places),
        truth[0].size * 1e-9,
    )
    return places


def _states(states: ArrayLike, name: str) -> np.ndarray:
    """``(n_members, n_times, dim)``, contiguous."""
    values = real_array(states, name)
    if values.ndim not in (1, 2, 3) or values.size == 0:
        raise ValueError(
            f"{name}: has shape {values.shape}, expected (n_times, dim) or (n_members, n_times, dim), none of them 0;"
            " reshape it"
        )
    shape = (1, -1, 1) if values.ndim == 1 else (-1, *values.shape[-2:])
    return np.ascontiguousarray(values.reshape(shape), dtype=np.float64)


def _pair(truth: ArrayLike, forecast: ArrayLike, one: str, other: str) -> tuple[np.ndarray, np.ndarray, bool]:
    shapes = np.shape(real_array(truth, one)), np.shape(real_array(forecast, other))
    if shapes[0] != shapes[1]:
        raise ValueError(f"{other}: has shape {shapes[1]}, expected {shapes[0]} like {one}; give the same times")
    return _states(truth, one), _states(forecast, other), len(shapes[0]) < 3


def _climate(climate: ArrayLike, truth: np.ndarray) -> np.ndarray:
    states = _states(climate, "climate")
    if states.shape[2] != truth.shape[2] or len(states) not in (1, len(truth)):
        raise ValueError(
            f"climate: has shape {np.shape(climate)}, expected (n, {truth.shape[2]}), or one such run for each of"
            f" {len(truth)} members; reshape it"
        )
    return states


def _known_times(agreement: ArrayLike, n_members: int) -> np.ndarray:
    known = np.asarray(real_array(agreement, "agreement_time"), dtype=np.float64)
    if known.shape not in ((), (1,), (n_members,)):
        raise ValueError(f"agreement_time: has shape {known.shape}, expected a number or ({n_members},); flatten it")
    if not (known >= 0.0).all():
        raise ValueError("agreement_time: holds NaN or a negative time, expected at least 0; leave it out")
    return known
