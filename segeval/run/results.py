"""A finished run as gate and compare see it: its document, and what each image left behind."""

import contextlib
import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from segeval.errors import UnreadableRun
from segeval.evidence.confusion import Confusion, PixelCounts
from segeval.evidence.kinds import EVIDENCE, Columns, Kind
from segeval.evidence.run_length import Array
from segeval.metrics.sections import SECTIONS
from segeval.run import stored
from segeval.run.bootstrap import Draws
from segeval.run.cells import OTHER, Cells, of_counts
from segeval.run.grouping import Grouping
from segeval.run.means import once
from segeval.run.numbers import COUNTED, INVENTED, MISSED, Number, columns, section, summary
from segeval.run.run import SCHEMA, Run
from segeval.run.scoring import Scoring
from segeval.run.tables import PIXELS, Outline, Tables, fingerprint, merged_tables, same
from segeval.text import unmarked


@dataclass(frozen=True, eq=False)
class Results:
    """The document of a run, and its tables where they are known."""

    name: str
    document: Mapping[str, Any]
    load: Callable[[], Tables]
    whole: bool = True  # False: the document is of more images than the tables
    beside: bool | None = None  # whether the tables lie beside a stored document; None: it is made of them
    load_cells: Callable[[], Cells | None] = lambda: None  # of whole runs

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.name}>"

    @classmethod
    def of(cls, run: Run, name: str = "this run", document: Mapping[str, Any] | None = None) -> "Results":
        """The results of a run in memory, with the document that was made of it, if one was."""

        def cells() -> Cells | None:
            return of_counts(run.tables.ids, run.counts, run.class_table.ids)

        return cls(name, document or run.document(), lambda: run.tables, load_cells=cells)

    @classmethod
    def read(cls, name: str) -> Self:
        """The results in a folder or a `run.json`; the tables are read when they are needed."""
        path = stored.run_file(name)
        document = stored.document(path, SCHEMA)
        with stored.doubting(path, " is not a whole run"):
            outline = outlined(document)
            _check(document)
            _check_complete(document)
            if not any(EVIDENCE[kind].eaten is PIXELS.eaten for kind in outline.kinds):
                raise ValueError("it counts no pixels")
            _check_ranges(document, outline)
            _check_told(document, outline)
        beside = any(path.with_name(table).exists() for table in ("images.csv", "records.csv"))
        return cls(
            name,
            document,
            lambda: _read(path, document, outline),
            beside=beside,
            load_cells=lambda: None if document["options"].get("multilabel") else _cells(path, document),
        )

    @cached_property
    def rows(self) -> Tables:
        return self.load()

    @cached_property
    def cells(self) -> Cells | None:
        """The cells of the confusion matrices of its images; None where it has none."""
        return self.load_cells()

    @cached_property
    def outline(self) -> Outline:
        """Which numbers the run has."""
        return outlined(self.document)

    @property
    def classes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.document["classes"]
        return found

    def value(self, number: Number) -> float:
        """A number of the run: what its document says, or what its tables give.

        UnreadableRun where the tables beside a document deny what it says.
        """
        told: Any = _told(self.document, number.path) if self.whole and number.path else _NOTHING
        if told is not _NOTHING and not (self.beside and number.drawn):
            return _meant(self.document, number, told)
        now = number.of_images(self.rows) if number.drawn else math.nan
        if told is _NOTHING:
            return now
        then = _meant(self.document, number, told)
        if not same(now, then):
            what = f"{self.name}: run.json says that {number.title} is {then}, and its tables give {now}"
            raise UnreadableRun(what, stored.AGAIN)
        return then

    def unit(self, number: Number) -> str | None:
        """The unit that a number has in this run; None where it has none."""
        found = self.document["options"].get("unit") if number.unit == "spacing" else number.unit
        return str(found) if found else None

    def group_by(self, draws: Draws) -> str | None:
        """The pattern that images are grouped by: what is asked for, or else what the run was scored with."""
        found: str | None = draws.group_by or self.document["options"].get("group_by")
        return found

    def grouped(self, grouping: Grouping) -> Self:
        """The same with groups made anew, if there is a pattern for them."""
        return self.changed(lambda rows: rows.grouped(grouping), self.whole)

    def changed(self, change: Callable[[Tables], Tables], whole: bool) -> Self:
        """The same with other tables, made when they are needed."""
        return replace(self, load=lambda: change(self.rows), whole=whole)

    @property
    def cautions(self) -> list[str]:
        """What nobody can check of a stored run."""
        alone = f"{self.name}: there are no tables beside run.json, so that nothing confirms its numbers"
        return [alone] if self.beside is False else []


_NOTHING = object()
INFINITE = (MISSED, INVENTED, "infinite")  # reasons of a null that is no undefined number


def _meant(document: Mapping[str, Any], number: Number, told: Any) -> float:
    """What a document says in the place of a number; its null is infinite where the reason beside it says so."""
    if told is not None or not number.endless:
        return math.nan if told is None else float(told)
    *place, name = number.path
    if place[0] == "classes":
        reason = _told(document, tuple(place))["undefined"].get(name)
    else:
        reason = document["undefined"].get(name, {}).get("reason")
    return math.inf if reason in INFINITE else math.nan


def _told(document: Any, path: tuple[str | int, ...]) -> Any:
    """What a document says in a place; `_NOTHING` where it has no such place: a run of other metrics."""
    for step in path:
        try:
            document = document[step]
        except (KeyError, IndexError):
            return _NOTHING
    return document


def leaves(part: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The numbers of a section of a document, each with its place."""
    for key, value in part.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def outlined(document: Mapping[str, Any]) -> Outline:
    """Which numbers a run has, by its document."""
    losses = document.get("losses", {})
    if losses:
        import segeval.losses.engine.kind  # noqa: F401 - their kind of evidence is listed there
    return Outline(
        Scoring.from_record(document["options"]),
        tuple((row["id"], row["name"]) for row in document["classes"]),
        tuple(row["name"] for row in document.get("groups", [])),
        tuple(document.get("evidence", ["counts", *(["losses"] if losses else [])])),
        {name: found["reduction"] == "mean over images" for name, found in losses.items()},
    )


def _check(document: Mapping[str, Any]) -> None:
    """Refuse a document that lacks something, or has something of another kind, that gate and compare go by."""
    images, options = document["images"], document["options"]
    texts = [document["fingerprint"], document["segeval"], *document["files"].values()]
    texts += [*(note["id"] for note in images["failed"]), *images["missing"]]
    numbers = [images["scored"], *document["summary"].values()]
    for row in [*document["classes"], *document.get("groups", [])]:
        texts.append(row["name"])
        numbers += [value for key, value in row.items() if key not in ("id", "ids", "name", "group", "undefined")]
        texts += [row["group"]] if row.get("group") is not None else []
    numbers += [id_ for row in document.get("groups", []) for id_ in row["ids"]]
    numbers += [value for kind in SECTIONS if kind in document for _, value in leaves(document[kind])]
    ids = [row["id"] for row in document["classes"]]
    for loss in document.get("losses", {}).values():
        texts.append(loss["reduction"])
        numbers += [loss["value"], *(loss["per_class"][row["name"]] for row in document["classes"])]
        _ = loss["params"].keys()
    _ = options.get("losses", {}).keys(), set(options.get("ignore", ()))
    _ = [row[name] for row in document["classes"] for name in (*PixelCounts._fields, "n_hallucinated")]
    texts += [options[key] for key in ("group_by", "missing") if options.get(key) is not None]
    keys = {frozenset(row) - {"group"} for row in document["classes"]}  # some classes may be in no group
    if not isinstance(document["complete"], bool):
        raise TypeError(f"'complete' is {document['complete']!r}, neither true nor false")
    if len(keys) > 1:
        raise ValueError("rows of the same table differ")
    for values, kinds in ((texts, (str,)), (ids, (int,)), (numbers, (int, float, type(None)))):
        for value in values:
            if not isinstance(value, kinds) or isinstance(value, bool):
                raise TypeError(f"unexpected {value!r}")
            if isinstance(value, int | float) and not abs(value) < 1 << 63:
                raise ValueError(f"unexpected {value!r}")


def _check_told(document: Mapping[str, Any], outline: Outline) -> None:
    """Refuse a document without what pages show beside its numbers, or with something of another kind there."""
    if lacking := summary(outline).keys() - document["summary"].keys():
        raise ValueError(f"summary lacks {min(lacking)}")
    if "evidence" not in document:
        raise ValueError("it lacks evidence")
    unfounded = [metric.printed for metric in outline.scoring.entries if not outline.known(metric)]
    unfounded += [f"loss.{name}" for name in outline.losses if "losses" not in outline.kinds]
    if unfounded:
        raise ValueError(f"evidence lacks what {unfounded[0]} is computed of")
    losses, images = document.get("losses", {}).values(), document["images"]
    texts = [
        document["options"]["missing"],
        *images["extra"],
        *(note[key] for note in document["notes"] for key in ("id", "code", "message")),
    ]
    texts += [note.get("hint", "") for note in (*document["notes"], *images["failed"])]
    texts += [text for pair in document.get("losses_left_out", {}).items() for text in pair]
    texts += [found.get("reason", "") for found in document["undefined"].values()]
    rows = [*document["classes"], *document.get("groups", [])]
    texts += [reason for row in rows for reason in row["undefined"].values()]
    counts = [count for loss in losses for count in (loss["images"], loss["undefined"], loss.get("clipped", 0))]
    counts += [found[key] for found in document["undefined"].values() for key in ("skipped", "of")]
    for values, kind in ((texts, str), (counts, int)):
        if odd := [value for value in values if not isinstance(value, kind) or isinstance(value, bool)]:
            raise TypeError(f"unexpected {odd[0]!r}")
    _check_matrix(document["confusion"], document["classes"])


def _check_matrix(matrix: Mapping[str, Any], classes: list[dict[str, Any]]) -> None:
    """Refuse a confusion matrix that is not one of the classes, or that denies their pixels."""
    ids, counts = [row["id"] for row in classes], matrix["counts"]
    if matrix["truth_ids"] != ids or matrix["pred_ids"] != [*ids, "other"]:
        raise ValueError("the confusion matrix has other ids than the classes")
    if counts is None:
        return
    if len(counts) != len(ids) or any(len(row) != len(ids) + 1 for row in counts):
        raise ValueError("the confusion matrix has another size than the classes")
    for k, (row, told) in enumerate(zip(counts, classes, strict=True)):
        if odd := [count for count in row if type(count) is not int or count < 0]:
            raise TypeError(f"unexpected {odd[0]!r}")
        if (row[k], sum(row)) != (told["tp"], told["tp"] + told["fn"]):
            raise ValueError(f"the confusion matrix denies the pixels of {told['name']}")


def _check_complete(document: Mapping[str, Any]) -> None:
    """Refuse a document that says it is complete where its own counts of images deny it."""
    images, missing = document["images"], document["options"].get("missing")
    if document["complete"] and images["failed"]:
        raise ValueError(f"complete is true, and {len(images['failed'])} images failed")
    wanted = images["paired"] + (len(images["missing"]) if missing == "worst" else 0)
    if document["complete"] and images["scored"] != wanted:
        raise ValueError(f"complete is true, and {images['scored']} of {wanted} images were scored")


def _check_ranges(document: Mapping[str, Any], outline: Outline) -> None:
    """Refuse scores that no masks can have."""
    found = [(name, number, document["summary"].get(name)) for name, number in summary(outline).items()]
    for part, rows in ((outline, document["classes"]), (outline.merged, document.get("groups", []))):
        known = [(name, column.number(part, 0)) for name, column in columns(part).items()] if rows else []
        found += [(f"{name}[{row['name']}]", number, row.get(name)) for name, number in known for row in rows]
    for number in (each for kind in outline.sections for each in section(outline, kind)):
        if (value := _told(document, number.path)) is _NOTHING:
            raise ValueError(f"it lacks {number.title}")
        found.append((number.title, number, value))
    for title, number, value in found:
        if value is not None and not number.low - _ROUNDING <= value <= number.high + _ROUNDING:
            raise ValueError(f"{title} is {value}, outside {number.low:g} … {number.high:g}")


_ROUNDING = 1e-9


def _read(path: Path, document: Mapping[str, Any], outline: Outline) -> Tables:
    """The tables beside a `run.json`."""
    with stored.doubting(path, _UNFIT):
        records = stored.columns(path.with_name("records.csv"), document["files"])
        images = stored.columns(path.with_name("images.csv"), document["files"])
        return _tables(path, document, outline, records, images)


_UNFIT = ": its tables do not fit it"


def _tables(
    path: Path,
    document: Mapping[str, Any],
    outline: Outline,
    records: Mapping[str, stored.Column],
    images: Mapping[str, stored.Column],
) -> Tables:
    ids = tuple(records["id"])
    width = len(outline.classes)

    def of_kind(kind: Kind) -> Columns:
        with stored.doubting(path, _UNFIT):
            return _columns(kind, records, images, outline)

    def merged() -> Tables | None:
        with stored.doubting(path, _UNFIT):
            return _merged(path, document, tables)

    each = (id_ for id_ in ids for _ in range(width))
    if any(a != b for a, b in itertools.zip_longest(images["id"], each)) or len(set(ids)) < len(ids):
        raise ValueError("the ids of images.csv are not those of records.csv")
    tables = Tables(
        outline,
        tuple(map(unmarked, ids)),
        tuple(unmarked(group or id_) for group, id_ in zip(records["group"], ids, strict=True)),
        tuple(records["truth_sha256"]),
        {kind: functools.partial(of_kind, EVIDENCE[kind]) for kind in outline.kinds},
        merged,
    )
    _check_sums(document, tables)
    return tables


def _columns(
    kind: Kind, records: Mapping[str, stored.Column], images: Mapping[str, stored.Column], outline: Outline
) -> Columns:
    """The columns of a kind of evidence, as the tables have them."""
    shape = (len(records["id"]), len(outline.classes))
    if kind.valued:
        headers = {metric.printed: metric.printed for metric in outline.scoring.entries if metric.eats is kind.eaten}
    else:
        headers = {name: f"{kind.prefix}{name}" for name in _named(kind, images)}
    classes = {name: _numbers(kind, name, images[header]).reshape(shape) for name, header in headers.items()}
    return Columns(
        classes, {name: _numbers(kind, name, records[f"{kind.prefix}{name}"]) for name in _named(kind, records)}
    )


def _named(kind: Kind, table: Mapping[str, stored.Column]) -> list[str]:
    """The columns of a kind that a table has: those that it declares, `tp@0.5` as tp; or all with its prefix."""
    declared = {**kind.columns, **kind.totals}
    names = [key.removeprefix(kind.prefix) for key in table if key.startswith(kind.prefix)]
    return [name for name in names if not declared or name.partition("@")[0] in declared]


def _numbers(kind: Kind, name: str, texts: Iterable[str]) -> Array:
    """Sums of whole numbers as int64; everything else in floating point."""
    if kind.adds(name) == "sum":
        with contextlib.suppress(ValueError):
            return np.array([*texts], np.int64)
    found = np.array([float(text) if text else math.nan for text in texts], np.float64)
    if kind.adds(name) == "sum" and not np.isfinite(found).all():
        raise ValueError(f"{name} is no sum")
    return found


def _check_sums(document: Mapping[str, Any], tables: Tables) -> None:
    """Refuse a document whose pooled numbers are not those of its tables, as far as they are quick to compute."""
    drawn = once(tables)
    scored = document["images"].get("cases", document["images"]["scored"])
    if scored != len(tables.ids):
        raise ValueError(f"{scored} images were scored, and {len(tables.ids)} have rows")
    # tables hold `\\x1b` for a character that they cannot show: of such ids nothing can be said
    if not any("\\" in id_ for id_ in tables.ids) and document["fingerprint"] != fingerprint(tables.ids, tables.truths):
        raise ValueError("the fingerprint is not that of its images")
    for name in COUNTED:
        counts = columns(tables.outline)[name].of(drawn)[0].tolist()
        if [row[name] for row in document["classes"]] != counts:
            raise ValueError(f"{name} of the classes is not its sum over the images")
    for name, number in summary(tables.outline).items():
        told = document["summary"]
        if name in told and name.endswith("_dataset") and not name.startswith("group_"):
            now = number.of_images(tables)
            then = _meant(document, number, told[name])
            if not same(now, then):
                raise ValueError(f"{name} is {then}, and {now} by the images")


def _cells(path: Path, document: Mapping[str, Any]) -> Cells:
    """The cells of each image, as the table beside a `run.json` has them."""
    with stored.doubting(path, _UNFIT):
        table = stored.columns(path.with_name("confusion_images.csv"), document["files"])
        numbers: dict[str, int] = {}
        image = np.array([numbers.setdefault(id_, len(numbers)) for id_ in table["id"]], np.int64)
        truth = np.array([*table["truth_id"]], np.int64)
        pred = np.array([OTHER if id_ == "other" else int(id_) for id_ in table["pred_id"]], np.int64)
        return Cells(tuple(map(unmarked, numbers)), image, truth, pred, np.array([*table["pixels"]], np.int64))


def _merged(path: Path, document: Mapping[str, Any], tables: Tables) -> Tables | None:
    """The tables of groups of classes, from the cells of each image."""
    groups = {row["name"]: row["ids"] for row in document.get("groups", [])}
    if not groups:
        return None
    cells = _cells(path, document)
    place = {id_: n for n, id_ in enumerate(tables.ids)}
    number = np.array([place[id_] for id_ in cells.ids], np.int64)
    image = number[cells.image]
    known = [row["id"] for row in document["classes"]]
    ends = np.searchsorted(image, np.arange(len(tables.ids) + 1))  # the cells lie in the order of the images
    parts = [(cells.truth[a:b], cells.pred[a:b], cells.pixels[a:b]) for a, b in itertools.pairwise(ends)]
    return merged_tables(tables, [Confusion.from_cells(part, known) for part in parts], groups)
