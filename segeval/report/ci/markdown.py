"""Markdown for a comment that a bot keeps up to date, and for the summary of a step."""

import io

from segeval.report.md import markdown_text, write_tables
from segeval.report.verdict import Document, verdict_headline, verdict_lines, verdict_table

COMMENT = 65_000  # bytes; a comment of GitHub holds 65,536 characters
SUMMARY = 900 << 10  # bytes; GitHub drops the summary of a step beyond 1 MiB


def markdown(document: Document, name: str, limit: int = COMMENT) -> str:
    """The verdict behind a hidden marker by which a bot finds its own comment; what is beyond the limit is counted."""
    text = io.StringIO()
    text.write(f"<!-- segeval:{name} -->\n## {markdown_text(verdict_headline(document))}\n\n")
    write_tables([verdict_table(document)], text)
    text.writelines(f"- {markdown_text(line)}\n" for line in verdict_lines(document))
    return _cut(text.getvalue(), limit)


def _cut(text: str, limit: int) -> str:
    """As many whole lines as the limit allows."""
    if len(text.encode()) <= limit:
        return text
    lines = text.splitlines(keepends=True)
    room = limit - 60  # for the last line
    kept = 0
    while kept < len(lines) and (room := room - len(lines[kept].encode())) >= 0:
        kept += 1
    return f"{''.join(lines[:kept])}\n… {len(lines) - kept:,} rows omitted\n"
