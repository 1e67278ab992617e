"""Gradient flow of deep linear networks themselves, to be held against the closed form."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.linear.deep_flow import train
from fastsci_kernels.loops.batch import over
from fastsci_kernels.methods.catalogue import TABLEAUS

from ._checks import Array, design, generators, number, reals, row, whole, wholes
from .deep_curves import learning_curve

METHOD = TABLEAUS["Tsit5"]
STARTS = ("aligned", "gaussian")
SECONDS = 1e-9  # of a multiplication and addition
USUAL_STEPS = 300
FIRST_STEP = 0.01  # of the time in which the strongest mode is learned
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, repr=False)
class DeepLinearTraining:
    """Trained networks of `train_deep_linear`.

    Attributes
    ----------
    times : ndarray, shape (n_times,)
    maps : ndarray, shape (n_draws, n_times, n_out, n_in)
        Product of all layers; NaN from where a network took more than ``most_steps``.
    strengths : ndarray, shape (n_draws, n_times, n_modes)
        Of the map along each singular vector pair of the correlation, from the largest singular value on.
    losses : ndarray, shape (n_draws, n_times)
        Half the mean squared error beyond that of linear regression.
    closed_form : ndarray, shape (n_modes, n_times), or None
        `learning_curve` of every mode; for an aligned start and inputs whose covariance has the modes as eigenvectors.
    weights : list of ndarray, each of shape (n_draws, n_rows, n_columns)
        Layers at the last time, from the input on.
    singular_values : ndarray, shape (n_modes,)
        Of the correlation.
    steps : ndarray of int, shape (n_draws,)
        Attempted steps.
    """

    times: Array
    maps: Array
    strengths: Array
    losses: Array
    closed_form: Array | None
    weights: list[Array]
    singular_values: Array
    steps: NDArray[np.int64]

    def __repr__(self) -> str:
        shape = "-".join(str(size) for size in (self.maps.shape[3], *(part.shape[1] for part in self.weights)))
        return f"DeepLinearTraining({len(self.maps)} networks {shape}, {len(self.times)} times)"


def train_deep_linear(
    correlation: Any,
    times: Any,
    *,
    input_covariance: Any = None,
    depth: int = 2,
    hidden: Any = None,
    initial: str = "aligned",
    initial_strength: float = 1e-3,
    n_draws: int = 1,
    time_constant: float = 1.0,
    rtol: float = 1e-7,
    atol: float = 1e-10,
    most_steps: int = 100_000,
    rng: Any = None,
) -> DeepLinearTraining:
    r"""Train deep linear networks by gradient flow on half their mean squared error, many starts at once.

    .. math:: \tau \dot W_l = (W_L \cdots W_{l+1})' (\Sigma_{yx} - W_L \cdots W_1 \Sigma_{xx}) (W_{l-1} \cdots W_1)'

    Parameters
    ----------
    correlation : array_like, shape (n_out, n_in)
        ``Sigma_yx``, mean products of outputs and inputs.
    times : array_like, shape (n_times,)
        At least 0 and rising; the start is at 0.
    input_covariance : array_like, shape (n_in, n_in), optional
        ``Sigma_xx``, symmetric and without negative eigenvalues; the identity unless given.
    depth : int, default 2
        Layers of weights, ``L``.
    hidden : int or array_like of int, shape (depth - 1,), optional
        Units of the layers between; as many as the larger of inputs and outputs unless given.
    initial : {"aligned", "gaussian"}, default "aligned"
        ``"aligned"`` starts every mode at ``initial_strength``, in balanced layers whose hidden bases are drawn at
        random: the start of the closed form.  ``"gaussian"`` draws all weights, with a standard deviation of
        ``initial_strength^(1/L)`` over the root of the units below; modes then compete at first.
    initial_strength : float, default 1e-3
    n_draws : int, default 1
    time_constant : float, default 1.0
        ``tau``, 1 over the learning rate.
    rtol, atol : float, default 1e-7 and 1e-10
        Tolerances of a step's error in each weight.
    most_steps : int, default 100,000
        Attempted steps of one network.
    rng : int, numpy.random.Generator, numpy.random.SeedSequence or None
        Of the starts.  Networks do not depend on the number of threads, nor on how many follow.

    Returns
    -------
    DeepLinearTraining

    Raises
    ------
    ValueError, TypeError
        Shapes that do not fit, times that fall, hidden layers too narrow for an aligned start, or other arguments out
        of range.

    Notes
    -----
    Steps are Tsitouras' fifth-order ones with an error control for each network.

    References
    ----------
    Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural networks,
    ICLR 2014, arXiv:1312.6120.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.linear import train_deep_linear
    >>> rng = np.random.default_rng(0)
    >>> correlation = rng.normal(size=(5, 7))
    >>> run = train_deep_linear(correlation, np.linspace(0, 10, 21), n_draws=3, rng=0)
    >>> run.strengths.shape, bool(abs(run.strengths - run.closed_form.T).max() < 1e-4)
    ((3, 21, 5), True)
    """
    target = design(correlation, "correlation")
    moments = row("times", times, 0.0)
    if (np.diff(moments) < 0).any():
        raise ValueError("times: fall somewhere, expected rising ones; sort them")
    covariance = _covariance(input_covariance, target.shape[1])
    widths = _widths(target, whole("depth", depth), hidden)
    strength = number("initial_strength", initial_strength, positive=True)
    unit = number("time_constant", time_constant, positive=True)
    tolerances = number("rtol", rtol, positive=True), number("atol", atol, positive=True)
    count, most = whole("n_draws", n_draws), whole("most_steps", most_steps)
    left, values, right = np.linalg.svd(target, full_matrices=False)
    if initial == "aligned":
        layers = _aligned(widths, left, right.T, strength, count, rng)
    elif initial == "gaussian":
        layers = _gaussian(widths, strength, count, rng)
    else:
        raise ValueError(f"initial: is {initial!r}, expected one of {', '.join(map(repr, STARTS))}")
    weights = np.concatenate([layer.reshape(count, -1) for layer in layers], axis=1)
    maps, steps = np.empty((count, len(moments), *target.shape)), np.empty(count, np.int64)
    stages = METHOD.stages
    a = np.array([[float(x) for x in (*line, *[0.0] * (stages - len(line)))] for line in METHOD.a])
    assert METHOD.pair is not None
    b, error = np.array(METHOD.b, np.float64), np.array(METHOD.pair.error[0], np.float64)
    beginning = FIRST_STEP * unit / (len(layers) * max(float(values[0]), float(np.trace(covariance)), TINY))
    seconds = SECONDS * USUAL_STEPS * stages * 3.0 * weights.shape[1] * target.shape[1]

    def work(first: int, last: int) -> None:
        train(
            weights, moments, widths, target, covariance, 1.0 / unit, a, b, error, *tolerances, beginning, most, maps,
            steps, first, last,
        )  # fmt: skip

    over(count, work, seconds)
    ends = np.cumsum(widths[1:] * widths[:-1])
    parts = np.split(weights, ends[:-1], axis=1)
    trained = [part.reshape(count, *layer.shape[1:]) for part, layer in zip(parts, layers, strict=True)]
    strengths = np.einsum("om,dtoi,mi->dtm", left, maps, right, optimize=True)
    variances = np.einsum("mi,ij,mj->m", right, covariance, right)
    shared = np.allclose(
        right @ covariance, variances[:, None] * right, rtol=0.0, atol=1e-10 * np.abs(covariance).max()
    )
    closed = None
    if initial == "aligned" and shared and (variances > 0.0).all():
        closed = np.stack(
            [
                learning_curve(moments, s, strength, depth=len(layers), input_variance=v, time_constant=unit)
                for s, v in zip(values.tolist(), variances.tolist(), strict=True)
            ]
        )
    return DeepLinearTraining(
        moments, maps, strengths, _losses(maps, target, covariance), closed, trained, values, steps
    )


def _covariance(given: Any, n_inputs: int) -> Array:
    if given is None:
        return np.eye(n_inputs)
    matrix = reals("input_covariance", given)
    if matrix.shape != (n_inputs, n_inputs):
        raise ValueError(
            f"input_covariance: has shape {matrix.shape}, expected ({n_inputs}, {n_inputs}), the inputs of correlation"
        )
    scale = float(np.abs(matrix).max())
    if not np.allclose(matrix, matrix.T, rtol=0.0, atol=1e-12 * scale):
        raise ValueError("input_covariance: is not symmetric; take (A + A.T) / 2")
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least < -1e-12 * scale:
        raise ValueError(f"input_covariance: has an eigenvalue {least:g}, expected none below 0; give X.T @ X / n")
    return np.ascontiguousarray(matrix)


def _widths(correlation: Array, depth: int, hidden: Any) -> NDArray[np.int64]:
    outputs, inputs = correlation.shape
    if hidden is None:
        between = np.full(depth - 1, max(outputs, inputs), np.int64)
    elif depth == 1 and np.size(hidden) == 0:
        between = np.empty(0, np.int64)
    else:
        between = wholes("hidden", hidden)
        if np.ndim(hidden) == 0:
            between = np.full(depth - 1, between[0], np.int64)
    if len(between) != depth - 1:
        raise ValueError(f"hidden: has {len(between)} entries, expected depth - 1 = {depth - 1}, one a hidden layer")
    return np.concatenate([[inputs], between, [outputs]]).astype(np.int64)


def _aligned(
    widths: NDArray[np.int64], left: Array, right: Array, strength: float, n_draws: int, rng: Any
) -> list[Array]:
    """Balanced layers (n_draws, rows, columns) whose product has every mode at one strength."""
    modes = left.shape[1]
    narrow = int(widths.min())
    if narrow < modes:
        raise ValueError(
            f"hidden: holds {narrow}, expected at least {modes} units, one for each mode of an aligned start; widen it"
            " or take initial='gaussian'"
        )
    factor = strength ** (1.0 / (len(widths) - 1))
    bases = [np.broadcast_to(right, (n_draws, *right.shape))]
    draws = generators(rng, n_draws)
    for width in widths[1:-1]:
        drawn = np.stack([own.standard_normal((width, modes)) for own in draws])
        bases.append(np.linalg.qr(drawn)[0])
    bases.append(np.broadcast_to(left, (n_draws, *left.shape)))
    return [factor * after @ before.swapaxes(1, 2) for before, after in pairwise(bases)]


def _gaussian(widths: NDArray[np.int64], strength: float, n_draws: int, rng: Any) -> list[Array]:
    factor = strength ** (1.0 / (len(widths) - 1))
    draws = generators(rng, n_draws)
    return [
        np.stack([factor / np.sqrt(before) * own.standard_normal((after, before)) for own in draws])
        for before, after in pairwise(widths.tolist())
    ]


def _losses(maps: Array, correlation: Array, covariance: Array) -> Array:
    """Half of ``tr (W - W*) Sigma_xx (W - W*)'``."""
    best = correlation @ np.linalg.pinv(covariance, hermitian=True)
    error = maps - best
    return 0.5 * np.einsum("dtoi,ij,dtoj->dt", error, covariance, error, optimize=True)
