"""Files that appear whole or not at all."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from segeval.errors import BadOutput, DiskFull

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}  # the disk's fault, not that of the name


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[TextIO]:
    """A UTF-8 text stream that becomes `path` when the block ends well, and nothing when it does not.

    The temporary file lies beside it and never ends in the final suffix; it is on the disk before it is renamed.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "x", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as fault:
        kind = DiskFull if fault.errno in _DISK else BadOutput
        raise kind(
            f"cannot write {path}: {fault.strerror}", "free some space or choose another place with -o"
        ) from fault
    finally:
        with contextlib.suppress(OSError):  # a full or read-only disk has said so already
            temporary.unlink()


def make_folder(path: Path, inputs: list[str]) -> None:
    """Make the output folder, unless it cannot be written or is one of the inputs."""
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
