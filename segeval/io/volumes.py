"""What the formats of volumes have in common: an array stored after a header, its axes x first, deflated or not."""

import math
from typing import Any

import numpy as np

from segeval.errors import AxesDropped, DamagedFile, Remark, TrailingBytes, UnclearSpacing, VolumesCounted
from segeval.io import Array
from segeval.io.inflate import Wrapping, inflated
from segeval.text import extent

DISAGREE = 1e-2  # of the length of a pixel, and of a right angle
ROUNDED = 1e-3  # how far labels in floating point may lie from whole numbers
AGAIN = "fetch or write the file again"


class Volume:
    """An opened volume. dims: x, y, z, then those of channels or time; the array has them in reverse.

    channels: of each voxel, beside each other in the file; in the array they are the first axis.
    """

    colour = False
    spacing: tuple[float, ...] | None = None
    unit = ""
    affine: Array | None = None

    def __init__(
        self,
        kind: str,
        data: bytes,
        start: int,
        dims: list[int],
        dtype: np.dtype[Any],
        *,
        channels: int = 1,
        wrapping: Wrapping | None = None,
    ) -> None:
        self.remarks: list[Remark] = []
        self._kind, self._data, self._start, self._stored = kind, data, start, dtype
        self._wrapping, self._channels = wrapping, channels
        kept = [*dims[:2], *(length for length in dims[2:] if length > 1)]
        if len(kept) < len(dims):
            what = f"the {kind} is {extent(tuple(dims))} and was read without its axes of one element"
            self.remarks.append(AxesDropped(what, "nothing is to be done if it is a single slice or volume"))
        self.axes = min(len(dims), 2) + (len(dims) > 2 and dims[2] > 1)  # those of space, which the array has last
        spatial = tuple(reversed(kept))
        self.shape = (channels, *spatial) if channels > 1 else spatial
        if len(self.shape) > self.axes and dtype.kind != "f":
            what = f"the {kind} has channels or several volumes, and was read as {extent(self.shape)}"
            self.remarks.append(VolumesCounted(what, "volumes of one case each want a file each; channels --one-hot"))
        self.nbytes = self._bytes = math.prod(self.shape) * dtype.itemsize
        self.levels = int(np.iinfo(dtype).max) if dtype.kind in "iu" else 1
        self.rounding = ROUNDED if dtype.kind == "f" else 0.0
        if wrapping is None and (missing := start + self._bytes - len(data)) > 0:
            what = f"the {kind} is cut: {missing:,} bytes of the {self._bytes:,} of its pixels are missing"
            raise DamagedFile(what, "fetch the file again")

    def pixels(self) -> Array:
        stored = self._content()
        array = stored.view(self._stored)
        if self._channels > 1:
            array = np.moveaxis(array.reshape(*self.shape[1:], self._channels), -1, 0)
        else:
            array = array.reshape(self.shape)
        return np.ascontiguousarray(array, self._stored.newbyteorder("="))

    def _content(self) -> Array:
        """uint8: the bytes of the pixels, all of them."""
        if self._wrapping:
            return inflated(memoryview(self._data)[self._start :], self._bytes, self.remarks, self._wrapping)
        if follow := len(self._data) - self._start - self._bytes:
            self.remarks.append(TrailingBytes(f"{follow:,} bytes follow the pixels", "save it again"))
        return np.frombuffer(self._data, np.uint8, self._bytes, self._start)

    def _place(self, steps: Array, directions: Array | None, origin: Array | None, unit: str) -> None:
        """Set what is known of size and place: steps and (3, axes) directions of x, y, z in RAS, and an origin."""
        if not np.isfinite(steps).all() or not (steps > 0).all():
            raise DamagedFile(f"the {self._kind} has voxels of {steps.tolist()}", "write the file again")
        self.spacing, self.unit = tuple(reversed(steps[: self.axes].tolist())), unit
        if directions is None or origin is None:
            return
        self._doubt_angles(directions[:, : self.axes])
        self.affine = np.eye(4)
        self.affine[:3, :3], self.affine[:3, 3] = directions * steps, origin
        if not np.isfinite(self.affine).all():
            raise DamagedFile(f"the {self._kind} has a geometry that is not finite", "write the file again")

    def _doubt_angles(self, directions: Array) -> None:
        """A doubt about axes, as columns of length 1, that are no right angle."""
        if np.abs(directions.T @ directions - np.eye(directions.shape[1])).max() > DISAGREE:
            what = "the axes of the file are no right angles: distances between its voxels are not those of a grid"
            self.remarks.append(UnclearSpacing(what, "resample it to a grid"))
