"""Tables for people: rich on a terminal, aligned plain text elsewhere."""

from dataclasses import replace
from typing import TextIO

from segeval.report import REPORTS, Document
from segeval.report.sections import Table, sentences, shown, tables
from segeval.text import columns, safe_text

NAME = 12  # characters that a name keeps before it is folded


@REPORTS.add()
def table(document: Document, out: TextIO, matrix: str | None) -> None:
    """Aligned columns, coloured and fitted on a terminal, never folded or cut elsewhere."""
    draw(tables(document, matrix), out)
    for line in sentences(document):
        out.write(f"{safe_text(line)}\n")


def draw(every: list[Table], out: TextIO) -> None:
    """Tables, as wide as the terminal allows, or in full elsewhere."""
    for each in every:
        if not (out.isatty() and _rich(each, out)):
            _plain(each, out)


def _cells(table: Table) -> list[list[str]]:
    return [[safe_text(shown(cell)) for cell in row] for row in table.rows]


def _widths(table: Table) -> list[int]:
    """The width of each column."""
    cells = zip([safe_text(header) for header in table.headers], *_cells(table), strict=True)
    return [max(map(columns, column)) for column in cells]


def _plain(table: Table, out: TextIO) -> None:
    """The id comes first, so that no line begins with a name."""
    widths = _widths(table)
    lines = [_line(row, widths) for row in ([safe_text(header) for header in table.headers], *_cells(table))]
    rule = "-" * sum(widths, 2 * (len(widths) - 1))
    marks = [lines[0], rule, *lines[1 : table.body + 1]]
    if table.body < len(table.rows):
        marks += [rule, *lines[table.body + 1 :]]
    out.write("\n".join(marks) + "\n\n")


def _line(row: list[str], widths: list[int]) -> str:
    """The cells side by side: the name on the left of its column, numbers on the right of theirs."""
    blanks = [" " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)]
    padded = [cell + blank if n == 1 else blank + cell for n, (cell, blank) in enumerate(zip(row, blanks, strict=True))]
    return "  ".join(padded).rstrip()


def _rich(table: Table, out: TextIO) -> bool:
    """Draw the table if the terminal is wide enough for its numbers; only names are folded."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    from segeval.report.colour import wanted

    colours = {} if wanted(out) else {"color_system": None}
    console = Console(file=out, highlight=False, **colours)  # type: ignore[arg-type]
    table, left_out = _narrowed(table, console.width)
    if _least(table) > console.width:
        return False
    grid = RichTable(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for n, header in enumerate(table.headers):
        if n == 1:
            grid.add_column(Text(safe_text(header)), overflow="fold", min_width=NAME)
        else:
            grid.add_column(Text(safe_text(header)), justify="right", no_wrap=True)
    for n, row in enumerate(_cells(table), 1):
        grid.add_row(*(Text(cell) for cell in row), end_section=n == table.body)
    console.print(grid, "")
    if left_out:
        out.write(f"the terminal is too narrow for: {safe_text(', '.join(left_out))}\n\n")
    return True


def _least(table: Table) -> int:
    """The columns of a terminal that a table takes at least: only its names may be folded."""
    widths = _widths(table)
    return sum(widths) - widths[1] + NAME + 2 * len(widths)


def _narrowed(table: Table, width: int) -> tuple[Table, list[str]]:
    """The table without as many of its spare columns as it takes to fit, and their headers; whole if none suffice."""
    left_out: list[str] = []
    narrow = table
    for header in table.spare:
        if _least(narrow) <= width:
            break
        place = narrow.headers.index(header)
        rows = [[*row[:place], *row[place + 1 :]] for row in narrow.rows]
        narrow = replace(narrow, headers=[*narrow.headers[:place], *narrow.headers[place + 1 :]], rows=rows)
        left_out.append(header)
    return (narrow, left_out) if _least(narrow) <= width else (table, [])
