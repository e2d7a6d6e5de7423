"""What a leaderboard says: tables and sentences of its document, and its formats."""

import csv
from typing import Any, TextIO

from segeval.report.formats import formats
from segeval.report.sections import Cell, Table, shown
from segeval.text import counted, csv_cell

Document = dict[str, Any]


def tables(document: Document) -> list[Table]:
    """The leaderboard, then for each number how sure its order is."""
    return [_board(document), *(_pairs(document, number) for number in document["numbers"])]


def order(document: Document, ranks: list[int]) -> list[int]:
    """The positions of the runs, the first first; equal ones by name."""
    return sorted(range(len(ranks)), key=lambda n: (ranks[n], document["runs"][n]["name"]))


def _board(document: Document) -> Table:
    overall, several = document["overall"], len(document["numbers"]) > 1
    places = order(document, overall["ranks"])
    rows: list[list[Cell]] = []
    for n in places:
        span = _span(overall["low"][n], overall["high"][n])
        row: list[Cell] = [overall["ranks"][n], document["runs"][n]["name"]]
        row += [overall["mean_rank"][n]] if several else []
        row += [span, overall["wins"][n], overall["by_tests"][n]]
        for number in document["numbers"]:
            row += [number["values"][n]] + ([number["ranks"][n]] if several else [])
        rows.append(row)
    headers = ["rank", "run", *(["mean rank"] if several else []), "interval", "wins", "rank by wins"]
    for number in document["numbers"]:
        headers += [number["number"], *(["rank"] if several else [])]
    return Table("leaderboard", headers, rows, len(rows))


def _span(low: float | None, high: float | None) -> Cell:
    """An interval of ranks."""
    if low is None or high is None:
        return None
    return f"{low:g} … {high:g}" if low < high else f"{low:g}"


def _pairs(document: Document, number: Document) -> Table:
    """Rows and columns by rank: the p-value of each pair, and how often each run is first."""
    places = order(document, number["ranks"])
    names = [document["runs"][n]["name"] for n in places]
    rows: list[list[Cell]] = [
        [
            number["ranks"][n],
            document["runs"][n]["name"],
            _span(number["low"][n], number["high"][n]),
            number["first"][n],
            *(number["p"][n][m] if m != n else "" for m in places),
        ]
        for n in places
    ]
    return Table(
        f"p-values of pairs, by {number['number']}",
        ["rank", f"by {number['number']}", "interval", "share of first", *names],
        rows,
        len(rows),
    )


def sentences(document: Document) -> list[str]:
    """What stands below the tables; the winner last."""
    how, overall = document["statistics"], document["overall"]
    over = f"{document['groups']:,} groups" if how["group_by"] else counted(document["images"], "image")
    sure = f"{100 * how['confidence']:g} %"
    places = [n for n, place in enumerate(overall["ranks"]) if place == 1]
    first = " and ".join(document["runs"][n]["name"] for n in places)
    best, told = document["numbers"][0], ", ".join(number["number"] for number in document["numbers"])
    if len(document["numbers"]) == 1:  # those that share the first place have one value, or none
        value = best["values"][places[0]]
        first = "none, for no run has a finite value" if value is None else f"{first} {shown(value)}"
    return [
        f"intervals: {sure} two-sided of the rank, {how['resamples']:,} resamples over {over} (seed {how['seed']})",
        f"wins: runs that are worse by more than chance ({sure}); equal runs share the better rank",
        *document["notes"],
        f"first of {len(document['runs'])} by {told}: {first}",
    ]


def _csv(document: Document, out: TextIO) -> None:
    """One row for each run and number, and one over all numbers, unrounded."""
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["run", "number", "value", "rank", "low", "high", "first", "wins"])
    overall = document["overall"]
    for n, run in enumerate(document["runs"]):
        for number in document["numbers"]:
            cells = [number[key][n] for key in ("values", "ranks", "low", "high", "first", "wins")]
            rows.writerow([csv_cell(cell) for cell in (run["name"], number["number"], *cells)])
        cells = [overall[key][n] for key in ("mean_rank", "ranks", "low", "high")]
        rows.writerow([csv_cell(cell) for cell in (run["name"], "mean rank", *cells, None, overall["wins"][n])])


FORMATS = formats(tables, sentences, _csv)
