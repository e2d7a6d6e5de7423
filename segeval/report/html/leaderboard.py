"""A leaderboard as a page: the ranks with their intervals, then by each number which runs differ."""

from typing import Any

from segeval.report import ranking
from segeval.report.html.page import rendered
from segeval.report.sections import Table
from segeval.run.bootstrap import at_most

Document = dict[str, Any]


def page(document: Document, title: str) -> str:
    """The text of the page of a leaderboard."""
    board, *pairs = ranking.tables(document)
    sections = [_section("leaderboard", "Leaderboard", "leaderboard.html", _board(document, board))]
    for n, (number, table) in enumerate(zip(document["numbers"], pairs, strict=True), 1):
        data = _pairs(document, number, table)
        sections.append(_section(f"number-{n}", f"By {number['number']}", "pairs.html", data))
    rows = [("segeval", document["segeval"]), ("schema", document["schema"])]
    rows += [(f"fingerprint of the truth of {run['name']}", run["fingerprint"]) for run in document["runs"]]
    options = [("statistics", document["statistics"])]
    told = {"rows": rows, "files": [], "options": options, "embedded": "no image"}
    return rendered(title, [*sections, _section("provenance", "Where this comes from", "provenance.html", told)])


def _section(id_: str, title: str, template: str, data: Document) -> Document:
    return {"id": id_, "title": title, "template": template, "data": data}


def _board(document: Document, table: Table) -> Document:
    *lines, first = ranking.sentences(document)
    return {"table": table, "spans": _spans(document, document["overall"]), "first": first, "lines": lines}


def _pairs(document: Document, number: Document, table: Table) -> Document:
    """The pairs, and which of them differ by more than chance."""
    places = ranking.order(document, number["ranks"])
    confidence = document["statistics"]["confidence"]
    p = number["p"]
    return {
        "table": table,
        "plain": len(table.headers) - len(places),
        "sure": [[p[n][m] is not None and at_most(p[n][m], 1 - confidence) for m in places] for n in places],
        "spans": _spans(document, number),
        "values": [number["values"][n] for n in places],
        "better": number["better"],
        "chance": f"{100 * confidence:g} %",
    }


def _spans(document: Document, placed: Document) -> list[tuple[float, float | None, float | None]]:
    """Of each run its rank and the interval of it, the first first."""
    places = ranking.order(document, placed["ranks"])
    return [(placed["ranks"][n], placed["low"][n], placed["high"][n]) for n in places]
