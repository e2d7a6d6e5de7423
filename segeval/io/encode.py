"""Arrays as the bytes of a file: the same bytes for the same array, at any time and on any machine."""

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np

from segeval.io import Array

_LEVEL = 6  # of deflate


def encoded(array: Array, form: str) -> bytes:
    """The content of a file of this form: npy, npz, tiff or png."""
    return {"npy": _npy, "npz": _npz, "tiff": _tiff, "png": _png}[form](np.ascontiguousarray(array))


def _npy(array: Array) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def _npz(array: Array) -> bytes:
    stream = io.BytesIO()
    member = zipfile.ZipInfo("weights.npy")  # dated 1980
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(member, _npy(array), zipfile.ZIP_DEFLATED, _LEVEL)
    return stream.getvalue()


def _tiff(array: Array) -> bytes:
    """Deflate, one page for each plane, no date and no program."""
    import tifffile

    stream = io.BytesIO()
    pages = array.reshape(-1, *array.shape[-2:]) if array.ndim > 1 else array[None, None]
    with tifffile.TiffWriter(stream) as writer:
        for page in pages:
            writer.write(
                page,
                photometric="minisblack",
                compression="zlib",
                compressionargs={"level": _LEVEL},
                metadata=None,
                software=False,
            )
    return stream.getvalue()


def _png(array: Array) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.png_encode(array, level=_LEVEL))


def indexed(array: Array, colours: Sequence[tuple[int, int, int, int]]) -> bytes:
    """A PNG of indices (H, W) into a table of at most 256 colours with their opacities, in as few bits as it takes."""
    import imagecodecs

    depth = next(bits for bits in (1, 2, 4, 8) if len(colours) <= 1 << bits)
    height, width = array.shape
    each = 8 // depth
    padded = np.zeros((height, -(-width // each) * each), np.uint8)
    padded[:, :width] = array
    packed = padded[:, ::each] << (8 - depth)
    for n in range(1, each):
        packed |= padded[:, n::each] << (8 - depth * (n + 1))
    rows = np.hstack([np.zeros((height, 1), np.uint8), packed])  # each begins with its filter: none
    table = np.array(colours, np.uint8)
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, depth, 3, 0, 0, 0),
        b"PLTE": table[:, :3].tobytes(),
        b"tRNS": table[:, 3].tobytes(),
        b"IDAT": bytes(imagecodecs.deflate_encode(rows.tobytes(), level=_LEVEL)),  # twice as quick as zlib
        b"IEND": b"",
    }
    chunks = [struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in parts.items()]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
