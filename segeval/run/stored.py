"""Runs as they were written: `run.json` and the tables beside it, read back and checked."""

import contextlib
import csv
import hashlib
import io
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from segeval import documents
from segeval.errors import InputError, UnreadableRun, UsageError
from segeval.io import archive
from segeval.io.write import save

EVIDENCE = "evidence.npz"
AGAIN = "score the images again"
_AT_ONCE = 2_000  # rows that are taken apart together: more are no faster


def run_file(name: str) -> Path:
    """The `run.json` that a RUN means: itself, or the one in that folder."""
    path = Path(name)
    return path / "run.json" if os.path.isdir(path) else path


def place(name: str) -> Path:
    """Where the `run.json` of a RUN is, or will be when it is written."""
    path = run_file(name)
    return path if path.suffix == ".json" else path / "run.json"


def same(run: str, other: str) -> bool:
    """Whether two RUNs are one and the same, there or not yet."""
    return place(run).resolve() == place(other).resolve()


def document(path: Path, schema: str) -> dict[str, Any]:
    """The document in a `run.json` of this schema."""
    _check_regular(path)
    found = documents.load(documents.read(path, UnreadableRun), ".json", str(path), UnreadableRun)
    kind = found.get("schema") if isinstance(found, dict) else None
    if kind != schema:
        what = f"{path} is no run" if kind is None else f"{path} has the schema {kind!r}"
        raise UnreadableRun(what, f"wanted: {schema}, as `segeval score -o DIR` writes it")
    assert isinstance(found, dict)
    return found


@contextlib.contextmanager
def doubting(path: Path, what: str) -> Iterator[None]:
    """Work on what a stored file says: whatever it stumbles over is a fault of the file, which anybody can edit."""
    try:
        yield
    except UnreadableRun:
        raise
    except (UsageError, InputError) as fault:
        raise UnreadableRun(f"{path}{what}: {fault.message}", AGAIN) from fault
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, csv.Error, BadZipFile) as fault:
        raise UnreadableRun(f"{path}{what}: {fault!r}", AGAIN) from fault


def _check_regular(path: Path) -> None:
    """Refuse what would never end, such as a pipe; what cannot be opened at all is told by opening it."""
    try:
        odd = os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))
        os.stat(path)
    except ValueError as fault:
        raise UnreadableRun(f"{str(path)!r} is no name of a file: {fault}", "check the name") from fault
    except OSError:
        return
    if odd:
        raise UnreadableRun(f"{path} is no regular file", "give a run.json or its folder")


class Column:
    """The texts of a column, kept as bytes: there may be millions of them."""

    def __init__(self) -> None:
        self._parts: list[npt.NDArray[np.bytes_]] = []

    def add(self, texts: Iterable[str]) -> None:
        self._parts.append(np.array([text.encode() for text in texts], np.bytes_))

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[str]:
        return (text.decode() for part in self._parts for text in part.tolist())


def columns(path: Path, sums: Mapping[str, str]) -> dict[str, Column]:
    """The columns of a table by their headers, if the table is the one that the run was written with."""
    needed = "statistics need the tables beside run.json"
    with _beside(path, sums, needed) as stream, doubting(path, " cannot be read"):
        rows = csv.reader(io.TextIOWrapper(stream, "utf-8", newline=""))
        found = {name: Column() for name in next(rows, [])}
        while some := list(itertools.islice(rows, _AT_ONCE)):
            for column, texts in zip(found.values(), zip(*some, strict=True), strict=True):
                column.add(texts)
    return found


def arrays(path: Path, sums: Mapping[str, str]) -> dict[str, Any]:
    """The arrays of the evidence, if it is the one that the run was written with."""
    needed = "only with it a run can be read back and merged; gate and compare do without"
    with _beside(path, sums, needed) as stream:
        return archive.read(stream.read())


@contextlib.contextmanager
def _beside(path: Path, sums: Mapping[str, str], needed: str) -> Iterator[BinaryIO]:
    """A file beside a `run.json`, unaltered; open, as a table is far larger than what is kept of it."""
    _check_regular(path)
    try:
        with open(path, "rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != sums.get(path.name):
                raise UnreadableRun(f"{path} is not the file that run.json was written with", AGAIN)
            stream.seek(0)
            yield stream
    except OSError as fault:
        raise UnreadableRun(f"{path}: {fault.strerror}", needed) from fault


def copy(source: Path, target: Path, tables: Iterable[str]) -> None:
    """Copy a `run.json`, last, after the tables beside it."""
    for name in sorted(tables):
        if (beside := source.with_name(name)).exists():
            save(target.with_name(name), beside.read_bytes())
    save(target, source.read_bytes())
