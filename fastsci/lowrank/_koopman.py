"""What estimators of an operator on a dictionary have in common: its spectrum, its modes and its residuals."""

from __future__ import annotations

import warnings
from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._estimator import Estimator
from ..sparse.libraries import Library, PolynomialLibrary
from . import _koopman_checks as checks
from ._koopman_compression import Compression, compress
from ._koopman_products import Array, Products, Samples
from ._koopman_pseudospectrum import least_residuals, residuals_of
from ._koopman_samples import windows
from ._modes import Complex

DEPENDENT = 1e7  # condition of a dictionary that one pass cannot tell from a singular one


class IllConditionedDictionaryWarning(UserWarning):
    """Terms of the dictionary that the sums of a stream do not tell apart."""


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues, and the coordinates (r, r) of the eigenfunctions in the compressed basis, from a compression."""

    compression: Compression
    eigenvalues: Complex
    vectors: Complex

    @classmethod
    def of(cls, compression: Compression, continuous: bool) -> Spectrum:
        """What lasts longest first: the largest eigenvalues of a step, those of largest real part of a generator."""
        values, vectors = np.linalg.eig(compression.step * compression.shrink)
        order = np.argsort(-(np.real(values) if continuous else np.abs(values)), kind="stable")
        return cls(compression, values[order].astype(np.complex128), vectors[:, order].astype(np.complex128))

    @property
    def functions(self) -> Complex:
        """Coordinates in the orthonormal basis of the eigenfunctions, of unit length, (r, r)."""
        found = self.compression.shrink[:, None] * self.vectors
        return found / np.linalg.norm(found, axis=0)

    @property
    def modes(self) -> Complex:
        """Coefficients (r, d) of the state in ``functions``, of least norm where these depend on one another."""
        kept = self.compression.shrink[:, None] * self.compression.state
        return np.linalg.lstsq(self.functions, kept.astype(np.complex128), rcond=None)[0]


@dataclass(frozen=True)
class Lifting:
    """The dictionary that coefficients were fitted to: it stays theirs where a parameter is changed later."""

    dictionary: Library
    width: int  # features of a state
    delays: int

    @property
    def n_inputs(self) -> int:
        return self.width * (self.delays + 1)

    def same_as(self, other: Lifting) -> bool:
        """Whether sums over the one may be added to sums over the other."""
        sizes = (self.width, self.delays) == (other.width, other.delays)
        return sizes and self.dictionary.terms(self.n_inputs) == other.dictionary.terms(other.n_inputs)


class DictionaryKoopman(Estimator, ABC):
    """An operator on functions of the state, projected on a dictionary.

    A subclass says how samples are read, and has the parameters ``library``, ``rank``, ``alpha`` and ``refine``.
    """

    library: Any
    rank: int | float | None
    alpha: float
    refine: bool | str
    delays: int = 0
    _continuous: bool = False  # whether the operator is a generator
    n_features_in_: int
    _lifting: Lifting
    _products: Products
    _spectrum: Spectrum | None

    # --- fitting ---

    @property
    def _dictionary(self) -> Library:
        given: Any = self.library
        if given is not None and not isinstance(given, Library):
            raise TypeError(
                f"library: is {given!r}, expected a library such as fastsci.sparse.PolynomialLibrary(degree=3)"
            )
        return PolynomialLibrary(degree=2) if given is None else given

    def __sklearn_is_fitted__(self) -> bool:
        """Called by scikit-learn: a fit that failed is none."""
        return hasattr(self, "_products")

    def _forget(self) -> None:
        """What was learnt before a new fit, which may be refused halfway."""
        vars(self).pop("_products", None)

    def _learn(self, samples: Samples, lifting: Lifting) -> Self:
        """Take the operator from samples."""
        products = samples.products()
        self._check(products, lifting)
        self._products, self._lifting = products, lifting
        try:
            self._spectrum = self._solved(samples)
        except Exception:
            self._forget()
            raise
        return self

    def _check(self, products: Products, lifting: Lifting) -> None:
        """Refuse sums that exceed float64, and dictionaries of zeros."""
        squares = np.diag(products.gram) + np.diag(products.images)
        if not np.isfinite(squares).all():
            place = int(np.argmin(np.isfinite(squares)))
            raise ValueError(
                f"X: the term {self._names(lifting)[place]!r} has no finite sum of squares; rescale the data, lower the"
                " degree, or leave such terms out"
            )
        if not np.diag(products.gram).any():
            raise ValueError("library: every term is zero on these samples; add the constant, or take other samples")

    def _solved(self, samples: Samples | None) -> Spectrum:
        refine, alpha = checks.refining(self.refine), checks.ridge(self.alpha)
        found = compress(self._products, samples, rank=self.rank, alpha=alpha, refine=refine)
        return Spectrum.of(found, self._continuous)

    def _fitted(self) -> Spectrum:
        """What was learnt, worked out when it is asked for after samples were added."""
        self._require_fitted()
        found = self._spectrum
        if found is None:
            found = self._spectrum = self._solved(None)
            if found.compression.condition > DEPENDENT and self.alpha == 0 and self.rank is None:
                warnings.warn(
                    f"the dictionary's terms are nearly dependent (condition {found.compression.condition:.1e}): their"
                    " sums alone leave few digits; fit all samples at once, take fewer terms, or raise alpha",
                    IllConditionedDictionaryWarning,
                    stacklevel=3,
                )
        return found

    # --- what was found ---

    @property
    def eigenvalues_(self) -> Complex:
        """Eigenvalues of the operator, (r,), the largest first."""
        return self._fitted().eigenvalues

    @property
    def modes_(self) -> Complex:
        """Modes of the state, (r, n_features): ``x = sum_j eigenfunction_j(x) modes_[j]`` as nearly as can be."""
        return self._fitted().modes / np.sqrt(self._products.n_samples)

    @property
    def residuals_(self) -> Array:
        """Residuals ``|K phi - lambda phi| / |phi|`` of the eigenpairs on the samples, (r,)."""
        found = self._fitted()
        return residuals_of(found.compression, found.eigenvalues, found.functions)

    @property
    def rank_(self) -> int:
        """Directions of the dictionary that are kept."""
        return self._fitted().compression.rank

    @property
    def condition_(self) -> float:
        """Condition number of the dictionary with columns of unit length, infinite where some are dependent."""
        return self._fitted().compression.condition

    @property
    def n_passes_(self) -> int:
        """How often the samples were passed through."""
        return self._fitted().compression.n_passes

    @property
    def n_samples_(self) -> int:
        """Pairs of states that were learnt from."""
        self._require_fitted()
        return self._products.n_samples

    @property
    def feature_names_(self) -> list[str]:
        """Names of the dictionary's terms."""
        self._require_fitted()
        return self._names(self._lifting)

    def _names(self, lifting: Lifting) -> list[str]:
        own: Sequence[str] = list(getattr(self, "feature_names_in_", ())) or [
            f"x{place}" for place in range(self.n_features_in_)
        ]
        earlier = [f"{name}(t-{lag})" for lag in range(lifting.delays, 0, -1) for name in own]
        return lifting.dictionary.feature_names([*earlier, *own])

    @property
    def _matrix(self) -> Array:
        """The operator on coefficients of the dictionary, (p, p)."""
        found = self._fitted().compression
        return (found.basis * found.shrink) @ found.images

    def eigenfunctions(self, X: ArrayLike) -> Complex:
        """Eigenfunctions at states.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            With ``delays`` rows in time order; each state needs so many before it.

        Returns
        -------
        ndarray, shape (n_samples - delays, r)
            Complex; of mean square 1 over the samples fitted.  With weights the sum of their squares, each times its
            weight, is the number of samples.
        """
        found = self._fitted()
        coefs = found.compression.basis @ found.functions * np.sqrt(self._products.n_samples)
        values = self._combined(X, np.vstack((coefs.real.T, coefs.imag.T)))
        size = coefs.shape[1]
        return values[:, :size] + 1j * values[:, size:]

    def pseudospectrum(self, z: ArrayLike) -> Array:
        """The least residual that any function in the dictionary's span has at points of the complex plane.

        See `fastsci.lowrank.residual_koopman.pseudospectrum`.
        """
        return least_residuals(self._fitted().compression, z)

    def _combined(self, X: Any, coef: Array) -> Array:
        """Combinations ``coef (m, p)`` of the dictionary at states, (n, m), without its columns being stored."""
        from fastsci_kernels.regress import features

        lifting = self._lifting
        states = checks.checked(self, X, reset=False, least=lifting.delays + 1)
        plan = lifting.dictionary.plan(lifting.n_inputs)
        return features.combined(plan, windows(states, lifting.delays), np.ascontiguousarray(coef))

    def _powers(self, coef: NDArray[Any], steps: int) -> Array:
        """Coefficients in the dictionary, (p, m), of what is ``coef (r, m)`` after ``steps`` more steps."""
        found = self._fitted().compression
        further = np.linalg.matrix_power(found.step * found.shrink, steps) @ coef
        return (found.basis * found.shrink) @ further
