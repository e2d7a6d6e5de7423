"""Folders that results go into: one process writes at a time, and never over the results of something else."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segeval.errors import BadOutput
from segeval.io.journal import stored
from segeval.io.write import make_folder, sweep

OVERWRITE = "choose another folder, or overwrite it with --force"


@contextlib.contextmanager
def held(folders: Mapping[str, str | None], inputs: list[str]) -> Iterator[None]:
    """The folders that options name, made before any work, and no other process writes into them meanwhile."""
    named = {option: name for option, name in folders.items() if name is not None}
    new = [path for name in named.values() for path in (Path(name), *Path(name).parents) if name and not path.exists()]
    with contextlib.ExitStack() as stack:
        stack.callback(_remove_empty, new)
        places = {os.path.realpath(_made(option, name, inputs)) for option, name in named.items()}
        for place in sorted(places):
            stack.enter_context(_only_writer(Path(place)))
            sweep(Path(place).glob(".*.tmp"))
        yield


def check_empty(folder: Path, force: bool, lacks: str = "") -> None:
    """Refuse a folder with something in it; lacks: what would have shown that it is ours."""
    if not force and any(path for path in folder.iterdir() if not path.name.startswith(".segeval")):
        raise BadOutput(f"{folder} is not empty{f', and holds no {lacks}' if lacks else ''}", OVERWRITE)


def _remove_empty(folders: list[Path]) -> None:
    """Remove what was made and then not used: the work was broken off, or refused."""
    for folder in folders:
        with contextlib.suppress(OSError):  # it is not empty
            folder.rmdir()


def _made(option: str, name: str, inputs: list[str]) -> Path:
    if not name:
        raise BadOutput(f"{option} is empty", "give the name of a folder")
    make_folder(Path(name), inputs)
    return Path(name)


@contextlib.contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Keep other processes of ours out of a folder; whatever ends this one lets them in again."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_locked(folder))
        except BlockingIOError as fault:
            what = f"another segeval writes into {folder}"
            raise BadOutput(what, "wait until it is done, or choose another folder") from fault
        except (ImportError, OSError):  # no such locks on this system, or on this disk
            stack.enter_context(_marked(folder))
        yield


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """A lock of the system on the folder itself, which leaves nothing behind."""
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _marked(folder: Path) -> Iterator[None]:
    """A file that says that the folder is taken."""
    mark = folder / ".segeval.lock"
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError as fault:
        what = f"another segeval writes into {folder}"
        raise BadOutput(what, f"wait until it is done; if it was killed, remove {mark}") from fault
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


@dataclass(frozen=True)
class OutputFolder:
    """A folder of a document, written last, and of its tables."""

    path: Path
    what: str  # how messages call the whole: "run"
    document: str  # the name of the file that says what all is of
    tables: tuple[str, ...]
    force: bool = False
    found: tuple[str, ...] = ()  # what the options of the document tell that nobody chose: it shows after the work

    def check(self, known: Mapping[str, Any], begun: bool = False) -> None:
        """Refuse a folder with something else, as far as that shows beforehand, or with tables that are nobody's.

        begun: the tables are those of this very run, which was killed while it wrote them.
        """
        earlier = self._earlier()
        if earlier is None:
            stray = [name for name in self.tables if (self.path / name).exists()]
            if stray and not (self.force or begun):
                raise BadOutput(f"{self.path} holds {stray[0]} but no {self.document}", OVERWRITE)
        elif self._chosen(earlier, known) != _plain(known):
            raise BadOutput(f"{self.path} holds a {self.what} of other inputs or options", OVERWRITE)

    def _chosen(self, earlier: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
        """What an earlier document says of what shows beforehand."""
        told = {key: earlier.get(key) for key in known}
        options = told.get("options")
        if isinstance(options, Mapping):
            told["options"] = {key: value for key, value in options.items() if key not in self.found}
        return told

    def holds_other(self, document: Mapping[str, Any]) -> bool:
        """Whether it holds what came out differently, though its files were called and sized the same."""
        earlier = self._earlier()
        return earlier is not None and _compared(earlier) != _compared(_plain(document))

    def refusal(self) -> BadOutput:
        return BadOutput(f"{self.path} holds a {self.what} of other inputs; it was left as it is", OVERWRITE)

    def _earlier(self) -> dict[str, Any] | None:
        """The document that must not be lost; empty if it cannot be read."""
        path = self.path / self.document
        return stored(path) if path.exists() and not self.force else None


def _plain(document: Mapping[str, Any]) -> Any:
    """The document as it reads back from JSON."""
    return json.loads(json.dumps(document))


def _compared(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without the check sums of its tables, which follow from the rest."""
    return {key: value for key, value in document.items() if key != "files"}
