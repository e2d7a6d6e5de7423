"""The tables of what there is, printed from the catalogues; the docs are made of them too."""

import inspect
import itertools

from segeval.errors import EXIT_CODES, causes
from segeval.io import READERS, REFUSED
from segeval.metrics import METRICS

Rows = list[list[str]]


def metrics() -> Rows:
    rows = [["name", "range", "best", "formula", "mean"]]
    for entry in METRICS.values():
        low, high, best = (f"{entry.facts[fact]:g}" for fact in ("low", "high", "best"))
        mean = f"{entry.facts['mean']}_dataset, _image, _class" if "mean" in entry.facts else "–"
        rows.append([entry.name, f"{low} … {high.replace('inf', '∞')}", best, _formula(entry.func), mean])
    return rows


def _formula(func: object) -> str:
    """The first indented line of a docstring, right of the equals sign."""
    lines = (inspect.getdoc(func) or "").splitlines()
    return next(line.partition("=")[2].strip() for line in lines if line.startswith("    "))


def formats() -> Rows:
    rows = [["format", "suffixes", "what is read"]]
    rows += [[e.name.upper(), " ".join(e.facts["suffixes"]), e.facts["holds"]] for e in READERS.values()]
    rows += [["refused", " ".join(endings), reason] for _, endings, reason in REFUSED]
    return rows


def exit_codes() -> Rows:
    return [["code", "meaning"], *([str(code), meaning] for code, meaning in EXIT_CODES.items())]


def error_codes() -> Rows:
    return [["code", "cause", "exit"], *([code, _cause(kind), str(kind.exit_code)] for code, kind in causes().items())]


def _cause(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0]


TABLES = {"metrics": metrics, "formats": formats, "exit-codes": exit_codes, "errors": error_codes}


def aligned(rows: Rows) -> str:
    """Columns of equal width, for a terminal."""
    widths = [max(map(len, column)) for column in itertools.zip_longest(*rows, fillvalue="")]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def markdown(rows: Rows) -> str:
    """A Markdown table."""
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
