"""Finite differences of any order of accuracy, for any derivative and any times."""

from __future__ import annotations

from typing import Self

from fastsci_kernels.regress import stencils

from ._base import Differentiator
from ._options import whole
from ._samples import Array, Times
from ._stencil import Indices, Window, apply, apply_periodic


class FiniteDifference(Differentiator):
    """Derivative of the polynomial through neighbouring samples.

    Stencils are centred where they can be and one-sided at the ends, with the same order of accuracy.  Weights are
    Fornberg's: once for even times, for every sample of uneven ones.

    Parameters
    ----------
    order : int
        Order of accuracy: the error falls with this power of the step, at the least.  An odd order of an odd
        derivative leans to earlier samples.
    d : int
        Which derivative.
    is_uniform : bool, optional
        True takes times to be even though they are not, with their mean step; False gives each sample weights of its
        own though they are.  By default even times are recognised, up to rounding.
    drop_endpoints : bool
        NaN where no centred stencil fits, in the place of one-sided differences.
    periodic : bool
        Whether the samples go on with the first one after the last.
    period : float, optional
        Length of the period; that of even times is known.

    Notes
    -----
    Of an even derivative, a centred stencil gains an order from even times.  For uneven ones it takes two samples
    more in its place, so that the order holds.

    Differences amplify noise: a derivative of samples with an independent error of standard deviation s has one of
    about ``s / step**d``.

    References
    ----------
    Fornberg, Generation of finite difference formulas on arbitrarily spaced grids, Math. Comp. 51, 699 (1988).

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.sparse.differentiation import FiniteDifference
    >>> t = np.array([0.0, 0.1, 0.3, 0.4, 0.8])
    >>> FiniteDifference(order=2).differentiate(t**2, t)
    array([0. , 0.2, 0.6, 0.8, 1.6])
    >>> FiniteDifference(order=4, d=2, periodic=True)(np.cos(np.linspace(0, 6, 7)), 1.0).shape
    (7,)
    """

    def __init__(
        self,
        order: int = 2,
        d: int = 1,
        *,
        is_uniform: bool | None = None,
        drop_endpoints: bool = False,
        periodic: bool = False,
        period: float | None = None,
    ) -> None:
        self.order = order
        self.d = d
        self.is_uniform = is_uniform
        self.drop_endpoints = drop_endpoints
        self.periodic = periodic
        self.period = period

    def _derivative(self, x: Array, times: Times, d: int) -> Array:
        order = whole("order", self.order, 1)
        times = times.evened(self.is_uniform)
        window = _window(order, d, even=times.step is not None)

        def weights(nodes: Array, starts: Indices, at: Array, size: int) -> Array:
            return stencils.difference_table(nodes, starts, at, size, d)

        what = f"order={order} and d={d}"
        if self.periodic:
            return apply_periodic(x, times, window, weights, d, what, self.period)
        return apply(x, times, window, weights, d, what, one_sided=not self.drop_endpoints)

    def _finer(self, count: int) -> Self | None:
        order = whole("order", self.order, 1) + 2
        if count <= order + self.d:
            return None
        return self._with(order=order)


def _window(order: int, d: int, *, even: bool) -> Window:
    """A polynomial through ``order + d`` samples has the order anywhere; one more where its centre is a sample."""
    points = order + d
    size = points
    if d % 2 == 0 and order % 2 == 0:
        size = points - 1 if even else points + 1
    return Window(size, size // 2, points)
