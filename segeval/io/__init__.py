"""The only room that opens masks: one module per format, and one way to read them all."""

import math
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy.typing as npt

from segeval.catalog import Catalog, Described
from segeval.errors import (
    Changed,
    DamagedFile,
    EmptyFile,
    NotRegular,
    RefusedFormat,
    Remark,
    SegevalError,
    TooLarge,
    UnfitPixels,
    UnknownFormat,
    Unreadable,
)
from segeval.io.files import MaskFile, Segments
from segeval.text import extent, safe_text

Array = npt.NDArray[Any]

READERS = Catalog("format")
MAX_PIXELS = 1 << 28
OVERHEAD = 64 << 20  # bytes that a file may have beside its pixels, and pixels may take whatever their limit
_WIDTH = 4  # bytes of an element; wider ones count as several
_FACTS = ("spacing", "unit", "affine", "rounding", "nodata", "palette", "array")  # of a mask
_HEAD = 1 << 16  # bytes in which most formats say how large the rest is

_FROM_SOURCE = "save masks as PNG, TIFF or NPY from their source"
_VOLUMES = "save volumes of labels as .nii.gz"
_MEND = f"{_FROM_SOURCE}; a mask of two classes can be saved: threshold it at 128 and save it as PNG"


class Refused(NamedTuple):
    """A format that is known and refused: how its files begin and end, why, and the way out."""

    magic: tuple[bytes, ...]
    suffixes: tuple[str, ...]
    reason: str
    hint: str = _FROM_SOURCE


REFUSED = [
    Refused((b"\xff\xd8\xff",), (".jpg", ".jpeg"), "JPEG is lossy: it invents label ids", _MEND),
    Refused((b"RIFF",), (".webp",), "WebP may be lossy: it invents label ids", _MEND),
    Refused(
        (b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51"), (".jp2", ".j2k"), "JPEG 2000 may be lossy: it invents label ids"
    ),
    Refused((b"%!PS", b"\xc5\xd0\xd3\xc6"), (".eps", ".ps"), "PostScript is a program"),
    Refused((b"%PDF",), (".pdf",), "PDF has no pixels of its own"),
    Refused((b"<svg",), (".svg",), "SVG has no pixels"),
    Refused(
        (b"P1\n", b"P1 ", b"P1#", b"P4\n", b"P4 ", b"P4#"), (".pbm",), "in PBM 1 is black, and programs turn it round"
    ),
    Refused((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"), (".pkl", ".pickle"), "unpickling runs code"),
    Refused((), (".pt", ".pth"), "unpickling runs code"),
    Refused((b"\x89HDF",), (".h5", ".hdf5"), "HDF5 can link to other files"),
    Refused(
        (), (".hdr", ".img", ".mhd", ".nhdr"), "its header and pixels are two files, which can be mixed up", _VOLUMES
    ),
    Refused((), (".dcm",), "DICOM is not read: each file is a slice, and segments may overlap", _VOLUMES),
]


class Image(Protocol):
    """An opened file whose header is known and whose pixels are not decoded yet."""

    shape: tuple[int, ...]  # of the array, without colour channels
    colour: bool  # the pixels have one more axis, the last: 2 to 4 channels
    levels: int  # the largest value an integer pixel can have; 0 where pixels are indices of a palette
    nbytes: int  # of the pixels
    remarks: list[Remark]

    def pixels(self) -> Array: ...


@dataclass(frozen=True)
class Mask:
    """The pixels of a file as they stand in it."""

    name: str
    pixels: Array
    colour: bool = False
    levels: int = 255
    remarks: list[Remark] = field(default_factory=list)
    spacing: tuple[float, ...] | None = None  # the length of a pixel along the last axes, where the file says so
    unit: str = ""  # of those lengths, such as mm or µm; empty where nothing is said
    affine: Array | None = None  # (4, 4): the axes in reverse (x, y, z) -> mm to the right, the front and up (RAS)
    rounding: float = 0.0  # how far labels in floating point may lie from whole numbers
    nodata: int | float | None = None  # the number that stands for no data, where the file names one that it can hold
    palette: Array | None = None  # (n, 3) uint8: the colours of the indices, where there is one
    array: str | None = None  # which one it is, of a file that gives each of its arrays a name
    segments: Segments | None = None  # what a table says of the segments of a panoptic mask


def suffixes() -> tuple[str, ...]:
    """The suffixes of every format that can be read."""
    return tuple(suffix for entry in READERS.values() for suffix in entry.facts["suffixes"])


def refused_suffixes() -> tuple[str, ...]:
    """The suffixes of formats that are known and refused."""
    return tuple(suffix for refused in REFUSED for suffix in refused.suffixes)


def read(file: MaskFile, max_pixels: int = MAX_PIXELS) -> Mask:
    """The mask in a file; an error that names the file for whatever is wrong with it."""
    name = file.name
    image = _header(file, name, max_pixels)
    pixels = guarded(name, image.pixels)
    remarks = [type(said)(f"{name}: {said.message}", said.hint) for said in image.remarks]
    facts = guarded(name, lambda: {fact: getattr(image, fact) for fact in _FACTS if hasattr(image, fact)})
    return Mask(name, pixels, image.colour, image.levels, remarks, segments=file.segments, **facts)


def header(file: MaskFile, max_pixels: int = MAX_PIXELS) -> Image:
    """The file opened and checked as far as that goes without decoding its pixels."""
    return _header(file, file.name, max_pixels)


def _header(file: MaskFile, name: str, max_pixels: int) -> Image:
    data, reader = _content(file.path, name, max(_WIDTH * max_pixels, OVERHEAD))
    image: Image = guarded(name, lambda: _open(reader, data, file.array))
    if not image.shape:
        raise UnfitPixels(f"{name} holds a single number", "a mask has at least one axis")
    count = math.prod(image.shape)
    _check_size(name, image, count, max_pixels)
    if count == 0:
        raise DamagedFile(f"{name} is {extent(image.shape)}: it has no pixels", "write the file again")
    return image


def _open(reader: Described, data: bytes, array: str) -> Image:
    """The file by its reader; where a format holds several arrays, the one of that name."""
    image: Image = reader.func(data, array) if reader.facts.get("arrays") else reader.func(data)
    return image


def guarded(name: str, decode: Callable[[], Any]) -> Any:
    """What `decode` gives; whatever a decoder raises becomes one error that names the file."""
    try:
        return decode()
    except SegevalError as fault:
        raise type(fault)(f"{name}: {fault.message}", fault.hint) from fault
    except MemoryError:
        raise
    except Exception as fault:  # decoders raise whatever they like
        reason = safe_text(" ".join(str(fault)[:200].split())) if not isinstance(fault, UnicodeError) else "garbage"
        raise DamagedFile(
            f"{name} cannot be decoded: {reason or type(fault).__name__}", "fetch or write the file again"
        ) from fault


def _check_size(name: str, image: Image, count: int, max_pixels: int) -> None:
    """Refuse more elements than the limit, or more bytes than as many elements of 32 bits take."""
    if count <= max_pixels and image.nbytes <= max(_WIDTH * max_pixels, OVERHEAD):
        return
    what = f"{name} announces {extent(image.shape)} = {count:,} elements"
    if count > max_pixels:
        hint = f"if it is yours, read it with --max-pixels {max(count, -(-image.nbytes // _WIDTH))}"
        raise TooLarge(f"{what}, more than {max_pixels:,}", hint)
    hint = f"if it is yours, read it with --max-pixels {-(-image.nbytes // _WIDTH)}"
    raise TooLarge(f"{what} in {image.nbytes:,} bytes, more than {_WIDTH * max_pixels:,}", hint)


def _content(path: str, name: str, limit: int) -> tuple[bytes, Described]:
    """The content of a regular file that does not change while it is read, and the reader of its format.

    The first bytes are looked at before the rest is read: most formats say there how large a file can be.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise NotRegular(f"{name} is not a regular file", "only regular files are read")
            head = os.read(descriptor, _HEAD)
            reader = _reader(head, name)
            most = guarded(name, lambda: reader.facts.get("most", lambda _: limit)(head))
            if before.st_size > min(limit, most) + OVERHEAD:
                raise TooLarge(
                    f"{name} has {before.st_size:,} bytes, far more than its header or --max-pixels allow",
                    "if it is yours, write it again or raise --max-pixels",
                )
            os.lseek(descriptor, 0, os.SEEK_SET)
            with open(descriptor, "rb", buffering=0, closefd=False) as stream:
                data = stream.read()
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except OSError as fault:
        raise Unreadable(f"{name}: {fault.strerror}", "check that it is still there and its permissions") from fault
    if len(data) != before.st_size or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise Changed(f"{name} changed while it was read", "score when nothing writes into the folders")
    return data, reader


def _reader(data: bytes, name: str) -> Described:
    """The reader of the format that the first bytes announce."""
    if not data:
        raise EmptyFile(f"{name} is an empty file", "fetch or write it again")
    for entry in READERS.values():
        if data.startswith(entry.facts["magic"]):
            return entry
    if data.startswith(b"version https://git-lfs"):
        raise UnknownFormat(f"{name} is a git-lfs pointer, not the file", "run git lfs pull")
    for each in REFUSED:
        if (each.magic and data.lstrip()[:16].startswith(each.magic)) or name.lower().endswith(each.suffixes):
            raise RefusedFormat(f"{name} is refused: {each.reason}", each.hint)
    text = data[:64].decode("ascii", "replace").split()
    start = f"it begins with {' '.join(text)[:32]!r}" if text else "its first bytes say nothing"
    raise UnknownFormat(f"{name} is in no format that can be read: {start}", "see `segeval list formats`")


READERS.discover(__name__, list(__path__))
