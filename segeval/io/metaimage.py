"""MetaImage in one file (MHA), as ITK writes it; what is said to lie in another file is never opened."""

import re

import numpy as np

from segeval.errors import DamagedFile, RefusedFormat, UnfitPixels
from segeval.io import READERS, Array
from segeval.io.inflate import GZIP, Wrapping
from segeval.io.volumes import AGAIN, Volume

_LONGEST = 1 << 16  # bytes of a header
_TYPES = {"CHAR": "i1", "UCHAR": "u1", "SHORT": "i2", "USHORT": "u2", "INT": "i4", "UINT": "u4", "LONG": "i4"}
_TYPES |= {"ULONG": "u4", "LONG_LONG": "i8", "ULONG_LONG": "u8", "FLOAT": "f4", "DOUBLE": "f8"}
_ORDERS = ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")
_PLACES, _MATRICES = ("Offset", "Position", "Origin"), ("TransformMatrix", "Rotation", "Orientation")


@READERS.add(
    suffixes=(".mha",),
    magic=(b"ObjectType = Image", b"ObjectType=Image", b"NDims = "),
    holds="volumes in one file, stored or deflated; integers of 8 to 64 bits, float; spacing and place",
)
class MetaImage(Volume):
    """MetaImage: axes in reverse (z, y, x), channels first; its pixels stand in the file itself, or it is refused."""

    def __init__(self, data: bytes) -> None:
        fields, start = _fields(data)
        ndims = _whole(fields, "NDims", 1)[0]
        if not 1 <= ndims <= 5:
            raise DamagedFile(f"the MetaImage has {ndims} axes", AGAIN)
        dims = _whole(fields, "DimSize", ndims)
        channels = _whole({"ElementNumberOfChannels": "1"} | fields, "ElementNumberOfChannels", 1)[0]
        if min(*dims, channels) < 1:
            raise DamagedFile(f"the MetaImage announces {dims} voxels of {channels} channels", AGAIN)
        kind = fields.get("ElementType", "").removeprefix("MET_").removesuffix("_ARRAY")
        if kind not in _TYPES:
            raise UnfitPixels(f"the MetaImage holds {fields.get('ElementType')}", "save integers or floats")
        if not _yes(fields, "BinaryData", True):
            raise UnfitPixels("the MetaImage holds its numbers as text", "save it as binary")
        order = ">" if any(_yes(fields, name, False) for name in _ORDERS) else "<"
        wrapping: Wrapping | None = None
        if _yes(fields, "CompressedData", False):
            wrapping = "gzip" if data.startswith(GZIP, start) else "zlib"
        super().__init__(
            "MetaImage", data, start, dims, np.dtype(order + _TYPES[kind]), channels=channels, wrapping=wrapping
        )
        self._locate(fields, ndims)

    def _locate(self, fields: dict[str, str], ndims: int) -> None:
        """Size and place, in mm from right to left and front to back (LPS) in the file."""
        sizes = next((name for name in ("ElementSpacing", "ElementSize") if name in fields), None)
        if sizes is None:
            return
        steps = _numbers(fields, sizes, ndims)
        matrix = next((name for name in _MATRICES if name in fields), None)
        place = next((name for name in _PLACES if name in fields), None)
        if ndims < 3 or matrix is None or place is None:
            self._place(steps[:3], None, None, "mm")
            return
        directions = _numbers(fields, matrix, ndims**2).reshape(ndims, ndims)[:3, :3].T  # a row for each axis
        turned = np.array([-1.0, -1, 1])
        self._place(steps[:3], directions * turned[:, None], _numbers(fields, place, ndims)[:3] * turned, "mm")


def _fields(data: bytes) -> tuple[dict[str, str], int]:
    """The fields of the header by name, and where the pixels begin."""
    found = re.search(rb"(?:^|\n)ElementDataFile[ \t]*=[ \t]*([^\r\n]*)\r?\n", data[:_LONGEST])
    if found is None:
        raise DamagedFile("the MetaImage is cut in its header", "fetch the file again")
    if found[1].strip().upper() != b"LOCAL":
        raise RefusedFormat("the pixels of the MetaImage are said to be in another file", "save it as one .mha file")
    fields: dict[str, str] = {}
    for line in data[: found.start()].decode("latin-1").splitlines():
        name, equals, value = line.partition("=")
        if not equals and line.strip():
            raise DamagedFile("the MetaImage has a line without a value in its header", AGAIN)
        if name.strip() in fields:
            raise DamagedFile(f"the MetaImage gives {name.strip()!r} twice", AGAIN)
        fields[name.strip()] = value.strip()
    return fields, found.end()


def _words(fields: dict[str, str], name: str, number: int) -> list[str]:
    words = fields.get(name, "").split()
    if len(words) != number:
        raise DamagedFile(f"the MetaImage has {len(words)} numbers for {name}, and {number} are wanted", AGAIN)
    return words


def _whole(fields: dict[str, str], name: str, number: int) -> list[int]:
    words = _words(fields, name, number)
    if not all(re.fullmatch(r"[0-9]{1,12}", word) for word in words):
        raise DamagedFile(f"the MetaImage has {' '.join(words)[:40]!r} for {name}", AGAIN)
    return [int(word) for word in words]


def _numbers(fields: dict[str, str], name: str, number: int) -> Array:
    return np.array([float(word) for word in _words(fields, name, number)])


def _yes(fields: dict[str, str], name: str, default: bool) -> bool:
    value = fields.get(name, str(default)).lower()
    if value not in ("true", "false", "1", "0"):
        raise DamagedFile(f"the MetaImage has {value[:40]!r} for {name}", AGAIN)
    return value in ("true", "1")
