"""asv: ensembles of sparse models, constrained and implicit regressions; whole public calls."""

from __future__ import annotations

import numpy as np

import fastsci
from fastsci.sparse.constrained import ConstrainedSTLSQ
from fastsci.sparse.constraints import energy_preserving_constraints
from fastsci.sparse.ensembling import EnsembleSINDy
from fastsci.sparse.implicit import ImplicitSINDy
from fastsci.sparse.libraries import PolynomialLibrary
from fastsci.sparse.sindy import SINDy


def lorenz(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Noisy derivatives along the attractor."""
    system = fastsci.systems.get("lorenz63")
    t = np.linspace(0.0, 0.002 * n, n)
    run = fastsci.solve_ensemble(system, (0.0, t[-1]), system.default_y0, method="DOP853", t_eval=t)
    states = np.ascontiguousarray(run.y[0].T)
    x, y, z = states.T
    slopes = np.stack([10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z], axis=1)
    return states, slopes + np.random.default_rng(0).standard_normal(slopes.shape)


class Bootstraps:
    """A thousand bootstraps of Lorenz's system, 20 terms, 100,000 samples."""

    params = (["blocks", "samples"], [0, 3])
    param_names = ("bootstrap", "terms_left_out")
    timeout = 300

    def setup(self, bootstrap, left_out):
        self.states, self.slopes = lorenz(100_000)
        self.model = EnsembleSINDy(
            1000, library=PolynomialLibrary(degree=3), bootstrap=bootstrap, library_ensemble=left_out, rng=0
        )
        self.time_fit(bootstrap, left_out)

    def time_fit(self, bootstrap, left_out):
        self.model.fit(self.states, x_dot=self.slopes)

    def peakmem_fit(self, bootstrap, left_out):
        self.model.fit(self.states, x_dot=self.slopes)

    def track_disagreement(self, bootstrap, left_out):
        """Largest error of the ensemble's coefficients in units of their standard deviation."""
        truth = np.zeros((3, 20))
        truth[[0, 0, 1, 1, 1, 2, 2], [1, 2, 1, 2, 6, 3, 5]] = -10.0, 10.0, 28.0, -1.0, -1.0, -8.0 / 3.0, 1.0
        error = np.abs(self.model.coef_ - truth)
        return float(np.max(error[truth != 0] / self.model.coef_std_[truth != 0]))

    track_disagreement.unit = "standard deviations"


class LargeBootstraps:
    """Fifty bootstraps of six states, 462 terms, 64,000 samples."""

    timeout = 300

    def setup(self):
        rng = np.random.default_rng(0)
        self.states = rng.uniform(-1.0, 1.0, (64_000, 6))
        after, next_but_one = (np.roll(self.states, -shift, axis=1) for shift in (1, 2))
        self.slopes = after * next_but_one - self.states + 0.01 * rng.standard_normal(self.states.shape)
        self.model = EnsembleSINDy(50, library=PolynomialLibrary(degree=5), rng=0)
        self.time_fit()

    def time_fit(self):
        self.model.fit(self.states, x_dot=self.slopes)

    def peakmem_fit(self):
        self.model.fit(self.states, x_dot=self.slopes)


class Constrained:
    """Models of several states whose quadratic part conserves energy."""

    params = ([3, 6, 9],)
    param_names = ("states",)

    def setup(self, states):
        rng = np.random.default_rng(0)
        self.states = rng.normal(size=(5000, states))
        self.slopes = np.roll(self.states, 1, axis=1) - self.states + 0.1 * rng.standard_normal(self.states.shape)
        library = PolynomialLibrary(degree=2)
        lhs, rhs = energy_preserving_constraints(library, states)
        self.model = SINDy(library, ConstrainedSTLSQ(constraint_lhs=lhs, constraint_rhs=rhs))
        self.time_fit(states)

    def time_fit(self, states):
        self.model.fit(self.states, x_dot=self.slopes)


class Implicit:
    """Two genes that repress each other: rational equations, 16 and 25 candidates a state."""

    params = ([3, 4],)
    param_names = ("degree",)

    def setup(self, degree):
        self.states = np.random.default_rng(1).uniform(0.0, 4.0, (20_000, 2))
        u, v = self.states.T
        self.slopes = np.stack([3.0 / (1.0 + v * v) - u, 2.5 / (1.0 + u * u) - v], axis=1)
        self.model = ImplicitSINDy(PolynomialLibrary(degree), PolynomialLibrary(degree - 1))
        self.time_fit(degree)

    def time_fit(self, degree):
        self.model.fit(self.states, x_dot=self.slopes)

    def track_error(self, degree):
        return float(self.model.errors_.max())

    track_error.unit = "relative"
