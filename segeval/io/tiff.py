"""TIFF and BigTIFF: raw ids, whatever the photometric meaning, where others colour or invert them."""

import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from segeval.errors import DamagedFile, Remark, SeveralFrames, UnfitPixels
from segeval.io import READERS
from segeval.io.fields import MAGIC, Directory, Tag, directories
from segeval.io.planes import Page, check_places, decode, layout
from segeval.text import extent, some

_MOST_PAGES = 1 << 16
_LONGEST = 1 << 20  # characters of a description that are looked at
_PALETTE = 3
_COLOUR = (2, 5, 6)  # RGB, CMYK, YCbCr


@READERS.add(
    suffixes=(".tif", ".tiff"),
    magic=MAGIC,
    holds="1 to 64 bits, palette (indices), float; pages of one size are a stack",
)
class Tiff:
    """TIFF and BigTIFF: one page is 2-D, a stack of pages 3-D; uncompressed, deflate, LZW, zstd, LZMA, PackBits."""

    def __init__(self, data: bytes) -> None:
        self.remarks: list[Remark] = []
        self._data = data
        self._pages: list[Page] = []
        first: Directory | None = None
        for fields in directories(data):
            first = first or fields
            self._pages.append(layout(fields))
            if len(self._pages) > _MOST_PAGES:
                raise SeveralFrames(f"the TIFF has more than {_MOST_PAGES:,} pages", "save the stack as NPY")
        if first is None:
            raise DamagedFile("the TIFF has no page", "fetch or write the file again")
        self._description = first.text(Tag.ImageDescription)[:_LONGEST]
        self._resolution = [first.fraction(tag) for tag in (Tag.YResolution, Tag.XResolution)]
        self._check_stack(first)
        check_places(self._pages, len(data))
        self._describe()

    def _describe(self) -> None:
        first, number = self._pages[0], len(self._pages)
        self.colour = first.photometric in _COLOUR or first.samples > 1
        if self.colour and (first.separate or not 1 < first.samples <= 4 or first.dtype != np.uint8):
            raise UnfitPixels(f"the TIFF has {first.samples} samples of {first.dtype} a pixel", "save labels as grey")
        if self.colour and number > 1:
            raise UnfitPixels(f"the TIFF has {number} pages in colour", "save labels as grey")
        self.shape = (first.height, first.width) if number == 1 else (number, first.height, first.width)
        self.nbytes = number * first.size * first.dtype.itemsize
        self.levels = 0 if first.photometric == _PALETTE else (1 << first.bits - (first.dtype.kind == "i")) - 1

    @property
    def spacing(self) -> tuple[float, ...] | None:
        """The steps that OME or ImageJ metadata give for all axes; not those of printing, which mean nothing here."""
        found = _ome_spacing(self._description) or _imagej_spacing(self._description, *self._resolution)
        return found[-len(self.shape) :] if found and all(step > 0 for step in found[-len(self.shape) :]) else None

    def _check_stack(self, first: Directory) -> None:
        if len({page.kind for page in self._pages}) > 1:
            shapes = some(sorted({extent((page.height, page.width)) for page in self._pages}))
            raise SeveralFrames(
                f"the TIFF has {len(self._pages)} pages of unlike size or type: {shapes}", "save one mask per file"
            )
        there = self._pages[0].size * len(self._pages)
        if _announced(self._description, self._pages[0].size) > there or first.count(Tag.UIC2) > 1:
            raise SeveralFrames("the TIFF holds a stack without a page for each plane", "save a plain TIFF or NPY")

    def pixels(self) -> npt.NDArray[Any]:
        first, data = self._pages[0], memoryview(self._data)
        planes = first.samples if first.separate else 1
        array = np.empty((len(self._pages), planes, first.height, first.width, first.bands), first.dtype)
        for page, plane in zip(self._pages, array, strict=True):
            decode(data, page, plane)
        return array.reshape(*self.shape, *([first.bands] if self.colour else []))


def _announced(description: str, plane: int) -> int:
    """How many samples ImageJ or tifffile say there are; they may keep a stack behind a single page."""
    if shape := re.match(r'\{.*"shape": \[([\d, ]{1,99})\]', description):
        return math.prod(int(number) for number in shape[1].split(",") if number.strip())
    images = re.search(r"^images=(\d{1,9})\s*$", description, re.MULTILINE)
    return plane * int(images[1]) if images and description.startswith("ImageJ=") else plane


def _ome_spacing(text: str) -> tuple[float, ...] | None:
    """z, y, x of the first image, if they have one unit; 0 for an axis that is not given."""
    if "<OME" not in text[:1000] and "<?xml" not in text[:10]:
        return None
    given = dict(re.findall(r'\bPhysicalSize([XYZ](?:Unit)?)="([^"]*)"', text.partition("</Pixels>")[0]))
    units = {given.get(f"{axis}Unit", "µm") for axis in "ZYX" if axis in given}
    try:
        return tuple(float(given.get(axis, 0)) for axis in "ZYX") if len(units) == 1 else None
    except ValueError:
        return None


def _imagej_spacing(text: str, per_y: float, per_x: float) -> tuple[float, ...] | None:
    """z, y, x, if ImageJ wrote a unit; 0 for an axis that is not given."""
    if not text.startswith("ImageJ="):
        return None
    said = {name: value.strip() for name, _, value in (line.partition("=") for line in text.splitlines())}
    if said.get("unit", "pixel") in ("pixel", "pixels") or not per_y or not per_x:
        return None
    try:
        return float(said.get("spacing", 0)), 1 / per_y, 1 / per_x
    except ValueError:
        return None
