"""NIfTI-1 and NIfTI-2 in one file: header and geometry by nibabel, pixels and check sums by ourselves.

The array has the axes of the file in reverse, slowest first: z, y, x, and before them those of channels or time. So
volumes are as SimpleITK gives them, and channels come first. Numbers are those of the file, scaled where it says so.
"""

import math
import struct
from functools import cached_property
from typing import Any

import numpy as np

from segeval.errors import (
    AxesDropped,
    DamagedFile,
    MissingPackage,
    RefusedFormat,
    Remark,
    TrailingBytes,
    UnclearSpacing,
    UnfitPixels,
    VolumesCounted,
)
from segeval.io import READERS, Array
from segeval.io.inflate import beginning, inflated
from segeval.text import extent

_GZIP = b"\x1f\x8b"
_SIZES = {348: "1", 540: "2"}  # of the header, and the version of NIfTI
_STARTS = tuple(struct.pack(f"{order}i", size) for size in _SIZES for order in "<>")
_HEAD = 544  # bytes of the longest header, and of what says whether extensions follow
_MOST_BEFORE = 1 << 26  # bytes of extensions before the pixels
_BLOCK = 1 << 20  # pixels that are scaled at a time
_MILLIMETRES = {1: 1e3, 2: 1.0, 3: 1e-3}  # of the units that a header names; mm where it names none
_DISAGREE = 1e-2  # of the length of a pixel
_ROUNDED = 1e-3  # how far labels in floating point may lie from whole numbers


def _most(head: bytes) -> int:
    """How large a file of this header is; deflated ones are a little larger at worst."""
    plain = beginning(head, _HEAD) if head.startswith(_GZIP) else head
    header = _header(plain)
    size = _start(header) + math.prod(_dims(header)) * _dtype(header).itemsize
    return size + (size >> 6)


@READERS.add(
    suffixes=(".nii", ".nii.gz"),
    magic=(*_STARTS, _GZIP),
    most=_most,
    extra="nifti",
    holds="integers of 8 to 64 bits, float; volumes and channels of them; spacing and place",
)
class Nifti:
    """NIfTI: axes in reverse (z, y, x), scaled as it says, labels rounded; all of it is there or none is read."""

    colour = False

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._deflated = data.startswith(_GZIP)
        plain = beginning(data, _HEAD) if self._deflated else data[:_HEAD]
        self._header = _header(plain)
        self.remarks: list[Remark] = []
        self._dtype = _dtype(self._header)
        dims = _dims(self._header)
        self.shape = tuple(reversed(_kept(dims, self.remarks)))
        self._spatial = min(len(dims), 2) + (len(dims) > 2 and dims[2] > 1)
        if len(self.shape) > 3 and self._dtype.kind != "f":
            what = f"the NIfTI has {len(dims)} axes, and was read as {extent(self.shape)}, z, y and x last"
            self.remarks.append(VolumesCounted(what, "volumes of one case each want a file each; channels --one-hot"))
        self._start = _start(self._header)
        self._bytes = math.prod(dims) * self._dtype.itemsize
        self._slope, self._inter = _scale(self._header)
        self._scaled = (self._slope, self._inter) != (1.0, 0.0)
        self.nbytes = math.prod(dims) * 8 if self._scaled else self._bytes
        self.levels = int(np.iinfo(self._dtype).max) if self._dtype.kind in "iu" and not self._scaled else 1
        self.rounding = _ROUNDED if self._dtype.kind == "f" else 0.0
        if not self._deflated and (missing := self._start + self._bytes - len(data)) > 0:
            what = f"the NIfTI is cut: {missing:,} bytes of the {self._bytes:,} of its pixels are missing"
            raise DamagedFile(what, "fetch the file again")
        _ = self.affine

    def pixels(self) -> Array:
        end = self._start + self._bytes
        if self._deflated:
            stored = inflated(self._data, end, self.remarks)[self._start :]
        else:
            stored = np.frombuffer(self._data, np.uint8, self._bytes, self._start)
            if follow := len(self._data) - end:
                self.remarks.append(TrailingBytes(f"{follow:,} bytes follow the pixels", "save it again"))
        array = stored.view(self._dtype).reshape(self.shape)
        if self._scaled:
            return _scaled(array, self._slope, self._inter)
        return array.astype(self._dtype.newbyteorder("="), copy=False)

    @property
    def spacing(self) -> tuple[float, ...] | None:
        """The length of a pixel along the last axes, in mm."""
        return self._geometry[0]

    @property
    def unit(self) -> str:
        return "mm" if self.spacing else ""

    @property
    def affine(self) -> Array | None:
        """(4, 4): x, y, z of the file -> mm to the right, to the front and up (RAS); None where it does not say."""
        return self._geometry[1]

    @cached_property
    def _geometry(self) -> tuple[tuple[float, ...] | None, Array | None]:
        """Spacing and place: by sform, or else by qform.

        Where they say neither, the lengths count only if the header names their unit: many programs leave them at 1.
        """
        header, unit = self._header, int(self._header["xyzt_units"]) & 7
        steps = [abs(float(step)) for step in header["pixdim"][1:4]]
        affine = header.get_sform(coded=True)[0]
        affine = header.get_qform(coded=True)[0] if affine is None else affine
        factor = _MILLIMETRES.get(unit, 1.0)
        axes = self._spatial
        if affine is None:
            there = unit in _MILLIMETRES and all(0 < step < math.inf for step in steps[:axes])
            return (tuple(factor * step for step in reversed(steps[:axes])) if there else None), None
        matrix = np.asarray(affine, np.float64)
        lengths = np.linalg.norm(matrix[:3, :3], axis=0)
        if not np.isfinite(matrix).all() or not lengths[:axes].all():
            raise DamagedFile("the NIfTI has a geometry that is not finite, or flat", "write the file again")
        self._doubt(steps[:axes], lengths[:axes], matrix[:3, :axes] / lengths[:axes])
        used = [step if 0 < step < math.inf else length for step, length in zip(steps, lengths.tolist(), strict=True)]
        matrix[:3] *= factor
        return tuple(factor * step for step in reversed(used[:axes])), matrix

    def _doubt(self, steps: list[float], lengths: Array, directions: Array) -> None:
        """A doubt about a header that says two lengths of a pixel, or whose axes are no right angle."""
        pairs = list(zip(steps, lengths.tolist(), strict=True))
        if any(0 < step < math.inf and abs(step - length) > _DISAGREE * length for step, length in pairs):
            one, other = (" x ".join(f"{each:g}" for each in each_side) for each_side in zip(*pairs, strict=True))
            what = f"a voxel is {one} by pixdim, which was used, and {other} by the matrix of its place"
            self.remarks.append(UnclearSpacing(what, "write the file again, with the lengths that are meant"))
        angles = np.abs(directions.T @ directions - np.eye(len(steps)))
        if angles.max() > _DISAGREE:
            what = "the axes of the file are no right angles: distances between its voxels are not those of a grid"
            self.remarks.append(UnclearSpacing(what, "resample it to a grid"))


def _header(plain: bytes) -> Any:
    """The header of a single-file NIfTI, as nibabel understands it."""
    order = "<" if plain[:4] in _STARTS[::2] else ">"
    size = struct.unpack_from(f"{order}i", plain)[0] if len(plain) >= 4 else 0
    if size not in _SIZES:
        raise UnfitPixels("the gzip holds no NIfTI", "of deflated files only .nii.gz is read: save it as such")
    if len(plain) < size:
        raise DamagedFile("the NIfTI is cut in its header", "fetch the file again")
    magic = plain[344:348] if size == 348 else plain[4:8]
    if magic[:3] in (b"ni1", b"ni2") or (size == 348 and magic[:1] == b"\0"):
        kind = "of an Analyze file or a NIfTI of two files"
        raise RefusedFormat(f"the header is that {kind}, whose pixels are elsewhere", "save it as one .nii.gz")
    if magic[:4] != f"n+{_SIZES[size]}\0".encode():
        raise DamagedFile(f"the NIfTI has the mark {magic!r}", "fetch or write the file again")
    try:
        from nibabel.nifti1 import Nifti1Header
        from nibabel.nifti2 import Nifti2Header
    except ImportError as fault:
        raise MissingPackage("reading NIfTI needs nibabel", "pip install 'segeval-masks[nifti]'") from fault
    kind_of = Nifti1Header if size == 348 else Nifti2Header
    return kind_of(plain[:size], endianness=order, check=False)


def _dims(header: Any) -> list[int]:
    """The lengths of the axes, x first."""
    dim = [int(length) for length in header["dim"]]
    if not 1 <= dim[0] <= 7 or any(length < 1 for length in dim[1 : dim[0] + 1]):
        raise DamagedFile(f"the NIfTI announces the dimensions {dim}", "write the file again")
    return dim[1 : dim[0] + 1]


def _kept(dims: list[int], remarks: list[Remark]) -> list[int]:
    """The axes without those of one element behind x and y: a slice is a picture, a single channel is none."""
    kept = [*dims[:2], *(length for length in dims[2:] if length > 1)]
    if len(kept) < len(dims):
        what = f"the NIfTI is {extent(tuple(dims))} and was read without its axes of one element"
        remarks.append(AxesDropped(what, "nothing is to be done if it is a single slice or volume"))
    return kept


def _dtype(header: Any) -> np.dtype[Any]:
    """The type of the stored numbers, as they stand in the file."""
    try:
        dtype: np.dtype[Any] = np.dtype(header.get_data_dtype())
    except Exception as fault:
        raise UnfitPixels(
            f"the NIfTI has pixels of type {int(header['datatype'])}", "save integers or floats"
        ) from fault
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise UnfitPixels(f"the NIfTI holds {dtype}", "save labels as integers, probabilities as float")
    if int(header["bitpix"]) != 8 * dtype.itemsize:
        raise DamagedFile(f"the NIfTI has {dtype} of {int(header['bitpix'])} bits", "write the file again")
    ordered: np.dtype[Any] = dtype.newbyteorder(header.endianness)
    return ordered


def _start(header: Any) -> int:
    """Where the pixels begin: behind the header and what extends it."""
    offset, least = float(header["vox_offset"]), header.sizeof_hdr + 4
    if not least <= offset <= _MOST_BEFORE or offset != int(offset):
        raise DamagedFile(f"the NIfTI says that its pixels begin at byte {offset:g}", "write the file again")
    return int(offset)


def _scale(header: Any) -> tuple[float, float]:
    """Slope and intercept of the stored numbers; 1 and 0 where the header gives none."""
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0 or not math.isfinite(slope):
        return 1.0, 0.0
    if not math.isfinite(inter):
        raise DamagedFile(f"the NIfTI has the slope {slope:g} and the intercept {inter:g}", "write the file again")
    return slope, inter


def _scaled(array: Array, slope: float, inter: float) -> Array:
    """The numbers that are meant: int64 where all are labels, float64 otherwise.

    A program that squeezes labels into fewer bits gives them back beside whole numbers, by less than half a step of
    what it stores: {0, 2, 13} in 8 bits come back as 0, 1.988 and 13. Such steps are below 1/2; of larger ones that
    are not whole, nobody can tell which label was meant.
    """
    flat = array.reshape(-1)
    blocks = range(0, flat.size, _BLOCK)

    def values(start: int) -> Array:
        return flat[start : start + _BLOCK].astype(np.float64) * slope + inter

    whole = slope == int(slope) and inter == int(inter) and array.dtype.kind != "f"
    if not whole and not (array.dtype.kind != "f" and abs(slope) <= 0.5):
        return np.concatenate([values(start) for start in blocks]).reshape(array.shape)
    found = np.empty(flat.size, np.int64)
    for start in blocks:
        each = values(start)
        nearest = np.rint(each)
        if not whole and (np.abs(each - nearest) > abs(slope) / 2 + 1e-6 * np.abs(each)).any():
            return np.concatenate([values(start) for start in blocks]).reshape(array.shape)
        if np.abs(nearest).max() >= 1 << 53:
            raise UnfitPixels(f"the NIfTI holds numbers of {np.abs(nearest).max():.3g}", "labels are smaller")
        found[start : start + _BLOCK] = nearest
    return found.reshape(array.shape)
