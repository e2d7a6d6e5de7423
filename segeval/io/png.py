"""PNG: the header decides how it is read, because decoders rescale, truncate and colour label ids."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from segeval.errors import (
    BadOption,
    DamagedFile,
    Remark,
    Rotated,
    SeveralFrames,
    TailMissing,
    TrailingBytes,
    UnfitPixels,
)
from segeval.io import READERS
from segeval.text import extent

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
_CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
_ADAM7 = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
]  # x, y, dx, dy
_DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}


@READERS.add(suffixes=(".png",), magic=SIGNATURE, holds="grey 1 to 16 bits, palette (indices), RGB and RGBA 8 bits")
class Png:
    """PNG: grey values and palette indices are the ids; colours need a table.

    Every chunk's check sum is verified first, so that the result never depends on which decoder would have noticed.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._chunks: dict[bytes, bytes] = {}
        self._parts: list[memoryview] = []
        self.remarks: list[Remark] = []
        self._walk()
        width, height, self._depth, self._kind, self._interlaced = self._header()
        self.shape = (height, width)
        self.colour = self._kind in (RGB, GREY_ALPHA, RGBA)
        self.levels = 0 if self._kind == PALETTE else (1 << self._depth) - 1
        self._refuse_unfit()

    def _walk(self) -> None:
        """Check every chunk and keep the content of those that matter."""
        data, at = memoryview(self._data), len(SIGNATURE)
        while at + 8 <= len(data):
            length, kind = struct.unpack_from(">I4s", data, at)
            end = at + 12 + length
            if end > len(data):
                if kind == b"IEND":
                    break
                raise DamagedFile(f"the PNG is cut inside {_shown(kind)}", "fetch or write the file again")
            if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
                raise DamagedFile(f"the check sum of {_shown(kind)} is wrong", "fetch or write the file again")
            if (kind == b"IHDR") != (not self._chunks):
                what = "has a second header" if self._chunks else f"begins with {_shown(kind)} instead of IHDR"
                raise DamagedFile(f"the PNG {what}", "write the file again")
            if kind[:1].isupper() and kind not in (b"IHDR", b"PLTE", b"IDAT", b"IEND"):
                raise DamagedFile(f"the PNG needs the unknown chunk {_shown(kind)} to be understood", "write it again")
            if kind == b"IDAT":
                self._parts.append(data[at + 8 : end - 4])
            self._chunks.setdefault(kind, b"" if kind == b"IDAT" else bytes(data[at + 8 : end - 4]))
            at = end
            if kind == b"IEND":
                break
        self._judge_end(at)

    def _judge_end(self, at: int) -> None:
        if b"IDAT" not in self._chunks:
            raise DamagedFile("the PNG has no pixel data", "fetch or write the file again")
        if b"IEND" not in self._chunks:
            self.remarks.append(TailMissing("the PNG has no end mark", "save it again"))
        elif at < len(self._data):
            self.remarks.append(
                TrailingBytes(f"{len(self._data) - at:,} bytes follow the end of the PNG", "save it again")
            )

    def _check_size(self) -> None:
        """Inflate the pixel data, without keeping them, to see that they are whole and enough; more are left alone."""
        stream, size, wanted = zlib.decompressobj(), 0, self._raw_size()
        for part in self._parts:
            while part and not stream.eof and size <= wanted:
                size += len(stream.decompress(part, 1 << 16))
                part = memoryview(stream.unconsumed_tail)
        if size <= wanted and not stream.eof:
            raise DamagedFile("the PNG is cut between its pixel data", "fetch or write the file again")
        if size < wanted:
            raise DamagedFile("the PNG has fewer rows than its header says", "fetch or write the file again")

    def _header(self) -> tuple[int, int, int, int, bool]:
        header = self._chunks.get(b"IHDR", b"")
        if len(header) != 13:
            raise DamagedFile("the PNG header is malformed", "write the file again")
        width, height, depth, kind, compression, filtering, interlace = struct.unpack(">IIBBBBB", header)
        if depth not in _DEPTHS.get(kind, ()) or compression or filtering or interlace > 1:
            raise DamagedFile(
                f"the PNG header is impossible: colour type {kind} with {depth} bits", "write the file again"
            )
        if kind == PALETTE and b"PLTE" not in self._chunks:
            raise DamagedFile("the PNG has no palette", "write the file again")
        return width, height, depth, kind, bool(interlace)

    def _refuse_unfit(self) -> None:
        if b"acTL" in self._chunks:
            frames = int.from_bytes(self._chunks[b"acTL"][:4], "big")
            raise SeveralFrames(f"the PNG is an animation of {frames} frames", "save the frame that is the mask")
        if self._depth == 16 and self.colour:
            raise UnfitPixels(f"the PNG is {extent(self.shape)} in 16-bit colour", "save labels as 8 or 16-bit grey")
        if _orientation(self._chunks.get(b"eXIf", b"")) != 1:
            raise Rotated("the PNG carries an EXIF orientation", "save the mask upright, without the tag")

    def pixels(self) -> npt.NDArray[Any]:
        plain = self._kind == GREY and self._depth >= 8 and b"tRNS" not in self._chunks
        if not plain or b"IEND" not in self._chunks:  # Pillow fills up what lacks with zeros
            self._check_size()
        if plain:
            import imagecodecs

            return np.asarray(imagecodecs.png_decode(self._data))
        return self._by_pillow()

    def _by_pillow(self) -> npt.NDArray[Any]:
        """Palette indices as they are, grey of few bits back from the 0 … 255 that Pillow stretches it to."""
        from PIL import ImageFile, PngImagePlugin

        if ImageFile.LOAD_TRUNCATED_IMAGES:
            raise BadOption(
                "PIL.ImageFile.LOAD_TRUNCATED_IMAGES is set: half a file would be read as a whole one", "unset it"
            )
        with PngImagePlugin.PngImageFile(io.BytesIO(self._data)) as image:
            array = np.asarray(image)
        if self._kind == GREY and self._depth in (2, 4):
            return array // (255 // self.levels)
        return (array.view(np.uint8) != 0).view(np.uint8) if array.dtype == bool else array

    def _raw_size(self) -> int:
        """Bytes of the filtered rows, each with its filter type."""
        height, width = self.shape
        bits = self._depth * _CHANNELS[self._kind]
        passes = _ADAM7 if self._interlaced else [(0, 0, 1, 1)]
        sizes = [(-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in passes]
        return sum(rows * (1 + -(-columns * bits // 8)) for columns, rows in sizes if columns > 0 and rows > 0)


def _orientation(exif: bytes) -> int:
    if not exif:
        return 1
    from PIL import Image

    tags = Image.Exif()
    tags.load(exif)
    return int(tags.get(0x0112, 1))


def _shown(kind: bytes) -> str:
    return kind.decode("ascii", "backslashreplace")
