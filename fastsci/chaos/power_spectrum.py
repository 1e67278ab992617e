"""How differently two trajectories oscillate: the Hellinger distance D_H of their smoothed power spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._attractors import pair
from ._series import not_negative, one_of

# How each code continues a spectrum beyond its ends: Julia's "reflect" does not repeat the end, SciPy's does.
CONVENTIONS = {"gtf": "mirror", "dynamix": "reflect"}
TRUNCATE = 4.0  # deviations at which the smoothing kernel ends, in both


def power_spectrum_distance(
    truth: ArrayLike,
    generated: ArrayLike,
    *,
    smoothing: float = 20.0,
    convention: str = "gtf",
    average: bool = True,
) -> Any:
    """D_H, the Hellinger distance between the power spectra of two trajectories, averaged over components.

    Of each component, less its mean, the squared modulus of the Fourier transform at all frequencies from 0 to
    Nyquist's is smoothed by a Gaussian, divided by its sum, and compared: the distance of p and q is
    ``sqrt(sum (sqrt(p) - sqrt(q))^2 / 2)``, between 0 and 1.  Neither amplitude nor phase matters.

    Parameters
    ----------
    truth : (n_times, dim) array
        In any unit, equally spaced in time.
    generated : (n_times, dim) or (n_members, n_times, dim) array
        One trajectory or several, as long as the truth.
    smoothing : float
        Standard deviation of the Gaussian, in frequencies of the transform (it ends at 4 of them); 0 for none.  The
        distance depends on it: compare numbers of one smoothing and one length alone.
    convention : {"gtf", "dynamix"}
        Whether the spectrum is reflected about its end values, as in GTF-shPLRNN and ALRNN-DSR (Julia), or the end
        values are repeated, as in DynaMix and AL-RNN (Python); this touches the lowest and highest frequencies.
    average : bool
        False for the distance of each component.

    Returns
    -------
    float or (n_members,) ndarray; with ``average=False`` (dim,) or (n_members, dim) ndarray
        0 for equal arrays.  NaN where a value is not finite or a component is constant, which has no spectrum.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    Notes
    -----
    The Python codes take ``sqrt(1 - sum sqrt(p q))``, the same but for rounding, which makes it 1e-8 or NaN for equal
    spectra.

    References
    ----------
    Mikhaeil, Monfared, Durstewitz, NeurIPS (2022), arXiv:2110.07238; Hess, Monfared, Brenner, Durstewitz, ICML (2023),
    arXiv:2306.04406.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.chaos.power_spectrum import power_spectrum_distance
    >>> phase = 2.0 * np.pi * np.arange(4000)[:, None] / 20.0
    >>> power_spectrum_distance(np.sin(phase), 2.0 * np.cos(phase)) < 1e-9
    True
    >>> power_spectrum_distance(np.sin(phase), np.sin(3.0 * phase)) > 0.99
    True
    """
    ends = CONVENTIONS[tuple(CONVENTIONS)[one_of("convention", convention, tuple(CONVENTIONS))]]
    width = not_negative("smoothing", smoothing)

    def measure(true: np.ndarray, members: np.ndarray) -> np.ndarray:
        own = _spectra(true.T, width, ends)
        distances = np.array([_hellinger(own, _spectra(member.T, width, ends)) for member in members])
        return distances.mean(axis=1) if average else distances

    return pair(truth, generated, measure, same_length=True, each_component=not average)


def _hellinger(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return np.sqrt(0.5 * np.sum((np.sqrt(p) - np.sqrt(q)) ** 2, axis=1))


def _spectra(rows: np.ndarray, smoothing: float, ends: str) -> np.ndarray:
    """Smoothed power spectra of the rows, each with the sum 1; NaN of a constant."""
    from scipy import fft, ndimage

    spectra = np.empty((len(rows), rows.shape[1] // 2 + 1))
    for place, row in enumerate(rows):
        # Rounding of the mean would give a constant a spectrum.
        centred = row - row.mean() if np.ptp(row) else np.zeros(len(row))
        power = np.abs(fft.rfft(centred)) ** 2
        spectra[place] = (
            ndimage.gaussian_filter1d(power, smoothing, mode=ends, truncate=TRUNCATE) if smoothing else power
        )
    with np.errstate(invalid="ignore"):
        return spectra / spectra.sum(axis=1, keepdims=True)
