"""Pixels without data: NaN, the value that a file declares, or numbers that are no ids, ignored as an id is."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from segeval.data.class_selection import VOID, ClassChoice
from segeval.errors import NodataKept, Remark
from segeval.io import Array, Mask


def without_nodata(truth: Mask, classes: ClassChoice) -> Mask:
    """The truth with one ignored id for everything in it that the options say is no data."""
    void = _void(truth, classes) if classes.nodata else None
    if void is None or not void.any():
        return truth
    array = truth.pixels
    wide = np.promote_types(array.dtype, np.float32 if array.dtype.kind == "f" else np.int64)
    return replace(truth, pixels=np.where(void, wide.type(VOID), array), nodata=None)


def ignoring(word: str | float) -> str:
    """What is ignored, as it is typed."""
    return f"ignore {word}" if isinstance(word, str) else f"ignore {word:.15g}"


def words(truth: Mask, classes: ClassChoice) -> Iterator[str]:
    """What of no data the truth holds, as options say it."""
    for word in classes.nodata:
        if _void(truth, replace(classes, nodata=frozenset([word]))).any():
            yield ignoring(word)


def beside_nodata(pred: Mask, truth: Mask, classes: ClassChoice) -> Mask:
    """The prediction with background for what is no data in it too, where the truth is ignored as no data."""
    if truth.pixels.ndim > pred.pixels.ndim:
        return pred
    void = np.asarray(truth.pixels == VOID)
    channels = pred.pixels.ndim - truth.pixels.ndim  # axes of channels that only the prediction has
    if pred.pixels.shape[channels:] != truth.pixels.shape:
        return pred
    wrong = _void(pred, classes) & void
    if not wrong.any():
        return pred
    array = np.where(wrong, pred.pixels.dtype.type(0), pred.pixels)
    if channels:
        array[0][wrong.any(axis=0)] = 1
    return replace(pred, pixels=array)


def remark(truth: Mask, value: float, classes: ClassChoice) -> Iterator[Remark]:
    """A doubt about the value that a truth declares as no data, where nobody ignores it."""
    if "nodata" in classes.nodata or value in classes.ignore or value in classes.nodata:
        return
    if number := int(_equal(truth.pixels, value).sum()):
        what = f"{truth.name} declares {value:g} as no data, and {number:,} of its pixels are scored"
        yield NodataKept(what, "give --ignore nodata")


def _void(mask: Mask, classes: ClassChoice) -> Array:
    values = [mask.nodata if word == "nodata" else float("nan") if word == "nan" else word for word in classes.nodata]
    found = np.zeros(mask.pixels.shape, bool)
    for value in values:
        if value is not None:
            found |= _equal(mask.pixels, float(value))
    return found


def _equal(array: Array, value: float) -> Array:
    """Where an array holds a value, as near as its type can tell."""
    if np.isnan(value):
        return np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
    with np.errstate(over="ignore"):
        return np.asarray(array == (array.dtype.type(value) if array.dtype.kind == "f" else value))
