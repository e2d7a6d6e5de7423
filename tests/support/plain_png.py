"""PNG decoded in the plainest way, from the specification alone: slow, strict, and written apart from the program."""

import struct
import zlib
from typing import Any

import numpy as np

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def decode(data: bytes) -> Any:
    """The samples as they stand in the file, without colours and without scaling; ValueError for any damage."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("no PNG")
    at, header, stream = 8, b"", b""
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if zlib.crc32(kind + content) != int.from_bytes(data[at + 8 + length : at + 12 + length], "big"):
            raise ValueError(f"check sum of {kind!r}")
        header = header or content
        stream += content if kind == b"IDAT" else b""
        at += 12 + length
        if kind == b"IEND":
            break
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    inflater = zlib.decompressobj()
    rows = inflater.decompress(stream, 1 << 28)
    if not inflater.eof or inflater.unused_data:
        raise ValueError("the stream does not end where it should")
    channels, start = CHANNELS[colour], 0
    image = np.zeros((height, width, channels), np.uint16)
    for x, y, dx, dy in PASSES if interlaced else [(0, 0, 1, 1)]:
        place = image[y::dy, x::dx]
        if not place.size:
            continue
        size = -(-place.shape[1] * channels * depth // 8)
        before = bytes(size)
        for line in place:
            if start + 1 + size > len(rows):
                raise ValueError("too few rows")
            before = unfiltered(rows[start], rows[start + 1 : start + 1 + size], before, max(1, channels * depth // 8))
            line[...] = samples(before, depth)[: line.size].reshape(line.shape)
            start += 1 + size
    if start != len(rows):
        raise ValueError("too many rows")
    return image[..., 0] if channels == 1 else image


def unfiltered(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    """One row without its filter."""
    if kind > 4:
        raise ValueError(f"filter {kind}")
    found = bytearray(row)
    for n, value in enumerate(row):
        left, up = (found[n - step] if n >= step else 0), above[n]
        corner = above[n - step] if n >= step else 0
        found[n] = (value + (0, left, up, (left + up) // 2, paeth(left, up, corner))[kind]) % 256
    return bytes(found)


def paeth(left: int, up: int, corner: int) -> int:
    """The neighbour nearest to left + up - corner; at a tie left, then up."""
    guess = left + up - corner
    return min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]


def samples(row: bytes, depth: int) -> Any:
    """The numbers of so many bits, the first in the highest."""
    bits = "".join(f"{byte:08b}" for byte in row)
    return np.array([int(bits[n : n + depth], 2) for n in range(0, len(bits) - depth + 1, depth)], np.uint16)
