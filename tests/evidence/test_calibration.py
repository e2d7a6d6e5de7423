"""Calibration by plain loops, and by torchmetrics 1.9.0 (torch 2.13.0) and scikit-learn 1.9.1 on the same numbers."""

import math
from fractions import Fraction

import numpy as np
import pytest

from segeval import metrics
from segeval.errors import ShapesDiffer, UnknownTruthIds
from segeval.evidence import Calibration
from segeval.metrics.sections import SECTIONS

BINS = 15


def told(*every):
    """The numbers of all classes together."""
    columns = Calibration.columns(every, every[0].ids, None).mapped(lambda _, values: values.sum(axis=0, keepdims=True))
    found = {each.name: each.of(columns)[0] for each in SECTIONS.told("calibration", None)}
    return {name: float(np.mean(value)) for name, value in found.items()}


def bin_of(p):
    """The bin of a probability, which is exactly what its digits say: closed above, the first below too."""
    return next(b for b in range(BINS) if p <= Fraction(b + 1, BINS) or b == BINS - 1)


def by_loops(confidences, right):
    """ECE and MCE of (probability, whether it is right)."""
    bins = [[] for _ in range(BINS)]
    for p, yes in zip(confidences, right, strict=True):
        bins[bin_of(p)].append((p, yes))
    apart = [abs(sum(yes for _, yes in each) - sum(p for p, _ in each)) for each in bins]
    worst = max(gap / len(each) for gap, each in zip(apart, bins, strict=True) if each)
    return float(sum(apart) / len(confidences)), float(worst)


def numbers():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(4, 5000)) * 2
    p = np.exp(z) / np.exp(z).sum(0)
    y = rng.integers(0, 4, 5000)
    y[:2500] = p[:, :2500].argmax(0)
    return z, p, y


def test_other_programs_on_the_same_numbers():
    """multiclass_calibration_error(n_bins=15, norm l1 and max), binary_calibration_error; log_loss, brier_score_loss.

    torchmetrics counts in float32.
    """
    z, p, y = numbers()
    for found in (Calibration.of(p, y), Calibration.of(z, y, logits=True)):
        all_classes = told(found)
        assert all_classes["ece"] == pytest.approx(0.15838871896266937, abs=1e-6)
        assert all_classes["mce"] == pytest.approx(0.3618776202201843, abs=1e-6)
        of_each = [0.10559771868226175, 0.090136336662133, 0.10320079111379442, 0.09493576929866407]
        assert metrics.ece(found) == pytest.approx(of_each, abs=1e-6)
        assert all_classes["ece_classwise"] == pytest.approx(sum(of_each) / 4, abs=1e-6)
        squares = [0.16316471315277936, 0.153841225452093, 0.1561607052292297, 0.16432452751257992]
        assert metrics.brier(found) == pytest.approx(squares, abs=1e-12)
        assert all_classes["brier"] == pytest.approx(sum(squares), abs=1e-12)
        assert all_classes["nll"] == pytest.approx(1.4412554053414435, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_by_loops(seed):
    """On multiples of 1/30, of which every second is an edge; some are ignored, the classes have other ids."""
    dice = np.random.default_rng(seed)
    parts = dice.multinomial(30, [0.5, 0.3, 0.2], 40).T
    ids = np.array([7, 3, 300])
    place = dice.integers(0, 3, 40)
    ignored = dice.random(40) < 0.2
    found = Calibration.of(parts / 30, np.where(ignored, 99, ids[place]), ids=ids.tolist(), ignore={99})
    p, place = [[Fraction(int(n), 30) for n in row[~ignored]] for row in parts], place[~ignored]
    top = [max(column) for column in zip(*p, strict=True)]
    first = [column.index(max(column)) for column in zip(*p, strict=True)]
    all_classes = told(found)
    assert (all_classes["ece"], all_classes["mce"]) == pytest.approx(by_loops(top, first == place))
    for k in range(3):
        expected, worst = by_loops(p[k], place == k)
        assert (metrics.ece(found)[k], metrics.mce(found)[k]) == pytest.approx((expected, worst))
        squares = [(q - int(c == k)) ** 2 for q, c in zip(p[k], place, strict=True)]
        assert metrics.brier(found)[k] == pytest.approx(float(sum(squares) / len(top)))
        own = [-math.log(max(q, 1e-7)) for q, c in zip(p[k], place, strict=True) if c == k]
        assert metrics.nll(found)[k] == pytest.approx(sum(own) / len(own))
    assert found.n.sum() == 3 * len(top)
    assert found.pixels == len(top)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_an_edge_is_in_the_bin_below_in_every_type(dtype):
    """0.2 as float32 lies above 1/5: its bin is the third all the same. 0 is in the first bin, and 1 in the last."""
    edges = (np.arange(BINS + 1) / BINS).astype(dtype)
    found = Calibration.of(np.stack([edges, 1 - edges]), np.zeros(BINS + 1, int))
    assert found.n[0].tolist() == [2] + [1] * (BINS - 1)
    with np.errstate(under="ignore"):
        above = np.nextafter(edges[:-1], dtype(1))
    found = Calibration.of(np.stack([above, 1 - above]), np.zeros(BINS, int))
    assert found.n[0].tolist() == [1] * BINS


def test_grey_edges():
    """51/255 is 3/15: in the third bin, as 0.2 is."""
    from segeval.evidence.scores import Scores

    grey = np.array([[0, 17, 18, 51, 52, 255]], np.uint8)
    found = Calibration.from_scores(Scores(grey, np.zeros(6, np.uint8), (0, 1), levels=255))
    assert np.nonzero(found.n[1])[0].tolist() == [0, 1, 2, 3, 14]
    assert found.n[1].tolist()[:4] == [2, 1, 1, 1]


def test_of_a_foreground_the_likelier_side_counts():
    """p = 0.8, 0.4 and 0.5, of which the truth is yes, yes, no; a tie goes to the first class."""
    found = Calibration.of([0.8, 0.4, 0.5], [1, 1, 0])
    assert told(found)["ece"] == pytest.approx((abs(1 - 0.8) + abs(0 - 0.6) + abs(1 - 0.5)) / 3)
    assert told(found)["brier"] == pytest.approx(2 * (0.04 + 0.36 + 0.25) / 3)
    assert told(found)["nll"] == pytest.approx(-(math.log(0.8) + math.log(0.4) + math.log(0.5)) / 3)
    sure = Calibration.of([math.log(4), math.log(2 / 3), 0], [1, 1, 0], logits=True)
    assert told(sure) == pytest.approx(told(found))


@pytest.mark.parametrize("logits", [False, True])
def test_classes_that_do_not_exclude_each_other(logits):
    """Each is a problem of its own; the third pixel is ignored; there is no likeliest class."""
    p, y = np.array([[0.9, 0.2, 0.5], [0.7, 0.6, 0.1]]), np.array([[1, 1, 2], [0, 1, 2]])
    found = Calibration.of(np.log(p / (1 - p)) if logits else p, y, ignore={2}, multilabel=True, logits=logits)
    assert metrics.ece(found) == pytest.approx([(0.1 + 0.8) / 2, (0.7 + 0.4) / 2])
    assert metrics.nll(found) == pytest.approx([-math.log(0.9 * 0.2) / 2, -math.log(0.3 * 0.6) / 2])
    all_classes = told(found)
    assert math.isnan(all_classes["ece"])
    assert math.isnan(all_classes["mce"])
    assert all_classes["brier"] == pytest.approx((0.01 + 0.64 + 0.49 + 0.16) / 2)
    assert all_classes["nll"] == pytest.approx(-math.log(0.9 * 0.2 * 0.3 * 0.6) / 2)


def test_the_tails_of_logits():
    """Probabilities of 0 count as 1e-7; logits have no floor, on either side."""
    for multilabel, truth in ((False, [0, 0]), (True, [[0, 0]])):
        far = np.array([[100.0, -200]])
        found = Calibration.of(far if multilabel else far[0], truth, logits=True, multilabel=multilabel)
        assert told(found)["nll"] == pytest.approx(50)
    assert told(Calibration.of([[0.0, 1.0], [1.0, 0.0]], [0, 0]))["nll"] == pytest.approx(-math.log(1e-7) / 2)


def test_parts_add_up_over_any_classes(monkeypatch):
    """In blocks or at once, image by image or together, of other classes in each."""
    _, p, y = numbers()
    whole = Calibration.of(p, y)
    one, more = Calibration.of(p[:, :700], y[:700]), Calibration.of(p[[1, 3, 0, 2], 700:], y[700:], ids=[1, 3, 0, 2])
    assert told(one + more) == pytest.approx(told(whole))
    assert told(one, more) == pytest.approx(told(whole))
    assert metrics.ece((one + more).over(whole.ids)) == pytest.approx(metrics.ece(whole))
    monkeypatch.setattr("segeval.evidence.scores.BLOCK", 97)
    assert told(Calibration.of(p, y)) == pytest.approx(told(whole))
    np.testing.assert_array_equal(Calibration.of(p, y).top_n, whole.top_n)


def test_stored_without_loss():
    _, p, y = numbers()
    every = [Calibration.of(p, y), None, Calibration.of(p[:2], y % 2, ids=[5, 2], ignore={1, 0})]
    every[2] = Calibration.of([0.25], [1])
    arrays = Calibration.packed(every)
    again = Calibration.unpacked(arrays)
    assert again[1] is None
    for one, other in ((every[0], again[0]), (every[2], again[2])):
        assert one.ids == other.ids
        for name in ("n", "y", "p", "squares", "surprise", "asked", "top_n", "top_y", "top_p", "pixels", "all_squares"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), strict=True)


def test_all_ignored_is_undefined():
    found = Calibration.of([[0.5, 0.5], [0.5, 0.5]], [255, 255], ignore={255})
    assert all(math.isnan(value) for value in told(found).values())
    assert np.isnan([metrics.ece(found), metrics.mce(found), metrics.brier(found), metrics.nll(found)]).all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapesDiffer, match="3 x 4"):
        Calibration.of(np.ones((3, 4)), np.zeros(5, int))
    for label in (2, 300):
        with pytest.raises(UnknownTruthIds, match=f"the id {label}, and there are 2 classes"):
            Calibration.of([[0.5], [0.5]], [label])


def test_a_class_that_is_not_there_counts_nothing():
    found = Calibration.of([[0.7, 0.5], [0.3, 0.5]], [4, 2], ids=[4, 2]).over((2, 9, 4))
    assert found.n.sum(axis=1).tolist() == [2, 0, 2]
    assert metrics.brier(found) == pytest.approx([(0.09 + 0.25) / 2, math.nan, (0.09 + 0.25) / 2], nan_ok=True)


def test_a_pixel_is_ignored_where_any_channel_is():
    found = Calibration.of([[0.9, 0.2], [0.7, 0.6]], [[1, 1], [0, 2]], ignore={2}, multilabel=True)
    assert (found.pixels, metrics.ece(found)) == (1, pytest.approx([0.1, 0.7]))
