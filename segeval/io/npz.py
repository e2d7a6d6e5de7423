"""NPZ: a zip archive of NumPy arrays, of which one is read."""

import io
import zipfile
from typing import Any

import numpy as np
import numpy.typing as npt

from segeval.errors import DamagedFile, Remark, SeveralFrames, UnfitPixels
from segeval.io import READERS
from segeval.io.npy import Npy, npy_header, npy_size
from segeval.text import some

_MOST_MEMBERS = 10_000


@READERS.add(
    suffixes=(".npz",),
    magic=(b"PK\x03\x04", b"PK\x05\x06"),
    arrays=True,
    holds="one array, or one of several by its name, as NPY; stored or deflated",
)
class Npz:
    """NPZ: the array of an archive, or the one that is named; its header is read before anything is inflated."""

    colour = False

    def __init__(self, data: bytes, array: str = "") -> None:
        if data.count(b"PK\1\2") > _MOST_MEMBERS:  # each takes ten times its room in the file, once it is listed
            raise SeveralFrames(f"the archive holds more than {_MOST_MEMBERS:,} files", "save one array per file")
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self._member = _member(self._archive, array)
        self.array = self._member.filename.removesuffix(".npy")
        with self._archive.open(self._member) as stream:
            head = stream.read(1 << 16)
        if not head.startswith(b"\x93NUMPY"):
            raise UnfitPixels(
                f"{self._member.filename!r} in the archive is not an array", "save it with numpy.savez_compressed"
            )
        self.shape, _, dtype, start = npy_header(head)
        self.levels = int(np.iinfo(dtype).max) if dtype.kind in "iu" else 1
        self.remarks: list[Remark] = []
        self.nbytes = npy_size(self.shape, dtype)
        size = start + self.nbytes
        if self._member.file_size != size:
            raise DamagedFile(
                f"the array is {size:,} bytes but its member {self._member.file_size:,}", "write the file again"
            )

    def pixels(self) -> npt.NDArray[Any]:
        with self._archive.open(self._member) as stream:
            data = stream.read()  # to the end, where the check sum is verified
        return Npy(data).pixels()


def _member(archive: zipfile.ZipFile, array: str) -> zipfile.ZipInfo:
    """The member of that name, or the only one."""
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise DamagedFile(f"the archive holds {names[0]!r} twice", "write the file again")
    arrays = some([repr(name.removesuffix(".npy")) for name in names]) or "nothing"
    chosen = [member for member in members if not array or member.filename in (array, f"{array}.npy")]
    if not chosen and members:
        raise SeveralFrames(f"the archive holds no array {array!r}, but {arrays}", "give the name of one of them")
    if len(chosen) != 1:
        hint = "choose one by its name, with --pred-array or --gt-array"
        raise SeveralFrames(f"the archive holds {len(members)} arrays: {arrays}", hint)
    member = chosen[0]
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others inflate without a limit
        raise UnfitPixels("the archive is neither stored nor deflated", "save it with numpy.savez_compressed")
    if member.flag_bits & 1:
        raise DamagedFile("the archive is encrypted", "save it without a password")
    if member.filename.startswith(("/", "\\")) or ".." in member.filename.replace("\\", "/").split("/"):
        raise DamagedFile(f"the archive holds a path, {member.filename!r}", "write the file again")
    return member
