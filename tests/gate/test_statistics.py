"""Tests of what a gate finds by resampling: beside SciPy 1.17.1, and by laws that hold for any runs."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from support.models import CLASSES, model, pred_of, truth_of

from segeval.data.class_selection import ClassChoice
from segeval.data.classes import ClassTable
from segeval.evidence.confusion import Confusion
from segeval.gate import Rule, judge
from segeval.gate.rules import TESTS
from segeval.run.bootstrap import Draws
from segeval.run.options import Options
from segeval.run.records import Record
from segeval.run.results import Results
from segeval.run.run import Run
from segeval.run.scoring import Scoring

SEVERITY = ["pass", "inconclusive", "fail"]
DRAWS = Draws(confidence=0.9, resamples=20_000, seed=4)
IMAGES = np.arange(30)
NOW, THEN = {"wrong": 0.24, "seed": 2}, {"wrong": 0.2, "seed": 1}


def overlaps(wrong, seed):
    """Pixels in both masks and in either, of each image and class: two arrays (30, 4), straight from the masks."""
    spread = np.random.default_rng(seed).uniform(0.5, 1.5, 1000)
    pairs = [(pred_of(n, wrong * spread[n], seed), truth_of(n)) for n in IMAGES]
    both = [[((p == c) & (t == c)).sum() for c in range(CLASSES)] for p, t in pairs]
    either = [[((p == c) | (t == c)).sum() for c in range(CLASSES)] for p, t in pairs]
    return np.array(both), np.array(either)


def mean_iou(both, either):
    """The mean over the classes that are there, the last axis."""
    return np.nanmean(np.where(either > 0, both / np.maximum(either, 1), np.nan), axis=-1)


def check(rule, now, then, draws):
    """What a gate finds about one number."""
    return judge([rule], now, then, draws).rulings[0].checks[0]


@pytest.fixture(scope="module")
def miou_image():
    """What the gate says of `miou_image`, and the number of each image in both runs."""
    found = check(Rule.parse("miou_image drop <= 0.005"), model(**NOW), model(**THEN), DRAWS)
    return found, mean_iou(*overlaps(**NOW)), mean_iou(*overlaps(**THEN))


def mean_difference(now, then, axis=-1):
    return (now - then).mean(axis=axis)


def test_the_interval_of_a_mean_is_scipys(miou_image):
    """scipy.stats.bootstrap(paired=True): value, both bounds, spread and p, to the noise of 20,000 resamples."""
    found, now, then = miou_image
    other = stats.bootstrap(
        (now, then),
        mean_difference,
        paired=True,
        method="percentile",
        confidence_level=0.8,  # two-sided: a tenth on each side
        n_resamples=20_000,
        rng=np.random.default_rng(9),
    )
    assert (found.value, found.baseline) == pytest.approx((now.mean(), then.mean()), abs=1e-12)
    interval = other.confidence_interval
    noise = 10 * other.standard_error / 20_000**0.5
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high), abs=noise)
    assert found.p == pytest.approx((other.bootstrap_distribution >= 0).mean(), abs=0.01)
    # z(0.9) + z(0.8) = 1.28155 + 0.84162, from the table of the normal distribution
    spread = other.standard_error
    assert found.detectable == pytest.approx(max(2.12317 * spread, 0.005 + 0.84162 * spread), rel=0.02)


def test_the_p_value_is_near_that_of_the_permutation_test(miou_image):
    """scipy.stats.permutation_test(permutation_type="samples") asks another question; the answers are close."""
    found, now, then = miou_image
    other = stats.permutation_test(
        (now, then),
        mean_difference,
        permutation_type="samples",
        alternative="less",
        n_resamples=20_000,
        rng=np.random.default_rng(9),
    )
    assert 0.005 < other.pvalue < 0.5
    assert found.p == pytest.approx(other.pvalue, abs=0.02)


@pytest.mark.parametrize("group_by", [None, r"(\d)$"])
def test_the_interval_of_a_pooled_number_is_scipys(monkeypatch, group_by):
    """scipy.stats.bootstrap over the numbers of images, or of ten groups of three: each draw is pooled anew."""
    monkeypatch.setattr("segeval.run.bootstrap.MANY", 10)  # or ten groups were compared by subsets
    clusters = IMAGES[:, None] if group_by is None else IMAGES.reshape(3, 10).T
    (now, now_either), (then, then_either) = (
        [counts[clusters].sum(axis=1) for counts in overlaps(**side)] for side in (NOW, THEN)
    )

    def change(drawn, axis):
        now_iou, then_iou = (
            mean_iou(both[drawn].sum(axis=axis), either[drawn].sum(axis=axis))
            for both, either in ((now, now_either), (then, then_either))
        )
        return now_iou - then_iou

    other = stats.bootstrap(
        (np.arange(len(clusters)),),
        lambda drawn, axis: change(np.moveaxis(drawn.astype(int), axis, 0), 0),
        method="percentile",
        confidence_level=0.8,
        n_resamples=20_000,
        rng=np.random.default_rng(9),
    )
    draws = Draws(group_by, DRAWS.confidence, DRAWS.resamples, DRAWS.seed)
    found = check(Rule.parse("miou_dataset drop <= 0.005"), model(**NOW), model(**THEN), draws)
    interval = other.confidence_interval
    noise = 10 * other.standard_error / 20_000**0.5
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high), abs=noise)
    assert found.p == pytest.approx((other.bootstrap_distribution >= 0).mean(), abs=0.01)


def part(images, wrong, seed, copies="a"):
    """The run over some images, of each as many as there are letters."""
    spread = np.random.default_rng(seed).uniform(0.5, 1.5, 1000)
    records = [
        Record(
            f"{n:03}{copy}",
            {"counts": Confusion.of(pred_of(n, wrong * spread[n], seed), truth_of(n), num_classes=4)},
            f"t{n}",
        )
        for n in sorted(images)
        for copy in copies
    ]
    scoring = Scoring.of(["iou", "dice"], mean="harmonic", beta=0.5)
    table = ClassTable.named(["road", "sky", "car", "rare"])
    return Run(tuple(records), Options(classes=ClassChoice(table), scoring=scoring), paired=len(records))


@pytest.mark.parametrize(
    "name", ["miou_dataset", "iou[*]", "pixel_accuracy", "f_beta@0.5[sky]", "dice over groups p10"]
)
@pytest.mark.parametrize("group_by", [r"^\d+", r"(\d)[ab]$"])
def test_doubling_every_image_in_its_group_changes_nothing(name, group_by):
    """Groups of twice as many images know no more, as pooled numbers see it: thirty groups, and ten."""
    rule, draws = Rule.parse(f"{name} drop <= 0.01"), Draws(group_by, 0.9, 500, 7)
    found = [
        judge([rule], *(Results.of(part(IMAGES, copies=copies, **side)) for side in (NOW, THEN)), draws).document()
        for copies in ("a", "ab")
    ]
    assert [each["images"]["scored"] for each in found] == [30, 60]
    assert found[0]["rules"] == found[1]["rules"]


EVERY = ["miou_dataset", "miou_image", "miou_class", "iou[sky]", "dice_over_images[car]", "fw_iou"]
SPREADS = ["dice over images median", "iou[road] over groups p20", "recall over images worst-mean:4"]


def test_groups_of_one_image_are_no_groups():
    """A pattern that matches the whole id draws the images one by one."""
    rules = [Rule.parse(f"{name} drop <= 0.01") for name in EVERY + SPREADS]
    found = [judge(rules, model(**NOW), model(**THEN), Draws(by, 0.9, 500, 7)).document() for by in (None, "^.*$")]
    assert found[0]["rules"] == found[1]["rules"]


@pytest.mark.parametrize("name", ["miou_dataset", "iou[car]", "miou_image", "dice over images median"])
def test_few_images_hold_the_level(name):
    """Of all 2ⁿ ways to say which prediction of an image was before, at most 5 % fail, pooled numbers too."""
    for seed, size in ((3, 5), (4, 6), (5, 7)):
        models = [model(0.3, seed, range(size)), model(0.3, seed + 50, range(size))]
        tables = [each.rows.columns("counts") for each in models]
        fails = 0
        for swapped in itertools.product([False, True], repeat=size):
            sides = [_mixed(*models, *tables, np.array(swapped)), _mixed(*models, *tables, ~np.array(swapped))]
            found = check(Rule.parse(f"{name} drop <= 0"), *sides, Draws())
            fails += found.verdict == "fail"
        assert fails <= 0.05 * 2**size


def _mixed(first, second, mine, theirs, swapped):
    """A model whose images are those of the second where they are swapped."""

    def each(name, values):
        own = theirs.images[name] if name in theirs.images else theirs.classes[name]
        return np.where(swapped.reshape(-1, *[1] * (values.ndim - 1)), own, values)

    rows = replace(first.rows, load={"counts": lambda: mine.mapped(each)})
    return replace(first, load=lambda: rows, whole=False)


def test_up_to_four_images_are_inconclusive():
    """However bad they are: no exact paired test of so few reaches 0.05."""
    for size, verdict in ((2, "inconclusive"), (4, "inconclusive"), (5, "fail")):
        found = check(
            Rule.parse("miou_dataset drop <= 0.01"), model(0.9, 2, range(size)), model(0.05, 1, range(size)), Draws()
        )
        assert found.verdict == verdict
        if verdict == "inconclusive":
            assert found.reason == f"no exact paired test of {size} images or groups can be that sure"


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("name", EVERY + SPREADS)
def test_identical_runs_pass(name, test):
    """No change at all, with any test, even where no drop is allowed."""
    rule = replace(Rule.parse(f"{name} drop <= 0"), test=test)
    found = check(rule, model(**NOW), model(**NOW), Draws(r"(\d)$", 0.9, 500, 7))
    assert (found.verdict, found.change) == ("pass", 0)
    if test != "none":
        assert (found.lower, found.upper, found.p) == (0, 0, 1)


def verdicts(now, then, classes):
    """The verdict on each class of a rule about some classes."""
    rule = Rule.from_table({"metric": "iou", "classes": list(classes), "max_drop": 0.005}, 1)
    ruling = judge([rule], now, then, Draws(None, 0.9, 1000, 7)).rulings[0]
    return {each.number: each.verdict for each in ruling.checks}


def test_more_classes_in_a_rule_are_never_harsher():
    """Holm only takes back: a class that passes alone passes among others, and one is acquitted for their sake."""
    milder = 0
    for seed in range(2, 14):
        now, then = model(wrong=0.24, seed=seed), model(**THEN)
        for size in (1, 2):
            for some in itertools.combinations(["road", "sky", "car"], size):
                few, many = verdicts(now, then, some), verdicts(now, then, ["road", "sky", "car"])
                for name, verdict in few.items():
                    assert SEVERITY.index(many[name]) <= SEVERITY.index(verdict)
                    milder += many[name] != verdict
    assert milder


def test_the_document_does_not_depend_on_the_order_of_the_images():
    """The same bytes, in whatever parts and order both runs were made."""
    rules = [Rule.parse(f"{name} drop <= 0.01") for name in EVERY + SPREADS]
    found = set()
    for seed in range(3):
        order = np.random.RandomState(seed).permutation(30)
        parts = [order[:7], order[7:19], order[19:]]
        now, then = (part(parts[0], **side) + part(parts[1], **side) + part(parts[2], **side) for side in (NOW, THEN))
        document = judge(rules, Results.of(now), Results.of(then), Draws(r"(\d)a$", 0.9, 700, 7)).document()
        found.add(json.dumps(document, sort_keys=True))
    assert len(found) == 1
