"""Distances by area: the numbers of surface-distance, and what differs from distances that are counted."""

import math

import numpy as np
import pytest
from support.reference import VECTORS, mask

import segeval
from segeval import metrics
from segeval.errors import UnfitPixels
from segeval.evidence import Surface, SurfaceArea
from segeval.evidence.kinds import EVIDENCE
from segeval.metrics import METRICS

NAMES = [name for name, metric in METRICS.items() if metric.eats is SurfaceArea]

# surface-distance 0.1 of two random masks: hd, quantiles, mean of either direction, surface Dice at 0.6, area of truth.
RANDOM = {
    ((13, 9), (2.0, 0.7)): {
        "hd_area": 2.118962010041709,
        "hd85_area": 0.7,
        "hd99_area": 2.0,
        "hd95_area": 1.4,
        "asd": [0.28905322136520645, 0.13612752226655914],
        "nsd": 0.772082302613663,
        "area": 155.510176482002,
    },
    ((8, 9, 7), (3.3, 0.5, 0.75)): {
        "hd_area": 1.25,
        "hd85_area": 0.0,
        "hd99_area": 0.75,
        "hd95_area": 0.5,
        "asd": [0.06478868648814493, 0.0185395784123605],
        "nsd": 0.9786570622071946,
        "area": 881.246320460359,
    },
}


@pytest.mark.parametrize(("shape", "spacing"), RANDOM)
def test_random_masks(shape, spacing):
    random = np.random.RandomState(len(shape))
    truth, pred = (random.rand(*shape) < share for share in (0.5, 0.35))
    s = SurfaceArea.of(pred, truth, spacing)
    found = {
        "hd_area": metrics.hd_area(s)[0],
        "hd85_area": metrics.hd95_area(s, percentile=85)[0],
        "hd99_area": metrics.hd95_area(s, percentile=99)[0],
        "hd95_area": metrics.hd95_area(s)[0],
        "asd": [metrics.asd_truth_to_pred_area(s)[0], metrics.asd_pred_to_truth_area(s)[0]],
        "nsd": metrics.nsd_area(s, tolerance=0.6)[0],
        "area": s.to_pred.total[0],
    }
    expected = RANDOM[shape, spacing]
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-12), name
    area = s.to_pred.total[0] + s.to_truth.total[0]
    both = (expected["asd"][0] * s.to_pred.total[0] + expected["asd"][1] * s.to_truth.total[0]) / area
    assert metrics.assd_area(s)[0] == pytest.approx(both, rel=1e-12)


def test_vectors():
    """surface_distance_test.py 1f805ce: two pixels; and the spike on which three HD95 differ."""
    vector = VECTORS["sd-two-pixels"]
    pred, truth = (mask(vector["inputs"][side]) for side in ("pred", "truth"))
    s = SurfaceArea.of(pred, truth, vector["params"]["spacing"])
    expected = vector["expected"]
    found = {
        "asd_truth_to_pred": metrics.asd_truth_to_pred_area(s)[0],
        "asd_pred_to_truth": metrics.asd_pred_to_truth_area(s)[0],
        "hd": metrics.hd_area(s)[0],
        "hd95": metrics.hd95_area(s)[0],
        "overlap_truth@1": s.to_pred.within(1)[0] / s.to_pred.total[0],
        "overlap_pred@1": s.to_truth.within(1)[0] / s.to_truth.total[0],
        "nsd@1": metrics.nsd_area(s, tolerance=1)[0],
        "length_truth": s.to_pred.total[0],
        "length_pred": s.to_truth.total[0],
    }
    assert found == pytest.approx({name: expected[name] for name in found}, abs=vector["atol"])
    vector = VECTORS["hd95-spike"]
    spike = SurfaceArea.of(*(mask(vector["inputs"][side]) for side in ("pred", "truth")))
    assert metrics.hd95_area(spike)[0] == vector["expected"]["hd95_surfel"]


def test_empty_sides_and_void():
    """∞ and 0 where one side is empty; a cell with an ignored pixel has no contour, and makes none agree."""
    truth, pred = np.zeros((9, 12), np.uint8), np.zeros((9, 12), np.uint8)
    truth[2:7, 2:8] = 1
    missed = SurfaceArea.of(pred, truth)
    for name in NAMES:
        assert getattr(metrics, name)(missed)[0] == (0 if name == "nsd_area" else math.inf)
        assert math.isnan(getattr(metrics, name)(missed.over([4]))[0])
    pred[1:8, 1:9] = 1
    cut = truth.copy()
    cut[:, 5] = 255
    s = SurfaceArea.of(pred, cut, ignore=[255])
    assert metrics.nsd_area(s, tolerance=0.9)[0] == 0
    # columns 4 to 6 are lost: two cells of each of the sides above and below
    assert s.to_pred.total[0] == pytest.approx(SurfaceArea.of(pred, truth).to_pred.total[0] - 2 * 2)


def test_it_comes_back_and_adds_up():
    random = np.random.RandomState(3)
    one, other = (SurfaceArea.of(*random.randint(0, 3, (2, 7, 8)), spacing=(0.3, 1)) for _ in range(2))
    kind = EVIDENCE["surface_area"].evidence
    again = kind.unpacked(kind.packed([one, None, other]))
    assert again[1] is None
    assert type(again[0]) is SurfaceArea
    for name in NAMES:
        np.testing.assert_array_equal(getattr(metrics, name)(again[2]), getattr(metrics, name)(other))
    both = one + other
    assert type(both) is SurfaceArea
    expected = (one.to_pred.sums + other.to_pred.sums) / (one.to_pred.total + other.to_pred.total)
    assert metrics.asd_truth_to_pred_area(both) == pytest.approx(expected, rel=1e-14)


def test_values_do_not_depend_on_the_images_beside():
    """The same to the last bit in a run of one image and of many."""
    random = np.random.RandomState(1)
    pairs = {f"{n}": random.randint(0, 4, (2, 12, 11)) for n in range(5)}
    asked = {"metrics": "surface_area", "num_classes": 4, "spacing": (0.7, 0.1), "tolerance": 0.33}
    names = [f"{name}" for name in NAMES]
    preds, truths = ({n: pair[k] for n, pair in pairs.items()} for k in (0, 1))
    many = segeval.score(preds, truths, **asked).tables
    for n, id_ in enumerate(pairs):
        single = segeval.score({id_: preds[id_]}, {id_: truths[id_]}, **asked).tables
        for metric in many.scoring.entries:
            assert metric.name in names
            np.testing.assert_array_equal(single.values(metric)[0], many.values(metric)[n])


def test_counted_and_weighed_are_both_told():
    """Of one pair in one run, each under its name; four axes have no area."""
    truth = np.zeros((20, 20), np.uint8)
    truth[4:15, 4:15] = 1
    run = segeval.score([np.roll(truth, 3, 0)], [truth], metrics="surface,surface_area", num_classes=2)
    row = run.classes[1]
    assert row["nsd@2"] == metrics.nsd(Surface.of(np.roll(truth, 3, 0), truth))[0]
    assert row["nsd_area@2"] == metrics.nsd_area(SurfaceArea.of(np.roll(truth, 3, 0), truth))[0] != row["nsd@2"]
    assert run.document()["options"]["unit"] == "pixel"
    deep = np.ones((2, 2, 2, 2), np.uint8)
    with pytest.raises(UnfitPixels, match="truth.*4 axes have no area"):
        segeval.Evaluator(metrics="nsd_area").update(deep, deep, batch=False)
