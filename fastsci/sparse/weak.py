"""The weak form: equations multiplied by test functions and integrated, so that no data is ever differentiated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._estimator import Estimator
from .._samples import refuse_non_finite, samples
from . import _test_functions as test
from ._convolution import projected
from ._grids import Grid, steps_of
from ._problem import Array, NormalEquations
from ._weak_covariance import WeakTrajectory
from .libraries import Library

OVERLAP = 4  # test functions begin within half the width of one
SHARE = 7  # parts of an axis: no test function that is chosen reaches farther to a side than one of them
ENOUGH = 10  # samples to a side with which integrals of derivatives are accurate: on short axes that goes first
MOST_FUNCTIONS = 20_000  # of one field
WEIGHTINGS = ("covariance", "none")


class WeakForm(Estimator):
    """Linear equations between integrals of data against test functions (Messenger & Bortz 2021).

    Test functions are ``(1 - s^2)^p`` on a number of samples on both sides of a centre, products of one such function
    for each axis of a field.  Integration by parts moves every derivative onto them: ``-<phi', u> = <phi, f(u)>``.
    Noise that is independent from sample to sample averages out.

    Parameters
    ----------
    half_width : int or sequence of int, optional
        Samples on each side of a test function's centre, for all axes or for each (space first, time last).  Chosen
        unless given: the narrowest whose spectrum ends where the data's spectrum passes into noise, but not more than
        a seventh of an axis (a third of one of few samples), since wider ones leave few places for others.
    test_function_order : int or sequence of int, optional
        The power ``p``.  Chosen unless given: the least with which the function falls to ``tolerance`` one sample
        before its end, and is smooth enough for the derivatives that it takes over.
    stride : int or sequence of int, optional
        Samples between neighbouring centres; a quarter of the half-width unless given, and more where a field has so
        many samples that this makes more than 20,000 functions.
    tolerance : float, default 1e-12
    deviations : float, default 2.0
        How many standard deviations of the test function's spectrum, nearly a Gaussian, reach to the corner of the
        data's: more make wider functions, which smooth more.

    Attributes
    ----------
    axes_ : list of list
        For each trajectory or field its axes of test functions, with ``half_width``, ``power``, ``stride``, ``count``.

    References
    ----------
    Messenger & Bortz, Weak SINDy for partial differential equations, J. Comput. Phys. 443 (2021) 110525;
    Weak SINDy: Galerkin-based data-driven model selection, Multiscale Model. Simul. 19 (2021) 1474.  Its covariance:
    Bortz, Messenger & Dukic, Direct estimation of parameters in ODE models using the weak-form estimation of nonlinear
    dynamics, Bull. Math. Biol. 85 (2023) 110.

    Examples
    --------
    A decay, with an error that would ruin finite differences:

    >>> import numpy as np
    >>> from fastsci.sparse.libraries import PolynomialLibrary
    >>> t = np.linspace(0.0, 4.0, 2001)
    >>> x = np.exp(-t)[:, None] + np.random.default_rng(0).normal(scale=1e-2, size=(2001, 1))
    >>> G, b = WeakForm().equations(PolynomialLibrary(degree=1), [x], [t])
    >>> np.linalg.lstsq(G, b)[0].ravel().round(1) + 0.0
    array([ 0., -1.])
    """

    def __init__(
        self,
        half_width: int | Sequence[int] | None = None,
        test_function_order: int | Sequence[int] | None = None,
        stride: int | Sequence[int] | None = None,
        *,
        tolerance: float = 1e-12,
        deviations: float = 2.0,
        weighting: str = "covariance",
    ) -> None:
        self.half_width = half_width
        self.test_function_order = test_function_order
        self.stride = stride
        self.tolerance = tolerance
        self.deviations = deviations
        self.weighting = weighting

    def equations(
        self,
        library: Library,
        trajectories: Sequence[Any],
        times: Sequence[Any],
        controls: Sequence[Any] | None = None,
    ) -> tuple[Array, Array]:
        """Equations ``G c = b`` for the coefficients of ``x' = sum of c_j g_j(x, u)``.

        Parameters
        ----------
        library : Library
            The functions ``g_j`` of states and controls, p of them.
        trajectories : sequence of array_like, each of shape (n, d)
        times : sequence of float or array_like, shape (n,)
            For each trajectory the step or the times.  Uneven times are integrated by the trapezoidal rule, whose error
            of second order in the step limits what noise-free data gives.
        controls : sequence of array_like, each of shape (n, c), optional

        Returns
        -------
        G : ndarray, shape (K, p)
        b : ndarray, shape (K, d)
            A row for each test function of each trajectory.

        Raises
        ------
        ValueError
            Where a trajectory has fewer samples than a test function, or holds anything but finite numbers.
        """
        chosen = self._trajectories(trajectories, times, controls)
        found = [_rows(library, one) for one in chosen]
        return np.concatenate([left for left, _ in found]), np.concatenate([right for _, right in found])

    def refined(
        self,
        library: Library,
        trajectories: Sequence[Any],
        times: Sequence[Any],
        controls: Sequence[Any] | None,
        coef: Array,
        solve: Callable[[NormalEquations], Array],
    ) -> Array:
        """Coefficients with the weights that ``weighting`` says.

        Parameters
        ----------
        library, trajectories, times, controls
            As for `equations`.
        coef : ndarray, shape (d, p)
            Those that the equations have without weights.
        solve : callable
            Coefficients ``(d, p)`` of `NormalEquations` of d targets, of which all but one are zero.

        Returns
        -------
        ndarray, shape (d, p)
        """
        if self._weighting() == "none":
            return coef
        from ._weak_covariance import FEWEST, LinearisedRows
        from ._weak_reweighted import reweighted

        chosen = self._trajectories(trajectories, times, controls)
        if min(len(one.states) for one in chosen) < FEWEST:
            return coef
        return reweighted([LinearisedRows(one, library) for one in chosen], coef, solve)

    def _weighting(self) -> str:
        if self.weighting not in WEIGHTINGS:
            raise ValueError(f"weighting: is {self.weighting!r}, expected one of {', '.join(map(repr, WEIGHTINGS))}")
        return self.weighting

    def _trajectories(
        self, trajectories: Sequence[Any], times: Sequence[Any], controls: Sequence[Any] | None
    ) -> list[WeakTrajectory]:
        """Check the samples, and choose the test functions of each trajectory."""
        self._weighting()
        every = [samples(one, f"X[{index}]") for index, one in enumerate(trajectories)]
        if not every:
            raise ValueError("trajectories: has 0 entries, expected at least 1")
        for name, part in (("times", times), ("controls", every if controls is None else controls)):
            if len(part) != len(every):
                raise ValueError(f"{name}: has {len(part)} entries, expected {len(every)}, one for each trajectory")
        for index, one in enumerate(every):
            refuse_non_finite(one, f"X[{index}]")
        extra = [None] * len(every) if controls is None else [_control(*pair) for pair in enumerate(controls)]
        for index, (one, inputs) in enumerate(zip(every, extra, strict=True)):
            if inputs is not None and len(inputs) != len(one):
                raise ValueError(f"controls[{index}]: has {len(inputs)} rows, expected {len(one)}, one for each sample")
        clocks = [steps_of(t, len(one), f"t[{index}]") for index, (one, t) in enumerate(zip(every, times, strict=True))]
        means = [clock if isinstance(clock, float) else float(np.mean(np.diff(clock))) for clock in clocks]
        corners = [test.corner(np.asarray(one, np.float64), 0, step) for one, step in zip(every, means, strict=True)]
        frequency = float(np.average(corners, weights=[len(one) for one in every]))
        self.axes_ = []
        found: list[WeakTrajectory] = []
        for index, (states, inputs, clock, step) in enumerate(zip(every, extra, clocks, means, strict=True)):
            even = self._axis(f"X[{index}]", len(states), step, frequency, 1, 0, 1)
            axis: test.Axis = _uneven(even, clock) if isinstance(clock, np.ndarray) else even
            self.axes_.append([axis])
            found.append(WeakTrajectory(states, inputs, clock, axis))
        return found

    def grid_axes(self, grids: Sequence[Grid], fields: Sequence[np.ndarray], derivatives: Sequence[int]) -> None:
        """Choose the test functions of fields: ``derivatives`` are the highest along each axis, time's last."""
        self.axes_ = []
        n_axes = len(derivatives)
        frequencies = [
            float(
                np.mean(
                    [test.corner(field, axis, grid.spacings[axis]) for field, grid in zip(fields, grids, strict=True)]
                )
            )
            for axis in range(n_axes)
        ]
        for index, grid in enumerate(grids):
            name = "u" if len(grids) == 1 else f"u[{index}]"
            axes = [
                self._axis(f"{name}, axis {axis}", grid.lengths[axis], grid.spacings[axis], frequencies[axis],
                           derivatives[axis], axis, n_axes, grid.periodic[axis])
                for axis in range(n_axes)
            ]  # fmt: skip
            self.axes_.append(axes if self.stride is not None else _thinned(axes))

    def _axis(
        self,
        name: str,
        length: int,
        spacing: float,
        frequency: float,
        derivative: int,
        place: int,
        n_axes: int,
        periodic: bool = False,
    ) -> test.EvenAxis:
        most = max(test.FEWEST, min((length - 1) // (2 if periodic else 3), max(length // SHARE, ENOUGH)))
        width = self._option("half_width", place, n_axes, test.FEWEST)
        needed = 2 * (test.FEWEST if width is None else width) + 1
        if length < needed:
            raise ValueError(
                f"{name}: has {length} samples, expected at least {needed}, the width of a test function; give more"
                " samples" + ("" if width is None else " or lower half_width")
            )
        tolerance, deviations = self._positive("tolerance"), self._positive("deviations")
        if not tolerance < 1:
            raise ValueError(f"tolerance: is {tolerance!r}, expected a number below 1")
        if width is None:
            width = test.half_width(frequency, spacing, most, tolerance, deviations, derivative)
        power = self._option("test_function_order", place, n_axes, derivative + 1)
        if power is None:
            power = int(test.powers(np.array([float(width)]), tolerance, derivative)[0])
        stride = self._option("stride", place, n_axes, 1)
        if stride is None:
            stride = max(1, width // OVERLAP)
        return test.EvenAxis(name, length, spacing, width, power, stride, periodic)

    def _option(self, name: str, place: int, n_axes: int, least: int) -> int | None:
        value: Any = getattr(self, name)
        if value is None:
            return None
        shape = np.shape(value)
        if shape not in ((), (n_axes,)):
            raise ValueError(f"{name}: is {value!r}, expected an integer or {n_axes}, one for each axis")
        chosen = value if shape == () else value[place]
        if not isinstance(chosen, int | np.integer) or isinstance(chosen, bool) or chosen < least:
            raise ValueError(f"{name}: is {chosen!r}, expected an integer of at least {least}")
        return int(chosen)

    def _positive(self, name: str) -> float:
        value: Any = getattr(self, name)
        if not (isinstance(value, int | float | np.floating) and 0 < value < np.inf):
            raise ValueError(f"{name}: is {value!r}, expected a positive number")
        return float(value)


def _control(index: int, value: Any) -> np.ndarray:
    inputs = samples(value, f"controls[{index}]")
    refuse_non_finite(inputs, f"controls[{index}]")
    return inputs


def refuse_overflow(columns: Array, names: Sequence[str]) -> None:
    """Name the first term whose column holds something other than finite numbers."""
    good = np.isfinite(columns).all(axis=0)
    if not good.all():
        raise ValueError(
            f"library: its term {names[int(np.argmin(good))]} is not finite on this data; leave it out, or scale the"
            " data"
        )


def _rows(library: Library, one: WeakTrajectory) -> tuple[Array, Array]:
    """Both sides of the equations of one trajectory, (K, p) and (K, d)."""
    both = one.joined(one.states)
    n_inputs = both.shape[1]
    left = projected(both, library.transform, len(library.terms(n_inputs)), [one.axis], [(0,)])[:, 0]
    refuse_overflow(left, library.feature_names([f"x{i}" for i in range(n_inputs)]))
    return left, projected(one.states, _identity, one.states.shape[1], [one.axis], [(1,)])[:, 0]


def _identity(values: np.ndarray) -> Array:
    return values


def _uneven(axis: test.EvenAxis, times: Array) -> test.UnevenAxis:
    radius = axis.half_width * axis.spacing
    centres = times[0] + radius + axis.stride * axis.spacing * np.arange(axis.count)
    return test.UnevenAxis(times, radius, axis.power, centres)


def _thinned(axes: list[test.EvenAxis]) -> list[test.EvenAxis]:
    """Strides lengthened together until there are not too many test functions."""
    from dataclasses import replace

    while int(np.prod([axis.count for axis in axes])) > MOST_FUNCTIONS and any(
        axis.stride < axis.half_width for axis in axes
    ):
        axes = [replace(axis, stride=min(axis.stride + max(1, axis.stride // 4), axis.half_width)) for axis in axes]
    return axes
