"""Text files with JSON or TOML, read strictly: what is ambiguous or made to exhaust the parser is an error."""

import errno
import json
import math
import os
import stat
import tomllib
from io import BufferedReader
from os import PathLike
from typing import Any

from segeval.errors import BadOption, SegevalError

LARGEST = 64 << 20  # bytes, or characters


def read(path: str | PathLike[str], error: type[SegevalError] = BadOption) -> str:
    """The text of a UTF-8 file, with or without byte order mark."""
    try:
        return content(path, error).decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise error(f"{path} is not UTF-8 text", "save it as UTF-8") from fault


def content(path: str | PathLike[str], error: type[SegevalError] = BadOption) -> bytes:
    """The bytes of a small file."""
    try:
        with opened(path) as stream:
            data = stream.read(LARGEST + 1)
    except OSError as fault:
        raise error(f"{path}: {fault.strerror}", "check the name and the permissions") from fault
    if len(data) > LARGEST:
        raise error(f"{path} has more than {LARGEST:,} bytes", "a few thousand are enough")
    return data


def opened(path: str | PathLike[str]) -> BufferedReader:
    """A regular file, open for reading; an OSError for all else: a pipe or a device could wait or go on for ever."""
    try:
        stream = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - the caller closes it
    except ValueError as fault:  # a NUL
        raise OSError(errno.EINVAL, "no file has such a name") from fault
    if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        return stream
    stream.close()
    raise OSError(errno.EINVAL, "not a regular file")


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def load(text: str, suffix: str, name: str, error: type[SegevalError] = BadOption) -> Any:
    """The content of a `.json` or `.toml` text; `error` names the file, the line and what is wrong."""
    if len(text) > LARGEST:
        raise error(f"{name} has more than {LARGEST:,} characters", "a few thousand are enough")
    try:
        if suffix == ".json":
            return json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse, parse_float=_finite)
        if any(line.partition("=")[0].count(".") > 100 for line in text.splitlines()):
            raise RecursionError  # the parser takes time that grows with the square of the dots
        return tomllib.loads(text)
    except RecursionError as fault:
        raise error(f"{name} is nested too deeply", "a few levels are enough") from fault
    except ValueError as fault:
        raise error(
            f"{name} is not valid {suffix[1:].upper()}: {fault}", "see the line and column in the message"
        ) from fault


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice")
        found[key] = value
    return found


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a JSON number")
