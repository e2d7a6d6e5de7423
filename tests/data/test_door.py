"""The door, where a pair goes through it as a whole: spacings, and what an option has an effect on."""

import numpy as np
import pytest

from segeval.data.class_selection import choose
from segeval.data.door import read_pair
from segeval.data.image import Image
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


def test_one_length_in_two_units() -> None:
    """0.25 µm are 250 nm; a unit that nobody knows says nothing, and numbers are compared as they stand."""
    truth = Mask("t.npy", LABELS, spacing=(2.0, 0.25), unit="µm")
    found = read_pair(Mask("p.npy", LABELS, spacing=(2000.0, 250.0), unit="nm"), truth, Reading(), choose())
    assert (found.spacing, found.unit) == ((2.0, 0.25), "µm")
    read_pair(Mask("p.npy", LABELS, spacing=(2.0, 0.25)), truth, Reading(), choose())
    with pytest.raises(GeometryDiffers, match=r"p\.npy is 2 x 0\.25 mm but one of t\.npy is 2 x 0\.25 µm"):
        read_pair(Mask("p.npy", LABELS, spacing=(2.0, 0.25), unit="mm"), truth, Reading(), choose())


def test_the_size_of_a_pixel_is_that_of_the_truth_or_else_of_the_prediction() -> None:
    """And never the step between channels, or of fewer axes than the image has."""
    options = Reading(ignore_geometry=True)
    pred = Mask("p.npy", SOFTMAX, spacing=(9.0, 1.0, 0.5), unit="mm")

    def told(truth: Mask) -> tuple[tuple[float, ...] | None, str]:
        found = read_pair(pred, truth, options, choose())
        image = Image("t.npy", found, options, choose())
        return image.spacing, image.unit

    assert told(Mask("t.npy", LABELS, spacing=(3.0, 4.0), unit="cm")) == ((3.0, 4.0), "cm")
    assert told(Mask("t.npy", LABELS)) == ((1.0, 0.5), "mm")
    flat = read_pair(Mask("p.npy", LABELS), Mask("t.npy", LABELS, spacing=(2.0,)), options, choose())
    assert flat.spacing is None


def test_the_size_of_a_pixel_of_channels() -> None:
    """Of a prediction and a truth with a channel for each class."""
    options, channels = choose(multilabel=True, num_classes=2), np.array([[[0, 1]], [[1, 1]]])
    mask = Mask("t.npy", channels, spacing=(2.0, 0.5))
    assert read_pair(Mask("p.npy", channels), mask, Reading(), options).spacing == (2.0, 0.5)


def test_labels_are_translated_and_classes_of_channels_are_not() -> None:
    """Channels stand for the ids of the classes already."""
    reading = Reading(maps={"pred": Translation(3)})
    for pred, ids, used in ((LABELS, [[3, 4]], {"map"}), (SOFTMAX, [[0, 1]], set())):
        found = read_pair(Mask("p.npy", pred), Mask("t.npy", LABELS), reading, choose())
        assert (found.pred.tolist(), found.used) == (ids, used)
