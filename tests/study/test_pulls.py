"""What falls on parts of a hard mask is what the derivatives of its pixels add up to, taken as probabilities."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from segeval.errors import SegevalError
from segeval.evidence.sample import Sample
from segeval.losses import LOSSES
from segeval.losses.derivatives import derivative
from segeval.losses.engine.evidence import Caller
from segeval.losses.functional import ask
from segeval.study.pulls import Groups, masses

WEIGHED = ("weighted_cross_entropy", "unet_cross_entropy")
CALLER = Caller(presence="truth", background=True)
NEEDED: dict[str, dict[str, Any]] = {
    "weighted_cross_entropy": {"class_weights": "balanced"},
    "ssim": {"window": 3},
    "topk_cross_entropy": {"fraction": 0.3},
}


def _image(number: int, ignored: bool, corner: bool) -> tuple[Sample, Groups]:
    """corner: all but class 0 lies in one, so that places are looked at in a part of the image."""
    random = np.random.RandomState(number)
    truth = np.kron(random.randint(0, number, (4, 5)), np.ones((4, 3), int))
    pred = np.where(random.rand(16, 15) < 0.2, random.randint(0, number, (16, 15)), np.roll(truth, 1, 1))
    if corner:
        truth[7:], truth[:, 8:], pred[7:], pred[:, 8:] = 0, 0, 0, 0
    if ignored:
        truth[2:7, 3:9] = -1
    parts = Groups(random.randint(-1, 4, (16, 15)), 4)
    if number == 2:
        return Sample(pred, truth, (0,), exclusive=False), parts
    return Sample(pred, truth, tuple(range(number)), weights=random.rand(16, 15)), parts


@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize("corner", [False, True])
@pytest.mark.parametrize("number", [2, 4])
def test_masses_of_hard_masks(number: int, corner: bool, ignored: bool) -> None:
    """Of every loss, all in one go, beside each on its own."""
    image, parts = _image(number, ignored, corner)
    if ignored:
        parts = Groups(np.where(image.truth < 0, -1, parts.of), 4)
    names = [each for each in LOSSES.asked_by_name() if number > 2 or each not in WEIGHED]
    every = [ask(name, NEEDED.get(name, {})) for name in names]
    soft = replace(image, given=image.one_hot)
    for asked, found in zip(every, masses(every, image, CALLER, parts), strict=True):
        try:
            pull = np.abs(derivative(asked, soft, CALLER))
        except SegevalError:
            assert found is None
            continue
        expected = np.stack([[row[parts.of == part].sum() for part in range(4)] for row in pull])
        if np.isnan(expected).all():
            assert found is None, asked.name
        else:
            assert found == pytest.approx(expected, rel=1e-11, abs=1e-11 * np.abs(pull).max()), asked.name


@pytest.mark.parametrize("number", [2, 4])
def test_derivatives_of_hard_masks_that_see_all_of_an_image(number: int) -> None:
    """Pixel by pixel and with their signs they are those of the mask taken as probabilities."""
    image, _ = _image(number, ignored=True, corner=False)
    soft = replace(image, given=image.one_hot)
    for name in ("topk_cross_entropy", "distance_penalized_cross_entropy", "shape_aware"):
        asked = ask(name, NEEDED.get(name, {}))
        assert derivative(asked, image, CALLER) == pytest.approx(derivative(asked, soft, CALLER), rel=1e-11), name
