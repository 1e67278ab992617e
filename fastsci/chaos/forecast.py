"""Forecasts of a series from its own past: simplex projection and the S-map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.loops.batch import over
from fastsci_kernels.measures import forecast, scores
from fastsci_kernels.measures.neighbours import nearest

from .._arrays import real_array
from ._series import series, whole
from .neighbours import binary_exponent


@dataclass(frozen=True)
class Forecast:
    """Forecasts beside what came, and how alike they are.

    The shapes are for one series; those of several have ``n_series`` before, and those of several ``theta``
    have ``n_theta`` between.
    """

    times: np.ndarray  # (n_predictions,) the place in the series that is forecast
    predictions: np.ndarray  # (n_predictions,)
    observations: np.ndarray  # (n_predictions,) NaN past the end of the series; without an axis for theta
    rho: Any  # Pearson's correlation of the two
    mae: Any  # mean absolute error
    rmse: Any  # root mean square error
    coefficients: np.ndarray | None = None  # (n_predictions, 1 + dimension) of the S-map


@dataclass(frozen=True)
class _Task:
    """Points of a delay space to learn from, those to forecast from, and what followed either."""

    known: np.ndarray  # (n_series, dimension, n_library), the points of the library, scaled
    targets: np.ndarray  # (n_series, n_library)
    queries: np.ndarray  # (n_series, dimension, n_queries)
    observations: np.ndarray  # (n_series, n_queries)
    times: np.ndarray  # (n_queries,)
    offset: int  # place of the first query less that of the first point of the library
    theiler: int
    exponent: np.ndarray  # (n_series, 1)
    alone: bool


def simplex_forecast(
    x: ArrayLike,
    *,
    dimension: int,
    delay: int = 1,
    horizon: int = 1,
    library: tuple[int, int] | None = None,
    prediction: tuple[int, int] | None = None,
    theiler: int = 0,
    n_neighbours: int | None = None,
) -> Forecast:
    """Simplex projection: the weighted mean of what followed the nearest neighbours in a delay space.

    A neighbour at distance d weighs ``exp(-d / d_1)``, d_1 being the distance of the nearest.  Where that is zero, the
    neighbours at distance zero alone count, alike.

    Parameters
    ----------
    x : (n_times,) or (n_series, n_times) array
        Series, each forecast by itself; computed in float64.  Points and targets that touch NaN or infinity are left
        out, so that gaps are allowed.
    dimension : int
        Coordinates of a point in the delay space (E).
    delay : int
        Samples between two coordinates (tau).
    horizon : int
        Samples from the last coordinate of a point to what is forecast (Tp).
    library : (first, last), optional
        Times, as of a slice, to learn from: points and what followed them lie within.  The whole series by default.
    prediction : (first, last), optional
        Times to forecast from: points lie within, what followed may lie after, even past the end of the series.
        The whole series by default.
    theiler : int
        Points of the library at most so many samples before or after a point are not its neighbours; 0 leaves out
        the point alone (leave-one-out).  Where library and prediction overlap, points near in time know the answer:
        at least ``(dimension - 1) * delay + horizon`` keeps all that out.
    n_neighbours : int, optional
        Neighbours to average; ``dimension + 1`` by default.  Where fewer are allowed, those; NaN where there is none.

    Returns
    -------
    Forecast
        With ``rho``, ``mae`` and ``rmse`` over the times at which both forecast and observation are finite, NaN where
        there are none; ``rho`` is NaN too where either is constant.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Sugihara and May, Nature 344, 734 (1990).

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.chaos.forecast import simplex_forecast
    >>> x = np.sin(0.3 * np.arange(500))
    >>> round(simplex_forecast(x, dimension=2, delay=5, library=(0, 250), prediction=(250, 500)).rho, 3)
    1.000
    """
    task = _task(x, dimension, delay, horizon, library, prediction, theiler)
    count = dimension + 1 if n_neighbours is None else whole("n_neighbours", n_neighbours, 1)
    predictions = np.empty(task.observations.shape)
    usable = np.where(np.isfinite(task.targets)[:, np.newaxis], task.known, np.nan)
    indices, distances = nearest(
        usable,
        np.ascontiguousarray(task.queries.transpose(0, 2, 1)),
        min(count, task.known.shape[2]),
        offset=task.offset,
        theiler=task.theiler,
    )
    over(
        predictions.size,
        lambda first, last: forecast.simplex(indices, distances, task.targets, first, last, predictions),
        count * 1e-8,
    )
    return _judged(task, predictions[:, np.newaxis], scalar=True)


def smap_forecast(
    x: ArrayLike,
    *,
    dimension: int,
    delay: int = 1,
    horizon: int = 1,
    theta: ArrayLike = 0.0,
    library: tuple[int, int] | None = None,
    prediction: tuple[int, int] | None = None,
    theiler: int = 0,
) -> Forecast:
    """S-map: a linear map about each point of a delay space, fitted to the whole library with weights by distance.

    For a point q the map ``c_0 + sum_i c_i (x_i - q_i)`` minimises the sum of ``w**2`` times its squared errors over
    the library, with ``w = exp(-theta d / D)``, d the distance from q and D the mean of those distances (errors times
    w are squared, as in Sugihara's equations).  The forecast is ``c_0``.  With ``theta = 0`` it is one global
    linear map, an autoregressive model; a skill that grows with theta speaks for nonlinear dynamics.

    The fit is as good as one by orthogonal factors, and where points lie in a subspace, singular values below
    ``max(n_library, dimension + 1) * 2**-52`` of the largest are dropped and the shortest solution is taken.

    Parameters
    ----------
    x : (n_times,) or (n_series, n_times) array
        Series, each forecast by itself; computed in float64.  Points and targets that touch NaN or infinity are left
        out, so that gaps are allowed.
    dimension : int
        Coordinates of a point in the delay space (E).
    delay : int
        Samples between two coordinates (tau).
    horizon : int
        Samples from the last coordinate of a point to what is forecast (Tp).
    theta : float or (n_theta,) array
        Localisation, at least 0; several are tried in one call.
    library, prediction : (first, last), optional
        Times, as of slices, to learn from and to forecast from, as in `simplex_forecast`.
    theiler : int
        Points of the library at most so many samples before or after a point do not count for it; 0 leaves out the
        point alone.

    Returns
    -------
    Forecast
        With ``coefficients (n_predictions, 1 + dimension)``: the forecast and its derivatives by the coordinates, the
        earliest first.  Shapes have an axis ``n_theta`` where ``theta`` is an array.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Sugihara, Phil. Trans. R. Soc. Lond. A 348, 477 (1994).

    Examples
    --------
    A logistic map is anything but linear.

    >>> import numpy as np
    >>> from fastsci.chaos.forecast import smap_forecast
    >>> x = [0.4]
    >>> for _ in range(299):
    ...     x.append(3.9 * x[-1] * (1 - x[-1]))
    >>> smap_forecast(x, dimension=1, theta=[0.0, 8.0]).rho.round(1)
    array([0.5, 1. ])
    """
    rates = real_array(theta, "theta").astype(np.float64)
    if rates.ndim > 1 or rates.size == 0:
        raise ValueError(f"theta: has shape {rates.shape}, expected a number or (n_theta,); flatten it")
    if not (np.isfinite(rates) & (rates >= 0.0)).all():
        raise ValueError("theta: holds a number that is negative or not finite, expected at least 0; leave it out")
    task = _task(x, dimension, delay, horizon, library, prediction, theiler)
    n_series, n_queries = task.observations.shape
    finite = np.all(np.isfinite(task.queries), axis=1)
    usable = np.isfinite(task.known).all(axis=1) & np.isfinite(task.targets)
    queries = _padded(np.where(finite[:, np.newaxis], task.queries, 0.0))
    points = _padded(np.where(usable[:, np.newaxis], task.known, 0.0))
    targets, width = _padded(np.where(usable, task.targets, 0.0)), queries.shape[-1]
    thetas = np.atleast_1d(rates)
    predictions = np.empty((n_series, thetas.size, width))
    coefficients = np.empty((*predictions.shape, dimension + 1))
    arguments = (
        np.ascontiguousarray(points.transpose(0, 2, 1)),
        targets,
        np.ldexp(1.0, -task.exponent[:, 0]),
        _padded(usable),
        queries.reshape(-1, width),
        np.arange(float(width))[np.newaxis],
        task.offset,
        task.theiler,
        thetas,
    )
    over(
        n_series * width // forecast.WIDTH,
        lambda first, last: forecast.smap(*arguments, first, last, predictions, coefficients),
        points.shape[2] * thetas.size * (dimension + 3) ** 2 * 2e-9,
    )
    blind = ~finite[:, np.newaxis, :]
    predictions = np.where(blind, np.nan, predictions[..., :n_queries])
    coefficients = np.where(blind[..., np.newaxis], np.nan, coefficients[..., :n_queries, :])
    return _judged(task, predictions, scalar=rates.ndim == 0, coefficients=coefficients)


def _padded(values: np.ndarray) -> np.ndarray:
    """Zeros behind, up to a full group: that many points are computed side by side."""
    rest = -values.shape[-1] % forecast.WIDTH
    return np.pad(values, [*[(0, 0)] * (values.ndim - 1), (0, rest)])


def _task(
    x: ArrayLike, dimension: int, delay: int, horizon: int, library: Any, prediction: Any, theiler: int
) -> _Task:  # fmt: skip
    size, lag, ahead = whole("dimension", dimension, 1), whole("delay", delay, 1), whole("horizon", horizon, 1)
    window, span = whole("theiler", theiler, 0), (size - 1) * lag
    values, alone = series(x, shortest=span + ahead + 1)
    n_times = values.shape[1]
    start, end = _range("library", library, n_times, span + ahead + 1)
    begin, stop = _range("prediction", prediction, n_times, span + 1)
    exponent = binary_exponent(values, axis=1)
    scaled = np.full((len(values), n_times + ahead), np.nan)
    scaled[:, :n_times] = np.ldexp(values, -exponent)

    def points(first: int, count: int) -> np.ndarray:
        return np.stack(
            [scaled[:, first + axis * lag : first + axis * lag + count] for axis in range(size)], axis=1
        )  # fmt: skip

    n_library, n_queries = end - start - span - ahead, stop - begin - span
    after = start + span + ahead
    times = np.arange(n_queries) + begin + span + ahead
    return _Task(
        points(start, n_library),
        np.ascontiguousarray(scaled[:, after : after + n_library]),
        points(begin, n_queries),
        np.ascontiguousarray(scaled[:, times]),
        times,
        begin - start,
        window,
        exponent,
        alone,
    )


def _range(name: str, given: Any, n_times: int, shortest: int) -> tuple[int, int]:
    """Two ends within the series, far enough apart."""
    if given is None:
        return 0, n_times
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise TypeError(f"{name}: is {given!r}, expected (first, last) as of a slice; give (0, n_times)")
    first, last = whole(name, given[0], 0, n_times), whole(name, given[1], 0, n_times)
    if last - first < shortest:
        raise ValueError(
            f"{name}: is ({first}, {last}), {max(0, last - first)} times, expected at least {shortest} for this"
            " dimension, delay and horizon; widen it"
        )
    return first, last


def _judged(task: _Task, predictions: np.ndarray, *, scalar: bool, coefficients: np.ndarray | None = None) -> Forecast:
    """The forecasts ``(n_series, n_theta, n_queries)`` with their skill, without the axes that were not asked for."""
    n_series, n_thetas, n_queries = predictions.shape
    skill = np.empty((n_series * n_thetas, 3))
    rows = np.ascontiguousarray(predictions.reshape(-1, n_queries))
    over(
        len(rows),
        lambda first, last: scores.skill(rows, task.observations, n_thetas, first, last, skill),
        n_queries * 1e-8,
    )
    rho, mae, rmse = np.moveaxis(skill.reshape(n_series, n_thetas, 3), -1, 0)
    exponent = task.exponent

    def give(values: np.ndarray, back: bool = True) -> Any:
        scales = exponent.reshape(-1, *[1] * (values.ndim - 1))
        given = np.ldexp(values, scales) if back else values
        if scalar:
            given = given[:, 0]
        if task.alone:
            given = given[0]
        return given if given.ndim else float(given)

    if coefficients is not None:
        # Derivatives have no unit; the forecast has that of the series.
        coefficients[..., 0] = np.ldexp(coefficients[..., 0], exponent[..., np.newaxis])
    observations = np.ldexp(task.observations, exponent)
    return Forecast(
        task.times,
        give(predictions),
        observations[0] if task.alone else observations,
        give(rho, back=False),
        give(mae),
        give(rmse),
        None if coefficients is None else give(coefficients, back=False),
    )
