"""Generator extended dynamic mode decomposition: the Koopman generator on a dictionary, from drift and noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .. import _function, _pointwise
from ..sparse.libraries import Library, plan_of
from ..system import System
from . import _koopman_checks as checks
from ._koopman import DictionaryKoopman, Lifting
from ._koopman_generator_terms import Noise, generator_terms
from ._koopman_products import Array, Block, Products, Samples, of_blocks
from ._koopman_samples import BLOCK_BYTES, FEWEST_ROWS

NONE = Noise(0, True)


@dataclass(frozen=True)
class Driven(Samples):
    """States with their drift, and noise in rows ``(n, d)`` or ``(n, d m)``."""

    library: Library
    states: Array
    drift: Array
    noise: Array
    kind: Noise

    @property
    def n_samples(self) -> int:
        """Samples of a pass."""
        return len(self.states)

    def products(self) -> Products:
        """The sums of a pass."""
        return of_blocks(self)

    def blocks(self) -> Iterator[Block]:
        """The dictionary and the generator's images of it, block by block."""
        from fastsci_kernels.regress import features

        width = self.states.shape[1]
        terms = self.library.terms(width)
        images = generator_terms(terms, width, self.kind)
        plan = plan_of((*terms, *images.terms), 2 * width + self.noise.shape[1], 0, moments=False)
        size = max(BLOCK_BYTES // (16 * len(plan.columns)), FEWEST_ROWS)
        for first in range(0, len(self.states), size):
            part = slice(first, first + size)
            state, drift = self.states[part].astype(np.float64), self.drift[part].astype(np.float64)
            found = features.values(plan, np.hstack((state, drift, self.noise[part])))
            summed = np.add.reduceat(found[:, len(terms) :] * images.factors, images.starts, axis=1)
            yield Block(found[:, : len(terms)], summed, state, drift)


class GeneratorEDMD(DictionaryKoopman):
    """Generator extended dynamic mode decomposition (Klus et al. 2020).

    The generator of dx = b(x) dt + s(x) dW takes a function g of the state to the rate of its expectation,

        L g = b . grad g + 1/2 tr(s s' Hess g),

    and of a differential equation, without s, to its derivative along the flow.  Derivatives of the dictionary are
    exact; no step of time is involved.

    Parameters
    ----------
    library : Library, optional
        The dictionary, of `fastsci.sparse`; functions of your own are differentiated too.
        ``PolynomialLibrary(degree=2)`` unless given.
    system : System, optional
        Where drift and noise (Ito) come from; otherwise they are given to `fit`.
    rank, alpha, refine
        As of `EDMD`.

    Attributes
    ----------
    eigenvalues_ : ndarray, shape (r,)
        Complex, per unit of time, from the largest real part to the smallest.
    generator_matrix_ : ndarray, shape (p, p)
        Columns are the images of the terms.
    modes_, residuals_, rank_, condition_, n_passes_, n_samples_, feature_names_
        As of `EDMD`.

    Raises
    ------
    ValueError, TypeError
        From `fit`, with the argument's name, its value and what was expected.

    References
    ----------
    Klus, Nuske, Peitz, Niemann, Clementi & Schutte, Physica D 406 (2020) 132416.

    Examples
    --------
    The Ornstein-Uhlenbeck process dx = -x dt + sqrt(2) dW has the eigenvalues 0, -1, -2, ...

    >>> import numpy as np
    >>> from fastsci.lowrank.generator_koopman import GeneratorEDMD
    >>> from fastsci.sparse.libraries import PolynomialLibrary
    >>> x = np.linspace(-2.0, 2.0, 50)[:, None]
    >>> model = GeneratorEDMD(PolynomialLibrary(degree=3)).fit(x, -x, diffusion=[np.sqrt(2.0)])
    >>> model.eigenvalues_.real.round(8) + 0.0
    array([ 0., -1., -2., -3.])
    >>> model.predict([[2.0]], t=1.0).round(6)
    array([[0.735759]])
    """

    _continuous = True

    def __init__(
        self,
        library: Library | None = None,
        *,
        system: System | None = None,
        rank: int | float | None = None,
        alpha: float = 0.0,
        refine: bool | str = "auto",
    ) -> None:
        self.library = library
        self.system = system
        self.rank = rank
        self.alpha = alpha
        self.refine = refine

    def fit(
        self, X: Any, y: Any = None, *, diffusion: ArrayLike | None = None, t: Any = 1.0, params: Any = None
    ) -> Self:
        """Learn the generator.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features), or list of them
            States, in any order where the drift is known.
        y : array_like, shape (n_samples, n_features), or list of them, optional
            The drift at each state: the derivative, of a differential equation.  A one-dimensional ``y`` beside several
            features is taken for the target of another step of a pipeline, and left alone.
        diffusion : array_like, shape (n_features,), (n_samples, n_features) or (n_samples, n_features, n_noises)
            What multiplies the noise of each component, the same everywhere or at each state, or how much each of
            several noises moves each component.  None for a differential equation, or what ``system`` says.
        t : float or array_like, shape (n_samples,)
            Where neither ``system`` nor ``y`` gives the drift, the time step or the times of states in time order: the
            drift is then their derivative by central differences.
        params : mapping or array, optional
            Parameters of ``system``, as of `fastsci.jvp`.

        Returns
        -------
        self
        """
        self._forget()
        samples = self._driven(X, y, diffusion, t, params, reset=True)
        return self._learn(samples, Lifting(samples.library, samples.states.shape[1], 0))

    def score(self, X: Any, y: Any = None, *, t: Any = 1.0, params: Any = None) -> float:
        """Coefficient of determination of the drift, the mean over features.

        Parameters
        ----------
        X, y, t, params
            As in `fit`.
        """
        from sklearn.metrics import r2_score

        self._fitted()
        driven = self._driven(X, y, None, t, params, reset=False)
        return float(r2_score(driven.drift, self.drift(driven.states)))

    def _driven(self, X: Any, y: Any, diffusion: Any, t: Any, params: Any, *, reset: bool) -> Driven:
        pieces = checks.pieces(self, X, y, None, delays=0, reset=reset)
        given = self.system is not None
        if given and not isinstance(self.system, System):
            raise TypeError(f"system: is {self.system!r}, expected a fastsci.System; give System(function)")
        if params is not None and not given:
            raise ValueError("params: are given without a system, expected both; give system, or leave params out")
        if given and any(piece.after is not None for piece in pieces):
            raise ValueError("y: is given together with system, expected one of them; leave y out")
        drifts: list[Array] = []
        for piece in pieces:
            if piece.after is not None:
                drifts.append(piece.after)
            elif self.system is not None:
                drifts.append(_at(self.system, piece.states, params))
            else:
                from ..sparse.differentiation import FiniteDifference

                drifts.append(FiniteDifference().differentiate(np.asarray(piece.states, np.float64), t))
        parts = [piece.states for piece in pieces]
        states = np.concatenate(parts) if len(parts) > 1 else parts[0]
        drift = np.concatenate(drifts) if len(drifts) > 1 else drifts[0]
        if diffusion is None and self.system is not None and self.system.noise is not None:
            diffusion = _at(_as_drift(self.system), states, params)
        noise, kind = _noise(diffusion, states)
        return Driven(self._dictionary, states, drift, noise, kind)

    @property
    def generator_matrix_(self) -> Array:
        """The generator on coefficients of the dictionary, (p, p): columns are the images of its terms."""
        return self._matrix

    def drift(self, X: ArrayLike) -> Array:
        """The rate of the expected state at states, (n_samples, n_features)."""
        found = self._fitted()
        return self._combined(X, self._powers(found.compression.ahead, 0).T)

    def predict(self, X: ArrayLike, t: Any = 1.0) -> Array:
        """The expected state after a time.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
        t : float, default 1.0

        Returns
        -------
        ndarray, shape (n_samples, n_features)
            Not finite where the operator's growth in that time exceeds float64.
        """
        from scipy.linalg import expm

        found = self._fitted().compression
        time = checks.real(t, "t", "a finite time")
        with np.errstate(over="ignore", invalid="ignore"):
            later = expm(time * found.step * found.shrink) @ found.state
        return self._combined(X, ((found.basis * found.shrink) @ later).T)


def _at(system: System, states: Array, params: Any) -> Array:
    """The value of a system's function at states, (n, d)."""
    if system.kind != "flow":
        raise ValueError(f"system: is {system!r}, expected a flow; a map has no generator: fit EDMD to its iterates")
    return np.asarray(_pointwise.evaluate(system, np.ascontiguousarray(states, np.float64), params=params))


def _as_drift(system: System) -> System:
    """The system whose function is the noise of another."""
    function = _function.plain_function(system.noise)
    return replace(system, fun=function, style=_function.style(function), noise=None, jac=None, jvp=None)


def _noise(diffusion: Any, states: Array) -> tuple[Array, Noise]:
    """Noise as rows, and how they are to be read."""
    n, width = states.shape
    if diffusion is None:
        return np.empty((n, 0)), NONE
    found = checks.reals(diffusion, "diffusion")
    if found.shape == (width,):
        found = np.broadcast_to(found, (n, width))
    if found.ndim not in (2, 3) or found.shape[:2] != (n, width):
        raise ValueError(
            f"diffusion: has shape {found.shape}, expected ({width},), ({n}, {width}) or ({n}, {width}, n_noises);"
            " of a constant matrix give numpy.broadcast_to(matrix, (n_samples, *matrix.shape))"
        )
    if not np.isfinite(found).all():
        raise ValueError("diffusion: holds nan or inf, expected finite numbers; clean it")
    if found.ndim == 2:
        return found, Noise(width, True)
    return found.reshape(n, -1), Noise(found.shape[2], False)
