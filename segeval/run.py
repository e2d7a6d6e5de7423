"""Records add up to a Run; a Run knows its numbers and its JSON form."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import segeval
from segeval import diagnose
from segeval.aggregate import Scores, Scoring
from segeval.bootstrap import Draws
from segeval.classes import ClassTable
from segeval.errors import SegevalError, causes, ending, is_doubt
from segeval.evidence.channels import Evidence, pooled
from segeval.evidence.confusion import Confusion
from segeval.pairing import added
from segeval.rows import Rows, intervals

if TYPE_CHECKING:
    from segeval.criteria import Criteria
    from segeval.losses.asking import LossChoice
    from segeval.losses.plan import Measured

SCHEMA = "segeval-run/1"
MANY = 1000  # classes: of more than this, only those that occur are listed
LARGEST_MATRIX = 2048  # classes: of more than this, the matrix is left to `confusion_images.csv`


@dataclass(frozen=True, slots=True)
class Note:
    """Something to say about one pair (or, without an id, about all): a fault or a remark."""

    id: str
    code: str
    message: str
    hint: str = ""

    @classmethod
    def of(cls, id_: str, said: SegevalError) -> "Note":
        return cls(id_, said.code, said.message, said.hint)

    @property
    def exit_code(self) -> int:
        """How a run ends that has this to say."""
        return causes()[self.code].exit_code


@dataclass(frozen=True, slots=True)
class Record:
    """What one pair leaves behind."""

    id: str
    confusion: Evidence  # counts of each class by itself where they do not exclude each other
    truth_digest: str
    notes: tuple[Note, ...] = ()
    losses: "Measured | None" = None


@dataclass(frozen=True, eq=False)
class Run:
    """The records of some pairs, sorted by id, with the classes and options they were made with.

    Runs of disjoint ids and equal options add up: the sum is the run over all their pairs.
    """

    records: tuple[Record, ...]
    table: ClassTable | None  # None: the classes are the ids found
    scoring: Scoring
    options: Mapping[str, Any]  # as recorded in run.json
    losses: "LossChoice | None" = None
    draws: Draws = field(default_factory=Draws)
    inputs: str = ""  # a digest of the names and sizes of all files; it adds up
    paired: int = 0
    failures: tuple[Note, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    def __add__(self, other: "Run") -> "Run":
        if (self.options, self.table) != (other.options, other.table):
            raise ValueError("runs of other options or classes do not add up")
        twice = {r.id for r in self.records} & {r.id for r in other.records}
        if twice:
            raise ValueError(f"runs that share images do not add up: {min(twice)!r}")
        return Run(
            tuple(sorted(self.records + other.records, key=lambda record: record.id)),
            self.table,
            self.scoring,
            self.options,
            self.losses,
            self.draws,
            added(self.inputs, other.inputs),
            self.paired + other.paired,
            tuple(sorted(self.failures + other.failures, key=lambda note: (note.id, note.code))),
            tuple(sorted(self.missing + other.missing)),
            tuple(sorted(self.extra + other.extra)),
        )

    def grouped(self, id_: str) -> str:
        """The group of an image; empty where images are not grouped."""
        return self.draws.grouping.of(id_) if self.draws.group_by else ""

    @property
    def complete(self) -> bool:
        """Whether every pair was scored."""
        return not self.failures

    @property
    def exit_code(self) -> int:
        """0, 3 where single files are at fault, 70 where one of them tripped a fault of ours."""
        return ending(note.exit_code for note in self.failures)

    @cached_property
    def notes(self) -> list[Note]:
        """Remarks about the run as a whole, then about its pairs."""
        about_all = [Note.of("", said) for said in self._said()]
        return about_all + [note for record in self.records for note in record.notes]

    def _said(self) -> Iterable[SegevalError]:
        chosen = self.table.ids if self.table else None
        return diagnose.remarks(self._total, [record.confusion for record in self.records], chosen)

    @property
    def doubts(self) -> list[Note]:
        """Notes that say that the numbers may mean nothing."""
        return [note for note in self.notes if is_doubt(note.code)]

    @cached_property
    def class_table(self) -> ClassTable:
        """The classes: those given, or the ids found."""
        table = self.table or ClassTable.found(self._total.ids, self._total.ignore)
        if len(table.classes) <= MANY:
            return table
        return table.only(self._total.seen)

    @cached_property
    def _total(self) -> Evidence:
        return pooled([r.confusion for r in self.records], multilabel=bool(self.options.get("multilabel")))

    @cached_property
    def confusion(self) -> Evidence:
        """The counts of all images together."""
        return self._total.with_ids(self.class_table.ids)

    @cached_property
    def scores(self) -> Scores:
        return Scores.of([r.confusion for r in self.records], self.class_table.ids, self.scoring)

    @cached_property
    def group_scores(self) -> Scores | None:
        """The scores of groups of classes, from the merged counts."""
        groups = self.class_table.groups
        if not groups:
            return None
        merged = [r.confusion.merged(groups) for r in self.records if isinstance(r.confusion, Confusion)]
        return Scores.of(merged, range(len(groups)), self.scoring)

    @property
    def summary(self) -> dict[str, float]:
        """Every summary number by name; nan where it is undefined."""
        return {name: found.value for name, found in self._means.items()}

    @cached_property
    def _means(self) -> dict[str, Any]:
        means = dict(self.scores.summary)
        if self.group_scores:
            means |= {f"group_{name}": found for name, found in self.group_scores.means.items()}
        return means

    @cached_property
    def classes(self) -> list[dict[str, Any]]:
        """One row for each class, with `id`, `name`, counts and metrics; nan where undefined."""
        named = zip(self.class_table.classes, self.scores.classes(), strict=True)
        return [{"id": c.id, "name": c.name, **({"group": c.group} if c.group else {}), **row} for c, row in named]

    @cached_property
    def groups(self) -> list[dict[str, Any]]:
        """One row for each group of classes."""
        if not self.group_scores:
            return []
        named = zip(self.class_table.groups.items(), self.group_scores.classes(), strict=True)
        return [{"name": name, "ids": ids, **row} for (name, ids), row in named]

    @cached_property
    def criteria(self) -> "Criteria | None":
        """The losses, if any were asked for."""
        if self.losses is None or self.table is None:
            return None
        from segeval.criteria import Criteria

        names = tuple(c.name for c in self.table.classes)
        return Criteria(self.losses, self.table.ids, names, [record.losses for record in self.records])

    @cached_property
    def rows(self) -> Rows:
        """What every image left behind."""
        ids = tuple(record.id for record in self.records)
        return Rows(
            ids,
            self.draws.grouping.every(ids),
            tuple(record.truth_digest for record in self.records),
            self.scores,
            lambda: self.group_scores,
            lambda: self.criteria.images if self.criteria else {},
        )

    @property
    def fingerprint(self) -> str:
        """A sha256 of the ids and true labels of all records: equal for equal data, however it is stored."""
        lines = "".join(f"{json.dumps(r.id)} {r.truth_digest}\n" for r in self.records)
        return hashlib.sha256(lines.encode()).hexdigest()

    def document(self, files: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The content of `run.json`; `files` are the check sums of the tables beside it."""
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "segeval": segeval.__version__,
            "complete": self.complete,
            "fingerprint": self.fingerprint,
            "inputs": self.inputs,
            "files": dict(files or {}),
            "options": dict(self.options),
            "images": self._images(),
            "classes": self.classes,
            "confusion": self.matrix(),
            "summary": self.summary,
            "undefined": self._undefined(),
            "notes": [_said(note) for note in self.notes],
        }
        if self.criteria:
            document["losses"] = self.criteria.document()
            document["losses_left_out"] = dict(self.criteria.choice.left_out)
        if self.groups:
            document["groups"] = self.groups
        if self.draws.ci:
            document["ci"] = self._intervals()
        clean = finite(document)
        assert isinstance(clean, dict)
        return clean

    def to_json(self, path: str | Path | None = None, files: Mapping[str, str] | None = None) -> str:
        """The text of `run.json`: sorted keys, no NaN, the same bytes for the same run; written to `path` if given."""
        text = as_text(self.document(files))
        if path is not None:
            from segeval.io.write import atomic

            with atomic(Path(path)) as out:
                out.write(text)
        return text

    def _images(self) -> dict[str, Any]:
        return {
            "paired": self.paired,
            "scored": len(self.records),
            "failed": [_said(note) for note in self.failures],
            "missing": list(self.missing),
            "extra": list(self.extra),
        }

    def _intervals(self) -> dict[str, Any]:
        """The confidence interval of each summary number."""
        found = intervals(self.rows, self.draws, bool(self.groups))
        return {"groups": self.rows.clusters, "two_sided": self.draws.confidence, "summary": found}

    def matrix(self) -> dict[str, Any]:
        """The confusion matrix as `run.json` has it: rows truth, columns prediction and `other`.

        None for very many classes, and for classes that do not exclude each other.
        """
        ids, found = list(self.class_table.ids), self.confusion
        counts = None
        if isinstance(found, Confusion) and len(ids) <= LARGEST_MATRIX:
            counts = found.matrix.tolist()
        return {"truth_ids": ids, "pred_ids": [*ids, "other"], "counts": counts}

    def _undefined(self) -> dict[str, Any]:
        """How many values each mean skipped, of how many; with a reason where nothing was left."""
        reason = "no-images" if not self.records else "all-ignored" if not self.confusion.total else "nothing-defined"
        return {
            name: {"skipped": found.undefined, "of": found.of} | ({"reason": reason} if math.isnan(found.value) else {})
            for name, found in self._means.items()
            if found.undefined or math.isnan(found.value)
        }


def as_text(document: Mapping[str, Any]) -> str:
    """A document as JSON: sorted keys, no NaN, a final line feed."""
    return json.dumps(document, sort_keys=True, indent=1, allow_nan=False) + "\n"


def _said(note: Note) -> dict[str, str]:
    return {"id": note.id, "code": note.code, "message": note.message} | ({"hint": note.hint} if note.hint else {})


def finite(value: Any) -> Any:
    """The same with null for what JSON cannot say."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
