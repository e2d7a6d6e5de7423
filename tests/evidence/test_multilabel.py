"""Counts of classes that do not exclude each other."""

from typing import Any

import numpy as np
import pytest

from segeval.evidence.multilabel import IGNORED, ChannelCounts, count
from segeval.metrics import METRICS

R = np.random.RandomState(8)
T = (R.rand(3, 5, 7) > np.array([0.5, 0.8, 0.3])[:, None, None]).astype(np.uint8)
P = (R.rand(3, 5, 7) > np.array([0.4, 0.6, 0.7])[:, None, None]).astype(np.uint8)
VOID = np.zeros((5, 7), bool)
VOID[1, 2:6] = VOID[4, 0] = True
# scikit-learn 1.9.1, multilabel_confusion_matrix(T, P): [[tn, fp], [fn, tp]] of each class, of all pixels and without
# those of VOID; jaccard_score(T, P, average=None)
ALL = [[[7, 12], [6, 10]], [[22, 9], [2, 2]], [[7, 0], [18, 10]]]
SEEN = [[[7, 10], [5, 8]], [[19, 8], [1, 2]], [[4, 0], [16, 10]]]
JACCARD = [0.35714285714285715, 0.15384615384615385, 0.35714285714285715]


def tables(found: ChannelCounts) -> Any:
    """The counts as scikit-learn writes them."""
    return np.array([[found.tn, found.fp], [found.fn, found.tp]]).transpose(2, 0, 1).tolist()


def test_an_independent_program_agrees() -> None:
    found = ChannelCounts.of(P, T)
    assert tables(found) == ALL
    assert found.counts.tp.dtype == np.int64
    assert METRICS["iou"].func(found) == pytest.approx(JACCARD)
    assert (found.total, found.right) == (105, 7 + 10 + 22 + 2 + 7 + 10)


def test_ignored_pixels_leave_every_class() -> None:
    """The prediction there, yes or no, is kept apart."""
    found = ChannelCounts.of(P, np.where(VOID, IGNORED, T).astype(np.uint8), ignore=[255])
    assert tables(found) == SEEN
    ignored = [15 - P[:, VOID].sum(), P[:, VOID].sum()]
    assert found.ignored.tolist() == found.all_wrong().ignored.tolist() == ignored
    assert (found + found).ignored.tolist() == [2 * number for number in ignored]


def test_parts_add_up_and_ids_may_differ() -> None:
    """Class 5 is in one part only: the other adds nothing to it."""
    left, right = ChannelCounts.of(P[:, :2], T[:, :2]), ChannelCounts.of(P[:, 2:], T[:, 2:])
    assert tables(left + right) == ALL
    assert (left + right).right == 58
    other = ChannelCounts.of(P[:2], T[:2], ids=(5, 1))
    both = ChannelCounts.of(P, T) + other
    assert both.ids == (0, 1, 2, 5)
    assert tables(both) == [ALL[0], _sum(ALL[1], ALL[1]), ALL[2], ALL[0]]
    assert tables(other.with_ids((1, 9, 5))) == [ALL[1], [[0, 0], [0, 0]], ALL[0]]
    with pytest.raises(ValueError, match="different values"):
        left + ChannelCounts.of(P, T, ignore=[255])


def _sum(a: Any, b: Any) -> Any:
    return (np.array(a) + b).tolist()


def test_without_a_prediction_nothing_is_right() -> None:
    """What is true was missed; nothing was given to any class."""
    found = ChannelCounts.of(P, T).all_wrong()
    assert tables(found) == [[[19, 0], [16, 0]], [[31, 0], [4, 0]], [[7, 0], [28, 0]]]
    assert (found.right, found.total) == (0, 105)


def test_which_classes_are_seen() -> None:
    pred, truth = np.zeros((2, 4, 1, 2), np.uint8)
    truth[1, 0, 0] = pred[3, 0, 1] = 1
    found = ChannelCounts.of(pred, truth, ids=(7, 8, 9, 300))
    assert (found.truth.tolist(), found.pred.tolist(), found.seen) == ([8], [300], {8, 300})


def test_nothing_adds_nothing() -> None:
    assert ChannelCounts.summed([]).total == 0
    found = ChannelCounts.none(ids=(0, 1, 2)) + ChannelCounts.of(P, T)
    assert tables(found) == ALL


def test_the_digest_covers_shape_and_values() -> None:
    """Not what is predicted."""
    digest = count(P, T)[1]
    assert count(1 - P, T)[1] == digest
    flipped = T.copy()
    flipped[2, 4, 6] ^= 1
    others = [flipped, T[:, ::-1], T[::-1], np.where(VOID, IGNORED, T).astype(np.uint8)]
    found = {count(P, np.ascontiguousarray(each))[1] for each in others}
    found.add(count(P.reshape(3, 7, 5), T.reshape(3, 7, 5))[1])
    assert len(found | {digest}) == 6
