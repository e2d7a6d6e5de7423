"""What masks of classes that exclude each other are taken for, and the labels that this makes."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from segeval.data.checks import TOLERANCE, check_finite, check_range, not_a_softmax, within_0_and_1, zeros_and_ones
from segeval.data.class_selection import ClassChoice
from segeval.data.classes import Colour
from segeval.data.colours import uncoloured
from segeval.data.ids import narrowed, unlike, whole
from segeval.data.panoptic import Segmented
from segeval.data.reading import Reading
from segeval.data.shapes import shapes_differ
from segeval.errors import (
    FloatLabels,
    FractionalTruth,
    LabelsAsGrey,
    LikeProbabilities,
    NotProbabilities,
    Remark,
    UnfitPixels,
)
from segeval.io import Array, Mask

FEW = 8  # ids that count up from 1, where grey would have more values
BLOCK = 1 << 16  # pixels of all channels that are looked at together

Kind = Literal["labels", "foreground", "channels"]


@dataclass(frozen=True)
class Truth:
    """A true mask: labels, or fractions beside the labels that they make most likely."""

    labels: Array
    remarks: list[Remark]
    target: Array | None = None  # (C, *spatial) float64 fractions, 0 where ignored
    kept: Array | None = None  # (*spatial) the pixels of a target that are not ignored; None: all
    segments: Segmented | None = None  # of a panoptic mask


@dataclass(frozen=True)
class Given:
    """A prediction, what it was taken for, and the labels that this makes."""

    kind: Kind  # ids; a number of the foreground for each pixel; a channel for each class
    name: str
    array: Array  # as it stands in the file, but for colours: (*spatial), or (C, *spatial) of channels
    levels: int  # what integers are divided by; 1 where they are no grey probabilities
    labels: Array
    remarks: list[Remark]

    @property
    def numbers(self) -> Array:
        """The array in floating point, grey values as probabilities."""
        return self.array if self.array.dtype.kind == "f" else self.array / np.float64(self.levels)

    @property
    def hard(self) -> bool:
        """Whether it says yes or no, and not how sure it is."""
        return self.kind == "labels" or (self.array.dtype.kind != "f" and self.levels == 1)


@dataclass(frozen=True)
class Labels:
    """Two label arrays of one shape."""

    pred: Array
    truth: Array
    remarks: list[Remark]
    target: Array | None = None  # as in `Truth`
    kept: Array | None = None
    given: Given | None = None  # None: there is no prediction
    used: frozenset[str] = frozenset()  # the options that had an effect
    palettes: tuple[Array | None, Array | None] = (None, None)  # of prediction and truth, where indices are the ids
    spacing: tuple[float, ...] | None = None  # the length of a pixel along each spatial axis, where a file says so
    unit: str = ""  # of those lengths
    segments: tuple[Segmented, Segmented] | None = None  # of prediction and truth, where they are panoptic

    @classmethod
    def of(cls, given: Given, truth: Truth) -> "Labels":
        said = [*given.remarks, *truth.remarks]
        return cls(given.labels, truth.labels, said, truth.target, truth.kept, given)


def truth_labels(
    truth: Mask,
    colors: Mapping[Colour, int],
    threshold: float | None = None,
    ids: Sequence[int] | None = None,
    ignore: Collection[int] = (),
) -> tuple[Array, list[Remark]]:
    """The labels of a true mask, and what is worth saying about them. threshold: above it, grey is the second class."""
    array, remarks = uncoloured(truth, colors)
    if threshold is not None:
        if array.dtype.kind != "f":
            remarks = [*remarks, *like_labels(array, truth.name, "--truth-threshold", ignore)]
        return _above(array, truth, threshold, ids, ignore), remarks
    if array.dtype.kind != "f":
        return narrowed(array, truth.name), remarks
    check_finite(truth.name, array, hint="if NaN stands for no data, give --ignore nan")
    if not whole(array, truth.rounding):
        raise FractionalTruth(
            f"{truth.name} holds fractions, such as {unlike(array, truth.rounding):g}, and a truth must be labels",
            "are the two folders swapped? Fractions of each class want --soft-truth",
        )
    return _rounded(array, truth), [*remarks, _float_labels(truth.name)]


def grey_threshold(truth: Mask, classes: ClassChoice) -> float | None:
    """Above which fraction of white a true mask is foreground, for classes that are stored as grey; not of 0 and 1."""
    if classes.raw_threshold is None or truth.pixels.dtype.kind == "f" or truth.pixels.max(initial=0) <= 1:
        return None
    return (classes.raw_threshold - 0.5) / 255


def pred_labels(
    pred: Mask,
    truth_name: str,
    shape: tuple[int, ...],
    reading: Reading,
    colors: Mapping[Colour, int],
    ids: Sequence[int] | None,
) -> Given:
    """A prediction of a truth of this shape, taken for one of the kinds."""
    array, remarks = uncoloured(pred, colors)
    kind, levels = _kind(array, pred, truth_name, shape, reading, ids)
    if kind == "channels":
        found = _from_channels(array, pred.name, reading, ids)
        remarks = [*remarks, *like_probabilities(array, pred.name, reading, exclusive=True)]
    elif kind == "labels":
        found = _rounded(array, pred)
        remarks = [*remarks, _float_labels(pred.name)] if array.dtype.kind == "f" else remarks
    else:
        array = array.reshape(shape)
        found = foreground(array, levels, pred.name, reading, ids)
        if levels > 1:
            remarks = [*remarks, *like_labels(array, pred.name, "--probability")]
        remarks = [*remarks, *like_probabilities(array, pred.name, reading, exclusive=False)]
    return Given(kind, pred.name, array, levels, found, remarks)


def _kind(
    array: Array, pred: Mask, truth_name: str, shape: tuple[int, ...], reading: Reading, ids: Sequence[int] | None
) -> tuple[Kind, int]:
    """What a prediction is taken for, by its type and shape, then by what the options say, and what 1 is in it."""
    if array.dtype.kind == "f" and array.ndim == len(shape) + 1 and array.shape[1:] == shape:
        return ("foreground" if len(array) == 1 else "channels"), 1  # of one channel, as binary networks write it
    if array.shape != shape:
        raise shapes_differ(pred.name, array.shape, truth_name, shape)
    if array.dtype.kind != "f":
        return ("foreground", grey_levels(pred)) if reading.probability else ("labels", 1)
    check_finite(pred.name, array)
    if not reading.logits and _labels(array, pred.rounding) and not _saturated(array, ids):
        return "labels", 1
    return "foreground", 1


def _labels(array: Array, rounding: float) -> bool:
    """Whether numbers are labels: whole ones, or nearly so where they cannot be probabilities."""
    return whole(array) or (bool(rounding) and float(array.max()) > 1 and whole(array, rounding))


def _rounded(array: Array, mask: Mask) -> Array:
    """Labels that may lie beside whole numbers."""
    return narrowed(np.rint(array) if array.dtype.kind == "f" and mask.rounding else array, mask.name)


def _above(array: Array, truth: Mask, threshold: float, ids: Sequence[int] | None, ignore: Collection[int]) -> Array:
    """Two classes by a threshold, and ignored values as they are."""
    levels = grey_levels(truth, "--truth-threshold") if array.dtype.kind != "f" else 1
    void = np.isin(array, list(ignore))
    if array.dtype.kind == "f":
        check_range(truth.name, *check_finite(truth.name, np.where(void, 0, array)))
    found = thresholded(array / np.float64(levels), threshold, ids)
    return np.where(void, array, found).astype(np.int32) if void.any() else found


def grey_levels(mask: Mask, option: str = "--probability") -> int:
    """The grey value that is 1."""
    if not 0 < mask.levels <= 65535:
        kind = f"{mask.pixels.dtype}" if mask.levels else "a palette"
        raise UnfitPixels(f"{mask.name} holds {kind}", f"{option} takes grey of up to 16 bits")
    return mask.levels


def foreground(array: Array, levels: int, name: str, reading: Reading, ids: Sequence[int] | None) -> Array:
    """The labels of numbers of the foreground, or of channels that do not exclude each other."""
    if array.dtype.kind != "f":
        return thresholded(array / np.float64(levels), reading.threshold, ids)
    low, high = check_finite(name, array)
    if reading.logits:
        return thresholded(array, math.log(reading.threshold / (1 - reading.threshold)), ids)
    if (low < 0 or high > 1) and whole(array):
        what = f"{name} holds whole numbers from {low:.4g} to {high:.4g}, not probabilities"
        raise NotProbabilities(what, "labels have no channels: save pred[0]")
    check_range(name, low, high)
    return thresholded(array, reading.threshold, ids)


def like_labels(array: Array, name: str, option: str, ignore: Collection[int] = ()) -> Iterator[Remark]:
    """A doubt about grey that holds 1, 2, …, and at most white beside them."""
    values = [value for value in np.unique(array).tolist() if value not in ignore]
    small = [value for value in values if value not in (0, 255, 65535)]
    if small and small == list(range(1, len(small) + 1)) and len(small) <= FEW:
        what = f"{name} holds {', '.join(map(str, values))}, read as grey: all but white are black"
        yield LabelsAsGrey(what, f"labels want no {option}")


def like_probabilities(array: Array, name: str, reading: Reading, exclusive: bool) -> Iterator[Remark]:
    """A remark on logits that could be probabilities."""
    if reading.logits and array.dtype.kind == "f" and within_0_and_1(array, exclusive):
        yield LikeProbabilities(f"{name} looks like probabilities, and was taken as logits", "leave out --logits if so")


def _from_channels(array: Array, name: str, reading: Reading, ids: Sequence[int] | None) -> Array:
    """The most probable class of every pixel of (C, *spatial); ties go to the first."""
    check_channels(name, array.shape, array.shape[1:], ids)
    flat, places = array.reshape(len(array), -1), array.shape[1:]
    best = []
    for start in range(0, flat.shape[1], BLOCK):
        block = flat[:, start : start + BLOCK]
        low, high = check_finite(name, block, array)
        if not reading.logits:
            check_range(name, low, high)
            sums = block.sum(axis=0, dtype=np.float32)
            if np.abs(sums - 1).max() > TOLERANCE:
                raise not_a_softmax(name, array, float(sums.min()), float(sums.max()))
        best.append(most_probable(block))
    channels = np.concatenate(best).reshape(places)
    if ids is None or list(ids) == list(range(len(array))):
        return channels
    return narrowed(np.array(ids, np.int32)[channels], name)


def check_channels(name: str, shape: tuple[int, ...], truth: tuple[int, ...], ids: Sequence[int] | None) -> None:
    """Refuse channels that are not one for each class; a single one is a foreground map."""
    if ids is not None and len(shape) > len(truth) and shape[0] not in (1, len(ids)):
        raise NotProbabilities(
            f"{name} has {shape[0]} channels, but there are {len(ids)} classes", "one channel for each class, in order"
        )


def most_probable(block: Array) -> Array:
    """The first largest of each column: a running maximum, since `argmax` over the first axis walks against memory."""
    largest, index = block[0].copy(), np.zeros(block.shape[1], np.uint8 if len(block) <= 256 else np.int32)
    for channel in range(1, len(block)):
        np.copyto(index, channel, where=block[channel] > largest)
        np.maximum(largest, block[channel], out=largest)
    return index


def thresholded(array: Array, limit: float, ids: Sequence[int] | None) -> Array:
    """The second class above the limit (strictly, so that a tie goes to the first as it does for argmax)."""
    background, foreground = ids if ids is not None and len(ids) == 2 else (0, 1)
    return np.where(array > np.float64(limit), np.array(foreground, np.int32), np.array(background, np.int32)).astype(
        np.uint8 if max(background, foreground) < 256 else np.int32
    )


def _saturated(array: Array, ids: Sequence[int] | None) -> bool:
    """Whether 0 and 1 are probabilities: they would be labels, but of two classes that are called otherwise."""
    return ids is not None and len(ids) == 2 and 1 not in ids and zeros_and_ones(array)


def _float_labels(name: str) -> FloatLabels:
    return FloatLabels(f"{name} is floating point with whole numbers only: read as labels", "save labels as integers")
