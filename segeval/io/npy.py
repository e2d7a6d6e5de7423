"""NPY: one NumPy array; never unpickled."""

import re
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from segeval.errors import DamagedFile, Remark, TrailingBytes, UnfitPixels
from segeval.io import READERS
from segeval.text import extent

Order = Literal["C", "F"]

MAGIC = b"\x93NUMPY"
_STARTS = {b"\1\0": 10, b"\2\0": 12, b"\3\0": 12}  # of the header, by version; its length stands before it
_LONGEST = 1 << 16  # bytes of a header that makes sense
_ENTRY = re.compile(
    r"""\s*(?P<quote>['"])(?P<key>\w+)(?P=quote)\s*:\s*
    (?:(?P<mark>['"])(?P<type>[^'"]*)(?P=mark)|(?P<records>\[.*\])|(?P<flag>True|False)|\((?P<shape>[\d\sL,-]*)\))
    \s*(?:,|(?=\}))""",
    re.VERBOSE | re.ASCII,
)


def _most(head: bytes) -> int:
    """How large a file of this header is."""
    shape, _, dtype, start = npy_header(head)
    return start + npy_size(shape, dtype)


@READERS.add(
    suffixes=(".npy",),
    magic=MAGIC,
    most=_most,
    holds="bool, integers, float16 to float64, any number of axes",
)
class Npy:
    """NPY: integers are labels, floating point is labels or probabilities; its header is checked before its data."""

    colour = False

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self.shape, self._order, self._dtype, self._start = npy_header(data)
        self.levels = int(np.iinfo(self._dtype).max) if self._dtype.kind in "iu" else 1
        self.remarks: list[Remark] = []
        wanted, found = npy_size(self.shape, self._dtype), len(data) - self._start
        self.nbytes = wanted
        if found < wanted:
            raise DamagedFile(
                f"the NPY is cut: {found:,} of {wanted:,} bytes of {extent(self.shape)}", "fetch the file again"
            )
        if found > wanted:
            self.remarks.append(TrailingBytes(f"{found - wanted:,} bytes follow the array", "save it again"))

    def pixels(self) -> npt.NDArray[Any]:
        count = npy_size(self.shape, self._dtype) // self._dtype.itemsize
        array = np.frombuffer(self._data, self._dtype, count, self._start).reshape(self.shape, order=self._order)
        if self._dtype.kind == "b" and (array.view(np.uint8) > 1).any():
            raise DamagedFile("the array of bool holds bytes other than 0 and 1", "fetch or write the file again")
        return array.astype(self._dtype.newbyteorder("="), copy=False)


def npy_header(data: bytes) -> tuple[tuple[int, ...], Order, np.dtype[Any], int]:
    """Shape, order, type, and where the array begins.

    Read by a grammar of what is written into such headers: Python's own parser warns about some, and takes far more.
    """
    start = _STARTS.get(data[6:8])
    if start is None:
        raise DamagedFile("the NPY is cut, or of an unknown version", "fetch it again, or save it with numpy.save")
    end = start + int.from_bytes(data[8:start], "little")
    if len(data) < start or end > min(len(data), _LONGEST):
        raise DamagedFile("the NPY is cut, or its header far too long", "fetch or write the file again")
    entries = _entries(data[start:end].decode("latin-1").strip(" \t\r\n"))
    if set(entries) != {"type", "flag", "shape"}:
        raise DamagedFile("the NPY has a senseless header", "fetch or write the file again")
    shape = _shape(entries["shape"])
    return shape, "F" if entries["flag"] == "True" else "C", _type(entries["type"], data), end


def _entries(header: str) -> dict[str, str]:
    """The three entries of a header by what they are; fewer where it is malformed."""
    kinds = {"descr": "type", "fortran_order": "flag", "shape": "shape"}
    found: dict[str, str] = {}
    at = 1
    while header[:1] == "{" and (entry := _ENTRY.match(header, at)):
        kind = "type" if entry["records"] else str(entry.lastgroup)
        if kind in found or kinds.get(entry["key"]) != kind:
            return {}
        found[kind] = entry["records"] or entry[kind]
        at = entry.end()
    return found if header[at:].strip(" ") == "}" else {}


def _shape(text: str) -> tuple[int, ...]:
    """The extents, which Python 2 wrote as 3L."""
    numbers = [number.strip() for number in text.split(",")]
    if numbers[-1] == "":
        numbers.pop()
    if not all(re.fullmatch(r"-?(0|[1-9]\d{0,98})L?", number) for number in numbers):
        raise DamagedFile("the NPY has a senseless shape", "fetch or write the file again")
    shape = tuple(int(number.rstrip("L")) for number in numbers)
    if any(n < 0 for n in shape):
        raise DamagedFile(f"the array announces the shape {shape}", "write the file again")
    return shape


def _type(text: str, data: bytes) -> np.dtype[Any]:
    """The type of the array, if it can hold labels or probabilities."""
    if "O" in text and b"outlines" in data:
        raise UnfitPixels(
            "the array holds Python objects, which are never unpickled: a _seg.npy of Cellpose does",
            "let Cellpose write the masks as well, with --save_png or --save_tif, and score *_cp_masks.png",
        )
    if "O" in text:
        raise UnfitPixels("the array holds Python objects, which are never unpickled", "save labels as integers")
    if re.fullmatch(r"[<>=|]?[biuf][1248]|bool|u?int(8|16|32|64)|float(16|32|64)", text):
        return np.dtype(text)
    if re.fullmatch(r"\[.*\]|[<>=|]?[a-zA-Z]\d*(\[\w+\])?", text):
        what = "records" if text[0] == "[" else text
        raise UnfitPixels(f"the array holds {what}", "save labels as integers, probabilities as float32")
    raise DamagedFile("the NPY has a senseless type", "fetch or write the file again")


def npy_size(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Bytes of the array, in integers of any size."""
    size = dtype.itemsize
    for n in shape:
        size *= n
    return size
