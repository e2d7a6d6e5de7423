"""How a study of losses is shown."""

import csv
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import numpy as np

from segeval.report.md import write_tables
from segeval.report.sections import Cell, Table, loss_table
from segeval.report.table import draw
from segeval.run.run import Run, as_text
from segeval.study.analysis import SPOILT, ZONES
from segeval.text import csv_cell, marked, safe_text

Document = dict[str, Any]


def tables(document: Document) -> list[Table]:
    """Values, shares of the gradient, agreement with the metrics, answers to errors."""
    values = loss_table(document)
    return [
        *([values] if values else []),
        _per_class(document),
        _shares(document),
        *_agreements(document),
        _answers(document),
    ]


def _numbered(title: str, headers: list[str], rows: list[list[Cell]]) -> Table:
    numbered = [[n, *row] for n, row in enumerate(rows, 1)]
    return Table(title, ["no.", "loss", *headers], numbered, len(rows))


def _per_class(document: Document) -> Table:
    names = list(next(iter(document["losses"].values()))["per_class"]) if document["losses"] else []
    rows: list[list[Cell]] = [
        [name, *(found["per_class"][each] for each in names)] for name, found in document["losses"].items()
    ]
    return _numbered("losses per class", names, rows)


def _shares(document: Document) -> Table:
    found = document["gradient_shares"]
    classes = list(next(iter(found.values()))["classes"]) if found else []
    headers = [*(f"{zone} (zone)" for zone in ZONES), *(f"{name} (class)" for name in classes)]
    rows: list[list[Cell]] = [
        [name, *(each["zones"][zone] for zone in ZONES), *(each["classes"][kind] for kind in classes)]
        for name, each in found.items()
    ]
    return _numbered(f"share of the gradient, mean over {len(document['gradient_images'])} images", headers, rows)


def _agreements(document: Document) -> Iterator[Table]:
    metrics = list(next(iter(document["agreement"].values()))) if document["agreement"] else []
    for metric in metrics:
        rows: list[list[Cell]] = []
        for name, found in document["agreement"].items():
            each = found[metric]
            rows.append([name, each["spearman"], each["kendall"], each["images"], ", ".join(each["disagree"])])
        headers = ["Spearman", "Kendall", "images", "ranked most differently"]
        yield _numbered(f"agreement with {metric} over images", headers, rows)


def _answers(document: Document) -> Table:
    """The value at the largest error of each kind, and what is odd on the way."""
    rows: list[list[Cell]] = []
    for name, found in document["sensitivity"].items():
        odd = [f"{found[kind]['flag']}: {kind}" for kind in SPOILT if found[kind]["flag"]]
        rows.append([name, *(found[kind]["values"][-1] for kind in SPOILT), "; ".join(odd)])
    image = document["sensitivity_image"]
    of = f" of {image}" if image is not None else ""
    return _numbered(f"the truth{of}, spoilt by the largest step", [*SPOILT, "odd"], rows)


def _csv(document: Document, run: Run, out: TextIO) -> None:  # noqa: ARG001 - one signature for all formats
    """A row for each image, loss and class; the class is empty for the loss as a whole."""
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["id", "loss", "class", "value"])
    criteria = run.criteria
    assert criteria is not None
    found = criteria.load()
    for name, values in found.images.items():
        of_images = zip(run.tables.ids, np.column_stack([values, found.classes[name]]), strict=True)
        for id_, row in of_images:
            for kind, value in zip(["", *criteria.names], row.tolist(), strict=True):
                rows.writerow([marked(id_), name, marked(kind), csv_cell(value)])


def _json(document: Document, run: Run, out: TextIO) -> None:  # noqa: ARG001
    out.write(as_text(document))


def _md(document: Document, run: Run, out: TextIO) -> None:  # noqa: ARG001
    write_tables(tables(document), out)


def _table(document: Document, run: Run, out: TextIO) -> None:  # noqa: ARG001
    for each in tables(document):
        out.write(f"{safe_text(each.title)}\n\n")
        draw([each], out)


FORMATS: dict[str, Callable[[Document, Run, TextIO], None]] = {"table": _table, "json": _json, "csv": _csv, "md": _md}
