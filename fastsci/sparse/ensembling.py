"""Ensembles of sparse models: the same equations sought in resampled samples and in subsets of the library."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from ._block_triangles import drawn_triangles, left_out_squares
from ._bootstrap import Resampled, resampled
from ._problem import Array, Mask, NormalEquations
from ._routes import Data, factorised
from ._trajectories import trajectories
from .informed import solve_many_informed
from .libraries import IdentityLibrary, Library
from .sindy import LARGEST_CONDITION, SINDy
from .thresholding import EliminationWarning

BOOTSTRAPS = ("blocks", "samples", "trajectories", None)
AGGREGATES = ("median", "mean", "inclusion")
GRAM_NUMBERS = 2**24  # of the problems that are solved together: 128 MB


class EnsembleSINDy(SINDy):
    """SINDy's equations from many bootstraps, with how often each term is found (Fasel et al. 2022).

    Samples are seen once, as sums over blocks.  A bootstrap weighs the blocks by how often it draws each, so that all
    bootstraps together are one product of matrices; their regressions are then solved side by side.  Where columns of
    the library are nearly dependent, blocks are factorised instead, and a bootstrap's factor follows from theirs.

    Parameters
    ----------
    n_models : int, default 100
        Members of the ensemble.
    library, optimizer, differentiation, weak, discrete_time, prior, drop_nan
        As for `SINDy`; the optimizer is one of this package.
    bootstrap : {"blocks", "samples", "trajectories"} or None, default "blocks"
        What is drawn with replacement: blocks of consecutive samples, which keeps the correlations of a time series
        within each block (Carlstein 1986, Kuensch 1989); single samples, as if they were independent; or whole
        trajectories.  None draws nothing, for ensembles of libraries alone.
    block_length : int, optional
        Samples of a block, at best longer than the residuals are correlated.  Unless given the samples are cut into
        about 256 blocks.  The weak form has rows in the place of samples.
    library_ensemble : int or float, default 0
        How many terms each member's library lacks: their number, or as a part between 0 and 1.  They are drawn anew for
        each member.
    aggregate : {"median", "mean", "inclusion"}, default "median"
        How ``coef_`` follows from the members: their median; their mean; or, for terms with an inclusion probability of
        at least ``inclusion_threshold``, the median of the members that have the term, and zero for others.
    inclusion_threshold : float, default 0.6
    rng : int, SeedSequence or Generator, optional
        Source of randomness; the same one gives the same bits.

    Attributes
    ----------
    coef_samples_ : ndarray, shape (n_models, d, p)
        Coefficients of all members, zero where the library of a member lacks the term.
    offered_ : ndarray of bool, shape (n_models, p)
        Terms of each member's library.
    inclusion_probability_ : ndarray, shape (d, p)
        Of the members that were offered a term, the part that has it in the equation.
    coef_, coef_std_ : ndarray, shape (d, p)
        What the members agree on, and their standard deviation, zeros included; both over members that were offered
        the term.
    scores_ : ndarray, shape (n_models,)
        Coefficient of determination of each member on all samples, averaged over the states.
    out_of_bag_scores_ : ndarray, shape (n_models,)
        The same on the samples that the member did not draw; NaN where it drew all.
    condition_, feature_names_, terms_
        As for `SINDy`.

    References
    ----------
    Fasel, Kutz, Brunton and Brunton, Proc. R. Soc. A 478 (2022) 20210904; Carlstein, Ann. Statist. 14 (1986) 1171;
    Kuensch, Ann. Statist. 17 (1989) 1217.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(-1.0, 1.0, (2000, 2))
    >>> x_dot = np.stack([x[:, 1], -2.0 * x[:, 0]], axis=1) + 0.1 * rng.standard_normal((2000, 2))
    >>> model = EnsembleSINDy(50, rng=1).fit(x, x_dot=x_dot, feature_names=["x", "v"])
    >>> model.inclusion_probability_[:, 1:3]
    array([[0., 1.],
           [1., 0.]])
    """

    def __init__(
        self,
        n_models: int = 100,
        *,
        library: Library | None = None,
        optimizer: Any = None,
        differentiation: Any = None,
        bootstrap: str | None = "blocks",
        block_length: int | None = None,
        library_ensemble: float = 0,
        aggregate: str = "median",
        inclusion_threshold: float = 0.6,
        rng: Any = None,
        weak: Any = None,
        discrete_time: bool = False,
        prior: Any = None,
        drop_nan: bool = False,
    ) -> None:
        super().__init__(
            library, optimizer, differentiation, weak=weak, discrete_time=discrete_time, prior=prior, drop_nan=drop_nan
        )
        self.n_models = n_models
        self.bootstrap = bootstrap
        self.block_length = block_length
        self.library_ensemble = library_ensemble
        self.aggregate = aggregate
        self.inclusion_threshold = inclusion_threshold
        self.rng = rng

    def fit(
        self,
        X: Any,
        t: Any = None,
        x_dot: Any = None,
        u: Any = None,
        feature_names: Sequence[str] | None = None,
        sample_weight: Any = None,
    ) -> Self:
        """Fit all members; arguments as those of `SINDy.fit`."""
        self._check()
        every = trajectories(X, t, x_dot, u)
        self._name(every[0], feature_names)
        library: Library
        data: Data
        if self.weak is None:
            library, data = self._library, self._clean(self._data(every, sample_weight))
            self._errors = self._errors_of(every)
        else:
            self._errors = None
            design, target = self._weak_rows(every)
            library, data = IdentityLibrary(), [(design, target, None)]
        if not any(len(inputs) and (weight is None or np.any(weight)) for inputs, _, weight in data):
            raise ValueError("X: no sample is left, expected some of finite numbers whose sample_weight is not zero")
        rng = self._generator()
        sums = resampled(library, data, self.n_models, rng, bootstrap=self.bootstrap, block_length=self.block_length)
        self.moments_, self.route_ = None, "moments"
        self.problem_ = _problem(sums.plan.gram, sums.plan, sums.total, sums.samples)
        self.condition_ = self.problem_.condition()
        triangles: Array | None = None
        if not self.condition_ <= LARGEST_CONDITION:
            self.route_ = "qr"
            self.problem_ = factorised(library.terms(data[0][0].shape[1]), self.problem_, data)
            self.condition_ = self.problem_.condition()
            triangles = drawn_triangles(sums.rows(), self.n_models)
        self.offered_ = self._offered(rng, len(self.terms_))
        self.coef_samples_ = self._members(sums, triangles)
        self._aggregate()
        gone = np.flatnonzero(~self.coef_.any(axis=1) & (self.problem_.squares > 0))
        if gone.size:
            names = ", ".join(self.input_names_[target] for target in gone)
            warnings.warn(
                f"the members leave no term in the equation of {names}; take a smaller threshold, or other terms",
                EliminationWarning,
                stacklevel=2,
            )
        self._score(sums)
        return self

    def partial_fit(self, *args: Any, **kwargs: Any) -> Self:
        """Not of an ensemble: later samples would change what earlier bootstraps could draw."""
        raise TypeError("EnsembleSINDy: has no partial_fit; fit all samples at once, or use SINDy.partial_fit")

    def predict_members(self, X: Any, u: Any = None) -> Array:
        """Derivatives by every member, (n_models, n_samples, d); arguments as those of ``predict``."""
        self._require_fitted()
        inputs = self._inputs(X, u)
        found = self._values(inputs, self.coef_samples_.reshape(-1, len(self.terms_)))
        return found.reshape(len(inputs), *self.coef_samples_.shape[:2]).transpose(1, 0, 2)

    def simulate_members(self, y0: Any, t_eval: Any, *, control: Any = None, **options: Any) -> Array:
        """States at times by every member, (n_models, n_times, d), all in one run.

        Coefficients are parameters of one system, so that members run side by side.

        Parameters
        ----------
        y0 : array_like, shape (d,) or (n_models, d)
        t_eval, control, **options
            As for `fastsci.sparse.model_system.simulate` and ``to_system``.
        """
        from .model_system import model_parameters, simulate, to_system

        self._require_fitted()
        n_states = self.n_features_in_
        system = to_system(
            self.coef_samples_,
            self.terms_,
            self.input_names_,
            n_states,
            kind="map" if self.discrete_time else "flow",
            parameters=True,
            control=control,
        )
        states = np.asarray(y0, np.float64)
        if states.shape not in ((n_states,), (1, n_states), (self.n_models, n_states)):
            raise ValueError(
                f"y0: has shape {states.shape}, expected ({n_states},) or ({self.n_models}, {n_states}), a state for"
                " all members or for each"
            )
        values = model_parameters(self.coef_samples_)
        params = dict(zip(list(system.params), values.T, strict=False))
        return simulate(system, np.broadcast_to(states, (self.n_models, n_states)), t_eval, params=params, **options)

    # --- how members are fitted ---

    def _check(self) -> None:
        if not _positive_integer(self.n_models):
            raise ValueError(f"n_models: is {self.n_models!r}, expected a positive integer; 100 is the default")
        if self.bootstrap not in BOOTSTRAPS:
            raise ValueError(f"bootstrap: is {self.bootstrap!r}, expected 'blocks', 'samples', 'trajectories' or None")
        if self.block_length is not None and not _positive_integer(self.block_length):
            raise ValueError(f"block_length: is {self.block_length!r}, expected a positive integer or None")
        if self.bootstrap is None and not self.library_ensemble:
            raise ValueError(
                "bootstrap: is None and library_ensemble is 0, so that all members would be the same; set one of them"
            )
        if self.aggregate not in AGGREGATES:
            raise ValueError(f"aggregate: is {self.aggregate!r}, expected one of {', '.join(AGGREGATES)}")
        if not 0 <= self.inclusion_threshold <= 1:
            raise ValueError(f"inclusion_threshold: is {self.inclusion_threshold!r}, expected a number from 0 to 1")
        if not hasattr(self._optimizer, "_solve_many"):
            raise TypeError(
                f"optimizer: is {self.optimizer!r}, expected a sparse regressor of this package, which can do with sums"
            )
        if self.prior is not None and self.library_ensemble:
            raise ValueError("prior: names terms that library_ensemble may leave out, expected only one of them")

    def _generator(self) -> np.random.Generator:
        try:
            return np.random.default_rng(self.rng)
        except (TypeError, ValueError) as error:
            raise type(error)(
                f"rng: is {self.rng!r}, expected None, a whole number of at least 0, a SeedSequence or a Generator"
            ) from error

    def _offered(self, rng: np.random.Generator, n_terms: int) -> Mask:
        """Which terms each member's library has, (n_models, p): the same number for all."""
        wanted = self.library_ensemble
        dropped = round(wanted * n_terms) if isinstance(wanted, float) else wanted
        if not 0 <= dropped < n_terms or (isinstance(wanted, float) and not 0 <= wanted < 1):
            raise ValueError(
                f"library_ensemble: is {wanted!r}, expected a number of terms below {n_terms}, or a part below 1"
            )
        offered = np.ones((self.n_models, n_terms), bool)
        offered[:, :dropped] = False
        return rng.permuted(offered, axis=1) if dropped else offered

    def _members(self, sums: Resampled, triangles: Array | None) -> Array:
        n_terms = len(self.terms_)
        found = np.zeros((self.n_models, sums.plan.n_targets, n_terms))
        size = max(1, GRAM_NUMBERS // n_terms**2)
        whole = bool(self.offered_.all())
        for first in range(0, self.n_models, size):
            problems = list(self._problems(sums, triangles, first, min(first + size, self.n_models)))
            if self.prior is not None:
                names = self.input_names_[: self.n_features_in_]
                coef = solve_many_informed(self._optimizer, problems, self.prior, names, self.feature_names_)
            else:
                coef = self._optimizer._solve_many(problems)
            for member, own in enumerate(coef, first):
                found[member][:, slice(None) if whole else self.offered_[member]] = own
        return found

    def _problems(self, sums: Resampled, triangles: Array | None, first: int, last: int) -> Iterator[NormalEquations]:
        n_terms = len(self.terms_)
        for member in range(first, last):
            kept = np.flatnonzero(self.offered_[member])
            places = sums.plan.gram[np.ix_(kept, kept)]
            one = _problem(places, sums.plan, sums.drawn[member], float(sums.drawn_samples[member]), kept)
            if triangles is not None:
                rows = triangles[member, :n_terms]
                one = replace(one, root=rows[:, kept], rotated=rows[:, n_terms:])
            yield self._told(one)

    def _aggregate(self) -> None:
        offered = np.broadcast_to(self.offered_[:, None, :], self.coef_samples_.shape)
        # A term that nobody was offered counts as offered and absent.
        offered = offered | ~offered.any(axis=0)
        coef = self.coef_samples_
        count = offered.sum(axis=0)
        present = coef != 0
        self.inclusion_probability_ = present.sum(axis=0) / count
        mean = coef.sum(axis=0) / count
        spread = np.sum(np.where(offered, coef - mean, 0.0) ** 2, axis=0)
        self.coef_std_ = np.sqrt(spread / np.maximum(count - 1, 1))
        if self.aggregate == "mean":
            self.coef_ = mean
        elif self.aggregate == "median":
            self.coef_ = _median(coef, offered)
        else:
            kept = self.inclusion_probability_ >= self.inclusion_threshold
            self.coef_ = np.where(kept & present.any(axis=0), _median(coef, present | ~present.any(axis=0)), 0.0)

    def _score(self, sums: Resampled) -> None:
        problem, coef = self.problem_, self.coef_samples_
        left = np.stack([problem.residual_squares(member) for member in coef])
        self.scores_ = _determination(left, problem.squares, sums.sums, sums.samples)
        self.out_of_bag_scores_ = np.full(self.n_models, np.nan)
        by_rows = left_out_squares(sums.rows(), coef) if self.route_ == "qr" else None
        for member in np.flatnonzero(sums.left_out_samples > 0):
            n_samples = float(sums.left_out_samples[member])
            unseen = _problem(sums.plan.gram, sums.plan, sums.left_out[member], n_samples)
            rest = unseen.residual_squares(coef[member]) if by_rows is None else by_rows[member]
            self.out_of_bag_scores_[member] = _determination(
                rest, unseen.squares, sums.left_out_sums[member], n_samples
            )


def _positive_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and bool(value >= 1)


def _problem(
    places: np.ndarray, plan: Any, sums: Array, n_samples: float, kept: np.ndarray | slice = slice(None)
) -> NormalEquations:
    return NormalEquations(sums[places], sums[plan.cross[kept]], sums[plan.squares], n_samples)


def _median(coef: Array, counted: Mask) -> Array:
    """Median over the members that count, of which each coefficient has one."""
    return np.nanmedian(np.where(counted, coef, np.nan), axis=0)


def _determination(left: Array, squares: Array, sums: Array, n_samples: float) -> Any:
    """Coefficient of determination, averaged over the targets; 0 for a target that does not vary."""
    spread = squares - sums**2 / n_samples
    varies = spread > np.finfo(float).eps * squares
    return np.mean(np.where(varies, 1.0 - left / np.where(varies, spread, 1.0), 0.0), axis=-1)
