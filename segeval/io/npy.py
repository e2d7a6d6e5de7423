"""NPY: one NumPy array; never unpickled."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from segeval.errors import DamagedFile, Remark, TrailingBytes, UnfitPixels
from segeval.io import READERS
from segeval.text import extent

MAGIC = b"\x93NUMPY"


@READERS.add(suffixes=(".npy",), magic=MAGIC, holds="bool, integers, float16 to float64, any number of axes")
class Npy:
    """NPY: integers are labels, floating point is labels or probabilities; its header is checked before its data."""

    colour = False

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self.shape, self._order, self._dtype, self._start = npy_header(data)
        self.levels = int(np.iinfo(self._dtype).max) if self._dtype.kind in "iu" else 1
        self.remarks: list[Remark] = []
        wanted, found = npy_size(self.shape, self._dtype), len(data) - self._start
        if found < wanted:
            raise DamagedFile(
                f"the NPY is cut: {found:,} of {wanted:,} bytes of {extent(self.shape)}", "fetch the file again"
            )
        if found > wanted:
            self.remarks.append(TrailingBytes(f"{found - wanted:,} bytes follow the array", "save it again"))

    def pixels(self) -> npt.NDArray[Any]:
        count = npy_size(self.shape, self._dtype) // self._dtype.itemsize
        array = np.frombuffer(self._data, self._dtype, count, self._start).reshape(self.shape, order=self._order)
        return array.astype(self._dtype.newbyteorder("="), copy=False)


def npy_header(data: bytes) -> tuple[tuple[int, ...], Any, np.dtype[Any], int]:
    """Shape, order ("C" or "F"), type, and where the array begins."""
    stream = io.BytesIO(data[: 1 << 16])
    version = np.lib.format.read_magic(stream)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if read is None:
        raise DamagedFile(f"the NPY has version {version[0]}.{version[1]}", "save it with numpy.save")
    try:
        shape, fortran, dtype = read(stream)
    except MemoryError as fault:  # how Python's parser answers to deep nesting
        raise DamagedFile("the NPY has a senseless header", "fetch or write the file again") from fault
    if dtype.hasobject:
        raise UnfitPixels("the array holds Python objects, which are never unpickled", "save labels as integers")
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise UnfitPixels(f"the array holds {dtype}", "save labels as integers, probabilities as float32")
    if any(n < 0 for n in shape):
        raise DamagedFile(f"the array announces the shape {shape}", "write the file again")
    return shape, "F" if fortran else "C", dtype, stream.tell()


def npy_size(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Bytes of the array, in integers of any size."""
    size = dtype.itemsize
    for n in shape:
        size *= n
    return size
