"""Objects: by hand, by plain loops, by other programs; and the laws of evidence."""

import json
import math
import pickle

import numpy as np
import pytest
from PIL import Image
from support import objects as plain

import segeval
from segeval import metrics
from segeval.errors import BadOption, ShapesDiffer, UnfitPixels
from segeval.evidence import Instances
from segeval.evidence.instances import InstanceOptions
from segeval.evidence.kinds import EVIDENCE

THRESHOLDS = ("0.2", "0.4", "0.5", "0.6", "0.75")
STRIPES = np.array([[1, 1, 1, 1, 1, 0], [2, 2, 2, 2, 2, 2]])


def section(pred, truth, **options):
    """The section of a run of one image, or of several."""
    evaluator = segeval.Evaluator(**{"instances": "labels", "iou_thresholds": THRESHOLDS, **options})
    if isinstance(pred, np.ndarray):
        pred, truth = [pred], [truth]
    for each in zip(pred, truth, strict=True):
        evaluator.update(*each, batch=False)
    return evaluator.compute().document()["instances"]


def close(found, expected):
    """The same numbers, where None is nan."""
    for name, value in expected.items():
        mine = math.nan if found[name] is None else found[name]
        assert mine == pytest.approx(value, abs=1e-12, nan_ok=True), name


def random_pairs(number, seed):
    """Pairs of small masks whose objects overlap in all ways: blocks painted over each other, ids with gaps."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        sides = []
        for _ in range(2):
            mask = np.zeros((7, 9), np.int32)
            for id_ in rng.choice(np.arange(1, 400), rng.integers(0, 6), replace=False):
                y, x, h, w = rng.integers(0, 6), rng.integers(0, 8), rng.integers(1, 5), rng.integers(1, 6)
                mask[y : y + h, x : x + w] = id_
            sides.append(mask)
        yield tuple(sides)


@pytest.mark.parametrize("matching", ["optimal", "greedy"])
def test_equals_plain_loops(matching):
    """Every number of 50 random pairs; the loops try all ways to pair objects."""
    for pred, truth in random_pairs(50, 5):
        found = section(pred, truth, matching=matching)
        iou = plain.overlaps(pred, truth)
        sizes = len(set(truth.ravel()) - {0}), len(set(pred.ravel()) - {0})
        half = plain.scores({pair: value for pair, value in iou.items() if value > 0.5}, *sizes)
        close(found["overall"], {**{name: value for name, value in half.items() if name != "ap"}, "rq": half["f1"]})
        by_threshold = {}
        for text in THRESHOLDS:
            near = {pair: value for pair, value in iou.items() if value >= plain.Fraction(text)}
            pairs = plain.greedy(near) if matching == "greedy" else plain.best(near, count=True)
            by_threshold[text] = plain.scores(pairs, *sizes)
            by_threshold[text]["mean_matched_iou"] = by_threshold[text].pop("sq")
            close(found["thresholds"][text], by_threshold[text])
        splits, merges = plain.split_and_merged(pred, truth)
        close(
            found["overall"],
            {
                "truth_objects": sizes[0],
                "pred_objects": sizes[1],
                "ap": np.mean([each["ap"] for each in by_threshold.values()]),
                "aji": plain.jaccard(pred, truth, one_to_one=False),
                "splits": splits,
                "merges": merges,
                **plain.rand(pred, truth),
                **plain.information(pred, truth),
            },
        )


def test_aji_plus_equals_plain_loops():
    """Where one way to pair is better than all others: else its pixels are not settled by the definition."""
    settled = 0
    for pred, truth in random_pairs(60, 9):
        iou = plain.overlaps(pred, truth)
        if len(set(iou.values())) == len(iou):
            close(section(pred, truth)["overall"], {"aji_plus": plain.jaccard(pred, truth, one_to_one=True)})
            settled += 1
    assert settled > 30


def test_stardist_cellpose_scikit_image(root):
    """StarDist 0.9.1, Cellpose 4.2.1.1, scikit-image 0.26.0 (scripts/check_instances.py); their 0/0 is 0."""
    known = json.loads((root / "tests" / "files" / "instances_peers.json").read_text())
    assert known["versions"] == {"stardist": "0.9.1", "cellpose": "4.2.1.1", "scikit-image": "0.26.0"}
    pairs = []
    for name, expected in known["images"].items():
        pair = [np.asarray(Image.open(root / "sample_data" / "cells" / side / name)) for side in ("pred", "truth")]
        found = section(*pair, iou_thresholds=[float(each) for each in expected["stardist"]])
        for threshold, scores in expected["stardist"].items():
            row = found["thresholds"][threshold]
            for score, value in scores.items():
                undefined = row[score] is None and value == 0
                assert undefined or row[score] == pytest.approx(value, rel=2e-6), (name, threshold, score)
            assert row["ap"] == pytest.approx(expected["cellpose"][threshold], rel=2e-6)
        assert {name: found["overall"][name] for name in expected["skimage"]} == pytest.approx(expected["skimage"])
        pairs.append((pair, expected))
    pooled = section([pair[0] for pair, _ in pairs], [pair[1] for pair, _ in pairs], iou_thresholds=[0.4, 0.75])
    mean = np.mean([expected["cellpose"]["0.75"] for _, expected in pairs])  # as Cellpose's users average it
    assert pooled["thresholds"]["0.75"]["ap_over_images"] == pytest.approx(mean, rel=2e-6)
    tp = sum(expected["stardist"]["0.4"]["tp"] for _, expected in pairs)  # as matching_dataset adds it up
    assert pooled["thresholds"]["0.4"]["tp"] == tp


def test_exact_at_the_threshold():
    """IoU 3/5 reaches 0.6, which in floating point it may miss; IoU 1/2 reaches 0.5, and is no match of PQ."""
    truth = np.array([[1, 1, 1, 1], [2, 2, 0, 0]])
    pred = np.array([[0, 5, 5, 5], [6, 0, 0, 0]])  # IoU 3/4 and 1/2
    found = section(pred, truth, iou_thresholds="0.5,0.75,0.750001")
    assert [found["thresholds"][text]["tp"] for text in ("0.5", "0.75", "0.750001")] == [2, 1, 0]
    assert found["overall"]["tp"] == 1
    three_of_five = section(np.array([[1, 1, 1, 0, 0]]), np.array([[1, 1, 1, 1, 1]]), iou_thresholds=[0.6])
    assert three_of_five["thresholds"]["0.6"]["tp"] == 1


def test_the_threshold_is_part_of_the_assignment():
    """IoUs 5/11, 3/8 and 3/9 at 0.4: the largest sum of two pairs holds none that reaches it; one does."""
    truth = np.repeat([1, 2, 0], [8, 6, 6])[None]
    pred = np.array([[7] * 5 + [8] * 3 + [7] * 3 + [0] * 3 + [0] * 6])
    iou = {pair: str(value) for pair, value in plain.overlaps(pred, truth).items()}
    assert iou == {(1, 7): "5/11", (1, 8): "3/8", (2, 7): "3/11"}
    found = section(pred, truth, iou_thresholds="0.2,0.4")["thresholds"]
    assert (found["0.4"]["tp"], found["0.2"]["tp"]) == (1, 2)
    assert section(pred, truth, iou_thresholds="0.2", matching="greedy")["thresholds"]["0.2"]["tp"] == 1


def test_components_of_classes():
    """Parts of each class by faces, or by corners too; a part of another class is no match unless that is asked."""
    truth = np.array([[1, 1, 0, 2, 2], [0, 0, 1, 0, 0], [0, 0, 1, 0, 2]])
    pred = np.array([[1, 1, 0, 1, 1], [0, 0, 1, 0, 0], [0, 0, 1, 0, 2]])
    found = section(pred, truth, instances="components")["classes"]
    assert {k: found["1"][k] for k in ("tp", "fp", "fn")} == {"tp": 2, "fp": 1, "fn": 0}
    assert {k: found["2"][k] for k in ("tp", "fp", "fn")} == {"tp": 1, "fp": 0, "fn": 1}
    assert found["0"]["pq"] is None
    full = section(pred, truth, instances="components", connectivity="full")
    assert full["classes"]["1"]["truth_objects"] == 1
    assert full["classes"]["1"]["pred_objects"] == 1  # all three parts touch over corners
    across = section(pred, truth, instances="components", match_across_classes=True)
    assert {k: across["overall"][k] for k in ("tp", "fp", "fn")} == {"tp": 4, "fp": 0, "fn": 0}
    assert across["mean"]["pq"] == 1
    every = section(pred, truth, instances="components", background="none")
    assert every["classes"]["0"]["truth_objects"] == 3
    other = section(pred, truth, instances="components", background=1)
    assert (other["classes"]["1"]["tp"], other["classes"]["0"]["truth_objects"]) == (0, 3)


def test_components_of_a_binary_mask_and_of_probabilities():
    """0 and 255 are two classes; numbers of the foreground are cut at the threshold first."""
    truth = np.array([[255, 255, 0, 0, 255]], np.uint8)
    found = section(np.array([[255, 0, 0, 0, 255]], np.uint8), truth, instances="components", binary=True)
    assert (found["overall"]["tp"], found["overall"]["truth_objects"]) == (1, 2)
    soft = section(np.array([[0.9, 0.8, 0.1, 0.2, 0.4]]), np.array([[1, 1, 0, 0, 1]]), instances="components")
    assert (soft["overall"]["tp"], soft["overall"]["fn"]) == (1, 1)


def test_another_background():
    """The id that is no object is 0 unless said; 0 is an object then."""
    truth, pred = np.array([[9, 9, 0, 0, 3]]), np.array([[9, 9, 0, 0, 9]])
    found = section(pred, truth, background=9)
    assert {k: found["overall"][k] for k in ("tp", "fp", "fn")} == {"tp": 1, "fp": 0, "fn": 1}
    found = section(pred, truth, background="none")
    assert {k: found["overall"][k] for k in ("tp", "fp", "fn")} == {"tp": 2, "fp": 0, "fn": 1}
    run = segeval.score([pred], [truth], instances="labels", background=9)
    assert [row["truth_pixels"] for row in run.classes] == [2, 3]


def test_void():
    """By hand: void leaves the union unless it is kept; what lies mostly in void is not invented."""
    truth = np.array([[1, 1, 1, 255, 255, 255, 0, 0], [0, 0, 0, 255, 255, 255, 2, 2]])
    pred = np.array([[1, 1, 1, 1, 1, 1, 0, 0], [0, 0, 4, 4, 4, 0, 3, 3]])
    found = section(pred, truth, ignore=[255], iou_thresholds=[0.3])
    assert {k: found["overall"][k] for k in ("tp", "fp", "fn")} == {"tp": 2, "fp": 0, "fn": 0}
    assert found["overall"]["sq"] == 1
    kept = section(pred, truth, ignore=[255], iou_thresholds=[0.3], keep_void=True)
    assert {k: kept["overall"][k] for k in ("tp", "fp", "fn")} == {"tp": 1, "fp": 1, "fn": 1}
    assert kept["thresholds"]["0.3"]["pq"] == pytest.approx(1.5 / 2)  # IoU 3/6 and 1
    known = truth != 255
    close(found["overall"], plain.information(pred[known], truth[known]) | plain.rand(pred[known], truth[known]))
    assert found["overall"]["aji"] == 1


def test_half_in_void_is_invented():
    """More than half forgives an object."""
    truth = np.array([[255, 255, 255, 0, 0, 0, 9]])
    for pred, fp in (([[0, 4, 4, 4, 0, 0, 0]], 0), ([[0, 0, 4, 4, 0, 0, 0]], 1), ([[0, 0, 4, 4, 4, 0, 0]], 1)):
        assert section(np.array(pred), truth, ignore=[255])["overall"]["fp"] == fp


@pytest.mark.parametrize(("pred", "truth"), [(0, 0), (0, 1), (1, 0)])
def test_nothing_there(pred, truth):
    """Undefined where neither has an object, 0 where one has; nothing is matched."""
    masks = [np.full((3, 4), side) for side in (pred, truth)]
    found = section(*masks)
    expected = None if pred == truth else 0
    assert [found["overall"][name] for name in ("pq", "f1", "ap", "aji", "aji_plus")] == [expected] * 5
    assert found["overall"]["sq"] is None
    assert found["images"]["ap"] == expected


def test_volumes():
    """Objects of three dimensions."""
    truth = np.zeros((4, 5, 6), np.uint8)
    truth[:2], truth[3, 2:] = 1, 2
    pred = np.where(truth == 1, 7, 0)
    found = section(pred, truth)
    assert (found["overall"]["tp"], found["overall"]["fn"], found["overall"]["pq"]) == (1, 1, 1 / 1.5)


def test_many_objects():
    """60,000 objects, with ids beyond 16 bits, each of which overlaps two others a little."""
    truth = np.arange(1, 60_001).repeat(9).reshape(600, -1)
    pred = np.roll(truth, 1, axis=1) + 100_000
    found = section(pred, truth, iou_thresholds=[0.05, 0.5])
    assert found["overall"]["truth_objects"] == 60_000
    assert found["overall"]["tp"] == found["thresholds"]["0.05"]["tp"] == 60_000
    assert found["overall"]["sq"] == pytest.approx(8 / 10)


def test_it_adds_up_and_comes_back():
    """A sum of evidence is that of both images side by side; stored and read it is the same."""
    pairs = list(random_pairs(6, 3))
    every = [Instances.of(pred, truth, iou_thresholds=[0.3, 0.55], ignore=[7]) for pred, truth in pairs]
    both = every[0] + every[1]
    apart = [np.hstack([a, np.where(b, b + 1000, 0)]) for a, b in zip(*pairs[:2], strict=True)]
    together = Instances.of(*apart, iou_thresholds=[0.3, 0.55])
    assert both.whole.tolist() == together.whole.tolist()
    np.testing.assert_allclose(both.iou, together.iou)
    found = Instances.unpacked(Instances.packed([*every, None]))
    assert found[-1] is None
    for one, other in zip(every, found, strict=False):
        assert (one.ids, one.thresholds) == (other.ids, other.thresholds)
        for name in ("whole", "iou", "image"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
    nothing = Instances.none(("0.3", "0.55"))
    assert (nothing + every[0]).whole.tolist() == every[0].whole.tolist()
    assert (nothing + nothing).iou.shape == nothing.iou.shape  # images without any object have a sum too
    with pytest.raises(ValueError, match="thresholds"):
        _ = every[0] + Instances.none(("0.3",))


def test_an_image_leaves_little_behind():
    """Counts of pixels know objects and background, whatever the number of objects."""
    truth = np.arange(1, 901).repeat(9).reshape(90, 90)
    evaluator = segeval.Evaluator(instances="labels", losses="none")
    evaluator.update(np.roll(truth, 1, axis=1), truth, batch=False)
    run = evaluator.compute()
    assert len(run.records[0].confusion.pixels) == 1
    assert run.numbers()["instances.truth_objects"] == 900
    assert pickle.loads(pickle.dumps(run)).numbers() == pytest.approx(run.numbers(), nan_ok=True)


def test_metrics_of_columns():
    """The columns of classes, as formulas eat them."""
    truth, pred = np.array([[1, 1, 0, 2, 2, 2, 2]]), np.array([[1, 1, 3, 0, 2, 2, 2]])
    asked = InstanceOptions.of("labels", iou_thresholds="0.5,0.8")
    columns = Instances.columns([Instances.of(pred, truth, iou_thresholds="0.5,0.8")], [0, 1], asked)
    m = EVIDENCE["instances"].view(**columns.classes)
    assert metrics.pq(m)[0, 1] == pytest.approx((1 + 3 / 4) / 2.5)
    assert metrics.object_precision(m)[0, 1] == 2 / 3
    assert metrics.object_ap(m)[0, 1] == pytest.approx((2 / 3 + 1 / 4) / 2)
    assert metrics.aji(m)[0, 1] == metrics.aji_plus(m)[0, 1] == 5 / 7
    assert segeval.metrics.value("pq", pred, truth, instances="labels").tolist()[1] == pytest.approx(1.75 / 2.5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metrics": "instances"}, "--metrics instances needs an option"),
        ({"metrics": "iou,pq"}, "--metrics pq needs an option"),
        ({"matching": "greedy"}, "--matching is about objects"),
        ({"iou_thresholds": "0.5"}, "--iou-thresholds is about objects"),
        ({"instances": "cells"}, "--instances is 'cells'"),
        ({"instances": "labels", "matching": "best"}, "--matching is 'best'"),
        ({"instances": "labels", "connectivity": "full"}, "--connectivity has no meaning"),
        ({"instances": "labels", "match_across_classes": True}, "--match-across-classes has no meaning"),
        ({"instances": "labels", "iou_thresholds": "0.5,x"}, "--iou-thresholds holds 'x'"),
        ({"instances": "labels", "iou_thresholds": "0"}, "--iou-thresholds holds '0'"),
        ({"instances": "labels", "iou_thresholds": [1.5]}, "--iou-thresholds holds 1.5"),
        ({"instances": "labels", "iou_thresholds": [math.nan]}, "--iou-thresholds holds nan"),
        ({"instances": "labels", "iou_thresholds": "0.12345678"}, "at most 6 digits"),
        ({"instances": "labels", "iou_thresholds": []}, "--iou-thresholds is empty"),
        ({"instances": "components", "background": "zero"}, "--background is 'zero'"),
        ({"instances": "labels", "num_classes": 5}, "has two classes"),
        ({"instances": "labels", "multilabel": True}, "--multilabel"),
        ({"instances": "components", "multilabel": True}, "--multilabel"),
        ({"instances": "labels", "ignore": [1]}, "neither can be ignored"),
    ],
)
def test_bad_options(options, said):
    with pytest.raises(BadOption) as caught:
        segeval.Evaluator(**options)
    assert said in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.hint


def test_ids_are_wanted():
    """Numbers of the foreground hold no ids of objects."""
    evaluator = segeval.Evaluator(instances="labels")
    with pytest.raises(UnfitPixels, match="wants ids of objects"):
        evaluator.update(np.array([[0.2, 0.7]]), np.array([[0, 1]]))


def test_thresholds_are_texts_in_order_each_once():
    """However they are given."""
    for given in ("0.75, .5,0.50", [0.75, 0.5], ["1/2", "3/4"]):
        assert InstanceOptions.of("labels", iou_thresholds=given).iou_thresholds == ("0.5", "0.75")
    assert InstanceOptions.of("labels").iou_thresholds[::9] == ("0.5", "0.95")
    assert len(InstanceOptions.of("labels").iou_thresholds) == 10


def _said(pred, truth):
    """The codes of the notes of a run of single objects."""
    run = segeval.score([np.array(pred)], [np.array(truth)], instances="labels", losses="none")
    return [note.code for note in run.notes]


@pytest.mark.parametrize(
    ("pred", "truth", "said"),
    [
        ([[2, 2, 2, 5, 5, 0]], [[2, 2, 5, 5, 5, 0]], ["SEG238"]),  # 4 of 5 pixels with something have one id
        ([[2, 2, 5, 2, 5, 0]], [[2, 2, 5, 5, 2, 0]], []),  # 3 of 5
        ([[1, 1, 2, 2, 2, 0]], [[1, 1, 2, 2, 2, 0]], []),  # counted from 1: two objects, or two classes
        ([[7, 7, 4, 4, 4, 0]], [[2, 2, 5, 5, 5, 0]], []),  # numbers of objects are seldom the same
        ([[5, 5, 5, 5, 5, 0]], [[5, 5, 5, 5, 5, 0]], []),  # one id
        ([[2, 2, 2, 2, 2, 0]], [[2, 2, 2, 2, 5, 0]], []),  # one id in both
        ([[0, 0, *range(3, 42)]], [[0, *range(2, 42)]], ["SEG238"]),
        ([[0, 0, *range(3, 43)]], [[0, *range(2, 43)]], []),  # too many for classes
        ([[2, 2, 5, 5, 5, 0]], [[2, 2, 5, 5, 5, 0]], []),  # a copy says nothing
    ],
)
def test_ids_of_classes_are_no_objects(pred, truth, said):
    """Few ids with gaps that both masks share are said to look like classes; no number changes."""
    assert _said(pred, truth) == said


def test_masks_of_two_shapes_have_no_objects():
    with pytest.raises(ShapesDiffer, match="pred is 2 x 3 but truth is 3 x 2") as told:
        Instances.of(np.ones((2, 3), int), np.ones((3, 2), int))
    assert told.value.hint == "masks are compared pixel by pixel"
