"""Masks in colour: one value a pixel, by a table of colours or because all channels are equal."""

import math
from collections.abc import Mapping

import numpy as np

from segeval.data.classes import Colour
from segeval.data.ids import narrowed
from segeval.errors import ColoursNeedTable, EqualChannels, OtherPalette, Remark, UnknownColour
from segeval.io import Array, Mask


def uncoloured(mask: Mask, colors: Mapping[Colour, int]) -> tuple[Array, list[Remark]]:
    """The mask with one value a pixel, by the colour table or because all channels are equal; and its remarks."""
    if not mask.colour:
        if mask.palette is None or not colors:
            return mask.pixels, mask.remarks
        found = _by_palette(mask, mask.palette, colors)
        if found is not None:
            return found, mask.remarks
        what = f"{mask.name} has a palette with colours of no class: its indices were read as ids"
        return mask.pixels, [*mask.remarks, OtherPalette(what, "give each colour in use a class in --colors")]
    channels = np.moveaxis(mask.pixels, -1, 0)
    if len(channels) in (2, 4):
        if (channels[-1] != channels[-1].flat[0]).any():
            raise _transparent(mask.name, channels)
        channels = channels[:-1]
    if len(channels) == 3 and colors:
        return _by_color(mask.name, channels, colors), mask.remarks
    if all(np.array_equal(channels[0], other) for other in channels[1:]):
        equal = EqualChannels(f"{mask.name} is in colour with equal channels", "save it as grey")
        return channels[0], [*mask.remarks, equal]
    raise ColoursNeedTable(
        f"{mask.name} has 3 channels",
        "give a colour table with --colors FILE; of COCO panoptic give --instances panoptic",
    )


def indices_of(mask: Mask, labels: Array) -> Array | None:
    """The palette, where the labels are its indices."""
    return mask.palette if labels is mask.pixels else None


def _by_palette(mask: Mask, palette: Array, colors: Mapping[Colour, int]) -> Array | None:
    """The ids of the colours of indices; None if one that is used stands in no table: then the index is the id."""
    used = np.flatnonzero(np.bincount(mask.pixels.ravel()))
    known = {index: colors.get((int(r), int(g), int(b))) for index, (r, g, b) in enumerate(palette)}
    if any(known.get(index) is None for index in used.tolist()):
        return None
    ids = np.zeros(used.max() + 1, np.int32)
    ids[used] = [known[index] for index in used.tolist()]
    return narrowed(ids[mask.pixels], mask.name)


def _by_color(name: str, channels: Array, colors: Mapping[Colour, int]) -> Array:
    """The ids of exactly matching colours."""
    key = (channels[0].astype(np.int32) << 16) | (channels[1].astype(np.int32) << 8) | channels[2]
    known = sorted((r << 16 | g << 8 | b, id_) for (r, g, b), id_ in colors.items())
    codes = np.array([code for code, _ in known], np.int32)
    place = np.minimum(np.searchsorted(codes, key), len(codes) - 1)
    strange = codes[place] != key
    if strange.any():
        raise _unknown_color(name, key, strange, colors)
    return narrowed(np.array([id_ for _, id_ in known], np.int32)[place], name)


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


def _transparent(name: str, channels: Array) -> ColoursNeedTable:
    """The error for transparency that differs from pixel to pixel: beside colours it may be part of the ids."""
    if all(np.array_equal(channels[0], other) for other in channels[1:-1]):
        return ColoursNeedTable(f"{name} is transparent in places", "save it without transparency")
    return ColoursNeedTable(
        f"{name} is transparent in places, or a panoptic mask with ids in all four channels, as BDD100K has them",
        "save it without transparency; of a panoptic mask save the class: of BDD100K numpy.asarray(image)[..., 0]",
    )
