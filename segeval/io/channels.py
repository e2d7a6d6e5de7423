"""The door for classes that do not exclude each other: two files become arrays of one channel for each class."""

from collections.abc import Sequence

import numpy as np

from segeval.errors import ColoursNeedTable, FractionalTruth, NotProbabilities, Remark, UnfitChannels, UnknownTruthIds
from segeval.evidence.channels import IGNORED
from segeval.evidence.runs import narrow
from segeval.io import Array, Mask
from segeval.io.labels import Labels, Reading, check_finite, grey, one_channel, shapes_differ, thresholded
from segeval.io.tables import ClassChoice
from segeval.text import counted, extent, some


def channels(pred: Mask, truth: Mask, reading: Reading, classes: ClassChoice) -> Labels:
    """0 or 1 for each class and pixel, in the truth also `IGNORED`: each (C, *spatial), without ignored classes."""
    check_axes(pred.name, pred.pixels.shape, truth.name, truth.pixels.shape, classes.channels)
    true, remarks = true_channels(truth, classes)
    _check_plain(pred)
    rows = class_rows(len(pred.pixels), classes)
    return Labels(_predicted(pred, reading)[rows], true, [*pred.remarks, *remarks])


def class_rows(number: int, classes: ClassChoice) -> list[int]:
    """The channels of the classes that are scored."""
    if classes.channels is None or classes.scored is None:
        return list(range(number))
    return [n for n, id_ in enumerate(classes.channels) if id_ in classes.scored.ids]


def true_channels(truth: Mask, classes: ClassChoice) -> tuple[Array, list[Remark]]:
    """The true channels of the classes that are scored. A pixel is ignored where any channel holds an ignored value."""
    _check_plain(truth)
    array = _as_integers(truth.pixels)
    check_number(truth.name, array.shape, classes.channels)
    if array.dtype.kind == "f":
        check_finite(array, truth.name)
    ignored = np.isin(array, list(classes.ignore))
    strange = ~ignored & (array != 0) & (array != 1)
    if strange.any():
        raise _strange_truth(truth.name, array[strange])
    found = (array == 1).view(np.uint8)[class_rows(len(array), classes)]
    found[:, ignored.any(axis=0)] = IGNORED
    return found, list(truth.remarks)


def _as_integers(array: Array) -> Array:
    """The same with 0 and 1 for truth values, of which a stored true may be any byte but 0."""
    return narrow(array) if array.dtype.kind == "b" else array


def _strange_truth(name: str, values: Array) -> FractionalTruth | UnknownTruthIds:
    """The error for values that are neither 0 nor 1 nor ignored."""
    if values.dtype.kind == "f" and (values != np.rint(values)).any():
        return FractionalTruth(f"{name} holds fractions, and a truth must be 0 or 1", "are the two folders swapped?")
    distinct, numbers = np.unique(values, return_counts=True)
    named = [f"{value:g} ({counted(n, 'time')})" for value, n in zip(distinct.tolist(), numbers.tolist(), strict=True)]
    hint = f"ignore such pixels with --ignore {distinct[0]:g}, or save each channel as 0 and 1"
    hint = hint if len(distinct) == 1 else _LABELS
    return UnknownTruthIds(f"{name}: the channels of a truth hold 0 and 1, and this one {some(named)}", hint)


def _predicted(pred: Mask, reading: Reading) -> Array:
    """uint8: 1 where a channel is above the threshold, or says so."""
    array = pred.pixels
    if array.dtype.kind != "f" and not reading.probability:
        if array.dtype.kind != "b" and (array.min() < 0 or array.max() > 1):
            raise NotProbabilities(
                f"{pred.name} holds integers from {array.min()} to {array.max()}, and channels hold 0 and 1",
                "grey probabilities of 8 or 16 bits want --probability",
            )
        return _as_integers(array).astype(np.uint8)
    if array.dtype.kind != "f":
        return thresholded(grey(pred), reading.threshold, None)
    check_finite(array, pred.name)
    return one_channel(array, pred.name, reading, None)


def _check_plain(mask: Mask) -> None:
    if mask.colour:
        raise ColoursNeedTable(
            f"{mask.name} is in colour, and --multilabel wants a channel for each class",
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


_LABELS = "save a channel of 0 and 1 for each class; labels, of classes that exclude each other, want no --multilabel"


def check_number(name: str, shape: tuple[int, ...], ids: Sequence[int] | None) -> None:
    """Refuse a shape whose first axis is not one channel for each class."""
    if ids is None:
        if len(shape) < 2 or shape[0] < 2:
            what = f"{name} is {extent(shape)}, and --multilabel wants a channel for each class"
            raise UnfitChannels(what, "of one class, save the mask without channels and use --binary")
    elif len(shape) < 2 or shape[0] != len(ids):
        hint = "one channel for each class, in order" if len(shape) > 2 else _LABELS
        if len(shape) > 1 and shape[-1] == len(ids):
            hint = "channels come first: save numpy.moveaxis(mask, -1, 0)"
        raise UnfitChannels(f"{name} is {extent(shape)}: not a channel for each of {len(ids)} classes", hint)
