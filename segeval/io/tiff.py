"""TIFF and BigTIFF, through tifffile, which gives raw ids where others colour or invert them."""

import io
import logging
import re
import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from segeval.errors import DamagedFile, RefusedFormat, Remark, Rotated, SeveralFrames, UnfitPixels
from segeval.io import READERS
from segeval.text import extent, some

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what it finds wrong is an error of ours, or harmless

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_LOSSLESS = {1, 5, 8, 32773, 32946, 34925, 50000, 50013}  # none, LZW, deflate, PackBits, deflate, LZMA, zstd, deflate
_PIXEL_TAGS = {*range(254, 285), 317, *range(320, 326), 338, 339}  # what says how pixels are stored
_LENGTHS = {
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}  # bytes of a field's type
_COLOUR = (2, 5, 6)  # RGB, CMYK, YCbCr


@READERS.add(
    suffixes=(".tif", ".tiff"),
    magic=_MAGIC,
    holds="1 to 64 bits, palette (indices), float; pages of one size are a stack",
)
class Tiff:
    """TIFF and BigTIFF: one page is 2-D, a stack of pages 3-D; uncompressed, deflate, LZW, zstd, LZMA, PackBits."""

    def __init__(self, data: bytes) -> None:
        import tifffile

        self.remarks: list[Remark] = []
        _check_chain(data)
        self._file = tifffile.TiffFile(io.BytesIO(data), _multifile=False)
        self._pages = [page.aspage() for page in self._file.pages]
        if not self._pages:
            raise DamagedFile("the TIFF has no page", "fetch or write the file again")
        for page in self._pages:
            _check(page, len(data))
        self._check_stack()
        first = self._pages[0]
        self.colour = first.photometric in _COLOUR or first.samplesperpixel > 1
        if self.colour and not (first.axes == "YXS" and first.samplesperpixel <= 4 and first.dtype == np.uint8):
            raise UnfitPixels(
                f"the TIFF has {first.samplesperpixel} samples of {first.dtype} a pixel", "save labels as grey"
            )
        plane = first.shape[:2]
        self.shape = plane if len(self._pages) == 1 else (len(self._pages), *plane)
        if self.colour and len(self._pages) > 1:
            raise UnfitPixels(f"the TIFF has {len(self._pages)} pages in colour", "save labels as grey")
        self.levels = 0 if first.photometric == 3 else (1 << int(first.bitspersample) - (first.dtype.kind == "i")) - 1

    @property
    def spacing(self) -> tuple[float, ...] | None:
        """The steps that OME or ImageJ metadata give for all axes; not those of printing, which mean nothing here."""
        found = _ome_spacing(self._file.ome_metadata or "") or _imagej_spacing(self._file, self._pages[0])
        return found[-len(self.shape) :] if found and all(step > 0 for step in found[-len(self.shape) :]) else None

    def _check_stack(self) -> None:
        sizes = {(page.shape, page.dtype, page.axes) for page in self._pages}
        if len(sizes) > 1:
            shapes = some(sorted({extent(page.shape) for page in self._pages}))
            raise SeveralFrames(
                f"the TIFF has {len(self._pages)} pages of unlike size or type: {shapes}", "save one mask per file"
            )
        if self._file.is_imagej or self._file.is_shaped:  # they may keep a stack behind a single page
            announced = sum(series.size for series in self._file.series)
            if announced != self._pages[0].size * len(self._pages):
                raise SeveralFrames("the TIFF holds a stack without a page for each plane", "save a plain TIFF or NPY")

    def pixels(self) -> npt.NDArray[Any]:
        planes = [page.asarray(maxworkers=1) for page in self._pages]
        return planes[0] if len(planes) == 1 else np.stack(planes)


def _ome_spacing(text: str) -> tuple[float, ...] | None:
    """z, y, x of the first image, if they have one unit; 0 for an axis that is not given."""
    given = dict(re.findall(r'\bPhysicalSize([XYZ](?:Unit)?)="([^"]*)"', text.partition("</Pixels>")[0]))
    units = {given.get(f"{axis}Unit", "µm") for axis in "ZYX" if axis in given}
    try:
        return tuple(float(given.get(axis, 0)) for axis in "ZYX") if len(units) == 1 else None
    except ValueError:
        return None


def _imagej_spacing(file: Any, page: Any) -> tuple[float, ...] | None:
    """z, y, x, if ImageJ wrote a unit; 0 for an axis that is not given."""
    said = file.imagej_metadata or {}
    resolutions = [page.tags.get(tag) for tag in (283, 282)]
    if said.get("unit", "pixel") in ("pixel", "pixels") or None in resolutions:
        return None
    (y, per_y), (x, per_x) = (tag.value for tag in resolutions)
    return (float(said.get("spacing", 0)), per_y / y, per_x / x) if x and y else None


def _check_chain(data: bytes) -> None:
    """Walk the pages, which may overlap or go in a circle, and their fields, which may lead out of the file.

    tifffile takes the default for a field that it cannot read: another array, and no error.
    """
    order = "<" if data.startswith(b"II") else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    at, entries, offset, entry = (8, "Q", "Q", "HHQ") if big else (4, "H", "I", "HHI")
    head, width = struct.calcsize(f"<{entries}"), struct.calcsize(f"<{offset}")
    taken, size = 0, struct.calcsize(f"<{entry}") + width
    (at,) = struct.unpack_from(order + offset, data, at)
    while at:
        (count,) = struct.unpack_from(order + entries, data, at)
        taken += head + size * count + width
        if taken > len(data):
            raise DamagedFile("the TIFF has pages that overlap or go in a circle", "fetch or write the file again")
        for place in range(at + head, at + head + size * count, size):
            tag, kind, number = struct.unpack_from(order + entry, data, place)
            length = number * _LENGTHS.get(kind, 1)
            (start,) = struct.unpack_from(order + offset, data, place + size - width)
            if tag in _PIXEL_TAGS and (not number or (length > width and start + length > len(data))):
                raise DamagedFile(f"the field {tag} of the TIFF leads out of the file", "fetch the file again")
        (at,) = struct.unpack_from(order + offset, data, at + head + size * count)


def _check(page: Any, size: int) -> None:
    """Refuse a page that is lossy, rotated, incomplete, or of a kind that holds no labels."""
    if int(page.compression) not in _LOSSLESS:
        raise RefusedFormat(
            f"the TIFF is compressed by {page.compression.name}", "save labels with deflate, LZW or zstd"
        )
    orientation = page.tags.get(274)
    if orientation is not None and int(orientation.value) != 1:
        raise Rotated(f"the TIFF has orientation {int(orientation.value)}", "save the mask upright, without the tag")
    if 258 not in page.tags:  # the standard's default of 1 bit would misread a file that lost the tag
        raise DamagedFile("the TIFF does not say how many bits a pixel has", "write the file again")
    if page.dtype is None or page.dtype.kind not in "biuf" or page.imagedepth != 1:
        raise UnfitPixels("the TIFF has pixels of mixed or unknown type", "save labels as grey")
    if any(n == 0 for n in page.shape):
        raise DamagedFile(f"the TIFF is {extent(page.shape)}: it has no pixels", "write the file again")
    ends = [start + length for start, length in zip(page.dataoffsets, page.databytecounts, strict=True)]
    if len(ends) != int(np.prod(page.chunked)) or min(page.databytecounts, default=0) == 0 or min(page.dataoffsets) < 8:
        raise DamagedFile("the TIFF lacks some of its pixel data", "fetch or write the file again")
    if max(ends) > size:
        raise DamagedFile(f"the TIFF is cut: its data end at byte {max(ends):,} of {size:,}", "fetch the file again")
    if int(page.compression) == 1 and sum(page.databytecounts) * 8 < page.size * page.bitspersample:
        raise DamagedFile("the TIFF has less pixel data than its size needs", "fetch or write the file again")
