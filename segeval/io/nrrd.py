"""NRRD in one file; what is said to lie in another file is never opened."""

import re
import shlex
from typing import Any

import numpy as np

from segeval.errors import DamagedFile, RefusedFormat, UnfitPixels
from segeval.io import READERS, Array
from segeval.io.inflate import Wrapping
from segeval.io.units import named
from segeval.io.volumes import AGAIN, Volume

_LONGEST = 1 << 22  # bytes of a header: programs keep tables of segments in it
_TYPES = {
    "i1": "signed char,int8,int8_t",
    "u1": "uchar,unsigned char,uint8,uint8_t",
    "i2": "short,short int,signed short,signed short int,int16,int16_t",
    "u2": "ushort,unsigned short,unsigned short int,uint16,uint16_t",
    "i4": "int,signed int,int32,int32_t",
    "u4": "uint,unsigned int,uint32,uint32_t",
    "i8": "longlong,long long,long long int,signed long long,signed long long int,int64,int64_t",
    "u8": "ulonglong,unsigned long long,unsigned long long int,uint64,uint64_t",
    "f4": "float",
    "f8": "double",
}
_KNOWN = {name: code for code, names in _TYPES.items() for name in names.split(",")}
_ENCODINGS: dict[str, Wrapping | None] = {"raw": None, "gzip": "gzip", "gz": "gzip"}
_DETACHED = ("data file", "datafile")
_SPACES = {"right-anterior-superior": (1, 1), "left-anterior-superior": (-1, 1), "left-posterior-superior": (-1, -1)}
_SPACES |= {"RAS": (1, 1), "LAS": (-1, 1), "LPS": (-1, -1)}


@READERS.add(
    suffixes=(".nrrd",),
    magic=b"NRRD000",
    holds="volumes in one file, raw or gzip; integers of 8 to 64 bits, float; spacing and place",
)
class Nrrd(Volume):
    """NRRD: axes in reverse (z, y, x), channels first; its pixels stand in the file itself, or it is refused."""

    def __init__(self, data: bytes) -> None:
        fields, start = _fields(data)
        for name in _DETACHED:
            if name in fields:
                raise RefusedFormat("the pixels of the NRRD are said to be in another file", "save it as one .nrrd")
        if any(fields.get(name, "0") != "0" for name in ("line skip", "lineskip", "byte skip", "byteskip")):
            raise RefusedFormat("the NRRD has other bytes before its pixels", "save it without skips")
        sizes = [_whole(word) for word in _wanted(fields, "sizes").split()]
        number = _whole(_wanted(fields, "dimension"))
        if not 1 <= number <= 6 or len(sizes) != number or min(sizes) < 1:
            raise DamagedFile(f"the NRRD has the sizes {sizes} of {number} axes", AGAIN)
        kind = _KNOWN.get(_wanted(fields, "type"))
        if kind is None:
            raise UnfitPixels(f"the NRRD holds {fields['type'][:40]!r}", "save integers or floats")
        encoding = _wanted(fields, "encoding").lower()
        if encoding not in _ENCODINGS:
            raise UnfitPixels(f"the NRRD is stored as {encoding[:40]!r}", "save it as raw or gzip")
        order = {"little": "<", "big": ">"}.get(fields.get("endian", "little" if kind.endswith("1") else "").lower())
        if order is None:
            raise DamagedFile("the NRRD does not say in which order its bytes are", AGAIN)
        axes = _axes(fields, number)
        channels = sizes.pop(0) if axes is not None and axes[0] is None and number > 1 else 1
        super().__init__(
            "NRRD", data, start, sizes, np.dtype(order + kind), channels=channels, wrapping=_ENCODINGS[encoding]
        )
        self._locate(fields, axes)

    def _locate(self, fields: dict[str, str], axes: list[Array | None] | None) -> None:
        vectors = [axis for axis in axes or [] if axis is not None][:3]
        units = set(shlex.split(fields.get("space units", "")))
        if not vectors:
            words = [word for word in fields.get("spacings", "").split() if word.lower() != "nan"]
            if len(words) in (2, 3) and len(words) >= self.axes:
                units = set(shlex.split(fields.get("units", "")))
                self._place(np.array([float(word) for word in words]), None, None, _unit(units))
            return
        steps = np.array([float(np.linalg.norm(vector)) for vector in vectors])
        signs = _SPACES.get(fields.get("space", "").strip())
        origin = _vector(fields["space origin"]) if "space origin" in fields else None
        if signs is None or origin is None or len(vectors) < 3 or any(v.size != 3 for v in (*vectors, origin)):
            self._place(steps, None, None, _unit(units) or "mm")
            return
        turned = np.array([*signs, 1.0])
        directions = np.stack(vectors, axis=1) / np.where(steps > 0, steps, 1) * turned[:, None]
        self._place(steps, directions, origin * turned, _unit(units) or "mm")


def _fields(data: bytes) -> tuple[dict[str, str], int]:
    """The fields of the header by name, and where the pixels begin: after an empty line."""
    end = re.search(rb"\r?\n\r?\n", data[:_LONGEST])
    if end is None:
        raise DamagedFile("the NRRD is cut in its header, or has its pixels elsewhere", "fetch it again, as one .nrrd")
    fields: dict[str, str] = {}
    for line in data[: end.start()].decode("utf-8", "replace").splitlines()[1:]:
        if line.startswith("#") or ":=" in line:
            continue
        name, colon, value = line.partition(": ")
        if not colon:
            raise DamagedFile("the NRRD has a line without a value in its header", AGAIN)
        if name.strip().lower() in fields:
            raise DamagedFile(f"the NRRD gives {name.strip()!r} twice", AGAIN)
        fields[name.strip().lower()] = value.strip()
    return fields, end.end()


def _axes(fields: dict[str, str], number: int) -> list[Array | None] | None:
    """The direction and length of each axis, None of one that is no space; None where none is said."""
    if "space directions" in fields:
        words = re.findall(r"none|\([^)]*\)", fields["space directions"])
        if len(words) != number:
            raise DamagedFile(f"the NRRD has {len(words)} directions of {number} axes", AGAIN)
        return [None if word == "none" else _vector(word) for word in words]
    if "spacings" in fields and fields["spacings"].split()[0].lower() == "nan":
        return [None] * number
    return None


def _vector(text: str) -> Array:
    return np.array([float(word) for word in text.strip("() ").split(",")])


def _unit(units: set[str]) -> str:
    """The unit that all axes have; empty where they say none, or several."""
    known = {unit for unit in units if unit}
    return named(known.pop()) if len(known) == 1 else ""


def _wanted(fields: dict[str, str], name: str) -> str:
    if name not in fields:
        raise DamagedFile(f"the NRRD has no {name!r} in its header", AGAIN)
    return fields[name]


def _whole(text: Any) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise DamagedFile(f"the NRRD has {text[:40]!r} for a number of voxels", AGAIN)
    return int(text)
