"""Masks with a channel of 0 and 1 for each class: decoded where the options say so, and noticed where they do not."""

import numpy as np
import pytest

from segeval.data.class_selection import choose
from segeval.data.door import read_pair, read_truth
from segeval.data.reading import Reading
from segeval.errors import BadOption, InputError, NotOneHot, ShapesDiffer
from segeval.evidence.confusion import Confusion
from segeval.io import Mask
from segeval.metrics import METRICS

ONE_HOT = Reading(one_hot=True)
T = np.zeros((32, 48), np.uint8)
T[4:14, 6:20], T[18:28, 24:40] = 1, 2
P = np.roll(T, 2, axis=1)  # IoU 0.9373, 0.75, 0.7778


def first(labels):
    return (np.arange(3)[:, None, None] == labels).astype(np.uint8)


def last(labels):
    return np.moveaxis(first(labels), 0, -1)


TWICE = first(T)
TWICE[2, 5, 7] = 1  # of class 1 already


def read(pred, truth, reading=ONE_HOT, colour=(False, False), **classes):
    masks = [
        Mask(name, array, shown) for name, array, shown in zip(("p.npy", "t.npy"), (pred, truth), colour, strict=True)
    ]
    return read_pair(*masks, reading, choose(**classes))


def miou(found):
    return float(np.mean(METRICS["iou"].func(Confusion.of(found.pred, found.truth, num_classes=3).counts)))


@pytest.mark.parametrize("truth", [first(T), last(T), first(T) * 255, first(T).astype(bool), last(T) * 1.0, T])
@pytest.mark.parametrize(
    "pred", [first(P), last(P), last(P) * 255, first(P) * 1.0, last(P) * 1.0, first(P) * 0.5 + 1 / 6, P]
)
@pytest.mark.parametrize("classes", [{}, {"num_classes": 3}])
def test_every_way_in_which_one_hot_comes(pred, truth, classes):
    """Channels first or last, on one side or both, as integers, booleans or floats, beside probabilities too."""
    if pred is P and truth is T:
        return
    found = read(pred, truth, **classes)
    np.testing.assert_array_equal(found.pred, P)
    np.testing.assert_array_equal(found.truth, T)
    assert miou(found) == pytest.approx(0.8217, abs=5e-5)


def test_three_classes_as_red_green_and_blue():
    found = read(last(P) * 255, last(T) * 255, colour=(True, True))
    np.testing.assert_array_equal(found.pred, P)
    assert miou(found) == pytest.approx(0.8217, abs=5e-5)


def test_a_volume():
    """(C, depth, height, width) against labels."""
    found = read(np.stack([first(P), first(T)], axis=1), np.stack([T, P]))
    np.testing.assert_array_equal(found.pred, np.stack([P, T]))
    np.testing.assert_array_equal(found.truth, np.stack([T, P]))


def test_channels_stand_for_the_ids_of_the_classes(tmp_path):
    path = tmp_path / "classes.csv"
    path.write_text("id,name\n7,a\n300,b\n2,c\n")
    found = read(first(P), first(T), classes=path)
    np.testing.assert_array_equal(found.pred, np.array([7, 300, 2])[P])
    np.testing.assert_array_equal(found.truth, np.array([7, 300, 2])[T])


@pytest.mark.parametrize("every", [True, False], ids=["all channels", "one channel"])
def test_ignored_values(every):
    """A pixel is ignored where all of its channels, or one, hold an ignored value."""
    truth = first(T)
    truth[slice(None) if every else 1, 5, 7] = 255
    found = read(first(P), truth, ignore=[255])
    assert found.truth[5, 7] == 255
    assert np.flatnonzero(found.truth != T).tolist() == [5 * 48 + 7]
    with pytest.raises(NotOneHot, match="t.npy is 3 x 32 x 48 and not one-hot"):
        read(first(P), truth)


def test_each_ignored_pixel_keeps_its_value():
    """Also where others hold a larger one."""
    truth = first(T)
    truth[1, 5, 7], truth[:, 6, 8] = 254, 255
    found = read(first(P), truth, ignore=[254, 255])
    assert (found.truth[5, 7], found.truth[6, 8]) == (254, 255)
    assert np.flatnonzero(found.truth != T).tolist() == [5 * 48 + 7, 6 * 48 + 8]


@pytest.mark.parametrize("id_", [0, 1])
def test_ignored_classes_are_no_values_of_channels(id_):
    """0 and 1 in a channel are no and yes, whichever class is left out."""
    found = read(first(P), first(T), ignore=[id_])
    np.testing.assert_array_equal(found.pred, P)
    np.testing.assert_array_equal(found.truth, T)


@pytest.mark.parametrize(
    ("pred", "truth", "classes", "said"),
    [
        (P, T, {}, "t.npy is 32 x 48 and not one-hot"),
        (first(P), TWICE, {}, "t.npy is 3 x 32 x 48 and not one-hot: 1 pixel with"),
        (first(P), first(T) * 0, {}, "t.npy is 3 x 32 x 48 and not one-hot: 1,536 pixels with no channel"),
        (first(P), first(T), {"num_classes": 4}, "t.npy is 3 x 32 x 48: it has no axis of 4 channels"),
        (first(P) * np.arange(1, 4)[:, None, None], T, {}, "p.npy is 3 x 32 x 48 and not one-hot"),
    ],
)
def test_what_is_not_one_hot_is_refused(pred, truth, classes, said):
    with pytest.raises(NotOneHot, match=said) as caught:
        read(pred, truth, **classes)
    assert caught.value.code == "SEG289"


def test_a_truth_without_prediction():
    """As `--missing worst` reads it."""
    np.testing.assert_array_equal(read_truth(Mask("t.npy", last(T)), ONE_HOT, choose()).labels, T)


@pytest.mark.parametrize("arrange", [first, last])
@pytest.mark.parametrize("softmax", [False, True])
def test_one_hot_read_as_labels_is_told(arrange, softmax):
    """Labels of a volume, mIoU 0.9251, with a doubt."""
    pred = arrange(P) * 0.5 + 1 / 6 if softmax else arrange(P)
    found = read(pred, arrange(T), Reading())
    assert [said.code for said in found.remarks] == ["SEG288"]
    assert "--one-hot" in found.remarks[0].hint


def test_a_volume_of_labels_is_no_one_hot():
    volume = np.stack([T, T > 1, P]).astype(np.uint8)
    assert read(volume, volume, Reading()).remarks == []
    thin = first(T)
    thin[0, 0, 0] = 0
    assert read(thin, thin, Reading()).remarks == []


@pytest.mark.parametrize(("pred", "truth"), [(first(P), T), (P, first(T)), (last(P), T), (P, last(T))])
def test_one_hot_beside_labels_is_refused_and_the_option_named(pred, truth):
    with pytest.raises(ShapesDiffer) as caught:
        read(pred, truth, Reading())
    assert "--one-hot" in caught.value.hint


def test_options_that_exclude_one_hot():
    with pytest.raises(BadOption, match="--one-hot and --soft-truth"):
        Reading(one_hot=True, soft_truth=True)
    with pytest.raises(InputError):
        read(first(P), first(T)[:, :, :4])
