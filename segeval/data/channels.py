"""The door for masks with a channel for each class: of classes that do not exclude each other, and soft truths."""

from collections.abc import Sequence

import numpy as np

from segeval.data.checks import TOLERANCE, check_finite, sums
from segeval.data.class_selection import ClassChoice
from segeval.data.ids import whole
from segeval.data.labels import Given, Truth, foreground, grey_levels, like_probabilities, most_probable
from segeval.data.reading import Reading
from segeval.data.shapes import shapes_differ
from segeval.errors import ColoursNeedTable, FractionalTruth, NotProbabilities, UnfitChannels, UnknownTruthIds
from segeval.evidence.multilabel import IGNORED
from segeval.evidence.run_length import narrow
from segeval.io import Array, Mask
from segeval.text import counted, extent, some


def pred_channels(pred: Mask, reading: Reading, classes: ClassChoice) -> Given:
    """The prediction, with 0 or 1 for each class that is scored and each pixel."""
    _check_plain(pred)
    array, levels = pred.pixels, 1
    if array.dtype.kind != "f" and reading.probability:
        levels = grey_levels(pred)
    found = _yes_and_no(pred) if array.dtype.kind != "f" and levels == 1 else None
    if found is None:
        found = foreground(array, levels, pred.name, reading, None)
    rows = class_rows(len(array), classes)
    remarks = [*pred.remarks, *like_probabilities(array, pred.name, reading, exclusive=False)]
    return Given("channels", pred.name, array, levels, found[rows], remarks)


def class_rows(number: int, classes: ClassChoice) -> list[int]:
    """The channels of the classes that are scored."""
    if classes.channels is None or classes.scored is None:
        return list(range(number))
    return [n for n, id_ in enumerate(classes.channels) if id_ in classes.scored.ids]


def true_channels(truth: Mask, classes: ClassChoice, soft: bool) -> Truth:
    """0, 1 or `IGNORED` for each class that is scored and each pixel; soft: the fractions too, above 1/2 is 1.

    A pixel is ignored where any channel holds an ignored value.
    """
    array = _values(truth)
    check_number(truth.name, array.shape, classes.channels)
    ignored = np.isin(array, list(classes.ignore))
    void, rows = np.asarray(ignored.any(axis=0)), class_rows(len(array), classes)
    if soft:
        _check_fractions(truth.name, array, void, exclusive=False)
    else:
        _check_yes_and_no(truth.name, array, ignored)
    found = (array > 0.5).view(np.uint8)[rows]
    found[:, void] = IGNORED
    return Truth(found, list(truth.remarks), *(_target(array[rows], void) if soft else ()))


def true_fractions(truth: Mask, classes: ClassChoice) -> Truth:
    """The fractions of classes that exclude each other, and the class of the largest (the first of equal ones).

    (C, *spatial), or those of the foreground alone, (*spatial), where the masks are binary. A pixel is ignored where
    any channel holds an ignored value; its label is that value.
    """
    array = _values(truth)
    if classes.binary:
        array = array[None]
    else:
        check_number(truth.name, array.shape, classes.channels)
    ignored = np.isin(array, list(classes.ignore))
    void = np.asarray(ignored.any(axis=0))
    _check_fractions(truth.name, array, void, exclusive=not classes.binary)
    labels = (array[0] > 0.5).astype(np.int32) if classes.binary else _largest(array, classes)
    if void.any():
        labels[void] = np.where(ignored, array, -np.inf).max(axis=0)[void].astype(np.int32)
    return Truth(narrow(labels), list(truth.remarks), *_target(array, void))


def _largest(array: Array, classes: ClassChoice) -> Array:
    """int32: the id of the largest channel of each pixel."""
    places = most_probable(array.reshape(len(array), -1)).reshape(array.shape[1:])
    return np.array(classes.channels or range(len(array)), np.int32)[places]


def _target(array: Array, void: Array) -> tuple[Array, Array | None]:
    """Fractions as float64, 0 where ignored, and which pixels are not."""
    target = array.astype(np.float64)
    target[:, void] = 0
    return target, ~void if void.any() else None


def _check_fractions(name: str, array: Array, void: Array, exclusive: bool) -> None:
    """Refuse what is not within [0, 1], or does not sum to 1 over the classes, the first axis."""
    pixels = array[:, ~void] if void.any() else array
    if not pixels.size:
        return
    low, high = float(pixels.min()), float(pixels.max())
    if low < 0 or high > 1:
        what = f"{name} holds values from {low:.4g} to {high:.4g}, and the fractions of a truth are within [0, 1]"
        raise NotProbabilities(what, "ignore other values with --ignore; labels want no --soft-truth")
    low, high = sums(pixels) if exclusive else (1.0, 1.0)
    if max(1 - low, high - 1) > TOLERANCE:
        what = f"{name} holds fractions that sum to {low:.4g} … {high:.4g} over the first axis"
        raise NotProbabilities(what, "classes that exclude each other sum to 1; others want --multilabel")


def _check_yes_and_no(name: str, array: Array, ignored: Array) -> None:
    """Refuse values that are neither 0 nor 1 nor ignored."""
    strange = ~ignored & (array != 0) & (array != 1)
    if strange.any():
        raise _strange_truth(name, array[strange])


def _values(truth: Mask) -> Array:
    """Finite numbers, with a channel for each class."""
    _check_plain(truth)
    if truth.pixels.dtype.kind == "f":
        check_finite(truth.name, truth.pixels, hint="if NaN stands for no data, give --ignore nan")
    return truth.pixels


def _strange_truth(name: str, values: Array) -> FractionalTruth | UnknownTruthIds:
    """The error for values that are neither 0 nor 1."""
    if values.dtype.kind == "f" and not whole(values):
        what = f"{name} holds fractions, and the channels of a truth hold 0 and 1"
        return FractionalTruth(what, "are the two folders swapped? Fractions within [0, 1] want --soft-truth")
    distinct, numbers = np.unique(values, return_counts=True)
    named = [f"{value:g} ({counted(n, 'time')})" for value, n in zip(distinct.tolist(), numbers.tolist(), strict=True)]
    hint = f"ignore such pixels with --ignore {distinct[0]:g}, or save each channel as 0 and 1"
    hint = hint if len(distinct) == 1 else _LABELS
    return UnknownTruthIds(f"{name}: the channels of a truth hold 0 and 1, and this one {some(named)}", hint)


def _yes_and_no(pred: Mask) -> Array:
    """uint8 0 and 1 from integers that are nothing else."""
    array = pred.pixels
    if array.dtype.kind != "b" and (array.min() < 0 or array.max() > 1):
        raise NotProbabilities(
            f"{pred.name} holds integers from {array.min()} to {array.max()}, and channels hold 0 and 1",
            "grey probabilities of 8 or 16 bits want --probability",
        )
    return np.not_equal(array, 0).view(np.uint8)


def _check_plain(mask: Mask) -> None:
    if mask.colour:
        raise ColoursNeedTable(
            f"{mask.name} is in colour, and not an array with a channel for each class",
            "save an array (C, height, width): NPY, NPZ, or a TIFF with a page for each class",
        )


def check_axes(
    pred_name: str,
    pred: tuple[int, ...],
    truth_name: str,
    truth: tuple[int, ...],
    ids: Sequence[int] | None,
) -> None:
    """Refuse two shapes that are not both one channel for each class, over the same pixels."""
    for name, shape, other_name, other in ((truth_name, truth, pred_name, pred), (pred_name, pred, truth_name, truth)):
        if other[1:] == shape:
            what = f"{name} is {extent(shape)}, without channels, and {other_name} is {extent(other)}"
            raise UnfitChannels(what, _LABELS)
        check_number(name, shape, ids)
    if pred[1:] == truth[1:] and pred != truth:
        what = f"{pred_name} has {counted(pred[0], 'channel')}, but {truth_name} has {truth[0]}"
        raise UnfitChannels(what, "one channel for each class in both, in the same order")
    if pred != truth:
        raise shapes_differ(pred_name, pred, truth_name, truth)


_LABELS = "save a channel for each class; labels, one id a pixel, want neither --multilabel nor --soft-truth"


def check_number(name: str, shape: tuple[int, ...], ids: Sequence[int] | None) -> None:
    """Refuse a shape whose first axis is not one channel for each class."""
    if ids is None:
        if len(shape) > 2 and shape[-1] < min(shape[:-1]):
            what = f"{name} is {extent(shape)}: are its channels last?"
            raise UnfitChannels(what, "channels come first: save numpy.moveaxis(mask, -1, 0); or give --num-classes")
        if len(shape) < 3 or shape[0] < 2:
            what = f"{name} is {extent(shape)}: not a channel for each of several classes"
            raise UnfitChannels(what, "of one class, save the mask without channels and use --binary")
    elif len(shape) < 2 or shape[0] != len(ids):
        hint = "one channel for each class, in order" if len(shape) > 2 else _LABELS
        if len(shape) > 1 and shape[-1] == len(ids):
            hint = "channels come first: save numpy.moveaxis(mask, -1, 0)"
        raise UnfitChannels(f"{name} is {extent(shape)}: not a channel for each of {len(ids)} classes", hint)
