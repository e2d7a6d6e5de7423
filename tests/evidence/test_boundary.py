"""Rims of pairs of masks: fixed vectors, plain loops, what is stored and added."""

import math

import numpy as np
import pytest
from support import plain_surface
from support.reference import VECTORS, mask

import segeval
from segeval import metrics
from segeval.evidence import Boundary
from segeval.evidence.kinds import EVIDENCE
from segeval.metrics import METRICS

NAMES = [name for name, metric in METRICS.items() if metric.eats is Boundary]


def test_vectors_of_boundary_iou():
    """By derivation on paper; half a pixel rounds to the even depth, as in the authors' program."""
    seen = set()
    for vector in [each for each in VECTORS.values() if each["topic"] == "boundary_iou"]:
        pred, truth = (mask(vector["inputs"][side]) for side in ("pred", "truth"))
        diagonal = math.sqrt(sum(n * n for n in truth.shape))
        for name, expected in vector["expected"].items():
            form, _, depth = name.partition("@")
            if form == "biou_chessboard":
                percent = 100 * float(depth.split("_")[0]) / diagonal if depth else 2.0
                found = metrics.boundary_iou(Boundary.of(pred, truth, percent=[percent]), percent=percent)
            elif form == "biou_euclidean":
                spacing = vector["params"].get("spacing")
                boundary = Boundary.of(pred, truth, spacing, depth=[float(depth)])
                found = metrics.boundary_iou_euclidean(boundary, depth=float(depth))
            else:
                continue
            seen.add(vector["id"])
            assert found == pytest.approx([expected], abs=vector["atol"]), (vector["id"], name)
    assert len(seen) == 4


def test_davis_frames():
    """davis2017-evaluation ac7c43f: F of two objects in six frames; an object in no mask has 1 there, none here."""
    vector = VECTORS["davis-two-objects"]
    frames = {case["name"]: case for case in vector["inputs"]["cases"]}
    for label in (1, 2):
        expected = vector["expected"]["F_per_frame"][str(label)]
        for number, value in zip(vector["params"]["frames_scored"], expected, strict=True):
            case = [*frames.values()][number]
            boundary = Boundary.of(*(mask(case[side]) for side in ("pred", "truth"))).over([label])
            found = metrics.boundary_f(boundary)[0]
            absent = boundary.truth[0] == boundary.pred[0] == 0
            assert (math.isnan(found) and value == 1) if absent else found == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("void", [(), (7,)])
@pytest.mark.parametrize(("shape", "spacing"), [((17, 12), (0.7, 2.0)), ((6, 8, 7), (3.0, 1.25, 0.5))])
def test_every_metric_is_that_of_plain_loops(shape, spacing, void):
    """Blobs and noise that touch the edge, with ignored pixels, at widths off the defaults."""
    rng = np.random.default_rng(len(shape))
    truth, pred = (rng.random(shape).cumsum(axis=0).astype(int) % 3 for _ in range(2))
    pred[: shape[0] // 2] = truth[: shape[0] // 2]
    truth = np.where(rng.random(shape) < 0.08, 7, truth)
    kept = truth if void else np.where(truth == 7, 0, truth)
    percent, depth, reach = 14.0, 1.7, 11.0
    diagonal = math.sqrt(sum(n * n for n in shape))
    boundary = Boundary.of(pred, kept, spacing, ignore=void, percent=[percent], depth=[depth], reach=[reach])
    assert boundary.ids == (1, 2)
    for k, label in enumerate(boundary.ids):
        whole = round(percent / 100 * diagonal)
        assert whole > 1
        flat = plain_surface.overlap(*plain_surface.band(pred, kept, label, whole, None, void))
        deep = plain_surface.overlap(*plain_surface.band(pred, kept, label, depth, spacing, void))
        near = plain_surface.contour_f(pred, kept, label, math.ceil(reach / 100 * diagonal), void)
        assert metrics.boundary_iou(boundary, percent=percent)[k] == pytest.approx(flat, rel=1e-12)
        assert metrics.boundary_iou_euclidean(boundary, depth=depth)[k] == pytest.approx(deep, rel=1e-12)
        assert metrics.boundary_f(boundary, reach=reach)[k] == pytest.approx(near, rel=1e-12)


def test_one_empty_side_is_zero_and_both_are_undefined():
    truth, pred = np.zeros((6, 7), np.uint8), np.zeros((6, 7), np.uint8)
    truth[2:4, 3], pred[1, 1] = 1, 2
    boundary = Boundary.of(pred, truth, num_classes=4)
    for name in NAMES:
        found = getattr(metrics, name)(boundary.over([1, 2, 3]))
        assert found[:2].tolist() == [0, 0]
        assert math.isnan(found[2])


def test_rims_that_never_meet_are_zero_and_a_perfect_mask_is_one():
    """Also where a mask fills a row to both edges, and where nearly all around it is ignored."""
    far = np.zeros((40, 40), np.uint8)
    far[2:5, 2:5] = 1
    assert metrics.boundary_f(Boundary.of(far[::-1, ::-1], far))[0] == 0
    band = np.zeros((12, 20), np.uint8)
    band[4:8] = 1
    band[:, 9:14] = np.where(band[:, 9:14] == 1, 1, 255)
    boundary = Boundary.of(np.where(band == 255, 1, band), band, ignore=[255])
    for name in NAMES:
        assert getattr(metrics, name)(boundary).tolist() == [1], name


def test_it_adds_up_and_comes_back():
    """Counts are added; a width that only one of them has is dropped."""
    rng = np.random.default_rng(0)
    one = Boundary.of(*rng.integers(0, 3, (2, 8, 9)), percent=[9, 20])
    other = Boundary.of(*rng.integers(0, 4, (2, 7, 5)), percent=[9])
    both = one + other
    assert both.ids == (1, 2, 3)
    assert ("percent", 20.0) not in both.rims
    for a, b, c in zip(one.rim("percent", 9), other.rim("percent", 9), both.rim("percent", 9), strict=True):
        assert c.tolist() == [a[0] + b[0], a[1] + b[1], b[2]]
    with pytest.raises(LookupError, match="percent 20"):
        metrics.boundary_iou(both, percent=20)
    kind = EVIDENCE["boundary"].evidence
    every = [other, None, Boundary.of(*np.zeros((2, 3, 3), int), percent=[9]), other]
    packed = kind.packed(every)
    found = kind.unpacked(packed)
    assert [each is None for each in found] == [False, True, False, False]
    for mine, its in zip(every, found, strict=True):
        assert mine is None or (mine.ids == its.ids and mine.rims.keys() == its.rims.keys())
        assert mine is None or all(np.array_equal(mine.rims[w], its.rims[w]) for w in mine.rims)
    assert kind.unpacked(kind.packed([None])) == [None]


def test_in_a_run(tmp_path):
    """Means over images, a miss as 0, several widths; stored, read back and ruled on."""
    truth = np.zeros((30, 40), np.uint8)
    truth[5:20, 8:30] = 1
    asked = ["boundary_iou", "boundary_iou@10%", "boundary_f@3%", "boundary_iou_euclidean@1.5"]
    preds = {"a": truth, "b": np.zeros_like(truth), "c": np.roll(truth, 3, 0)}
    run = segeval.score(preds, dict.fromkeys("abc", truth), metrics=asked, num_classes=2)
    row = run.classes[1]
    for name, metric in (("boundary_iou@2%", "percent"), ("boundary_iou@10%", "percent"), ("boundary_f@3%", "reach")):
        width = float(name.split("@")[1].rstrip("%"))
        single = getattr(metrics, name.split("@")[0])(
            Boundary.of(preds["c"], truth, **{metric: [width]}), **{metric: width}
        )
        assert row[name] == pytest.approx((1 + 0 + single[0]) / 3)
        assert 0 < single[0] < 1
    assert run.summary["mboundary_iou_class@10%"] == row["boundary_iou@10%"]
    assert run.flat()["boundary_iou_2pct/1"] == row["boundary_iou@2%"]
    from segeval.run import folder

    folder.write(run, tmp_path)
    again = segeval.Run.read(tmp_path)
    assert again.numbers()["boundary_iou@10%[1]"] == row["boundary_iou@10%"]
    segeval.testing.assert_gate(tmp_path, ["boundary_iou@10%[1] >= 0.1"])


@pytest.mark.parametrize("ids", [(255, 3), (0, 7), (1, 2)])
def test_the_edge_of_the_image_is_outside_for_every_id(ids):
    """Two large fields, of the least or the largest number of a byte: the rim along the edge is of the band."""
    truth = np.full((20, 30), ids[0], np.uint8)
    truth[:, 12:] = ids[1]
    pred = np.full((20, 30), ids[0], np.uint8)
    percent = 100 * 3 / math.sqrt(20**2 + 30**2)
    boundary = Boundary.of(pred, truth, background=None, percent=[percent]).over(ids)
    rim = boundary.rim("percent", percent)
    assert rim.truth.tolist() == [20 * 12 - 14 * 6, 20 * 18 - 14 * 12]
    assert rim.pred.tolist() == [20 * 30 - 14 * 24, 0]


@pytest.mark.parametrize("num_classes", [None, 2])
@pytest.mark.parametrize("wide", [1, 3])
def test_what_lies_beyond_ignored_pixels_is_outside(num_classes, wide):
    """A ring of ignored pixels around a square, thin or wide: the band is near to valid pixels beyond."""
    truth = np.zeros((16, 17), np.uint8)
    truth[5 - wide : 11 + wide, 5 - wide : 11 + wide], pred = 255, np.zeros((16, 17), np.uint8)
    truth[5:11, 5:11], pred[5:11, 5:11] = 1, 1
    for depth in (1, 2, 3):
        percent = 100 * depth / math.sqrt(16**2 + 17**2)
        boundary = Boundary.of(pred, truth, ignore=[255], percent=[percent], depth=[depth], num_classes=num_classes)
        expected = len(plain_surface.band(pred, truth, 1, depth, None, (255,))[1])
        assert boundary.rim("percent", percent).truth.tolist() == [expected]
        expected = len(plain_surface.band(pred, truth, 1, depth, (1.0, 1.0), (255,))[1])
        assert boundary.rim("depth", depth).truth.tolist() == [expected]


def test_a_depth_that_is_a_distance_is_within_it():
    """0.3 is 3 steps of 0.1."""
    truth = np.zeros((20, 20), np.uint8)
    truth[2:18, 2:18] = 1
    boundary = Boundary.of(truth, truth, (0.1, 0.1), depth=[0.3])
    assert boundary.rim("depth", 0.3).truth.tolist() == [16**2 - 10**2]
