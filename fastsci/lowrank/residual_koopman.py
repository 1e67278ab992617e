"""Residual dynamic mode decomposition: which eigenvalues of a dictionary are the Koopman operator's own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..sparse.libraries import Library
from . import _koopman_checks as checks
from ._koopman import DictionaryKoopman
from ._koopman_products import Array
from .dictionary_koopman import StepKoopman


class ResDMD(StepKoopman):
    """Residual dynamic mode decomposition (Colbrook & Townsend 2024).

    A dictionary that the Koopman operator does not map into itself has eigenvalues that are none of the operator's.
    The products of its images tell them apart: the residual of a pair, ``|K g - lambda g| / |g|`` on the samples, is

        res^2 = g* (L - lambda A* - conj(lambda) A + |lambda|^2 G) g / (g* G g),

    where ``G``, ``A`` and ``L`` are the products of the terms, of terms and images, and of images.  It is summed here
    from what the least squares leave over, without that difference: residuals keep their digits down to 1e-8 of the
    largest one.

    For a stochastic system ``|K g - lambda g|`` of single samples holds the variance of the noise: residuals are then
    those of the variance-aware form and do not go to 0 (Colbrook, Li, Raut & Townsend 2024).

    Parameters
    ----------
    library, rank, alpha, delays
        As of `EDMD`.
    refine : {"auto", True, False}, default True
        As of `EDMD`; without a second pass residuals below 1e-7 or so are rounding.

    Attributes
    ----------
    residuals_ : ndarray, shape (r,)
        Of the eigenpairs, in the order of ``eigenvalues_``.
    eigenvalues_, koopman_matrix_, modes_, rank_, condition_, n_passes_, feature_names_
        As of `EDMD`.

    References
    ----------
    Colbrook & Townsend, Commun. Pure Appl. Math. 77 (2024) 221; Colbrook, Ayton & Szoke, J. Fluid Mech. 955 (2023) A21;
    Colbrook, Li, Raut & Townsend, Nonlinear Dyn. 112 (2024) 2037.

    Examples
    --------
    ``x -> x^2 / 2`` on (0, 1) takes powers of x to powers: of those up to 3, 1 alone is an eigenfunction.

    >>> import numpy as np
    >>> from fastsci.lowrank.residual_koopman import ResDMD
    >>> from fastsci.sparse.libraries import PolynomialLibrary
    >>> x = np.linspace(0.01, 1.0, 200)[:, None]
    >>> model = ResDMD(PolynomialLibrary(degree=3)).fit(x, x**2 / 2)
    >>> model.eigenvalues_[model.verified(1e-6)].real.round(8)
    array([1.])
    >>> int(model.verified(np.inf).sum())
    4
    """

    def __init__(
        self,
        library: Library | None = None,
        *,
        rank: int | float | None = None,
        alpha: float = 0.0,
        delays: int = 0,
        refine: bool | str = True,
    ) -> None:
        self.library = library
        self.rank = rank
        self.alpha = alpha
        self.delays = delays
        self.refine = refine

    def verified(self, tol: Any) -> NDArray[np.bool_]:
        """Which eigenvalues have a residual of at most ``tol``, (r,).

        Each of them is within ``tol`` of the operator's approximate point spectrum, up to the error of the samples.

        Parameters
        ----------
        tol : float
            Positive, in units of the eigenvalues.
        """
        wanted = "a positive number, such as 1e-3, in units of the eigenvalues"
        return self.residuals_ <= checks.real(tol, "tol", wanted, least=checks.SMALLEST, most=np.inf)


def pseudospectrum(estimator: Any, z: ArrayLike) -> Array:
    """The least residual that any function in a dictionary's span has at points of the complex plane.

    ``min over g of |K g - z g| / |g|`` on the samples: where it is below epsilon, ``z`` is in the
    epsilon-pseudospectrum of the operator, which eigenvalues of a matrix, however many, do not show.

    Parameters
    ----------
    estimator : EDMD, ResDMD or GeneratorEDMD
        Fitted.
    z : array_like of complex, any shape
        Points; all threads share them.

    Returns
    -------
    ndarray, shape of ``z``

    Raises
    ------
    TypeError, ValueError
        For another estimator, and points that are not finite.

    References
    ----------
    Colbrook & Townsend, Commun. Pure Appl. Math. 77 (2024) 221, algorithm 3.

    Examples
    --------
    Of a rotation every point off the unit circle is as far from the spectrum as from the circle's nearest eigenvalue.

    >>> import numpy as np
    >>> from fastsci.lowrank.residual_koopman import ResDMD, pseudospectrum
    >>> from fastsci.sparse.libraries import FourierLibrary
    >>> angle = np.arange(1000.0)[:, None] % (2 * np.pi)
    >>> model = ResDMD(FourierLibrary()).fit(angle)
    >>> pseudospectrum(model, [np.exp(1j), 2 * np.exp(1j)]).round(8) + 0.0
    array([0., 1.])
    """
    if not isinstance(estimator, DictionaryKoopman):
        raise TypeError(f"estimator: is {estimator!r}, expected a fitted EDMD, ResDMD or GeneratorEDMD")
    return estimator.pseudospectrum(z)
