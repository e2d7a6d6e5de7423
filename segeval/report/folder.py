"""A run as a folder: `run.json` and its tables."""

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from segeval.aggregate import Scores
from segeval.errors import BadOutput
from segeval.evidence.confusion import Confusion, positions
from segeval.evidence.runs import merged_cells
from segeval.io.journal import stored
from segeval.io.write import atomic
from segeval.report.csv import csv_cell
from segeval.run import SCHEMA, Run
from segeval.text import marked

CHUNK = 1000  # images whose rows are made at a time


def check(folder: Path, options: Mapping[str, Any], inputs: str) -> None:
    """Refuse a folder that holds a run of other inputs or options, as far as that shows beforehand, or stray tables."""
    earlier = _earlier(folder)
    if earlier is None:
        mine = [name for name in TABLES if (folder / name).exists()]
        if mine:
            raise BadOutput(f"{folder} holds {mine[0]} but no run.json", OVERWRITE)
    elif (earlier.get("schema"), earlier.get("options"), earlier.get("inputs")) != (SCHEMA, plain(options), inputs):
        raise BadOutput(f"{folder} holds a run of other inputs or options", OVERWRITE)


def holds_other(folder: Path, run: Run) -> bool:
    """Whether the folder holds a run that came out differently, though its files were called and sized the same."""
    earlier = _earlier(folder)
    if earlier is None:
        return False
    now, then = plain(run.document()), {**earlier}
    for document in (now, then):
        document.pop("files", None)
    return bool(now != then)


def refusal(folder: Path) -> BadOutput:
    return BadOutput(f"{folder} holds a run of other inputs; it was left as it is", OVERWRITE)


OVERWRITE = "choose another folder, or overwrite it with --force"


def plain(document: Mapping[str, Any]) -> Any:
    """The document as it reads back from JSON."""
    return json.loads(json.dumps(document))


def _earlier(folder: Path) -> dict[str, Any] | None:
    """The run.json of a folder; empty if it cannot be read."""
    path = folder / "run.json"
    return stored(path) if path.exists() else None


def write(run: Run, folder: Path) -> dict[str, str]:
    """Write the tables and then `run.json`, each whole or not at all; gives the check sums of the tables."""
    sums = {name: _table(folder / name, rows(run)) for name, rows in TABLES.items()}
    run.to_json(folder / "run.json", sums)
    return sums


def _table(path: Path, rows: Iterable[list[Any]]) -> str:
    """Write one table; gives its sha256."""
    with atomic(path) as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
    with open(path, "rb") as written:
        return hashlib.file_digest(written, "sha256").hexdigest()


def _images(run: Run) -> Iterable[list[Any]]:
    """One row for each image and class."""
    entries = run.scoring.entries
    head = ["id", "group", "class_id", "class", "truth_pixels", "pred_pixels", "tp", "fp", "fn"]
    losses = run.criteria.images if run.criteria else {}
    yield [*head, *(run.scoring.printed(entry) for entry in entries), *(f"loss.{name}" for name in losses), "tn"]
    table = run.class_table
    names = [(c.id, marked(c.name)) for c in table.classes]
    for start in range(0, len(run.records), CHUNK):
        records = run.records[start : start + CHUNK]
        scores = Scores.of([r.confusion for r in records], table.ids, run.scoring)
        counts = scores.images
        columns = [counts.tp + counts.fn, counts.tp + counts.fp, counts.tp, counts.fp, counts.fn]
        columns += [scores.values(entry, counts) for entry in entries]
        columns += [*(values[start : start + CHUNK, 1:] for values in losses.values()), counts.tn]
        images = [(marked(r.id), marked(run.grouped(r.id))) for r in records]
        yield from _image_rows(images, names, [column.tolist() for column in columns])


def _image_rows(
    images: list[tuple[str, str]], names: list[tuple[int, str]], columns: list[list[list[Any]]]
) -> Iterable[list[Any]]:
    for n, image in enumerate(images):
        for k, named in enumerate(names):
            yield [*image, *named, *(csv_cell(column[n][k]) for column in columns)]


def _records(run: Run) -> Iterable[list[Any]]:
    """One row for each image: what is of it as a whole."""
    losses = run.criteria.images if run.criteria else {}
    yield ["id", "group", "truth_sha256", "right", "pixels", *(f"loss.{name}" for name in losses)]
    values = [column[:, 0].tolist() for column in losses.values()]
    for n, record in enumerate(run.records):
        counts = record.confusion
        row = [marked(record.id), marked(run.grouped(record.id)), record.truth_digest, counts.right, counts.total]
        yield [*row, *(csv_cell(column[n]) for column in values)]


def _confusion(run: Run) -> Iterable[list[Any]]:
    """The pooled matrix: rows truth, columns prediction."""
    matrix = run.matrix()
    yield ["truth_id", *matrix["pred_ids"]]
    for id_, row in zip(matrix["truth_ids"], matrix["counts"] or [], strict=False):
        yield [id_, *row]


def _confusion_images(run: Run) -> Iterable[list[Any]]:
    """The cells of each image that are not zero."""
    yield ["id", "truth_id", "pred_id", "pixels"]
    ids = run.class_table.ids
    for record in run.records:
        if not isinstance(record.confusion, Confusion):
            continue
        truth, pred, pixels = record.confusion.valid
        known = np.where(positions(pred, ids) < len(ids), pred, -1)
        for t, p, n in zip(*(column.tolist() for column in merged_cells(truth, known, pixels)), strict=True):
            yield [marked(record.id), t, p if p >= 0 else "other", n]


TABLES: dict[str, Callable[[Run], Iterable[list[Any]]]] = {
    "images.csv": _images,
    "records.csv": _records,
    "confusion.csv": _confusion,
    "confusion_images.csv": _confusion_images,
}
