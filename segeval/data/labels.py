"""The door: whatever two files hold becomes two label arrays of one shape, or an error that says why not."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segeval.classes import Colour
from segeval.data.checks import TOLERANCE, not_finite
from segeval.errors import (
    BadOption,
    ColoursNeedTable,
    EqualChannels,
    FloatLabels,
    FractionalTruth,
    IdTooLarge,
    NotFinite,
    NotProbabilities,
    Remark,
    ShapesDiffer,
    UnfitPixels,
    UnknownColour,
)
from segeval.evidence.runs import narrow
from segeval.io import MAX_PIXELS, Array, Mask
from segeval.text import extent

BLOCK = 1 << 16  # pixels of all channels that are looked at together


@dataclass(frozen=True)
class Reading:
    """How files become labels."""

    probability: bool = False
    logits: bool = False
    threshold: float = 0.5
    max_pixels: int = MAX_PIXELS
    soft_truth: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise BadOption(f"--threshold is {self.threshold}", "give a number between 0 and 1")
        if self.max_pixels < 1:
            raise BadOption(f"--max-pixels is {self.max_pixels}", "give a number above 0")
        if self.probability and self.logits:
            raise BadOption("--probability and --logits exclude each other", "grey files hold no logits")


@dataclass(frozen=True)
class Truth:
    """A true mask: labels, or fractions beside the labels that they make most likely."""

    labels: Array
    remarks: list[Remark]
    target: Array | None = None  # (C, *spatial) float64 fractions, 0 where ignored
    kept: Array | None = None  # (*spatial) the pixels of a target that are not ignored; None: all


@dataclass(frozen=True)
class Labels:
    """Two label arrays of one shape."""

    pred: Array
    truth: Array
    remarks: list[Remark]
    target: Array | None = None  # as in `Truth`
    kept: Array | None = None


def labels(
    pred: Mask, truth: Mask, reading: Reading, colors: Mapping[Colour, int], ids: Sequence[int] | None
) -> Labels:
    """The labels of a pair; `ids` are the classes that the channels of a prediction stand for, in order."""
    true_ids, remarks = truth_labels(truth, colors)
    predicted, more = pred_labels(pred, truth.name, true_ids.shape, reading, colors, ids)
    return Labels(predicted, true_ids, [*more, *remarks])


def truth_labels(truth: Mask, colors: Mapping[Colour, int]) -> tuple[Array, list[Remark]]:
    """The labels of a true mask, and what is worth saying about them."""
    array, remarks = _uncoloured(truth, colors)
    if array.dtype.kind != "f":
        return _narrow(array, truth.name), remarks
    check_finite(array, truth.name)
    if not _whole(array):
        raise FractionalTruth(
            f"{truth.name} holds fractions, and a truth must be labels",
            "are the two folders swapped? Fractions of each class want --soft-truth",
        )
    return _narrow(array, truth.name), [*remarks, _float_labels(truth.name)]


def pred_labels(
    pred: Mask,
    truth_name: str,
    shape: tuple[int, ...],
    reading: Reading,
    colors: Mapping[Colour, int],
    ids: Sequence[int] | None,
) -> tuple[Array, list[Remark]]:
    """The labels of a prediction of a truth of this shape, and what is worth saying about them."""
    array, remarks = _uncoloured(pred, colors)
    if array.dtype.kind == "f" and array.ndim == len(shape) + 1 and array.shape[1:] == shape:
        return _from_channels(array, pred.name, reading, ids), remarks
    if array.shape != shape:
        raise shapes_differ(pred.name, array.shape, truth_name, shape)
    if array.dtype.kind != "f":
        if reading.probability:
            return thresholded(grey(pred), reading.threshold, ids), remarks
        return _narrow(array, pred.name), remarks
    check_finite(array, pred.name)
    if whole_labels(array, reading, ids):
        return _narrow(array, pred.name), [*remarks, _float_labels(pred.name)]
    return one_channel(array, pred.name, reading, ids), remarks


def grey(pred: Mask) -> Array:
    """Grey values as probabilities."""
    if not 0 < pred.levels <= 65535:
        kind = f"{pred.pixels.dtype}" if pred.levels else "a palette"
        raise UnfitPixels(f"{pred.name} holds {kind}", "--probability takes grey of up to 16 bits")
    return pred.pixels / np.float64(pred.levels)


def whole_labels(array: Array, reading: Reading, ids: Sequence[int] | None) -> bool:
    """Whether floating-point numbers of the truth's shape are labels: whole, and not a saturated foreground map."""
    return _whole(array) and not reading.logits and not _saturated(array, ids)


def _uncoloured(mask: Mask, colors: Mapping[Colour, int]) -> tuple[Array, list[Remark]]:
    """The mask with one value a pixel, by the colour table or because all channels are equal; and its remarks."""
    if not mask.colour:
        return mask.pixels, mask.remarks
    channels = np.moveaxis(mask.pixels, -1, 0)
    if len(channels) in (2, 4):
        if (channels[-1] != channels[-1].flat[0]).any():
            raise ColoursNeedTable(f"{mask.name} is transparent in places", "save it without transparency")
        channels = channels[:-1]
    if len(channels) == 3 and colors:
        return _by_color(mask.name, channels, colors), mask.remarks
    if all(np.array_equal(channels[0], other) for other in channels[1:]):
        equal = EqualChannels(f"{mask.name} is in colour with equal channels", "save it as grey")
        return channels[0], [*mask.remarks, equal]
    raise ColoursNeedTable(f"{mask.name} has 3 channels", "give a colour table with --colors FILE")


def _by_color(name: str, channels: Array, colors: Mapping[Colour, int]) -> Array:
    """The ids of exactly matching colours."""
    key = (channels[0].astype(np.int32) << 16) | (channels[1].astype(np.int32) << 8) | channels[2]
    known = sorted((r << 16 | g << 8 | b, id_) for (r, g, b), id_ in colors.items())
    codes = np.array([code for code, _ in known], np.int32)
    place = np.minimum(np.searchsorted(codes, key), len(codes) - 1)
    strange = codes[place] != key
    if strange.any():
        raise _unknown_color(name, key, strange, colors)
    return _narrow(np.array([id_ for _, id_ in known], np.int32)[place], name)


def _unknown_color(name: str, key: Array, strange: Array, colors: Mapping[Colour, int]) -> UnknownColour:
    first = np.argwhere(strange)[0]
    code = int(key[tuple(first)])
    color = (code >> 16, code >> 8 & 255, code & 255)
    near = min(colors, key=lambda known: (math.dist(known, color), known))
    return UnknownColour(
        f"{name} holds the colour {color} {int((key == code).sum()):,} times, "
        f"first at (x, y) = {(int(first[1]), int(first[0]))}",
        f"no class has it; the nearest is {near} of class {colors[near]}",
    )


def _narrow(array: Array, name: str) -> Array:
    """The labels as uint8 where they fit, else as int32; whole numbers in floating point are labels too."""
    if array.dtype.kind != "f":
        try:
            return narrow(array)
        except ValueError as fault:
            raise _too_large(name, array) from fault
    if np.abs(array).max().item() >= 1 << 31:
        raise _too_large(name, array)
    return narrow(array.astype(np.int32))


def _too_large(name: str, array: Array) -> IdTooLarge:
    extreme = max(array.min().item(), array.max().item(), key=abs)
    return IdTooLarge(f"{name} holds the id {extreme}", "ids are 32-bit integers")


def _from_channels(array: Array, name: str, reading: Reading, ids: Sequence[int] | None) -> Array:
    """The most probable class of every pixel of (C, *spatial); ties go to the first."""
    if len(array) == 1:  # a foreground map with a channel axis, as binary networks write it
        check_finite(array[0], name)
        return one_channel(array[0], name, reading, ids)
    check_channels(name, array.shape, array.shape[1:], ids)
    flat, places = array.reshape(len(array), -1), array.shape[1:]
    best, all_normal = [], True
    for start in range(0, flat.shape[1], BLOCK):
        block = flat[:, start : start + BLOCK]
        if not np.isfinite(block).all():
            raise _not_finite(array, name)
        normal = _sums_to_one(block)
        if not normal and not reading.logits:
            raise _not_a_softmax(block, name)
        all_normal = all_normal and normal
        best.append(most_probable(block))
    if reading.logits and all_normal:
        raise NotProbabilities(f"{name} holds probabilities already", "leave out --logits")
    channels = np.concatenate(best).reshape(places)
    if ids is None or list(ids) == list(range(len(array))):
        return channels
    return _narrow(np.array(ids, np.int32)[channels], name)


def check_channels(name: str, shape: tuple[int, ...], truth: tuple[int, ...], ids: Sequence[int] | None) -> None:
    """Refuse channels that are not one for each class; a single one is a foreground map."""
    if ids is not None and len(shape) > len(truth) and shape[0] not in (1, len(ids)):
        raise NotProbabilities(
            f"{name} has {shape[0]} channels, but there are {len(ids)} classes", "one channel for each class, in order"
        )


def one_channel(array: Array, name: str, reading: Reading, ids: Sequence[int] | None) -> Array:
    """The labels of a finite foreground map."""
    if reading.logits:
        return thresholded(array, _scores_limit(array, name, reading), ids)
    _check_range(array, name)
    return thresholded(array, reading.threshold, ids)


def most_probable(block: Array) -> Array:
    """The first largest of each column: a running maximum, since `argmax` over the first axis walks against memory."""
    largest, index = block[0].copy(), np.zeros(block.shape[1], np.uint8 if len(block) <= 256 else np.int32)
    for channel in range(1, len(block)):
        np.copyto(index, channel, where=block[channel] > largest)
        np.maximum(largest, block[channel], out=largest)
    return index


def _sums_to_one(block: Array) -> bool:
    sums = block.sum(axis=0, dtype=np.float32)
    return bool(block.min() >= 0) and bool(block.max() <= 1 + TOLERANCE) and bool(np.abs(sums - 1).max() <= TOLERANCE)


def _not_a_softmax(block: Array, name: str) -> NotProbabilities:
    low, high = float(block.min()), float(block.max())
    if low < 0 or high > 1 + TOLERANCE:
        return NotProbabilities(
            f"{name} holds values from {low:.4g} to {high:.4g}, not probabilities", "raw network outputs want --logits"
        )
    sums = block.sum(axis=0, dtype=np.float32)
    return NotProbabilities(
        f"{name} holds probabilities that sum to {float(sums.min()):.4g} … {float(sums.max()):.4g} over the first axis",
        "classes that exclude each other sum to 1; independent (sigmoid) ones want --multilabel",
    )


def _scores_limit(array: Array, name: str, reading: Reading) -> float:
    """The score above which the sigmoid is above the threshold."""
    if array.min() >= 0 and array.max() <= 1:
        raise NotProbabilities(f"{name} holds values within [0, 1]: probabilities already", "leave out --logits")
    return math.log(reading.threshold / (1 - reading.threshold))


def thresholded(array: Array, limit: float, ids: Sequence[int] | None) -> Array:
    """The second class above the limit (strictly, so that a tie goes to the first as it does for argmax)."""
    background, foreground = ids if ids is not None and len(ids) == 2 else (0, 1)
    return np.where(array > np.float64(limit), np.array(foreground, np.int32), np.array(background, np.int32)).astype(
        np.uint8 if max(background, foreground) < 256 else np.int32
    )


def _saturated(array: Array, ids: Sequence[int] | None) -> bool:
    """Whether 0 and 1 are probabilities: they would be labels, but of two classes that are called otherwise."""
    return ids is not None and len(ids) == 2 and 1 not in ids and bool(((array == 0) | (array == 1)).all())


def _whole(array: Array) -> bool:
    return bool((array == np.rint(array)).all())


def check_finite(array: Array, name: str) -> None:
    """Refuse NaN and infinity."""
    if not np.isfinite(array).all():
        raise _not_finite(array, name)


def _not_finite(array: Array, name: str) -> NotFinite:
    return not_finite(name, array, "find where the model made them; argmax would choose NaN")


def _check_range(array: Array, name: str) -> None:
    """Refuse what lies outside [0, 1]."""
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 1:
        what, way_out = ("fractions", "raw network outputs want --logits")
        if _whole(array):
            what, way_out = ("whole numbers", "labels have no channels: save pred[0]")
        raise NotProbabilities(f"{name} holds {what} from {low:.4g} to {high:.4g}, not probabilities", way_out)


def _float_labels(name: str) -> FloatLabels:
    return FloatLabels(f"{name} is floating point with whole numbers only: read as labels", "save labels as integers")


def shapes_differ(pred_name: str, pred: tuple[int, ...], truth_name: str, truth: tuple[int, ...]) -> ShapesDiffer:
    """The error for two sizes, with what they look like."""
    message = f"{pred_name} is {extent(pred)} but {truth_name} is {extent(truth)}"
    return ShapesDiffer(message, _shape_hint(pred, truth))


def _shape_hint(size: tuple[int, ...], shape: tuple[int, ...]) -> str:
    if size[:-1] == shape:
        return "channels come first: save numpy.moveaxis(pred, -1, 0)"
    if size[1:] == shape and size[0] == 1:
        return "drop the first axis: save pred[0]"
    if size[1:] == shape:
        return "integers are labels: save probabilities or one-hot channels as floating point, or one page for one mask"
    if len(size) != len(shape):
        return "both need the same axes; only probabilities have one more, the first"
    if size == shape[::-1]:
        return "the prediction looks transposed"
    if all(a * shape[0] == b * size[0] for a, b in zip(size, shape, strict=True)):
        return f"the prediction is {size[0] / shape[0]:.4g} times as large; resample it, nearest neighbour for labels"
    if all(0 <= a - b < 64 for a, b in zip(size, shape, strict=True)):
        return "the prediction looks padded; crop it first"
    return "masks are compared pixel by pixel; resample one of them first"
