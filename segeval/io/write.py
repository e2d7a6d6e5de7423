"""Files that appear whole or not at all."""

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from segeval.errors import BadOutput, DiskFull, SegevalError

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}  # the disk's fault, not that of the name
_LEFT = re.compile(r"\..+\.(\d+)-[0-9a-f]{8}\.tmp", re.DOTALL)


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[TextIO]:
    """A UTF-8 text stream that becomes `path` when the block ends well, and nothing when it does not.

    The temporary file lies beside it and never ends in the final suffix; it is on the disk before it is renamed.
    """
    with _replacing(path, "x", encoding="utf-8", newline="") as stream:
        yield stream


@contextlib.contextmanager
def atomic_bytes(path: Path) -> Iterator[BinaryIO]:
    """The same for bytes."""
    with _replacing(path, "xb") as stream:
        yield stream


def save(path: Path, data: bytes) -> None:
    """Write a file, and the folders above it, whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise _refused(path.parent, fault) from fault
    with _replacing(path, "xb") as stream:
        stream.write(data)


def append(path: Path, limit: int, make: Callable[[int], str]) -> None:
    """Add a text to a file that others write too; `make` is told how many bytes are left below the limit."""
    try:
        with open(path, "ab") as stream:
            stream.write(make(limit - stream.tell()).encode())
    except OSError as fault:
        raise _refused(path, fault) from fault


@contextlib.contextmanager
def _replacing(path: Path, mode: str, **how: Any) -> Iterator[Any]:
    """A stream to a temporary file that takes the place of `path` when the block ends well."""
    temporary = path.with_name(f".{path.name[:32]}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, mode, **how) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as fault:
        raise _refused(path, fault) from fault
    finally:
        with contextlib.suppress(OSError):  # a full or read-only disk has said so already
            temporary.unlink()


def _refused(path: Path, fault: OSError) -> SegevalError:
    kind = DiskFull if fault.errno in _DISK else BadOutput
    return kind(f"cannot write {path}: {fault.strerror}", "free some space or choose another place with -o")


def sweep(paths: Iterable[Path]) -> None:
    """Remove those files that a killed process left half-written."""
    for path in paths:
        left = _LEFT.fullmatch(path.name)
        if left and not _lives(int(left[1])):
            with contextlib.suppress(OSError):
                path.unlink()


def _lives(process: int) -> bool:
    """Whether a process of that number runs on this machine."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def make_folder(path: Path, inputs: list[str]) -> None:
    """Make the output folder, unless it cannot be written or is one of the inputs."""
    if "\0" in str(path):  # a configuration can say so
        raise BadOutput(f"{str(path)!r} is no name of a folder", "choose another folder with -o")
    for folder in inputs:
        source = Path(folder).resolve()
        if path.resolve() == source or source in path.resolve().parents:
            raise BadOutput(f"{path} is inside the input folder {folder}", "choose another folder with -o")
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / f".segeval.{os.getpid()}-{secrets.token_hex(4)}.tmp"
        probe.touch()
        probe.unlink()
    except OSError as fault:
        raise BadOutput(f"cannot write into {path}: {fault.strerror}", "choose another folder with -o") from fault


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
