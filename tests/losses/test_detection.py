"""Formulas of other inputs than an image, by hand."""

import math
import re
from collections.abc import Callable

import numpy as np
import pytest

from segeval import losses
from segeval.errors import BadParameter

ln = math.log


def test_faster_rcnn_by_hand() -> None:
    """−ln 0.9 − ln 0.8 over 2; smooth L1 of 0.5 and 2 is 0.125 + 1.5; the second anchor is negative."""
    box, zero = [[0.5, -2, 0, 0], [7, 7, 7, 7]], np.zeros((2, 4))
    found = losses.faster_rcnn([0.9, 0.2], [1, 0], box, zero, cls_norm=2, box_norm=1)
    assert found == pytest.approx((-ln(0.9) - ln(0.8)) / 2 + 10 * 1.625, rel=1e-12)
    found = losses.faster_rcnn([0.9, 0.2], [1, 0], zero, box, box_weight=3)
    assert found == pytest.approx((-ln(0.9) - ln(0.8)) / 256 + 3 * 1.625 / 2400, rel=1e-12)
    assert losses.faster_rcnn([0.9], [1], box[:1], zero[:1], box_weight=0) == pytest.approx(-ln(0.9) / 256, rel=1e-12)
    assert losses.faster_rcnn([0.9, 0.2], [0, 0], box, zero) == pytest.approx((-ln(0.1) - ln(0.8)) / 256, rel=1e-12)


def test_mask_rcnn_by_hand() -> None:
    """Of the true class alone; a probability of 0 costs −ln 1e-7."""
    masks = np.array([[[0.3, 0.6]], [[0.0, 0.8]]])
    assert losses.mask_rcnn_mask(masks, [[1, 0]], label=0) == pytest.approx((-ln(0.3) - ln(0.4)) / 2, rel=1e-12)
    assert losses.mask_rcnn_mask(masks, [[1, 0]], label=1) == pytest.approx((-ln(1e-7) - ln(0.2)) / 2, rel=1e-9)
    assert losses.mask_rcnn_mask([[1.0, 1.0]], [[1, 0]]) == pytest.approx(-ln(1e-7) / 2, rel=1e-6)
    assert losses.mask_rcnn_mask(masks[0], [[1, 0]]) == pytest.approx((-ln(0.3) - ln(0.4)) / 2, rel=1e-12)


def test_minimax_gan_by_hand() -> None:
    real, fake = [0.9, 0.6], [0.2, 0.5, 0.1]
    deceived = (ln(0.8) + ln(0.5) + ln(0.9)) / 3
    assert losses.minimax_gan(real, fake) == pytest.approx(-(ln(0.9) + ln(0.6)) / 2 - deceived, rel=1e-12)
    assert losses.minimax_gan(fake=fake, role="generator") == pytest.approx(deceived, rel=1e-12)
    assert losses.minimax_gan(0.9, 0.2) == pytest.approx(0.328504, abs=1e-6)


ANCHOR = ([0.5], [1], [[0, 0, 0, 0]], [[0, 0, 0, 0]])
BAD: list[tuple[Callable[[], float], str]] = [
    (lambda: losses.faster_rcnn([1.5], *ANCHOR[1:]), "pred"),
    (lambda: losses.faster_rcnn([0.5], [7], *ANCHOR[2:]), "truth"),
    (lambda: losses.faster_rcnn([0.5, 0.5], *ANCHOR[1:]), r"\(2,\) but truth is \(1,\)"),
    (lambda: losses.faster_rcnn([0.5], [1], [[0, 0, 0]], [[0, 0, 0]]), r"box is \(1, 3\)"),
    (lambda: losses.faster_rcnn([0.5], [1], [[0, 0, 0, math.nan]], ANCHOR[3]), "NaN"),
    (lambda: losses.faster_rcnn(*ANCHOR, cls_norm=0), "norm"),
    (lambda: losses.faster_rcnn(*ANCHOR, box_norm=-1), "norm"),
    (lambda: losses.faster_rcnn(*ANCHOR, box_weight=-1), "weight"),
    (lambda: losses.faster_rcnn([], [], np.zeros((0, 4)), np.zeros((0, 4))), "no probabilities"),
    (lambda: losses.mask_rcnn_mask("a", [[1]]), "pred"),
    (lambda: losses.mask_rcnn_mask([[[0.5]]], [[1]]), "label is None"),
    (lambda: losses.mask_rcnn_mask([[[0.5]]], [[1]], label=1), "from 0 to 0"),
    (lambda: losses.mask_rcnn_mask([[[0.5]]], [[1]], label=-1), "label is -1"),
    (lambda: losses.mask_rcnn_mask([[0.5, 0.1]], [[1], [0]]), "one shape"),
    (lambda: losses.minimax_gan([0.5]), "lacks the outputs of the discriminator"),
    (lambda: losses.minimax_gan(fake=[0.5]), "discriminator"),
    (lambda: losses.minimax_gan([0.5], [1.5]), "fake"),
    (lambda: losses.minimax_gan([-0.5], [0.5]), "real"),
    (lambda: losses.minimax_gan([0.5], [0.5], role="critic"), "'generator'"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "said"), BAD)
def test_what_is_wrong_is_named(call: Callable[[], float], said: str) -> None:
    with pytest.raises(BadParameter) as caught:
        call()
    assert re.search(said, f"{caught.value.message} {caught.value.hint}")
