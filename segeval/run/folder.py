"""A run as a folder: `run.json`, its tables, and the evidence from which `Run.read` makes it again."""

import csv
import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from segeval.evidence.kinds import EVIDENCE as KINDS
from segeval.evidence.kinds import Columns
from segeval.evidence.run_length import Array
from segeval.io import archive
from segeval.io.journal import stored
from segeval.io.output import OutputFolder
from segeval.io.write import atomic
from segeval.run.cells import OTHER, of_image
from segeval.run.profiles import PROFILES, File
from segeval.run.records import packed
from segeval.run.run import SCHEMA, Run, as_text, finite
from segeval.run.stored import EVIDENCE
from segeval.run.tables import PIXELS, Tables
from segeval.text import marked

METRICS = "metrics.json"  # every defined number by a plain name
IMAGE_KEYS = ("id", "group", "class_id", "class")  # of a row of `images.csv`
CHUNK = 250  # images whose rows are made at a time


def opened(path: str, force: bool, profile: str | None = None) -> OutputFolder:
    """The folder as one of a run."""
    return OutputFolder(Path(path), "run", "run.json", (*_OWN, *files_of(profile)), force, ("unit",))


def files_of(profile: str | None) -> Mapping[str, File]:
    """What a run under that profile, or under none, has beside the files that every run has."""
    return PROFILES[profile].files if profile in PROFILES else {}


def known(options: Mapping[str, Any], inputs: str) -> dict[str, Any]:
    """What of a run shows before any work."""
    return {"schema": SCHEMA, "options": options, "inputs": inputs}


def write(run: Run, folder: Path) -> dict[str, str]:
    """Write the tables and then `run.json`, each whole or not at all; gives the check sums of the others."""
    sums = {name: _table(folder / name, rows(run)) for name, rows in TABLES.items()}
    sums[METRICS] = _document(folder / METRICS, run.flat())
    regions = run.class_table.scored_regions
    for name, made in files_of(run.options.profile).items():
        sums[name] = _document(folder / name, finite(made(run.tables, regions)))
    sums[EVIDENCE] = _evidence(folder / EVIDENCE, run)
    for name in stored(folder / "run.json").get("files", {}):
        if name in FILES and name not in sums:  # of an earlier run, with another profile
            (folder / name).unlink(missing_ok=True)
    run.to_json(folder / "run.json", sums)
    return sums


def _table(path: Path, rows: Iterable[list[Any]]) -> str:
    """Write one table; gives its sha256."""
    with atomic(path) as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
    return _sum(path)


def _document(path: Path, document: Mapping[str, Any]) -> str:
    """Write one JSON file; gives its sha256."""
    with atomic(path) as stream:
        stream.write(as_text(document))
    return _sum(path)


def _evidence(path: Path, run: Run) -> str:
    """Write what all images left behind, without loss; gives its sha256."""
    archive.write(path, packed(run.records, run.options.specs))
    return _sum(path)


def _sum(path: Path) -> str:
    with open(path, "rb") as written:
        return hashlib.file_digest(written, "sha256").hexdigest()


def _images(run: Run) -> Iterable[list[Any]]:
    """One row for each image and class: counts, metrics, and the columns of all other evidence."""
    yield [*IMAGE_KEYS, *image_columns(run, slice(0))]
    named = [(c.id, marked(c.name)) for c in run.class_table.classes]
    for start in range(0, len(run.tables.ids), CHUNK):
        part = slice(start, start + CHUNK)
        images = [(marked(id_), marked(run.grouped(id_))) for id_ in run.tables.ids[part]]
        values = zip(*(_cells(column) for column in image_columns(run, part).values()), strict=True)
        for (image, of_class), cells in zip(itertools.product(images, named), values, strict=True):
            yield [*image, *of_class, *cells]


def image_columns(run: Run, part: slice) -> dict[str, Any]:
    """What is known of each class in some images, by the names of `images.csv`: arrays of images × classes."""
    tables = run.tables.only(np.arange(len(run.tables.ids))[part])
    tp, fp, fn, tn = tables.counts.tp, tables.counts.fp, tables.counts.fn, tables.counts.tn
    found = {"truth_pixels": tp + fn, "pred_pixels": tp + fp, "tp": tp, "fp": fp, "fn": fn}
    found |= {metric.printed: tables.values(metric) for metric in run.options.scoring.entries}
    found |= {f"loss.{name}": values for name, values in _losses(tables).classes.items()} | {"tn": tn}
    return found | {f"{prefix}{name}": each for prefix, of in _others(tables) for name, each in of.classes.items()}


def _losses(tables: Tables) -> Columns:
    return tables.columns("losses") if "losses" in tables.load else Columns({}, {})


def _others(tables: Tables) -> list[tuple[str, Columns]]:
    """The columns of all evidence but pixels and losses, with what their names begin with; metrics stand elsewhere."""
    kinds = [KINDS[name] for name in tables.load if name != "losses" and KINDS[name].eaten is not PIXELS.eaten]
    found = [(kind, tables.columns(kind.name)) for kind in kinds]
    return [(kind.prefix, Columns({}, of.images) if kind.valued else of) for kind, of in found]


def _cells(numbers: Array) -> list[Any]:
    """Numbers as cells, row after row; what is undefined is empty."""
    cells = numbers.astype(object)
    cells[numbers != numbers] = ""
    found: list[Any] = cells.ravel().tolist()
    return found


def _records(run: Run) -> Iterable[list[Any]]:
    """One row for each image: what is of it as a whole."""
    tables = run.tables
    found = [("loss.", _losses(tables)), *_others(tables)]
    whole = {f"{prefix}{name}": each.copy() for prefix, columns in found for name, each in columns.images.items()}
    yield ["id", "group", "truth_sha256", "right", "pixels", *whole]
    for start in range(0, len(tables.ids), CHUNK):
        part = slice(start, start + CHUNK)
        values = zip(*(_cells(each[part]) for each in (tables.right, tables.decisions, *whole.values())), strict=True)
        for id_, truth, cells in zip(tables.ids[part], tables.truths[part], values, strict=True):
            yield [marked(id_), marked(run.grouped(id_)), truth, *cells]


def _confusion(run: Run) -> Iterable[list[Any]]:
    """The pooled matrix: rows truth, columns prediction."""
    matrix = run.matrix()
    yield ["truth_id", *matrix["pred_ids"]]
    for id_, row in zip(matrix["truth_ids"], matrix["counts"] or [], strict=False):
        yield [id_, *row]


def _confusion_long(run: Run) -> Iterable[list[Any]]:
    """Its cells that are not zero, by the names of classes, and the share of the true class: for programs that plot."""
    yield ["actual", "predicted", "pixels", "share"]
    matrix = run.matrix()
    names = {info.id: marked(info.name) for info in run.class_table.classes}
    for id_, row in zip(matrix["truth_ids"], matrix["counts"] or [], strict=False):
        whole = sum(row)
        for pred, pixels in zip(matrix["pred_ids"], row, strict=True):
            if pixels:
                yield [names[id_], names.get(pred, pred), pixels, pixels / whole]


def _confusion_images(run: Run) -> Iterable[list[Any]]:
    """The cells of each image that are not zero."""
    yield ["id", "truth_id", "pred_id", "pixels"]
    for id_, counts in zip(run.tables.ids, run.counts, strict=True):
        image = marked(id_)
        for t, p, n in zip(*(column.tolist() for column in of_image(counts, run.class_table.ids)), strict=True):
            yield [image, t, "other" if p == OTHER else p, n]


TABLES: dict[str, Callable[[Run], Iterable[list[Any]]]] = {
    "images.csv": _images,
    "records.csv": _records,
    "confusion.csv": _confusion,
    "confusion_long.csv": _confusion_long,
    "confusion_images.csv": _confusion_images,
}
_OWN = (*TABLES, METRICS, EVIDENCE)  # beside `run.json`
FILES = (*_OWN, *(name for each in PROFILES.values() for name in each.files))  # and those of profiles
