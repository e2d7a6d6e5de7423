"""Masks of one class each, in a folder or under a suffix for every class, as one mask with a channel for each."""

from collections.abc import Callable
from typing import Any

import numpy as np

from segeval import io
from segeval.data.class_selection import ClassChoice
from segeval.data.colours import uncoloured
from segeval.data.shapes import shapes_differ
from segeval.errors import EmptyClass, UnfitChannels
from segeval.io import Array, Mask
from segeval.io.files import MaskFile
from segeval.text import some


def read(file: MaskFile, max_pixels: int, classes: ClassChoice, grey: bool = False) -> Mask:
    """The mask in a file, or in the files of all classes. grey: integers are probabilities, and stay what they are."""
    if not file.parts:
        return io.read(file, max_pixels)
    found = _by_class(file, classes, lambda part: io.read(part, max_pixels))
    first = next(mask for mask in found.values() if mask is not None)
    channels = {name: None if mask is None else _channel(mask, classes, grey) for name, mask in found.items()}
    shape = next(array.shape for array in channels.values() if array is not None)
    for name, array in channels.items():
        if array is not None and array.shape != shape:
            other = found[name]
            assert other is not None
            raise shapes_differ(first.name, shape, other.name, array.shape)
    pixels = np.stack([np.zeros(shape, np.uint8) if array is None else array for array in channels.values()])
    remarks = [said for mask in found.values() if mask is not None for said in mask.remarks]
    if missing := [name for name, mask in found.items() if mask is None]:
        what = f"{file.name} has no file of {some(missing)}"
        remarks.append(EmptyClass(what, "taken as a class that is nowhere in this image"))
    return Mask(
        file.name,
        pixels,
        levels=first.levels if grey else 1,
        remarks=remarks,
        spacing=first.spacing,
        unit=first.unit,
        array=first.array,
    )


def shape(file: MaskFile, max_pixels: int, classes: ClassChoice) -> tuple[int, ...]:
    """The shape that the header announces, without colours."""
    if not file.parts:
        return io.header(file, max_pixels).shape
    found = _by_class(file, classes, lambda part: io.header(part, max_pixels))
    return len(found), *next(each.shape for each in found.values() if each is not None)


def _by_class(file: MaskFile, classes: ClassChoice, opened: Callable[[MaskFile], Any]) -> dict[str, Any]:
    """What each class has, in their order; None where there is no file."""
    if not classes.multilabel or classes.table is None:
        raise UnfitChannels(f"{file.name} has a file for each class", "give --multilabel and --classes NAMES")
    parts = dict(file.parts)
    names = {info.name if info.name in parts else str(info.id): info.name for info in classes.table.classes}
    if strange := sorted(parts.keys() - names.keys()):
        what = f"{file.name} has files of no class: {some(strange)}"
        raise UnfitChannels(what, "name them in --classes, or give a narrower pattern")
    return {name: opened(parts[key]) if key in parts else None for key, name in names.items()}


def _channel(mask: Mask, classes: ClassChoice, grey: bool) -> Array:
    """Yes and no, or numbers, of one class; ignored values stay what they are."""
    array, _ = uncoloured(mask, {})
    if grey or array.dtype.kind == "f":
        return array
    void = np.isin(array, list(classes.ignore))
    found = np.not_equal(array, 0).view(np.uint8)
    return np.where(void, array, found) if void.any() else found
