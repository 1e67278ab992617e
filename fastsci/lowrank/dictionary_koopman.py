"""Extended dynamic mode decomposition: the Koopman operator on a dictionary of functions of the state."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from ..sparse.libraries import Library
from . import _koopman_checks as checks
from ._koopman import DictionaryKoopman, Lifting
from ._koopman_products import Array
from ._koopman_samples import LiftedPairs, windows
from ._modes import Complex


class StepKoopman(DictionaryKoopman):
    """The Koopman operator of one step from a state to the next, on a dictionary: what `EDMD` and `ResDMD` share."""

    def fit(self, X: Any, y: Any = None, *, weights: Any = None) -> Self:
        """Learn the operator.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features), or list of them
            States in time order; of several trajectories a list.  Memory maps are read block by block.
        y : array_like, shape (n_samples, n_features), or list of them, optional
            The state that follows each row of ``X``, where these are not in time order.  A one-dimensional ``y`` beside
            several features is taken for the target of another step of a pipeline, and left alone.
        weights : array_like, shape (n_pairs,), or list of them, optional
            Of the pairs of states, such as those of a quadrature.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Where shapes do not agree, samples are not finite, or a parameter is out of range.
        """
        self._forget()
        samples = self._pairs(X, y, weights, reset=True)
        return self._learn(samples, _lifting_of(samples))

    def partial_fit(self, X: Any, y: Any = None, *, weights: Any = None) -> Self:
        """Learn from more samples; those of before are known by their sums alone.

        Parameters
        ----------
        X, y, weights
            As in `fit`.  A trajectory in parts loses no pair of states where each part repeats the last
            ``delays + 1`` rows of the one before.

        Returns
        -------
        self
        """
        earlier = getattr(self, "_products", None)
        samples = self._pairs(X, y, weights, reset=earlier is None)
        lifting = _lifting_of(samples)
        if earlier is not None and not lifting.same_as(self._lifting):
            raise ValueError(
                "library: the dictionary or its delays are others than of the samples before; call fit to start anew"
            )
        products = samples.products() if earlier is None else earlier.plus(samples.products())
        self._check(products, lifting)
        self._products, self._lifting, self._spectrum = products, lifting, None
        return self

    def merge(self, *others: Any) -> Self:
        """The estimator of all samples together, of estimators of the same parameters; these stay as they are."""
        for place, other in enumerate(others):
            if not isinstance(other, StepKoopman):
                raise TypeError(f"others[{place}]: is {other!r}, expected a fitted EDMD or ResDMD")
        for other in (self, *others):
            other._require_fitted()
        merged = type(self)(**self.get_params(deep=False))
        vars(merged).update(vars(self))
        products = self._products
        for place, other in enumerate(others):
            if not other._lifting.same_as(self._lifting):
                raise ValueError(
                    f"others[{place}]: has another dictionary or other features; merge what is fitted alike"
                )
            products = products.plus(other._products)
        merged._products, merged._spectrum = products, None
        return merged

    def _pairs(self, X: Any, y: Any, weights: Any, *, reset: bool) -> LiftedPairs:
        delays = checks.whole(self.delays, "delays", 0)
        found = checks.pieces(self, X, y, weights, delays=delays, reset=reset)
        return LiftedPairs(self._dictionary, found, self.n_features_in_, delays)

    @property
    def koopman_matrix_(self) -> Array:
        """The operator on coefficients of the dictionary, (p, p): columns are the images of its terms."""
        return self._matrix

    def rates(self, dt: float = 1.0) -> Complex:
        """Continuous eigenvalues ``log(eigenvalues_) / dt``, (r,): growth rates and angular frequencies."""
        length = checks.real(dt, "dt", "a positive finite time step", least=checks.SMALLEST)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.eigenvalues_) / length, np.complex128)

    def predict(self, X: ArrayLike, n_steps: int = 1) -> Array:
        """The expected state after some steps.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            States; with ``delays`` in time order.
        n_steps : int, default 1

        Returns
        -------
        ndarray, shape (n_samples - delays, n_features)
            The last step is the regression of the state itself, those before it are of the dictionary.
        """
        found = self._fitted()
        steps = checks.whole(n_steps, "n_steps", 1)
        return self._combined(X, self._powers(found.compression.ahead, steps - 1).T)

    def forecast(self, X: ArrayLike, n_steps: int) -> Array:
        """The expected states after the last one of ``X``.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            States in time order, at least ``delays + 1``.
        n_steps : int

        Returns
        -------
        ndarray, shape (n_steps, n_features)
        """
        found = self._fitted().compression
        steps = checks.whole(n_steps, "n_steps", 1)
        delays = self._lifting.delays
        states = checks.checked(self, X, reset=False, least=delays + 1)
        here = self._combined(states[len(states) - delays - 1 :], (found.basis * found.shrink).T)[0]
        operator, path = found.step * found.shrink, np.empty((steps, found.rank))
        for place in range(steps):
            path[place] = here
            here = here @ operator
        return path @ found.ahead

    def score(self, X: Any, y: Any = None) -> float:
        """Coefficient of determination of predictions of one step, the mean over features.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features), or list of them
        y : array_like, shape (n_samples, n_features), or list of them, optional
            As in `fit`.
        """
        from sklearn.metrics import r2_score

        self._fitted()
        predicted, true, delays = [], [], self._lifting.delays
        for piece in checks.pieces(self, X, y, None, delays=delays, reset=False):
            if piece.after is None:
                predicted.append(self.predict(piece.states[:-1]))
                true.append(windows(piece.states, delays + 1)[:, -self.n_features_in_ :])
            else:
                predicted.append(self.predict(piece.states))
                true.append(piece.after)
        return float(r2_score(np.concatenate(true), np.concatenate(predicted)))


def _lifting_of(samples: LiftedPairs) -> Lifting:
    return Lifting(samples.library, samples.width, samples.delays)


class EDMD(StepKoopman):
    """Extended dynamic mode decomposition (Williams, Kevrekidis & Rowley 2015).

    The Koopman operator takes a function of the state to its expectation one step later.  It is linear; on the span of
    a dictionary it is a matrix, by least squares over samples.  Its products are summed as the terms are made, so that
    the dictionary is not stored.  With ``IdentityLibrary()`` it is exact DMD; with ``delays`` that of Hankel matrices.

    Parameters
    ----------
    library : Library, optional
        The dictionary, of `fastsci.sparse`: polynomials, Fourier series, radial bases, functions of your own, their
        sums and products.  ``PolynomialLibrary(degree=2)`` unless given.
    rank : int, float or None, default None
        Principal components of the dictionary, with columns of unit length, that are kept: a number, a fraction below 1
        of their squares, or None for all.
    alpha : float, default 0.0
        Ridge, in units of the mean square of each term, so that it does not depend on units of the data.
    delays : int, default 0
        So many states before each are inputs of the dictionary too.
    refine : {"auto", True, False}, default "auto"
        Whether samples are passed through again, where products of nearly dependent terms lose more digits than the
        number of samples leaves open; the result is then as good as by a QR factorisation.  Needs `fit`.

    Attributes
    ----------
    eigenvalues_ : ndarray, shape (r,)
        Complex, from the largest to the smallest.
    koopman_matrix_ : ndarray, shape (p, p)
        Columns are the images of the terms: ``library(x_next) ~ library(x) @ koopman_matrix_``.
    modes_ : ndarray, shape (r, n_features)
        Coefficients of the state in the eigenfunctions.
    residuals_ : ndarray, shape (r,)
        How far each eigenfunction is from being one, on the samples; see `ResDMD`.
    rank_, n_passes_, n_samples_, n_features_in_ : int
    condition_ : float
        Of the dictionary with columns of unit length.
    feature_names_ : list of str
        Of the dictionary's terms.

    Raises
    ------
    ValueError, TypeError
        From `fit`, with the argument's name, its value and what was expected.

    References
    ----------
    Williams, Kevrekidis & Rowley, J. Nonlinear Sci. 25 (2015) 1307.

    Examples
    --------
    Of a linear map the eigenvalues are those of its matrix and their products.

    >>> import numpy as np
    >>> from fastsci.lowrank.dictionary_koopman import EDMD
    >>> x = np.empty((30, 2))
    >>> x[0] = 1.0, 2.0
    >>> for k in range(29):
    ...     x[k + 1] = 0.9 * x[k, 0], 0.5 * x[k, 1]
    >>> model = EDMD().fit(x)
    >>> model.feature_names_
    ['1', 'x0', 'x1', 'x0^2', 'x0 x1', 'x1^2']
    >>> model.eigenvalues_.real.round(8)
    array([1.  , 0.9 , 0.81, 0.5 , 0.45, 0.25])
    >>> model.predict([[1.0, 1.0]], n_steps=2).round(8)
    array([[0.81, 0.25]])
    """

    def __init__(
        self,
        library: Library | None = None,
        *,
        rank: int | float | None = None,
        alpha: float = 0.0,
        delays: int = 0,
        refine: bool | str = "auto",
    ) -> None:
        self.library = library
        self.rank = rank
        self.alpha = alpha
        self.delays = delays
        self.refine = refine
