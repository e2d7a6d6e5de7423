"""TIFF and BigTIFF: raw ids, whatever the photometric meaning, where others colour or invert them."""

import math
import re
from functools import cached_property

import numpy as np

from segeval.errors import DamagedFile, PartsNotStored, Remark, SeveralFrames, UnfitPixels, UnusedMask
from segeval.io import READERS, Array
from segeval.io.fields import MAGIC, Directory, Tag, directories
from segeval.io.planes import Page, check_places, decode, is_image, is_mask, layout
from segeval.io.units import named
from segeval.text import counted, extent, some

_MOST_PAGES = 1 << 16
_LONGEST = 1 << 20  # characters of a description that are looked at
_PALETTE = 3
_RGB, _GREYS, _COLOURS = 2, (0, 1), (2, 5, 6)
_ALPHA = (1, 2)  # of an extra sample: transparency, of either kind

Steps = tuple[tuple[float, ...], str]  # lengths along z, y, x, and their unit


@READERS.add(
    suffixes=(".tif", ".tiff"),
    magic=MAGIC,
    holds="1 to 64 bits, palette (indices), float; pages of one size are a stack, bands that are no colours channels",
)
class Tiff:
    """TIFF and BigTIFF: one page is 2-D, a stack of pages 3-D; uncompressed, deflate, LZW, zstd, LZMA, PackBits."""

    def __init__(self, data: bytes) -> None:
        self.remarks: list[Remark] = []
        self._data = data
        self._pages: list[Page] = []
        first = self._keep_images(data)
        self._description = first.text(Tag.ImageDescription)[:_LONGEST]
        self._resolution = [first.fraction(tag) for tag in (Tag.YResolution, Tag.XResolution)]
        self._check_stack(first)
        check_places(self._pages, len(data))
        self._describe(first)

    def _keep_images(self, data: bytes) -> Directory:
        """Keep the pages of full resolution, and give the fields of the first of them."""
        first: Directory | None = None
        for number, fields in enumerate(directories(data)):
            if number == _MOST_PAGES:
                raise SeveralFrames(f"the TIFF has more than {_MOST_PAGES:,} pages", "save the stack as NPY")
            if is_image(fields):
                first = first or fields
                self._pages.append(layout(fields))
            elif is_mask(fields) and not self.remarks:
                hint = "write its 0 into the mask itself, as an id to ignore"
                self.remarks.append(UnusedMask("the TIFF has a page that masks another: it is not applied", hint))
        if first is None:
            raise DamagedFile("the TIFF has no page of full resolution", "fetch or write the file again")
        return first

    def _describe(self, fields: Directory) -> None:
        first, number = self._pages[0], len(self._pages)
        self.colour = _is_colour(first, fields)
        self._channels = first.samples > 1 and not self.colour
        called_colours = first.photometric not in _GREYS if self._channels else first.photometric in _COLOURS
        if called_colours and not self.colour and first.dtype.kind != "f":
            raise UnfitPixels(
                f"the TIFF has {first.samples} samples of {first.dtype} a pixel, which it calls colours",
                "write channels with photometric='minisblack', or save labels as grey",
            )
        if first.samples > 1 and number > 1:
            raise UnfitPixels(f"the TIFF has {number} pages of {first.samples} samples a pixel", "save labels as grey")
        more = first.samples if self._channels else number
        self.shape: tuple[int, ...] = (*([more] if more > 1 else []), first.height, first.width)
        self.nbytes = number * first.size * first.dtype.itemsize
        self.levels = 0 if first.photometric == _PALETTE else (1 << first.bits - (first.dtype.kind == "i")) - 1
        self.nodata = first.nodata
        self.palette = _palette(first, fields)
        if missing := sum(int(page.missing.sum()) for page in self._pages):
            what = counted(missing, "strip or tile" if missing == 1 else "strips or tile")
            value = "0" if first.nodata is None else f"{first.nodata}, the file's nodata"
            self.remarks.append(PartsNotStored(f"the TIFF leaves out {what}, read as {value}", "write it in full"))

    @property
    def spacing(self) -> tuple[float, ...] | None:
        """The steps that OME or ImageJ metadata give for all axes; not those of printing, which mean nothing here."""
        return self._steps[0]

    @property
    def unit(self) -> str:
        """The unit of the steps."""
        return self._steps[1]

    @cached_property
    def _steps(self) -> tuple[tuple[float, ...] | None, str]:
        axes = len(self.shape) - self._channels
        found = _ome_spacing(self._description) or _imagej_spacing(self._description, *self._resolution)
        steps, unit = found if found is not None else ((), "")
        kept = steps[-axes:]
        return (kept, unit) if kept and all(0 < step < math.inf for step in kept) else (None, "")

    def _check_stack(self, first: Directory) -> None:
        if len({page.kind for page in self._pages}) > 1:
            shapes = some(sorted({extent((page.height, page.width)) for page in self._pages}))
            raise SeveralFrames(
                f"the TIFF has {len(self._pages)} pages of unlike size or type: {shapes}", "save one mask per file"
            )
        there = self._pages[0].size * len(self._pages)
        if _announced(self._description, self._pages[0].size) > there or first.count(Tag.UIC2) > 1:
            raise SeveralFrames("the TIFF holds a stack without a page for each plane", "save a plain TIFF or NPY")

    def pixels(self) -> Array:
        first, data = self._pages[0], memoryview(self._data)
        array = np.empty((*self.shape, *([first.samples] if self.colour else [])), first.dtype)
        planes = array.reshape(len(self._pages), 1, first.height, first.width, -1)
        if self._channels:
            planes = (array[..., None] if first.separate else np.moveaxis(array, 0, -1)[None])[None]
        for page, plane in zip(self._pages, planes, strict=True):
            decode(data, page, plane)
        return array


def _is_colour(page: Page, fields: Directory) -> bool:
    """Whether the samples of a pixel are a colour of 8 bits, or grey with its transparency."""
    beside = page.bits == 8 and page.dtype == np.uint8 and not page.separate
    if page.photometric == _RGB:
        return beside and page.samples in (3, 4)
    alpha = Tag.ExtraSamples in fields and int(fields.numbers(Tag.ExtraSamples)[0]) in _ALPHA
    return beside and page.photometric in _GREYS and page.samples == 2 and alpha


def _palette(page: Page, fields: Directory) -> Array | None:
    """The colours of the indices, of 16 bits in the file."""
    if page.photometric != _PALETTE:
        return None
    colours = fields.numbers(Tag.ColorMap)
    if colours.size != 3 << page.bits:
        raise DamagedFile(f"the TIFF has a palette of {colours.size} numbers", "write the file again")
    return (colours.reshape(3, -1).T >> np.uint64(8)).astype(np.uint8)


def _announced(description: str, plane: int) -> int:
    """How many samples ImageJ or tifffile say there are; they may keep a stack behind a single page."""
    if shape := re.match(r'\{.*"shape": \[([\d, ]{1,99})\]', description):
        return math.prod(int(number) for number in shape[1].split(",") if number.strip())
    images = re.search(r"^images=(\d{1,9})\s*$", description, re.MULTILINE)
    return plane * int(images[1]) if images and description.startswith("ImageJ=") else plane


def _ome_spacing(text: str) -> Steps | None:
    """z, y, x of the first image and their unit, if they have one; 0 for an axis that is not given."""
    if "<OME" not in text[:1000] and "<?xml" not in text[:10]:
        return None
    given = dict(re.findall(r'\bPhysicalSize([XYZ](?:Unit)?)="([^"]*)"', text.partition("</Pixels>")[0]))
    units = {given.get(f"{axis}Unit", "µm") for axis in "ZYX" if axis in given}
    try:
        return (tuple(float(given.get(axis, 0)) for axis in "ZYX"), named(units.pop())) if len(units) == 1 else None
    except ValueError:
        return None


def _imagej_spacing(text: str, per_y: float, per_x: float) -> Steps | None:
    """z, y, x and their unit, if ImageJ wrote one; 0 for an axis that is not given.

    x and y are pixels for each unit, z is a length.
    """
    if not text.startswith("ImageJ="):
        return None
    said = {name: value.strip() for name, _, value in (line.partition("=") for line in text.splitlines())}
    if said.get("unit", "pixel") in ("pixel", "pixels") or not per_y or not per_x:
        return None
    try:
        return (float(said.get("spacing", 0)), 1 / per_y, 1 / per_x), named(said["unit"])
    except ValueError:
        return None
