"""NIfTI-1 and NIfTI-2 in one file: header and geometry by nibabel, pixels and check sums by ourselves.

The array has the axes of the file in reverse, slowest first: z, y, x, and before them those of channels or time. So
volumes are as SimpleITK gives them, and channels come first. Numbers are those of the file, scaled where it says so.
"""

import math
import struct
from typing import Any

import numpy as np

from segeval.errors import DamagedFile, MissingPackage, RefusedFormat, UnclearSpacing, UnfitPixels
from segeval.io import READERS, Array
from segeval.io.inflate import GZIP, Wrapping, beginning, inflated
from segeval.io.volumes import DISAGREE, Volume

_SIZES = {348: "1", 540: "2"}  # of the header, and the version of NIfTI
_STARTS = tuple(struct.pack(f"{order}i", size) for size in _SIZES for order in "<>")
_HEAD = 544  # bytes of the longest header, and of what says whether extensions follow
_MOST_BEFORE = 1 << 26  # bytes of extensions before the pixels
_BLOCK = 1 << 20  # pixels that are scaled at a time
_MILLIMETRES = {1: 1e3, 2: 1.0, 3: 1e-3}  # of the units that a header names; mm where it names none


def _most(head: bytes) -> int:
    """How large a file of this header is; deflated ones are a little larger at worst."""
    plain = beginning(head, _HEAD) if head.startswith(GZIP) else head
    header = _header(plain)
    size = _start(header) + math.prod(_dims(header)) * _dtype(header).itemsize
    return size + (size >> 6)


@READERS.add(
    suffixes=(".nii", ".nii.gz"),
    magic=(*_STARTS, GZIP),
    most=_most,
    extra="nifti",
    holds="integers of 8 to 64 bits, float; volumes and channels of them; spacing and place",
)
class Nifti(Volume):
    """NIfTI: axes in reverse (z, y, x), scaled as it says, labels rounded; all of it is there or none is read."""

    def __init__(self, data: bytes) -> None:
        wrapping: Wrapping | None = "gzip" if data.startswith(GZIP) else None
        header = _header(beginning(data, _HEAD) if wrapping else data[:_HEAD])
        super().__init__("NIfTI", data, _start(header), _dims(header), _dtype(header), wrapping=wrapping)
        self._slope, self._inter = _scale(header)
        self._scaled = (self._slope, self._inter) != (1.0, 0.0)
        if self._scaled:
            self.levels, self.nbytes = 1, math.prod(self.shape) * 8
        self._locate(header)

    def pixels(self) -> Array:
        if not self._scaled:
            return super().pixels()
        return _scaled(self._content().view(self._stored).reshape(self.shape), self._slope, self._inter)

    def _content(self) -> Array:
        """uint8: the bytes of the pixels; what is deflated is the whole file."""
        if not self._wrapping:
            return super()._content()
        return inflated(self._data, self._start + self._bytes, self.remarks)[self._start :]

    def _locate(self, header: Any) -> None:
        """Spacing and place, in mm: by sform, or else by qform.

        Where they say neither, the lengths count only if the header names their unit: many programs leave them at 1.
        """
        factor = _MILLIMETRES.get(int(header["xyzt_units"]) & 7)
        steps = np.abs(header["pixdim"][1:4].astype(np.float64))
        right = (steps > 0) & np.isfinite(steps)
        affine = header.get_sform(coded=True)[0]
        affine = header.get_qform(coded=True)[0] if affine is None else affine
        if affine is None:
            if factor is not None and right[: self.axes].all():
                self._place(np.where(right, steps, 1) * factor, None, None, "mm")
            return
        matrix = np.asarray(affine, np.float64)
        lengths = np.linalg.norm(matrix[:3, :3], axis=0)
        if not np.isfinite(matrix).all() or not lengths[: self.axes].all():
            raise DamagedFile("the NIfTI has a geometry that is not finite, or flat", "write the file again")
        self._doubt_lengths(np.where(right, steps, lengths)[: self.axes], lengths[: self.axes])
        directions = matrix[:3, :3] / np.where(lengths > 0, lengths, 1)
        factor = 1.0 if factor is None else factor
        self._place(
            np.where(right, steps, np.where(lengths > 0, lengths, 1)) * factor, directions, matrix[:3, 3] * factor, "mm"
        )
        assert self.affine is not None
        self.affine[:3, :3] = matrix[:3, :3] * factor  # of two lengths, those of the matrix say where a voxel lies

    def _doubt_lengths(self, steps: Array, lengths: Array) -> None:
        """A doubt about a header that says two lengths of a voxel."""
        if (np.abs(steps - lengths) > DISAGREE * lengths).any():
            one, other = (" x ".join(f"{each:g}" for each in side) for side in (steps, lengths))
            what = f"a voxel is {one} by pixdim, which was used, and {other} by the matrix of its place"
            self.remarks.append(
                UnclearSpacing(what, "write the file again, or give the lengths that are meant with --spacing")
            )


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
