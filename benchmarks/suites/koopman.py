"""asv: Koopman operators on dictionaries, their generators, residuals and pseudospectra."""

from __future__ import annotations

import numpy as np

from fastsci.lowrank.dictionary_koopman import EDMD
from fastsci.lowrank.generator_koopman import GeneratorEDMD
from fastsci.lowrank.residual_koopman import ResDMD
from fastsci.sparse.libraries import FourierLibrary, Library, PolynomialLibrary, RadialBasisLibrary

ROTATION = np.array([[0.9, 0.3, 0.0], [-0.3, 0.9, 0.1], [0.0, -0.1, 0.8]])


def pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    """States and what a smooth map makes of them."""
    x = np.random.default_rng(0).normal(size=(n, 3))
    return x, np.sin(x @ ROTATION)


def dictionary(name: str) -> Library:
    centres = np.random.default_rng(1).normal(size=(100, 3))
    return {
        "polynomial 3": PolynomialLibrary(degree=3),
        "polynomial 5": PolynomialLibrary(degree=5),
        "fourier": PolynomialLibrary(degree=0) + FourierLibrary(n_frequencies=5),
        "radial": RadialBasisLibrary(centres, width=1.5),
    }[name]


class Fit:
    params = (["polynomial 3", "polynomial 5", "fourier", "radial"], [True, False])
    param_names = ("dictionary", "refine")

    def setup(self, name: str, refine: bool) -> None:
        self.x, self.y = pairs(50_000)
        self.model = EDMD(dictionary(name), refine=refine).fit(self.x, self.y)

    def time_fit(self, name: str, refine: bool) -> None:
        self.model.fit(self.x, self.y)

    def time_predict(self, name: str, refine: bool) -> None:
        self.model.predict(self.x)


class Residuals:
    def setup(self) -> None:
        self.model = ResDMD(PolynomialLibrary(degree=5)).fit(*pairs(5_000))
        real, imaginary = np.meshgrid(np.linspace(-1.2, 1.2, 30), np.linspace(0.0, 1.2, 15))
        self.z = real + 1j * imaginary

    def time_pseudospectrum(self) -> None:
        self.model.pseudospectrum(self.z)

    def track_linear_residual(self) -> float:
        x, _ = pairs(5_000)
        return float(ResDMD(PolynomialLibrary(degree=3)).fit(x, x @ ROTATION).residuals_.max())


class Generators:
    def setup(self) -> None:
        self.x, _ = pairs(20_000)
        self.model = GeneratorEDMD(PolynomialLibrary(degree=3)).fit(self.x, -self.x, diffusion=[1.0, 1.0, 1.0])

    def time_fit(self) -> None:
        self.model.fit(self.x, -self.x, diffusion=[1.0, 1.0, 1.0])
