"""What can give pixels: a file, or the files of its classes."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segments:
    """What a table says of the segments of a mask: id, class, whether it is a crowd, its pixels if it says so."""

    path: str  # of the table
    infos: tuple[tuple[int, int, bool, int | None], ...]


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A file in one of the folders; `name` is how messages call it."""

    path: str
    name: str
    relative: str = ""
    size: int = 0
    array: str = ""  # which one, of a file that holds several
    parts: tuple[tuple[str, "MaskFile"], ...] = ()  # of masks with a file for each class: the class, and its file
    segments: Segments | None = None  # of a panoptic mask

    @property
    def paths(self) -> list[str]:
        """Where it lies, or its parts do."""
        return [file.path for _, file in self.parts] or [self.path]

    def same_as(self, other: "MaskFile") -> bool:
        """Whether both are one file, by a link of either kind."""
        try:
            return os.path.samefile(self.path, other.path)
        except OSError:  # one of them went away meanwhile
            return False
