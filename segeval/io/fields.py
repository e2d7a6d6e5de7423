"""The directories of a TIFF file: every field that is gone by is checked before anything believes it."""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from segeval.errors import DamagedFile
from segeval.text import counted

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_KINDS = {1: ("BYTE", 1), 2: ("ASCII", 1), 3: ("SHORT", 2), 4: ("LONG", 4), 5: ("RATIONAL", 8), 6: ("SBYTE", 1)}
_KINDS |= {7: ("UNDEFINED", 1), 8: ("SSHORT", 2), 9: ("SLONG", 4), 10: ("SRATIONAL", 8), 11: ("FLOAT", 4)}
_KINDS |= {12: ("DOUBLE", 8), 13: ("IFD", 4), 16: ("LONG8", 8), 17: ("SLONG8", 8), 18: ("IFD8", 8)}
_UNKNOWN = ("unknown", 1)
_WHOLE = {3: "u2", 4: "u4", 16: "u8"}  # the kinds of a whole number that the standard uses, as they stand in the file
_ASCII, _RATIONAL = 2, 5


Order = Literal["<", ">"]  # of bytes, as NumPy and struct write it


class Tag(IntEnum):
    """The fields that are gone by, under the names of the standard."""

    NewSubfileType = 254
    SubfileType = 255
    ImageWidth = 256
    ImageLength = 257
    BitsPerSample = 258
    Compression = 259
    PhotometricInterpretation = 262
    FillOrder = 266
    ImageDescription = 270
    StripOffsets = 273
    Orientation = 274
    SamplesPerPixel = 277
    RowsPerStrip = 278
    StripByteCounts = 279
    XResolution = 282
    YResolution = 283
    PlanarConfiguration = 284
    Predictor = 317
    ColorMap = 320
    TileWidth = 322
    TileLength = 323
    TileOffsets = 324
    TileByteCounts = 325
    ExtraSamples = 338
    SampleFormat = 339
    ImageDepth = 32997
    UIC2 = 33629  # of MetaMorph, which keeps a stack behind one page
    GdalNodata = 42113


_KNOWN = {int(tag) for tag in Tag}


class Directory:
    """The fields of one page; each is read, and its kind and its number of values checked, when it is asked for."""

    def __init__(self, order: Order, found: dict[int, tuple[int, int, bytes]]) -> None:
        self.order: Order = order
        self._found = found

    def __contains__(self, tag: Tag) -> bool:
        return tag in self._found

    def count(self, tag: Tag) -> int:
        """How many values a field has; 0 where there is none."""
        return self._found[tag][1] if tag in self._found else 0

    def numbers(self, tag: Tag) -> npt.NDArray[Any]:
        """The whole numbers of a field, as many as it says."""
        kind, _, values = self._field(tag)
        if kind not in _WHOLE:
            raise self._unlike(tag, "whole numbers")
        return np.frombuffer(values, f"{self.order}{_WHOLE[kind]}").astype(np.uint64)

    def number(self, tag: Tag, default: int | None = None) -> int:
        """The one whole number of a field, or the default where there is no such field."""
        if tag not in self._found and default is not None:
            return default
        kind, count, values = self._field(tag)
        if kind not in _WHOLE or count != 1:
            raise self._unlike(tag, "one whole number")
        return int.from_bytes(values, "little" if self.order == "<" else "big")

    def same(self, tag: Tag, default: int, samples: int) -> int | None:
        """The number that all samples share, given once or once for each; None where they differ."""
        if tag not in self._found:
            return default
        numbers = self.numbers(tag)
        if numbers.size not in (1, samples):
            raise self._unlike(tag, f"one whole number or {samples}")
        return int(numbers[0]) if (numbers == numbers[0]).all() else None

    def text(self, tag: Tag) -> str:
        """The text of a field; empty where there is none."""
        if tag not in self._found:
            return ""
        kind, _, values = self._field(tag)
        if kind != _ASCII:
            raise self._unlike(tag, "text")
        return values.rstrip(b"\0").decode("utf-8", "replace")

    def fraction(self, tag: Tag) -> float:
        """The positive fraction of a field; 0 where there is none, or none that makes sense."""
        if tag not in self._found:
            return 0.0
        kind, count, values = self._field(tag)
        if kind != _RATIONAL or count != 1:
            raise self._unlike(tag, "one fraction")
        over, under = struct.unpack(f"{self.order}2I", values)
        return over / under if under else 0.0

    def _field(self, tag: Tag) -> tuple[int, int, bytes]:
        if tag not in self._found:
            raise DamagedFile(f"the TIFF has no field {_shown(tag)}", "fetch or write the file again")
        return self._found[tag]

    def _unlike(self, tag: Tag, wanted: str) -> DamagedFile:
        kind, count, _ = self._found[tag]
        values = f"{counted(count, 'value')} of type {_KINDS.get(kind, _UNKNOWN)[0]}"
        return DamagedFile(f"the field {_shown(tag)} of the TIFF has {values}, not {wanted}", "write the file again")


def directories(data: bytes) -> Iterator[Directory]:
    """The pages of a file, which must not overlap nor go in a circle, and whose fields must lie within it."""
    order: Order = "<" if data.startswith(b"II") else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    at, entries, entry, width = (8, "Q", "HHQ8s", 8) if big else (4, "H", "HHI4s", 4)
    if big and (_unsigned(data, 4, 2, order), _unsigned(data, 6, 2, order)) != (8, 0):
        raise DamagedFile("the header of the BigTIFF makes no sense", "fetch or write the file again")
    head, size = struct.calcsize(f"={entries}"), struct.calcsize(f"={entry}")
    taken = values = 0
    at = _unsigned(data, at, width, order)
    while at:
        count = _unsigned(data, at, head, order)
        end = at + head + size * count
        taken += end + width - at
        if taken > len(data) or end + width > len(data):
            raise DamagedFile("the TIFF has pages that overlap or go in a circle", "fetch or write the file again")
        found = _fields(data, order, f"{order}{entry}", at + head, end)
        values += sum(len(content) for _, _, content in found.values())
        if values > 4 * len(data):  # some may be shared
            raise DamagedFile("the TIFF has pages whose fields overlap", "fetch or write the file again")
        yield Directory(order, found)
        at = _unsigned(data, end, width, order)


def _unsigned(data: bytes, at: int, width: int, order: Order) -> int:
    """The unsigned number at a place, which must be there."""
    if at + width > len(data):
        raise DamagedFile(f"the TIFF is cut: byte {at + width:,} of {len(data):,} is asked for", "fetch the file again")
    return int.from_bytes(data[at : at + width], "little" if order == "<" else "big")


def _fields(data: bytes, order: Order, entry: str, start: int, end: int) -> dict[int, tuple[int, int, bytes]]:
    """Kind, number of values and values of the known fields between two places."""
    found: dict[int, tuple[int, int, bytes]] = {}
    for tag, kind, count, inline in struct.iter_unpack(entry, data[start:end]):
        if tag not in _KNOWN:
            continue
        length = count * _KINDS.get(kind, _UNKNOWN)[1]
        values = inline[:length]
        if length > len(inline):
            at = int.from_bytes(inline, "little" if order == "<" else "big")
            if at + length > len(data):
                raise DamagedFile(f"the field {_shown(tag)} of the TIFF leads out of the file", "fetch the file again")
            values = data[at : at + length]
        if not count:
            raise DamagedFile(f"the field {_shown(tag)} of the TIFF is empty", "fetch or write the file again")
        if found and tag <= next(reversed(found)):  # a damaged tag takes the meaning from another field
            raise DamagedFile(f"the field {_shown(tag)} of the TIFF is out of order", "write the file again")
        found[tag] = (kind, count, values)
    return found


def _shown(tag: int) -> str:
    return f"{int(tag)} ({Tag(tag).name})"
