"""Dynamic mode decomposition from one product of the snapshots with themselves."""

from __future__ import annotations

from typing import Any, Self

from ._dmd_coordinates import combine, coordinates
from ._dmd_model import FIT_TO, SnapshotModel, check_choice, check_debias, check_flag, side_by_side
from ._snapshots import step, trajectories


class DMD(SnapshotModel):
    """Dynamic mode decomposition: the linear step that best takes each snapshot to the next, by its eigenvectors.

    The exact DMD of Tu et al.: with ``X1 = U S V^H`` the snapshots that have a successor and ``X2`` their successors,
    ``eigs`` are the eigenvalues of ``U^H X2 V S^-1`` and ``modes`` the vectors ``X2 V S^-1 w`` of its eigenvectors
    ``w``.  Everything small comes from the product of all snapshots with themselves, one pass over the data; where it
    would hide singular values that matter (those below a thousandth of the largest), a second product of the rotated
    snapshots resolves them down to rounding, as a QR decomposition would.

    Parameters
    ----------
    rank : int, float or None, default=None
        Directions that are kept: a number, a fraction below 1 of the squared norm, or None for all that rounding does
        not hide. Data with noise needs a rank.
    exact : bool, default=True
        Modes in the space of the successors; False gives the projected modes ``U w``.
    debias : {None, "forward-backward", "total"}, default=None
        Noise in the snapshots pulls eigenvalues inwards. ``"forward-backward"`` takes the geometric mean of the step
        forward and the inverse of the step backward (modes are then projected ones); ``"total"`` first projects both
        sides on the leading directions in time of the two together (total least squares) and needs a rank, or more
        snapshots than variables: then the rank is at most the number of variables.
    fit_to : {"all", "first"}, default="all"
        Snapshots that amplitudes are fitted to, by least squares: all of a trajectory, or its first alone.

    Attributes
    ----------
    eigs : ndarray, shape (r,)
        Of one step. Of real snapshots: in exactly conjugate pairs, side by side. In the order of the amplitudes.
    modes : ndarray, shape (n_space, r)
        Of unit length.
    amplitudes : ndarray, shape (r,)
        Of the first snapshot (of the first trajectory).
    trajectory_amplitudes : ndarray, shape (n_trajectories, r)
    singular_values : ndarray
        Of the snapshots that have a successor.
    route : {"gram", "gram twice", "direct"}
        From one product of the snapshots, from two, or from the snapshots themselves, where they are short.
    dt : float
    n_snapshots : int

    Notes
    -----
    Single precision and complex snapshots are kept; what is small is computed in double precision. Memory: the
    snapshots, the modes, and ``n_times**2`` numbers.

    References
    ----------
    .. [1] J. H. Tu, C. W. Rowley, D. M. Luchtenburg, S. L. Brunton, J. N. Kutz, On dynamic mode decomposition: theory
       and applications, J. Comput. Dyn. 1 (2014) 391-421.
    .. [2] M. R. Jovanovic, P. J. Schmid, J. W. Nichols, Sparsity-promoting dynamic mode decomposition, Phys. Fluids 26
       (2014) 024103.
    .. [3] S. T. M. Dawson, M. S. Hemati, M. O. Williams, C. W. Rowley, Characterizing and correcting for the effect of
       sensor noise in the dynamic mode decomposition, Exp. Fluids 57 (2016) 42.
    .. [4] M. S. Hemati, C. W. Rowley, E. A. Deem, L. N. Cattafesta, De-biasing the dynamic mode decomposition for
       applied Koopman spectral analysis, Theor. Comput. Fluid Dyn. 31 (2017) 349-368.

    Examples
    --------
    A wave that travels, and one that decays:

    >>> import numpy as np
    >>> x, t = np.linspace(0, 1, 500)[:, None], 0.1 * np.arange(60)
    >>> X = np.sin(2 * np.pi * (3 * x - 0.5 * t)) + np.exp(-0.2 * t) * np.cos(5 * x)
    >>> model = DMD(rank=3).fit(X, dt=0.1)
    >>> np.sort_complex(np.round(model.rates, 6))
    array([-0.2+0.j      ,  0. -3.141593j,  0. +3.141593j])
    >>> bool(np.abs(model.reconstruct() - X).max() < 1e-12)
    True
    >>> model.forecast(2).shape
    (500, 2)
    """

    def __init__(self, rank: Any = None, *, exact: bool = True, debias: str | None = None, fit_to: str = "all") -> None:
        self.rank = rank
        self.exact = exact
        self.debias = debias
        self.fit_to = fit_to

    def fit(self, X: Any, dt: float = 1.0) -> Self:
        """Fit snapshots.

        Parameters
        ----------
        X : array_like, shape (n_space, n_times), or a list of such
            Columns are instants. Several trajectories of one system have one length each.
        dt : float, default=1.0
            Time between snapshots.

        Raises
        ------
        ValueError
            If ``X`` has fewer than two snapshots or holds what is not finite, ``dt`` is not positive, or an option is
            unknown.
        TypeError
            If ``X``, ``rank`` or ``dt`` are not numbers.
        """
        parts = trajectories(X)
        check_choice("fit_to", self.fit_to, FIT_TO)
        check_debias(self.debias, self.rank, len(parts[0]), sum(part.shape[1] - 1 for part in parts))
        self.dt = step(dt)
        columns = side_by_side(parts)
        x, self.route = coordinates(columns, self.rank)
        weights = self._fit_coordinates(
            x,
            [part.shape[1] for part in parts],
            self.rank,
            columns,
            exact=check_flag("exact", self.exact),
            debias=self.debias,
            fit_to=self.fit_to,
        )
        self.modes = combine(columns, weights, self.eigs)
        return self
