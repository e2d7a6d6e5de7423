"""Named arrays in one file: always the same bytes for the same arrays, and read back without trust."""

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from segeval.evidence.run_length import Array
from segeval.io.npy import Npy
from segeval.io.write import atomic_bytes

_DATED = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say


def write(path: Path, arrays: Iterable[tuple[str, Array]]) -> None:
    """Write an NPZ, stored and not deflated, whole or not at all; numpy.load reads it too."""
    with atomic_bytes(path) as stream:
        _put(stream, arrays)


def content(arrays: Iterable[tuple[str, Array]]) -> bytes:
    """The bytes of such a file."""
    stream = io.BytesIO()
    _put(stream, arrays)
    return stream.getvalue()


def _put(stream: BinaryIO, arrays: Iterable[tuple[str, Array]]) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays:
            info = zipfile.ZipInfo(f"{name}.npy", _DATED)
            info.create_system = 3  # the same on every system
            with archive.open(info, "w", force_zip64=array.nbytes >= 1 << 31) as member:
                np.lib.format.write_array(member, _portable(array), (1, 0), allow_pickle=False)


def read(data: bytes) -> dict[str, Array]:
    """The arrays of such a file.  ValueError, BadZipFile or a `SegevalError` where it is none, or damaged."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if any(each.compress_type != zipfile.ZIP_STORED or each.file_size != each.compress_size for each in members):
            raise ValueError("its arrays are not simply stored")
        found = {each.filename.removesuffix(".npy"): _array(archive.read(each)) for each in members}
    if len(found) < len(members):
        raise ValueError("it holds an array twice")
    return found


def _array(data: bytes) -> Array:
    npy = Npy(data)
    if npy.remarks:
        raise ValueError(npy.remarks[0].message)
    return npy.pixels()


def _portable(array: Array) -> Array:
    """The array as little-endian machines keep it, in C order."""
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")
