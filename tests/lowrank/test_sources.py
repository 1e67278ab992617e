"""Matrices that do not lie dense in memory: the products of each against those of the array it holds."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse
import zarr
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from fastsci.lowrank import _blocks_source
from fastsci.lowrank._blocks_source import RowBlocks, Sliced
from fastsci.lowrank._file_rows import FileRows
from fastsci.lowrank._operator_source import LessProduct, OnDevice, RowsScaled, transpose
from fastsci.lowrank._other_sources import as_source, byte_count
from fastsci_kernels.loops import pool

KINDS = [np.float32, np.float64, np.complex64, np.complex128]


def matrix(shape=(230, 41), dtype=np.float64, seed=0, density=1.0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.normal(size=shape)
    return (values * (rng.random(shape) < density)).astype(dtype)


def assert_products(source, array):
    """Each product as NumPy has it, in the precision and order that the contract names."""
    assert source.shape == array.shape
    kind = source.dtype
    tolerance = 300 * np.finfo(kind).eps
    for width in (1, 3, 8, 37):
        right = np.ascontiguousarray(matrix((array.shape[1], width), kind, 1))
        left = np.ascontiguousarray(matrix((array.shape[0], width), kind, 2))
        image, back = array @ right, array.conj().T @ left
        found = [source.product(right), source.adjoint_product(left), *source.gram_product(right)]
        found += source.adjoint_gram_product(left)
        expected = [image, back, image, array.conj().T @ image, back, array @ back]
        for product, truth in zip(found, expected, strict=True):
            assert product.dtype == kind
            assert product.flags.c_contiguous
            np.testing.assert_allclose(product, truth, atol=tolerance * np.abs(truth).max(initial=1.0))
        last = source.last_products(right, right[:, ::2])
        for product, truth in zip(last, (image, image[:, ::2], (array.conj().T @ image)[:, ::2]), strict=True):
            np.testing.assert_allclose(product, truth, atol=tolerance * np.abs(truth).max(initial=1.0))
    for gram, truth in ((source.gram(), array.conj().T @ array), (source.adjoint_gram(), array @ array.conj().T)):
        assert gram is None or np.allclose(gram, truth, atol=tolerance * np.abs(truth).max())


# What is not near a diagonal is not for that format; it is read all the same.
@pytest.mark.filterwarnings("ignore:Constructing a DIA matrix:scipy.sparse.SparseEfficiencyWarning")
@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("form", ["csr_matrix", "csc_array", "coo_array", "lil_matrix", "dia_array", "bsr_array"])
def test_sparse(form, dtype):
    array = matrix(dtype=dtype, density=0.1)
    array[17] = 0
    array[:, 5] = 0
    assert_products(as_source(getattr(scipy.sparse, form)(array)), array)


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_sparse_shapes_and_kinds(index):
    for shape in ((1, 9), (9, 1), (300, 2), (2, 300), (5, 0)):
        array = matrix(shape, density=0.5)
        rows = scipy.sparse.csr_array(array)
        rows.indices, rows.indptr = rows.indices.astype(index), rows.indptr.astype(index)
        assert_products(as_source(rows), array)
    counts = np.random.default_rng(0).integers(0, 3, (40, 30))
    assert_products(as_source(scipy.sparse.csc_matrix(counts)), counts.astype(float))
    doubled = scipy.sparse.coo_array(([1.0, 2.0, 4.0], ([0, 0, 1], [1, 1, 0])), (2, 2))
    assert_products(as_source(doubled), np.array([[0.0, 3.0], [4.0, 0.0]]))
    assert_products(as_source(scipy.sparse.csr_array((20, 10))), np.zeros((20, 10)))
    frozen = scipy.sparse.csr_array(array := matrix((30, 20), density=0.3))
    for part in (frozen.data, frozen.indices, frozen.indptr):
        part.flags.writeable = False
    assert_products(as_source(frozen), array)


def test_sparse_rows_enough_for_several_sums():
    array = scipy.sparse.random_array((4000, 30), density=0.4, rng=np.random.default_rng(1), format="csr")
    assert_products(as_source(array), array.toarray())


def mapped(tmp_path, array, mode="r", **options):
    np.lib.format.open_memmap(tmp_path / "a.npy", "w+", array.dtype, array.shape, **options)[:] = array
    return np.load(tmp_path / "a.npy", mmap_mode=mode)


@pytest.mark.parametrize("dtype", [*KINDS, np.int16, np.float16, ">f8"])
@pytest.mark.parametrize("fortran", [False, True])
def test_memory_maps(tmp_path, dtype, fortran):
    array = (10 * matrix(dtype=np.complex64 if np.dtype(dtype).kind == "c" else np.float64)).astype(dtype)
    source = as_source(mapped(tmp_path, array, fortran_order=fortran), memory_limit=80_000)
    assert_products(source, array.astype(source.dtype))


def test_parts_of_memory_maps_are_found_in_their_files(tmp_path):
    array = matrix((500, 64))
    whole = mapped(tmp_path, array)
    for part, truth in ((whole[123:400], array[123:400]), (whole[3:], array[3:]), (whole.T[:, 7:], array.T[:, 7:])):
        source = as_source(part)
        rows = source.rows if isinstance(source, RowBlocks) else source.of.rows
        assert isinstance(rows, FileRows)
        assert_products(source, truth)
    for part, truth in ((whole[::2], array[::2]), (whole[:, 5:20], array[:, 5:20])):
        source = as_source(part)
        assert not isinstance(source.rows, FileRows)
        assert_products(source, truth)


def test_what_is_mapped_counts_and_not_what_has_taken_the_name_of_its_file(tmp_path):
    array = matrix((300, 40))
    held = mapped(tmp_path, array)
    np.save(tmp_path / "b.npy", np.zeros((300, 40)))
    (tmp_path / "b.npy").replace(tmp_path / "a.npy")
    assert_products(as_source(held), array)
    (tmp_path / "a.npy").unlink()
    assert_products(as_source(held), array)
    private = mapped(tmp_path, array, "c")
    private[5] = 1.0
    assert_products(as_source(private), np.asarray(private))
    shared = mapped(tmp_path, array, "r+")
    shared[7] = 2.0
    assert_products(as_source(shared), np.asarray(shared))


def test_zarr(tmp_path):
    array = matrix((210, 60))
    for chunks in ((50, 60), (32, 20), (210, 7), (210, 60), (1000, 1000)):
        stored = zarr.create_array(tmp_path / f"{chunks}.zarr", shape=array.shape, chunks=chunks, dtype=array.dtype)
        stored[:] = array
        for limit in (None, 40_000):
            assert_products(as_source(stored, memory_limit=limit), array)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_dask(dtype):
    dask_array = pytest.importorskip("dask.array", reason="dask is not installed")
    array = matrix((210, 60), dtype)
    for chunks in ((50, 60), (32, 20), (210, 7), ((100, 1, 109), (60,))):
        assert_products(as_source(dask_array.from_array(array, chunks=chunks)), array)
    unknown = dask_array.from_array(array, chunks=(50, 60))
    with pytest.raises(ValueError, match="A: has chunks of unknown lengths"):
        as_source(unknown[unknown[:, 0].real > 0])


def test_chunks_are_read_whole_and_once(monkeypatch):
    read = []

    class Chunked:
        shape, dtype, chunks = (100, 50), np.dtype(float), (30, 50)

        def __getitem__(self, rows):
            read.append((rows.start, rows.stop))
            return np.ones((rows.stop - rows.start, 50))

    as_source(Chunked()).product(np.ones((50, 2)))
    assert read == [(0, 100)]
    read.clear()
    source = as_source(Chunked(), memory_limit=4 * 8 * 50 * 70)
    source.product(np.ones((50, 2)))
    assert read == [(0, 60), (60, 100)]
    read.clear()
    source.product(np.ones((50, 2)))  # a stretch is read in order
    assert read == [(0, 60), (60, 100)]
    read.clear()
    monkeypatch.setattr(_blocks_source, "STRETCH_BYTES", 1)
    source.passes = 1
    source.product(np.ones((50, 2)))  # what was read last is still at hand
    assert read == [(60, 100), (0, 60)]
    read.clear()
    monkeypatch.setattr(_blocks_source, "STRETCH_BYTES", 2 * 8 * 50 * 30)
    source = as_source(Chunked(), memory_limit=4 * 8 * 50 * 30)
    source.passes = 1
    source.product(np.ones((50, 2)))
    assert read == [(60, 90), (90, 100), (0, 30), (30, 60)]


@pytest.mark.parametrize("dtype", KINDS)
def test_blocks_of_rows_below_one_another(tmp_path, dtype):
    array = matrix((230, 41), dtype, density=0.5)
    cuts = np.split(array, [10, 11, 100])
    parts = [cuts[0], np.asfortranarray(cuts[1]), scipy.sparse.csr_array(cuts[2]), mapped(tmp_path, cuts[3])]
    assert_products(as_source(parts), array)
    assert_products(as_source(tuple(cuts)), array)


def test_blocks_of_several_precisions():
    array = matrix((60, 20))
    complex_rows = matrix((30, 20), np.complex64)
    source = as_source([array.astype(np.float32), array, complex_rows])
    assert source.dtype == np.complex128
    truth = np.concatenate([array.astype(np.float32), array, complex_rows])
    right = matrix((20, 3), np.complex128)
    np.testing.assert_allclose(source.product(right), truth @ right, atol=1e-4)
    np.testing.assert_allclose(source.gram_product(right)[1], truth.conj().T @ (truth @ right), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", KINDS)
def test_operators(dtype):
    array = matrix(dtype=dtype)
    assert_products(as_source(aslinearoperator(array)), array)
    conjugate = array.conj().T
    single = SimpleNamespace(
        shape=array.shape, dtype=array.dtype, matvec=lambda v: array @ v, rmatvec=lambda v: conjugate @ v
    )
    assert_products(as_source(single), array)


def test_operators_that_lack_something():
    array = matrix()
    right, left = np.ones((41, 2)), np.ones((230, 2))
    one_way = as_source(LinearOperator(array.shape, matvec=lambda v: array @ v, dtype=float), "B")
    np.testing.assert_allclose(one_way.product(right), array @ right)
    with pytest.raises(ValueError, match=r"B: gives no products by rmatmat.*define matvec and rmatvec"):
        one_way.adjoint_product(left)
    wrong = as_source(SimpleNamespace(shape=(230, 41), dtype=np.dtype(float), matmat=lambda block: block), "B")
    with pytest.raises(ValueError, match=r"B: its matmat gave shape \(41, 2\), expected \(230, 2\)"):
        wrong.product(right)
    liar = as_source(SimpleNamespace(shape=(41, 41), dtype=np.dtype(float), matmat=lambda block: 1j * block), "B")
    with pytest.raises(ValueError, match="B: says that it is float64 and gave complex numbers"):
        liar.product(right)


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta:UserWarning")
@pytest.mark.parametrize("dtype", KINDS)
def test_torch_tensors(torch, dtype):
    array = matrix(dtype=dtype, density=0.2)
    tensor = torch.from_numpy(array)
    assert as_source(tensor) is None
    assert_products(as_source(tensor.to_sparse_coo()), array)
    assert_products(as_source(tensor.to_sparse_csr()), array)
    # As on a GPU, but for the way there.
    assert_products(OnDevice(tensor, array.dtype, torch.from_numpy, lambda found: found.numpy()), array)


def test_torch_tensors_on_a_gpu(torch):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    array = matrix()
    assert_products(as_source(torch.from_numpy(array).cuda()), array)


def test_cupy_arrays_are_known_by_their_module(monkeypatch):
    fetched = []

    class Device(np.ndarray):
        pass

    class Tensor:
        """What CuPy's array has and NumPy's functions do not accept."""

        shape, dtype = (23, 5), np.dtype(float)

        def astype(self, dtype, copy):
            return array.view(Device)

    Tensor.__module__ = "cupy"
    array = matrix((23, 5))
    stand_in = SimpleNamespace(
        asarray=lambda block: block.view(Device), asnumpy=lambda found: fetched.append(found) or np.asarray(found)
    )
    monkeypatch.setitem(sys.modules, "cupy", stand_in)
    assert_products(as_source(Tensor()), array)
    assert all(isinstance(found, Device) for found in fetched)


@pytest.mark.parametrize("dtype", KINDS)
def test_centred_and_weighted_without_a_copy(dtype):
    array = matrix(dtype=dtype, density=0.3)
    source = as_source(scipy.sparse.csr_array(array))
    means = array.mean(axis=0)
    centred = LessProduct(source, np.ones(len(array)), means.conj())
    assert_products(centred, array - means)
    factors = np.linspace(0.5, 2.0, len(array)).astype(dtype)
    assert_products(RowsScaled(source, factors), factors[:, None] * array)
    assert_products(transpose(centred), (array - means).T)


@pytest.mark.parametrize("kind", ["sparse", "mapped"])
def test_bits_do_not_depend_on_threads(tmp_path, monkeypatch, kind):
    array = matrix((3000, 90), density=0.5)
    held = scipy.sparse.csr_array(array) if kind == "sparse" else mapped(tmp_path, array)
    right, left = matrix((90, 20), seed=3), matrix((3000, 20), seed=4)
    results = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        assert pool.thread_count() == int(threads)
        source = as_source(held, memory_limit=500_000)
        results.append([source.product(right), source.adjoint_product(left), *source.gram_product(right)])
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_numbers_that_are_not_finite_are_named(tmp_path):
    array = matrix((200, 30))
    array[150, 7] = np.inf
    for held in (mapped(tmp_path, array), scipy.sparse.csr_array(array), [matrix((50, 30)), array]):
        source = as_source(held, "X")
        assert not np.isfinite(source.product(np.ones((30, 1)))).all()
        with pytest.raises(ValueError, match=r"150.*column 7"):
            source.refuse_non_finite("X")


def test_plain_arrays_are_left_to_others():
    for plain in (np.ones((3, 2)), [[1.0, 2.0]], np.float64(3), [1, 2], "text", None, [np.ones(3)]):
        assert as_source(plain) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [("1GB", 10**9), ("1.5 GiB", 3 * 2**29), ("200kb", 200_000), (1e6, 10**6), (None, 2**30), ("77", 77)],
)
def test_memory_limits(given, expected):
    assert byte_count(given) == expected


@pytest.mark.parametrize("given", ["much", "-1GB", -1, 0, True, "1.2.3MB", [1]])
def test_memory_limits_that_are_none(given):
    with pytest.raises(ValueError, match=r"memory_limit: is .*, expected a number of bytes"):
        byte_count(given)


def test_mistakes_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"memory_limit: 100 bytes are less than four rows of A, of 328 bytes"):
        as_source(mapped(tmp_path, matrix()), memory_limit=100)
    with pytest.raises(ValueError, match=r"A\[1\]: has 3 columns, expected 4 as in A\[0\]"):
        as_source([np.ones((2, 4)), np.ones((2, 3))])
    with pytest.raises(TypeError, match=r"A: holds \|S3"):
        as_source(mapped(tmp_path, np.array([[b"abc"]])))
    with pytest.raises(ValueError, match=r"A: has shape \(5,\), expected a matrix"):
        as_source(mapped(tmp_path, np.ones(5)))
    short = as_source(mapped(tmp_path, matrix((400, 41))))
    with short.rows.open([(0, 400)]) as read:
        with (tmp_path / "a.npy").open("r+b") as file:
            file.truncate(1000)
        with pytest.raises(OSError, match="ends before row 400"):
            read(0, np.empty((400, 41)))


def test_an_error_while_reading_reaches_the_caller():
    class Broken:
        shape, dtype = (100, 4), np.dtype(float)

        def __getitem__(self, rows):
            if rows.start >= 50:
                raise RuntimeError("the disk is gone")
            return np.ones((rows.stop - rows.start, 4))

    source = RowBlocks(Sliced(Broken(), np.dtype(float), starts=[0, 25, 50, 75]), 4 * 8 * 4 * 25, "A")
    with pytest.raises(RuntimeError, match="the disk is gone"):
        source.product(np.ones((4, 1)))


def test_recognising_imports_nothing():
    code = (
        "import sys; import numpy; from fastsci.lowrank._other_sources import as_source;"
        "as_source(numpy.ones((3, 2)));"
        "print([n for n in ('scipy', 'torch', 'dask', 'zarr', 'cupy', 'h5py', 'numba') if n in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
