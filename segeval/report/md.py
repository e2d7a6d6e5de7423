"""Markdown tables, for pull requests and papers in progress."""

import re
from typing import TextIO

from segeval.report import Document
from segeval.report.sections import Table, sentences, shown, tables
from segeval.text import safe_text

_JOINER = "\u2060"  # takes no room; GitHub and GitLab look for @user and #1 after the backslashes are gone


def md(document: Document, out: TextIO, matrix: str | None) -> None:
    """GitHub-flavoured Markdown: the same tables and sentences."""
    write_tables(tables(document, matrix), out)
    for line in sentences(document):
        out.write(f"- {markdown_text(line)}\n")


def write_tables(every: list[Table], out: TextIO) -> None:
    """Tables with their titles."""
    for each in every:
        title = markdown_text(each.title)
        out.write(f"### {title[:1].upper()}{title[1:]}\n\n{_table(each)}\n")


def _table(table: Table) -> str:
    rows = [table.headers, *[[shown(cell) for cell in row] for row in table.rows]]
    lines = ["| " + " | ".join(markdown_text(cell) for cell in row) + " |" for row in rows]
    aligned = "|".join(":--" if n == 1 else "--:" for n in range(len(table.headers)))
    return "\n".join([lines[0], f"|{aligned}|", *lines[1:]]) + "\n"


def markdown_text(text: str) -> str:
    """Text that stays text in Markdown: no markup, no HTML, no link, no mention, no cell border."""
    escaped = re.sub(r"([\\`*_{}\[\]()<>#+!|~&@])", r"\\\1", safe_text(text)).replace("://", ":\\//")
    escaped = re.sub(r"(?i)\b(www)\.", r"\1\\.", escaped)
    return re.sub(r"([@#!])(?=\\?\w)", f"\\1{_JOINER}", escaped)
