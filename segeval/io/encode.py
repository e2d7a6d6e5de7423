"""Arrays as the bytes of a file: the same bytes for the same array, at any time and on any machine."""

import io
import zipfile

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
