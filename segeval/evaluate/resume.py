"""What is measured already, kept beside the output, so that a run that was killed goes on where it was."""

import base64
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import segeval
from segeval.data.folders import Pair
from segeval.errors import BadOption, BadOutput, UnreadableRun
from segeval.io import archive
from segeval.io.journal import Journal
from segeval.io.output import OutputFolder
from segeval.run.options import Options
from segeval.run.records import Note, Record, packed, unpacked
from segeval.run.run import SCHEMA
from segeval.run.stored import doubting

NAME = "run.jsonl"


class Measured:
    """The journal of a run: after its head, a line for each record, with what its files were before it was measured."""

    def __init__(self, folder: Path, options: Options, force: bool) -> None:
        self._path, self._options = folder / NAME, options
        self._journal, self._head = Journal(self._path), _head(options)
        lines = [*self._journal.entries()]
        self.begun = lines[:1] == [self._head]  # by a run that is this one
        if not (self.begun or force) and self._path.exists():
            what = f"{self._path} is of a run with other options or another version, or is damaged"
            raise BadOutput(what, "choose another folder, remove it, or measure all anew with --force")
        self._lines = {str(line.get("id")): line for line in lines[1:]} if self.begun else {}
        self._files: dict[str, Any] = {}

    def begin(self, pairs: Iterable[Pair]) -> dict[str, Record]:
        """The records of the pairs whose files have not changed since; the journal holds them and no others then."""
        self._files = {pair.id: _files(pair, self._options) for pair in pairs}
        kept = {id_: record for id_ in self._files if (record := self._record(id_)) is not None}
        self._journal.start([self._head, *(self._lines[id_] for id_ in kept)])
        return kept

    def _record(self, id_: str) -> Record | None:
        """The record of an image as it was measured; None where it is to be measured."""
        line = self._lines.get(id_)
        if line is None or line.get("files") != self._files[id_]:
            return None
        try:
            with doubting(self._path, f": {id_} cannot be read back"):
                arrays = archive.read(base64.b64decode(line["evidence"], validate=True))
                (record,) = unpacked(arrays, self._options.specs, map(Note.from_record, line["notes"]))
        except UnreadableRun:
            return None
        return record if record.id == id_ else None

    def add(self, record: Record) -> None:
        """Keep a record; it outlives this process from now on."""
        evidence = archive.content(packed([record], self._options.specs))
        self._journal.add(
            {
                "id": record.id,
                "files": self._files[record.id],
                "notes": [note.recorded() for note in record.notes],
                "evidence": base64.b64encode(evidence).decode("ascii"),
            }
        )

    def end(self) -> None:
        """The run is written: the journal has done its work."""
        self._journal.remove()


def journal(folder: OutputFolder | None, options: Options, resume: bool) -> Measured | None:
    """The journal in an output folder, where `--resume` asks for one."""
    if resume and folder is None:
        raise BadOption("--resume keeps a journal, and there is no folder for it", "give -o DIR too")
    return Measured(folder.path, options, folder.force) if folder and resume else None


def _head(options: Options) -> Any:
    """What decides what a record is, as it reads back from JSON."""
    head = {"schema": SCHEMA, "segeval": segeval.__version__, "options": options.recorded()}
    return json.loads(json.dumps(head))


def _files(pair: Pair, options: Options) -> list[list[Any]]:
    """All that a look from outside tells of the files of a pair: names, sizes, times, and which files they are."""
    found: list[list[Any]] = []
    for file in (pair.pred, pair.truth, options.maps.get(pair.id)):
        for path in file.paths if file else []:
            try:
                seen = os.stat(path)
            except OSError:  # its reading will tell
                found.append([path, None])
                continue
            found.append([path, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino])
        found.append([file.relative, file.array] if file else [])
    return found
