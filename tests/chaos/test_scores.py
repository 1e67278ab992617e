"""Scores of forecasts: definitions written out, numbers of other packages, and what proper scores must do."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from fastsci.chaos.scores import crps, crps_gaussian, mase, rank_histogram, smape, spread_skill
from tests.ensemble.models import same_bits


def test_smape_like_its_definition():
    rng = np.random.default_rng(0)
    y, f = rng.normal(size=(2, 3, 40))
    y[0, :4], f[0, :2] = 0.0, 0.0
    terms = [
        [200.0 * abs(a - b) / (abs(a) + abs(b)) if a or b else 0.0 for a, b in zip(*rows, strict=True)]
        for rows in zip(y, f, strict=True)
    ]
    np.testing.assert_allclose(smape(y, f), np.mean(terms, axis=1), rtol=1e-13)


def test_smape_is_symmetric_and_bounded():
    y, f = np.abs(np.random.default_rng(1).normal(size=(2, 50)))
    assert smape(y, f) == smape(f, y)
    assert smape(y, -f) == pytest.approx(200.0)
    assert smape(y, y) == 0.0
    assert smape([0.0, 0.0], [0.0, 1.0]) == 100.0
    assert smape([1e308], [-1e308]) == pytest.approx(200.0)


@pytest.mark.parametrize("seasonality", [1, 4])
def test_mase_like_its_definition(seasonality):
    rng = np.random.default_rng(2)
    y, f, known = rng.normal(size=(3, 20)), rng.normal(size=(3, 20)), rng.normal(size=(3, 55))
    naive = np.abs(known[:, seasonality:] - known[:, :-seasonality]).mean(axis=1)
    expected = np.abs(y - f).mean(axis=1) / naive
    np.testing.assert_allclose(mase(y, f, known, seasonality=seasonality), expected, rtol=1e-13)


def test_mase_of_the_naive_forecast_of_a_walk():
    walk = np.cumsum(np.random.default_rng(3).normal(size=20_000))
    assert mase(walk[10_001:], walk[10_000:-1], walk[:10_001]) == pytest.approx(1.0, abs=0.03)
    season = np.tile([1.0, 5.0, 2.0], 10)
    assert mase(season[:3], season[:3] + 1.0, season) < mase(season[:3], season[:3] + 2.0, season)


def test_mase_of_a_constant_training_series():
    assert mase([1.0], [2.0], [3.0, 3.0]) == np.inf
    assert np.isnan(mase([1.0], [1.0], [3.0, 3.0]))


def test_crps_by_its_integral():
    """Of a naive ensemble it is the integral of the squared difference of two step functions."""
    rng = np.random.default_rng(4)
    members, y = np.sort(rng.normal(size=6)), 0.3
    edges = np.sort([*members, y])
    heights = [(np.mean(members <= a) - (y <= a)) ** 2 for a in edges[:-1]]
    expected = np.sum(heights * np.diff(edges))
    assert crps(y, rng.permutation(members), estimator="naive") == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("count", [2, 3, 10, 51])
def test_crps_over_all_pairs(count):
    rng = np.random.default_rng(count)
    y, members = rng.normal(size=(4, 5)), rng.normal(size=(4, 5, count)) + 1e3
    y += 1e3
    error = np.abs(members - y[..., np.newaxis]).mean(axis=-1)
    pairs = np.abs(members[..., np.newaxis] - members[..., np.newaxis, :]).sum(axis=(-1, -2))
    np.testing.assert_allclose(crps(y, members, estimator="naive"), error - pairs / (2 * count**2), rtol=1e-11)
    np.testing.assert_allclose(crps(y, members), error - pairs / (2 * count * (count - 1)), rtol=1e-9, atol=1e-12)


def test_crps_like_other_packages():
    """properscoring 0.1 (naive), scoringrules 0.10.0 ("nrg" and "fair") give these for the same arrays."""
    members = [[0.2, 1.5, -0.7, 0.9, 2.1], [3.0, 2.0, 2.5, 1.0, 4.5], [0.0, 0.0, 1.0, 1.0, -2.0]]
    y = [0.4, 5.0, 0.0]
    np.testing.assert_allclose(crps(y, members, estimator="naive"), [0.368, 1.76, 0.24], rtol=1e-13)
    np.testing.assert_allclose(crps(y, members, estimator="fair"), [0.23, 1.6, 0.1], rtol=1e-13)
    gaussian = crps_gaussian([0.3, -2.0, 10.0], [0.0, 1.0, 4.0], [1.0, 2.5, 0.5])
    np.testing.assert_allclose(gaussian, [0.2693329, 1.87003829, 5.71790521], rtol=5e-9)


def test_gaussian_crps_by_its_integral():
    def square(a, y, mean, deviation):
        return (stats.norm.cdf(a, mean, deviation) - (a >= y)) ** 2

    for y, mean, deviation in ((0.0, 0.0, 1.0), (3.0, 1.0, 0.5), (-4.0, 2.0, 3.0)):
        below = integrate.quad(square, -40.0, y, args=(y, mean, deviation), epsabs=1e-12, points=[mean])[0]
        above = integrate.quad(square, y, 40.0, args=(y, mean, deviation), epsabs=1e-12, points=[mean])[0]
        assert crps_gaussian(y, mean, deviation) == pytest.approx(below + above, rel=1e-8)
    assert crps_gaussian(0.0, 0.0, 1.0) == pytest.approx((math.sqrt(2.0) - 1.0) / math.sqrt(math.pi), rel=1e-14)
    assert crps_gaussian(2.0, 5.0, 0.0) == 3.0
    assert crps_gaussian(np.zeros((3, 1)), [0.0, 1.0], 1.0).shape == (3, 2)


def test_fair_score_does_not_depend_on_the_number_of_members():
    """Of normal draws both tend to the closed form; the naive one is too large by E|x - x'| / (2 m)."""
    rng = np.random.default_rng(5)
    y, exact, excess = rng.normal(size=40_000), 1.0 / math.sqrt(math.pi), 1.0 / math.sqrt(math.pi)
    for count in (2, 5):
        members = rng.normal(size=(40_000, count))
        assert crps(y, members).mean() == pytest.approx(exact, abs=0.015)
        naive = crps(y, members, estimator="naive").mean()
        assert naive == pytest.approx(exact + excess / count, abs=0.015)


def test_crps_of_one_member_is_the_absolute_error():
    assert crps([1.0, -2.0], [[4.0], [0.0]], estimator="naive").tolist() == [3.0, 2.0]


def test_crps_of_members_that_are_right():
    for estimator in ("fair", "naive"):
        assert crps(0.1, np.full(7, 0.1), estimator=estimator) == 0.0


def test_spread_and_error_like_numpy():
    rng = np.random.default_rng(6)
    y, members = rng.normal(size=(30, 4)), rng.normal(size=(30, 4, 8)) + 5.0
    found = spread_skill(y, members)
    assert found.spread == pytest.approx(np.sqrt(members.var(axis=-1, ddof=1).mean()), rel=1e-13)
    assert found.error == pytest.approx(np.sqrt(((members.mean(axis=-1) - y) ** 2).mean()), rel=1e-13)
    assert found.ratio == pytest.approx(math.sqrt(9 / 8) * found.spread / found.error, rel=1e-13)


@pytest.mark.parametrize("count", [2, 20])
def test_reliable_ensembles_have_the_ratio_one(count):
    rng = np.random.default_rng(7)
    centre = rng.normal(size=30_000)
    y, members = centre + rng.normal(size=30_000), centre[:, np.newaxis] + rng.normal(size=(30_000, count))
    assert spread_skill(y, members).ratio == pytest.approx(1.0, abs=0.015)
    assert spread_skill(y, centre[:, np.newaxis] + 0.5 * (members - centre[:, np.newaxis])).ratio < 0.7


def test_spread_without_error():
    assert spread_skill([1.0], [[0.0, 2.0]]).ratio == np.inf
    assert np.isnan(spread_skill([1.0], [[1.0, 1.0]]).ratio)
    assert np.isnan(spread_skill([np.nan], [[1.0, 1.0]]).error)
    assert spread_skill([1.0, np.nan], [[0.0, 4.0], [1.0, 2.0]]) == spread_skill([1.0], [[0.0, 4.0]])


def test_ranks():
    rng = np.random.default_rng(8)
    y, members = rng.normal(size=500), rng.normal(size=(500, 6))
    expected = np.bincount((members < y[:, np.newaxis]).sum(axis=1), minlength=7)
    np.testing.assert_array_equal(rank_histogram(y, members), expected)
    uniform = rank_histogram(rng.normal(size=70_000), rng.normal(size=(70_000, 6)))
    assert stats.chisquare(uniform).pvalue > 1e-3


def test_tied_ranks_count_in_parts():
    np.testing.assert_allclose(rank_histogram([1.0, 1.0], [[1.0, 1.0, 2.0], [0.0, 0.0, 0.0]]), [1 / 3, 1 / 3, 1 / 3, 1])
    assert rank_histogram(np.zeros(90), np.zeros((90, 8))).sum() == pytest.approx(90.0)
    assert rank_histogram([np.nan, 0.0], [[0.0], [np.inf]]).tolist() == [0.0, 0.0]


def test_company_and_threads_do_not_matter(monkeypatch):
    rng = np.random.default_rng(9)
    y, members, f = rng.normal(size=400), rng.normal(size=(400, 30)), rng.normal(size=(400, 30))
    y[7], members[9, 4] = np.nan, np.inf
    calls = (
        lambda part: crps(y[part], members[part]),
        lambda part: smape(members[part], f[part]),
        lambda part: mase(members[part], f[part], f[part, ::-1]),
        lambda part: crps_gaussian(y[part], 0.3, 2.0),
    )
    for call in calls:
        monkeypatch.setenv("FASTSCI_NUM_THREADS", "3")
        together = call(slice(None))
        monkeypatch.setenv("FASTSCI_NUM_THREADS", "1")
        assert same_bits(together, call(slice(None)))
        assert same_bits(together[8:12], call(slice(8, 12)))
        assert 1 <= np.isnan(together).sum() <= 2


def test_any_real_array():
    whole = np.random.default_rng(10).integers(1, 50, (40, 8))
    whole.setflags(write=False)
    y, members = whole[::2, 0], whole[::2, 2::2]
    for kind in (np.asarray, np.float32, np.ndarray.tolist):
        np.testing.assert_array_equal(crps(kind(y), kind(members)), crps(y.astype(float), members.astype(float)))
        np.testing.assert_array_equal(smape(kind(members), kind(whole[1::2, 2::2])), smape(members, whole[1::2, 2::2]))
        assert spread_skill(kind(y), kind(members)) == spread_skill(y.astype(float), members.astype(float))


def test_nothing_to_score():
    assert crps([], np.zeros((0, 3))).shape == (0,)
    assert rank_histogram([], np.zeros((0, 3))).tolist() == [0.0] * 4
    assert np.isnan(spread_skill([], np.zeros((0, 3)))).all()


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        (lambda: smape([], []), "truth"),
        (lambda: smape([1.0, 2.0], [1.0]), "forecast"),
        (lambda: mase([1.0], [1.0], [1.0, 2.0], seasonality=2), "training"),
        (lambda: mase([1.0], [1.0], [1.0, 2.0], seasonality=0), "seasonality"),
        (lambda: mase([[1.0], [1.0]], [[1.0], [1.0]], [1.0, 2.0]), "training"),
        (lambda: crps([1.0, 2.0], [1.0, 2.0, 3.0]), "ensemble"),
        (lambda: crps(1.0, 2.0), "ensemble"),
        (lambda: crps(1.0, [2.0]), "ensemble"),
        (lambda: crps(1.0, [], estimator="naive"), "ensemble"),
        (lambda: crps(1.0, [2.0, 3.0], estimator="best"), "estimator"),
        (lambda: crps_gaussian(0.0, 0.0, -1.0), "deviation"),
        (lambda: crps_gaussian(np.zeros(2), np.zeros(3), 1.0), "mean"),
        (lambda: spread_skill([1.0], [[1.0]]), "ensemble"),
        (lambda: rank_histogram([1.0], [1.0]), "ensemble"),
    ],
)
def test_mistakes_are_named(measure, name):
    with pytest.raises(ValueError, match=rf"^{name}: "):
        measure()


def test_wrong_types_are_named():
    with pytest.raises(TypeError, match=r"^truth: "):
        crps(["a"], [[1.0, 2.0]])
    with pytest.raises(TypeError, match=r"^forecast: "):
        smape([1.0], [1j])
