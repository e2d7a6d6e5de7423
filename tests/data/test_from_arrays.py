"""What two arrays are is right, or an error: never another reading in silence."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segeval import losses
from segeval.data.from_arrays import Axes, axes, images
from segeval.errors import SegevalError, ShapesDiffer, TwoReadings

SHAPES: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any], Axes | type[SegevalError]]] = [
    ((8, 9), (8, 9), {}, Axes(False, False, False)),
    ((3, 8, 9), (8, 9), {}, Axes(False, True, False)),
    ((2, 3, 8, 9), (2, 8, 9), {}, Axes(True, True, False)),
    ((2, 3, 4, 8, 9), (2, 4, 8, 9), {}, Axes(True, True, False)),
    ((2, 2, 8, 9), (2, 8, 9), {}, TwoReadings),
    ((2, 2, 8, 9), (2, 8, 9), {"batch": True}, Axes(True, True, False)),
    ((2, 2, 8, 9), (2, 8, 9), {"batch": False}, Axes(False, True, False)),
    ((1, 1, 8, 9), (1, 8, 9), {}, Axes(True, True, False)),
    ((1, 8, 9), (8, 9), {}, Axes(False, True, False)),
    ((4, 8, 9), (4, 8, 9), {}, Axes(False, False, False)),
    ((4, 8, 9), (4, 8, 9), {"batch": True}, Axes(True, False, False)),
    ((4, 8, 9), (4, 8, 9), {"channels": True}, Axes(False, True, True)),
    ((4, 3, 8, 9), (4, 3, 8, 9), {"batch": True, "channels": True}, Axes(True, True, True)),
    ((4, 1, 8, 9), (4, 1, 8, 9), {"batch": True}, Axes(True, True, True)),
    ((8, 9, 3), (8, 9), {}, ShapesDiffer),
    ((7,), (7,), {"batch": True}, ShapesDiffer),
    ((7,), (), {}, ShapesDiffer),
]


@pytest.mark.parametrize(("pred", "truth", "said", "found"), SHAPES)
def test_axes(pred: tuple[int, ...], truth: tuple[int, ...], said: dict[str, Any], found: Any) -> None:
    if isinstance(found, Axes):
        assert axes(pred, truth, **said) == found
    else:
        with pytest.raises(found):
            axes(pred, truth, **said)


def test_kinds_of_images() -> None:
    labels = np.array([[0, 1, 1], [0, 0, 1]])
    for pred, options, kind in (
        (labels, {}, "labels"),
        (labels > 0, {}, "labels"),
        (labels / 2, {}, "foreground"),
        (np.stack([labels, 1 - labels]) / 2, {"batch": False}, "channels"),
        (np.stack([labels, labels]), {"multilabel": True}, "multilabel"),
    ):
        (found,) = images(pred, np.stack([labels] * 2) if kind == "multilabel" else labels, **options)
        assert (found.kind, found.shape) == (kind, (2, 3))


KINDS = ["labels", "foreground", "channels", "one-hot", "multilabel"]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.sampled_from(KINDS), st.integers(1, 3), st.integers(2, 3), st.booleans(), st.booleans(), st.data())
def test_the_right_number_or_an_error(kind: str, n: int, c: int, batch: bool, logits: bool, data: Any) -> None:
    """Of images of each kind, whatever is said of them, as long as it is true.

    What equal shapes cannot show is said: that there is a batch, and that there are several labels.
    """
    r = np.random.RandomState(data.draw(st.integers(0, 99)))
    n = n if batch else 1
    pred, truth = _made(kind, n, c, r)
    shown = kind == "channels"
    true = {"batch": batch, "channels": kind in ("channels", "one-hot", "multilabel")}
    unsaid = {"batch": [batch, None] if shown or not batch else [batch], "channels": [true["channels"], None]}
    said = {name: data.draw(st.sampled_from(unsaid[name])) for name in true}
    if kind == "multilabel":
        said["multilabel"] = True
    given = pred if kind == "labels" else np.clip(pred, 1e-6, 1 - 1e-6)
    expected = np.mean([_dice(kind, *each) for each in zip(given, truth, strict=True)])
    if logits and kind != "labels":
        said["inputs"] = "logits"
        given = np.log(given) if kind in ("channels", "one-hot") else np.log(given / (1 - given))
    try:
        found = losses.value("dice", given if batch else given[0], truth if batch else truth[0], **said)
    except SegevalError as fault:
        assert isinstance(fault, TwoReadings)
        return
    assert found == pytest.approx(expected, abs=1e-9, nan_ok=True)


def _made(kind: str, n: int, c: int, r: Any) -> tuple[Any, Any]:
    """Predictions and truths of n images of 4 x 5 pixels."""
    labels = r.randint(0, c, (n, 4, 5))
    labels[:, 0, :c] = range(c)  # every class is there
    p = r.dirichlet(np.ones(c), (n, 4, 5)).transpose(0, 3, 1, 2)
    one_hot = (np.arange(c)[:, None, None] == labels[:, None]).astype(int)
    if kind == "labels":
        return labels[:, ::-1], labels
    if kind == "foreground":
        return p[:, 0], one_hot[:, 0]
    if kind == "multilabel":
        return p, r.randint(0, 2, (n, c, 4, 5)) | (np.arange(5) == 0)
    return p, labels if kind == "channels" else one_hot


def _dice(kind: str, pred: Any, truth: Any) -> float:
    """The mean over classes of 1 − 2 Σ p t / (Σ p + Σ t), with NumPy."""
    if kind == "foreground" or (kind == "labels" and truth.max() < 2):
        pred, truth = pred[None], truth[None]
    elif kind != "multilabel":
        classes = np.arange(truth.max() + 1 if kind == "labels" else len(pred))[:, None, None]
        pred = pred == classes if kind == "labels" else pred
        truth = truth if kind == "one-hot" else truth == classes
    sums = [(a * b).sum(axis=(1, 2)) for a, b in ((pred, truth), (pred, 1), (truth, 1))]
    return float((1 - 2 * sums[0] / (sums[1] + sums[2])).mean())
