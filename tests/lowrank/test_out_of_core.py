"""Decompositions of matrices on a disk: equal to those in memory, with progress, stopped and resumed."""

import numpy as np
import pytest
import scipy.sparse

from fastsci.lowrank import _checkpoint
from fastsci.lowrank._blocks_source import RowBlocks
from fastsci.lowrank.out_of_core import svd_out_of_core
from fastsci.lowrank.randomized import randomized_svd


def decaying(m, n, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    count = min(m, n)
    left, right = np.linalg.qr(rng.normal(size=(m, count)))[0], np.linalg.qr(rng.normal(size=(n, count)))[0]
    return (left * 0.8 ** np.arange(count) @ right.T).astype(dtype)


def on_disk(path, array):
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True)) and one.error_bound == other.error_bound


@pytest.mark.parametrize("shape", [(2000, 150), (150, 2000)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_equal_to_the_decomposition_in_memory(tmp_path, shape, order, dtype):
    array = decaying(*shape, dtype=dtype)
    found = svd_out_of_core(on_disk(tmp_path / "a.npy", np.asarray(array, order=order)), 5, memory_limit="200kB", rng=0)
    exact = np.linalg.svd(array, full_matrices=False)
    np.testing.assert_allclose(found.s, exact[1][:5], rtol=1e-4 if dtype == np.float32 else 1e-8)
    error = np.linalg.norm(array - (found.U * found.s) @ found.Vt, 2)
    assert exact[1][5] * (1 - 1e-6) <= error <= 1.01 * exact[1][5]
    assert error <= found.error_bound * (1 + 1e-5)


def test_all_kinds_of_matrices_are_taken(tmp_path):
    array = decaying(600, 100)
    values = np.linalg.svd(array, compute_uv=False)[:3]
    mapped = on_disk(tmp_path / "a.npy", array)
    parts = [array[:200], mapped[200:]]
    for held in (array, np.asfortranarray(array), array.tolist(), mapped, parts, scipy.sparse.csr_array(array)):
        np.testing.assert_allclose(svd_out_of_core(held, 3, rng=1).s, values, rtol=1e-8)


@pytest.mark.parametrize(("shape", "expected"), [((3000, 200), (4, 3)), ((200, 3000), (6, 4))])
def test_reads_as_often_as_it_says(tmp_path, monkeypatch, shape, expected):
    mapped = on_disk(tmp_path / "a.npy", decaying(*shape))
    rows = []
    blocks = RowBlocks.blocks

    def counted(self):
        for first, last, block in blocks(self):
            rows.append(last - first)
            yield first, last, block

    monkeypatch.setattr(RowBlocks, "blocks", counted)
    for certify, passes in zip((True, False), expected, strict=True):
        rows.clear()
        found = svd_out_of_core(mapped, 4, n_iter=1, certify=certify, rng=0, memory_limit="1MB")
        assert sum(rows) == len(mapped) * found.n_passes
        assert found.n_passes == passes
        assert randomized_svd(mapped, 4, n_iter=1, certify=certify, rng=0, memory_limit="1MB").n_passes == passes


def test_progress_counts_passes(tmp_path):
    mapped = on_disk(tmp_path / "a.npy", decaying(3000, 200))
    seen = []
    found = svd_out_of_core(mapped, 4, n_iter=1, rng=0, memory_limit="1MB", progress=seen.append)
    assert len(seen) > 10 * found.n_passes
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(found.n_passes)
    assert same(found, svd_out_of_core(mapped, 4, n_iter=1, rng=0, memory_limit="1MB", progress=True))


@pytest.mark.parametrize("stop", [0.1, 1.3, 2.5, 3.9])
@pytest.mark.parametrize("options", [{"n_components": 4}, {"tol": 0.05}])
def test_a_run_that_is_stopped_and_resumed_is_the_run_without_a_stop(tmp_path, stop, options):
    mapped = on_disk(tmp_path / "a.npy", decaying(3000, 250))
    options = {**options, "rng": 3, "memory_limit": "1MB"}
    whole = svd_out_of_core(mapped, **options)

    def interrupt(passes):
        if passes > stop:
            raise KeyboardInterrupt

    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        svd_out_of_core(mapped, **options, checkpoint=folder, progress=interrupt)
    assert len(list(folder.glob("pass*.npz"))) == int(stop)
    seen = []
    resumed = svd_out_of_core(mapped, **options, checkpoint=folder, resume=True, progress=seen.append)
    assert same(whole, resumed)
    assert seen[-1] == pytest.approx(whole.n_passes - int(stop))
    assert not folder.exists()


def test_a_seed_of_chance_is_kept(tmp_path):
    mapped = on_disk(tmp_path / "a.npy", decaying(1000, 250))
    folder = tmp_path / "run"

    def interrupt(passes):
        if passes > 2.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        svd_out_of_core(mapped, 4, checkpoint=folder, progress=interrupt)
    seen = []
    found = svd_out_of_core(mapped, 4, checkpoint=folder, resume=True, progress=seen.append)
    assert seen[-1] == pytest.approx(found.n_passes - 2)


def test_resuming_what_never_began_begins(tmp_path):
    array = decaying(300, 250)
    found = svd_out_of_core(array, 3, rng=0, checkpoint=tmp_path / "new" / "run", resume=True)
    assert same(found, svd_out_of_core(array, 3, rng=0))


def test_a_cut_or_foreign_pass_is_made_again(tmp_path):
    mapped = on_disk(tmp_path / "a.npy", decaying(1000, 250))
    folder = tmp_path / "run"

    def interrupt(passes):
        if passes > 2.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        svd_out_of_core(mapped, 4, rng=0, checkpoint=folder, progress=interrupt)
    # As a run of another version would have left it: the same pass, of another block.
    (folder / "pass0001.npz").replace(folder / "pass0000.npz")
    assert same(svd_out_of_core(mapped, 4, rng=0, checkpoint=folder, resume=True), svd_out_of_core(mapped, 4, rng=0))


def test_mistakes_are_named(tmp_path):
    array = decaying(500, 250)
    mapped = on_disk(tmp_path / "a.npy", array)
    folder = tmp_path / "run"

    def interrupt(passes):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        svd_out_of_core(mapped, 4, rng=0, checkpoint=folder, progress=interrupt)
    other = on_disk(tmp_path / "b.npy", array + 1)
    for call, message in (
        (lambda: svd_out_of_core(mapped, 4, rng=0, checkpoint=folder), "holds a run that was stopped"),
        (lambda: svd_out_of_core(mapped, 5, rng=0, checkpoint=folder, resume=True), "n_components 4, expected 5"),
        (lambda: svd_out_of_core(mapped, 4, rng=1, checkpoint=folder, resume=True), "seed 0, expected 1"),
        (
            lambda: svd_out_of_core(other, 4, rng=0, checkpoint=folder, resume=True),
            "other numbers in its first or last",
        ),
        (lambda: svd_out_of_core(mapped, 4, checkpoint=tmp_path), "is there and holds no run"),
        (lambda: svd_out_of_core(mapped, 4, resume=True), "resume: is True without a checkpoint"),
        (lambda: svd_out_of_core(mapped, 4, memory_limit="1kB"), "memory_limit: 1,000 bytes are less than four rows"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match=r"rng: is .*, expected an integer, which a checkpoint can keep"):
        svd_out_of_core(mapped, 4, rng=np.random.default_rng(), checkpoint=tmp_path / "new")
    _checkpoint.remove(folder)
    assert not folder.exists()


def test_numbers_that_are_not_finite_end_the_run_for_good(tmp_path):
    array = decaying(500, 250)
    array[321, 5] = np.nan
    mapped = on_disk(tmp_path / "a.npy", array)
    with pytest.raises(ValueError, match="nan in row 321, column 5"):
        svd_out_of_core(mapped, 4, rng=0, checkpoint=tmp_path / "run")
    assert not (tmp_path / "run").exists()
