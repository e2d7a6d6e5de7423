"""Maps of numbers as pictures: with a title, the outlines of regions, and a scale of the colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from segeval.io import Array
from segeval.io.encode import encoded
from segeval.io.preview import colours, lab

TOP = 24  # rows above the map, of the title
LINE = 18  # rows of a line of text
BAR = 14  # rows of the scale
WIDE = 720  # columns that a smaller map is enlarged to
_MOST = 16  # times that it is enlarged at most
_SHARE = 0.99  # of the numbers that are not 0 lie within the scale
_UNKNOWN = (150, 150, 150)
_INK = {False: (80, 215, 255), True: (0, 0, 0)}  # of outlines: bright on the dark scale, black on the signed one


@dataclass(frozen=True)
class Scale:
    """What the colours of a map mean: from `low` to `high`, evenly; what lies beyond has the colour of that end."""

    low: float
    high: float
    signed: bool  # 0 is white in the middle, blue is below and red above
    beyond: tuple[bool, bool] = (False, False)

    @classmethod
    def of(cls, values: Array, signed: bool) -> "Scale":
        """The scale of some numbers; their last hundredth may lie beyond, or a few would leave all others dark."""
        finite = values[np.isfinite(values)]
        if signed:
            sizes = np.abs(finite[finite != 0])
            end = _most(sizes)
            return cls(-end, end, signed, (bool((finite < -end).any()), bool((finite > end).any())))
        low = float(finite.min(initial=0.0))
        high = low + _most(finite[finite > low] - low)
        return cls(low, high, signed, (False, bool((finite > high).any())))

    def drawn(self, values: Array) -> Array:
        """(…, 3) uint8: the colours of some numbers; grey where undefined."""
        known = np.where(np.isnan(values), self.low, values)
        width = self.high - self.low
        share = (known - self.low) / width if width else np.full(values.shape, 0.5 if self.signed else 0.0)
        table = signed_colours() if self.signed else colours()
        shown = table[np.rint(np.clip(share, 0, 1) * (len(table) - 1)).astype(np.intp)]
        shown[np.isnan(values)] = _UNKNOWN
        return np.asarray(shown)

    @property
    def ends(self) -> tuple[str, str]:
        """What stands at both ends."""
        low, high = (f"{each:.3g}" for each in (self.low, self.high))
        return (f"<= {low}" if self.beyond[0] else low), (f">= {high}" if self.beyond[1] else high)


def _most(sizes: Array) -> float:
    """The size that nearly all are at most."""
    found = float(np.quantile(sizes, _SHARE, method="higher")) if sizes.size else 0.0
    return found if math.isfinite(found) else 0.0


@cache
def signed_colours() -> Array:
    """255 colours from blue over white to red, alike in lightness on both sides, as all kinds of colour vision see."""
    t = np.linspace(-1, 1, 255)
    hue = np.deg2rad(np.where(t < 0, 265, 45))
    chroma = np.where(t < 0, 50, 75) * np.abs(t) ** 0.8  # as much as the screen has at each lightness
    return lab(98 - 58 * np.abs(t), chroma * np.cos(hue), chroma * np.sin(hue))


def times(shape: tuple[int, ...]) -> int:
    """How many times a map of this shape is enlarged."""
    return min(_MOST, max(1, -(-WIDE // max(1, shape[1]))))


def figure(values: Array, regions: Array, signed: bool, title: str, lines: Sequence[str]) -> bytes:
    """A PNG of numbers (H, W): title, map with the outlines of regions (H, W), scale, and what it says.

    The map stands at (TOP, 0), each number as `times` × `times` pixels.
    """
    from PIL import Image, ImageDraw

    scale, n = Scale.of(values, signed), times(values.shape)
    large = np.repeat(np.repeat(regions, n, axis=0), n, axis=1)
    shown = np.repeat(np.repeat(scale.drawn(values), n, axis=0), n, axis=1)
    shown[_borders(large)] = _INK[signed]
    height, width = shown.shape[:2]
    whole = max(width, WIDE)
    page = np.full((TOP + height + LINE + BAR + LINE * (1 + len(lines)), whole, 3), 255, np.uint8)
    page[TOP : TOP + height, :width] = shown
    bar = TOP + height + LINE // 2
    page[bar : bar + BAR] = scale.drawn(np.linspace(scale.low, scale.high, whole))[None]
    picture = Image.fromarray(page)
    draw, font = ImageDraw.Draw(picture), _font()

    def write(place: tuple[float, float], text: str, anchor: float = 0.0) -> None:
        said = text.encode("ascii", "replace").decode()  # what every font has
        x = place[0] - anchor * draw.textlength(said, font=font)
        draw.text((x, place[1]), said, fill=(0, 0, 0), font=font)

    write((4, 4), title)
    low, high = scale.ends
    below = bar + BAR + 2
    write((4, below), low)
    if signed:
        write((whole / 2, below), "0", 0.5)
    write((whole - 4, below), high, 1.0)
    for k, line in enumerate(lines, 1):
        write((4, below + k * LINE), line)
    return encoded(np.asarray(picture), "png")


def _borders(regions: Array) -> Array:
    """The pixels whose neighbour below or to the right is of another region."""
    found = np.zeros(regions.shape, bool)
    found[:-1] |= regions[:-1] != regions[1:]
    found[:, :-1] |= regions[:, :-1] != regions[:, 1:]
    return found


@cache
def _font() -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(13)
