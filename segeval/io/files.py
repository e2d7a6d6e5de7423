"""What can give pixels: a file, or the files of its classes."""

import os
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Segments:
    """What a table says of the segments of a mask: id, class, whether it is a crowd, its pixels if it says so."""

    path: str  # of the table
    infos: tuple[tuple[int, int, bool, int | None], ...]


@dataclass(frozen=True, slots=True)
class Folder:
    """What its files share: where they lie, and how messages call the folder."""

    path: str
    name: str

    def path_of(self, relative: str) -> str:
        """Where a file lies. Relative names are UTF-8, whatever the file system is taken to speak."""
        return os.path.join(self.path, os.fsdecode(relative.encode("utf-8", "surrogateescape")))

    def name_of(self, relative: str) -> str:
        """How messages call a file."""
        return f"{self.name}/{relative}"


@dataclass(frozen=True, slots=True)
class Lone(Folder):
    """The same of a single file, whatever its relative name."""

    def path_of(self, relative: str) -> str:  # noqa: ARG002
        return self.path

    def name_of(self, relative: str) -> str:  # noqa: ARG002
        return self.name


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A file in one of the folders. Its path and its name are made when they are asked for: files are very many."""

    folder: Folder
    relative: str = ""
    size: int = 0
    array: str = ""  # which one, of a file that holds several
    parts: tuple[tuple[str, "MaskFile"], ...] = ()  # of masks with a file for each class: the class, and its file
    segments: Segments | None = None  # of a panoptic mask

    @classmethod
    def at(cls, path: str, name: str, relative: str = "", size: int = 0, **others: Any) -> "MaskFile":
        """A file that lies somewhere, and how messages call it."""
        return cls(Lone(path, name), relative, size, **others)

    @property
    def path(self) -> str:
        """Where it lies."""
        return self.folder.path_of(self.relative)

    @property
    def name(self) -> str:
        """How messages call it."""
        return self.folder.name_of(self.relative)

    @property
    def names(self) -> list[str]:
        """The same in a list, as of files that belong together."""
        return [self.name]

    @property
    def each(self) -> list["MaskFile"]:
        """The files that it is made of: its parts, or itself."""
        return [file for _, file in self.parts] or [self]

    @property
    def paths(self) -> list[str]:
        """Where it lies, or its parts do."""
        return [file.path for file in self.each]

    def same_as(self, other: "MaskFile") -> bool:
        """Whether both are one file, by a link of either kind."""
        try:
            return os.path.samefile(self.path, other.path)
        except OSError:  # one of them went away meanwhile
            return False
