"""When a deep linear network learns what: the strength of each mode over time, in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._checks import Array, number, reals, whole

BISECTIONS = 110  # of an interval that holds the doubles between 1e-300 of a strength and all of it
LARGEST_EXPONENT = 700.0
FAR = 2.0  # beyond which logarithms of the clock cancel, and a series of powers converges
POWERS = 30


def learning_curve(
    times: Any,
    strength: Any,
    initial: Any,
    *,
    depth: int = 2,
    input_variance: float = 1.0,
    time_constant: float = 1.0,
) -> Array:
    r"""Strength of a mode of a deep linear network over the time of its training, from a balanced, aligned start.

    In gradient flow every singular vector pair of the input-output correlation is learned by itself, and the product
    ``u`` of the layers' weights along it obeys

    .. math:: \tau \dot u = L u^{2 - 2/L} (s - \lambda u)

    For ``L = 2`` the solution is the logistic ``u = s e^{2st/tau} / (lambda (e^{2st/tau} - 1) + s/u_0)``; for one layer
    an exponential; for more, the time is a sum of logarithms and a power of ``u``, which is inverted here to rounding.

    Parameters
    ----------
    times : array_like, shape (n_times,)
        At least 0, in units of ``time_constant``'s.
    strength : float or array_like, shape (n_modes,)
        ``s``, singular values of the correlation of outputs with inputs, at least 0.
    initial : float or array_like, shape (n_modes,)
        ``u`` at time 0, at least 0; a deep network that starts at 0 stays there.
    depth : int, default 2
        ``L``, layers of weights; 1 is linear regression.
    input_variance : float, default 1.0
        ``lambda``, of the inputs along the mode; ``s / lambda`` is what is learned in the end.
    time_constant : float, default 1.0
        ``tau``, 1 over the learning rate.

    Returns
    -------
    ndarray, shape (n_times,) or (n_modes, n_times)
        Several modes where ``strength`` or ``initial`` holds several.

    Raises
    ------
    ValueError, TypeError
        Arguments below 0, not finite, or of shapes that do not fit.

    References
    ----------
    Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural networks,
    ICLR 2014, arXiv:1312.6120.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.linear import learning_curve
    >>> learning_curve([0, 1, 2, 4], 3.0, 0.01).round(3).tolist()
    [0.01, 1.723, 2.994, 3.0]
    >>> learning_curve([0, 20, 40], [3.0, 1.5], 0.01, depth=3).round(2).tolist()
    [[0.01, 3.0, 3.0], [0.01, 1.5, 1.5]]
    """
    moments = reals("times", times, 0.0)
    if moments.ndim != 1:
        raise ValueError(f"times: has shape {moments.shape}, expected (n_times,); flatten it")
    mode = _Modes(strength, initial, depth, input_variance, time_constant)
    found = np.stack([mode.curve(moments, *pair) for pair in mode.pairs()])
    return found if mode.several else found[0]


def learning_time(
    target: Any,
    strength: Any,
    initial: Any,
    *,
    depth: int = 2,
    input_variance: float = 1.0,
    time_constant: float = 1.0,
) -> Array:
    """Time at which a mode of a deep linear network reaches a strength: the inverse of `learning_curve`.

    Parameters
    ----------
    target : array_like, shape (n_targets,)
        Strengths ``u``, above 0.
    strength, initial, depth, input_variance, time_constant
        As in `learning_curve`.

    Returns
    -------
    ndarray, shape (n_targets,) or (n_modes, n_targets)
        Infinite for what is only approached, NaN for what never lay ahead.

    Raises
    ------
    ValueError, TypeError
        Arguments below 0, not finite, or of shapes that do not fit.

    References
    ----------
    Saxe, McClelland and Ganguli, ICLR 2014, arXiv:1312.6120.

    Examples
    --------
    >>> from fastsci.linear import learning_time
    >>> learning_time([0.5, 0.9], 1.0, 0.01).round(4).tolist()
    [2.2976, 3.3962]
    """
    wanted = reals("target", target, 0.0, strict=True)
    if wanted.ndim != 1:
        raise ValueError(f"target: has shape {wanted.shape}, expected (n_targets,); flatten it")
    mode = _Modes(strength, initial, depth, input_variance, time_constant)
    found = np.stack([mode.times(wanted, *pair) for pair in mode.pairs()])
    return found if mode.several else found[0]


class _Modes:
    """Modes by their strength and start; ``x = (lambda u / s)^(1/L)`` obeys ``dx/dt = speed x^(L-1) (1 - x^L)``."""

    def __init__(self, strength: Any, initial: Any, depth: Any, input_variance: Any, time_constant: Any) -> None:
        self.depth = whole("depth", depth)
        self.variance = number("input_variance", input_variance, positive=True)
        self.unit = number("time_constant", time_constant, positive=True)
        self.strengths, self.starts = reals("strength", strength, 0.0), reals("initial", initial, 0.0)
        for name, value in (("strength", self.strengths), ("initial", self.starts)):
            if value.ndim > 1 or value.size == 0:
                raise ValueError(f"{name}: has shape {value.shape}, expected a number or (n_modes,); flatten it")
        sizes = {value.size for value in (self.strengths, self.starts) if value.ndim}
        if len(sizes) > 1 and 1 not in sizes:
            raise ValueError(
                f"initial: has shape {self.starts.shape}, expected a number or {self.strengths.shape}, as strength has"
            )
        self.several = bool(sizes)

    def pairs(self) -> list[tuple[float, float]]:
        strengths, starts = np.broadcast_arrays(np.atleast_1d(self.strengths), np.atleast_1d(self.starts))
        return [(float(s), float(u)) for s, u in zip(strengths, starts, strict=True)]

    def curve(self, times: Array, strength: float, start: float) -> Array:
        depth = self.depth
        if start == 0.0 and depth > 1:
            return np.zeros_like(times)
        if strength == 0.0:
            return self._decay(times, start)
        limit = strength / self.variance
        if depth == 1:
            return limit + (start - limit) * np.exp(-self.variance * times / self.unit)
        if depth == 2:
            exponent = -2.0 * strength * times / self.unit
            left, learnt = np.exp(exponent), -np.expm1(exponent)
            # Over the larger of both: no difference is taken, and nothing is out of range.
            if start < limit:
                return start / (left + start / limit * learnt)
            return limit / (learnt + limit / start * left)
        if start == limit:
            return np.full_like(times, limit)
        first = _logit((start / limit) ** (1.0 / depth))
        wanted = times * self._speed(limit)
        least, most = np.full_like(times, first), np.full_like(times, max(first, 0.0) + 1.0)
        clock = _Clock(depth, start > limit)
        began = clock.at(np.float64(first))
        while (short := clock.at(most) - began < wanted).any():
            most = np.where(short, 2.0 * most, most)
        for _ in range(BISECTIONS):
            middle = 0.5 * (least + most)
            early = clock.at(middle) - began < wanted
            least, most = np.where(early, middle, least), np.where(early, most, middle)
        return np.where(times == 0.0, start, limit * clock.position(0.5 * (least + most)) ** depth)

    def times(self, targets: Array, strength: float, start: float) -> Array:
        limit = strength / self.variance
        ahead = (targets >= start) if start < limit else (targets <= start)
        beyond = (targets > limit) if start < limit else (targets < limit)
        with np.errstate(divide="ignore", invalid="ignore"):
            if start == 0.0 and self.depth > 1:
                found = np.full_like(targets, np.inf)
            elif strength == 0.0:
                found = self._decay_times(targets, start)
            elif self.depth == 1:
                found = np.log((limit - start) / (limit - targets)) * self.unit / self.variance
            else:
                clock, root = _Clock(self.depth, start > limit), 1.0 / self.depth
                began = clock.at(_logit((start / limit) ** root))
                found = (clock.at(_logit((targets / limit) ** root)) - began) / self._speed(limit)
        found = np.where(targets == limit, np.inf, found)
        found = np.where(targets == start, 0.0, found)
        return np.where(ahead & ~beyond, found, np.nan)

    def _speed(self, limit: float) -> float:
        return self.variance * limit ** (2.0 - 2.0 / self.depth) / self.unit

    def _decay(self, times: Array, start: float) -> Array:
        """Without a correlation to learn: ``tau du/dt = -L lambda u^(3 - 2/L)``."""
        rate = self.variance * times / self.unit
        if self.depth == 1 or start == 0.0:
            return start * np.exp(-rate)
        power = 2.0 * self.depth - 2.0
        return start * (1.0 + power * rate * start ** (power / self.depth)) ** (-self.depth / power)

    def _decay_times(self, targets: Array, start: float) -> Array:
        unit = self.unit / self.variance
        if self.depth == 1:
            return np.log(start / targets) * unit
        power = 2.0 - 2.0 / self.depth
        return (targets**-power - start**-power) / (2.0 * self.depth - 2.0) * unit


def _logit(x: Any) -> Any:
    """Where ``x`` lies between 0 and 1 or beyond 1: the logarithm of ``x / (1 - x)``, or of ``1 / (x - 1)``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.less(x, 1.0), np.log(x) - np.log1p(-np.minimum(x, 1.0)), -np.log(np.maximum(x, 1.0) - 1.0))


class _Clock:
    """Time that ``dx/dt = x^(L-1) (1 - x^L)`` takes to ``x``, as a function of `_logit`, rising on either side of 1."""

    def __init__(self, depth: int, above: bool) -> None:
        self.depth = depth
        self.above = above
        far = np.float64(FAR)
        self.shift = self._by_powers(far) - self._by_logarithms(far, _logit(far))

    def position(self, logit: Any) -> Any:
        z = np.clip(logit, -LARGEST_EXPONENT, LARGEST_EXPONENT)
        return 1.0 + np.exp(-z) if self.above else 1.0 / (1.0 + np.exp(-z))

    def at(self, logit: Any) -> Any:
        x = self.position(logit)
        if not self.above:
            return self._by_logarithms(x, logit)
        return np.where(x > FAR, self._by_powers(x), self._by_logarithms(x, logit) + self.shift)

    def _by_powers(self, x: Any) -> Any:
        """Time from infinity: the integral of the powers of ``1 / (x^(L-1) (x^L - 1))``."""
        powers = 2.0 * self.depth - 2.0 + self.depth * np.arange(POWERS)
        return np.sum(np.maximum(x, FAR)[..., None] ** -powers / powers, axis=-1)

    def _by_logarithms(self, x: Any, logit: Any) -> Any:
        # The logarithm of |1 - x|, exact where the difference would not be.
        last = np.where(x > 1.0, -logit, -np.logaddexp(0.0, logit))
        if self.depth == 2:
            # The two logarithms of x / (1 - x^2), the power's limit among them.
            return np.log(x) - 0.5 * (last + np.log1p(x))
        roots = np.exp(2j * np.pi * np.arange(1, self.depth) / self.depth)
        logarithms = np.sum(roots**2 * np.log(1.0 - x[..., None] / roots), axis=-1).real
        return -(x ** (2.0 - self.depth)) / (self.depth - 2.0) - (last + logarithms) / self.depth
