"""Labels that come as a channel for each class, of which one is set in every pixel."""

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np

from segeval.data.class_selection import ClassChoice
from segeval.errors import NotOneHot, OneHotLabels, Remark
from segeval.io import Array, Mask
from segeval.text import counted, extent

AXES = {0: "first", -1: "last"}


def decoded_pair(pred: Mask, truth: Mask, classes: ClassChoice) -> tuple[Mask, Mask]:
    """Both with labels for channels, on the sides that have an axis of channels; probabilities stay what they are."""
    axes = pred.pixels.ndim - truth.pixels.ndim
    if axes <= 0:
        truth = decoded(truth, classes)
    if axes >= 0 and (pred.pixels.dtype.kind != "f" or pred.pixels.shape[1:] != truth.pixels.shape):
        pred = decoded(pred, classes)
    return pred, truth


def decoded(mask: Mask, classes: ClassChoice) -> Mask:
    """The mask with the id of the channel that is set in each pixel; a pixel with an ignored value keeps that."""
    ids, array = classes.channels, mask.pixels
    number = len(ids) if ids else None
    axis = _axis(array, classes.ignore, number)
    if axis is None:
        raise _not_one_hot(mask, classes.ignore, number)
    channels = np.moveaxis(array, axis, 0)
    yes = _set(channels, classes.ignore)
    if not yes.any():
        what = f"{mask.name} holds {channels.max()} for yes, and --ignore leaves that out"
        raise NotOneHot(what, "ignore a value that is neither yes nor no")
    labels = np.array(ids or range(len(channels)), np.int32)[yes.argmax(axis=0)]
    void = np.isin(channels, _values(classes.ignore))
    if void.any():
        labels[void.any(axis=0)] = np.where(void, channels, channels[void].min()).max(axis=0)[void.any(axis=0)]
    return replace(mask, pixels=labels, colour=False, levels=1)


def remark(truth: Mask) -> Iterator[Remark]:
    """A doubt about labels of 0 and 1 that have, along one axis, a single 1 everywhere."""
    array = truth.pixels
    if array.ndim < 3:
        return
    axis = _axis(array, frozenset(), None)
    if axis is not None:
        what = f"{truth.name} is {extent(array.shape)} and one-hot along its {AXES[axis]} axis, and was read as labels"
        yield OneHotLabels(what, "if its channels are classes, give --one-hot")


def _axis(array: Array, ignore: Collection[int], number: int | None) -> int | None:
    """The axis, of so many channels, along which one is set in each pixel: the first, or else the last."""
    return next((axis for axis in _axes(array.shape, number) if _right(np.moveaxis(array, axis, 0), ignore)), None)


def _right(channels: Array, ignore: Collection[int]) -> bool:
    """Whether one channel is set in each pixel. Most labels show in a corner that they are no channels."""
    corner = channels[(slice(None), *[slice(8)] * (channels.ndim - 1))]
    return not any(_wrong(each, ignore).any() for each in (corner, channels))


def _axes(shape: tuple[int, ...], number: int | None) -> list[int]:
    """The axes that can hold so many channels, or at least two."""
    return [axis for axis in AXES if len(shape) > 1 and shape[axis] == (number or max(shape[axis], 2))]


def _values(ignore: Collection[int]) -> list[int]:
    """The ignored values that can stand in channels."""
    return [value for value in ignore if value not in (0, 1)]


def _set(channels: Array, ignore: Collection[int]) -> Array:
    """Which channels hold the largest value that is not ignored: the one that stands for yes."""
    void = np.isin(channels, _values(ignore))
    return np.asarray((channels == channels.max(where=~void, initial=0)) & (channels != 0))


def _wrong(channels: Array, ignore: Collection[int]) -> Array:
    """Where not exactly one channel is set and all others are 0; nowhere among ignored pixels."""
    yes = _set(channels, ignore)
    wrong = (yes.sum(axis=0, dtype=np.int64) != 1) | ((channels != 0) & ~yes).any(axis=0)
    return np.asarray(wrong & ~np.isin(channels, _values(ignore)).any(axis=0))


def _not_one_hot(mask: Mask, ignore: Collection[int], number: int | None) -> NotOneHot:
    """The error for a mask that has no axis of channels."""
    shape = mask.pixels.shape
    axes = sorted(_axes(shape, number), key=lambda axis: shape[axis])
    if number and not axes:
        what = f"{mask.name} is {extent(shape)}: it has no axis of {number} channels"
        return NotOneHot(what, "one channel for each class, on the first or the last axis")
    wrong = [int(_wrong(np.moveaxis(mask.pixels, axis, 0), ignore).sum()) for axis in axes[:1]]
    pixels = counted(sum(wrong), "pixel")
    what = f"{mask.name} is {extent(shape)} and not one-hot: {pixels} with no channel that is set, or several"
    return NotOneHot(what, "labels want no --one-hot; channels that do not exclude each other want --multilabel")
