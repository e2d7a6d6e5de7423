"""What a comparison of runs says: tables and sentences of its document, and its formats."""

import csv
from typing import Any, TextIO

from segeval.report.formats import formats
from segeval.report.sections import Cell, Table, shown
from segeval.report.verdict import signed
from segeval.run.bootstrap import FEW, MANY
from segeval.text import counted, csv_cell

Document = dict[str, Any]
HEADERS = ["no.", "number", "before", "after", "difference", "low", "high", "p", "p adjusted", "detectable"]
COUNTS = ["won", "lost", "tied"]


def tables(document: Document) -> list[Table]:
    """For each run its differences from the first and the images that moved; then the ranks."""
    found = []
    for n in range(1, len(document["runs"])):
        found += [_differences(document, n), *_movers(document, n)]
    return found + ([_ranking(document)] if document["ranking"] else [])


def _title(document: Document, n: int) -> str:
    return f"{document['runs'][n]['name']} against {document['runs'][0]['name']}"


def _differences(document: Document, n: int) -> Table:
    rows: list[list[Cell]] = []
    for k, number in enumerate(document["numbers"], 1):
        d = number["differences"][n - 1]
        changes = [signed(d[key]) for key in ("difference", "low", "high")]
        values = [number["values"][0], number["values"][n]]
        counts = [d[key] for key in COUNTS]
        rows.append([k, number["number"], *values, *changes, d["p"], d["p_adjusted"], d["detectable"], *counts])
    return Table(_title(document, n), [*HEADERS, *COUNTS], rows, len(rows))


def _movers(document: Document, n: int) -> list[Table]:
    rows: list[list[Cell]] = [
        [k, mover["id"], mover["before"], mover["after"]]
        for k, mover in enumerate((m for m in document["movers"] if m["run"] == n), 1)
    ]
    title = f"images that moved most, {_title(document, n)}"
    return [Table(title, ["no.", f"image, by {document['moved']}", "before", "after"], rows, len(rows))] if rows else []


def _ranking(document: Document) -> Table:
    ranking, runs = document["ranking"], document["runs"]
    rows: list[list[Cell]] = [
        [rank, run["name"], *shares]
        for rank, run, shares in sorted(
            zip(ranking["ranks"], runs, ranking["shares"], strict=True), key=lambda row: (row[0], row[1]["name"])
        )
    ]
    headers = ["rank", f"run, by {ranking['number']}", *(f"share of rank {n}" for n in range(1, len(runs) + 1))]
    return Table("ranks under resampling", headers, rows, len(rows))


def sentences(document: Document) -> list[str]:
    """What stands below the tables."""
    how = document["statistics"]
    over = f"{document['groups']:,} groups" if how["group_by"] else counted(document["images"], "image")
    drawn = f"paired bootstrap over {over}, {how['resamples']:,} resamples (seed {how['seed']})"
    if document["groups"] < FEW:
        drawn = f"all subsets of the {over}"
    elif document["groups"] < MANY:
        drawn = f"{how['resamples']:,} random subsets of the {over} (seed {how['seed']})"
    return [
        f"differences from {document['runs'][0]['name']}; intervals {100 * how['confidence']:g} % two-sided, {drawn}",
        "detectable: the smallest true difference that these images show in 80 % of cases",
        *document["notes"],
        _headline(document),
    ]


def _headline(document: Document) -> str:
    """The last line: the first number, of every run."""
    number, runs = document["numbers"][0], document["runs"]
    parts = [f"{runs[0]['name']} {shown(number['values'][0])}"]
    for d, run, value in zip(number["differences"], runs[1:], number["values"][1:], strict=True):
        interval = "" if d["low"] is None else f", {signed(d['low'])} … {signed(d['high'])}"
        parts.append(f"{run['name']} {shown(value)} ({signed(d['difference'])}{interval})")
    return f"{number['number']}: {' · '.join(parts)}"


def _csv(document: Document, out: TextIO) -> None:
    """One row for each number and run, unrounded."""
    rows = csv.writer(out, lineterminator="\n")
    keys = [key for key in document["numbers"][0]["differences"][0] if key != "run"]
    rows.writerow(["number", "better", "first", "run", "before", "after", *keys])
    first = document["runs"][0]["name"]
    for number in document["numbers"]:
        for d in number["differences"]:
            values = [number["values"][0], number["values"][d["run"]]]
            named = [number["number"], number["better"], first, document["runs"][d["run"]]["name"]]
            rows.writerow([csv_cell(cell) for cell in (*named, *values, *(d[key] for key in keys))])


FORMATS = formats(tables, sentences, _csv)
