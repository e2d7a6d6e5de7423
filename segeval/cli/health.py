"""What is installed on this machine, as far as segeval minds."""

import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata

from segeval import __version__
from segeval.cli.config import nearest

NAME = "segeval-masks"


def lines() -> Iterator[str]:
    """The program and its surroundings, then every package that it can use."""
    yield f"segeval {__version__}, Python {sys.version.split()[0]}, {sys.platform}, {platform.machine()}"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield f"cores: {cores}"
    found = nearest()
    yield f"configuration: {found}" if found else "configuration: none from here upward"
    for extra, package in packages():
        version = _version(package)
        way_out = f"pip install '{NAME}[{extra}]'" if extra else "pip install it: nothing works without"
        yield f"{package}{f' (extra {extra})' if extra else ''}: {version or f'not installed; {way_out}'}"
    from segeval.cli.tables import formats

    yield f"formats: {', '.join(row[0] for row in formats()[1:] if row[0] != 'refused')}"


def packages() -> list[tuple[str, str]]:
    """The packages that segeval needs, then those of its extras but the one for its development."""
    found = []
    for line in metadata.requires(NAME) or []:
        package = re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0]
        extra = re.search(r"extra == ['\"]([^'\"]+)", line)
        if extra is None or extra[1] != "dev":
            found.append((extra[1] if extra else "", package))
    return sorted(found)


def missing() -> list[str]:
    """The packages without which segeval cannot work."""
    return [package for extra, package in packages() if not extra and _version(package) is None]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
