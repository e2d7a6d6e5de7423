"""The colours of classes and of kinds of errors, and pictures in them.

Okabe, M., Ito, K. (2008). Color Universal Design: colours that people of all kinds of colour vision can tell apart.
"""

import colorsys
from collections.abc import Mapping, Sequence

import numpy as np

from segeval.data.classes import ClassInfo
from segeval.evidence.run_length import Array
from segeval.io.encode import indexed
from segeval.overlay.layers import NOTHING, Kind

Colour = tuple[int, int, int, int]
KINDS: Mapping[Kind, Colour] = {
    Kind.RIGHT: (0, 0, 0, 0),
    Kind.HIT: (0, 158, 115, 90),
    Kind.IGNORED: (128, 128, 128, 150),
    Kind.CONFUSED: (204, 121, 167, 235),
    Kind.INVENTED: (213, 94, 0, 235),
    Kind.MISSED: (0, 114, 178, 235),
}
_LINES: Colour = (255, 255, 255, 235)  # colour is never the only cue
_VOID: Colour = (128, 128, 128, 255)
_FEW = 1 << 16  # ids up to which counting them is quicker than sorting
_STEP = 8  # pixels from line to line


def class_colours(classes: Sequence[ClassInfo], palette: Mapping[tuple[int, int, int], int]) -> dict[int, Colour]:
    """A colour for each id: its own where the class file has one, or else one of a wheel, in three shades."""
    own = {id_: (*colour, 255) for colour, id_ in palette.items()}
    found: dict[int, Colour] = {}
    for n, info in enumerate(classes):
        hue, shade = n * 0.61803398875 % 1, (0.95, 0.7, 0.45)[n % 3]
        red, green, blue = (round(255 * each) for each in colorsys.hsv_to_rgb(hue, 0.35 + 0.6 * (n % 2), shade))
        found[info.id] = own.get(info.id, (red, green, blue, 255))
    return found


def of_kinds(kinds: Array) -> bytes:
    """A PNG of the kinds (H, W), else transparent; lines tell what colours do: / invented, \\ missed, dots confused."""
    return indexed(_lined(kinds), [*KINDS.values(), _LINES])


def _lined(kinds: Array) -> Array:
    """The kinds as indices of their colours, with lines."""
    rows, columns = np.indices(kinds.shape)
    steps = {
        Kind.INVENTED: (rows + columns) % _STEP == 0,
        Kind.MISSED: (rows - columns) % _STEP == 0,
        Kind.CONFUSED: (rows % _STEP == 0) & (columns % _STEP == 0),
        Kind.IGNORED: (rows + columns) % _STEP < _STEP // 2,
    }
    shown = kinds.copy()
    for kind, lines in steps.items():
        instead = Kind.RIGHT if kind is Kind.IGNORED else len(KINDS)
        shown[(kinds == kind) & lines] = instead
    return shown


def of_classes(labels: Array, colours: Mapping[int, Colour]) -> bytes:
    """A PNG of ids (H, W) in the colours of their classes; grey where there is none.

    Of more colours than a palette holds, those of the most pixels.
    """
    ids, places, pixels = _distinct(labels)
    known = [_VOID if id_ == NOTHING else colours.get(id_, _VOID) for id_ in ids.tolist()]
    ordered = [known[n] for n in np.argsort(-pixels, kind="stable")]
    table = [_VOID, *dict.fromkeys(each for each in ordered if each != _VOID)][:256]
    index = np.array([table.index(each) if each in table else 0 for each in known], np.uint8)
    return indexed(index[places].reshape(labels.shape), table)


def _distinct(labels: Array) -> tuple[Array, Array, Array]:
    """The ids in ascending order, the place of each pixel's among them, and how many pixels each has."""
    nothing = labels == NOTHING
    code = np.where(nothing, 0, labels + 1)
    if ((labels < 0) & ~nothing).any() or (code.size and (code.min() < 0 or code.max() >= _FEW)):
        ids, places, pixels = np.unique(labels, return_inverse=True, return_counts=True)
        return ids, places.reshape(labels.shape), pixels
    counts = np.bincount(code.ravel())
    there = np.flatnonzero(counts)
    place = np.zeros(len(counts), np.intp)
    place[there] = np.arange(there.size)
    return np.where(there == 0, NOTHING, there - 1), place[code], counts[there]


def over(pixels: Array, kinds: Array) -> Array:
    """A photograph (H, W, 3) with the kinds laid over it."""
    table = np.array([*KINDS.values(), _LINES], np.float64)
    layer = table[_lined(kinds)]
    share = layer[..., 3:] / 255
    found: Array = np.rint(pixels * (1 - share) + layer[..., :3] * share).astype(np.uint8)
    return found
