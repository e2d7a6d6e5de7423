"""The door, where a pair goes through it as a whole: spacings, and what an option has an effect on."""

import numpy as np
import pytest

from segeval.data.class_selection import choose
from segeval.data.door import read_pair
from segeval.data.reading import Reading
from segeval.data.translation import Translation
from segeval.errors import GeometryDiffers
from segeval.io import Mask

LABELS = np.array([[0, 1]])
SOFTMAX = np.array([[[0.7, 0.2]], [[0.3, 0.8]]])


def test_spacings_are_compared_from_the_last_axis() -> None:
    """Channels come first, and have a step that means nothing."""
    pred = Mask("p.npy", SOFTMAX, spacing=(9.0, 1.0, 0.5))
    found = read_pair(pred, Mask("t.npy", LABELS, spacing=(1.0, 0.5)), Reading(), choose())
    assert found.pred.tolist() == [[0, 1]]
    with pytest.raises(GeometryDiffers, match=r"p\.npy is 9 x 1 x 0\.5 but one of t\.npy is 0\.5 x 1"):
        read_pair(pred, Mask("t.npy", LABELS, spacing=(0.5, 1.0)), Reading(), choose())


def test_labels_are_translated_and_classes_of_channels_are_not() -> None:
    """Channels stand for the ids of the classes already."""
    reading = Reading(maps={"pred": Translation(3)})
    for pred, ids, used in ((LABELS, [[3, 4]], {"map"}), (SOFTMAX, [[0, 1]], set())):
        found = read_pair(Mask("p.npy", pred), Mask("t.npy", LABELS), reading, choose())
        assert (found.pred.tolist(), found.used) == (ids, used)
