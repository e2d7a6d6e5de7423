"""Skeletons of pairs of masks: lines by hand, laws, and a run."""

import math
import sys

import numpy as np
import pytest
from support.reference import VECTORS, mask

import segeval
from segeval import metrics
from segeval.cli.output import say_left_out
from segeval.errors import MissingPackage, UnfitPixels
from segeval.evidence.kinds import EVIDENCE
from segeval.evidence.skeleton import Skeleton
from segeval.metrics import METRICS
from segeval.run.scoring import Scoring

NAMES = [name for name, metric in METRICS.items() if metric.eats is Skeleton]


@pytest.fixture
def _skimage():
    pytest.importorskip("skimage", reason="the extra `skeleton` is not installed")


def lines():
    """A truth of 1 and 2, and a prediction: straight lines of one pixel, which are their own skeletons."""
    truth, pred = np.zeros((12, 24), np.uint8), np.zeros((12, 24), np.uint8)
    truth[2, 2:18], pred[2, 2:12] = 1, 1
    truth[5, 3:13], pred[5, 5:20] = 2, 2
    return pred, truth


@pytest.mark.usefixtures("_skimage")
def test_lines():
    """By hand: 10 of 10 and 10 of 16; 8 of 15 and 8 of 10."""
    s = Skeleton.of(*lines())
    assert s.ids == (1, 2)
    assert metrics.topology_precision(s) == pytest.approx([1, 8 / 15])
    assert metrics.topology_sensitivity(s) == pytest.approx([10 / 16, 0.8])
    assert metrics.cldice(s) == pytest.approx([2 * 0.625 / 1.625, 2 * (8 / 15) * 0.8 / (8 / 15 + 0.8)])
    vector = VECTORS["cldice-one-pixel-lines"]
    found = Skeleton.of(*(mask(vector["inputs"][side]) for side in ("pred", "truth")))
    for name, value in vector["expected"].items():
        if name in NAMES:
            assert getattr(metrics, name)(found)[0] == pytest.approx(value, abs=vector["atol"])


@pytest.mark.usefixtures("_skimage")
def test_only_the_skeleton_counts():
    """The middle line of a thick bar lies in it wholly; a mask agrees with itself, in 3-D too."""
    truth, pred = np.zeros((9, 20), np.uint8), np.zeros((9, 20), np.uint8)
    truth[3:6, :], pred[4, :] = 1, 1
    assert metrics.topology_precision(Skeleton.of(pred, truth)).tolist() == [1]
    assert metrics.cldice(Skeleton.of(truth, truth)).tolist() == [1]
    deep = np.zeros((5, 7, 16), np.uint8)
    deep[1:4, 2:5, 2:14] = 1
    assert metrics.cldice(Skeleton.of(deep, deep)).tolist() == [1]


@pytest.mark.usefixtures("_skimage")
def test_empty_sides():
    truth, pred = np.zeros((6, 7), np.uint8), np.zeros((6, 7), np.uint8)
    truth[2, 1:6], pred[4, 1:6] = 1, 2
    s = Skeleton.of(pred, truth, num_classes=4).over([1, 2, 3])
    every = Skeleton(ids=(1, 2, 3), **s)
    for name in NAMES:
        found = getattr(metrics, name)(every)
        assert found[:2].tolist() == [0, 0]
        assert math.isnan(found[2])
    apart = Skeleton.of(np.roll(truth, 2, 0), truth)
    assert metrics.cldice(apart).tolist() == [0]
    none = Skeleton((1,), *(np.array([n]) for n in (8, 8, 0, 3, 0, 2)))
    assert np.isnan(metrics.cldice(none)).all()


@pytest.mark.usefixtures("_skimage")
def test_in_a_run(tmp_path):
    """The mean over images; counts are stored, and come back."""
    pred, truth = lines()
    run = segeval.score([pred, truth], [truth, truth], metrics="skeleton", num_classes=3)
    assert run.classes[1]["cldice"] == pytest.approx((2 * 0.625 / 1.625 + 1) / 2)
    assert math.isnan(run.classes[0]["cldice"])
    packed = EVIDENCE["skeleton"].evidence.packed(run.of_kind("skeleton"))
    again = EVIDENCE["skeleton"].evidence.unpacked(packed)
    assert [each.pred_covered.tolist() for each in again] == [[10, 8], [16, 10]]
    ignored = np.where(truth == 2, 9, truth)
    found = segeval.score([pred], [ignored], metrics="cldice", num_classes=3, ignore=[9])
    assert found.classes[2]["cldice"] == 0  # what is left of it is invented


@pytest.mark.usefixtures("_skimage")
def test_a_line_is_its_own_skeleton():
    """Of one row, by hand: 2 of the 4 true pixels are found, and 2 of the 5 predicted ones are right."""
    found = Skeleton.of(np.array([0, 1, 1, 1, 0, 1, 1]), np.array([1, 1, 1, 0, 1, 0, 0]), num_classes=2)
    assert [found.truth_skeleton.tolist(), found.truth_covered.tolist()] == [[4], [2]]
    assert [found.pred_skeleton.tolist(), found.pred_covered.tolist()] == [[5], [2]]


@pytest.mark.usefixtures("_skimage")
def test_more_axes_have_no_skeleton():
    deep = np.ones((2, 2, 2, 2), np.uint8)
    with pytest.raises(UnfitPixels, match="4 axes"):
        segeval.Evaluator(metrics="cldice").update(deep, deep, batch=False)


def test_without_scikit_image(monkeypatch, capsys):
    """An error says how to install it; `all` does without, and says so."""
    monkeypatch.setitem(sys.modules, "skimage", None)
    monkeypatch.setitem(sys.modules, "skimage.morphology", None)
    with pytest.raises(MissingPackage, match="scikit-image") as caught:
        Skeleton.of(*lines())
    assert caught.value.hint == "pip install 'segeval-masks[skeleton]'"
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert not {*NAMES} & {*Scoring.of("all").names}
    assert Scoring.of("skeleton").names == NAMES
    assert Scoring.of("all").left_out == {"skimage": NAMES}
    assert Scoring.of("overlap").left_out == {}
    say_left_out(Scoring.of("all"))
    assert (
        f"without skimage, which is not installed, --metrics all leaves out {', '.join(NAMES)}"
        in capsys.readouterr().err
    )
