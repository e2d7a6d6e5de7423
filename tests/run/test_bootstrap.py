"""Tests of the bootstrap: against SciPy, by hand, and by its own laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from segeval.errors import BadOption
from segeval.run.bootstrap import Draws, Stat, at_most, bounds, exact_sums, holm, p_change, p_drop, reach


def resampled(values, draws):
    """The means of resampled values."""
    stat = Stat.find("mean")
    return np.concatenate([stat.of(weights, values) for weights in draws.blocks(values.size)])


def test_draws_are_draws_with_replacement():
    """Each resample takes as many groups as there are; the counts are multinomial (mean 1, variance 1 − 1/n)."""
    counts = np.concatenate(list(Draws(resamples=4000, seed=3).blocks(40)))
    assert counts.shape == (4000, 40)
    assert (counts.sum(axis=1) == 40).all()
    assert abs(counts.var() - 39 / 40) < 0.02
    covariance = np.cov(counts[:, 0], counts[:, 1])[0, 1]
    assert abs(covariance + 1 / 40) < 0.05


def test_the_draws_are_frozen():
    """The first counts of seed 7 by RandomState of NumPy 2: the stream may never change."""
    drawn = np.random.RandomState(7).randint(0, 5, (100, 5), dtype=np.int32)
    first = next(Draws(resamples=100, seed=7).blocks(5))
    assert first[0].tolist() == np.bincount(drawn[0], minlength=5).tolist() == [0, 1, 0, 2, 2]


def test_fewer_resamples_are_the_first_of_more():
    """More resamples never change the earlier ones, whatever the blocks."""
    some = np.concatenate(list(Draws(resamples=700, seed=5).blocks(9)))
    many = np.concatenate(list(Draws(resamples=1300, seed=5).blocks(9)))
    assert (many[:700] == some).all()


def test_few_groups_are_compared_by_all_their_subsets():
    """Three groups have seven, by hand; from ten on some at random, from thirty on draws as for one run alone."""
    (weights,) = Draws(resamples=100).paired(3)
    assert sorted(map(tuple, weights.tolist())) == sorted(
        [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)]
    )
    drawn = {n: np.concatenate([*Draws(resamples=700, seed=2).paired(n)]) for n in (2, 9, 10, 29)}
    assert {n: len(rows) for n, rows in drawn.items()} == {2: 3, 9: 511, 10: 700, 29: 700}
    for rows in drawn.values():
        assert set(np.unique(rows)) == {0, 1}
        assert rows.any(axis=1).all()
    assert drawn[29].mean(axis=0) == pytest.approx(np.full(29, 0.5), abs=0.1)  # 5 standard errors
    assert (drawn[10] != np.concatenate([*Draws(resamples=700, seed=3).paired(10)])).any()
    assert (next(Draws(resamples=100).paired(30)) == next(Draws(resamples=100).blocks(30))).all()


def test_random_subsets_are_the_random_test_of_signs():
    """p of 12 differences beside scipy.stats.permutation_test of the mean, all 2¹² changes of signs (SciPy 1.13+)."""
    differences = np.random.RandomState(4).randint(-900, 500, 12).astype(float)
    weights = np.concatenate([*Draws(resamples=20_000, seed=1).paired(12)])
    other = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", alternative="less", n_resamples=np.inf
    )
    assert 0.01 < other.pvalue < 0.3
    assert p_drop(weights @ differences / weights.sum(axis=1)) == pytest.approx(other.pvalue, abs=0.01)


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=8), st.sampled_from([0.8, 0.95]))
def test_the_test_of_few_is_that_of_all_changes_of_signs(values, confidence):
    """scipy.stats.permutation_test(permutation_type="samples") of the mean, all 2ⁿ of them; the bound says the same."""
    differences = np.array(values, float)  # whole numbers, whose sums tie where they are equal
    (weights,) = Draws().paired(differences.size)
    found = weights @ differences / weights.sum(axis=1)
    other = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", alternative="less", n_resamples=np.inf
    )
    assert p_drop(found) == pytest.approx(other.pvalue)
    assert at_most(p_drop(found), 1 - confidence) == (bounds(found, confidence)[1] < 0)
    lower, upper = bounds(found, confidence)
    assert lower <= upper


@pytest.mark.parametrize(("groups", "confidence", "never"), [(4, 0.95, True), (5, 0.95, False), (6, 0.99, True)])
def test_too_few_groups_are_never_sure(groups, confidence, never):
    """Of n pairs the smallest p is 2⁻ⁿ: 1/16 is above 0.05 and 1/32 is not, 1/64 is above 0.01."""
    (weights,) = Draws().paired(groups)
    found = -weights.sum(axis=1)  # every group is worse
    assert p_drop(found) == 2**-groups
    assert (bounds(found, confidence) == (-math.inf, math.inf)) == never


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_percentile_interval_is_scipys(confidence):
    """scipy.stats.bootstrap(paired=True) of the mean difference, to the noise of 20,000 resamples."""
    random = np.random.default_rng(11)
    pred, truth = random.normal(0.7, 0.1, 60), random.normal(0.68, 0.1, 60)
    found = bounds(resampled(pred - truth, Draws(resamples=20_000, seed=1)), confidence)
    other = stats.bootstrap(
        (pred, truth),
        lambda a, b, axis: (a - b).mean(axis=axis),
        paired=True,
        method="percentile",
        confidence_level=2 * confidence - 1,
        n_resamples=20_000,
        random_state=2,
    ).confidence_interval
    assert found == pytest.approx((other.low, other.high), abs=0.001)


@pytest.mark.parametrize("shift", [0.0, 0.01, 0.03])
def test_p_value_is_near_that_of_the_permutation_test(shift):
    """scipy.stats.permutation_test(permutation_type="samples") asks another question; the answers are close."""
    random = np.random.default_rng(4)
    now = random.normal(0.7, 0.05, 50)
    then = now + random.normal(shift, 0.05, 50)
    found = p_drop(resampled(now - then, Draws(resamples=10_000, seed=3)))
    other = stats.permutation_test(
        (now, then),
        lambda a, b, axis: (a - b).mean(axis=axis),
        permutation_type="samples",
        alternative="less",
        n_resamples=10_000,
        random_state=5,
    ).pvalue
    assert found == pytest.approx(other, abs=0.03)


@given(st.integers(19, 3000), st.sampled_from([0.8, 0.9, 0.95, 0.975, 0.99]), st.data())
def test_p_is_at_most_alpha_just_where_the_bound_is_below_zero(resamples, confidence, data):
    """The p-value and the upper bound never disagree, at any number of resamples beyond the bound."""
    edge = max(0, reach(confidence, resamples))
    above = min(resamples, data.draw(st.integers(max(0, edge - 2), edge + 2)))
    values = np.array([0.0] * above + [-1.0] * (resamples - above))
    _, upper = bounds(np.random.default_rng(0).permutation(values), confidence)
    assert (upper < 0) == at_most(p_drop(values), 1 - confidence)


def test_bounds_by_hand():
    """B = 19 at 0.95 and B = 39 at 0.9: at most 0 and 3 resamples lie beyond."""
    assert (reach(0.95, 19), reach(0.95, 18), reach(0.9, 39), reach(0.9, 9)) == (0, -1, 3, 0)
    assert bounds(np.arange(19.0), 0.95) == (0, 18)
    assert bounds(np.arange(39.0), 0.9) == (3, 35)
    assert bounds(np.arange(18.0), 0.95) == (-math.inf, math.inf)


def test_undefined_resamples_widen_everything():
    """nan counts as no drop, and as no bound."""
    values = np.array([math.nan] * 3 + [-1.0] * 36)
    assert bounds(values, 0.9) == (-1, -1)
    assert bounds(np.append(values[1:], [math.nan] * 2), 0.9) == (-math.inf, math.inf)
    assert p_drop(values) == pytest.approx(4 / 40)


def test_two_sided_p_value():
    """Twice the smaller side: 2·(1 + 2)/(9 + 1), and never above 1."""
    assert p_change(np.array([-1.0, -1, 1, 1, 1, 1, 1, 1, 1])) == pytest.approx(0.6)
    assert p_change(np.zeros(9)) == 1


def test_holm_by_hand():
    """R 4.3 p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm"): 0.03 0.06 0.06 0.02."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == [1, 1]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.sampled_from([0.05, 0.1]))
def test_holm_is_the_stepwise_test(p_values, alpha):
    """Adjusted ≤ α just where the stepwise procedure rejects."""
    rejected, order = set(), sorted(range(len(p_values)), key=lambda n: p_values[n])
    for step, place in enumerate(order):
        if (len(p_values) - step) * p_values[place] > alpha:
            break
        rejected.add(place)
    assert {n for n, p in enumerate(holm(p_values)) if p <= alpha} == rejected


STATS = {
    "mean": np.mean,
    "median": np.median,
    "min": np.min,
    "max": np.max,
    "p05": lambda values: np.quantile(values, 0.05),
    "p99.5": lambda values: np.quantile(values, 0.995),
    "worst-mean:3": lambda values: np.sort(values)[:3].mean(),
    "worst-mean:500": np.mean,
}


@pytest.mark.parametrize("name", STATS)
def test_a_statistic_of_weights_is_that_of_repeated_values(name):
    """NumPy of the values written out as often as they were drawn; nan is never among them."""
    random = np.random.default_rng(8)
    values = random.random(23)
    weights = next(Draws(resamples=100, seed=2).blocks(25))
    found = Stat.find(name).of(weights, np.concatenate([[math.nan], values, [math.nan]]))
    for row, value in zip(weights, found, strict=True):
        assert value == pytest.approx(STATS[name](np.repeat(values, row[1:-1].astype(int))), abs=1e-13)


def test_the_worst_depend_on_the_better_side():
    """Of losses the worst are the largest."""
    values, once = np.array([1.0, 5, 3]), np.ones((1, 3))
    assert Stat.find("worst-mean:2").of(once, values) == [2]
    assert Stat.find("worst-mean:2").of(once, values, np.negative) == [4]


@pytest.mark.parametrize("name", ["p5.5.5", "p101", "worst-mean:0", "worst-mean", "Mean", "", "std", "p-5"])
def test_statistics_that_there_are_not(name):
    """None, so that the caller can name the rule."""
    assert Stat.find(name) is None


@pytest.mark.parametrize("name", STATS)
def test_a_statistic_of_nothing_is_undefined(name):
    """No value, or none that was drawn."""
    stat = Stat.find(name)
    assert np.isnan(stat.of(np.ones((2, 3)), np.full(3, math.nan))).all()
    assert np.isnan(stat.of(np.array([[2.0, 0]]), np.array([math.nan, 1]))).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.integers(0, 99))
def test_exact_sums_do_not_depend_on_order(values, seed):
    """The same bits for any order of the groups, and the sum itself to rounding."""
    column = np.array(values)[:, None]
    weights = np.random.RandomState(seed).randint(0, 4, (3, len(values))).astype(float)
    order = np.random.RandomState(seed + 1).permutation(len(values))
    most = weights.sum(axis=1).max(initial=1)
    found = exact_sums(weights, column, most)
    assert (exact_sums(weights[:, order], column[order], most) == found).all()
    exact = [math.fsum(w * v for w, v in zip(row, values, strict=True)) for row in weights]
    assert found[:, 0] == pytest.approx(exact, abs=1e-14 * most * (1 + np.abs(column).max()))


@pytest.mark.parametrize(
    "options", [{"confidence": 1}, {"confidence": 0.5}, {"resamples": 99}, {"seed": -1}, {"seed": 1 << 32}]
)
def test_draws_refuse_what_makes_no_sense(options):
    """SEG101 names the option."""
    with pytest.raises(BadOption, match=f"--{next(iter(options))}"):
        Draws(**options)
