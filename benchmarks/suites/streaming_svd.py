"""asv: streams of samples, sparse and stored matrices, and the decompositions around them; short runs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import scipy.sparse

from fastsci.lowrank.economy import economy_svd
from fastsci.lowrank.orthogonal_modes import POD
from fastsci.lowrank.out_of_core import svd_out_of_core
from fastsci.lowrank.randomized import randomized_svd
from fastsci.lowrank.streaming import StreamingSVD


def samples(count: int, features: int) -> np.ndarray:
    """Normal samples whose features decay."""
    return np.random.default_rng(0).normal(size=(count, features)) * np.arange(1, features + 1.0) ** -0.7


class Stream:
    params = ([(10_000, 100, 10, 500), (4_000, 2_000, 20, 200), (2_000, 500, 20, 1)],)
    param_names = ("samples_features_components_block",)

    def setup(self, shape: tuple[int, int, int, int]) -> None:
        self.samples = samples(*shape[:2])
        self.time_stream(shape)

    def time_stream(self, shape: tuple[int, int, int, int]) -> None:
        self.stream = StreamingSVD(shape[2])
        for first in range(0, shape[0], shape[3]):
            self.stream.partial_fit(self.samples[first : first + shape[3]])
        self.found = self.stream.components_

    def track_excess(self, shape: tuple[int, int, int, int]) -> float:
        """What the components leave over what the best ones leave, less one."""
        left = np.linalg.norm(self.samples - self.samples @ self.found.T @ self.found)
        return float(left / np.linalg.norm(np.linalg.svd(self.samples, compute_uv=False)[shape[2] :]) - 1.0)

    track_excess.unit = "relative"


class Sparse:
    def setup(self) -> None:
        self.matrix = scipy.sparse.random_array(
            (50_000, 10_000), density=1e-3, format="csr", rng=np.random.default_rng(0)
        )
        self.time_randomized_svd()

    def time_randomized_svd(self) -> None:
        randomized_svd(self.matrix, 20, rng=0)

    def time_pod(self) -> None:
        POD(10).fit(self.matrix)


class Stored:
    def setup(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name, "a.npy")
        np.save(path, samples(20_000, 500))
        self.matrix = np.load(path, mmap_mode="r")
        self.time_svd_out_of_core()

    def time_svd_out_of_core(self) -> None:
        svd_out_of_core(self.matrix, 20, n_iter=1, memory_limit="20MB", rng=0)

    def teardown(self) -> None:
        del self.matrix
        self.folder.cleanup()


class Economy:
    params = (["products", "gram", "householder"],)
    param_names = ("method",)

    def setup(self, method: str) -> None:
        self.matrix = np.random.default_rng(0).normal(size=(50_000, 50))

    def time_economy_svd(self, method: str) -> None:
        economy_svd(self.matrix, method=method)

    def track_error(self, method: str) -> float:
        """The largest error of a singular value over the largest of them."""
        exact = np.linalg.svd(self.matrix, compute_uv=False)
        return float(np.abs(economy_svd(self.matrix, method=method)[1] - exact).max() / exact[0])

    track_error.unit = "relative"
