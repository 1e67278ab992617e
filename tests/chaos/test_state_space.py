"""D_stsp: against dense histograms and sums over all Gaussians, the published codes, and what attractors say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsci.chaos.state_space import CONVENTIONS, state_space_divergence
from fastsci_kernels.measures.mixture import log_density
from tests.chaos.attractors import lorenz, waves


def dense(truth, generated, convention, n_bins, alpha=1e-5):
    """Every cell a number, every share a quotient."""
    around_zero, keeps_first = convention in ("gtf-legacy", "dendplrnn"), convention.startswith("gtf")
    sd = np.sqrt(((truth - truth.mean(0)) ** 2).sum(0) / (len(truth) - 1))
    if around_zero:
        low, high = -2.0 * sd, 2.0 * sd
    else:
        margin = 0.1 * sd if convention == "gtf" else 0.0
        low, high = truth.min(0) - margin, truth.max(0) + margin
    shares = []
    for points in (truth, generated):
        counts = np.zeros((n_bins,) * truth.shape[1])
        for point in points:
            cell = [math.floor(n_bins * (x - a) / (b - a)) for x, a, b in zip(point, low, high, strict=True)]
            if all((0 if keeps_first else 1) <= place < n_bins for place in cell):
                counts[tuple(cell)] += 1.0
        shares.append((counts + alpha) / (counts.sum() + alpha * counts.size))
    p, q = shares
    return float((p * np.log(p / q)).sum())


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize(("dim", "n_bins"), [(1, 30), (2, 12), (3, 10), (8, 3)])
def test_bins_against_a_dense_histogram(convention, dim, n_bins):
    rng = np.random.default_rng(dim)
    truth, generated = rng.normal(size=(300, dim)), 1.2 * rng.normal(size=(170, dim)) + 0.3
    expected = dense(truth, generated, convention, n_bins)
    found = state_space_divergence(truth, generated, convention=convention, n_bins=n_bins)
    assert found == pytest.approx(expected, rel=1e-11)


# What the codes return for these arrays in float64: `geometrical_misalignment` of DynaMix-python
# (src/dynamix/metrics/metrics.py, commit 60ce3f8) and `klx_metric` of dendPLRNN (BPTT_TF/evaluation/klx.py, commit
# 368ed04), run by torch 2.13 with a default dtype of float64.
OTHERS = {
    "shifted": lambda: waves(4000, 0.4),
    "smaller": lambda: 0.8 * waves(4000, 0.1),
    "larger": lambda: 1.3 * waves(4000),
    "faster": lambda: waves(4000, 0.0, 1.1),
    "slower": lambda: waves(4000, 0.3, 0.5),
}
PUBLISHED = [
    ("shifted", 30, 10.170749042302711, 9.716343192281496),
    ("shifted", 10, 1.357996251384641, 1.1228195730379622),
    ("smaller", 30, 9.832475658441915, 9.195329093789365),
    ("smaller", 10, 2.7177306460166073, 1.7675262990709613),
    ("larger", 30, 10.062281655710642, 9.942690578319485),
    ("larger", 10, 2.004579814947262, 1.029827796806595),
    ("faster", 30, 7.565906266184802, 6.601308005297663),
    ("faster", 10, 0.3604333891141056, 0.1944355617476993),
    ("slower", 30, 9.933341955486824, 9.232361209175142),
    ("slower", 10, 0.9716302353596664, 0.6887707157812666),
]


@pytest.mark.parametrize(("name", "n_bins", "dynamix", "dendplrnn"), PUBLISHED)
def test_bins_are_those_of_the_published_codes(name, n_bins, dynamix, dendplrnn):
    truth, generated = waves(4000), OTHERS[name]()
    for convention, number in (("dynamix", dynamix), ("dendplrnn", dendplrnn)):
        found = state_space_divergence(truth, generated, convention=convention, n_bins=n_bins)
        assert found == pytest.approx(number, rel=1e-9)


def test_shares_by_hand():
    truth, generated = np.array([[0.0], [1.0]] * 4), np.array([[0.0], [1.0], [1.0], [1.0]])
    expected = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert state_space_divergence(truth, generated, n_bins=2, alpha=0.0) == pytest.approx(expected, rel=1e-14)
    assert state_space_divergence(truth, np.ones((3, 1)), n_bins=2, alpha=0.0) == np.inf
    assert np.isnan(state_space_divergence(truth, 5.0 + generated, n_bins=2))


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(CONVENTIONS)), st.integers(2, 40), st.floats(1e-8, 2.0))
@settings(max_examples=60)
def test_it_is_a_divergence(seed, convention, n_bins, alpha):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 200, 2))
    found = state_space_divergence(x, [x[::-1], y], convention=convention, n_bins=n_bins, alpha=alpha)
    assert found[0] == 0.0
    assert found[1] > 0.0
    if convention in ("gtf", "dynamix"):
        scaled = state_space_divergence(4.0 * x, 4.0 * y, convention=convention, n_bins=n_bins, alpha=alpha)
        assert scaled == found[1]


def naive_log_density(samples, means, variance):
    squares = ((samples[:, None] - means[None]) ** 2).sum(-1)
    return np.log(np.exp(-0.5 * squares / variance).mean(1))


@pytest.mark.parametrize("dim", [1, 3, 10])
@pytest.mark.parametrize("variance", [0.3, 1.0, 4.0])
def test_densities_against_the_whole_matrix(dim, variance):
    rng = np.random.default_rng(dim)
    samples, means = rng.normal(size=(101, dim)), rng.normal(size=(333, dim))
    expected = naive_log_density(samples, means, variance)
    np.testing.assert_allclose(log_density(samples, means, variance), expected, rtol=0, atol=1e-12)


def test_densities_are_those_of_the_published_code():
    # Logarithms of `eval_likelihood_gmm_for_diagonal_cov` of dendPLRNN (BPTT_TF/evaluation/klx_gmm.py, commit 368ed04)
    # in float64; it divides by the root of the determinant.
    means, samples = waves(500, 0.4), waves(500)[::100] + 0.5
    for variance, published in (
        (1.0, [-0.9585873948377117, -1.0410289765005198, -1.7003671377769605, -1.1981408255132646, -1.171071902539852]),
        (
            0.25,
            [-0.3011843597260715, -0.37109943309608034, -1.6847401419426038, -0.6864230277529709, -0.6359029216816953],
        ),
    ):
        found = log_density(samples, means, variance) - 1.5 * math.log(variance)
        np.testing.assert_allclose(found, published, rtol=0, atol=1e-12)


def test_estimates_are_those_of_the_published_code():
    # Means of 100 runs of `calc_kl_from_data` and `calc_kl_mc` there, and their standard errors.
    truth, generated = waves(500), 2.0 * waves(500, 0.4)
    for convention, mean, error in (("dendplrnn", 0.50292, 0.00216), ("gtf", 0.42474, 0.00251)):
        own = [
            state_space_divergence(truth, generated, method="mixture", convention=convention, seed=seed)
            for seed in range(100)
        ]
        assert np.mean(own) == pytest.approx(mean, abs=4.0 * math.hypot(error, np.std(own) / 10.0))


@pytest.mark.parametrize("convention", ["gtf", "dendplrnn"])
def test_two_gaussians_have_their_closed_form(convention):
    centre, other = np.array([[0.5, -1.0, 2.0]] * 2), np.array([[1.5, -1.0, 0.0]] * 2)
    variance = 0.7
    divergence = ((centre[0] - other[0]) ** 2).sum() / (2.0 * variance)
    found = state_space_divergence(
        centre, other, method="mixture", convention=convention, variance=variance, n_samples=20_000
    )
    assert found == pytest.approx(divergence, abs=4.0 * math.sqrt(2.0 * divergence / 20_000))


def test_a_mixture_far_away_has_its_own_divergence():
    truth = waves(200)
    near, far = (state_space_divergence(truth, truth + shift, method="mixture") for shift in (100.0, 200.0))
    assert near == pytest.approx(3 * 100.0**2 / 2, rel=0.05)
    assert far == pytest.approx(4.0 * near, rel=0.05)
    assert state_space_divergence(truth, truth, method="mixture") == 0.0


def test_points_beyond_the_first_do_not_enter():
    truth, generated = waves(300), waves(300, 0.4)
    whole = state_space_divergence(truth[:200], generated[:200], method="mixture")
    assert state_space_divergence(truth, generated, method="mixture", n_points=200) == whole
    assert state_space_divergence(truth, generated, method="mixture", seed=1) != whole


@pytest.mark.parametrize("options", [{"convention": name} for name in CONVENTIONS] + [{"method": "mixture"}])
def test_the_same_attractor_is_nearer_than_another(options):
    truth, *same = lorenz(8000, 4)
    other = lorenz(8000, 3, rho=40.0)
    scale = truth.std(axis=0)
    near = state_space_divergence(truth / scale, np.array(same) / scale, **options)
    far = state_space_divergence(truth / scale, other / scale, **options)
    assert near.max() < 0.7 * far.min()


@pytest.mark.parametrize("options", [{}, {"convention": "dendplrnn"}, {"method": "mixture", "n_samples": 100}])
def test_neither_company_nor_threads_change_a_bit(options, monkeypatch):
    truth, members = waves(3000), np.array([waves(3000, 0.1 * i) for i in range(13)])
    alone = [state_space_divergence(truth, member, **options) for member in members]
    for threads in ("1", "3"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        np.testing.assert_array_equal(state_space_divergence(truth, members, **options), alone)
    np.testing.assert_array_equal(state_space_divergence(truth, members[5:8], **options), alone[5:8])


@pytest.mark.parametrize("method", ["bins", "mixture"])
def test_what_is_not_finite_is_nan_for_itself_alone(method):
    truth, members = waves(400), np.array([waves(400, 0.1 * i) for i in range(3)])
    expected = state_space_divergence(truth, members, method=method)
    for bad in (np.nan, np.inf):
        spoiled = members.copy()
        spoiled[1, 7, 2] = bad
        found = state_space_divergence(truth, spoiled, method=method)
        np.testing.assert_array_equal(found, [expected[0], np.nan, expected[2]])
        broken = truth.copy()
        broken[3, 1] = bad
        assert np.isnan(state_space_divergence(broken, members, method=method)).all()


def test_a_constant_has_no_range():
    flat = np.ones((50, 2))
    for convention in CONVENTIONS:
        assert np.isnan(state_space_divergence(flat, flat, convention=convention))
        one_axis = np.column_stack([np.arange(50.0), np.ones(50)])
        assert np.isnan(state_space_divergence(one_axis, one_axis, convention=convention))
    assert state_space_divergence(flat, flat, method="mixture") == 0.0


def test_any_array_of_numbers():
    truth, generated = np.round(10 * waves(300)), np.round(10 * waves(300, 0.4))
    expected = state_space_divergence(truth, generated)
    for kind in (np.float32, np.int16, np.int64):
        assert state_space_divergence(truth.astype(kind), generated.astype(kind)) == expected
    frozen = np.asfortranarray(truth)
    frozen.flags.writeable = False
    assert state_space_divergence(frozen, np.repeat(generated, 2, axis=0)[::2]) == expected
    assert state_space_divergence(truth.tolist(), generated.tolist()) == expected
    assert state_space_divergence(truth, np.empty((0, 300, 3))).shape == (0,)


@pytest.mark.parametrize(
    ("changes", "error", "names"),
    [
        ({"truth": np.zeros(9)}, ValueError, "truth"),
        ({"truth": np.zeros((1, 3))}, ValueError, "truth"),
        ({"truth": np.zeros((0, 3))}, ValueError, "truth"),
        ({"truth": np.zeros((9, 0))}, ValueError, "truth"),
        ({"truth": "abc"}, TypeError, "truth"),
        ({"generated": np.zeros((9, 2))}, ValueError, "generated"),
        ({"generated": np.zeros((1, 3))}, ValueError, "generated"),
        ({"generated": np.zeros(9)}, ValueError, "generated"),
        ({"generated": 1j * np.ones((9, 3))}, TypeError, "generated"),
        ({"method": "bin"}, ValueError, "method"),
        ({"convention": "lab"}, ValueError, "convention"),
        ({"convention": "dynamix", "method": "mixture"}, ValueError, "convention"),
        ({"n_bins": 0}, ValueError, "n_bins"),
        ({"n_bins": 2.5}, TypeError, "n_bins"),
        ({"n_bins": 2**30}, ValueError, "n_bins"),
        ({"alpha": -1.0}, ValueError, "alpha"),
        ({"method": "mixture", "variance": 0.0}, ValueError, "variance"),
        ({"method": "mixture", "n_points": 0}, ValueError, "n_points"),
        ({"method": "mixture", "n_samples": 0}, ValueError, "n_samples"),
        ({"method": "mixture", "seed": -1}, ValueError, "seed"),
    ],
)
def test_mistakes_are_named(changes, error, names):
    arguments = {"truth": waves(20), "generated": waves(20), **changes}
    with pytest.raises(error, match=names):
        state_space_divergence(arguments.pop("truth"), arguments.pop("generated"), **arguments)
