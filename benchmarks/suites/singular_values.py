"""Randomised singular value decompositions: time, memory, and how near they are to the best."""

import numpy as np

from fastsci.lowrank import randomized_svd
from fastsci_kernels.lowrank import tall

INDEX = np.arange(1.0, 401.0)
SPECTRA = {"1/k": INDEX**-1.0, "k^-0.3": INDEX**-0.3, "exponential": np.exp(-(INDEX - 1.0) / 10.0)}


def matrix(spectrum: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    left, _ = np.linalg.qr(rng.standard_normal((2000, 400)))
    right, _ = np.linalg.qr(rng.standard_normal((400, 400)))
    return (left * SPECTRA[spectrum]) @ right


class Decomposition:
    params = tuple(SPECTRA)
    param_names = ("spectrum",)

    def setup(self, spectrum: str) -> None:
        self.A = matrix(spectrum)
        randomized_svd(self.A, 20, rng=0)

    def time_certified(self, spectrum: str) -> None:
        randomized_svd(self.A, 20, rng=0)

    def time_uncertified(self, spectrum: str) -> None:
        randomized_svd(self.A, 20, rng=0, certify=False)

    def peakmem_certified(self, spectrum: str) -> None:
        randomized_svd(self.A, 20, rng=0)

    def track_error_over_the_best(self, spectrum: str) -> float:
        found = randomized_svd(self.A, 20, rng=0)
        return float(np.linalg.norm(self.A - (found.U * found.s) @ found.Vt, 2) / SPECTRA[spectrum][20])

    def track_bound_over_the_error(self, spectrum: str) -> float:
        found = randomized_svd(self.A, 20, rng=0)
        return found.error_bound / float(np.linalg.norm(self.A - (found.U * found.s) @ found.Vt, 2))


class Products:
    params = ("float64", "float32")
    param_names = ("kind",)

    def setup(self, kind: str) -> None:
        rng = np.random.default_rng(0)
        self.A = rng.standard_normal((4000, 1000)).astype(kind)
        self.right = rng.standard_normal((1000, 16)).astype(kind)
        self.left = rng.standard_normal((4000, 16)).astype(kind)
        self.time_both_in_one_reading(kind)
        self.time_symmetric(kind)

    def time_both_in_one_reading(self, kind: str) -> None:
        tall.gram_product(self.A, self.right)

    def time_both_across(self, kind: str) -> None:
        tall.adjoint_gram_product(self.A, self.left)

    def time_symmetric(self, kind: str) -> None:
        tall.gram(self.A[:, :200].copy())
