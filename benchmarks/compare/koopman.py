"""The Koopman operator on a dictionary against kooplearn's, on the same samples and the same dictionary.

kooplearn takes the dictionary's columns as a trajectory: they are made beforehand by the library's own kernel, and are
timed with its fit, since they are with ours.  Its ridge is 0 (None), its rank that of the dictionary, its solver dense.
The error of both is the distance of their eigenvalues to those of NumPy's least squares on the stored columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np

from benchmarks.compare.row import Row
from benchmarks.compare.timing import PAIRS, compare
from fastsci.lowrank.dictionary_koopman import EDMD
from fastsci.sparse.libraries import FourierLibrary, Library, PolynomialLibrary

CASES: dict[str, tuple[Library, int, int]] = {
    "polynomials of degree 3, 3 states, 100,000 samples": (PolynomialLibrary(degree=3), 3, 100_000),
    "polynomials of degree 5, 3 states, 100,000 samples": (PolynomialLibrary(degree=5), 3, 100_000),
    "4 waves of each of 3 states, 100,000 samples": (
        PolynomialLibrary(degree=0) + FourierLibrary(n_frequencies=4),
        3,
        100_000,
    ),
}


def trajectory(width: int, n: int) -> np.ndarray:
    """Coupled noisy rotations, bounded."""
    rng = np.random.default_rng(0)
    noise = 0.3 * rng.normal(size=(n, width))
    matrix = np.linalg.qr(rng.normal(size=(width, width)))[0]
    x = np.empty((n, width))
    x[0] = rng.normal(size=width)
    for k in range(n - 1):
        x[k + 1] = np.sin(matrix @ x[k]) + noise[k + 1]
    return x


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest distance of an expected eigenvalue to the nearest found."""
    return max(float(np.abs(found - value).min()) for value in expected)


def rows(pairs: int = PAIRS, cases: dict[str, tuple[Library, int, int]] | None = None) -> Iterator[Row]:
    """Each dictionary against kooplearn's."""
    for name, (library, width, n) in (CASES if cases is None else cases).items():
        figure = f"Koopman operator on {name}, against kooplearn's PCR"
        if find_spec("kooplearn") is None:
            yield Row(figure, at_least=1.0, note="not run: kooplearn is not installed")
            continue
        from kooplearn.linear_model import Ridge

        x = trajectory(width, n)
        columns = library.fit_transform(x)
        exact = np.linalg.eigvals(np.linalg.lstsq(columns[:-1], columns[1:], rcond=None)[0])
        ours = EDMD(library, refine=False)
        # Scaled to unit mean squares, as ours are by themselves: of terms of any size it drops the small ones.
        scale = np.sqrt(np.mean(columns**2, axis=0))
        theirs = Ridge(alpha=None, reduced_rank=False, eigen_solver="dense")

        def fit_peer(library=library, x=x, scale=scale, theirs=theirs) -> np.ndarray:
            return theirs.fit(library.transform(x) / scale).eig()

        def fit_ours(ours=ours, x=x) -> np.ndarray:
            return ours.fit(x).eigenvalues_

        library.fit(x)
        own, other = distance(fit_ours(), exact), distance(fit_peer(), exact)
        found = compare(fit_ours, fit_peer, pairs)
        yield Row(
            figure, found.median, found.low, found.high, at_least=1.0, steps_per_second=n / found.seconds_a,
            peer_steps_per_second=n / found.seconds_b, errors={"eigenvalues": own},
            peer_errors={"eigenvalues": other},
            note=f"samples a second ({found.seconds_a:.3g} s, and {found.seconds_b:.3g} s with the columns made by"
            " the same kernel); errors are distances to the eigenvalues of NumPy's least squares",
        )  # fmt: skip


if __name__ == "__main__":
    for row in rows():
        print(row.figure, f"{row.value} ({row.low} to {row.high})", row.errors, row.peer_errors, row.note, flush=True)
