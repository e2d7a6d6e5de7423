"""What is done already, line by line, so that a run that was killed can go on."""

import contextlib
import hashlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from segeval.documents import opened
from segeval.errors import BadOutput


class Journal:
    """A file that lines are added to. Each has a check sum: a torn or altered line counts as not written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> Iterator[dict[str, Any]]:
        """The documents of all whole lines; none if there is no file."""
        try:
            with opened(self._path) as stream:
                data = stream.read()
        except OSError:
            return
        for line in data.splitlines():
            head, _, text = line.partition(b" ")
            if head == _sum(text):
                yield json.loads(text)

    def start(self, entries: list[dict[str, Any]]) -> None:
        """Begin anew with these documents."""
        from segeval.io.write import save

        save(self._path, b"".join(map(_line, entries)))

    def add(self, entry: dict[str, Any]) -> None:
        """Add a document; it survives the end of this process at any moment after that."""
        try:
            with open(self._path, "ab", buffering=0) as stream:
                stream.write(_line(entry))
        except OSError as fault:
            raise BadOutput(f"cannot write {self._path}: {fault.strerror}", "free some space") from fault

    def remove(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()


def stored(path: Path) -> dict[str, Any]:
    """The document in a JSON file; empty if there is none or it cannot be read."""
    try:
        with opened(path) as stream:
            found = json.load(stream)
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def sha256(path: Path) -> str | None:
    """The check sum of a file; None if it cannot be read."""
    try:
        with opened(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


def _line(entry: dict[str, Any]) -> bytes:
    text = json.dumps(entry, sort_keys=True).encode("ascii")
    return _sum(text) + b" " + text + b"\n"


def _sum(text: bytes) -> bytes:
    return b"%08x" % zlib.crc32(text)
