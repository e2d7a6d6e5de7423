"""What two arrays are: one image or a batch, labels or channels; decided once, from shapes and what the caller said."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from segeval.arrays.autodiff import Variable
from segeval.arrays.functions import Array, is_torch, plain, rows, widened
from segeval.data.checks import TOLERANCE
from segeval.errors import BadOption, ShapesDiffer, TwoReadings, UnfitPixels
from segeval.text import extent

Shape = tuple[int, ...]
Kind = Literal["labels", "foreground", "channels", "multilabel"]


@dataclass(frozen=True)
class Axes:
    """What the first axes of two arrays count."""

    batch: bool  # images
    channels: bool  # then, of the prediction, classes
    one_hot: bool  # of the truth too: one-hot, or fractions


@dataclass(frozen=True)
class ArrayImage:
    """One image of two arrays.

    kind: `labels` (both are ids), `foreground` (a map of numbers of one class), `channels` (of classes that exclude
    each other) or `multilabel` (of classes that do not).
    """

    pred: Any  # (spatial) or (C, spatial), of the kind of array that was given
    truth: Array  # (spatial), or (C, spatial) where it is one-hot or holds fractions
    kind: Kind
    one_hot: bool  # the truth has channels
    place: str = ""  # in a batch, `[n]`: what to say after the name of an array

    @property
    def has_channels(self) -> bool:
        return self.kind in ("channels", "multilabel")

    @property
    def shape(self) -> Shape:
        """The spatial shape."""
        return tuple(self.truth.shape[1:] if self.one_hot else self.truth.shape)


@dataclass(frozen=True)
class Images:
    """The images of two arrays; `axes.batch` says whether there is an axis for them."""

    pred: Any
    given_truth: Any
    axes: Axes
    multilabel: bool

    @cached_property
    def truth(self) -> Array:
        return np.asarray(plain(self.given_truth))

    def __iter__(self) -> Iterator[ArrayImage]:
        kind, one_hot = self.kind, self.axes.one_hot
        if not self.axes.batch:
            yield ArrayImage(self.pred, self.truth, kind, one_hot)
            return
        for n, (pred, truth) in enumerate(zip(rows(self.pred), self.truth, strict=True)):
            yield ArrayImage(pred, truth, kind, one_hot, f"[{n}]")

    @property
    def kind(self) -> Kind:
        if self.axes.channels:
            return "multilabel" if self.multilabel else "channels"
        if is_torch(self.pred):
            return "foreground" if self.pred.is_floating_point() else "labels"
        return "labels" if plain(self.pred[:1, ...]).dtype.kind in "biu" else "foreground"


def images(
    pred: Any,
    truth: Any,
    *,
    channels: bool | None = None,
    batch: bool | None = None,
    multilabel: bool = False,
    by_shapes: bool = False,
) -> Images:
    """The images that a prediction and a truth hold, one after the other.

    Of one image, the prediction is (spatial) or (C, spatial), the truth (spatial) or, one-hot or soft, (C, spatial); of
    a batch both have one axis more, the first. `channels` says whether the prediction has an axis of classes, `batch`
    whether both have one of images, `multilabel` that there are channels, which do not exclude each other. What is not
    said is what the shapes allow; two equal shapes are one image or volume. `by_shapes`: the truth is not looked at.

    TwoReadings where the shapes or the truth allow two readings; ShapesDiffer where they allow none.
    """
    for name, said in (("channels", channels), ("batch", batch)):
        if said not in (None, True, False):
            raise BadOption(f"{name} is {said!r}", "give True, False, or None for what the shapes allow")
    if multilabel:
        if channels is False:
            raise BadOption("multilabel=True beside channels=False", "several labels have a channel each")
        channels = True
    pred, truth = as_array(pred, "pred"), as_array(truth, "truth")
    read = axes(tuple(pred.shape), tuple(truth.shape), channels=channels, batch=batch)
    found = Images(pred, truth, read, multilabel)
    if tuple(pred.shape) == tuple(truth.shape) and not by_shapes:
        _check_one_reading(found.truth, channels, batch)
    return found


def axes(pred: Shape, truth: Shape, *, channels: bool | None = None, batch: bool | None = None) -> Axes:
    """What the axes of two shapes count, by what is said of them and by what they allow."""
    equal = pred == truth
    one, many = pred[1:] == truth and len(pred) > 1, len(pred) > 2 and (pred[0], *pred[2:]) == truth
    if channels is not False and not equal:
        if one and many and batch is None and pred[0] > 1:
            raise TwoReadings(
                f"pred is {extent(pred)} and truth {extent(truth)}: one image of {pred[0]} classes, or a batch of them",
                f"say batch=False for one image with channels first, batch=True for a batch of {pred[0]} images",
            )
        if (many and batch is not False) or (one and not batch):
            return Axes(many and batch is not False, True, False)
    if equal and len(pred) > bool(batch):
        if channels is None:  # an axis of length 1 after that of a batch is that of the foreground
            channels = bool(batch) and len(pred) > 2 and pred[1] == 1
        if not channels or len(pred) > 1 + bool(batch):
            return Axes(bool(batch), channels, channels)
    raise _differ(pred, truth, batch)


def _differ(pred: Shape, truth: Shape, batch: bool | None) -> ShapesDiffer:
    hint = "wanted: the same shape, or one axis more for channels, the first (the second with batch=True)"
    if pred == truth:
        hint = "an image has an axis beside those of channels and batch"
    elif pred[:-1] == truth:
        hint = f"channels come first: numpy.moveaxis(pred, -1, {int(bool(batch))})"
    elif len(pred) == len(truth) > 2 and pred[1:] == truth[1:] and truth[0] == 1:
        hint = "labels have no axis of channels: give truth[0]"
    elif len(pred) == len(truth) > 3 and (pred[0], 1, *pred[2:]) == truth:
        hint = "labels have no axis of channels: give truth[:, 0]"
    elif pred[1:] == truth or (len(pred) > 2 and (pred[0], *pred[2:]) == truth):
        hint = "they fit with channels=True and batch=" + ("False" if pred[1:] == truth else "True")
    return ShapesDiffer(f"pred is {extent(pred)} but truth is {extent(truth)}", hint)


def _check_one_reading(truth: Array, channels: bool | None, batch: bool | None) -> None:
    """Refuse a truth of the prediction's shape that looks like a batch or channels, where nothing is said of it."""
    shape, deep = truth.shape, truth.ndim > 2
    if batch is None and deep and shape[1] == 1 < shape[0]:
        raise TwoReadings(
            f"pred and truth are both {extent(shape)}: a volume, or {shape[0]} images with one channel",
            "say batch=True for images, batch=False for one volume",
        )
    if channels is None and batch is not True and truth.ndim > 1 and _sums_to_one(truth, 0):
        raise TwoReadings(
            f"pred and truth are both {extent(shape)}, and truth sums to 1 over the first axis, as channels do",
            f"say channels=True for {shape[0]} classes that exclude each other, multilabel=True for {shape[0]} that do "
            "not, channels=False for one mask",
        )
    unsaid = channels is None if batch else batch is None and channels is not False
    if unsaid and deep and _sums_to_one(truth, 1):
        raise TwoReadings(
            f"pred and truth are both {extent(shape)}, and truth sums to 1 over the second axis, as channels do",
            f"say batch=True and channels=True for {shape[0]} images of {shape[1]} classes (multilabel=True if these "
            "do not exclude each other); batch=False or channels=False where they are none",
        )


def _sums_to_one(truth: Array, axis: int) -> bool:
    """Whether numbers within [0, 1] sum to 1 over an axis of at least two."""
    if truth.shape[axis] < 2:
        return False
    rows = np.moveaxis(truth, axis, 0)
    few = rows[(slice(None), *(slice(0, 8),) * (truth.ndim - 1))]
    return all(
        each.min() >= 0 and bool((np.abs(each.sum(axis=0, dtype=np.float64) - 1) <= TOLERANCE).all())
        for each in (few, rows)
    )


def as_array(array: Any, name: str) -> Any:
    """The array as it is, if it is one, of at least single precision; sequences become NumPy's."""
    if isinstance(array, Variable) or is_torch(array) or hasattr(array, "__array_namespace__"):
        found = array
    else:
        try:
            found = np.asarray(array)
        except ValueError as fault:
            raise UnfitPixels(f"{name} has rows of different lengths", "an image is an array") from fault
    if found.ndim == 0 or 0 in tuple(found.shape):
        raise UnfitPixels(f"{name} has no pixels", "an image has at least one axis and one pixel")
    if isinstance(found, np.ndarray) and (found.dtype.kind not in "biuf" or isinstance(found, np.ma.MaskedArray)):
        raise UnfitPixels(f"{name} is {type(found).__name__} of {found.dtype}", "give numbers; --ignore what is masked")
    return widened(found)
