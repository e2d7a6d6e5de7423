"""The formats of a document that is tables with sentences below them."""

from collections.abc import Callable, Iterable
from typing import TextIO

from segeval.report import Document
from segeval.report.md import markdown_text, write_tables
from segeval.report.sections import Table
from segeval.report.table import draw
from segeval.run.run import as_text
from segeval.text import safe_text

Write = Callable[[Document, TextIO], None]


def formats(
    tables: Callable[[Document], list[Table]], sentences: Callable[[Document], Iterable[str]], csv: Write
) -> dict[str, Write]:
    """What `--format` knows: for people, for Markdown, the document itself, and CSV as somebody else writes it."""

    def table(document: Document, out: TextIO) -> None:
        for each in tables(document):
            out.write(f"{safe_text(each.title)}\n")
            draw([each], out)
        for line in sentences(document):
            out.write(f"{safe_text(line)}\n")

    def md(document: Document, out: TextIO) -> None:
        write_tables(tables(document), out)
        for line in sentences(document):
            out.write(f"- {markdown_text(line)}\n")

    def json(document: Document, out: TextIO) -> None:
        out.write(as_text(document))

    return {"table": table, "md": md, "json": json, "csv": csv}
