"""Sparse identification of nonlinear dynamics: equations from samples of a system's states."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ._derivative_errors import DerivativeErrors, derivative_errors
from ._discovered import DiscoveredModel
from ._problem import Array, NormalEquations
from ._routes import Data, factorised, refined
from ._trajectories import Trajectory, trajectories, without_gaps
from .informed import solve_informed
from .libraries import Library, PolynomialLibrary
from .moments import Moments, finite_rows

LARGEST_CONDITION = 1e7  # of the library: beyond, its Gram matrix has no digit left and it is factorised itself
TOLERATED_LOSS = 1e-11  # relative error of coefficients beyond which one more pass refines them


class IllConditionedWarning(UserWarning):
    """Columns of the library that the samples hardly tell apart."""


class SINDy(DiscoveredModel):
    """Sparse identification of nonlinear dynamics (Brunton, Proctor & Kutz 2016).

    The sums of products of the library's terms are taken in one pass over the samples; the library is not stored unless
    its columns are nearly dependent.

    Parameters
    ----------
    library : Library, optional
        Terms among which each equation is sought; ``PolynomialLibrary(degree=2)`` unless given.
    optimizer : regressor, optional
        ``STLSQ(threshold=0.1, alpha=0.05)`` unless given; any of this package, or any of scikit-learn, which is then
        given the stored library.
    differentiation : object with ``differentiate(x, t)`` and ``smooth(x, t)``, optional
        How derivatives are found where they are not given; ``FiniteDifference(order=2)`` unless given.
    weak : WeakForm, optional
        Fit the weak form, which integrates and never differentiates, in the place of derivatives.
    discrete_time : bool, default False
        Whether samples are iterates of a map, ``x[k + 1] = f(x[k])``.
    prior : GaussianPrior, KnownTerms, AllowedTerms or a list of them, optional
        What is known of the coefficients beforehand.
    drop_nan : bool, default False
        Whether to leave out samples that hold anything but finite numbers, instead of refusing them.

    Attributes
    ----------
    coef_ : ndarray, shape (d, p)
    feature_names_ : list of str
        Names of the p terms.
    terms_ : tuple
        The terms themselves.
    route_ : {"moments", "refined", "qr"}
        How the coefficients were computed: from the sums alone, corrected by one more pass, or from a factorisation.
    condition_ : float
        Estimated condition number of the library, its columns of unit length.
    support_condition_ : float
        The largest of those of the terms that were kept.
    n_features_in_, n_control_features_ : int
    moments_ : Moments or None
        The sums; ``partial_fit`` adds to them.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).uniform(-1.0, 1.0, (1000, 2))
    >>> x_dot = np.stack([x[:, 1], -2.0 * x[:, 0] - 0.5 * x[:, 1]], axis=1)
    >>> SINDy().fit(x, x_dot=x_dot, feature_names=["x", "v"]).coef_.round(3) + 0.0
    array([[ 0. ,  0. ,  1. ,  0. ,  0. ,  0. ],
           [ 0. , -2. , -0.5,  0. ,  0. ,  0. ]])
    """

    _errors: DerivativeErrors | None = None

    def __init__(
        self,
        library: Library | None = None,
        optimizer: Any = None,
        differentiation: Any = None,
        *,
        weak: Any = None,
        discrete_time: bool = False,
        prior: Any = None,
        drop_nan: bool = False,
    ) -> None:
        self.library = library
        self.optimizer = optimizer
        self.differentiation = differentiation
        self.weak = weak
        self.discrete_time = discrete_time
        self.prior = prior
        self.drop_nan = drop_nan

    # --- fitting ---

    def fit(
        self,
        X: Any,
        t: Any = None,
        x_dot: Any = None,
        u: Any = None,
        feature_names: Sequence[str] | None = None,
        sample_weight: Any = None,
    ) -> Self:
        """Fit the equations.

        Parameters
        ----------
        X : array_like, shape (n_samples, d), or a list of such
            Samples of one trajectory or of several, which may differ in length.
        t : float or array_like, shape (n_samples,), or a list of such
            The time between samples, or their times.  Not needed with ``x_dot`` or for a map.
        x_dot : array_like, shape (n_samples, d), or a list of such, optional
            Derivatives, where they are known; for a map the next states.
        u : array_like, shape (n_samples, c), or a list of such, optional
            Controls: inputs of the library beside the states.
        feature_names : sequence of str, optional
            Names of states and controls; x0, x1, ... and u0, ... unless given.
        sample_weight : array_like, shape (n_samples,), or a list of such, optional
            Weights of the samples of each trajectory.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Where shapes do not agree, times do not increase, a sample is not finite (its row is named), or a term
            overflows.
        """
        every = trajectories(X, t, x_dot, u)
        self._name(every[0], feature_names)
        if self.weak is not None:
            for name, value in (("x_dot", x_dot), ("sample_weight", sample_weight)):
                if value is not None:
                    raise ValueError(f"{name}: has no place in a weak form, expected None; leave out weak= to use it")
            return self._fit_weak(every)
        data = self._data(every, sample_weight)
        moments = Moments(self._library)
        for inputs, targets, weight in data:
            moments.add(inputs, targets, weight, drop_nan=self.drop_nan)
        self.moments_ = moments
        self._errors = self._errors_of(every)
        return self._solve(self._told(moments.problem()), data)

    def partial_fit(
        self,
        X: Any,
        t: Any = None,
        x_dot: Any = None,
        u: Any = None,
        feature_names: Sequence[str] | None = None,
        sample_weight: Any = None,
    ) -> Self:
        """Take in more samples and fit all that were seen; arguments as those of ``fit``.

        Earlier samples are gone, so that coefficients come from the sums alone; a warning tells where these have lost
        digits.
        """
        every = trajectories(X, t, x_dot, u)
        moments: Moments | None = getattr(self, "moments_", None)
        if moments is None:
            self._name(every[0], feature_names)
            moments, self._errors = Moments(self._library), None
        for inputs, targets, weight in self._data(every, sample_weight):
            moments.add(inputs, targets, weight, drop_nan=self.drop_nan)
        self.moments_ = moments
        self._errors = self._errors_of(every, self._errors)
        return self._solve(self._told(moments.problem()), None)

    def _name(self, first: Trajectory, feature_names: Sequence[str] | None) -> None:
        self.n_features_in_ = first.states.shape[1]
        self.n_control_features_ = 0 if first.controls is None else first.controls.shape[1]
        n_inputs = self.n_features_in_ + self.n_control_features_
        names = [f"x{i}" for i in range(self.n_features_in_)] + [f"u{i}" for i in range(self.n_control_features_)]
        if feature_names is not None:
            given = _names(feature_names)
            if len(given) not in (self.n_features_in_, n_inputs):
                raise ValueError(
                    f"feature_names: has {len(given)} entries, expected {n_inputs}, one for each state and control"
                )
            names[: len(given)] = given
        self.input_names_ = names
        library: Any = PolynomialLibrary(degree=2) if self.library is None else self.library
        if not isinstance(library, Library):
            raise TypeError(f"library: is {library!r}, expected a library such as PolynomialLibrary(degree=3)")
        self._library = library
        self._check_methods()
        self.terms_ = self._library.terms(n_inputs)
        if not self.terms_:
            raise ValueError(f"library: has no terms of {n_inputs} inputs, expected at least one")
        self.feature_names_ = self._library.feature_names(names)

    def _check_methods(self) -> None:
        """That what was given for each step of the fit can do it."""
        for name, value, needed, example in (
            ("optimizer", self.optimizer, ("_solve", "fit"), "STLSQ(threshold=0.1)"),
            ("differentiation", self.differentiation, ("differentiate",), "FiniteDifference(order=2)"),
            ("weak", self.weak, ("equations",), "WeakForm()"),
        ):
            able = value is None or any(hasattr(value, one) for one in needed)
            if not able or isinstance(value, type):
                raise TypeError(f"{name}: is {value!r}, expected an object such as {example}")

    def _data(self, every: list[Trajectory], sample_weight: Any) -> Data:
        """Inputs and targets of all trajectories."""
        many = len(every) > 1 or isinstance(sample_weight, list)
        weights: list[Any] = sample_weight if many and sample_weight is not None else [sample_weight] * len(every)
        if len(weights) != len(every):
            raise ValueError(
                f"sample_weight: has {len(weights)} entries, expected {len(every)}, one for each trajectory"
            )
        data: Data = []
        for index, (one, weight) in enumerate(zip(every, weights, strict=True)):
            place = f"[{index}]" if many else ""
            if one.derivatives is not None:
                data.append((one.inputs, one.derivatives, weight))
                continue
            if weight is not None and self.drop_nan:
                raise ValueError("sample_weight: cannot be given where drop_nan leaves out samples without derivatives")
            for part in without_gaps(one, self.drop_nan, place):
                found = self._iterates(part) if self.discrete_time else self._differentiated(part, place)
                if found is not None:
                    data.append((*found, None if weight is None else weight[: len(found[0])]))
        if not data:
            raise ValueError("X: no stretch of it is long enough for a derivative; give more samples or x_dot")
        return data

    def _iterates(self, one: Trajectory) -> tuple[np.ndarray, np.ndarray] | None:
        return (one.inputs[:-1], one.states[1:]) if len(one.states) > 1 else None

    def _differentiated(self, one: Trajectory, place: str) -> tuple[np.ndarray, np.ndarray] | None:
        if one.times is None:
            raise ValueError(f"t{place}: is missing, expected the time step or the times of the samples, or give x_dot")
        method = self._differentiation
        if self.drop_nan and len(one.states) < 3:
            return None  # a stretch between gaps that is too short for any difference
        states = np.asarray(one.states, np.float64)
        if hasattr(method, "smooth_and_differentiate"):
            smooth, derivatives = method.smooth_and_differentiate(states, one.times)
        else:
            smooth, derivatives = method.smooth(states, one.times), method.differentiate(states, one.times)
        return (smooth if one.controls is None else np.hstack((smooth, one.controls))), derivatives

    def _errors_of(self, every: list[Trajectory], earlier: DerivativeErrors | None = None) -> DerivativeErrors | None:
        """What derivatives err by, with those taken in earlier; estimated for an optimizer that allows for it alone."""
        if self.discrete_time or not getattr(self._optimizer, "_allows_errors", False):
            return None
        found = derivative_errors(every, self._differentiation, drop_nan=self.drop_nan)
        return found if earlier is None or found is None else found.plus(earlier)

    def _told(self, problem: NormalEquations) -> NormalEquations:
        return problem if self._errors is None else self._errors.told(problem)

    def _weak_rows(self, every: list[Trajectory]) -> tuple[Array, Array]:
        """Rows of the weak system, as they are."""
        if self.discrete_time:
            raise ValueError("weak: integrates over time, expected None for a map (discrete_time=True)")
        for index, one in enumerate(every):
            if one.times is None:
                raise ValueError("t: is missing, expected the time step or the times of the samples")
            without_gaps(one, False, f"[{index}]" if len(every) > 1 else "")
        return self.weak.equations(self._library, *_samples_of(every))

    def _fit_weak(self, every: list[Trajectory]) -> Self:
        design, target = self._weak_rows(every)
        self.moments_: Moments | None = None
        problem = NormalEquations.of(design, target)
        if problem.condition() > LARGEST_CONDITION / 1e2:
            problem = NormalEquations.factorised(design, target)
        self._solve(problem, None)
        chosen = self._optimizer
        if hasattr(self.weak, "refined") and getattr(chosen, "constraint_lhs", None) is None:
            samples = _samples_of(every)
            self.coef_ = self.weak.refined(
                self._library, *samples, self.coef_, lambda told: self._coefficients(chosen, told)
            )
        return self

    def _solve(self, problem: NormalEquations, data: Data | None) -> Self:
        """Coefficients of the problem; ``data`` are the samples, where they are at hand for another pass."""
        self.condition_ = problem.condition()
        self.route_ = "moments" if problem.root is None else "qr"
        if problem.root is None and not self.condition_ <= LARGEST_CONDITION:
            if data is None:
                warnings.warn(
                    f"the library's columns are nearly dependent (condition {self.condition_:.1e}): their sums alone"
                    " leave few digits; fit all samples at once, lower the degree, or raise alpha",
                    IllConditionedWarning,
                    stacklevel=3,
                )
            else:
                problem, self.route_ = factorised(self.terms_, problem, self._clean(data)), "qr"
                self.condition_ = problem.condition()
        if not problem.n_samples > 0:
            raise ValueError("X: no sample is left, expected some of finite numbers whose sample_weight is not zero")
        if problem.n_samples < problem.n_features:
            warnings.warn(
                f"{problem.n_samples:g} samples for {problem.n_features} terms: many models fit them; take more samples"
                " or fewer terms",
                IllConditionedWarning,
                stacklevel=3,
            )
        chosen = self._optimizer
        if not hasattr(chosen, "_solve"):
            self.coef_ = self._stored_fit(chosen, problem, data)
        else:
            self.coef_ = self._coefficients(chosen, problem)
            if self._uncertain(chosen) and data is not None and self.route_ == "moments":
                problem, self.route_ = factorised(self.terms_, problem, self._clean(data)), "qr"
                self.coef_ = self._coefficients(chosen, problem)
        self.problem_ = problem
        alpha: float | None = getattr(chosen, "_final_alpha", None)
        by_sums = self.prior is None and self.route_ == "moments"
        # Some of the columns are no worse conditioned than all of them.
        loses_digits = _loses_digits(self.condition_) and _loses_digits(self.support_condition_)
        if by_sums and loses_digits and alpha is not None and data is not None:
            self.coef_ = refined(self.terms_, problem, self._clean(data), self.coef_, alpha)
            self.route_ = "refined"
        return self

    @property
    def support_condition_(self) -> float:
        """The largest estimated condition number of the terms that an equation keeps."""
        rows = [row for row in self.coef_ != 0 if row.any()]
        return max((self.problem_.select(row).condition() for row in rows), default=1.0)

    def _coefficients(self, optimizer: Any, problem: NormalEquations) -> Array:
        if self.prior is None:
            return optimizer._solve(problem)
        states = self.input_names_[: self.n_features_in_]
        return solve_informed(optimizer, problem, self.prior, states, self.feature_names_)

    @property
    def _differentiation(self) -> Any:
        if self.differentiation is not None:
            return self.differentiation
        from .differentiation import FiniteDifference

        return FiniteDifference(order=2)

    @property
    def _optimizer(self) -> Any:
        if self.optimizer is not None:
            return self.optimizer
        from .thresholding import STLSQ

        return STLSQ()

    def _uncertain(self, optimizer: Any) -> bool:
        """Whether rounding of the sums could have turned a decision of the optimizer."""
        return bool(np.any(getattr(optimizer, "uncertain_", False)))

    def _stored_fit(self, optimizer: Any, problem: NormalEquations, data: Data | None) -> Array:
        """Coefficients by a foreign regressor, which sees the stored library."""
        if self.prior is not None:
            raise ValueError(f"prior: expected None with {optimizer!r}, which cannot be told; use one of this package")
        if data is None:
            raise ValueError(f"optimizer: {optimizer!r} needs the samples, expected one of this package for sums alone")
        design = np.concatenate([self._library.transform(inputs) for inputs, _, _ in data])
        target = np.concatenate([np.asarray(targets, np.float64) for _, targets, _ in data])
        optimizer.fit(design, target)
        return np.asarray(optimizer.coef_, np.float64).reshape(problem.n_targets, problem.n_features)

    def _clean(self, data: Data) -> Data:
        if not self.drop_nan:
            return data
        clean: Data = []
        for inputs, targets, weight in data:
            good = finite_rows(inputs, targets)
            clean.append((inputs[good], targets[good], None if weight is None else np.asarray(weight)[good]))
        return clean


def _loses_digits(condition: float) -> bool:
    """Whether rounding of the sums shows in coefficients."""
    return bool(np.finfo(float).eps * condition**2 > TOLERATED_LOSS)


def _names(feature_names: Any) -> list[str]:
    if isinstance(feature_names, str) or not hasattr(feature_names, "__len__"):
        raise TypeError(f"feature_names: is {feature_names!r}, expected a list of names")
    names = [str(name) for name in feature_names]
    if not all(names) or len(set(names)) < len(names):
        raise ValueError(f"feature_names: are {names}, expected names that differ and are not empty")
    return names


def _samples_of(every: list[Trajectory]) -> tuple[list[Any], list[Any], list[Any] | None]:
    """States, times and controls."""
    controls = None if every[0].controls is None else [one.controls for one in every]
    return [one.states for one in every], [one.times for one in every], controls
