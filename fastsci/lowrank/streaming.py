"""Singular values and vectors of rows that pass by once."""

from __future__ import annotations

import copy
from math import hypot
from numbers import Integral, Real
from typing import Any, Self

import numpy as np

from .._estimator import Estimator
from ._dmd_model import check_flag
from ._matrix import finite_matrix
from ._source import Array
from ._stream import Stream

LARGEST = {4: 1e15, 8: 1e150}  # by bytes of a number: sums of squares of such are in range
BLOCK_BYTES = 2**26  # of rows that a fit takes at a time from what lies on a disk


class StreamingSVD(Estimator):
    """Leading singular values and right singular vectors of samples that come in blocks and are not kept.

    Each block is folded into a few rows that carry the squares of all before; what is dropped on the way is summed, so
    that the result comes with a bound of its error.  Up to 256 features, or four times the rows kept, nothing is
    dropped at all.  The sizes of the blocks change no bit of the result: single rows are gathered before they are
    folded in.  Streams of parts of the data, on several machines, are merged.

    Samples are rows, as scikit-learn has them; a matrix of snapshots, whose columns are instants, is streamed as
    ``partial_fit(block.T)``, and ``components_`` are then its spatial modes.

    Parameters
    ----------
    n_components : int, optional
        Directions kept; all that the samples span where None (that takes n_features**2 numbers).
    forgetting : float
        In (0, 1]: the weight of a sample's square shrinks by this factor with each sample that follows, so that the
        last ``1 / (1 - forgetting)`` count.
    centred : bool
        Whether the mean is subtracted: principal components of the samples seen so far, whose mean is kept exactly
        and not that of each block.

    Attributes
    ----------
    components_ : ndarray, shape (r, n_features)
        Right singular vectors, orthonormal rows; in each the entry of largest magnitude is positive.  ``r`` is
        n_components, or fewer while there are fewer samples or features.
    singular_values_ : ndarray, shape (r,)
        Of all samples seen, weighted and centred as asked for; at most ``error_bound_`` below those of the batch.
    mean_ : ndarray, shape (n_features,)
        Zeros where not centred.
    n_samples_seen_ : int
    explained_variance_, explained_variance_ratio_ : ndarray, shape (r,)
        Squares of the singular values over the degrees of freedom, and over the sum of all squares.
    error_bound_ : float
        Upper bound of the Frobenius norm of what the components leave of the samples: ``|A - A V^T V|``.
    n_features_in_ : int

    Raises
    ------
    ValueError
        On samples of another width than those before, on NaN or infinities, on complex numbers.

    Notes
    -----
    ``n_components + max(10, n_components // 4)`` rows are kept and about twice as many wait.  A fold multiplies these
    with their transpose, an ``eigh`` of the size of their number rotates them, and the last are dropped [1]_ [2]_;
    directions that are below 1e-4 of the largest are rotated again among themselves, since a Gram matrix squares the
    condition.  Rounding is that of orthogonal transformations: a direction is lost below 1e-16 of the largest.

    References
    ----------
    .. [1] A. Levy and M. Lindenbaum, "Sequential Karhunen-Loeve basis extraction and its application to images", IEEE
       Transactions on Image Processing 9 (2000), 1371-1374.
    .. [2] D. Ross, J. Lim, R.-S. Lin and M.-H. Yang, "Incremental learning for robust visual tracking", International
       Journal of Computer Vision 77 (2008), 125-141: the mean.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.lowrank.streaming import StreamingSVD
    >>> samples = np.outer(np.arange(1000.0), np.ones(500)) / 1000
    >>> stream = StreamingSVD(n_components=3)
    >>> for first in range(0, 1000, 100):
    ...     stream = stream.partial_fit(samples[first : first + 100])
    >>> bool(np.isclose(stream.singular_values_[0], np.linalg.norm(samples)))
    True
    >>> stream.n_samples_seen_
    1000
    """

    _stream: Stream

    def __init__(self, n_components: int | None = None, *, forgetting: float = 1.0, centred: bool = False) -> None:
        self.n_components = n_components
        self.forgetting = forgetting
        self.centred = centred

    def fit(self, X: Any, y: None = None) -> Self:
        """Forget what was seen, and stream ``X (n_samples, n_features)`` in blocks.

        ``X`` is an array, a memory map, a sparse matrix, or what gives rows as ``X[first:last]`` (Zarr, HDF5, Dask).
        """
        for name in ("_stream", "n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
        shape = getattr(X, "shape", ())
        if len(shape) != 2 or not hasattr(X, "dtype") or 0 in shape or not hasattr(X, "__getitem__"):
            return self.partial_fit(X)
        rows = X.tocsr() if hasattr(X, "tocsr") else X
        size = max(1, BLOCK_BYTES // (8 * shape[1]))
        for first in range(0, shape[0], size):
            self.partial_fit(rows[first : first + size])
        return self

    def partial_fit(self, X: Any, y: None = None) -> Self:
        """Take in a block of samples ``X (n_rows, n_features)``, of any number of rows, dense or sparse.

        The first block says whether the stream is of float32 or float64.
        """
        rows = self._rows(X, fitted=hasattr(self, "_stream"))
        largest = float(max(rows.max(), -rows.min()))
        if largest > LARGEST[rows.dtype.itemsize]:
            raise ValueError(f"X: holds a number of size {largest:.3g}, whose square overflows; divide X by it")
        if not hasattr(self, "_stream"):
            self._check_parameters()
            wanted = None if self.n_components is None else min(int(self.n_components), rows.shape[1])
            self._stream = Stream(rows.shape[1], wanted, float(self.forgetting), bool(self.centred), rows.dtype)
        self._stream.add(rows)
        return self

    def merge(self, other: Any) -> Self:
        """Take in what another stream has seen, as though its samples came after these; ``other`` stays as it is."""
        if not isinstance(other, StreamingSVD):
            raise TypeError(f"other: is {type(other).__name__}, expected a StreamingSVD")
        for name in ("n_components", "forgetting", "centred"):
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours != theirs:
                raise ValueError(f"other: has {name}={theirs!r}, expected {ours!r} as here; make both streams alike")
        if not hasattr(other, "_stream"):
            return self
        if not hasattr(self, "_stream"):
            self._stream = copy.deepcopy(other._stream)
            self.n_features_in_ = other.n_features_in_
            if hasattr(other, "feature_names_in_"):
                self.feature_names_in_ = other.feature_names_in_
            return self
        if other.n_features_in_ != self.n_features_in_:
            raise ValueError(
                f"other: has seen samples of {other.n_features_in_} features, expected {self.n_features_in_} as here"
            )
        self._stream.merge(other._stream)
        return self

    def transform(self, X: Any) -> Array:
        """Coordinates (n_rows, r) of samples along the components."""
        self._require_fitted()
        return (self._rows(X, fitted=True) - self.mean_.astype(self.components_.dtype)) @ self.components_.T

    def inverse_transform(self, X: Any) -> Array:
        """Samples (n_rows, n_features) of given coordinates (n_rows, r)."""
        self._require_fitted()
        coordinates = finite_matrix(X, "X")
        if coordinates.shape[1] != len(self.components_):
            raise ValueError(
                f"X: has {coordinates.shape[1]} columns, expected {len(self.components_)}, a component each"
            )
        return coordinates @ self.components_ + self.mean_.astype(self.components_.dtype)

    def fit_transform(self, X: Any, y: None = None) -> Array:
        """Coordinates of the samples to which the components are fitted."""
        return self.fit(X).transform(X)

    @property
    def components_(self) -> Array:
        """Right singular vectors, orthonormal rows (r, n_features)."""
        return self._directions()[1]

    @property
    def singular_values_(self) -> Array:
        """Singular values (r,) of all samples seen, from large to small."""
        return self._directions()[0]

    @property
    def mean_(self) -> Array:
        """Mean sample (n_features,); zeros where not centred."""
        return self._fitted().settled().mean

    @property
    def n_samples_seen_(self) -> int:
        """How many samples have come."""
        return self._fitted().seen

    @property
    def explained_variance_(self) -> Array:
        """Squares of the singular values over the degrees of freedom, (r,)."""
        freedom = self._fitted().settled().weight - (1.0 if self.centred else 0.0)
        return self.singular_values_**2 / freedom if freedom > 0 else np.full(len(self.singular_values_), np.nan)

    @property
    def explained_variance_ratio_(self) -> Array:
        """Squares of the singular values over the sum of all squares, (r,)."""
        stream = self._fitted().settled()
        total = hypot(*stream.directions()[0].tolist(), np.sqrt(stream.dropped))
        values = self.singular_values_
        return (values / total) ** 2 if total > 0 else np.full(len(values), np.nan)

    @property
    def error_bound_(self) -> float:
        """Upper bound of the Frobenius norm of what the components leave of the samples."""
        stream = self._fitted().settled()
        left = stream.directions()[0][len(self.singular_values_) :].tolist()
        return hypot(*left, np.sqrt(stream.dropped)) + stream.rounding()

    @property
    def _n_features_out(self) -> int:
        return len(self.singular_values_)

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Names of the coordinates: streamingsvd0, streamingsvd1, and so on."""
        self._require_fitted()
        return np.asarray([f"streamingsvd{place}" for place in range(self._n_features_out)], dtype=object)

    def _directions(self) -> tuple[Array, Array]:
        values, right = self._fitted().directions()
        count = len(values) if self.n_components is None else min(int(self.n_components), len(values))
        return values[:count], right[:count]

    def _fitted(self) -> Stream:
        # An attribute that is missing for now is what hasattr expects of an estimator that saw no samples.
        if "_stream" not in vars(self):
            raise AttributeError(f"{type(self).__name__}: has seen no samples yet; call partial_fit(block) first")
        return self._stream

    def __sklearn_is_fitted__(self) -> bool:
        return "_stream" in vars(self)

    def _check_parameters(self) -> None:
        check_flag("centred", self.centred)
        count = self.n_components
        if count is not None and (isinstance(count, bool) or not isinstance(count, Integral) or count < 1):
            raise ValueError(f"n_components: is {count!r}, expected a positive integer, or None for all directions")
        if isinstance(self.forgetting, bool) or not isinstance(self.forgetting, Real) or not 0 < self.forgetting <= 1:
            raise ValueError(
                f"forgetting: is {self.forgetting!r}, expected a factor in (0, 1]; 1 forgets nothing, 0.999 counts the"
                " last thousand samples or so"
            )

    def _rows(self, X: Any, fitted: bool) -> Array:
        """Checked samples in float32 or float64; what is not plainly numbers is for scikit-learn to judge."""
        if np.ma.is_masked(X):
            raise ValueError("X: has masked numbers, expected all of them; fill such entries or leave their rows out")
        plain = isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "fiu" and 0 not in X.shape
        if plain and not hasattr(self, "feature_names_in_") and (not fitted or X.shape[1] == self.n_features_in_):
            rows = X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)
            if np.isfinite(rows).all():
                if not fitted:
                    self.n_features_in_ = rows.shape[1]
                return np.asarray(rows)
        from sklearn.utils.validation import validate_data

        rows = validate_data(self, X, reset=not fitted, dtype=[np.float64, np.float32], accept_sparse="csr")
        return rows.toarray() if hasattr(rows, "toarray") else rows

    def __sklearn_tags__(self) -> Any:
        """Called by scikit-learn alone."""
        from sklearn.utils import TransformerTags

        tags = super().__sklearn_tags__()
        tags.transformer_tags = TransformerTags(preserves_dtype=["float64", "float32"])
        tags.input_tags.sparse = True
        return tags
