"""Records add up to a Run; a Run knows its numbers and its JSON form."""

import functools
import hashlib
import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import segeval
from segeval.data.classes import ClassTable
from segeval.data.folders import added
from segeval.data.shards import Shards, together
from segeval.errors import ClassesFound, EmptyShard, MixedUnits, SegevalError, ending, is_doubt
from segeval.evidence.kinds import EVIDENCE, Columns, unit_of
from segeval.evidence.multilabel import PixelEvidence
from segeval.run import diagnose, effects
from segeval.run.bootstrap import bounds, known
from segeval.run.means import Once, once, resample
from segeval.run.numbers import class_rows, numbers, section, section_document, summary
from segeval.run.options import Options
from segeval.run.records import Note, Record, pixels, unpacked
from segeval.run.statistics import Mean
from segeval.run.tables import Outline, Tables, alike, fingerprint, merged_tables
from segeval.text import counted, some

if TYPE_CHECKING:
    from segeval.run.losses import Criteria

SCHEMA = "segeval-run/1"
MANY = 1000  # classes: of more than this, only those that occur are listed
LARGEST_MATRIX = 2048  # classes: of more than this, the matrix is left to `confusion_images.csv`


@dataclass(frozen=True, eq=False)
class Run:
    """The records of some pairs, sorted by id, with the options they were made with.

    Runs of disjoint ids and equal options add up: the sum is the run over all their pairs.
    """

    records: tuple[Record, ...]
    options: Options
    inputs: str = ""  # a digest of the names and sizes of all files; it adds up
    paired: int = 0
    failures: tuple[Note, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    shards: Shards | None = None  # the parts of the images that it is of, where others are missing

    def __getstate__(self) -> dict[str, Any]:
        """What a copy in another process is made of: the fields alone, as what was found of them is found again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"<Run: {counted(len(self.records), 'image')}{failed}, miou_dataset {self.summary['miou_dataset']:.4f}>"

    @classmethod
    def read(cls, name: str | Path) -> "Run":
        """The run in a folder that `segeval score -o DIR` wrote, or beside its `run.json`.

        It is the run: it adds up with others, and what is written of it has the same bytes. UnreadableRun where
        something is missing, damaged or altered.
        """
        from segeval.run import stored

        path = stored.run_file(str(name))
        document = stored.document(path, SCHEMA)
        with stored.doubting(path, " is not a whole run"):
            arrays = stored.arrays(path.with_name(stored.EVIDENCE), document["files"])
        with stored.doubting(path, " is of another version of segeval, or altered"):
            found = cls._of(document, arrays)
        with stored.doubting(path, ": its evidence does not fit it"):
            found._check(document)
        return found

    @classmethod
    def _of(cls, document: Mapping[str, Any], arrays: Mapping[str, Any]) -> "Run":
        """The run of a document and its evidence."""
        options, images = Options.from_record(document["options"]), document["images"]
        if options.losses is not None:
            left_out = dict(document["losses_left_out"])
            options = replace(options, losses=replace(options.losses, left_out=left_out))
        added([document["inputs"]])  # what does not add up is refused at once
        notes = [Note.from_record(each) for each in document["notes"] if each["id"]]
        return cls(
            unpacked(arrays, options.specs, notes),
            options,
            document["inputs"],
            int(images["paired"]),
            tuple(map(Note.from_record, images["failed"])),
            tuple(map(str, images["missing"])),
            tuple(map(str, images["extra"])),
            Shards.from_record(document.get("shards")),
        )

    def _check(self, document: Mapping[str, Any]) -> None:
        """Refuse a document that the evidence does not give. Intervals take long, and follow from the rest."""
        options = replace(self.options, draws=replace(self.options.draws, ci=False))
        now = replace(self, options=options).document()
        for key in now.keys() - {"options", "segeval", "files"}:
            if not alike(now[key], document[key]):
                raise ValueError(f"{key} is not what its images give")

    def __radd__(self, other: int) -> "Run":
        """So that `sum(runs)` is a run: it begins with 0."""
        if other != 0:
            return NotImplemented
        return self

    def __add__(self, other: "Run") -> "Run":
        if self.options.recorded() != other.options.recorded():
            raise ValueError("runs of other options or classes do not add up")
        twice = self._ids & other._ids
        if twice:
            raise ValueError(f"runs that share images do not add up: {min(twice)!r}")
        return Run(
            tuple(sorted(self.records + other.records, key=lambda record: record.id)),
            self.options,
            added([self.inputs, other.inputs]),
            self.paired + other.paired,
            tuple(sorted(self.failures + other.failures, key=lambda note: (note.id, note.code))),
            tuple(sorted(self.missing + other.missing)),
            tuple(sorted(self.extra + other.extra)),
            together(self.shards, other.shards),
        )

    @property
    def _ids(self) -> set[str]:
        return {record.id for record in self.records} | {note.id for note in self.failures}

    def grouped(self, id_: str) -> str:
        """The group of an image; empty where images are not grouped."""
        return self.options.draws.grouping.of(id_) if self.options.draws.group_by else ""

    @property
    def complete(self) -> bool:
        """Whether every pair was scored, and no shard is missing."""
        return not self.failures and self.shards is None

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
        if self.shards and not self._ids:
            yield EmptyShard(f"shard {self.shards} holds no image", "nothing is lost: it merges like all others")
        yield from effects.remarks(self.records, self.options, self.total)
        if self._unit.get("unit") == "mixed":
            found = {unit for record in self.records for each in record.evidence.values() if (unit := unit_of(each))}
            yield MixedUnits(
                f"distances are in {', '.join(sorted(found))}, as files say how large a pixel is or do not",
                "give the size of a pixel of all of them: --spacing",
            )
        table = self.options.classes.scored
        counts = [record.confusion for record in self.records]
        if self.options.found:
            names = some([info.name for info in self.class_table.classes])
            what = f"losses are of the classes that the files hold: {names}"
            yield ClassesFound(what, "name them, so that absent ones are listed too: --num-classes N, --classes NAMES")
        chosen = None if self.options.found or not table else table.ids
        yield from diagnose.remarks(self.total, counts, chosen, void=self.options.classes.by_table)

    def without_effect(self, typed: Collection[str]) -> Iterable[SegevalError]:
        """The errors for options that were typed, and changed nothing; none of a shard, whose others may need them."""
        return () if self.shards else effects.refused(self.records, self.options, self.total, typed)

    @property
    def doubts(self) -> list[Note]:
        """Notes that say that the numbers may mean nothing."""
        return [note for note in self.notes if is_doubt(note.code)]

    @cached_property
    def class_table(self) -> ClassTable:
        """The classes: those given, or the ids found."""
        table = self.options.classes.scored or ClassTable.found(self.total.ids, self.total.ignore)
        if len(table.classes) <= MANY:
            return table
        return table.only(self.total.seen)

    @cached_property
    def total(self) -> PixelEvidence:
        """The counts of all images together, over all ids."""
        found: PixelEvidence = EVIDENCE[self._pixels].evidence.summed(self.counts)
        return found

    @property
    def _pixels(self) -> str:
        return pixels(self.options.specs)

    def of_kind(self, kind: str) -> list[Any]:
        """The evidence of one kind of every case; None where it has none."""
        if not self.options.scoring.pool_by:
            return [record.evidence.get(kind) for record in self.records]
        every = ([record.evidence.get(kind) for record in case] for case in self.cases.values())
        add = EVIDENCE[kind].evidence.summed
        return [found[0] if len(found) == 1 else add([each for each in found if each is not None]) for found in every]

    @property
    def counts(self) -> list[PixelEvidence]:
        """The counts of pixels of every case."""
        return self.of_kind(self._pixels)

    @property
    def cases(self) -> dict[str, tuple[Record, ...]]:
        """The records that are counted together, by the name of the case: each by itself, or those of `--pool-by`."""
        return self._pooled if self.options.scoring.pool_by else {record.id: (record,) for record in self.records}

    @cached_property
    def _pooled(self) -> dict[str, tuple[Record, ...]]:
        found: dict[str, list[Record]] = {}
        for record in self.records:
            found.setdefault(self.options.scoring.cases.of(record.id) or record.id, []).append(record)
        return {case: tuple(found[case]) for case in sorted(found)}

    @cached_property
    def confusion(self) -> PixelEvidence:
        """The counts of all images together."""
        return self.total.with_ids(self.class_table.ids)

    @cached_property
    def outline(self) -> Outline:
        """Which numbers there are."""
        found = tuple((info.id, info.name) for info in self.class_table.classes)
        losses = {} if self.criteria is None else {each.name: not self.criteria.summed for each in self.criteria.asked}
        groups = tuple(self.class_table.groups)
        return Outline(self.options.scoring, found, groups, tuple(self.options.specs), losses)

    @cached_property
    def tables(self) -> Tables:
        """What every image left behind."""
        truths = {case: _digest([record.truth_digest for record in found]) for case, found in self.cases.items()}
        ids = tuple(truths)
        load = {kind: functools.partial(self.columns, kind) for kind in self.options.specs}
        return Tables(
            self.outline, ids, self.options.draws.grouping.every(ids), tuple(truths.values()), load, self._merged
        )

    def columns(self, kind: str) -> Columns:
        """The columns of one kind of evidence."""
        if kind not in self._columns:
            ids, spec = self.class_table.ids, self.options.specs[kind]
            beside = (self.counts,) if EVIDENCE[kind].beside_counts else ()
            self._columns[kind] = EVIDENCE[kind].evidence.columns(self.of_kind(kind), ids, spec, *beside)
        return self._columns[kind]

    @cached_property
    def _columns(self) -> dict[str, Columns]:
        return {}

    def _merged(self) -> Tables | None:
        """The tables of groups of classes, from the merged counts."""
        groups = self.class_table.groups
        if not groups:
            return None
        return merged_tables(self.tables, [found for each in self.counts if (found := each.by_id)], groups)

    @property
    def _once(self) -> Once:
        return once(self.tables)

    def numbers(self) -> dict[str, float]:
        """Every number, by the name that rules use: `miou_dataset`, `iou[road]`, `loss.dice`; nan where undefined."""
        told = {}
        for name, loss in (self.criteria.document if self.criteria else {}).items():
            told[f"loss.{name}"] = loss["value"]
            told |= {f"loss.{name}[{of}]": value for of, value in loss["per_class"].items()}
        every = numbers(self.outline)
        return {n.title: told[n.title] if n.title in told else n.of_images(self.tables) for n in every}

    def flat(self) -> dict[str, float]:
        """Every defined number by a plain name, as trackers want it: `miou_dataset`, `iou/road`, `loss/dice/road`.

        A class whose name holds "/" stands by its id; `f_beta@2` is `f_beta_2`.
        """
        names = {c.name: str(c.id) if "/" in c.name else c.name for c in self.class_table.classes}
        found = {}
        for title, value in self.numbers().items():
            name, bracket, of = title.partition("[")
            head, at, knob = name.replace("%", "pct").partition("@")
            key = head.replace(".", "/", 1) + at.replace("@", "_") + knob
            if math.isfinite(value):
                found[f"{key}/{names.get(of[:-1], of[:-1])}" if bracket else key] = float(value)
        return found

    def _repr_html_(self) -> str:
        from segeval.run.notebook import table

        return table(self)

    def worst(self, count: int = 10, metric: str = "iou") -> list[tuple[str, float]]:
        """The images with the worst mean over classes of a metric, and that mean; the worst first."""
        from segeval.run.notebook import worst

        return worst(self, count, metric)

    def plot_confusion(self, ax: Any = None) -> Any:
        """Draw the confusion matrix on axes of matplotlib, and give them back; needs the extra `plot`."""
        from segeval.run.notebook import plot_confusion

        return plot_confusion(self, ax)

    def to_dataframe(self, of: str = "classes") -> Any:
        """A pandas DataFrame: the `classes`, or, of `images`, the rows of `images.csv`; needs the extra `pandas`."""
        from segeval.run.frames import frame

        return frame(self, of)

    @property
    def summary(self) -> dict[str, float]:
        """Every summary number by name; nan where it is undefined."""
        return {name: found.value for name, found in self._means.items()}

    @cached_property
    def _means(self) -> dict[str, Mean]:
        return {name: number.mean(self._once) for name, number in summary(self.outline).items()}

    @cached_property
    def classes(self) -> list[dict[str, Any]]:
        """One row for each class, with `id`, `name`, counts and metrics; nan where undefined."""
        rows = class_rows(self._once)
        named = zip(self.class_table.classes, rows, strict=True)
        return [{"id": c.id, "name": c.name, **({"group": c.group} if c.group else {}), **row} for c, row in named]

    @cached_property
    def groups(self) -> list[dict[str, Any]]:
        """One row for each group of classes."""
        if not self.tables.merged:
            return []
        named = zip(self.class_table.groups.items(), class_rows(self._once.merged), strict=True)
        return [{"name": name, "ids": ids, **row} for (name, ids), row in named]

    @cached_property
    def sections(self) -> dict[str, dict[str, Any]]:
        """What each kind of evidence tells of all images, as `run.json` has it; nan where undefined."""
        return {kind: section_document(self._once, kind, self.classes) for kind in self.outline.sections}

    @cached_property
    def criteria(self) -> "Criteria | None":
        """The losses, if any were asked for."""
        if self.options.losses is None:
            return None
        from segeval.losses.engine.kind import Values
        from segeval.run.losses import Criteria

        values = self.columns("losses")
        assert isinstance(values, Values)
        return Criteria(values, len(self.counts), tuple(c.name for c in self.class_table.classes))

    @property
    def fingerprint(self) -> str:
        """A sha256 of the ids and true labels of all cases: equal for equal data, however it is stored."""
        return fingerprint(self.tables.ids, self.tables.truths)

    def document(self, files: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The content of `run.json`; `files` are the check sums of the tables beside it."""
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "segeval": segeval.__version__,
            "complete": self.complete,
            "fingerprint": self.fingerprint,
            "inputs": self.inputs,
            "files": dict(files or {}),
            "options": self.options.recorded() | self._unit,
            "evidence": list(self.options.specs),
            "images": self._images(),
            "classes": self.classes,
            "confusion": self.matrix(),
            "summary": self.summary,
            "undefined": self._undefined(),
            "notes": [note.recorded() for note in self.notes],
        }
        if self.shards:
            document["shards"] = self.shards.recorded()
        if self.criteria:
            document["losses"] = self.criteria.document
            document["losses_left_out"] = dict(self.criteria.choice.left_out)
        if self.groups:
            document["groups"] = self.groups
        document |= self.sections
        if self.options.draws.ci:
            document["ci"] = named(self._intervals)
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

    @property
    def _unit(self) -> dict[str, str]:
        """What distances are counted in, where there are any: the same in all images, or `mixed`."""
        found = {unit for record in self.records for each in record.evidence.values() if (unit := unit_of(each))}
        return {"unit": min(found) if len(found) == 1 else "mixed"} if found else {}

    def _images(self) -> dict[str, Any]:
        return {
            "paired": self.paired,
            "scored": len(self.records),
            **({"cases": len(self.cases)} if self.options.scoring.pool_by else {}),
            "failed": [note.recorded() for note in self.failures],
            "missing": list(self.missing),
            "extra": list(self.extra),
        }

    @cached_property
    def _intervals(self) -> dict[str, Any]:
        """The confidence interval of each summary number, and of each number of a section."""
        draws, outline = self.options.draws, self.outline
        parts = {"summary": [*summary(outline).values()], **{k: [*section(outline, k)] for k in outline.sections}}
        drawn = {each.title: each.drawn for part in parts.values() for each in part if each.drawn}
        found = {}
        for title, values in resample(draws, [self.tables], drawn).items():
            low, high = known(*bounds(values, (1 + draws.confidence) / 2))
            found[title] = {"low": low, "high": high, "undefined": int(np.isnan(values).sum())}
        told = {name: {n.title: found[n.title] for n in part if n.drawn} for name, part in parts.items()}
        return {"groups": self.tables.clusters, "two_sided": draws.confidence, **told}

    def matrix(self) -> dict[str, Any]:
        """The confusion matrix as `run.json` has it: rows truth, columns prediction and `other`.

        None for very many classes, and for classes that do not exclude each other.
        """
        ids, found = list(self.class_table.ids), self.confusion.by_id
        counts = found.matrix.tolist() if found and len(ids) <= LARGEST_MATRIX else None
        return {"truth_ids": ids, "pred_ids": [*ids, "other"], "counts": counts}

    def _undefined(self) -> dict[str, Any]:
        """How many values each mean skipped, of how many; with a reason where nothing was left."""
        nothing = "no-images" if not self.records else "all-ignored" if not self.confusion.total else "nothing-defined"

        def told(found: Mean) -> dict[str, Any]:
            reason = "infinite" if math.isinf(found.value) else nothing if math.isnan(found.value) else ""
            return {"skipped": found.undefined, "of": found.of} | ({"reason": reason} if reason else {})

        odd = {name: found for name, found in self._means.items() if found.undefined or not math.isfinite(found.value)}
        return {name: told(found) for name, found in odd.items()}


def _digest(digests: list[str]) -> str:
    """A digest of the true masks of a case."""
    return digests[0] if len(digests) == 1 else hashlib.sha256(" ".join(digests).encode()).hexdigest()


def as_text(document: Mapping[str, Any]) -> str:
    """A document as JSON: sorted keys, no NaN, infinite numbers by name, a final line feed."""
    return json.dumps(finite(named(document)), sort_keys=True, indent=1, allow_nan=False) + "\n"


def named(value: Any) -> Any:
    """The same with what is infinite in a mapping, which JSON cannot say, as text under `infinite`."""
    if isinstance(value, list | tuple):
        return [named(item) for item in value]
    if not isinstance(value, dict):
        return value
    endless = {key: told for key, item in value.items() if (told := _endless(item))}
    return {key: named(item) for key, item in value.items()} | ({"infinite": endless} if endless else {})


def _endless(value: Any) -> Any:
    """An infinite number as text; of a list the same of each item, if there are any."""
    if isinstance(value, list | tuple):
        found = [_endless(item) if isinstance(item, float) else None for item in value]
        return found if any(found) else None
    return str(value) if isinstance(value, float) and math.isinf(value) else None


def defined(value: Any) -> Any:
    """The same with None for what is undefined."""
    if isinstance(value, dict):
        return {key: defined(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [defined(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def finite(value: Any) -> Any:
    """The same with null for what JSON cannot say."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
