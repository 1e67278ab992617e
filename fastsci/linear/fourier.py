"""Random Fourier features: waves whose products approximate a kernel, so that linear models replace kernel ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.linear.waves import LANES, waves
from fastsci_kernels.loops.batch import over

from .._estimator import Estimator
from ._checks import LARGEST_ROOT, Array, generators, number, whole

BLOCK_NUMBERS = 2**22  # angles that are held at once: 32 MB
SECONDS = 2e-9  # of a wave
LARGEST_SPREAD = LARGEST_ROOT**2


class RandomFourierFeatures(Estimator):
    r"""Features whose inner products approximate the Gaussian kernel ``exp(-gamma |x - x'|^2)``.

    Every frequency gives a cosine and a sine of ``w'x + b``, times ``sqrt(2 / n_features)``, with ``w`` normal of
    variance ``2 gamma`` and ``b`` uniform on the circle.  The error of an inner product falls off as
    ``n_features^(-1/2)``; a pair of cosine and sine errs less than two cosines do, and with ``orthogonal`` frequencies
    the error is smaller still.

    Parameters
    ----------
    n_features : int, default 100
        Of the map.  Up to the factor, the features of a smaller map with the same ``rng`` are the first of a larger's.
    length_scale : float, optional
        Of ``exp(-|x - x'|^2 / (2 length_scale^2))``, in the unit of the inputs.
    gamma : float, optional
        In its place, ``1 / (2 length_scale^2)``.  Where neither is given, 1 over the number of inputs and the variance
        of all their values.
    orthogonal : bool, default False
        Frequencies at right angles to one another, in blocks of as many as there are inputs.
    rng : int, numpy.random.Generator, numpy.random.SeedSequence or None
        The same one gives the same bits; None, others at each fit.

    Attributes
    ----------
    frequencies_ : ndarray, shape (n_frequencies, n_inputs)
        In radians over the unit of the inputs.
    phases_ : ndarray, shape (n_frequencies,)
    gamma_ : float
    n_features_in_ : int

    Notes
    -----
    Frequencies are taken by eights: eight cosines are followed by the eight sines.

    References
    ----------
    Rahimi and Recht, Random features for large-scale kernel machines, NIPS 2007; Sutherland and Schneider, On the error
    of random Fourier features, UAI 2015; Yu et al., Orthogonal random features, NIPS 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.linear import RandomFourierFeatures
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> Z = RandomFourierFeatures(4000, length_scale=2.0, rng=0).fit_transform(X)
    >>> squares = ((X[:, None] - X) ** 2).sum(axis=2)
    >>> Z.shape, bool(abs(Z @ Z.T - np.exp(-squares / 8)).max() < 0.06)
    ((50, 4000), True)
    """

    frequencies_: Array
    phases_: Array
    gamma_: float
    n_features_in_: int

    def __init__(
        self,
        n_features: int = 100,
        *,
        length_scale: float | None = None,
        gamma: float | None = None,
        orthogonal: bool = False,
        rng: Any = None,
    ) -> None:
        self.n_features = n_features
        self.length_scale = length_scale
        self.gamma = gamma
        self.orthogonal = orthogonal
        self.rng = rng

    def fit(self, X: Any, y: Any = None) -> Self:
        """Draw frequencies for inputs like those of ``X``.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_inputs)
        y : None

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Parameters out of range, both of ``length_scale`` and ``gamma``, or samples that are not finite.
        """
        from sklearn.utils.validation import validate_data

        checked = validate_data(self, X, dtype=np.float64)
        count = whole("n_features", self.n_features)
        orthogonal: Any = self.orthogonal
        if not isinstance(orthogonal, bool | np.bool_):
            raise TypeError(f"orthogonal: is {orthogonal!r}, expected True or False")
        self.gamma_ = self._gamma(checked)
        self._count = count
        n_inputs = checked.shape[1]
        n_frequencies = -(-count // (2 * LANES)) * LANES
        directions, turns = generators(self.rng, 2)
        normal = _orthogonal if orthogonal else np.random.Generator.standard_normal
        self.frequencies_ = np.sqrt(2.0 * self.gamma_) * normal(directions, (n_frequencies, n_inputs))
        self.phases_ = turns.uniform(0.0, 2.0 * np.pi, n_frequencies)
        return self

    def transform(self, X: Any) -> Array:
        """Features of samples.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_inputs)

        Returns
        -------
        ndarray, shape (n_samples, n_features)

        Raises
        ------
        ValueError
            Another number of inputs than the fit had, or samples that are not finite.
        """
        from sklearn.utils.validation import check_is_fitted, validate_data

        check_is_fitted(self)
        checked = validate_data(self, X, reset=False, dtype=np.float64)
        count = self._count
        return features_at(checked, self.frequencies_, self.phases_, count, float(np.sqrt(2.0 / count)))

    def fit_transform(self, X: Any, y: Any = None) -> Array:
        """``fit`` and ``transform`` of the same samples."""
        return self.fit(X).transform(X)

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> NDArray[Any]:
        """Names ``randomfourierfeatures0``, ``randomfourierfeatures1`` and so on."""
        self._require_fitted()
        return np.array([f"randomfourierfeatures{number}" for number in range(self._count)], object)

    def __sklearn_tags__(self) -> Any:
        """Called by scikit-learn alone."""
        from sklearn.utils import TransformerTags

        tags = super().__sklearn_tags__()
        tags.transformer_tags = TransformerTags()
        return tags

    def _gamma(self, X: Array) -> float:
        if self.length_scale is not None and self.gamma is not None:
            raise ValueError(
                f"gamma: is {self.gamma!r} beside length_scale={self.length_scale!r}, expected one of the two; leave"
                " the other out"
            )
        if self.length_scale is not None:
            length = number("length_scale", self.length_scale, positive=True)
            if not 1.0 / LARGEST_ROOT <= length <= LARGEST_ROOT:
                raise ValueError(
                    f"length_scale: is {length!r}, expected from {1.0 / LARGEST_ROOT:g} to {LARGEST_ROOT:g}, for its"
                    " square; rescale the inputs"
                )
            return 0.5 / length**2
        if self.gamma is not None:
            return number("gamma", self.gamma, positive=True)
        with np.errstate(over="ignore"):
            spread = float(np.var(X))
        if not spread < LARGEST_SPREAD:
            raise ValueError(f"X: has the variance {spread:g}, beyond float64; rescale it, or give length_scale")
        return 1.0 / (X.shape[1] * (spread or 1.0))


def features_at(X: Array, frequencies: Array, phases: Array, n_features: int, scale: float) -> Array:
    """Waves at samples, times ``scale``, a block of samples at a time."""
    out = np.empty((len(X), n_features))
    across = np.ascontiguousarray(frequencies.T)
    rows = max(1, BLOCK_NUMBERS // len(phases))
    for begin in range(0, len(X), rows):
        angles = X[begin : begin + rows] @ across
        angles += phases
        part = out[begin : begin + rows]

        def work(first: int, last: int, angles: Array = angles, part: Array = part) -> None:
            waves(angles, scale, part, first, last)

        over(len(part), work, SECONDS * 2 * len(phases))
    return out


def _orthogonal(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Rows at right angles by blocks, each as long as a normal vector is: every row alone has the normal law."""
    n_rows, n_inputs = shape
    blocks: list[Array] = []
    for _ in range(-(-n_rows // n_inputs)):
        drawn = rng.standard_normal((n_inputs, n_inputs))
        basis, triangle = np.linalg.qr(drawn)
        # Signs that make the basis uniform on the orthogonal group (Mezzadri 2007).
        lengths = np.linalg.norm(rng.standard_normal((n_inputs, n_inputs)), axis=1)
        blocks.append(lengths[:, None] * (basis * np.sign(np.diag(triangle))).T)
    return np.vstack(blocks)[:n_rows]
