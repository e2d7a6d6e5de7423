"""How a study of losses is shown."""

import csv
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from segeval.report.md import markdown_text, write_tables
from segeval.report.sections import Cell, Table, loss_table
from segeval.report.table import draw, fitted, room
from segeval.run.run import Run, as_text
from segeval.study.analysis import SPOILT, ZONES
from segeval.study.view import View
from segeval.study.words import sentences
from segeval.text import clipped, counted, csv_cell, folded, marked, safe_text

SPARE = 6  # of them are for the indent and for what makes the beginning of a line safe
APART = 18  # columns that the id of an image keeps among others
WIDTH = 100  # columns that a table takes at most, where the terminal has them


def tables(view: View) -> list[Table]:
    """Values, agreement with the metrics, shares of the gradient, answers to errors; each with the first rows."""
    document = view.document
    shown = {**document, "losses": {name: document["losses"][name] for name in view.first(view.losses)}}
    values = loss_table(shown)
    images = counted(len(document["gradient_images"]), "image")
    return [
        *([values] if values else []),
        *_agreements(view),
        _zones(view, f"share of the gradient in each zone, mean over {images}"),
        _of_classes(view, f"share of the gradient on each class, mean over {images}", "gradient_shares", percent),
        _of_classes(view, "losses per class", "losses", _as_it_is),
        _answers(view),
    ]


def _numbered(title: str, what: str, headers: list[str], rows: list[list[Cell]]) -> Table:
    numbered = [[n, *row] for n, row in enumerate(rows, 1)]
    return Table(title, ["no.", what, *headers], numbered, len(rows))


def percent(share: float | None) -> Cell:
    """A share for people: percents with one decimal, and never 0 or 100 for what only comes near it."""
    if share is None:
        return None
    if share in (0.0, 1.0):
        return f"{100 * share:.0f} %"
    least, most = 0.0005, 0.9995
    return "< 0.1 %" if share < least else "> 99.9 %" if share >= most else f"{100 * share:.1f} %"


def significant(value: float | None) -> Cell:
    """A value of any size for people: three digits that count."""
    return None if value is None else f"{value:.3g}"


def _as_it_is(value: float | None) -> Cell:
    return value


PER_CLASS = {"gradient_shares": "classes", "losses": "per_class"}  # what each part of the document says of classes


def _of_classes(view: View, title: str, part: str, cell: Callable[[float | None], Cell]) -> Table:
    """A row for each class, a column for each loss."""
    found = view.document[part]
    losses = [name for name in view.first(view.losses) if name in found]
    classes, key = view.first(view.classes), PER_CLASS[part]
    rows: list[list[Cell]] = [[name, *(cell(found[loss][key][name]) for loss in losses)] for name in classes]
    return _numbered(title, "class", losses, rows)


def _zones(view: View, title: str) -> Table:
    found = view.document["gradient_shares"]
    losses = [name for name in view.first(view.losses) if name in found]
    rows: list[list[Cell]] = [[name, *(percent(found[name]["zones"][zone]) for zone in ZONES)] for name in losses]
    return _numbered(title, "loss", [*ZONES], rows)


def _agreements(view: View) -> Iterator[Table]:
    every = view.document["agreement"]
    for metric in next(iter(every.values()), {}):
        rows: list[list[Cell]] = []
        for name in view.first(view.losses):
            found = every[name][metric]
            apart = ", ".join(clipped(each, APART) for each in found["disagree"])
            rows.append([name, found["spearman"], found["kendall"], found["images"], apart])
        headers = ["Spearman", "Kendall", "images", "ranked most differently"]
        yield _numbered(f"agreement with {metric} over images", "loss", headers, rows)


def _answers(view: View) -> Table:
    """The value at the largest error of each kind, and what is odd on the way."""
    found = view.document["sensitivity"]
    losses = [name for name in view.first(view.losses) if name in found]
    rows: list[list[Cell]] = [
        [name, *(significant(found[name][kind]["values"][-1]) for kind in SPOILT), _odd(found[name])] for name in losses
    ]
    last = ["odd"] if any(row[-1] for row in rows) else []
    image = view.document["sensitivity_image"]
    of = f" of {image}" if image is not None else ""
    cells = [row if last else row[:-1] for row in rows]
    return _numbered(f"the truth{of}, spoilt by the largest step", "loss", [*SPOILT, *last], cells)


def _odd(answers: dict[str, Any]) -> str:
    """What is odd about a loss, with the kinds of error where it is."""
    kinds: dict[str, list[str]] = {}
    for kind in SPOILT:
        if flag := answers[kind]["flag"]:
            kinds.setdefault(flag, []).append(kind)
    whole = {flag: "all" if len(each) == len(SPOILT) else ", ".join(each) for flag, each in kinds.items()}
    return "; ".join(f"{flag}: {names}" for flag, names in whole.items())


def closing(view: View) -> list[str]:
    """The study in words, and what of it is not shown."""
    lines = sentences(view)
    every = {"losses": view.losses, "classes": view.classes}
    left = [
        f"{view.top} of {len(names)} {what}" for what, names in every.items() if len(view.first(names)) < len(names)
    ]
    if left:
        lines.append(f"shown: {' and '.join(left)}; --top {max(map(len, every.values()))} shows all")
    return lines


def _csv(view: View, run: Run, out: TextIO) -> None:  # noqa: ARG001 - one signature for all formats
    """A row for each image, loss and class; the class is empty for the loss as a whole."""
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["id", "loss", "class", "value"])
    criteria = run.criteria
    assert criteria is not None
    for name in (asked.name for asked in criteria.asked):
        for id_, row in zip(run.tables.ids, criteria.values.rows(name), strict=True):
            for kind, value in zip(["", *criteria.names], row.tolist(), strict=True):
                rows.writerow([marked(id_), name, marked(kind), csv_cell(value)])


def _json(view: View, run: Run, out: TextIO) -> None:  # noqa: ARG001
    out.write(as_text(view.document))


def _md(view: View, run: Run, out: TextIO) -> None:  # noqa: ARG001
    write_tables(tables(view), out)
    for line in closing(view):
        out.write(f"- {markdown_text(line)}\n")


def _table(view: View, run: Run, out: TextIO) -> None:  # noqa: ARG001
    width = min(WIDTH, room(out) or WIDTH)

    def write(line: str, indent: str) -> None:
        lines = folded(safe_text(line), width - SPARE)
        out.write("".join(f"{indent if n else ''}{safe_text(each)}\n" for n, each in enumerate(lines)))

    for each in tables(view):
        write(clipped(safe_text(each.title), width - SPARE), "")
        out.write("\n")
        draw(fitted(each, width), out)
    for line in closing(view):
        write(line, "  ")


FORMATS: dict[str, Callable[[View, Run, TextIO], None]] = {"table": _table, "json": _json, "csv": _csv, "md": _md}
