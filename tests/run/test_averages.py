"""Means of every kind, against scikit-learn 1.9.1, and rules and intervals that go through them."""

from typing import Any

import numpy as np
import pytest

import segeval
from segeval.errors import BadOption, UnknownName
from segeval.metrics import METRICS
from segeval.run.averages import AVERAGES
from segeval.run.means import Resampled
from segeval.run.numbers import MEANS, every, find
from segeval.run.run import Run

IDS = [0, 1, 2, 3, 5]  # 3 is predicted and never true, 5 the other way round in most images


def pairs() -> list[tuple[Any, Any]]:
    """Five images of other sizes, with void."""
    found = []
    for n, (height, width) in enumerate([(6, 7), (5, 9), (8, 4), (3, 11), (7, 7)]):
        random = np.random.RandomState(40 + n)
        ids, shares = ([0, 1, 2, 5], [0.5, 0.2, 0.2, 0.1]) if n == 1 else ([0, 1, 5], [0.6, 0.3, 0.1])
        truth = random.choice(ids, (height, width), p=shares)
        pred = np.where(random.rand(height, width) < 0.6, truth, random.choice([0, 1, 2, 3], (height, width)))
        truth = np.where(random.rand(height, width) < 0.1, 255, truth)
        found.append((pred, truth))
    return found


def run_of(**options: Any) -> Run:
    every = pairs()
    options = {"num_classes": 6, "ignore": [4, 255], **options}
    return segeval.score([pred for pred, _ in every], [truth for _, truth in every], **options)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("miou_micro", {}, 0.512396694214876),
        ("miou_weighted", {}, 0.5826611154480007),
        ("miou_dataset", {}, 0.342002442002442),
        ("mdice_micro", {}, 0.6775956284153005),
        ("mdice_weighted", {}, 0.7273137617184209),
        ("mprecision_weighted", {}, 0.807665442632268),
        ("mprecision_dataset", {"undefined": ["zero"]}, 0.5516890451832908),
        ("mrecall_dataset", {}, 0.5519250218807742),
        ("mrecall_dataset", {"undefined": ["empty-truth=zero"]}, 0.44154001750461935),
        ("mrecall_weighted", {}, 0.6775956284153005),
        ("multiclass_kappa", {}, 0.4643548147045692),
        ("multiclass_mcc", {}, 0.4759683928572137),
        ("mf_beta_dataset@3", {"beta": 3}, 0.4391781802770298),
        ("mf_beta_weighted@3", {"beta": 3}, 0.6857199055655719),
        ("miou_pairs", {}, 0.3192624037912663),
        ("mdice_image_micro", {}, 0.6792806510047888),
        ("miou_micro", {"mean_without": [0]}, 0.35344827586206895),
        ("miou_weighted", {"mean_without": [0]}, 0.4598639455782313),
    ],
)
def test_against_sklearn(name: str, options: dict[str, Any], expected: float) -> None:
    """`jaccard_score`, `f1_score`, `precision_score` and so on over all pixels, or image by image."""
    asked = [] if name.rpartition("_")[2] in MEANS else [name]
    run = run_of(numbers=asked, **options)
    assert find(run.outline, name, None).of_images(run.tables) == pytest.approx(expected, rel=1e-12)
    if asked:
        assert run.summary[name] == pytest.approx(expected, rel=1e-12)
        assert run.document()["options"]["numbers"] == [name]


def test_a_class_without_a_value_has_no_weight() -> None:
    """Precision of a class that is never predicted is undefined: that of the other, 2/4, is the mean."""
    truth, pred = np.array([[0, 0, 1, 1]]), np.zeros((1, 4), np.uint8)
    run = segeval.score([pred], [truth], num_classes=2, numbers=["mprecision_weighted"])
    assert run.summary["mprecision_weighted"] == 0.5


def test_what_is_predicted_as_no_class_agrees_with_nothing() -> None:
    """As one more class that is never true; scikit-learn gives the same for 3 and for 77."""
    every = [(np.where(pred == 3, 77, pred), truth) for pred, truth in pairs()]
    names = ["multiclass_kappa", "multiclass_mcc"]
    run = segeval.score([p for p, _ in every], [t for _, t in every], num_classes=6, ignore=[255], numbers=names)
    assert [run.summary[name] for name in names] == pytest.approx([0.4643548147045692, 0.4759683928572137], rel=1e-12)


def test_multiclass_mcc_of_two_classes_is_that_of_the_foreground() -> None:
    every = [(pred == 1, truth == 1) for pred, truth in pairs()]
    run = segeval.score(
        [p.astype(int) for p, _ in every], [t.astype(int) for _, t in every], num_classes=2, numbers=["multiclass_mcc"]
    )
    assert run.summary["multiclass_mcc"] == pytest.approx(run.classes[1]["mcc"], rel=1e-12)


def test_channels_have_no_multiclass_numbers() -> None:
    truth = np.array([[[1, 0, 1]], [[0, 1, 1]]])
    run = segeval.score([truth], [truth], multilabel=True, num_classes=2, numbers=["multiclass_kappa", "miou_micro"])
    assert np.isnan(run.summary["multiclass_kappa"])
    assert run.document()["undefined"]["multiclass_kappa"]["skipped"] == 1
    assert run.summary["miou_micro"] == 1


def test_every_mean_of_every_metric_is_a_number_that_resamples() -> None:
    """A row of ones gives the number itself, whatever the mean; quiet ones are told only where asked for."""
    run = run_of(undefined=["empty-prediction=zero"], mean_without=[2])
    known = every(run.outline)
    metrics = [metric for metric in METRICS.values() if run.outline.known(metric) and metric.mean]
    assert len(known) >= len(metrics) * len(AVERAGES) > 100
    ones = Resampled(run.tables, np.ones((1, run.tables.clusters)))
    for name, number in known.items():
        assert number.drawn is not None
        once = number.of_images(run.tables)
        np.testing.assert_allclose(number.drawn(ones)[0], once, rtol=1e-12, err_msg=name)
    told = {f"{stem}_{kind}" for stem in ("miou", "mdice", "mprecision", "mrecall") for kind in MEANS}
    assert set(run.summary) == told | {"pixel_accuracy", "mean_accuracy", "fw_iou"}


def test_intervals_and_rules_of_numbers_that_were_asked_for(tmp_path: Any) -> None:
    from segeval.gate import Rule, judge
    from segeval.run.bootstrap import Draws
    from segeval.run.results import Results

    run = run_of(numbers=["mdice_micro"], ci=True, resamples=101)
    assert set(run.document()["ci"]["summary"]["mdice_micro"]) == {"low", "high", "undefined"}
    rules = [
        "mdice_micro >= 0.67",
        "mspecificity_class >= 0.99",
        "jaccard[1] >= 0.2",
    ]
    verdict = judge([Rule.parse(rule) for rule in rules], Results.of(run), None, Draws(), "warn", False)
    assert [each.verdict for each in verdict.rulings] == ["pass", "fail", "pass"]


def test_presence_always() -> None:
    """A class that is in neither mask has a specificity: 1. Its IoU is 0/0 as ever."""
    pred, truth = np.array([[0, 0, 1]]), np.array([[0, 1, 1]])
    run = segeval.score([pred], [truth], num_classes=3, presence="always")
    assert run.classes[2]["specificity"] == 1
    assert np.isnan(run.classes[2]["iou"])
    assert run.classes[2]["images"] == 1
    number = find(run.outline, "mspecificity_image", None)
    assert number.of_images(run.tables) == pytest.approx((0.5 + 1 + 1) / 3)


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("mdice_mirco", UnknownName, "did you mean 'mdice_micro'"),
        ("iou", UnknownName, "segeval explain"),
        ("group_miou_micro", UnknownName, "did you mean"),
    ],
)
def test_numbers_that_there_are_not(name: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        run_of(numbers=[name])
    assert said in getattr(caught.value, "hint", "")


def test_what_may_be_below_0_has_no_geometric_mean() -> None:
    with pytest.raises(BadOption, match="may be below 0"):
        run_of(numbers=["mmcc_dataset"], mean="geometric")


def test_other_names() -> None:
    """Metrics by the names that other programs have for them."""
    assert METRICS.find("jaccard").name == "iou"
    assert METRICS.find("f1").name == "dice"
    assert run_of(metrics="sensitivity,ppv,fpr").document()["options"]["metrics"] == [
        "precision",
        "recall",
        "false_positive_rate",
    ]
    with pytest.raises(UnknownName) as caught:
        METRICS.find("jacard")
    assert caught.value.hint == "did you mean 'jaccard'?"
