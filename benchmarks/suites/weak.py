"""asv: equations from the weak form, whole public calls, with how far their coefficients are from the truth."""

from __future__ import annotations

import numpy as np

import fastsci
from fastsci.sparse.libraries import PolynomialLibrary
from fastsci.sparse.mstls import MSTLS
from fastsci.sparse.pde import PDESINDy
from fastsci.sparse.pde_library import PDELibrary
from fastsci.sparse.sindy import SINDy
from fastsci.sparse.weak import WeakForm


def two_solitons() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An exact solution of ``u_t = -6 u u_x - u_xxx``, 400 x 601 as in Messenger & Bortz 2021, with 1 % of noise."""
    x, t = np.linspace(-20.0, 20.0, 400, endpoint=False), np.linspace(-2.0, 2.0, 601)
    k = np.array([1.2, 2.0])
    a, b = np.exp(k[:, None, None] * x[:, None] - k[:, None, None] ** 3 * t)
    mixed = ((k[0] - k[1]) / k.sum()) ** 2 * a * b
    f, f_x = 1 + a + b + mixed, k[0] * a + k[1] * b + k.sum() * mixed
    f_xx = k[0] ** 2 * a + k[1] ** 2 * b + k.sum() ** 2 * mixed
    u = 2 * (f_xx * f - f_x**2) / f**2
    return u + 0.01 * np.sqrt(np.mean(u**2)) * np.random.default_rng(0).normal(size=u.shape), x, t


class KortewegDeVries:
    """43 terms of which 2 are true; MATLAB took 0.39 s and was 6.7e-4 away (Messenger & Bortz 2021, i7-2670QM)."""

    params = (["weak", "strong"],)
    param_names = ("form",)

    def setup(self, form: str) -> None:
        self.u, self.x, self.t = two_solitons()
        self.fit(form)

    def fit(self, form: str) -> PDESINDy:
        library = PDELibrary(PolynomialLibrary(degree=6), derivative_order=6)
        weak = WeakForm() if form == "weak" else None
        return PDESINDy(library, weak=weak).fit(self.u, t=self.t, x=self.x)

    def time_fit(self, form: str) -> None:
        self.fit(form)

    def track_error(self, form: str) -> float:
        """Largest relative error of a coefficient; more than 1 where a term is missing or too many."""
        model = self.fit(form)
        truth = {"(u^2)_x": -3.0, "u_xxx": -1.0} if form == "weak" else {"u u_x": -6.0, "u_xxx": -1.0}
        wanted = np.array([truth.get(name, 0.0) for name in model.feature_names_])
        if not np.array_equal(model.coef_[0] != 0, wanted != 0):
            return 1.0 + float(np.sum((model.coef_[0] != 0) != (wanted != 0)))
        return float(np.abs(model.coef_[0] / np.where(wanted != 0, wanted, 1.0) - (wanted != 0)).max())

    track_error.unit = "relative, of a coefficient"


class Spirals:
    """Two fields of 256 x 256 x 201 and 181 terms, the largest case of Messenger & Bortz 2021 (MATLAB: 75 s).

    The fields turn like the waves of a reaction with diffusion; they solve no equation, which costs the same.
    """

    timeout = 300

    def setup(self) -> None:
        x, t = 20.0 / 256 * np.arange(256) - 10.0, 0.05 * np.arange(201)
        radius = np.hypot(x[:, None], x)[..., None]
        angle = np.arctan2(x[:, None], x)[..., None] - radius + t
        self.u = np.tanh(radius)[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        self.x, self.t = x, t

    def time_fit(self) -> None:
        library = PDELibrary(PolynomialLibrary(degree=5), derivative_order=4, mixed=False)
        PDESINDy(library).fit(self.u, t=self.t, x=self.x, y=self.x)

    peakmem_fit = time_fit


class Lorenz:
    """10,000 samples with 1 % of noise."""

    def setup(self) -> None:
        self.truth = np.zeros((3, 10))
        values = [-10.0, 10.0, 28.0, -1.0, -1.0, -8 / 3, 1.0]
        self.truth[[0, 0, 1, 1, 1, 2, 2], [1, 2, 1, 2, 6, 3, 5]] = values
        self.t = 2e-3 * np.arange(10_000)
        run = fastsci.solve_ensemble(
            fastsci.systems.lorenz63, (0.0, self.t[-1]), [-8.0, 7.0, 27.0],
            method="DOP853", rtol=1e-11, atol=1e-11, t_eval=self.t,
        )  # fmt: skip
        x = run.y[0].T
        self.x = x + 0.01 * np.sqrt(np.mean(x**2)) * np.random.default_rng(0).normal(size=x.shape)
        self.fit()

    def fit(self) -> SINDy:
        return SINDy(PolynomialLibrary(degree=2), MSTLS(), weak=WeakForm()).fit(self.x, t=self.t)

    def time_fit(self) -> None:
        self.fit()

    def track_error(self) -> float:
        return float(np.linalg.norm(self.fit().coef_ - self.truth) / np.linalg.norm(self.truth))

    track_error.unit = "relative, of all coefficients"
