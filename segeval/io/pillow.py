"""GIF, BMP, PGM and PPM: formats without a loss, through the one decoder of Pillow that each is for."""

import io
import re
import struct
from typing import Any

import numpy as np

from segeval.errors import BadOption, DamagedFile, Remark, SeveralFrames, TrailingBytes, UnfitPixels
from segeval.io import READERS, Array


class _Picture:
    """A picture whose size is known, and that Pillow has not decoded yet."""

    def __init__(self, shape: tuple[int, int], channels: int, levels: int, wide: bool = False) -> None:
        self.shape = shape
        self.colour = channels > 1
        self.levels = levels
        self.nbytes = shape[0] * shape[1] * channels * (2 if wide else 1)
        self.remarks: list[Remark] = []
        self.palette: Array | None = None
        if not shape[0] or not shape[1]:
            raise DamagedFile(f"the file is {shape[0]} x {shape[1]}: it has no pixels", "write the file again")

    def _decoded(self, image: Any) -> Array:
        """The pixels, if they are of the size that was announced."""
        with image:
            array = np.asarray(image)
        if array.shape[:2] != self.shape or (array.ndim == 3) != self.colour:
            raise DamagedFile("the picture is not what its header says", "write the file again")
        return array


def _check_whole() -> None:
    """Refuse to go on where Pillow would take half a file for a whole one: other packages set that switch for all."""
    from PIL import ImageFile

    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise BadOption(
            "PIL.ImageFile.LOAD_TRUNCATED_IMAGES is set: half a file would be read as a whole one", "unset it"
        )


@READERS.add(suffixes=(".gif",), magic=(b"GIF87a", b"GIF89a"), holds="one picture: greys, or palette (indices)")
class Gif(_Picture):
    """GIF: greys are the ids, or else the indices of its palette; animations are refused."""

    def __init__(self, data: bytes) -> None:
        from PIL import GifImagePlugin

        _check_whole()
        if len(data) < 13:
            raise DamagedFile("the GIF is cut", "fetch or write the file again")
        width, height = struct.unpack_from("<HH", data, 6)
        super().__init__((height, width), 1, 0)
        self._data = data
        self._image = GifImagePlugin.GifImageFile(io.BytesIO(data))
        if self._image.is_animated:
            raise SeveralFrames("the GIF is an animation", "save the frame that is the mask")
        self._image.seek(0)
        if self._image.size != (width, height) or [each[1] for each in self._image.tile] != [(0, 0, width, height)]:
            raise UnfitPixels("the picture in the GIF does not fill it", "save the mask as PNG")
        ramp = np.arange(256, dtype=np.uint8).repeat(3)  # which Pillow leaves out
        self._colours = np.array(self._image.getpalette("RGB") or ramp, np.uint8).reshape(-1, 3)
        if (self._colours == self._colours[:, :1]).all():
            self.levels = 255
        else:
            self.palette = self._colours

    def pixels(self) -> Array:
        """Greys where all colours are grey: a GIF can save grey no other way, and writers reorder the indices."""
        indices = self._indices()
        if indices.max() >= len(self._colours):
            raise DamagedFile("the GIF has pixels without a colour", "write the file again")
        return self._colours[:, 0][indices] if self.palette is None else indices

    def _indices(self) -> Array:
        """A GIF has no check sum, and Pillow goes on where giflib sees damage; so both must find the same."""
        import imagecodecs

        indices = self._decoded(self._image)
        if not np.array_equal(indices, imagecodecs.gif_decode(self._data, asrgb=False)):
            raise DamagedFile("the pixel data of the GIF are altered", "fetch or write the file again")
        return indices


@READERS.add(suffixes=(".bmp",), magic=(b"BM",), holds="palette of 1, 4 or 8 bits (indices), RGB; not compressed")
class Bmp(_Picture):
    """BMP: the indices of its palette are the ids; colours need a table."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 54:
            raise DamagedFile("the BMP is cut", "fetch or write the file again")
        start, size, width, height, planes, bits, compression = struct.unpack_from("<IIiiHHI", data, 10)
        colours = int.from_bytes(data[46:50], "little") or 1 << min(bits, 8)
        if size not in (40, 108, 124) or planes != 1 or compression or bits not in (1, 4, 8, 24, 32):
            raise UnfitPixels(f"the BMP has {bits} bits by method {compression}", "save it uncompressed, or as PNG")
        super().__init__((abs(height), max(width, 0)), 1 if bits <= 8 else 3, 255 if bits > 8 else 0)
        table = 14 + size
        end = table + (4 * colours if bits <= 8 else 0)
        wanted = start + (width * bits + 31) // 32 * 4 * abs(height)
        if start < end or (bits <= 8 and colours > 1 << bits) or len(data) < wanted:
            raise DamagedFile("the BMP is cut, or its header does not fit", "fetch or write the file again")
        if len(data) > wanted + 2:  # some programs count the file in fours
            self.remarks.append(TrailingBytes(f"{len(data) - wanted:,} bytes follow the pixels", "save it again"))
        self._data, self._table = data, table
        if bits <= 8:
            self.palette = np.frombuffer(data, np.uint8, 4 * colours, table).reshape(-1, 4)[:, 2::-1]

    def pixels(self) -> Array:
        """Pillow reads a palette of greys as grey, of whatever bits; so it is shown one that is none."""
        from PIL import BmpImagePlugin

        _check_whole()
        data = bytearray(self._data)
        if not self.colour:
            data[self._table : self._table + 3] = b"\1\2\3"
        return self._decoded(BmpImagePlugin.BmpImageFile(io.BytesIO(data)))


_SPACE = rb"(?:\s|#[^\n\r]*[\n\r])+"
_HEADER = re.compile(rb"P([2356])" + _SPACE.join([b"", rb"(\d{1,9})", rb"(\d{1,9})", rb"(\d{1,5})"]) + rb"\s")
_PNM = tuple(b"P" + kind + space for kind in (b"2", b"3", b"5", b"6") for space in (b"\n", b" ", b"\t", b"\r", b"#"))


@READERS.add(suffixes=(".pgm", ".ppm", ".pnm"), magic=_PNM, holds="grey of up to 16 bits, RGB of up to 8")
class Pnm(_Picture):
    """PGM and PPM, as bytes or as text: grey values are the ids, whatever the largest is said to be."""

    def __init__(self, data: bytes) -> None:
        header = _HEADER.match(data[: 1 << 16])
        if header is None:
            raise DamagedFile("the header of the picture makes no sense", "fetch or write the file again")
        kind, width, height, self._most = (int(number) for number in header.groups())
        channels, self._wide = 3 if kind in (3, 6) else 1, self._most > 255
        if not 0 < self._most < 1 << 16:
            raise DamagedFile(f"the picture has values up to {self._most}", "write the file again")
        if channels == 3 and self._wide:
            raise UnfitPixels("the picture is in 16-bit colour", "save labels as 8 or 16-bit grey")
        super().__init__((height, width), channels, self._most, self._wide)
        self._kind, self._rest = kind, memoryview(data)[header.end() :]
        if kind in (2, 3):
            _check_text(bytes(self._rest), height * width * channels)
        elif len(self._rest) < self.nbytes:
            raise DamagedFile("the picture is cut", "fetch or write the file again")
        elif len(self._rest) > self.nbytes:
            more = len(self._rest) - self.nbytes
            self.remarks.append(TrailingBytes(f"{more:,} bytes follow the pixels", "save it again"))

    def pixels(self) -> Array:
        """Pillow stretches values to those of 8 or 16 bits; so it is told that these are the largest."""
        from PIL import PpmImagePlugin

        _check_whole()
        width, height, most = self.shape[1], self.shape[0], 65535 if self._wide else 255
        header = b"P%d %d %d %d\n" % (self._kind, width, height, most)
        array = self._decoded(PpmImagePlugin.PpmImageFile(io.BytesIO(header + bytes(self._rest))))
        if array.max() > self._most:
            raise DamagedFile(
                f"the picture holds {array.max()}, more than its header allows", "fetch or write the file again"
            )
        return array.astype(np.uint16 if self._wide else np.uint8, copy=False)


def _check_text(text: bytes, wanted: int) -> None:
    """Refuse a picture as text that is not just so many numbers, which Pillow would look at no further."""
    text = re.sub(rb"#[^\n\r]*", b" ", text)
    digits = np.frombuffer(text, np.uint8) - ord("0") < 10
    found = int(digits[:1].sum()) + int((digits[1:] & ~digits[:-1]).sum())
    if found != wanted or text.translate(None, b"0123456789 \t\r\n\v\f"):
        raise DamagedFile(f"the picture is not {wanted:,} numbers", "fetch or write the file again")
