"""A matrix in a file: its decomposition over the time to read it; and streams of blocks against scikit-learn."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.compare.row import Row
from benchmarks.compare.timing import PAIRS, compare
from fastsci.lowrank.out_of_core import svd_out_of_core
from fastsci.lowrank.streaming import StreamingSVD

GIGABYTES = 8.0
COLUMNS = 4_000
COMPONENTS = 20
MEMORY = "1GB"
AT_A_TIME = 2**23  # bytes of a read
ROUNDS = 3
STREAMS = {  # samples, features, components, rows of a block
    "20,000 x 1,000, k=20, blocks of 2,000": (20_000, 1_000, 20, 2_000),
    "4,000 x 5,000, k=20, blocks of 100": (4_000, 5_000, 20, 100),
    "20,000 x 100, k=10, blocks of 500": (20_000, 100, 10, 500),
}


def write(path: Path, gigabytes: float) -> tuple[int, int]:
    """A matrix of decaying directions and noise, written by blocks; its shape."""
    rng = np.random.default_rng(0)
    size = max(1, int(gigabytes * 1e9 / (8 * COLUMNS)))
    mapped = np.lib.format.open_memmap(path, "w+", np.float64, (size, COLUMNS))
    directions = np.linalg.qr(rng.normal(size=(COLUMNS, 100)))[0].T * np.arange(1.0, 101.0)[:, None] ** -0.7
    noise = 1e-3 * rng.normal(size=(2_000, COLUMNS))
    for first in range(0, size, len(noise)):
        count = min(len(noise), size - first)
        mapped[first : first + count] = rng.normal(size=(count, 100)) @ directions + noise[:count]
    mapped.flush()
    return size, COLUMNS


def forget(path: Path) -> None:
    """Have the system drop the file's pages from its cache."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read(path: Path, passes: int, before: Callable[[], None]) -> float:
    """Seconds to read the file from end to end so many times."""
    buffer = memoryview(bytearray(AT_A_TIME))
    began = perf_counter()
    for _ in range(passes):
        before()
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
    return perf_counter() - began


def decompose(path: Path, before: Callable[[], None]) -> tuple[float, int, float]:
    """Seconds of one decomposition, how often it read the file, and its error bound over the first singular value."""
    reached = 0

    def watch(passes: float) -> None:
        nonlocal reached
        if passes >= reached + 1:
            reached += 1
            before()

    before()
    began = perf_counter()
    found = svd_out_of_core(
        np.load(path, mmap_mode="r"), COMPONENTS, n_iter=1, memory_limit=MEMORY, rng=0, progress=watch
    )
    return perf_counter() - began, found.n_passes, found.error_bound / float(found.s[0])


def _from_disk(gigabytes: float, rounds: int, folder: Path | None) -> Iterator[Row]:
    states = {"page cache dropped before every pass": True, "file in the page cache": False}
    figures = {state: f"memory-mapped {gigabytes:g} GB, k={COMPONENTS}, one power iteration, memory_limit {MEMORY}: "
               f"time over that of reading the file as often, {state}" for state in states}  # fmt: skip
    if not hasattr(os, "posix_fadvise"):
        for figure in figures.values():
            yield Row(figure, unit="", at_most=1.3, note="not run: needs posix_fadvise, to drop the page cache")
        return
    with tempfile.TemporaryDirectory(dir=folder) as name:
        free = shutil.disk_usage(name).free / 1e9
        if free < 1.5 * gigabytes:
            for figure in figures.values():
                yield Row(figure, unit="", at_most=1.3, note=f"not run: {free:.3g} GB are free on the disk")
            return
        path = Path(name, "matrix.npy")
        write(path, gigabytes)
        for state, dropped in states.items():

            def before(dropped: bool = dropped) -> None:
                if dropped:
                    forget(path)

            if not dropped:
                read(path, 1, before)
            ratios, own, plain = [], [], []
            for _ in range(rounds):
                seconds, passes, error = decompose(path, before)
                reading = read(path, passes, before)
                ratios.append(seconds / reading)
                own.append(seconds)
                plain.append(passes * path.stat().st_size / 1e9 / reading)
            yield Row(
                figures[state], statistics.median(ratios), min(ratios), max(ratios), unit="",
                # From the cache the arithmetic takes longer than the reading: no target there.
                at_most=1.3 if dropped else None,
                errors={"bound": error},
                note=f"{passes} passes in {statistics.median(own):.3g} s; plain reads at {statistics.median(plain):.3g}"
                " GB/s; the error is the bound of the spectral norm over the first singular value",
            )  # fmt: skip


def _streams(pairs: int) -> Iterator[Row]:
    for name, (count, features, components, size) in STREAMS.items():
        figure = f"StreamingSVD, {name}, against scikit-learn's IncrementalPCA"
        if find_spec("sklearn") is None:
            yield Row(figure, at_least=5.0, note="not run: sklearn is not installed")
            continue
        from sklearn.decomposition import IncrementalPCA

        samples = np.random.default_rng(0).normal(size=(count, features)) * np.arange(1, features + 1.0) ** -0.7
        blocks = [samples[first : first + size] for first in range(0, count, size)]

        def stream(blocks: list[np.ndarray] = blocks, components: int = components) -> np.ndarray:
            made = StreamingSVD(components, centred=True)
            for block in blocks:
                made.partial_fit(block)
            return made.components_

        def peer(blocks: list[np.ndarray] = blocks, components: int = components) -> np.ndarray:
            made = IncrementalPCA(components)
            for block in blocks:
                made.partial_fit(block)
            return made.components_

        centred = samples - samples.mean(axis=0)
        least = np.sqrt(np.sum(np.linalg.svd(centred, compute_uv=False)[components:] ** 2))
        errors = [
            float(np.linalg.norm(centred - centred @ found.T @ found) / least - 1.0) for found in (stream(), peer())
        ]
        ratio = compare(stream, peer, pairs)
        yield Row(
            figure, ratio.median, ratio.low, ratio.high, at_least=5.0, steps_per_second=count / ratio.seconds_a,
            peer_steps_per_second=count / ratio.seconds_b, errors={"total": errors[0]},
            peer_errors={"total": errors[1]},
            note="samples a second; the error is that of the components beyond the best ones, of which it is a part",
        )  # fmt: skip


def rows(
    gigabytes: float = GIGABYTES, rounds: int = ROUNDS, pairs: int = PAIRS, folder: Path | None = None
) -> Iterator[Row]:
    """The file, and the streams."""
    yield from _from_disk(gigabytes, rounds, folder)
    yield from _streams(pairs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=GIGABYTES, help="size of the file, deleted afterwards")
    parser.add_argument("--folder", type=Path, default=None, help="where the file is written")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    given = parser.parse_args()
    for row in rows(given.gigabytes, given.rounds, given.pairs, given.folder):
        print(row.figure, f"{row.value} ({row.low} to {row.high})", row.errors, row.peer_errors, row.note, flush=True)
