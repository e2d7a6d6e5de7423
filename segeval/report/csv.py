"""The class table as CSV."""

import csv as writer
from typing import TextIO

from segeval.report import Document
from segeval.run.numbers import MEANS
from segeval.text import csv_cell, marked


def csv(document: Document, out: TextIO, matrix: str | None) -> None:
    """One row for each class, then the means; unrounded, inf where infinite. --confusion: the matrix instead."""
    rows = writer.writer(out, lineterminator="\n")
    if matrix:
        from segeval.report.sections import matrix_table

        table = matrix_table(document, matrix)
        rows.writerow([marked(header) for header in table.headers])
        rows.writerows([csv_cell(cell) for cell in row] for row in table.rows)
        return
    from segeval.metrics import METRICS
    from segeval.report.sections import infinite

    columns = (
        [key for key in document["classes"][0] if key not in ("id", "name", "group", "undefined")]
        if document["classes"]
        else []
    )
    rows.writerow(["class_id", "class", *columns])
    for c in document["classes"]:
        cells = ("inf" if infinite(c, column) else csv_cell(c[column]) for column in columns)
        rows.writerow([c["id"], marked(c["name"]), *cells])
    for key in MEANS:
        names = [metric.mean_name(key) if (metric := METRICS.named(c)) else "" for c in columns]
        endless = [document["undefined"].get(name, {}).get("reason") == "infinite" for name in names]
        means = (csv_cell(document["summary"].get(name)) for name in names)
        rows.writerow(["", f"mean_{key}", *("inf" if inf else mean for inf, mean in zip(endless, means, strict=True))])
