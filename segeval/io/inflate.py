"""Whole files that are deflated: gzip of one or several members, or a zlib stream; verified to the end."""

import zlib
from typing import Any, Literal

import numpy as np

from segeval.errors import DamagedFile, Remark, TooLarge, TrailingBytes
from segeval.io import Array

Wrapping = Literal["gzip", "zlib"]

_BITS = {"gzip": 31, "zlib": 15}
GZIP = b"\x1f\x8b"
_PIECE = 1 << 16  # bytes that are given to the decoder at a time
_MOST_AFTER = 1 << 26  # bytes behind the pixels that are inflated to see the check sum


def beginning(data: bytes, size: int, wrapping: Wrapping = "gzip") -> bytes:
    """The first bytes of what is deflated, or as many as this beginning of the file holds."""
    found = b""
    stream = _Stream(data, wrapping)
    while len(found) < size and (plain := stream.more(size)):
        found += plain
    return found[:size]


def inflated(data: bytes | memoryview, size: int, remarks: list[Remark], wrapping: Wrapping = "gzip") -> Array:
    """uint8: `size` bytes from the start, after all that is there was inflated and its check sums were right.

    A remark is added where more follows. DamagedFile where there is less, or a check sum or a length is wrong.
    """
    out = np.empty(size, np.uint8)
    if not _at_once(data, out, wrapping):
        _by_pieces(data, out, remarks, wrapping)
    return out


def _at_once(data: bytes | memoryview, out: Array, wrapping: Wrapping) -> bool:
    """Whether one member holds just that many bytes, and is whole; five times as fast as by pieces."""
    import imagecodecs

    if wrapping == "gzip" and int.from_bytes(data[-4:], "little") != out.size % (1 << 32):
        return False
    decode: Any = imagecodecs.gzip_decode if wrapping == "gzip" else imagecodecs.zlib_decode
    try:
        found = len(decode(data, out=out))
    except Exception:  # damaged, or another length: looked at again, to tell which
        return False
    ends = wrapping == "gzip" or int.from_bytes(data[-4:], "big") == imagecodecs.deflate_adler32(memoryview(out))  # type: ignore[arg-type]
    return found == out.size and ends


def _by_pieces(data: bytes | memoryview, out: Array, remarks: list[Remark], wrapping: Wrapping) -> None:
    size, found, stream = out.size, 0, _Stream(data, wrapping)
    while plain := stream.more(16 * _PIECE):
        kept = plain[: max(size - found, 0)]
        out[found : found + len(kept)] = np.frombuffer(kept, np.uint8)
        found += len(plain)
        if found > size + _MOST_AFTER:
            what = f"more than {_MOST_AFTER:,} bytes follow the {size:,} that the header announces"
            raise TooLarge(what, "write the file again")
    if not stream.whole:
        what = f"the {wrapping} stream is cut: {found:,} bytes came out of it, and {size:,} are announced"
        raise DamagedFile(what, "fetch the file again")
    if found < size:
        what = f"the {wrapping} stream is whole, but holds {found:,} of the {size:,} bytes that are announced"
        raise DamagedFile(what, "write the file again: the program that wrote it broke off")
    if follow := found - size + stream.left:
        remarks.append(TrailingBytes(f"{follow:,} bytes follow the pixels", "save it again"))


class _Stream:
    """What comes out of a deflated file, member by member."""

    def __init__(self, data: bytes | memoryview, wrapping: Wrapping) -> None:
        self._data, self._wrapping, self._at = memoryview(data), wrapping, 0
        self._member = zlib.decompressobj(_BITS[wrapping])

    @property
    def whole(self) -> bool:
        """Whether the last member came to its end, where its check sum was right."""
        return self._member.eof

    @property
    def left(self) -> int:
        """How many bytes follow the last member."""
        return len(self._data) - self._at

    def more(self, most: int) -> bytes:
        """Some more bytes; none at the end."""
        plain = b""
        while not plain and self._ready():
            piece = self._member.unconsumed_tail
            if not piece:
                piece = bytes(self._data[self._at : self._at + _PIECE])
                self._at += len(piece)
            try:
                plain = self._member.decompress(piece, most)
            except zlib.error as fault:
                what = f"the {self._wrapping} stream is damaged: {str(fault).rpartition(': ')[2]}"
                raise DamagedFile(what, "fetch or write the file again") from fault
            self._at -= len(self._member.unused_data)
        return plain

    def _ready(self) -> bool:
        """Whether there is anything to inflate, in this member or in the next."""
        if not self._member.eof:
            return bool(self.left or self._member.unconsumed_tail)
        if self._wrapping == "gzip" and bytes(self._data[self._at : self._at + 2]) == GZIP:
            self._member = zlib.decompressobj(_BITS[self._wrapping])
            return True
        return False
