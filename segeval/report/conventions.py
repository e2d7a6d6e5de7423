"""The table of conventions in its formats."""

import csv
import json
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from segeval.report.md import write_tables
from segeval.report.sections import Cell, Table
from segeval.report.table import draw
from segeval.report.verdict import signed
from segeval.run.run import finite
from segeval.text import csv_cell, safe_text

Rows = Sequence[dict[str, Any]]


def _parts(found: Sequence[dict[str, Any]]) -> str:
    """Names with their shares of a difference."""
    return ", ".join(f"{each['name']} {signed(each['share'])}" for each in found)


def tables(rows: Rows) -> list[Table]:
    """For each metric the numbers and why they differ."""
    found = []
    for metric in dict.fromkeys(row["metric"] for row in rows):
        own = [row for row in rows if row["metric"] == metric]
        cells: list[list[Cell]] = [
            [n, row["number"], row["value"], signed(row["difference"]) if n > 1 else "", row["flags"]]
            for n, row in enumerate(own, 1)
        ]
        found.append(Table(metric, ["no.", "number", "value", "differs", "options"], cells, len(cells)))
    return found


def _notes(rows: Rows) -> list[list[str]]:
    """For each number who reports it, and what makes it differ."""
    found = []
    for n, row in enumerate(rows, 1):
        lines = [f"{n}. {row['number']} {row['flags']}".rstrip()]
        lines += [f"reported by {who}" for who in row["reported_by"]]
        lines += [f"differs: {'; '.join(row['differs_by'])}"] if row["differs_by"] else []
        lines += [f"classes: {_parts(row['classes'])}"] if row["classes"] else []
        lines += [f"images: {_parts(row['images'])}"] if row["images"] else []
        found.append(lines)
    return found


def _by_metric(rows: Rows) -> list[tuple[Table, list[list[str]]]]:
    return [(each, _notes([row for row in rows if row["metric"] == each.title])) for each in tables(rows)]


def _table(rows: Rows, out: TextIO) -> None:
    for table, notes in _by_metric(rows):
        out.write(f"{table.title}\n")
        draw([table], out)
        for first, *rest in notes:
            out.write(safe_text(first) + "\n" + "".join(f"   {safe_text(line)}\n" for line in rest))
        out.write("\n")


def _md(rows: Rows, out: TextIO) -> None:
    from segeval.report.md import markdown_text

    for table, notes in _by_metric(rows):
        write_tables([table], out)
        for first, *rest in notes:
            text = markdown_text(first.partition(" ")[2])
            out.write(f"- {text}\n" + "".join(f"  - {markdown_text(line)}\n" for line in rest))
        out.write("\n")


def _json(rows: Rows, out: TextIO) -> None:
    out.write(json.dumps(finite({"conventions": list(rows)}), indent=1, sort_keys=True, allow_nan=False) + "\n")


def _csv(rows: Rows, out: TextIO) -> None:
    """A row for each number and who reports it, unrounded."""
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(
        ["metric", "number", "value", "difference", "options", "reported_by", "differs_by", "classes", "images"]
    )
    for row in rows:
        ends = ["; ".join(row["differs_by"]), _parts(row["classes"]), _parts(row["images"])]
        start = [row["metric"], row["number"], row["value"], row["difference"], row["flags"]]
        for who in row["reported_by"] or [""]:
            lines.writerow([csv_cell(cell) for cell in (*start, who, *ends)])


FORMATS: dict[str, Callable[[Rows, TextIO], None]] = {"table": _table, "md": _md, "json": _json, "csv": _csv}
