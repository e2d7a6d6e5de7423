"""One image: what is ignored, which channels are classes, and what is predicted for each pixel."""

from typing import Any

import numpy as np
import pytest

from segeval.evidence import sample as room
from segeval.evidence.sample import Field, Picture, Sample, log_softmax

TRUTH = np.array([[0, 2, -1], [1, -1, 2]])
R = np.random.RandomState(31)
P = R.dirichlet([1, 1, 1], (2, 3)).transpose(2, 0, 1)
LOGITS = R.randn(3, 2, 3)


def test_ignored_pixels_are_not_counted() -> None:
    image = Sample(P, TRUTH, (0, 1, 2))
    assert image.total == 4
    assert image.keep is not None
    assert image.keep.tolist() == [[True, True, False], [True, False, True]]
    whole = image.whole
    assert whole.labels.tolist() == [0, 2, 1, 2]
    assert whole.p == pytest.approx(P[:, TRUTH >= 0])
    assert Sample(P, np.abs(TRUTH), (0, 1, 2)).keep is None


def test_channels_may_be_some_of_those_given() -> None:
    """Labels are positions among the channels; a softmax is over all."""
    image = Sample(LOGITS, np.array([[0, 1, 1], [0, 0, 1]]), (0, 2), logits=True)
    e = np.exp(LOGITS).reshape(3, -1)
    assert image.whole.p == pytest.approx((e / e.sum(axis=0))[[0, 2]])
    assert image.whole.log_p == pytest.approx(np.log((e / e.sum(axis=0))[[0, 2]]))
    assert image.number == 2
    assert image.predicted_labels.tolist() == (LOGITS[2] > LOGITS[0]).astype(int).tolist()


def test_blocks_are_the_whole_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = np.where(R.rand(50, 50) < 0.2, -1, R.randint(0, 3, (50, 50)))
    image = Sample(R.rand(3, 50, 50), truth, (0, 1, 2))
    monkeypatch.setattr(room, "BLOCK", 1)
    blocks = list(image.blocks())
    assert len(blocks) == 3  # of 1024 pixels at most
    assert np.concatenate([block.p for block in blocks], axis=1) == pytest.approx(image.whole.p)
    assert np.concatenate([block.labels for block in blocks]).tolist() == image.whole.labels.tolist()
    places = np.concatenate([block.place for block in blocks])
    assert places.tolist() == np.flatnonzero(truth >= 0).tolist()


def test_a_binary_problem() -> None:
    image = Sample(np.array([[0.2, 0.5, 0.7]]), np.array([0, 1, -1]), (0,), exclusive=False)
    assert (image.binary, image.number, image.total) == (True, 2, 2)
    assert image.predicted_labels.tolist() == [0, 0, 1]  # above one half, not at it
    (problem,) = image.whole.problems
    assert problem.mass.tolist() == [1, 1]
    assert problem.p == pytest.approx([0.8, 0.5])
    assert problem.mean_surprisal == pytest.approx([-np.log(0.2 * 0.8) / 2, np.log(2)])
    logits = Sample(np.array([[0.1, -0.1, 0.0]]), np.array([0, 1, 1]), (0,), exclusive=False, logits=True)
    assert logits.predicted_labels.tolist() == [1, 0, 0]


def test_a_soft_truth() -> None:
    target = np.array([[[0.1, 0.6]], [[0.5, 0.2]], [[0.4, 0.2]]])
    image = Sample(P[:, :1, :2], target, (0, 1, 2), hard=False)
    assert (image.soft_truth, image.keep, image.shape) == (True, None, (1, 2))
    assert image.true_labels.tolist() == [[1, 0]]
    one = Sample(P[:1, :1, :2], target[:1], (0,), exclusive=False, hard=False)
    assert one.true_labels.tolist() == [[0, 1]]


def test_a_hard_mask_is_taken_as_one_hot() -> None:
    image = Sample(np.array([[0, 2, 2]]), np.array([[0, 1, 2]]), (0, 1, 2))
    assert image.hard_pred
    assert image.whole.p.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 1]]
    assert image.one_hot.tolist() == [[[1, 0, 0]], [[0, 0, 0]], [[0, 1, 1]]]
    assert Field.of(image, 2).p.tolist() == [[0, 1, 1]]


def test_a_field_is_background_where_ignored() -> None:
    field = Field.of(Sample(P, TRUTH, (0, 1, 2)), 2)
    assert field.p == pytest.approx(np.where(TRUTH >= 0, P[2], 0))
    assert field.t.tolist() == [[0, 1, 0], [0, 0, 1]]
    assert field.truth.tolist() == (TRUTH == 2).tolist()
    assert field.pred.tolist() == ((P[2] > 0.5) & (TRUTH >= 0)).tolist()
    assert field.kept(field.t).tolist() == [0, 1, 0, 1]
    assert field.mean(field.t) == 0.5
    odds = P[2] / (1 - P[2])
    assert field.x == pytest.approx(np.log(odds))
    assert field.surprisal == pytest.approx(-np.log(np.where(field.t == 1, P[2], 1 - P[2])))


@pytest.mark.parametrize("k", [0, 1])
def test_fields_of_logits(k: int) -> None:
    """Both outcomes of a binary problem mirror each other; classes have their softmax."""
    x = LOGITS[:1]
    field = Field.of(Sample(x, np.abs(TRUTH) % 2, (0,), exclusive=False, logits=True), k)
    sign = 2 * k - 1
    assert field.x == pytest.approx(sign * x[0])
    assert field.p == pytest.approx(1 / (1 + np.exp(-sign * x[0])))
    assert field.t.tolist() == (np.abs(TRUTH) % 2 == k).tolist()
    classes = Field.of(Sample(LOGITS, np.abs(TRUTH), (0, 1, 2), logits=True), k)
    assert classes.p == pytest.approx(np.exp(LOGITS[k]) / np.exp(LOGITS).sum(axis=0))


def test_pictures_of_independent_problems() -> None:
    truth = (R.rand(3, 2, 3) < 0.5).astype(np.float64)
    pictures = Picture.of(Sample(P, truth, (0, 1, 2), exclusive=False))
    assert len(pictures) == 3
    for n, picture in enumerate(pictures):
        assert picture.truth.tolist() == truth[n].tolist()
        assert picture.pred.tolist() == (P[n] > 0.5).tolist()


def test_log_softmax_of_far_scores() -> None:
    with np.errstate(under="ignore"):
        found = log_softmax(np.array([[1000.0, -1000.0], [999.0, 1000.0]]))
    lost: Any = np.log1p(np.exp(-1.0))
    assert found == pytest.approx(np.array([[-lost, -2000], [-1 - lost, 0]]))
