"""The door, where a pair goes through it as a whole: spacings, and what an option has an effect on."""

import re

import numpy as np
import pytest

from segeval.data.class_selection import choose
from segeval.data.door import read_pair
from segeval.data.image import Image
from segeval.data.reading import Reading
from segeval.data.translation import Translation
from segeval.errors import FloatLabels, FractionalTruth, GeometryDiffers
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
    for pred, ids, used in ((LABELS, [[3, 4]], {"map pred"}), (SOFTMAX, [[0, 1]], set())):
        found = read_pair(Mask("p.npy", pred), Mask("t.npy", LABELS), reading, choose())
        assert (found.pred.tolist(), found.used) == (ids, used)


FLOATS = np.array([[0.0, 1.9995, 7.0005]], np.float32)


def test_labels_of_a_format_that_rounds() -> None:
    """NIfTI in floating point, as a program that resamples leaves it: within 1e-3 of whole numbers."""
    masks = [Mask(name, FLOATS, rounding=1e-3) for name in ("p.nii", "t.nii")]
    found = read_pair(*masks, Reading(), choose())
    assert found.pred.tolist() == found.truth.tolist() == [[0, 2, 7]]
    assert [type(each) for each in found.remarks] == [FloatLabels, FloatLabels]
    with pytest.raises(FractionalTruth, match=r"t\.npy holds fractions, such as 1\.9995"):
        read_pair(masks[0], Mask("t.npy", FLOATS), Reading(), choose())
    with pytest.raises(FractionalTruth, match=r"t\.nii holds fractions, such as 1\.998"):
        read_pair(masks[0], Mask("t.nii", np.array([[0, 1.998, 7]]), rounding=1e-3), Reading(), choose())


def test_nearly_0_and_1_is_a_probability_and_not_a_label() -> None:
    """Both give the same labels of a prediction; its losses differ."""
    sure = np.array([[0.0004, 0.9997]], np.float32)
    found = read_pair(Mask("p.nii", sure, rounding=1e-3), Mask("t.nii", sure, rounding=1e-3), Reading(), choose())
    assert (found.given.kind, found.truth.tolist()) == ("foreground", [[0, 1]])


PLACED = np.array([[0.0, -2, 0, 5], [0.5, 0, 0, -6], [0, 0, 3, 70], [0, 0, 0, 1]])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (np.eye(4), ""),
        (np.diag([-1.0, 1, 1, 1]), "the axes of p.nii go to PLS but those of t.nii to ALS"),
        (np.eye(4)[[1, 0, 2, 3]], "a pixel of p.nii is 3 x 0.5 x 2 mm but one of t.nii is 3 x 2 x 0.5 mm"),
        (np.diag([1.0, 1, 1.02, 1]), "a pixel of p.nii is 3.06 x 2 x 0.5 mm"),
        (np.diag([1.0, 1, 1.009, 1]), ""),
        (np.array([[1, 0.004, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), ""),
        (np.array([[1, 0.02, 0, 0], [-0.02, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "is turned against t.nii"),
        (np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "lies at (5, -5.5, 70) mm but that of"),
        (np.array([[1, 0, 0, 0.009], [0, 1, 0, 0.009], [0, 0, 1, 0.009], [0, 0, 0, 1]]), ""),
        (np.array([[1, 0, 0, 0.011], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "lies at (5, -5.9945, 70) mm"),
        (np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0.011], [0, 0, 0, 1]]), "lies at (5, -6, 70.033) mm"),
        (
            np.array([[1, 0, 0.09, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),  # by 0.045 of 3 mm
            "p.nii is turned against t.nii: the directions of their axes differ by 0.86°",
        ),
        (np.array([[1, 0, 0.05, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), ""),
    ],
)
def test_the_places_of_two_volumes_are_compared(change, said) -> None:
    """To a hundredth of a voxel, in the words of whoever has to mend it."""

    def placed(name: str, affine: np.ndarray) -> Mask:
        steps = np.linalg.norm(affine[:3, :3], axis=0)[::-1]
        return Mask(name, np.zeros((2, 3, 4), np.uint8), spacing=tuple(steps.tolist()), unit="mm", affine=affine)

    pred, truth = placed("p.nii", PLACED @ change), placed("t.nii", PLACED)
    ignoring = read_pair(pred, truth, Reading(ignore_geometry=True), choose())
    assert ("ignore_geometry" in ignoring.used) == bool(said)
    if said:
        with pytest.raises(GeometryDiffers, match=re.escape(said)):
            read_pair(pred, truth, Reading(), choose())
    else:
        read_pair(pred, truth, Reading(), choose())


def test_a_file_without_a_place_agrees_with_all() -> None:
    spacing, array = (3.0, 2.0, 0.5), np.zeros((2, 3, 4), np.uint8)
    truth = Mask("t.nii", array, spacing=spacing, affine=PLACED)
    assert read_pair(Mask("p.nii", array, spacing=spacing), truth, Reading(), choose()).spacing == spacing
