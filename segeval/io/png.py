"""PNG: the header decides how it is read, because decoders rescale, truncate and colour label ids."""

import struct
import sys
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from segeval.errors import DamagedFile, Remark, Rotated, SeveralFrames, TailMissing, TrailingBytes, UnfitPixels
from segeval.io import READERS
from segeval.text import extent, safe_text

Array = npt.NDArray[Any]

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
_PIXELS = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}  # all that is needed to understand the pixels
_KEPT = {*_PIXELS, b"acTL", b"eXIf"}
_FILTERS = 5


def _most(head: bytes) -> int:
    """How large a file of this header can be: twice its pixels, as they stand before they are compressed."""
    width, height, depth, kind = struct.unpack_from(">IIBB", head.ljust(26, b"\0"), 16)
    row: int = 1 + width * depth * _CHANNELS.get(kind, 1) // 8
    return 2 * row * int(height)


@READERS.add(
    suffixes=(".png",),
    magic=SIGNATURE,
    most=_most,
    holds="grey 1 to 16 bits, palette (indices), RGB and RGBA 8 bits",
)
class Png:
    """PNG: grey values and palette indices are the ids; colours need a table.

    Every check sum is verified first, of each chunk and of all pixels, so that the result never depends on which
    decoder would have noticed. Only the rows of pixels ever meet a decoder: no text, profile or date of the file does.
    """

    def __init__(self, data: bytes) -> None:
        self._chunks: dict[bytes, bytes] = {}
        self._parts: list[memoryview] = []
        self.remarks: list[Remark] = []
        self._walk(memoryview(data))
        width, height, self._depth, self._kind, self._interlaced = self._header()
        self.shape = (height, width)
        self.colour = self._kind in (RGB, GREY_ALPHA, RGBA)
        self.nbytes = width * height * _CHANNELS[self._kind] * (2 if self._depth == 16 else 1)
        self.levels = 0 if self._kind == PALETTE else (1 << self._depth) - 1
        self._refuse_unfit()

    def _walk(self, data: memoryview) -> None:
        """Check every chunk and keep the content of those that matter."""
        at, before = len(SIGNATURE), b""
        while at + 8 <= len(data):
            length, kind = struct.unpack_from(">I4s", data, at)
            end = at + 12 + length
            if end > len(data):
                if kind == b"IEND":
                    break
                raise DamagedFile(f"the PNG is cut inside {_shown(kind)}", "fetch or write the file again")
            if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
                raise DamagedFile(f"the check sum of {_shown(kind)} is wrong", "fetch or write the file again")
            if (kind == b"IHDR") != (not before):
                what = "has a second header" if before else f"begins with {_shown(kind)} instead of IHDR"
                raise DamagedFile(f"the PNG {what}", "write the file again")
            if kind[:1].isupper() and kind not in _PIXELS:
                raise DamagedFile(f"the PNG needs the unknown chunk {_shown(kind)} to be understood", "write it again")
            if kind == b"IDAT":
                if self._parts and before != b"IDAT":
                    raise DamagedFile("the pixel data of the PNG are interrupted", "write the file again")
                self._parts.append(data[at + 8 : end - 4])
            elif kind in _KEPT:
                self._chunks.setdefault(kind, bytes(data[at + 8 : end - 4]))
            at, before = end, kind
            if kind == b"IEND":
                break
        self._judge_end(len(data) - at)

    def _judge_end(self, more: int) -> None:
        if not self._parts:
            raise DamagedFile("the PNG has no pixel data", "fetch or write the file again")
        if b"IEND" not in self._chunks:
            self.remarks.append(TailMissing("the PNG has no end mark", "save it again"))
        elif more:
            self.remarks.append(TrailingBytes(f"{more:,} bytes follow the end of the PNG", "save it again"))

    def _header(self) -> tuple[int, int, int, int, bool]:
        header = self._chunks.get(b"IHDR", b"")
        if len(header) != 13:
            raise DamagedFile("the PNG header is malformed", "write the file again")
        width, height, depth, kind, compression, filtering, interlace = struct.unpack(">IIBBBBB", header)
        if depth not in _DEPTHS.get(kind, ()) or compression or filtering or interlace > 1:
            raise DamagedFile(
                f"the PNG header is impossible: colour type {kind} with {depth} bits", "write the file again"
            )
        if kind == PALETTE and len(self._chunks.get(b"PLTE", b"")) not in range(3, 769, 3):
            raise DamagedFile("the PNG has no palette, or one of an impossible length", "write the file again")
        return width, height, depth, kind, bool(interlace)

    def _refuse_unfit(self) -> None:
        if b"acTL" in self._chunks:
            frames = int.from_bytes(self._chunks[b"acTL"][:4], "big")
            raise SeveralFrames(f"the PNG is an animation of {frames} frames", "save the frame that is the mask")
        if self._depth == 16 and self.colour:
            raise UnfitPixels(f"the PNG is {extent(self.shape)} in 16-bit colour", "save labels as 8 or 16-bit grey")
        if _orientation(self._chunks.get(b"eXIf", b"")) != 1:
            raise Rotated("the PNG carries an EXIF orientation", "save the mask upright, without the tag")

    @property
    def palette(self) -> npt.NDArray[Any] | None:
        """(n, 3) the colours of the indices."""
        if self._kind != PALETTE:
            return None
        return np.frombuffer(self._chunks[b"PLTE"], np.uint8).reshape(-1, 3)

    def pixels(self) -> Array:
        rows = self._inflated()
        if not self._interlaced:
            return self._samples(rows, *self.shape)
        channels = [_CHANNELS[self._kind]] if self.colour else []
        array, at = np.empty((*self.shape, *channels), np.uint16 if self._depth == 16 else np.uint8), 0
        for (x, y, dx, dy), height, width in self._passes():
            end = at + height * (1 + self._row(width))
            array[y::dy, x::dx] = self._samples(rows[at:end], height, width)
            at = end
        return array

    def _passes(self) -> Iterator[tuple[tuple[int, int, int, int], int, int]]:
        """Where the parts of an image stand that are not empty, with their heights and widths."""
        height, width = self.shape
        for x, y, dx, dy in _ADAM7 if self._interlaced else [(0, 0, 1, 1)]:
            if x < width and y < height:
                yield (x, y, dx, dy), -(-(height - y) // dy), -(-(width - x) // dx)

    def _row(self, width: int) -> int:
        """Bytes of a row without its filter type."""
        return -(-width * self._depth * _CHANNELS[self._kind] // 8)

    def _inflated(self) -> Array:
        """All rows, each with its filter type: just as many as there must be, and their check sum is right."""
        import imagecodecs

        size = sum(height * (1 + self._row(width)) for _, height, width in self._passes())
        stream, room = b"".join(self._parts), np.empty(size + 1, np.uint8)
        try:
            rows: Any = imagecodecs.deflate_decode(stream, out=room.data)
        except imagecodecs.DeflateError as fault:
            raise _stream_fault(stream, size) from fault
        if len(rows) != size or _goes_on(stream, struct.pack(">I", imagecodecs.deflate_adler32(rows))):
            raise _stream_fault(stream, size)
        return room[:size]

    def _samples(self, rows: Array, height: int, width: int) -> Array:
        """The samples of rows that lie behind each other."""
        channels, lines = _CHANNELS[self._kind], rows.reshape(height, -1)
        packed = lines[:, 1:]
        if lines[:, 0].any():
            packed = _unfiltered(lines, channels, self._depth)
        if self._depth < 8:
            return _unpacked(packed, self._depth)[:, :width]
        packed = np.ascontiguousarray(packed)
        if self._depth == 16:
            return packed.view(">u2").astype(np.uint16)
        return packed.reshape(height, width, channels) if channels > 1 else packed


def _goes_on(stream: bytes, check: bytes) -> bool:
    """Whether bytes follow the end of the stream, where the check sum of its content stands; decoders ignore them."""
    if stream.find(check) == len(stream) - len(check):
        return False
    _, _, more = _drained(stream, sys.maxsize)
    return more


def _stream_fault(stream: bytes, size: int) -> DamagedFile:
    """What is wrong with pixel data of a file whose chunks are whole."""
    try:
        found, ended, more = _drained(stream, size)
    except zlib.error:
        return DamagedFile("the pixel data of the PNG are altered", "fetch or write the file again")
    if found > size or more:
        return DamagedFile("the PNG has more pixel data than its header says", "write the file again")
    if not ended:
        return DamagedFile("the PNG is cut between its pixel data", "fetch or write the file again")
    return DamagedFile("the PNG has fewer rows than its header says", "fetch or write the file again")


def _drained(stream: bytes, most: int) -> tuple[int, bool, bool]:
    """How many bytes a stream holds, whether it comes to its end, and whether more follow; stops beyond so many."""
    decoder, found, step = zlib.decompressobj(), 0, 1 << 16
    for at in range(0, len(stream), step):
        part = stream[at : at + step]
        while part and not decoder.eof and found <= most:
            found += len(decoder.decompress(part, step))
            part = decoder.unconsumed_tail
        if decoder.eof or found > most:
            return found, decoder.eof, bool(decoder.unused_data) or at + step < len(stream)
    return found, decoder.eof, False


def _unfiltered(lines: Array, channels: int, depth: int) -> Array:
    """Rows of bytes without their filters, by libpng.

    Filters work on bytes, whatever these mean. So the decoder gets a file of grey or colour bytes, with the header and
    the rows alone, which it need not inflate.
    """
    import imagecodecs

    if lines[:, 0].max() >= _FILTERS:
        raise DamagedFile("the PNG has rows with an unknown filter", "fetch or write the file again")
    height, width = len(lines), (lines.shape[1] - 1) // (channels * max(depth, 8) // 8)
    kind = {1: GREY, 2: GREY_ALPHA, 3: RGB, 4: RGBA}[channels]
    header = struct.pack(">IIBBBBB", width, height, max(depth, 8), kind, 0, 0, 0)
    file = b"".join([SIGNATURE, *_chunk(b"IHDR", [header]), *_chunk(b"IDAT", _stored(lines)), *_chunk(b"IEND", [])])
    pixels = np.asarray(imagecodecs.png_decode(file))
    if depth == 16:
        pixels = pixels.astype(">u2").view(np.uint8)
    return pixels.reshape(height, -1)


def _stored(lines: Array) -> list[Any]:
    """A zlib stream of blocks that are not compressed."""
    import imagecodecs

    flat: Any = lines.reshape(-1).data
    most = 65535
    parts: list[Any] = [b"\x78\x01"]
    for at in range(0, len(flat), most):
        block = flat[at : at + most]
        parts += [struct.pack("<BHH", at + most >= len(flat), len(block), len(block) ^ most), block]
    return [*parts, struct.pack(">I", imagecodecs.deflate_adler32(flat))]


def _chunk(kind: bytes, parts: list[Any]) -> list[Any]:
    """The parts of a chunk."""
    import imagecodecs

    check = imagecodecs.deflate_crc32(kind)
    for part in parts:
        check = imagecodecs.deflate_crc32(part, check)
    return [struct.pack(">I", sum(len(part) for part in parts)), kind, *parts, struct.pack(">I", check)]


def _unpacked(packed: Array, depth: int) -> Array:
    """Bytes as the samples that they hold, the first in the highest bits."""
    if depth == 1:
        return np.unpackbits(packed, axis=1)
    shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
    samples = packed[:, :, None] >> shifts & np.uint8((1 << depth) - 1)
    return samples.reshape(len(packed), -1)


def _orientation(exif: bytes) -> int:
    """The orientation that EXIF data tell; 1 where they tell none."""
    exif = exif.removeprefix(b"Exif\0\0")
    if not exif:
        return 1
    if exif[:4] not in (b"II*\0", b"MM\0*"):
        raise DamagedFile("the EXIF data of the PNG make no sense", "save the mask without them")
    order = ">" if exif[:1] == b"M" else "<"
    (at,) = struct.unpack_from(f"{order}I", exif.ljust(8, b"\0"), 4)
    (count,) = struct.unpack(f"{order}H", exif[at : at + 2].ljust(2, b"\0"))
    fields = exif[at + 2 : at + 2 + 12 * count]
    for tag, kind, _, value in struct.iter_unpack(f"{order}HHI4s", fields[: len(fields) // 12 * 12]):
        if tag == 0x0112:
            return int.from_bytes(value[: 2 if kind == 3 else 4], "big" if order == ">" else "little")
    return 1


def _shown(kind: bytes) -> str:
    return safe_text(kind.decode("ascii", "backslashreplace"))
