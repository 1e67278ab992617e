"""Sparse identification of nonlinear dynamics: equations from samples of a system's states."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from fastsci_kernels.regress.plan import Term

from ._estimator import Estimator
from ._problem import Array, NormalEquations
from ._samples import samples
from ._trajectories import Trajectory, trajectories, without_gaps
from .informed import solve_informed
from .library import Library, PolynomialLibrary, plan_of
from .moments import Moments, blockwise, finite_rows, residual_products

LARGEST_CONDITION = 1e7  # of the library: beyond, its Gram matrix has no digit left and it is factorised itself
TOLERATED_LOSS = 1e-11  # relative error of coefficients beyond which one more pass refines them
STORED = 2**24  # numbers of the library that are stored at a time, where it is factorised

Data = list[tuple[np.ndarray, np.ndarray, "Array | None"]]  # inputs, targets, weights


class IllConditionedWarning(UserWarning):
    """Columns of the library that the samples hardly tell apart."""


class SINDy(Estimator):
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
            return self._fit_weak(every)
        data = self._data(every, sample_weight)
        moments = Moments(self._library)
        for inputs, targets, weight in data:
            moments.add(inputs, targets, weight, drop_nan=self.drop_nan)
        self.moments_ = moments
        return self._solve(moments.problem(), data)

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
            moments = Moments(self._library)
        for inputs, targets, weight in self._data(every, sample_weight):
            moments.add(inputs, targets, weight, drop_nan=self.drop_nan)
        self.moments_ = moments
        return self._solve(moments.problem(), None)

    def _name(self, first: Trajectory, feature_names: Sequence[str] | None) -> None:
        self.n_features_in_ = first.states.shape[1]
        self.n_control_features_ = 0 if first.controls is None else first.controls.shape[1]
        n_inputs = self.n_features_in_ + self.n_control_features_
        names = [f"x{i}" for i in range(self.n_features_in_)] + [f"u{i}" for i in range(self.n_control_features_)]
        if feature_names is not None:
            if len(feature_names) not in (self.n_features_in_, n_inputs):
                raise ValueError(
                    f"feature_names: has {len(feature_names)} entries, expected {n_inputs}, one for each state"
                    " and control"
                )
            names[: len(feature_names)] = [str(name) for name in feature_names]
        self.input_names_ = names
        self._library = PolynomialLibrary(degree=2) if self.library is None else self.library
        self.terms_: tuple[Term, ...] = self._library.terms(n_inputs)
        if not self.terms_:
            raise ValueError(f"library: has no terms of {n_inputs} inputs, expected at least one")
        self.feature_names_ = self._library.feature_names(names)

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
        method = self.differentiation
        if method is None:
            from .differentiation import FiniteDifference

            method = FiniteDifference(order=2)
        if self.drop_nan and len(one.states) < 3:
            return None  # a stretch between gaps that is too short for any difference
        states = np.asarray(one.states, np.float64)
        derivatives = method.differentiate(states, one.times)
        smooth = method.smooth(states, one.times)
        return (smooth if one.controls is None else np.hstack((smooth, one.controls))), derivatives

    def _weak_rows(self, every: list[Trajectory]) -> tuple[Array, Array]:
        """Rows of the weak system, as they are."""
        if self.discrete_time:
            raise ValueError("weak: integrates over time, expected None for a map (discrete_time=True)")
        for index, one in enumerate(every):
            if one.times is None:
                raise ValueError("t: is missing, expected the time step or the times of the samples")
            without_gaps(one, False, f"[{index}]" if len(every) > 1 else "")
        controls = None if every[0].controls is None else [one.controls for one in every]
        return self.weak.equations(self._library, [one.states for one in every], [one.times for one in every], controls)

    def _fit_weak(self, every: list[Trajectory]) -> Self:
        design, target = self._weak_rows(every)
        self.moments_: Moments | None = None
        problem = NormalEquations.of(design, target)
        if problem.condition() > LARGEST_CONDITION / 1e2:
            problem = NormalEquations.factorised(design, target)
        return self._solve(problem, None)

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
                problem, self.route_ = self._factorised(problem, data), "qr"
                self.condition_ = problem.condition()
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
                problem, self.route_ = self._factorised(problem, data), "qr"
                self.coef_ = self._coefficients(chosen, problem)
        self.problem_ = problem
        self._refine(chosen, problem, data)
        return self

    def _coefficients(self, optimizer: Any, problem: NormalEquations) -> Array:
        if self.prior is None:
            return optimizer._solve(problem)
        states = self.input_names_[: self.n_features_in_]
        return solve_informed(optimizer, problem, self.prior, states, self.feature_names_)

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

    def _factorised(self, problem: NormalEquations, data: Data) -> NormalEquations:
        """The same problem from a factorisation of the stored library, some samples at a time."""
        n_features, n_targets = problem.n_features, problem.n_targets
        triangle = np.zeros((0, n_features + n_targets))
        size = max(STORED // (n_features + n_targets), 4 * (n_features + n_targets))

        for inputs, targets, weight in data:
            plan = plan_of(self.terms_, inputs.shape[1], 0, moments=False)
            scale = None if weight is None else np.sqrt(np.asarray(weight, np.float64))
            good = finite_rows(inputs, targets) if self.drop_nan else None

            def take(columns: Array, first: int, last: int) -> None:
                nonlocal triangle
                rows = np.hstack((columns, np.asarray(targets[first:last], np.float64)))  # noqa: B023 (used at once)
                if scale is not None:  # noqa: B023
                    rows *= scale[first:last, None]  # noqa: B023
                if good is not None:  # noqa: B023
                    rows = rows[good[first:last]]  # noqa: B023
                triangle = np.linalg.qr(np.vstack((triangle, rows)), mode="r")

            blockwise(plan, inputs, size, take)
        square = np.zeros((n_features + n_targets,) * 2)
        square[: len(triangle)] = triangle
        root, rotated = square[:n_features, :n_features], square[:n_features, n_features:]
        return NormalEquations(problem.gram, problem.cross, problem.squares, problem.n_samples, root, rotated)

    def _refine(self, optimizer: Any, problem: NormalEquations, data: Data | None) -> None:
        """Correct least-squares coefficients by the residuals of the samples, where sums have cost digits."""
        support = self.coef_ != 0
        conditions = [problem.select(row).condition() if row.any() else 1.0 for row in support]
        self.support_condition_ = float(max(conditions, default=1.0))
        alpha = getattr(optimizer, "_final_alpha", None)
        loss = np.finfo(float).eps * self.support_condition_**2
        if alpha is None or self.prior is not None or data is None or self.route_ != "moments":
            return
        if loss <= TOLERATED_LOSS:
            return
        used = np.flatnonzero(support.any(axis=0))
        terms = tuple(self.terms_[index] for index in used)
        small = problem.select(used)
        for _ in range(2):
            gradient, _ = residual_products(terms, self._clean(data), self.coef_[:, used])
            gradient = gradient - alpha * self.coef_[:, used].T
            step = NormalEquations(small.gram, gradient, small.squares, small.n_samples)
            self.coef_[:, used] += step.solve_all(support[:, used], alpha)
        self.route_ = "refined"

    def _clean(self, data: Data) -> Data:
        if not self.drop_nan:
            return data
        clean: Data = []
        for inputs, targets, weight in data:
            good = finite_rows(inputs, targets)
            clean.append((inputs[good], targets[good], None if weight is None else np.asarray(weight)[good]))
        return clean

    # --- the model ---

    def predict(self, X: Any, u: Any = None) -> Array:
        """Derivatives at states ``X`` (n_samples, d), or the next states of a map.

        Parameters
        ----------
        X : array_like, shape (n_samples, d) or (d,)
        u : array_like, shape (n_samples, c), optional

        Returns
        -------
        ndarray, of the shape of ``X``
        """
        from fastsci_kernels.regress import features

        self._require_fitted()
        single = np.ndim(X) == 1 and self.n_features_in_ == np.size(X)
        inputs = self._inputs(np.atleast_2d(np.asarray(X)) if single else X, u)
        used = np.flatnonzero(self.coef_.any(axis=0))
        terms = self._used_terms(used)
        plan = plan_of(terms, inputs.shape[1], 0, moments=False)
        found = features.combined(plan, inputs, self.coef_[:, used])
        return found[0] if single else found

    def _used_terms(self, used: np.ndarray) -> tuple[Term, ...]:
        """The kept terms as one and the same tuple, so that their plan is found at once."""
        key = used.tobytes()
        if getattr(self, "_kept", (b"", ()))[0] != key:
            self._kept = key, tuple(self.terms_[index] for index in used)
        return self._kept[1]

    def _inputs(self, X: Any, u: Any) -> np.ndarray:
        states = samples(X, "X", self.n_features_in_)
        if not self.n_control_features_:
            if u is not None:
                raise ValueError("u: was given, but the model was fitted without controls")
            return states
        if u is None:
            raise ValueError(f"u: is missing, expected controls of shape (n_samples, {self.n_control_features_})")
        controls = samples(u, "u", self.n_control_features_)
        if len(controls) != len(states):
            raise ValueError(f"u: has {len(controls)} rows, expected {len(states)}, one for each row of X")
        return np.hstack((states, controls))

    def score(self, X: Any, t: Any = None, x_dot: Any = None, u: Any = None) -> float:
        """Coefficient of determination of the derivatives, averaged over the states; arguments as those of ``fit``.

        For a map, of the next states.
        """
        self._require_fitted()
        data = self._data(trajectories(X, t, x_dot, u), None)
        targets = np.concatenate([np.asarray(target, np.float64) for _, target, _ in data])
        n_states = self.n_features_in_
        found = np.concatenate(
            [
                self.predict(inputs[:, :n_states], inputs[:, n_states:] if self.n_control_features_ else None)
                for inputs, _, _ in data
            ]
        )
        left = np.sum((targets - found) ** 2, axis=0)
        spread = np.sum((targets - targets.mean(axis=0)) ** 2, axis=0)
        return float(np.mean(np.where(spread > 0, 1.0 - left / np.where(spread > 0, spread, 1.0), left == 0)))

    @property
    def complexity(self) -> int:
        """Number of coefficients that are not zero."""
        self._require_fitted()
        return int(np.count_nonzero(self.coef_))
